/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How a worker ends: once nothing can come to it any more, and nothing is left in it. */
#include <errno.h>
#include <limits.h>

#include "loop_private.h"

static bool
inputs_wait(const struct weir_worker *worker)
{
	for (uint16_t i = 0; i < worker->input_count; i++)
		if (ring_count(worker->inputs[i].ring) > 0)
			return true;
	return false;
}

static bool
upstream_done(const struct seat *seat)
{
	for (unsigned int i = 0; i < seat->upstream_count; i++)
		if (!__atomic_load_n(&seat->upstream[i]->done, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static unsigned int
source_left(const struct seat *seat)
{
	const struct source_ops *ops = seat->node->source_ops;

	return ops->drain != NULL ? ops->drain(seat->worker, seat->worker->state) : 0;
}

/* What a stage holds when nothing more comes in, after it was asked to let go. */
static uint64_t
stage_left(struct seat *seat)
{
	struct weir_worker *worker = seat->worker;
	uint64_t left = 0;

	if (worker->drain != NULL)
		left = worker->drain(worker, worker->state, worker_room_out(worker));
	else
		stage_tick(seat);
	worker_flush(worker);
	return left + worker->stats->held;
}

/* Nothing comes any more but what the worker itself sent round a cycle: that ends here. */
static void
feedback_close(struct weir_worker *worker)
{
	for (uint16_t i = 0; i < worker->input_count; i++) {
		struct ring_consumer *input = &worker->inputs[i];

		if (input->feedback)
			ring_consumer_lose(input, worker, DROP_FEEDBACK_CLOSED, UINT_MAX);
	}
}

unsigned int
seat_drain(struct loop *loop, struct seat *seat)
{
	bool last = upstream_done(seat);
	unsigned int moved;

	__atomic_store_n(&loop->at, seat, __ATOMIC_RELAXED);
	if (seat->worker->poll != NULL) {
		if (seat->kept_count > 0 || (source_left(seat) > 0 && !budget_spent(loop->control)))
			return source_pass(loop, seat);
		if (seat->worker->changes != NULL)
			source_tell(seat);
		worker_flush(seat->worker);
	} else {
		if (last)
			feedback_close(seat->worker);
		moved = stage_pass(loop, seat, false);
		if (moved > 0 || !last || inputs_wait(seat->worker) || stage_left(seat) > 0)
			return moved;
	}
	__atomic_store_n(&seat->done, 1, __ATOMIC_RELEASE);
	return 0;
}

int
loop_give_up(struct loop *loop)
{
	for (unsigned int i = 0; i < loop->seat_count; i++)
		worker_flush(loop->seats[i]->worker);
	return -ESHUTDOWN;
}
