/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The pipeline placed on this machine, as the engine reads it. */
#ifndef WEIR_LIB_PLAN_H
#define WEIR_LIB_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/plan.h>

#include "event/event.h"
#include "pipeline/pipeline.h"

/* A worker: which node, where it runs, which queue it polls or sends on. */
struct plan_worker {
	unsigned int node;  /* index into the pipeline's nodes */
	unsigned int index; /* within its node */
	unsigned int lcore;
	int socket;          /* of its lcore; -1 never */
	unsigned int port;   /* index into the plan's ports; UINT_MAX: none */
	uint16_t queue;      /* RX queue of a source, TX queue of a transmitting stage */
	enum weir_wait idle; /* resolved; its lcore waits as the least patient worker there does */
};

/* One pair of workers that a link joins: only those that meet, see pipeline_stride(). Links, producers
 * and consumers ascend. */
struct plan_pair {
	unsigned int link;     /* index into the pipeline's links */
	unsigned int producer; /* index into the plan's workers */
	unsigned int consumer; /* likewise */
	bool call;             /* else a ring, in the consumer's socket's memory */
	uint32_t capacity;     /* of the ring, in events */
};

/* An ethdev port that the pipeline receives or sends on. */
struct plan_port {
	char name[64];
	uint16_t id;
	int socket; /* -1: none */
	const char *driver;
	uint16_t rx_queues; /* that workers use: never more than the port has */
	uint16_t tx_queues;
	uint16_t
		rx_spare; /* queues that nobody uses, for drivers that want some of each direction */
	uint16_t tx_spare;
	uint16_t rx_unopened;    /* more RX queues to which packets come, and nobody takes them */
	uint16_t rx_descriptors; /* of each queue */
	uint16_t tx_descriptors;
	uint64_t tx_asked; /* by the stages that send on it: the most of them; 0: none asks */
	uint32_t rx_mbufs; /* that the driver takes for each RX queue */
	bool keeps;        /* and never gives back, nor what it has to send */
	bool holds;        /* or gives back only when it is closed */
	/* Of one that is received from: */
	uint16_t mtu;
	bool mtu_given;                 /* by the file: else it is what the port has */
	bool whole;                     /* its driver gives no chains, and no longer frames */
	bool chains;                    /* its driver gives chains unasked, of any length */
	bool scatters;                  /* it can be asked for chains, */
	bool scatter;                   /* and is */
	uint32_t frame;                 /* bytes of the longest frame */
	uint16_t segments;              /* mbufs that this takes */
	const struct ethdev_conf *keys; /* of its source; NULL: none receives from it */
	const char *match;              /* what its source asks for; "": all */
	bool match_rules;               /* what it can do of that, it does */
	/* Of one that is the application's, as that has set it up: */
	bool adopted;
	uint16_t rx_first; /* of the queues that workers use; else it is 0 */
	uint16_t tx_first;
	const struct rte_mempool *rx_pool; /* of all that are polled; NULL: not told, or several */
	bool fits; /* all that comes is known to have room for an event: none of it is copied */
	/* Of any: */
	struct port_setup setup;
	const char *chained_by; /* node by which what it sends may be chains; NULL: there is none */
};

/* A pool of mbufs on a socket, and why it has that size. */
struct plan_pool {
	int socket;
	uint32_t size;
	uint32_t cache;
	uint32_t descriptors; /* terms of the least size: what RX and TX queues take, */
	uint32_t rings;       /* capacities of rings, */
	uint32_t caches;      /* what lcores' caches keep, 1.5 times their size each, */
	uint32_t bursts;      /* in hand, */
	uint32_t held;        /* what stages and RX queues keep, */
	uint32_t margin;      /* and a burst for each worker on top; */
	uint32_t segments; /* all but descriptors and caches so often: mbufs of the longest frame */
	uint32_t transmit; /* of the descriptors, what waits to be sent */
	uint64_t memory;   /* bytes that it takes */
	uint32_t stacks;   /* that its free mbufs are on: one for each lcore that allocates */
};

/* Bytes of EAL's memory by what they are for. */
struct plan_memory {
	uint64_t pools;
	uint64_t rings;
	uint64_t workers; /* with their state */
	uint64_t stages;  /* that workers say they take in init() */
};

/* How an lcore waits; shortest and longest wait as `min` and `max` of the keys, bounded. */
struct plan_waiting {
	enum weir_wait how; /* not auto */
	uint64_t min_ns;
	uint64_t max_ns;
};

/* Who runs an lcore. */
enum plan_runs {
	RUNS_LAUNCHED, /* weir launches it, unless it is who starts the engine; */
	RUNS_POLLED,   /* the application by weir_worker_poll(); the main lcore if nobody says */
	RUNS_GIVEN,    /* or by weir_worker_run() */
};

/* An lcore that has workers: what comes in there, and how it waits. */
struct plan_lcore {
	unsigned int lcore;
	enum plan_runs runs;
	unsigned int rx_queues; /* that its workers poll */
	unsigned int rings;     /* that end there */
	unsigned int made; /* workers that make their events, or are handed them: synth, inject */
	unsigned int threaded;    /* of those, that have a thread beside the lcores */
	uint64_t bound_ns;        /* no wait may be longer; 0: it polls no RX queue */
	unsigned int bound_port;  /* whose ring says so, an index into the plan's ports */
	uint64_t tick_ns;         /* nor longer than this, or a tick() would be late; 0: no bound */
	unsigned int tick_node;   /* whose tick_interval that is */
	struct plan_waiting idle; /* with nothing to do */
	struct plan_waiting full; /* with work and no room */
};

struct machine;

struct weir_plan {
	const struct weir_pipeline *described; /* as its owner has it */
	unsigned int users; /* engines that are made from it, and its owner until that frees it */
	const struct weir_pipeline *pipeline;
	struct weir_pipeline *own;   /* that, where it is a copy with queues for auto; else NULL */
	struct plan_worker *workers; /* grouped by node, in node order */
	unsigned int worker_count;
	struct plan_pair *pairs;
	unsigned int pair_count;
	struct plan_port *ports;
	unsigned int port_count;
	struct plan_pool *pools; /* one a socket that has sources, but for those of foreign mbufs */
	unsigned int pool_count;
	uint32_t data_room;       /* of their mbufs, headroom included */
	uint64_t memory;          /* bytes, all sockets, */
	struct plan_memory terms; /* and why */
	char **notes;             /* what the plan made do with, a line each; for logs and text */
	unsigned int note_count;
	unsigned int crossing_first; /* index of the first note of what crosses sockets, */
	unsigned int crossing_count; /* and how many: one for each two sockets */
	struct plan_lcore *lcores;   /* ascending */
	unsigned int lcore_count;
	struct lcore_set polled; /* lcores that the application polls, as it said, */
	struct lcore_set given;  /* and that it runs; whether they have workers or not */
	struct lcore_set shared; /* lcores with workers that have less than a CPU of their own */
	uint64_t hugepages_2m;   /* pages of 2 MB that `memory` fills, socket by socket */
	struct machine *machine; /* what EAL and libnuma said of it */
};

/* An engine has a plan until plan_leave(): it stays though its owner frees it. Thread-safe. */
void plan_take(const struct weir_plan *plan);
void plan_leave(const struct weir_plan *plan);

/* "launched" and so on, by enum plan_runs. */
extern const char *const plan_runs_names[];

/* What EAL has under a number where it is no lcore for weir to launch on, as what follows "lcore 5". */
const char *plan_lcore_whose(enum rte_lcore_role_t role);

/* Index of the first worker of a node. */
unsigned int plan_first_worker(const struct weir_plan *plan, unsigned int node);

/* The pool for a socket: its own, or the nearest by distance. NULL: there is none at all. */
const struct plan_pool *plan_pool(const struct weir_plan *plan, int socket);

/* Bytes of a ring with room for exactly so many, as RING_F_EXACT_SZ makes it: whole cache lines. */
size_t plan_ring_bytes(uint32_t capacity);

/* The sum of a pool's terms. It may be smaller, where the file says so. */
uint64_t plan_pool_sum(const struct plan_pool *pool);

/* The stacks of a pool, and which one is whose. */
void plan_pool_stacks(const struct weir_plan *plan, const struct plan_pool *pool,
	struct pool_stacks *stacks);

/* No wait of an lcore may be longer, ns; UINT64_MAX: there is no bound. */
uint64_t plan_longest(const struct plan_lcore *lcore);

/* What the plan says of an lcore; NULL: it has no workers. */
const struct plan_lcore *plan_lcore(const struct weir_plan *plan, unsigned int lcore);

/*
 * How a worker with nothing to do, and one without room, waits on that lcore where `asked` is: auto
 * is resolved, and what CPU, inputs or ports do not allow is replaced by what comes next to it.
 */
enum weir_wait plan_idle(const struct weir_plan *plan, enum weir_wait asked, unsigned int lcore);
enum weir_wait plan_full(const struct weir_plan *plan, enum weir_wait asked, unsigned int lcore);

/*
 * Add a worker's choice to how an lcore waits, which is auto at first: the least patient one
 * counts, and none is beyond the lcore's bound.
 */
void plan_waiting_add(const struct plan_lcore *lcore, struct plan_waiting *waiting,
	enum weir_wait how, uint64_t min_ns, uint64_t max_ns);

/* How an lcore of the plan waits by the keys of a copy of its pipeline. */
void plan_waits_by(const struct weir_plan *plan, const struct weir_pipeline *pipeline,
	const struct plan_lcore *lcore, struct plan_waiting *idle, struct plan_waiting *full);

/*
 * Whether the plan's calls are right for other policies than those it was made for, which stand in
 * a copy of its pipeline: -EINVAL where a lossy call could not be answered at any time; -ENOMEM.
 */
int plan_calls_check(const struct weir_plan *plan, const struct weir_pipeline *pipeline,
	struct weir_error *error);

#endif /* WEIR_LIB_PLAN_H */
