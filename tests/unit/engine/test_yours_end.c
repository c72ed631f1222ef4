/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How lcores end that threads of the application run, or that none came for; and who is told to be stuck. */
#include "yours.h"

/* Rings that fill, a stage that holds, and one that is slow: everything is in flight. */
#define FULL \
	SECTIONS("source gen: type=synth; flows=100; sizes=60; lcores=1", \
		"stage h: type=t_hold; input=gen; workers=2; lcores=100-101", \
		"stage a: type=t_pass; input=h; lcores=2", \
		"stage end: type=t_slow; input=a; value=2000; lcores=3", "link a end: ring=512")

static void
full_begin(struct rig *rig, struct guest guests[2])
{
	yours_make(rig, "full", NULL, "100-101", NULL, FULL);
	rig_start(rig);
	for (unsigned int i = 0; i < 2; i++)
		guest_begin(&guests[i], rig, 100 + i, (enum guest_kind)i);
	rig_wait_received(rig, 1500);
}

static void
full_end(struct rig *rig, struct guest guests[2])
{
	for (unsigned int i = 0; i < 2; i++) {
		int rc = guest_end(&guests[i]);

		/* Everything may have come in before a thread was there. */
		assert_true(rc == 0 || rc == -ESHUTDOWN);
	}
	rig_end(rig);
}

static void
test_drained(void **state)
{
	struct guest guests[2];
	struct rig rig;

	(void)state;
	full_begin(&rig, guests);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).dropped, rig_dropped(&rig, "ring_full"));
	assert_int_equal(weir_engine_stop(rig.engine, 0), 0);
	full_end(&rig, guests);
}

/* The threads come back, whoever asked; then nothing is left for who stops it. */
static void
test_requested(void **state)
{
	struct guest guests[2];
	struct rig rig;

	(void)state;
	full_begin(&rig, guests);
	for (unsigned int i = 0; i < 2; i++)
		yours_wait_runs(&rig, 100 + i);
	weir_engine_stop_request(rig.engine);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(guest_end(&guests[i]), 0);
	assert_int_equal(weir_worker_run(rig.engine, 100), -ESHUTDOWN);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_abandoned(void **state)
{
	struct guest guests[2];
	struct rig rig;

	(void)state;
	for (unsigned int timeout = 0; timeout < 4; timeout += 3) {
		full_begin(&rig, guests);
		assert_int_equal(weir_engine_stop(rig.engine, timeout), -ETIMEDOUT);
		assert_true(weir_engine_drained(rig.engine));
		assert_true(rig_dropped(&rig, "drain_abandoned") > 0);
		assert_int_equal(weir_engine_stop(rig.engine, 1000), 0);
		full_end(&rig, guests);
	}
}

static void *
run_only(void *arg)
{
	struct guest *guest = arg;

	guest->rc = weir_worker_run(guest->engine, guest->lcore);
	return NULL;
}

/* Destroyed while a thread is in the middle of it: nothing of the engine is touched after that left. */
static void
test_destroyed_running(void **state)
{
	struct guest guest;
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		yours_make(&rig, "killed", NULL, "100", NULL,
			SECTIONS("source gen: type=synth; flows=100; lcores=1",
				"stage end: type=t_pass; input=gen; lcores=100"));
		rig_start(&rig);
		guest = (struct guest){ .engine = rig.engine, .lcore = 100, .rc = 1 };
		assert_int_equal(pthread_create(&guest.thread, NULL, run_only, &guest), 0);
		yours_wait_runs(&rig, 100);
		/* What does not get its CPU is given up, until it has. */
		while (weir_engine_destroy(rig.engine) > 0)
			weir_engine_stop(rig.engine, RIG_PATIENCE_MS);
		pthread_join(guest.thread, NULL);
		assert_int_equal(guest.rc, 0);
		rig_free(&rig);
	}
}

/* A thread that never comes: who stops drains in its place, and says so; what waited is not lost. */
static void
test_never_run(void **state)
{
	uint64_t deadline = rig_deadline();
	struct weir_engine_conf conf;
	struct rig_log log;
	struct rig rig;

	(void)state;
	weir_engine_conf_init(&conf);
	conf.max_events = 200;
	conf.stall_ms = 20;
	yours_make(&rig, "never", NULL, "100", &conf,
		SECTIONS("source gen: type=synth; flows=100; lcores=1",
			"stage end: type=t_pass; input=gen; lcores=100",
			"link gen end: on_full=block"));
	rig_log_begin(&log);
	rig_start(&rig);
	while (rig_log_count(&log, "no thread runs its lcore by weir_worker_run()") == 0 &&
		rte_rdtsc() < deadline) {
		weir_engine_watch(rig.engine);
		usleep(1000);
	}
	assert_int_equal(rig_log_count(&log,
				 "end[0] on lcore 100 has not moved for 20 ms with 200 events "
				 "waiting: no thread runs its lcore by weir_worker_run()"),
		1);
	/* An lcore that nobody is on makes no pass, and none is missed. */
	assert_int_equal(rig_log_count(&log, "lcore 100 has made no pass"), 0);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log,
				 "lcore 100 is for weir_worker_run(), which no thread called"),
		1);
	rig_log_end(&log);
	assert_int_equal(rig_ledger(&rig).released, 200);
	assert_int_equal(weir_worker_run(rig.engine, 100), -ESHUTDOWN);
	rig_end(&rig);
}

/* As that, without the time to drain. */
static void
test_never_run_abandoned(void **state)
{
	struct rig rig;

	(void)state;
	yours_make(&rig, "never", NULL, "100", NULL,
		SECTIONS("source gen: type=synth; flows=100; lcores=1",
			"stage end: type=t_pass; input=gen; lcores=100",
			"link gen end: on_full=block"));
	rig_start(&rig);
	rig_wait_received(&rig, 100);
	assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
	assert_true(rig_dropped(&rig, "drain_abandoned") > 0);
	rig_end(&rig);
}

/* A thread that does not come back from a stage is given up, and the engine stays until it has. */
static void
test_stuck(void **state)
{
	uint64_t deadline = rig_deadline();
	struct guest guest;
	struct rig_log log;
	struct rig rig;

	(void)state;
	/* On no other lcore: what might be told of that would hide it. */
	yours_make(&rig, "sticks", NULL, "100", NULL,
		SECTIONS("source gen: type=synth; flows=10; lcores=100",
			"stage a: type=t_stick; input=gen; lcores=100",
			"stage end: type=t_pass; input=a; lcores=100"));
	rig_start(&rig);
	guest_begin(&guest, &rig, 100, GUEST_REGISTERED);
	while (seen_read(&seen.stuck) == 0 && rte_rdtsc() < deadline)
		usleep(1000);
	rig_log_begin(&log);
	while (weir_engine_watch(rig.engine) == 0 && rte_rdtsc() < deadline)
		usleep(1000);
	assert_int_equal(rig_log_count(&log, "lcore 100 has made no pass for"), 1);
	assert_int_equal(weir_engine_stop(rig.engine, 20), -ETIMEDOUT);
	assert_int_equal(rig_log_count(&log, "lcore 100 does not return from a[0] (t_stick)"), 1);
	rig_log_end(&log);
	assert_false(weir_engine_drained(rig.engine));
	rig_in_flight_is_known(&rig);
	assert_int_equal(weir_worker_run(rig.engine, 100), -EBUSY);
	assert_true(weir_engine_destroy(rig.engine) > 0);
	__atomic_store_n(&seen.let_go, 1, __ATOMIC_RELAXED);
	assert_int_equal(weir_engine_stop(rig.engine, RIG_PATIENCE_MS), 0);
	assert_int_equal(guest_end(&guest), 0);
	rig_end(&rig);
}

/* Two threads at once for one lcore: one has it. */
static void
test_two_threads(void **state)
{
	struct guest guests[4];
	struct rig rig;

	(void)state;
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int had = 0;

		yours_make(&rig, "race", NULL, "100", NULL,
			SECTIONS("source gen: type=synth; flows=100; lcores=1",
				"stage end: type=t_pass; input=gen; lcores=100",
				"link gen end: on_full=block"));
		rig_start(&rig);
		for (unsigned int i = 0; i < RTE_DIM(guests); i++)
			guest_begin(&guests[i], &rig, 100, (enum guest_kind)(i % GUEST_KINDS));
		rig_wait_received(&rig, 2000);
		yours_wait_runs(&rig, 100);
		rig_stop(&rig);
		for (unsigned int i = 0; i < RTE_DIM(guests); i++) {
			int rc = guest_end(&guests[i]);

			had += rc == 0;
			assert_true(rc == 0 || rc == -EBUSY || rc == -ESHUTDOWN);
		}
		assert_int_equal(had, 1);
		assert_int_equal(rig_ledger(&rig).dropped, 0);
		rig_end(&rig);
	}
}

/* A thread that comes just when the engine stops: it has the lcore, or who stops has. */
static void
test_late(void **state)
{
	unsigned int came = 0;
	struct guest guest;
	struct rig rig;

	(void)state;
	for (unsigned int round = 0; round < 60; round++) {
		int rc;

		yours_make(&rig, "late", NULL, "100", NULL,
			SECTIONS("source gen: type=synth; flows=100; lcores=1",
				"stage end: type=t_pass; input=gen; lcores=100",
				"link gen end: on_full=block"));
		rig_start(&rig);
		rig_wait_received(&rig, 100);
		guest_begin(&guest, &rig, 100, (enum guest_kind)(round % GUEST_KINDS));
		while (round % 3 > 0 && !__atomic_load_n(&guest.called, __ATOMIC_ACQUIRE))
			rte_pause();
		for (unsigned int i = 0; i < round * 100; i++)
			rte_pause();
		rig_stop(&rig);
		rc = guest_end(&guest);
		assert_true(rc == 0 || rc == -ESHUTDOWN);
		came += rc == 0;
		assert_int_equal(rig_ledger(&rig).dropped, 0);
		rig_end(&rig);
	}
	print_message("of 60 threads %u came in time\n", came);
}

/* Until the watchdog has said so; how often it did. */
static unsigned int
watch_until(struct rig *rig, struct rig_log *log, const char *what)
{
	uint64_t deadline = rig_deadline();

	while (rig_log_count(log, what) == 0 && rte_rdtsc() < deadline) {
		weir_engine_watch(rig->engine);
		usleep(1000);
	}
	return rig_log_count(log, what);
}

/* Why events wait on an lcore that the application polls; that it makes no pass is its own business. */
static void
test_polled_worker(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	yours_make(&rig, "seldom", "0", NULL, NULL,
		SECTIONS("source gen: type=synth; flows=100; lcores=1; rate=10000",
			"stage end: type=t_pass; input=gen; lcores=0",
			"link gen end: on_full=drop-newest; ring=64"));
	rig_start(&rig);
	rig_log_begin(&log);
	assert_int_equal(watch_until(&rig, &log,
				 "waiting: the application does not poll its lcore by "
				 "weir_worker_poll()"),
		1);
	assert_int_equal(rig_log_count(&log, "lcore 0 has made no pass"), 0);
	rig_log_end(&log);
	assert_true(weir_worker_poll(rig.engine, 0) > 0);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Unless it asked for that, be there something to do or not. */
static void
test_polled_lcore(void **state)
{
	struct weir_watch_figures figures = WEIR_WATCH_FIGURES_INIT;
	struct weir_engine_conf conf;
	struct rig_log log;
	struct rig rig;

	(void)state;
	weir_engine_conf_init(&conf);
	conf.polled_stall_ms = 10;
	yours_make(&rig, "seldom", "0", NULL, &conf,
		SECTIONS("source gen: type=synth; flows=100; lcores=0",
			"stage end: type=t_pass; input=gen; lcores=0"));
	rig_start(&rig);
	rig_log_begin(&log);
	assert_int_equal(watch_until(&rig, &log,
				 "lcore 0 has made no pass for 10 ms: end[0] (t_pass) does not "
				 "return, or the application does not call weir_worker_poll() for "
				 "it"),
		1);
	rig_log_end(&log);
	weir_ledger_watch(rig.engine, &figures);
	assert_int_equal(figures.stuck_lcores, 1);
	assert_true(weir_worker_poll(rig.engine, 0) > 0);
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_requested),
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_destroyed_running),
		cmocka_unit_test(test_never_run),
		cmocka_unit_test(test_never_run_abandoned),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_polled_worker),
		cmocka_unit_test(test_polled_lcore),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
