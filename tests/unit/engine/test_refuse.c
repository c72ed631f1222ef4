/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What an engine refuses, and that a refusal leaves nothing behind. */
#include "rig.h"

#include <rte_launch.h>
#include <rte_malloc.h>

#define LINE "source gen: type=synth; flows=10", "stage end: type=t_pass; input=gen"

static unsigned int
allocations(void)
{
	struct rte_malloc_socket_stats stats;
	unsigned int n = 0;

	for (int socket = 0; socket < 8; socket++)
		if (rte_malloc_get_socket_stats(socket, &stats) == 0)
			n += stats.alloc_count;
	return n;
}

static void
create_refused(struct rig *rig, int code)
{
	unsigned int before = allocations();

	rte_errno = 0;
	memset(&rig->error, 0, sizeof(rig->error));
	assert_null(weir_engine_create(rig->plan, NULL, &rig->error));
	assert_int_equal(rte_errno, code);
	assert_int_equal(rig->error.code, code);
	assert_true(rig->error.text[0] != '\0');
	assert_null(weir_engine_create(rig->plan, NULL, NULL));
	assert_int_equal(allocations(), before);
}

static void
test_nothing(void **state)
{
	struct weir_engine_conf conf;

	(void)state;
	assert_int_equal(weir_engine_destroy(NULL), 0);
	memset(&conf, 0xff, sizeof(conf));
	weir_engine_conf_init(&conf);
	assert_int_equal(conf.max_events, 0);
	assert_int_equal(conf.stall_ms, 50);
}

static void
test_same_name(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "twice", "1", 0, SECTIONS(LINE));
	create_refused(&rig, EEXIST);
	assert_non_null(strstr(rig.error.text, "twice"));
	weir_engine_stop(rig.engine, 1000);
	/* Stopped, it still has its name. */
	create_refused(&rig, EEXIST);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig_create(&rig, 0);
	rig_stop(&rig);
	rig_end(&rig);
}

/* The second of three workers does not start: the first is undone, the third never made. */
static void
test_init_fails(void **state)
{
	struct rig rig;

	(void)state;
	seen.inits = seen.finis = 0;
	rig_describe(&rig, "fails",
		SECTIONS("source gen: type=synth; flows=10",
			"stage a: type=t_fail; input=gen; workers=3; value=1",
			"stage end: type=t_pass; input=a"));
	rig_place(&rig, "1-3");
	create_refused(&rig, EPERM);
	assert_string_equal(rig.error.text, "worker 1 will not");
	assert_int_equal(seen.inits, 2);
	assert_int_equal(seen.finis, 2);
	rig_free(&rig);

	rig_make(&rig, "fails", "1-3", 100,
		SECTIONS("source gen: type=synth; flows=10",
			"stage end: type=t_fail; input=gen; workers=3; value=3"));
	rig_wait(&rig, 100);
	rig_stop(&rig);
	rig_end(&rig);
	assert_int_equal(seen.inits, 5);
	assert_int_equal(seen.finis, 5);
}

/* An init() that says nothing is spoken for. */
static void
test_init_mute(void **state)
{
	struct rig rig;

	(void)state;
	rig_describe(&rig, "mute",
		SECTIONS("source gen: type=synth; flows=10", "stage end: type=t_mute; input=gen"));
	rig_place(&rig, "1");
	create_refused(&rig, ENOSPC);
	assert_non_null(strstr(rig.error.text, "end"));
	rig_free(&rig);
}

static void
test_source_fails(void **state)
{
	struct rig rig;

	(void)state;
	rig_describe(&rig, "few-flows",
		SECTIONS("source gen: type=synth; flows=1; queues=2",
			"stage end: type=t_pass; input=gen"));
	rig_place(&rig, "1");
	create_refused(&rig, EINVAL);
	assert_non_null(strstr(rig.error.text, "flows"));
	rig_free(&rig);
}

static void
test_poll_refusals(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "polls", "1", 0, SECTIONS(LINE));
	assert_int_equal(weir_worker_poll(rig.engine, 2), -ENOENT);
	assert_int_equal(weir_worker_poll(rig.engine, LCORE_ID_ANY), -ENOENT);
	assert_false(weir_engine_polled(rig.engine, 2));
	assert_true(weir_engine_polled(rig.engine, 1));
	rig_start(&rig);
	assert_int_equal(weir_worker_poll(rig.engine, 1), -EBUSY);
	assert_false(weir_engine_polled(rig.engine, 1));
	rig_stop(&rig);
	assert_int_equal(weir_worker_poll(rig.engine, 1), -ESHUTDOWN);
	rig_end(&rig);
}

static void
test_start_twice(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "starts", "1", 0, SECTIONS(LINE));
	rig_start(&rig);
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -EALREADY);
	assert_int_equal(weir_engine_start(rig.engine, NULL), -EALREADY);
	rig_wait_received(&rig, 1000);
	rig_stop(&rig);
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -EALREADY);
	rig_end(&rig);

	/* Never started, but stopped: too late. */
	rig_make(&rig, "starts", "1", 0, SECTIONS(LINE));
	rig_stop(&rig);
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -EALREADY);
	assert_true(weir_engine_elapsed(rig.engine) == 0.0);
	rig_end(&rig);
}

static uint32_t spinning;

static int
spin(void *arg)
{
	(void)arg;
	while (__atomic_load_n(&spinning, __ATOMIC_ACQUIRE))
		sched_yield();
	return 0;
}

/* One lcore is the application's: none is left running, and later it goes. */
static void
test_lcore_busy(void **state)
{
	struct weir_lcore_figures l = WEIR_LCORE_FIGURES_INIT;
	struct rig rig;

	(void)state;
	spinning = 1;
	assert_int_equal(rte_eal_remote_launch(spin, NULL, 3), 0);
	rig_make(&rig, "busy", "1-3", 0,
		SECTIONS("source gen: type=synth; flows=10",
			"stage a: type=t_pass; input=gen; workers=3",
			"stage end: type=t_pass; input=a; workers=3"));
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -EBUSY);
	assert_int_equal(rig.error.code, EBUSY);
	assert_non_null(strstr(rig.error.text, "3"));
	assert_int_equal(rte_eal_get_lcore_state(1), WAIT);
	assert_int_equal(rte_eal_get_lcore_state(2), WAIT);
	assert_true(weir_engine_polled(rig.engine, 1));
	assert_true(weir_engine_elapsed(rig.engine) == 0.0);
	assert_int_equal(weir_ledger_lcore(rig.engine, 0, &l), 0);
	assert_false(l.launched);
	assert_int_equal(weir_engine_start(rig.engine, NULL), -EBUSY);
	__atomic_store_n(&spinning, 0, __ATOMIC_RELEASE);
	rte_eal_wait_lcore(3);

	rig_start(&rig);
	rig_wait_received(&rig, 1000);
	rig_stop(&rig);
	rig_end(&rig);
}

/* A stop that was asked for outlasts a start that fails. */
static void
test_stop_before_start(void **state)
{
	struct rig rig;

	(void)state;
	spinning = 1;
	assert_int_equal(rte_eal_remote_launch(spin, NULL, 3), 0);
	rig_make(&rig, "asked", "1-3", 0,
		SECTIONS("source gen: type=synth; flows=10",
			"stage a: type=t_pass; input=gen; workers=3"));
	weir_engine_stop_request(rig.engine);
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -EBUSY);
	assert_int_equal(control_order(rig.engine->control), ORDER_DRAIN);
	__atomic_store_n(&spinning, 0, __ATOMIC_RELEASE);
	rte_eal_wait_lcore(3);
	rig_start(&rig);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_inject_refusals(void **state)
{
	struct weir_inject *first, *second;
	struct rig rig;

	(void)state;
	rig_make(&rig, "open", "1", 0,
		SECTIONS("source app: type=inject; producers=2", "source gen: type=synth",
			"stage end: type=t_pass; input=app, gen"));
	rte_errno = 0;
	assert_null(weir_inject_open(rig.engine, "nobody", &rig.error));
	assert_int_equal(rte_errno, ENOENT);
	assert_non_null(strstr(rig.error.text, "nobody"));
	assert_null(weir_inject_open(rig.engine, "gen", NULL));
	assert_int_equal(rte_errno, ENOENT);
	assert_null(weir_inject_open(rig.engine, "end", &rig.error));
	assert_int_equal(rig.error.code, ENOENT);
	first = weir_inject_open(rig.engine, "app", &rig.error);
	second = weir_inject_open(rig.engine, "app", &rig.error);
	assert_non_null(first);
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	assert_null(weir_inject_open(rig.engine, "app", &rig.error));
	assert_int_equal(rte_errno, EBUSY);
	assert_non_null(strstr(rig.error.text, "producers"));
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_figures_end(void **state)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;
	struct weir_ring_figures r = WEIR_RING_FIGURES_INIT;
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct weir_pool_figures o = WEIR_POOL_FIGURES_INIT;
	const char *reason;
	uint64_t count;
	struct rig rig;

	(void)state;
	rig_make(&rig, "figures", "1", 0, SECTIONS(LINE));
	assert_int_equal(weir_ledger_worker(rig.engine, 2, &w), -ENOENT);
	assert_int_equal(weir_ledger_link(rig.engine, 1, &l), -ENOENT);
	assert_int_equal(weir_ledger_ring(rig.engine, 0, &r), -ENOENT);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &p), -ENOENT);
	assert_int_equal(weir_ledger_pool(rig.engine, 1, &o), -ENOENT);
	assert_int_equal(weir_ledger_drop(rig.engine, DROP_STAGE, &reason, &count), -ENOENT);
	for (unsigned int i = 0; i < DROP_STAGE; i++)
		assert_int_equal(weir_ledger_drop(rig.engine, i, &reason, &count), 0);
	assert_int_equal(weir_ledger_worker(rig.engine, UINT_MAX, &w), -ENOENT);
	assert_int_equal(weir_ledger_drop(rig.engine, UINT_MAX, &reason, &count), -ENOENT);
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_same_name),
		cmocka_unit_test(test_init_fails),
		cmocka_unit_test(test_init_mute),
		cmocka_unit_test(test_source_fails),
		cmocka_unit_test(test_poll_refusals),
		cmocka_unit_test(test_start_twice),
		cmocka_unit_test(test_lcore_busy),
		cmocka_unit_test(test_stop_before_start),
		cmocka_unit_test(test_inject_refusals),
		cmocka_unit_test(test_figures_end),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
