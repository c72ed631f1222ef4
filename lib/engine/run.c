/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* An engine at work: start, poll, drain, stop. */
#include <limits.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_engine, lib.weir.engine, NOTICE);
#define ENGINE_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_engine, __VA_ARGS__)

/* How often stop looks whether the lcores have returned. */
#define STOP_LOOK_US 100
/* How long lcores may take for their pass, besides waits, once told to return at once. */
#define GRACE_MS 1000

static uint64_t
deadline_in(unsigned int ms)
{
	return rte_rdtsc() + ms * (rte_get_tsc_hz() / MS_PER_S);
}

/* The first of those who start or poll sets the clock; whether that is this one. */
static bool
engine_clock_start(struct weir_engine *engine)
{
	uint64_t unset = 0;

	return __atomic_compare_exchange_n(&engine->start_tsc, &unset, rte_rdtsc(), false,
		__ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Wait until the lcores have returned, or the time is up; how many have not. */
static unsigned int
loops_join(struct weir_engine *engine, uint64_t deadline)
{
	unsigned int out = 0;

	for (unsigned int i = 0; i < engine->loop_count; i++) {
		struct loop *loop = &engine->loops[i];

		if (!loop->launched)
			continue;
		while (!__atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE) &&
			rte_rdtsc() < deadline)
			usleep(STOP_LOOK_US);
		if (__atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE)) {
			rte_eal_wait_lcore(loop->lcore);
			loop->launched = false;
		} else {
			out++;
		}
	}
	return out;
}

/* What is launched after loops_join() has not returned. */
bool
engine_seat_out(const struct weir_engine *engine, const struct seat *seat)
{
	return engine->out > 0 && engine_loop(engine, seat->plan->lcore)->launched;
}

static uint64_t
grace_end(const struct weir_engine *engine)
{
	return deadline_in(GRACE_MS) + engine_longest_wait(engine);
}

/*
 * Back to before a start that failed, but for the events that came in meanwhile, and for a stop
 * that was asked for. Where an lcore does not return the engine is left for weir_engine_stop().
 */
static void
start_undo(struct weir_engine *engine, bool clock)
{
	__atomic_store_n(&engine->control->order, ORDER_ABANDON, __ATOMIC_RELEASE);
	if (loops_join(engine, grace_end(engine)) > 0) {
		engine->launched = true;
		return;
	}
	for (unsigned int i = 0; i < engine->loop_count; i++) {
		struct loop *loop = &engine->loops[i];

		loop->finished = 0;
		loop->tid = 0;
		loop->since = 0;
		loop->state = LCORE_IDLE;
	}
	if (clock)
		__atomic_store_n(&engine->start_tsc, 0, __ATOMIC_RELAXED);
	/* Who asks for a stop says so before he looks at the order: one of us sees the other. */
	__atomic_store_n(&engine->control->order, ORDER_RUN, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&engine->stop_asked, __ATOMIC_SEQ_CST))
		weir_engine_stop_request(engine);
}

int
weir_engine_start(struct weir_engine *engine, struct weir_error *error)
{
	bool first;

	if (engine->launched || engine->stopped)
		return weir_error_set(error, EALREADY,
			"'%s' was started before: make another engine", weir_engine_name(engine));
	first = engine_clock_start(engine);
	for (unsigned int i = 0; i < engine->loop_count; i++) {
		struct loop *loop = &engine->loops[i];
		int rc;

		if (loop->lcore == rte_get_main_lcore() || loop->lcore == rte_lcore_id())
			continue;
		rc = rte_eal_remote_launch(loop_main, loop, loop->lcore);
		if (rc == 0) {
			loop->launched = true;
			continue;
		}
		start_undo(engine, first);
		return weir_error_set(error, -rc,
			"lcore %u runs something else: another engine, or a loop of the application; "
			"give this pipeline other `lcores`",
			loop->lcore);
	}
	engine->launched = true;
	return 0;
}

int
weir_worker_poll(struct weir_engine *engine, unsigned int lcore)
{
	struct loop *loop = engine_loop(engine, lcore);

	if (loop == NULL)
		return -ENOENT;
	if (loop->launched)
		return -EBUSY;
	if (unlikely(stat_read(&engine->start_tsc) == 0))
		engine_clock_start(engine);
	if (unlikely(loop->finished))
		return -ESHUTDOWN;
	return loop_pass_polled(loop);
}

bool
weir_engine_polled(const struct weir_engine *engine, unsigned int lcore)
{
	const struct loop *loop = engine_loop(engine, lcore);

	return loop != NULL && !loop->launched;
}

void
weir_engine_stop_request(struct weir_engine *engine)
{
	uint32_t run = ORDER_RUN;

	__atomic_store_n(&engine->stop_asked, true, __ATOMIC_SEQ_CST);
	__atomic_compare_exchange_n(&engine->control->order, &run, ORDER_DRAIN, false,
		__ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

bool
weir_engine_drained(const struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		if (!__atomic_load_n(&engine->loops[i].finished, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* Poll what is not launched; how many events moved. */
static int
loops_poll(struct weir_engine *engine)
{
	int moved = 0;

	for (unsigned int i = 0; i < engine->loop_count; i++) {
		struct loop *loop = &engine->loops[i];

		if (!loop->launched && !loop->finished)
			moved += RTE_MAX(loop_pass(loop), 0);
	}
	return moved;
}

/*
 * What is left in a ring after the time was up goes with a name, at its consumer. On a feedback
 * link something may always be left, put there after its consumer was done.
 */
static unsigned int
joint_abandon(struct joint *joint)
{
	struct weir_worker *worker = joint->lane->consumer;

	if (!joint->consumer->feedback)
		return ring_consumer_lose(joint->consumer, worker, DROP_DRAIN_ABANDONED, UINT_MAX);
	ring_consumer_lose(joint->consumer, worker, DROP_FEEDBACK_CLOSED, UINT_MAX);
	return 0;
}

/* What a source was given, but had no time to pass on, came in all the same. */
static unsigned int
source_abandon(struct seat *seat)
{
	const struct source_ops *ops = seat->node->source_ops;
	struct weir_worker *worker = seat->worker;
	struct weir_event *events[BURST_MAX];
	unsigned int all = 0;

	while (ops != NULL && ops->drain != NULL && ops->drain(worker, worker->state) > 0) {
		uint16_t n = ops->poll(worker, worker->state, events, BURST_MAX);

		stat_add(&worker->stats->in, n);
		worker_drop(worker, DROP_DRAIN_ABANDONED, events, n);
		all += n;
	}
	return all;
}

static unsigned int
workers_abandon(struct weir_engine *engine)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (!engine_seat_out(engine, &engine->seats[i]))
			left += source_abandon(&engine->seats[i]);
	for (unsigned int i = 0; i < engine->joint_count; i++) {
		struct joint *joint = &engine->joints[i];

		if (!engine_seat_out(engine, &engine->seats[joint->pair->consumer]))
			left += joint_abandon(joint);
	}
	return left;
}

/*
 * Of the lcores that have returned nobody else writes any more; what the others may come back to
 * is left alone. Sources stay until the engine goes: their figures are read, and an application may
 * still try to hand something in.
 */
static void
engine_finish(struct weir_engine *engine)
{
	unsigned int left = workers_abandon(engine);

	engine_workers_fini(engine, false);
	engine_ports_stop(engine);
	engine_announce(engine, true);
	if (!engine->stopped)
		engine->stop_tsc = rte_rdtsc();
	__atomic_store_n(&engine->stopped, true, __ATOMIC_RELEASE);
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
		const struct seat *seat = loop_busy_seat(loop);

		if (loop->launched)
			ENGINE_LOG(ERR,
				"'%s': lcore %u does not return from %s[%u] (%s): what it has stays "
				"in flight\n",
				weir_engine_name(engine), loop->lcore, seat->node->name,
				seat->plan->index, seat->worker->type);
	}
}

/* The end of a stop before which lcores were given up: 0 when the last of them has come back. */
static int
engine_stop_again(struct weir_engine *engine, uint64_t deadline)
{
	unsigned int before = engine->out;

	if (before == 0)
		return 0;
	engine->out = loops_join(engine, deadline);
	if (engine->out < before)
		engine_finish(engine);
	return engine->out == 0 ? 0 : -ETIMEDOUT;
}

int
weir_engine_stop(struct weir_engine *engine, unsigned int timeout_ms)
{
	uint64_t deadline = deadline_in(timeout_ms);

	if (engine->stopped)
		return engine_stop_again(engine, deadline);
	weir_engine_stop_request(engine);
	while (!weir_engine_drained(engine) && rte_rdtsc() < deadline)
		if (loops_poll(engine) == 0)
			usleep(STOP_LOOK_US);
	engine->timed_out = !weir_engine_drained(engine);
	if (engine->timed_out) {
		__atomic_store_n(&engine->control->order, ORDER_ABANDON, __ATOMIC_RELEASE);
		loops_poll(engine);
	}
	engine->out = loops_join(engine, grace_end(engine));
	if (engine->out > 0)
		loops_give_up(engine);
	watch_lost_last(engine);
	engine_finish(engine);
	return engine->timed_out ? -ETIMEDOUT : 0;
}

uint64_t
engine_cycles(const struct weir_engine *engine)
{
	uint64_t start = stat_read(&engine->start_tsc);

	if (start == 0)
		return 0;
	return (engine->stopped ? engine->stop_tsc : rte_rdtsc()) - start;
}

double
weir_engine_elapsed(const struct weir_engine *engine)
{
	return (double)engine_cycles(engine) / (double)rte_get_tsc_hz();
}
