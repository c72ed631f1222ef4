/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * How lcores wait for a port that goes away: once that was told nothing of it is touched. The port is a
 * net_ring with interrupts, and the CPU one that watches memory: the linker puts our calls before DPDK's
 * (see tests/unit/meson.build).
 */
#include "device.h"

#include <rte_cpuflags.h>
#include <rte_epoll.h>
#include <rte_interrupts.h>
#include <rte_power_intrinsics.h>

/* Calls that concern the port. */
static unsigned int touched;
/* Its interrupts come, and with what; else a sleep for them only ends. */
static bool raises;
static void *raised;

/* Queues that wake an lcore, by the ids of their ports, and which of the lcore's each is. */
#define IDS_MAX 4
static struct {
	unsigned int count;
	void *data;
} wakes[IDS_MAX];

static void
touch(void)
{
	__atomic_fetch_add(&touched, 1, __ATOMIC_RELAXED);
}

static unsigned int
touches(void)
{
	return __atomic_load_n(&touched, __ATOMIC_RELAXED);
}

int __wrap_rte_eth_dev_rx_intr_ctl_q(uint16_t id, uint16_t queue, int epoll, int op, void *data);
int
__wrap_rte_eth_dev_rx_intr_ctl_q(uint16_t id, uint16_t queue __rte_unused, int epoll __rte_unused,
	int op, void *data)
{
	touch();
	assert_true(id < IDS_MAX);
	wakes[id].count += op == RTE_INTR_EVENT_ADD ? 1u : -1u;
	wakes[id].data = data;
	if (op == RTE_INTR_EVENT_ADD)
		raised = data;
	return 0;
}

int __wrap_rte_epoll_wait(int epoll, struct rte_epoll_event *events, int max, int ms);
int
__wrap_rte_epoll_wait(int epoll __rte_unused, struct rte_epoll_event *events, int max __rte_unused,
	int ms)
{
	usleep(raises ? 1000 : (useconds_t)ms * 1000);
	events[0].epdata.data = raised;
	return raises;
}

int __wrap_rte_eth_dev_rx_intr_enable(uint16_t id, uint16_t queue);
int
__wrap_rte_eth_dev_rx_intr_enable(uint16_t id __rte_unused, uint16_t queue __rte_unused)
{
	touch();
	return 0;
}

int __wrap_rte_eth_dev_rx_intr_disable(uint16_t id, uint16_t queue);
int
__wrap_rte_eth_dev_rx_intr_disable(uint16_t id __rte_unused, uint16_t queue __rte_unused)
{
	touch();
	return 0;
}

static uint64_t watched;

static int
never(const uint64_t value __rte_unused,
	const uint64_t opaque[RTE_POWER_MONITOR_OPAQUE_SZ] __rte_unused)
{
	return 0;
}

int __wrap_rte_eth_get_monitor_addr(uint16_t id, uint16_t queue,
	struct rte_power_monitor_cond *condition);
int
__wrap_rte_eth_get_monitor_addr(uint16_t id __rte_unused, uint16_t queue __rte_unused,
	struct rte_power_monitor_cond *condition)
{
	touch();
	*condition = (struct rte_power_monitor_cond){
		.addr = &watched,
		.size = sizeof(watched),
		.fn = never,
	};
	return 0;
}

void __wrap_rte_cpu_get_intrinsics_support(struct rte_cpu_intrinsics *can);
void
__wrap_rte_cpu_get_intrinsics_support(struct rte_cpu_intrinsics *can)
{
	*can = (struct rte_cpu_intrinsics){ .power_monitor = 1, .power_pause = 1 };
}

int __wrap_rte_power_monitor(const struct rte_power_monitor_cond *condition, const uint64_t until);
int
__wrap_rte_power_monitor(const struct rte_power_monitor_cond *condition __rte_unused,
	const uint64_t until __rte_unused)
{
	usleep(100);
	return 0;
}

int __wrap_rte_power_pause(const uint64_t until);
int
__wrap_rte_power_pause(const uint64_t until __rte_unused)
{
	usleep(100);
	return 0;
}

/* The lcore waits for the port, again and again. */
static void
touches_go_on(void)
{
	uint64_t deadline = rig_deadline();
	unsigned int before = touches();

	while (touches() < before + 20 && rte_rdtsc() < deadline)
		usleep(100);
	assert_true(touches() >= before + 20);
}

/* Not after it went away, nor when the engine stops. */
static void
left(const char *idle)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	unsigned int before;
	struct rig rig;
	char source[80];

	snprintf(source, sizeof(source), "source wan: device=" RING "; idle=%s; idle.max=1us",
		idle);
	device_add(RING);
	rig_make(&rig, "left", "1-2", 0,
		SECTIONS(source, "stage end: type=t_pass; input=wan; lcores=2"));
	rig_start(&rig);
	touches_go_on();
	device_goes(RING);
	before = touches();
	usleep(100000);
	assert_int_equal(touches(), before);
	device_end(&rig, RING, &p);
	assert_int_equal(touches(), before);
}

/* When it is back the lcore waits for it as before. */
static void
back(const char *idle)
{
	struct rig rig;
	char source[80];

	snprintf(source, sizeof(source), "source wan: device=" RING "; idle=%s; idle.max=1us",
		idle);
	device_add(RING);
	hotplug_make(&rig, "back", "1-2",
		SECTIONS(source, "stage end: type=t_pass; input=wan; lcores=2"));
	rig_start(&rig);
	touches_go_on();
	device_goes(RING);
	weir_engine_watch(rig.engine);
	weir_engine_watch(rig.engine);
	assert_false(device_is_there(RING));
	device_add(RING);
	weir_engine_watch(rig.engine);
	touches_go_on();
	rig_stop(&rig);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
}

#define OTHER "net_ring1"

static void
comes_back(struct rig *rig, const char *name, uint16_t id)
{
	uint16_t got;

	device_add(name);
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &got), 0);
	assert_int_equal(got, id);
	weir_engine_watch(rig->engine);
}

static void
goes_away(struct rig *rig, const char *name)
{
	device_goes(name);
	weir_engine_watch(rig->engine);
	weir_engine_watch(rig->engine);
	assert_false(device_is_there(name));
}

/*
 * Two ports of one lcore are away; the second comes back under the id of the first, goes and comes back once
 * more, and then the first under that of the second: each wakes the lcore for its own worker.
 */
static void
test_swapped(void **state)
{
	void *second;
	struct rig rig;

	(void)state;
	device_add(RING);
	device_add(OTHER);
	memset(wakes, 0, sizeof(wakes));
	hotplug_make(&rig, "swapped", "1-2",
		SECTIONS("source one: device=" RING "; idle=interrupt; idle.max=1us; lcores=1",
			"source two: device=" OTHER "; idle=interrupt; idle.max=1us; lcores=1",
			"stage end: type=t_pass; input=one, two; lcores=2"));
	rig_start(&rig);
	assert_int_equal(wakes[0].count, 1);
	assert_int_equal(wakes[1].count, 1);
	second = wakes[1].data;
	goes_away(&rig, RING);
	goes_away(&rig, OTHER);
	assert_int_equal(wakes[0].count + wakes[1].count, 0);
	comes_back(&rig, OTHER, 0);
	goes_away(&rig, OTHER);
	comes_back(&rig, OTHER, 0);
	assert_int_equal(wakes[0].count, 1);
	assert_ptr_equal(wakes[0].data, second);
	comes_back(&rig, RING, 1);
	assert_int_equal(wakes[0].count, 1);
	assert_ptr_equal(wakes[0].data, second);
	assert_int_equal(wakes[1].count, 1);
	assert_ptr_not_equal(wakes[1].data, second);
	touches_go_on();
	rig_stop(&rig);
	assert_int_equal(wakes[0].count + wakes[1].count, 0);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
	assert_int_equal(rte_eal_hotplug_remove("vdev", OTHER), 0);
}

static void
test_interrupt(void **state)
{
	(void)state;
	left("interrupt");
	back("interrupt");
}

static void
test_monitor(void **state)
{
	(void)state;
	left("monitor");
	back("monitor");
}

/* A port that stays is left as it was: its interrupts are off, and its queue wakes nobody. */
static void
test_stopped(void **state)
{
	unsigned int before;
	struct rig rig;

	(void)state;
	device_add(RING);
	rig_make(&rig, "stopped", "1-2", 0,
		SECTIONS("source wan: device=" RING "; idle=interrupt; idle.max=1us",
			"stage end: type=t_pass; input=wan; lcores=2"));
	rig_start(&rig);
	usleep(20000);
	before = touches();
	rig_stop(&rig);
	assert_true(touches() > before);
	before = touches();
	rig_end(&rig);
	assert_int_equal(touches(), before);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
}

/* Packets that come while the lcore sleeps; how often it is told that no interrupt did. */
static unsigned int
silent(unsigned int packets)
{
	struct rte_mempool *pool =
		weir_pool_create("own", 127, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rig_log log;
	unsigned int told;
	struct rig rig;

	device_add(RING);
	rig_make(&rig, "silent", "1-2", 0,
		SECTIONS("source wan: device=" RING "; idle=interrupt; idle.max=1us",
			"stage end: type=t_pass; input=wan; lcores=2"));
	rig_start(&rig);
	rig_log_begin(&log);
	for (unsigned int i = 1; i <= packets; i++) {
		usleep(12000);
		ring_fill(ring_of(RING), pool, 1);
		rig_wait_received(&rig, i);
		weir_engine_watch(rig.engine);
		weir_engine_watch(rig.engine);
	}
	told = rig_log_count(&log,
		"port " RING ": packets of queue 0 come, and never an interrupt");
	assert_int_equal(rig_log_count(&log, "vfio"), 0);
	rig_log_end(&log);
	rig_stop(&rig);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
	return told;
}

/* Once, when it can be no chance. */
static void
test_silent(void **state)
{
	(void)state;
	assert_int_equal(silent(4), 0);
	assert_int_equal(silent(40), 1);
	raises = true;
	assert_int_equal(silent(40), 0);
	raises = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_silent),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
