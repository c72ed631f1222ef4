/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Which calls there may be. A lossless call asks further back: its producer pulls no more than there
 * is room for behind the call. A lossy one must not ask, for it would take room that another, lossless
 * way to the same place has reserved. So a call is lossy only where its consumer takes anything at
 * any time; where it may refuse, a ring stands between, whose policy then has something to decide.
 *
 * And a call that brings several events for one must not end at a stage that may have no room for so
 * many ever: its producer would wait for good. There, too, stands a ring, out of which come single ones.
 */

#include <errno.h>
#include <stdlib.h>

#include "link/link.h"
#include "plan_private.h"

static bool
is_lossless(const struct weir_pipeline *pipeline, const struct plan_pair *pair)
{
	return link_policy(pipeline_on_full(pipeline, &pipeline->links[pair->link]))->lossless;
}

/*
 * Which workers may refuse: by a stage's room(), by a ring that they send to losslessly, or by
 * whom they call losslessly. NULL: no memory.
 */
static bool *
refuses_create(const struct weir_plan *plan, const struct weir_pipeline *pipeline)
{
	bool *refuses = calloc(plan->worker_count, sizeof(*refuses));

	for (unsigned int i = 0; refuses != NULL && i < plan->worker_count; i++) {
		const struct node *node = plan_node(plan, &plan->workers[i]);

		refuses[i] = !node->source && node->stage_ops->room != NULL;
	}
	for (unsigned int n = pipeline->node_count; refuses != NULL && n-- > 0;)
		for (unsigned int i = 0; i < plan->pair_count; i++) {
			const struct plan_pair *pair = &plan->pairs[i];

			if (plan->workers[pair->producer].node == pipeline->order[n] &&
				is_lossless(pipeline, pair))
				refuses[pair->producer] |= !pair->call || refuses[pair->consumer];
		}
	return refuses;
}

static bool
is_unanswered(const struct weir_pipeline *pipeline, const struct plan_pair *pair,
	const bool *refuses)
{
	return pair->call && refuses[pair->consumer] && !is_lossless(pipeline, pair);
}

static void
make_ring(const struct weir_plan *plan, struct plan_pair *pair)
{
	pair->call = false;
	pair->capacity = (uint32_t)plan->pipeline->links[pair->link].conf.ring;
}

/* Whether a worker may forward several events for one, of those that it holds or got over calls. */
static bool
is_several(const struct weir_plan *plan, const bool *several, unsigned int worker)
{
	const struct node *node = plan_node(plan, &plan->workers[worker]);

	return several[worker] ||
		(!node->source && (node->needs.fanout > 1 || node->needs.let_go > 0));
}

/* Rings in front of stages with a room() to which calls bring several events for one. */
static int
calls_several(struct weir_plan *plan)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	bool *several = calloc(plan->worker_count, sizeof(*several));

	if (several == NULL)
		return -ENOMEM;
	for (unsigned int n = 0; n < pipeline->node_count; n++)
		for (unsigned int i = 0; i < plan->pair_count; i++) {
			struct plan_pair *pair = &plan->pairs[i];

			if (plan->workers[pair->producer].node != pipeline->order[n] ||
				!pair->call || !is_several(plan, several, pair->producer))
				continue;
			if (plan_node(plan, &plan->workers[pair->consumer])->stage_ops->room !=
				NULL)
				make_ring(plan, pair);
			else
				several[pair->consumer] = true;
		}
	free(several);
	return 0;
}

int
plan_calls(struct weir_plan *plan, struct weir_error *error)
{
	bool *refuses = calls_several(plan) == 0 ? refuses_create(plan, plan->pipeline) : NULL;

	if (refuses == NULL)
		return plan_no_memory(error);
	for (unsigned int i = 0; i < plan->pair_count; i++)
		if (is_unanswered(plan->pipeline, &plan->pairs[i], refuses))
			make_ring(plan, &plan->pairs[i]);
	free(refuses);
	return 0;
}

int
plan_calls_check(const struct weir_plan *plan, const struct weir_pipeline *pipeline,
	struct weir_error *error)
{
	bool *refuses = refuses_create(plan, pipeline);
	char from[LINK_FROM_SIZE];
	const struct link *link;
	unsigned int i = 0;

	if (refuses == NULL)
		return plan_no_memory(error);
	while (i < plan->pair_count && !is_unanswered(pipeline, &plan->pairs[i], refuses))
		i++;
	free(refuses);
	if (i == plan->pair_count)
		return 0;
	link = &pipeline->links[plan->pairs[i].link];
	return weir_error_set(error, EINVAL,
		"'%s' would have to wait, but is called over the lossy [link %s %s]: stop it, give "
		"that one kind = ring, start again",
		pipeline->nodes[link->to].name, pipeline_from(pipeline, link, from),
		pipeline->nodes[link->to].name);
}
