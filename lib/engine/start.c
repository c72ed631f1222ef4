/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* An engine at work: how its lcores start, and those that the application polls or gives over. */
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "engine_private.h"

/* How long lcores are given to begin, where that is waited for, and how often it is looked at. */
#define BEGIN_MS 1000
#define LOOK_US 100

/* The first of those who start or poll sets the clock; whether that is this one. */
static bool
engine_clock_start(struct weir_engine *engine)
{
	uint64_t unset = 0;

	return __atomic_compare_exchange_n(&engine->start_tsc, &unset, rte_rdtsc(), false,
		__ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/*
 * Back to before a start that failed, but for the events that came in meanwhile, and for a stop
 * that was asked for. Where an lcore does not return the engine is left for weir_engine_stop().
 */
static void
start_undo(struct weir_engine *engine, bool clock)
{
	__atomic_store_n(&engine->control->order, ORDER_ABANDON, __ATOMIC_RELEASE);
	if (engine_loops_join(engine, engine_grace_end(engine)) > 0) {
		engine_set_started(engine);
		return;
	}
	for (unsigned int i = 0; i < engine->loop_count; i++)
		loop_rewind(&engine->loops[i]);
	if (clock)
		__atomic_store_n(&engine->start_tsc, 0, __ATOMIC_RELAXED);
	/* Who asks for a stop says so before he looks at the order: one of us sees the other. */
	__atomic_store_n(&engine->control->order, ORDER_RUN, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&engine->stop_asked, __ATOMIC_SEQ_CST))
		weir_engine_stop_request(engine);
}

/* Until all that were launched have begun, or that takes too long. */
static void
loops_begin(const struct weir_engine *engine)
{
	uint64_t deadline = rte_rdtsc() + BEGIN_MS * (rte_get_tsc_hz() / MS_PER_S);

	for (unsigned int i = 0; i < engine->loop_count; i++) {
		const struct loop *loop = &engine->loops[i];

		while (loop_held(loop) && __atomic_load_n(&loop->stack, __ATOMIC_ACQUIRE) == NULL &&
			rte_rdtsc() < deadline)
			usleep(LOOK_US);
	}
}

/* What can be known of stacks only when they are in use. */
static int
stacks_check(struct weir_engine *engine, bool first, struct weir_error *error)
{
	int rc;

	if (pipeline_of(engine)->conf.numa != NUMA_STRICT)
		return 0;
	loops_begin(engine);
	rc = engine_memory_check(engine, true, error);
	if (rc != 0)
		start_undo(engine, first);
	return rc;
}

/* Launch a loop; 0: so it is, or it is for others; -EBUSY with `error`. */
static int
loop_launch(struct loop *loop, struct weir_error *error)
{
	enum rte_lcore_role_t role = rte_eal_lcore_role(loop->lcore);
	int rc;

	if (loop->runs != RUNS_LAUNCHED || loop->lcore == rte_lcore_id())
		return 0;
	if (role != ROLE_RTE)
		return weir_error_set(error, EBUSY,
			"lcore %u %s by now: weir launches nothing there; make another plan",
			loop->lcore, plan_lcore_whose(role));
	/* Before it is: nobody else may poll it then. */
	__atomic_store_n(&loop->holder, HOLDER_LAUNCHED, __ATOMIC_RELAXED);
	rc = rte_eal_remote_launch(loop_main, loop, loop->lcore);
	if (rc == 0)
		return 0;
	__atomic_store_n(&loop->holder, HOLDER_NOBODY, __ATOMIC_RELAXED);
	return weir_error_set(error, -rc,
		"lcore %u runs something else: another engine, or a loop of the application; give "
		"this pipeline other `lcores`",
		loop->lcore);
}

int
weir_engine_start(struct weir_engine *engine, struct weir_error *error)
{
	bool first;
	int rc = 0;

	if (engine == NULL)
		return weir_error_set(error, EINVAL, NO_ENGINE);
	if (engine_started(engine) || engine_stopped(engine))
		return weir_error_set(error, EALREADY,
			"'%s' was started before: make another engine", weir_engine_name(engine));
	rc = engine_adopted_begin(engine, error);
	if (rc != 0)
		return rc;
	engine_links_wait(engine);
	first = engine_clock_start(engine);
	for (unsigned int i = 0; rc == 0 && i < engine->loop_count; i++)
		rc = loop_launch(&engine->loops[i], error);
	if (rc != 0) {
		start_undo(engine, first);
		return rc;
	}
	rc = stacks_check(engine, first, error);
	if (rc == 0)
		engine_set_started(engine);
	return rc;
}

int
weir_worker_poll(struct weir_engine *engine, unsigned int lcore)
{
	struct loop *loop;

	if (unlikely(engine == NULL))
		return -EINVAL;
	loop = engine_loop(engine, lcore);
	if (loop == NULL)
		return -ENOENT;
	if (unlikely(loop_holder(loop) != HOLDER_NOBODY))
		return -EBUSY;
	if (unlikely(stat_read(&engine->start_tsc) == 0)) {
		if (engine_adopted_begin(engine, NULL) != 0)
			return -ENETDOWN;
		engine_clock_start(engine);
	}
	if (unlikely(__atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE)))
		return -ESHUTDOWN;
	return loop_pass_polled(loop);
}

bool
weir_engine_polled(const struct weir_engine *engine, unsigned int lcore)
{
	const struct loop *loop = engine != NULL ? engine_loop(engine, lcore) : NULL;

	return loop != NULL && loop_holder(loop) == HOLDER_NOBODY;
}

/* The calling thread runs a loop, if it is for that, and if it is the one. */
static int
loop_take(struct weir_engine *engine, struct loop *loop)
{
	if (__atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE))
		return -ESHUTDOWN;
	if (loop->runs != RUNS_GIVEN)
		return -EBUSY;
	if (!engine_started(engine))
		return engine_stopped(engine) ? -ESHUTDOWN : -EAGAIN;
	if (loop_claim(loop))
		return 0;
	/* Who stops the engine has it, or had. */
	return loop_holder(loop) == HOLDER_NOBODY ? -ESHUTDOWN : -EBUSY;
}

int
weir_worker_run(struct weir_engine *engine, unsigned int lcore)
{
	struct loop *loop;
	int rc;

	if (engine == NULL)
		return -EINVAL;
	loop = engine_loop(engine, lcore);
	if (loop == NULL)
		return -ENOENT;
	rc = loop_take(engine, loop);
	if (rc != 0)
		return rc;
	loop_run(loop);
	/* The thread may go, and with it what gives its cache a name. */
	engine_pools_flush(engine);
	loop_leave(loop);
	return 0;
}
