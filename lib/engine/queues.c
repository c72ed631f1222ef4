/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What drivers count of each queue, by the names that their xstats have for it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_ethdev.h>

#include "engine_private.h"

#define NAME_SIZE RTE_ETH_XSTATS_NAME_SIZE

/* Of a direction and a queue: ethdev's own, and those of drivers which it has none for. */
static const char *const names[] = {
	"%s_q%u_packets", "%s_q%u_good_packets", /* net_virtio */
	"%s_q%u_cnt",                            /* net_ena */
};

static bool
count_find(uint16_t id, const char *direction, uint16_t queue, struct queue_count *count)
{
	char name[NAME_SIZE];

	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		snprintf(name, sizeof(name), names[i], direction, queue);
		if (rte_eth_xstats_get_id_by_name(id, name, &count->id) == 0 &&
			rte_eth_xstats_get_by_id(id, &count->id, &count->seen, 1) == 1)
			return true;
	}
	return false;
}

static unsigned int
queue_count(const struct plan_port *plan)
{
	return (unsigned int)plan->rx_queues + plan->tx_queues;
}

int
port_queues_init(struct port_state *port)
{
	const struct plan_port *plan = port->plan;

	/* A port that came back goes on from what it counted. */
	if (port->queues == NULL)
		port->queues = calloc(RTE_MAX(queue_count(plan), 1u), sizeof(*port->queues));
	if (port->queues == NULL)
		return -ENOMEM;
	for (uint16_t q = 0; q < plan->rx_queues; q++)
		port->queues[q].known =
			count_find(port->id, "rx", plan->rx_first + q, &port->queues[q]);
	for (uint16_t q = 0; q < plan->tx_queues; q++) {
		struct queue_count *count = &port->queues[plan->rx_queues + q];

		count->known = count_find(port->id, "tx", plan->tx_first + q, count);
	}
	return 0;
}

void
port_queues_since(struct port_state *port)
{
	for (unsigned int i = 0; port->queues != NULL && i < queue_count(port->plan); i++) {
		struct queue_count *count = &port->queues[i];
		uint64_t now;

		if (count->known && rte_eth_xstats_get_by_id(port->id, &count->id, &now, 1) == 1)
			port_count_since(now, &count->seen, &count->packets);
	}
}

bool
engine_queue_packets(struct port_state *port, bool receives, uint16_t queue, uint64_t *packets)
{
	const struct plan_port *plan = port->plan;
	unsigned int at =
		receives ? queue - plan->rx_first : plan->rx_queues + queue - plan->tx_first;
	const struct queue_count *count;
	bool known;

	rte_spinlock_lock(&port->lock);
	if (!port->stopped && !port->gone)
		port_queues_since(port);
	count = &port->queues[at];
	known = count->known;
	*packets = count->packets;
	rte_spinlock_unlock(&port->lock);
	return known;
}
