/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Reserve, then pull: how much a worker may take so that all it forwards finds room. */
#include "link_private.h"

/*
 * Whether a ring that is full is not waited for any more: its consumer has taken nothing for the
 * link's block_timeout. Until it takes something, what comes is lost.
 */
static bool
gate_timed_out(const struct gate *gate)
{
	struct ring_producer *ring = gate->ring;
	uint64_t now;

	if (ring == NULL || ring->timeout == 0)
		return false;
	now = rte_rdtsc();
	if (ring->full_since == 0 || ring->seen != ring->full_seen) {
		ring->full_seen = ring->seen;
		ring->full_since = now;
		ring->open = false;
	}
	ring->open = now - ring->full_since >= ring->timeout;
	return ring->open;
}

/* `own`: the worker itself may let go of what it holds besides. */
static inline unsigned int
gates_room(const struct gate *gates, uint16_t n, unsigned int want, bool own)
{
	for (uint16_t i = 0; i < n && want > 0; i++) {
		const struct gate *gate = &gates[i];
		uint32_t held = gate_held(gate, own ? 0 : gate->own);
		uint32_t need = want * gate->times + held, room;

		if (gate->ring != NULL)
			room = fault_hit(FAULT_RING_FULL) ? 0 : producer_room(gate->ring, need);
		else
			room = gate->stage->room(gate->stage, gate->stage->state);
		if (room >= need)
			continue;
		if (unlikely(room < gate->times + held) && gate_timed_out(gate))
			continue;
		want = room > held ? (room - held) / gate->times : 0;
	}
	return want;
}

/* Events that may be pulled for the room of a ring that nobody else fills: exact below `want`. */
static inline uint32_t
gate_fits(const struct gate *gate, unsigned int want)
{
	return producer_room(gate->ring, want * gate->times) / gate->times;
}

/*
 * The gates that are alone, while one of them may be tight. The tightest comes first: while it is full
 * no other is looked at.
 */
static __rte_noinline unsigned int
gates_tight(struct weir_worker *worker, unsigned int want)
{
	unsigned int most = RTE_MAX(want, (unsigned int)worker->burst);
	uint32_t least = UINT32_MAX;

	if (worker->tightest < worker->gate_count)
		least = gate_fits(&worker->gates[worker->tightest], most);
	for (uint16_t i = worker->gates_asked; i < worker->gate_count && least > 0; i++) {
		uint32_t fits = least;

		if (i != worker->tightest)
			fits = gate_fits(&worker->gates[i], most);
		if (fits < least) {
			least = fits;
			worker->tightest = i;
		}
	}
	worker->tight = least < worker->burst;
	return RTE_MIN(want, least);
}

/* The first gates are asked each time, the others where they may be tight. */
static inline unsigned int
worker_room_behind(struct weir_worker *worker, uint16_t first, unsigned int want, bool own)
{
	want = gates_room(worker->gates + first, worker->gates_asked - first, want, own);
	if (worker->gate_count == worker->gates_asked) {
		worker->tight = false;
		return want;
	}
	if (fault_hit(FAULT_RING_FULL))
		return 0;
	return worker->tight || want > worker->burst ? gates_tight(worker, want) : want;
}

unsigned int
worker_room_ask(struct weir_worker *worker, unsigned int want)
{
	return worker_room_behind(worker, 0, want, true);
}

unsigned int
worker_room_out(struct weir_worker *worker)
{
	return worker_room_behind(worker, worker->room != NULL, worker->burst, false);
}

static bool
gate_counts(const struct gate *gate)
{
	return gate->ring == NULL || gate->link->policy->lossless;
}

/* Bring those gates that are right to the front, from `first` on, in their order; the end of them. */
static uint16_t
gates_front(struct weir_worker *worker, uint16_t first, bool (*right)(const struct gate *gate))
{
	struct gate *gates = worker->gates, moved;

	for (uint16_t i = first; i < worker->gates_all; i++) {
		if (!right(&gates[i]))
			continue;
		moved = gates[i];
		gates[i] = gates[first];
		gates[first++] = moved;
	}
	return first;
}

/* One with a block_timeout is to be seen full as soon as it is. */
static bool
gate_counts_asked(const struct gate *gate)
{
	return gate_counts(gate) && !(gate->alone && gate->ring->timeout == 0);
}

/* Rings in which room is reserved are easy to fill as long as they have it for a burst more. */
static void
gates_ease(const struct weir_worker *worker)
{
	for (uint16_t i = worker->gates_asked; i < worker->gate_count; i++) {
		const struct gate *gate = &worker->gates[i];
		uint32_t burst = RTE_MIN(worker->burst * gate->times, gate->ring->capacity);

		gate->ring->easy = gate->ring->capacity - burst;
	}
}

static bool
worker_attends(const struct weir_worker *worker)
{
	bool attends = false;

	for (uint16_t i = 0; i < worker->input_count; i++)
		attends |= worker->inputs[i].excess != NULL || worker->inputs[i].gap.count > 0;
	return attends;
}

static bool
worker_may_linger(const struct weir_worker *worker)
{
	bool lingers = false;

	for (uint16_t o = 0; o < worker->output_count; o++)
		for (uint16_t l = 0; l < worker->outputs[o].link_count; l++)
			lingers |= worker->outputs[o].links[l].linger > 0;
	return lingers;
}

void
worker_settle(struct weir_worker *worker)
{
	/* A worker's own room() stays where it is: in front. */
	worker->gates_asked = gates_front(worker, 0, gate_counts_asked);
	worker->gate_count = gates_front(worker, worker->gates_asked, gate_counts);
	gates_ease(worker);
	worker->tightest = worker->gate_count;
	worker->tight = true;
	worker->attends = worker_attends(worker);
	worker->lingers = worker_may_linger(worker) || worker->written != NULL;
}
