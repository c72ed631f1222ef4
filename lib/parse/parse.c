/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#define FAST_KEY_ONLY 0

#include "burst.h"

void
weir_parse(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	if (unlikely(burst->depth == WEIR_PARSE_KEY_ONLY))
		parse_key_only(mbufs, n, burst);
	else
		parse_burst(mbufs, n, burst);
}
