/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What is the same for weir and for each of its alternatives: the port, the pool, the frames, the
 * parser, the handler of a stage, and how a round is measured and checked.
 *
 * Packets come from the queues of net_null0, are parsed by weir_parse(), and pass stages, each of
 * which reads the event's line. The last puts the mbufs back. Nothing is lost on the way: at the
 * end of a round as many have come out as went in, and the pool is full.
 */
#ifndef WEIR_BENCH_RIG_H
#define WEIR_BENCH_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <weir/event.h>

#define RIG_PORT "net_null0"
#define RIG_BURST 32
#define RIG_RING 1024
#define RIG_DESCRIPTORS 256
#define RIG_POOL_CACHE 256
#define RIG_QUEUES_MAX 2
/* What has not ended by then does not, however long its CPU was away. */
#define RIG_END_MS 30000
/* The lcores that work: of bench_eal(). */
#define LCORE_A 1
#define LCORE_B 2

/* What flows from where to where: the same for every side of a case. */
struct rig_case {
	unsigned int pool;   /* mbufs */
	unsigned int ring;   /* events that may wait between two lcores; 0: RIG_RING */
	bool flows;          /* TCP/IPv4 frames of RIG_FLOWS flows; else what net_null gives */
	bool one_lcore;      /* all on LCORE_B; else sources on LCORE_A, the rest on LCORE_B */
	unsigned int queues; /* of the port, each polled by a source of its own */
	unsigned int before; /* stages on the lcore of the sources */
	unsigned int after;  /* stages behind the change of lcores */
	unsigned int sinks;  /* workers of the first stage behind it; events go there by flow */
};

#define RIG_FLOWS 1024

/* What a stage counts, for the compiler not to leave its reading out. */
struct rig_tally {
	uint64_t events;
	uint64_t bytes;
} __rte_cache_aligned;

/* How mbufs go back. */
enum rig_back {
	RIG_FREE, /* rte_pktmbuf_free_bulk(): reads and writes the mbuf's lines */
	RIG_RAW,  /* rte_mempool_put_bulk(): does not */
};

/* The case, and the round that runs. Each lcore writes lines of its own. */
extern struct rig {
	struct rig_case now;
	struct rte_mempool *pool;
	uint16_t port;
	enum rig_back back;
	bool stop __rte_cache_aligned;     /* sources end */
	bool ended;                        /* all of them have: `sent` is final */
	uint64_t sent __rte_cache_aligned; /* by sources */
	struct rig_tally before[RIG_QUEUES_MAX];
	uint64_t consumed __rte_cache_aligned; /* put back behind the last stage */
	struct rig_tally after[8];
} rig;

/* What the next rounds are of. */
void rig_set(const struct rig_case *now);

/* Take a burst of a queue and parse it. */
unsigned int rig_poll(uint16_t queue, struct rte_mbuf *mbufs[]);

/* What every stage does: read the event's first line. weir's stage `count` does the same. */
void rig_handle(struct rig_tally *tally, struct rte_mbuf *const mbufs[], unsigned int n);

/* Put mbufs back as `rig.back` says, and count them as consumed. For one lcore. */
void rig_put(struct rte_mbuf *mbufs[], unsigned int n);

/* Whether sources are to end. */
static inline bool
rig_stopping(void)
{
	return __atomic_load_n(&rig.stop, __ATOMIC_RELAXED);
}

/* The sources sent all that they will. */
static inline void
rig_end_sources(void)
{
	__atomic_store_n(&rig.ended, true, __ATOMIC_RELEASE);
}

/* Whether all that was sent has been consumed: the loops of the round are done. */
static inline bool
rig_finished(void)
{
	return __atomic_load_n(&rig.ended, __ATOMIC_ACQUIRE) &&
		__atomic_load_n(&rig.consumed, __ATOMIC_ACQUIRE) == rig.sent;
}

/*
 * A round of loops: set up the pool and the port, run, check, take down.
 *
 * @param on_a      run on LCORE_A until rig_finished(); NULL where one_lcore
 * @param on_b      likewise on LCORE_B
 * @param own_pool  of rte_pktmbuf_pool_create(); else weir_pool_create(), as weir has
 * @return millions of packets a second
 */
double rig_run(lcore_function_t *on_a, lcore_function_t *on_b, enum rig_back back, bool own_pool);

/* Millions a second that `read` grows by, after a time of warming up. */
double rig_rate(uint64_t (*read)(void *arg), void *arg);

/* Write the frames of the case into all mbufs of a pool, which net_null does not touch. */
void rig_fill(struct rte_mempool *pool);

#endif /* WEIR_BENCH_RIG_H */
