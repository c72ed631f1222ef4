/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a ring holds by default: what a worker is to have waiting, shared among its producers. Few
 * rings are deep enough for bursts, and many do not take memory, and mbufs, as their number grows. A
 * ring of DPDK that is to hold 2^k events has 2^(k+1) slots, so it is one less.
 */
#include <stdlib.h>

#include <rte_common.h>

#include "pipeline_private.h"

/* Slots of all rings of a worker on a link; and of one ring at most, and at least. */
#define SLOTS_WORKER 4096u
#define SLOTS_MOST 1024u
#define SLOTS_LEAST 64u
#define BURSTS_LEAST 4

/* More than any ring holds: beyond that it does not matter how much. */
#define ARRIVE_MAX (UINT64_C(1) << 32)

static uint64_t
times(uint64_t a, uint64_t b)
{
	return RTE_MIN(a * b, ARRIVE_MAX);
}

/* Most events that a node passes on within one pass, for `in` that come, by `holders` workers. */
static uint64_t
passed_on(const struct node *node, uint64_t in, uint64_t holders)
{
	if (node->source)
		return 1;
	return times(RTE_MIN(in + node->needs.let_go * holders, ARRIVE_MAX), node->needs.fanout);
}

/* What a link brings to the workers of its stage by calls. */
static uint64_t
brought(const struct weir_pipeline *pipeline, const struct link *link, uint64_t in)
{
	const struct node *from = &pipeline->nodes[link->from];
	bool copy = link->conf.spread == WEIR_SPREAD_COPY;

	if (link_feedback(link) || link->conf.kind != WEIR_LINK_AUTO)
		return 0;
	return times(passed_on(from, in, node_workers(from)),
		copy ? node_workers(&pipeline->nodes[link->to]) : 1);
}

/*
 * Most events that can come to a node's workers for one that was pulled somewhere before, if all links
 * between are calls.
 */
static void
arrivals(const struct weir_pipeline *pipeline, uint64_t *in)
{
	for (unsigned int n = 0; n < pipeline->node_count; n++) {
		unsigned int to = pipeline->order[n];

		for (unsigned int i = 0; i < pipeline->link_count; i++) {
			const struct link *link = &pipeline->links[i];

			if (link->to == to)
				in[to] = RTE_MIN(in[to] + brought(pipeline, link, in[link->from]),
					ARRIVE_MAX);
		}
		in[to] = RTE_MAX(in[to], UINT64_C(1));
	}
}

static void
ring_size(const struct weir_pipeline *pipeline, struct link *link, uint64_t in)
{
	const struct node *from = &pipeline->nodes[link->from];
	uint32_t burst = (uint32_t)pipeline->conf.burst;
	uint32_t producers = node_workers(from) / pipeline_stride(pipeline, link);
	uint32_t share = rte_align32prevpow2(RTE_MAX(SLOTS_WORKER / producers, 1u));
	uint32_t least = RTE_MAX(rte_align32pow2(BURSTS_LEAST * burst), SLOTS_LEAST);
	uint32_t slots = RTE_MIN(RTE_MAX(share, least), SLOTS_MOST);
	uint64_t need = passed_on(from, in, 1);

	if (!from->source)
		need = RTE_MAX(need, times(burst, from->needs.fanout));
	link->ring_why = share >= SLOTS_MOST ? "the most by default" :
		share >= least               ? "4096 for each worker over its producers" :
					       "4 bursts at least";
	link->conf.ring = slots - 1;
	if (need < slots)
		return;
	link->ring_why = "what may come there for one event";
	link->conf.ring = need < SLOTS_MOST ? rte_align32pow2((uint32_t)need + 1) - 1 : SLOTS_MOST;
}

int
rings_size(struct weir_pipeline *pipeline, struct weir_error *error)
{
	uint64_t *in = calloc(pipeline->node_count, sizeof(*in));

	if (in == NULL)
		return no_memory(error);
	arrivals(pipeline, in);
	for (unsigned int i = 0; i < pipeline->link_count; i++) {
		struct link *link = &pipeline->links[i];

		if (link->conf.ring == 0)
			ring_size(pipeline, link, in[link->from]);
	}
	free(in);
	return 0;
}

int
pipeline_set_workers(struct weir_pipeline *copy, unsigned int node, unsigned int workers,
	struct weir_error *error)
{
	copy->nodes[node].conf.workers = workers;
	for (unsigned int i = 0; i < copy->link_count; i++)
		if (copy->links[i].ring_why != NULL)
			copy->links[i].conf.ring = 0;
	return rings_size(copy, error);
}
