/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Which workers of a link meet. Bucket b goes to worker b mod N of a stage of N workers, over every
 * flow spread. So events of worker i of M, where nothing else brings any and none changes its hash,
 * are of buckets b = i mod M, and come to worker j of N only where i = j mod gcd(M, N).
 */
#include "pipeline_private.h"

static unsigned int
common_divisor(unsigned int a, unsigned int b)
{
	while (b != 0) {
		unsigned int rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Whether each worker of a node forwards only events of the buckets that are its own. */
static bool
has_shares(const struct weir_pipeline *pipeline, unsigned int n)
{
	const struct node *node = &pipeline->nodes[n];

	if (node->source || !node->stage_ops->keeps_hash)
		return false;
	for (unsigned int i = 0; i < pipeline->link_count; i++) {
		const struct link *link = &pipeline->links[i];

		if (link->to == n && (link->conf.spread != WEIR_SPREAD_FLOW || link_feedback(link)))
			return false;
	}
	return true;
}

unsigned int
pipeline_stride(const struct weir_pipeline *pipeline, const struct link *link)
{
	if (link->conf.spread != WEIR_SPREAD_FLOW || !has_shares(pipeline, link->from))
		return 1;
	return common_divisor(node_workers(&pipeline->nodes[link->from]),
		node_workers(&pipeline->nodes[link->to]));
}
