/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Pipelines of every shape, each in three ways: its links calls on one lcore, rings on one lcore,
 * and over three lcores that were launched. Nothing is lost in any.
 */
#include "rig.h"

#define EVENTS 20000

#define GEN "source gen: type=synth; flows=200; sizes=60"
#define END "stage end: type=t_pass; input="

enum way { CALLS, RINGS, LCORES, WAYS };

/* A shape, and how often each event comes to `end`. */
struct shape {
	const char *name;
	unsigned int times;
	const char *sections[9];
};

static const struct shape shapes[] = {
	{ "line", 1, { GEN, "stage a: type=t_pass; input=gen", END "a" } },
	{ "stateless", 1, { GEN, "stage a: type=t_bare; input=gen; workers=2", END "a" } },
	{ "diamond", 2,
		{ GEN, "stage a: type=t_pass; input=gen", "stage b: type=t_pass; input=gen",
			END "a, b" } },
	{ "lattice", 4,
		{ GEN, "stage a: type=t_pass; input=gen", "stage b: type=t_pass; input=gen",
			"stage c: type=t_pass; input=a, b", "stage d: type=t_pass; input=a, b",
			END "c, d", "link c end: ring=64", "link gen a: ring=100" } },
	{ "copy", 3,
		{ GEN, "stage a: type=t_pass; input=gen; workers=3", END "a",
			"link gen a: spread=copy" } },
	{ "copy-twice", 4,
		{ GEN, "stage a: type=t_pass; input=gen; workers=2", END "a; workers=2",
			"link gen a: spread=copy; ring=64", "link a end: spread=copy; ring=64" } },
	{ "flows", 1,
		{ GEN, "stage no: type=t_stamp; input=gen",
			"stage a: type=t_order; input=no; workers=3", END "a; workers=2" } },
	{ "turns", 1,
		{ GEN, "stage a: type=t_pass; input=gen; workers=3", END "a",
			"link gen a: spread=round-robin" } },
	{ "filter", 1,
		{ GEN, "stage f: type=t_filter; input=gen", "stage m: type=t_pass; input=f.match",
			"stage r: type=t_pass; input=f.rest", END "m, r" } },
	{ "filter-half", 1,
		{ GEN, "stage f: type=t_filter; input=gen", END "f.match",
			"stage r: type=t_pass; input=f.rest" } },
	{ "hold", 1, { GEN, "stage h: type=t_hold; input=gen", END "h", "link h end: ring=64" } },
	{ "hold-workers", 1,
		{ GEN, "stage h: type=t_hold; input=gen; workers=2",
			"stage g: type=t_hold; input=h", END "g", "link g end: ring=64" } },
	{ "shut", 1, { GEN, "stage s: type=t_shut; input=gen; value=500", END "s" } },
	{ "shut-deep", 2,
		{ GEN, "stage a: type=t_pass; input=gen", "stage b: type=t_pass; input=gen",
			"stage s: type=t_shut; input=a, b; value=100", END "s" } },
	{ "fan", 3, { GEN, "stage f: type=t_fan; input=gen", END "f", "link f end: ring=96" } },
	{ "fan-twice", 9,
		{ GEN, "stage f: type=t_fan; input=gen", "stage g: type=t_fan; input=f", END "g",
			"link f g: ring=96", "link g end: ring=100" } },
	{ "sources", 1,
		{ GEN, "source gen2: type=synth; queues=2; flows=50; seed=7",
			"stage a: type=t_pass; input=gen, gen2; workers=2", END "a" } },
	{ "bursts-of-1", 1,
		{ "pipeline: burst=1", GEN, "stage a: type=t_pass; input=gen; workers=2",
			END "a" } },
	{ "bursts-of-256", 1,
		{ "pipeline: burst=256", GEN, "stage a: type=t_pass; input=gen; workers=2", END "a",
			"link a end: ring=256" } },
};

/* Every link a ring, also on one lcore. */
static void
force_rings(struct rig *rig)
{
	char sections[16][64];
	unsigned int n = rig->pipeline->link_count;

	assert_true(n <= RTE_DIM(sections));
	for (unsigned int i = 0; i < n; i++) {
		const struct link *link = &rig->pipeline->links[i];
		char from[LINK_FROM_SIZE];

		snprintf(sections[i], sizeof(sections[i]), "link %s %s",
			pipeline_from(rig->pipeline, link, from),
			rig->pipeline->nodes[link->to].name);
	}
	for (unsigned int i = 0; i < n; i++)
		rig_ok(rig,
			weir_pipeline_set(rig->pipeline, sections[i], "kind", "ring", &rig->error));
	rig_ok(rig, weir_pipeline_check(rig->pipeline, &rig->error));
}

static void
links_are(const struct rig *rig, enum way way)
{
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_link(rig->engine, i, &l) == 0; i++)
		if (way != LCORES)
			assert_int_equal(l.call, way == CALLS);
}

static void
run(const struct shape *shape, enum way way)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	struct rig rig;

	rig_describe(&rig, shape->name, shape->sections);
	if (way == RINGS)
		force_rings(&rig);
	rig_place(&rig, way == LCORES ? "1-3" : "1");
	rig_create(&rig, EVENTS);
	links_are(&rig, way);
	if (way == LCORES)
		rig_start(&rig);
	rig_wait(&rig, EVENTS);
	ledger = rig_ledger(&rig);
	assert_int_equal(ledger.received, EVENTS);
	assert_int_equal(ledger.dropped, 0);
	rig_stop(&rig);
	if (strcmp(shape->name, "filter-half") == 0)
		assert_int_equal(rig_sum(&rig, "end", released) + rig_sum(&rig, "r", released),
			EVENTS);
	else
		assert_int_equal(rig_sum(&rig, "end", released), EVENTS * shape->times);
	rig_end(&rig);
}

static void
test_shapes(void **state)
{
	enum way way = *(enum way *)*state;

	for (unsigned int i = 0; i < RTE_DIM(shapes); i++)
		run(&shapes[i], way);
}

int
main(void)
{
	static enum way ways[WAYS] = { CALLS, RINGS, LCORES };
	const struct CMUnitTest tests[] = {
		{ "test_calls", test_shapes, NULL, rig_clear, &ways[CALLS] },
		{ "test_rings", test_shapes, NULL, rig_clear, &ways[RINGS] },
		{ "test_lcores", test_shapes, NULL, rig_clear, &ways[LCORES] },
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
