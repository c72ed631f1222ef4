/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * link: joins an output of one node to an input of another, and carries the policies.
 *
 * Between two workers on one lcore a link is a function call, else an SPSC rte_ring in memory of
 * the consumer's socket. Every event lost on a link is freed and counted under one reason.
 */
#ifndef WEIR_LINK_H
#define WEIR_LINK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What happens when a ring is full. */
enum weir_on_full {
	WEIR_ON_FULL_AUTO = 0,      /**< drop-newest behind an ethdev source, else block */
	WEIR_ON_FULL_BLOCK,         /**< the producer does not pull what it could not place */
	WEIR_ON_FULL_DROP_NEWEST,   /**< what does not fit is dropped */
	WEIR_ON_FULL_DROP_OLDEST,   /**< above `high` the consumer frees its oldest down to `low` */
	WEIR_ON_FULL_DROP_PRIORITY, /**< an event of priority N needs more room than `reserve.N` */
	/**
	 * Whole flows are shed, fewer or more as it fills. A datagram in fragments goes in whole or not at
	 * all, by its first one; but for those under way when a ring that shed nothing goes above `high`, and
	 * of which later fragments come before the first: these are let in while there is room.
	 */
	WEIR_ON_FULL_DROP_FLOW,
	WEIR_ON_FULL_DROP_LATE, /**< the consumer frees what waited longer than `deadline` */
	WEIR_ON_FULL_MAX        /**< number of policies, auto included */
};

/** Buckets: shares of the flow hash, each of which goes to one worker of a stage. */
#define WEIR_BUCKETS 4096

/** weir_flow_bucket() gives the bucket of a flow, below WEIR_BUCKETS, by the hash of its events. */
static inline uint32_t
weir_flow_bucket(uint32_t hash)
{
	return hash >> 20;
}

/**
 * weir_flow_place() tells where a flow stands in the order in which `drop-flow` sheds: while the level
 * of a ring is L (struct weir_ring_figures) it drops what comes of the flows whose place is below L,
 * and of no others.
 *
 * The mixer is the finaliser of MurmurHash3 (Austin Appleby, public domain): every bit of the seed
 * moves every flow, so that who sends cannot choose a place.
 *
 * @param hash  of the event
 * @param seed  of the engine, as the report has it
 * @return 0 (shed first) to UINT32_MAX
 */
static inline uint32_t
weir_flow_place(uint32_t hash, uint32_t seed)
{
	uint32_t place = hash ^ seed;

	place = (place ^ place >> 16) * 0x85ebca6bu;
	place = (place ^ place >> 13) * 0xc2b2ae35u;
	return place ^ place >> 16;
}

/** How the workers of one stage share what comes in. */
enum weir_spread {
	WEIR_SPREAD_FLOW = 0,    /**< by flow hash: a flow stays with one worker, in order */
	WEIR_SPREAD_ROUND_ROBIN, /**< in turn, burst by burst */
	WEIR_SPREAD_COPY,        /**< every worker gets every event, read-only */
};

/** What the link is made of. */
enum weir_link_kind {
	WEIR_LINK_AUTO = 0, /**< a call on one lcore, a ring across two */
	WEIR_LINK_RING,     /**< always a ring */
};

/** How a worker waits. */
enum weir_wait {
	WEIR_WAIT_AUTO = 0,    /**< as others on the lcore say, else exponential; yield where lcores
				* share a CPU */
	WEIR_WAIT_SPIN,        /**< poll again at once */
	WEIR_WAIT_PAUSE,       /**< one pause instruction */
	WEIR_WAIT_EXPONENTIAL, /**< spin for as long as max, then pauses that double from min to max */
	WEIR_WAIT_YIELD,       /**< give the CPU to another thread */
	WEIR_WAIT_SLEEP,       /**< sleep, longer by 1 us each time up to max */
	WEIR_WAIT_MONITOR,     /**< let the CPU watch for a write to the one input, up to max */
	WEIR_WAIT_INTERRUPT, /**< pauses up to max, then sleep until an RX interrupt; `idle` only */
};

#ifdef __cplusplus
}
#endif

#endif /* WEIR_LINK_H */
