/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the builder makes of nodes and links together: their order, feedback, outputs, needs. */
#include "testing.h"

#include "loaded.h"

static unsigned int
place_of(const struct weir_pipeline *pipeline, const char *name)
{
	unsigned int i = 0;

	while (strcmp(pipeline->nodes[pipeline->order[i]].name, name) != 0)
		i++;
	return i;
}

static void
test_feedback(void **state)
{
	struct weir_pipeline *pipeline = load_checked(
		"[stage c]\ntype = t_pass\ninput = b\n"
		"[stage b]\ntype = t_pass\ninput = a, b\n"
		"[stage a]\ntype = t_pass\ninput = c, s\n"
		"[source s]\ntype = synth\n"
		"[link s a]\non_full = drop-newest\n[link a b]\non_full = drop-newest\n"
		"[link b b]\non_full = drop-newest\n[link c a]\non_full = drop-newest\n");

	(void)state;
	assert_true(link_feedback(link_of(pipeline, "c", "a")));
	assert_true(link_feedback(link_of(pipeline, "b", "b")));
	assert_false(link_feedback(link_of(pipeline, "s", "a")));
	assert_false(link_feedback(link_of(pipeline, "a", "b")));
	assert_false(link_feedback(link_of(pipeline, "b", "c")));
	assert_int_equal(place_of(pipeline, "s"), 0);
	assert_int_equal(place_of(pipeline, "a"), 1);
	assert_int_equal(place_of(pipeline, "b"), 2);
	assert_int_equal(place_of(pipeline, "c"), 3);
	weir_pipeline_free(pipeline);
}

/* The lossy link of a cycle is the feedback, also where a block link leads back. */
static void
test_feedback_is_lossy(void **state)
{
	struct weir_pipeline *pipeline = load_checked(
		"[source s]\ntype = synth\n"
		"[stage a]\ntype = t_pass\ninput = s, b\n"
		"[stage b]\ntype = t_pass\ninput = a\n[link a b]\non_full = drop-newest\n"
		"[stage c]\ntype = t_sink\ninput = b\n");

	(void)state;
	assert_true(link_feedback(link_of(pipeline, "a", "b")));
	assert_false(link_feedback(link_of(pipeline, "b", "a")));
	assert_true(place_of(pipeline, "b") < place_of(pipeline, "a"));
	assert_true(place_of(pipeline, "b") < place_of(pipeline, "c"));
	weir_pipeline_free(pipeline);
}

static void
test_outputs(void **state)
{
	struct weir_pipeline *pipeline =
		load_checked("[source s]\ntype = synth\n[stage f]\ntype = t_fork\ninput = s\n"
			     "[stage a]\ntype = t_write\ninput = f.match\n"
			     "[stage b]\ntype = t_write\ninput = f.other, a.out\n"
			     "[link f.other b]\nring = 128\n[link a b]\nring = 256\n");

	(void)state;
	assert_int_equal(pipeline->link_count, 4);
	assert_int_equal(link_of(pipeline, "f.match", "a")->output, 0);
	assert_int_equal(link_of(pipeline, "f.other", "b")->output, 1);
	assert_int_equal(link_of(pipeline, "f.other", "b")->conf.ring, 128);
	assert_int_equal(link_of(pipeline, "a", "b")->conf.ring, 256);
	weir_pipeline_free(pipeline);
}

/* What workers need: as the type says, or as it makes of the parameters. */
static void
test_needs(void **state)
{
	struct weir_pipeline *pipeline =
		load_checked("[source s]\ntype = synth\n[stage p]\ntype = t_pass\ninput = s\n"
			     "[stage h]\ntype = t_held\ninput = s\n"
			     "[stage n]\ntype = t_needs\ninput = s\n"
			     "[stage x]\ntype = t_sink\ninput = h, n\n"
			     "[link h x]\nring = 1100\n");
	const struct weir_stage_needs *needs;

	(void)state;
	needs = &node_of(pipeline, "p")->needs;
	assert_int_equal(needs->size, sizeof(*needs));
	assert_int_equal(needs->held, 0);
	assert_int_equal(needs->let_go, 0);
	assert_int_equal(needs->fanout, 1);
	assert_int_equal(needs->state, 0);
	assert_int_equal(needs->memory, 0);
	assert_int_equal(needs->tick_interval, 0);
	needs = &node_of(pipeline, "h")->needs;
	assert_int_equal(needs->held, 99);
	assert_int_equal(needs->let_go, 99);
	assert_int_equal(needs->fanout, 11);
	needs = &node_of(pipeline, "n")->needs;
	assert_int_equal(needs->held, 7);
	assert_int_equal(needs->let_go, 7);
	assert_int_equal(needs->fanout, 1);
	assert_int_equal(needs->state, 300);
	assert_int_equal(needs->tick_interval, 14880000);

	set(pipeline, "n", "t.uint", "200");
	set(pipeline, "n", "t.word", "blue");
	set(pipeline, "n", "t.rate", "0");
	assert_int_equal(weir_pipeline_check(pipeline, &error), 0);
	needs = &node_of(pipeline, "n")->needs;
	assert_int_equal(needs->held, 200);
	assert_int_equal(needs->let_go, 200);
	assert_int_equal(needs->fanout, 3);
	assert_int_equal(needs->tick_interval, 0);
	weir_pipeline_free(pipeline);
}

static void
test_lcores(void **state)
{
	static const char *const bad[] = { "", " ", "a", "1,", ",1", "1-", "-1", "2-1", "1--2",
		"1 2", "99999999999999999999", "1;2" };
	struct lcore_set cores;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		assert_int_equal(lcore_set_parse(bad[i], &cores), -EINVAL);
		for (unsigned int lcore = 0; lcore < RTE_MAX_LCORE; lcore++)
			assert_false(lcore_set_has(&cores, lcore));
	}
	assert_int_equal(lcore_set_parse("0, 3-5 ,127", &cores), 0);
	for (unsigned int lcore = 0; lcore < RTE_MAX_LCORE; lcore++)
		assert_int_equal(lcore_set_has(&cores, lcore),
			lcore == 0 || (lcore >= 3 && lcore <= 5) || lcore == 127);
}

/* Arrays grow: a chain of a thousand stages, read from a file in the wrong order. */
static void
test_long_chain(void **state)
{
	struct weir_pipeline *pipeline = weir_pipeline_create("p", &error);
	char section[48], input[32];

	(void)state;
	for (unsigned int i = 1000; i > 0; i--) {
		snprintf(section, sizeof(section), "stage n%u", i);
		snprintf(input, sizeof(input), "n%u", i - 1);
		set(pipeline, section, "type", "t_pass");
		set(pipeline, section, "input", input);
	}
	set(pipeline, "source n0", "type", "synth");
	assert_int_equal(weir_pipeline_check(pipeline, &error), 0);
	for (unsigned int i = 0; i <= 1000; i++) {
		snprintf(input, sizeof(input), "n%u", i);
		assert_string_equal(pipeline->nodes[pipeline->order[i]].name, input);
	}
	weir_pipeline_free(pipeline);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feedback),
		cmocka_unit_test(test_feedback_is_lossy),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_lcores),
		cmocka_unit_test(test_long_chain),
	};

	types_register();
	return cmocka_run_group_tests_name("pipeline graph", tests, NULL, NULL);
}
