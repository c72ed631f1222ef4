/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Ports that the application has set up and keeps: they are looked at, never changed. What of weir's is in
 * their TX queues at the end comes back when the application's driver lets it go.
 */
#include <errno.h>

#include <rte_ethdev.h>

#include "engine_private.h"

/* Another engine's worker, and the port and queue that are looked for. */
struct claim {
	const struct port_state *port;
	const struct seat *seat;
	const struct weir_engine *other; /* that has it; NULL: none */
};

static int
claim_search(struct weir_engine *engine, void *arg)
{
	struct claim *claim = arg;

	for (unsigned int i = 0; engine != claim->port->engine && i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		const struct port_state *port;

		if (seat->plan->port >= engine->port_count)
			continue;
		port = &engine->ports[seat->plan->port];
		if (port->id == claim->port->id && port->started && !port->stopped &&
			seat->node->source == claim->seat->node->source &&
			seat->plan->queue == claim->seat->plan->queue)
			claim->other = engine;
	}
	return claim->other != NULL;
}

/* A queue is one thread's. */
static int
port_is_unclaimed(const struct port_state *port, struct weir_error *error)
{
	const struct weir_engine *engine = port->engine;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		struct claim claim = { .port = port, .seat = &engine->seats[i] };

		if (!port_has(port, claim.seat))
			continue;
		engine_search_each(claim_search, &claim);
		if (claim.other != NULL)
			return weir_error_set(error, EBUSY,
				"adopt = on: %s queue %u of port %s is that of engine '%s': set "
				"another queue.first",
				claim.seat->node->source ? "RX" : "TX", claim.seat->plan->queue,
				port->plan->name, weir_engine_name(claim.other));
	}
	return 0;
}

/* It is as it was planned, though the application may have done to it what it likes. */
static int
port_is_as_planned(const struct port_state *port, struct weir_error *error)
{
	const struct plan_port *plan = port->plan;
	struct port_found found;

	if (!rte_eth_dev_is_valid_port(port->id))
		return weir_error_set(error, ENODEV, "port %s went away", plan->name);
	port_find(port->id, &found);
	if (!found.configured || found.own)
		return weir_error_set(error, ENODEV,
			"adopt = on: port %s is not configured by the application any more",
			plan->name);
	if (plan->rx_first + plan->rx_queues <= found.rx_queues &&
		plan->tx_first + plan->tx_queues <= found.tx_queues)
		return 0;
	return weir_error_set(error, ENODEV,
		"adopt = on: port %s has %u RX and %u TX queues since the plan was made, which has "
		"queues up to RX %d and TX %d: make another",
		plan->name, found.rx_queues, found.tx_queues, plan->rx_first + plan->rx_queues - 1,
		plan->tx_first + plan->tx_queues - 1);
}

int
port_adopt(struct port_state *port, struct weir_error *error)
{
	int rc = port_is_as_planned(port, error);

	if (rc == 0)
		rc = port_is_unclaimed(port, error);
	if (rc != 0)
		return rc;
	port_counts_read(port->id, &port->seen);
	if (port_queues_init(port) != 0)
		return weir_error_set(error, ENOMEM, "no memory for the queues of port %s",
			port->plan->name);
	return 0;
}

/* What came before the start is not the engine's. */
static void
port_count_anew(struct port_state *port)
{
	rte_spinlock_lock(&port->lock);
	if (!port->gone && !port->stopped) {
		port_counts_read(port->id, &port->seen);
		port->last = (struct port_counts){ 0 };
		port_queues_since(port);
		for (unsigned int i = 0; i < port->plan->rx_queues + port->plan->tx_queues; i++)
			port->queues[i].packets = 0;
	}
	rte_spinlock_unlock(&port->lock);
}

int
engine_adopted_begin(struct weir_engine *engine, struct weir_error *error)
{
	int rc = 0;

	if (stat_read(&engine->start_tsc) != 0)
		return 0;
	for (unsigned int i = 0; rc == 0 && i < engine->port_count; i++) {
		struct port_state *port = &engine->ports[i];
		struct port_found found;

		if (!port->plan->adopted || __atomic_load_n(&port->gone, __ATOMIC_RELAXED))
			continue;
		rc = port_is_as_planned(port, error);
		if (rc != 0)
			break;
		port_find(port->id, &found);
		if (!found.runs)
			rc = weir_error_set(error, ENETDOWN,
				"adopt = on: port %s is not started: the application does that, by "
				"rte_eth_dev_start(), before the engine starts",
				port->plan->name);
		else
			port_count_anew(port);
	}
	return rc;
}

/* Have its driver free what was sent, as far as it does: some do when they are asked to send. */
void
port_give_back(const struct port_state *port)
{
	const struct weir_engine *engine = port->engine;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		struct rte_mbuf *none[1];

		if (seat->node->source || !port_has(port, seat) ||
			stat_read(&seat->worker->stats->transmitted) == 0)
			continue;
		if (rte_eth_tx_done_cleanup(port->id, seat->plan->queue, 0) == -ENOTSUP)
			rte_eth_tx_burst(port->id, seat->plan->queue, none, 0);
	}
}

uint64_t
engine_sent_most(const struct weir_engine *engine)
{
	uint64_t most = 0;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		const struct plan_port *port;

		if (seat->node->source || seat->plan->port >= engine->port_count)
			continue;
		port = engine->ports[seat->plan->port].plan;
		if (port->adopted)
			most += RTE_MIN(stat_read(&seat->worker->stats->transmitted),
				(uint64_t)port->tx_descriptors);
	}
	return most;
}
