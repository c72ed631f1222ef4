/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How an lcore waits: as planned, as far as its ports give what that takes. */
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "loop_private.h"

RTE_LOG_REGISTER(logtype_wait, lib.weir.wait, NOTICE);
#define WAIT_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_wait, __VA_ARGS__)

/* The one input of an lcore, an RX queue or a ring, where the CPU can watch it. */
static void
loop_watch_find(struct loop *loop, const struct plan_lcore *plan)
{
	bool monitor, pause;

	wait_power(&monitor, &pause);
	if (!monitor || plan->made != 0 || plan->rx_queues + plan->rings != 1)
		return;
	for (unsigned int i = 0; i < loop->seat_count; i++) {
		const struct weir_worker *worker = loop->seats[i]->worker;

		if (worker->poll != NULL)
			loop->watch = (struct wait_watch){ .worker = worker,
				.port = worker->port,
				.queue = worker->queue };
		else if (worker->input_count > 0)
			loop->watch.ring = &worker->inputs[0];
	}
	loop->watchable = wait_watchable(&loop->watch);
	if (!loop->watchable && plan->idle.how == WEIR_WAIT_MONITOR)
		WAIT_LOG(NOTICE, "'%s': port %u does not say what to watch: lcore %u %s\n",
			weir_pipeline_name(loop->plan->pipeline), loop->watch.port, loop->lcore,
			pause ? "pauses by the CPU's timer" : "waits exponentially");
}

/* The interrupts of all RX queues of an lcore; 0, or -errno of the first that has none. */
static int
loop_queues_add(struct loop *loop)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < loop->seat_count; i++) {
		const struct weir_worker *worker = loop->seats[i]->worker;

		if (worker->poll != NULL && !worker_port_gone(worker))
			rc = wait_queues_add(loop->queues, worker);
	}
	return rc;
}

static int
loop_interrupt(struct loop *loop, const struct plan_lcore *plan)
{
	int rc;

	loop->queues = wait_queues_create(plan->rx_queues);
	if (loop->queues == NULL)
		return -ENOMEM;
	rc = loop_queues_add(loop);
	if (rc == 0)
		return 0;
	wait_queues_free(loop->queues);
	loop->queues = NULL;
	WAIT_LOG(NOTICE,
		"'%s': an RX queue of lcore %u has no interrupts (%s): it sleeps for %lu us at most\n",
		weir_pipeline_name(loop->plan->pipeline), loop->lcore, rte_strerror(-rc),
		(unsigned long)(plan->idle.max_ns / 1000));
	return 0;
}

/* As planned, as far as it can. */
static void
loop_waits_make(const struct loop *loop, const struct plan_waiting *idle,
	const struct plan_waiting *full, struct loop_waits *waits)
{
	const struct plan_lcore *lcore = plan_lcore(loop->plan, loop->lcore);
	enum weir_wait how = idle->how;
	bool monitor, pause;

	wait_power(&monitor, &pause);
	if (how == WEIR_WAIT_MONITOR && !loop->watchable && !pause)
		how = WEIR_WAIT_EXPONENTIAL;
	if (how == WEIR_WAIT_INTERRUPT && loop->queues == NULL)
		how = WEIR_WAIT_SLEEP;
	waiter_init(&waits->idle, how, idle->min_ns, idle->max_ns);
	if (how == WEIR_WAIT_MONITOR && loop->watchable)
		waits->idle.watch = &loop->watch;
	if (how == WEIR_WAIT_INTERRUPT)
		waits->idle.queues = loop->queues;
	waiter_init(&waits->full, full->how, full->min_ns, full->max_ns);
	if (lcore->tick_ns != 0)
		waiter_bound(&waits->idle, lcore->tick_ns);
}

void
loop_waits_by(const struct loop *loop, const struct weir_pipeline *pipeline,
	struct loop_waits *waits)
{
	const struct weir_plan *plan = loop->plan;
	struct plan_waiting idle, full;

	plan_waits_by(plan, pipeline, plan_lcore(plan, loop->lcore), &idle, &full);
	loop_waits_make(loop, &idle, &full, waits);
}

void
loop_waits_take(struct loop *loop, const struct loop_waits *waits)
{
	uint64_t ns = RTE_MAX(waiter_longest(&waits->idle), waiter_longest(&waits->full));

	loop->idle = waits->idle;
	loop->full = waits->full;
	__atomic_store_n(&loop->longest,
		(uint64_t)((double)ns * (double)rte_get_tsc_hz() / NS_PER_S), __ATOMIC_RELAXED);
}

int
loop_waits_init(struct loop *loop)
{
	const struct plan_lcore *plan = plan_lcore(loop->plan, loop->lcore);
	struct loop_waits waits;
	int rc = 0;

	loop_watch_find(loop, plan);
	if (plan->idle.how == WEIR_WAIT_INTERRUPT)
		rc = loop_interrupt(loop, plan);
	loop_waits_make(loop, &plan->idle, &plan->full, &waits);
	loop_waits_take(loop, &waits);
	return rc;
}

void
loop_port_leave(struct loop *loop, const struct weir_worker *worker)
{
	wait_queues_leave(loop->queues, worker);
	if (loop->watch.worker == worker)
		__atomic_store_n(&loop->watch.left, true, __ATOMIC_RELAXED);
}

void
loop_port_join(struct loop *loop, const struct weir_worker *worker)
{
	wait_queues_join(loop->queues, worker);
	if (loop->watch.worker != worker || !loop->watch.left)
		return;
	loop->watch.port = worker->port;
	__atomic_store_n(&loop->watch.left, false, __ATOMIC_RELEASE);
}

void
loop_waits_end(struct loop *loop)
{
	waiter_reset(&loop->idle);
	loop->idle.queues = NULL;
}

void
loop_waits_free(struct loop *loop)
{
	wait_queues_free(loop->queues);
	loop->queues = NULL;
}

/* Whether a worker keeps events that it may want to look at before anything comes in. */
static bool
loop_holds(const struct loop *loop)
{
	for (unsigned int i = 0; i < loop->seat_count; i++)
		if (loop->seats[i]->worker->stats->held > 0)
			return true;
	return false;
}

void
loop_wait(struct loop *loop)
{
	struct waiter *waiter = loop->blocked ? &loop->full : &loop->idle;
	enum lcore_state state = waiter_sleeps(waiter) ? LCORE_SLEEPING : LCORE_SPINNING;

	if (loop->blocked)
		state = LCORE_BLOCKED;
	/*
	 * At half of its load an lcore has nothing to do for a microsecond or two, again and again:
	 * pauses then cost latency and save nothing. By here the pass is counted, so without them no
	 * look at the clock is due.
	 */
	if (waiter->how == WEIR_WAIT_SPIN || loop->since - loop->quiet < waiter->eager)
		return;
	__atomic_store_n(&loop->state, state, __ATOMIC_RELEASE);
	if (waiter->armed == WAIT_ARMED && (waiter->sleep_ms == 0 || loop_holds(loop)))
		waiter_nap(waiter);
	else
		waiter_wait(waiter);
	loop_spent(loop, state);
}
