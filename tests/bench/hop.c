/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * One hop: net_null on one lcore, parsed, a link, a stage that reads the event on the other lcore.
 * weir beside the loops that one would write by hand and the libraries that one would take.
 */
#include <stdio.h>

#include "bench.h"
#include "peers.h"

static const struct weir_how block = { .on_full = "block" };
static const struct weir_how drop = { .on_full = "drop-newest" };
static const struct loop_how textbook = { .back = RIG_FREE };
static const struct loop_how prefetching = { .back = RIG_FREE, .prefetch = true };
static const struct loop_how raw = { .back = RIG_RAW, .prefetch = true };
static const struct loop_how textbook_own = { .back = RIG_FREE, .own_pool = true };
static const struct loop_how raw_own = { .back = RIG_RAW, .prefetch = true, .own_pool = true };
static const struct event_how dsw = { .driver = "event_dsw", .back = RIG_FREE };
static const struct event_how dsw_raw = { .driver = "event_dsw", .back = RIG_RAW };
static const struct event_how sw_a = { .driver = "event_sw", .scheduler_a = true };
static const struct event_how sw_b = { .driver = "event_sw" };
static const struct distributor_how distributor = { .back = RIG_FREE };

/* Without a hop: one lcore does all of it, and nothing crosses. */
static void
no_hop_run(const void *how, double figures[])
{
	rig.now.one_lcore = true;
	loop_run(how, figures);
	rig.now.one_lcore = false;
}

static const struct bench_side sides[] = {
	{ .name = "weir block", .run = weir_run, .arg = &block },
	{ .name = "weir drop-newest", .run = weir_run, .arg = &drop },
	{ .name = "textbook ring", .run = loop_run, .arg = &textbook, .at_least = { 2.5 } },
	{ .name = "textbook ring, prefetching", .run = loop_run, .arg = &prefetching },
	{ .name = "raw put", .run = loop_run, .arg = &raw, .at_least = { 0.9 } },
	{ .name = "textbook ring, DPDK's pool", .run = loop_run, .arg = &textbook_own },
	{ .name = "raw put, DPDK's pool", .run = loop_run, .arg = &raw_own },
	{ .name = "event_dsw", .run = event_run, .arg = &dsw, .at_least = { 2.0 } },
	{ .name = "event_dsw, raw put", .run = event_run, .arg = &dsw_raw },
	{ .name = "event_sw, scheduled by producer",
		.run = event_run,
		.arg = &sw_a,
		.at_least = { 5.0 } },
	{ .name = "event_sw, scheduled by consumer",
		.run = event_run,
		.arg = &sw_b,
		.at_least = { 5.0 } },
	{ .name = "rte_distributor", .run = distributor_run, .arg = &distributor },
	{ .name = "no hop: raw put on one lcore", .run = no_hop_run, .arg = &raw },
};

/* The same, but the port and what comes out are the application's. */
static const struct bench_side ends[] = {
	{ .name = "weir, inject to eject", .run = weir_ends_run },
	{ .name = "textbook ring", .run = loop_run, .arg = &textbook, .at_least = { 1.8 } },
	{ .name = "raw put", .run = loop_run, .arg = &raw, .at_least = { 0.9 } },
};

static const struct rig_case cases[] = {
	{ .pool = 4095 },
	/* A ring that such a pool can fill. */
	{ .pool = 2047, .ring = 512 },
	{ .pool = 32767 },
	{ .pool = 4095, .flows = true },
};

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "rate", "Mpps" } };
	struct bench bench = {
		.name = "hop",
		.title = "one hop over two lcores, parser on everywhere",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};

	bench_open(&bench, argc, argv);
	bench_eal(&bench, (const char *const[]){ RIG_PORT, NULL });
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct rig_case now = cases[i];
		char name[48];

		now.queues = 1;
		now.after = 1;
		now.sinks = 1;
		snprintf(name, sizeof(name), "pool %u%s", now.pool,
			now.flows ? ", tcp frames" : "");
		rig_set(&now);
		bench_case(&bench, name, sides, RTE_DIM(sides), 0);
	}
	for (unsigned int flows = 0; flows < 2; flows++) {
		rig_set(&(struct rig_case){ .pool = 4095,
			.queues = 1,
			.before = 1,
			.after = 1,
			.sinks = 1,
			.flows = flows });
		bench_case(&bench, flows ? "ends, tcp frames" : "ends", ends, RTE_DIM(ends), 0);
	}
	return bench_close(&bench);
}
