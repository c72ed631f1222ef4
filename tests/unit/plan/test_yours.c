/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lcores that the application polls or runs: which numbers they may have, and where workers go then. */
#include <pthread.h>
#include <sched.h>

#include <rte_service.h>

#include "imagine.h"

static struct machine machine;

#define TAP \
	"[source wan]\ntype = synth\n" \
	"[stage busy]\ntype = pass\ninput = wan\nworkers = 2\n" \
	"[stage out]\ntype = pass\ninput = busy\n"

static struct weir_plan *
plan_with(const struct weir_pipeline *pipeline, const struct machine *on,
	struct weir_plan_conf conf, struct weir_error *error)
{
	struct weir_plan_conf filled;

	weir_plan_conf_init(&filled);
	conf.size = filled.size;
	return on != NULL ? plan_make(pipeline, &conf, on, error) :
			    weir_plan_create(pipeline, &conf, error);
}

static void
refused(const char *text, const struct machine *on, struct weir_plan_conf conf, int code,
	const char *expected)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_error error = { 0 };

	rte_errno = 0;
	assert_null(plan_with(pipeline, on, conf, &error));
	assert_int_equal(rte_errno, code);
	if (strstr(error.text, expected) == NULL)
		fail_msg("'%s' is not in: %s", expected, error.text);
	assert_null(plan_with(pipeline, on, conf, NULL));
	weir_pipeline_free(pipeline);
}

/* The lcores of the workers, each with how it is run: "1l 100r". */
static void
assert_placed(const char *text, const struct machine *on, struct weir_plan_conf conf,
	const char *expected)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_error error = { 0 };
	struct weir_plan *plan = plan_with(pipeline, on, conf, &error);
	char found[256] = "";
	size_t used = 0;

	if (plan == NULL)
		fail_msg("%s", error.text);
	for (unsigned int i = 0; i < plan->worker_count; i++) {
		unsigned int lcore = plan->workers[i].lcore;

		used += (size_t)snprintf(found + used, sizeof(found) - used, "%s%u%c",
			i > 0 ? " " : "", lcore, plan_runs_names[plan_lcore(plan, lcore)->runs][0]);
	}
	assert_string_equal(found, expected);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

#define CONF(...) ((struct weir_plan_conf){ __VA_ARGS__ })

static void
test_defaults(void **state)
{
	struct weir_plan_conf conf;

	(void)state;
	memset(&conf, 0xff, sizeof(conf));
	weir_plan_conf_init(&conf);
	assert_null(conf.lcores);
	assert_null(conf.polled);
	assert_null(conf.run);
}

static void
test_lists_refused(void **state)
{
	(void)state;
	imagine(&machine, 1, 4);
	refused(TAP, &machine, CONF(.polled = ""), EINVAL, "polled = : expected lcores below");
	refused(TAP, &machine, CONF(.run = "3,"), EINVAL, "run = 3,: expected lcores below");
	refused(TAP, &machine, CONF(.run = "two"), EINVAL, "run = two: expected");
	refused(TAP, &machine, CONF(.polled = RTE_STR(RTE_MAX_LCORE)), EINVAL,
		"polled = " RTE_STR(RTE_MAX_LCORE) ": expected lcores below");
	refused(TAP, &machine, CONF(.polled = "1-3", .run = "100,3"), EINVAL,
		"lcore 3 is in `polled` and in `run`");
	refused(TAP, &machine, CONF(.lcores = "1,101", .run = "100"), ENODEV,
		"EAL has no lcore 101 (it has 0-3)");
}

/* What is said of a number that is somebody's is true. */
static void
test_whose(void **state)
{
	(void)state;
	imagine(&machine, 1, 4);
	machine.lcores[2].present = false;
	machine.lcores[2].role = ROLE_SERVICE;
	machine.lcores[4].role = ROLE_NON_EAL;
	refused(TAP "lcores = 1-2\n", &machine, CONF(.lcores = NULL), ENODEV,
		"[stage out] lcores = 1-2: lcore 2 is a service core of EAL: weir launches nothing "
		"there (EAL has 0-1,3 for that); the application may run it: `polled` or `run`");
	refused(TAP, &machine, CONF(.lcores = "4"), ENODEV,
		"lcores = 4: lcore 4 is a thread of the application, which rte_thread_register()");
	assert_placed(TAP, &machine, CONF(.lcores = "2,4", .polled = "2", .run = "4"),
		"2p 4r 2p 4r");
}

static void
test_placed(void **state)
{
	(void)state;
	imagine(&machine, 1, 4);
	assert_placed(TAP, &machine, CONF(.lcores = NULL), "1l 2l 3l 2l");
	assert_placed(TAP, &machine, CONF(.polled = "2"), "1l 2p 3l 2p");
	assert_placed(TAP, &machine, CONF(.polled = "0", .run = "100"), "0p 1l 2l 3l");
	assert_placed(TAP, &machine, CONF(.lcores = "1,100-101", .polled = "0", .run = "100-101"),
		"1l 100r 101r 100r");
	assert_placed(TAP, &machine, CONF(.lcores = "0-1", .run = "0"), "0r 1l 0r 1l");
	assert_placed(TAP, &machine, CONF(.lcores = "0-1"), "0p 1l 0p 1l");
	/* Named by a node alone. */
	assert_placed(TAP "lcores = 127\n", &machine, CONF(.lcores = "1", .polled = "127"),
		"1l 1l 1l 127p");
	/* Only the main one, and others of the application's. */
	imagine(&machine, 1, 1);
	assert_placed(TAP, &machine, CONF(.run = "7"), "7r 7r 7r 7r");
}

/* The plan tells, in every form. */
static void
test_shown(void **state)
{
	static const char *const texts[] = { "100  run ", "lcore 100, run", "\"how\": \"run\"" };
	struct weir_pipeline *pipeline = pipeline_of(TAP);
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 1, 4);
	plan = plan_with(pipeline, &machine, CONF(.run = "100"), NULL);
	assert_non_null(plan);
	for (unsigned int i = 0; i < RTE_DIM(texts); i++) {
		char *text = weir_plan_show(plan, (enum weir_plan_format)i);

		assert_non_null(text);
		if (strstr(text, texts[i]) == NULL)
			fail_msg("'%s' is not in: %s", texts[i], text);
		free(text);
	}
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* A thread that EAL knows, for as long as it is asked to stay. */
struct guest {
	pthread_barrier_t there, go;
	unsigned int lcore;
};

static void *
guest(void *arg)
{
	struct guest *g = arg;

	g->lcore = rte_thread_register() == 0 ? rte_lcore_id() : LCORE_ID_ANY;
	pthread_barrier_wait(&g->there);
	pthread_barrier_wait(&g->go);
	rte_thread_unregister();
	return NULL;
}

static void
test_registered(void **state)
{
	struct guest g = { .lcore = LCORE_ID_ANY };
	char list[16], expected[128];
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&g.there, NULL, 2);
	pthread_barrier_init(&g.go, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, guest, &g), 0);
	pthread_barrier_wait(&g.there);
	assert_true(g.lcore < RTE_MAX_LCORE);
	snprintf(list, sizeof(list), "%u", g.lcore);
	snprintf(expected, sizeof(expected), "lcore %u is a thread of the application", g.lcore);
	refused(TAP, NULL, CONF(.lcores = list), ENODEV, expected);
	snprintf(expected, sizeof(expected), "%ur %ur %ur %ur", g.lcore, g.lcore, g.lcore, g.lcore);
	assert_placed(TAP, NULL, CONF(.lcores = list, .run = list), expected);
	pthread_barrier_wait(&g.go);
	pthread_join(thread, NULL);
	/* It has gone, and the number is nobody's. */
	snprintf(expected, sizeof(expected), "EAL has no lcore %u", g.lcore);
	refused(TAP, NULL, CONF(.lcores = list), ENODEV, expected);
	pthread_barrier_destroy(&g.there);
	pthread_barrier_destroy(&g.go);
}

static void
test_service(void **state)
{
	(void)state;
	assert_int_equal(rte_service_lcore_add(1), 0);
	refused(TAP, NULL, CONF(.lcores = "1"), ENODEV, "lcore 1 is a service core of EAL");
	assert_placed(TAP, NULL, CONF(.lcores = "1", .polled = "1"), "1p 1p 1p 1p");
	/* It is none that weir chooses. */
	assert_placed(TAP, NULL, CONF(.lcores = NULL), "0p 0p 0p 0p");
	assert_int_equal(rte_service_lcore_del(1), 0);
	assert_placed(TAP, NULL, CONF(.lcores = "1"), "1l 1l 1l 1l");
}

/* Of a thread that is yet to come nothing is known but the CPUs that the process may use. */
static void
test_virtual(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(TAP);
	struct weir_error error = { 0 };
	struct weir_plan *plan;

	(void)state;
	plan = plan_with(pipeline, NULL, CONF(.lcores = "100", .run = "100"), &error);
	if (plan == NULL)
		fail_msg("%s", error.text);
	assert_true(CPU_COUNT(&plan->machine->lcores[100].cpus) >= 1);
	assert_int_equal(plan->workers[0].socket, plan->machine->lcores[0].socket);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_lists_refused),
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_placed),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_registered),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_virtual),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
