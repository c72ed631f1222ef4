/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Which lcore each worker goes to, on machines that nobody has; no EAL is needed. */

#include "imagine.h"

static struct machine machine;

/* One source, two workers, one sink. */
#define TAP \
	"[source wan]\ntype = synth\n" \
	"[stage busy]\ntype = pass\ninput = wan\nworkers = 2\n" \
	"[stage out]\ntype = pass\ninput = busy\n"

#define TAP_PORT \
	"[source wan]\ndevice = eth0\n" \
	"[stage busy]\ntype = pass\ninput = wan\nworkers = 2\n" \
	"[stage out]\ntype = pass\ninput = busy\n"

/* The lcores of the workers, in their order, as "1 2 3". */
static const char *
lcores_of(const struct weir_plan *plan)
{
	static char text[256];
	unsigned int i;
	int used = 0;

	for (i = 0; i < plan->worker_count; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%u", i > 0 ? " " : "",
			plan->workers[i].lcore);
	return text;
}

static void
assert_placed(const char *text, const char *lcores, const char *expected)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_plan *plan = plan_on(pipeline, &machine, lcores);

	assert_string_equal(lcores_of(plan), expected);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static void
test_nothing(void **state)
{
	struct weir_error error;

	(void)state;
	weir_plan_free(NULL);
	assert_null(weir_plan_create(NULL, NULL, &error));
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(error.code, EINVAL);
	assert_null(weir_plan_show(NULL, WEIR_PLAN_TEXT));
	assert_int_equal(rte_errno, EINVAL);
}

static void
test_lcores_refused(void **state)
{
	(void)state;
	imagine(&machine, 1, 4);
	refused_on(TAP "lcores = 2-5\n", &machine, NULL, ENODEV,
		"[stage out] lcores = 2-5: EAL has no lcore 4 (it has 0-3)");
	refused_on(TAP, &machine, "1,9", ENODEV, "lcores = 1,9: EAL has no lcore 9 (it has 0-3)");
	refused_on(TAP, &machine, "1,9", ENODEV, "-l or --lcores");
	refused_on(TAP, &machine, "many", EINVAL, "expected lcores below");
	refused_on(TAP, &machine, "", EINVAL, "lcores = ");
	machine.lcores[1].present = false;
	refused_on(TAP, &machine, "1", ENODEV, "(it has 0,2-3)");
}

static void
test_one_socket(void **state)
{
	(void)state;
	imagine(&machine, 1, 5);
	assert_placed(TAP, NULL, "1 2 3 4");
	assert_placed(TAP, "0-3", "0 1 2 3");
	assert_placed(TAP, "3", "3 3 3 3");
	imagine(&machine, 1, 8);
	assert_placed(TAP, "7,5,6", "5 6 7 6");
	assert_placed(TAP, NULL, "1 2 3 4");
	imagine(&machine, 1, 1);
	assert_placed(TAP, NULL, "0 0 0 0");
	imagine(&machine, 1, 2);
	assert_placed(TAP, NULL, "1 1 1 1");
}

/* Fewer lcores than workers: what is left goes to what feeds it, so that the link is a call. */
static void
test_shared(void **state)
{
	(void)state;
	imagine(&machine, 1, 3);
	assert_placed(TAP, NULL, "1 2 1 2");
	/* a chain of three: the last joins the second, not the first */
	assert_placed("[source a]\ntype = synth\n"
		      "[stage b]\ntype = pass\ninput = a\n"
		      "[stage c]\ntype = pass\ninput = b\n",
		NULL, "1 2 2");
}

static void
test_named(void **state)
{
	(void)state;
	imagine(&machine, 1, 6);
	assert_placed(TAP "lcores = 0\n", NULL, "1 2 3 0");
	assert_placed(TAP "lcores = 1\n", NULL, "2 3 4 1");
	assert_placed("[source wan]\ntype = synth\nqueues = 5\nlcores = 2,4-5\n"
		      "[stage out]\ntype = pass\ninput = wan\n",
		NULL, "2 4 5 2 4 1");
	/* an lcore beyond those that the plan chooses from */
	assert_placed(TAP "lcores = 5\n", "1", "1 1 1 5");
}

static void
test_two_sockets(void **state)
{
	(void)state;
	imagine(&machine, 2, 4);
	imagine_port(&machine, "eth0", 1, 8);
	assert_placed(TAP_PORT, NULL, "4 5 6 7");
	machine.ports[0].socket = 0;
	assert_placed(TAP_PORT, NULL, "1 2 3 4");
	/* no socket: all of it where most lcores are free, and together */
	machine.ports[0].socket = -1;
	assert_placed(TAP_PORT, NULL, "4 5 6 7");
	assert_placed(TAP, NULL, "4 5 6 7");
	/* sockets are no matter */
	machine.ports[0].socket = 1;
	assert_placed("[pipeline]\nnuma = off\n" TAP_PORT, NULL, "1 2 3 4");
	assert_placed(TAP_PORT "numa = 0\n", NULL, "4 5 6 1");
	assert_placed("[pipeline]\nnuma = off\n" TAP_PORT "numa = 1\n", NULL, "1 2 3 4");
}

/* How many workers each lcore has, and how many lcores have any; and how many sockets. */
static unsigned int
loads_of(const struct weir_plan *plan, unsigned int load[RTE_MAX_LCORE], unsigned int *sockets)
{
	bool seen[MACHINE_SOCKETS] = { false };
	unsigned int i, lcores = 0;

	memset(load, 0, RTE_MAX_LCORE * sizeof(*load));
	*sockets = 0;
	for (i = 0; i < plan->worker_count; i++) {
		lcores += load[plan->workers[i].lcore]++ == 0;
		*sockets += !seen[plan->workers[i].socket];
		seen[plan->workers[i].socket] = true;
	}
	return lcores;
}

/* As many workers as lcores: each has one, on whatever socket. */
static void
test_fills(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[source wan]\ndevice = eth0\nqueues = 15\n"
			    "[stage busy]\ntype = pass\ninput = wan\nworkers = 16\n");
	unsigned int load[RTE_MAX_LCORE], sockets, i;
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 2, 16);
	imagine_port(&machine, "eth0", 0, 16);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(loads_of(plan, load, &sockets), 31);
	assert_int_equal(sockets, 2);
	for (i = 0; i < 15; i++)
		assert_int_equal(plan->workers[i].socket, 0);
	assert_true(has_note(plan,
		"sockets 0 and 1, at distance 20, are crossed 240 times, "
		"first by [link wan busy]"));
	assert_int_equal(plan->crossing_count, 1);
	assert_non_null(strstr(plan->notes[plan->crossing_first], "are crossed"));
	weir_plan_free(plan);

	/* more queues than the port's socket has lcores */
	machine.ports[0].socket = 1;
	machine.lcores[31].present = machine.lcores[30].present = false;
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(loads_of(plan, load, &sockets), 29);
	assert_int_equal(plan->workers[13].lcore, 29);
	assert_int_equal(plan->workers[14].lcore, 1);
	assert_true(has_note(plan, "first by port eth0 on socket 1 to [source wan] on lcore 1"));
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* The nearest lcores first, and those of a socket in their order. */
static void
test_nearest(void **state)
{
	(void)state;
	imagine(&machine, 3, 2);
	machine.distance[0][1] = 30;
	imagine_port(&machine, "eth0", 0, 8);
	assert_placed(TAP_PORT, NULL, "1 4 5 2");
	/* all have one: the nearest again, and there what feeds it */
	assert_placed(TAP_PORT, "1,4", "1 4 1 4");
	/* nothing may cross */
	assert_placed("[pipeline]\nnuma = strict\n" TAP_PORT, NULL, "1 1 1 1");
	assert_placed(TAP_PORT "numa = 2\n", NULL, "1 4 5 4");
}

/* Of stages whose workers meet one by one each goes beside the one that feeds it. */
#define CHAIN(workers) \
	"[source wan]\ndevice = eth0\n" \
	"[stage a]\ntype = count\ninput = wan\nworkers = " workers "\n" \
	"[stage b]\ntype = count\ninput = a\nworkers = " workers "\n"

static void
test_beside(void **state)
{
	(void)state;
	imagine(&machine, 2, 4);
	imagine_port(&machine, "eth0", 0, 8);
	/* shared: on its lcore */
	assert_placed(CHAIN("6"), NULL, "1 2 3 4 5 6 7 2 3 4 5 6 7");
	/* lcores enough: on its socket, where one is left there; then anywhere else */
	imagine(&machine, 2, 8);
	imagine_port(&machine, "eth0", 0, 8);
	assert_placed(CHAIN("10"), NULL, "1 2 3 4 5 6 7 8 9 10 11 2 3 4 5 6 7 12 13 14 15");
	imagine(&machine, 2, 5);
	imagine_port(&machine, "eth0", 0, 8);
	assert_placed(CHAIN("4") "numa = 1\n", NULL, "1 2 3 4 5 6 7 8 9");
	/* more consumers than producers: a worker's consumers in turn */
	imagine(&machine, 1, 4);
	imagine_port(&machine, "eth0", 0, 8);
	assert_placed("[source wan]\ntype = synth\n"
		      "[stage a]\ntype = count\ninput = wan\nworkers = 2\n"
		      "[stage b]\ntype = count\ninput = a\nworkers = 4\n",
		NULL, "1 2 3 2 3 1 3");
}

/* A source without a socket follows the port that its events leave by. */
static void
test_follows_tx(void **state)
{
	(void)state;
	imagine(&machine, 2, 4);
	imagine_port(&machine, "eth0", 0, 8);
	assert_placed("[pipeline]\nnuma = strict\n"
		      "[source gen]\ntype = synth\n"
		      "[stage out]\ntype = tx\ninput = gen\ndevice = eth0\n",
		NULL, "1 2");
}

/* Two pipelines in one file go to two sockets. */
static void
test_groups(void **state)
{
	(void)state;
	imagine(&machine, 2, 4);
	assert_placed("[pipeline]\nnuma = strict\n"
		      "[source a]\ntype = synth\n"
		      "[source b]\ntype = synth\n"
		      "[stage c]\ntype = pass\ninput = a\n"
		      "[stage d]\ntype = pass\ninput = b\n",
		NULL, "4 1 5 2");
}

static void
test_strict(void **state)
{
	(void)state;
	imagine(&machine, 2, 4);
	imagine_port(&machine, "eth0", 1, 8);
	refused_on("[pipeline]\nnuma = strict\n" TAP_PORT, &machine, "1-3", EXDEV,
		"port eth0 on socket 1 to [source wan] on lcore 1, socket 0");
	refused_on("[pipeline]\nnuma = strict\n" TAP_PORT, &machine, "1-3", EXDEV, "by -l");
	refused_on("[pipeline]\nnuma = strict\n" TAP_PORT "lcores = 2\n", &machine, NULL, EXDEV,
		"[link busy out] from worker 0 on lcore 5, socket 1 to worker 0 on lcore 2, "
		"socket 0");
	refused_on("[pipeline]\nnuma = strict\n" TAP_PORT "lcores = 2\n", &machine, NULL, EXDEV,
		"lcores = of [stage busy] and [stage out]");
	refused_on("[pipeline]\nnuma = strict\n" TAP "numa = 3\n", &machine, NULL, EXDEV,
		"[stage out] numa = 3: no usable lcore is on that socket");
	assert_placed("[pipeline]\nnuma = strict\n" TAP_PORT, NULL, "4 5 6 7");
}

static void
test_prefer(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(TAP_PORT);
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 2, 4);
	imagine_port(&machine, "eth0", 1, 8);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->note_count, 0);
	weir_plan_free(plan);

	/* the port alone */
	plan = plan_on(pipeline, &machine, "1-3");
	assert_int_equal(plan->note_count, 1);
	assert_true(has_note(plan,
		"sockets 0 and 1, at distance 20, are crossed 1 time, first by "
		"port eth0 on socket 1"));
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);

	/* one line for all that crosses the same border */
	pipeline = pipeline_of(TAP_PORT "numa = 0\n");
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->note_count, 1);
	assert_true(has_note(plan, "crossed 2 times, first by [link busy out]"));
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);

	/* a socket without lcores: the nearest it is */
	pipeline = pipeline_of(TAP_PORT "numa = 3\n");
	machine.distance[3][0] = 15;
	plan = plan_on(pipeline, &machine, NULL);
	assert_true(
		has_note(plan, "[stage out] numa = 3: no usable lcore is on that socket, 0 it is"));
	assert_int_equal(plan->workers[3].socket, 0);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static void
test_off(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[pipeline]\nnuma = off\n" TAP_PORT "numa = 3\n");
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 2, 3);
	imagine_port(&machine, "eth0", 1, 8);
	plan = plan_on(pipeline, &machine, NULL);
	assert_string_equal(lcores_of(plan), "1 2 3 4");
	assert_int_equal(plan->note_count, 0);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static void
test_pairs(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(TAP "[link wan busy]\nring = 128\n");
	struct weir_plan *plan;
	unsigned int i;

	(void)state;
	/* 1: wan, busy[1]; 2: busy[0], out */
	imagine(&machine, 1, 3);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pair_count, 4);
	for (i = 0; i < 4; i++) {
		static const struct plan_pair expected[] = {
			{ 0, 0, 1, false, 128 },
			{ 0, 0, 2, true, 0 },
			{ 1, 1, 3, true, 0 },
			{ 1, 2, 3, false, 1023 },
		};

		assert_int_equal(plan->pairs[i].link, expected[i].link);
		assert_int_equal(plan->pairs[i].producer, expected[i].producer);
		assert_int_equal(plan->pairs[i].consumer, expected[i].consumer);
		assert_int_equal(plan->pairs[i].call, expected[i].call);
		assert_int_equal(plan->pairs[i].capacity, expected[i].capacity);
	}
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static unsigned int
rings_on_one_lcore(const char *text)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_plan *plan;
	unsigned int i, rings = 0;

	imagine(&machine, 1, 1);
	plan = plan_on(pipeline, &machine, NULL);
	for (i = 0; i < pipeline->link_count; i++)
		rings += plan_link_kinds(plan, i).rings;
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	return rings;
}

/* `kind = ring` and feedback links are rings on one lcore, too. */
static void
test_rings(void **state)
{
	(void)state;
	assert_int_equal(rings_on_one_lcore(TAP), 0);
	assert_int_equal(rings_on_one_lcore(TAP "[link wan busy]\nkind = ring\n"), 2);
	assert_int_equal(rings_on_one_lcore("[source a]\ntype = synth\n"
					    "[stage b]\ntype = pass\ninput = a, c\n"
					    "[stage c]\ntype = pass\ninput = b\n"
					    "[link c b]\non_full = drop-newest\n"),
		1);
}

static void
test_waits(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(TAP "idle = spin\n");
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 1, 6);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->workers[0].idle, WEIR_WAIT_EXPONENTIAL);
	assert_int_equal(plan->workers[3].idle, WEIR_WAIT_SPIN);
	assert_int_equal(plan_idle(plan, WEIR_WAIT_SLEEP, 1), WEIR_WAIT_SLEEP);
	assert_int_equal(plan_idle(plan, WEIR_WAIT_AUTO, 1), WEIR_WAIT_EXPONENTIAL);
	assert_int_equal(plan_idle(plan, WEIR_WAIT_AUTO, LCORE_ID_ANY), WEIR_WAIT_EXPONENTIAL);
	assert_int_equal(plan->note_count, 0);
	weir_plan_free(plan);

	/* lcores 1 and 2 on one CPU; 3 and 4 float over two; an idle lcore counts for nothing */
	machine.lcores[2].cpus = machine.lcores[1].cpus;
	machine.lcores[5].cpus = machine.lcores[3].cpus;
	CPU_SET(4, &machine.lcores[3].cpus);
	CPU_SET(3, &machine.lcores[4].cpus);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->workers[0].idle, WEIR_WAIT_YIELD);
	assert_int_equal(plan->workers[1].idle, WEIR_WAIT_YIELD);
	assert_int_equal(plan->workers[2].idle, WEIR_WAIT_EXPONENTIAL);
	assert_int_equal(plan->workers[3].idle, WEIR_WAIT_SPIN);
	assert_int_equal(plan_idle(plan, WEIR_WAIT_AUTO, 2), WEIR_WAIT_YIELD);
	assert_int_equal(plan_idle(plan, WEIR_WAIT_AUTO, 4), WEIR_WAIT_EXPONENTIAL);
	assert_true(has_note(plan, "lcores 1-2 have less than a CPU each"));
	weir_plan_free(plan);

	/* the main lcore polls as well */
	plan = plan_on(pipeline, &machine, "1");
	assert_int_equal(plan->workers[0].idle, WEIR_WAIT_SPIN);
	weir_plan_free(plan);
	machine.lcores[0].cpus = machine.lcores[1].cpus;
	plan = plan_on(pipeline, &machine, "0,1");
	assert_int_equal(plan->workers[0].idle, WEIR_WAIT_YIELD);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* Lcores without memory are for those who ask for them, unless there are no others. */
static void
test_bare(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(TAP_PORT);
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 2, 3);
	imagine_port(&machine, "eth0", 0, 16);
	assert_placed(TAP_PORT, NULL, "1 2 3 4");
	machine.memory[1].huge_free = machine.memory[1].huge_2m = 0;
	assert_placed(TAP_PORT, NULL, "1 2 1 2");
	plan = plan_on(pipeline, &machine, NULL);
	assert_true(has_note(plan, "no memory on socket 1: its lcores are left out"));
	assert_true(has_note(plan, " there: echo 512 >/sys/devices/system/node/node1/"));
	weir_plan_free(plan);
	refused_on(TAP_PORT, &machine, "2-5", ENOMEM, "/node1/");
	refused_on(TAP_PORT "numa = 1\n", &machine, NULL, ENOMEM, "/node1/");
	machine.ports[0].socket = 1;
	refused_on(TAP_PORT, &machine, NULL, ENOMEM, "/node1/");
	machine.ports[0].socket = 0;
	machine.memory[0].huge_free = machine.memory[0].huge_2m = 0;
	refused_on(TAP_PORT, &machine, NULL, ENOMEM, "/node0/");
	weir_pipeline_free(pipeline);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_lcores_refused),
		cmocka_unit_test(test_one_socket),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_two_sockets),
		cmocka_unit_test(test_fills),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_follows_tx),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_prefer),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_bare),
	};

	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
