/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The life of an engine: create, start, stop, destroy. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_spinlock.h>

#include <weir/source.h>

#include "engine_private.h"
#include "telemetry/telemetry.h"

RTE_LOG_REGISTER(logtype_engine, lib.weir.engine, NOTICE);
#define ENGINE_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_engine, __VA_ARGS__)

/* How often stop looks whether the lcores have returned. */
#define STOP_LOOK_US 100

/* The engines of the process, for telemetry; only the control side takes the lock. */
static TAILQ_HEAD(, weir_engine) engines = TAILQ_HEAD_INITIALIZER(engines);
static rte_spinlock_t engines_lock = RTE_SPINLOCK_INITIALIZER;
static unsigned int engines_made;

const struct weir_plan *
engine_plan(const struct weir_engine *engine)
{
	return engine->plan;
}

const char *
weir_engine_name(const struct weir_engine *engine)
{
	return weir_pipeline_name(engine->plan->pipeline);
}

int
engine_each(int (*visit)(const struct weir_engine *engine, void *arg), void *arg)
{
	const struct weir_engine *engine;
	int rc = 0;

	rte_spinlock_lock(&engines_lock);
	TAILQ_FOREACH(engine, &engines, next)
	{
		rc = engine->ready ? visit(engine, arg) : 0;
		if (rc != 0)
			break;
	}
	rte_spinlock_unlock(&engines_lock);
	return rc;
}

/* Into the list, unless an engine of that name is there. */
static int
engine_list(struct weir_engine *engine, struct weir_error *error)
{
	const struct weir_engine *other;

	rte_spinlock_lock(&engines_lock);
	TAILQ_FOREACH(other, &engines, next)
	{
		if (strcmp(weir_engine_name(other), weir_engine_name(engine)) == 0)
			break;
	}
	if (other == NULL)
		TAILQ_INSERT_TAIL(&engines, engine, next);
	rte_spinlock_unlock(&engines_lock);
	if (other != NULL)
		return weir_error_set(error, EEXIST,
			"an engine named '%s' exists; give [pipeline] another `name`",
			weir_engine_name(engine));
	return 0;
}

/* It is made: from now on it may be visited. */
static void
engine_show(struct weir_engine *engine)
{
	rte_spinlock_lock(&engines_lock);
	engine->ready = true;
	rte_spinlock_unlock(&engines_lock);
}

static void
engine_unlist(struct weir_engine *engine)
{
	rte_spinlock_lock(&engines_lock);
	TAILQ_REMOVE(&engines, engine, next);
	rte_spinlock_unlock(&engines_lock);
}

void
weir_engine_conf_init(struct weir_engine_conf *conf)
{
	*conf = (struct weir_engine_conf){ .max_events = 0, .stall_ms = 100 };
}

static struct loop *
engine_loop(const struct weir_engine *engine, unsigned int lcore)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		if (engine->loops[i].lcore == lcore)
			return &engine->loops[i];
	return NULL;
}

/* The more eager of two ways to wait: an lcore waits as its least patient worker does. */
static void
loop_waiter(struct waiter *waiter, enum weir_wait how, uint64_t min_ns, uint64_t max_ns)
{
	if (waiter->how == WEIR_WAIT_AUTO || how < waiter->how ||
		(how == waiter->how && max_ns < waiter->max_ns))
		waiter_init(waiter, how, min_ns, max_ns);
}

static void
loop_waiters(const struct weir_engine *engine, struct loop *loop, const struct seat *seat)
{
	const struct weir_pipeline *pipeline = engine->plan->pipeline;

	loop_waiter(&loop->idle, seat->plan->idle, seat->node->conf.idle_min,
		seat->node->conf.idle_max);
	for (unsigned int i = 0; i < pipeline->link_count; i++) {
		const struct link_conf *conf = &pipeline->links[i].conf;

		if (pipeline->links[i].from == seat->plan->node)
			loop_waiter(&loop->full,
				plan_wait(engine->plan, (enum weir_wait)conf->full, loop->lcore),
				conf->full_min, conf->full_max);
	}
}

static int
loop_add(struct weir_engine *engine, struct seat *seat)
{
	struct loop *loop = engine_loop(engine, seat->plan->lcore);

	if (loop == NULL) {
		loop = &engine->loops[engine->loop_count++];
		loop->engine = engine;
		loop->control = engine->control;
		loop->lcore = seat->plan->lcore;
		loop->until_housekeeping = HOUSEKEEPING_PASSES;
		loop->random = loop->lcore;
		loop->state = LCORE_IDLE;
		loop->seats = calloc(engine->seat_count, sizeof(*loop->seats));
		if (loop->seats == NULL)
			return -ENOMEM;
	}
	loop->seats[loop->seat_count++] = seat;
	seat->worker->sample = &loop->sample;
	loop_waiters(engine, loop, seat);
	return 0;
}

/* Every worker into the loop of its lcore, downstream first. */
static int
loops_create(struct weir_engine *engine, struct weir_error *error)
{
	const struct weir_plan *plan = engine->plan;
	int rc = 0;

	/* On any socket: a loop's own lines are few and stay in its lcore's cache. */
	engine->loops = rte_zmalloc("weir", engine->seat_count * sizeof(*engine->loops),
		RTE_CACHE_LINE_SIZE);
	if (engine->loops == NULL)
		rc = -ENOMEM;
	for (unsigned int i = plan->pipeline->node_count; rc == 0 && i-- > 0;) {
		unsigned int node = plan->pipeline->order[i];
		unsigned int first = plan_first_worker(plan, node);

		for (unsigned int w = 0; rc == 0 && w < plan->pipeline->nodes[node].conf.workers;
			w++)
			rc = loop_add(engine, &engine->seats[first + w]);
	}
	return rc == 0 ? 0 : weir_error_set(error, ENOMEM, "no memory for the lcores' loops");
}

static void
loops_free(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		free(engine->loops[i].seats);
	rte_free(engine->loops);
}

/* The source's or stage's own set-up of every worker. */
static int
workers_init(struct weir_engine *engine, struct weir_error *error)
{
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		struct seat *seat = &engine->seats[i];
		const struct node *node = seat->node;
		struct weir_error why = { .code = 0 };
		int rc;

		if (node->source)
			rc = node->source_ops->init(seat->worker, node->type_conf,
				seat->worker->state, &why);
		else
			rc = node->stage_ops->init == NULL ?
				0 :
				node->stage_ops->init(seat->worker, node->type_conf,
					seat->worker->state, &why);
		if (rc != 0 && why.code == 0)
			weir_error_set(&why, -rc, "'%s' does not start: %s", node->name,
				rte_strerror(-rc));
		if (rc != 0)
			return weir_error_set(error, why.code, "%s", why.text);
		seat->initialised = true;
		seat->drop_verdicts = node->source ? pipeline_drop_mask(&node->conf) : 0;
	}
	return 0;
}

/* Of the sources or of the stages. */
static void
workers_fini(struct weir_engine *engine, bool sources)
{
	for (unsigned int i = engine->seat_count; i-- > 0;) {
		struct seat *seat = &engine->seats[i];
		void (*fini)(struct weir_worker *, void *) = seat->node->source ?
			seat->node->source_ops->fini :
			seat->node->stage_ops->fini;

		if (seat->node->source != sources)
			continue;
		if (seat->initialised && fini != NULL)
			fini(seat->worker, seat->worker->state);
		seat->initialised = false;
	}
}

static int
control_create(struct weir_engine *engine, struct weir_error *error)
{
	engine->control = rte_zmalloc("weir", sizeof(*engine->control), RTE_CACHE_LINE_SIZE);
	if (engine->control == NULL)
		return weir_error_set(error, ENOMEM, "no memory for an engine");
	engine->control->bounded = engine->conf.max_events > 0;
	engine->control->budget = (int64_t)engine->conf.max_events;
	return 0;
}

struct weir_engine *
weir_engine_create(const struct weir_plan *plan, const struct weir_engine_conf *conf,
	struct weir_error *error)
{
	struct weir_engine *engine = calloc(1, sizeof(*engine));
	int rc;

	if (engine == NULL) {
		weir_error_set(error, ENOMEM, "no memory for an engine");
		return NULL;
	}
	telemetry_register();
	engine->plan = plan;
	engine->id = __atomic_fetch_add(&engines_made, 1, __ATOMIC_RELAXED);
	weir_engine_conf_init(&engine->conf);
	if (conf != NULL)
		engine->conf = *conf;

	rc = engine_list(engine, error);
	if (rc != 0)
		goto free_engine;
	rc = control_create(engine, error);
	if (rc != 0)
		goto unlist;
	rc = engine_pools_create(engine, error);
	if (rc != 0)
		goto free_pools;
	rc = engine_build(engine, error);
	if (rc != 0)
		goto unbuild;
	rc = loops_create(engine, error);
	if (rc != 0)
		goto free_loops;
	rc = engine_ports_start(engine, error);
	if (rc != 0)
		goto stop_ports;
	rc = workers_init(engine, error);
	if (rc != 0)
		goto fini_workers;
	engine_show(engine);
	return engine;

fini_workers:
	workers_fini(engine, false);
	workers_fini(engine, true);
stop_ports:
	engine_ports_stop(engine);
	free(engine->ports);
free_loops:
	loops_free(engine);
unbuild:
	engine_unbuild(engine);
free_pools:
	engine_pools_free(engine);
	rte_free(engine->control);
unlist:
	engine_unlist(engine);
free_engine:
	free(engine);
	rte_errno = -rc;
	return NULL;
}

static void
engine_clock_start(struct weir_engine *engine)
{
	if (!engine->started) {
		engine->start_tsc = rte_rdtsc();
		engine->started = true;
	}
}

static void
loops_join(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++) {
		if (!engine->loops[i].launched)
			continue;
		rte_eal_wait_lcore(engine->loops[i].lcore);
		engine->loops[i].launched = false;
	}
}

int
weir_engine_start(struct weir_engine *engine, struct weir_error *error)
{
	if (engine->started || engine->stopped)
		return weir_error_set(error, EALREADY,
			"'%s' was started before: make another engine", weir_engine_name(engine));
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
		__atomic_store_n(&engine->control->order, ORDER_ABANDON, __ATOMIC_RELEASE);
		loops_join(engine);
		for (unsigned int j = 0; j < engine->loop_count; j++)
			engine->loops[j].finished = 0;
		__atomic_store_n(&engine->control->order, ORDER_RUN, __ATOMIC_RELEASE);
		return weir_error_set(error, -rc,
			"lcore %u runs something else: another engine, or a loop of the application; "
			"give this pipeline other `lcores`",
			loop->lcore);
	}
	engine_clock_start(engine);
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
	if (unlikely(!engine->started))
		engine_clock_start(engine);
	if (unlikely(loop->finished))
		return -ESHUTDOWN;
	return loop_pass(loop);
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

	__atomic_compare_exchange_n(&engine->control->order, &run, ORDER_DRAIN, false,
		__ATOMIC_RELEASE, __ATOMIC_RELAXED);
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

/* What is left in a ring after the time was up goes with a name, at its consumer. */
static unsigned int
joint_abandon(struct joint *joint)
{
	struct weir_event *events[BURST_MAX];
	unsigned int n, all = 0;

	while ((n = ring_consumer_get(joint->consumer, events, BURST_MAX)) > 0) {
		struct weir_worker *worker = joint->lane->consumer;

		/* Not taken out by the consumer, but dropped for it. */
		stat_sub(&joint->consumer->dequeued, n);
		stat_add(&joint->lane->ring.dropped, n);
		stat_add(&joint->abandoned, n);
		stat_add(&worker->stats->in, n);
		worker_drop(worker, DROP_DRAIN_ABANDONED, events, n);
		all += n;
	}
	return all;
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

/*
 * All lcores have returned: nobody else writes any more. Sources stay until the engine goes: their
 * figures are read, and an application may still try to hand something in.
 */
static void
engine_finish(struct weir_engine *engine)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < engine->seat_count; i++)
		left += source_abandon(&engine->seats[i]);
	for (unsigned int i = 0; i < engine->joint_count; i++)
		left += joint_abandon(&engine->joints[i]);
	workers_fini(engine, false);
	engine_ports_stop(engine);
	engine->stop_tsc = rte_rdtsc();
	engine->stopped = true;
	if (left > 0)
		ENGINE_LOG(WARNING, "'%s' stopped with %u events undrained\n",
			weir_engine_name(engine), left);
}

int
weir_engine_stop(struct weir_engine *engine, unsigned int timeout_ms)
{
	uint64_t deadline = rte_rdtsc() + timeout_ms * (rte_get_tsc_hz() / MS_PER_S);

	if (engine->stopped)
		return 0;
	weir_engine_stop_request(engine);
	while (!weir_engine_drained(engine) && rte_rdtsc() < deadline)
		if (loops_poll(engine) == 0)
			usleep(STOP_LOOK_US);
	engine->timed_out = !weir_engine_drained(engine);
	if (engine->timed_out) {
		__atomic_store_n(&engine->control->order, ORDER_ABANDON, __ATOMIC_RELEASE);
		loops_poll(engine);
	}
	loops_join(engine);
	engine_finish(engine);
	return engine->timed_out ? -ETIMEDOUT : 0;
}

double
weir_engine_elapsed(const struct weir_engine *engine)
{
	uint64_t end = engine->stopped ? engine->stop_tsc : rte_rdtsc();

	if (!engine->started)
		return 0.0;
	return (double)(end - engine->start_tsc) / (double)rte_get_tsc_hz();
}

unsigned int
weir_engine_destroy(struct weir_engine *engine)
{
	unsigned int leaked;

	if (engine == NULL)
		return 0;
	engine_unlist(engine);
	weir_engine_stop(engine, 0);
	workers_fini(engine, true);
	free(engine->ports);
	loops_free(engine);
	engine_unbuild(engine);
	leaked = engine_pools_free(engine);
	rte_free(engine->control);
	free(engine);
	return leaked;
}

struct weir_inject *
weir_inject_open(struct weir_engine *engine, const char *source, struct weir_error *error)
{
	bool found = false;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		struct weir_inject *inject;

		if (seat->node->source_ops != &source_inject ||
			strcmp(seat->node->name, source) != 0)
			continue;
		found = true;
		inject = inject_claim(seat->worker->state);
		if (inject != NULL)
			return inject;
	}
	if (found)
		weir_error_set(error, EBUSY,
			"[source %s] all its producers are taken; raise `producers`", source);
	else
		weir_error_set(error, ENOENT, "'%s' has no source '%s' of type inject",
			weir_engine_name(engine), source);
	return NULL;
}
