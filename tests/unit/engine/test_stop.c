/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The end of an engine: drained, abandoned, or never begun. */
#include "rig.h"

/* Rings that fill, a stage that holds, and one that is slow: everything is in flight. */
#define FULL \
	SECTIONS("source gen: type=synth; flows=100; sizes=60", \
		"stage h: type=t_hold; input=gen; workers=2", "stage a: type=t_pass; input=h", \
		"stage end: type=t_slow; input=a; value=2000", "link a end: ring=512")

static void
test_not_started(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "rest", "1-3", 0, FULL);
	assert_false(weir_engine_drained(rig.engine));
	assert_string_equal(weir_engine_name(rig.engine), "rest");
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).received, 0);
	rig_end(&rig);

	rig_make(&rig, "rest", "1-3", 0, FULL);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig_free(&rig);
}

static void
test_drained(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "drains", "1-3", 0, FULL);
	rig_start(&rig);
	rig_wait_received(&rig, 1000);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	assert_int_equal(rig_ledger(&rig).released, rig_ledger(&rig).received);
	assert_int_equal(weir_engine_stop(rig.engine, 0), 0);
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	rig_end(&rig);
}

/* No time to drain: what is left has a name. */
static void
abandon(const char *lcores, unsigned int timeout)
{
	struct rig rig;

	rig_make(&rig, "abandons", lcores, 0, FULL);
	rig_start(&rig);
	rig_wait_received(&rig, 1500);
	assert_int_equal(weir_engine_stop(rig.engine, timeout), -ETIMEDOUT);
	assert_true(weir_engine_drained(rig.engine));
	assert_true(rig_dropped(&rig, "drain_abandoned") > 0);
	assert_int_equal(rig_ledger(&rig).dropped, rig_dropped(&rig, "drain_abandoned"));
	assert_int_equal(weir_engine_stop(rig.engine, 1000), 0);
	rig_end(&rig);
}

static void
test_abandoned(void **state)
{
	(void)state;
	abandon("1-3", 0);
	abandon("1-3", 3);
	abandon("0-1", 0);
	abandon("0", 0);
}

/*
 * What lingers when the time is up was put, but not seen by who would count it: it goes with a name too.
 * A burst of one, in a line of eight.
 */
static void
test_abandoned_lingering(void **state)
{
	(void)state;
	for (uint64_t left = 0; left < 8; left++) {
		struct rig rig;

		rig_make(&rig, "lingers", "0", 0,
			SECTIONS("pipeline: burst=1", "source gen: type=synth; flows=1",
				"stage a: type=t_pass; input=gen",
				"stage end: type=t_pass; input=a",
				"link gen a: kind=ring; linger=255",
				"link a end: kind=ring; linger=255"));
		rig_wait_received(&rig, 256 + left);
		assert_int_equal(rig_ledger(&rig).received, 256 + left);
		assert_true(rig_ledger(&rig).in_flight > 0);
		assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
		assert_true(rig_dropped(&rig, "drain_abandoned") > 0);
		rig_end(&rig);
	}
}

/* Destroyed while it runs. */
static void
test_destroyed(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "killed", "1-3", 0, FULL);
	rig_start(&rig);
	rig_wait_received(&rig, 1000);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig_free(&rig);
}

/* A polled lcore drains by its own polls after a request. */
static void
test_requested(void **state)
{
	uint64_t deadline = rig_deadline();
	struct rig rig;
	int rc = 0;

	(void)state;
	rig_make(&rig, "asked", "0", 0,
		SECTIONS("source gen: type=synth; flows=10", "stage h: type=t_hold; input=gen",
			"stage end: type=t_pass; input=h", "link h end: kind=ring"));
	for (unsigned int i = 0; i < 100; i++)
		assert_true(weir_worker_poll(rig.engine, 0) >= 0);
	weir_engine_stop_request(rig.engine);
	weir_engine_stop_request(rig.engine);
	while (rc != -ESHUTDOWN && rte_rdtsc() < deadline)
		rc = weir_worker_poll(rig.engine, 0);
	assert_int_equal(rc, -ESHUTDOWN);
	assert_true(weir_engine_drained(rig.engine));
	assert_int_equal(rig_ledger(&rig).in_flight, 0);
	assert_int_equal(weir_engine_stop(rig.engine, 0), 0);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_end(&rig);
}

/* The bound is exact, over sources and workers that race for it. */
static void
test_max_events(void **state)
{
	static const uint64_t bounds[] = { 1, 2, 31, 33, 1000, 12345 };
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bounds); i++) {
		rig_make(&rig, "bound", "1-3", bounds[i],
			SECTIONS("source gen: type=synth; queues=3; flows=30",
				"source gen2: type=synth; queues=2; flows=30",
				"stage end: type=t_pass; input=gen, gen2; workers=2"));
		rig_start(&rig);
		rig_wait(&rig, bounds[i]);
		usleep(2000);
		assert_int_equal(rig_ledger(&rig).received, bounds[i]);
		rig_stop(&rig);
		assert_int_equal(rig_ledger(&rig).received, bounds[i]);
		rig_end(&rig);
	}
}

/* A stage that forgets events shows in the ledger, to the unit, and in the pool. */
static void
test_lost(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "loses", "0", 1000,
		SECTIONS("source gen: type=synth; flows=10",
			"stage end: type=t_lose; input=gen; value=7"));
	rig_wait_received(&rig, 1000);
	assert_int_equal(rig_ledger(&rig).unaccounted, 0);
	assert_int_equal(rig_ledger(&rig).in_flight, 7);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).unaccounted, 7);
	assert_int_equal(rig_ledger(&rig).in_flight, 0);
	assert_int_equal(weir_engine_destroy(rig.engine), 7);
	rig_free(&rig);
}

/* A lossy way back: whatever goes round when it stops, it balances. */
static void
feedback(const char *lcores, uint64_t events)
{
	struct rig rig;

	rig_make(&rig, "round", lcores, events,
		SECTIONS("source gen: type=synth; flows=100; sizes=60",
			"stage a: type=t_again; input=gen, b",
			"stage b: type=t_pass; input=a.again",
			"stage end: type=t_pass; input=a.out", "link b a: on_full=drop-newest"));
	rig_start(&rig);
	if (events != 0)
		rig_wait(&rig, events);
	else
		rig_wait_received(&rig, 20000);
	assert_int_equal(weir_engine_stop(rig.engine, RIG_PATIENCE_MS), 0);
	if (events != 0 && rig_ledger(&rig).dropped == 0)
		assert_int_equal(rig_sum(&rig, "a", in), 2 * events);
	rig_end(&rig);
}

static void
test_feedback(void **state)
{
	(void)state;
	feedback("0", 20000);
	feedback("1-3", 20000);
	feedback("0", 0);
	feedback("1-3", 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_abandoned_lingering),
		cmocka_unit_test(test_destroyed),
		cmocka_unit_test(test_requested),
		cmocka_unit_test(test_max_events),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_feedback),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
