/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Histograms: buckets that leave no gap, and quantiles beside those of sorted values. */
#include "testing.h"

#include "stats/stats.h"

#define VALUES 20000

static struct histogram histogram;

static void
test_empty(void **state)
{
	(void)state;
	memset(&histogram, 0, sizeof(histogram));
	assert_int_equal(histogram_count(&histogram), 0);
	assert_int_equal(histogram_quantile(&histogram, 500000), 0);
	assert_int_equal(histogram_quantile(&histogram, 1000000), 0);
}

/* The greatest value of each bucket is in it, and the next one is in the next. */
static void
test_buckets(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t value = histogram_value(i);

		assert_int_equal(histogram_bucket(value), i);
		if (i + 1 < HISTOGRAM_BUCKETS)
			assert_int_equal(histogram_bucket(value + 1), i + 1);
	}
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
test_quantiles(void **state)
{
	static const uint32_t millionths[] = { 0, 1000, 500000, 990000, 999000, 1000000 };
	static uint64_t values[VALUES];
	uint64_t random = testing_seed();
	struct histogram *sum = calloc(1, sizeof(*sum));

	(void)state;
	assert_non_null(sum);
	memset(&histogram, 0, sizeof(histogram));
	for (unsigned int i = 0; i < VALUES; i++) {
		values[i] = testing_random(&random) >> (16 + testing_random(&random) % 48);
		histogram_add(&histogram, values[i]);
	}
	qsort(values, VALUES, sizeof(*values), compare);
	assert_int_equal(histogram_count(&histogram), VALUES);
	for (unsigned int i = 0; i < RTE_DIM(millionths); i++) {
		uint64_t at = (uint64_t)millionths[i] * VALUES / 1000000;
		uint64_t exact = values[at > 0 ? at - 1 : 0];
		uint64_t got = histogram_quantile(&histogram, millionths[i]);

		assert_true(got >= exact);
		assert_true(got <= exact + exact / HISTOGRAM_LINEAR);
	}
	assert_int_equal(histogram_quantile(&histogram, 1000000), values[VALUES - 1]);
	histogram_sum(sum, &histogram);
	histogram_sum(sum, &histogram);
	assert_int_equal(histogram_count(sum), 2 * VALUES);
	assert_int_equal(sum->max, values[VALUES - 1]);
	free(sum);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_quantiles),
	};

	return cmocka_run_group_tests_name("stats histogram", tests, NULL, NULL);
}
