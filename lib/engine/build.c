/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* From the plan to workers, and the lanes of their links. */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "sink/sink.h"
#include "engine_private.h"

static unsigned int
node_outputs(const struct node *node)
{
	unsigned int n = 0;

	if (node->source)
		return 1;
	while (stage_output_name(node->stage_ops, n) != NULL)
		n++;
	return n;
}

static struct seat *
node_seats(const struct weir_engine *engine, unsigned int node)
{
	return &engine->seats[plan_first_worker(engine->plan, node)];
}

/* Never late for being rounded; 0 is for no bound. */
static uint64_t
tick_cycles(const struct node *node)
{
	double cycles = (double)node->needs.tick_interval * (double)rte_get_tsc_hz() / NS_PER_S;

	if (node->source || node->needs.tick_interval == 0)
		return 0;
	return cycles < (double)INT64_MAX ? RTE_MAX((uint64_t)cycles, UINT64_C(1)) : INT64_MAX;
}

/* Ports of VXLAN, where they are not the usual ones. */
static int
ports_create(struct weir_worker *worker, const struct node *node)
{
	struct weir_vxlan_ports ports;

	if (!node->source || !pipeline_vxlan_ports(&node->conf, &ports))
		return 0;
	worker->vxlan_ports = lines_alloc(1, sizeof(ports), worker->socket);
	if (worker->vxlan_ports == NULL)
		return -ENOMEM;
	*worker->vxlan_ports = ports;
	return 0;
}

/* The worker itself, with what it is; its ends of links come later. */
static int
seat_create(struct weir_engine *engine, struct seat *seat, const struct plan_worker *plan)
{
	const struct node *node = &pipeline_of(engine)->nodes[plan->node];
	const struct weir_stage_ops *stage = node->stage_ops;
	size_t state = node->source ? node->source_ops->state_size : node->needs.state;
	struct weir_worker *worker = lines_alloc(1, sizeof(*worker), plan->socket);

	seat->plan = plan;
	seat->node = node;
	seat->tick_cycles = tick_cycles(node);
	seat->worker = worker;
	if (worker == NULL)
		return -ENOMEM;
	worker->stats = lines_alloc(1, sizeof(*worker->stats), plan->socket);
	/* Also for those without state: NULL means that there is no memory. */
	worker->state = lines_alloc(1, RTE_MAX(state, (size_t)1), plan->socket);
	worker->outputs = lines_alloc(node_outputs(node), sizeof(*worker->outputs), plan->socket);
	if (worker->stats == NULL || worker->state == NULL || worker->outputs == NULL)
		return -ENOMEM;
	worker->output_count = (uint16_t)node_outputs(node);
	worker->burst = (uint16_t)pipeline_of(engine)->conf.burst;
	worker->name = node->name;
	worker->type = node->source ? node->source_ops->type.name : stage->name;
	worker->index = plan->index;
	worker->count = (unsigned int)node->conf.workers;
	worker->lcore = plan->lcore;
	worker->socket = plan->socket;
	worker->port = RTE_MAX_ETHPORTS;
	worker->tunnel = (uint8_t)node->conf.tunnel;
	worker->fragments = (uint8_t)node->conf.fragments;
	worker->checksum = node->conf.checksum <= CHECKSUM_VERIFY ? (uint8_t)node->conf.checksum :
								    WEIR_PARSE_CHECKSUM_PORT;
	worker->under_pressure = (uint8_t)node->conf.under_pressure;
	worker->hash_key = &engine->hash_key;
	if (ports_create(worker, node) != 0)
		return -ENOMEM;
	worker->failures = &engine->failures;
	worker->pool = engine_pool(engine, plan->socket);
	if (plan->port != UINT_MAX) {
		worker->port = engine->plan->ports[plan->port].id;
		worker->queue = plan->queue;
	}
	if (node->source) {
		worker->poll = node->source_ops->poll;
		if (plan->port != UINT_MAX && engine->plan->ports[plan->port].chains &&
			!engine->plan->ports[plan->port].adopted)
			worker->room = node->source_ops->room;
		if (node->conf.under_pressure != 0)
			worker->pressure = node->source_ops->pressure;
		return 0;
	}
	worker->latency = lines_alloc(1, sizeof(*worker->latency), plan->socket);
	if (worker->latency == NULL)
		return -ENOMEM;
	worker->process = stage->process;
	worker->hands_over = eject_hands_over(stage, node->type_conf);
	worker->room = stage->room;
	worker->tick = stage->tick;
	worker->drain = stage->drain;
	worker->pressure = stage->pressure;
	return 0;
}

/* The buckets of a link for its producers on a socket: one table, where there is a choice. */
static int
buckets_create(struct weir_engine *engine, const struct link *link, int socket,
	struct out_link *out)
{
	uint8_t **buckets = &engine->buckets[out->id * RTE_MAX_NUMA_NODES + (unsigned int)socket];

	if (link->conf.spread != WEIR_SPREAD_FLOW || out->lane_count == 1)
		return 0;
	if (*buckets == NULL) {
		*buckets = lines_alloc(WEIR_BUCKETS, sizeof(**buckets), socket);
		if (*buckets == NULL)
			return -ENOMEM;
		spread_buckets(*buckets,
			(uint16_t)node_workers(&pipeline_of(engine)->nodes[link->to]),
			(uint16_t)pipeline_stride(pipeline_of(engine), link));
	}
	out->buckets = *buckets;
	return 0;
}

static void
buckets_free(struct weir_engine *engine)
{
	unsigned int n = pipeline_of(engine)->link_count * RTE_MAX_NUMA_NODES;

	for (unsigned int i = 0; engine->buckets != NULL && i < n; i++)
		rte_free(engine->buckets[i]);
	free(engine->buckets);
}

/* A link's lanes from one producer: one for each worker of the consuming node that it meets. */
static int
link_create(struct weir_engine *engine, struct seat *seat, unsigned int id, struct out_link *out)
{
	const struct link *link = &pipeline_of(engine)->links[id];
	unsigned int stride = pipeline_stride(pipeline_of(engine), link);
	unsigned int lanes = node_workers(&pipeline_of(engine)->nodes[link->to]) / stride;
	const struct seat *consumers = node_seats(engine, link->to) + seat->plan->index % stride;

	out->id = id;
	out->lanes = lines_alloc(lanes, sizeof(*out->lanes), seat->plan->socket);
	if (out->lanes == NULL)
		return -ENOMEM;
	out->lane_count = (uint16_t)lanes;
	out->stride = (uint16_t)stride;
	/* Or all producers of a round-robin would begin with the same consumer. */
	out->turn = (uint16_t)(seat->plan->index % lanes);
	for (unsigned int i = 0; i < lanes; i++)
		out->lanes[i].consumer = consumers[i * stride].worker;
	return buckets_create(engine, link, seat->plan->socket, out);
}

static int
output_create(struct weir_engine *engine, struct seat *seat, unsigned int index)
{
	const struct weir_pipeline *pipeline = pipeline_of(engine);
	struct output *output = &seat->worker->outputs[index];
	unsigned int n = 0;

	for (unsigned int i = 0; i < pipeline->link_count; i++)
		n += pipeline->links[i].from == seat->plan->node &&
			pipeline->links[i].output == index;
	output->links = lines_alloc(n, sizeof(*output->links), seat->plan->socket);
	if (output->links == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < pipeline->link_count; i++) {
		const struct link *link = &pipeline->links[i];
		struct out_link *out = &output->links[output->link_count];

		if (link->from != seat->plan->node || link->output != index)
			continue;
		output->link_count++;
		if (link_create(engine, seat, i, out) != 0)
			return -ENOMEM;
		output->receivers += link->conf.spread == WEIR_SPREAD_COPY ? out->lane_count : 1;
	}
	return 0;
}

/* Choose how every link pushes, now that it is known which of its lanes are rings. */
static void
links_init(struct weir_engine *engine, struct weir_worker *worker)
{
	for (uint16_t o = 0; o < worker->output_count; o++)
		for (uint16_t l = 0; l < worker->outputs[o].link_count; l++) {
			struct out_link *out = &worker->outputs[o].links[l];
			const struct link_conf *conf = &pipeline_of(engine)->links[out->id].conf;
			struct link_settings settings;

			link_settings_of(pipeline_of(engine), conf, &settings);
			out_link_init(out, (enum weir_spread)conf->spread);
			out_link_set(worker, out, &settings);
		}
}

static void
inputs_init(struct weir_engine *engine, struct weir_worker *worker)
{
	for (uint16_t i = 0; i < worker->input_count; i++) {
		struct ring_consumer *input = &worker->inputs[i];
		struct link_settings settings;

		link_settings_of(pipeline_of(engine), &pipeline_of(engine)->links[input->id].conf,
			&settings);
		ring_consumer_set(input, &settings);
	}
}

static int
seats_create(struct weir_engine *engine)
{
	const struct weir_plan *plan = engine->plan;
	int rc = 0;

	engine->seats = lines_alloc(plan->worker_count, sizeof(*engine->seats), SOCKET_ID_ANY);
	engine->buckets = calloc(RTE_MAX(plan->pipeline->link_count, 1u) * RTE_MAX_NUMA_NODES,
		sizeof(*engine->buckets));
	if (engine->seats == NULL || engine->buckets == NULL)
		return -ENOMEM;
	engine->seat_count = plan->worker_count;
	for (unsigned int i = 0; rc == 0 && i < plan->worker_count; i++)
		rc = seat_create(engine, &engine->seats[i], &plan->workers[i]);
	for (unsigned int i = 0; rc == 0 && i < plan->worker_count; i++) {
		struct seat *seat = &engine->seats[i];

		for (unsigned int o = 0; rc == 0 && o < seat->worker->output_count; o++)
			rc = output_create(engine, seat, o);
	}
	return rc;
}

static void
worker_free(struct weir_worker *worker)
{
	if (worker == NULL)
		return;
	for (uint16_t o = 0; worker->outputs != NULL && o < worker->output_count; o++) {
		struct output *output = &worker->outputs[o];

		for (uint16_t l = 0; l < output->link_count; l++) {
			struct out_link *out = &output->links[l];

			for (uint16_t i = 0; i < out->lane_count; i++)
				rte_free(out->lanes[i].staged);
			rte_free(out->lanes);
		}
		rte_free(output->links);
	}
	rte_free(worker->latency);
	rte_free(worker->vxlan_ports);
	rte_free(worker->gates);
	rte_free(worker->holders);
	rte_free(worker->callers);
	rte_free(worker->inputs);
	rte_free(worker->outputs);
	rte_free(worker->state);
	rte_free(worker->stats);
	rte_free(worker);
}

void
engine_unbuild(struct weir_engine *engine)
{
	pairs_unjoin(engine);
	buckets_free(engine);
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		worker_free(engine->seats[i].worker);
		free(engine->seats[i].gates);
	}
	rte_free(engine->seats);
}

int
engine_build(struct weir_engine *engine, struct weir_error *error)
{
	struct gates_of gates;
	int rc = seats_create(engine);

	if (rc == 0)
		rc = pairs_join(engine);
	if (rc != 0)
		return weir_error_set(error, -rc,
			"no memory for the workers and rings: %s; give EAL more by -m, or lower `ring`",
			rte_strerror(-rc));
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		links_init(engine, engine->seats[i].worker);
		inputs_init(engine, engine->seats[i].worker);
	}
	gates = (struct gates_of){
		.pipeline = pipeline_of(engine),
		.seats = engine->seats,
		.seat_count = engine->seat_count,
		.least = engine->least,
	};
	return loop_gates(&gates, error);
}
