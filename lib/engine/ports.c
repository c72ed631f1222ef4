/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The ports of an engine, and what keeps who sets them up, asks or stops them apart from who tells
 * that they are gone.
 */
#include <stdlib.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "engine_private.h"

/* How often is looked whether nobody is at a port any more. */
#define LOOK_US 100

/* What the driver counts is not asked for any more. */
bool
port_mark(struct port_state *port)
{
	bool marked;

	rte_spinlock_lock(&port->lock);
	marked = !port->gone && !port->stopped;
	__atomic_store_n(&port->gone, true, __ATOMIC_RELAXED);
	rte_spinlock_unlock(&port->lock);
	return marked;
}

bool
port_claim(struct port_state *port)
{
	bool there;

	rte_spinlock_lock(&port->lock);
	there = !port->gone;
	if (there)
		__atomic_store_n(&port->busy, 1, __ATOMIC_RELAXED);
	rte_spinlock_unlock(&port->lock);
	return there;
}

void
port_release(struct port_state *port)
{
	__atomic_store_n(&port->busy, 0, __ATOMIC_RELEASE);
}

/* Not before the port is configured: some drivers (net_vhost, net_failsafe) crash. */
static bool
port_counts_read(uint16_t id, struct port_counts *counts)
{
	struct rte_eth_stats stats;

	if (rte_eth_stats_get(id, &stats) != 0)
		return false;
	*counts = (struct port_counts){
		.ipackets = stats.ipackets,
		.imissed = stats.imissed,
		.ierrors = stats.ierrors,
		.rx_nombuf = stats.rx_nombuf,
		.opackets = stats.opackets,
		.oerrors = stats.oerrors,
	};
	return true;
}

/*
 * A count that goes back has begun anew. At 0 it may go on later from where it was: net_memif shows
 * nothing while its peer is away.
 */
static void
count_since(uint64_t now, uint64_t *seen, uint64_t *sum)
{
	if (now == 0)
		return;
	*sum += now >= *seen ? now - *seen : now;
	*seen = now;
}

static void
port_counts_since(struct port_state *port)
{
	struct port_counts now;

	if (!port_counts_read(port->plan->id, &now))
		return;
	count_since(now.ipackets, &port->seen.ipackets, &port->last.ipackets);
	count_since(now.imissed, &port->seen.imissed, &port->last.imissed);
	count_since(now.ierrors, &port->seen.ierrors, &port->last.ierrors);
	count_since(now.rx_nombuf, &port->seen.rx_nombuf, &port->last.rx_nombuf);
	count_since(now.opackets, &port->seen.opackets, &port->last.opackets);
	count_since(now.oerrors, &port->seen.oerrors, &port->last.oerrors);
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

void
engine_ports_watch(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		struct port_state *port;

		if (!seat->node->source || seat->node->source_ops->watch == NULL ||
			seat->plan->port >= engine->port_count)
			continue;
		port = &engine->ports[seat->plan->port];
		rte_spinlock_lock(&port->lock);
		if (!port->stopped && !port->gone)
			seat->node->source_ops->watch(seat->worker, seat->worker->state);
		rte_spinlock_unlock(&port->lock);
	}
}

/* The pool of each RX queue is that of the worker who polls it, of spare ones the first; and what
 * else the source says. */
static void
port_receivers(const struct weir_engine *engine, unsigned int port, struct port_conf *conf,
	struct rte_mempool **pools)
{
	for (unsigned int q = 0; q < conf->rx_queues; q++)
		pools[q] = engine->pool_count > 0 ? engine->pools[0].pool : NULL;
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		const struct ethdev_conf *ethdev = seat->node->type_conf;

		if (seat->plan->port != port || !seat->node->source)
			continue;
		pools[seat->plan->queue] = seat->worker->pool;
		conf->receives = true;
		conf->promiscuous = ethdev->promiscuous != 0;
		conf->interrupts |= seat->plan->idle == WEIR_WAIT_INTERRUPT;
	}
}

static int
port_state_start(struct weir_engine *engine, unsigned int i, struct slow *slow,
	struct weir_error *error)
{
	const struct plan_port *plan = &engine->plan->ports[i];
	struct port_state *port = &engine->ports[i];
	struct rte_mempool *pools[RTE_MAX_QUEUES_PER_PORT] = { NULL };
	struct port_conf conf = {
		.id = plan->id,
		.name = plan->name,
		.socket = plan->socket,
		.rx_queues = (uint16_t)(plan->rx_queues + plan->rx_spare),
		.tx_queues = (uint16_t)(plan->tx_queues + plan->tx_spare),
		.rx_descriptors = plan->rx_descriptors,
		.tx_descriptors = plan->tx_descriptors,
		.driver = plan->driver,
		.mtu = plan->mtu,
		.mtu_given = plan->mtu_given,
		.scatter = plan->scatter,
		.pools = pools,
	};
	unsigned int out = engine_pools_out(engine);
	int rc;

	if (!rte_eth_dev_is_valid_port(plan->id))
		return weir_error_set(error, ENODEV, "port %s went away", plan->name);
	port_receivers(engine, i, &conf, pools);
	slow_at(slow, "the set-up of port %s by its driver %s", plan->name, plan->driver);
	rc = engine_tell_port(port);
	if (rc != 0)
		return weir_error_set(error, -rc, "port %s: cannot tell that it goes away: %s",
			plan->name, rte_strerror(-rc));
	if (!port_claim(port))
		return weir_error_set(error, ENODEV, "port %s went away", plan->name);
	rc = port_set_up(&conf, error);
	if (rc != 0)
		return rc;
	port_counts_read(plan->id, &port->seen);
	rc = port_start(&conf, error);
	port->started = rc == 0;
	port->took = engine_pools_out(engine) - out;
	if (port->started)
		port_link_init(port);
	return rc;
}

int
engine_ports_start(struct weir_engine *engine, struct slow *slow, struct weir_error *error)
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
		rc = port_state_start(engine, i, slow, error);
	return rc == 0 ? engine_pools_check(engine, error) : rc;
}

void
engine_ports_ready(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->port_count; i++)
		port_release(&engine->ports[i]);
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

/* A driver that keeps mbufs keeps those of its RX queues, and of what it sent up to a ring full. */
static void
port_keeps(struct weir_engine *engine, unsigned int port)
{
	const struct plan_port *plan = &engine->plan->ports[port];

	for (unsigned int p = 0; plan->keeps && p < engine->pool_count; p++) {
		struct pool_state *pool = &engine->pools[p];

		pool->kept += p == 0 ? plan->rx_spare * plan->rx_mbufs : 0;
		pool->kept += (uint32_t)plan->tx_queues * plan->tx_descriptors;
		for (unsigned int i = 0; i < engine->seat_count; i++) {
			const struct seat *seat = &engine->seats[i];

			if (seat->plan->port == port && seat->node->source &&
				seat->worker->pool == pool->pool)
				pool->kept += plan->rx_mbufs;
		}
	}
}

void
engine_ports_stop(struct weir_engine *engine, struct slow *slow)
{
	engine_waits_end(engine);
	for (unsigned int i = 0; i < engine->port_count; i++) {
		struct port_state *port = &engine->ports[i];

		slow_at(slow, "the stop of port %s by its driver %s", port->plan->name,
			port->plan->driver);
		if (port->started && !port->stopped && !port_used(engine, i) && port_claim(port))
			port_end(port);
		port_release(port);
	}
	/* What an lcore has that does not return is not with a driver. */
	if (engine->out > 0)
		return;
	/* Some drivers (net_tap) keep the mbufs of stopped queues until they are closed. */
	for (unsigned int i = 0; i < engine->port_count && !engine_pools_full(engine); i++) {
		struct port_state *port = &engine->ports[i];

		slow_at(slow, "the end of port %s by its driver %s", port->plan->name,
			port->plan->driver);
		if (port->stopped && port_claim(port)) {
			rte_eth_dev_close(port->plan->id);
			port_keeps(engine, i);
		}
		port_release(port);
	}
}

void
engine_ports_free(struct weir_engine *engine)
{
	engine_search(engine, false);
	for (unsigned int i = 0; i < engine->port_count; i++)
		while (__atomic_load_n(&engine->ports[i].calls, __ATOMIC_ACQUIRE) > 0)
			usleep(LOOK_US);
	free(engine->ports);
}
