/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "link_private.h"

void
ring_producer_init(struct ring_producer *producer, struct rte_ring *ring)
{
	*producer = (struct ring_producer){
		.ring = ring,
		.slots = (struct weir_event **)(ring + 1),
		.mask = ring->mask,
		.capacity = ring->capacity,
		.head = ring->prod.tail,
		.published = ring->prod.tail,
		.seen = ring->cons.tail,
	};
}

void
ring_consumer_init(struct ring_consumer *consumer, struct rte_ring *ring,
	struct weir_worker *producer)
{
	*consumer = (struct ring_consumer){
		.ring = ring,
		.slots = (struct weir_event **)(ring + 1),
		.mask = ring->mask,
		.tail = ring->cons.tail,
		.seen = ring->prod.tail,
		.producer = producer,
	};
}

unsigned int
ring_consumer_get(struct ring_consumer *consumer, struct weir_event *events[], unsigned int n)
{
	uint32_t waiting = consumer->seen - consumer->tail;
	uint32_t at = consumer->tail & consumer->mask;
	uint32_t first;

	if (waiting < n) {
		consumer->seen = __atomic_load_n(&consumer->ring->prod.tail, __ATOMIC_ACQUIRE);
		waiting = consumer->seen - consumer->tail;
		if (waiting > consumer->high_water)
			consumer->high_water = waiting;
		n = RTE_MIN(n, waiting);
		if (n == 0)
			return 0;
	}
	first = RTE_MIN(n, consumer->mask + 1 - at);
	for (uint32_t i = 0; i < first; i++)
		events[i] = consumer->slots[at + i];
	for (uint32_t i = first; i < n; i++)
		events[i] = consumer->slots[i - first];
	for (uint32_t i = 0; i < n; i++)
		rte_prefetch0(events[i]);

	consumer->tail += n;
	consumer->ring->cons.head = consumer->tail;
	__atomic_store_n(&consumer->ring->cons.tail, consumer->tail, __ATOMIC_RELEASE);
	stat_add(&consumer->dequeued, n);
	return n;
}
