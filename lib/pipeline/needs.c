/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a worker of a stage takes: by what its type says of all, and by its parameters. */
#include <errno.h>
#include <inttypes.h>

#include "pipeline_private.h"

/* No machine has so many bytes: more is a mistake, and sums of less do not overflow. */
#define BYTES_MAX (UINT64_C(1) << 44)

static int
needs_refuse(const struct weir_pipeline *pipeline, const struct node *node,
	const struct weir_stage_needs *needs, struct weir_error *error)
{
	const struct section *section = node->section;

	if (needs->tick_interval != 0 && node->stage_ops->tick == NULL)
		return pipeline_error(pipeline, section, section->line, error,
			"type %s asks for a tick_interval, but has no tick()",
			node->stage_ops->name);
	if (needs->state > BYTES_MAX || needs->memory > BYTES_MAX)
		return pipeline_error(pipeline, section, section->line, error,
			"type %s asks for %zu bytes of state and %zu of memory: expected no more "
			"than %" PRIu64,
			node->stage_ops->name, needs->state, needs->memory, BYTES_MAX);
	return 0;
}

static int
needs_of(const struct weir_pipeline *pipeline, const struct node *node,
	struct weir_stage_needs *needs, struct weir_error *error)
{
	const struct weir_stage_ops *ops = node->stage_ops;
	struct weir_error why = { .text = "its needs() fails" };

	*needs = (struct weir_stage_needs){
		.size = sizeof(*needs),
		.held = ops->max_held,
		.let_go = UINT32_MAX,
		.fanout = ops->max_fanout,
		.state = ops->state_size,
	};
	if (ops->needs != NULL && ops->needs(node->type_conf, needs, &why) != 0)
		return pipeline_error(pipeline, node->section, why_line(node->section, why.text),
			error, "%s", why.text);
	needs->let_go = RTE_MIN(needs->let_go, needs->held);
	needs->fanout = RTE_MAX(needs->fanout, 1);
	return needs_refuse(pipeline, node, needs, error);
}

int
needs_make(struct weir_pipeline *pipeline, struct weir_error *error)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < pipeline->node_count; i++)
		if (!pipeline->nodes[i].source)
			rc = needs_of(pipeline, &pipeline->nodes[i], &pipeline->nodes[i].needs,
				error);
	return rc;
}

int
needs_recheck(const struct weir_pipeline *copy, const struct node *node, struct weir_error *error)
{
	const struct weir_stage_needs *made = &node->needs;
	struct weir_stage_needs now;
	int rc;

	if (node->source)
		return 0;
	rc = needs_of(copy, node, &now, error);
	if (rc != 0)
		return rc;
	if (now.held == made->held && now.let_go == made->let_go && now.fanout == made->fanout &&
		now.state == made->state && now.memory == made->memory &&
		now.tick_interval == made->tick_interval)
		return 0;
	return pipeline_error(copy, node->section, 0, error,
		"what its workers need would change, and was given to them at the start: stop it, "
		"set the key, start again");
}
