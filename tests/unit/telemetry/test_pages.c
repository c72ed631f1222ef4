/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lists that do not fit in a reply: walking `next` gives each entry once, and each of them whole. */
#include "engine/rig.h"

#include <rte_telemetry.h>

#include "ask.h"

#define LONG_NODES 100
#define WORKERS 256
#define RINGS 100
#define LCORES 128
/* A reply that goes on has less room left than that, the longest entry with its key. */
#define ENTRY_MAX 2000

static char long_nodes[LONG_NODES][160];

/* More nodes, workers, links and rings than a reply holds, and names that could be taken for others. */
static void
make_wide(struct rig *rig)
{
	const char *sections[LONG_NODES + 8] = { "source gen: type=synth",
		"stage 48: type=t_pass; input=gen", "stage next: type=t_pass; input=gen",
		"stage m: type=t_pass; input=gen; workers=256",
		"stage r: type=t_pass; input=gen; workers=100", "link gen r: kind=ring; ring=64" };

	for (unsigned int i = 0; i < LONG_NODES; i++) {
		snprintf(long_nodes[i], sizeof(long_nodes[i]),
			"stage a-long-name-of-node-%02u: type=t_pass; input=gen", i);
		sections[6 + i] = long_nodes[i];
	}
	rig_make(rig, "wide", "0", 0, sections);
}

/* As many workers and lcores as the machine has lcores. */
static void
make_lcores(struct rig *rig)
{
	rig_make(rig, "lcores", "0-127", 0,
		SECTIONS("pool: cache=0", "source gen: type=synth",
			"stage a-long-name-of-a-stage: type=t_pass; input=gen; workers=127",
			"link gen a-long-name-of-a-stage: ring=64"));
}

/* What every counter is: long, and what jansson can read of the sum over 256. */
#define LONG UINT64_C(0x0101010101010101)

/* Every counter of every worker and ring. */
static void
counters_are(const struct rig *rig, uint64_t n)
{
	for (unsigned int i = 0; i < rig->engine->seat_count; i++)
		*rig->engine->seats[i].worker->stats =
			(struct worker_stats){ n, n, n, n, n, n, n, n, { n } };
	for (unsigned int i = 0; i < rig->engine->joint_count; i++) {
		rig->engine->joints[i].lane->ring.published = n;
		rig->engine->joints[i].consumer->taken = n;
	}
}

static void
end(struct rig *rig)
{
	counters_are(rig, 0);
	rig_stop(rig);
	rig_end(rig);
}

/* Keys that an entry has at least: its noun's figures, but labels and what may not be known. */
static size_t
keys_of(unsigned int noun, bool sums)
{
	const struct weir_figure *figure;
	size_t n = 0;

	for (unsigned int i = 0; (figure = weir_figure(noun, i)) != NULL; i++) {
		if (figure->known != 0)
			continue;
		n += sums ?
			figure->kind == WEIR_FIGURE_COUNTER || figure->kind == WEIR_FIGURE_GAUGE :
			figure->kind != WEIR_FIGURE_LABEL;
	}
	return n;
}

/* One page put to the others: none of its entries was there before, and each is whole. */
static void
page_add(json_t *all, const json_t *page, size_t keys)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)page, key, value)
	{
		bool entry = keys > 0 ? json_is_object(value) : json_is_string(value);

		if (!entry)
			continue;
		if (json_object_get(all, key) != NULL)
			fail_msg("%s comes twice", key);
		assert_true(keys == 0 || json_object_size(value) >= keys);
		json_object_set(all, key, value);
	}
}

/* All entries of a list, by `next`, with how many keys each has; 0: it is a text. */
static json_t *
walk(const char *command, size_t keys, unsigned int *pages)
{
	json_t *all = json_object(), *next, *page;
	unsigned int from = 0;
	char text[128];

	for (*pages = 1;; ++*pages) {
		snprintf(text, sizeof(text), "%s,%u", command, from);
		page = ask(text);
		page_add(all, page, keys);
		next = json_object_get(page, "next");
		if (next == NULL)
			break;
		/* It goes on where it ended, and not before it had to. */
		assert_int_equal(json_integer_value(next), json_object_size(all));
		assert_true(reply_size > REPLY_MAX - ENTRY_MAX ||
			json_object_size(page) == RTE_TEL_MAX_DICT_ENTRIES);
		from = (unsigned int)json_integer_value(next);
		json_decref(page);
	}
	json_decref(page);
	return all;
}

/* A list has so many entries, on more than one page, and none beyond them. */
static json_t *
walk_all(const char *command, size_t keys, size_t entries)
{
	unsigned int pages;
	json_t *all = walk(command, keys, &pages);
	char beyond[128];

	assert_int_equal(json_object_size(all), entries);
	assert_true(pages > 1);
	snprintf(beyond, sizeof(beyond), "%s,%zu", command, entries);
	answers_null(beyond);
	return all;
}

static void
test_nodes(void **state)
{
	size_t sums = keys_of(WEIR_NOUN_NODE, false) + keys_of(WEIR_NOUN_WORKER, true);
	json_t *all, *one;
	struct rig rig;

	(void)state;
	make_wide(&rig);
	counters_are(&rig, LONG);
	all = walk_all("/weir/nodes,,", sums, LONG_NODES + 5);
	assert_non_null(json_object_get(all, "a/long/name/of/node/99"));
	assert_int_equal(number(json_object_get(all, "m"), "workers"), WORKERS);
	/* Neither is a node called `next` the number of a page, nor one called 48 a FROM. */
	text_is(json_object_get(all, "the/node/that/is/called/next"), "name", "next");
	json_decref(all);
	one = ask("/weir/nodes,wide,48");
	assert_int_equal(json_object_size(one), 1);
	assert_non_null(json_object_get(one, "48_0"));
	json_decref(one);
	one = ask("/weir/nodes,wide,,104");
	assert_int_equal(json_object_size(one), 1);
	json_decref(one);
	end(&rig);
}

static void
test_workers(void **state)
{
	size_t keys = keys_of(WEIR_NOUN_WORKER, false) +
		WEIR_LATENCY_MAX * keys_of(WEIR_NOUN_LATENCY, false);
	struct rig rig;
	char key[16];
	json_t *all;

	(void)state;
	make_wide(&rig);
	counters_are(&rig, LONG);
	all = walk_all("/weir/nodes,wide,m", keys, WORKERS);
	for (unsigned int i = 0; i < WORKERS; i++) {
		snprintf(key, sizeof(key), "m_%u", i);
		assert_true(number(json_object_get(all, key), "in") == LONG);
	}
	json_decref(all);
	end(&rig);
}

static void
test_links(void **state)
{
	json_t *all;
	struct rig rig;

	(void)state;
	make_wide(&rig);
	counters_are(&rig, LONG);
	all = walk_all("/weir/links,wide,", keys_of(WEIR_NOUN_LINK, false), LONG_NODES + 4);
	assert_int_equal(number(json_object_get(all, "link_3"), "rings"), RINGS);
	json_decref(all);
	all = walk_all("/weir/links,wide,3", keys_of(WEIR_NOUN_RING, false), RINGS);
	assert_non_null(json_object_get(all, "ring_0_99"));
	json_decref(all);
	end(&rig);
}

/* Entries so short that a dict's keys are what a reply holds of them. */
static void
test_plan(void **state)
{
	json_t *all, *one;
	struct rig rig;

	(void)state;
	make_wide(&rig);
	all = walk_all("/weir/plan,wide", 0, 3 + WORKERS + RINGS + LONG_NODES);
	assert_non_null(json_object_get(all, "m_255"));
	json_decref(all);
	one = ask("/weir/plan,wide,458");
	assert_true(number(one, "memory_bytes") > 0);
	assert_int_equal(json_object_size(one), 2);
	json_decref(one);
	end(&rig);
}

static void
test_lcores(void **state)
{
	unsigned int pages;
	struct rig rig;
	json_t *all;

	(void)state;
	make_lcores(&rig);
	all = walk("/weir/watch,lcores", keys_of(WEIR_NOUN_LCORE, false), &pages);
	assert_int_equal(json_object_size(all), LCORES);
	json_decref(all);
	answers_null("/weir/watch,lcores,128");
	all = walk("/weir/plan,lcores", 0, &pages);
	assert_int_equal(json_object_size(all), LCORES);
	json_decref(all);
	all = walk("/weir/nodes,lcores,a-long-name-of-a-stage", keys_of(WEIR_NOUN_WORKER, false),
		&pages);
	assert_int_equal(json_object_size(all), LCORES - 1);
	json_decref(all);
	end(&rig);
}

/* Any number to start at gives the entry of that number first. */
static void
test_from_any(void **state)
{
	struct rig rig;
	char command[64], key[32];

	(void)state;
	make_wide(&rig);
	for (unsigned int from = 0; from < WORKERS; from++) {
		json_t *page;

		snprintf(command, sizeof(command), "/weir/nodes,,m,%u", from);
		page = ask(command);
		snprintf(key, sizeof(key), "m_%u", from);
		assert_non_null(json_object_get(page, key));
		snprintf(key, sizeof(key), "m_%u", from - 1);
		assert_null(json_object_get(page, key));
		json_decref(page);
	}
	end(&rig);
}

/* The names of engines are an array: what is left of it is asked for by number. */
static void
test_engines(void **state)
{
	struct rig one, two;
	json_t *list;

	(void)state;
	rig_make(&one, "one", "0", 0,
		SECTIONS("source gen: type=synth", "stage a: type=t_pass; input=gen"));
	rig_make(&two, "two", "1", 0,
		SECTIONS("source gen: type=synth", "stage a: type=t_pass; input=gen"));
	list = ask("/weir/list,1");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "two");
	json_decref(list);
	list = ask("/weir/list,2");
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	end(&one);
	end(&two);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_lcores),
		cmocka_unit_test(test_from_any),
		cmocka_unit_test(test_engines),
	};
	unsigned int cpus[2];
	char lcores[32];

	rig_cpus(cpus);
	snprintf(lcores, sizeof(lcores), "(0-127)@(%u,%u)", cpus[0], cpus[1]);
	rig_eal_start(lcores);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
