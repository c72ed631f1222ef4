/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* An engine on two sockets, one of them imagined: what crosses them is told when it is made. */
#include "plan/plan_private.h"

#include "rig.h"

static struct machine machine;

/* lcores 2 and 3 on socket 1, and a pipeline with an end there. */
static void
made_on_two(struct rig *rig, const char *numa)
{
	char text[64];

	snprintf(text, sizeof(text), "pipeline: numa=%s", numa);
	rig_describe(rig, "two",
		SECTIONS(text, "source gen: type=synth; lcores=1; numa=0",
			"stage mid: type=count; input=gen; lcores=2-3; workers=2",
			"stage end: type=count; input=mid; lcores=1"));
	machine_read(&machine);
	machine.lcores[1].socket = 0;
	machine.lcores[2].socket = machine.lcores[3].socket = 1;
	machine.socket_count = 2;
	machine.distance[0][1] = machine.distance[1][0] = 21;
	rig->plan = plan_make(rig->pipeline, NULL, &machine, &rig->error);
	rig_ok(rig, rig->plan == NULL);
	rig_create(rig, 1000);
}

static void
test_told(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_log_begin(&log);
	made_on_two(&rig, "prefer");
	assert_int_equal(rig_log_count(&log,
				 "'two': sockets 0 and 1, at distance 21, are crossed 4 times, "
				 "first by [link gen mid] from worker 0 on lcore 1, socket 0 to "
				 "worker 0 on lcore 2, socket 1\n"),
		1);
	assert_int_equal(rig_log_count(&log, "are crossed"), 1);
	rig_log_end(&log);
	rig_start(&rig);
	rig_wait(&rig, 1000);
	rig_stop(&rig);
	assert_int_equal(rig_sum(&rig, "end", released), 1000);
	rig_end(&rig);
}

/* Nobody asks where sockets are no matter. */
static void
test_off(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_log_begin(&log);
	made_on_two(&rig, "off");
	assert_int_equal(rig_log_count(&log, "are crossed"), 0);
	rig_log_end(&log);
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_off),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
