/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The ports of an engine, and what keeps who sets them up, asks or stops them apart from who tells
 * that they are gone.
 */
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "engine_private.h"

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

void
port_changed_locked(struct port_state *port, enum weir_port_what what, uint32_t speed)
{
	struct weir_engine *engine = port->engine;

	/* Of one that went away only that it is back: a link may have been looked at before that was told. */
	if (port->told_gone && what != WEIR_PORT_BACK)
		return;
	port->told_gone = what == WEIR_PORT_GONE;
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];

		if (port_has(port, seat) && seat->worker->changes != NULL)
			port_changes_put(seat->worker->changes, port->id, what, speed);
	}
}

void
port_changed(struct port_state *port, enum weir_port_what what, uint32_t speed)
{
	rte_spinlock_lock(&port->lock);
	port_changed_locked(port, what, speed);
	rte_spinlock_unlock(&port->lock);
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
bool
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
		.obytes = stats.obytes,
		.oerrors = stats.oerrors,
	};
	return true;
}

/*
 * A count that goes back has begun anew. At 0 it may go on later from where it was: net_memif shows
 * nothing while its peer is away.
 */
void
port_count_since(uint64_t now, uint64_t *seen, uint64_t *sum)
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

	if (!port_counts_read(port->id, &now))
		return;
	port_count_since(now.ipackets, &port->seen.ipackets, &port->last.ipackets);
	port_count_since(now.imissed, &port->seen.imissed, &port->last.imissed);
	port_count_since(now.ierrors, &port->seen.ierrors, &port->last.ierrors);
	port_count_since(now.rx_nombuf, &port->seen.rx_nombuf, &port->last.rx_nombuf);
	port_count_since(now.opackets, &port->seen.opackets, &port->last.opackets);
	port_count_since(now.obytes, &port->seen.obytes, &port->last.obytes);
	port_count_since(now.oerrors, &port->seen.oerrors, &port->last.oerrors);
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

/* The pool of each RX queue is that of the worker who polls it, of spare ones the first. */
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
		if (ethdev->match[0] != '\0' && ethdev->match_rules)
			conf->match = ethdev->match;
		conf->interrupts |= seat->plan->idle == WEIR_WAIT_INTERRUPT;
	}
}

static struct port_conf
port_conf_of(const struct port_state *port)
{
	const struct plan_port *plan = port->plan;

	return (struct port_conf){
		.id = port->id,
		.name = plan->name,
		.socket = plan->socket,
		.rx_queues = (uint16_t)(plan->rx_queues + plan->rx_spare),
		.tx_queues = (uint16_t)(plan->tx_queues + plan->tx_spare),
		.rx_descriptors = plan->rx_descriptors,
		.tx_descriptors = plan->tx_descriptors,
		.driver = plan->driver,
		.mtu = plan->mtu,
		.mtu_given = plan->mtu_given,
		.setup = &plan->setup,
		.keys = plan->keys,
	};
}

int
port_begin(struct port_state *port, struct weir_error *error)
{
	struct weir_engine *engine = port->engine;
	const struct plan_port *plan = port->plan;
	struct rte_mempool *pools[RTE_MAX_QUEUES_PER_PORT] = { NULL };
	struct port_conf conf = port_conf_of(port);
	unsigned int out = engine_pools_out(engine);
	int rc;

	if (plan->adopted)
		return port_adopt(port, error);
	conf.pools = pools;
	port_receivers(engine, (unsigned int)(port - engine->ports), &conf, pools);
	rc = port_set_up(&conf, &port->rules, error);
	if (rc != 0)
		return rc;
	port_counts_read(port->id, &port->seen);
	if (port_queues_init(port) != 0)
		return weir_error_set(error, ENOMEM, "no memory for the queues of port %s",
			plan->name);
	rc = port_start(&conf, &port->rules, error);
	port->took = engine_pools_out(engine) - out;
	return rc;
}

int
port_complete(const struct port_state *port, struct weir_error *error)
{
	const struct port_conf conf = port_conf_of(port);

	return port->plan->adopted ? 0 : port_apply(&conf, error);
}

static int
port_state_start(struct port_state *port, struct slow *slow, struct weir_error *error)
{
	const struct plan_port *plan = port->plan;
	int rc;

	if (!rte_eth_dev_is_valid_port(port->id))
		return weir_error_set(error, ENODEV, "port %s went away", plan->name);
	slow_at(slow, "the set-up of port %s by its driver %s", plan->name, plan->driver);
	rc = plan->adopted ? 0 : port_is_free(port->id, plan->name, error);
	if (rc != 0)
		return rc;
	port_device(port);
	rc = engine_tell_port(port);
	if (rc != 0)
		return weir_error_set(error, -rc, "port %s: cannot tell that it goes away: %s",
			plan->name, rte_strerror(-rc));
	port->listened = true;
	if (!port_claim(port))
		return weir_error_set(error, ENODEV, "port %s went away", plan->name);
	rc = port_begin(port, error);
	port->started = rc == 0;
	if (rc == 0)
		rc = port_complete(port, error);
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
		engine->ports[i].id = engine->plan->ports[i].id;
		rte_spinlock_init(&engine->ports[i].lock);
	}
	engine->port_count = n;
	/* A port may go away as soon as it is watched. */
	engine_search(engine, true);
	for (unsigned int i = 0; rc == 0 && i < n; i++)
		rc = port_state_start(&engine->ports[i], slow, error);
	for (unsigned int i = 0; rc == 0 && i < n; i++)
		port_link_tell(&engine->ports[i]);
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

/*
 * From now on it is not asked for its counts; drivers in software count what is taken out of them. What waits
 * in queues of the application's is that's.
 */
static void
port_end(struct port_state *port)
{
	const struct plan_port *plan = port->plan;
	unsigned int left = plan->adopted ?
		0 :
		port_drain(port->id, plan->driver, (uint16_t)(plan->rx_queues + plan->rx_spare));
	unsigned int out;

	rte_spinlock_lock(&port->lock);
	if (!port->gone) {
		port_counts_since(port);
		port_queues_since(port);
	}
	port->last.left += left;
	port->stopped = true;
	rte_spinlock_unlock(&port->lock);
	engine_loops_leave(port);
	out = engine_pools_out(port->engine);
	if (plan->adopted)
		port_give_back(port);
	else
		port_stop(port->id, plan->keys, &port->rules);
	out -= RTE_MIN(out, engine_pools_out(port->engine));
	/* Lcores that have not returned may give some back meanwhile, or take some. */
	port->back = port->engine->out > 0 ? 0 : out;
}

/* A driver that keeps mbufs keeps those of its RX queues, and of what it sent up to a ring full. */
void
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

/*
 * Some drivers keep the mbufs of stopped queues until they are closed. Of net_virtio that is known, and not seen: what
 * comes while it starts it frees, and takes new ones only when it is polled.
 */
static bool
port_keeps_rx(const struct port_state *port, unsigned int missing __rte_unused)
{
	return port->plan->holds || port->back < port->took;
}

/* What had been sent may have come back instead; or be what is missing, of a driver that took none. */
static bool
port_may_keep(const struct port_state *port, unsigned int missing)
{
	return port->plan->tx_queues > 0 && missing >= port->took;
}

/* Close what may have mbufs that are missing, until none are. */
static void
ports_close(struct weir_engine *engine,
	bool (*keeps)(const struct port_state *port, unsigned int missing), struct slow *slow)
{
	for (unsigned int i = 0; i < engine->port_count && !engine_pools_full(engine); i++) {
		struct port_state *port = &engine->ports[i];

		slow_at(slow, "the end of port %s by its driver %s", port->plan->name,
			port->plan->driver);
		if (!port->stopped || port->closed || port->plan->adopted ||
			!keeps(port, engine_pools_out(engine)))
			continue;
		if (port_claim(port)) {
			rte_eth_dev_close(port->id);
			port->closed = true;
			port_keeps(engine, i);
		}
		port_release(port);
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
		if (port->listened && !port_used(engine, i)) {
			engine_tell_port_over(port);
			port->listened = false;
		}
	}
	if (engine->conf.hotplug)
		ports_await_calls(engine);
	ports_let_go(engine, slow);
	/* What an lcore has that does not return is not with a driver. */
	if (engine->out > 0)
		return;
	ports_close(engine, port_keeps_rx, slow);
	ports_close(engine, port_may_keep, slow);
}

void
engine_ports_free(struct weir_engine *engine)
{
	engine_search(engine, false);
	ports_await_calls(engine);
	for (unsigned int i = 0; i < engine->port_count; i++)
		free(engine->ports[i].queues);
	for (unsigned int i = 0; i < engine->port_count; i++)
		free(engine->ports[i].args);
	free(engine->ports);
}
