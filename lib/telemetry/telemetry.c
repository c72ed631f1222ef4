/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The commands of weir on DPDK's telemetry socket:
 *
 *     /weir/list                    names of the engines
 *     /weir/ledger[,ENGINE]         the ledger
 *     /weir/nodes[,ENGINE[,NODE]]   sums of each node, or the workers of one
 *     /weir/links[,ENGINE[,LINK]]   sums of each link, or the rings of one, by number
 *     /weir/ports[,ENGINE]          the ports' own counts
 *     /weir/plan[,ENGINE]           which worker runs where
 *     /weir/watch[,ENGINE]          what the watchdog saw, and what each lcore lost of its CPU
 *     /weir/set[,ENGINE],SECTION.KEY=VALUE   set a live key
 *
 * ENGINE may be left out where there is one engine.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "telemetry.h"

/* Entries of one reply: DPDK's buffer holds 16 KiB, and none here is longer than 330 bytes. */
#define ENTRIES_MAX 48
/* Those of workers, with how long things take, are up to 430. */
#define WORKER_ENTRIES_MAX 36
/* Of the shorter ones of a plan. */
#define PLAN_ENTRIES_MAX 128
/* Bytes of a key made here. */
#define KEY_SIZE 96

/* One command's call. */
struct call {
	char engine[WEIR_NAME_SIZE]; /* empty: the only one */
	const char *item;            /* what follows the engine's name; NULL: nothing */
	struct rte_tel_data *reply;
	int (*answer)(const struct weir_engine *engine, struct call *call);
	unsigned int found; /* engines that match */
};

static bool
call_matches(const struct weir_engine *engine, const struct call *call)
{
	return call->engine[0] == '\0' || strcmp(call->engine, weir_engine_name(engine)) == 0;
}

static int
call_count(struct weir_engine *engine, void *arg)
{
	struct call *call = arg;

	call->found += call_matches(engine, call);
	return 0;
}

static int
call_visit(struct weir_engine *engine, void *arg)
{
	struct call *call = arg;

	return call_matches(engine, call) ? call->answer(engine, call) : 0;
}

/* Let `visit` fill the reply for the one engine that is meant. */
static int
call_make(struct call *call, const char *engine, size_t n,
	int (*visit)(struct weir_engine *engine, void *call))
{
	if (n >= sizeof(call->engine))
		return -EINVAL;
	if (n > 0)
		memcpy(call->engine, engine, n);
	engine_each(call_count, call);
	if (call->found != 1)
		return call->found == 0 ? -ENOENT : -EINVAL;
	rte_tel_data_start_dict(call->reply);
	return engine_each(visit, call);
}

/* Split ENGINE[,ITEM] and let `answer` fill the reply. */
static int
call_engine(const char *params, struct rte_tel_data *reply,
	int (*answer)(const struct weir_engine *engine, struct call *call))
{
	struct call call = { .reply = reply, .answer = answer };
	const char *comma = params != NULL ? strchr(params, ',') : NULL;
	size_t n = params == NULL ? 0 : comma != NULL ? (size_t)(comma - params) : strlen(params);

	call.item = comma != NULL ? comma + 1 : NULL;
	return call_make(&call, params, n, call_visit);
}

/* Telemetry's keys may have no `-`, names of nodes no `/`. */
static const char *
key_of(const char *name, char key[KEY_SIZE])
{
	snprintf(key, KEY_SIZE, "%s", name);
	for (char *c = key; *c != '\0'; c++)
		if (*c == '-')
			*c = '/';
	return key;
}

/* A named dict within a dict. */
static struct rte_tel_data *
dict_add(struct rte_tel_data *dict, const char *key)
{
	struct rte_tel_data *inner = rte_tel_data_alloc();

	if (inner == NULL)
		return NULL;
	rte_tel_data_start_dict(inner);
	if (rte_tel_data_add_dict_container(dict, key, inner, 0) != 0) {
		rte_tel_data_free(inner);
		return NULL;
	}
	return inner;
}

static int
list_visit(struct weir_engine *engine, void *arg)
{
	return rte_tel_data_add_array_string(arg, weir_engine_name(engine));
}

static int
list_command(const char *cmd, const char *params, struct rte_tel_data *reply)
{
	(void)cmd;
	(void)params;
	rte_tel_data_start_array(reply, RTE_TEL_STRING_VAL);
	return engine_each(list_visit, reply);
}

static int
ledger_answer(const struct weir_engine *engine, struct call *call)
{
	struct weir_ledger l = WEIR_LEDGER_INIT;

	weir_ledger_read(engine, &l);
	rte_tel_data_add_dict_uint(call->reply, "received", l.received);
	rte_tel_data_add_dict_uint(call->reply, "created", l.created);
	rte_tel_data_add_dict_uint(call->reply, "released", l.released);
	rte_tel_data_add_dict_uint(call->reply, "transmitted", l.transmitted);
	rte_tel_data_add_dict_uint(call->reply, "dropped", l.dropped);
	rte_tel_data_add_dict_uint(call->reply, "in_flight", l.in_flight);
	return rte_tel_data_add_dict_int(call->reply, "unaccounted", (int)l.unaccounted);
}

/* Telemetry has no fractions. */
static void
percent_add(struct rte_tel_data *dict, const char *key, double share)
{
	rte_tel_data_add_dict_uint(dict, key, (uint64_t)(share * 100.0 + 0.5));
}

static void
figures_add(struct rte_tel_data *dict, const struct weir_worker_figures *w)
{
	rte_tel_data_add_dict_uint(dict, "in", w->in);
	rte_tel_data_add_dict_uint(dict, "out", w->out);
	rte_tel_data_add_dict_uint(dict, "created", w->created);
	rte_tel_data_add_dict_uint(dict, "released", w->released);
	rte_tel_data_add_dict_uint(dict, "dropped", w->dropped);
	rte_tel_data_add_dict_uint(dict, "held", w->held);
	percent_add(dict, "busy_percent", w->busy);
	percent_add(dict, "others_percent", w->others);
	percent_add(dict, "idle_percent", w->idle);
	percent_add(dict, "spin_percent", w->spin);
	percent_add(dict, "blocked_percent", w->blocked);
	percent_add(dict, "sleep_percent", w->sleep);
}

/* Add up the figures of the workers of one node, the first of which is worker i. */
static unsigned int
node_sum(const struct weir_engine *engine, unsigned int i, struct weir_worker_figures *sum)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	unsigned int n = 1;

	for (; weir_ledger_worker(engine, i + n, &w) == 0 && w.index != 0; n++) {
		sum->in += w.in;
		sum->out += w.out;
		sum->created += w.created;
		sum->released += w.released;
		sum->dropped += w.dropped;
		sum->held += w.held;
		sum->busy += w.busy;
		sum->others += w.others;
		sum->idle += w.idle;
		sum->spin += w.spin;
		sum->blocked += w.blocked;
		sum->sleep += w.sleep;
	}
	return n;
}

static int
nodes_sums(const struct weir_engine *engine, struct call *call)
{
	struct weir_worker_figures sum = WEIR_WORKER_FIGURES_INIT;
	unsigned int entries = 0, n;

	for (unsigned int i = 0; weir_ledger_worker(engine, i, &sum) == 0; i += n) {
		struct rte_tel_data *node;
		char key[KEY_SIZE];

		n = node_sum(engine, i, &sum);
		if (++entries > ENTRIES_MAX)
			break;
		node = dict_add(call->reply, key_of(sum.node, key));
		if (node == NULL)
			return -ENOMEM;
		rte_tel_data_add_dict_string(node, "name", sum.node);
		rte_tel_data_add_dict_string(node, "type", sum.type);
		rte_tel_data_add_dict_uint(node, "workers", n);
		figures_add(node, &sum);
	}
	return 0;
}

/* How long things take at worker i, which a source's does not tell. */
static void
latency_add(struct rte_tel_data *dict, const struct weir_engine *engine, unsigned int i)
{
	struct weir_latency_figures l = WEIR_LATENCY_FIGURES_INIT;
	char key[KEY_SIZE];

	for (unsigned int k = 0; weir_ledger_latency(engine, i, (enum weir_latency)k, &l) == 0;
		k++) {
		snprintf(key, sizeof(key), "%s_p50_ns", weir_latency_name(k));
		rte_tel_data_add_dict_uint(dict, key, l.p50);
		snprintf(key, sizeof(key), "%s_p99_ns", weir_latency_name(k));
		rte_tel_data_add_dict_uint(dict, key, l.p99);
	}
}

static int
node_workers(const struct weir_engine *engine, struct call *call)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	unsigned int entries = 0;
	char name[KEY_SIZE], key[KEY_SIZE];

	for (unsigned int i = 0; weir_ledger_worker(engine, i, &w) == 0; i++) {
		struct rte_tel_data *worker;

		if (strcmp(w.node, call->item) != 0 || ++entries > WORKER_ENTRIES_MAX)
			continue;
		snprintf(name, sizeof(name), "%s_%u", w.node, w.index);
		worker = dict_add(call->reply, key_of(name, key));
		if (worker == NULL)
			return -ENOMEM;
		rte_tel_data_add_dict_uint(worker, "lcore", w.lcore);
		rte_tel_data_add_dict_int(worker, "socket", w.socket);
		figures_add(worker, &w);
		latency_add(worker, engine, i);
	}
	return entries > 0 ? 0 : -ENOENT;
}

static int
nodes_answer(const struct weir_engine *engine, struct call *call)
{
	return call->item != NULL ? node_workers(engine, call) : nodes_sums(engine, call);
}

static int
links_sums(const struct weir_engine *engine, struct call *call)
{
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;
	char key[KEY_SIZE];

	for (unsigned int i = 0; i < ENTRIES_MAX && weir_ledger_link(engine, i, &l) == 0; i++) {
		struct rte_tel_data *link;

		snprintf(key, sizeof(key), "link_%u", i);
		link = dict_add(call->reply, key);
		if (link == NULL)
			return -ENOMEM;
		rte_tel_data_add_dict_string(link, "from", l.from);
		rte_tel_data_add_dict_string(link, "to", l.to);
		rte_tel_data_add_dict_string(link, "kind", l.call ? "call" : "ring");
		rte_tel_data_add_dict_string(link, "on_full", l.on_full);
		rte_tel_data_add_dict_uint(link, "rings", l.rings);
		rte_tel_data_add_dict_uint(link, "count", l.count);
		rte_tel_data_add_dict_uint(link, "capacity", l.capacity);
		rte_tel_data_add_dict_uint(link, "dropped", l.dropped);
	}
	return 0;
}

static int
link_rings(const struct weir_engine *engine, struct call *call)
{
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;
	struct weir_ring_figures r = WEIR_RING_FIGURES_INIT;
	unsigned int entries = 0;
	char key[KEY_SIZE], *end;
	unsigned long id = strtoul(call->item, &end, 10);

	if (!isdigit((unsigned char)call->item[0]) || *end != '\0' || id > UINT_MAX ||
		weir_ledger_link(engine, (unsigned int)id, &l) != 0)
		return -ENOENT;
	for (unsigned int i = 0; weir_ledger_ring(engine, i, &r) == 0; i++) {
		struct rte_tel_data *ring;

		if (r.link != id || ++entries > ENTRIES_MAX)
			continue;
		snprintf(key, sizeof(key), "ring_%u_%u", r.producer, r.consumer);
		ring = dict_add(call->reply, key);
		if (ring == NULL)
			return -ENOMEM;
		rte_tel_data_add_dict_int(ring, "socket", r.socket);
		rte_tel_data_add_dict_uint(ring, "capacity", r.capacity);
		rte_tel_data_add_dict_uint(ring, "count", r.count);
		rte_tel_data_add_dict_uint(ring, "high_water", r.high_water);
		rte_tel_data_add_dict_uint(ring, "enqueued", r.enqueued);
		rte_tel_data_add_dict_uint(ring, "dequeued", r.dequeued);
		rte_tel_data_add_dict_uint(ring, "dropped", r.dropped);
	}
	return 0;
}

static int
links_answer(const struct weir_engine *engine, struct call *call)
{
	return call->item != NULL ? link_rings(engine, call) : links_sums(engine, call);
}

static int
ports_answer(const struct weir_engine *engine, struct call *call)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;

	for (unsigned int i = 0; i < ENTRIES_MAX && weir_ledger_port(engine, i, &p) == 0; i++) {
		struct rte_tel_data *port;
		char key[KEY_SIZE];

		snprintf(key, sizeof(key), "port_%u", p.port);
		port = dict_add(call->reply, key);
		if (port == NULL)
			return -ENOMEM;
		rte_tel_data_add_dict_string(port, "name", p.name);
		rte_tel_data_add_dict_int(port, "socket", p.socket);
		rte_tel_data_add_dict_uint(port, "ipackets", p.ipackets);
		if (p.reports_missed)
			rte_tel_data_add_dict_uint(port, "imissed", p.imissed);
		rte_tel_data_add_dict_uint(port, "ierrors", p.ierrors);
		rte_tel_data_add_dict_uint(port, "rx_nombuf", p.rx_nombuf);
		rte_tel_data_add_dict_uint(port, "opackets", p.opackets);
		rte_tel_data_add_dict_uint(port, "gone", p.gone);
	}
	return 0;
}

static int
plan_answer(const struct weir_engine *engine, struct call *call)
{
	const struct weir_plan *plan = engine->plan;

	for (unsigned int i = 0; i < plan->worker_count && i < PLAN_ENTRIES_MAX; i++) {
		const struct plan_worker *w = &plan->workers[i];
		char name[KEY_SIZE], key[KEY_SIZE], where[KEY_SIZE];

		snprintf(name, sizeof(name), "%s_%u", plan->pipeline->nodes[w->node].name,
			w->index);
		snprintf(where, sizeof(where), "lcore %u socket %d", w->lcore, w->socket);
		rte_tel_data_add_dict_string(call->reply, key_of(name, key), where);
	}
	return rte_tel_data_add_dict_uint(call->reply, "memory_bytes", plan->memory);
}

static int
watch_answer(const struct weir_engine *engine, struct call *call)
{
	struct weir_watch_figures w = WEIR_WATCH_FIGURES_INIT;
	struct weir_lcore_figures l = WEIR_LCORE_FIGURES_INIT;
	char key[KEY_SIZE];

	weir_ledger_watch(engine, &w);
	rte_tel_data_add_dict_uint(call->reply, "stuck_workers", w.stuck_workers);
	rte_tel_data_add_dict_uint(call->reply, "stuck_lcores", w.stuck_lcores);
	rte_tel_data_add_dict_uint(call->reply, "all_blocked", w.all_blocked);
	rte_tel_data_add_dict_uint(call->reply, "preempted", w.preempted);
	rte_tel_data_add_dict_uint(call->reply, "stolen", w.stolen);
	for (unsigned int i = 0; i < ENTRIES_MAX && weir_ledger_lcore(engine, i, &l) == 0; i++) {
		struct rte_tel_data *lcore;

		snprintf(key, sizeof(key), "lcore_%u", l.lcore);
		lcore = dict_add(call->reply, key);
		if (lcore == NULL)
			return -ENOMEM;
		rte_tel_data_add_dict_uint(lcore, "passes", l.passes);
		rte_tel_data_add_dict_uint(lcore, "switches", l.switches);
		rte_tel_data_add_dict_uint(lcore, "waited_ns", l.waited_ns);
		rte_tel_data_add_dict_uint(lcore, "stolen_ns", l.stolen_ns);
	}
	return 0;
}

/* A text longer than one of telemetry's goes on under further keys: `error`, `error_2`, … */
static void
error_add(struct rte_tel_data *dict, const char *text)
{
	char piece[RTE_TEL_MAX_STRING_LEN], key[KEY_SIZE] = "error";

	for (unsigned int i = 2; *text != '\0'; i++) {
		size_t n = strnlen(text, sizeof(piece) - 1);

		snprintf(piece, sizeof(piece), "%.*s", (int)n, text);
		rte_tel_data_add_dict_string(dict, key, piece);
		snprintf(key, sizeof(key), "error_%u", i);
		text += n;
	}
}

static int
set_visit(struct weir_engine *engine, void *arg)
{
	struct call *call = arg;
	struct weir_error error = { .code = 0 };

	if (!call_matches(engine, call))
		return 0;
	if (weir_engine_set(engine, call->item, &error) != 0)
		error_add(call->reply, error.text);
	else
		rte_tel_data_add_dict_string(call->reply, "set", call->item);
	return 0;
}

/* [ENGINE,]SECTION.KEY=VALUE: a comma behind the sign belongs to the value. */
static int
set_command(const char *cmd, const char *params, struct rte_tel_data *reply)
{
	const char *sign = params != NULL ? strchr(params, '=') : NULL;
	const char *comma = params != NULL ? strchr(params, ',') : NULL;
	struct call call = { .reply = reply };

	(void)cmd;
	if (params == NULL)
		return -EINVAL;
	if (comma != NULL && (sign == NULL || comma < sign)) {
		call.item = comma + 1;
		return call_make(&call, params, (size_t)(comma - params), set_visit);
	}
	call.item = params;
	return call_make(&call, NULL, 0, set_visit);
}

/* The commands that are about one engine. */
static const struct command {
	const char *name;
	int (*answer)(const struct weir_engine *engine, struct call *call);
	const char *help;
} commands[] = {
	{ "/weir/ledger", ledger_answer, "The figures that must balance. Parameter: engine" },
	{ "/weir/nodes", nodes_answer, "Figures of nodes. Parameters: engine, node" },
	{ "/weir/links", links_answer, "Figures of links. Parameters: engine, number of a link" },
	{ "/weir/ports", ports_answer, "Figures of ports. Parameter: engine" },
	{ "/weir/plan", plan_answer, "Which worker runs where. Parameter: engine" },
	{ "/weir/watch", watch_answer,
		"What the watchdog saw, and what each lcore lost of its CPU. Parameter: engine" },
};

static int
engine_command(const char *cmd, const char *params, struct rte_tel_data *reply)
{
	for (unsigned int i = 0; i < RTE_DIM(commands); i++)
		if (strcmp(commands[i].name, cmd) == 0)
			return call_engine(params, reply, commands[i].answer);
	return -ENOENT;
}

/* Once for the process: the first engine that is made has it done. */
static int
telemetry_register(struct weir_engine *engine __rte_unused, struct weir_error *error __rte_unused)
{
	static uint32_t registered;

	if (__atomic_exchange_n(&registered, 1, __ATOMIC_RELAXED) != 0)
		return 0;
	rte_telemetry_register_cmd("/weir/list", list_command,
		"Names of the engines. No parameters");
	rte_telemetry_register_cmd("/weir/set", set_command,
		"Set a live key. Parameters: engine, SECTION.KEY=VALUE");
	for (unsigned int i = 0; i < RTE_DIM(commands); i++)
		rte_telemetry_register_cmd(commands[i].name, engine_command, commands[i].help);
	return 0;
}

const struct engine_onlooker telemetry_onlooker = { .made = telemetry_register };
