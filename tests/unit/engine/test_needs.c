/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What stages are promised: state by their parameters, room for what they hold, an end. */
#include "rig.h"

#include <rte_malloc.h>

/* Written by workers, read when they have stopped, or by the thread that polls them. */
static struct {
	uint64_t random;    /* of `t_batch`: its lcores may race for it, which is random too */
	char ended[16][16]; /* nodes whose fini() was called, in order */
	unsigned int ends;
} saw;

static uint64_t
saw_random(void)
{
	uint64_t random = __atomic_load_n(&saw.random, __ATOMIC_RELAXED), drawn;

	drawn = testing_random(&random);
	__atomic_store_n(&saw.random, random | 1, __ATOMIC_RELAXED);
	return drawn >> 32;
}

/* t_batch: holds up to `held`, and lets go of all of them at once, at random, each as `fan`. */
struct batch_conf {
	uint64_t held, fan;
};

struct batch_state {
	struct batch_conf conf;
	uint32_t count;
	struct weir_event *held[]; /* conf.held */
};

static const struct weir_param batch_params[] = {
	{ .name = "held",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct batch_conf, held),
		.def = "0",
		.help = "most that it holds" },
	{ .name = "fan",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct batch_conf, fan),
		.def = "1",
		.help = "what it makes of one" },
	{ .name = NULL },
};

static int
batch_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	const struct batch_conf *given = conf;

	(void)error;
	needs->held = (uint32_t)given->held;
	needs->fanout = (uint16_t)given->fan;
	needs->state = sizeof(struct batch_state) + given->held * sizeof(struct weir_event *);
	return 0;
}

static int
batch_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	struct batch_state *batch = state;

	(void)worker;
	(void)error;
	batch->conf = *(const struct batch_conf *)conf;
	return 0;
}

static void
batch_forward(struct weir_worker *worker, const struct batch_state *batch,
	struct weir_event *events[], uint16_t n)
{
	uint16_t more = (uint16_t)(batch->conf.fan - 1);
	struct weir_event *copies[256];

	for (uint16_t i = 0; more > 0 && i < n; i++)
		event_share(events[i], more);
	weir_created(worker, (uint16_t)(n * more));
	for (uint16_t k = 0; k < more; k++) {
		memcpy(copies, events, n * sizeof(*events));
		weir_forward(worker, 0, copies, n);
	}
	weir_forward(worker, 0, events, n);
}

static void
batch_let_go(struct weir_worker *worker, struct batch_state *batch, uint32_t n)
{
	batch->count -= n;
	weir_unhold(worker, (uint16_t)n);
	batch_forward(worker, batch, batch->held + batch->count, (uint16_t)n);
}

static void
batch_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct batch_state *batch = state;
	uint16_t kept = 0;

	while (kept < n && batch->count < batch->conf.held && saw_random() % 128 != 0)
		batch->held[batch->count++] = events[kept++];
	weir_hold(worker, kept);
	if (kept == n)
		return;
	batch_let_go(worker, batch, batch->count);
	batch_forward(worker, batch, events + kept, n - kept);
}

static unsigned int
batch_drain(struct weir_worker *worker, void *state, unsigned int room)
{
	struct batch_state *batch = state;

	batch_let_go(worker, batch, (uint32_t)RTE_MIN(batch->count, room));
	return batch->count;
}

/* t_ends: notes down its end. */
static void
ends_fini(struct weir_worker *worker, void *state)
{
	(void)state;
	snprintf(saw.ended[saw.ends % RTE_DIM(saw.ended)], sizeof(saw.ended[0]), "%s",
		weir_worker_name(worker));
	saw.ends++;
}

/* t_live: holds so many where `value` is beyond 4. */
static const struct weir_param live_params[] = {
	{ .name = "value",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct stages_conf, value),
		.def = "0",
		.help = "what is held",
		.live = 1 },
	{ .name = NULL },
};

static int
live_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	uint64_t value = ((const struct stages_conf *)conf)->value;

	if (value == 9)
		return weir_error_set(error, EINVAL, "9 is too many");
	needs->held = value > 4 ? (uint32_t)value : 0;
	return 0;
}

static void
live_set(struct weir_worker *worker, void *state, const void *conf)
{
	(void)worker;
	((struct stages_state *)state)->value = ((const struct stages_conf *)conf)->value;
}

static const struct weir_stage_ops ops[] = {
	{ WEIR_STAGE_OPS, .name = "t_batch", .params = batch_params,
		.conf_size = sizeof(struct batch_conf), .init = batch_init,
		.process = batch_process, .drain = batch_drain, .needs = batch_needs },
	{ STAGES_TYPE("t_ends", "ends"), .init = stages_init, .process = pass_process,
		.fini = ends_fini },
	{ WEIR_STAGE_OPS, .name = "t_live", .params = live_params,
		.conf_size = sizeof(struct stages_conf), .state_size = sizeof(struct stages_state),
		.init = stages_init, .process = pass_process, .set = live_set,
		.needs = live_needs },
};

/* State is as large as the parameters make it. */
static void
test_state(void **state)
{
	static const size_t sizes[] = { 0, 1, 10000 };
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		char stage[64];
		size_t size = 0;

		snprintf(stage, sizeof(stage), "stage b: type=t_batch; input=gen; held=%zu",
			sizes[i]);
		rig_make(&rig, "sized", "0", 0,
			SECTIONS("source gen: type=synth; flows=10", stage));
		assert_int_equal(rte_malloc_validate(rig.engine->seats[1].worker->state, &size), 0);
		assert_true(size >= sizeof(struct batch_state) + sizes[i] * sizeof(void *));
		rig_stop(&rig);
		rig_end(&rig);
	}
}

/* Fan-outs of stages that call each other multiply to more than a word holds: 2^32, and 2^32 + 2^17. */
static void
test_fans(void **state)
{
	static const unsigned int fans[][3] = { { 32768, 512, 256 }, { 32769, 512, 256 } };
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(fans); i++) {
		char lines[3][64];

		for (unsigned int k = 0; k < 3; k++)
			snprintf(lines[k], sizeof(lines[k]),
				"stage %c: type=t_batch; input=%s; fan=%u; lcores=1", 'a' + (int)k,
				k == 0         ? "gen" :
					k == 1 ? "a" :
						 "b",
				fans[i][k]);
		rig_describe(&rig, "fans",
			SECTIONS("pipeline: burst=1", "pool: data_room=256",
				"source gen: type=synth; flows=10; sizes=60; lcores=1", lines[0],
				lines[1], lines[2], "stage end: type=t_pass; input=c; lcores=2",
				"link a b: ring=64k", "link b c: ring=64k",
				"link c end: ring=128k"));
		rig_place(&rig, "1-2");
		assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
		assert_int_equal(rig.error.code, EINVAL);
		assert_non_null(strstr(rig.error.text, "raise `ring`"));
		rig_free(&rig);
	}
}

struct batches {
	unsigned int burst, held[2], fan[2], slow;
	bool called; /* the second from the first */
};

/* The least ring behind two stages that hold: the second gets what the first lets go of, too. */
static unsigned int
batches_least(const struct batches *b)
{
	unsigned int fan = b->called ? b->fan[0] * b->fan[1] : b->fan[1];
	unsigned int least = fan + b->held[1] * b->fan[1];

	if (b->called)
		least += b->held[0] * fan;
	return RTE_MAX(RTE_MAX(least, b->burst * b->fan[1]), 64u);
}

static void
batches_describe(struct rig *rig, const struct batches *b, unsigned int ring)
{
	char lines[5][128];

	snprintf(lines[0], sizeof(lines[0]), "pipeline: burst=%u", b->burst);
	snprintf(lines[1], sizeof(lines[1]),
		"stage a: type=t_batch; input=gen; held=%u; fan=%u; lcores=1", b->held[0],
		b->fan[0]);
	snprintf(lines[2], sizeof(lines[2]),
		"stage b: type=t_batch; input=a; held=%u; fan=%u; lcores=%u", b->held[1], b->fan[1],
		b->called ? 1 : 2);
	snprintf(lines[3], sizeof(lines[3]), "link b end: ring=%u", ring);
	snprintf(lines[4], sizeof(lines[4]), "link a b: ring=%u",
		RTE_MAX(RTE_MAX((b->held[0] + 1), b->burst) * b->fan[0], 64u));
	rig_describe(rig, "batches",
		SECTIONS(lines[0], "source gen: type=synth; flows=50; sizes=60; lcores=1", lines[1],
			lines[2],
			b->slow ? "stage end: type=t_slow; input=b; value=50; lcores=3" :
				  "stage end: type=t_shut; input=b; value=300; lcores=3",
			lines[3], lines[4]));
	rig_place(rig, "1-3");
}

/* Nothing is lost, and nobody waits for good: the ring is as small as it may be. */
static void
batches_run(const struct batches *b, uint64_t events)
{
	unsigned int least = batches_least(b);
	struct rig rig;

	print_message("burst %u, held %u and %u, fan %u and %u, %s, ring %u\n", b->burst,
		b->held[0], b->held[1], b->fan[0], b->fan[1], b->called ? "call" : "ring", least);
	if (b->called && least > 64 && least - 1 >= b->burst * b->fan[1] &&
		least - 1 >= (b->held[1] + 1) * b->fan[1]) {
		batches_describe(&rig, b, least - 1);
		assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
		assert_int_equal(rig.error.code, EINVAL);
		assert_non_null(strstr(rig.error.text, "raise `ring`"));
		rig_free(&rig);
	}
	batches_describe(&rig, b, least);
	rig_create(&rig, events);
	rig_start(&rig);
	rig_wait_received(&rig, events);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).received, events);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	assert_int_equal(rig_sum(&rig, "end", in), events * b->fan[0] * b->fan[1]);
	rig_end(&rig);
}

static void
test_batches(void **state)
{
	static const unsigned int bursts[] = { 1, 7, 32, 64 };
	uint64_t random = testing_seed();

	(void)state;
	saw.random = random;
	batches_run(&(struct batches){ 32, { 64, 0 }, { 1, 1 }, 1, true }, 5000);
	batches_run(&(struct batches){ 1, { 64, 64 }, { 3, 2 }, 0, true }, 5000);
	batches_run(&(struct batches){ 32, { 0, 64 }, { 2, 1 }, 0, false }, 5000);
	for (unsigned int i = 0; i < 24; i++) {
		struct batches b = { .burst = bursts[testing_random(&random) % RTE_DIM(bursts)] };

		for (unsigned int k = 0; k < 2; k++) {
			b.held[k] = (unsigned int)(testing_random(&random) % 200);
			b.fan[k] = 1 + (unsigned int)(testing_random(&random) % 3);
		}
		b.slow = testing_random(&random) >> 63 & 1;
		b.called = testing_random(&random) >> 62 & 1;
		batches_run(&b, 1000 + testing_random(&random) % 3000);
	}
}

static void
saw_nothing(void)
{
	memset(&saw, 0, sizeof(saw));
}

static unsigned int
place_ended(const char *node)
{
	unsigned int i = 0;

	while (i < saw.ends && strcmp(saw.ended[i], node) != 0)
		i++;
	return i;
}

/* Within stop, consumers before their producers, in whatever order they are described. */
static void
test_fini(void **state)
{
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		saw_nothing();
		rig_make(&rig, "ends", i == 0 ? "0" : "1-3", 0,
			SECTIONS("stage d: type=t_ends; input=b, c",
				"stage b: type=t_ends; input=a", "stage e: type=t_ends; input=d, a",
				"stage a: type=t_ends; input=gen; workers=2",
				"source gen: type=synth; flows=10",
				"stage c: type=t_ends; input=a"));
		if (i == 1)
			rig_start(&rig);
		assert_int_equal(saw.ends, 0);
		rig_stop(&rig);
		assert_int_equal(saw.ends, 6);
		assert_int_equal(place_ended("e"), 0);
		assert_int_equal(place_ended("d"), 1);
		assert_true(place_ended("b") < place_ended("a"));
		assert_true(place_ended("c") < place_ended("a"));
		rig_end(&rig);
		assert_int_equal(saw.ends, 6);
	}
}

/* Of an lcore that does not return nobody ends, until it does. */
static void
test_fini_stuck(void **state)
{
	struct rig rig;

	(void)state;
	saw_nothing();
	seen.stuck = seen.let_go = 0;
	rig_make(&rig, "sticks", "1-3", 0,
		SECTIONS("source gen: type=synth; flows=10; lcores=1",
			"stage a: type=t_ends; input=gen; lcores=2",
			"stage s: type=t_stick; input=a; lcores=2",
			"stage b: type=t_ends; input=s; lcores=3"));
	rig_start(&rig);
	while (seen_read(&seen.stuck) == 0)
		usleep(100);
	assert_int_equal(weir_engine_stop(rig.engine, 1), -ETIMEDOUT);
	assert_int_equal(saw.ends, 1);
	assert_string_equal(saw.ended[0], "b");
	__atomic_store_n(&seen.let_go, 1, __ATOMIC_RELAXED);
	assert_int_equal(weir_engine_stop(rig.engine, RIG_PATIENCE_MS), 0);
	assert_int_equal(saw.ends, 2);
	assert_string_equal(saw.ended[1], "a");
	rig_end(&rig);
}

static void
live_refused(struct rig *rig, const char *assignment, const char *why)
{
	assert_int_equal(weir_engine_set(rig->engine, assignment, &rig->error), -EINVAL);
	assert_string_equal(rig->error.text, why);
}

/* What was given to workers stays as it is. */
static void
test_live(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "lives", "0", 0,
		SECTIONS("source gen: type=synth; flows=10", "stage l: type=t_live; input=gen"));
	live_refused(&rig, "l.value=5",
		"[stage l] what its workers need would change, and was given to them at the start: "
		"stop it, set the key, start again");
	live_refused(&rig, "l.value=9", "[stage l] 9 is too many");
	rig_ok(&rig, weir_engine_set(rig.engine, "l.value=4", &rig.error));
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_fans),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_fini),
		cmocka_unit_test(test_fini_stuck),
		cmocka_unit_test(test_live),
	};

	rig_eal_init();
	for (unsigned int i = 0; i < RTE_DIM(ops); i++)
		if (weir_stage_register(&ops[i]) != 0)
			return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
