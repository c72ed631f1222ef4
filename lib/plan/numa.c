/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <stdio.h>

#include <rte_common.h>

#include "plan_private.h"

#define DESCRIPTION_SIZE 256

/* What reaches from one socket to another: a worker's port or, without a worker, a ring. */
struct crossing {
	const struct plan_worker *worker;
	const struct plan_pair *pair;
};

/* The crossings between two sockets. */
struct border {
	struct crossing first;
	unsigned int count;
};

static void
describe_port(const struct weir_plan *plan, const struct plan_worker *worker,
	char text[DESCRIPTION_SIZE])
{
	const struct node *node = plan_node(plan, worker);
	const struct plan_port *port = &plan->ports[worker->port];

	snprintf(text, DESCRIPTION_SIZE, "port %s on socket %d to [%s %s] on lcore %u, socket %d",
		port->name, port->socket, plan_node_kind(node), node->name, worker->lcore,
		worker->socket);
}

static void
describe_pair(const struct weir_plan *plan, const struct plan_pair *pair,
	char text[DESCRIPTION_SIZE])
{
	const struct link *link = &plan->pipeline->links[pair->link];
	const struct plan_worker *from = &plan->workers[pair->producer];
	const struct plan_worker *to = &plan->workers[pair->consumer];
	char name[LINK_FROM_SIZE];

	snprintf(text, DESCRIPTION_SIZE,
		"[link %s %s] from worker %u on lcore %u, socket %d to worker %u on lcore %u, "
		"socket %d",
		pipeline_from(plan->pipeline, link, name), plan->pipeline->nodes[link->to].name,
		from->index, from->lcore, from->socket, to->index, to->lcore, to->socket);
}

static void
describe(const struct weir_plan *plan, const struct crossing *crossing, char text[DESCRIPTION_SIZE])
{
	if (crossing->worker != NULL)
		describe_port(plan, crossing->worker, text);
	else
		describe_pair(plan, crossing->pair, text);
}

/* The sockets of both ends; false: they are one, or one end is on none. */
static bool
ends(const struct weir_plan *plan, const struct crossing *crossing, int *from, int *to)
{
	if (crossing->worker != NULL) {
		if (crossing->worker->port >= plan->port_count)
			return false;
		*from = plan->ports[crossing->worker->port].socket;
		*to = crossing->worker->socket;
	} else {
		*from = plan->workers[crossing->pair->producer].socket;
		*to = plan->workers[crossing->pair->consumer].socket;
	}
	return *from >= 0 && *from != *to;
}

static int
refuse(const struct weir_plan *plan, const struct crossing *crossing, struct weir_error *error)
{
	char text[DESCRIPTION_SIZE];
	const struct link *link;

	describe(plan, crossing, text);
	if (crossing->worker != NULL)
		return weir_error_set(error, EXDEV,
			"numa = strict, but %s; give EAL lcores of socket %d by -l, or set "
			"numa = prefer "
			"in [pipeline]",
			text, plan->ports[crossing->worker->port].socket);
	link = &plan->pipeline->links[crossing->pair->link];
	return weir_error_set(error, EXDEV,
		"numa = strict, but %s; bring both to one socket by lcores = of [%s %s] and "
		"[stage %s], "
		"or set numa = prefer in [pipeline]",
		text, plan_node_kind(&plan->pipeline->nodes[link->from]),
		plan->pipeline->nodes[link->from].name, plan->pipeline->nodes[link->to].name);
}

/* Refuse a crossing, or count it at its border. */
static int
check(const struct weir_plan *plan, struct crossing crossing,
	struct border borders[MACHINE_SOCKETS][MACHINE_SOCKETS], struct weir_error *error)
{
	struct border *border;
	int from, to;

	if (!ends(plan, &crossing, &from, &to))
		return 0;
	if (plan->pipeline->conf.numa == NUMA_STRICT)
		return refuse(plan, &crossing, error);
	border = &borders[RTE_MIN(from, to)][RTE_MAX(from, to)];
	if (border->count++ == 0)
		border->first = crossing;
	return 0;
}

static int
note_border(struct weir_plan *plan, int a, int b, const struct border *border)
{
	char text[DESCRIPTION_SIZE];

	if (border->count == 0)
		return 0;
	describe(plan, &border->first, text);
	return plan_note(plan,
		"sockets %d and %d, at distance %u, are crossed %u time%s, first by %s", a, b,
		plan->machine->distance[a][b], border->count, border->count > 1 ? "s" : "", text);
}

int
plan_numa(struct weir_plan *plan, struct weir_error *error)
{
	struct border borders[MACHINE_SOCKETS][MACHINE_SOCKETS] = { 0 };
	unsigned int i;
	int a, b, ret = 0;

	if (plan->pipeline->conf.numa == NUMA_OFF)
		return 0;
	for (i = 0; ret == 0 && i < plan->worker_count; i++)
		ret = check(plan, (struct crossing){ .worker = &plan->workers[i] }, borders, error);
	for (i = 0; ret == 0 && i < plan->pair_count; i++)
		ret = check(plan, (struct crossing){ .pair = &plan->pairs[i] }, borders, error);
	plan->crossing_first = plan->note_count;
	for (a = 0; ret == 0 && a < MACHINE_SOCKETS; a++)
		for (b = a + 1; ret == 0 && b < MACHINE_SOCKETS; b++)
			if (note_border(plan, a, b, &borders[a][b]) < 0)
				ret = plan_no_memory(error);
	plan->crossing_count = plan->note_count - plan->crossing_first;
	return ret;
}
