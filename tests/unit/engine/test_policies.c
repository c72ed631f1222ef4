/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Every policy between two lcores that are launched: overload, meshes, and cycles. */
#include "rig.h"

#define FLOWS_MAX 4096

/* What came to `t_flows` on any lcore. */
static struct {
	uint64_t prio[WEIR_PRIO_MAX + 1];
	uint64_t markers;
	uint64_t told; /* events that the markers said were lost */
} came;

struct flows_state {
	uint64_t pause; /* us for each burst */
	uint64_t key[FLOWS_MAX];
	uint64_t last[FLOWS_MAX];
};

/* t_number: numbers the events, says by which worker, and gives priorities in turn. */
static void
number_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	for (uint16_t i = 0; i < n; i++) {
		events[i]->user[0] = ++s->count;
		events[i]->user[1] = weir_worker_index(worker);
		events[i]->prio = (uint8_t)(s->count % (WEIR_PRIO_MAX + 1));
	}
	weir_forward(worker, 0, events, n);
}

static int
flows_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	(void)worker;
	(void)error;
	((struct flows_state *)state)->pause = ((const struct stages_conf *)conf)->value;
	return 0;
}

static uint64_t *
flows_last(struct flows_state *s, uint64_t key)
{
	unsigned int at = (unsigned int)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) % FLOWS_MAX;

	while (s->key[at] != 0 && s->key[at] != key)
		at = (at + 1) % FLOWS_MAX;
	s->key[at] = key;
	return &s->last[at];
}

static void
count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* t_flows: within each flow, numbers ascend; takes `value` microseconds for a burst. */
static void
flows_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct flows_state *s = state;

	for (uint16_t i = 0; i < n; i++) {
		const struct weir_event *event = events[i];
		uint64_t *last;

		if (event->type == WEIR_EVENT_GAP) {
			count(&came.markers, 1);
			count(&came.told, event->gap.count);
			continue;
		}
		last = flows_last(s, (uint64_t)event->hash << 8 | (event->user[1] + 1));
		if (event->user[0] <= *last)
			seen_add(&seen.disorder);
		*last = event->user[0];
		count(&came.prio[event->prio], 1);
	}
	if (s->pause > 0)
		usleep((useconds_t)s->pause);
	weir_release(worker, events, n);
}

static const struct weir_stage_ops number_ops = { STAGES_TYPE("t_number", "numbers events"),
	.writes = 1, .init = stages_init, .process = number_process };

static const struct weir_stage_ops flows_ops = { WEIR_STAGE_OPS, .name = "t_flows",
	.help = "looks at the numbers of each flow", .params = stages_params,
	.conf_size = sizeof(struct stages_conf), .state_size = sizeof(struct flows_state),
	.init = flows_init, .process = flows_process };

/* A policy, and for what it drops beside what finds the ring full. */
static const struct policy {
	const char *on_full;
	const char *reason;
} policies[] = {
	{ "block", NULL },
	{ "drop-newest", NULL },
	{ "drop-oldest", "oldest" },
	{ "drop-priority", "low_priority" },
	{ "drop-flow", "flow_shed" },
	{ "drop-late", "late" },
};

static void
overload_counts(struct rig *rig, const struct policy *policy)
{
	struct weir_ledger ledger = rig_ledger(rig);
	uint64_t full = rig_dropped(rig, "ring_full");

	if (strcmp(policy->on_full, "block") == 0) {
		assert_int_equal(ledger.dropped, 0);
		assert_int_equal(ledger.released, ledger.received);
		return;
	}
	assert_true(ledger.dropped > 0);
	assert_true(came.told > 0);
	assert_in_range(came.told, 1, ledger.dropped);
	assert_in_range(came.markers, 1, ledger.created);
	if (policy->reason == NULL) {
		assert_int_equal(ledger.dropped, full);
		return;
	}
	assert_true(rig_dropped(rig, policy->reason) > 0);
	assert_int_equal(ledger.dropped, full + rig_dropped(rig, policy->reason));
	if (strcmp(policy->on_full, "drop-priority") == 0)
		assert_true(came.prio[WEIR_PRIO_MAX] > came.prio[0]);
}

/* More comes than is taken, for long enough for every policy to notice. */
static void
test_overload(void **state)
{
	const uint64_t events = 30000;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(policies); i++) {
		struct rig rig;
		char link[128];

		memset(&came, 0, sizeof(came));
		snprintf(link, sizeof(link),
			"link no end: ring=128; deadline=2ms; gap_markers=on; on_full=%s",
			policies[i].on_full);
		rig_make(&rig, "overload", "1-2", events,
			SECTIONS("source gen: type=synth; flows=200; sizes=60; rate=150k; lcores=1",
				"stage no: type=t_number; input=gen; lcores=1",
				"stage end: type=t_flows; input=no; value=500; workers=2; lcores=2",
				link));
		rig_start(&rig);
		rig_wait(&rig, events);
		rig_stop(&rig);
		overload_counts(&rig, &policies[i]);
		rig_end(&rig);
	}
}

/* The consumer stands still longer than block_timeout: what comes meanwhile is lost, and only that. */
static void
test_block_timeout(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "timeout", "1-2", 20000,
		SECTIONS("source gen: type=synth; flows=200; sizes=60; lcores=1",
			"stage end: type=t_stall; value=300; input=gen; lcores=2",
			"link gen end: ring=64; block_timeout=20ms; gap_markers=on"));
	rig_start(&rig);
	rig_wait(&rig, 20000);
	rig_stop(&rig);
	assert_true(rig_dropped(&rig, "block_timeout") > 0);
	assert_int_equal(rig_dropped(&rig, "block_timeout"), rig_ledger(&rig).dropped);
	rig_end(&rig);
}

/*
 * Three workers into two, by two ways that meet again, all lossless, all rings, and both lcores
 * fill rings of the other: nothing is lost and nothing stands still.
 */
static void
test_diamond(void **state)
{
	const uint64_t events = 60000;
	static const char *const pauses[] = { "0", "20" };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(pauses); i++) {
		struct rig rig;
		char end[128];

		snprintf(end, sizeof(end),
			"stage end: type=t_flows; input=l, r; workers=2; lcores=1-2; value=%s",
			pauses[i]);
		rig_make(&rig, "diamond", "1-2", events,
			SECTIONS("source gen: type=synth; queues=3; flows=300; sizes=60; lcores=1",
				"stage no: type=t_number; input=gen; workers=3; lcores=1-2",
				"stage f: type=t_filter; input=no; workers=3; lcores=1-2",
				"stage l: type=t_pass; input=f.match; workers=2; lcores=1-2",
				"stage r: type=t_pass; input=f.rest; workers=2; lcores=1-2", end,
				"link gen no: kind=ring; ring=64; on_full=block",
				"link no f: kind=ring; ring=64; on_full=block",
				"link f.match l: kind=ring; ring=64; on_full=block",
				"link f.rest r: kind=ring; ring=128; on_full=block",
				"link l end: kind=ring; ring=64; on_full=block",
				"link r end: kind=ring; ring=64; on_full=block"));
		rig_start(&rig);
		rig_wait(&rig, events);
		assert_int_equal(rig_ledger(&rig).dropped, 0);
		rig_stop(&rig);
		assert_int_equal(rig_sum(&rig, "end", released), events);
		rig_end(&rig);
	}
}

/* The same of copies: each event comes by both ways. */
static void
test_diamond_copies(void **state)
{
	const uint64_t events = 30000;
	struct rig rig;

	(void)state;
	rig_make(&rig, "copies", "1-2", events,
		SECTIONS("source gen: type=synth; flows=300; sizes=60; lcores=1",
			"stage a: type=t_pass; input=gen; workers=3; lcores=1-2",
			"stage b: type=t_pass; input=a; workers=2; lcores=1-2",
			"stage c: type=t_pass; input=a; workers=2; lcores=1-2",
			"stage end: type=t_slow; input=b, c; workers=2; lcores=1-2; value=20",
			"link a b: ring=64; on_full=block; spread=copy",
			"link a c: ring=64; on_full=block", "link b end: ring=64; on_full=block",
			"link c end: ring=64; on_full=block"));
	rig_start(&rig);
	rig_wait(&rig, events);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_stop(&rig);
	assert_int_equal(rig_sum(&rig, "end", released), 3 * events);
	rig_end(&rig);
}

#define CYCLE \
	"source gen: type=synth; flows=200; sizes=60; lcores=1", \
		"stage a: type=t_pass; input=gen, b.again; lcores=1", \
		"stage b: type=t_again; input=a; lcores=2", \
		"stage end: type=t_pass; input=b.out; lcores=2"

static void
test_cycle_refused(void **state)
{
	static const char *const sections[] = { CYCLE, NULL };
	struct rig rig;

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.pipeline = weir_pipeline_create("cycle", &rig.error);
	assert_non_null(rig.pipeline);
	for (unsigned int i = 0; sections[i] != NULL; i++)
		rig_section(&rig, sections[i]);
	assert_int_equal(weir_pipeline_check(rig.pipeline, &rig.error), -EINVAL);
	if (strstr(rig.error.text, "a -> b -> a (block)") == NULL)
		fail_msg("%s", rig.error.text);
	rig_free(&rig);
}

/* With a way back that may lose it runs, and drains, whichever lossy policy that has. */
static void
test_cycle_lossy(void **state)
{
	const uint64_t events = 20000;

	(void)state;
	for (unsigned int i = 1; i < RTE_DIM(policies); i++) {
		struct rig rig;
		char link[96];

		snprintf(link, sizeof(link), "link b.again a: ring=64; deadline=1ms; on_full=%s",
			policies[i].on_full);
		rig_make(&rig, "cycle", "1-2", events, SECTIONS(CYCLE, link));
		rig_start(&rig);
		rig_wait(&rig, events);
		rig_stop(&rig);
		assert_int_equal(rig_sum(&rig, "end", released) + rig_ledger(&rig).dropped, events);
		rig_end(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overload),
		cmocka_unit_test(test_block_timeout),
		cmocka_unit_test(test_diamond),
		cmocka_unit_test(test_diamond_copies),
		cmocka_unit_test(test_cycle_refused),
		cmocka_unit_test(test_cycle_lossy),
	};

	rig_eal_init();
	if (weir_stage_register(&number_ops) != 0 || weir_stage_register(&flows_ops) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
