/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Where the time of each worker goes: all of it somewhere, and where it should. */
#include "engine/rig.h"

/* Of a node's first worker. */
static struct weir_worker_figures
figures_of(const struct rig *rig, const char *node)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_worker(rig->engine, i, &w) == 0; i++)
		if (strcmp(w.node, node) == 0)
			return w;
	fail_msg("no node %s", node);
	return w;
}

static void
share_is_valid(double share)
{
	assert_true(share >= 0.0 && share <= 1.000001);
}

/* Every worker's shares sum to 1; while it runs, and when it is over. */
static void
sums_are_one(const struct rig *rig)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_worker(rig->engine, i, &w) == 0; i++) {
		double sum = w.busy + w.others + w.idle + w.spin + w.blocked + w.sleep;

		share_is_valid(w.busy);
		share_is_valid(w.others);
		share_is_valid(w.idle);
		share_is_valid(w.spin);
		share_is_valid(w.blocked);
		share_is_valid(w.sleep);
		if (sum < 0.999 || sum > 1.001)
			fail_msg("%s: %f", w.node, sum);
	}
}

/* What lcores counted themselves is nearly all of the engine's time. */
static void
all_is_counted(const struct rig *rig, uint64_t since)
{
	for (unsigned int i = 0; i < rig->engine->loop_count; i++) {
		uint64_t cycles[LCORE_STATES], sum = 0, now, passed = rte_rdtsc() - since;

		loop_cycles(&rig->engine->loops[i], cycles);
		now = rte_rdtsc();
		for (unsigned int s = 0; s < LCORE_STATES; s++)
			sum += cycles[s];
		assert_true(sum >= passed - passed / 20);
		assert_true(sum <= now - rig->engine->start_tsc);
	}
}

/* Run for a while, once every lcore has begun. */
static void
run_ms(struct rig *rig, unsigned int ms)
{
	uint64_t deadline = rig_deadline(), since;

	rig_start(rig);
	for (unsigned int i = 0; i < rig->engine->loop_count; i++)
		while (stat_read(&rig->engine->loops[i].passes) < 2 && rte_rdtsc() < deadline)
			usleep(100);
	since = rte_rdtsc();
	for (unsigned int i = 0; i < 10; i++) {
		usleep(ms * 100);
		sums_are_one(rig);
	}
	all_is_counted(rig, since);
}

static void
test_not_started(void **state)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	struct rig rig;

	(void)state;
	rig_make(&rig, "new", "1", 1000,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	w = figures_of(&rig, "gen");
	assert_true(w.busy + w.others + w.idle + w.spin + w.blocked + w.sleep == 0.0);
	rig_stop(&rig);
	rig_end(&rig);
}

/* The least share of a worker's time that went by in this way, of a run in which nothing comes. */
static double
idle_run(const char *idle, double (*part)(const struct weir_worker_figures *w))
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	char source[80], stage[80];
	double least = 1.0;
	struct rig rig;

	snprintf(source, sizeof(source), "source app: type=inject; idle=%s; idle.max=1ms", idle);
	snprintf(stage, sizeof(stage), "stage end: type=t_pass; input=app; idle=%s; idle.max=1ms",
		idle);
	rig_make(&rig, "idle", "1-2", 0, SECTIONS(source, stage));
	run_ms(&rig, 100);
	for (unsigned int i = 0; weir_ledger_worker(rig.engine, i, &w) == 0; i++) {
		assert_true(w.busy < 0.1 && w.blocked == 0.0);
		least = RTE_MIN(least, part(&w));
	}
	rig_stop(&rig);
	sums_are_one(&rig);
	rig_end(&rig);
	return least;
}

/*
 * Nothing comes: how the wait is spent is what `idle` says. Who loses its CPU loses it where it just
 * is: a look that takes long is tried again.
 */
static void
idle_is(const char *idle, double low, double (*part)(const struct weir_worker_figures *w))
{
	double share = 0.0;

	for (unsigned int i = 0; i < 5 && share < low; i++)
		share = idle_run(idle, part);
	if (share < low)
		fail_msg("idle = %s: %f of the time in five runs", idle, share);
}

static double
slept(const struct weir_worker_figures *w)
{
	return w->spin == 0.0 ? w->sleep : 0.0;
}

static double
spun(const struct weir_worker_figures *w)
{
	return w->sleep == 0.0 ? w->spin : 0.0;
}

static double
looked(const struct weir_worker_figures *w)
{
	return w->sleep == 0.0 && w->spin == 0.0 ? w->idle : 0.0;
}

static void
test_idle(void **state)
{
	(void)state;
	idle_is("sleep", 0.5, slept);
	idle_is("exponential", 0.5, spun);
	idle_is("spin", 0.5, looked);
	/* what this machine has not: see the plan's notes */
	idle_is("monitor", 0.5, spun);
	idle_is("interrupt", 0.5, slept);
}

/* The consumer does not keep up: its producer is blocked, whatever it does meanwhile. */
static void
blocked_run(const char *full, double low)
{
	struct weir_worker_figures gen = WEIR_WORKER_FIGURES_INIT, end = WEIR_WORKER_FIGURES_INIT;
	char link[80];
	struct rig rig;

	snprintf(link, sizeof(link), "link gen end: ring=64; on_full=block; full=%s", full);
	rig_make(&rig, "blocked", "1-2", 0,
		SECTIONS("source gen: type=synth; idle=sleep",
			"stage end: type=t_slow; input=gen; value=300", link));
	run_ms(&rig, 200);
	gen = figures_of(&rig, "gen");
	end = figures_of(&rig, "end");
	if (gen.blocked < low || gen.sleep > 0.1)
		fail_msg("full = %s: blocked %f sleep %f", full, gen.blocked, gen.sleep);
	assert_true(end.blocked == 0.0);
	rig_stop(&rig);
	sums_are_one(&rig);
	rig_end(&rig);
}

static void
test_blocked(void **state)
{
	(void)state;
	blocked_run("exponential", 0.5);
	blocked_run("sleep", 0.5);
	blocked_run("monitor", 0.5);
	/* who loses its CPU while it spins comes back to room: that pass was a long one */
	blocked_run("spin", 0.01);
}

/* Of two workers on a lcore that is blocked, only one is. */
static void
test_blocked_beside(void **state)
{
	struct weir_worker_figures app = WEIR_WORKER_FIGURES_INIT, gen = WEIR_WORKER_FIGURES_INIT;
	struct rig rig;

	(void)state;
	rig_make(&rig, "beside", NULL, 0,
		SECTIONS("source gen: type=synth; lcores=1", "source app: type=inject; lcores=1",
			"stage end: type=t_slow; input=gen; value=300; lcores=2",
			"stage more: type=t_pass; input=app; lcores=3",
			"link gen end: ring=64; on_full=block; full=sleep"));
	run_ms(&rig, 200);
	gen = figures_of(&rig, "gen");
	app = figures_of(&rig, "app");
	assert_true(gen.blocked > 0.5);
	assert_true(app.blocked == 0.0);
	assert_true(app.idle >= gen.blocked - 0.1);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Workers of one lcore: what one works is the others' `others`. */
static void
test_others(void **state)
{
	struct weir_worker_figures gen = WEIR_WORKER_FIGURES_INIT, end = WEIR_WORKER_FIGURES_INIT;
	struct rig rig;

	(void)state;
	rig_make(&rig, "others", "1", 0,
		SECTIONS("source gen: type=synth", "stage end: type=t_slow; input=gen; value=50"));
	run_ms(&rig, 200);
	gen = figures_of(&rig, "gen");
	end = figures_of(&rig, "end");
	assert_true(gen.others > 0.5);
	assert_true(end.busy > 0.5);
	rig_stop(&rig);
	sums_are_one(&rig);
	rig_end(&rig);
}

/* Polled by the application: what it does between is idle. */
static void
test_polled(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "polled", "0", 0,
		SECTIONS("source gen: type=synth; idle=sleep",
			"stage end: type=t_pass; input=gen"));
	for (unsigned int i = 0; i < 20; i++) {
		weir_worker_poll(rig.engine, 0);
		usleep(5000);
	}
	sums_are_one(&rig);
	assert_true(figures_of(&rig, "gen").idle > 0.5);
	assert_true(figures_of(&rig, "gen").sleep == 0.0);
	rig_stop(&rig);
	sums_are_one(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_blocked_beside),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_polled),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
