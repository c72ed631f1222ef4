/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What an engine keeps of what went wrong at its edges. */
#include "testing.h"

#include "link/link.h"

static void
none(void **state)
{
	struct failures failures;
	struct weir_error error;

	(void)state;
	failures_init(&failures);
	assert_int_equal(failures_get(&failures, 0, &error), -ENOENT);
	failures_destroy(&failures);
}

static void
in_order(void **state)
{
	struct failures failures;
	struct weir_worker worker = { .failures = &failures };
	struct weir_error error;

	(void)state;
	failures_init(&failures);
	weir_worker_fail(&worker, EIO, "first %d", 1);
	weir_worker_fail(&worker, ENOSPC, "second");
	assert_int_equal(failures_get(&failures, 0, &error), 0);
	assert_int_equal(error.code, EIO);
	assert_string_equal(error.text, "first 1");
	assert_int_equal(failures_get(&failures, 1, &error), 0);
	assert_int_equal(error.code, ENOSPC);
	assert_string_equal(error.text, "second");
	assert_int_equal(failures_get(&failures, 2, &error), -ENOENT);
	failures_destroy(&failures);
}

/* The first are kept, and one too long is cut. */
static void
too_many(void **state)
{
	struct failures failures;
	struct weir_worker worker = { .failures = &failures };
	struct weir_error error;
	char expected[16];
	unsigned int i;

	(void)state;
	failures_init(&failures);
	weir_worker_fail(&worker, EIO, "%0*d", 2 * WEIR_ERROR_TEXT, 0);
	for (i = 1; i < 2 * WEIR_FAILURES_MAX; i++)
		weir_worker_fail(&worker, EIO, "number %u", i);
	assert_int_equal(failures_get(&failures, 0, &error), 0);
	assert_int_equal(strlen(error.text), WEIR_ERROR_TEXT - 1);
	for (i = 1; i < WEIR_FAILURES_MAX; i++) {
		snprintf(expected, sizeof(expected), "number %u", i);
		assert_int_equal(failures_get(&failures, i, &error), 0);
		assert_string_equal(error.text, expected);
	}
	assert_int_equal(failures_get(&failures, WEIR_FAILURES_MAX, &error), -ENOENT);
	failures_destroy(&failures);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none),
		cmocka_unit_test(in_order),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
