/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Cycles: which are refused, which links are feedback, and the order of the nodes without them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline_private.h"

#define NONE UINT_MAX

enum colour { WHITE, GREY, BLACK };

/* A depth-first walk that stops at each link that closes a cycle. Not recursive: a file may be
 * a chain of any length. */
struct walk {
	const struct weir_pipeline *pipeline;
	bool lossless;       /* only block links count */
	unsigned int *stack; /* nodes on the way to the present one */
	unsigned int *next;  /* for each node, the link to look at next */
	uint8_t *colour;
	unsigned int depth;
	unsigned int root; /* the next one; sources come first */
};

static bool
link_lossless(const struct link *link)
{
	return link->conf.on_full == WEIR_ON_FULL_BLOCK;
}

static void
walk_fini(struct walk *walk)
{
	free(walk->stack);
	free(walk->next);
	free(walk->colour);
}

static int
walk_init(struct walk *walk, const struct weir_pipeline *pipeline, struct weir_error *error)
{
	memset(walk, 0, sizeof(*walk));
	walk->pipeline = pipeline;
	walk->stack = calloc(pipeline->node_count, sizeof(*walk->stack));
	walk->next = calloc(pipeline->node_count, sizeof(*walk->next));
	walk->colour = calloc(pipeline->node_count, sizeof(*walk->colour));
	if (walk->stack != NULL && walk->next != NULL && walk->colour != NULL)
		return 0;
	walk_fini(walk);
	return no_memory(error);
}

static void
walk_push(struct walk *walk, unsigned int node)
{
	walk->colour[node] = GREY;
	walk->next[node] = 0;
	walk->stack[walk->depth++] = node;
}

/* Begin at the next node that was not met yet; false: there is none. */
static bool
walk_root(struct walk *walk)
{
	unsigned int count = walk->pipeline->node_count;

	for (; walk->root < 2 * count; walk->root++) {
		unsigned int node = walk->root % count;
		bool turn = walk->root >= count || walk->pipeline->nodes[node].source;

		if (turn && walk->colour[node] == WHITE) {
			walk_push(walk, node);
			return true;
		}
	}
	return false;
}

/* The present node's next link that counts; NONE: it has no more. */
static unsigned int
walk_link(struct walk *walk)
{
	unsigned int node = walk->stack[walk->depth - 1];

	while (walk->next[node] < walk->pipeline->link_count) {
		unsigned int i = walk->next[node]++;
		const struct link *link = &walk->pipeline->links[i];

		if (link->from == node && (!walk->lossless || link_lossless(link)))
			return i;
	}
	return NONE;
}

/* The next link that closes a cycle; NONE: there is none. */
static unsigned int
walk_closing(struct walk *walk)
{
	while (walk->depth > 0 || walk_root(walk)) {
		unsigned int i = walk_link(walk);
		unsigned int to;

		if (i == NONE) {
			walk->colour[walk->stack[--walk->depth]] = BLACK;
			continue;
		}
		to = walk->pipeline->links[i].to;
		if (walk->colour[to] == GREY)
			return i;
		if (walk->colour[to] == WHITE)
			walk_push(walk, to);
	}
	return NONE;
}

static int
cycle_error(const struct walk *walk, const struct link *link, struct weir_error *error)
{
	const struct node *nodes = walk->pipeline->nodes;
	char cycle[EXPECTED_SIZE];
	unsigned int i = 0;
	size_t at = 0;

	while (walk->stack[i] != link->to)
		i++;
	for (; i < walk->depth && at < sizeof(cycle) - 2 * WEIR_NAME_SIZE; i++)
		at = text_add(cycle, sizeof(cycle), at, "%s -> ", nodes[walk->stack[i]].name);
	if (i < walk->depth)
		at = text_add(cycle, sizeof(cycle), at, "... -> ");
	text_add(cycle, sizeof(cycle), at, "%s", nodes[link->to].name);
	return link_error(walk->pipeline, link, "on_full", error,
		"lossless cycle %s (block): a feedback link must be lossy, as on_full = drop-newest",
		cycle);
}

int
cycles_refuse(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	struct walk walk;
	unsigned int closing;
	int rc = walk_init(&walk, pipeline, error);

	if (rc != 0)
		return rc;
	walk.lossless = true;
	closing = walk_closing(&walk);
	if (closing != NONE)
		rc = cycle_error(&walk, &pipeline->links[closing], error);
	walk_fini(&walk);
	return rc;
}

/* Whether `to` is reached from `from` over links that are not feedback. Takes the walk's arrays. */
static bool
reaches(struct walk *walk, unsigned int from, unsigned int to)
{
	const struct weir_pipeline *pipeline = walk->pipeline;

	memset(walk->colour, WHITE, pipeline->node_count);
	walk->depth = 0;
	walk_push(walk, from);
	while (walk->depth > 0 && walk->colour[to] == WHITE) {
		unsigned int node = walk->stack[--walk->depth];

		for (unsigned int i = 0; i < pipeline->link_count; i++) {
			const struct link *link = &pipeline->links[i];

			if (link->from == node && !link->feedback &&
				walk->colour[link->to] == WHITE)
				walk_push(walk, link->to);
		}
	}
	return walk->colour[to] != WHITE;
}

/*
 * Choose feedback among the lossy links: at first all of them, then each that closes no cycle is
 * taken back, those last that the walk from the sources found to lead back.
 */
static void
feedback_choose(struct walk *walk, const bool *closing)
{
	struct link *links = walk->pipeline->links;
	unsigned int count = walk->pipeline->link_count;

	for (unsigned int i = 0; i < count; i++)
		links[i].feedback = !link_lossless(&links[i]);
	for (unsigned int turn = 0; turn < 2; turn++)
		for (unsigned int i = 0; i < count; i++)
			if (links[i].feedback && closing[i] == (turn == 1))
				links[i].feedback = reaches(walk, links[i].to, links[i].from);
}

static int
feedback_mark(struct weir_pipeline *pipeline, struct weir_error *error)
{
	bool *closing = calloc(pipeline->link_count, sizeof(*closing)), any = false;
	struct walk walk;
	unsigned int i;
	int rc;

	if (closing == NULL)
		return no_memory(error);
	rc = walk_init(&walk, pipeline, error);
	if (rc == 0) {
		while ((i = walk_closing(&walk)) != NONE)
			closing[i] = any = true;
		if (any)
			feedback_choose(&walk, closing);
		walk_fini(&walk);
	}
	free(closing);
	return rc;
}

/* The first node that is not placed and reads only from nodes that are. */
static unsigned int
order_next(const struct weir_pipeline *pipeline, const unsigned int *waits)
{
	unsigned int i = 0;

	while (i < pipeline->node_count && waits[i] != 0)
		i++;
	return i;
}

static void
order_fill(struct weir_pipeline *pipeline, unsigned int *waits)
{
	const struct link *links = pipeline->links;

	for (unsigned int i = 0; i < pipeline->link_count; i++)
		waits[links[i].to] += !links[i].feedback;
	for (unsigned int placed = 0; placed < pipeline->node_count; placed++) {
		unsigned int node = order_next(pipeline, waits);

		pipeline->order[placed] = node;
		waits[node] = NONE;
		for (unsigned int i = 0; i < pipeline->link_count; i++)
			if (links[i].from == node && !links[i].feedback)
				waits[links[i].to]--;
	}
}

int
links_order(struct weir_pipeline *pipeline, struct weir_error *error)
{
	unsigned int *waits;
	int rc = cycles_refuse(pipeline, error);

	if (rc == 0)
		rc = feedback_mark(pipeline, error);
	if (rc != 0)
		return rc;
	waits = calloc(pipeline->node_count, sizeof(*waits));
	pipeline->order = calloc(pipeline->node_count, sizeof(*pipeline->order));
	if (waits == NULL || pipeline->order == NULL) {
		free(waits);
		return no_memory(error);
	}
	order_fill(pipeline, waits);
	free(waits);
	return 0;
}
