/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * How the cost of one hop, from lcore to lcore, grows with the work: with flows and frame sizes,
 * which `synth` makes, and with bursts and rings, behind `synth` and behind net_null, which costs
 * nearly nothing itself. One thing is varied at a time. Behind each table: the exponent of the
 * power law that fits best, 0 where the cost stays, 1 where it grows as the value does.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "bench.h"
#include "engines.h"

#define PORT "net_null0"
#define WARM_US 50000
#define MEASURE_US 150000
#define VALUES_MAX 8

/* What is varied, and over what. */
struct dimension {
	const char *name;
	bool null; /* behind net_null; else behind synth */
	const char *section;
	const char *key;
	const char *values[VALUES_MAX + 1];
};

/* The values of a dimension, and what each cost in the rounds that count. */
struct point {
	const struct dimension *dimension;
	const char *value;
	double costs[BENCH_ROUNDS_MAX + 1];
	unsigned int rounds; /* the one that warms up included */
};

static const struct dimension dimensions[] = {
	{ "flows", false, "source gen", "flows",
		{ "100", "1000", "10000", "100000", "1000000", "10000000" } },
	{ "frame size", false, "source gen", "sizes",
		{ "60", "128", "256", "512", "1024", "1514" } },
	{ "burst behind synth", false, "pipeline", "burst",
		{ "1", "4", "16", "32", "64", "128", "256" } },
	{ "burst behind net_null", true, "pipeline", "burst",
		{ "1", "4", "16", "32", "64", "128", "256" } },
	{ "ring behind synth", false, "link gen end", "ring",
		{ "64", "256", "1024", "4096", "16384", "65536" } },
	{ "ring behind net_null", true, "link gen end", "ring",
		{ "64", "256", "1024", "4096", "16384", "65536" } },
};

static const struct bench_metric metrics[] = { { "rate", "Mpps" }, { "cost", "ns" } };

static uint64_t
ended(const struct engine *engine)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(engine->weir, &ledger);
	return ledger.released;
}

static double
measure(const struct engine *engine)
{
	uint64_t tsc, n;

	usleep(WARM_US);
	tsc = rte_rdtsc();
	n = ended(engine);
	usleep(MEASURE_US);
	n = ended(engine) - n;
	return (double)n * (double)rte_get_tsc_hz() / (double)(rte_rdtsc() - tsc);
}

static void
run(const void *arg, double figures[])
{
	struct point *point = (struct point *)(uintptr_t)arg;
	const struct dimension *d = point->dimension;
	/* What is varied comes last: keys may be set again. */
	const struct engine_key synth[] = {
		{ "source gen", "type", "synth" },
		{ "source gen", "lcores", "1" },
		{ "source gen", "sizes", "60" },
		{ "source gen", "malformed", "0%" },
		{ "stage end", "type", "count" },
		{ "stage end", "lcores", "2" },
		{ "stage end", "input", "gen" },
		{ "link gen end", "on_full", "block" },
		{ d->section, d->key, point->value },
		{ NULL, NULL, NULL },
	};
	const struct engine_key null[] = {
		{ "source gen", "device", PORT },
		{ "source gen", "lcores", "1" },
		{ "stage end", "type", "count" },
		{ "stage end", "lcores", "2" },
		{ "stage end", "input", "gen" },
		{ "link gen end", "on_full", "block" },
		{ d->section, d->key, point->value },
		{ NULL, NULL, NULL },
	};
	struct engine engine;
	double rate;

	engine_make(&engine, d->null ? null : synth);
	engine_start(&engine);
	rate = measure(&engine);
	engine_end(&engine);
	figures[0] = rate / 1e6;
	figures[1] = 1e9 / rate;
	point->costs[point->rounds++] = figures[1];
}

/* Median of the rounds that count. */
static double
cost(struct point *point)
{
	return bench_quantile(point->costs + 1, point->rounds - 1, 0.5);
}

/* Exponent of the power of the value that the cost grows as: least squares of the logarithms. */
static double
exponent(struct point points[], unsigned int n)
{
	double x = 0, y = 0, xx = 0, xy = 0;

	for (unsigned int i = 0; i < n; i++) {
		double lx = log(strtod(points[i].value, NULL)), ly = log(cost(&points[i]));

		x += lx;
		y += ly;
		xx += lx * lx;
		xy += lx * ly;
	}
	return (n * xy - x * y) / (n * xx - x * x);
}

static void
fit(struct bench *bench, const struct dimension *d, struct point points[], unsigned int n)
{
	double power = exponent(points, n), least = cost(&points[0]), most = cost(&points[n - 1]);
	json_t *fits = json_object_get(bench->json, "fits");

	printf("  cost of an event ~ (%s) ^ %.3f; %.2f ns at %s, %.2f ns at %s: %.2f times\n",
		d->name, power, least, points[0].value, most, points[n - 1].value, most / least);
	if (fits == NULL) {
		fits = json_object();
		json_object_set_new(bench->json, "fits", fits);
	}
	json_object_set_new(fits, d->name,
		json_pack("{s:f,s:f}", "exponent", power, "growth", most / least));
}

static void
vary(struct bench *bench, const struct dimension *d)
{
	struct bench_side sides[VALUES_MAX] = { 0 };
	struct point *points = calloc(VALUES_MAX, sizeof(*points));
	unsigned int n = 0;

	if (points == NULL)
		bench_die("no memory");
	for (; d->values[n] != NULL; n++) {
		points[n] = (struct point){ .dimension = d, .value = d->values[n] };
		sides[n] = (struct bench_side){
			.name = d->values[n],
			.run = run,
			.arg = &points[n],
		};
	}
	bench_case(bench, d->name, sides, n, 0);
	/* Nothing ran where other cases, or only some sides, were asked for. */
	if (points[0].rounds > 1 && points[n - 1].rounds > 1 && bench->only_side == NULL)
		fit(bench, d, points, n);
	free(points);
}

int
main(int argc, char **argv)
{
	struct bench bench = {
		.name = "scale",
		.title = "one hop, as there is more of something",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};

	bench_open(&bench, argc, argv);
	bench_eal(&bench, (const char *const[]){ PORT, NULL });
	for (unsigned int i = 0; i < RTE_DIM(dimensions); i++)
		vary(&bench, &dimensions[i]);
	return bench_close(&bench);
}
