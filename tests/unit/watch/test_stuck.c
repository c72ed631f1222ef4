/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A stop that comes back though a stage does not, and the end once that returns. */
#include "engine/rig.h"

/* Start, and wait until the stage does not return. */
static void
stick_begin(struct rig *rig, const char *lcores, const char *const *sections)
{
	uint64_t deadline = rig_deadline();

	__atomic_store_n(&seen.stuck, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&seen.let_go, 0, __ATOMIC_RELAXED);
	rig_make(rig, "sticks", lcores, 0, sections);
	rig_start(rig);
	while (seen_read(&seen.stuck) == 0 && rte_rdtsc() < deadline)
		usleep(1000);
	assert_int_equal(seen_read(&seen.stuck), 1);
}

static void
stick_let_go(void)
{
	__atomic_store_n(&seen.let_go, 1, __ATOMIC_RELAXED);
}

/* It was given up, and says so; what is in flight is known to be. */
static void
stick_stop(struct rig *rig, const char *culprit)
{
	struct rig_log log;

	rig_log_begin(&log);
	assert_int_equal(weir_engine_stop(rig->engine, 20), -ETIMEDOUT);
	assert_int_equal(rig_log_count(&log, culprit), 1);
	assert_int_equal(rig_log_count(&log, "does not return from"), 1);
	rig_log_end(&log);
	assert_false(weir_engine_drained(rig->engine));
	rig_in_flight_is_known(rig);
	assert_int_equal(weir_engine_stop(rig->engine, 5), -ETIMEDOUT);
}

#define STICKS \
	SECTIONS("source gen: type=synth; flows=10; lcores=1", \
		"stage a: type=t_stick; input=gen; lcores=2", \
		"stage end: type=t_pass; input=a; lcores=3", "link gen a: ring=64")

/* Stopped, destroyed in vain, and then well. */
static void
test_given_up(void **state)
{
	struct rig rig;
	char *report;

	(void)state;
	stick_begin(&rig, NULL, STICKS);
	stick_stop(&rig, "lcore 2 does not return from a[0] (t_stick)");
	assert_true(rig_ledger(&rig).in_flight > 0);
	assert_true(weir_engine_destroy(rig.engine) >= rig_ledger(&rig).in_flight);
	assert_true(weir_engine_destroy(rig.engine) > 0);
	report = weir_report(rig.engine);
	assert_non_null(report);
	free(report);
	stick_let_go();
	assert_int_equal(weir_engine_stop(rig.engine, RIG_PATIENCE_MS), 0);
	assert_true(weir_engine_drained(rig.engine));
	assert_true(rig_dropped(&rig, "drain_abandoned") > 0);
	assert_int_equal(weir_engine_stop(rig.engine, 0), 0);
	rig_end(&rig);
}

/* Destroyed while it runs, until nothing is left. */
static void
test_destroyed(void **state)
{
	uint64_t deadline = rig_deadline();
	struct rig rig;

	(void)state;
	stick_begin(&rig, NULL, STICKS);
	assert_true(weir_engine_destroy(rig.engine) > 0);
	stick_let_go();
	while (!weir_engine_drained(rig.engine) && rte_rdtsc() < deadline)
		usleep(1000);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig_free(&rig);
}

/* Called by the source, on the source's lcore: the one that is named is the one called. */
static void
test_called(void **state)
{
	struct rig rig;

	(void)state;
	stick_begin(&rig, NULL,
		SECTIONS("source gen: type=synth; flows=10; lcores=1",
			"stage a: type=t_stick; input=gen; lcores=1",
			"stage end: type=t_pass; input=a; lcores=1",
			"stage other: type=t_pass; input=gen; lcores=2"));
	stick_stop(&rig, "lcore 1 does not return from a[0] (t_stick)");
	assert_true(rig_ledger(&rig).in_flight > 0);
	stick_let_go();
	assert_int_equal(weir_engine_stop(rig.engine, RIG_PATIENCE_MS), 0);
	rig_end(&rig);
}

/* It has nothing in hand, and the engine stays all the same. */
static void
test_tick(void **state)
{
	struct rig rig;

	(void)state;
	stick_begin(&rig, NULL,
		SECTIONS("source gen: type=synth; flows=10; lcores=1; rate=1",
			"stage a: type=t_stick; input=gen; value=1; lcores=2"));
	stick_stop(&rig, "lcore 2 does not return from a[0] (t_stick)");
	assert_true(weir_engine_destroy(rig.engine) > 0);
	stick_let_go();
	assert_int_equal(weir_engine_stop(rig.engine, RIG_PATIENCE_MS), 0);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_destroyed),
		cmocka_unit_test(test_called),
		cmocka_unit_test(test_tick),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
