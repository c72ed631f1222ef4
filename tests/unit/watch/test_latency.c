/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How long things take: on about one pass in 64, at every stage's worker. */
#include "engine/rig.h"

/* Index of the first worker of a node. */
static unsigned int
worker_of(const struct rig *rig, const char *node)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_worker(rig->engine, i, &w) == 0; i++)
		if (strcmp(w.node, node) == 0)
			return i;
	fail_msg("no %s", node);
	return 0;
}

static struct weir_latency_figures
latency_of(const struct rig *rig, const char *node, enum weir_latency latency)
{
	struct weir_latency_figures l = WEIR_LATENCY_FIGURES_INIT;

	assert_int_equal(weir_ledger_latency(rig->engine, worker_of(rig, node), latency, &l), 0);
	assert_true(l.p50 <= l.p99 && l.p99 <= l.p999 && l.p999 <= l.max);
	assert_int_equal(l.count == 0, l.max == 0);
	return l;
}

static void
test_refuse(void **state)
{
	struct weir_latency_figures l = WEIR_LATENCY_FIGURES_INIT;
	struct rig rig;

	(void)state;
	rig_make(&rig, "none", "0", 0,
		SECTIONS("source gen: type=synth", "stage end: type=count; input=gen"));
	assert_int_equal(weir_ledger_latency(rig.engine, 2, WEIR_LATENCY_AGE, &l), -ENOENT);
	assert_int_equal(weir_ledger_latency(rig.engine, 1, WEIR_LATENCY_MAX, &l), -ENOENT);
	assert_int_equal(weir_ledger_latency(rig.engine, worker_of(&rig, "gen"), WEIR_LATENCY_AGE,
				 &l),
		-ENODATA);
	for (unsigned int k = 0; k < WEIR_LATENCY_MAX; k++) {
		assert_non_null(weir_latency_name(k));
		assert_int_equal(latency_of(&rig, "end", (enum weir_latency)k).count, 0);
	}
	assert_null(weir_latency_name(WEIR_LATENCY_MAX));
	rig_stop(&rig);
	rig_end(&rig);
}

/* A stage that takes a millisecond for a burst, behind a ring; and what it calls. */
static void
test_slow(void **state)
{
	struct weir_latency_figures wait = WEIR_LATENCY_FIGURES_INIT,
				    service = WEIR_LATENCY_FIGURES_INIT,
				    age = WEIR_LATENCY_FIGURES_INIT;
	struct rig rig;

	(void)state;
	rig_make(&rig, "slow", "0", 64 * 32 * 8,
		SECTIONS("source gen: type=synth", "stage slow: type=t_slow; value=1000; input=gen",
			"stage end: type=count; input=slow", "link gen slow: kind=ring; ring=256"));
	rig_wait(&rig, 64 * 32 * 8);
	wait = latency_of(&rig, "slow", WEIR_LATENCY_WAIT);
	service = latency_of(&rig, "slow", WEIR_LATENCY_SERVICE);
	age = latency_of(&rig, "slow", WEIR_LATENCY_AGE);
	assert_true(wait.count > 0);
	/* Of 512 passes that move a burst one in 64 is timed, give or take a half. */
	assert_in_range(service.count, 4, 16);
	/* Of one event: the part is no longer than the whole. */
	assert_int_equal(age.count, wait.count);
	assert_true(wait.p50 <= age.p50 && wait.p99 <= age.p99 && wait.p999 <= age.p999);
	assert_true(wait.max <= age.max);
	/* A burst is 32 events at most; buckets are 1/16 wide. */
	assert_true(service.p50 >= 1000000 / 32 * 15 / 16);
	assert_true(latency_of(&rig, "end", WEIR_LATENCY_AGE).p50 >= 1000000 * 15 / 16);
	assert_int_equal(latency_of(&rig, "end", WEIR_LATENCY_WAIT).count, 0);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Events that a policy drops are not waited for: the next probe goes out. */
static void
test_lost_probes(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "lost", "1-2", 0,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=t_slow; value=100; input=gen; lcores=2",
			"link gen end: ring=64; on_full=drop-oldest; high=50%; low=0%"));
	rig_start(&rig);
	rig_wait_received(&rig, 200000);
	while (latency_of(&rig, "end", WEIR_LATENCY_WAIT).count < 3)
		rig_wait_received(&rig, rig_ledger(&rig).received + 10000);
	rig_stop(&rig);
	assert_true(rig_dropped(&rig, "oldest") > 0);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_lost_probes),
	};

	rig_eal_init();
	return cmocka_run_group_tests_name("engine latency", tests, NULL, NULL);
}
