/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How an lcore waits: as planned, as far as its ports give what that takes. */
#include <rte_errno.h>
#include <rte_log.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_wait, lib.weir.wait, NOTICE);
#define WAIT_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_wait, __VA_ARGS__)

/* The one input of an lcore: an RX queue or a ring. */
static void
loop_watch_find(struct loop *loop)
{
	for (unsigned int i = 0; i < loop->seat_count; i++) {
		const struct weir_worker *worker = loop->seats[i]->worker;

		if (worker->poll != NULL)
			loop->watch = (struct wait_watch){ NULL, worker->port, worker->queue };
		else if (worker->input_count > 0)
			loop->watch.ring = &worker->inputs[0];
	}
}

static void
loop_monitor(struct loop *loop, const struct plan_lcore *plan)
{
	bool monitor, pause;

	wait_power(&monitor, &pause);
	if (monitor && plan->made == 0 && plan->rx_queues + plan->rings == 1) {
		loop_watch_find(loop);
		if (wait_watchable(&loop->watch)) {
			loop->idle.watch = &loop->watch;
			return;
		}
		WAIT_LOG(NOTICE, "'%s': port %u does not say what to watch: lcore %u %s\n",
			weir_engine_name(loop->engine), loop->watch.port, loop->lcore,
			pause ? "pauses by the CPU's timer" : "waits exponentially");
	}
	if (!pause)
		waiter_init(&loop->idle, WEIR_WAIT_EXPONENTIAL, plan->idle.min_ns,
			plan->idle.max_ns);
}

/* The interrupts of all RX queues of an lcore; 0, or -errno of the first that has none. */
static int
loop_queues_add(struct loop *loop)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < loop->seat_count; i++) {
		const struct weir_worker *worker = loop->seats[i]->worker;

		if (worker->poll != NULL)
			rc = wait_queues_add(loop->queues, worker->port, worker->queue);
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
	if (rc == 0) {
		loop->idle.queues = loop->queues;
		return 0;
	}
	wait_queues_free(loop->queues);
	loop->queues = NULL;
	waiter_init(&loop->idle, WEIR_WAIT_SLEEP, plan->idle.min_ns, plan->idle.max_ns);
	WAIT_LOG(NOTICE,
		"'%s': an RX queue of lcore %u has no interrupts (%s): it sleeps for %lu us at most\n",
		weir_engine_name(loop->engine), loop->lcore, rte_strerror(-rc),
		(unsigned long)(plan->idle.max_ns / 1000));
	return 0;
}

int
engine_waits(struct weir_engine *engine, struct weir_error *error)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < engine->loop_count; i++) {
		struct loop *loop = &engine->loops[i];
		const struct plan_lcore *plan = plan_lcore(engine->plan, loop->lcore);

		waiter_init(&loop->idle, plan->idle.how, plan->idle.min_ns, plan->idle.max_ns);
		waiter_init(&loop->full, plan->full.how, plan->full.min_ns, plan->full.max_ns);
		if (plan->idle.how == WEIR_WAIT_MONITOR)
			loop_monitor(loop, plan);
		else if (plan->idle.how == WEIR_WAIT_INTERRUPT)
			rc = loop_interrupt(loop, plan);
	}
	return rc == 0 ? 0 : weir_error_set(error, -rc, "no memory for interrupts");
}

void
engine_waits_end(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++) {
		struct loop *loop = &engine->loops[i];

		waiter_reset(&loop->idle);
		loop->idle.queues = NULL;
		wait_queues_free(loop->queues);
		loop->queues = NULL;
	}
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
	/* Not worth a look at the clock. */
	if (waiter->how == WEIR_WAIT_SPIN)
		return;
	__atomic_store_n(&loop->state, state, __ATOMIC_RELAXED);
	if (waiter->armed && loop_holds(loop))
		waiter_nap(waiter);
	else
		waiter_wait(waiter);
	loop_spent(loop, state);
}
