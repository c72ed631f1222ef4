/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The time of packets that have none of the wire: that of the TSC, which follows the wall clock. */
#include <time.h>

#include <rte_cycles.h>

#include "testing.h"

#include "flow/track.h"

#define SECOND INT64_C(1000000000)
/* What passes between two readings of the clocks, at most, on a busy machine. */
#define BETWEEN (SECOND / 5)

static int64_t
off_wall(const struct track_clock *clock, uint64_t tsc)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)clock_at(clock, tsc) - (int64_t)now.tv_sec * SECOND - now.tv_nsec;
}

/* A clock that is off by so much, and has not been put right for a second. */
static struct track_clock
clock_off(int64_t off)
{
	struct track_clock clock = { 0 };

	clock_init(&clock);
	clock.wall += (uint64_t)off;
	clock.steered = rte_rdtsc() - rte_get_tsc_hz();
	return clock;
}

static void
starts_with_the_wall(void **state __rte_unused)
{
	struct track_clock clock = clock_off(0);

	assert_true(llabs(off_wall(&clock, rte_rdtsc())) < BETWEEN);
}

static void
not_within_a_second(void **state __rte_unused)
{
	struct track_clock clock = clock_off(SECOND / 2), before;

	clock.steered = rte_rdtsc();
	before = clock;
	clock_steer(&clock);
	assert_memory_equal(&clock, &before, sizeof(clock));
}

/* What is off a little goes on from where it is, faster or slower by a part in a thousand. */
static void
slews(void **state __rte_unused)
{
	for (int way = -1; way <= 1; way += 2) {
		struct track_clock before = clock_off(way * SECOND / 2), after = before;
		uint64_t second = rte_get_tsc_hz();
		int64_t gained;

		clock_steer(&after);
		assert_true(after.steered > before.steered);
		assert_true(llabs((int64_t)(clock_at(&after, after.steered) -
				    clock_at(&before, after.steered))) < 1000);
		gained = (int64_t)(clock_at(&after, after.steered + second) -
			clock_at(&before, after.steered + second));
		assert_true(llabs(gained + way * SECOND / 1000) < 1000);
	}
}

static void
steps_where_the_wall_did(void **state __rte_unused)
{
	for (int way = -1; way <= 1; way += 2) {
		struct track_clock clock = clock_off(way * 10 * SECOND);

		clock_steer(&clock);
		assert_true(llabs(off_wall(&clock, rte_rdtsc())) < BETWEEN);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_with_the_wall),
		cmocka_unit_test(not_within_a_second),
		cmocka_unit_test(slews),
		cmocka_unit_test(steps_where_the_wall_did),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
