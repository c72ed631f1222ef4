/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How an engine drains and stops. */
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_log.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_engine, lib.weir.engine, NOTICE);
#define ENGINE_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_engine, __VA_ARGS__)

/* How often stop looks whether the workers have drained. */
#define STOP_LOOK_US 100

void
weir_engine_stop_request(struct weir_engine *engine)
{
	uint32_t run = ORDER_RUN;

	if (engine == NULL)
		return;
	__atomic_store_n(&engine->stop_asked, true, __ATOMIC_SEQ_CST);
	__atomic_compare_exchange_n(&engine->control->order, &run, ORDER_DRAIN, false,
		__ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static uint64_t
deadline_in(unsigned int ms)
{
	return rte_rdtsc() + ms * (rte_get_tsc_hz() / MS_PER_S);
}

bool
weir_engine_drained(const struct weir_engine *engine)
{
	for (unsigned int i = 0; engine != NULL && i < engine->loop_count; i++)
		if (!__atomic_load_n(&engine->loops[i].finished, __ATOMIC_ACQUIRE))
			return false;
	return engine != NULL;
}

/*
 * What nobody came for is for this thread from now on. Of an engine that was not started nobody could have
 * come.
 */
static void
loops_take_over(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		if (loop_unclaimed(&engine->loops[i]) && engine_started(engine))
			ENGINE_LOG(WARNING,
				"'%s': lcore %u is for weir_worker_run(), which no thread called: who "
				"stops the engine drains it\n",
				weir_engine_name(engine), engine->loops[i].lcore);
}

/* Poll what nobody holds; how many events moved. */
static int
loops_poll(struct weir_engine *engine)
{
	int moved = 0;

	for (unsigned int i = 0; i < engine->loop_count; i++) {
		struct loop *loop = &engine->loops[i];

		if (loop_holder(loop) == HOLDER_NOBODY &&
			!__atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE))
			moved += RTE_MAX(loop_pass(loop), 0);
	}
	return moved;
}

/*
 * Of the lcores that have returned nobody else writes any more; what the others may come back to
 * is left alone. Sources stay until the engine goes: their figures are read, and an application may
 * still try to hand something in.
 */
static void
engine_finish(struct weir_engine *engine)
{
	unsigned int left = engine_workers_abandon(engine);
	struct slow slow;

	slow_begin(&slow, engine);
	engine_workers_fini(engine, false, &slow);
	engine_lent_look(engine);
	engine->lent_most += engine_sent_most(engine);
	engine_ports_stop(engine, &slow);
	slow_end(&slow);
	engine_tell_stopped(engine);
	if (!engine_stopped(engine))
		engine->stop_tsc = rte_rdtsc();
	__atomic_store_n(&engine->stopped, true, __ATOMIC_RELEASE);
	__atomic_store_n(&engine->at_rest, engine->out == 0, __ATOMIC_RELEASE);
	if (left > 0)
		ENGINE_LOG(WARNING, "'%s' stopped with %u events undrained\n",
			weir_engine_name(engine), left);
}

static void
loops_give_up(struct weir_engine *engine)
{
	engine->gave_up = true;
	for (unsigned int i = 0; i < engine->loop_count; i++) {
		const struct loop *loop = &engine->loops[i];
		char text[SEAT_TEXT_SIZE];

		if (loop_held(loop))
			ENGINE_LOG(ERR,
				"'%s': lcore %u does not return from %s: what it has stays in "
				"flight\n",
				weir_engine_name(engine), loop->lcore,
				engine_seat_text(engine, loop_busy_seat(loop), text));
	}
}

/* The end of a stop before which lcores were given up: 0 when the last of them has come back. */
static int
engine_stop_again(struct weir_engine *engine, uint64_t deadline)
{
	unsigned int before = engine->out;

	if (before == 0)
		return 0;
	engine->out = engine_loops_join(engine, deadline);
	if (engine->out < before)
		engine_finish(engine);
	return engine->out == 0 ? 0 : -ETIMEDOUT;
}

int
weir_engine_stop(struct weir_engine *engine, unsigned int timeout_ms)
{
	uint64_t deadline = deadline_in(timeout_ms);

	if (engine == NULL)
		return -EINVAL;
	if (engine_stopped(engine))
		return engine_stop_again(engine, deadline);
	weir_engine_stop_request(engine);
	loops_take_over(engine);
	while (!weir_engine_drained(engine) && rte_rdtsc() < deadline)
		if (loops_poll(engine) == 0)
			usleep(STOP_LOOK_US);
	engine->timed_out = !weir_engine_drained(engine);
	if (engine->timed_out) {
		__atomic_store_n(&engine->control->order, ORDER_ABANDON, __ATOMIC_RELEASE);
		loops_poll(engine);
	}
	engine->out = engine_loops_join(engine, engine_grace_end(engine));
	if (engine->out > 0)
		loops_give_up(engine);
	engine_tell_returned(engine);
	engine_finish(engine);
	return engine->timed_out ? -ETIMEDOUT : 0;
}

double
weir_engine_elapsed(const struct weir_engine *engine)
{
	return engine == NULL ? 0 : (double)engine_cycles(engine) / (double)rte_get_tsc_hz();
}
