/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The ring operations of the hot path, inline for the files of this folder. */
#ifndef WEIR_LINK_PRIVATE_H
#define WEIR_LINK_PRIVATE_H

#include <rte_branch_prediction.h>

#include "link.h"

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

	for (uint32_t i = 0; i < first; i++)
		slots[at + i] = events[i];
	for (uint32_t i = first; i < n; i++)
		slots[i - first] = events[i];
	producer->head += n;
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
	producer->published = producer->head;
	/* Counted before it can be taken out: nobody reads of more out than in. */
	stat_add(&producer->enqueued, n);
	/* What rte_ring_sp_enqueue() leaves behind, so that its other functions can look on. */
	producer->ring->prod.head = producer->head;
	__atomic_store_n(&producer->ring->prod.tail, producer->head, __ATOMIC_RELEASE);
	producer_fetch(producer, n);
}

#endif /* WEIR_LINK_PRIVATE_H */
