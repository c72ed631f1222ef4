/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What an engine takes from DPDK besides rings and memory: pools and ports. */
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "engine_private.h"

struct rte_mempool *
engine_pool(const struct weir_engine *engine, int socket)
{
	const struct plan_pool *want = plan_pool(engine->plan, socket);

	for (unsigned int i = 0; i < engine->pool_count; i++)
		if (engine->pools[i].plan == want)
			return engine->pools[i].pool;
	return NULL;
}

int
engine_pools_create(struct weir_engine *engine, struct weir_error *error)
{
	const struct weir_plan *plan = engine->plan;
	const struct pool_conf *conf = &plan->pipeline->pool;
	char name[RTE_MEMPOOL_NAMESIZE];

	engine->pools = calloc(RTE_MAX(plan->pool_count, 1u), sizeof(*engine->pools));
	if (engine->pools == NULL)
		return weir_error_set(error, ENOMEM, "no memory for pools");
	for (unsigned int i = 0; i < plan->pool_count; i++) {
		const struct plan_pool *want = &plan->pools[i];
		struct pool_state *have = &engine->pools[i];

		snprintf(name, sizeof(name), "weir_%u_pool_%d", engine->id, want->socket);
		have->plan = want;
		have->pool = weir_pool_create(name, want->size, want->cache, 0,
			(uint16_t)conf->data_room, want->socket);
		if (have->pool == NULL)
			return weir_error_set(error, rte_errno,
				"[pool] no %u mbufs on socket %d: %s; give EAL more memory by -m",
				want->size, want->socket, rte_strerror(rte_errno));
		engine->pool_count++;
	}
	return 0;
}

static unsigned int
pool_missing(const struct pool_state *pool)
{
	return pool->pool->size - rte_mempool_avail_count(pool->pool);
}

unsigned int
engine_pools_missing(const struct weir_engine *engine)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < engine->pool_count; i++)
		missing += pool_missing(&engine->pools[i]);
	return missing;
}

unsigned int
engine_pools_free(struct weir_engine *engine)
{
	unsigned int leaked = engine_pools_missing(engine);

	/* An mbuf that somebody still has must not lose its memory. */
	for (unsigned int i = 0; i < engine->pool_count; i++)
		if (pool_missing(&engine->pools[i]) == 0)
			rte_mempool_free(engine->pools[i].pool);
	free(engine->pools);
	return leaked;
}

static void
port_counts_read(uint16_t id, struct port_counts *counts)
{
	struct rte_eth_stats stats;

	*counts = (struct port_counts){ 0 };
	if (rte_eth_stats_get(id, &stats) != 0)
		return;
	*counts = (struct port_counts){
		.ipackets = stats.ipackets,
		.imissed = stats.imissed,
		.ierrors = stats.ierrors,
		.rx_nombuf = stats.rx_nombuf,
		.opackets = stats.opackets,
	};
}

static void
port_counts_since(struct port_state *port)
{
	struct port_counts *counts = &port->last;

	port_counts_read(port->plan->id, counts);
	counts->ipackets -= port->before.ipackets;
	counts->imissed -= port->before.imissed;
	counts->ierrors -= port->before.ierrors;
	counts->rx_nombuf -= port->before.rx_nombuf;
	counts->opackets -= port->before.opackets;
}

void
engine_port_counts(struct port_state *port, struct port_counts *counts)
{
	rte_spinlock_lock(&port->lock);
	if (!port->stopped && !port->gone)
		port_counts_since(port);
	*counts = port->last;
	rte_spinlock_unlock(&port->lock);
}

/* The pool of each RX queue is that of the worker who polls it; and what else the source says. */
static void
port_receivers(const struct weir_engine *engine, unsigned int port, struct port_conf *conf,
	struct rte_mempool **pools)
{
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		const struct ethdev_conf *ethdev = seat->node->type_conf;

		if (seat->plan->port != port || !seat->node->source)
			continue;
		pools[seat->plan->queue] = seat->worker->pool;
		conf->promiscuous = ethdev->promiscuous != 0;
		conf->interrupts |= seat->plan->idle == WEIR_WAIT_INTERRUPT;
	}
}

static int
port_state_start(struct weir_engine *engine, unsigned int i, struct weir_error *error)
{
	const struct plan_port *plan = &engine->plan->ports[i];
	struct port_state *port = &engine->ports[i];
	struct rte_mempool *pools[RTE_MAX_QUEUES_PER_PORT] = { NULL };
	struct port_conf conf = {
		.id = plan->id,
		.name = plan->name,
		.socket = plan->socket,
		.rx_queues = plan->rx_queues,
		.tx_queues = plan->tx_queues,
		.rx_descriptors = plan->rx_descriptors,
		.tx_descriptors = plan->tx_descriptors,
		.pools = pools,
		.spare = engine->pool_count > 0 ? engine->pools[0].pool : NULL,
	};
	int rc;

	if (!rte_eth_dev_is_valid_port(plan->id))
		return weir_error_set(error, ENODEV, "port %s went away", plan->name);
	port_receivers(engine, i, &conf, pools);
	rc = port_watch(port);
	if (rc != 0)
		return weir_error_set(error, -rc, "port %s: cannot tell that it goes away: %s",
			plan->name, rte_strerror(-rc));
	if (!port_claim(port))
		return weir_error_set(error, ENODEV, "port %s went away", plan->name);
	port_counts_read(plan->id, &port->before);
	rc = port_start(&conf, error);
	port->started = rc == 0;
	return rc;
}

int
engine_ports_start(struct weir_engine *engine, struct weir_error *error)
{
	unsigned int n = engine->plan->port_count;
	int rc = 0;

	engine->ports = calloc(RTE_MAX(n, 1u), sizeof(*engine->ports));
	if (engine->ports == NULL)
		return weir_error_set(error, ENOMEM, "no memory for ports");
	for (unsigned int i = 0; i < n; i++) {
		engine->ports[i].engine = engine;
		engine->ports[i].plan = &engine->plan->ports[i];
		rte_spinlock_init(&engine->ports[i].lock);
	}
	engine->port_count = n;
	/* A port may go away as soon as it is watched. */
	engine_search(engine, true);
	for (unsigned int i = 0; rc == 0 && i < n; i++)
		rc = port_state_start(engine, i, error);
	return rc;
}

void
engine_ports_ready(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->port_count; i++)
		port_release(&engine->ports[i]);
}

static bool
pools_full(const struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->pool_count; i++)
		if (!rte_mempool_full(engine->pools[i].pool))
			return false;
	return true;
}

/* Whether a worker may still be at the port: on an lcore that has not returned. */
static bool
port_used(const struct weir_engine *engine, unsigned int port)
{
	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (engine->seats[i].plan->port == port &&
			engine_seat_out(engine, &engine->seats[i]))
			return true;
	return false;
}

/* From now on it is not asked for its counts. */
static void
port_end(struct port_state *port)
{
	rte_spinlock_lock(&port->lock);
	if (!port->gone)
		port_counts_since(port);
	port->stopped = true;
	rte_spinlock_unlock(&port->lock);
	port_stop(port->plan->id, port->plan->rx_queues);
}

void
engine_ports_stop(struct weir_engine *engine)
{
	engine_waits_end(engine);
	for (unsigned int i = 0; i < engine->port_count; i++) {
		struct port_state *port = &engine->ports[i];

		if (port->started && !port->stopped && !port_used(engine, i) && port_claim(port))
			port_end(port);
		port_release(port);
	}
	/* What an lcore has that does not return is not with a driver. */
	if (engine->out > 0)
		return;
	/* Some drivers (net_tap) keep the mbufs of stopped queues until they are closed. */
	for (unsigned int i = 0; i < engine->port_count && !pools_full(engine); i++) {
		struct port_state *port = &engine->ports[i];

		if (port->stopped && port_claim(port))
			rte_eth_dev_close(port->plan->id);
		port_release(port);
	}
}
