/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The watchdog: lcores that make no pass, and workers that do not move with events waiting. */
#include <rte_cycles.h>

#include "watch_private.h"

/* After so many an lcore stands still; as long as it may wait it makes no pass. */
static uint64_t
stall_cycles(const struct weir_engine *engine, const struct loop *loop)
{
	return engine->conf.stall_ms * (rte_get_tsc_hz() / MS_PER_S) + stat_read(&loop->longest);
}

/* After so many without a pass; 0: that is not watched, for nobody came to run it, or by nobody's wish. */
static uint64_t
pass_cycles(const struct weir_engine *engine, const struct loop *loop)
{
	if (loop_holder(loop) == HOLDER_NOBODY)
		return engine->conf.polled_stall_ms * (rte_get_tsc_hz() / MS_PER_S);
	return loop_held(loop) ? stall_cycles(engine, loop) : 0;
}

static unsigned int
cycles_ms(uint64_t cycles)
{
	return (unsigned int)(cycles / (rte_get_tsc_hz() / MS_PER_S));
}

static unsigned int
inputs_count(const struct weir_worker *worker)
{
	unsigned int n = 0;

	for (uint16_t i = 0; i < worker->input_count; i++)
		n += ring_count(worker->inputs[i].ring);
	return n;
}

/* Its own room() says so, not a ring behind it: of a sink, say. */
static bool
seat_is_full(const struct seat *seat)
{
	for (unsigned int i = 0; i < seat->gate_count; i++) {
		const struct ring_producer *ring = seat->gates[i].ring;

		if (ring != NULL && ring->capacity - ring_count(ring->ring) < seat->gates[i].times)
			return false;
	}
	return seat->worker->room != NULL;
}

/* Whether it found no room. An lcore that is polled is in no state between two passes. */
static bool
seat_is_blocked(const struct loop *loop, const struct seat *seat)
{
	uint64_t pass = stat_read(&seat->blocked_pass);

	if (loop_holder(loop) == HOLDER_NOBODY)
		return pass != 0 && pass == stat_read(&loop->passes);
	return __atomic_load_n(&loop->state, __ATOMIC_RELAXED) == LCORE_BLOCKED;
}

/* Why it does not move. */
static const char *
seat_why(const struct loop *loop, const struct seat *seat)
{
	static const char *const whys[] = {
		[HOLDER_NOBODY] = "the application does not poll its lcore by weir_worker_poll()",
		[HOLDER_AWAITED] = "no thread runs its lcore by weir_worker_run()",
		[HOLDER_LAUNCHED] = "its lcore is stuck or does not get its CPU",
		[HOLDER_RUNNER] = "the thread that runs its lcore is stuck or does not get a CPU",
	};

	if (!seat_is_blocked(loop, seat))
		return whys[loop_holder(loop)];
	return seat_is_full(seat) ? "it has no room: where it writes or sends to takes no more" :
				    "an output is full";
}

/* Once for each stall. */
static void
seat_report(struct weir_engine *engine, const struct seat *seat, unsigned int waiting, uint64_t now)
{
	const struct loop *loop = engine_loop(engine, seat->plan->lcore);

	if (watch_note(engine, WATCH_STUCK_WORKER, now))
		watch_log("'%s': %s[%u] on lcore %u has not moved for %u ms with %u events "
			  "waiting: %s\n",
			weir_engine_name(engine), seat->node->name, seat->plan->index,
			seat->plan->lcore, cycles_ms(stall_cycles(engine, loop)), waiting,
			seat_why(loop, seat));
}

static bool
seat_watch(struct weir_engine *engine, const struct seat *seat, struct seat_seen *seen,
	uint64_t now)
{
	uint64_t in = stat_read(&seat->worker->stats->in);
	unsigned int waiting = inputs_count(seat->worker);
	const struct loop *loop = engine_loop(engine, seat->plan->lcore);

	/* What comes to one that is done, round a cycle, is not waited for. */
	if (waiting == 0 || __atomic_load_n(&seat->done, __ATOMIC_ACQUIRE) || in != seen->in ||
		seen->at == 0 || engine->watch->loops[loop->index].stalled) {
		*seen = (struct seat_seen){ .in = in, .at = now };
		return false;
	}
	if (now - seen->at < stall_cycles(engine, loop))
		return false;
	if (!seen->stalled)
		seat_report(engine, seat, waiting, now);
	seen->stalled = true;
	return true;
}

static void
loop_report(struct weir_engine *engine, const struct loop *loop, unsigned int ms, uint64_t now)
{
	bool polled = loop_holder(loop) == HOLDER_NOBODY;
	char text[SEAT_TEXT_SIZE];

	if (watch_note(engine, WATCH_STUCK_LCORE, now))
		watch_log("'%s': lcore %u has made no pass for %u ms: %s does not return, or %s\n",
			weir_engine_name(engine), loop->lcore, ms,
			engine_seat_text(engine, loop_busy_seat(loop), text),
			polled ? "the application does not call weir_worker_poll() for it" :
				 "the lcore does not get its CPU");
}

/* An lcore that makes no pass at all: whatever its workers have waiting, or not. */
static bool
loop_watch(struct weir_engine *engine, const struct loop *loop, struct loop_seen *seen,
	uint64_t now)
{
	uint64_t passes = stat_read(&loop->passes), most = pass_cycles(engine, loop);

	if (most == 0 || __atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE) ||
		passes != seen->passes || seen->at == 0) {
		seen->passes = passes;
		seen->at = now;
		seen->stalled = false;
		return false;
	}
	if (now - seen->at < most)
		return false;
	if (!seen->stalled)
		loop_report(engine, loop, cycles_ms(most), now);
	seen->stalled = true;
	return true;
}

/* Whatever was seen is compared with no more: what stood still may not have been able to move. */
void
watch_stuck_afresh(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		engine->watch->loops[i].at = 0;
	for (unsigned int i = 0; i < engine->seat_count; i++)
		engine->watch->seats[i].at = 0;
}

unsigned int
watch_stuck(struct weir_engine *engine, uint64_t now)
{
	struct watch *watch = engine->watch;
	unsigned int stuck = 0;

	for (unsigned int i = 0; i < engine->loop_count; i++)
		stuck += loop_watch(engine, &engine->loops[i], &watch->loops[i], now);
	for (unsigned int i = 0; i < engine->seat_count; i++)
		stuck += seat_watch(engine, &engine->seats[i], &watch->seats[i], now);
	return stuck;
}
