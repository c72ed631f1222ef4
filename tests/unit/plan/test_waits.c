/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How lcores wait, and for how long: what they poll, what CPU and ports allow. */

#include <inttypes.h>

#include "imagine.h"

static struct machine machine;

#define WAN "[source wan]\ndevice = eth0\n"
#define COUNT "[stage end]\ntype = pass\ninput = wan\n"

static const struct plan_lcore *
lcore_on(const struct weir_plan *plan, unsigned int lcore)
{
	const struct plan_lcore *found = plan_lcore(plan, lcore);

	assert_non_null(found);
	return found;
}

/* Two ports of one queue on a machine of one socket and four lcores. */
static void
setup_ports(uint32_t first, uint32_t second)
{
	imagine(&machine, 1, 4);
	imagine_port(&machine, "eth0", 0, 1)->speed = first;
	imagine_port(&machine, "eth1", 0, 1)->speed = second;
}

/* The bound of lcore 1, where all of a pipeline runs. */
static uint64_t
bound_of(const char *text)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_plan *plan = plan_on(pipeline, &machine, "1");
	uint64_t bound = lcore_on(plan, 1)->bound_ns;

	assert_int_equal(plan->lcore_count, 1);
	assert_true(bound == 0 || lcore_on(plan, 1)->idle.max_ns <= bound);
	assert_true(bound == 0 || lcore_on(plan, 1)->full.max_ns <= bound);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	return bound;
}

/* Half the descriptors, 672 bits each. */
static void
test_bound(void **state)
{
	(void)state;
	setup_ports(0, 100000);
	assert_int_equal(bound_of(WAN COUNT), 512 * 672 / 10);
	machine.ports[0].speed = 1000;
	assert_int_equal(bound_of(WAN COUNT), 512 * 672);
	machine.ports[0].speed = 25000;
	assert_int_equal(bound_of(WAN "descriptors = 256\n" COUNT), 128 * 672 * 10 / 250);
	machine.ports[0].speed = 400000;
	assert_int_equal(bound_of(WAN "descriptors = 1\n" COUNT), 1);
	/* the smallest of several, in time */
	machine.ports[0].speed = 1000;
	assert_int_equal(bound_of(WAN "descriptors = 64\n[source lan]\ndevice = eth1\n"
				      "[stage end]\ntype = pass\ninput = wan, lan\n"),
		512 * 672 / 100);
	/* who polls no queue may wait as long as he likes */
	assert_int_equal(bound_of("[source wan]\ntype = synth\n" COUNT), 0);
}

/* Only the lcore that polls is bound, for whatever it waits. */
static void
test_bound_lcores(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of(WAN "idle = sleep\nidle.max = 1ms\nlcores = 1\n" COUNT
				"idle = sleep\nidle.max = 2ms\nlcores = 2\n"
				"[link wan end]\nfull = sleep\nfull.max = 1s\nfull.min = 1ms\n");
	const struct plan_lcore *lcore;
	struct weir_plan *plan;

	(void)state;
	setup_ports(10000, 0);
	plan = plan_on(pipeline, &machine, NULL);
	lcore = lcore_on(plan, 1);
	assert_int_equal(lcore->bound_ns, 34406);
	assert_int_equal(lcore->idle.how, WEIR_WAIT_SLEEP);
	assert_int_equal(lcore->idle.max_ns, 34406);
	assert_int_equal(lcore->full.how, WEIR_WAIT_SLEEP);
	assert_int_equal(lcore->full.max_ns, 34406);
	assert_int_equal(lcore->full.min_ns, 34406);
	lcore = lcore_on(plan, 2);
	assert_int_equal(lcore->bound_ns, 0);
	assert_int_equal(lcore->idle.max_ns, 2000000);
	assert_int_equal(lcore->full.max_ns, 2000000);
	assert_int_equal(plan->note_count, 2);
	assert_true(has_note(plan,
		"[source wan] idle.max = 1ms: lcore 1 waits for no more than "
		"34.4us, half of what 1024 RX descriptors of eth0 hold at 10000 "
		"Mbit/s"));
	assert_true(has_note(plan, "[link wan end] full.max = 1s: lcore 1 waits for no more than"));
	assert_null(plan_lcore(plan, 3));
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* The default is lowered without a word; a way to wait that has no length is left alone. */
static void
test_bound_unsaid(void **state)
{
	static const char *const texts[] = { WAN COUNT, WAN "idle.max = 10us\n" COUNT,
		WAN "idle = yield\nidle.max = 1ms\n" COUNT };
	unsigned int i;

	(void)state;
	setup_ports(10000, 0);
	for (i = 0; i < RTE_DIM(texts); i++) {
		struct weir_pipeline *pipeline = pipeline_of(texts[i]);
		struct weir_plan *plan = plan_on(pipeline, &machine, NULL);

		assert_int_equal(plan->note_count, 0);
		assert_int_equal(plan->lcores[0].idle.max_ns, i == 1 ? 10000 : 34406);
		weir_plan_free(plan);
		weir_pipeline_free(pipeline);
	}
}

/* What `idle = asked` comes to on lcore 1, with a note or without. */
static void
idle_is(const char *text, const char *lcores, enum weir_wait expected, const char *note)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_plan *plan = plan_on(pipeline, &machine, lcores);
	const struct plan_lcore *lcore = lcore_on(plan, 1);

	assert_int_equal(lcore->idle.how, expected);
	if (note == NULL)
		assert_int_equal(plan->note_count, 0);
	else if (!has_note(plan, note))
		fail_msg("no note '%s', but '%s'", note,
			plan->note_count > 0 ? plan->notes[0] : "none");
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

#define TWO \
	WAN "idle = monitor\n[source lan]\ndevice = eth1\n" \
	    "[stage end]\ntype = pass\ninput = wan, lan\n"
#define SYNTH "[source wan]\ntype = synth\nidle = monitor\n" COUNT

static void
test_monitor(void **state)
{
	(void)state;
	setup_ports(10000, 10000);
	idle_is(WAN "idle = monitor\n" COUNT, "1", WEIR_WAIT_EXPONENTIAL,
		"[source wan] idle = monitor: lcore 1 waits exponentially: this CPU cannot");
	machine.power_pause = true;
	idle_is(WAN "idle = monitor\n" COUNT, "1", WEIR_WAIT_MONITOR,
		"[source wan] idle = monitor: lcore 1 pauses by the CPU's timer: this CPU cannot");
	machine.power_monitor = true;
	idle_is(WAN "idle = monitor\n" COUNT, "1", WEIR_WAIT_MONITOR, NULL);
	idle_is(TWO, "1", WEIR_WAIT_MONITOR,
		"lcore 1 pauses by the CPU's timer: only one RX queue");
	machine.power_pause = false;
	idle_is(WAN "idle = monitor\n" COUNT, "1", WEIR_WAIT_MONITOR, NULL);
	idle_is(TWO, "1", WEIR_WAIT_EXPONENTIAL, "lcore 1 waits exponentially: only one RX queue");
	idle_is(SYNTH, "1", WEIR_WAIT_EXPONENTIAL,
		"lcore 1 waits exponentially: a source there has neither an RX queue nor a ring");
	/* one ring */
	idle_is(WAN "lcores = 2\n" COUNT "idle = monitor\nlcores = 1\n", NULL, WEIR_WAIT_MONITOR,
		NULL);
	/* a ring beside the queue */
	idle_is(WAN "idle = monitor\n" COUNT "[link wan end]\nkind = ring\n", "1",
		WEIR_WAIT_EXPONENTIAL, "only one RX queue or ring");
}

static void
test_monitor_full(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(WAN COUNT "[link wan end]\nfull = monitor\n");
	struct weir_plan *plan;

	(void)state;
	setup_ports(10000, 10000);
	machine.power_monitor = true;
	plan = plan_on(pipeline, &machine, "1");
	assert_int_equal(plan->lcores[0].full.how, WEIR_WAIT_EXPONENTIAL);
	assert_true(has_note(plan, "[link wan end] full = monitor: lcore 1 waits exponentially"));
	weir_plan_free(plan);
	machine.power_pause = true;
	plan = plan_on(pipeline, &machine, "1");
	assert_int_equal(plan->lcores[0].full.how, WEIR_WAIT_MONITOR);
	assert_true(has_note(plan, "[link wan end] full = monitor: lcore 1 pauses by the CPU's"));
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static void
test_interrupt(void **state)
{
	(void)state;
	setup_ports(10000, 10000);
	idle_is(WAN "idle = interrupt\n" COUNT, "1", WEIR_WAIT_INTERRUPT, NULL);
	idle_is(WAN "idle = interrupt\n[source lan]\ndevice = eth1\n"
		    "[stage end]\ntype = pass\ninput = wan, lan\n",
		"1", WEIR_WAIT_INTERRUPT, NULL);
	idle_is(WAN "idle = interrupt\n" COUNT "[link wan end]\nkind = ring\n", "1",
		WEIR_WAIT_SLEEP,
		"[source wan] idle = interrupt: lcore 1 sleeps: a ring ends there");
	idle_is(WAN "lcores = 2\n" COUNT "idle = interrupt\nlcores = 1\n", NULL, WEIR_WAIT_SLEEP,
		"[stage end] idle = interrupt: lcore 1 sleeps: it polls no RX queue");
	idle_is(WAN "idle = interrupt\n[source lan]\ntype = synth\n"
		    "[stage end]\ntype = pass\ninput = wan, lan\n",
		"1", WEIR_WAIT_SLEEP, "lcore 1 sleeps: a source there has no RX queue");
	idle_is("[source wan]\ntype = synth\nidle = interrupt\n" COUNT, "1", WEIR_WAIT_SLEEP,
		"lcore 1 sleeps: it polls no RX queue");
}

/* The least patient of those who say something. */
static void
test_together(void **state)
{
	static const struct {
		const char *wan, *end;
		enum weir_wait expected;
	} rows[] = {
		{ "auto", "auto", WEIR_WAIT_EXPONENTIAL },
		{ "sleep", "auto", WEIR_WAIT_SLEEP },
		{ "auto", "spin", WEIR_WAIT_SPIN },
		{ "interrupt", "auto", WEIR_WAIT_INTERRUPT },
		{ "interrupt", "sleep", WEIR_WAIT_SLEEP },
		{ "sleep", "yield", WEIR_WAIT_YIELD },
		{ "monitor", "sleep", WEIR_WAIT_MONITOR },
		{ "pause", "monitor", WEIR_WAIT_PAUSE },
	};
	unsigned int i;

	(void)state;
	setup_ports(10000, 10000);
	machine.power_monitor = true;
	for (i = 0; i < RTE_DIM(rows); i++) {
		char text[200];

		snprintf(text, sizeof(text), WAN "idle = %s\n" COUNT "idle = %s\n", rows[i].wan,
			rows[i].end);
		idle_is(text, "1", rows[i].expected, NULL);
	}
}

/* Lists of lcores are whole, however many there are. */
static void
test_lists(void **state)
{
	char text[1024] = "", *end = text;
	struct weir_pipeline *pipeline;
	struct weir_plan *plan;
	unsigned int i;

	(void)state;
	imagine(&machine, 1, RTE_MAX_LCORE);
	for (i = 1; i < RTE_MAX_LCORE; i++)
		machine.lcores[i].cpus = machine.lcores[0].cpus;
	pipeline = pipeline_of("[source wan]\ntype = synth\nqueues = 100\n"
			       "[stage end]\ntype = count\ninput = wan\n");
	plan = plan_on(pipeline, &machine, NULL);
	assert_true(has_note(plan, "lcores 1-101 have less than a CPU each"));
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);

	for (i = 1; i < RTE_MAX_LCORE; i += 2) {
		machine.lcores[i].present = false;
		end += sprintf(end, "%s%u", i > 1 ? "," : "(it has ", i - 1);
	}
	sprintf(end, "); give it more by -l or --lcores");
	refused_on(
		"[source wan]\ntype = synth\n[stage end]\ntype = count\ninput = wan\nlcores = 1\n",
		&machine, NULL, ENODEV, text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_bound_lcores),
		cmocka_unit_test(test_bound_unsaid),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_monitor_full),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_together),
	};

	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
