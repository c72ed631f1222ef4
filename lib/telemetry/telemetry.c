/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The commands of weir on DPDK's telemetry socket:
 *
 *     /weir/list[,FROM]                    names of the engines
 *     /weir/ledger[,ENGINE]                the ledger
 *     /weir/nodes[,ENGINE[,NODE[,FROM]]]   sums of each node, or the workers of one
 *     /weir/links[,ENGINE[,LINK[,FROM]]]   sums of each link, or the rings of one, by number
 *     /weir/ports[,ENGINE[,FROM]]          the ports' own counts
 *     /weir/ends[,ENGINE[,FROM]]           the rings to and from the application
 *     /weir/pools[,ENGINE[,FROM]]          the pools
 *     /weir/plan[,ENGINE[,FROM]]           which worker runs where
 *     /weir/watch[,ENGINE[,FROM]]          what the watchdog saw, and what each lcore lost of its CPU
 *     /weir/set[,ENGINE],SECTION.KEY=VALUE set a live key
 *
 * ENGINE may be left out where there is one engine. A field before others may be empty:
 * `/weir/nodes,,,48`.
 *
 * A list that does not fit in a reply goes on: the reply has `next`, the FROM to ask for what follows.
 * FROM is the number of an entry, from 0, and beyond the last an error. /weir/list is an array and has no
 * `next`: of more than 512 engines ask for the rest from 512 on.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "call.h"
#include "telemetry_private.h"

/*
 * What a node called `next` has for a key among nodes, where `next` is the number of a page: longer
 * than any node's name.
 */
#define NODE_NEXT "the/node/that/is/called/next"

static_assert(sizeof(NODE_NEXT) > WEIR_NAME_SIZE, "the name of no node");

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

/* The key of the i-th of a noun in a list. */
static void
entry_key(unsigned int noun, unsigned int i, const union figures *figures, char key[KEY_SIZE])
{
	char name[KEY_SIZE];

	switch (noun) {
	case WEIR_NOUN_NODE:
		key_of(strcmp(figures->node.name, "next") == 0 ? NODE_NEXT : figures->node.name,
			key);
		break;
	case WEIR_NOUN_WORKER:
		snprintf(name, sizeof(name), "%s_%u", figures->worker.node, figures->worker.index);
		key_of(name, key);
		break;
	case WEIR_NOUN_RING:
		snprintf(key, KEY_SIZE, "ring_%u_%u", figures->ring.producer,
			figures->ring.consumer);
		break;
	case WEIR_NOUN_PORT:
		snprintf(key, KEY_SIZE, "port_%u", figures->port.port);
		break;
	case WEIR_NOUN_QUEUE:
		snprintf(key, KEY_SIZE, "port_%u_%s_%u", figures->queue.port_index,
			figures->queue.direction, figures->queue.queue);
		break;
	case WEIR_NOUN_FLOW:
		snprintf(name, sizeof(name), "%s_%u", figures->flow.node, figures->flow.worker);
		key_of(name, key);
		break;
	case WEIR_NOUN_END:
		snprintf(name, sizeof(name), "%s_%u_%u", figures->end.node, figures->end.worker,
			figures->end.end);
		key_of(name, key);
		break;
	case WEIR_NOUN_LCORE:
		snprintf(key, KEY_SIZE, "lcore_%u", figures->lcore.lcore);
		break;
	default:
		snprintf(key, KEY_SIZE, "%s_%u", weir_noun_name(noun), i);
	}
}

/* Of a node, the sums over its workers. */
static void
add_sums(struct dict *entry, const struct weir_engine *engine, const struct weir_node_figures *node)
{
	union figures sum = FIGURES_INIT, worker = FIGURES_INIT;

	for (unsigned int i = node->first; i < node->first + node->workers; i++)
		if (weir_figures_read(engine, WEIR_NOUN_WORKER, i, &worker) == 0)
			weir_figures_add(WEIR_NOUN_WORKER, &sum, &worker);
	dict_figures(entry, "", WEIR_NOUN_WORKER, &sum, DICT_SUMS);
}

/* How long things take at worker i, which a source's does not tell. */
static void
add_latencies(struct dict *entry, const struct weir_engine *engine, unsigned int i)
{
	union figures figures = FIGURES_INIT;
	char prefix[KEY_SIZE];

	for (unsigned int k = 0; k < WEIR_LATENCY_MAX; k++) {
		if (weir_figures_read(engine, WEIR_NOUN_LATENCY, i * WEIR_LATENCY_MAX + k,
			    &figures) != 0)
			continue;
		snprintf(prefix, sizeof(prefix), "%s_", weir_latency_name(k));
		dict_figures(entry, prefix, WEIR_NOUN_LATENCY, &figures, DICT_ALL);
	}
}

static void
add_entry(struct page *page, const struct weir_engine *engine, unsigned int noun, unsigned int i,
	const union figures *figures)
{
	struct dict entry = dict_new();
	char key[KEY_SIZE];

	dict_figures(&entry, "", noun, figures, DICT_ALL);
	if (noun == WEIR_NOUN_NODE)
		add_sums(&entry, engine, &figures->node);
	else if (noun == WEIR_NOUN_WORKER)
		add_latencies(&entry, engine, i);
	entry_key(noun, i, figures, key);
	page_dict(page, key, &entry);
}

/* Which of a noun are listed: those from `first` on, before `end`; rings of one link alone. */
struct listed {
	unsigned int noun;
	unsigned int first;
	unsigned int end;
	unsigned int link;
};

/* A page of a list, behind what the reply has already. */
static int
add_page(struct call *call, const struct weir_engine *engine, const struct listed *listed)
{
	struct page page = { .reply = &call->reply, .from = call->from };
	union figures figures = FIGURES_INIT;

	for (unsigned int i = listed->first; i < listed->end && !page.ended &&
		weir_figures_read(engine, listed->noun, i, &figures) == 0;
		i++) {
		if (listed->noun == WEIR_NOUN_RING && figures.ring.link != listed->link)
			continue;
		if (page_wants(&page))
			add_entry(&page, engine, listed->noun, i, &figures);
	}
	return page_end(&page);
}

static int
add_all(struct call *call, const struct weir_engine *engine, unsigned int noun)
{
	const struct listed all = { .noun = noun, .end = UINT_MAX };

	return add_page(call, engine, &all);
}

/* The figures of what there is one of. */
static void
add_one(struct call *call, const struct weir_engine *engine, unsigned int noun)
{
	union figures figures = FIGURES_INIT;

	weir_figures_read(engine, noun, 0, &figures);
	dict_figures(&call->reply, "", noun, &figures, DICT_ALL);
}

static int
ledger_answer(struct weir_engine *engine, struct call *call)
{
	add_one(call, engine, WEIR_NOUN_LEDGER);
	return call->reply.error;
}

static int
nodes_answer(struct weir_engine *engine, struct call *call)
{
	struct listed workers = { .noun = WEIR_NOUN_WORKER };
	struct weir_node_figures node = WEIR_NODE_FIGURES_INIT;

	if (call->item == NULL)
		return add_all(call, engine, WEIR_NOUN_NODE);
	for (unsigned int i = 0; weir_ledger_node(engine, i, &node) == 0; i++) {
		if (strcmp(node.name, call->item) != 0)
			continue;
		workers.first = node.first;
		workers.end = node.first + node.workers;
		return add_page(call, engine, &workers);
	}
	return -ENOENT;
}

static int
links_answer(struct weir_engine *engine, struct call *call)
{
	struct weir_link_figures link = WEIR_LINK_FIGURES_INIT;
	struct listed rings = { .noun = WEIR_NOUN_RING, .end = UINT_MAX };

	if (call->item == NULL)
		return add_all(call, engine, WEIR_NOUN_LINK);
	if (call_number(call->item, &rings.link) != 0 ||
		weir_ledger_link(engine, rings.link, &link) != 0)
		return -ENOENT;
	return add_page(call, engine, &rings);
}

static int
ports_answer(struct weir_engine *engine, struct call *call)
{
	return add_all(call, engine, WEIR_NOUN_PORT);
}

static int
ends_answer(struct weir_engine *engine, struct call *call)
{
	return add_all(call, engine, WEIR_NOUN_END);
}

static int
pools_answer(struct weir_engine *engine, struct call *call)
{
	return add_all(call, engine, WEIR_NOUN_POOL);
}

static int
queues_answer(struct weir_engine *engine, struct call *call)
{
	return add_all(call, engine, WEIR_NOUN_QUEUE);
}

static int
flows_answer(struct weir_engine *engine, struct call *call)
{
	return add_all(call, engine, WEIR_NOUN_FLOW);
}

static int
memory_answer(struct weir_engine *engine, struct call *call)
{
	return add_all(call, engine, WEIR_NOUN_MEMORY);
}

static int
plan_answer(struct weir_engine *engine, struct call *call)
{
	const struct weir_plan *plan = engine->plan;
	struct page page = { .reply = &call->reply, .from = call->from };

	dict_number(&call->reply, "memory_bytes", plan->memory);
	for (unsigned int i = 0; i < plan->worker_count; i++) {
		const struct plan_worker *w = &plan->workers[i];
		char name[KEY_SIZE], key[KEY_SIZE], where[KEY_SIZE];

		if (!page_wants(&page))
			continue;
		snprintf(name, sizeof(name), "%s_%u", plan->pipeline->nodes[w->node].name,
			w->index);
		snprintf(where, sizeof(where), "lcore %u socket %d", w->lcore, w->socket);
		page_text(&page, key_of(name, key), where);
	}
	return page_end(&page);
}

static int
watch_answer(struct weir_engine *engine, struct call *call)
{
	add_one(call, engine, WEIR_NOUN_WATCH);
	return add_all(call, engine, WEIR_NOUN_LCORE);
}

/* A text longer than one of telemetry's goes on under further keys: `error`, `error_2`, … */
static void
error_add(struct dict *dict, const char *text)
{
	char piece[RTE_TEL_MAX_STRING_LEN], key[KEY_SIZE] = "error";

	for (unsigned int i = 2; *text != '\0'; i++) {
		size_t n = strnlen(text, sizeof(piece) - 1);

		snprintf(piece, sizeof(piece), "%.*s", (int)n, text);
		dict_text(dict, key, piece);
		snprintf(key, sizeof(key), "error_%u", i);
		text += n;
	}
}

static int
set_answer(struct weir_engine *engine, struct call *call)
{
	struct weir_error error = { .code = 0 };

	if (weir_engine_set(engine, call->item, &error) != 0)
		error_add(&call->reply, error.text);
	else
		dict_text(&call->reply, "set", call->item);
	return 0;
}

/* [ENGINE,]SECTION.KEY=VALUE: a comma behind the sign belongs to the value. */
static int
set_command(const char *cmd __rte_unused, const char *params, struct rte_tel_data *reply)
{
	struct call call = { .item = params, .answer = set_answer };
	const char *comma, *sign;

	if (params == NULL)
		return -EINVAL;
	comma = strchr(params, ',');
	sign = strchr(params, '=');
	if (comma != NULL && (sign == NULL || comma < sign)) {
		if ((size_t)(comma - params) >= sizeof(call.engine))
			return -EINVAL;
		memcpy(call.engine, params, (size_t)(comma - params));
		call.item = comma + 1;
	}
	return call_make(&call, reply);
}

struct list {
	struct rte_tel_data *reply;
	unsigned int from;
	unsigned int seen;
};

static int
list_visit(struct weir_engine *engine, void *arg)
{
	struct list *list = arg;

	if (list->seen++ < list->from || list->seen > list->from + RTE_TEL_MAX_ARRAY_ENTRIES)
		return 0;
	return rte_tel_data_add_array_string(list->reply, weir_engine_name(engine));
}

static int
list_command(const char *cmd __rte_unused, const char *params, struct rte_tel_data *reply)
{
	struct list list = { .reply = reply };

	if (params != NULL && call_number(params, &list.from) != 0)
		return -EINVAL;
	rte_tel_data_start_array(reply, RTE_TEL_STRING_VAL);
	return engine_each(list_visit, &list);
}

/* The commands that are about one engine. */
static const struct command {
	const char *name;
	unsigned int fields;
	int (*answer)(struct weir_engine *engine, struct call *call);
	const char *help;
} commands[] = {
	{ "/weir/ledger", 0, ledger_answer, "The figures that must balance. Parameter: engine" },
	{ "/weir/nodes", CALL_ITEM | CALL_FROM, nodes_answer,
		"Figures of nodes, or of one's workers. Parameters: engine, node, from" },
	{ "/weir/links", CALL_ITEM | CALL_FROM, links_answer,
		"Figures of links, or of one's rings. Parameters: engine, number of a link, from" },
	{ "/weir/ports", CALL_FROM, ports_answer, "Figures of ports. Parameters: engine, from" },
	{ "/weir/queues", CALL_FROM, queues_answer,
		"Figures of ports' queues. Parameters: engine, from" },
	{ "/weir/flows", CALL_FROM, flows_answer,
		"Flows of workers that follow them. Parameters: engine, from" },
	{ "/weir/ends", CALL_FROM, ends_answer,
		"Rings to and from the application. Parameters: engine, from" },
	{ "/weir/pools", CALL_FROM, pools_answer, "Figures of pools. Parameters: engine, from" },
	{ "/weir/memory", CALL_FROM, memory_answer,
		"Where memory was planned, and where the kernel says it is. Parameters: engine, from" },
	{ "/weir/plan", CALL_FROM, plan_answer,
		"Which worker runs where. Parameters: engine, from" },
	{ "/weir/watch", CALL_FROM, watch_answer,
		"What the watchdog saw, and what each lcore lost of its CPU. "
		"Parameters: engine, from" },
};

static int
engine_command(const char *cmd, const char *params, struct rte_tel_data *reply)
{
	struct call call = { .found = 0 };

	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		if (strcmp(commands[i].name, cmd) != 0)
			continue;
		call.answer = commands[i].answer;
		if (call_read(&call, params, commands[i].fields) != 0)
			return -EINVAL;
		return call_make(&call, reply);
	}
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
		"Names of the engines. Parameter: from");
	rte_telemetry_register_cmd("/weir/set", set_command,
		"Set a live key. Parameters: engine, SECTION.KEY=VALUE");
	for (unsigned int i = 0; i < RTE_DIM(commands); i++)
		rte_telemetry_register_cmd(commands[i].name, engine_command, commands[i].help);
	return 0;
}

const struct engine_onlooker telemetry_onlooker = { .made = telemetry_register };
