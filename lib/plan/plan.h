/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The pipeline placed on this machine, as the engine reads it. */
#ifndef WEIR_LIB_PLAN_H
#define WEIR_LIB_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/plan.h>

#include "pipeline/pipeline.h"

/* A worker: which node, where it runs, which queue it polls or sends on. */
struct plan_worker {
	unsigned int node;  /* index into the pipeline's nodes */
	unsigned int index; /* within its node */
	unsigned int lcore;
	int socket;          /* of its lcore; -1 never */
	unsigned int port;   /* index into the plan's ports; UINT_MAX: none */
	uint16_t queue;      /* RX queue of a source, TX queue of a transmitting stage */
	enum weir_wait idle; /* resolved */
};

/* One pair of workers that a link joins. Links, producers and consumers ascend. */
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
	uint16_t rx_queues; /* as planned: never more than the port has */
	uint16_t tx_queues;
	uint16_t rx_descriptors; /* of each queue; without RX queues, of the spare one */
	uint16_t tx_descriptors;
};

/* A pool of mbufs on a socket, and why it has that size. */
struct plan_pool {
	int socket;
	uint32_t size;
	uint32_t cache;
	uint32_t descriptors; /* terms of the least size: RX and TX descriptors, */
	uint32_t rings;       /* capacities of rings, */
	uint32_t caches;      /* what lcores' caches keep, 1.5 times their size each, */
	uint32_t bursts;      /* in hand, */
	uint32_t held;        /* what stages and RX queues keep, */
	uint32_t margin;      /* and a burst for each worker on top */
	uint64_t memory;      /* bytes that it takes */
};

struct machine;

struct weir_plan {
	const struct weir_pipeline *pipeline;
	struct plan_worker *workers; /* grouped by node, in node order */
	unsigned int worker_count;
	struct plan_pair *pairs;
	unsigned int pair_count;
	struct plan_port *ports;
	unsigned int port_count;
	struct plan_pool *pools; /* one a socket that has sources */
	unsigned int pool_count;
	uint64_t memory; /* bytes of pools, rings and state, all sockets */
	char **notes;    /* what the plan made do with, a line each; for logs and text */
	unsigned int note_count;
	struct lcore_set shared; /* lcores with workers that have less than a CPU of their own */
	uint64_t hugepages_2m;   /* pages of 2 MB that `memory` fills, socket by socket */
	struct machine *machine; /* what EAL and libnuma said of it */
};

/* Index of the first worker of a node. */
unsigned int plan_first_worker(const struct weir_plan *plan, unsigned int node);

/* The pool for a socket: its own, or the nearest by distance. NULL: there is none at all. */
const struct plan_pool *plan_pool(const struct weir_plan *plan, int socket);

/* How a worker on that lcore waits where `asked` is: auto is resolved, anything else is kept. */
enum weir_wait plan_wait(const struct weir_plan *plan, enum weir_wait asked, unsigned int lcore);

#endif /* WEIR_LIB_PLAN_H */
