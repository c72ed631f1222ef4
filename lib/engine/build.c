/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* From the plan to workers, and the lanes, rings and calls between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "engine_private.h"

/* Bytes of a line that nobody else writes. */
#define OWN_LINE RTE_CACHE_LINE_SIZE

static void *
alloc(size_t count, size_t size, int socket)
{
	/* rte_zmalloc gives NULL for nothing too. */
	return rte_zmalloc_socket("weir", RTE_MAX(count, (size_t)1) * size, OWN_LINE, socket);
}

static const struct weir_pipeline *
pipeline_of(const struct weir_engine *engine)
{
	return engine->plan->pipeline;
}

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

/* The worker itself, with what it is; its ends of links come later. */
static int
seat_create(struct weir_engine *engine, struct seat *seat, const struct plan_worker *plan)
{
	const struct node *node = &pipeline_of(engine)->nodes[plan->node];
	const struct weir_stage_ops *stage = node->stage_ops;
	size_t state = node->source ? node->source_ops->state_size : node->needs.state;
	struct weir_worker *worker = alloc(1, sizeof(*worker), plan->socket);

	seat->plan = plan;
	seat->node = node;
	seat->tick_cycles = tick_cycles(node);
	seat->worker = worker;
	if (worker == NULL)
		return -ENOMEM;
	worker->stats = alloc(1, sizeof(*worker->stats), plan->socket);
	/* Also for those without state: NULL means that there is no memory. */
	worker->state = alloc(1, RTE_MAX(state, (size_t)1), plan->socket);
	worker->outputs = alloc(node_outputs(node), sizeof(*worker->outputs), plan->socket);
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
	worker->under_pressure = (uint8_t)node->conf.under_pressure;
	worker->hash_key = &engine->hash_key;
	worker->failures = &engine->failures;
	worker->pool = engine_pool(engine, plan->socket);
	if (plan->port != UINT_MAX) {
		worker->port = engine->plan->ports[plan->port].id;
		worker->queue = plan->queue;
	}
	if (node->source) {
		worker->poll = node->source_ops->poll;
		if (plan->port != UINT_MAX && engine->plan->ports[plan->port].chains)
			worker->room = node->source_ops->room;
		if (node->conf.under_pressure != 0)
			worker->pressure = node->source_ops->pressure;
		return 0;
	}
	worker->latency = alloc(1, sizeof(*worker->latency), plan->socket);
	if (worker->latency == NULL)
		return -ENOMEM;
	worker->process = stage->process;
	worker->room = stage->room;
	worker->tick = stage->tick;
	worker->drain = stage->drain;
	worker->pressure = stage->pressure;
	return 0;
}

/* When each slot of a ring was published, where the link has a deadline. */
static int
stamps_create(const struct link *link, struct joint *joint, int socket)
{
	uint32_t *stamps;

	if (link->conf.deadline == 0)
		return 0;
	stamps = alloc(joint->ring->size, sizeof(*stamps), socket);
	joint->lane->ring.stamps = stamps;
	joint->consumer->stamps = stamps;
	return stamps != NULL ? 0 : -ENOMEM;
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
		*buckets = alloc(WEIR_BUCKETS, sizeof(**buckets), socket);
		if (*buckets == NULL)
			return -ENOMEM;
		spread_buckets(*buckets, out->lane_count);
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

/* A link's lanes from one producer: one for each worker of the consuming node. */
static int
link_create(struct weir_engine *engine, struct seat *seat, unsigned int id, struct out_link *out)
{
	const struct link *link = &pipeline_of(engine)->links[id];
	const struct node *to = &pipeline_of(engine)->nodes[link->to];

	out->id = id;
	out->lanes = alloc(to->conf.workers, sizeof(*out->lanes), seat->plan->socket);
	if (out->lanes == NULL)
		return -ENOMEM;
	out->lane_count = (uint16_t)to->conf.workers;
	for (uint16_t i = 0; i < out->lane_count; i++)
		out->lanes[i].consumer = node_seats(engine, link->to)[i].worker;
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
	output->links = alloc(n, sizeof(*output->links), seat->plan->socket);
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

/* The lane of a pair of workers. */
static struct lane *
pair_lane(struct weir_engine *engine, const struct plan_pair *pair)
{
	const struct link *link = &pipeline_of(engine)->links[pair->link];
	struct weir_worker *producer = engine->seats[pair->producer].worker;
	struct out_link *out = producer->outputs[link->output].links;

	while (out->id != pair->link)
		out++;
	return &out->lanes[engine->seats[pair->consumer].plan->index];
}

static int
call_join(struct weir_engine *engine, const struct plan_pair *pair)
{
	const struct link *link = &pipeline_of(engine)->links[pair->link];
	struct weir_worker *producer = engine->seats[pair->producer].worker;
	struct weir_worker *consumer = engine->seats[pair->consumer].worker;
	struct lane *lane = pair_lane(engine, pair);

	consumer->callers[consumer->caller_count++] = producer;
	lane->direct = producer->outputs[link->output].receivers == 1;
	lane->staged_size = producer->burst;
	lane->staged = alloc(lane->staged_size, sizeof(*lane->staged), producer->socket);
	return lane->staged != NULL ? 0 : -ENOMEM;
}

static int
ring_join(struct weir_engine *engine, const struct plan_pair *pair, struct joint *joint)
{
	struct weir_worker *producer = engine->seats[pair->producer].worker;
	struct weir_worker *consumer = engine->seats[pair->consumer].worker;
	const struct link *link = &pipeline_of(engine)->links[pair->link];
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "weir_%u_%td", engine->id, pair - engine->plan->pairs);
	joint->pair = pair;
	joint->ring = rte_ring_create(name, pair->capacity, consumer->socket,
		RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (joint->ring == NULL)
		return -rte_errno;
	joint->lane = pair_lane(engine, pair);
	joint->consumer = &consumer->inputs[consumer->input_count++];
	ring_producer_init(&joint->lane->ring, joint->ring);
	ring_consumer_init(joint->consumer, joint->ring, producer);
	joint->probe = alloc(1, sizeof(*joint->probe), consumer->socket);
	if (joint->probe == NULL)
		return -ENOMEM;
	ring_probe_init(joint->probe, &joint->lane->ring, joint->consumer);
	joint->lane->ring.seed = engine->flow_seed;
	joint->consumer->id = pair->link;
	joint->consumer->feedback = link_feedback(link);
	return stamps_create(link, joint, consumer->socket);
}

/* Room for the consumer's end of each ring that ends at a worker, and for who calls it. */
static int
inputs_create(struct weir_engine *engine, struct seat *seat)
{
	unsigned int rings = 0, calls = 0;

	for (unsigned int i = 0; i < engine->plan->pair_count; i++) {
		const struct plan_pair *pair = &engine->plan->pairs[i];

		if (&engine->seats[pair->consumer] != seat)
			continue;
		rings += !pair->call;
		calls += pair->call;
	}
	seat->worker->inputs = alloc(rings, sizeof(*seat->worker->inputs), seat->plan->socket);
	seat->worker->callers = alloc(calls, sizeof(*seat->worker->callers), seat->plan->socket);
	return seat->worker->inputs != NULL && seat->worker->callers != NULL ? 0 : -ENOMEM;
}

static int
pairs_join(struct weir_engine *engine)
{
	const struct weir_plan *plan = engine->plan;

	engine->joints = calloc(RTE_MAX(plan->pair_count, 1u), sizeof(*engine->joints));
	engine->policies =
		calloc(RTE_MAX(plan->pipeline->link_count, 1u), sizeof(*engine->policies));
	engine->least = calloc(RTE_MAX(plan->pipeline->link_count, 1u), sizeof(*engine->least));
	if (engine->joints == NULL || engine->policies == NULL || engine->least == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < plan->pipeline->link_count; i++)
		engine->policies[i] =
			link_policy(pipeline_on_full(plan->pipeline, &plan->pipeline->links[i]));
	for (unsigned int i = 0; i < plan->pair_count; i++) {
		const struct plan_pair *pair = &plan->pairs[i];
		int rc;

		if (pair->call)
			rc = call_join(engine, pair);
		else
			rc = ring_join(engine, pair, &engine->joints[engine->joint_count++]);
		if (rc != 0)
			return rc;
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

/* Whom a worker waits for when it drains: every worker that sends to it, feedback left out. */
static int
upstream_create(struct weir_engine *engine, struct seat *seat)
{
	const struct weir_plan *plan = engine->plan;

	seat->upstream = calloc(RTE_MAX(plan->pair_count, 1u), sizeof(*seat->upstream));
	if (seat->upstream == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < plan->pair_count; i++) {
		const struct plan_pair *pair = &plan->pairs[i];
		const struct link *link = &pipeline_of(engine)->links[pair->link];

		if (&engine->seats[pair->consumer] == seat && !link_feedback(link))
			seat->upstream[seat->upstream_count++] = &engine->seats[pair->producer];
	}
	return 0;
}

static int
seats_create(struct weir_engine *engine)
{
	const struct weir_plan *plan = engine->plan;
	int rc = 0;

	engine->seats = calloc(plan->worker_count, sizeof(*engine->seats));
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
		if (rc == 0)
			rc = inputs_create(engine, seat);
		if (rc == 0)
			rc = upstream_create(engine, seat);
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
	for (unsigned int i = 0; i < engine->joint_count; i++) {
		if (engine->joints[i].lane != NULL)
			rte_free(engine->joints[i].lane->ring.stamps);
		rte_free(engine->joints[i].probe);
		rte_ring_free(engine->joints[i].ring);
	}
	free(engine->joints);
	buckets_free(engine);
	free(engine->policies);
	free(engine->least);
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		worker_free(engine->seats[i].worker);
		free(engine->seats[i].upstream);
		free(engine->seats[i].gates);
	}
	free(engine->seats);
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
