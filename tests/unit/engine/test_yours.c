/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lcores that the application runs: who may, who has them, and how they end. */
#include "yours.h"

#include <rte_service.h>
#include <rte_service_component.h>

/* A source that weir launches, and two stages behind it; all that matters waits in rings. */
#define THREE(a, b) \
	SECTIONS("source gen: type=synth; flows=100; sizes=60; lcores=1", \
		"stage a: type=t_pass; input=gen; lcores=" a, \
		"stage end: type=t_pass; input=a; lcores=" b, "link gen a: on_full=block", \
		"link a end: on_full=block")

static void
test_refused(void **state)
{
	struct guest guest;
	struct rig rig;

	(void)state;
	assert_int_equal(weir_worker_run(NULL, 0), -EINVAL);
	yours_make(&rig, "refused", "2", "100", NULL, THREE("2", "100"));
	assert_int_equal(weir_worker_run(rig.engine, 3), -ENOENT);
	assert_int_equal(weir_worker_run(rig.engine, LCORE_ID_ANY), -ENOENT);
	assert_int_equal(weir_worker_run(rig.engine, 1), -EBUSY);
	assert_int_equal(weir_worker_run(rig.engine, 2), -EBUSY);
	assert_int_equal(weir_worker_run(rig.engine, 100), -EAGAIN);
	assert_int_equal(weir_worker_poll(rig.engine, 100), -EBUSY);
	assert_false(weir_engine_polled(rig.engine, 100));
	assert_true(weir_engine_polled(rig.engine, 2));
	rig_start(&rig);
	assert_int_equal(weir_worker_run(rig.engine, 1), -EBUSY);
	assert_int_equal(weir_worker_run(rig.engine, 2), -EBUSY);
	assert_int_equal(weir_worker_poll(rig.engine, 100), -EBUSY);
	guest_begin(&guest, &rig, 100, GUEST_UNKNOWN);
	yours_wait_runs(&rig, 100);
	assert_int_equal(weir_worker_run(rig.engine, 100), -EBUSY);
	assert_int_equal(weir_worker_poll(rig.engine, 100), -EBUSY);
	assert_false(weir_engine_polled(rig.engine, 100));
	rig_stop(&rig);
	assert_int_equal(guest_end(&guest), 0);
	for (unsigned int lcore = 1; lcore <= 2; lcore++)
		assert_int_equal(weir_worker_run(rig.engine, lcore), -ESHUTDOWN);
	assert_int_equal(weir_worker_run(rig.engine, 100), -ESHUTDOWN);
	assert_int_equal(weir_worker_poll(rig.engine, 100), -ESHUTDOWN);
	assert_int_equal(weir_worker_run(rig.engine, 3), -ENOENT);
	rig_end(&rig);
}

static void
test_conf_refused(void **state)
{
	struct weir_engine_conf conf;
	struct rig rig;

	(void)state;
	rig_describe(&rig, "conf", THREE("2", "3"));
	rig_place(&rig, NULL);
	weir_engine_conf_init(&conf);
	assert_int_equal(conf.polled_stall_ms, 0);
	conf.polled_stall_ms = UINT64_C(1) << 32;
	assert_null(weir_engine_create(rig.plan, &conf, &rig.error));
	assert_int_equal(rig.error.code, EINVAL);
	assert_non_null(strstr(rig.error.text, "polled_stall_ms"));
	rig_free(&rig);
}

/* An lcore that has become a service core since it was planned. */
static void
test_start_refused(void **state)
{
	struct guest guest;
	struct rig rig;

	(void)state;
	yours_make(&rig, "service", NULL, "100", NULL, THREE("2", "100"));
	assert_int_equal(rte_service_lcore_add(2), 0);
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -EBUSY);
	assert_non_null(strstr(rig.error.text, "lcore 2 is a service core of EAL by now"));
	assert_int_equal(rte_eal_get_lcore_state(1), WAIT);
	/* It was not started, and can be still. */
	assert_int_equal(weir_worker_run(rig.engine, 100), -EAGAIN);
	assert_int_equal(rte_service_lcore_del(2), 0);
	rig_start(&rig);
	guest_begin(&guest, &rig, 100, GUEST_UNKNOWN);
	yours_wait_runs(&rig, 100);
	rig_wait_received(&rig, 1000);
	rig_stop(&rig);
	assert_int_equal(guest_end(&guest), 0);
	rig_end(&rig);
}

/* Never started: nobody could come, and nothing waits for anybody. */
static void
test_not_started(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	yours_make(&rig, "rests", "2", "100", NULL, THREE("2", "100"));
	rig_log_begin(&log);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "weir_worker_run"), 0);
	rig_log_end(&log);
	assert_int_equal(weir_worker_run(rig.engine, 100), -ESHUTDOWN);
	rig_end(&rig);
}

/* All of the time of each worker falls in one of the shares; of one that slept some is sleep. */
static void
shares_are_whole(const struct rig *rig, const char *sleeper)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_worker(rig->engine, i, &w) == 0; i++) {
		double sum = w.busy + w.others + w.idle + w.spin + w.blocked + w.sleep;

		assert_true(sum > 0.999 && sum < 1.001);
		if (strcmp(w.node, sleeper) == 0)
			assert_true(w.sleep > 0);
	}
}

/* Threads of every kind, on numbers that EAL has and that it does not; nothing is lost. */
static void
runs(unsigned int lcore, enum guest_kind kind)
{
	struct weir_lcore_figures l = WEIR_LCORE_FIGURES_INIT;
	struct weir_engine_conf conf;
	char stage[64], number[16];
	struct guest guest;
	struct rig rig;

	snprintf(number, sizeof(number), "%u", lcore);
	snprintf(stage, sizeof(stage), "stage h: type=t_hold; input=gen; lcores=%u", lcore);
	weir_engine_conf_init(&conf);
	conf.max_events = 20000;
	yours_make(&rig, "runs", NULL, number, &conf,
		SECTIONS("source gen: type=synth; flows=100; sizes=60; lcores=1", stage,
			"stage end: type=t_pass; input=h; lcores=1", "link gen h: on_full=block",
			"link h end: on_full=block"));
	assert_int_equal(weir_ledger_lcore(rig.engine, 1, &l), 0);
	assert_int_equal(l.lcore, lcore);
	assert_false(l.launched);
	rig_start(&rig);
	guest_begin(&guest, &rig, lcore, kind);
	rig_wait(&rig, 20000);
	assert_int_equal(weir_ledger_lcore(rig.engine, 1, &l), 0);
	assert_true(l.launched);
	assert_string_equal(l.how, "run");
	rig_stop(&rig);
	assert_int_equal(guest_end(&guest), 0);
	assert_int_equal(rig_ledger(&rig).released, 20000);
	rig_end(&rig);
}

static void
test_threads(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < GUEST_KINDS; kind++) {
		runs(2, (enum guest_kind)kind);
		runs(100, (enum guest_kind)kind);
		runs(RTE_MAX_LCORE - 1, (enum guest_kind)kind);
	}
}

static int
give_over(void *engine)
{
	return weir_worker_run(engine, rte_lcore_id());
}

/* An lcore of EAL on which the application launched something of its own, and the main one, until asked. */
static void
test_eal_lcores(void **state)
{
	struct weir_engine_conf conf;
	struct rig rig;

	(void)state;
	weir_engine_conf_init(&conf);
	conf.max_events = 5000;
	yours_make(&rig, "eal", NULL, "2", &conf, THREE("2", "3"));
	rig_start(&rig);
	assert_int_equal(rte_eal_get_lcore_state(2), WAIT);
	assert_int_equal(rte_eal_remote_launch(give_over, rig.engine, 2), 0);
	rig_wait(&rig, 5000);
	weir_engine_stop_request(rig.engine);
	assert_int_equal(rte_eal_wait_lcore(2), 0);
	rig_stop(&rig);
	rig_end(&rig);

	/* The calling thread drains as soon as it begins. */
	yours_make(&rig, "main", NULL, "0", NULL, THREE("0", "2"));
	rig_start(&rig);
	rig_wait_received(&rig, 100);
	weir_engine_stop_request(rig.engine);
	assert_int_equal(give_over(rig.engine), 0);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_end(&rig);
}

/* One launched, one polled, one run: what the README shows. */
static void
test_three_ways(void **state)
{
	struct weir_lcore_figures l = WEIR_LCORE_FIGURES_INIT;
	struct weir_engine_conf conf;
	struct guest guest;
	struct rig rig;

	(void)state;
	weir_engine_conf_init(&conf);
	conf.max_events = 50000;
	yours_make(&rig, "three", "0", "100", &conf, THREE("0", "100"));
	rig_start(&rig);
	guest_begin(&guest, &rig, 100, GUEST_REGISTERED);
	rig_wait(&rig, 50000);
	for (unsigned int i = 0; weir_ledger_lcore(rig.engine, i, &l) == 0; i++)
		assert_string_equal(l.how,
			l.lcore == 0         ? "polled" :
				l.lcore == 1 ? "launched" :
					       "run");
	rig_stop(&rig);
	assert_int_equal(guest_end(&guest), 0);
	assert_int_equal(rig_ledger(&rig).released, 50000);
	rig_end(&rig);
}

/* What is set comes to one that is run, too, and it waits by that. */
static void
test_set(void **state)
{
	struct guest guest;
	struct rig rig;

	(void)state;
	yours_make(&rig, "sets", NULL, "100", NULL,
		SECTIONS("source gen: type=synth; flows=100; lcores=1; rate=1000",
			"stage end: type=t_pass; input=gen; lcores=100"));
	rig_start(&rig);
	guest_begin(&guest, &rig, 100, GUEST_UNKNOWN);
	rig_ok(&rig, weir_engine_set(rig.engine, "end.idle=sleep", &rig.error));
	rig_wait_applied(&rig);
	assert_int_equal(yours_loop(&rig, 100)->idle.how, WEIR_WAIT_SLEEP);
	rig_wait_received(&rig, 100);
	rig_stop(&rig);
	assert_int_equal(guest_end(&guest), 0);
	shares_are_whole(&rig, "end");
	rig_end(&rig);
}

static int32_t
serve(void *engine)
{
	return weir_worker_poll(engine, 3) > 0 ? 0 : -EAGAIN;
}

/* A service core polls: another kind of lcore to EAL, and none to weir. */
static void
test_service(void **state)
{
	struct rte_service_spec spec = { .name = "weir", .callback = serve };
	uint64_t deadline = rig_deadline();
	struct weir_engine_conf conf;
	struct rig rig;
	uint32_t id;

	(void)state;
	assert_int_equal(rte_service_lcore_add(3), 0);
	weir_engine_conf_init(&conf);
	conf.max_events = 10000;
	yours_make(&rig, "serves", "3", NULL, &conf, THREE("2", "3"));
	spec.callback_userdata = rig.engine;
	assert_int_equal(rte_service_component_register(&spec, &id), 0);
	rte_service_component_runstate_set(id, 1);
	assert_int_equal(rte_service_map_lcore_set(id, 3, 1), 0);
	assert_int_equal(rte_service_runstate_set(id, 1), 0);
	rig_start(&rig);
	assert_int_equal(rte_service_lcore_start(3), 0);
	while (rig_ledger(&rig).released < 10000 && rte_rdtsc() < deadline)
		usleep(100);
	assert_int_equal(rig_ledger(&rig).released, 10000);
	weir_engine_stop_request(rig.engine);
	while (!weir_engine_drained(rig.engine) && rte_rdtsc() < deadline)
		usleep(100);
	assert_true(weir_engine_drained(rig.engine));
	assert_int_equal(rte_service_runstate_set(id, 0), 0);
	assert_int_equal(rte_service_lcore_stop(3), 0);
	rte_eal_wait_lcore(3);
	rte_service_component_unregister(id);
	assert_int_equal(rte_service_lcore_del(3), 0);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_conf_refused),
		cmocka_unit_test(test_start_refused),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_eal_lcores),
		cmocka_unit_test(test_three_ways),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_service),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
