/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Calls in a wrong order, and NULL wherever a header does not allow it: refused as documented, never a crash. */
#include "rig.h"

#define LINE "source gen: type=synth; flows=10", "stage end: type=t_pass; input=gen"

static void
set_is_busy(struct rig *rig)
{
	memset(&rig->error, 0, sizeof(rig->error));
	assert_int_equal(weir_pipeline_set(rig->pipeline, "source gen", "flows", "20", &rig->error),
		-EBUSY);
	assert_int_equal(rig->error.code, EBUSY);
	assert_non_null(strstr(rig->error.text, "free its plans"));
	assert_int_equal(weir_pipeline_set_text(rig->pipeline, "gen.flows=20", NULL), -EBUSY);
	assert_int_equal(weir_pipeline_set(rig->pipeline, "stage more", "type", "t_pass", NULL),
		-EBUSY);
	/* What was checked for the plan is so still. */
	assert_int_equal(weir_pipeline_check(rig->pipeline, NULL), 0);
}

static void
test_set_planned(void **state)
{
	struct weir_plan *second;
	struct rig rig;

	(void)state;
	rig_describe(&rig, "planned", SECTIONS(LINE));
	rig_place(&rig, "1");
	set_is_busy(&rig);
	second = weir_plan_create(rig.pipeline, NULL, &rig.error);
	assert_non_null(second);
	weir_plan_free(rig.plan);
	set_is_busy(&rig);
	weir_plan_free(second);
	assert_int_equal(weir_pipeline_set_text(rig.pipeline, "gen.flows=20", &rig.error), 0);
	rig_place(&rig, "1");
	rig_create(&rig, 0);
	set_is_busy(&rig);
	rig_stop(&rig);
	set_is_busy(&rig);
	rig_end(&rig);
}

/* A plan that was refused has nothing. */
static void
test_set_unplanned(void **state)
{
	struct weir_plan_conf conf;
	struct rig rig;

	(void)state;
	weir_plan_conf_init(&conf);
	conf.lcores = "77";
	rig_describe(&rig, "unplanned", SECTIONS(LINE));
	assert_null(weir_plan_create(rig.pipeline, &conf, &rig.error));
	assert_int_equal(rte_errno, ENODEV);
	assert_int_equal(weir_pipeline_set_text(rig.pipeline, "gen.flows=20", &rig.error), 0);
	weir_pipeline_free(rig.pipeline);
}

/* Who frees first what others are made of: it goes with the last of them. */
static void
test_free_first(void **state)
{
	struct rig rig;
	char *text;

	(void)state;
	rig_describe(&rig, "first", SECTIONS(LINE));
	rig_place(&rig, "1");
	weir_pipeline_free(rig.pipeline);
	text = weir_plan_show(rig.plan, WEIR_PLAN_TEXT);
	assert_non_null(text);
	free(text);
	rig_create(&rig, 1000);
	weir_plan_free(rig.plan);
	assert_string_equal(weir_engine_name(rig.engine), "first");
	rig_start(&rig);
	rig_wait(&rig, 1000);
	assert_int_equal(weir_engine_set(rig.engine, "gen.rate=10", &rig.error), 0);
	rig_stop(&rig);
	rig.plan = (struct weir_plan *)(uintptr_t)rig.engine->plan;
	rig_is_balanced(&rig);
	text = weir_report(rig.engine);
	assert_non_null(text);
	free(text);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
}

/* The pipeline of an engine stays while there is a plan of it, whose engine has gone. */
static void
test_free_pipeline_alone(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "alone", "1", 100, SECTIONS(LINE));
	weir_pipeline_free(rig.pipeline);
	rig_wait(&rig, 100);
	rig_stop(&rig);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig_create(&rig, 100);
	rig_wait(&rig, 100);
	rig_stop(&rig);
	rig_is_balanced(&rig);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	weir_plan_free(rig.plan);
}

static void
test_second_engine(void **state)
{
	struct rig rig, other;

	(void)state;
	rig_make(&rig, "one", "1", 0, SECTIONS(LINE));
	rte_errno = 0;
	assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
	assert_int_equal(rte_errno, EEXIST);
	/* Another plan of that pipeline, and another pipeline of that name. */
	rig_describe(&other, "one", SECTIONS(LINE));
	rig_place(&other, "2");
	assert_null(weir_engine_create(other.plan, NULL, &other.error));
	assert_int_equal(other.error.code, EEXIST);
	assert_non_null(strstr(other.error.text, "another `name`"));
	rig_free(&other);
	other.pipeline = rig.pipeline;
	rig_place(&other, "2");
	assert_null(weir_engine_create(other.plan, NULL, NULL));
	weir_plan_free(other.plan);
	rig_stop(&rig);
	rig_end(&rig);
}

/* It is stopped first, whoever polls; and what an inject source's producer still has comes back. */
static void
test_destroy_running(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "runs", "1", 0, SECTIONS(LINE));
	rig_start(&rig);
	rig_wait_received(&rig, 1000);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig_create(&rig, 0);
	rig_wait_received(&rig, 1000);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig_free(&rig);
}

static void
test_after_stop(void **state)
{
	struct weir_inject *inject;
	struct rte_mbuf *mbuf;
	struct rte_mempool *pool;
	struct weir_event *event;
	struct rig rig;

	(void)state;
	pool = weir_pool_create("after", 63, 0, 0, 256, SOCKET_ID_ANY);
	assert_non_null(pool);
	mbuf = rte_pktmbuf_alloc(pool);
	event = weir_mbuf_event(mbuf);
	rig_make(&rig, "after", "1", 0,
		SECTIONS("source app: type=inject; producers=2",
			"stage end: type=t_pass; input=app"));
	inject = weir_inject_open(rig.engine, "app", &rig.error);
	rig_start(&rig);
	rig_stop(&rig);
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -EALREADY);
	assert_int_equal(weir_worker_poll(rig.engine, 1), -ESHUTDOWN);
	assert_int_equal(weir_engine_stop(rig.engine, 0), 0);
	weir_engine_stop_request(rig.engine);
	assert_int_equal(weir_engine_set(rig.engine, "app.idle=spin", &rig.error), -ESHUTDOWN);
	assert_int_equal(weir_engine_watch(rig.engine), 0);
	assert_true(weir_engine_idle(rig.engine) == 0.0);
	assert_int_equal(weir_engine_reopen(rig.engine), 0);
	assert_int_equal(weir_inject_packets(inject, &mbuf, 1), 0);
	assert_int_equal(rte_errno, ESHUTDOWN);
	assert_int_equal(weir_inject_events(inject, &event, 1), 0);
	assert_int_equal(rte_errno, ESHUTDOWN);
	/* The second producer may be opened still: it finds the same. */
	inject = weir_inject_open(rig.engine, "app", &rig.error);
	assert_non_null(inject);
	assert_int_equal(weir_inject_packets(inject, &mbuf, 1), 0);
	assert_int_equal(rte_errno, ESHUTDOWN);
	rte_pktmbuf_free(mbuf);
	rig_end(&rig);
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
}

/* An engine has drained, though nobody stopped it, and another one has its lcore: each stops for itself. */
static void
test_lcore_again(void **state)
{
	uint64_t deadline = rig_deadline();
	struct rig first, second;

	(void)state;
	rig_make(&first, "drained", "1", 0, SECTIONS(LINE));
	rig_make(&second, "next", "1", 0, SECTIONS(LINE));
	rig_start(&first);
	assert_int_equal(weir_engine_start(second.engine, &second.error), -EBUSY);
	weir_engine_stop_request(first.engine);
	while (weir_engine_start(second.engine, NULL) == -EBUSY)
		assert_true(rte_rdtsc() < deadline);
	assert_true(weir_engine_drained(first.engine));
	rig_wait_received(&second, 1000);
	rig_stop(&first);
	rig_end(&first);
	assert_false(weir_engine_drained(second.engine));
	rig_stop(&second);
	rig_end(&second);
}

static void
test_null_described(void **state)
{
	struct weir_pipeline *pipeline = weir_pipeline_create("null", NULL);
	struct weir_error error = { 0 };

	(void)state;
	assert_non_null(pipeline);
	assert_null(weir_pipeline_create(NULL, &error));
	assert_int_equal(error.code, EINVAL);
	assert_null(weir_pipeline_load(NULL, &error));
	assert_int_equal(rte_errno, EINVAL);
	assert_null(weir_pipeline_load(NULL, NULL));
	assert_int_equal(weir_pipeline_set(NULL, "pool", "size", "1k", &error), -EINVAL);
	assert_int_equal(weir_pipeline_set(pipeline, NULL, "size", "1k", &error), -EINVAL);
	assert_int_equal(weir_pipeline_set(pipeline, "pool", NULL, "1k", &error), -EINVAL);
	assert_int_equal(weir_pipeline_set(pipeline, "pool", "size", NULL, NULL), -EINVAL);
	assert_int_equal(weir_pipeline_set_text(NULL, "pool.size=1k", &error), -EINVAL);
	assert_int_equal(weir_pipeline_set_text(pipeline, NULL, &error), -EINVAL);
	assert_int_equal(weir_pipeline_check(NULL, &error), -EINVAL);
	assert_null(weir_pipeline_name(NULL));
	assert_null(weir_section_params(NULL));
	assert_null(weir_stage_find(NULL));
	assert_int_equal(weir_stage_register(NULL), -EINVAL);
	weir_plan_conf_init_sized(NULL, sizeof(struct weir_plan_conf));
	weir_preflight_conf_init_sized(NULL, sizeof(struct weir_preflight_conf));
	weir_engine_conf_init_sized(NULL, sizeof(struct weir_engine_conf));
	assert_null(weir_plan_create(NULL, NULL, &error));
	assert_int_equal(error.code, EINVAL);
	assert_null(weir_plan_show(NULL, WEIR_PLAN_TEXT));
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_preflight(pipeline, NULL, NULL, NULL, &error), -EINVAL);
	weir_plan_free(NULL);
	weir_pipeline_free(NULL);
	weir_pipeline_free(pipeline);
}

static void
test_null_engine(void **state)
{
	struct weir_error error = { 0 };

	(void)state;
	assert_null(weir_engine_create(NULL, NULL, &error));
	assert_int_equal(error.code, EINVAL);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_engine_start(NULL, &error), -EINVAL);
	assert_int_equal(weir_worker_poll(NULL, 0), -EINVAL);
	assert_false(weir_engine_polled(NULL, 0));
	assert_int_equal(weir_worker_run(NULL, 0), -EINVAL);
	assert_int_equal(weir_engine_set(NULL, "a.b=c", &error), -EINVAL);
	weir_engine_stop_request(NULL);
	assert_int_equal(weir_engine_stop(NULL, 0), -EINVAL);
	assert_int_equal(weir_engine_watch(NULL), 0);
	assert_true(weir_engine_idle(NULL) == 0.0);
	assert_false(weir_engine_drained(NULL));
	assert_false(weir_engine_exhausted(NULL));
	assert_int_equal(weir_engine_failure(NULL, 0, &error), -EINVAL);
	assert_int_equal(weir_engine_reopen(NULL), 0);
	assert_null(weir_engine_name(NULL));
	assert_null(weir_engine_hash_key(NULL));
	assert_true(weir_engine_elapsed(NULL) == 0.0);
	assert_int_equal(weir_engine_destroy(NULL), 0);
	assert_null(weir_inject_open(NULL, "app", &error));
	assert_int_equal(rte_errno, EINVAL);
	rte_errno = 0;
	assert_int_equal(weir_inject_packets(NULL, NULL, 0), 0);
	assert_int_equal(rte_errno, EINVAL);
	rte_errno = 0;
	assert_int_equal(weir_inject_events(NULL, NULL, 0), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_null(weir_report(NULL));
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_ledger_flow_seed(NULL), 0);
}

/* With an engine, all else NULL. */
static void
test_null_beside(void **state)
{
	struct weir_inject *inject;
	const char *reason;
	uint64_t count;
	struct rig rig;

	(void)state;
	rig_make(&rig, "beside", "1", 0,
		SECTIONS("source app: type=inject", "stage end: type=t_pass; input=app"));
	assert_null(weir_inject_open(rig.engine, NULL, &rig.error));
	assert_int_equal(rte_errno, EINVAL);
	inject = weir_inject_open(rig.engine, "app", NULL);
	assert_int_equal(weir_inject_packets(inject, NULL, 1), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_inject_events(inject, NULL, 1), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_engine_set(rig.engine, NULL, &rig.error), -EINVAL);
	assert_int_equal(weir_engine_failure(rig.engine, 0, NULL), -ENOENT);
	assert_int_equal(weir_ledger_drop(rig.engine, 0, NULL, &count), -EINVAL);
	assert_int_equal(weir_ledger_drop(rig.engine, 0, &reason, NULL), -EINVAL);
	assert_int_equal(weir_ledger_link_drop(rig.engine, 0, 0, NULL, &count), -EINVAL);
	assert_int_equal(weir_ledger_link_drop(rig.engine, 0, 0, &reason, NULL), -EINVAL);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_null_figures(void **state)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	const char *reason;
	uint64_t count;
	struct weir_value value;
	struct rig rig;

	(void)state;
	rig_make(&rig, "figures", "1", 0, SECTIONS(LINE));
	for (unsigned int noun = 0; noun <= WEIR_NOUN_MAX; noun++) {
		int none = noun < WEIR_NOUN_MAX ? -EINVAL : -ENOENT;
		int rc = weir_figures_read(rig.engine, noun, 0, NULL);

		assert_int_equal(weir_figures_read(NULL, noun, 0, &ledger), none);
		assert_true(rc == -EINVAL || rc == -ENOENT || rc == -ENODATA);
		assert_int_equal(weir_figures_add(noun, NULL, &ledger), none);
		assert_int_equal(weir_figures_add(noun, &ledger, NULL), none);
	}
	assert_int_equal(weir_ledger_drop(NULL, 0, &reason, &count), -EINVAL);
	assert_int_equal(weir_ledger_link_drop(NULL, 0, 0, &reason, &count), -EINVAL);
	assert_int_equal(weir_figure_value(NULL, &ledger, &value), -EINVAL);
	assert_int_equal(weir_figure_value(weir_figure(WEIR_NOUN_LEDGER, 0), NULL, &value),
		-EINVAL);
	assert_int_equal(weir_figure_value(weir_figure(WEIR_NOUN_LEDGER, 0), &ledger, NULL),
		-EINVAL);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_null_parts(void **state)
{
	struct weir_flow_stats stats = WEIR_FLOW_STATS_INIT;
	struct weir_vxlan_ports ports;
	uint16_t list[] = { 4789 };
	struct weir_error error = { 0 };

	(void)state;
	assert_int_equal(weir_flow_memory(NULL), 0);
	assert_null(weir_flow_table_create(NULL, &error));
	assert_int_equal(error.code, EINVAL);
	weir_flow_table_free(NULL);
	assert_int_equal(weir_flow_stats(NULL, &stats), -EINVAL);
	weir_hash_key_init(NULL, 1);
	assert_int_equal(weir_vxlan_ports_init(NULL, list, 1), -EINVAL);
	assert_int_equal(weir_vxlan_ports_init(&ports, NULL, 1), -EINVAL);
	assert_int_equal(weir_pool_index(NULL), 0);
	assert_null(weir_pool_create(NULL, 63, 0, 0, 0, SOCKET_ID_ANY));
	assert_int_equal(rte_errno, EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null_described),
		cmocka_unit_test(test_null_engine),
		cmocka_unit_test(test_null_beside),
		cmocka_unit_test(test_null_figures),
		cmocka_unit_test(test_null_parts),
		cmocka_unit_test(test_set_planned),
		cmocka_unit_test(test_set_unplanned),
		cmocka_unit_test(test_free_first),
		cmocka_unit_test(test_free_pipeline_alone),
		cmocka_unit_test(test_second_engine),
		cmocka_unit_test(test_destroy_running),
		cmocka_unit_test(test_after_stop),
		cmocka_unit_test(test_lcore_again),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
