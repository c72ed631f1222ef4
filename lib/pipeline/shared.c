/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Who gets events that others hold too: they are read-only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline_private.h"

/* Another link of the same output; NULL: there is none. */
static const struct link *
link_twin(const struct weir_pipeline *pipeline, const struct link *link)
{
	for (unsigned int i = 0; i < pipeline->link_count; i++) {
		const struct link *other = &pipeline->links[i];

		if (other != link && other->from == link->from && other->output == link->output)
			return other;
	}
	return NULL;
}

static bool
link_copies(const struct weir_pipeline *pipeline, const struct link *link)
{
	return link->conf.spread == WEIR_SPREAD_COPY && pipeline->nodes[link->to].conf.workers > 1;
}

bool
pipeline_shares(const struct weir_pipeline *pipeline, const struct link *link)
{
	return link_copies(pipeline, link) || link_twin(pipeline, link) != NULL;
}

/*
 * For each node the link over which shared events come to it, or NULL. What a node got shared it
 * passes on shared; hence until nothing changes.
 */
static void
shared_spread(const struct weir_pipeline *pipeline, const struct link **cause)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (unsigned int i = 0; i < pipeline->link_count; i++) {
			const struct link *link = &pipeline->links[i];

			if (cause[link->to] != NULL)
				continue;
			if (cause[link->from] == NULL && !pipeline_shares(pipeline, link))
				continue;
			cause[link->to] = link;
			changed = true;
		}
	}
}

static int
shared_error(const struct weir_pipeline *pipeline, const struct link *const *cause,
	unsigned int node, struct weir_error *error)
{
	const struct section *section = pipeline->nodes[node].section;
	const char *type = pipeline->nodes[node].stage_ops->name;
	unsigned int line = entry_line(section, "type");
	const struct link *link = cause[node], *twin;
	char from[LINK_FROM_SIZE];

	/* Back to where they began to be shared. */
	while (!pipeline_shares(pipeline, link))
		link = cause[link->from];
	pipeline_from(pipeline, link, from);
	if (link_copies(pipeline, link))
		return pipeline_error(pipeline, section, line, error,
			"type %s changes events, but gets shared ones, which are read-only: "
			"[link %s %s] has spread = copy to several workers",
			type, from, pipeline->nodes[link->to].name);
	twin = link_twin(pipeline, link);
	return pipeline_error(pipeline, section, line, error,
		"type %s changes events, but gets shared ones, which are read-only: "
		"'%s' is read by '%s' and '%s' alike",
		type, from, pipeline->nodes[link->to].name, pipeline->nodes[twin->to].name);
}

int
links_shared(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	const struct link **cause = calloc(pipeline->node_count, sizeof(*cause));
	int rc = 0;

	if (cause == NULL)
		return no_memory(error);
	shared_spread(pipeline, cause);
	for (unsigned int i = 0; rc == 0 && i < pipeline->node_count; i++) {
		const struct node *node = &pipeline->nodes[i];

		if (!node->source && node->stage_ops->writes && cause[i] != NULL)
			rc = shared_error(pipeline, cause, i, error);
	}
	free(cause);
	return rc;
}
