/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Rings to and from the application: as figures, in ledger, report and plan, and over the socket. */
#include "engine/rig.h"

#include "ask.h"

#define RING 100

static struct rte_mempool *pool;

#define ENDS \
	SECTIONS("source app: type=inject; queues=2; producers=2; ring=100", \
		"stage out: type=eject; events=packets; ring=200; input=app")

static void
make(struct rig *rig)
{
	rig_make(rig, "ends", "0", 0, ENDS);
}

static unsigned int
give(struct weir_inject *inject, unsigned int n)
{
	struct rte_mbuf *mbufs[2 * RING];
	uint16_t put;

	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, mbufs, n), 0);
	for (unsigned int i = 0; i < n; i++)
		memset(rte_pktmbuf_append(mbufs[i], 60), 0, 60);
	put = weir_inject_packets(inject, mbufs, (uint16_t)n);
	rte_pktmbuf_free_bulk(mbufs + put, n - put);
	return put;
}

static struct weir_end_figures
figures(const struct rig *rig, unsigned int i)
{
	struct weir_end_figures end = WEIR_END_FIGURES_INIT;

	assert_int_equal(weir_ledger_end(rig->engine, i, &end), 0);
	assert_int_equal(end.enqueued, end.dequeued + end.count);
	assert_true(end.high_water <= end.capacity);
	return end;
}

static void
finish(struct rig *rig)
{
	rig_stop(rig);
	rig_end(rig);
	testing_pool_is_full(pool);
}

static void
test_refused(void **state)
{
	struct weir_end_figures end = WEIR_END_FIGURES_INIT;
	struct rig rig;

	(void)state;
	assert_int_equal(weir_ledger_end(NULL, 0, &end), -EINVAL);
	make(&rig);
	assert_int_equal(weir_ledger_end(rig.engine, 5, &end), -ENOENT);
	assert_int_equal(weir_ledger_end(rig.engine, UINT_MAX, &end), -ENOENT);
	end.size = sizeof(size_t);
	assert_int_equal(weir_ledger_end(rig.engine, 0, &end), -EINVAL);
	finish(&rig);
	answers_null("/weir/ends");

	/* A function has no ring, nor has any other type. */
	rig_make(&rig, "none", "0", 0,
		SECTIONS("source gen: type=synth; flows=1; rate=1",
			"stage out: type=eject; mode=call; input=gen"));
	end = (struct weir_end_figures)WEIR_END_FIGURES_INIT;
	assert_int_equal(weir_ledger_end(rig.engine, 0, &end), -ENOENT);
	weir_engine_stop(rig.engine, 0);
	rig_end(&rig);
}

/* Two producers of each worker, then the end of eject: what they are before anything moves. */
static void
test_idle(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig);
	weir_inject_open_worker(rig.engine, "app", 1, &rig.error);
	for (unsigned int i = 0; i < 5; i++) {
		struct weir_end_figures end = figures(&rig, i);

		assert_string_equal(end.node, i < 4 ? "app" : "out");
		assert_string_equal(end.type, i < 4 ? "inject" : "eject");
		assert_int_equal(end.worker, i < 4 ? i / 2 : 0);
		assert_int_equal(end.end, i < 4 ? i % 2 : 0);
		assert_int_equal(end.opened, i == 2);
		assert_int_equal(end.capacity, i < 4 ? 100 : 200);
		assert_int_equal(end.socket, 0);
		assert_true(end.bytes > end.capacity * sizeof(void *));
		assert_int_equal(end.count + end.high_water + end.enqueued + end.refused, 0);
	}
	finish(&rig);
}

/* What waits at either end is in flight, and what had no room is counted as often as it was tried. */
static void
test_moving(void **state)
{
	struct weir_inject *inject;
	struct weir_eject *eject;
	struct rte_mbuf *mbufs[RING];
	struct rig rig;

	(void)state;
	make(&rig);
	inject = weir_inject_open(rig.engine, "app", &rig.error);
	eject = weir_eject_open(rig.engine, "out", 0, &rig.error);
	assert_int_equal(give(inject, RING + 20), RING);
	assert_int_equal(give(inject, 30), 0);
	assert_int_equal(figures(&rig, 0).count, RING);
	assert_true(figures(&rig, 0).fill > 0.99);
	assert_int_equal(figures(&rig, 0).high_water, 0);
	assert_int_equal(figures(&rig, 0).refused, 20 + 30);
	assert_int_equal(rig_ledger(&rig).received, RING);
	assert_int_equal(rig_ledger(&rig).in_flight, RING);
	assert_int_equal(rig_sum(&rig, "app", in), 0);
	rig_pass(&rig);
	assert_int_equal(figures(&rig, 0).high_water, RING);
	assert_int_equal(figures(&rig, 0).dequeued, 32);
	assert_int_equal(figures(&rig, 0).count, RING - 32);
	assert_int_equal(rig_ledger(&rig).in_flight, RING);
	for (unsigned int i = 0; i < 10; i++)
		rig_pass(&rig);
	assert_int_equal(figures(&rig, 0).count, 0);
	assert_int_equal(figures(&rig, 4).count, RING);
	assert_int_equal(figures(&rig, 4).enqueued, RING);
	assert_int_equal(rig_ledger(&rig).in_flight, RING);
	assert_int_equal(weir_eject_packets(eject, mbufs, 10), 10);
	assert_int_equal(figures(&rig, 4).dequeued, 10);
	assert_int_equal(figures(&rig, 4).high_water, RING);
	assert_int_equal(figures(&rig, 4).refused, 0);
	assert_int_equal(weir_eject_packets(eject, mbufs + 10, RING - 10), RING - 10);
	rte_pktmbuf_free_bulk(mbufs, RING);
	rig_wait(&rig, RING);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).ejected, RING);
	/* A stop refuses by another name. */
	assert_int_equal(give(inject, 5), 0);
	assert_int_equal(figures(&rig, 0).refused, 20 + 30);
	finish(&rig);
}

/* While threads give and take, what is received only grows, and nothing leaves that has not come. */
struct giver {
	struct weir_inject *inject;
	uint32_t over;
};

static void *
give_on(void *arg)
{
	struct giver *giver = arg;

	while (!__atomic_load_n(&giver->over, __ATOMIC_RELAXED))
		if (give(giver->inject, 16) < 16)
			sched_yield();
	return NULL;
}

static void
test_running(void **state)
{
	struct weir_ledger was = WEIR_LEDGER_INIT, now;
	struct weir_end_figures end = WEIR_END_FIGURES_INIT;
	struct giver giver = { 0 };
	pthread_t thread;
	struct rig rig;

	(void)state;
	rig_make(&rig, "running", "1-2", 0,
		SECTIONS("source app: type=inject; ring=64", "stage end: type=t_pass; input=app"));
	giver.inject = weir_inject_open(rig.engine, "app", &rig.error);
	rig_start(&rig);
	assert_int_equal(pthread_create(&thread, NULL, give_on, &giver), 0);
	do {
		now = rig_ledger(&rig);
		assert_true(now.received >= was.received);
		assert_true(now.released >= was.released);
		assert_true(now.received >= now.released);
		assert_int_equal(now.in_flight, now.received - now.released);
		assert_int_equal(weir_ledger_end(rig.engine, 0, &end), 0);
		assert_true(end.enqueued >= now.received && end.enqueued >= end.dequeued);
		assert_true(end.count <= end.capacity && end.high_water <= end.capacity);
		was = now;
	} while (now.received < 50000);
	__atomic_store_n(&giver.over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	finish(&rig);
}

static void
entry_is(const json_t *entry, const char *type, unsigned int worker, unsigned int end)
{
	text_is(entry, "type", type);
	assert_int_equal(number(entry, "worker"), worker);
	assert_int_equal(number(entry, "end"), end);
}

/* The report has a list of them, telemetry pages, with the table's rows. */
static void
test_shown(void **state)
{
	json_t *report, *ends, *entry;
	struct rig rig;
	char *text;

	(void)state;
	make(&rig);
	give(weir_inject_open(rig.engine, "app", &rig.error), RING + 1);
	text = weir_report(rig.engine);
	report = json_loads(text, 0, NULL);
	free(text);
	ends = json_object_get(report, "ends");
	assert_int_equal(json_array_size(ends), 5);
	entry_is(json_array_get(ends, 3), "inject", 1, 1);
	entry_is(json_array_get(ends, 4), "eject", 0, 0);
	assert_int_equal(number(json_array_get(ends, 0), "count"), RING);
	assert_true(json_is_true(json_object_get(json_array_get(ends, 0), "opened")));
	assert_true(json_is_false(json_object_get(json_array_get(ends, 4), "opened")));
	json_decref(report);

	ends = ask("/weir/ends,ends");
	assert_int_equal(json_object_size(ends), 5);
	entry = json_object_get(ends, "app_0_0");
	entry_is(entry, "inject", 0, 0);
	assert_int_equal(number(entry, "count"), RING);
	assert_int_equal(number(entry, "fill_percent"), 100);
	assert_int_equal(number(entry, "refused"), 1);
	entry_is(json_object_get(ends, "out_0_0"), "eject", 0, 0);
	json_decref(ends);
	ends = ask("/weir/ends,,4");
	assert_int_equal(json_object_size(ends), 1);
	json_decref(ends);
	answers_null("/weir/ends,,5");
	weir_engine_stop(rig.engine, 0);
	rig_end(&rig);
	testing_pool_is_full(pool);
}

static char *
plan_text(const struct rig *rig, enum weir_plan_format format)
{
	char *text = weir_plan_show(rig->plan, format);

	assert_non_null(text);
	return text;
}

/* In the plan, and in the sum of its memory, before anything is made. */
static void
test_planned(void **state)
{
	json_t *plan, *ends;
	struct rig rig;
	uint64_t bytes;
	char *text;

	(void)state;
	make(&rig);
	text = plan_text(&rig, WEIR_PLAN_TEXT);
	assert_non_null(strstr(text, "\nrings of the application\n"));
	assert_non_null(strstr(text, "  app[1]               inject           2      100      0 "));
	assert_non_null(strstr(text, "  out[0]               eject            1      200      0 "));
	free(text);
	text = plan_text(&rig, WEIR_PLAN_DOT);
	assert_non_null(strstr(text, "app[1]\\ninject\\n2 rings of 100\"]"));
	free(text);
	text = plan_text(&rig, WEIR_PLAN_JSON);
	plan = json_loads(text, 0, NULL);
	free(text);
	ends = json_object_get(plan, "ends");
	assert_int_equal(json_array_size(ends), 3);
	text_is(json_array_get(ends, 1), "node", "app");
	assert_int_equal(number(json_array_get(ends, 1), "worker"), 1);
	assert_int_equal(number(json_array_get(ends, 1), "rings"), 2);
	assert_int_equal(number(json_array_get(ends, 1), "capacity"), RING);
	assert_int_equal(number(json_array_get(ends, 1), "socket"), 0);
	bytes = number(json_array_get(ends, 1), "ring_bytes");
	assert_int_equal(figures(&rig, 0).bytes, bytes);
	assert_int_equal(figures(&rig, 4).bytes, number(json_array_get(ends, 2), "ring_bytes"));
	assert_true(number(json_object_get(plan, "memory_terms"), "stages") >= 4 * bytes);
	json_decref(plan);
	finish(&rig);

	rig_make(&rig, "none", "0", 10,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	text = plan_text(&rig, WEIR_PLAN_TEXT);
	assert_null(strstr(text, "rings of the application"));
	free(text);
	finish(&rig);
}

static int
setup(void **state)
{
	(void)state;
	pool = weir_pool_create("app", 4095, 0, 0, 512, SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_planned),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, setup, NULL);
}
