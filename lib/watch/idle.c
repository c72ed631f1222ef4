/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * How long an engine has been idle: nothing waits anywhere, and every lcore has looked. That an
 * lcore looked is told by its passes, not by a clock: one that does not get its CPU has not seen
 * what waits at its port.
 */
#include <rte_cycles.h>

#include "watch_private.h"

/* Two looks are at least so far apart: in less, an lcore that shares its CPU makes no pass. */
#define IDLE_LOOK_MS 10

/* In the last look's pass of its lcore, or since. */
static bool
seat_was_blocked(const struct weir_engine *engine, const struct seat *seat)
{
	const struct loop *loop = engine_loop(engine, seat->plan->lcore);
	uint64_t pass = stat_read(&seat->blocked_pass);

	return pass != 0 && pass >= engine->watch->loops[loop->index].idle_passes;
}

static bool
seat_pending(const struct seat *seat)
{
	const struct weir_worker *worker = seat->worker;
	bool (*pending)(const struct weir_worker *worker, const void *state) = seat->node->source ?
		seat->node->source_ops->pending :
		seat->node->stage_ops->pending;

	if (stat_read(&worker->stats->held) > 0)
		return true;
	return pending != NULL && pending(worker, worker->state);
}

/* Whether anything waits, or moved since the last look. */
static bool
engine_works(struct weir_engine *engine)
{
	uint64_t before = engine->watch->idle_progress;

	engine->watch->idle_progress = watch_progress(engine);
	if (engine->watch->idle_progress != before)
		return true;
	for (unsigned int i = 0; i < engine->joint_count; i++)
		if (ring_count(engine->joints[i].ring) > 0)
			return true;
	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (seat_was_blocked(engine, &engine->seats[i]) || seat_pending(&engine->seats[i]))
			return true;
	return false;
}

/* It made a pass since the last look; or it waits, for no longer than it may, with nothing in hand. */
static bool
loop_looks(const struct loop *loop, struct loop_seen *seen, uint64_t now)
{
	uint64_t passes = stat_read_acquire(&loop->passes);

	if (passes != seen->idle_passes) {
		seen->idle_passes = passes;
		seen->idle_at = now;
		return true;
	}
	return passes > 0 && now - seen->idle_at <= stat_read(&loop->longest) &&
		!loop_in_hand(loop);
}

static bool
loops_look(struct weir_engine *engine, uint64_t now)
{
	bool all = true;

	for (unsigned int i = 0; i < engine->loop_count; i++)
		all &= loop_looks(&engine->loops[i], &engine->watch->loops[i], now);
	return all;
}

/* Of the time since the last look no more counts than a stall: nobody was there to look. */
static uint64_t
idle_step(const struct weir_engine *engine, uint64_t now)
{
	uint64_t most = engine->conf.stall_ms * (rte_get_tsc_hz() / MS_PER_S);

	return RTE_MIN(now - engine->watch->idle_at, most);
}

double
weir_engine_idle(struct weir_engine *engine)
{
	uint64_t now = rte_rdtsc();
	struct watch *watch;
	bool works, look;

	if (engine == NULL || stat_read(&engine->start_tsc) == 0 || engine_stopped(engine))
		return 0;
	watch = engine->watch;
	if (now - watch->idle_at < IDLE_LOOK_MS * (rte_get_tsc_hz() / MS_PER_S))
		return (double)watch->idle / (double)rte_get_tsc_hz();
	/* By the passes of the last look, which are noted anew after that. */
	works = engine_works(engine);
	look = loops_look(engine, now);
	if (works || watch->idle_at == 0)
		watch->idle = 0;
	else if (look)
		watch->idle += idle_step(engine, now);
	watch->idle_at = now;
	return (double)watch->idle / (double)rte_get_tsc_hz();
}
