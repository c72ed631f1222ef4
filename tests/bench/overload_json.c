/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* All figures of all rounds, for programs. */
#include <stdio.h>

#include <jansson.h>

#include <rte_version.h>

#include "overload.h"

static const char *const names[F_CLASS] = {
	[F_RATE] = "rate_mpps",
	[F_OFFERED] = "offered_mpps",
	[F_GOODPUT] = "goodput_mpps",
	[F_NOT_TAKEN] = "not_taken_share",
	[F_LOST] = "lost_share",
	[F_P50] = "in_ring_p50_us",
	[F_P99] = "in_ring_p99_us",
	[F_MAX] = "in_ring_max_us",
	[F_WHOLE] = "flows_whole",
	[F_PARTLY] = "flows_partly_lost",
	[F_GONE] = "flows_gone",
	[F_GAPS] = "flow_gaps",
	[F_LEVEL] = "level_max",
	[F_SURVIVORS] = "surviving_flows",
	[F_SURVIVORS_WHOLE] = "surviving_flows_whole_share",
	[F_INSIDE] = "lost_inside_events",
	[F_TOP_OFFERED] = "top_class_offered_events",
	[F_TOP_LOST] = "top_class_lost_events",
	[F_UNFAIR] = "top_class_lost_while_lower_admitted_bursts",
	[F_LATE] = "late_events",
	[F_LATE_MOST] = "late_most_us",
	[F_OVERDUE] = "late_not_interrupted_events",
	[F_OVERDUE_MOST] = "late_not_interrupted_most_us",
	[F_INTERRUPTIONS] = "interruptions",
	[F_INTERRUPTED] = "interrupted_us",
	[F_INTERRUPTED_MOST] = "interrupted_most_us",
};

static json_t *
json_values(const double values[], unsigned int n)
{
	json_t *rounds = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(rounds, json_real(values[i]));
	return json_pack("{s:f,s:f,s:f,s:f,s:f,s:o}", "median", quantile(values, n, 0.5), "q1",
		quantile(values, n, 0.25), "q3", quantile(values, n, 0.75), "min",
		quantile(values, n, 0), "max", quantile(values, n, 1), "rounds", rounds);
}

static json_t *
json_figure(const struct results *results, unsigned int policy, unsigned int load,
	unsigned int figure)
{
	double values[ROUNDS_MAX];

	for (unsigned int r = 0; r < results->rounds; r++)
		values[r] = results->of[policy][load][r].of[figure];
	return json_values(values, results->rounds);
}

static json_t *
json_load(const struct results *results, unsigned int policy, unsigned int load)
{
	json_t *json = json_pack("{s:f}", "load", loads[load]);
	json_t *classes = json_array(), *lost = json_object();

	for (unsigned int f = 0; f < F_CLASS; f++)
		json_object_set_new(json, names[f], json_figure(results, policy, load, f));
	for (unsigned int c = 0; c < CLASSES; c++)
		json_array_append_new(classes, json_figure(results, policy, load, F_CLASS + c));
	for (unsigned int i = 0; i < REASONS_MAX && reasons[i] != NULL; i++)
		json_object_set_new(lost, reasons[i],
			json_figure(results, policy, load, F_REASON + i));
	json_object_set_new(json, "lost_share_by_class", classes);
	json_object_set_new(json, "lost_share_by_reason", lost);
	return json;
}

static json_t *
json_policies(const struct results *results)
{
	json_t *list = json_array();

	for (unsigned int p = 0; p < POLICIES; p++) {
		json_t *of_loads = json_array();

		for (unsigned int l = 0; results->wanted[p] && l < LOADS; l++)
			json_array_append_new(of_loads, json_load(results, p, l));
		if (results->wanted[p])
			json_array_append_new(list,
				json_pack("{s:s,s:s,s:O}", "name", policies[p].name, "meaning",
					policies[p].meaning, "loads", of_loads));
		json_decref(of_loads);
	}
	return list;
}

static json_t *
json_claims(const struct claim claims[], unsigned int n)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(list,
			json_pack("{s:s,s:s,s:b}", "claim", claims[i].what, "found",
				claims[i].found, "holds", claims[i].holds));
	return list;
}

void
json_write(const char *path, const struct results *results, const struct claim claims[],
	unsigned int n_claims)
{
	/* No metrics as other benchmarks have them, which are drawn as bars. */
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:[]}", "bench", "overload", "title",
		"what each drop policy gives under overload", "weir", weir_version(), "dpdk",
		rte_version(), "metrics");

	json_object_set_new(json, "rounds", json_integer(results->rounds));
	json_object_set_new(json, "count_ms", json_integer(results->count_ms));
	json_object_set_new(json, "hugepages", json_boolean(results->hugepages));
	json_object_set_new(json, "ring", json_integer(RING));
	json_object_set_new(json, "burst", json_integer(BURST));
	json_object_set_new(json, "flows", json_integer(FLOWS));
	json_object_set_new(json, "deadline_us", json_integer(DEADLINE_US));
	json_object_set_new(json, "capacity_mpps", json_values(results->capacity, results->rounds));
	json_object_set_new(json, "policies", json_policies(results));
	json_object_set_new(json, "claims", json_claims(claims, n_claims));
	if (json_dump_file(json, path, JSON_INDENT(1) | JSON_REAL_PRECISION(8)) != 0)
		die("cannot write", path);
	json_decref(json);
}
