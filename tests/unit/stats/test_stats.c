/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Counters, and the names of what they count. */
#include "testing.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

#include "stats/stats.h"

#define COUNTS 1000000

static void
test_counter(void **state)
{
	uint64_t counter = 0;

	(void)state;
	stat_add(&counter, 0);
	assert_int_equal(stat_read(&counter), 0);
	stat_add(&counter, 3);
	stat_add(&counter, UINT64_C(1) << 40);
	stat_sub(&counter, 1);
	assert_int_equal(stat_read(&counter), (UINT64_C(1) << 40) + 2);
	stat_sub(&counter, (UINT64_C(1) << 40) + 2);
	assert_int_equal(stat_read(&counter), 0);
}

static void *
count_up(void *arg)
{
	for (unsigned int i = 0; i < COUNTS; i++)
		stat_add(arg, 3);
	return NULL;
}

/* Another thread never sees a counter fall, nor a value that it has not had. */
static void
test_reader(void **state)
{
	uint64_t counter = 0, last = 0, now;
	pthread_t writer;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, count_up, &counter), 0);
	do {
		now = stat_read(&counter);
		assert_true(now >= last);
		assert_int_equal(now % 3, 0);
		last = now;
	} while (now < COUNTS * UINT64_C(3));
	pthread_join(writer, NULL);
}

static void
test_reasons(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DROP_STAGE; i++) {
		const char *name = drop_reason_name(i);

		assert_non_null(name);
		for (const char *c = name; *c != '\0'; c++)
			assert_true(islower((unsigned char)*c) || *c == '_');
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(name, drop_reason_name(j));
	}
	assert_null(drop_reason_name(DROP_STAGE));
	assert_null(drop_reason_name(DROP_MAX));
	assert_string_equal(drop_reason_name(DROP_RING_FULL), "ring_full");
	assert_string_equal(drop_reason_name(DROP_DRAIN_ABANDONED), "drain_abandoned");
}

static void
test_dropped(void **state)
{
	struct worker_stats stats = { 0 };
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(worker_stats_dropped(&stats), 0);
	for (unsigned int i = 0; i < DROP_MAX; i++) {
		stat_add(&stats.dropped[i], UINT64_C(1) << i);
		sum += UINT64_C(1) << i;
		assert_int_equal(worker_stats_dropped(&stats), sum);
	}
	assert_int_equal(DROP_MAX - DROP_STAGE, WEIR_MAX_REASONS);
	assert_int_equal(sizeof(stats) % RTE_CACHE_LINE_SIZE, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
