/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* For how long nothing has moved, and what keeps it from being idle. */
#include "engine/rig.h"

/* Seconds that are watched, and those that count as idle where all is quiet in them. */
#define WATCHED_S 0.3
#define QUIET_S 0.15

static uint32_t pends; /* workers of t_pend have something under way */

static bool
pend_pending(const struct weir_worker *worker, const void *state)
{
	(void)worker;
	(void)state;
	return seen_read(&pends) != 0;
}

/* t_keep: holds what it gets until it is let go, and then passes it on. */
static void
keep_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	for (uint16_t i = 0; i < n; i++)
		s->held[s->held_count++] = events[i];
	weir_hold(worker, n);
}

static unsigned int
keep_tick(struct weir_worker *worker, void *state, unsigned int room)
{
	struct stages_state *s = state;
	uint16_t n = (uint16_t)RTE_MIN(room, (unsigned int)s->held_count);

	if (!seen_read(&seen.let_go) || n == 0)
		return 0;
	weir_unhold(worker, n);
	s->held_count -= n;
	weir_forward(worker, 0, s->held + s->held_count, n);
	return n;
}

static const struct weir_stage_ops types[] = {
	{ STAGES_TYPE("t_pend", "has something under way"), .init = stages_init,
		.process = pass_process, .pending = pend_pending },
	{ STAGES_TYPE("t_keep", "holds until it is let go"), .max_held = HOLD_MAX,
		.init = stages_init, .process = keep_process, .tick = keep_tick },
};

/* Look for a while; the idle time that was seen last. */
static double
idle_after(struct rig *rig, double seconds, bool poll)
{
	uint64_t end = rte_rdtsc() + (uint64_t)(seconds * (double)rte_get_tsc_hz());
	double idle = 0;

	while (rte_rdtsc() < end) {
		if (poll)
			rig_pass(rig);
		else
			usleep(2000);
		idle = weir_engine_idle(rig->engine);
	}
	return idle;
}

/* Looked at for longer than it may take: it comes to be idle for QUIET_S. */
static void
becomes_idle(struct rig *rig)
{
	uint64_t deadline = rig_deadline();

	while (weir_engine_idle(rig->engine) < QUIET_S) {
		assert_true(rte_rdtsc() < deadline);
		rig_pass(rig);
	}
}

/* Nothing is idle that does not run: before the start, and after the end. */
static void
test_at_rest(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "rest", "1-2", 100,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	assert_true(idle_after(&rig, 0.05, false) == 0);
	rig_start(&rig);
	rig_wait(&rig, 100);
	becomes_idle(&rig);
	rig_stop(&rig);
	assert_true(weir_engine_idle(rig.engine) == 0);
	rig_end(&rig);
}

/* Each as long as what makes it wait is so; then idle, within the same run. */
static void
test_waits(void **state)
{
	const struct {
		const char *name;
		const char *const *sections;
		uint64_t events;
	} rows[] = {
		{ "pending",
			SECTIONS("source gen: type=synth; lcores=1",
				"stage end: type=t_pend; input=gen; lcores=2"),
			100 },
		{ "held",
			SECTIONS("source gen: type=synth; lcores=1",
				"stage end: type=t_keep; input=gen; lcores=2"),
			100 },
		/* The lcore is in process(): it makes no pass, and its ring is empty. */
		{ "in hand",
			SECTIONS("source gen: type=synth; lcores=1",
				"stage end: type=t_stick; input=gen; lcores=2"),
			1 },
		/* The ring is full, and its producer blocked. */
		{ "blocked",
			SECTIONS("source gen: type=synth; lcores=1",
				"stage end: type=t_stick; input=gen; lcores=2",
				"link gen end: ring=64"),
			1000 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct rig rig;

		print_message("%s\n", rows[i].name);
		seen.stuck = seen.let_go = 0;
		pends = 1;
		rig_make(&rig, "waits", NULL, rows[i].events, rows[i].sections);
		rig_start(&rig);
		assert_true(idle_after(&rig, WATCHED_S, false) == 0);
		__atomic_store_n(&seen.let_go, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&pends, 0, __ATOMIC_RELAXED);
		becomes_idle(&rig);
		assert_int_equal(rig_ledger(&rig).received, rows[i].events);
		assert_int_equal(rig_ledger(&rig).in_flight, 0);
		rig_stop(&rig);
		rig_end(&rig);
	}
}

/* A source that finds no room, and nothing in the ring that says so: it is seen by its passes. */
static void
test_source_blocked(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "shut", NULL, 0,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=t_shut; input=gen; value=1000000000000; lcores=1"));
	rig_start(&rig);
	assert_true(idle_after(&rig, WATCHED_S, false) == 0);
	assert_int_equal(rig_ledger(&rig).received, 0);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Events that come now and then begin it anew. */
static void
test_moves(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "moves", NULL, 0,
		SECTIONS("source gen: type=synth; rate=200; lcores=1",
			"stage end: type=t_pass; input=gen; lcores=2"));
	rig_start(&rig);
	assert_true(idle_after(&rig, WATCHED_S, false) < WATCHED_S / 2);
	rig_stop(&rig);
	rig_end(&rig);
}

/* An lcore that is not polled has not looked, however long that is. */
static void
test_not_polled(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "polled", "0", 100,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	rig_start(&rig);
	assert_true(idle_after(&rig, WATCHED_S, false) == 0);
	rig_wait(&rig, 100);
	becomes_idle(&rig);
	/* No more than it had, and what its last pass was for. */
	assert_true(idle_after(&rig, WATCHED_S, false) < QUIET_S + WATCHED_S / 2);
	rig_stop(&rig);
	rig_end(&rig);
}

static struct weir_event *
made_event(struct rte_mempool *pool)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct weir_event *event;

	if (mbuf == NULL)
		return NULL;
	event = weir_mbuf_event(mbuf);
	memset(event, 0, sizeof(*event));
	event->type = WEIR_EVENT_USER;
	event->flags = weir_mbuf_mark(mbuf);
	return event;
}

/* What was handed in waits, though no source has seen it. */
static void
test_injected(void **state)
{
	struct rte_mempool *pool = weir_pool_create("injected", 63, 0, 0, 0, SOCKET_ID_ANY);
	struct weir_inject *inject;
	struct weir_event *event;
	struct rig rig;

	(void)state;
	assert_non_null(pool);
	rig_make(&rig, "injected", "0", 0,
		SECTIONS("source gen: type=inject", "stage end: type=t_pass; input=gen"));
	inject = weir_inject_open(rig.engine, "gen", &rig.error);
	assert_non_null(inject);
	rig_start(&rig);
	becomes_idle(&rig);
	event = made_event(pool);
	assert_non_null(event);
	assert_int_equal(weir_inject_events(inject, &event, 1), 1);
	assert_true(idle_after(&rig, 0.05, false) == 0);
	rig_wait(&rig, 1);
	becomes_idle(&rig);
	rig_stop(&rig);
	rig_end(&rig);
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
}

/* Nobody looked for long: no more of that counts than a stall. */
static void
test_not_asked(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "unasked", "1-2", 100,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	rig_start(&rig);
	rig_wait(&rig, 100);
	weir_engine_idle(rig.engine);
	usleep(20000);
	weir_engine_idle(rig.engine);
	usleep(300000);
	assert_true(weir_engine_idle(rig.engine) < 0.15);
	rig_stop(&rig);
	rig_end(&rig);
}

/* An lcore that sleeps for as long as it may looks all the same. */
static void
test_sleeper(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "sleeper", NULL, 100,
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=t_pass; input=gen; lcores=2; idle=sleep; idle.max=900ms"));
	rig_start(&rig);
	rig_wait(&rig, 100);
	engine_loop(rig.engine, 2)->idle.now_ns = 900000000;
	becomes_idle(&rig);
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_rest),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_source_blocked),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_not_polled),
		cmocka_unit_test(test_injected),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_sleeper),
	};

	rig_eal_init();
	for (unsigned int i = 0; i < RTE_DIM(types); i++)
		if (weir_stage_register(&types[i]) != 0)
			return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
