/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Engines on several lcores: slow consumers, two engines at once, readers and the watchdog. */
#include "rig.h"

#include <pthread.h>

#define SLOW(on_full) \
	SECTIONS("source gen: type=synth; flows=100; sizes=60; lcores=1", \
		"stage a: type=t_pass; input=gen; lcores=2", \
		"stage end: type=t_slow; input=a; value=300; workers=2; lcores=3", \
		"link a end: ring=64; on_full=" on_full, "link gen a: kind=ring; ring=128")

/* Lossless all the way: pressure walks up to the source, and nothing is lost. */
static void
test_slow_block(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "slow", "1-3", 10000, SLOW("block"));
	rig_start(&rig);
	rig_wait(&rig, 10000);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	assert_int_equal(rig_ledger(&rig).released, 10000);
	rig_stop(&rig);
	rig_end(&rig);
}

/* What the slow one cannot take is lost where it has no room, for that reason and no other. */
static void
test_slow_drop(void **state)
{
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	struct rig rig;

	(void)state;
	rig_make(&rig, "slow", "1-3", 20000, SLOW("drop-newest"));
	rig_start(&rig);
	rig_wait(&rig, 20000);
	rig_stop(&rig);
	ledger = rig_ledger(&rig);
	assert_true(ledger.dropped > 0);
	assert_int_equal(ledger.dropped, rig_dropped(&rig, "ring_full"));
	assert_int_equal(ledger.dropped, rig_sum(&rig, "a", dropped));
	for (unsigned int i = 0; weir_ledger_link(rig.engine, i, &l) == 0; i++)
		assert_int_equal(l.dropped, strcmp(l.to, "end") == 0 ? ledger.dropped : 0);
	rig_end(&rig);
}

/* `block` on one lcore by a forced ring: the lcore serves the consumer while the source waits. */
static void
test_slow_one_lcore(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "one-lcore", "0", 10000,
		SECTIONS("pipeline: burst=64", "source gen: type=synth; flows=100",
			"stage end: type=t_shut; input=gen; value=1000",
			"link gen end: kind=ring; ring=64"));
	rig_wait(&rig, 10000);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_stop(&rig);
	rig_end(&rig);
}

/* A sink without room, on an lcore that has no links to wait for. */
static void
test_shut_sink(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "shut", NULL, 5000,
		SECTIONS("source gen: type=synth; flows=100; lcores=1",
			"stage end: type=t_shut; input=gen; value=300; lcores=2"));
	rig_start(&rig);
	rig_wait(&rig, 5000);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_stop(&rig);
	rig_end(&rig);
}

/*
 * On one lcore, lossy links and lossless ones that come together further on: the lossy ones never
 * take room that is reserved for the others, nor the same room twice.
 */
static void
meet(const char *const *sections)
{
	struct rig rig;

	rig_make(&rig, "meet", "0", 20000, sections);
	rig_wait(&rig, 20000);
	printf("full %lu over %lu long %u in %lu\n", rig_dropped(&rig, "ring_full"),
		rig_dropped(&rig, "overrun"), seen.too_long, rig_sum(&rig, "end", in));
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;
	for (unsigned i = 0; weir_ledger_link(rig.engine, i, &l) == 0; i++)
		printf("%s %s %s call %d dropped %lu\n", l.from, l.to, l.on_full, l.call,
			l.dropped);
	assert_int_equal(rig_dropped(&rig, "ring_full"), rig_ledger(&rig).dropped);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_lossy_beside(void **state)
{
	(void)state;
	/* into a stage with little room */
	meet(SECTIONS("pipeline: burst=64", "source gen: type=synth; flows=100",
		"stage a: type=t_pass; input=gen; workers=3", "stage b: type=t_pass; input=gen",
		"stage end: type=t_tight; input=a, b", "link gen a: on_full=drop-newest; ring=64"));
	/* into a ring that is slow to empty */
	meet(SECTIONS("source gen: type=synth; flows=100", "stage a: type=t_pass; input=gen",
		"stage b: type=t_pass; input=gen; workers=2", "stage c: type=t_pass; input=a, b",
		"stage end: type=t_tight; input=c", "link gen b: on_full=drop-newest; ring=64",
		"link c end: kind=ring; ring=128"));
}

/* What a source drops by verdict is counted there, and by the parser too. */
static void
test_verdicts(void **state)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	uint64_t malformed = 0;
	struct rig rig;

	(void)state;
	rig_make(&rig, "verdicts", "1-2", 5000,
		SECTIONS("source gen: type=synth; malformed=30%; drop=malformed",
			"stage end: type=t_pass; input=gen"));
	rig_start(&rig);
	rig_wait(&rig, 5000);
	rig_stop(&rig);
	assert_int_equal(weir_ledger_worker(rig.engine, 0, &w), 0);
	for (unsigned int v = WEIR_VERDICT_OK + 1; v < WEIR_VERDICT_MAX; v++)
		malformed += w.verdicts[v];
	assert_true(malformed > 1000);
	assert_int_equal(w.verdicts[WEIR_VERDICT_OK] + malformed, 5000);
	assert_int_equal(rig_dropped(&rig, "verdict"), malformed);
	assert_int_equal(rig_ledger(&rig).dropped, malformed);
	assert_int_equal(rig_sum(&rig, "end", in), 5000 - malformed);
	rig_end(&rig);
}

static void
test_reasons(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "reasons", "1-2", 3000,
		SECTIONS("source gen: type=synth", "stage a: type=t_reason; input=gen",
			"stage end: type=t_pass; input=a"));
	rig_start(&rig);
	rig_wait(&rig, 3000);
	rig_stop(&rig);
	assert_int_equal(rig_dropped(&rig, "too_red"), 1000);
	assert_int_equal(rig_dropped(&rig, "too_blue"), 1000);
	assert_int_equal(rig_sum(&rig, "end", released), 1000);
	rig_end(&rig);
}

/* Two engines on lcores of their own, and a third when those are gone. */
static void
test_two_engines(void **state)
{
	struct rig one, two;

	(void)state;
	rig_make(&one, "one", "1", 5000,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	rig_make(&two, "two", "2-3", 7000,
		SECTIONS("source gen: type=synth", "stage h: type=t_hold; input=gen",
			"stage end: type=t_pass; input=h"));
	rig_start(&one);
	rig_start(&two);
	rig_wait(&one, 5000);
	rig_wait(&two, 7000);
	rig_stop(&one);
	rig_end(&one);
	assert_int_equal(rig_ledger(&two).received, 7000);

	rig_make(&one, "one", "1", 3000,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	rig_start(&one);
	rig_wait(&one, 3000);
	rig_stop(&two);
	rig_end(&two);
	rig_stop(&one);
	rig_end(&one);
}

static const struct weir_engine *watched;
static uint32_t reading;

/* Reads all figures over and over; how often a figure was impossible. */
static void *
reader(void *arg)
{
	const struct weir_engine *engine = watched;
	struct weir_ledger l = WEIR_LEDGER_INIT, last = WEIR_LEDGER_INIT;
	uintptr_t wrong = 0;

	(void)arg;
	while (__atomic_load_n(&reading, __ATOMIC_ACQUIRE)) {
		struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
		struct weir_ring_figures r = WEIR_RING_FIGURES_INIT;

		weir_ledger_read(engine, &l);
		wrong +=
			l.released + l.transmitted + l.ejected + l.dropped > l.received + l.created;
		wrong += l.received < last.received || l.released < last.released;
		wrong += l.unaccounted != 0;
		last = l;
		for (unsigned int i = 0; weir_ledger_worker(engine, i, &w) == 0; i++)
			wrong += w.busy < 0.0 || w.busy > 1.0;
		for (unsigned int i = 0; weir_ledger_ring(engine, i, &r) == 0; i++)
			wrong += r.count > r.capacity || r.dequeued + r.dropped_inside > r.enqueued;
		sched_yield();
	}
	return (void *)wrong;
}

static void
test_reader(void **state)
{
	pthread_t thread;
	struct rig rig;
	void *wrong;

	(void)state;
	rig_make(&rig, "read", "1-3", 200000,
		SECTIONS("source gen: type=synth; flows=100; sizes=60",
			"stage a: type=t_pass; input=gen; workers=2",
			"stage h: type=t_hold; input=a",
			"stage end: type=t_pass; input=h; workers=2", "link gen a: spread=copy",
			"link h end: on_full=drop-oldest; ring=64"));
	rig_start(&rig);
	watched = rig.engine;
	reading = 1;
	assert_int_equal(pthread_create(&thread, NULL, reader, NULL), 0);
	rig_wait(&rig, 200000);
	__atomic_store_n(&reading, 0, __ATOMIC_RELEASE);
	pthread_join(thread, &wrong);
	assert_null(wrong);
	rig_stop(&rig);
	rig_end(&rig);
}

/* A stage that sleeps while work waits is told of, once it has for long enough, and no more after. */
static void
test_watch(void **state)
{
	uint64_t deadline = rig_deadline();
	struct weir_engine_conf conf;
	unsigned int stalled = 0;
	struct rig rig;

	(void)state;
	rig_describe(&rig, "watch",
		SECTIONS("source gen: type=synth; lcores=1",
			"stage end: type=t_stall; input=gen; value=200; lcores=2"));
	rig_place(&rig, NULL);
	weir_engine_conf_init(&conf);
	conf.stall_ms = 50;
	conf.max_events = 2000;
	rig.engine = weir_engine_create(rig.plan, &conf, &rig.error);
	assert_non_null(rig.engine);
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	rig_start(&rig);
	while (stalled == 0 && rte_rdtsc() < deadline) {
		usleep(5000);
		stalled = weir_engine_watch(rig.engine);
	}
	assert_int_equal(stalled, 1);
	assert_true(weir_engine_elapsed(rig.engine) >= 0.05);
	rig_wait(&rig, 2000);
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	usleep(60000);
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_block),
		cmocka_unit_test(test_slow_drop),
		cmocka_unit_test(test_slow_one_lcore),
		cmocka_unit_test(test_shut_sink),
		cmocka_unit_test(test_lossy_beside),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_two_engines),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_watch),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
