/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a port that is sent on is asked for. Chains only where some may come, for the fast paths of most
 * drivers send none. And to have sent mbufs put back into their pool as they are, without a look at each,
 * only where all are known to be of one pool, whole, and nobody else's: a wrong one corrupts the pool.
 */
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

/* What may come to a stage that sends. */
struct coming {
	const char *chains; /* node by which it may come in chains; NULL: it does not */
	bool shared;        /* or with references of others, or not whole, or of foreign pools */
	const struct rte_mempool *adopted; /* or of a pool of the application's; NULL: of none */
};

/*
 * Drivers that give a packet as one mbuf unless they are asked for chains, by what their names begin
 * with; and whether that is always an mbuf of the queue's pool, with its own data. Others do so too, or
 * not: net_virtio, net_memif and net_vhost make chains of what their peers send, net_ring gives what it
 * was given, mlx5 may attach buffers of its own.
 */
static const struct {
	const char *driver;
	bool whole;
} receivers[] = {
	{ "net_null", true },
	{ "net_tap", true },
	{ "net_af_packet", true },
	{ "net_e1000", true },
	{ "net_igc", true },
	{ "net_ixgbe", true },
	{ "net_i40e", true },
	{ "net_iavf", true },
	{ "net_ice", true },
	{ "mlx5", false },
};

static void
add_port(const struct plan_port *port, const char *name, struct coming *coming)
{
	unsigned int i = 0;

	while (i < RTE_DIM(receivers) &&
		(port->driver == NULL ||
			strncmp(port->driver, receivers[i].driver, strlen(receivers[i].driver)) !=
				0))
		i++;
	if (i == RTE_DIM(receivers) || port->chains || port->scatter || port->segments > 1)
		coming->chains = name;
	if (i == RTE_DIM(receivers) || !receivers[i].whole)
		coming->shared = true;
	if (!port->adopted)
		return;
	/* What has no room for an event is copied: into a pool that is known. */
	if (port->rx_pool == NULL || (coming->adopted != NULL && coming->adopted != port->rx_pool))
		coming->shared = true;
	if (port->fits)
		coming->adopted = port->rx_pool;
}

/* Types that pass on what they get as it is, or not at all. What others do is theirs to know. */
static bool
passes_on(const struct weir_stage_ops *ops)
{
	return ops->process == stage_count.process || ops->process == stage_work.process ||
		ops->process == stage_rewrite.process;
}

/* What a node in front of one that sends does to what comes there. */
static void
add_node(const struct weir_plan *plan, unsigned int n, struct coming *coming)
{
	const struct node *node = &plan->pipeline->nodes[n];
	unsigned int port = plan->workers[plan_first_worker(plan, n)].port;

	if (node->source && port < plan->port_count) {
		add_port(&plan->ports[port], node->name, coming);
	} else if (node->source && node->source_ops == &source_synth) {
		return;
	} else if (node->source && node->source_ops == &source_pcap) {
		coming->chains = node->name;
	} else if (node->source || !passes_on(node->stage_ops)) {
		coming->chains = node->name;
		coming->shared = true;
	}
}

/* All that comes to a node over any number of links. */
static int
come_to(const struct weir_plan *plan, unsigned int sender, struct coming *coming)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	bool *before = calloc(pipeline->node_count, sizeof(*before)), more = true;

	if (before == NULL)
		return -ENOMEM;
	before[sender] = true;
	while (more) {
		more = false;
		for (unsigned int i = 0; i < pipeline->link_count; i++) {
			const struct link *link = &pipeline->links[i];

			if (!before[link->to])
				continue;
			coming->shared |= pipeline_shares(pipeline, link);
			if (before[link->from])
				continue;
			before[link->from] = more = true;
			add_node(plan, link->from, coming);
		}
	}
	free(before);
	return 0;
}

/* Whether mbufs of one pool only come to each worker that sends on a port. */
static int
one_pool(const struct weir_plan *plan, unsigned int port, bool *one)
{
	bool *reached = calloc(plan->worker_count, sizeof(*reached));
	unsigned int *pools = calloc(plan->worker_count, sizeof(*pools));

	*one = true;
	for (unsigned int p = 0; reached != NULL && pools != NULL && p < plan->pool_count; p++) {
		plan_pool_reach(plan, plan->pools[p].socket, reached);
		for (unsigned int w = 0; w < plan->worker_count; w++) {
			pools[w] += reached[w];
			if (pools[w] > 1 && plan->workers[w].port == port &&
				!plan_node(plan, &plan->workers[w])->source)
				*one = false;
		}
	}
	free(pools);
	free(reached);
	return reached != NULL && pools != NULL ? 0 : -ENOMEM;
}

static int
port_tx(struct weir_plan *plan, unsigned int p, struct weir_error *error)
{
	struct plan_port *port = &plan->ports[p];
	uint64_t offered = plan_machine_port(plan, port)->tx_offloads;
	struct coming coming = { .chains = NULL };
	bool one;

	if (port->tx_queues == 0)
		return 0;
	for (unsigned int i = 0; i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];

		if (worker->port == p && worker->index == 0 && !plan_node(plan, worker)->source &&
			come_to(plan, worker->node, &coming) < 0)
			return plan_no_memory(error);
	}
	if (one_pool(plan, p, &one) < 0)
		return plan_no_memory(error);
	one &= coming.adopted == NULL || plan->pool_count == 0;
	port->chained_by = coming.chains;
	if (port->adopted)
		return plan_adopt_tx(plan, port, coming.shared, one, error);
	if (coming.chains != NULL)
		port->setup.tx_offloads = offered & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	else if (!coming.shared && one)
		port->setup.tx_offloads = offered & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	return 0;
}

int
plan_port_tx(struct weir_plan *plan, struct weir_error *error)
{
	int ret = 0;

	for (unsigned int p = 0; ret == 0 && p < plan->port_count; p++)
		ret = port_tx(plan, p, error);
	return ret;
}
