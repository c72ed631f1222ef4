/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What is counted: plain 64-bit counters with one writer each, on the writer's own cache lines,
 * read from other threads with relaxed atomics.
 */
#ifndef WEIR_LIB_STATS_H
#define WEIR_LIB_STATS_H

#include <stdint.h>

#include <rte_common.h>

#include <weir/stage.h>

#include "event/event.h"
#include "histogram.h"

/* Count up: for the counter's only writer. */
static inline void
stat_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Count down, for what is held. */
static inline void
stat_sub(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter - n, __ATOMIC_RELAXED);
}

/* Read a counter from any thread. */
static inline uint64_t
stat_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/*
 * Count up what left, and read it: who does so sees, of what is counted as come in before it leaves,
 * no less than that. On any other thread than the writer of either.
 */
static inline void
stat_add_release(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELEASE);
}

static inline uint64_t
stat_read_acquire(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* Why an event was lost. A stage's own reasons come behind these, by their index. */
enum drop_reason {
	/* on a link, by its producer */
	DROP_RING_FULL,     /* no room in the ring: the newest is lost */
	DROP_OVERRUN,       /* a stage forwarded more than it declares, into a full block link */
	DROP_BLOCK_TIMEOUT, /* its consumer took nothing for the link's block_timeout */
	DROP_LOW_PRIORITY,  /* drop-priority: the room left is kept for higher ones */
	DROP_FLOW_SHED,     /* drop-flow: its flow is not admitted now */
	/* on a link, by its consumer */
	DROP_OLDEST,          /* drop-oldest: fresher ones were waiting */
	DROP_LATE,            /* drop-late: waited longer than the link's deadline */
	DROP_FEEDBACK_CLOSED, /* on its way back to a stage that drains: the cycle would not end */
	DROP_DRAIN_ABANDONED, /* left over when the drain's time was up */
	DROP_LINK,            /* how many there are on links */
	/* by a worker */
	DROP_NO_MBUF = DROP_LINK, /* a packet of another's pool could not be copied into ours */
	DROP_VERDICT,             /* the source drops packets with this verdict */
	DROP_UNMATCHED,           /* the source is not asked for such packets */
	DROP_TRUNCATED,           /* the source drops packets that are truncated */
	DROP_CHECKSUM,            /* the source drops packets with a wrong checksum */
	DROP_STAGE,               /* first of the stage's own */
	DROP_MAX = DROP_STAGE + WEIR_MAX_REASONS
};

/* Name of a reason below DROP_STAGE. */
const char *drop_reason_name(unsigned int reason);

/* What a worker counts; written by its lcore only. */
struct __rte_cache_aligned worker_stats {
	uint64_t in;
	uint64_t out;
	uint64_t created;
	uint64_t released;
	uint64_t transmitted;
	uint64_t ejected;
	uint64_t held;
	uint64_t cycles; /* spent in it on sampled passes, without those it called */
	uint64_t dropped[DROP_MAX];
};

/* Sum over the reasons; each is read as stat_read_acquire() does. */
uint64_t worker_stats_dropped(const struct worker_stats *stats);

#endif /* WEIR_LIB_STATS_H */
