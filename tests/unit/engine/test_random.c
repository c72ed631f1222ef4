/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Pipelines put together at random, stopped at random: the ledger balances at the end of each. */
#include "rig.h"

#define RUNS 40
#define STAGES_MAX 5

/* Lines of the pipeline at hand. */
static char draft_text[16][192];

struct draft {
	uint64_t random;
	const char *sections[17];
	unsigned int count;
	unsigned int stages;
	char outputs[2 * STAGES_MAX + 4][24]; /* what an input may name */
	unsigned int output_count;
	bool ejects; /* by calls, at `out` */
};

static unsigned int
draw(struct draft *draft, unsigned int n)
{
	return (unsigned int)(testing_random(&draft->random) % n);
}

static const char *
pick(struct draft *draft, const char *const *words, unsigned int n)
{
	return words[draw(draft, n)];
}

#define PICK(draft, ...) \
	pick(draft, (const char *const[]){ __VA_ARGS__ }, \
		RTE_DIM(((const char *const[]){ __VA_ARGS__ })))

static char *
draft_line(struct draft *draft)
{
	assert_true(draft->count < RTE_DIM(draft_text));
	draft->sections[draft->count] = draft_text[draft->count];
	return draft_text[draft->count++];
}

static void
draft_output(struct draft *draft, const char *node, const char *output)
{
	snprintf(draft->outputs[draft->output_count++], sizeof(draft->outputs[0]), "%s%s%s", node,
		*output != '\0' ? "." : "", output);
}

static void
draft_link(struct draft *draft, const char *from, const char *to)
{
	snprintf(draft_line(draft), sizeof(draft_text[0]),
		"link %s %s: ring=%u; spread=%s; on_full=%s; kind=%s; deadline=50us; "
		"gap_markers=%s; high=%s; low=20%%; linger=%u",
		from, to, 256 + draw(draft, 600), PICK(draft, "flow", "round-robin", "copy"),
		draw(draft, 2) == 0 ?
			"block" :
			on_full_names[WEIR_ON_FULL_DROP_NEWEST +
				draw(draft, WEIR_ON_FULL_MAX - WEIR_ON_FULL_DROP_NEWEST)],
		PICK(draft, "auto", "ring"), PICK(draft, "on", "off"), PICK(draft, "50%", "90%"),
		draw(draft, 2) * draw(draft, 256));
}

static void
draft_stage(struct draft *draft, unsigned int i)
{
	const char *type = PICK(draft, "t_pass", "t_filter", "t_hold", "t_tight", "t_shut", "t_fan",
		"t_reason", "t_slow", "t_share", "count", "flow");
	unsigned int first = draw(draft, draft->output_count);
	unsigned int second = draw(draft, draft->output_count);
	bool flow = strcmp(type, "flow") == 0;
	bool valued = !flow && strcmp(type, "count") != 0;
	char name[16];

	snprintf(name, sizeof(name), "s%u", i);
	snprintf(draft_line(draft), sizeof(draft_text[0]),
		"stage %s: type=%s; workers=%u; input=%s%s%s%s", name, type, 1 + draw(draft, 4),
		draft->outputs[first], first != second ? ", " : "",
		first != second ? draft->outputs[second] : "",
		valued       ? "; value=20" :
			flow ? "; capacity=40; records=4096" :
			       "");
	if (draw(draft, 2) == 0)
		draft_link(draft, draft->outputs[first], name);
	if (strcmp(type, "t_filter") == 0) {
		draft_output(draft, name, "match");
		draft_output(draft, name, "rest");
	} else if (flow) {
		draft_output(draft, name, "packets");
		draft_output(draft, name, "flows");
	} else {
		draft_output(draft, name, "");
	}
}

static void
draft_make(struct draft *draft, uint64_t seed)
{
	*draft = (struct draft){ .random = seed };
	snprintf(draft_line(draft), sizeof(draft_text[0]), "pipeline: burst=%s",
		PICK(draft, "1", "7", "32", "64"));
	snprintf(draft_line(draft), sizeof(draft_text[0]),
		"source gen: type=synth; flows=50; sizes=60; queues=%u; drop=%s",
		1 + draw(draft, 2), PICK(draft, "trunc_l3", "bad_version"));
	draft_output(draft, "gen", "");
	draft->stages = 1 + draw(draft, STAGES_MAX);
	for (unsigned int i = 0; i < draft->stages; i++)
		draft_stage(draft, i);
	/* Whoever is not read so far, and the source in any case. */
	snprintf(draft_line(draft), sizeof(draft_text[0]), "stage end: type=t_pass; input=gen, %s",
		draft->outputs[1 + draw(draft, draft->output_count - 1)]);
	draft->ejects = draw(draft, 2) == 0;
	if (draft->ejects)
		snprintf(draft_line(draft), sizeof(draft_text[0]),
			"stage out: type=eject; mode=call; events=%s; workers=%u; input=%s",
			PICK(draft, "all", "packets"), 1 + draw(draft, 3),
			draft->outputs[draw(draft, draft->output_count)]);
}

/* What an application takes: most of it. */
static uint16_t
take(void *arg, unsigned int worker, struct weir_event *events[], uint16_t n)
{
	(void)arg;
	(void)worker;
	if (n > 1 && events[0]->hash % 8 == 0)
		n--;
	weir_events_free(events, n);
	return n;
}

static bool
lossless(const struct rig *rig)
{
	for (unsigned int i = 0; i < rig->pipeline->link_count; i++)
		if (rig->pipeline->links[i].conf.on_full != WEIR_ON_FULL_BLOCK)
			return false;
	return true;
}

static void
run_ends(struct draft *draft, struct rig *rig)
{
	bool drains = draw(draft, 3) > 0;
	int rc = weir_engine_stop(rig->engine, drains ? RIG_PATIENCE_MS : draw(draft, 3));

	if (drains) {
		assert_int_equal(rc, 0);
		assert_int_equal(rig_dropped(rig, "drain_abandoned"), 0);
	}
	assert_int_equal(rig_dropped(rig, "overrun"), 0);
	if (lossless(rig))
		assert_int_equal(rig_dropped(rig, "ring_full"), 0);
	rig_end(rig);
}

/* One pipeline; how it is placed, and how far it gets, is random too. False: it was refused. */
static bool
run(struct draft *draft)
{
	const char *lcores = PICK(draft, "0", "1", "0-1", "1-3", "0-3");
	uint64_t events = draw(draft, 2) == 0 ? 3000 : 0;
	struct rig rig;

	rig_describe(&rig, "random", draft->sections);
	rig_place(&rig, lcores);
	rig_create(&rig, events);
	if (draft->ejects)
		rig_ok(&rig, weir_eject_call(rig.engine, "out", take, NULL, &rig.error));
	if (draw(draft, 4) > 0)
		rig_start(&rig);
	if (events != 0 && draw(draft, 2) == 0)
		rig_wait(&rig, events);
	else
		rig_wait_received(&rig, 1 + draw(draft, 2000));
	if (events != 0)
		assert_true(rig_ledger(&rig).received <= events);
	run_ends(draft, &rig);
	return true;
}

static void
test_random(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	for (unsigned int i = 0; i < RUNS; i++) {
		struct draft draft;

		draft_make(&draft, testing_random(&seed) | 1);
		if (getenv("WEIR_TEST_VERBOSE") != NULL)
			for (unsigned int s = 0; s < draft.count; s++)
				print_message("%u: %s\n", i, draft.sections[s]);
		assert_true(run(&draft));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
