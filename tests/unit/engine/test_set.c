/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Keys that are set while an engine runs: what is refused, and what the others do. */
#include "rig.h"

/* t_gate: lets nothing in while `value` is 0, which is live. */
static const struct weir_param gate_params[] = {
	{ .name = "value",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct stages_conf, value),
		.max = 9,
		.def = "0",
		.help = "0: shut",
		.live = 1 },
	{ .name = NULL },
};

static unsigned int
gate_room(struct weir_worker *worker, void *state)
{
	return ((struct stages_state *)state)->value != 0 ? weir_worker_burst(worker) : 0;
}

static void
gate_set(struct weir_worker *worker, void *state, const void *conf)
{
	(void)worker;
	((struct stages_state *)state)->value = ((const struct stages_conf *)conf)->value;
}

static int
gate_check(const char *node, const void *conf, struct weir_error *error)
{
	if (((const struct stages_conf *)conf)->value != 7)
		return 0;
	return weir_error_set(error, EINVAL, "[stage %s] value = 7: expected another", node);
}

static const struct weir_stage_ops gate_ops = {
	WEIR_STAGE_OPS,
	.name = "t_gate",
	.help = "is shut, or open",
	.params = gate_params,
	.conf_size = sizeof(struct stages_conf),
	.state_size = sizeof(struct stages_state),
	.init = stages_init,
	.process = pass_process,
	.room = gate_room,
	.check = gate_check,
	.set = gate_set,
};

/* `linger` of the first link, as its workers were told last. */
static uint32_t
linger(const struct rig *rig)
{
	const struct weir_pipeline *pipeline =
		rig->engine->settings != NULL ? rig->engine->settings->pipeline : rig->pipeline;
	struct link_settings settings;

	link_settings_of(pipeline, &pipeline->links[0].conf, &settings);
	return settings.linger;
}

static void
set(struct rig *rig, const char *assignment)
{
	rig_ok(rig, weir_engine_set(rig->engine, assignment, &rig->error));
}

static void
refused(struct rig *rig, const char *assignment, const char *why)
{
	rig->error.text[0] = '\0';
	if (weir_engine_set(rig->engine, assignment, &rig->error) != -EINVAL)
		fail_msg("%s is not refused", assignment);
	assert_int_equal(rig->error.code, EINVAL);
	if (strcmp(rig->error.text, why) != 0)
		fail_msg("%s: '%s', not '%s'", assignment, rig->error.text, why);
}

static void
passes(struct rig *rig, unsigned int n)
{
	while (n-- > 0)
		rig_pass(rig);
}

static const char *
on_full(struct rig *rig, unsigned int link)
{
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;

	assert_int_equal(weir_ledger_link(rig->engine, link, &l), 0);
	return l.on_full;
}

static uint64_t
received(struct rig *rig)
{
	return rig_ledger(rig).received;
}

static void
test_types(void **state)
{
	static const struct weir_param text[] = {
		{ .name = "text", .type = WEIR_PARAM_STRING, .def = "", .live = 1 },
		{ .name = NULL },
	};
	struct weir_stage_ops ops = gate_ops;

	(void)state;
	ops.name = "t_other";
	ops.set = NULL;
	assert_int_equal(weir_stage_register(&ops), -EINVAL);
	ops.set = gate_set;
	ops.params = text;
	assert_int_equal(weir_stage_register(&ops), -EINVAL);
}

#define FIXED "is fixed while the engine runs: stop it, set the key, start again"

static void
test_refused_keys(void **state)
{
	struct rig rig;

	(void)state;
	assert_int_equal(weir_engine_set(NULL, "gen.rate=1", NULL), -EINVAL);
	rig_make(&rig, "keys", "0", 0,
		SECTIONS("source gen: type=synth; flows=10", "stage gate: type=t_gate; input=gen",
			"link gen gate: ring=64; kind=ring", "stage end: type=count; input=gate"));
	refused(&rig, NULL, "'': expected SECTION.KEY=VALUE");
	refused(&rig, "", "'': expected SECTION.KEY=VALUE");
	refused(&rig, "gen.rate", "'gen.rate': expected SECTION.KEY=VALUE");
	refused(&rig, "rate=1", "'rate': expected SECTION.KEY=VALUE");
	refused(&rig, "gne.rate=1",
		"unknown section [gne]: expected pipeline, pool, source NAME, stage NAME or link "
		"FROM TO; did you mean 'gen'?");
	refused(&rig, "stage gat.value=1",
		"[stage gat] there is no stage of that name; did you mean 'gate'?");
	refused(&rig, "source gate.idle=spin", "[source gate] there is [stage gate] instead");
	refused(&rig, "link gen edn.high=80%",
		"[link gen edn] there is no source or stage 'edn'; did you mean 'end'?");
	refused(&rig, "link gen end.high=80%",
		"[link gen end] there is no such link: 'end' reads gate");
	refused(&rig, "gen.rat=1", "[source gen] unknown key 'rat'; did you mean 'rate'?");
	refused(&rig, "gate.RATE=1",
		"[stage gate] 'RATE' is no key: expected lower-case letters, digits, _ . and -");
	refused(&rig,
		"gen.rate=", "[source gen] rate has no value; leave the key out for its default");
	refused(&rig, "gate.value=10",
		"[stage gate] value = 10: expected a whole number, from 0 to 9");
	refused(&rig, "gate.value=7", "[stage gate] value = 7: expected another");
	refused(&rig, "gate.idle=spinn",
		"[stage gate] idle = spinn: expected auto, spin, pause, exponential, yield, sleep, "
		"monitor or interrupt; did you mean 'spin'?");
	refused(&rig, "gate.idle.min=1s", "[stage gate] idle.min is more than idle.max");
	refused(&rig, "gate.idle=interrupt",
		"[stage gate] idle = interrupt: it was made without interrupts: stop it, set the "
		"key, start again");
	refused(&rig, "pipeline.burst=1", "[pipeline] key 'burst' " FIXED);
	refused(&rig, "pool.size=1k", "[pool] key 'size' " FIXED);
	refused(&rig, "gen.flows=1", "[source gen] key 'flows' " FIXED);
	refused(&rig, "gate.workers=2", "[stage gate] key 'workers' " FIXED);
	refused(&rig, "link gen gate.ring=128", "[link gen gate] key 'ring' " FIXED);
	rig_stop(&rig);
	assert_int_equal(weir_engine_set(rig.engine, "gen.rate=1", &rig.error), -ESHUTDOWN);
	assert_string_equal(rig.error.text, "'keys' has stopped: nothing can be set");
	rig_end(&rig);
}

static void
test_refused_links(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "links", "1-3", 0,
		SECTIONS("source gen: type=synth; flows=10; lcores=1",
			"stage a: type=t_pass; input=gen, b.again; lcores=2",
			"stage b: type=t_again; input=a; lcores=3",
			"stage end: type=t_fan; input=b.out; lcores=3",
			"stage far: type=count; input=end; lcores=1",
			"link b.again a: on_full=drop-newest",
			"link end far: ring=64; on_full=drop-newest"));
	refused(&rig, "link gen a.low=75%", "[link gen a] low = 75% is not below high = 75%");
	refused(&rig, "link gen a.full.min=1s", "[link gen a] full.min is more than full.max");
	refused(&rig, "link gen a.reserve.3=90%",
		"[link gen a] reserve.3 = 90% is more than reserve.2 = 30%: a higher priority must "
		"not find less room");
	refused(&rig, "link gen a.on_full=drop-late",
		"[link gen a] on_full = drop-late: expected `deadline`, the longest wait, as 1ms");
	refused(&rig, "link gen a.deadline=1ms",
		"[link gen a] deadline: the link was made without `deadline`, so its rings keep no "
		"times: stop it, set `deadline`, start again");
	refused(&rig, "link b.out end.on_full=drop-newest",
		"[link b.out end] on_full = drop-newest: a call has no ring that could be full: "
		"stop it, give the link kind = ring, start again");
	refused(&rig, "link b.again a.on_full=block",
		"[link b.again a] lossless cycle a -> b -> a (block): a feedback link must be lossy, "
		"as on_full = drop-newest");
	set(&rig, "link a b.on_full=drop-newest");
	refused(&rig, "link b.again a.on_full=block",
		"[link b.again a] on_full = block: the link closes a cycle: it must be lossy, as "
		"on_full = drop-newest");
	refused(&rig, "link b.again a.on_full=auto",
		"[link b.again a] on_full = block: the link closes a cycle: it must be lossy, as "
		"on_full = drop-newest");
	refused(&rig, "link end far.on_full=block",
		"[link end far] ring = 64: a block link must hold a burst, times the events that "
		"'end' makes of one: expected at least 96");
	rig_stop(&rig);
	rig_end(&rig);
}

/* What the pipeline does not know: how it is placed. */
static void
test_refused_places(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "called", "1-2", 0,
		SECTIONS("source gen: type=synth; flows=10; lcores=1",
			"stage a: type=t_pass; input=gen; lcores=1",
			"stage b: type=t_pass; input=a; lcores=1",
			"stage end: type=count; input=b; lcores=2",
			"link gen a: on_full=drop-newest", "link b end: on_full=drop-newest"));
	refused(&rig, "link b end.on_full=block",
		"[link b end] on_full = block: 'a' would have to wait, but is called over the lossy "
		"[link gen a]: stop it, give that one kind = ring, start again");
	set(&rig, "link b end.on_full=drop-oldest");
	assert_string_equal(on_full(&rig, 2), "drop-oldest");
	rig_stop(&rig);
	rig_end(&rig);

	rig_make(&rig, "grows", "1-2", 0,
		SECTIONS("pipeline: burst=1", "source gen: type=synth; flows=10; lcores=1",
			"stage a: type=t_fan; input=gen; lcores=1",
			"stage b: type=t_fan; input=a; lcores=1",
			"stage c: type=t_fan; input=b; lcores=1",
			"stage d: type=t_fan; input=c; lcores=1",
			"stage end: type=count; input=d; lcores=2",
			"link d end: ring=64; on_full=drop-newest"));
	refused(&rig, "link d end.on_full=block",
		"[link d end] on_full = block: 81 events may come there for one, and its rings "
		"hold 64");
	rig_stop(&rig);
	rig_end(&rig);
}

static struct ring_producer *
producer(struct rig *rig)
{
	return &rig->engine->joints[0].lane->ring;
}

/* Each key of a link, at both ends of its ring. */
static void
test_thresholds(void **state)
{
	const struct ring_consumer *consumer;
	struct rig rig;

	(void)state;
	rig_make(&rig, "marks", "0", 0,
		SECTIONS("source gen: type=synth; flows=10; rate=1k",
			"stage end: type=count; input=gen",
			"link gen end: kind=ring; ring=1000; deadline=1ms"));
	consumer = rig.engine->joints[0].consumer;
	passes(&rig, 1);
	assert_int_equal(linger(&rig), 0);
	/* Several at once, and not before the pass. */
	set(&rig, "link gen end.high=90%");
	set(&rig, "link gen end.low=10%");
	set(&rig, "link gen end.reserve.0=45%");
	set(&rig, "link gen end.block_timeout=1s");
	set(&rig, "link gen end.gap_markers=on");
	set(&rig, "link gen end.deadline=2ms");
	set(&rig, "link gen end.linger=255");
	assert_int_equal(producer(&rig)->high, 750);
	passes(&rig, 1000);
	assert_int_equal(producer(&rig)->high, 900);
	assert_int_equal(producer(&rig)->low, 100);
	assert_int_equal(producer(&rig)->reserve[0], 450);
	assert_int_equal(producer(&rig)->timeout, rte_get_tsc_hz());
	assert_true(producer(&rig)->gap.wanted);
	assert_int_equal(consumer->high, 900);
	assert_int_equal(consumer->low, 100);
	assert_true(consumer->gap.wanted);
	assert_int_equal(linger(&rig), 255);
	assert_int_equal(consumer->deadline, rte_get_tsc_hz() / 500 >> STAMP_SHIFT);
	assert_null(consumer->excess);
	set(&rig, "link gen end.on_full=drop-late");
	passes(&rig, 1000);
	assert_ptr_equal(consumer->excess, policy_drop_late.excess);
	assert_string_equal(on_full(&rig, 0), "drop-late");
	set(&rig, "link gen end.on_full=auto");
	assert_string_equal(on_full(&rig, 0), "block");
	/* What was replaced is gone. */
	assert_null(rig.engine->settings->older);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_waits(void **state)
{
	const struct loop *loop;
	struct rig rig;

	(void)state;
	rig_make(&rig, "waits", "0", 0,
		SECTIONS("source gen: type=synth; flows=10; rate=1k; idle=sleep",
			"stage end: type=count; input=gen; idle=yield",
			"link gen end: kind=ring; full=pause"));
	loop = &rig.engine->loops[0];
	assert_int_equal(loop->idle.how, WEIR_WAIT_YIELD);
	assert_int_equal(loop->full.how, WEIR_WAIT_PAUSE);
	set(&rig, "end.idle=sleep");
	set(&rig, "end.idle.max=7us");
	set(&rig, "link gen end.full=exponential");
	set(&rig, "link gen end.full.max=9us");
	set(&rig, "link gen end.full.min=3us");
	passes(&rig, 1000);
	assert_int_equal(loop->idle.how, WEIR_WAIT_SLEEP);
	assert_int_equal(loop->idle.max_ns, 7000);
	assert_int_equal(loop->full.how, WEIR_WAIT_EXPONENTIAL);
	assert_int_equal(loop->full.min_ns, 3000);
	assert_int_equal(loop->full.max_ns, 9000);
	/* The least patient worker still decides. */
	set(&rig, "gen.idle=spin");
	passes(&rig, 1000);
	assert_int_equal(loop->idle.how, WEIR_WAIT_SPIN);
	rig_stop(&rig);
	rig_end(&rig);
}

/* A type's own: of a source and of a stage; before the first pass too. */
static void
test_types_own(void **state)
{
	uint64_t before;
	struct rig rig;

	(void)state;
	rig_make(&rig, "own", "0", 0,
		SECTIONS("source gen: type=synth; flows=10", "stage w: type=work; input=gen",
			"stage gate: type=t_gate; input=w"));
	set(&rig, "gate.value=1");
	set(&rig, "w.cycles=0");
	passes(&rig, 1000);
	assert_true(received(&rig) >= 1000);
	set(&rig, "gate.value=0");
	passes(&rig, 1000);
	before = received(&rig);
	passes(&rig, 1000);
	assert_int_equal(received(&rig), before);
	set(&rig, "gate.value=1");
	set(&rig, "gen.rate=1");
	passes(&rig, 1000);
	before = received(&rig);
	passes(&rig, 1000);
	assert_true(received(&rig) - before < 1000);
	set(&rig, "gen.rate=0");
	set(&rig, "w.cycles=12345");
	passes(&rig, 1000);
	assert_true(received(&rig) - before >= 1000);
	/* It is all that the state of `work` begins with. */
	assert_int_equal(*(uint64_t *)rig.engine->seats[1].worker->state, 12345);
	rig_stop(&rig);
	rig_end(&rig);
}

/* A full ring that nobody empties: by another policy its producer goes on, and is held back again. */
static void
test_unstuck(void **state)
{
	uint64_t stuck;
	struct rig rig;

	(void)state;
	rig_make(&rig, "stuck", "0", 0,
		SECTIONS("source gen: type=synth; flows=10", "stage a: type=t_pass; input=gen",
			"stage gate: type=t_gate; input=a", "link a gate: kind=ring; ring=256"));
	passes(&rig, 100);
	stuck = received(&rig);
	assert_int_equal(stuck, 256);
	set(&rig, "link a gate.on_full=drop-newest");
	passes(&rig, 100);
	assert_true(received(&rig) > stuck);
	assert_true(rig_dropped(&rig, "ring_full") > 0);
	set(&rig, "link a gate.on_full=block");
	passes(&rig, 1000);
	stuck = received(&rig);
	passes(&rig, 1000);
	assert_int_equal(received(&rig), stuck);
	set(&rig, "link a gate.on_full=drop-oldest");
	passes(&rig, 1000);
	assert_true(received(&rig) > stuck);
	assert_true(rig_dropped(&rig, "oldest") > 0);
	set(&rig, "gate.value=1");
	passes(&rig, 100);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Also while it drains, on lcores of their own. */
static void
test_draining(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "drains", "1-2", 0,
		SECTIONS("source gen: type=synth; flows=10; lcores=1",
			"stage h: type=t_hold; input=gen; lcores=1",
			"stage gate: type=t_gate; input=h; lcores=2", "link h gate: ring=64"));
	rig_start(&rig);
	rig_wait_received(&rig, 65);
	weir_engine_stop_request(rig.engine);
	usleep(10000);
	assert_false(weir_engine_drained(rig.engine));
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	set(&rig, "link h gate.on_full=drop-newest");
	rig_wait_applied(&rig);
	set(&rig, "gate.value=1");
	rig_stop(&rig);
	assert_int_equal(rig_dropped(&rig, "drain_abandoned"), 0);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_refused_keys),
		cmocka_unit_test(test_refused_links),
		cmocka_unit_test(test_refused_places),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_types_own),
		cmocka_unit_test(test_unstuck),
		cmocka_unit_test(test_draining),
	};

	rig_eal_init();
	if (weir_stage_register(&gate_ops) != 0)
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
