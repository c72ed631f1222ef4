/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <string.h>

#include <jansson.h>

#include "plan_private.h"

/* json_pack() gives NULL when memory runs out; the array's append then fails as well. */

static json_t *
json_worker(const struct weir_plan *plan, unsigned int i)
{
	const struct plan_worker *worker = &plan->workers[i];
	const struct node *node = plan_node(plan, worker);
	bool port = worker->port < plan->port_count;

	return json_pack("{s:s, s:i, s:s, s:i, s:i, s:s, s:s?, s:o}", "node", node->name, "index",
		(int)worker->index, "type", plan_node_type(node), "lcore", (int)worker->lcore,
		"socket", worker->socket, "idle", wait_names[worker->idle], "port",
		port ? plan->ports[worker->port].name : NULL, "queue",
		port ? json_integer(worker->queue) : json_null());
}

static json_t *
json_stage(const struct weir_plan *plan, unsigned int node)
{
	const struct weir_stage_needs *needs = &plan->pipeline->nodes[node].needs;

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "node",
		plan->pipeline->nodes[node].name, "held", (json_int_t)needs->held, "let_go",
		(json_int_t)needs->let_go, "fanout", (json_int_t)needs->fanout, "state_bytes",
		(json_int_t)needs->state, "memory_bytes", (json_int_t)needs->memory,
		"tick_interval_ns", (json_int_t)needs->tick_interval);
}

static json_t *
json_lcore(const struct weir_plan *plan, unsigned int i)
{
	const struct plan_lcore *lcore = &plan->lcores[i];
	bool bounded = lcore->bound_ns != 0, ticks = lcore->tick_ns != 0;

	return json_pack("{s:i, s:s, s:s, s:I, s:s, s:I, s:o, s:s?, s:o, s:s?}", "lcore",
		(int)lcore->lcore, "how", plan_runs_names[lcore->runs], "idle",
		wait_names[lcore->idle.how], "idle_max_ns", (json_int_t)lcore->idle.max_ns, "full",
		wait_names[lcore->full.how], "full_max_ns", (json_int_t)lcore->full.max_ns,
		"bound_ns", bounded ? json_integer((json_int_t)lcore->bound_ns) : json_null(),
		"bound_port", bounded ? plan->ports[lcore->bound_port].name : NULL, "tick_ns",
		ticks ? json_integer((json_int_t)lcore->tick_ns) : json_null(), "tick_node",
		ticks ? plan->pipeline->nodes[lcore->tick_node].name : NULL);
}

static json_t *
json_link(const struct weir_plan *plan, unsigned int i)
{
	const struct link *link = &plan->pipeline->links[i];
	struct plan_kinds kinds = plan_link_kinds(plan, i);
	char from[LINK_FROM_SIZE];

	return json_pack("{s:s, s:s, s:i, s:i, s:I, s:b, s:s, s:s, s:b}", "from",
		pipeline_from(plan->pipeline, link, from), "to",
		plan->pipeline->nodes[link->to].name, "calls", (int)kinds.calls, "rings",
		(int)kinds.rings, "ring", (json_int_t)link->conf.ring, "ring_auto",
		link->ring_why != NULL, "on_full",
		on_full_names[pipeline_on_full(plan->pipeline, link)], "spread",
		spread_names[link->conf.spread], "feedback", link_feedback(link));
}

/* What is asked of a port, and the rules for it; null: all. */
static json_t *
json_match(const struct plan_port *port)
{
	json_t *list = json_array();
	struct match_rules rules;
	char text[MATCH_TEXT_SIZE];

	if (port->rx_queues == 0 || port->match[0] == '\0') {
		json_decref(list);
		return json_null();
	}
	plan_port_rules(port, &rules);
	for (unsigned int i = 0; i < rules.count; i++)
		if (json_array_append_new(list,
			    json_string(match_rule_text(&rules.rules[i], text))) != 0) {
			json_decref(list);
			return NULL;
		}
	return json_pack("{s:s, s:o, s:b, s:s?}", "expression", port->match, "rules", list, "exact",
		rules.exact && rules.count > 0, "why_none", rules.why);
}

/* Words with blanks between them as a list, `none` as an empty one; NULL: no memory. */
static json_t *
json_words(const char *words)
{
	json_t *list = json_array();
	size_t len;

	for (; list != NULL && strcmp(words, "none") != 0 && *words != '\0'; words += len) {
		words += strspn(words, " ");
		len = strcspn(words, " ");
		if (json_array_append_new(list, json_stringn(words, len)) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *
json_costs(const struct plan_port *port)
{
	json_t *list = json_array();
	const char *cost;

	for (unsigned int i = 0; list != NULL && (cost = plan_port_cost(port, i)) != NULL; i++)
		if (json_array_append_new(list, json_string(cost)) != 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

/* What a port is asked for. */
static json_t *
json_setup(const struct weir_plan *plan, const struct plan_port *port)
{
	char rx[OFFLOADS_TEXT_SIZE], tx[OFFLOADS_TEXT_SIZE], rss[OFFLOADS_TEXT_SIZE];
	const struct port_setup *setup = &port->setup;
	uint32_t speed = plan_machine_port(plan, port)->speed;
	const struct ethdev_conf *keys = port->keys;

	return json_pack("{s:o, s:o, s:o, s:i, s:i, s:b, s:s?, s:s?, s:o, s:o}", "rx_offloads",
		json_words(plan_rx_offloads_text(setup->rx_offloads, rx)), "tx_offloads",
		json_words(plan_tx_offloads_text(setup->tx_offloads, tx)), "rss",
		json_words(plan_rss_text(setup->rss, rss)), "rss_key_bytes", (int)setup->rss_key,
		"reta", (int)setup->reta, "promiscuous",
		keys != NULL && keys->promiscuous != PORT_OFF && keys->mac[0] == '\0', "mac",
		keys != NULL && keys->mac[0] != '\0' ? keys->mac : NULL, "chained_by",
		port->chained_by, "costs", json_costs(port), "speed_mbit",
		speed != 0 ? json_integer((json_int_t)speed) : json_null());
}

static json_t *
json_port(const struct weir_plan *plan, unsigned int i)
{
	const struct plan_port *port = &plan->ports[i];

	return json_pack(
		"{s:s, s:i, s:s?, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:o, s:o, "
		"s:b, s:i, s:i}",
		"name", port->name, "id", port->id, "driver", port->driver, "socket", port->socket,
		"rx_queues", port->rx_queues, "rx_spare", port->rx_spare, "rx_descriptors",
		port->rx_descriptors, "tx_queues", port->tx_queues, "tx_spare", port->tx_spare,
		"tx_descriptors", port->tx_descriptors, "mtu", port->mtu, "frame", (int)port->frame,
		"segments", port->segments, "scatter", port->scatter, "match", json_match(port),
		"setup", json_setup(plan, port), "adopted", port->adopted, "rx_first",
		port->rx_first, "tx_first", port->tx_first);
}

static json_t *
json_pool(const struct weir_plan *plan, unsigned int i)
{
	const struct plan_pool *pool = &plan->pools[i];

	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I}}",
		"socket", pool->socket, "size", (json_int_t)pool->size, "data_room",
		(json_int_t)plan->data_room, "segments", (json_int_t)pool->segments, "cache",
		(json_int_t)pool->cache, "stacks", (json_int_t)pool->stacks, "memory_bytes",
		(json_int_t)pool->memory, "terms", "descriptors", (json_int_t)pool->descriptors,
		"rings", (json_int_t)pool->rings, "caches", (json_int_t)pool->caches, "bursts",
		(json_int_t)pool->bursts, "held", (json_int_t)pool->held, "margin",
		(json_int_t)pool->margin);
}

static json_t *
json_note(const struct weir_plan *plan, unsigned int i)
{
	return json_string(plan->notes[i]);
}

/* An array of n of something; NULL: no memory. */
static json_t *
json_list(const struct weir_plan *plan, unsigned int n,
	json_t *(*make)(const struct weir_plan *plan, unsigned int i))
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; list != NULL && i < n; i++)
		if (json_array_append_new(list, make(plan, i)) != 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

/* The stages, and what one worker of each needs; NULL: no memory. */
static json_t *
json_stages(const struct weir_plan *plan)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; list != NULL && i < plan->pipeline->node_count; i++)
		if (!plan->pipeline->nodes[i].source &&
			json_array_append_new(list, json_stage(plan, i)) != 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

/* The rings between the application and the workers; NULL: no memory. */
static json_t *
json_ends(const struct weir_plan *plan)
{
	json_t *list = json_array();
	struct app_rings rings;

	for (unsigned int i = 0; list != NULL && i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];

		if (!plan_app_rings(plan, worker, &rings) ||
			json_array_append_new(list,
				json_pack("{s:s, s:i, s:i, s:I, s:i, s:I}", "node",
					plan_node(plan, worker)->name, "worker", (int)worker->index,
					"rings", (int)rings.count, "capacity",
					(json_int_t)rings.capacity, "socket", worker->socket,
					"ring_bytes", (json_int_t)rings.bytes)) == 0)
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

static json_t *
json_memory(const struct plan_memory *memory)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "pools", (json_int_t)memory->pools, "rings",
		(json_int_t)memory->rings, "workers", (json_int_t)memory->workers, "stages",
		(json_int_t)memory->stages);
}

char *
plan_show_json(const struct weir_plan *plan)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	char *text = NULL;
	json_t *root;

	root = json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:I, s:o}",
		"pipeline", pipeline->conf.name, "burst", (json_int_t)pipeline->conf.burst, "numa",
		plan_numa_names[pipeline->conf.numa], "workers",
		json_list(plan, plan->worker_count, json_worker), "stages", json_stages(plan),
		"lcores", json_list(plan, plan->lcore_count, json_lcore), "links",
		json_list(plan, pipeline->link_count, json_link), "ends", json_ends(plan), "ports",
		json_list(plan, plan->port_count, json_port), "pools",
		json_list(plan, plan->pool_count, json_pool), "memory_bytes",
		(json_int_t)plan->memory, "memory_terms", json_memory(&plan->terms), "hugepages_2m",
		(json_int_t)plan->hugepages_2m, "notes",
		json_list(plan, plan->note_count, json_note));
	if (root != NULL) {
		text = json_dumps(root, JSON_INDENT(2));
		json_decref(root);
	}
	return text;
}
