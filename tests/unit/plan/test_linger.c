/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Where the plan says that a link may gain by `linger`. */

#include "imagine.h"

static struct machine machine;

/* Where a burst is spread over more rings than it has events, and nothing is gathered. */
static void
test_linger(void **state)
{
	static const struct {
		const char *more;
		const char *note;
	} cases[] = {
		{ "",
			"[link wan busy] each producer spreads bursts of 32 over 40 workers, less than "
			"an event for each: linger = 10 gathers a cache line of events for each, "
			"which wait up to 10 passes" },
		{ "[link wan busy]\nlinger = 4\n", NULL },
		{ "[link wan busy]\nspread = round-robin\n", "[link busy end] each producer" },
		{ "[link wan busy]\nspread = round-robin\n[link busy end]\nspread = round-robin\n",
			NULL },
		{ "[pipeline]\nburst = 40\n", NULL },
		{ "[pipeline]\nburst = 1\n", "linger = 255 gathers" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct weir_pipeline *pipeline;
		struct weir_plan *wide;
		char text[512];

		snprintf(text, sizeof(text),
			"[source wan]\ntype = synth\nqueues = 2\n"
			"[stage busy]\ntype = count\ninput = wan\nworkers = 40\n"
			"[stage end]\ntype = count\ninput = busy\nworkers = 40\n%s",
			cases[i].more);
		pipeline = pipeline_of(text);
		imagine(&machine, 1, 90);
		wide = plan_on(pipeline, &machine, NULL);
		assert_int_equal(wide->note_count, cases[i].note != NULL);
		assert_true(cases[i].note == NULL || has_note(wide, cases[i].note));
		weir_plan_free(wide);
		imagine(&machine, 1, 1);
		wide = plan_on(pipeline, &machine, NULL);
		assert_false(has_note(wide, "linger"));
		weir_plan_free(wide);
		weir_pipeline_free(pipeline);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linger),
	};

	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
