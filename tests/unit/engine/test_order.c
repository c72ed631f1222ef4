/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Everything public that needs no port, called in any order by a seeded machine. Every result is one that
 * its header names, and what is made of what decides which. WEIR_TEST_CALLS: how many calls; 6000.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "order_life.h"
#include "telemetry/ask.h"

#define CALLS 6000

static void
call_inject_open(struct order *o)
{
	static const char *const names[] = { "app", "app", "app", "gen", "mid", "nobody", "" };
	struct known_engine *e = any_engine(o);
	struct weir_inject *inject;

	if (e != NULL && e->inject_count == INJECTS)
		return;
	rte_errno = 0;
	inject = weir_inject_open(e != NULL ? e->handle : NULL,
		one_in(o, 16) ? NULL : names[below(o, RTE_DIM(names))], error_or_null(o));
	if (inject != NULL)
		e->injects[e->inject_count++] = inject;
	else
		AMONG(o, "weir_inject_open()", -rte_errno, -ENOENT, -EBUSY, -EINVAL);
}

static void
inject_result(struct order *o, struct weir_inject *inject, unsigned int taken, unsigned int n)
{
	assert_true(taken <= n);
	o->injected += taken;
	if (taken < n)
		AMONG(o, "an inject", -rte_errno, -ENOBUFS, -EINVAL, -ESHUTDOWN);
	if (inject == NULL)
		assert_int_equal(taken, 0);
}

/* What is not taken is still the caller's. */
static void
call_inject(struct order *o)
{
	struct known_engine *e = any_engine(o);
	struct weir_inject *inject = e != NULL && e->inject_count > 0 && !one_in(o, 16) ?
		e->injects[below(o, e->inject_count)] :
		NULL;
	struct weir_event *events[40];
	struct rte_mbuf *mbufs[40];
	unsigned int n = below(o, 40), taken;
	bool whole = one_in(o, 2);

	if (rte_pktmbuf_alloc_bulk(o->pool, mbufs, n) != 0)
		return;
	for (unsigned int i = 0; i < n; i++) {
		if (!whole && one_in(o, 40)) {
			rte_pktmbuf_free(mbufs[i]);
			mbufs[i] = rte_pktmbuf_alloc(o->bare);
			assert_non_null(mbufs[i]);
		}
		rte_pktmbuf_append(mbufs[i], 60);
		events[i] = weir_mbuf_event(mbufs[i]);
		if (!whole)
			continue;
		memset(events[i], 0, sizeof(*events[i]));
		events[i]->flags = weir_mbuf_mark(mbufs[i]);
	}
	rte_errno = 0;
	taken = whole ? weir_inject_events(inject, events, (uint16_t)n) :
			weir_inject_packets(inject, mbufs, (uint16_t)n);
	inject_result(o, inject, taken, n);
	rte_pktmbuf_free_bulk(mbufs + taken, n - taken);
}

union any_figures {
	size_t size;
	char bytes[4096];
};

static void
call_figures(struct order *o)
{
	static union any_figures figures, sum;
	struct weir_engine *engine = any_engine_handle(o);
	unsigned int noun = below(o, WEIR_NOUN_MAX + 2), row = below(o, 40);
	const struct weir_figure *figure = weir_figure(noun, row);
	struct weir_value value;
	int rc;

	figures.size = one_in(o, 4) ? below(o, 30) * 8 : sizeof(figures);
	sum = (union any_figures){ .size = sizeof(sum) };
	rc = weir_figures_read(engine, noun, one_in(o, 16) ? UINT_MAX : below(o, 8),
		one_in(o, 32) ? NULL : &figures);
	AMONG(o, "weir_figures_read()", rc, 0, -ENOENT, -ENODATA, -EINVAL);
	if (noun < WEIR_NOUN_MAX && engine == NULL)
		assert_int_equal(rc, -EINVAL);
	if (rc != 0)
		return;
	AMONG(o, "weir_figures_add()", weir_figures_add(noun, &sum, &figures), 0);
	if (figure != NULL)
		AMONG(o, "weir_figure_value()", weir_figure_value(figure, &figures, &value), 0,
			-ENODATA);
	o->calls += 3;
}

static void
call_drops(struct order *o)
{
	struct weir_engine *engine = any_engine_handle(o);
	const char *reason;
	uint64_t count;

	AMONG(o, "weir_ledger_drop()", weir_ledger_drop(engine, below(o, 30), &reason, &count), 0,
		-ENOENT, -EINVAL);
	AMONG(o, "weir_ledger_link_drop()",
		weir_ledger_link_drop(engine, below(o, 4), below(o, 12), &reason, &count), 0,
		-ENOENT, -EINVAL);
	weir_ledger_flow_seed(engine);
	o->calls += 2;
}

static void
call_report(struct order *o)
{
	struct weir_engine *engine = any_engine_handle(o);
	char *report = weir_report(engine);

	assert_int_equal(report == NULL, engine == NULL);
	free(report);
}

static void
call_telemetry(struct order *o)
{
	static const char *const nouns[] = { "list", "ledger", "nodes", "links", "ports", "pools",
		"plan", "watch", "set", "nonsense" };
	static const char *const names[] = { "", "one", "two", "nobody" };
	char command[512], buf[256];

	if (o->telemetry < 0)
		return;
	snprintf(command, sizeof(command), "/weir/%s,%s,%s", nouns[below(o, RTE_DIM(nouns))],
		names[below(o, RTE_DIM(names))],
		one_in(o, 2) ? any_value(o) : any_assignment(o, buf, sizeof(buf)));
	json_decref(ask_on(o->telemetry, command));
}

static void
call_flow_create(struct order *o)
{
	CONF_ROOM(weir_flow_conf) room = { .bytes = { 0 } };
	struct weir_flow_conf *conf = &room.conf;
	struct weir_flow_table *table;

	*conf = WEIR_FLOW_CONF_INIT;
	conf->capacity = one_in(o, 8) ? 0 : 1 + below(o, 200);
	conf->user_size = one_in(o, 8) ? WEIR_FLOW_USER_MAX + 1 : below(o, 200);
	conf->socket = SOCKET_ID_ANY;
	conf->on_full = (uint8_t)below(o, one_in(o, 8) ? 3 : 2);
	conf->idle[0] = below(o, 2) * WEIR_FLOW_STEP_NS;
	conf->idle[1] = 4 * WEIR_FLOW_STEP_NS;
	conf->embryonic = 1;
	conf->ends[1] = (uint8_t)below(o, one_in(o, 8) ? 8 : WEIR_FLOW_REASONS);
	any_size(o, &conf->size, room.bytes, sizeof(*conf));
	weir_flow_table_free(o->table);
	rte_errno = 0;
	table = weir_flow_table_create(one_in(o, 16) ? NULL : conf, error_or_null(o));
	if (table == NULL)
		AMONG(o, "weir_flow_table_create()", -rte_errno, -EINVAL, -E2BIG, -ENOMEM);
	else
		assert_true(weir_flow_memory(conf) > 0);
	o->table = table;
	o->now = WEIR_FLOW_STEP_NS;
	o->calls += 2;
}

/* Right after they were found, before anything else may end them. */
static void
flow_touch(struct order *o, struct weir_flow *flow)
{
	switch (below(o, 5)) {
	case 0:
		weir_flow_set_life(o->table, flow, (uint8_t)below(o, 2));
		break;
	case 1:
		weir_flow_renew(o->table, flow, WEIR_FLOW_FIN, o->now);
		break;
	case 2:
		weir_flow_end(o->table, flow, WEIR_FLOW_RST);
		break;
	case 3:
		weir_flow_overdue(o->table, flow, o->now);
		break;
	default:
		flow->last = o->now;
	}
}

static void
call_flow_lookup(struct order *o)
{
	struct weir_flow_burst burst = WEIR_FLOW_BURST_INIT;
	struct weir_key keys[WEIR_FLOW_BURST];

	if (o->table == NULL)
		return;
	memset(keys, 0, sizeof(keys));
	burst.now = o->now;
	burst.n = (uint16_t)below(o, WEIR_FLOW_BURST + 1);
	for (uint16_t i = 0; i < burst.n; i++) {
		keys[i].sport = (uint16_t)below(o, 400);
		keys[i].proto = 17;
		keys[i].ip_version = 4;
		burst.keys[i] = &keys[i];
		burst.hashes[i] = weir_key_hash(NULL, &keys[i]);
		burst.lives[i] = (uint8_t)below(o, 2);
	}
	weir_flow_lookup(o->table, &burst);
	if (burst.n > 0 && burst.flows[0] != NULL)
		flow_touch(o, burst.flows[0]);
	o->calls += burst.n + 1;
}

static void
call_flow_time(struct order *o)
{
	struct weir_flow_stats stats = WEIR_FLOW_STATS_INIT;

	if (one_in(o, 4))
		stats.size = below(o, 30) * 8;
	AMONG(o, "weir_flow_stats()", weir_flow_stats(o->table, one_in(o, 16) ? NULL : &stats), 0,
		-EINVAL);
	if (o->table == NULL)
		return;
	o->now += below(o, 3) * WEIR_FLOW_STEP_NS;
	if (one_in(o, 32))
		weir_flow_rewind(o->table, o->now = below(o, 100) * WEIR_FLOW_STEP_NS);
	else if (one_in(o, 32))
		weir_flow_drain(o->table, 1 + below(o, 100));
	else
		weir_flow_expire(o->table, o->now, 1 + below(o, 100));
	o->calls++;
}

static void
call_tables(struct order *o)
{
	struct weir_vxlan_ports ports;
	uint16_t list[] = { (uint16_t)below(o, 5000), (uint16_t)below(o, 5000), 4789 };
	struct weir_stage_ops ops = { WEIR_STAGE_OPS, .name = one_in(o, 2) ? "count" : NULL };
	unsigned int i = below(o, 40);

	weir_noun_name(i);
	weir_unit_name(i);
	weir_figure_kind_name(i);
	weir_latency_name(i);
	weir_verdict_name(i);
	weir_tunnel_name(i);
	weir_flow_reason_name(i);
	weir_flow_state_name(i);
	weir_source_type(i);
	AMONG(o, "weir_vxlan_ports_init()", weir_vxlan_ports_init(&ports, list, below(o, 4)), 0,
		-EINVAL);
	AMONG(o, "weir_stage_register()", weir_stage_register(&ops), -EINVAL);
	assert_ptr_equal(weir_stage_find("count"), weir_stage_find("count"));
	o->calls += 12;
}

static const struct {
	void (*call)(struct order *o);
	unsigned int weight;
} machine[] = {
	{ call_pipeline_create, 8 },
	{ call_pipeline_load, 2 },
	{ call_pipeline_set, 10 },
	{ call_pipeline_set_text, 10 },
	{ call_pipeline_check, 8 },
	{ call_pipeline_free, 5 },
	{ call_plan_create, 10 },
	{ call_plan_show, 3 },
	{ call_plan_free, 5 },
	{ call_preflight, 1 },
	{ call_engine_create, 10 },
	{ call_engine_start, 4 },
	{ call_worker_poll, 60 },
	{ call_worker_run, 10 },
	{ call_engine_set, 20 },
	{ call_stop_request, 4 },
	{ call_engine_stop, 2 },
	{ call_engine_destroy, 3 },
	{ call_engine_look, 20 },
	{ call_inject_open, 8 },
	{ call_inject, 30 },
	{ call_figures, 60 },
	{ call_drops, 10 },
	{ call_report, 2 },
	{ call_telemetry, 8 },
	{ call_flow_create, 4 },
	{ call_flow_lookup, 20 },
	{ call_flow_time, 20 },
	{ call_tables, 8 },
};

static void
order_step(struct order *o)
{
	unsigned int all = 0, at;

	for (unsigned int i = 0; i < RTE_DIM(machine); i++)
		all += machine[i].weight;
	at = below(o, all);
	for (unsigned int i = 0; i < RTE_DIM(machine); i++) {
		if (at < machine[i].weight) {
			o->calls++;
			machine[i].call(o);
			return;
		}
		at -= machine[i].weight;
	}
}

/* In any order: what others keep stays until they go. */
static void
order_end(struct order *o)
{
	for (unsigned int i = 0; i < PIPELINES; i++)
		if (o->pipelines[i].owned)
			weir_pipeline_free(o->pipelines[i].handle);
	for (unsigned int i = 0; i < PLANS; i++)
		if (o->plans[i].handle != NULL && o->plans[i].owned)
			weir_plan_free(o->plans[i].handle);
	for (unsigned int i = 0; i < ENGINES; i++)
		assert_int_equal(weir_engine_destroy(o->engines[i].handle), 0);
	weir_flow_table_free(o->table);
	testing_pool_is_full(o->pool);
	testing_pool_is_full(o->bare);
	rte_mempool_free(o->pool);
	rte_mempool_free(o->bare);
	close(o->telemetry);
}

static void
test_order(void **state)
{
	static struct order order;
	struct order *o = &order;
	const char *given = getenv("WEIR_TEST_CALLS");
	uint64_t calls = given != NULL ? strtoull(given, NULL, 0) : CALLS;
	FILE *quiet = fopen("/dev/null", "w");

	(void)state;
	o->random = testing_seed();
	o->pool = weir_pool_create("order", 4095, 0, 0, 256, SOCKET_ID_ANY);
	o->bare = rte_pktmbuf_pool_create("bare", 127, 0, 0, 256, SOCKET_ID_ANY);
	assert_non_null(o->pool);
	assert_non_null(o->bare);
	o->telemetry = telemetry_connect();
	rte_openlog_stream(quiet);
	while (o->calls < calls)
		order_step(o);
	order_end(o);
	rte_openlog_stream(NULL);
	fclose(quiet);
	print_message("%" PRIu64 " calls: %" PRIu64 " plans, %" PRIu64 " engines, %" PRIu64
		      " started, %" PRIu64 " events handed in\n",
		o->calls, o->planned, o->made, o->started, o->injected);
}

/* Away from where it was started: what is written by a name that the machine drew goes with it. */
static void
order_folder(char *folder)
{
	FILE *file;

	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		exit(1);
	file = fopen("order.ini", "w");
	if (file == NULL)
		exit(1);
	fputs("[pipeline]\nname = two\n[pool]\ncache = 0\ndata_room = 256\n[source gen]\ntype = synth\nrate = 10k\nsizes = 64\nidle = sleep\n"
	      "[stage mid]\ntype = flow\ninput = gen\ncapacity = 64\n[stage end]\ntype = count\n"
	      "input = mid.packets\n",
		file);
	fclose(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order) };
	char folder[] = "/tmp/weir-order-XXXXXX";
	int rc;

	order_folder(folder);
	rig_eal_init();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	(void)!system("rm -rf \"$PWD\"");
	return rc;
}
