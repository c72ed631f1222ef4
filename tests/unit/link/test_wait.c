/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Every way to wait, and how long it gets. */
#include "testing.h"

#include <rte_cycles.h>

#include "link/wait_private.h"

/* Nanoseconds that a wait took. */
static uint64_t
wait_ns(struct waiter *waiter)
{
	uint64_t start = rte_rdtsc(), cycles;

	waiter_wait(waiter);
	cycles = rte_rdtsc() - start;
	return (uint64_t)((double)cycles / (double)rte_get_tsc_hz() * 1e9);
}

static void
test_return(void **state)
{
	static const enum weir_wait hows[] = { WEIR_WAIT_SPIN, WEIR_WAIT_PAUSE,
		WEIR_WAIT_EXPONENTIAL, WEIR_WAIT_YIELD, WEIR_WAIT_SLEEP, WEIR_WAIT_MONITOR,
		WEIR_WAIT_INTERRUPT };
	struct waiter waiter;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(hows); i++) {
		waiter_init(&waiter, hows[i], 100, 10000);
		assert_int_equal(waiter.how, hows[i]);
		assert_int_equal(waiter_sleeps(&waiter),
			hows[i] == WEIR_WAIT_YIELD || hows[i] == WEIR_WAIT_SLEEP);
		for (unsigned int n = 0; n < 50; n++)
			waiter_wait(&waiter);
		/* it has no queue to wait for */
		if (hows[i] == WEIR_WAIT_INTERRUPT)
			assert_int_equal(waiter.how, WEIR_WAIT_SLEEP);
		waiter_nap(&waiter);
		waiter_reset(&waiter);
		waiter_wait(&waiter);
	}
}

static void
test_exponential(void **state)
{
	uint64_t expected = 1000;
	struct waiter waiter;

	(void)state;
	waiter_init(&waiter, WEIR_WAIT_EXPONENTIAL, 1000, 50000);
	for (unsigned int i = 0; i < 12; i++) {
		assert_int_equal(waiter.now_ns, expected);
		assert_true(wait_ns(&waiter) + 10 >= expected);
		expected = RTE_MIN(expected * 2, UINT64_C(50000));
	}
	assert_int_equal(waiter.now_ns, 50000);
	waiter_reset(&waiter);
	assert_int_equal(waiter.now_ns, 1000);
}

static void
test_sleep(void **state)
{
	struct waiter waiter;

	(void)state;
	waiter_init(&waiter, WEIR_WAIT_SLEEP, 100, 5000);
	for (uint64_t expected = 1000; expected <= 5000; expected += 1000) {
		assert_int_equal(waiter.now_ns, expected);
		assert_true(wait_ns(&waiter) + 10 >= expected);
	}
	waiter_wait(&waiter);
	assert_int_equal(waiter.now_ns, 5000);
	waiter_reset(&waiter);
	assert_int_equal(waiter.now_ns, 1000);
}

/* No wait is longer than the longest, not even the first. */
static void
test_bound(void **state)
{
	struct waiter waiter;

	(void)state;
	waiter_init(&waiter, WEIR_WAIT_SLEEP, 1, 300);
	assert_int_equal(waiter.now_ns, 300);
	waiter_wait(&waiter);
	assert_int_equal(waiter.now_ns, 300);

	waiter_init(&waiter, WEIR_WAIT_EXPONENTIAL, 300, 300);
	waiter_wait(&waiter);
	assert_int_equal(waiter.now_ns, 300);
}

/* A bound is one of sleeps for interrupts too; below a millisecond there is none. */
static void
test_bound_later(void **state)
{
	struct wait_queues *queues = wait_queues_create(1);
	struct waiter waiter;
	uint64_t start;

	(void)state;
	waiter_init(&waiter, WEIR_WAIT_INTERRUPT, 100, 1000000);
	assert_int_equal(waiter_longest(&waiter), INTERRUPT_SLEEP_MS * 1000000);
	waiter_bound(&waiter, 1000000000);
	assert_int_equal(waiter_longest(&waiter), INTERRUPT_SLEEP_MS * 1000000);
	waiter_bound(&waiter, 3500000);
	assert_int_equal(waiter_longest(&waiter), 3000000);
	assert_int_equal(waiter.max_ns, 1000000);
	waiter.queues = queues;
	waiter.now_ns = waiter.max_ns;
	waiter_wait(&waiter);
	assert_int_equal(waiter.armed, WAIT_ARMED);
	start = rte_rdtsc();
	waiter_wait(&waiter);
	assert_int_equal(waiter.armed, WAIT_SLEPT);
	assert_true(rte_rdtsc() - start > rte_get_tsc_hz() / 500);
	waiter_bound(&waiter, 999999);
	assert_int_equal(waiter_longest(&waiter), 999999);
	assert_int_equal(waiter.sleep_ms, 0);
	wait_queues_free(queues);

	waiter_init(&waiter, WEIR_WAIT_SLEEP, 100, 1000000);
	waiter_bound(&waiter, 500);
	assert_int_equal(waiter.now_ns, 500);
	assert_int_equal(waiter_longest(&waiter), 500);
}

/* From the least to the most patient. */
static void
test_compare(void **state)
{
	static const enum weir_wait hows[] = { WEIR_WAIT_SPIN, WEIR_WAIT_PAUSE,
		WEIR_WAIT_EXPONENTIAL, WEIR_WAIT_YIELD, WEIR_WAIT_MONITOR, WEIR_WAIT_SLEEP,
		WEIR_WAIT_INTERRUPT };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(hows); i++)
		for (unsigned int k = 0; k < RTE_DIM(hows); k++) {
			int order = wait_compare(hows[i], hows[k]);

			assert_int_equal(order > 0, i > k);
			assert_int_equal(order < 0, i < k);
		}
}

static bool
would_wait(const struct wait_watch *watch)
{
	struct rte_power_monitor_cond condition;
	uint32_t value;

	assert_int_equal(power_condition(watch, &condition), 0);
	assert_int_equal(condition.size, sizeof(value));
	value = *(volatile uint32_t *)condition.addr;
	return condition.fn(value, condition.opaque) == 0;
}

/* A ring is watched as long as all that is in it was taken; so nothing is waited past. */
static void
test_watch_ring(void **state)
{
	struct rte_ring *ring =
		rte_ring_create("watched", 64, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	struct weir_event *events[4] = { NULL };
	struct ring_consumer consumer = { 0 };
	struct wait_watch watch = { .ring = &consumer };
	struct waiter waiter;

	(void)state;
	assert_non_null(ring);
	ring_consumer_init(&consumer, ring, NULL);
	assert_true(wait_watchable(&watch));
	assert_true(would_wait(&watch));
	assert_int_equal(rte_ring_sp_enqueue_bulk(ring, (void **)events, 4, NULL), 4);
	assert_false(would_wait(&watch));
	assert_int_equal(ring_consumer_get(&consumer, events, 3), 3);
	assert_false(would_wait(&watch));
	assert_int_equal(ring_consumer_get(&consumer, events, 3), 1);
	assert_true(would_wait(&watch));

	waiter_init(&waiter, WEIR_WAIT_MONITOR, 100, 1000);
	waiter.watch = &watch;
	for (unsigned int n = 0; n < 50; n++)
		waiter_wait(&waiter);
	rte_ring_free(ring);
}

/* A port that there is not: nothing to watch, no interrupts, and nothing to undo. */
static void
test_no_port(void **state)
{
	const struct wait_watch watch = { .port = RTE_MAX_ETHPORTS };
	struct worker_stats stats = { .in = 0 };
	const struct weir_worker worker = { .stats = &stats, .port = RTE_MAX_ETHPORTS };
	struct wait_queues *queues = wait_queues_create(1);
	unsigned int i = 0;
	uint16_t port, queue;

	(void)state;
	assert_false(wait_watchable(&watch));
	assert_non_null(queues);
	assert_true(wait_queues_add(queues, &worker) < 0);
	assert_false(wait_queues_silent(queues, &i, &port, &queue));
	assert_false(wait_queues_silent(NULL, &i, &port, &queue));
	wait_queues_free(queues);
	wait_queues_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_exponential),
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_bound_later),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_watch_ring),
		cmocka_unit_test(test_no_port),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
