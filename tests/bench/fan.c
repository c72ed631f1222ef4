/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Fan-out and fan-in over two lcores: one source to two workers of a stage, by the flow; and two
 * sources, a queue each, to one worker. What is two shares an lcore. 1024 flows of TCP/IPv4.
 */
#include "bench.h"
#include "peers.h"

static const struct weir_how block = { .on_full = "block" };
static const struct weir_how drop = { .on_full = "drop-newest" };
static const struct loop_how textbook = { .back = RIG_FREE };
static const struct loop_how raw = { .back = RIG_RAW, .prefetch = true };
static const struct event_how dsw = { .driver = "event_dsw" };
static const struct event_how dsw_raw = { .driver = "event_dsw", .back = RIG_RAW };
static const struct event_how sw_a = { .driver = "event_sw", .scheduler_a = true };
static const struct event_how sw_b = { .driver = "event_sw" };

static const struct bench_side sides[] = {
	{ .name = "weir block", .run = weir_run, .arg = &block },
	{ .name = "weir drop-newest", .run = weir_run, .arg = &drop },
	{ .name = "textbook rings", .run = loop_run, .arg = &textbook },
	{ .name = "raw put", .run = loop_run, .arg = &raw },
	{ .name = "event_dsw", .run = event_run, .arg = &dsw },
	{ .name = "event_dsw, raw put", .run = event_run, .arg = &dsw_raw },
	{ .name = "event_sw, scheduled by producer", .run = event_run, .arg = &sw_a },
	{ .name = "event_sw, scheduled by consumer", .run = event_run, .arg = &sw_b },
	{ .name = "rte_distributor",
		.skipped = "one source; and two of its workers on one lcore can wait "
			   "for each other for ever" },
};

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "rate", "Mpps" } };
	const struct rig_case out = { .pool = 8191,
		.flows = true,
		.queues = 1,
		.after = 1,
		.sinks = 2 };
	const struct rig_case in = { .pool = 8191,
		.flows = true,
		.queues = 2,
		.after = 1,
		.sinks = 1 };
	struct bench bench = {
		.name = "fan",
		.title = "fan-out and fan-in over two lcores, parser on everywhere",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};

	bench_open(&bench, argc, argv);
	bench_eal(&bench, (const char *const[]){ RIG_PORT, NULL });
	rig_set(&out);
	bench_case(&bench, "1 to 2 by flow", sides, RTE_DIM(sides), 0);
	rig_set(&in);
	bench_case(&bench, "2 to 1", sides, RTE_DIM(sides), 0);
	return bench_close(&bench);
}
