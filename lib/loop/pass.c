/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a worker does in a pass: it pulls what it has room for, and publishes what it made of it. */
#include <string.h>

#include <rte_cycles.h>

#include "loop_private.h"

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

bool
budget_spent(const struct control *control)
{
	return control->bounded && __atomic_load_n(&control->budget, __ATOMIC_RELAXED) <= 0;
}

/* Why a source drops an event: the first reason that holds; DROP_MAX: it does not. */
static enum drop_reason
drop_why(const struct drops *drops, const struct weir_event *event)
{
	if (event->type != WEIR_EVENT_PACKET)
		return DROP_MAX;
	if (drops->verdicts >> event->verdict & 1)
		return DROP_VERDICT;
	if (likely(!(event->flags & drops->flags)))
		return DROP_MAX;
	return event->flags & drops->flags & WEIR_EVENT_TRUNCATED ? DROP_TRUNCATED : DROP_CHECKSUM;
}

/* Drop the packets that the source drops, each run of a reason at once; how many are left. */
static uint16_t
source_filter(const struct seat *seat, struct weir_event *events[], uint16_t n)
{
	enum drop_reason why, run = DROP_MAX;
	struct weir_event *dropped[BURST_MAX];
	uint16_t kept = 0, out = 0;

	for (uint16_t i = 0; i < n; i++) {
		why = drop_why(&seat->drops, events[i]);
		if (why == DROP_MAX) {
			events[kept++] = events[i];
			continue;
		}
		if (why != run && out > 0) {
			worker_drop(seat->worker, run, dropped, out);
			out = 0;
		}
		run = why;
		dropped[out++] = events[i];
	}
	if (out > 0)
		worker_drop(seat->worker, run, dropped, out);
	return kept;
}

/*
 * Poll for no more than the budget leaves. Vector code of drivers gives nothing for few: the last few
 * are asked for in full, and then there may be some more than the bound.
 */
static uint16_t
poll_bounded(struct loop *loop, const struct seat *seat, unsigned int room)
{
	struct control *control = loop->control;
	struct weir_worker *worker = seat->worker;
	unsigned int n = budget_take(control, room);
	uint16_t got;

	if (n == 0)
		return 0;
	got = worker->poll(worker, worker->state, loop->events, (uint16_t)n);
	if (got == 0 && n < seat->asked)
		got = worker->poll(worker, worker->state, loop->events, seat->asked);
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

/* Came in, but has no room yet: held until it has, and nothing is polled before it. */
static void
source_keep(struct seat *seat, struct weir_event *const events[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		seat->kept[i] = events[i];
	seat->kept_count = n;
	seat->least = UINT16_MAX;
	weir_hold(seat->worker, n);
}

static unsigned int
source_give_kept(struct seat *seat, unsigned int room)
{
	uint16_t n = (uint16_t)RTE_MIN(room, (unsigned int)seat->kept_count);

	weir_unhold(seat->worker, n);
	weir_forward(seat->worker, 0, seat->kept, n);
	seat->kept_count -= n;
	memmove(seat->kept, seat->kept + n, seat->kept_count * sizeof(seat->kept[0]));
	if (seat->kept_count == 0)
		seat->least = seat->asked;
	return n;
}

/* The room that there would be if nothing waited in the rings behind. */
static unsigned int
room_at_best(const struct weir_worker *worker)
{
	unsigned int room = worker->burst;

	for (uint16_t i = 0; i < worker->gate_count; i++)
		if (worker->gates[i].ring != NULL)
			room = RTE_MIN(room,
				worker->gates[i].ring->capacity / worker->gates[i].times);
	return room;
}

/* Packets of which none was asked for are work, too. */
static inline unsigned int
source_sifted(struct weir_worker *worker)
{
	unsigned int sifted = worker->sifted;

	worker->sifted = 0;
	return sifted;
}

/*
 * With less room than the source can be asked for: that is asked for all the same, and what has no
 * room is kept. Who finds nothing is still not idle where it is what waits behind that leaves no more.
 */
static __rte_noinline unsigned int
source_take_few(struct loop *loop, struct seat *seat, unsigned int room)
{
	struct weir_worker *worker = seat->worker;
	uint16_t got = 0, n, now;

	if (room > 0 && seat->kept_count > 0)
		return source_give_kept(seat, room);
	if (room > 0 && loop->control->bounded)
		got = poll_bounded(loop, seat, seat->asked);
	else if (room > 0)
		got = worker->poll(worker, worker->state, loop->events, seat->asked);
	if (got == 0) {
		if (room < room_at_best(worker))
			seat_block(loop, seat);
		return source_sifted(worker);
	}
	stat_add(&worker->stats->in, got);
	n = seat->drops_any ? source_filter(seat, loop->events, got) : got;
	now = (uint16_t)RTE_MIN(room, (unsigned int)n);
	if (now < n)
		source_keep(seat, loop->events + now, n - now);
	weir_forward(worker, 0, loop->events, now);
	return got;
}

/* What the source gives, put on its way but not published. */
static unsigned int
source_take(struct loop *loop, struct seat *seat)
{
	struct weir_worker *worker = seat->worker;
	unsigned int room = worker_room(worker, worker->burst);
	uint16_t got, n;

	if (unlikely(room < seat->least))
		return source_take_few(loop, seat, room);
	if (unlikely(loop->control->bounded))
		got = poll_bounded(loop, seat, room);
	else
		got = worker->poll(worker, worker->state, loop->events, (uint16_t)room);
	if (got == 0)
		return source_sifted(worker);
	stat_add(&worker->stats->in, got);
	n = got;
	if (unlikely(seat->drops_any))
		n = source_filter(seat, loop->events, n);
	weir_forward(worker, 0, loop->events, n);
	return got;
}

/* What lingers in a worker's outputs waits no longer than its link says, nor where nothing comes. */
static inline void
seat_linger(const struct seat *seat, bool moved)
{
	if (unlikely(seat->worker->lingers))
		worker_linger(seat->worker, moved);
}

unsigned int
source_pass(struct loop *loop, struct seat *seat)
{
	unsigned int moved = source_take(loop, seat);

	worker_publish(seat->worker);
	seat_linger(seat, moved > 0);
	return moved;
}

void
source_tell(struct seat *seat)
{
	struct weir_worker *worker = seat->worker;

	/* Not before what came in earlier. */
	while (seat->kept_count == 0 && worker_room(worker, 1) > 0) {
		struct weir_event *event = port_event(worker);

		if (event == NULL)
			break;
		weir_forward(worker, 0, &event, 1);
		worker_publish(worker);
	}
}

/* One burst of all inputs: one room, one process(), one publish, however many they are. */
static unsigned int
stage_pull(struct loop *loop, struct seat *seat)
{
	struct weir_worker *worker = seat->worker;
	unsigned int room, n;

	if (worker->input_count == 0)
		return 0;
	room = worker_room(worker, worker->burst);
	if (unlikely(room == 0)) {
		if (worker_waits(worker))
			seat_block(loop, seat);
		return 0;
	}
	n = worker_gather(worker, loop->events, room);
	if (n == 0)
		return 0;
	worker_process(worker, loop->events, (uint16_t)n);
	return n;
}

unsigned int
stage_tick(struct seat *seat)
{
	struct weir_worker *worker = seat->worker;
	unsigned int moved;

	if (worker->tick == NULL)
		return 0;
	if (seat->tick_cycles != 0)
		seat->ticked = rte_rdtsc();
	moved = worker->tick(worker, worker->state, worker_room_out(worker));
	worker_publish(worker);
	return moved;
}

/* Whether a tick() is due by the clock, which only those look at that have a bound. */
static bool
tick_due(const struct seat *seat)
{
	return seat->tick_cycles != 0 && rte_rdtsc() - seat->ticked >= seat->tick_cycles;
}

/* What came to the stage so far, over rings and by calls. */
static inline uint64_t
stage_came(const struct weir_worker *worker)
{
	return worker->stats->in - worker->shed;
}

unsigned int
stage_pass(struct loop *loop, struct seat *seat, bool housekeeping)
{
	struct weir_worker *worker = seat->worker;
	unsigned int moved = stage_pull(loop, seat);
	bool came = stage_came(worker) != seat->came;

	if (worker->tick != NULL && (housekeeping || !came || tick_due(seat)))
		moved += stage_tick(seat);
	seat->came = stage_came(worker);
	seat_linger(seat, came);
	return moved;
}

unsigned int
seat_pass(struct loop *loop, struct seat *seat, bool housekeeping)
{
	__atomic_store_n(&loop->at, seat, __ATOMIC_RELAXED);
	if (seat->worker->poll != NULL)
		return source_pass(loop, seat);
	return stage_pass(loop, seat, housekeeping);
}

static unsigned int
source_pass_timed(struct loop *loop, struct seat *seat)
{
	unsigned int moved = source_take(loop, seat);

	worker_probe(seat->worker);
	worker_publish(seat->worker);
	seat_linger(seat, moved > 0);
	return moved;
}

unsigned int
seat_pass_timed(struct loop *loop, struct seat *seat, bool housekeeping)
{
	uint64_t start = rte_rdtsc();
	unsigned int moved;

	loop->sample.nested = 0;
	__atomic_store_n(&loop->at, seat, __ATOMIC_RELAXED);
	moved = seat->worker->poll != NULL ? source_pass_timed(loop, seat) :
					     stage_pass(loop, seat, housekeeping);
	if (moved > 0)
		worker_sample(seat->worker, start, 0);
	return moved;
}
