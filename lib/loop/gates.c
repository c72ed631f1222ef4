/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What each worker must find room in before it pulls: every lossless ring, and every stage with a
 * room() of its own, that its events can reach within one pass, that is by calls.
 *
 * An event goes to one output; there to all links; in a link to one lane, or to all where it
 * copies. So the most events that arrive at a place for one pulled are: the sum over links and
 * copied lanes, the greatest over outputs and other lanes, times what the stage declares it makes
 * of one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include <rte_malloc.h>

#include "loop_private.h"

/*
 * No more is counted: no ring holds so many, and times a burst it is still a word. Fan-outs of stages
 * that call each other multiply to more than that.
 */
#define TIMES_MAX (UINT32_C(1) << 23)

/* Gates found so far. */
struct gates {
	struct gate *list;
	unsigned int count;
	unsigned int size;
};

static uint32_t
times_bound(uint64_t times)
{
	return (uint32_t)RTE_MIN(times, (uint64_t)TIMES_MAX);
}

static bool
gate_same(const struct gate *a, const struct gate *b)
{
	return a->ring == b->ring && a->stage == b->stage;
}

/* Add a gate; where it is there already, its times become the sum, or the greater one. */
static int
gates_add(struct gates *gates, const struct gate *gate, bool sum)
{
	for (unsigned int i = 0; i < gates->count; i++) {
		struct gate *have = &gates->list[i];

		if (!gate_same(have, gate))
			continue;
		have->times = sum ? times_bound((uint64_t)have->times + gate->times) :
				    RTE_MAX(have->times, gate->times);
		return 0;
	}
	if (gates->count == gates->size) {
		unsigned int size = RTE_MAX(gates->size * 2, 8u);
		struct gate *list = realloc(gates->list, size * sizeof(*list));

		if (list == NULL)
			return -ENOMEM;
		gates->list = list;
		gates->size = size;
	}
	gates->list[gates->count++] = *gate;
	return 0;
}

static int
gates_merge(struct gates *into, const struct gates *from, bool sum)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < from->count; i++)
		rc = gates_add(into, &from->list[i], sum);
	return rc;
}

static int worker_gates(const struct gates_of *of, struct weir_worker *worker, struct gates *gates);

static int
lane_gates(const struct gates_of *of, const struct out_link *out, struct lane *lane,
	struct gates *gates)
{
	struct gate gate = { .ring = &lane->ring, .link = out, .times = 1 };

	if (lane->ring.ring != NULL)
		return gates_add(gates, &gate, false);
	return worker_gates(of, lane->consumer, gates);
}

static int
link_gates(const struct gates_of *of, struct out_link *out, struct gates *gates)
{
	bool copy = of->pipeline->links[out->id].conf.spread == WEIR_SPREAD_COPY;
	int rc = 0;

	for (uint16_t i = 0; rc == 0 && i < out->lane_count; i++) {
		struct gates lane = { 0 };

		/* A ring counts while its policy is lossless, which may change; a lossy call never. */
		if (out->lanes[i].ring.ring == NULL && !out->policy->lossless)
			continue;
		rc = lane_gates(of, out, &out->lanes[i], &lane);
		if (rc == 0)
			rc = gates_merge(gates, &lane, copy);
		free(lane.list);
	}
	return rc;
}

static int
output_gates(const struct gates_of *of, struct output *output, struct gates *gates)
{
	int rc = 0;

	for (uint16_t i = 0; rc == 0 && i < output->link_count; i++) {
		struct gates link = { 0 };

		rc = link_gates(of, &output->links[i], &link);
		if (rc == 0)
			rc = gates_merge(gates, &link, true);
		free(link.list);
	}
	return rc;
}

static uint32_t
fanout(const struct gates_of *of, const struct weir_worker *worker)
{
	const struct node *node = gates_seat(of, worker)->node;

	return node->source ? 1 : node->needs.fanout;
}

static int
worker_gates(const struct gates_of *of, struct weir_worker *worker, struct gates *gates)
{
	struct gate own = { .stage = worker, .times = 1 };
	uint32_t times = fanout(of, worker);
	int rc = 0;

	if (worker->room != NULL)
		rc = gates_add(gates, &own, false);
	for (uint16_t i = 0; rc == 0 && i < worker->output_count; i++) {
		struct gates output = { 0 };

		rc = output_gates(of, &worker->outputs[i], &output);
		for (unsigned int g = 0; g < output.count; g++)
			output.list[g].times = times_bound((uint64_t)output.list[g].times * times);
		if (rc == 0)
			rc = gates_merge(gates, &output, false);
		free(output.list);
	}
	return rc;
}

/* As the control side has them. */
static int
seat_gates(const struct gates_of *of, struct seat *seat)
{
	struct gates gates = { 0 };
	int rc = worker_gates(of, seat->worker, &gates);

	seat->gates = gates.list;
	seat->gate_count = gates.count;
	return rc;
}

/*
 * Whether a ring behind a gate is filled by what the worker pulls and by nothing else: it is of its own
 * outputs, nobody calls the worker, and nobody on the way holds anything.
 */
static bool
gate_alone(const struct weir_worker *worker, const struct gate *gate)
{
	bool own = false;

	for (uint16_t o = 0; o < worker->output_count; o++)
		for (uint16_t l = 0; l < worker->outputs[o].link_count; l++)
			own |= gate->link == &worker->outputs[o].links[l];
	return own && gate->ring != NULL && worker->caller_count == 0 && gate->holder_count == 0;
}

/* And for the worker, which sorts its own as policies change. */
static int
gates_give(const struct seat *seat)
{
	struct weir_worker *worker = seat->worker;

	worker->gates =
		rte_zmalloc_socket("weir", RTE_MAX(seat->gate_count, 1u) * sizeof(*worker->gates),
			RTE_CACHE_LINE_SIZE, worker->socket);
	if (worker->gates == NULL)
		return -ENOMEM;
	worker->gates_all = (uint16_t)seat->gate_count;
	for (unsigned int i = 0; i < seat->gate_count; i++) {
		worker->gates[i] = seat->gates[i];
		worker->gates[i].alone = gate_alone(worker, &seat->gates[i]);
	}
	worker_settle(worker);
	return 0;
}

/* What a ring must hold, or the worker would never find room for an event. */
static uint64_t
gate_least(const struct gate *gate)
{
	uint64_t least = gate->times;

	for (uint16_t i = 0; i < gate->holder_count; i++)
		least += (uint64_t)gate->holders[i].most * gate->holders[i].times;
	return least;
}

static int
gates_check(const struct gates_of *of, const struct seat *seat, struct weir_error *error)
{
	for (unsigned int i = 0; i < seat->gate_count; i++) {
		const struct gate *gate = &seat->gates[i];
		uint64_t least = gate_least(gate);
		uint32_t *most;

		if (gate->ring == NULL)
			continue;
		most = &of->least[gate->link->id];
		*most = (uint32_t)RTE_MIN(RTE_MAX(*most, least), UINT32_MAX);
		if (gate->link->policy->lossless && gate->ring->capacity < least)
			return weir_error_set(error, EINVAL,
				"for one event of '%s' there may be %" PRIu64
				" on a link whose ring holds %u; raise `ring`",
				seat->worker->name, least, gate->ring->capacity);
	}
	return 0;
}

int
loop_gates(const struct gates_of *of, struct weir_error *error)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < of->seat_count; i++)
		rc = seat_gates(of, &of->seats[i]);
	for (unsigned int i = 0; rc == 0 && i < of->seat_count; i++) {
		rc = loop_holders(of, &of->seats[i]);
		if (rc == 0)
			rc = gates_give(&of->seats[i]);
	}
	if (rc != 0)
		return weir_error_set(error, -rc, "no memory for what the workers find room in");
	for (unsigned int i = 0; rc == 0 && i < of->seat_count; i++)
		rc = gates_check(of, &of->seats[i], error);
	return rc;
}
