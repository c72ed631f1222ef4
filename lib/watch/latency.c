/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How long things take, from the workers' histograms. */
#include "watch_private.h"

static const char *const latency_names[WEIR_LATENCY_MAX] = {
	[WEIR_LATENCY_WAIT] = "wait",
	[WEIR_LATENCY_SERVICE] = "service",
	[WEIR_LATENCY_AGE] = "age",
};

const char *
weir_latency_name(unsigned int latency)
{
	return latency < WEIR_LATENCY_MAX ? latency_names[latency] : NULL;
}

static const struct histogram *
latency_histogram(const struct worker_latency *latency, enum weir_latency kind)
{
	switch (kind) {
	case WEIR_LATENCY_WAIT:
		return &latency->wait;
	case WEIR_LATENCY_SERVICE:
		return &latency->service;
	default:
		return &latency->age;
	}
}

static uint64_t
ns_of(uint64_t cycles)
{
	return (uint64_t)((double)cycles * NS_PER_S / (double)rte_get_tsc_hz());
}

int
weir_ledger_latency(const struct weir_engine *engine, unsigned int i, enum weir_latency latency,
	struct weir_latency_figures *figures)
{
	struct weir_latency_figures full;
	const struct histogram *histogram;

	if (engine == NULL)
		return -EINVAL;
	if (i >= engine->seat_count || latency >= WEIR_LATENCY_MAX)
		return -ENOENT;
	if (engine->seats[i].worker->latency == NULL)
		return -ENODATA;
	histogram = latency_histogram(engine->seats[i].worker->latency, latency);
	full = (struct weir_latency_figures){
		.count = histogram_count(histogram),
		.p50 = ns_of(histogram_quantile(histogram, 500000)),
		.p99 = ns_of(histogram_quantile(histogram, 990000)),
		.p999 = ns_of(histogram_quantile(histogram, 999000)),
		.max = ns_of(stat_read(&histogram->max)),
	};
	return SIZED_GIVE(figures, &full, count);
}
