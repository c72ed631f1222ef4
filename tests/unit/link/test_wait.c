/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Every way to wait, and how long it gets. */
#include "testing.h"

#include <rte_cycles.h>

#include "link/link.h"

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
		WEIR_WAIT_EXPONENTIAL, WEIR_WAIT_YIELD, WEIR_WAIT_SLEEP };
	struct waiter waiter;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(hows); i++) {
		waiter_init(&waiter, hows[i], 100, 10000);
		assert_int_equal(waiter.how, hows[i]);
		for (unsigned int n = 0; n < 50; n++)
			waiter_wait(&waiter);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_exponential),
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_bound),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
