/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * How many queues `queues = auto` is: those that a port in software was given, for packets come to each;
 * else one for each lcore of the port's socket that nobody else of the
 * pipeline is to have, as far as the port has queues and its RSS fills them. Or, with `lcores`, one for
 * each of those.
 */
#include <stdlib.h>

#include <rte_common.h>

#include "plan_private.h"

/* A flow spread tells so many apart: see the key's range. */
#define QUEUES_MAX 256u

struct queueing {
	struct weir_plan *plan;
	struct weir_pipeline *pipeline; /* the plan's own */
	struct lcore_set usable;
	bool *is_auto; /* of each node */
	bool *joined;  /* with the source that is looked at */
};

static bool
queues_auto(const struct node *node)
{
	return node->source_ops == &source_ethdev && node->conf.workers == 0;
}

/* Those that the plan chooses from; what is wrong with the list is said where workers are placed. */
static void
find_usable(struct queueing *q, const char *lcores)
{
	const struct machine *machine = q->plan->machine;
	unsigned int count = 0;

	if (lcores != NULL && lcore_set_parse(lcores, &q->usable) == 0)
		return;
	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++)
		if (plan_lcore_chosen(q->plan, i)) {
			lcore_set_add(&q->usable, i);
			count++;
		}
	if (count == 0)
		lcore_set_add(&q->usable, machine->main_lcore);
}

/* Usable lcores of a socket, -1: of any; of a list, where there is one. */
static unsigned int
count_lcores(const struct queueing *q, int socket, const char *list)
{
	const struct machine *machine = q->plan->machine;
	struct lcore_set set = q->usable;
	unsigned int count = 0;

	if (is_set(list) && lcore_set_parse(list, &set) != 0)
		return 0;
	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++)
		count += lcore_set_has(&set, i) && machine->lcores[i].present &&
			(socket < 0 || machine->lcores[i].socket == socket);
	return count;
}

static void
find_joined(struct queueing *q, unsigned int source)
{
	bool more = true;

	for (unsigned int n = 0; n < q->pipeline->node_count; n++)
		q->joined[n] = n == source;
	while (more) {
		more = false;
		for (unsigned int i = 0; i < q->pipeline->link_count; i++) {
			const struct link *link = &q->pipeline->links[i];

			if (q->joined[link->from] == q->joined[link->to])
				continue;
			q->joined[link->from] = q->joined[link->to] = more = true;
		}
	}
}

/* The socket of a node's port, or that it asks for by `numa`; -1: it has none. */
static int
node_socket(const struct queueing *q, const struct node *node)
{
	const struct machine_port *port = NULL;

	if (is_set(node->conf.numa))
		return (int)strtoul(node->conf.numa, NULL, 10);
	if (node->source && is_set(node->conf.device))
		port = plan_find_port(q->plan->machine, node->conf.device);
	return port != NULL ? port->socket : -1;
}

/* lcores of a socket that others who are joined with a source are to have; and how many share the rest. */
static unsigned int
count_others(const struct queueing *q, int socket, unsigned int *sharing)
{
	unsigned int others = 0;

	*sharing = 0;
	for (unsigned int n = 0; n < q->pipeline->node_count; n++) {
		const struct node *node = &q->pipeline->nodes[n];
		int its = node_socket(q, node);

		if (socket >= 0 && its >= 0 && its != socket)
			continue;
		if (q->is_auto[n])
			*sharing += !is_set(node->conf.lcores);
		else if (q->joined[n] && is_set(node->conf.lcores))
			others += RTE_MIN(node_workers(node),
				count_lcores(q, socket, node->conf.lcores));
		else if (q->joined[n])
			others += node_workers(node);
	}
	return others;
}

/* Queues that a port has, and fills. */
static unsigned int
count_filled(const struct machine_port *port, const struct ethdev_conf *keys)
{
	unsigned int most = RTE_MIN((unsigned int)port->max_rx_queues, QUEUES_MAX);

	if (port->rss == 0 || keys->rss == PORT_RSS_OFF)
		most = 1;
	if (port->reta != 0)
		most = RTE_MIN(most, (unsigned int)port->reta);
	return RTE_MAX(most, 1u);
}

/* What a source gets, with a note of it; of a port that is not there one, which is refused later. */
static int
choose(struct queueing *q, unsigned int n, unsigned int *queues)
{
	const struct node *node = &q->pipeline->nodes[n];
	const struct machine_port *port = plan_find_port(q->plan->machine, node->conf.device);
	unsigned int filled, lcores, others = 0, sharing = 1;
	char where[32] = "in all";
	int socket;

	*queues = 1;
	if (port == NULL)
		return 0;
	if (plan_port_given(port->driver)) {
		*queues = RTE_MAX(port->max_rx_queues, 1u);
		return plan_note(q->plan,
			"[source %s] queues = auto: %u: port %s was given so many, and packets come "
			"to each",
			node->name, *queues, port->name);
	}
	socket = node_socket(q, node);
	filled = count_filled(port, node->type_conf);
	lcores = count_lcores(q, is_set(node->conf.lcores) ? -1 : socket, node->conf.lcores);
	if (!is_set(node->conf.lcores)) {
		find_joined(q, n);
		others = count_others(q, socket, &sharing);
	}
	*queues = lcores > others ? (lcores - others) / RTE_MAX(sharing, 1u) : 1;
	*queues = RTE_MAX(RTE_MIN(*queues, filled), 1u);
	if (plan_port_binary(port->driver))
		*queues = rte_align32prevpow2(*queues);
	if (is_set(node->conf.lcores))
		snprintf(where, sizeof(where), "of its own");
	else if (socket >= 0)
		snprintf(where, sizeof(where), "on socket %d", socket);
	return plan_note(q->plan,
		"[source %s] queues = auto: %u: %u lcore%s %s, %u of them for others; port %s fills "
		"%u at most",
		node->name, *queues, lcores, lcores == 1 ? "" : "s", where, RTE_MIN(others, lcores),
		port->name, filled);
}

static int
resolve(struct queueing *q, struct weir_error *error)
{
	int ret = 0;

	for (unsigned int n = 0; n < q->pipeline->node_count; n++)
		q->is_auto[n] = queues_auto(&q->pipeline->nodes[n]);
	for (unsigned int n = 0; ret == 0 && n < q->pipeline->node_count; n++) {
		unsigned int queues;

		if (!q->is_auto[n])
			continue;
		if (choose(q, n, &queues) < 0)
			return plan_no_memory(error);
		ret = pipeline_set_workers(q->pipeline, n, queues, error);
	}
	return ret;
}

int
plan_queues(struct weir_plan *plan, const char *lcores, struct weir_error *error)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	struct queueing q = { .plan = plan };
	bool any = false;
	int ret;

	for (unsigned int n = 0; n < pipeline->node_count; n++)
		any |= queues_auto(&pipeline->nodes[n]);
	if (!any)
		return 0;
	plan->own = pipeline_copy(pipeline);
	if (plan->own == NULL)
		return plan_no_memory(error);
	plan->pipeline = q.pipeline = plan->own;
	q.is_auto = calloc(pipeline->node_count, sizeof(*q.is_auto));
	q.joined = calloc(pipeline->node_count, sizeof(*q.joined));
	find_usable(&q, lcores);
	ret = q.is_auto != NULL && q.joined != NULL ? resolve(&q, error) : plan_no_memory(error);
	free(q.is_auto);
	free(q.joined);
	return ret;
}
