/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The report: exactly the figures of the table, and sums that agree at every level. */
#include "rig.h"

#include <jansson.h>

static void
has_key(const json_t *object, const char *key)
{
	if (json_object_get(object, key) == NULL)
		fail_msg("no key %s", key);
}

/* An object has the figures of a noun, and keys separated by spaces, and no others. */
static void
keys_are(const json_t *object, unsigned int noun, const char *keys)
{
	const struct weir_figure *figure;
	char buf[256], *at = buf, *key;
	size_t n = 0;

	assert_true(json_is_object(object));
	for (unsigned int i = 0; (figure = weir_figure(noun, i)) != NULL; i++) {
		if (figure->kind == WEIR_FIGURE_LABEL || figure->kind == WEIR_FIGURE_LENGTH)
			continue;
		has_key(object, figure->name);
		n++;
	}
	snprintf(buf, sizeof(buf), "%s", keys);
	while ((key = strsep(&at, " ")) != NULL && *key != '\0') {
		has_key(object, key);
		n++;
	}
	assert_int_equal(json_object_size(object), n);
}

static uint64_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	assert_true(json_integer_value(value) >= 0);
	return (uint64_t)json_integer_value(value);
}

static json_t *
report_read(const struct rig *rig)
{
	char *text = weir_report(rig->engine);
	json_error_t error;
	json_t *report;

	assert_non_null(text);
	report = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (report == NULL)
		fail_msg("%s: %s", error.text, text);
	free(text);
	return report;
}

static void
nodes_have_keys(const json_t *report)
{
	size_t i, j;
	json_t *node, *worker;

	json_array_foreach(json_object_get(report, "nodes"), i, node)
	{
		keys_are(node, WEIR_NOUN_NODE, "workers");
		json_array_foreach(json_object_get(node, "workers"), j, worker)
		{
			keys_are(worker, WEIR_NOUN_WORKER, "latency");
			assert_true(json_is_real(json_object_get(worker, "busy")));
		}
	}
}

static void
links_have_keys(const json_t *report)
{
	size_t i, j;
	json_t *link, *ring;

	json_array_foreach(json_object_get(report, "links"), i, link)
	{
		bool call = strcmp(json_string_value(json_object_get(link, "kind")), "call") == 0;

		keys_are(link, WEIR_NOUN_LINK, "rings drops");
		assert_true(call ||
			strcmp(json_string_value(json_object_get(link, "kind")), "ring") == 0);
		assert_int_equal(call, json_array_size(json_object_get(link, "rings")) == 0);
		json_array_foreach(json_object_get(link, "rings"), j, ring)
			keys_are(ring, WEIR_NOUN_RING, "");
	}
}

static void
report_has_keys(const json_t *report)
{
	unsigned int verdicts = 0;
	size_t i;
	json_t *pool, *lcore;

	keys_are(report, WEIR_NOUN_ENGINE,
		"ledger drops ports queues parse nodes links ends pools flows lcores memory watch");
	assert_string_equal(json_string_value(json_object_get(report, "weir")), WEIR_VERSION_TEXT);
	assert_true(json_is_real(json_object_get(report, "elapsed_s")));
	assert_int_equal(json_string_length(json_object_get(report, "hash_seed")), 2 + 16);
	assert_true(strncmp(json_string_value(json_object_get(report, "dpdk")), "2", 1) == 0);
	keys_are(json_object_get(report, "ledger"), WEIR_NOUN_LEDGER, "");
	for (unsigned int v = 0; v < WEIR_VERDICT_MAX; v++)
		verdicts += json_object_get(json_object_get(report, "parse"),
				    weir_verdict_name(v)) != NULL;
	assert_int_equal(verdicts, json_object_size(json_object_get(report, "parse")));
	assert_int_equal(verdicts, WEIR_VERDICT_MAX);
	nodes_have_keys(report);
	links_have_keys(report);
	json_array_foreach(json_object_get(report, "pools"), i, pool)
		keys_are(pool, WEIR_NOUN_POOL, "");
	keys_are(json_object_get(report, "watch"), WEIR_NOUN_WATCH, "");
	json_array_foreach(json_object_get(report, "lcores"), i, lcore)
		keys_are(lcore, WEIR_NOUN_LCORE, "");
	assert_true(i > 0);
}

static uint64_t
object_sum(const json_t *object)
{
	uint64_t sum = 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) sum += number(object, key);
	return sum;
}

/* Sum of a figure over the workers of all nodes, or of one. */
static uint64_t
workers_sum(const json_t *report, const char *name, const char *figure)
{
	size_t i, j;
	json_t *node, *worker;
	uint64_t sum = 0;

	json_array_foreach(json_object_get(report, "nodes"), i, node)
	{
		const char *have = json_string_value(json_object_get(node, "name"));

		if (name != NULL && strcmp(name, have) != 0)
			continue;
		json_array_foreach(json_object_get(node, "workers"), j, worker) sum +=
			number(worker, figure);
	}
	return sum;
}

static uint64_t
rings_sum(const json_t *report, const char *from, const char *figure)
{
	size_t i, j;
	json_t *link, *ring;
	uint64_t sum = 0;

	json_array_foreach(json_object_get(report, "links"), i, link)
	{
		if (strcmp(json_string_value(json_object_get(link, "from")), from) != 0)
			continue;
		json_array_foreach(json_object_get(link, "rings"), j, ring) sum +=
			number(ring, figure);
	}
	return sum;
}

static void
workers_are_balanced(const json_t *report)
{
	size_t i, j;
	json_t *node, *w;

	json_array_foreach(json_object_get(report, "nodes"), i, node)
		json_array_foreach(json_object_get(node, "workers"), j, w)
			assert_int_equal(number(w, "in") + number(w, "created"),
				number(w, "out") + number(w, "released") + number(w, "dropped") +
					number(w, "held"));
}

static void
report_is_balanced(const json_t *report)
{
	const json_t *ledger = json_object_get(report, "ledger");
	uint64_t dropped = number(ledger, "dropped");
	size_t i;
	json_t *pool;

	assert_int_equal(number(ledger, "received") + number(ledger, "created"),
		number(ledger, "released") + number(ledger, "transmitted") +
			number(ledger, "ejected") + dropped);
	assert_int_equal(number(ledger, "in_flight"), 0);
	assert_int_equal(number(ledger, "unaccounted"), 0);
	assert_int_equal(object_sum(json_object_get(report, "drops")), dropped);
	workers_are_balanced(report);
	assert_int_equal(workers_sum(report, NULL, "dropped"), dropped);
	assert_int_equal(workers_sum(report, NULL, "released"), number(ledger, "released"));
	assert_int_equal(workers_sum(report, NULL, "created"), number(ledger, "created"));
	json_array_foreach(json_object_get(report, "pools"), i, pool)
		assert_int_equal(number(pool, "leaked"), 0);
}

static void
test_full(void **state)
{
	struct rig rig;
	json_t *report;

	(void)state;
	rig_make(&rig, "report", "1-3", 20000,
		SECTIONS("source gen: type=synth; malformed=5%; drop=trunc_l3",
			"source gen2: type=synth; seed=3",
			"stage f: type=t_filter; input=gen, gen2; workers=2",
			"stage a: type=t_reason; input=f.match; workers=2",
			"stage b: type=t_reason; input=f.rest",
			"stage end: type=t_slow; input=a, b; value=10",
			"link gen f: kind=ring; spread=copy", "link gen2 f: kind=ring",
			"link f.match a: kind=ring", "link f.rest b: kind=ring",
			"link a end: kind=ring; ring=64; on_full=drop-newest",
			"link b end: kind=ring; ring=64"));
	rig_start(&rig);
	rig_wait_received(&rig, 5000);
	report = report_read(&rig);
	report_has_keys(report);
	json_decref(report);
	rig_wait(&rig, 20000);
	rig_stop(&rig);

	report = report_read(&rig);
	report_has_keys(report);
	report_is_balanced(report);
	assert_string_equal(json_string_value(json_object_get(report, "pipeline")), "report");
	assert_int_equal(object_sum(json_object_get(report, "parse")), 20000);
	assert_int_equal(number(json_object_get(report, "ledger"), "received"), 20000);
	assert_int_equal(rings_sum(report, "gen", "enqueued"), workers_sum(report, "gen", "out"));
	assert_int_equal(rings_sum(report, "a", "enqueued"), workers_sum(report, "a", "out"));
	assert_int_equal(rings_sum(report, "a", "dequeued") + rings_sum(report, "b", "dequeued"),
		workers_sum(report, "end", "in"));
	assert_int_equal(rings_sum(report, "f.match", "dequeued"), workers_sum(report, "a", "in"));
	assert_int_equal(rings_sum(report, "f.rest", "dequeued"), workers_sum(report, "b", "in"));
	assert_int_equal(rings_sum(report, "a", "dropped"),
		number(json_object_get(report, "drops"), "ring_full"));
	json_decref(report);
	rig_end(&rig);
}

/* Before it ever ran, and after it was stopped in full swing. */
static void
test_ends(void **state)
{
	struct rig rig;
	json_t *report;

	(void)state;
	rig_make(&rig, "ends", "1-2", 0,
		SECTIONS("source gen: type=synth",
			"stage end: type=t_slow; input=gen; value=1000"));
	report = report_read(&rig);
	report_has_keys(report);
	report_is_balanced(report);
	json_decref(report);
	rig_start(&rig);
	rig_wait_received(&rig, 500);
	assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
	report = report_read(&rig);
	report_has_keys(report);
	report_is_balanced(report);
	assert_true(number(json_object_get(report, "drops"), "drain_abandoned") > 0);
	json_decref(report);
	rig_end(&rig);
}

/* Calls have no rings. */
static void
test_calls(void **state)
{
	struct rig rig;
	json_t *report;

	(void)state;
	rig_make(&rig, "calls", "0", 1000,
		SECTIONS("source gen: type=synth", "stage a: type=t_pass; input=gen",
			"stage end: type=t_pass; input=a"));
	rig_wait(&rig, 1000);
	rig_stop(&rig);
	report = report_read(&rig);
	report_has_keys(report);
	report_is_balanced(report);
	json_decref(report);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_calls),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
