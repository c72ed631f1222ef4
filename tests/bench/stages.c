/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Three stages behind net_null and the parser, each of which reads the event: over two lcores, with
 * the first stage on the lcore of the source, and all on one lcore.
 */
#include "bench.h"
#include "peers.h"

static const struct weir_how calls = { .on_full = "block" };
static const struct weir_how rings = { .on_full = "block", .rings = true };
static const struct loop_how textbook = { .back = RIG_FREE };
static const struct loop_how textbook_rings = { .back = RIG_FREE, .rings = true };
static const struct loop_how raw = { .back = RIG_RAW, .prefetch = true };
static const struct graph_how graph = { .back = RIG_FREE };
static const struct graph_how graph_raw = { .back = RIG_RAW };
static const struct event_how dsw = { .driver = "event_dsw" };
static const struct event_how dsw_raw = { .driver = "event_dsw", .back = RIG_RAW };
static const struct event_how dsw_spread = { .driver = "event_dsw", .spread = true };
static const struct event_how dsw_fused = { .driver = "event_dsw", .fused = true };
static const struct event_how sw_a = { .driver = "event_sw", .scheduler_a = true };
static const struct event_how sw_b = { .driver = "event_sw" };

static const struct bench_side two_lcores[] = {
	{ .name = "weir", .run = weir_run, .arg = &calls },
	{ .name = "textbook ring", .run = loop_run, .arg = &textbook },
	{ .name = "raw put", .run = loop_run, .arg = &raw },
	{ .name = "event_dsw", .run = event_run, .arg = &dsw, .at_least = { 2.5 } },
	{ .name = "event_dsw, raw put", .run = event_run, .arg = &dsw_raw },
	{ .name = "event_dsw, all stages everywhere", .run = event_run, .arg = &dsw_spread },
	{ .name = "event_dsw, one event queue", .run = event_run, .arg = &dsw_fused },
	{ .name = "event_sw, scheduled by lcore 1", .run = event_run, .arg = &sw_a },
	{ .name = "event_sw, scheduled by lcore 2", .run = event_run, .arg = &sw_b },
};

static const struct bench_side one_lcore[] = {
	{ .name = "weir by calls", .run = weir_run, .arg = &calls },
	{ .name = "weir by rings", .run = weir_run, .arg = &rings },
	{ .name = "rte_graph", .run = graph_run, .arg = &graph, .at_least = { 1.0 } },
	{ .name = "rte_graph, raw put", .run = graph_run, .arg = &graph_raw },
	{ .name = "textbook calls", .run = loop_run, .arg = &textbook },
	{ .name = "textbook calls, raw put", .run = loop_run, .arg = &raw },
	{ .name = "textbook rings", .run = loop_run, .arg = &textbook_rings },
	{ .name = "event_dsw", .run = event_run, .arg = &dsw },
	{ .name = "event_sw", .run = event_run, .arg = &sw_b },
};

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "rate", "Mpps" } };
	struct rig_case now = { .pool = 4095, .queues = 1, .before = 1, .after = 2, .sinks = 1 };
	struct bench bench = {
		.name = "stages",
		.title = "three stages, parser on everywhere",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};

	bench_open(&bench, argc, argv);
	bench_eal(&bench, (const char *const[]){ RIG_PORT, NULL });
	rig_set(&now);
	bench_case(&bench, "two lcores", two_lcores, RTE_DIM(two_lcores), 0);
	/* Room for the rings between all stages, where there are such. */
	now.pool = 8191;
	now.one_lcore = true;
	rig_set(&now);
	bench_case(&bench, "one lcore", one_lcore, RTE_DIM(one_lcore), 0);
	return bench_close(&bench);
}
