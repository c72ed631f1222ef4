/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Stages of many workers on few lcores, put together at random and changed while they run, out of
 * pools that are smaller than all their rings: they go on, drain, and balance.
 */
#include "rig.h"

#define RUNS 16
#define STAGES_MAX 4
#define WORKERS_MOST 12
#define LINKS_MAX 16
#define CHANGES 12

#define BATCH 20

/* t_batch: keeps what comes, and lets go of all of it once that is as many as it may keep. */
static void
batch_let_go(struct weir_worker *worker, struct stages_state *s, unsigned int n)
{
	weir_unhold(worker, (uint16_t)n);
	weir_forward(worker, 0, s->held, (uint16_t)n);
	s->held_count = (uint16_t)(s->held_count - n);
	memmove(s->held, s->held + n, s->held_count * sizeof(*s->held));
}

static void
batch_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	for (uint16_t i = 0; i < n; i++) {
		if (s->held_count == BATCH)
			batch_let_go(worker, s, BATCH);
		s->held[s->held_count++] = events[i];
		weir_hold(worker, 1);
	}
}

static unsigned int
batch_drain(struct weir_worker *worker, void *state, unsigned int room)
{
	struct stages_state *s = state;

	batch_let_go(worker, s, RTE_MIN(room, (unsigned int)s->held_count));
	return s->held_count;
}

static const struct weir_stage_ops batch_ops = { STAGES_TYPE("t_batch", "lets go in batches"),
	.max_held = BATCH, .init = stages_init, .process = batch_process, .drain = batch_drain,
	.fini = hold_fini };

struct crowd {
	uint64_t random;
	struct rig rig;
	char outputs[2 * STAGES_MAX + 4][24];
	unsigned int output_count;
	char links[LINKS_MAX][64];
	unsigned int link_count;
	unsigned int burst;
};

static unsigned int
draw(struct crowd *crowd, unsigned int n)
{
	return (unsigned int)(testing_random(&crowd->random) >> 16) % n;
}

#define PICK(crowd, ...) \
	(((const char *const[]){ \
		__VA_ARGS__ })[draw(crowd, RTE_DIM(((const char *const[]){ __VA_ARGS__ })))])

static bool
verbose(void)
{
	return getenv("WEIR_TEST_VERBOSE") != NULL;
}

static void __attribute__((format(printf, 2, 3))) line(struct crowd *crowd, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (verbose())
		print_message("%s\n", text);
	rig_section(&crowd->rig, text);
}

static void
add_output(struct crowd *crowd, const char *node, const char *output)
{
	snprintf(crowd->outputs[crowd->output_count++], sizeof(crowd->outputs[0]), "%s%s%s", node,
		*output != '\0' ? "." : "", output);
}

static const char *
draw_policy(struct crowd *crowd, bool lossy)
{
	if (!lossy && draw(crowd, 2) == 0)
		return "block";
	return on_full_names[WEIR_ON_FULL_DROP_NEWEST +
		draw(crowd, WEIR_ON_FULL_MAX - WEIR_ON_FULL_DROP_NEWEST)];
}

/* A fan makes three of one, and there may be one of it for each event that its worker holds. */
static void
add_link(struct crowd *crowd, const char *from, const char *to, bool lossy)
{
	unsigned int ring = RTE_MAX(64u, 3 * crowd->burst) + draw(crowd, 200);
	char size[16];

	assert_true(crowd->link_count < LINKS_MAX);
	snprintf(size, sizeof(size), "%u", ring);
	snprintf(crowd->links[crowd->link_count], sizeof(crowd->links[0]), "link %s %s", from, to);
	line(crowd,
		"%s: ring=%s; spread=%s; on_full=%s; kind=%s; deadline=50us; gap_markers=%s; "
		"high=%s; low=20%%; linger=%u; reserve.0=%u%%; reserve.1=%u%%; block_timeout=%uus",
		crowd->links[crowd->link_count], draw(crowd, 3) == 0 ? "auto" : size,
		PICK(crowd, "flow", "flow", "round-robin", "copy"), draw_policy(crowd, lossy),
		PICK(crowd, "auto", "ring"), PICK(crowd, "on", "off"), PICK(crowd, "50%", "90%"),
		draw(crowd, 2) * draw(crowd, 40), 60 + draw(crowd, 40), 30 + draw(crowd, 30),
		draw(crowd, 4) == 0 ? 100 : 0);
	crowd->link_count++;
}

static void
add_stage(struct crowd *crowd, unsigned int i)
{
	const char *type = PICK(crowd, "t_pass", "t_filter", "t_hold", "t_tight", "t_shut", "t_fan",
		"t_reason", "t_share", "t_batch", "t_batch", "t_again");
	unsigned int first = draw(crowd, crowd->output_count);
	unsigned int second = draw(crowd, crowd->output_count);
	bool again = strcmp(type, "t_again") == 0;
	char name[16], back[16];

	snprintf(name, sizeof(name), "s%u", i);
	snprintf(back, sizeof(back), "b%u", i);
	line(crowd, "stage %s: type=%s; workers=%u; value=5; input=%s%s%s%s%s", name, type,
		1 + draw(crowd, WORKERS_MOST), crowd->outputs[first], first != second ? ", " : "",
		first != second ? crowd->outputs[second] : "", again ? ", " : "",
		again ? back : "");
	add_link(crowd, crowd->outputs[first], name, false);
	if (strcmp(type, "t_filter") == 0) {
		add_output(crowd, name, "match");
		add_output(crowd, name, "rest");
	} else if (again) {
		char from[24];

		snprintf(from, sizeof(from), "%s.again", name);
		line(crowd, "stage %s: type=t_pass; workers=%u; input=%s", back, 1 + draw(crowd, 3),
			from);
		add_link(crowd, from, back, true);
		add_output(crowd, name, "out");
	} else {
		add_output(crowd, name, "");
	}
}

static void
describe(struct crowd *crowd, uint64_t seed)
{
	static const unsigned int bursts[] = { 1, 7, 32, 64 };
	unsigned int stages;

	memset(crowd, 0, sizeof(*crowd));
	crowd->random = seed;
	crowd->rig.pipeline = weir_pipeline_create("crowd", &crowd->rig.error);
	rig_ok(&crowd->rig, crowd->rig.pipeline == NULL);
	crowd->burst = bursts[draw(crowd, RTE_DIM(bursts))];
	line(crowd, "pipeline: burst=%u", crowd->burst);
	line(crowd, "source gen: type=synth; flows=200; sizes=60; queues=%u", 1 + draw(crowd, 6));
	add_output(crowd, "gen", "");
	if (draw(crowd, 2) == 0) {
		line(crowd, "source few: type=synth; flows=50; sizes=60; rate=50k");
		add_output(crowd, "few", "");
	}
	stages = 1 + draw(crowd, STAGES_MAX);
	for (unsigned int i = 0; i < stages; i++)
		add_stage(crowd, i);
	line(crowd, "stage end: type=count; workers=%u; input=gen%s, %s", 1 + draw(crowd, 3),
		strcmp(crowd->outputs[1], "few") == 0 ? ", few" : "",
		crowd->outputs[crowd->output_count - 1]);
}

/* Somewhere between what it cannot do without, and what can be in flight. */
static void
shrink(struct crowd *crowd)
{
	const struct plan_pool *pool = &crowd->rig.plan->pools[0];
	uint64_t sum = plan_pool_sum(pool), least = pool->descriptors + pool->bursts + pool->held;

	weir_plan_free(crowd->rig.plan);
	least = RTE_MAX(least, UINT64_C(64));
	line(crowd, "pool: size=%" PRIu64,
		draw(crowd, 3) == 0 ? least :
				      least + testing_random(&crowd->random) % (sum - least));
}

static void
change(struct crowd *crowd)
{
	const char *link = crowd->links[draw(crowd, crowd->link_count)];
	struct weir_error error;
	char text[128];

	switch (draw(crowd, 6)) {
	case 0:
		snprintf(text, sizeof(text), "%s.linger=%u", link,
			draw(crowd, 2) * draw(crowd, 256));
		break;
	case 1:
		snprintf(text, sizeof(text), "%s.reserve.%u=%u%%", link, draw(crowd, PRIORITIES),
			draw(crowd, 101));
		break;
	case 2:
		snprintf(text, sizeof(text), "%s.gap_markers=%s", link, PICK(crowd, "on", "off"));
		break;
	case 3:
		snprintf(text, sizeof(text), "%s.block_timeout=%uus", link, draw(crowd, 2) * 100);
		break;
	default:
		snprintf(text, sizeof(text), "%s.on_full=%s", link, draw_policy(crowd, false));
	}
	if (weir_engine_set(crowd->rig.engine, text, &error) == 0 && verbose())
		print_message("  %s\n", text);
}

/* False: such a pipeline is refused. */
static bool
checked(struct crowd *crowd)
{
	struct rig *rig = &crowd->rig;

	if (weir_pipeline_check(rig->pipeline, &rig->error) == 0)
		return true;
	if (verbose())
		print_message("refused: %s\n", rig->error.text);
	weir_pipeline_free(rig->pipeline);
	return false;
}

static bool
made(struct crowd *crowd)
{
	struct rig *rig = &crowd->rig;

	rig->engine = weir_engine_create(rig->plan, NULL, &rig->error);
	if (rig->engine != NULL)
		return true;
	if (rig->error.code != EINVAL)
		rig_ok(rig, rig->error.code);
	if (verbose())
		print_message("refused: %s\n", rig->error.text);
	rig_free(rig);
	return false;
}

static bool
run(struct crowd *crowd, uint64_t seed)
{
	const char *lcores;
	struct rig *rig = &crowd->rig;
	bool drains;
	int rc;

	describe(crowd, seed);
	lcores = PICK(crowd, "0", "1", "0-1", "1-2", "1-3", "0-3", "1-7");
	if (verbose())
		print_message("lcores %s\n", lcores);
	if (!checked(crowd))
		return false;
	rig_place(rig, lcores);
	if (draw(crowd, 2) == 0) {
		shrink(crowd);
		rig_place(rig, lcores);
	}
	if (!made(crowd))
		return false;
	rig_start(rig);
	for (unsigned int i = 0; i < CHANGES; i++) {
		rig_wait_received(rig, rig_ledger(rig).received + 1 + draw(crowd, 400));
		change(crowd);
	}
	drains = draw(crowd, 4) > 0;
	rc = weir_engine_stop(rig->engine, drains ? RIG_PATIENCE_MS : draw(crowd, 3));
	if (drains) {
		assert_int_equal(rc, 0);
		assert_int_equal(rig_dropped(rig, "drain_abandoned"), 0);
	}
	assert_int_equal(rig_dropped(rig, "overrun"), 0);
	rig_end(rig);
	return true;
}

static void
test_crowds(void **state)
{
	const char *more = getenv("WEIR_TEST_RUNS");
	unsigned int runs = more != NULL ? (unsigned int)atoi(more) : RUNS, ran = 0;
	uint64_t seed = testing_seed();
	static struct crowd crowd;

	(void)state;
	while (ran < runs) {
		uint64_t its = testing_random(&seed) | 1;

		if (verbose())
			print_message("crowd %u: %#" PRIx64 "\n", ran, its);
		ran += run(&crowd, its);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crowds),
	};
	unsigned int cpus[2];
	char lcores[32];

	rig_cpus(cpus);
	snprintf(lcores, sizeof(lcores), "(0-7)@(%u,%u)", cpus[0], cpus[1]);
	rig_eal_start(lcores);
	if (weir_stage_register(&batch_ops) != 0)
		return 1;
	rte_log_set_level_pattern("lib.weir.*", RTE_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
