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
#include <stdlib.h>

#include <rte_malloc.h>

#include "loop_private.h"

/* Gates found so far. */
struct gates {
	struct gate *list;
	unsigned int count;
	unsigned int size;
};

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
		have->times = sum ? have->times + gate->times : RTE_MAX(have->times, gate->times);
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
	for (unsigned int i = 0; i < of->seat_count; i++)
		if (of->seats[i].worker == worker && !of->seats[i].node->source)
			return RTE_MAX(of->seats[i].node->stage_ops->max_fanout, 1);
	return 1;
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
			output.list[g].times *= times;
		if (rc == 0)
			rc = gates_merge(gates, &output, false);
		free(output.list);
	}
	return rc;
}

/* For the worker, which sorts them as policies change, and for who looks on from the control side. */
static int
gates_keep(struct seat *seat, const struct gates *gates)
{
	struct weir_worker *worker = seat->worker;

	worker->gates = rte_zmalloc_socket("weir", RTE_MAX(gates->count, 1u) * sizeof(*gates->list),
		RTE_CACHE_LINE_SIZE, worker->socket);
	seat->gates = calloc(RTE_MAX(gates->count, 1u), sizeof(*seat->gates));
	if (worker->gates == NULL || seat->gates == NULL)
		return -ENOMEM;
	seat->gate_count = gates->count;
	worker->gates_all = (uint16_t)gates->count;
	for (unsigned int i = 0; i < gates->count; i++)
		worker->gates[i] = seat->gates[i] = gates->list[i];
	worker_gates_sort(worker);
	return 0;
}

/* A ring too small for what one event may become would never have room. */
static int
gates_check(const struct gates_of *of, const struct weir_worker *worker, const struct gates *gates,
	struct weir_error *error)
{
	uint32_t *times;

	for (unsigned int i = 0; i < gates->count; i++) {
		const struct gate *gate = &gates->list[i];

		if (gate->ring == NULL)
			continue;
		times = &of->times[gate->link->id];
		*times = RTE_MAX(*times, gate->times);
		if (gate->link->policy->lossless && gate->ring->capacity < gate->times)
			return weir_error_set(error, EINVAL,
				"one event of '%s' may become %u on a link whose ring holds %u; "
				"raise `ring`",
				worker->name, gate->times, gate->ring->capacity);
	}
	return 0;
}

int
loop_gates(const struct gates_of *of, struct weir_error *error)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < of->seat_count; i++) {
		struct weir_worker *worker = of->seats[i].worker;
		struct gates gates = { 0 };

		rc = worker_gates(of, worker, &gates);
		if (rc == 0)
			rc = gates_keep(&of->seats[i], &gates);
		if (rc != 0)
			rc = weir_error_set(error, -rc, "no memory for the gates of '%s'",
				worker->name);
		else
			rc = gates_check(of, worker, &gates, error);
		free(gates.list);
	}
	return rc;
}
