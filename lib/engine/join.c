/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The rings and calls between workers: one for each pair that meets. */
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "engine_private.h"

/* The lane of a pair of workers. */
static struct lane *
pair_lane(struct weir_engine *engine, const struct plan_pair *pair)
{
	const struct link *link = &pipeline_of(engine)->links[pair->link];
	struct weir_worker *producer = engine->seats[pair->producer].worker;
	struct out_link *out = producer->outputs[link->output].links;

	while (out->id != pair->link)
		out++;
	return &out->lanes[engine->seats[pair->consumer].plan->index /
		pipeline_stride(pipeline_of(engine), link)];
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
	lane->staged = lines_alloc(lane->staged_size, sizeof(*lane->staged), producer->socket);
	return lane->staged != NULL ? 0 : -ENOMEM;
}

/* When each slot of a ring was published, where the link has a deadline. */
static int
stamps_create(const struct link *link, struct joint *joint, int socket)
{
	uint32_t *stamps;

	if (link->conf.deadline == 0)
		return 0;
	stamps = lines_alloc(joint->ring->size, sizeof(*stamps), socket);
	joint->lane->ring.stamps = stamps;
	joint->consumer->stamps = stamps;
	return stamps != NULL ? 0 : -ENOMEM;
}

/* What drop-flow knows of datagrams, where the link begins with that. */
static int
datagrams_create(const struct link *link, struct joint *joint, int socket)
{
	struct ring_producer *ring = &joint->lane->ring;

	if (link->conf.on_full != WEIR_ON_FULL_DROP_FLOW)
		return 0;
	ring->datagrams = lines_alloc(1, sizeof(*ring->datagrams), socket);
	return ring->datagrams != NULL ? 0 : -ENOMEM;
}

/* The next part of the memory that the consumer's rings share. */
static struct rte_ring *
ring_carve(struct weir_engine *engine, const struct plan_pair *pair)
{
	struct ring_zone *zone = &engine->zones[pair->consumer];
	struct rte_ring *ring = RTE_PTR_ADD(zone->base, zone->used);
	char name[RTE_RING_NAMESIZE];

	zone->used += plan_ring_bytes(pair->capacity);
	snprintf(name, sizeof(name), "weir_%u_%td", engine->id, pair - engine->plan->pairs);
	return rte_ring_init(ring, name, pair->capacity,
		       RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ) == 0 ?
		ring :
		NULL;
}

static int
ring_join(struct weir_engine *engine, const struct plan_pair *pair, struct joint *joint)
{
	struct weir_worker *producer = engine->seats[pair->producer].worker;
	struct weir_worker *consumer = engine->seats[pair->consumer].worker;
	const struct link *link = &pipeline_of(engine)->links[pair->link];

	joint->pair = pair;
	joint->ring = ring_carve(engine, pair);
	if (joint->ring == NULL)
		return -EINVAL;
	joint->lane = pair_lane(engine, pair);
	joint->consumer = &consumer->inputs[consumer->input_count++];
	ring_producer_init(&joint->lane->ring, joint->ring);
	ring_consumer_init(joint->consumer, joint->ring, producer);
	joint->probe = lines_alloc(1, sizeof(*joint->probe), consumer->socket);
	if (joint->probe == NULL)
		return -ENOMEM;
	ring_probe_init(joint->probe, &joint->lane->ring, joint->consumer);
	joint->lane->ring.seed = engine->flow_seed;
	joint->consumer->id = pair->link;
	joint->consumer->feedback = link_feedback(link);
	if (datagrams_create(link, joint, producer->socket) != 0)
		return -ENOMEM;
	return stamps_create(link, joint, consumer->socket);
}

/* What ends at a worker. */
struct tally {
	unsigned int rings;
	unsigned int calls;
	unsigned int upstream;
	size_t bytes; /* of its rings */
};

static struct tally *
tallies_create(const struct weir_engine *engine)
{
	const struct weir_plan *plan = engine->plan;
	struct tally *tallies = calloc(engine->seat_count, sizeof(*tallies));

	for (unsigned int i = 0; tallies != NULL && i < plan->pair_count; i++) {
		const struct plan_pair *pair = &plan->pairs[i];
		struct tally *tally = &tallies[pair->consumer];

		tally->rings += !pair->call;
		tally->calls += pair->call;
		tally->upstream += !link_feedback(&pipeline_of(engine)->links[pair->link]);
		tally->bytes += pair->call ? 0 : plan_ring_bytes(pair->capacity);
	}
	return tallies;
}

/*
 * Room for a worker's rings, in one piece on its socket, for its end of each, for who calls it, and for
 * whom it waits when it drains: every worker that sends to it, feedback left out.
 */
static int
ends_create(struct weir_engine *engine, unsigned int i, const struct tally *tally)
{
	struct seat *seat = &engine->seats[i];
	struct weir_worker *worker = seat->worker;

	engine->zones[i].base = lines_alloc(1, tally->bytes, worker->socket);
	worker->inputs = lines_alloc(tally->rings, sizeof(*worker->inputs), worker->socket);
	worker->callers = lines_alloc(tally->calls, sizeof(*worker->callers), worker->socket);
	seat->upstream = calloc(RTE_MAX(tally->upstream, 1u), sizeof(*seat->upstream));
	return engine->zones[i].base != NULL && worker->inputs != NULL && worker->callers != NULL &&
			seat->upstream != NULL ?
		0 :
		-ENOMEM;
}

static int
tables_create(struct weir_engine *engine)
{
	const struct weir_pipeline *pipeline = pipeline_of(engine);
	unsigned int links = RTE_MAX(pipeline->link_count, 1u);

	engine->joints = calloc(RTE_MAX(engine->plan->pair_count, 1u), sizeof(*engine->joints));
	engine->policies = calloc(links, sizeof(*engine->policies));
	engine->least = calloc(links, sizeof(*engine->least));
	engine->zones = calloc(engine->seat_count, sizeof(*engine->zones));
	if (engine->joints == NULL || engine->policies == NULL || engine->least == NULL ||
		engine->zones == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < pipeline->link_count; i++)
		engine->policies[i] = link_policy(pipeline_on_full(pipeline, &pipeline->links[i]));
	return 0;
}

static int
pair_join(struct weir_engine *engine, const struct plan_pair *pair)
{
	struct seat *seat = &engine->seats[pair->consumer];

	if (!link_feedback(&pipeline_of(engine)->links[pair->link]))
		seat->upstream[seat->upstream_count++] = &engine->seats[pair->producer];
	if (pair->call)
		return call_join(engine, pair);
	return ring_join(engine, pair, &engine->joints[engine->joint_count++]);
}

int
pairs_join(struct weir_engine *engine)
{
	struct tally *tallies = tallies_create(engine);
	int rc = tallies != NULL ? tables_create(engine) : -ENOMEM;

	for (unsigned int i = 0; rc == 0 && i < engine->seat_count; i++)
		rc = ends_create(engine, i, &tallies[i]);
	for (unsigned int i = 0; rc == 0 && i < engine->plan->pair_count; i++)
		rc = pair_join(engine, &engine->plan->pairs[i]);
	free(tallies);
	return rc;
}

void
pairs_unjoin(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->joint_count; i++) {
		if (engine->joints[i].lane != NULL) {
			rte_free(engine->joints[i].lane->ring.stamps);
			rte_free(engine->joints[i].lane->ring.datagrams);
		}
		rte_free(engine->joints[i].probe);
	}
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		if (engine->zones != NULL)
			rte_free(engine->zones[i].base);
		free(engine->seats[i].upstream);
	}
	free(engine->zones);
	free(engine->joints);
	free(engine->policies);
	free(engine->least);
}
