/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Stages that keep hashes behind each other: of their workers only those are joined that meet. */
#include "rig.h"

#define EVENTS 3000
#define ROUNDS 12
#define WORKERS_MOST 6

/* Four stages of so many workers each, behind two workers of a source. */
struct chain {
	unsigned int workers[4];
	const char *lcores;
	const char *kind;
	unsigned int linger;
};

static void
chain_describe(struct rig *rig, const struct chain *chain)
{
	static const char *const names[] = { "gen", "a", "b", "c", "d" };
	char text[96];

	memset(rig, 0, sizeof(*rig));
	rig->pipeline = weir_pipeline_create("stride", &rig->error);
	rig_ok(rig, rig->pipeline == NULL);
	rig_section(rig, "source gen: type=synth; queues=2; flows=500; seed=11");
	for (unsigned int i = 1; i < RTE_DIM(names); i++) {
		snprintf(text, sizeof(text), "stage %s: type=t_share; input=%s; workers=%u",
			names[i], names[i - 1], chain->workers[i - 1]);
		rig_section(rig, text);
		snprintf(text, sizeof(text), "link %s %s: kind=%s; on_full=block; linger=%u",
			names[i - 1], names[i], chain->kind, chain->linger);
		rig_section(rig, text);
	}
	rig_ok(rig, weir_pipeline_check(rig->pipeline, &rig->error));
}

/* The pairs of a link, counted one by one. */
static unsigned int
meetings(unsigned int producers, unsigned int consumers)
{
	bool meet[WORKERS_MOST][WORKERS_MOST] = { 0 };
	unsigned int n = 0;

	for (unsigned int bucket = 0; bucket < WEIR_BUCKETS; bucket++)
		meet[bucket % producers][bucket % consumers] = true;
	for (unsigned int i = 0; i < WORKERS_MOST * WORKERS_MOST; i++)
		n += meet[i / WORKERS_MOST][i % WORKERS_MOST];
	return n;
}

static void
chain_run(const struct chain *chain)
{
	const unsigned int *w = chain->workers;
	struct weir_ledger ledger;
	struct rig rig;

	chain_describe(&rig, chain);
	rig_place(&rig, chain->lcores);
	assert_int_equal(rig.plan->pair_count,
		2 * w[0] + meetings(w[0], w[1]) + meetings(w[1], w[2]) + meetings(w[2], w[3]));
	rig_create(&rig, EVENTS);
	rig_start(&rig);
	rig_wait(&rig, EVENTS);
	ledger = rig_ledger(&rig);
	assert_int_equal(ledger.received, EVENTS);
	assert_int_equal(ledger.dropped, 0);
	rig_stop(&rig);
	assert_int_equal(rig_sum(&rig, "d", released), EVENTS);
	assert_int_equal(seen_read(&seen.strayed), 0);
	rig_end(&rig);
}

/* What brings other buckets, or other hashes, leaves all joined with all. */
static void
test_not(void **state)
{
	static const struct {
		const char *type, *link;
		unsigned int pairs;
	} cases[] = {
		{ "t_pass", "link gen a: spread=flow", 4 + 16 },
		{ "t_share", "link gen a: spread=round-robin", 4 + 16 },
		{ "t_share", "link gen a: spread=copy", 4 + 16 },
		{ "t_share", "link a b: spread=round-robin", 4 + 16 },
		{ "t_share", "link a b: spread=copy", 4 + 16 },
		{ "t_share", "link gen a: spread=flow", 4 + 4 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct rig rig;
		char stage[64];

		snprintf(stage, sizeof(stage), "stage a: type=%s; input=gen; workers=4",
			cases[i].type);
		rig_describe(&rig, "joined",
			SECTIONS("source gen: type=synth", stage,
				"stage b: type=t_pass; input=a; workers=4", cases[i].link));
		rig_place(&rig, "1");
		assert_int_equal(rig.plan->pair_count, cases[i].pairs);
		weir_plan_free(rig.plan);
		weir_pipeline_free(rig.pipeline);
	}
}

/* A promise that is not kept is named by a build with checks; every event is accounted for in any. */
static void
test_broken(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_log_begin(&log);
	rig_make(&rig, "broken", "1", EVENTS,
		SECTIONS("source gen: type=synth; flows=100",
			"stage a: type=t_rehash; input=gen; workers=4",
			"stage b: type=t_pass; input=a; workers=4"));
	rig_wait(&rig, EVENTS);
	rig_stop(&rig);
	assert_int_equal(rig_sum(&rig, "b", released), EVENTS);
#ifdef WEIR_CHECKS
	assert_true(rig_log_count(&log, "stage 'a' (t_rehash) keeps_hash, but forwards ") > 0);
#endif
	rig_log_end(&log);
	rig_end(&rig);
}

/* Producers of a round-robin begin with one consumer each. */
static void
test_turns(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "turns", "1", EVENTS,
		SECTIONS("source gen: type=synth; queues=5",
			"stage a: type=t_pass; input=gen; workers=3",
			"link gen a: spread=round-robin"));
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(rig.engine->seats[i].worker->outputs[0].links[0].turn, i % 3);
	rig_wait(&rig, EVENTS);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_lcores(void **state)
{
	static const struct chain chains[] = {
		{ { 4, 4, 4, 4 }, "1-3", "auto", 0 },
		{ { 4, 6, 3, 6 }, "1-3", "auto", 0 },
		{ { 6, 4, 2, 1 }, "1-3", "ring", 9 },
		{ { 1, 5, 5, 2 }, "1", "auto", 0 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(chains); i++)
		chain_run(&chains[i]);
}

static void
test_random(void **state)
{
	static const char *const lcores[] = { "1", "1-2", "1-3" },
				 *const kinds[] = { "auto", "ring" };
	uint64_t seed = testing_seed();

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct chain chain = {
			.lcores = lcores[testing_random(&seed) % RTE_DIM(lcores)],
			.kind = kinds[testing_random(&seed) % RTE_DIM(kinds)],
			.linger = testing_random(&seed) % 2 * 20,
		};

		for (unsigned int i = 0; i < RTE_DIM(chain.workers); i++)
			chain.workers[i] = 1 + (unsigned int)(testing_random(&seed) % WORKERS_MOST);
		chain_run(&chain);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_lcores),
		cmocka_unit_test(test_random),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
