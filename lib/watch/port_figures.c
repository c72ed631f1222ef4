/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Figures of ports and of their queues: what drivers count beside what weir took and gave. */
#include <stdio.h>

#include "watch_private.h"

/* What weir took from a port and gave to it, and how that stands to what its driver counts. */
static void
port_wire(const struct weir_engine *engine, const struct port_state *port,
	struct weir_port_figures *full)
{
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		const struct worker_stats *stats = seat->worker->stats;

		if (seat->plan->port >= engine->port_count ||
			&engine->ports[seat->plan->port] != port)
			continue;
		if (seat->node->source)
			full->received += stat_read(&stats->in);
		else
			full->transmitted += stat_read(&stats->transmitted);
	}
	full->reports_unexplained = engine_at_rest(engine) && !full->gone && full->returns == 0 &&
		port->plan->rx_queues > 0 && !port->plan->adopted;
	if (full->reports_unexplained)
		full->unexplained = (int64_t)(full->ipackets - full->received - full->left);
}

int
weir_ledger_port(const struct weir_engine *engine, unsigned int i,
	struct weir_port_figures *figures)
{
	struct weir_port_figures full;
	struct port_state *port;
	struct port_counts counts;
	struct port_link link;

	if (engine == NULL)
		return -EINVAL;
	if (i >= engine->port_count)
		return -ENOENT;
	port = &engine->ports[i];
	engine_port_counts(port, &counts);
	engine_port_link(port, &link);
	full = (struct weir_port_figures){
		.port = port->id,
		.socket = port->plan->socket,
		.ipackets = counts.ipackets,
		.imissed = counts.imissed,
		.ierrors = counts.ierrors,
		.rx_nombuf = counts.rx_nombuf,
		.opackets = counts.opackets,
		.oerrors = counts.oerrors,
		.reports_missed = port_counts_missed(port->plan),
		.gone = __atomic_load_n(&port->gone, __ATOMIC_RELAXED) || link.state == LINK_GONE,
		.reports_link = link.state != LINK_UNKNOWN,
		.reports_speed = link.speed != 0,
		.link = link.state == LINK_UP ? "up" : "down",
		.link_downs = link.downs,
		.speed = link.speed,
		.autoneg = link.autoneg,
		.duplex = link.half_duplex ? "half" : "full",
		.left = counts.left,
		.rules = __atomic_load_n(&port->rules.count, __ATOMIC_RELAXED),
		.returns = port->returns,
	};
	port_wire(engine, port, &full);
	snprintf(full.name, sizeof(full.name), "%s", port->plan->name);
	return SIZED_GIVE(figures, &full, name);
}

/* The i-th worker that has a queue of a port; NULL beyond the last. */
static const struct seat *
queue_seat(const struct weir_engine *engine, unsigned int i)
{
	for (unsigned int s = 0; s < engine->seat_count; s++)
		if (engine->seats[s].plan->port < engine->port_count && i-- == 0)
			return &engine->seats[s];
	return NULL;
}

int
weir_ledger_queue(const struct weir_engine *engine, unsigned int i,
	struct weir_queue_figures *figures)
{
	struct weir_queue_figures full;
	const struct seat *seat;
	struct port_state *port;
	bool source;

	if (engine == NULL)
		return -EINVAL;
	seat = queue_seat(engine, i);
	if (seat == NULL)
		return -ENOENT;
	source = seat->node->source;
	port = &engine->ports[seat->plan->port];
	full = (struct weir_queue_figures){
		.direction = source ? "rx" : "tx",
		.queue = seat->plan->queue,
		.node = seat->node->name,
		.worker = seat->plan->index,
		.events = stat_read(
			source ? &seat->worker->stats->in : &seat->worker->stats->transmitted),
		.port_index = seat->plan->port,
	};
	full.reports_packets = engine_queue_packets(port, source, seat->plan->queue, &full.packets);
	snprintf(full.port, sizeof(full.port), "%s", port->plan->name);
	return SIZED_GIVE(figures, &full, port);
}
