/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What is called before rte_eal_init(): it works where EAL is not needed, or says that it is missing. */
#include "testing.h"

#include <string.h>

#include <weir/weir.h>

static void
found_nothing(const struct weir_finding *finding, void *arg)
{
	(void)arg;
	fail_msg("%s", finding->text);
}

static struct weir_pipeline *
described(void)
{
	struct weir_error error;
	struct weir_pipeline *pipeline = weir_pipeline_create("early", &error);

	assert_non_null(pipeline);
	assert_int_equal(weir_pipeline_set_text(pipeline, "gen.type=synth", NULL), -EINVAL);
	assert_int_equal(weir_pipeline_set(pipeline, "source gen", "type", "synth", &error), 0);
	assert_int_equal(weir_pipeline_set(pipeline, "stage end", "type", "count", &error), 0);
	assert_int_equal(weir_pipeline_set(pipeline, "stage end", "input", "gen", &error), 0);
	return pipeline;
}

static void
says_eal(const struct weir_error *error, const char *who)
{
	assert_int_equal(error->code, EINVAL);
	assert_non_null(strstr(error->text, "rte_eal_init"));
	assert_non_null(strstr(error->text, who));
}

static void
test_refused(void **state)
{
	struct weir_flow_conf flows = WEIR_FLOW_CONF_INIT;
	struct weir_pipeline *pipeline = described();
	struct weir_error error;

	(void)state;
	rte_errno = 0;
	assert_null(weir_plan_create(pipeline, NULL, &error));
	assert_int_equal(rte_errno, EINVAL);
	says_eal(&error, "weir_plan_create()");
	assert_null(weir_plan_create(pipeline, NULL, NULL));
	assert_int_equal(weir_preflight(pipeline, NULL, found_nothing, NULL, &error), -EINVAL);
	says_eal(&error, "weir_preflight()");
	flows.capacity = 10;
	assert_null(weir_flow_table_create(&flows, &error));
	says_eal(&error, "weir_flow_table_create()");
	assert_null(weir_pool_create("early", 63, 0, 0, 0, SOCKET_ID_ANY));
	assert_int_equal(rte_errno, E_RTE_NO_CONFIG);
	/* No plan was made: it can still be changed. */
	assert_int_equal(weir_pipeline_set_text(pipeline, "gen.flows=10", &error), 0);
	weir_pipeline_free(pipeline);
}

static void
test_works(void **state)
{
	struct weir_pipeline *pipeline = described();
	struct weir_flow_conf flows = WEIR_FLOW_CONF_INIT;
	struct weir_hash_key key;

	(void)state;
	assert_int_equal(weir_pipeline_check(pipeline, NULL), 0);
	assert_string_equal(weir_pipeline_name(pipeline), "early");
	flows.capacity = 10;
	assert_true(weir_flow_memory(&flows) > 0);
	weir_hash_key_init(&key, 1);
	assert_non_null(weir_stage_find("count"));
	assert_non_null(weir_section_params("pool"));
	assert_non_null(weir_figure(WEIR_NOUN_LEDGER, 0));
	assert_int_equal(weir_engine_destroy(NULL), 0);
	weir_plan_free(NULL);
	weir_flow_table_free(NULL);
	weir_pipeline_free(pipeline);
}

/* The same pipeline, once EAL is there. */
static void
test_after(void **state)
{
	struct weir_pipeline *pipeline = described();
	struct weir_plan *plan;

	(void)state;
	assert_null(weir_plan_create(pipeline, NULL, NULL));
	testing_eal_init(NULL);
	plan = weir_plan_create(pipeline, NULL, NULL);
	assert_non_null(plan);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_works),
		cmocka_unit_test(test_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
