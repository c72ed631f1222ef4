/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder all say: of a plan's parts, and of what went wrong. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan_private.h"

const char *const plan_numa_names[] = {
	[NUMA_PREFER] = "prefer",
	[NUMA_STRICT] = "strict",
	[NUMA_OFF] = "off",
};

int
plan_no_memory(struct weir_error *error)
{
	return weir_error_set(error, ENOMEM, "no memory for the plan itself");
}

int
plan_note(struct weir_plan *plan, const char *format, ...)
{
	char **notes = realloc(plan->notes, (plan->note_count + 1) * sizeof(*notes));
	va_list args;
	char *note;
	int n;

	if (notes == NULL)
		return -ENOMEM;
	plan->notes = notes;
	va_start(args, format);
	n = vasprintf(&note, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	plan->notes[plan->note_count++] = note;
	return 0;
}

const char *
plan_lcores_text(const struct lcore_set *set, char text[LCORES_TEXT_SIZE])
{
	unsigned int i, end;
	size_t used = 0;

	text[0] = '\0';
	for (i = 0; i < RTE_MAX_LCORE; i = end + 1) {
		for (end = i; end < RTE_MAX_LCORE && lcore_set_has(set, end); end++)
			;
		if (end == i)
			continue;
		used += (size_t)snprintf(text + used, LCORES_TEXT_SIZE - used, "%s%u",
			used > 0 ? "," : "", i);
		if (end > i + 1)
			used += (size_t)snprintf(text + used, LCORES_TEXT_SIZE - used, "-%u",
				end - 1);
	}
	return text;
}

const char *
plan_node_kind(const struct node *node)
{
	return node->source ? "source" : "stage";
}

const char *
plan_node_type(const struct node *node)
{
	return node->source ? node->source_ops->type.name : node->stage_ops->name;
}

unsigned int
plan_first_worker(const struct weir_plan *plan, unsigned int node)
{
	unsigned int i, first = 0;

	for (i = 0; i < node; i++)
		first += node_workers(&plan->pipeline->nodes[i]);
	return first;
}

struct plan_kinds
plan_link_kinds(const struct weir_plan *plan, unsigned int link)
{
	struct plan_kinds kinds = { 0, 0 };
	unsigned int i;

	for (i = 0; i < plan->pair_count; i++) {
		if (plan->pairs[i].link != link)
			continue;
		if (plan->pairs[i].call)
			kinds.calls++;
		else
			kinds.rings++;
	}
	return kinds;
}
