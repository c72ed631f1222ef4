/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * inject: a worker, and its producers, which are the application's threads.
 *
 * Who writes what: the worker its own lines, also of each producer, and the tail of each ring; a producer's
 * thread the rest of its producer, and the slots and head of its ring. Any thread opens.
 */
#ifndef WEIR_SOURCE_INJECT_H
#define WEIR_SOURCE_INJECT_H

#include <assert.h>

#include <rte_ring.h>

#include "source_private.h"

/* What is in a ring: an mbuf to be parsed, or, with this bit set, an event that is ready. */
#define TAG_EVENT ((uintptr_t)1)

#define INJECT_PRODUCERS_MAX 64

struct inject_conf {
	uint64_t producers;
	uint64_t ring;
	double high;
	double low;
	/* What the application has set, and the parser is not to. */
	uint64_t keep_port;
	uint64_t keep_prio;
	uint64_t keep_tsc;
	uint64_t keep_wire_time;
};

/* A producer: the application's end of a ring. Behind it are struct rte_ring and its slots. */
struct __rte_cache_aligned weir_inject {
	struct ring_producer ring;
	const uint32_t *closed; /* the worker's: no more is taken */
	uint32_t busy;          /* the producer is between its look at `closed` and its put */
	uint32_t high;          /* of fill, in events */
	uint32_t low;
	bool pressed;     /* has been seen above `high`, and not below `low` since */
	uint64_t refused; /* events that there was no room for */
	/* The worker's: */
	uint64_t taken __rte_cache_aligned; /* events that it took out */
	uint32_t high_water;                /* most that it found there */
};

struct inject_state {
	struct weir_parse_burst parse;
	const struct inject_conf *conf;
	bool away;  /* other lcores read its events: their lines must come back first */
	bool keeps; /* something that the application has set */
	struct weir_inject *producers[INJECT_PRODUCERS_MAX];
	unsigned int producer_count;
	unsigned int turn;
	uint32_t opened; /* of the producers, so many of the first: any thread */
	/* The producers read it on each call: nothing that the worker writes is on its line. */
	uint32_t closed __rte_cache_aligned;
};
static_assert(offsetof(struct inject_state, closed) % RTE_CACHE_LINE_SIZE == 0 &&
		sizeof(struct inject_state) % RTE_CACHE_LINE_SIZE == 0,
	"a line of its own");
static_assert(offsetof(struct weir_inject, taken) % RTE_CACHE_LINE_SIZE == 0,
	"lines of the worker's own");

#endif /* WEIR_SOURCE_INJECT_H */
