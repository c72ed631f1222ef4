/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The loop over a burst. Each depth has a file of its own that compiles it, and another one for packets
 * of which there was more on the wire: which is chosen once a burst, and none costs another one an
 * instruction.
 */
#ifndef WEIR_PARSE_BURST_H
#define WEIR_PARSE_BURST_H

#include <assert.h>

#include <rte_prefetch.h>

#include "stats/stats.h"

#include "rare.h"

/* How far ahead of the packet being parsed its mbuf and data are fetched. */
#define PREFETCH_AHEAD 4

static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2,
	"refcnt and nb_segs are read at once");

/* What a run of packets of one pool shares. */
struct parse_run {
	struct fast_burst fast;
	struct weir_parse_burst *burst;
	uint64_t trunc_l2; /* packets that the short way found cut in LLC */
	uint64_t slow;     /* those that did not go it, counted by their verdicts */
	uint16_t index;    /* of the pool */
};

/* Out of the loop's way. */
static __rte_noinline void
parse_slow(const struct rte_mbuf *mbuf, struct weir_parse_burst *burst, uint16_t index,
	uint32_t wire)
{
	if (FAST_KEY_ONLY)
		parse_general_key_only(mbuf, burst, index, wire);
	else
		parse_general(mbuf, burst, index, wire);
}

/*
 * False, and nothing done: of another pool. What the short way makes takes one count at most: the
 * stores of an event wait behind those of the one before.
 */
static __rte_always_inline bool
parse_next(struct rte_mbuf *mbuf, const struct rte_mempool *pool, struct parse_run *run,
	uint32_t wire)
{
	uint32_t length = fast_length(mbuf);
	int verdict = FAST_NOT;

	if (RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN && fast_takes(mbuf, pool, length))
		verdict = parse_fast(mbuf, &run->fast, length, wire);
	else if (mbuf->pool != pool)
		return false;
	if (likely(verdict == FAST_OK))
		return true;
	if (verdict == WEIR_VERDICT_TRUNC_L2) {
		run->trunc_l2++;
		return true;
	}
	if (verdict == FAST_RARE && parse_rare(mbuf, &run->fast, wire))
		return true;
	parse_slow(mbuf, run->burst, run->index, wire);
	run->slow++;
	return true;
}

/* The packets of the first one's pool that `mbufs` begins with; how many. */
static __rte_always_inline uint16_t
parse_run(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst,
	const struct rte_mempool *pool, uint16_t index, const uint32_t wires[])
{
	struct parse_run run = { .burst = burst, .index = index };
	size_t fetched = n - RTE_MIN(n, PREFETCH_AHEAD), i;
	/* Of the first mbuf: most often it is that of all, whose lines need not be read for it. */
	uintptr_t data = rte_pktmbuf_mtod(mbufs[0], uintptr_t) - (uintptr_t)mbufs[0];

	fast_burst_init(&run.fast, burst, index);
	for (i = 0; i < fetched; i++) {
		rte_prefetch0(mbufs[i + PREFETCH_AHEAD]);
		rte_prefetch0((const void *)((uintptr_t)mbufs[i + PREFETCH_AHEAD] + data));
		if (!parse_next(mbufs[i], pool, &run, FAST_WIRE ? wires[i] : 0))
			break;
	}
	for (; i < n; i++)
		if (!parse_next(mbufs[i], pool, &run, FAST_WIRE ? wires[i] : 0))
			break;
	stat_add(&burst->verdicts[WEIR_VERDICT_OK], i - run.slow - run.trunc_l2);
	stat_add(&burst->verdicts[WEIR_VERDICT_TRUNC_L2], run.trunc_l2);
	return (uint16_t)i;
}

/* By runs of one pool, which a burst nearly always is: so its index is looked up once. */
static __rte_noinline void
parse_burst(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	const uint32_t *wires = FAST_WIRE ? burst->wire_lens : NULL;

	while (n > 0) {
		const struct rte_mempool *pool = mbufs[0]->pool;
		uint16_t index = pool_index(pool), done = 1;

		/* The short way makes pristine events, which those of no index never are. */
		if (likely(index != 0))
			done = parse_run(mbufs, n, burst, pool, index, wires);
		else
			parse_slow(mbufs[0], burst, 0, FAST_WIRE ? wires[0] : 0);
		mbufs += done;
		if (FAST_WIRE)
			wires += done;
		n -= done;
	}
}

#endif /* WEIR_PARSE_BURST_H */
