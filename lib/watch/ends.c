/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The rings between an application and the engine: producers of inject, and ends of eject. */
#include "sink/sink.h"
#include "watch_private.h"

/* The i-th of a worker; false: it has no more. */
static bool
seat_ring(const struct seat *seat, unsigned int i, struct app_ring *ring)
{
	const void *state = seat->worker->state;

	if (seat->node->source)
		return seat->node->source_ops == &source_inject && inject_ring(state, i, ring);
	return i == 0 && eject_ring(seat->node->stage_ops, state, ring);
}

static void
end_fill(const struct seat *seat, unsigned int i, const struct app_ring *ring,
	struct weir_end_figures *full)
{
	*full = (struct weir_end_figures){
		.node = seat->node->name,
		.type = seat->worker->type,
		.worker = seat->plan->index,
		.end = i,
		.socket = seat->plan->socket,
		.opened = ring->opened,
		.capacity = ring->producer->capacity,
		.high_water = ring->high_water,
		.dequeued = ring->taken,
		.refused = ring->refused,
		.bytes = ring->bytes,
	};
	/* In after out: nobody reads of more out than in. */
	full->count = ring_count(ring->producer->ring);
	full->enqueued = ring_enqueued(ring->producer);
	full->fill = (double)full->count / full->capacity;
}

int
weir_ledger_end(const struct weir_engine *engine, unsigned int i, struct weir_end_figures *figures)
{
	struct weir_end_figures full;
	struct app_ring ring;

	if (engine == NULL)
		return -EINVAL;
	for (unsigned int s = 0; s < engine->seat_count; s++)
		for (unsigned int r = 0; seat_ring(&engine->seats[s], r, &ring); r++) {
			if (i-- > 0)
				continue;
			end_fill(&engine->seats[s], r, &ring, &full);
			return SIZED_GIVE(figures, &full, node);
		}
	return -ENOENT;
}

uint64_t
seat_received(const struct seat *seat)
{
	struct app_ring ring;
	uint64_t n = 0;

	if (seat->node->source_ops != &source_inject)
		return stat_read(&seat->worker->stats->in);
	for (unsigned int i = 0; inject_ring(seat->worker->state, i, &ring); i++)
		n += ring_enqueued(ring.producer);
	return n;
}

uint64_t
seat_injected(const struct seat *seat)
{
	struct app_ring ring;
	uint64_t n = 0;

	if (seat->node->source_ops != &source_inject)
		return 0;
	for (unsigned int i = 0; inject_ring(seat->worker->state, i, &ring); i++)
		n += ring_count(ring.producer->ring);
	return n;
}
