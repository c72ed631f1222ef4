/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The watchdog: lcores that make no pass, and workers that do not move with events waiting. */
#include <rte_cycles.h>

#include "engine_private.h"

/* After so many an lcore stands still; as long as it may wait it makes no pass. */
static uint64_t
stall_cycles(const struct loop *loop)
{
	return loop->engine->conf.stall_ms * (rte_get_tsc_hz() / MS_PER_S) +
		stat_read(&loop->longest);
}

static unsigned int
stall_ms(const struct loop *loop)
{
	return (unsigned int)(stall_cycles(loop) / (rte_get_tsc_hz() / MS_PER_S));
}

static unsigned int
inputs_count(const struct weir_worker *worker)
{
	unsigned int n = 0;

	for (uint16_t i = 0; i < worker->input_count; i++)
		n += rte_ring_count(worker->inputs[i].ring);
	return n;
}

/* What a worker has been given and has not yet passed on, ended or put aside. */
static int64_t
worker_in_hand(const struct worker_stats *stats)
{
	uint64_t out = stat_read(&stats->out) + stat_read(&stats->released) +
		stat_read(&stats->held) + worker_stats_dropped(stats);

	return (int64_t)(stat_read(&stats->in) + stat_read(&stats->created) - out);
}

/*
 * Of an lcore that does not come back: the worker furthest downstream that has events in hand, for
 * the one whose turn it is may have called it; or else that one, and the first before any turn.
 */
const struct seat *
loop_busy_seat(const struct loop *loop)
{
	const struct seat *at = __atomic_load_n(&loop->at, __ATOMIC_RELAXED);

	for (unsigned int i = 0; i < loop->seat_count; i++)
		if (worker_in_hand(loop->seats[i]->worker->stats) > 0)
			return loop->seats[i];
	return at != NULL ? at : loop->seats[0];
}

/* Once for each stall. */
static void
seat_report(struct weir_engine *engine, struct seat *seat, unsigned int waiting, uint64_t now)
{
	const struct loop *loop = engine_loop(engine, seat->plan->lcore);
	bool blocked = __atomic_load_n(&loop->state, __ATOMIC_RELAXED) == LCORE_BLOCKED;

	if (seat->stalled)
		return;
	seat->stalled = true;
	if (watch_note(engine, WATCH_STUCK_WORKER, now))
		watch_log("'%s': %s[%u] on lcore %u has not moved for %u ms with %u events "
			  "waiting: %s\n",
			weir_engine_name(engine), seat->node->name, seat->plan->index,
			seat->plan->lcore, stall_ms(loop), waiting,
			blocked ? "an output is full" :
				  "its lcore is stuck or does not get its CPU");
}

static bool
seat_watch(struct weir_engine *engine, struct seat *seat, uint64_t now)
{
	uint64_t in = stat_read(&seat->worker->stats->in);
	unsigned int waiting = inputs_count(seat->worker);
	const struct loop *loop = engine_loop(engine, seat->plan->lcore);

	/* What comes to one that is done, round a cycle, is not waited for. */
	if (waiting == 0 || __atomic_load_n(&seat->done, __ATOMIC_ACQUIRE) || in != seat->seen_in ||
		seat->seen_at == 0 || loop->stalled) {
		seat->seen_in = in;
		seat->seen_at = now;
		seat->stalled = false;
		return false;
	}
	if (now - seat->seen_at < stall_cycles(loop))
		return false;
	seat_report(engine, seat, waiting, now);
	return true;
}

static void
loop_report(struct weir_engine *engine, struct loop *loop, uint64_t now)
{
	const struct seat *seat = loop_busy_seat(loop);

	if (loop->stalled)
		return;
	loop->stalled = true;
	if (watch_note(engine, WATCH_STUCK_LCORE, now))
		watch_log("'%s': lcore %u has made no pass for %u ms: %s[%u] (%s) does not "
			  "return, or the lcore does not get its CPU\n",
			weir_engine_name(engine), loop->lcore, stall_ms(loop), seat->node->name,
			seat->plan->index, seat->worker->type);
}

/* An lcore that makes no pass at all: whatever its workers have waiting, or not. */
static bool
loop_watch(struct weir_engine *engine, struct loop *loop, uint64_t now)
{
	uint64_t passes = stat_read(&loop->passes);

	if (!loop->launched || __atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE) ||
		passes != loop->seen_passes || loop->seen_at == 0) {
		loop->seen_passes = passes;
		loop->seen_at = now;
		loop->stalled = false;
		return false;
	}
	if (now - loop->seen_at < stall_cycles(loop))
		return false;
	loop_report(engine, loop, now);
	return true;
}

/* Whatever was seen is compared with no more: what stood still may not have been able to move. */
void
watch_stuck_afresh(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		engine->loops[i].seen_at = 0;
	for (unsigned int i = 0; i < engine->seat_count; i++)
		engine->seats[i].seen_at = 0;
}

unsigned int
watch_stuck(struct weir_engine *engine, uint64_t now)
{
	unsigned int stuck = 0;

	for (unsigned int i = 0; i < engine->loop_count; i++)
		stuck += loop_watch(engine, &engine->loops[i], now);
	for (unsigned int i = 0; i < engine->seat_count; i++)
		stuck += seat_watch(engine, &engine->seats[i], now);
	return stuck;
}
