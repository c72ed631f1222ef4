/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Which calls there may be. A lossless call asks further back: its producer pulls no more than there
 * is room for behind the call. A lossy one must not ask, for it would take room that another, lossless
 * way to the same place has reserved. So a call is lossy only where its consumer takes anything at
 * any time; where it may refuse, a ring stands between, whose policy then has something to decide.
 */

#include <errno.h>
#include <stdlib.h>

#include "link/link.h"
#include "plan_private.h"

static bool
is_lossless(const struct weir_plan *plan, const struct plan_pair *pair)
{
	const struct weir_pipeline *pipeline = plan->pipeline;

	return link_policy(pipeline_on_full(pipeline, &pipeline->links[pair->link]))->lossless;
}

/* Settle the pairs that a node sends by, and whether its workers may refuse; consumers are known. */
static void
settle_node(struct weir_plan *plan, unsigned int node, bool *refuses)
{
	for (unsigned int i = 0; i < plan->pair_count; i++) {
		struct plan_pair *pair = &plan->pairs[i];

		if (plan->workers[pair->producer].node != node)
			continue;
		if (is_lossless(plan, pair)) {
			refuses[pair->producer] |= !pair->call || refuses[pair->consumer];
		} else if (pair->call && refuses[pair->consumer]) {
			pair->call = false;
			pair->capacity = (uint32_t)plan->pipeline->links[pair->link].conf.ring;
		}
	}
}

int
plan_calls(struct weir_plan *plan, struct weir_error *error)
{
	bool *refuses = calloc(plan->worker_count, sizeof(*refuses));

	if (refuses == NULL)
		return plan_no_memory(error);
	for (unsigned int i = 0; i < plan->worker_count; i++) {
		const struct node *node = plan_node(plan, &plan->workers[i]);

		refuses[i] = !node->source && node->stage_ops->room != NULL;
	}
	for (unsigned int i = plan->pipeline->node_count; i-- > 0;)
		settle_node(plan, plan->pipeline->order[i], refuses);
	free(refuses);
	return 0;
}
