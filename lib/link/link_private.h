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

/* The lane has something to publish, or is to be looked at when it is published. */
static inline void
lane_wrote(struct out_link *link, unsigned int lane)
{
	link->written[lane / 64] |= UINT64_C(1) << (lane % 64);
}

/* A lane of the link has. */
static inline void
link_wrote(struct weir_worker *worker, struct out_link *link)
{
	if (link->listed)
		return;
	link->listed = true;
	link->next_written = worker->written;
	worker->written = link;
}

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

	for (uint32_t i = (uint32_t)producer->published; i != producer->head; i++)
		producer->stamps[i & producer->mask] = now;
}

/* The consumer has read the slots that come next: have their lines here before n more are put. */
static inline void
producer_fetch(const struct ring_producer *producer, uint32_t n)
{
	uint32_t i = 0;

	do
		prefetch_write(&producer->slots[(producer->head + i) & producer->mask]);
	while ((i += SLOTS_LINE) < n);
}

/* Put, and not yet published. */
static inline uint32_t
producer_unpublished(const struct ring_producer *producer)
{
	return producer->head - (uint32_t)producer->published;
}

/* As producer_publish(), of a ring without stamps. */
static inline void
producer_publish_plain(struct ring_producer *producer)
{
	uint32_t head = producer->head, n = producer_unpublished(producer);
	struct rte_ring *ring = producer->ring;

	/* Counted before it can be taken out: nobody reads of more out than in. */
	stat_add(&producer->published, n);
	/* What rte_ring_sp_enqueue() leaves behind, so that its other functions can look on. */
	ring->prod.head = head;
	__atomic_store_n(&ring->prod.tail, head, __ATOMIC_RELEASE);
	producer_fetch(producer, n);
}

static inline void
producer_publish(struct ring_producer *producer)
{
	if (producer_unpublished(producer) == 0)
		return;
	if (unlikely(producer->stamps != NULL))
		producer_stamp(producer);
	producer_publish_plain(producer);
}

/* How far it may be filled without a look at what goes in. */
static inline void
ring_ease(struct ring_producer *ring, const struct link_policy *policy)
{
	ring->easy = policy->easy != NULL ? policy->easy(ring) : ring->capacity;
}

/* Events in a ring, those not published included: exact. */
static inline uint32_t
producer_fill(struct ring_producer *producer)
{
	producer->seen = __atomic_load_n(&producer->ring->cons.tail, __ATOMIC_ACQUIRE);
	return producer->head - producer->seen;
}

/* Take a slot, and have what it points to here when it is read. */
static inline void
slot_take(struct weir_event *const *slot, struct weir_event **event)
{
	*event = *slot;
	rte_prefetch0(*event);
}

static inline void
slots_take(struct weir_event *const slots[], struct weir_event *events[], uint32_t n)
{
	NO_UNROLL
	for (uint32_t fours = n / 4; fours > 0; fours--) {
		slot_take(slots, events);
		slot_take(slots + 1, events + 1);
		slot_take(slots + 2, events + 2);
		slot_take(slots + 3, events + 3);
		slots += 4;
		events += 4;
	}
	NO_UNROLL
	for (n &= 3; n > 0; n--)
		slot_take(slots++, events++);
}

/* What is before `taken` was copied out of the slots. */
static inline void
consumer_took(struct ring_consumer *consumer, uint64_t taken)
{
	struct rte_ring *ring = consumer->ring;

	ring->cons.head = (uint32_t)taken;
	__atomic_store_n(&ring->cons.tail, (uint32_t)taken, __ATOMIC_RELEASE);
	/*
	 * Counted once it waits no more: nobody reads of it as both. Whoever reads of it reads of no
	 * less that was put.
	 */
	__atomic_store_n(&consumer->taken, taken, __ATOMIC_RELEASE);
}

/* Take n events that are known to be there. */
static inline void
consumer_take(struct ring_consumer *consumer, struct weir_event *events[], uint32_t n)
{
	uint64_t taken = consumer->taken;
	uint32_t mask = consumer->mask, at = (uint32_t)taken & mask, first = n;
	struct weir_event **slots = consumer->slots;

	if (unlikely(at + n > mask + 1)) {
		first = mask + 1 - at;
		slots_take(slots, events + first, n - first);
	}
	slots_take(slots + at, events, first);
	consumer_took(consumer, taken + n);
}

/* Take at most n > 0 of what was published up to `seen`, which is something; how many. */
static inline unsigned int
consumer_get_seen(struct ring_consumer *consumer, struct weir_event *events[], unsigned int n,
	uint32_t seen)
{
	uint32_t waiting = seen - ring_tail(consumer);

	consumer->seen = seen;
	if (unlikely(waiting > consumer->high_water))
		__atomic_store_n(&consumer->high_water, waiting, __ATOMIC_RELAXED);
	n = RTE_MIN(n, waiting);
	consumer_take(consumer, events, n);
	return n;
}

/* Take at most n > 0; how many. The producer's tail is read where less is known to wait. */
static inline unsigned int
consumer_get(struct ring_consumer *consumer, struct weir_event *events[], unsigned int n)
{
	uint32_t seen = consumer->seen, tail = ring_tail(consumer);

	if (seen - tail < n) {
		seen = __atomic_load_n(&consumer->ring->prod.tail, __ATOMIC_ACQUIRE);
		if (seen == tail)
			return 0;
	}
	return consumer_get_seen(consumer, events, n, seen);
}

/* Whether something waits. */
static inline bool
consumer_waits(const struct ring_consumer *consumer)
{
	return __atomic_load_n(&consumer->ring->prod.tail, __ATOMIC_ACQUIRE) != ring_tail(consumer);
}

/* pressure.c: a ring behind a worker may have gone above `high`, or below `low`. */
void ring_pressure(struct weir_worker *worker, struct ring_producer *ring);

/* policy.c: settings at the producer's end. push.c: the push of a link, by all that decides it. */
void ring_producer_set(struct ring_producer *ring, const struct link_settings *settings);
void out_link_choose(struct out_link *link);
/* push.c: tell of what a link's rings have lost. Only while the worker's lcore has nothing in hand. */
void link_mark(struct weir_worker *worker, struct out_link *link);
/* The same of a lane that has lost something, as soon as there is room. */
void lane_mark(struct weir_worker *worker, struct out_link *link, struct lane *lane);
/* push.c: have the consumer of a call process what is staged. */
void lane_flush(struct lane *lane);

#endif /* WEIR_LINK_PRIVATE_H */
