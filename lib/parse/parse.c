/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#define FAST_KEY_ONLY 0
#define FAST_WIRE 0

#include "burst.h"

/*
 * Of a caller whose struct ends earlier, or who left its size 0: what it does not have counts as 0,
 * and is not written.
 */
static __rte_noinline void
parse_sized(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	struct weir_parse_burst whole = { .size = 0 };
	/* By words: no half of a pointer. */
	size_t size = burst->size / sizeof(uint64_t) * sizeof(uint64_t);

	memcpy(&whole, burst, size);
	whole.size = sizeof(whole);
	weir_parse(mbufs, n, &whole);
	whole.size = burst->size;
	memcpy(burst, &whole, size);
}

static inline void
parse_ways(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	if (unlikely(burst->l2 != WEIR_PARSE_L2_ETHERNET))
		parse_burst_l2(mbufs, n, burst);
	else if (unlikely(burst->vxlan_ports != NULL) && burst->vxlan_ports->crowded)
		parse_burst_l2(mbufs, n, burst);
	else if (burst->wire_lens != NULL && burst->depth == WEIR_PARSE_KEY_ONLY)
		parse_wire_key_only(mbufs, n, burst);
	else if (burst->wire_lens != NULL)
		parse_wire(mbufs, n, burst);
	else if (unlikely(burst->depth == WEIR_PARSE_KEY_ONLY))
		parse_key_only(mbufs, n, burst);
	else
		parse_burst(mbufs, n, burst);
}

static __rte_noinline void
parse_verified(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	parse_ways(mbufs, n, burst);
	parse_verify(mbufs, n, burst);
}

void
weir_parse(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	if (unlikely(burst->size < sizeof(*burst)))
		parse_sized(mbufs, n, burst);
	else if (unlikely(burst->checksum == WEIR_PARSE_CHECKSUM_VERIFY))
		parse_verified(mbufs, n, burst);
	else
		parse_ways(mbufs, n, burst);
}
