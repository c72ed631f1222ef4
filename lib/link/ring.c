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
		.began = ring->prod.tail,
		.published = ring->prod.tail,
		.seen = ring->cons.tail,
		.alarm = UINT32_MAX,
		.easy = ring->capacity,
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
		.began = ring->cons.tail,
		.taken = ring->cons.tail,
		.seen = ring->prod.tail,
		.producer = producer,
	};
}

unsigned int
ring_consumer_get(struct ring_consumer *consumer, struct weir_event *events[], unsigned int n)
{
	return n > 0 ? consumer_get(consumer, events, n) : 0;
}

bool
ring_waits(const struct ring_consumer *consumer)
{
	return consumer_waits(consumer);
}

uint32_t
ring_room(struct ring_producer *producer, uint32_t want)
{
	return producer_room(producer, want);
}

void
ring_give(struct ring_producer *producer, struct weir_event *const events[], uint32_t n)
{
	producer_put(producer, events, n);
	producer_publish_plain(producer);
}

uint32_t
ring_put(struct ring_producer *producer, struct weir_event *const events[], uint32_t n)
{
	n = RTE_MIN(producer_room(producer, n), n);
	if (n == 0)
		return 0;
	/* Of few, memcpy() is most of what it would cost. */
	if (n > SLOTS_LINE)
		producer_put(producer, events, n);
	else
		for (uint32_t i = 0; i < n; i++)
			producer_put_one(producer, events[i]);
	producer_publish_plain(producer);
	return n;
}

/* The TSC as a probe has it. */
#define PROBE_SHIFT 4

static uint32_t
probe_now(void)
{
	return (uint32_t)(rte_rdtsc() >> PROBE_SHIFT);
}

void
ring_probe_init(struct ring_probe *probe, struct ring_producer *producer,
	struct ring_consumer *consumer)
{
	/* None that was not noted yet. */
	consumer->probed = ring_tail(consumer) - 1;
	probe->word = (uint64_t)consumer->probed << 32;
	producer->probe = probe;
	consumer->probe = probe;
}

void
producer_probe(struct ring_producer *producer)
{
	struct ring_probe *probe = producer->probe;

	/* Nothing to note; or the last one is still in the ring, as far as is known. */
	if (probe == NULL || producer_unpublished(producer) == 0 ||
		(int32_t)(producer->seen - (uint32_t)(probe->word >> 32)) <= 0)
		return;
	__atomic_store_n(&probe->word, producer->published << 32 | probe_now(), __ATOMIC_RELAXED);
}

/*
 * Of an event that was published at `stamp` and has just been taken. Its age is noted with its wait,
 * so that no share of the waits is longer than that of the ages. Clocks of two sockets may be apart.
 */
static __rte_noinline void
probe_note(struct worker_latency *latency, const struct weir_event *event, uint32_t stamp)
{
	int32_t since = (int32_t)(probe_now() - stamp);
	uint64_t wait = since > 0 ? (uint64_t)since << PROBE_SHIFT : 0, now = rte_rdtsc();

	if (event->type != WEIR_EVENT_GAP && event->tsc != 0 && event->tsc <= now) {
		histogram_add(&latency->age, now - event->tsc);
		wait = RTE_MIN(wait, now - event->tsc);
	}
	histogram_add(&latency->wait, wait);
}

void
ring_probe_note(struct ring_consumer *consumer, struct weir_event *const events[], uint32_t n,
	struct worker_latency *latency)
{
	uint64_t word = __atomic_load_n(&consumer->probe->word, __ATOMIC_RELAXED);
	uint32_t slot = (uint32_t)(word >> 32), at = slot - (ring_tail(consumer) - n);

	/* Noted already, or not among those. */
	if (slot == consumer->probed || at >= n)
		return;
	consumer->probed = slot;
	probe_note(latency, events[at], (uint32_t)word);
}

/* A marker is among what is lost: what it told of is to be told of again. */
static __rte_noinline void
markers_lost(struct ring_consumer *consumer, struct weir_event *const events[], uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct weir_gap *gap = &events[i]->gap;

		if (events[i]->type != WEIR_EVENT_GAP || gap->link != consumer->id)
			continue;
		consumer->gap.count += gap->count;
		consumer->gap.first = RTE_MIN(consumer->gap.first, gap->first);
	}
}

unsigned int
ring_consumer_lose(struct ring_consumer *consumer, struct weir_worker *worker,
	enum drop_reason reason, unsigned int n)
{
	struct weir_event *events[LOST_MAX];
	unsigned int all = 0, k;

	for (; all < n; all += k) {
		consumer->seen = __atomic_load_n(&consumer->ring->prod.tail, __ATOMIC_ACQUIRE);
		k = RTE_MIN(consumer->seen - ring_tail(consumer), RTE_MIN(n - all, LOST_MAX));
		if (k == 0)
			break;
		consumer_take(consumer, events, k);
		stat_add_release(&consumer->dropped[reason], k);
		stat_add(&worker->stats->in, k);
		gap_note(&consumer->gap, k);
		if (unlikely(consumer->gap.wanted))
			markers_lost(consumer, events, k);
		worker_drop(worker, reason, events, k);
	}
	return all;
}

void
ring_consumer_shed(struct ring_consumer *consumer, struct weir_worker *worker)
{
	uint32_t n = consumer->excess(consumer);
	uint32_t waiting = consumer->seen - ring_tail(consumer);

	if (waiting > consumer->high_water)
		__atomic_store_n(&consumer->high_water, waiting, __ATOMIC_RELAXED);
	if (unlikely(n > 0))
		ring_consumer_lose(consumer, worker, consumer->reason, n);
}

bool
ring_consumer_mark(struct ring_consumer *consumer, struct weir_worker *worker)
{
	struct weir_event *event = gap_event(worker, &consumer->gap, consumer->id);

	if (event == NULL)
		return false;
	/* Made here: it did not come in. */
	worker->process(worker, worker->state, &event, 1);
	worker_publish(worker);
	return true;
}
