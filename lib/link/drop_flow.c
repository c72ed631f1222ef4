/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * drop-flow: whole flows are shed, so that those kept stay complete. Every flow has a place by its
 * hash and the engine's seed; those below a level are shed. The level rises fast while the ring is
 * above `high` and falls slowly while it is below `low`: what it sheds settles at what is too much.
 *
 * That takes ticks, and a ring above `high` is full sooner. So there each further event in it raises
 * what is shed at once, from the level up to all flows when it is full: what comes too fast for the
 * level, as after the consumer was away, is taken from few flows instead of from the tail of all.
 *
 * The fragments of a datagram are let in by what became of its first one: the level moves meanwhile, and
 * so does the ring. See datagrams.h.
 */
#include "datagrams.h"

/* Between two looks at the ring: 1 / this of a second. */
#define TICKS_A_SECOND 100
/* The level, of 2^32, goes up by 1/16 and down by 1/128. */
#define LEVEL_UP (UINT32_C(1) << 28)
#define LEVEL_DOWN (UINT32_C(1) << 25)
/* Ticks that take any level to 0. */
#define TICKS_MAX 128

/* What is shed where a ring holds so many: more than the level above `high`, all when it is full. */
static inline uint32_t
level_at(const struct ring_producer *ring, uint32_t fill, uint32_t step)
{
	if (likely(fill <= ring->high))
		return ring->level;
	if (fill > ring->capacity)
		return UINT32_MAX;
	return ring->level + (fill - ring->high) * step;
}

/* What tells of a loss or of a port is of no flow. */
static inline bool
of_no_flow(const struct weir_event *event)
{
	return event->type == WEIR_EVENT_GAP || event->type == WEIR_EVENT_PORT;
}

/* A fragment: whether it goes in, where the ring with it holds so many, and its flow is shed or not. */
static bool
flow_takes_fragment(struct ring_producer *ring, const struct weir_event *event, uint32_t fill,
	bool shed)
{
	struct ring_datagrams *datagrams = ring->datagrams;
	bool takes;

	datagrams_count(datagrams, event);
	if (event->flags & WEIR_EVENT_LATER_FRAGMENT)
		takes = fill <= ring->capacity && !datagrams_shed(datagrams, event);
	else
		takes = !shed &&
			fill + datagrams_kept(datagrams) + datagrams_rest(datagrams) <=
				ring->capacity;
	datagrams_note(datagrams, event, takes);
	return takes;
}

/* For the figures. */
static void
flow_shed(struct ring_producer *ring, uint32_t shed)
{
	__atomic_store_n(&ring->shed, shed, __ATOMIC_RELAXED);
	if (shed > ring->shed_most)
		__atomic_store_n(&ring->shed_most, shed, __ATOMIC_RELAXED);
}

/* While no flow is shed, and no fragments have come that are to be known. */
static uint32_t
flow_easy(const struct ring_producer *ring)
{
	if (ring->datagrams != NULL && datagrams_come(ring->datagrams))
		return 0;
	return ring->level == 0 ? ring->high : 0;
}

static uint64_t
flow_admit(struct ring_producer *ring, struct weir_event *const events[], uint16_t n)
{
	uint32_t fill = ring->head - ring->seen, shed = ring->level, step = 0;
	struct ring_datagrams *datagrams = ring->datagrams;
	uint64_t admitted = 0;

	if (fill + n > ring->high || (datagrams != NULL && datagrams->begun > 0))
		fill = producer_fill(ring);
	if (fill + n > ring->high && ring->high < ring->capacity)
		step = (UINT32_MAX - ring->level) / (ring->capacity - ring->high);
	for (uint16_t i = 0; i < n; i++) {
		uint32_t kept = datagrams != NULL ? datagrams_kept(datagrams) : 0;
		bool out;

		shed = level_at(ring, fill + 1 + kept, step);
		out = weir_flow_place(events[i]->hash, ring->seed) < shed && !of_no_flow(events[i]);
		if (datagrams != NULL && events[i]->flags & WEIR_EVENT_FRAGMENT)
			out = !flow_takes_fragment(ring, events[i], fill + 1, out);
		if (out)
			continue;
		admitted |= UINT64_C(1) << i;
		fill++;
	}
	if (shed != ring->shed)
		flow_shed(ring, shed);
	ring->easy = flow_easy(ring);
	return admitted;
}

static void
flow_tick(struct ring_producer *ring, uint64_t now)
{
	uint64_t cycles = rte_get_tsc_hz() / TICKS_A_SECOND;
	uint64_t ticks = (now - ring->ticked) / cycles, down;
	uint32_t fill;

	if (ticks == 0)
		return;
	ring->ticked = now;
	fill = producer_fill(ring);
	if (fill > ring->high) {
		ring->level += RTE_MIN(LEVEL_UP, UINT32_MAX - ring->level);
	} else if (fill < ring->low) {
		down = RTE_MIN(ticks, (uint64_t)TICKS_MAX) * LEVEL_DOWN;
		ring->level -= (uint32_t)RTE_MIN(down, (uint64_t)ring->level);
	}
	if (ring->datagrams != NULL)
		datagrams_tick(ring->datagrams);
	flow_shed(ring, ring->level);
	ring->easy = flow_easy(ring);
}

const struct link_policy policy_drop_flow = {
	.name = "drop-flow",
	.full = DROP_RING_FULL,
	.shed = DROP_FLOW_SHED,
	.admit = flow_admit,
	.easy = flow_easy,
	.tick = flow_tick,
};
