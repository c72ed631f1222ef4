/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Ticks: when a stage without room gets them, and how late one may be that is due in time. */
#include "rig.h"

/* Written by the worker's lcore, read when it has stopped, or by the thread that polls it. */
static struct {
	unsigned int blocked_ticks; /* with room 0 */
	unsigned int ticks;
	unsigned int late; /* beyond the interval and the longest pass since the last */
	uint64_t ticked;   /* TSC of the last */
	uint64_t visited;  /* of the last look at the worker: one each pass */
	uint64_t pass;     /* longest between two since the last tick */
} saw;

/* t_tick: takes `value` us for a burst; a tick() is due each 200 us. */
static int
tick_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	(void)conf;
	(void)error;
	needs->tick_interval = 200000;
	return 0;
}

static unsigned int
tick_room(struct weir_worker *worker, void *state)
{
	uint64_t now = rte_rdtsc();

	(void)state;
	if (saw.visited != 0)
		saw.pass = RTE_MAX(saw.pass, now - saw.visited);
	saw.visited = now;
	return weir_worker_burst(worker);
}

static unsigned int
tick_tick(struct weir_worker *worker, void *state, unsigned int room)
{
	uint64_t now = rte_rdtsc();

	(void)worker;
	(void)state;
	/* The tick is within a pass: that one, and the one in which the last tick was. */
	saw.pass = RTE_MAX(saw.pass, now - saw.visited);
	saw.late += saw.ticked != 0 && now - saw.ticked > rte_get_tsc_hz() / 5000 + 2 * saw.pass;
	saw.pass = 0;
	saw.ticked = now;
	saw.ticks++;
	saw.blocked_ticks += room == 0;
	return 0;
}

static const struct weir_stage_ops ops = { STAGES_TYPE("t_tick", "is due"), .init = stages_init,
	.process = slow_process, .room = tick_room, .tick = tick_tick, .needs = tick_needs };

static void
saw_nothing(void)
{
	memset(&saw, 0, sizeof(saw));
}

/* How long an event may wait where old ones are dropped: all get through until there is no room. */
#define LATE_MS 20

static void
ticks_when_blocked(const char *input)
{
	unsigned int before;
	struct rig rig;

	saw_nothing();
	rig_make(&rig, "shut", "0", 0,
		SECTIONS("source gen: type=synth; flows=10", "stage t: type=t_tick; input=gen",
			"stage end: type=t_shut; input=t; value=2000",
			"link t end: kind=ring; ring=64", input));
	for (unsigned int i = 0; i < 100000 && saw.blocked_ticks == 0; i++)
		rig_pass(&rig);
	rte_delay_ms(2 * LATE_MS);
	before = saw.blocked_ticks;
	for (unsigned int i = 1; i <= 100; i++) {
		rig_pass(&rig);
		assert_int_equal(saw.blocked_ticks, before + i);
	}
	rig_stop(&rig);
	assert_true(saw.ticks > saw.blocked_ticks);
	rig_end(&rig);
}

/* A worker without room is told so, each pass, also where events in front of it are dropped. */
static void
test_tick_blocked(void **state)
{
	(void)state;
	ticks_when_blocked("link gen t: kind=auto");
	ticks_when_blocked("link gen t: kind=ring");
	ticks_when_blocked("link gen t: on_full=drop-oldest; kind=ring; ring=64");
	ticks_when_blocked(
		"link gen t: on_full=drop-late; deadline=" RTE_STR(LATE_MS) "ms; kind=ring");
}

/* Never later than the interval and the longest pass, though other ticks are rarer. */
static void
ticks_are_in_time(const char *const *sections)
{
	struct rig rig;
	uint64_t end;

	saw_nothing();
	rig_make(&rig, "due", "0", 0, sections);
	end = rte_rdtsc() + rte_get_tsc_hz() / 5;
	while (rte_rdtsc() < end)
		rig_pass(&rig);
	assert_int_equal(saw.late, 0);
	assert_true(saw.ticks > 10);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_tick_interval(void **state)
{
	(void)state;
	ticks_are_in_time(SECTIONS("source gen: type=synth; flows=10",
		"stage t: type=t_tick; input=gen; value=20"));
	ticks_are_in_time(SECTIONS("source gen: type=synth; flows=10",
		"stage a: type=t_slow; input=gen; value=20",
		"stage t: type=t_tick; input=a; value=1"));
	ticks_are_in_time(SECTIONS("source gen: type=synth; flows=10",
		"stage t: type=t_tick; input=gen", "stage end: type=t_slow; input=t; value=20",
		"link t end: kind=ring; ring=64"));
	ticks_are_in_time(SECTIONS("source gen: type=synth; flows=10; rate=100",
		"stage t: type=t_tick; input=gen; value=20"));
}

/* An lcore waits no longer than the interval, also by what is set later. */
static void
test_tick_waits(void **state)
{
	const struct loop *loop;
	struct rig rig;

	(void)state;
	saw_nothing();
	rig_make(&rig, "waits", "1", 0,
		SECTIONS("source gen: type=synth; flows=10; rate=1; idle=sleep; idle.max=100ms",
			"stage t: type=t_tick; input=gen", "stage end: type=t_pass; input=t",
			"link t end: full=sleep; full.max=100ms; kind=ring"));
	loop = &rig.engine->loops[0];
	assert_int_equal(loop->idle.max_ns, 200000);
	assert_int_equal(loop->full.max_ns, 200000);
	rig_start(&rig);
	rig_ok(&rig, weir_engine_set(rig.engine, "gen.idle.max=50ms", &rig.error));
	rig_wait_applied(&rig);
	assert_int_equal(loop->idle.how, WEIR_WAIT_SLEEP);
	assert_int_equal(loop->idle.max_ns, 200000);
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tick_blocked),
		cmocka_unit_test(test_tick_interval),
		cmocka_unit_test(test_tick_waits),
	};

	rig_eal_init();
	if (weir_stage_register(&ops) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
