/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What workers need is counted where it belongs, shown, and refused where the machine lacks it. */

#include <inttypes.h>

#include <jansson.h>

#include "imagine.h"

#include "sink/writer.h"

static struct machine machine;

struct takes_conf {
	uint64_t held, let_go, fanout, state, memory, tick;
};

#define TAKES(key, kind) \
	{ \
		.name = #key, .type = WEIR_PARAM_##kind, \
		.offset = offsetof(struct takes_conf, key), .def = "0", .help = "test" \
	}

static const struct weir_param takes_params[] = {
	TAKES(held, UINT),
	TAKES(let_go, UINT),
	TAKES(fanout, UINT),
	TAKES(state, SIZE),
	TAKES(memory, SIZE),
	TAKES(tick, DURATION),
	{ .name = NULL },
};

static int
takes_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	const struct takes_conf *given = conf;

	(void)error;
	needs->held = (uint32_t)given->held;
	needs->let_go = (uint32_t)given->let_go;
	needs->fanout = (uint16_t)given->fanout;
	needs->state = given->state;
	needs->memory = given->memory;
	needs->tick_interval = given->tick;
	return 0;
}

static unsigned int
takes_tick(struct weir_worker *worker, void *state, unsigned int room)
{
	(void)worker;
	(void)state;
	return room * 0;
}

static unsigned int
takes_room(struct weir_worker *worker, void *state)
{
	(void)worker;
	(void)state;
	return 1;
}

static const struct weir_stage_ops takes_ops = {
	WEIR_STAGE_OPS,
	.name = "takes",
	.params = takes_params,
	.conf_size = sizeof(struct takes_conf),
	.process = pass_process,
	.tick = takes_tick,
	.needs = takes_needs,
};

static const struct weir_stage_ops rooms_ops = {
	WEIR_STAGE_OPS,
	.name = "rooms",
	.process = pass_process,
	.room = takes_room,
};

static int
setup(void **state)
{
	return imagine_types(state) != 0 || weir_stage_register(&takes_ops) != 0 ||
		weir_stage_register(&rooms_ops) != 0;
}

#define GEN "[source gen]\ntype = synth\n"
#define TAKER(keys) GEN "[stage t]\ntype = takes\ninput = gen\nworkers = 2\n" keys

/* A plan on a machine of two sockets and four lcores each. */
static struct weir_plan *
plan_of(const char *text, struct weir_pipeline **pipeline)
{
	*pipeline = pipeline_of(text);
	imagine(&machine, 2, 4);
	return plan_on(*pipeline, &machine, NULL);
}

static void
both_free(struct weir_plan *plan, struct weir_pipeline *pipeline)
{
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* Against the same without: more by what two workers take, and by nothing else. */
static void
test_counted(void **state)
{
	struct weir_pipeline *bare_pipeline, *pipeline;
	struct weir_plan *bare = plan_of(TAKER(""), &bare_pipeline);
	struct weir_plan *plan = plan_of(TAKER("held = 700\nstate = 1M\nmemory = 3M\n"), &pipeline);

	(void)state;
	assert_int_equal(plan->pools[0].held, bare->pools[0].held + 1400);
	assert_int_equal(plan->pools[0].size, bare->pools[0].size + 1400);
	assert_int_equal(plan->terms.workers, bare->terms.workers + 2 * (1 << 20));
	assert_int_equal(bare->terms.stages, 0);
	assert_int_equal(plan->terms.stages, 2 * 3 * (1 << 20));
	assert_int_equal(plan->terms.rings, bare->terms.rings);
	assert_int_equal(plan->terms.pools, plan->pools[0].memory);
	assert_int_equal(plan->memory,
		plan->terms.pools + plan->terms.rings + plan->terms.workers + plan->terms.stages);
	both_free(plan, pipeline);
	both_free(bare, bare_pipeline);
}

/* What policies keep beside their rings, here two: of datagrams, and when an event went in. */
static void
test_policies(void **state)
{
	static const struct {
		const char *text;
		size_t more;
	} cases[] = {
		{ TAKER("[link gen t]\nring = 100\non_full = drop-flow\n"),
			2 * sizeof(struct ring_datagrams) },
		{ TAKER("[link gen t]\nring = 100\non_full = drop-late\ndeadline = 1ms\n"),
			2 * 128 * sizeof(uint32_t) },
		{ TAKER("[link gen t]\nring = 100\non_full = drop-newest\n"), 0 },
	};
	struct weir_pipeline *bare_pipeline, *pipeline;
	struct weir_plan *bare = plan_of(TAKER("[link gen t]\nring = 100\n"), &bare_pipeline);

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct weir_plan *plan = plan_of(cases[i].text, &pipeline);

		assert_int_equal(plan->terms.rings, bare->terms.rings + cases[i].more);
		both_free(plan, pipeline);
	}
	both_free(bare, bare_pipeline);
}

/* On the socket of each worker. */
static void
test_refused(void **state)
{
	static const char text[] = TAKER("memory = 100M\nstate = 50M\n");
	static const char ring[] = TAKER(
		"held = 64\nlet_go = 64\nfanout = 20\n") "[stage end]\ntype = pass\ninput = t\n[link t end]\nring = 1300\n";
	struct weir_pipeline *pipeline;
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 1, 4);
	machine.memory[0] = (struct machine_memory){ .huge_2m = 256 << 20, .huge_free = 256 << 20 };
	/* The pools take 9.1 MB, or 10.3 where cache lines are of 128 bytes. */
	refused_on(text, &machine, NULL, ENOMEM, "pipeline imagined takes 31");
	refused_on(text, &machine, NULL, ENOMEM,
		" pools + 0.0 rings + 100.0 workers + 200.0 their init())");
	refused_on(text, &machine, NULL, ENOMEM, " on socket 0, where EAL can have 256 MB");
	machine.hugepages = false;
	machine.memory[0] = (struct machine_memory){ .heap = GB / 4, .heap_free = GB / 4 };
	refused_on(text, &machine, NULL, ENOMEM, " + 200.0 their init()), EAL has 256 MB free of");
	/* two sockets, the worker with all the memory on the one that has it */
	imagine(&machine, 2, 4);
	machine.memory[1] = (struct machine_memory){ 0 };
	refused_on(GEN "numa = 0\n[stage t]\ntype = takes\ninput = gen\nnuma = 1\nmemory = 10M\n",
		&machine, NULL, ENOMEM,
		"+ 10.0 their init()) on socket 1, where EAL can have 0 MB");
	/* as many as it lets go of, and the one that it got */
	plan = plan_of(ring, &pipeline);
	both_free(plan, pipeline);
}

/* A worker that lets go of several is called in front of no stage that may have less room. */
static void
test_calls(void **state)
{
	static const char *const rows[] = { "", "held = 9\n", "let_go = 9\n",
		"held = 9\nlet_go = 9\n", "fanout = 2\n" };
	unsigned int i;

	(void)state;
	imagine(&machine, 1, 1);
	for (i = 0; i < RTE_DIM(rows); i++) {
		struct weir_pipeline *pipeline;
		struct weir_plan *plan;
		char text[200];

		snprintf(text, sizeof(text),
			GEN "[stage t]\ntype = takes\ninput = gen\n%s"
			    "[stage r]\ntype = rooms\ninput = t\n",
			rows[i]);
		pipeline = pipeline_of(text);
		plan = plan_on(pipeline, &machine, NULL);
		assert_true(plan->pairs[0].call);
		assert_int_equal(plan->pairs[1].call, i < 3);
		both_free(plan, pipeline);
	}
}

/* No wait of an lcore is longer than the shortest interval there, nor than its RX ring allows. */
static void
test_waits(void **state)
{
	static const char text[] =
		"[source wan]\ndevice = eth0\nlcores = 1\nidle = sleep\nidle.max = 1ms\n"
		"[stage a]\ntype = takes\ninput = wan\nlcores = 1\ntick = 20us\n"
		"[stage b]\ntype = takes\ninput = a\nlcores = 1\ntick = 10us\n"
		"[stage c]\ntype = takes\ninput = b\nlcores = 2\ntick = 5ms\nidle = sleep\n"
		"idle.max = 1s\n"
		"[stage d]\ntype = pass\ninput = c\nlcores = 3\nidle = sleep\nidle.max = 1s\n"
		"[link b c]\nfull = sleep\nfull.max = 1s\n";
	struct weir_pipeline *pipeline = pipeline_of(text);
	const struct plan_lcore *lcore;
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 1, 4);
	imagine_port(&machine, "eth0", 0, 1);
	plan = plan_on(pipeline, &machine, NULL);
	lcore = plan_lcore(plan, 1);
	assert_int_equal(lcore->tick_ns, 10000);
	assert_string_equal(pipeline->nodes[lcore->tick_node].name, "b");
	assert_int_equal(lcore->bound_ns, 34406);
	assert_int_equal(lcore->idle.max_ns, 10000);
	assert_int_equal(lcore->full.max_ns, 10000);
	assert_true(has_note(plan,
		"[source wan] idle.max = 1ms: lcore 1 waits for no more than 10us, the "
		"tick_interval of 'b'"));
	assert_true(
		has_note(plan, "[link b c] full.max = 1s: lcore 1 waits for no more than 10us"));
	lcore = plan_lcore(plan, 2);
	assert_int_equal(lcore->tick_ns, 5000000);
	assert_int_equal(lcore->idle.max_ns, 5000000);
	lcore = plan_lcore(plan, 3);
	assert_int_equal(lcore->tick_ns, 0);
	assert_int_equal(plan_longest(lcore), UINT64_MAX);
	assert_int_equal(lcore->idle.max_ns, 1000000000);
	weir_plan_free(plan);
	/* the ring's bound is the shorter one */
	machine.ports[0].speed = 100000;
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan_lcore(plan, 1)->idle.max_ns, 3440);
	assert_true(has_note(plan,
		"[source wan] idle.max = 1ms: lcore 1 waits for no more than "
		"3.44us, half of what 1024 RX descriptors"));
	both_free(plan, pipeline);
}

static void
assert_has(const char *text, const char *expected)
{
	if (strstr(text, expected) == NULL)
		fail_msg("'%s' is not in:\n%s", expected, text);
}

#define SHOWN \
	TAKER("lcores = 1-2\nheld = 64\nlet_go = 8\nfanout = 3\nstate = 20k\nmemory = 16M\n" \
	      "tick = 2us\n") \
	"[stage e]\ntype = eve\ninput = t\nbuffer = 64k\n"

static void
test_text(void **state)
{
	struct weir_pipeline *pipeline;
	struct weir_plan *plan = plan_of(SHOWN, &pipeline);
	char *text = weir_plan_show(plan, WEIR_PLAN_TEXT);

	(void)state;
	assert_non_null(text);
	assert_has(text,
		"\nneeds of a worker\n  stage                      held     let go  fan-out      "
		"state     memory     tick\n"
		"  t                            64          8        3      20 kB      16 MB      "
		"2us\n"
		"  e                             0          0        1 ");
	assert_has(text, "      66 kB        -\n");
	assert_has(text,
		"\n      1  launched  exponential       2us  exponential       2us  2us: "
		"tick of t\n");
	assert_has(text, " rings + 0.1 workers + 32.1 their init()\n");
	free(text);
	text = weir_plan_show(plan, WEIR_PLAN_DOT);
	assert_has(text, "[label=\"t[1]\\ntakes\\nholds 64\\n16384 kB\"];");
	assert_has(text, "[label=\"e[0]\\neve\\n66 kB\"];");
	free(text);
	both_free(plan, pipeline);
}

static uint64_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("no number %s", key);
	return (uint64_t)json_integer_value(value);
}

static void
test_json(void **state)
{
	struct weir_pipeline *pipeline;
	struct weir_plan *plan = plan_of(SHOWN, &pipeline);
	char *text = weir_plan_show(plan, WEIR_PLAN_JSON);
	const json_t *stages, *stage, *terms;
	json_t *root;

	(void)state;
	assert_non_null(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	stages = json_object_get(root, "stages");
	assert_int_equal(json_array_size(stages), 2);
	stage = json_array_get(stages, 0);
	assert_string_equal(json_string_value(json_object_get(stage, "node")), "t");
	assert_int_equal(number(stage, "held"), 64);
	assert_int_equal(number(stage, "let_go"), 8);
	assert_int_equal(number(stage, "fanout"), 3);
	assert_int_equal(number(stage, "state_bytes"), 20 << 10);
	assert_int_equal(number(stage, "memory_bytes"), 16 << 20);
	assert_int_equal(number(stage, "tick_interval_ns"), 2000);
	stage = json_array_get(stages, 1);
	assert_int_equal(number(stage, "memory_bytes"), (64 << 10) + WRITER_LINE_MAX);
	terms = json_object_get(root, "memory_terms");
	assert_int_equal(number(terms, "pools") + number(terms, "rings") +
			number(terms, "workers") + number(terms, "stages"),
		number(root, "memory_bytes"));
	assert_int_equal(number(terms, "stages"), (32 << 20) + (64 << 10) + WRITER_LINE_MAX);
	json_decref(root);
	free(text);
	both_free(plan, pipeline);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
