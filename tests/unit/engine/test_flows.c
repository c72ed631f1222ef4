/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Stages of flows in an engine: what a state machine is told, what is told of flows, and that all of it balances. */
#include <errno.h>

#include "parse/reshape.h"
#include "rig.h"

#define FRAMES 30000
/* Of the storm; WEIR_TEST_FRAMES=N says how many instead. */
#define STORM_FRAMES 100000

/* What `t_flow` keeps with a flow. */
struct seen_flow {
	uint64_t packets;
	uint8_t state;
	bool begun;
};

/* What it saw, of all flows. */
static struct {
	uint64_t begun;
	uint64_t ended[WEIR_FLOW_REASONS];
	uint64_t packets;
	uint64_t told;
	uint64_t wrong; /* calls that should not have come so */
} flows;

static void
flow_new(struct weir_worker *worker, struct weir_flow *flow, void *user,
	const struct weir_event *event)
{
	struct weir_flow_record record = { .size = sizeof(record) };
	struct seen_flow *own = user;

	flows.wrong += own->begun || own->packets != 0 || own->state != 0;
	flows.wrong += weir_flow_read(worker, flow, &record) != 0 ||
		record.sides[0].packets + record.sides[1].packets != 1 ||
		record.sides[0].bytes + record.sides[1].bytes != event->wire_len;
	flows.wrong += weir_flow_tell(worker, flow, WEIR_EVENT_USER - 1) != -EINVAL;
	flows.wrong += weir_flow_tell(worker, flow, WEIR_EVENT_USER) != 0;
	flows.wrong += weir_flow_tell(worker, flow, WEIR_EVENT_USER) != -ENOBUFS;
	own->begun = true;
	flows.told++;
	flows.begun++;
	*(uint64_t *)weir_flow_worker(worker) += 1;
}

static void
flow_packets(struct weir_worker *worker __rte_unused, struct weir_flow *flow, void *user,
	struct weir_event *const events[], uint16_t n)
{
	struct seen_flow *own = user;

	for (uint16_t i = 0; i < n; i++)
		flows.wrong += !(events[i]->flags & WEIR_EVENT_KEYED) ||
			events[i]->key.proto != flow->key.proto;
	flows.wrong += !own->begun || n == 0;
	own->packets += n;
	flows.packets += n;
}

static void
flow_state(struct weir_worker *worker __rte_unused, struct weir_flow *flow __rte_unused, void *user,
	enum weir_flow_state old, enum weir_flow_state state)
{
	struct seen_flow *own = user;

	flows.wrong += !own->begun || own->state != old || state <= old;
	own->state = (uint8_t)state;
}

static void
flow_end(struct weir_worker *worker, struct weir_flow *flow, void *user,
	enum weir_flow_reason reason)
{
	struct weir_flow_record record = { .size = sizeof(record) };
	struct seen_flow *own = user;

	weir_flow_read(worker, flow, &record);
	flows.wrong += !own->begun || record.state != own->state ||
		record.sides[0].packets + record.sides[1].packets != own->packets;
	flows.ended[reason]++;
	*(uint64_t *)weir_flow_worker(worker) -= 1;
}

static const struct weir_flow_ops t_flow = {
	.size = sizeof(struct weir_flow_ops),
	.name = "t_flow",
	.help = "sees what a state machine is told",
	.user_size = sizeof(struct seen_flow),
	.tells = 1,
	.worker_size = sizeof(uint64_t),
	.on_new = flow_new,
	.on_packets = flow_packets,
	.on_state = flow_state,
	.on_end = flow_end,
};
WEIR_FLOW_STAGE(t_flow)

static struct weir_flow_figures
figures_of(const struct rig *rig)
{
	struct weir_flow_figures figures = WEIR_FLOW_FIGURES_INIT;

	assert_int_equal(weir_ledger_flows(rig->engine, 0, &figures), 0);
	assert_int_equal(weir_ledger_flows(rig->engine, 1, &figures), -ENOENT);
	return figures;
}

static void
refused(const char *key, const char *value, const char *why)
{
	struct weir_error error;
	struct weir_pipeline *pipeline = weir_pipeline_create("refused", &error);
	int rc;

	assert_int_equal(weir_pipeline_set(pipeline, "source in", "type", "synth", &error), 0);
	assert_int_equal(weir_pipeline_set(pipeline, "stage f", "type", "flow", &error), 0);
	assert_int_equal(weir_pipeline_set(pipeline, "stage f", "input", "in", &error), 0);
	rc = weir_pipeline_set(pipeline, "stage f", key, value, &error);
	if (rc == 0)
		rc = weir_pipeline_check(pipeline, &error);
	assert_true(rc < 0);
	if (strstr(error.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", error.text, why);
	weir_pipeline_free(pipeline);
}

static void
test_refuses(void **state __rte_unused)
{
	refused("key", "4-tuple", "expected 5-tuple");
	refused("key", "5-tuple+mac", "'mac' is none");
	refused("key", "5-tuples", "expected 5-tuple");
	refused("events", "new, gone", "'gone' is none");
	refused("capacity", "0", "capacity");
	refused("records", "10", "records");
	refused("on_full", "wait", "evict");
	refused("timeout.tcp", "soon", "timeout.tcp");
}

/* Ops of another weir: a part of what there is, or more than is known here. */
static void
test_sizes(void **state __rte_unused)
{
	struct {
		struct weir_flow_ops ops;
		uint64_t more;
	} other = { .ops = t_flow };
	struct weir_stage_ops stage;

	for (size_t size = 0; size < sizeof(other.ops); size += sizeof(void *)) {
		other.ops.size = size;
		weir_flow_stage(&other.ops, &stage);
		assert_null(stage.name);
		assert_int_equal(weir_stage_register(&stage), -EINVAL);
	}
	other.ops.size = sizeof(other);
	weir_flow_stage(&other.ops, &stage);
	assert_string_equal(stage.name, "t_flow");
	other.more = 1;
	weir_flow_stage(&other.ops, &stage);
	assert_null(stage.name);
}

static int
needs_of(struct weir_flow_ops ops, struct weir_error *error)
{
	struct weir_stage_needs needs = { .size = sizeof(needs) };
	/* No parameter is looked at before what is refused. */
	const char conf[1024] = { 0 };

	return weir_flow_stage_needs(&ops, conf, &needs, error);
}

static void
test_too_much(void **state __rte_unused)
{
	struct weir_flow_ops ops = t_flow;
	struct weir_error error;

	ops.user_size = WEIR_FLOW_OPS_USER_MAX + 1;
	assert_int_equal(needs_of(ops, &error), -EINVAL);
	assert_non_null(strstr(error.text, "at most 2048"));
	ops = t_flow;
	ops.tells = 33;
	assert_int_equal(needs_of(ops, &error), -EINVAL);
	assert_non_null(strstr(error.text, "at most 32"));
}

static uint64_t
all_is_told(const struct rig *rig)
{
	struct weir_flow_figures figures = figures_of(rig);
	uint64_t ended = 0;

	for (unsigned int i = 0; i < WEIR_FLOW_REASONS; i++)
		ended += flows.ended[i];
	assert_int_equal(flows.wrong, 0);
	assert_int_equal(flows.begun, figures.created);
	assert_int_equal(ended, figures.created);
	assert_int_equal(figures.flows, 0);
	assert_int_equal(flows.ended[WEIR_FLOW_EVICTED], figures.ended_evicted);
	assert_int_equal(flows.ended[WEIR_FLOW_DRAIN], figures.ended_drain);
	assert_int_equal(flows.packets + figures.refused + figures.keyless, rig_sum(rig, "f", in));
	assert_int_equal(figures.told, rig_sum(rig, "f", created));
	assert_int_equal(rig_sum(rig, "told", in), figures.told);
	return figures.told;
}

/* One run: a state machine's stage behind a source. How many events told of flows. */
static uint64_t
run(const char *name, const char *lcores, const char *keys, const char *told)
{
	char flow[256];
	struct rig rig;
	uint64_t n;

	memset(&flows, 0, sizeof(flows));
	snprintf(flow, sizeof(flow), "stage f: type=t_flow; input=gen; %s", keys);
	rig_make(&rig, name, lcores, FRAMES,
		SECTIONS(
			"source gen: type=synth; flows=2000; malformed=5%; mix=tcp:60,udp:30,icmp:10",
			flow, "stage end: type=count; input=f.packets", told,
			"link gen f: on_full=block", "link f.packets end: on_full=block",
			"link f.flows told: on_full=block"));
	rig_start(&rig);
	rig_wait_received(&rig, FRAMES);
	rig_stop(&rig);
	n = all_is_told(&rig);
	rig_end(&rig);
	return n;
}

static void
test_told(void **state __rte_unused)
{
	const char *told = "stage told: type=count; input=f.flows";

	run("one", "0", "", told);
	assert_int_equal(flows.ended[WEIR_FLOW_EVICTED], 0);
	run("two", "0,1", "key=5-tuple+vlan+tunnel+port; active=1us", told);
	run("few", "0,1", "capacity=100", told);
	assert_true(flows.ended[WEIR_FLOW_EVICTED] > 0);
	run("refuse", "0", "capacity=100; on_full=refuse", told);
	assert_int_equal(flows.ended[WEIR_FLOW_EVICTED], 0);
	assert_int_equal(flows.begun, 100);
	run("short", "0", "lifetime=1ns; active=0", told);
	assert_true(flows.ended[WEIR_FLOW_ACTIVE] > 0);
}

/* A slow reader of flows presses on what comes before: no record is lost for want of room. */
static void
test_slow(void **state __rte_unused)
{
	uint64_t n = run("slow", "0,1", "capacity=64; records=4096",
		"stage told: type=work; cycles=3000; input=f.flows");

	assert_true(n > 2 * 4096);
}

/* A stop that does not wait: what is left ends as well, and that it was not told of is. */
static void
test_abandoned(void **state __rte_unused)
{
	uint64_t ended = 0;
	struct rig rig;

	memset(&flows, 0, sizeof(flows));
	rig_make(&rig, "abandoned", "0,1", FRAMES,
		SECTIONS("source gen: type=synth; flows=20000", "stage f: type=t_flow; input=gen",
			"stage end: type=count; input=f.packets",
			"stage told: type=work; cycles=100000; input=f.flows",
			"link gen f: on_full=block", "link f.packets end: on_full=block",
			"link f.flows told: on_full=block"));
	rig_start(&rig);
	rig_wait_received(&rig, FRAMES / 8);
	weir_engine_stop(rig.engine, 0);
	for (unsigned int i = 0; i < WEIR_FLOW_REASONS; i++)
		ended += flows.ended[i];
	assert_int_equal(flows.wrong, 0);
	assert_true(flows.begun > 0);
	assert_int_equal(ended, flows.begun);
	assert_int_equal(figures_of(&rig).flows, 0);
	assert_int_equal(figures_of(&rig).ended_drain, flows.ended[WEIR_FLOW_DRAIN]);
	assert_int_equal(weir_engine_failure(rig.engine, 0, &rig.error), 0);
	assert_non_null(strstr(rig.error.text, "flows ended untold"));
	rig_end(&rig);
}

/* Chosen by lot. */
static void
test_random(void **state __rte_unused)
{
	uint64_t seed = testing_seed();
	char keys[160];

	for (unsigned int i = 0; i < 20; i++) {
		snprintf(keys, sizeof(keys),
			"capacity=%u; on_full=%s; active=%uus; lifetime=%uus; "
			"timeout.udp_new=%uus; timeout.tcp_new=%uus",
			(unsigned int)(testing_random(&seed) % 3000 + 1),
			testing_random(&seed) % 2 == 0 ? "evict" : "refuse",
			(unsigned int)(testing_random(&seed) % 3000),
			(unsigned int)(testing_random(&seed) % 3000),
			(unsigned int)(testing_random(&seed) % 2000),
			(unsigned int)(testing_random(&seed) % 2000));
		run("random", testing_random(&seed) % 2 == 0 ? "0" : "0,1", keys,
			"stage told: type=count; input=f.flows");
	}
}

/* A frame like the last one of its kind, in two segments now and then. */
static struct rte_mbuf *
storm_mbuf(struct rte_mempool *pool, struct shaped *frame, uint64_t *seed)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool), *tail;
	uint32_t cut =
		reshape_below(seed, 4) != 0 ? frame->len : reshape_below(seed, frame->len + 1);

	assert_non_null(mbuf);
	if (reshape_below(seed, 32) == 0)
		reshape_make(frame, seed);
	else if (reshape_below(seed, 2) == 0)
		reshape(frame, seed);
	cut = RTE_MIN(cut, frame->len);
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)cut), frame->bytes, cut);
	if (cut == frame->len)
		return mbuf;
	tail = rte_pktmbuf_alloc(pool);
	assert_non_null(tail);
	memcpy(rte_pktmbuf_append(tail, (uint16_t)(frame->len - cut)), frame->bytes + cut,
		frame->len - cut);
	assert_int_equal(rte_pktmbuf_chain(mbuf, tail), 0);
	return mbuf;
}

/* Frames of all kinds, changed at random, through the stage: whatever they are, all of it balances. */
static void
test_storm(void **state __rte_unused)
{
	const char *given = getenv("WEIR_TEST_FRAMES");
	uint64_t n = given != NULL ? strtoull(given, NULL, 0) : STORM_FRAMES;
	struct rte_mempool *pool = weir_pool_create("storm", 8191, 0, 0, 2176, SOCKET_ID_ANY);
	uint64_t seed = testing_seed();
	struct weir_inject *inject;
	struct shaped frames[8];
	struct rig rig;

	assert_non_null(pool);
	memset(&flows, 0, sizeof(flows));
	for (unsigned int i = 0; i < RTE_DIM(frames); i++)
		reshape_make(&frames[i], &seed);
	rig_make(&rig, "storm", "0", 0,
		SECTIONS("source gen: type=inject",
			"stage f: type=t_flow; input=gen; capacity=500; timeout.tcp_new=1ms",
			"stage end: type=count; input=f.packets",
			"stage told: type=count; input=f.flows", "link gen f: on_full=block",
			"link f.packets end: on_full=block", "link f.flows told: on_full=block"));
	inject = weir_inject_open(rig.engine, "gen", &rig.error);
	assert_non_null(inject);
	rig_start(&rig);
	for (uint64_t i = 0; i < n; i++) {
		struct rte_mbuf *mbuf = storm_mbuf(pool, &frames[i % RTE_DIM(frames)], &seed);

		while (weir_inject_packets(inject, &mbuf, 1) == 0)
			rig_pass(&rig);
	}
	rig_wait_received(&rig, n);
	rig_stop(&rig);
	all_is_told(&rig);
	rig_end(&rig);
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_storm),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
