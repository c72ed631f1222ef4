/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Ports that the application has set up and keeps: which of their queues are weir's, and what of the rest
 * of them does not fit. Nothing is asked of such a port: it offers what is on.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include <rte_common.h>

#include "plan_private.h"

/* A node, and the port of the application's that it names. */
struct adoption {
	struct weir_plan *plan;
	const struct node *node;
	unsigned int index; /* of the node */
	struct plan_port *port;
	struct machine_port *from; /* the plan's own */
	uint16_t first;            /* of its queues, */
	uint16_t count;            /* and how many */
	struct weir_error *error;
};

/* A number of a stage type that sends, where it has such a key; 0: it has not, or that is unset. */
static uint64_t
stage_key(const struct node *node, const char *key, enum weir_param_type type)
{
	const struct weir_param *param = node->stage_ops->params;

	for (; param != NULL && param->name != NULL; param++)
		if (strcmp(param->name, key) == 0 && param->type == type)
			return *(const uint64_t *)((const char *)node->type_conf + param->offset);
	return 0;
}

bool
plan_node_adopts(const struct node *node)
{
	if (!node->source)
		return stage_key(node, "adopt", WEIR_PARAM_BOOL) != 0;
	return node->source_ops == &source_ethdev &&
		((const struct ethdev_conf *)node->type_conf)->adopt != 0;
}

static uint16_t
first_queue(const struct node *node)
{
	if (!node->source)
		return (uint16_t)stage_key(node, "queue.first", WEIR_PARAM_UINT);
	return (uint16_t)((const struct ethdev_conf *)node->type_conf)->queue_first;
}

/* Another node that has the port, to be named beside this one; NULL: there is none. */
static const struct node *
other_node(const struct adoption *a)
{
	unsigned int port = (unsigned int)(a->port - a->plan->ports);

	for (unsigned int i = 0; i < a->plan->worker_count; i++)
		if (a->plan->workers[i].port == port && a->plan->workers[i].node != a->index)
			return plan_node(a->plan, &a->plan->workers[i]);
	return NULL;
}

/* A port is either the application's or weir's, to all who name it. */
static int
check_owner(const struct adoption *a)
{
	const struct node *other = other_node(a);

	if (plan_node_adopts(a->node) && (other == NULL || a->port->adopted))
		return 0;
	return weir_error_set(a->error, EINVAL,
		"[%s %s] device = %s: [%s %s] %s; set adopt = on in both, or in none",
		plan_node_kind(a->node), a->node->name, a->port->name, plan_node_kind(other),
		other->name,
		a->port->adopted ? "adopts that port from the application" :
				   "has weir set up that port");
}

static int
check_found(const struct adoption *a)
{
	const char *kind = plan_node_kind(a->node);

	if (!a->from->found.configured)
		return weir_error_set(a->error, ENODEV,
			"[%s %s] adopt = on: port %s is not configured: its application does that "
			"before the plan, by rte_eth_dev_configure() and the set-up of its queues; "
			"leave adopt out, and weir does",
			kind, a->node->name, a->port->name);
	if (a->from->found.own)
		return weir_error_set(a->error, EBUSY,
			"[%s %s] adopt = on: port %s was configured by weir, for another engine: "
			"leave adopt out, or have the application configure it",
			kind, a->node->name, a->port->name);
	return 0;
}

static int
check_queues(const struct adoption *a)
{
	const struct port_found *found = &a->from->found;
	unsigned int has = a->node->source ? found->rx_queues : found->tx_queues;

	if ((unsigned int)a->first + a->count <= has)
		return 0;
	return weir_error_set(a->error, ENODEV,
		"[%s %s] queue.first = %u, %s = %u: port %s was configured by the application with %u "
		"%s queue%s, from 0 on: lower them, or configure more",
		plan_node_kind(a->node), a->node->name, a->first,
		a->node->source ? "queues" : "workers", a->count, a->port->name, has,
		a->node->source ? "RX" : "TX", has == 1 ? "" : "s");
}

/* Of several stages that send on it each has queues of its own; one source receives. */
static int
check_free(const struct adoption *a)
{
	unsigned int port = (unsigned int)(a->port - a->plan->ports);

	if (a->node->source && a->port->rx_queues != 0)
		return weir_error_set(a->error, EINVAL,
			"[source %s] device = %s: [source %s] receives from that port already; let "
			"one source have several workers by queues =",
			a->node->name, a->port->name, plan_receiver(a->plan, port));
	for (unsigned int i = 0; !a->node->source && i < a->plan->worker_count; i++) {
		const struct plan_worker *worker = &a->plan->workers[i];

		if (worker->port != port || plan_node(a->plan, worker)->source ||
			worker->queue < a->first || worker->queue >= a->first + a->count)
			continue;
		return weir_error_set(a->error, EINVAL,
			"[stage %s] queue.first = %u, workers = %u: [stage %s] sends on TX queue %u "
			"of port %s already",
			a->node->name, a->first, a->count, plan_node(a->plan, worker)->name,
			worker->queue, a->port->name);
	}
	return 0;
}

/* The least of what their drivers tell; what they would advise where they do not. */
static uint16_t
look_at_queues(const struct adoption *a, bool *told)
{
	const struct machine_port *from = a->from;
	uint16_t descriptors = a->node->source ? plan_descriptors(0, from->rx_ring, &from->rx_lim) :
						 plan_descriptors(0, from->tx_ring, &from->tx_lim);
	uint16_t least = UINT16_MAX;

	*told = a->plan->machine->queue_find != NULL;
	for (uint16_t q = 0; *told && q < a->count; q++) {
		struct port_queue_found queue;

		a->plan->machine->queue_find(from->id, a->node->source, a->first + q, &queue);
		if (queue.descriptors != 0)
			least = RTE_MIN(least, queue.descriptors);
		if (!a->node->source)
			continue;
		*told = queue.pool != NULL;
		if (*told &&
			rte_pktmbuf_priv_size((struct rte_mempool *)(uintptr_t)queue.pool) <
				sizeof(struct weir_event))
			a->port->fits = false;
		if (q == 0)
			a->port->rx_pool = queue.pool;
		else if (queue.pool != a->port->rx_pool)
			a->port->rx_pool = NULL;
	}
	return least != UINT16_MAX ? least : descriptors;
}

/* What is copied, and what that costs. */
static int
note_copies(const struct adoption *a, bool told)
{
	if (!told)
		return plan_note(a->plan,
			"[source %s] adopt = on: port %s (%s) does not tell which pools its RX queues "
			"have: a packet whose mbuf has no room for an event is copied into a pool of "
			"weir's, which is there for that; %zu bytes of priv_size do, as "
			"weir_pool_create() has them",
			a->node->name, a->port->name,
			a->port->driver != NULL ? a->port->driver : "?", sizeof(struct weir_event));
	return plan_note(a->plan,
		"[source %s] adopt = on: mbufs of RX queues of port %s have no room for an event: each "
		"packet is copied into a pool of weir's, which costs an mbuf more, all its bytes, and "
		"the return of the first one; fill the port from a pool with %zu bytes of priv_size, "
		"as weir_pool_create() makes",
		a->node->name, a->port->name, sizeof(struct weir_event));
}

static int
note_runs(const struct adoption *a)
{
	if (a->from->found.runs)
		return 0;
	return plan_note(a->plan,
		"[%s %s] adopt = on: port %s is not started: its application must have done that when "
		"the engine starts",
		plan_node_kind(a->node), a->node->name, a->port->name);
}

/* What weir would have asked the port for, and was not asked for by the application. */
static int
note_offers(const struct adoption *a)
{
	const struct port_found *found = &a->from->found;
	uint64_t checksums =
		a->from->rx_offloads & RTE_ETH_RX_OFFLOAD_CHECKSUM & ~found->rx_offloads;
	uint64_t asks = a->node->conf.checksum;
	char text[OFFLOADS_TEXT_SIZE];

	if (checksums != 0 && (asks == CHECKSUM_PORT || asks == CHECKSUM_AUTO) &&
		plan_note(a->plan,
			"[source %s] adopt = on: port %s could find wrong checksums (%s), and was "
			"configured without: checksum = verify has weir find them",
			a->node->name, a->port->name, plan_rx_offloads_text(checksums, text)) < 0)
		return -ENOMEM;
	if (a->count < 2)
		return 0;
	if (found->rss == 0)
		return plan_note(a->plan,
			"[source %s] adopt = on, queues = %u: port %s was configured without RSS%s: "
			"what comes to which queue is as its application, or driver, has it",
			a->node->name, a->count, a->port->name,
			a->from->rss != 0 ? ", which it has" : "");
	return plan_note(a->plan,
		"[source %s] adopt = on, queues = %u: port %s spreads by RSS with the key of its "
		"application: unless that is symmetric, both directions of a flow may come to "
		"different queues; a link with spread = flow brings them together",
		a->node->name, a->count, a->port->name);
}

static int
adopt_rx(const struct adoption *a)
{
	const struct ethdev_conf *ethdev = a->node->type_conf;
	struct plan_port *port = a->port;
	struct machine_port *from = a->from;
	bool told;

	port->fits = true;
	port->rx_descriptors = look_at_queues(a, &told);
	if (!told)
		port->rx_pool = NULL;
	port->fits &= told;
	port->rx_first = a->first;
	port->rx_queues = a->count;
	port->keys = ethdev;
	port->match = ethdev->match;
	if ((!port->fits && note_copies(a, told) < 0) || note_offers(a) < 0)
		return plan_no_memory(a->error);
	from->rx_offloads = from->found.rx_offloads;
	from->scatter = (from->rx_offloads & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
	frames_of(port, from, 0);
	port->scatter = from->scatter;
	return 0;
}

/* From the first of all its stages' queues to the last. */
static void
adopt_tx(const struct adoption *a)
{
	struct plan_port *port = a->port;
	uint16_t end = a->first + a->count;
	bool told;

	port->tx_descriptors = RTE_MAX(port->tx_descriptors, look_at_queues(a, &told));
	if (port->tx_queues == 0)
		port->tx_first = a->first;
	else
		end = RTE_MAX(end, (uint16_t)(port->tx_first + port->tx_queues));
	port->tx_first = RTE_MIN(port->tx_first, a->first);
	port->tx_queues = end - port->tx_first;
}

int
plan_adopt(struct weir_plan *plan, unsigned int n, struct plan_port *port, struct weir_error *error)
{
	const struct node *node = &plan->pipeline->nodes[n];
	const struct adoption a = {
		.plan = plan,
		.node = node,
		.index = n,
		.port = port,
		.from = (struct machine_port *)(uintptr_t)plan_machine_port(plan, port),
		.first = first_queue(node),
		.count = (uint16_t)node_workers(node),
		.error = error,
	};
	int ret = check_owner(&a);

	if (ret == 0)
		ret = check_found(&a);
	if (ret == 0)
		ret = check_queues(&a);
	if (ret == 0)
		ret = check_free(&a);
	if (ret == 0 && other_node(&a) == NULL && note_runs(&a) < 0)
		ret = plan_no_memory(error);
	if (ret != 0)
		return ret;
	port->adopted = true;
	if (node->source)
		ret = adopt_rx(&a);
	else
		adopt_tx(&a);
	plan_give_queues(plan, n, (unsigned int)(port - plan->ports), a.first);
	return ret;
}

/* A driver that was promised mbufs of one pool, whole, puts any back into that: others would corrupt it. */
int
plan_adopt_tx(struct weir_plan *plan, struct plan_port *port, bool shared, bool one,
	struct weir_error *error)
{
	const struct machine_port *from = plan_machine_port(plan, port);
	uint64_t on = from->found.tx_offloads;

	port->setup.tx_offloads = on;
	if ((on & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) && (shared || !one))
		return weir_error_set(error, ENOTSUP,
			"port %s was configured by the application with MBUF_FAST_FREE, for mbufs of "
			"one pool that nobody else refers to: what weir would send there may be "
			"others; configure it without",
			port->name);
	if (port->chained_by == NULL || (on & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) ||
		!(from->tx_offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS))
		return 0;
	if (plan_note(plan,
		    "port %s was configured by the application without MULTI_SEGS: what comes by %s "
		    "may be chains, which its driver may not send as they are",
		    port->name, port->chained_by) < 0)
		return plan_no_memory(error);
	return 0;
}
