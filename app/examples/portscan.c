/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * portscan: a flow table in a stage type of one's own. Packets of an address that has more than `most` flows
 * under way which nobody has answered go to the output `scanner`, all others to `rest`.
 *
 *     cc -shared -fPIC -o libportscan.so portscan.c $(pkg-config --cflags --libs weir)
 *     weir -d ./libportscan.so -- -c FILE
 *
 * A flow is alone until a packet comes back, and forgotten after ten seconds without one; one that was
 * answered after a minute. Addresses are counted by a hash of them: two may share a count.
 */
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_hash_crc.h>

#include <weir/flow.h>
#include <weir/stage.h>

enum { SCANNER, REST };
enum { ALONE, ANSWERED };

#define SOURCES 65536
#define SECOND UINT64_C(1000000000)

struct portscan_conf {
	uint64_t flows;
	uint64_t most;
};

/* Of one worker: no other thread reads or writes it. */
struct portscan_state {
	struct weir_flow_table *table;
	uint64_t most;
	uint32_t alone[SOURCES]; /* flows of a source that nobody has answered */
};

static const struct weir_param portscan_params[] = {
	{ .name = "flows",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct portscan_conf, flows),
		.min = 1,
		.max = WEIR_FLOW_CAPACITY_MAX,
		.def = "100000",
		.help = "most flows that a worker knows" },
	{ .name = "most",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct portscan_conf, most),
		.max = UINT32_MAX,
		.def = "100",
		.help = "flows without an answer that an address may have" },
	{ .name = NULL },
};

static uint32_t *
alone_of(struct portscan_state *scan, const struct weir_flow *flow)
{
	return &scan->alone[rte_hash_crc(flow->key.src, sizeof(flow->key.src), 0) % SOURCES];
}

static void
portscan_end(void *arg, struct weir_flow *flow, enum weir_flow_reason reason __rte_unused)
{
	if (flow->life == ALONE)
		--*alone_of(arg, flow);
}

static struct weir_flow_conf
portscan_table(const struct portscan_conf *conf)
{
	struct weir_flow_conf table = WEIR_FLOW_CONF_INIT;

	table.name = "portscan";
	table.capacity = (uint32_t)conf->flows;
	table.embryonic = 1 << ALONE;
	table.idle[ALONE] = 10 * SECOND;
	table.idle[ANSWERED] = 60 * SECOND;
	table.on_end = portscan_end;
	return table;
}

static int
portscan_needs(const void *conf, struct weir_stage_needs *needs,
	struct weir_error *error __rte_unused)
{
	struct weir_flow_conf table = portscan_table(conf);

	needs->memory = weir_flow_memory(&table);
	return 0;
}

static int
portscan_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	struct weir_flow_conf table = portscan_table(conf);
	struct portscan_state *scan = state;

	table.socket = weir_worker_socket(worker);
	table.arg = scan;
	scan->most = ((const struct portscan_conf *)conf)->most;
	scan->table = weir_flow_table_create(&table, error);
	return scan->table != NULL ? 0 : -rte_errno;
}

static uint64_t
time_of(const struct weir_event *event)
{
	if (event->flags & WEIR_EVENT_WIRE_TIME)
		return event->wire_ns;
	return (uint64_t)((double)event->tsc / (double)rte_get_tsc_hz() * 1e9);
}

/* What a packet means for its flow; which output it goes to. */
static unsigned int
portscan_packet(struct portscan_state *scan, struct weir_flow *flow, uint64_t now, bool created,
	bool reversed)
{
	uint32_t *alone = alone_of(scan, flow);

	flow->last = RTE_MAX(flow->last, now);
	*alone += created;
	if (reversed && flow->life == ALONE) {
		--*alone;
		weir_flow_set_life(scan->table, flow, ANSWERED);
	}
	return !reversed && *alone > scan->most ? SCANNER : REST;
}

/* Look up those that have a key; all others go to `rest`. */
static void
portscan_burst(struct weir_worker *worker, struct portscan_state *scan,
	struct weir_event *const events[], uint16_t n)
{
	struct weir_flow_burst burst = { .size = sizeof(burst), .now = time_of(events[0]) };
	struct weir_event *out[2][WEIR_FLOW_BURST], *keyed[WEIR_FLOW_BURST];
	uint16_t counts[2] = { 0, 0 };

	for (uint16_t i = 0; i < n; i++) {
		if (!(events[i]->flags & WEIR_EVENT_KEYED)) {
			out[REST][counts[REST]++] = events[i];
			continue;
		}
		keyed[burst.n] = events[i];
		burst.keys[burst.n] = &events[i]->key;
		burst.hashes[burst.n++] = events[i]->hash;
	}
	weir_flow_lookup(scan->table, &burst);
	for (uint16_t i = 0; i < burst.n; i++) {
		unsigned int to = REST;

		if (burst.flows[i] != NULL)
			to = portscan_packet(scan, burst.flows[i], time_of(keyed[i]),
				burst.created >> i & 1, burst.reversed >> i & 1);
		out[to][counts[to]++] = keyed[i];
	}
	weir_forward(worker, SCANNER, out[SCANNER], counts[SCANNER]);
	weir_forward(worker, REST, out[REST], counts[REST]);
	weir_flow_expire(scan->table, burst.now, 2 * WEIR_FLOW_BURST);
}

static void
portscan_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i += WEIR_FLOW_BURST)
		portscan_burst(worker, state, events + i,
			(uint16_t)RTE_MIN(n - i, WEIR_FLOW_BURST));
}

static void
portscan_fini(struct weir_worker *worker __rte_unused, void *state)
{
	struct portscan_state *scan = state;

	weir_flow_table_free(scan->table);
}

static const struct weir_stage_ops portscan_ops = {
	WEIR_STAGE_OPS,
	.name = "portscan",
	.help = "sends packets of who has many flows without an answer to `scanner`",
	.params = portscan_params,
	.conf_size = sizeof(struct portscan_conf),
	.state_size = sizeof(struct portscan_state),
	.outputs = (const char *const[]){ "scanner", "rest", NULL },
	.init = portscan_init,
	.process = portscan_process,
	.fini = portscan_fini,
	.needs = portscan_needs,
	.keeps_hash = 1,
};

WEIR_STAGE_REGISTER(portscan_ops)
