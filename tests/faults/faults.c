/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Every fault under every policy: events go on afterwards, all drain within the time, the ledger
 * balances and every pool is full.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <rte_bus_vdev.h>
#include <rte_ethdev.h>

#include "strike.h"

/* How long a fault lasts. */
#define FAULT_US 30000

/* More come in than had when it was asked. */
static void
goes_on(struct rig *rig)
{
	rig_wait_received(rig, rig_ledger(rig).received + 1000);
}

/* A port and generated traffic into one stage, and on over another lcore. */
static void
make(struct rig *rig, const char *name, const char *on_full, const char *end)
{
	char link[3][128], sink[128];
	static const char *const ends[] = { "link wan mid", "link gen mid", "link mid end" };

	for (unsigned int i = 0; i < RTE_DIM(ends); i++)
		snprintf(link[i], sizeof(link[i]),
			"%s: kind=ring; ring=256; on_full=%s; deadline=1ms; gap_markers=on",
			ends[i], on_full);
	snprintf(sink, sizeof(sink), "stage end: %s; input=mid; lcores=1", end);
	rig_make(rig, name, NULL, 0,
		SECTIONS("source wan: device=net_null0; lcores=1",
			"source gen: type=synth; lcores=1",
			"stage mid: type=t_stuck; input=wan, gen; lcores=2", sink, link[0], link[1],
			link[2]));
}

static void
test_faults(void **state)
{
	(void)state;
	for (unsigned int p = WEIR_ON_FULL_BLOCK; p < WEIR_ON_FULL_MAX; p++)
		for (unsigned int f = 0; f < RTE_DIM(strikes); f++) {
			struct rig rig;

			make(&rig, strikes[f].name, on_full_names[p], "type=count");
			rig_start(&rig);
			goes_on(&rig);
			strike(&strikes[f], &rig, FAULT_US);
			goes_on(&rig);
			rig_stop(&rig);
			rig_end(&rig);
		}
}

/* A stage that never returns: the stop comes back, and all is well once the stage is. */
static void
test_stall_for_ever(void **state)
{
	(void)state;
	for (unsigned int p = WEIR_ON_FULL_BLOCK; p < WEIR_ON_FULL_MAX; p++) {
		struct rig rig;

		make(&rig, "ever", on_full_names[p], "type=count");
		rig_start(&rig);
		goes_on(&rig);
		__atomic_store_n(&stuck, 1, __ATOMIC_RELAXED);
		strike_last(&rig, FAULT_US);
		assert_int_equal(weir_engine_stop(rig.engine, 20), -ETIMEDOUT);
		rig_in_flight_is_known(&rig);
		assert_true(weir_engine_destroy(rig.engine) > 0);
		__atomic_store_n(&stuck, 0, __ATOMIC_RELAXED);
		rig_stop(&rig);
		rig_end(&rig);
	}
}

/* Of DPDK's own, for drivers: what they call when a device goes away. */
struct rte_eth_dev *rte_eth_dev_allocated(const char *name);
int rte_eth_dev_callback_process(struct rte_eth_dev *dev, enum rte_eth_event_type event,
	void *ret_param);

/* A device that goes away; what else comes in goes on. */
static void
test_port_gone(void **state)
{
	(void)state;
	for (unsigned int p = WEIR_ON_FULL_BLOCK; p < WEIR_ON_FULL_MAX; p++) {
		struct weir_port_figures port = WEIR_PORT_FIGURES_INIT;
		struct rig rig;

		make(&rig, "gone", on_full_names[p], "type=count");
		rig_start(&rig);
		goes_on(&rig);
		rte_eth_dev_callback_process(rte_eth_dev_allocated("net_null0"),
			RTE_ETH_EVENT_INTR_RMV, NULL);
		assert_int_equal(rte_vdev_uninit("net_null0"), 0);
		goes_on(&rig);
		assert_int_equal(weir_ledger_port(rig.engine, 0, &port), 0);
		assert_true(port.gone);
		rig_stop(&rig);
		rig_end(&rig);
		assert_int_equal(rte_vdev_init("net_null0", ""), 0);
	}
}

/* Memory that the kernel says is on another socket than the plan's: for `numa` to judge. */
static void
test_elsewhere(void **state)
{
	static const char *const numa[] = { "off", "prefer", "strict" };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(numa); i++) {
		struct weir_memory_figures memory = WEIR_MEMORY_FIGURES_INIT;
		struct weir_error error = { .code = 0 };
		struct weir_engine *engine;
		struct rig rig;

		make(&rig, numa[i], "drop-newest", "type=count");
		weir_engine_destroy(rig.engine);
		weir_plan_free(rig.plan);
		assert_int_equal(weir_pipeline_set(rig.pipeline, "pipeline", "numa", numa[i],
					 &error),
			0);
		rig.plan = weir_plan_create(rig.pipeline, NULL, &error);
		assert_non_null(rig.plan);
		fault_arm(FAULT_ELSEWHERE, 60 * US_PER_S);
		engine = weir_engine_create(rig.plan, NULL, &error);
		assert_int_equal(engine == NULL, i == 2);
		if (engine != NULL) {
			assert_int_equal(weir_ledger_memory(engine, 0, &memory), 0);
			assert_string_equal(memory.kind, "pool");
			assert_true(memory.elsewhere == 1 && memory.actual != memory.socket);
		} else {
			assert_int_equal(error.code, ENOMEM);
			assert_non_null(strstr(error.text,
				"numa = strict, but 100 % of the memory of pool weir_"));
		}
		fault_arm(FAULT_ELSEWHERE, 0);
		if (engine == NULL)
			engine = weir_engine_create(rig.plan, NULL, &error);
		rig.engine = engine;
		rig_start(&rig);
		goes_on(&rig);
		rig_stop(&rig);
		rig_end(&rig);
	}
}

/* Stacks are known only when lcores run: a strict engine does not go on, and can be started again. */
static void
test_stack_elsewhere(void **state)
{
	struct weir_error error = { .code = 0 };
	struct rig rig;

	(void)state;
	make(&rig, "stack", "drop-newest", "type=count");
	weir_engine_destroy(rig.engine);
	weir_plan_free(rig.plan);
	assert_int_equal(weir_pipeline_set(rig.pipeline, "pipeline", "numa", "strict", &error), 0);
	rig.plan = weir_plan_create(rig.pipeline, NULL, &error);
	assert_non_null(rig.plan);
	rig.engine = weir_engine_create(rig.plan, NULL, &error);
	assert_non_null(rig.engine);
	fault_arm(FAULT_ELSEWHERE, 60 * US_PER_S);
	assert_int_equal(weir_engine_start(rig.engine, &error), -ENOMEM);
	assert_non_null(strstr(error.text, "of the memory of stack lcore "));
	fault_arm(FAULT_ELSEWHERE, 0);
	rig_start(&rig);
	goes_on(&rig);
	rig_stop(&rig);
	rig_end(&rig);
}

/* The drain, too, goes on after a fault. */
static void
test_while_draining(void **state)
{
	(void)state;
	for (unsigned int p = WEIR_ON_FULL_BLOCK; p < WEIR_ON_FULL_MAX; p++)
		for (unsigned int f = FAULT_NO_MBUF; f < FAULT_MAX; f++) {
			struct rig rig;

			make(&rig, "drain", on_full_names[p], "type=count");
			rig_start(&rig);
			goes_on(&rig);
			fault_arm((enum fault)f, FAULT_US);
			rig_stop(&rig);
			rig_end(&rig);
		}
}

/* A sink whose file system is full, and stays so: it waits, and at the end what it has is lost by name. */
static void
test_disk_full(void **state)
{
	(void)state;
	for (unsigned int p = WEIR_ON_FULL_BLOCK; p < WEIR_ON_FULL_MAX; p++) {
		struct weir_error error;
		struct rig rig;

		make(&rig, "full", on_full_names[p], "type=eve; path=/dev/full");
		rig_start(&rig);
		rig_wait_received(&rig, 1000);
		assert_int_equal(weir_engine_failure(rig.engine, 0, &error), -ENOENT);
		assert_int_equal(weir_engine_stop(rig.engine, 100), -ETIMEDOUT);
		assert_true(rig_dropped(&rig, "write_failed") > 0);
		assert_int_equal(weir_engine_failure(rig.engine, 0, &error), 0);
		assert_int_equal(error.code, ENOSPC);
		rig_end(&rig);
	}
}

/* A sink whose reader goes away. */
static void
test_pipe_closed(void **state)
{
	char path[64], end[96];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/weir-faults-%d.fifo", (int)getpid());
	snprintf(end, sizeof(end), "type=eve; path=%s", path);
	for (unsigned int p = WEIR_ON_FULL_BLOCK; p < WEIR_ON_FULL_MAX; p++) {
		struct rig rig;
		int reader;

		assert_int_equal(mkfifo(path, 0600), 0);
		reader = open(path, O_RDONLY | O_NONBLOCK);
		assert_true(reader >= 0);
		make(&rig, "pipe", on_full_names[p], end);
		rig_start(&rig);
		/* Nobody reads: it may not go on beyond what buffers hold. */
		rig_wait_received(&rig, 1000);
		close(reader);
		while (rig_dropped(&rig, "write_failed") == 0)
			goes_on(&rig);
		rig_stop(&rig);
		rig_end(&rig);
		unlink(path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_while_draining),
		cmocka_unit_test(test_stall_for_ever),
		cmocka_unit_test(test_port_gone),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_stack_elsewhere),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_pipe_closed),
	};

	signal(SIGPIPE, SIG_IGN);
	rig_eal_init();
	if (rte_vdev_init("net_null0", "") != 0 || weir_stage_register(&stuck_ops) != 0)
		return 1;
	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
