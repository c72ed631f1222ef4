/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What an lcore does: passes over its workers, downstream first. */
#include <limits.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_random.h>

#include "engine_private.h"

/* Fewest packets that vector code of drivers gives. */
#define POLL_LEAST 8

/*
 * Account for the pass that is over. A busy lcore does not look at the clock: its time is noted
 * when it has been busy, by the first pass that moved nothing.
 */
static void
loop_account(struct loop *loop, bool moved)
{
	enum lcore_state now = moved ? LCORE_BUSY : loop->blocked ? LCORE_BLOCKED : LCORE_IDLE;

	if (!moved) {
		loop_spent(loop, loop->state == LCORE_BUSY ? LCORE_BUSY : now);
		if (loop->state == LCORE_BUSY)
			loop->quiet = loop->since;
	}
	if (loop->state != now)
		__atomic_store_n(&loop->state, now, __ATOMIC_RELAXED);
}

/* Take at most n of what sources may take in all. */
static unsigned int
budget_take(struct control *control, unsigned int n)
{
	int64_t left = __atomic_fetch_sub(&control->budget, n, __ATOMIC_RELAXED);

	if (left >= (int64_t)n)
		return n;
	left = RTE_MAX(left, 0);
	__atomic_fetch_add(&control->budget, (int64_t)n - left, __ATOMIC_RELAXED);
	return (unsigned int)left;
}

/* Drop the packets whose verdict the source drops; how many are left. */
static uint16_t
source_filter(const struct seat *seat, struct weir_event *events[], uint16_t n)
{
	struct weir_event *dropped[BURST_MAX];
	uint16_t kept = 0, out = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (events[i]->type == WEIR_EVENT_PACKET &&
			(seat->drop_verdicts >> events[i]->verdict & 1))
			dropped[out++] = events[i];
		else
			events[kept++] = events[i];
	}
	worker_drop(seat->worker, DROP_VERDICT, dropped, out);
	return kept;
}

/*
 * Poll for no more than the budget leaves. Vector code of drivers gives nothing for fewer than
 * POLL_LEAST: the last few are asked for in full, and then there may be some more than the bound.
 */
static uint16_t
poll_bounded(struct loop *loop, struct weir_worker *worker, unsigned int room)
{
	struct control *control = loop->control;
	unsigned int n = budget_take(control, room);
	uint16_t got;

	if (n == 0)
		return 0;
	got = worker->poll(worker, worker->state, loop->events, (uint16_t)n);
	if (got == 0 && n < POLL_LEAST && room >= POLL_LEAST)
		got = worker->poll(worker, worker->state, loop->events, POLL_LEAST);
	__atomic_fetch_add(&control->budget, (int64_t)n - got, __ATOMIC_RELAXED);
	return got;
}

/* There is work for a worker, and no room for what it would make of it. */
static void
seat_block(struct loop *loop, struct seat *seat)
{
	loop->blocked = true;
	__atomic_store_n(&seat->blocked_pass, loop->passes, __ATOMIC_RELAXED);
}

static unsigned int
source_pass(struct loop *loop, struct seat *seat)
{
	struct weir_worker *worker = seat->worker;
	unsigned int room = worker_room(worker, worker->burst);
	uint16_t got, n;

	if (unlikely(room == 0)) {
		seat_block(loop, seat);
		return 0;
	}
	if (unlikely(loop->control->bounded))
		got = poll_bounded(loop, worker, room);
	else
		got = worker->poll(worker, worker->state, loop->events, (uint16_t)room);
	if (got == 0)
		return 0;
	stat_add(&worker->stats->in, got);
	n = got;
	if (unlikely(seat->drop_verdicts != 0))
		n = source_filter(seat, loop->events, n);
	weir_forward(worker, 0, loop->events, n);
	worker_publish(worker);
	return got;
}

static bool
inputs_wait(const struct weir_worker *worker)
{
	for (uint16_t i = 0; i < worker->input_count; i++)
		if (rte_ring_count(worker->inputs[i].ring) > 0)
			return true;
	return false;
}

/* Take at most n out of a ring, and before that tell of what its consumer's end has lost. */
static unsigned int
input_pull(struct loop *loop, struct weir_worker *worker, struct ring_consumer *input,
	unsigned int n)
{
	unsigned int marked = 0;

	if (unlikely(input->gap.count > 0))
		marked = ring_consumer_mark(input, worker);
	n = ring_consumer_get(input, loop->events, n - marked);
	if (WEIR_SAMPLING)
		ring_consumer_probe(input, n, &worker->latency->wait);
	if (n > 0)
		worker_process(worker, loop->events, (uint16_t)n);
	return n + marked;
}

static unsigned int
stage_pull(struct loop *loop, struct seat *seat)
{
	struct weir_worker *worker = seat->worker;
	unsigned int moved = 0;
	uint16_t at = seat->turn;
	bool waits = false;

	for (uint16_t i = 0; i < worker->input_count; i++) {
		struct ring_consumer *input = &worker->inputs[at];
		unsigned int n = worker_room(worker, worker->burst);

		/* Also where there is no room for what is left: what waits gets old. */
		if (unlikely(input->excess != NULL))
			ring_consumer_shed(input, worker);
		if (likely(n > 0))
			moved += input_pull(loop, worker, input, n);
		else
			waits |= rte_ring_count(input->ring) > 0;
		if (++at == worker->input_count)
			at = 0;
	}
	if (unlikely(waits))
		seat_block(loop, seat);
	if (worker->input_count > 1 && ++seat->turn == worker->input_count)
		seat->turn = 0;
	return moved;
}

static unsigned int
stage_tick(struct seat *seat)
{
	struct weir_worker *worker = seat->worker;
	unsigned int moved;

	if (worker->tick == NULL)
		return 0;
	moved = worker->tick(worker, worker->state, worker_room_out(worker));
	worker_publish(worker);
	return moved;
}

static unsigned int
stage_pass(struct loop *loop, struct seat *seat, bool housekeeping)
{
	struct weir_worker *worker = seat->worker;
	unsigned int moved = stage_pull(loop, seat);

	if (worker->tick != NULL && (housekeeping || worker->stats->in == seat->in_before))
		moved += stage_tick(seat);
	seat->in_before = worker->stats->in;
	return moved;
}

static unsigned int
seat_pass(struct loop *loop, struct seat *seat, bool housekeeping)
{
	__atomic_store_n(&loop->at, seat, __ATOMIC_RELAXED);
	if (seat->worker->poll != NULL)
		return source_pass(loop, seat);
	return stage_pass(loop, seat, housekeeping);
}

/* As seat_pass(), and its time is noted where it moved something. */
static unsigned int
seat_pass_timed(struct loop *loop, struct seat *seat, bool housekeeping)
{
	uint64_t start = rte_rdtsc();
	unsigned int moved;

	loop->sample.nested = 0;
	moved = seat_pass(loop, seat, housekeeping);
	if (moved > 0)
		worker_sample(seat->worker, start, 0);
	return moved;
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
	worker_publish(worker);
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

/* Whether sources have taken all that they may. */
static bool
budget_spent(const struct control *control)
{
	return control->bounded && __atomic_load_n(&control->budget, __ATOMIC_RELAXED) <= 0;
}

/* One pass of a worker that drains; it is done when nothing can come and nothing is left. */
static unsigned int
seat_drain(struct loop *loop, struct seat *seat)
{
	bool last = upstream_done(seat);
	unsigned int moved;

	__atomic_store_n(&loop->at, seat, __ATOMIC_RELAXED);
	if (seat->worker->poll != NULL) {
		if (source_left(seat) > 0 && !budget_spent(loop->control))
			return source_pass(loop, seat);
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

/* About n, at random: what is done once in n passes shall not beat with what comes in bursts. */
static uint32_t
loop_about(struct loop *loop, uint32_t n)
{
	loop->random = loop->random * UINT64_C(6364136223846793005) + 1;
	return n / 2 + (uint32_t)(loop->random >> 56) % n;
}

/* Whether housekeeping is due: every so many passes, sooner where passes take long. */
static bool
loop_due(struct loop *loop, bool clock)
{
	/* An idle lcore has just looked at the clock. */
	uint64_t now = clock ? rte_rdtsc() : loop->since;

	if (likely(--loop->until_housekeeping > 0) &&
		(int64_t)(now - loop->looked) < (int64_t)loop->look_cycles)
		return false;
	loop->until_housekeeping = loop_about(loop, HOUSEKEEPING_PASSES);
	return true;
}

/* Whether a pass is one of those that are timed. */
static bool
loop_sampled(struct loop *loop)
{
	if (!WEIR_SAMPLING || likely(--loop->until_sample > 0))
		return false;
	loop->until_sample = loop_about(loop, SAMPLE_PASSES);
	return true;
}

static void
loop_housekeep(struct loop *loop)
{
	loop->looked = rte_rdtsc();
	loop_settings(loop);
	/* What is done puts nothing any more, no marker either: nobody may be there to take it. */
	for (unsigned int i = 0; i < loop->seat_count; i++)
		if (!loop->seats[i]->done)
			worker_look(loop->seats[i]->worker, loop->looked);
}

/* A pass while draining: events moved, or -ESHUTDOWN when every worker is done. */
static int
loop_drain_pass(struct loop *loop)
{
	unsigned int moved = 0, done = 0;

	if (loop_due(loop, true))
		loop_housekeep(loop);
	for (unsigned int i = 0; i < loop->seat_count; i++) {
		if (!loop->seats[i]->done)
			moved += seat_drain(loop, loop->seats[i]);
		done += loop->seats[i]->done;
	}
	return done == loop->seat_count ? -ESHUTDOWN : (int)moved;
}

/* Have a pass timed, or no longer. */
static __rte_noinline void
loop_time(struct loop *loop, bool on)
{
	loop->sample.on = on;
	for (unsigned int i = 0; i < loop->seat_count; i++)
		worker_time(loop->seats[i]->worker, on);
}

static int
loop_run_pass(struct loop *loop)
{
	bool timed = loop_sampled(loop);
	bool housekeeping = loop_due(loop, loop->passes % CLOCK_PASSES == 0);
	unsigned int moved = 0;

	if (unlikely(housekeeping))
		loop_housekeep(loop);
	if (unlikely(timed))
		loop_time(loop, true);
	for (unsigned int i = 0; i < loop->seat_count; i++)
		moved += timed ? seat_pass_timed(loop, loop->seats[i], housekeeping) :
				 seat_pass(loop, loop->seats[i], housekeeping);
	if (unlikely(timed))
		loop_time(loop, false);
	return (int)moved;
}

int
loop_pass(struct loop *loop)
{
	enum engine_order order = control_order(loop->control);
	int moved;

	fault_sleep(FAULT_DELAY);
	if (unlikely(loop->since == 0)) {
		__atomic_store_n(&loop->since, rte_rdtsc(), __ATOMIC_RELAXED);
		loop_settings(loop);
	}
	stat_add(&loop->passes, 1);
	loop->blocked = false;
	if (likely(order == ORDER_RUN))
		moved = loop_run_pass(loop);
	else
		moved = order == ORDER_DRAIN ? loop_drain_pass(loop) : -ESHUTDOWN;
	/* Also while it is blocked, or drains: what is set may be the way on. */
	if (moved == 0 || order == ORDER_DRAIN)
		loop_settings(loop);
	loop_account(loop, moved > 0);
	if (unlikely(moved == -ESHUTDOWN))
		__atomic_store_n(&loop->finished, 1, __ATOMIC_RELEASE);
	return moved;
}

/*
 * A pass for a caller who does other things between: the time since the last one was not ours.
 */
int
loop_pass_polled(struct loop *loop)
{
	int moved;

	if (likely(loop->since != 0))
		loop_spent(loop, LCORE_IDLE);
	moved = loop_pass(loop);
	if (moved > 0)
		loop_spent(loop, LCORE_BUSY);
	__atomic_store_n(&loop->state, LCORE_IDLE, __ATOMIC_RELAXED);
	return moved;
}

int
loop_main(void *arg)
{
	struct loop *loop = arg;
	int slack = waiter_slack(1), moved;

	__atomic_store_n(&loop->tid, rte_gettid(), __ATOMIC_RELAXED);
	while ((moved = loop_pass(loop)) != -ESHUTDOWN) {
		if (moved > 0) {
			waiter_reset(&loop->idle);
			waiter_reset(&loop->full);
		} else {
			loop_wait(loop);
		}
	}
	waiter_slack(slack);
	return 0;
}
