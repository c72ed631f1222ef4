/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The loop over a burst. Each depth has a file of its own that compiles it: the depth is chosen
 * once a burst, and neither way costs the other an instruction.
 */
#ifndef WEIR_PARSE_BURST_H
#define WEIR_PARSE_BURST_H

#include <assert.h>

#include <rte_prefetch.h>

#include "fast.h"

/* How far ahead of the packet being parsed the data is fetched. */
#define PREFETCH_AHEAD 4

static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2,
	"refcnt and nb_segs are read at once");

/* Out of the loop's way. */
static __rte_noinline enum weir_verdict
parse_slow(const struct rte_mbuf *mbuf, const struct weir_parse_burst *burst)
{
	struct weir_event *event = weir_mbuf_event(mbuf);

	if (FAST_KEY_ONLY)
		parse_general_key_only(mbuf, burst, event);
	else
		parse_general(mbuf, burst, event);
	return (enum weir_verdict)event->verdict;
}

static __rte_noinline void
parse_burst(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	const struct fast_burst fast = {
		.first = { FAST_WORD0, 0, (uint32_t)burst->tsc, (uint32_t)(burst->tsc >> 32) },
		.second = { 0, 0, burst->port | (uint32_t)burst->queue << 16, 0 },
		.inner = burst->tunnel == WEIR_PARSE_INNER,
	};
	struct rte_mbuf *const *next = mbufs, *const * end, *const * fetched;
	uint64_t others = 0;

	if (n == 0)
		return;
	end = mbufs + n;
	fetched = end - RTE_MIN(n, PREFETCH_AHEAD);
	for (; next < end; next++) {
		enum weir_verdict verdict = WEIR_VERDICT_MAX;

		if (next < fetched)
			rte_prefetch0(rte_pktmbuf_mtod(next[PREFETCH_AHEAD], const void *));
		if (RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN && fast_takes(*next)) {
			if (likely(parse_fast(*next, &fast)))
				continue;
			verdict = parse_fast_llc(*next, &fast);
		}
		if (verdict == WEIR_VERDICT_MAX)
			verdict = parse_slow(*next, burst);
		burst->verdicts[verdict]++;
		others++;
	}
	burst->verdicts[WEIR_VERDICT_OK] += n - others;
}

#endif /* WEIR_PARSE_BURST_H */
