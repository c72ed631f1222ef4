/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The life of an engine: how it is made, and unmade in reverse. */
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include <weir/source.h>

#include "engine_private.h"
#include "telemetry/telemetry.h"

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

void
weir_engine_conf_init(struct weir_engine_conf *conf)
{
	*conf = (struct weir_engine_conf){ .max_events = 0, .stall_ms = 50 };
}

struct loop *
engine_loop(const struct weir_engine *engine, unsigned int lcore)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		if (engine->loops[i].lcore == lcore)
			return &engine->loops[i];
	return NULL;
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
		loop->until_sample = SAMPLE_PASSES;
		loop->look_cycles = rte_get_tsc_hz() / HOUSEKEEPING_A_SECOND;
		loop->random = loop->lcore;
		loop->state = LCORE_IDLE;
		loop->seats = calloc(engine->seat_count, sizeof(*loop->seats));
		if (loop->seats == NULL)
			return -ENOMEM;
	}
	loop->seats[loop->seat_count++] = seat;
	seat->worker->sample = &loop->sample;
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
void
engine_workers_fini(struct weir_engine *engine, bool sources)
{
	for (unsigned int i = engine->seat_count; i-- > 0;) {
		struct seat *seat = &engine->seats[i];
		void (*fini)(struct weir_worker *, void *) = seat->node->source ?
			seat->node->source_ops->fini :
			seat->node->stage_ops->fini;

		if (seat->node->source != sources || engine_seat_out(engine, seat))
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

/* The struct alone, and what was asked of it. */
static struct weir_engine *
engine_alloc(const struct weir_plan *plan, const struct weir_engine_conf *conf,
	struct weir_error *error)
{
	struct weir_engine *engine;

	if (conf != NULL && conf->max_events > INT64_MAX) {
		weir_error_set(error, EINVAL, "max_events: expected no more than 2^63 - 1");
		return NULL;
	}
	engine = calloc(1, sizeof(*engine));
	if (engine == NULL) {
		weir_error_set(error, ENOMEM, "no memory for an engine");
		return NULL;
	}
	pthread_mutex_init(&engine->setting, NULL);
	engine->plan = plan;
	engine->flow_seed = (uint32_t)rte_rand();
	engine->id = __atomic_fetch_add(&engines_made, 1, __ATOMIC_RELAXED);
	weir_engine_conf_init(&engine->conf);
	if (conf != NULL)
		engine->conf = *conf;
	return engine;
}

struct weir_engine *
weir_engine_create(const struct weir_plan *plan, const struct weir_engine_conf *conf,
	struct weir_error *error)
{
	struct weir_engine *engine = engine_alloc(plan, conf, error);
	int rc;

	if (engine == NULL)
		return NULL;
	telemetry_register();
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
	rc = engine_waits(engine, error);
	if (rc != 0)
		goto stop_ports;
	rc = workers_init(engine, error);
	if (rc != 0)
		goto fini_workers;
	engine_ports_ready(engine);
	engine_show(engine);
	return engine;

fini_workers:
	engine_workers_fini(engine, false);
	engine_workers_fini(engine, true);
stop_ports:
	engine_ports_stop(engine);
	engine_ports_free(engine);
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
	pthread_mutex_destroy(&engine->setting);
	free(engine);
	rte_errno = -rc;
	return NULL;
}

unsigned int
weir_engine_destroy(struct weir_engine *engine)
{
	unsigned int leaked;

	if (engine == NULL)
		return 0;
	weir_engine_stop(engine, 0);
	leaked = engine_pools_missing(engine);
	if (engine->out > 0 || (engine->gave_up && leaked > 0))
		return RTE_MAX(leaked, 1u);
	engine_unlist(engine);
	engine_settings_free(engine);
	engine_workers_fini(engine, true);
	engine_ports_free(engine);
	loops_free(engine);
	engine_unbuild(engine);
	leaked = engine_pools_free(engine);
	rte_free(engine->control);
	pthread_mutex_destroy(&engine->setting);
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
