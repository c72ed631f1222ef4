/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The end of a capture from outside: what takes its function off a port returns when no lcore is in that any
 * more. Of the command, whose file it is, there is here but what that asks for.
 */
#include "rig.h"

#include <pthread.h>
#include <stdarg.h>
#include <time.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "../../../app/weir/app.h"

#define DEVICE "net_null0"

void
complain(const char *format __rte_unused, ...)
{
	fail();
}

double
clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The function of a capture: an lcore stays in it while it is told so. */
static struct {
	bool hold, inside;
	unsigned int calls;
} function;

static uint16_t
stay(uint16_t port __rte_unused, uint16_t queue __rte_unused, struct rte_mbuf *mbufs[] __rte_unused,
	uint16_t n, uint16_t max __rte_unused, void *arg __rte_unused)
{
	__atomic_store_n(&function.inside, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&function.hold, __ATOMIC_ACQUIRE))
		rte_pause();
	__atomic_fetch_add(&function.calls, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&function.inside, false, __ATOMIC_RELEASE);
	return n;
}

/* Who takes it off, as DPDK's thread does. */
static struct {
	const struct rte_eth_rxtx_callback *callback;
	pthread_t thread;
	bool done;
	int rc;
} end;

static void *
end_main(void *arg)
{
	end.rc = rte_eth_remove_rx_callback(0, 0, end.callback);
	__atomic_store_n(&end.done, true, __ATOMIC_RELEASE);
	return arg;
}

static bool
is_done(void)
{
	return __atomic_load_n(&end.done, __ATOMIC_ACQUIRE);
}

static void
capture_begins(struct rig *rig, const char *lcores)
{
	memset(&function, 0, sizeof(function));
	memset(&end, 0, sizeof(end));
	assert_int_equal(rte_eal_hotplug_add("vdev", DEVICE, ""), 0);
	rig_make(rig, "capture", lcores, 0,
		SECTIONS("source wan: device=" DEVICE, "stage end: type=t_pass; input=wan"));
	end.callback = rte_eth_add_rx_callback(0, 0, stay, NULL);
	assert_non_null(end.callback);
}

static void
capture_ends(void)
{
	assert_int_equal(pthread_create(&end.thread, NULL, end_main, NULL), 0);
}

static void
finish(struct rig *rig)
{
	assert_int_equal(pthread_join(end.thread, NULL), 0);
	assert_int_equal(end.rc, 0);
	capture_of(NULL);
	rig_stop(rig);
	rig_end(rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", DEVICE), 0);
}

/* An lcore is in it for long: so long is waited. */
static void
test_inside(void **state)
{
	uint64_t deadline = rig_deadline();
	unsigned int calls;
	struct rig rig;

	(void)state;
	capture_begins(&rig, "1-2");
	capture_of(rig.engine);
	function.hold = true;
	rig_start(&rig);
	while (!__atomic_load_n(&function.inside, __ATOMIC_ACQUIRE) && rte_rdtsc() < deadline)
		usleep(100);
	capture_ends();
	usleep(300000);
	assert_false(is_done());
	__atomic_store_n(&function.hold, false, __ATOMIC_RELEASE);
	while (!is_done() && rte_rdtsc() < deadline)
		usleep(100);
	assert_true(is_done());
	assert_false(function.inside);
	calls = function.calls;
	usleep(50000);
	assert_int_equal(function.calls, calls);
	finish(&rig);
}

/* One pass is not enough, which may have begun before; two are, on each lcore. */
static void
test_passes(void **state)
{
	uint64_t deadline = rig_deadline();
	struct rig rig;

	(void)state;
	capture_begins(&rig, "0");
	capture_of(rig.engine);
	rig_pass(&rig);
	capture_ends();
	for (unsigned int i = 0; i < 2; i++) {
		usleep(100000);
		assert_false(is_done());
		rig_pass(&rig);
	}
	while (!is_done() && rte_rdtsc() < deadline)
		usleep(100);
	assert_true(is_done());
	finish(&rig);
}

/* Not for ever, for who captures waits too; nor for lcores of an engine that has stopped, or of none. */
static void
test_bounded(void **state)
{
	struct rig rig;
	double start;

	(void)state;
	capture_begins(&rig, "0");
	capture_of(rig.engine);
	rig_pass(&rig);
	start = clock_s();
	capture_ends();
	while (!is_done() && clock_s() < start + 5)
		usleep(1000);
	assert_true(is_done());
	assert_true(clock_s() - start >= 2.9);
	finish(&rig);
	for (unsigned int stopped = 0; stopped < 2; stopped++) {
		capture_begins(&rig, "0");
		capture_of(stopped ? rig.engine : NULL);
		if (stopped)
			rig_stop(&rig);
		start = clock_s();
		capture_ends();
		while (!is_done() && clock_s() < start + 5)
			usleep(1000);
		assert_true(clock_s() - start < 2);
		finish(&rig);
	}
}

/* What DPDK refuses is not waited for. */
static void
test_refused(void **state)
{
	struct rig rig;

	(void)state;
	capture_begins(&rig, "0");
	capture_of(rig.engine);
	rig_pass(&rig);
	assert_int_equal(rte_eth_remove_rx_callback(0, 0, NULL), -EINVAL);
	assert_int_equal(rte_eth_remove_tx_callback(7, 0, end.callback), -ENODEV);
	capture_of(NULL);
	capture_ends();
	finish(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_bounded),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
