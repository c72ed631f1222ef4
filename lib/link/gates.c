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

unsigned int
worker_room(const struct weir_worker *worker, unsigned int want)
{
	return gates_room(worker->gates, worker->gate_count, want, true);
}

unsigned int
worker_room_out(const struct weir_worker *worker)
{
	uint16_t own = worker->room != NULL;

	return gates_room(worker->gates + own, worker->gate_count - own, worker->burst, false);
}

static bool
gate_counts(const struct gate *gate)
{
	return gate->ring == NULL || gate->link->policy->lossless;
}

void
worker_gates_sort(struct weir_worker *worker)
{
	struct gate *gates = worker->gates, moved;
	uint16_t n = 0;

	/* Stable in front: a worker's own room() stays where it is. */
	for (uint16_t i = 0; i < worker->gates_all; i++) {
		if (!gate_counts(&gates[i]))
			continue;
		moved = gates[i];
		gates[i] = gates[n];
		gates[n++] = moved;
	}
	worker->gate_count = n;
}
