/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Structs that begin with their size, between a caller and a library of another age. */
#include <errno.h>

#include "event/event.h"
#include "testing.h"

struct known {
	size_t size;
	uint64_t first;
	uint64_t second;
};

struct newer {
	struct known known;
	uint64_t third;
};

#define LEAST (offsetof(struct known, first) + sizeof(uint64_t))

static void
test_refuse(void **state)
{
	struct newer from = { .known = { .first = 1 }, .third = 3 };
	struct known full = { .size = sizeof(full), .first = 7 };

	(void)state;
	for (size_t size = 0; size < LEAST; size++) {
		from.known.size = size;
		assert_int_equal(sized_take(&full, &from, sizeof(full), LEAST), -EINVAL);
		assert_int_equal(sized_give(&from, &full, sizeof(full), LEAST), -EINVAL);
	}
	/* What is no size at all is not walked. */
	from.known.size = SIZED_MAX + 1;
	assert_int_equal(sized_take(&full, &from, sizeof(full), LEAST), -EINVAL);
	from.known.size = sizeof(from);
	assert_int_equal(sized_take(&full, &from, sizeof(full), LEAST), -E2BIG);
	assert_int_equal(full.first, 7);
	assert_int_equal(full.size, sizeof(full));
}

static void
test_take(void **state)
{
	struct newer from = { .known = { .size = sizeof(from), .first = 1, .second = 2 } };
	struct known full = { .size = sizeof(full), .second = 9 };

	(void)state;
	/* Of newer headers, but nothing is said there. */
	assert_int_equal(SIZED_TAKE(&full, &from.known, first), 0);
	assert_int_equal(full.size, sizeof(full));
	assert_int_equal(full.second, 2);
	/* Of older ones: what they did not know stays. */
	from.known.size = LEAST;
	from.known.first = 5;
	full.second = 9;
	assert_int_equal(SIZED_TAKE(&full, &from.known, first), 0);
	assert_int_equal(full.first, 5);
	assert_int_equal(full.second, 9);
}

static void
test_init(void **state)
{
	const struct known defaults = { .first = 1, .second = 2 };
	struct newer to;

	(void)state;
	memset(&to, 0xa5, sizeof(to));
	sized_init(&to, &defaults, LEAST, sizeof(defaults));
	assert_int_equal(to.known.size, LEAST);
	assert_int_equal(to.known.first, 1);
	assert_int_equal(to.known.second, UINT64_C(0xa5a5a5a5a5a5a5a5));
	sized_init(&to, &defaults, sizeof(to), sizeof(defaults));
	assert_int_equal(to.known.size, sizeof(to));
	assert_int_equal(to.known.second, 2);
	assert_int_equal(to.third, 0);
	/* What was filled can be taken. */
	assert_int_equal(sized_take(&to, &to, sizeof(struct known), LEAST), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_init),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
