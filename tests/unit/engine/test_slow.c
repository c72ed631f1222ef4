/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A stage whose set-up does not return is named, by a thread beside. */
#include "engine/rig.h"

/* ms that init() takes, by `value`: those at which it is slow, and is not. */
#define SLOW_MS "5600"
#define FAST_MS "10"

static int
sleepy_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	(void)worker;
	(void)state;
	(void)error;
	usleep((useconds_t)((const struct stages_conf *)conf)->value * 1000);
	return 0;
}

static const struct weir_stage_ops sleepy = { STAGES_TYPE("t_sleepy", "sleeps first"),
	.init = sleepy_init, .process = pass_process };

static void
test_named(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_describe(&rig, "slow",
		SECTIONS("source gen: type=synth",
			"stage fast: type=t_sleepy; input=gen; value=" FAST_MS,
			"stage end: type=t_sleepy; input=fast; value=" SLOW_MS));
	rig_place(&rig, NULL);
	rig_log_begin(&log);
	rig_create(&rig, 100);
	assert_int_equal(rig_log_count(&log, "has not returned for 5 s"), 1);
	assert_int_equal(
		rig_log_count(&log,
			"'slow': the set-up of end[0] (t_sleepy) has not returned for 5 s"),
		1);
	rig_log_end(&log);
	rig_start(&rig);
	rig_wait(&rig, 100);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Where nothing is slow, nothing is said, however often. */
static void
test_quiet(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_log_begin(&log);
	for (unsigned int i = 0; i < 20; i++) {
		rig_make(&rig, "quick", NULL, 10,
			SECTIONS("source gen: type=synth",
				"stage end: type=t_sleepy; input=gen; value=" FAST_MS));
		rig_start(&rig);
		rig_wait(&rig, 10);
		rig_stop(&rig);
		rig_end(&rig);
	}
	assert_int_equal(rig_log_count(&log, "has not returned"), 0);
	rig_log_end(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_quiet),
	};

	rig_eal_init();
	if (weir_stage_register(&sleepy) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
