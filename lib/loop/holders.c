/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Who may let go of events that it holds when it is given others: to each ring such a worker may
 * bring more than becomes of what was pulled. It counts once, however many calls lead there.
 *
 * A stage with a room() of its own is never called by way of such a worker: see the plan's calls.
 */
#include <stdlib.h>

#include <rte_malloc.h>

#include "loop_private.h"

struct seat *
gates_seat(const struct gates_of *of, const struct weir_worker *worker)
{
	struct seat *seat = of->seats;

	while (seat->worker != worker)
		seat++;
	return seat;
}

/* Mark a worker and all that it reaches by calls it asks for room. */
static void
calls_reach(const struct gates_of *of, const struct weir_worker *worker, bool *reached)
{
	bool *mark = &reached[gates_seat(of, worker) - of->seats];

	if (*mark)
		return;
	*mark = true;
	for (uint16_t o = 0; o < worker->output_count; o++)
		for (uint16_t l = 0; l < worker->outputs[o].link_count; l++) {
			const struct out_link *out = &worker->outputs[o].links[l];

			for (uint16_t i = 0; out->policy->lossless && i < out->lane_count; i++)
				if (out->lanes[i].ring.ring == NULL)
					calls_reach(of, out->lanes[i].consumer, reached);
		}
}

/* What a worker is to a ring; `times` 0: nothing. */
static struct holder
holder_of(const struct seat *seat, const struct ring_producer *ring)
{
	struct holder holder = { .stats = seat->worker->stats };

	if (seat->node->source || seat->node->needs.let_go == 0)
		return holder;
	holder.most = seat->node->needs.let_go;
	for (unsigned int i = 0; i < seat->gate_count; i++)
		if (seat->gates[i].ring == ring)
			holder.times = seat->gates[i].times;
	return holder;
}

/* The holders on the way to a gate, the seat's own worker first; how many. */
static uint16_t
gate_holders(const struct gates_of *of, const struct seat *seat, const bool *reached,
	const struct gate *gate, struct holder *holders)
{
	uint16_t n = 0;

	if (gate->ring == NULL)
		return 0;
	holders[n] = holder_of(seat, gate->ring);
	n += holders[n].times > 0;
	for (unsigned int i = 0; i < of->seat_count; i++) {
		if (!reached[i] || &of->seats[i] == seat)
			continue;
		holders[n] = holder_of(&of->seats[i], gate->ring);
		n += holders[n].times > 0;
	}
	return n;
}

/* As many for each gate as there may be: one for each worker, and one that turns out to be none. */
static int
holders_make(const struct gates_of *of, struct seat *seat, const bool *reached)
{
	struct weir_worker *worker = seat->worker;
	unsigned int most = 1;

	for (unsigned int i = 0; i < of->seat_count; i++)
		most += reached[i] && !of->seats[i].node->source &&
			of->seats[i].node->needs.let_go > 0;
	if (most == 1)
		return 0;
	worker->holders = rte_zmalloc_socket("weir",
		(size_t)most * seat->gate_count * sizeof(*worker->holders), RTE_CACHE_LINE_SIZE,
		worker->socket);
	if (worker->holders == NULL && seat->gate_count > 0)
		return -ENOMEM;
	for (unsigned int i = 0; i < seat->gate_count; i++) {
		struct gate *gate = &seat->gates[i];
		struct holder *holders = &worker->holders[i * most];

		gate->holder_count = gate_holders(of, seat, reached, gate, holders);
		gate->holders = holders;
		gate->own = gate->holder_count > 0 && holders[0].stats == worker->stats;
	}
	return 0;
}

int
loop_holders(const struct gates_of *of, struct seat *seat)
{
	bool *reached = calloc(of->seat_count, sizeof(*reached));
	int rc = -ENOMEM;

	if (reached != NULL) {
		calls_reach(of, seat->worker, reached);
		rc = holders_make(of, seat, reached);
	}
	free(reached);
	return rc;
}
