/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#define FAST_KEY_ONLY 1
#define FAST_WIRE 0

#include "burst.h"

void
parse_key_only(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	parse_burst(mbufs, n, burst);
	stat_add(&burst->key_only, n);
}
