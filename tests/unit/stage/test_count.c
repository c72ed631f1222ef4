/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "rig.h"

static void
test_counts(void **state)
{
	uint64_t seed = testing_seed(), bytes = 0, total = 0;
	struct weir_event *events[2 * RIG_BURST];
	struct rig rig;

	(void)state;
	rig_make(&rig, &stage_count);
	assert_int_equal(rig_init(&rig, NULL), 0);
	for (unsigned int pass = 0; pass < 100; pass++) {
		uint16_t n = (uint16_t)(testing_random(&seed) % (2 * RIG_BURST) + 1);

		for (uint16_t i = 0; i < n; i++) {
			events[i] = rig_event(&rig);
			events[i]->len = (uint32_t)testing_random(&seed);
			bytes += events[i]->len;
		}
		total += n;
		rig_process(&rig, events, n);
	}
	assert_int_equal(((struct count_state *)rig.state)->events, total);
	assert_int_equal(((struct count_state *)rig.state)->bytes, bytes);
	assert_int_equal(rig.stats.released, total);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
