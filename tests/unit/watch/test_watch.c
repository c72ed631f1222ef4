/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The watchdog: who stands still, who waits for whom, and whose CPU was taken. */
#include "engine/rig.h"

#include <pthread.h>

/* The CPU of lcore 1, which is that lcore's own. */
static unsigned int own_cpu;

static struct weir_watch_figures
watched(const struct rig *rig)
{
	struct weir_watch_figures w = WEIR_WATCH_FIGURES_INIT;

	weir_ledger_watch(rig->engine, &w);
	return w;
}

/* Watch until a count has come to n. */
#define watch_until(rig, count, n) \
	({ \
		uint64_t deadline_ = rig_deadline(); \
		while (watched(rig).count < (n) && rte_rdtsc() < deadline_) { \
			usleep(5000); \
			weir_engine_watch((rig)->engine); \
		} \
		assert_true(watched(rig).count >= (n)); \
	})

/* Nothing is watched before the start, nor after the end; there is no lcore beyond the last. */
static void
test_refused(void **state)
{
	struct weir_lcore_figures l = WEIR_LCORE_FIGURES_INIT;
	struct rig rig;

	(void)state;
	rig_make(&rig, "rest", "1-2", 100,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	assert_int_equal(weir_ledger_lcore(rig.engine, 0, &l), 0);
	assert_false(l.launched);
	assert_int_equal(l.passes, 0);
	assert_int_equal(weir_ledger_lcore(rig.engine, 2, &l), -ENOENT);
	rig_start(&rig);
	rig_wait(&rig, 100);
	rig_stop(&rig);
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	assert_int_equal(weir_ledger_lcore(rig.engine, 1, &l), 0);
	assert_true(l.launched);
	assert_true(l.passes > 0);
	rig_end(&rig);
}

/* Two stages that sleep once: each is counted, one is logged. */
static void
test_stuck_lcores(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_make(&rig, "stuck", NULL, 4000,
		SECTIONS("source gen: type=synth; flows=100; lcores=1",
			"stage end: type=t_stall; input=gen; value=400; workers=2; lcores=2-3",
			"link gen end: spread=round-robin"));
	rig_log_begin(&log);
	rig_start(&rig);
	watch_until(&rig, stuck_lcores, 2);
	assert_int_equal(rig_log_count(&log, "has made no pass for 50 ms: "), 1);
	rig_wait(&rig, 4000);
	rig_stop(&rig);
	rig_log_end(&log);
	rig_end(&rig);
}

/*
 * A stage without room, for ever: it does not move though its lcore makes passes. Everything behind
 * it fills, and then it is told who waits for whom: once.
 */
static void
test_all_blocked(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_make(&rig, "blocked", NULL, 0,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage a: type=t_pass; input=gen; lcores=2",
			"stage b: type=t_shut; input=a; value=1000000000000; lcores=3",
			"link gen a: ring=64", "link a b: ring=128"));
	rig_log_begin(&log);
	rig_start(&rig);
	watch_until(&rig, all_blocked, 1);
	for (unsigned int i = 0; i < 50; i++) {
		usleep(1000);
		weir_engine_watch(rig.engine);
	}
	assert_int_equal(watched(&rig).all_blocked, 1);
	assert_true(watched(&rig).stuck_workers >= 2);
	assert_int_equal(rig_log_count(&log, "has not moved for 50 ms"), 1);
	assert_int_equal(rig_log_count(&log, "nothing has moved for 500 ms though events wait"), 1);
	assert_int_equal(rig_log_count(&log, "gen[0] waits for a[0] (ring 64/64)"), 1);
	assert_int_equal(rig_log_count(&log, "a[0] waits for b[0] (ring 128/128)"), 1);
	rig_log_end(&log);
	assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
	rig_end(&rig);
}

/* A sink has no output that could be full: what it has no room for is its own. */
static void
test_sink_is_full(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_make(&rig, "sink", NULL, 0,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=t_shut; input=gen; value=1000000000000; lcores=2",
			"link gen end: ring=64"));
	rig_log_begin(&log);
	rig_start(&rig);
	watch_until(&rig, stuck_workers, 1);
	assert_int_equal(rig_log_count(&log, "end[0] on lcore 2 has not moved for 50 ms"), 1);
	assert_int_equal(rig_log_count(&log, "it has no room: where it writes or sends to"), 1);
	assert_int_equal(rig_log_count(&log, "an output is full"), 0);
	rig_log_end(&log);
	assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
	rig_end(&rig);
}

/* A sink that holds what it cannot write does not wait for itself. */
static void
test_sink_holds(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_make(&rig, "holds", NULL, 0,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=eve; input=gen; path=/dev/full; buffer=64k; lcores=2",
			"link gen end: ring=64"));
	rig_log_begin(&log);
	rig_start(&rig);
	watch_until(&rig, all_blocked, 1);
	assert_int_equal(rig_log_count(&log, "gen[0] waits for end[0] (ring 64/64)"), 1);
	assert_int_equal(rig_log_count(&log, "end[0] has no room (holds "), 1);
	assert_int_equal(rig_log_count(&log, "): where it writes or sends to takes no more"), 1);
	assert_int_equal(rig_log_count(&log, "end[0] waits for"), 0);
	rig_log_end(&log);
	assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
	rig_end(&rig);
}

/* Nobody waits for room, but one does not come back: whose events lie there is told. */
static void
test_nobody_waits(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	seen.stuck = seen.let_go = 0;
	rig_make(&rig, "lies", NULL, 1000,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=t_stick; input=gen; lcores=2", "link gen end: ring=4k"));
	rig_log_begin(&log);
	rig_start(&rig);
	watch_until(&rig, all_blocked, 1);
	assert_int_equal(rig_log_count(&log, " waits for "), 0);
	assert_int_equal(rig_log_count(&log, "end[0] does not take "), 1);
	rig_log_end(&log);
	__atomic_store_n(&seen.let_go, 1, __ATOMIC_RELAXED);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Idle for long, or slow: nothing to tell. */
static void
test_quiet(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "quiet", NULL, 2000,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=t_slow; input=gen; value=1000; lcores=2",
			"link gen end: ring=64"));
	rig_start(&rig);
	for (unsigned int i = 0; i < 140; i++) {
		usleep(5000);
		weir_engine_watch(rig.engine);
	}
	assert_int_equal(watched(&rig).all_blocked, 0);
	rig_wait(&rig, 2000);
	rig_stop(&rig);
	rig_end(&rig);
}

/* An lcore that sleeps for as long as it may is not stuck, nor are events that wait for it. */
static void
test_sleeper(void **state)
{
	const struct loop *sleeper;
	bool stuck = false;
	uint64_t deadline;
	struct rig rig;

	(void)state;
	rig_make(&rig, "sleeper", NULL, 0,
		SECTIONS("source gen: type=synth; rate=1000; lcores=1",
			"stage end: type=t_pass; input=gen; lcores=2; idle=sleep; idle.max=900ms",
			"link gen end: ring=16k"));
	/* The longest at once: it grows by a microsecond each time. */
	engine_loop(rig.engine, 2)->idle.now_ns = 900000000;
	sleeper = engine_loop(rig.engine, 2);
	rig_start(&rig);
	deadline = rte_rdtsc() + rte_get_tsc_hz() * 8 / 10;
	while (rte_rdtsc() < deadline) {
		weir_engine_watch(rig.engine);
		stuck |= rig.engine->watch->loops[sleeper->index].stalled;
		usleep(5000);
	}
	/* The source's lcore may be without its CPU for a while, where others take that. */
	assert_false(stuck);
	assert_int_equal(watched(&rig).stuck_workers, 0);
	assert_int_equal(watched(&rig).all_blocked, 0);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Nobody watched for a while, as when the process is stopped: what was seen before says nothing. */
static void
test_not_watched(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "unwatched", NULL, 0,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=t_shut; input=gen; value=1000000000000; lcores=2",
			"link gen end: ring=64"));
	rig_start(&rig);
	for (unsigned int i = 0; i < 5; i++) {
		usleep(1000);
		weir_engine_watch(rig.engine);
	}
	usleep(700000);
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	assert_int_equal(watched(&rig).stuck_workers, 0);
	assert_int_equal(watched(&rig).all_blocked, 0);
	/* One who is late every time sees it all the same. */
	usleep(700000);
	assert_true(weir_engine_watch(rig.engine) > 0);
	assert_int_equal(watched(&rig).all_blocked, 1);
	assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
	rig_end(&rig);
}

static uint32_t spinning;

/* A thread that wants the CPU of lcore 1, all of it. */
static void *
neighbour(void *arg)
{
	cpu_set_t set;

	(void)arg;
	CPU_ZERO(&set);
	CPU_SET(own_cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0)
		return (void *)1;
	while (__atomic_load_n(&spinning, __ATOMIC_RELAXED))
		;
	return NULL;
}

static void
test_preempted(void **state)
{
	struct weir_lcore_figures l = WEIR_LCORE_FIGURES_INIT;
	struct rig_log log;
	unsigned int lines;
	uint64_t deadline;
	pthread_t thread;
	struct rig rig;
	void *failed;

	(void)state;
	if (access("/proc/self/schedstat", R_OK) != 0)
		skip();
	rig_make(&rig, "preempted", "1", 0,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	rig_log_begin(&log);
	rig_start(&rig);
	__atomic_store_n(&spinning, 1, __ATOMIC_RELAXED);
	assert_int_equal(pthread_create(&thread, NULL, neighbour, NULL), 0);
	/* Where a hypervisor took more than the neighbour did, that is what is told. */
	deadline = rig_deadline();
	while (watched(&rig).preempted + watched(&rig).stolen == 0 && rte_rdtsc() < deadline) {
		usleep(5000);
		weir_engine_watch(rig.engine);
	}
	assert_true(watched(&rig).preempted + watched(&rig).stolen > 0);
	__atomic_store_n(&spinning, 0, __ATOMIC_RELAXED);
	pthread_join(thread, &failed);
	assert_null(failed);
	lines = rig_log_count(&log, "lcore 1 lost its CPU in the last");
	assert_in_range(lines, 1, 2);
	assert_int_equal(rig_log_count(&log, "isolcpus=") +
			rig_log_count(&log, "give the machine CPUs of its own"),
		lines);
	rig_log_end(&log);
	assert_int_equal(weir_ledger_lcore(rig.engine, 0, &l), 0);
	assert_int_equal(l.lcore, 1);
	assert_true(l.launched);
	assert_false(l.shared);
	assert_true(l.switches > 0);
	assert_true(l.waited_ns > 0);
	rig_stop(&rig);
	assert_int_equal(weir_ledger_lcore(rig.engine, 0, &l), 0);
	assert_true(l.waited_ns > 0);
	rig_end(&rig);
}

/* Where lcores share a CPU each loses it all the time: counted, but no event. */
static void
test_shared(void **state)
{
	struct weir_lcore_figures l = WEIR_LCORE_FIGURES_INIT;
	uint64_t deadline, lost = 0;
	struct rig rig;

	(void)state;
	if (access("/proc/self/schedstat", R_OK) != 0)
		skip();
	rig_make(&rig, "shared", "1,3", 0,
		SECTIONS("source gen: type=synth; queues=2; idle=spin",
			"stage end: type=t_pass; input=gen; workers=2"));
	rig_start(&rig);
	deadline = rig_deadline();
	while (lost == 0 && rte_rdtsc() < deadline) {
		usleep(5000);
		weir_engine_watch(rig.engine);
		for (unsigned int i = 0; weir_ledger_lcore(rig.engine, i, &l) == 0; i++) {
			assert_true(l.shared);
			lost += l.waited_ns;
		}
	}
	assert_true(lost > 0);
	assert_int_equal(watched(&rig).preempted, 0);
	assert_int_equal(watched(&rig).stolen, 0);
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_stuck_lcores),
		cmocka_unit_test(test_all_blocked),
		cmocka_unit_test(test_sink_is_full),
		cmocka_unit_test(test_sink_holds),
		cmocka_unit_test(test_nobody_waits),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_sleeper),
		cmocka_unit_test(test_not_watched),
		cmocka_unit_test(test_preempted),
		cmocka_unit_test(test_shared),
	};
	unsigned int cpus[2];
	char lcores[64];

	rig_cpus(cpus);
	own_cpu = cpus[1];
	snprintf(lcores, sizeof(lcores), "0@%u,1@%u,2@%u,3@%u", cpus[0], cpus[1], cpus[0], cpus[1]);
	rig_eal_start(lcores);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
