/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The watchdog: workers that have not moved with work waiting. */
#include <rte_cycles.h>
#include <rte_log.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_watch, lib.weir.watch, NOTICE);

static unsigned int
inputs_count(const struct weir_worker *worker)
{
	unsigned int n = 0;

	for (uint16_t i = 0; i < worker->input_count; i++)
		n += rte_ring_count(worker->inputs[i].ring);
	return n;
}

static const struct loop *
seat_loop(const struct weir_engine *engine, const struct seat *seat)
{
	const struct loop *loop = engine->loops;

	while (loop->lcore != seat->plan->lcore)
		loop++;
	return loop;
}

/* Log once for each stall. */
static void
seat_report(const struct weir_engine *engine, struct seat *seat, unsigned int waiting)
{
	bool blocked =
		__atomic_load_n(&seat_loop(engine, seat)->state, __ATOMIC_RELAXED) == LCORE_BLOCKED;

	if (seat->stalled)
		return;
	seat->stalled = true;
	rte_log(RTE_LOG_WARNING, (uint32_t)logtype_watch,
		"'%s': %s[%u] on lcore %u has not moved for %u ms with %u events waiting: %s\n",
		weir_engine_name(engine), seat->node->name, seat->plan->index, seat->plan->lcore,
		engine->conf.stall_ms, waiting,
		blocked ? "an output is full" : "its lcore is stuck or does not get its CPU");
}

static bool
seat_watch(const struct weir_engine *engine, struct seat *seat, uint64_t now)
{
	uint64_t in = stat_read(&seat->worker->stats->in);
	unsigned int waiting = inputs_count(seat->worker);

	if (waiting == 0 || in != seat->seen_in || seat->seen_at == 0 ||
		seat_loop(engine, seat)->stalled) {
		seat->seen_in = in;
		seat->seen_at = now;
		seat->stalled = false;
		return false;
	}
	if (now - seat->seen_at < engine->conf.stall_ms * (rte_get_tsc_hz() / MS_PER_S))
		return false;
	seat_report(engine, seat, waiting);
	return true;
}

/* An lcore that makes no pass at all: whatever its workers have waiting, or not. */
static bool
loop_watch(const struct weir_engine *engine, struct loop *loop, uint64_t now)
{
	uint64_t passes = stat_read(&loop->passes);

	if (!loop->launched || __atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE) ||
		passes != loop->seen_passes || loop->seen_at == 0) {
		loop->seen_passes = passes;
		loop->seen_at = now;
		loop->stalled = false;
		return false;
	}
	if (now - loop->seen_at < engine->conf.stall_ms * (rte_get_tsc_hz() / MS_PER_S))
		return false;
	if (!loop->stalled)
		rte_log(RTE_LOG_WARNING, (uint32_t)logtype_watch,
			"'%s': lcore %u has made no pass for %u ms: one of its workers (%s[%u] first) "
			"does not return, or it does not get its CPU\n",
			weir_engine_name(engine), loop->lcore, engine->conf.stall_ms,
			loop->seats[0]->node->name, loop->seats[0]->plan->index);
	loop->stalled = true;
	return true;
}

unsigned int
weir_engine_watch(struct weir_engine *engine)
{
	uint64_t now = rte_rdtsc();
	unsigned int stalled = 0;

	if (stat_read(&engine->start_tsc) == 0 || engine->stopped)
		return 0;
	engine_announce(engine, false);
	for (unsigned int i = 0; i < engine->loop_count; i++)
		stalled += loop_watch(engine, &engine->loops[i], now);
	for (unsigned int i = 0; i < engine->seat_count; i++)
		stalled += seat_watch(engine, &engine->seats[i], now);
	return stalled;
}
