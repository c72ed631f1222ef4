/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* One run: an engine is made, warms up, is counted for a while, drains, and is looked into. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "overload.h"

#define TOP WEIR_PRIO_MAX
#define STOP_MS 2000

const struct policy policies[POLICIES] = {
	{ .name = "block", .meaning = "nothing is lost inside", .settle_ms = 100 },
	{ .name = "drop-newest", .meaning = "what finds no room is lost", .settle_ms = 100 },
	{ .name = "drop-oldest", .meaning = "fresh events win", .settle_ms = 100 },
	{ .name = "drop-priority", .meaning = "low priorities are lost first", .settle_ms = 100 },
	{ .name = "drop-flow",
		.meaning = "whole flows are lost",
		.settle_ms = 400,
		.levels = true },
	{ .name = "drop-late",
		.meaning = "what waited longer than " RTE_STR(DEADLINE_US) " us is lost",
		.settle_ms = 100,
		.deadline = true },
};

const char *reasons[REASONS_MAX];

/* What is read while the engine runs. */
struct moment {
	uint64_t tsc;
	uint64_t taken;
	uint64_t lost[REASONS_MAX];
};

static struct weir_pipeline *
describe(const struct policy *policy, double rate)
{
	char rate_text[32];
	const char *const keys[][3] = {
		{ "source synth", "type", "synth" },
		{ "source synth", "rate", rate_text },
		{ "source synth", "flows", RTE_STR(FLOWS) },
		{ "source synth", "sizes", "60" },
		{ "source synth", "malformed", "0%" },
		/* The flows outlive the run: what is lost of one is lost in its midst. */
		{ "source synth", "packets", "1000000" },
		{ "source synth", "lcores", "1" },
		{ "stage mark", "type", "mark" },
		{ "stage mark", "input", "synth" },
		{ "stage mark", "lcores", "1" },
		{ "stage sink", "type", "sink" },
		{ "stage sink", "input", "mark" },
		{ "stage sink", "lcores", "2" },
		{ "pipeline", "burst", RTE_STR(BURST) },
		{ "link mark sink", "kind", "ring" },
		{ "link mark sink", "ring", RTE_STR(RING) },
		{ "link mark sink", "on_full", policy->name },
		{ "link mark sink", "deadline", RTE_STR(DEADLINE_US) "us" },
	};
	unsigned int n = RTE_DIM(keys) - !policy->deadline;
	struct weir_error error;
	struct weir_pipeline *pipeline = weir_pipeline_create("overload", &error);

	snprintf(rate_text, sizeof(rate_text), "%.0f", rate);
	if (pipeline == NULL)
		die("pipeline", error.text);
	for (unsigned int i = 0; i < n; i++)
		if (weir_pipeline_set(pipeline, keys[i][0], keys[i][1], keys[i][2], &error) != 0)
			die("pipeline", error.text);
	return pipeline;
}

static unsigned int
find_link(const struct weir_engine *engine)
{
	struct weir_link_figures link = WEIR_LINK_FIGURES_INIT;
	unsigned int i = 0;

	while (weir_ledger_link(engine, i, &link) == 0 && strcmp(link.to, "sink") != 0)
		i++;
	return i;
}

static unsigned int
find_ring(const struct weir_engine *engine)
{
	struct weir_ring_figures ring = WEIR_RING_FIGURES_INIT;
	unsigned int i = 0;

	while (weir_ledger_ring(engine, i, &ring) == 0 && strcmp(ring.to, "sink") != 0)
		i++;
	return i;
}

static void
look(struct moment *moment, unsigned int link)
{
	for (unsigned int i = 0; i < REASONS_MAX; i++)
		if (weir_ledger_link_drop(run.engine, link, i, &reasons[i], &moment->lost[i]) != 0)
			break;
	moment->taken = __atomic_load_n(&run.sink.taken, __ATOMIC_RELAXED);
	moment->tsc = rte_rdtsc();
}

static double
us(uint64_t cycles)
{
	return (double)cycles * 1e6 / (double)rte_get_tsc_hz();
}

static double
share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (double)part / (double)whole;
}

/* The wait that a share of those delivered did not exceed. */
static double
wait_quantile(const struct sink *sink, double of_all)
{
	uint64_t all = 0, below = 0;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		all += sink->waits[i];
	for (i = 0; i < BUCKETS - 1; i++) {
		below += sink->waits[i];
		if ((double)below >= of_all * (double)all && below > 0)
			break;
	}
	return all == 0 ? 0 : us((uint64_t)bucket_value(i));
}

static void
count_classes(struct figures *figures, double seconds)
{
	uint64_t offered = 0, delivered = 0;

	for (unsigned int i = 0; i < CLASSES; i++) {
		uint64_t in = run.mark.offered[i], out = run.sink.delivered[i];

		figures->of[F_CLASS + i] = share(in - out, in);
		offered += in;
		delivered += out;
	}
	figures->of[F_TOP_OFFERED] = (double)run.mark.offered[TOP];
	figures->of[F_TOP_LOST] = (double)(run.mark.offered[TOP] - run.sink.delivered[TOP]);
	figures->of[F_OFFERED] = (double)offered / seconds * 1e-6;
	figures->of[F_LOST] = share(offered - delivered, offered);
	if (figures->of[F_RATE] > 0)
		figures->of[F_NOT_TAKEN] = 1 - figures->of[F_OFFERED] / figures->of[F_RATE];
}

static void
count_flows(struct figures *figures, uint32_t seed)
{
	uint64_t survivors = 0, survivors_whole = 0;

	for (unsigned int i = 0; i < SLOTS; i++) {
		const struct mark_flow *in = &run.mark.flow[i];
		const struct sink_flow *out = &run.sink.flow[i];
		bool whole = out->delivered == in->offered;
		bool survives = weir_flow_place(in->hash, seed) >= run.mark.level_max;

		if (in->offered == 0)
			continue;
		figures->of[out->delivered == 0 ? F_GONE : whole ? F_WHOLE : F_PARTLY]++;
		figures->of[F_GAPS] += out->gaps;
		survivors += survives;
		survivors_whole += survives && whole;
	}
	figures->of[F_LEVEL] = run.mark.level_max * 0x1p-32;
	figures->of[F_SURVIVORS] = (double)survivors;
	figures->of[F_SURVIVORS_WHOLE] = share(survivors_whole, survivors);
}

/* Whether mark was interrupted while it pushed this burst. */
static bool
was_held(uint64_t burst)
{
	uint32_t n = RTE_MIN(run.mark.held, (uint32_t)NOTED_MAX);

	for (uint32_t i = 0; i < n; i++)
		if (run.mark.held_burst[i] == burst)
			return true;
	return false;
}

static void
count_waits(struct figures *figures)
{
	const struct sink *sink = &run.sink;
	uint64_t n = RTE_MIN(sink->overdue, (uint64_t)NOTED_MAX), overdue = sink->overdue - n;
	unsigned int last = BUCKETS - 1;
	uint64_t most = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (was_held(sink->overdue_burst[i]))
			continue;
		overdue++;
		most = RTE_MAX(most, sink->overdue_by[i]);
	}
	while (last > 0 && sink->waits[last] == 0)
		last--;
	figures->of[F_P50] = wait_quantile(sink, 0.5);
	figures->of[F_P99] = wait_quantile(sink, 0.99);
	figures->of[F_MAX] = us((uint64_t)bucket_value(last));
	figures->of[F_LATE] = (double)sink->late;
	figures->of[F_LATE_MOST] = us(sink->late_most);
	figures->of[F_OVERDUE] = (double)overdue;
	figures->of[F_OVERDUE_MOST] = us(most);
	figures->of[F_UNFAIR] = (double)sink->unfair;
	figures->of[F_INTERRUPTIONS] = (double)sink->interruptions;
	figures->of[F_INTERRUPTED] = us(sink->interrupted);
	figures->of[F_INTERRUPTED_MOST] = us(sink->interrupted_most);
}

static void
count_moments(struct figures *figures, const struct moment *begin, const struct moment *end)
{
	double seconds = us(end->tsc - begin->tsc) * 1e-6, events;

	count_classes(figures, seconds);
	figures->of[F_GOODPUT] = (double)(end->taken - begin->taken) / seconds * 1e-6;
	events = figures->of[F_OFFERED] * seconds * 1e6;
	for (unsigned int i = 0; i < REASONS_MAX && events > 0; i++)
		figures->of[F_REASON + i] = (double)(end->lost[i] - begin->lost[i]) / events;
}

/* At rest: the figures of what was counted, and whether all events are accounted for. */
static void
count_rest(struct weir_engine *engine, struct figures *figures)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(engine, &ledger);
	if (ledger.unaccounted != 0)
		die("ledger", "it does not balance");
	if (run.sink.disorder != 0)
		die("sink", "events of a flow are out of order");
	sink_close_burst(&run.sink);
	figures->of[F_INSIDE] = (double)ledger.dropped;
	count_flows(figures, weir_ledger_flow_seed(engine));
	count_waits(figures);
}

static void
measure(struct weir_engine *engine, const struct policy *policy, unsigned int count_ms,
	struct figures *figures)
{
	unsigned int link = find_link(engine);
	struct moment begin = { 0 }, end = { 0 };
	struct weir_error error;

	run.engine = engine;
	run.ring = find_ring(engine);
	if (weir_engine_start(engine, &error) != 0)
		die("start", error.text);
	usleep(policy->settle_ms * 1000);
	look(&begin, link);
	__atomic_store_n(&run.phase, PHASE_COUNT, __ATOMIC_RELAXED);
	usleep(count_ms * 1000);
	__atomic_store_n(&run.phase, PHASE_AFTER, __ATOMIC_RELAXED);
	look(&end, link);
	if (weir_engine_stop(engine, STOP_MS) != 0)
		die("stop", "it did not drain");
	count_moments(figures, &begin, &end);
	count_rest(engine, figures);
}

void
run_once(const struct policy *policy, double rate, unsigned int count_ms, struct figures *figures)
{
	struct weir_pipeline *pipeline = describe(policy, rate);
	struct weir_error error;
	struct weir_plan *plan = weir_plan_create(pipeline, NULL, &error);
	struct weir_engine *engine;
	double hz = (double)rte_get_tsc_hz();

	if (plan == NULL)
		die("plan", error.text);
	engine = weir_engine_create(plan, NULL, &error);
	if (engine == NULL)
		die("engine", error.text);
	memset(&run, 0, sizeof(run));
	memset(figures, 0, sizeof(*figures));
	run.cost = (uint64_t)(hz * COST_NS * 1e-9);
	run.levels = policy->levels;
	/* A burst, and as much again as an event takes for the pass around it. */
	if (policy->deadline)
		run.bound = (uint64_t)(hz * DEADLINE_US * 1e-6) + (BURST + 1) * run.cost;
	figures->of[F_RATE] = rate * 1e-6;
	measure(engine, policy, count_ms, figures);
	if (weir_engine_destroy(engine) != 0)
		die("pools", "not all mbufs came back");
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}
