/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#define FAST_KEY_ONLY 0
#define FAST_WIRE 1

#include "burst.h"

void
parse_wire(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	parse_burst(mbufs, n, burst);
}
