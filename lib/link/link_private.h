/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The ring operations of the hot path, inline for the files of this folder. */
#ifndef WEIR_LINK_PRIVATE_H
#define WEIR_LINK_PRIVATE_H

#include <string.h>

#include <rte_branch_prediction.h>

#include "link.h"

/* Events lost at once before they are freed. */
#define LOST_MAX 64u

/* Slots of a cache line. */
#define SLOTS_LINE (RTE_CACHE_LINE_SIZE / sizeof(struct weir_event *))

/*
 * Room in a ring, at least what is known, exact where that is less than wanted. The consumer's
 * tail is read again only then: its cache line stays with the consumer otherwise.
 */
static inline uint32_t
producer_room(struct ring_producer *producer, uint32_t want)
{
	uint32_t room = producer->capacity - (producer->head - producer->seen);

	if (room < want) {
		producer->seen = __atomic_load_n(&producer->ring->cons.tail, __ATOMIC_ACQUIRE);
		room = producer->capacity - (producer->head - producer->seen);
	}
	return room;
}

/* Put n events where producer_room() said there is room; not seen until published. */
static inline void
producer_put(struct ring_producer *producer, struct weir_event *const events[], uint32_t n)
{
	struct weir_event **slots = producer->slots;
	uint32_t at = producer->head & producer->mask;
	uint32_t first = RTE_MIN(n, producer->mask + 1 - at);

	memcpy(slots + at, events, first * sizeof(*events));
	if (unlikely(first < n))
		memcpy(slots, events + first, (n - first) * sizeof(*events));
	producer->head += n;
}

/* As producer_put() of one. */
static inline void
producer_put_one(struct ring_producer *producer, struct weir_event *event)
{
	producer->slots[producer->head++ & producer->mask] = event;
}

/* Note that the next one to be published is published now: its wait is what the consumer measures. */
void producer_probe(struct ring_producer *producer);

/* When the slots from `published` on are published. */
static inline void
producer_stamp(struct ring_producer *producer)
{
	uint32_t now = (uint32_t)(rte_rdtsc() >> STAMP_SHIFT);

	for (uint32_t i = producer->published; i != producer->head; i++)
		producer->stamps[i & producer->mask] = now;
}

/* The consumer has read the slots that come next: have their lines here before n more are put. */
static inline void
producer_fetch(const struct ring_producer *producer, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += SLOTS_LINE)
		prefetch_write(&producer->slots[(producer->head + i) & producer->mask]);
}

static inline void
producer_publish(struct ring_producer *producer)
{
	uint32_t n = producer->head - producer->published;

	if (n == 0)
		return;
	if (unlikely(producer->stamps != NULL))
		producer_stamp(producer);
	producer->published = producer->head;
	/* Counted before it can be taken out: nobody reads of more out than in. */
	stat_add(&producer->enqueued, n);
	/* What rte_ring_sp_enqueue() leaves behind, so that its other functions can look on. */
	producer->ring->prod.head = producer->head;
	__atomic_store_n(&producer->ring->prod.tail, producer->head, __ATOMIC_RELEASE);
	producer_fetch(producer, n);
}

/* Events in a ring, those not published included: exact. */
static inline uint32_t
producer_fill(struct ring_producer *producer)
{
	producer->seen = __atomic_load_n(&producer->ring->cons.tail, __ATOMIC_ACQUIRE);
	return producer->head - producer->seen;
}

/* pressure.c: a ring behind a worker may have gone above `high`, or below `low`. */
void ring_pressure(struct weir_worker *worker, struct ring_producer *ring);

/* policy.c: settings at the producer's end. push.c: the push of a link, by all that decides it. */
void ring_producer_set(struct ring_producer *ring, const struct link_settings *settings);
void out_link_choose(struct out_link *link);
/* push.c: tell of what a link's rings have lost. Only while the worker's lcore has nothing in hand. */
void link_mark(struct weir_worker *worker, const struct out_link *link);

#endif /* WEIR_LINK_PRIVATE_H */
