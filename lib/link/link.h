/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Workers and what joins them: rings, calls, outputs, and the waiting of who has nothing to do.
 *
 * Cache lines: a struct weir_worker with its outputs and inputs is written by its own lcore only.
 * The producer's end of a ring is in the producer's memory, the consumer's end in the consumer's;
 * they meet in the rte_ring alone, whose slots and tails are all that crosses cores.
 */
#ifndef WEIR_LIB_LINK_H
#define WEIR_LIB_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include <weir/link.h>
#include <weir/stage.h>

#include "event/event.h"
#include "stats/stats.h"

/* Most events moved at once: the limit of the pipeline's `burst`. */
#define BURST_MAX 256

/* Buckets of a flow spread: chosen by the top 8 bits of the hash. */
#define SPREAD_BUCKETS 256

/* The producer's end of a ring. Puts are seen by the consumer when they are published. */
struct ring_producer {
	struct rte_ring *ring;
	struct weir_event **slots;
	uint32_t mask;
	uint32_t capacity;
	uint32_t head;      /* next slot to fill */
	uint32_t published; /* head as the consumer sees it */
	uint32_t seen;      /* consumer's tail when it was last read: free room can only grow */
	uint64_t enqueued;
	uint64_t dropped;
};

/* The consumer's end of a ring. */
struct ring_consumer {
	struct rte_ring *ring;
	struct weir_event **slots;
	uint32_t mask;
	uint32_t tail; /* next slot to empty */
	uint32_t seen; /* producer's head when it was last read */
	uint32_t high_water;
	uint64_t dequeued;
	struct weir_worker *producer;
	bool feedback; /* closes a cycle: what comes here is dropped once nothing else can come */
};

/* One (producer worker, consumer worker) pair of a link: a ring, or a call. */
struct lane {
	struct ring_producer ring; /* ring.ring is NULL for a call */
	struct weir_worker *consumer;
	bool direct;                /* a call may pass the producer's array on */
	struct weir_event **staged; /* calls: what waits for the end of the pass */
	uint16_t staged_count;
	uint16_t staged_size;
};

/* What a drop policy is: one row a policy. */
struct link_policy {
	const char *name;
	bool lossless;           /* room is reserved before the producer pulls */
	enum drop_reason reason; /* for what is lost on the link all the same */
};

/* A link as one of its producers sees it. */
struct out_link {
	/* Give n events to the lanes: chosen by the spread and the number of lanes. */
	void (*push)(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
		uint16_t n);
	struct lane *lanes;
	uint16_t lane_count;
	uint16_t turn;   /* next lane of a round-robin */
	unsigned int id; /* which link of the pipeline */
	const struct link_policy *policy;
	uint8_t bucket[SPREAD_BUCKETS]; /* lane of each bucket of a flow spread */
};

/* An output of a worker's node: all its links get every event. */
struct output {
	struct out_link *links;
	uint16_t link_count;
	uint16_t receivers; /* holders that each event gets: lanes of copy links, 1 for others */
};

/* Room that a worker needs downstream before it pulls: on a ring, or in a stage reached by calls. */
struct gate {
	struct ring_producer *ring; /* NULL: the stage */
	struct weir_worker *stage;  /* whose room() is asked */
	uint32_t times;             /* most events that arrive there for one pulled */
};

/* What the workers of one lcore share to tell where its time goes. */
struct lcore_sample {
	bool on;         /* this pass is timed */
	uint64_t nested; /* cycles spent in workers that the timed one called */
};

/* One instance of a source or stage. */
struct __rte_cache_aligned weir_worker {
	/* The stage's process(), or NULL for a source. */
	void (*process)(struct weir_worker *worker, void *state, struct weir_event *events[],
		uint16_t n);
	/* A source's, or NULL for a stage: make at most n events. */
	uint16_t (*poll)(struct weir_worker *worker, void *state, struct weir_event *events[],
		uint16_t n);
	unsigned int (*room)(struct weir_worker *worker, void *state);
	unsigned int (*tick)(struct weir_worker *worker, void *state, unsigned int room);
	unsigned int (*drain)(struct weir_worker *worker, void *state, unsigned int room);
	void *state;
	struct worker_stats *stats;
	struct output *outputs;
	struct gate *gates; /* its own room() first, where it has one */
	struct ring_consumer *inputs;
	uint16_t output_count;
	uint16_t gate_count;
	uint16_t input_count;
	uint16_t burst;
	struct lcore_sample *sample;
	bool unpublished; /* an output has puts or staged events that wait for the pass's end */

	/* What it is, for init() and for figures. */
	const char *name; /* of its node */
	const char *type;
	unsigned int index;
	unsigned int count; /* workers of its node */
	unsigned int lcore;
	int socket;
	uint16_t port; /* RTE_MAX_ETHPORTS: none */
	uint16_t queue;
	uint8_t tunnel;           /* a source's enum weir_parse_tunnel */
	struct rte_mempool *pool; /* for the packets that a source makes or receives */
	const uint64_t *verdicts; /* a source's counts by verdict, or NULL */
};

/* The row of a policy; never NULL for a policy of weir/link.h other than auto. */
const struct link_policy *link_policy(enum weir_on_full on_full);

/* Set up both ends of an SPSC ring. */
void ring_producer_init(struct ring_producer *producer, struct rte_ring *ring);
void ring_consumer_init(struct ring_consumer *consumer, struct rte_ring *ring,
	struct weir_worker *producer);

/* The push of a link, by its spread and the number and kinds of its lanes. */
void out_link_init(struct out_link *link, enum weir_spread spread);

/* Make an event that `more` further holders get read-only: for copies. */
void event_share(struct weir_event *event, uint16_t more);

/* Free events lost on a link or by a worker, counted under a reason. */
void worker_drop(struct weir_worker *worker, unsigned int reason, struct weir_event *events[],
	unsigned int n);

/* Let consumers see what the worker forwarded: at the end of each of its passes. */
void worker_publish(struct weir_worker *worker);

/* Hand events to a worker: count, process, publish. For calls and for the engine. */
void worker_process(struct weir_worker *worker, struct weir_event *events[], uint16_t n);

/* Time spent from `start` on in this worker, without what it called. Only on sampled passes. */
void worker_sample(struct weir_worker *worker, uint64_t start, uint64_t nested_before);

/* Most events, up to `want`, that the worker may pull so that all it forwards finds room. */
unsigned int worker_room(const struct weir_worker *worker, unsigned int want);

/* Most events, up to a burst, that it may forward now, whatever it can take itself. */
unsigned int worker_room_out(const struct weir_worker *worker);

/* Take at most n events out of a ring. */
unsigned int ring_consumer_get(struct ring_consumer *consumer, struct weir_event *events[],
	unsigned int n);

/* How one waits, and how long it has by now. */
struct waiter {
	enum weir_wait how; /* not auto */
	uint64_t min_ns;    /* exponential: first wait */
	uint64_t max_ns;    /* exponential, sleep: longest wait */
	uint64_t now_ns;    /* the next wait */
};

void waiter_init(struct waiter *waiter, enum weir_wait how, uint64_t min_ns, uint64_t max_ns);
/* Wait once. */
void waiter_wait(struct waiter *waiter);
/* Work was done: the next wait is the shortest again. */
void waiter_reset(struct waiter *waiter);

#endif /* WEIR_LIB_LINK_H */
