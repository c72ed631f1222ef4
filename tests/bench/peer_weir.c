/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* weir: a source on net_null0, and stages of type count. */
#include <inttypes.h>
#include <stdio.h>

#include <weir/weir.h>

#include "bench.h"
#include "peers.h"

void
weir_set(struct weir_pipeline *pipeline, const char *section, const char *key, const char *format,
	...)
{
	struct weir_error error;
	char value[64];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (weir_pipeline_set(pipeline, section, key, value, &error) != 0)
		bench_die("%s", error.text);
}

/* Stage s0 follows the source, stage s1 that, and so on. */
static void
describe_stage(struct weir_pipeline *pipeline, unsigned int s, const struct weir_how *how)
{
	bool before = s < rig.now.before;
	unsigned int workers = s == rig.now.before ? rig.now.sinks : 1;
	char stage[16], from[16], section[48], link[48];

	snprintf(stage, sizeof(stage), "s%u", s);
	snprintf(from, sizeof(from), "s%u", s - 1);
	snprintf(section, sizeof(section), "stage %s", stage);
	snprintf(link, sizeof(link), "link %s %s", s == 0 ? "null" : from, stage);
	weir_set(pipeline, section, "type", "count");
	weir_set(pipeline, section, "input", "%s", s == 0 ? "null" : from);
	weir_set(pipeline, section, "workers", "%u", workers);
	weir_set(pipeline, section, "lcores", "%d",
		before && !rig.now.one_lcore ? LCORE_A : LCORE_B);
	weir_set(pipeline, link, "on_full", "%s", how->on_full);
	weir_set(pipeline, link, "ring", "%u", rig.now.ring);
	if (workers > 1)
		weir_set(pipeline, link, "spread", "flow");
	if (how->rings)
		weir_set(pipeline, link, "kind", "ring");
}

static struct weir_pipeline *
describe(const struct weir_how *how)
{
	struct weir_error error;
	struct weir_pipeline *pipeline = weir_pipeline_create("bench", &error);

	if (pipeline == NULL)
		bench_die("%s", error.text);
	weir_set(pipeline, "source null", "device", RIG_PORT);
	weir_set(pipeline, "source null", "descriptors", "%d", RIG_DESCRIPTORS);
	weir_set(pipeline, "source null", "queues", "%u", rig.now.queues);
	weir_set(pipeline, "source null", "lcores", "%d", rig.now.one_lcore ? LCORE_B : LCORE_A);
	weir_set(pipeline, "pool", "size", "%u", rig.now.pool);
	weir_set(pipeline, "pool", "cache", "%d", RIG_POOL_CACHE);
	for (unsigned int s = 0; s < rig.now.before + rig.now.after; s++)
		describe_stage(pipeline, s, how);
	if (weir_pipeline_check(pipeline, &error) != 0)
		bench_die("%s", error.text);
	return pipeline;
}

static uint64_t
read_released(void *arg)
{
	struct weir_worker_figures figures = WEIR_WORKER_FIGURES_INIT;
	uint64_t released = 0;

	for (unsigned int i = 0; weir_ledger_worker(arg, i, &figures) == 0; i++)
		released += figures.released;
	return released;
}

static void
fill_pools(const struct weir_engine *engine)
{
	struct weir_pool_figures figures = WEIR_POOL_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_pool(engine, i, &figures) == 0; i++) {
		if (figures.mbufs != rig.now.pool)
			bench_die("a pool of %" PRIu32 " mbufs", figures.mbufs);
		rig_fill(rte_mempool_lookup(figures.name));
	}
}

static void
check(struct weir_engine *engine)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	if (weir_engine_stop(engine, RIG_END_MS) != 0)
		bench_die("weir does not drain");
	weir_ledger_read(engine, &ledger);
	if (ledger.unaccounted != 0 || ledger.received != ledger.released + ledger.dropped)
		bench_die("of %" PRIu64 " packets %" PRIu64 " came out and %" PRIu64
			  " were dropped",
			ledger.received, ledger.released, ledger.dropped);
}

void
weir_run(const void *how, double figures[])
{
	struct weir_pipeline *pipeline = describe(how);
	struct weir_error error;
	struct weir_plan_conf conf;
	struct weir_plan *plan;
	struct weir_engine *engine;
	int leaked;

	weir_plan_conf_init(&conf);
	plan = weir_plan_create(pipeline, &conf, &error);
	engine = plan == NULL ? NULL : weir_engine_create(plan, NULL, &error);
	if (engine == NULL)
		bench_die("%s", error.text);
	fill_pools(engine);
	if (weir_engine_start(engine, &error) != 0)
		bench_die("%s", error.text);
	figures[0] = rig_rate(read_released, engine);
	check(engine);
	leaked = weir_engine_destroy(engine);
	if (leaked != 0)
		bench_die("%d mbufs did not come back", leaked);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}
