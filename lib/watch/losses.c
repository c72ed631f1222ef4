/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What ports lose before a source has it: by what their drivers count. Told at once, then at most once
 * a second while it lasts, and in all at the end; where nothing need have been lost it is a failure.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_log.h>

#include "watch_private.h"

RTE_LOG_REGISTER(logtype_losses, lib.weir.losses, NOTICE);
#define LOSSES_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_losses, __VA_ARGS__)

/* How often drivers are asked: some take long to answer. */
#define LOOK_MS 100
#define LIST_SIZE 256

static const struct {
	const char *name; /* as the figure's */
	size_t offset;
	const char *why;
	bool needless; /* a port that can wait need not lose so, and how that is mended */
	const char *mend;
} kinds[PORT_LOSSES] = {
	[PORT_IMISSED] = { "imissed", offsetof(struct port_counts, imissed),
		"no descriptor was free", false, NULL },
	[PORT_IERRORS] = { "ierrors", offsetof(struct port_counts, ierrors),
		"received with an error", true,
		"look at what it reads, or raise size = of [pool]" },
	[PORT_RX_NOMBUF] = { "rx_nombuf", offsetof(struct port_counts, rx_nombuf),
		"no mbuf was free", true, "raise size = of [pool]" },
	[PORT_LEFT] = { "left", offsetof(struct port_counts, left),
		"waiting in its queues at the stop", false, NULL },
};

/* Drivers that do not count what they, or the kernel before them, had no room for. */
static const struct {
	const char *name;
	bool waits; /* what is not taken out of it stays there: there is nothing to count */
} silent[] = {
	{ "net_null", true },
	{ "net_ring", true },
	{ "net_pcap", true },
	{ "net_memif", true },
	{ "net_vhost", true },
	{ "net_tap", false },
	{ "net_tun", false },
	{ "net_af_packet", false },
	{ "net_virtio", false },
	{ "net_virtio_user", false },
};

static int
silent_find(const char *driver)
{
	for (int i = 0; i < (int)RTE_DIM(silent); i++)
		if (strcmp(driver, silent[i].name) == 0)
			return i;
	return -1;
}

bool
port_counts_missed(const struct plan_port *port)
{
	return silent_find(port->driver) < 0;
}

/* What comes by an interface of the kernel does not wait there, whatever the driver. */
static bool
port_waits(const struct port_state *port)
{
	int i = silent_find(port->plan->driver);

	return i >= 0 && silent[i].waits && port->link.index == 0;
}

void
watch_losses_begin(const struct port_state *port)
{
	const struct plan_port *plan = port->plan;

	if (plan->rx_unopened > 0)
		LOSSES_LOG(WARNING,
			"'%s': port %s (%s) was given %u RX queues: what comes to the %u that its "
			"source does not open is lost without a figure; set queues = auto\n",
			weir_engine_name(port->engine), plan->name, plan->driver,
			plan->rx_queues + plan->rx_unopened, plan->rx_unopened);
	if (plan->rx_queues > 0 && !port_counts_missed(plan) && !port_waits(port))
		LOSSES_LOG(NOTICE,
			"'%s': port %s (%s) does not count what it, or the kernel before it, has no "
			"room for: that is lost without a figure\n",
			weir_engine_name(port->engine), plan->name, plan->driver);
}

/* Add what was lost since the last look. A count that goes back began anew. */
static void
port_look(struct port_state *port, struct port_seen *seen)
{
	struct port_counts counts;

	engine_port_counts(port, &counts);
	for (unsigned int i = 0; i < PORT_LOSSES; i++) {
		uint64_t now = *(const uint64_t *)((const char *)&counts + kinds[i].offset);

		if (now > seen->count[i])
			seen->lost[i] += now - seen->count[i];
		seen->count[i] = now;
	}
	seen->sent = counts.opackets;
	seen->unsent = counts.oerrors;
}

/* "12 imissed (no descriptor was free), 3 ierrors (…)": what is more than `since`; whether any is. */
static bool
losses_text(const uint64_t lost[PORT_LOSSES], const uint64_t since[PORT_LOSSES],
	char text[LIST_SIZE])
{
	size_t at = 0;

	for (unsigned int i = 0; i < PORT_LOSSES; i++)
		if (lost[i] > since[i] && at < LIST_SIZE)
			at += (size_t)snprintf(text + at, LIST_SIZE - at, "%s%" PRIu64 " %s (%s)",
				at > 0 ? ", " : "", lost[i] - since[i], kinds[i].name,
				kinds[i].why);
	return at > 0;
}

static void
port_tell(const struct port_state *port, struct port_seen *seen, uint64_t now)
{
	char text[LIST_SIZE];

	if (seen->at != 0 && now - seen->at < rte_get_tsc_hz())
		return;
	if (!losses_text(seen->lost, seen->told, text))
		return;
	LOSSES_LOG(WARNING, "'%s': port %s (%s) lost before weir had it%s: %s\n",
		weir_engine_name(port->engine), port->plan->name, port->plan->driver,
		seen->at == 0 ? "" : ", more", text);
	memcpy(seen->told, seen->lost, sizeof(seen->told));
	seen->at = now;
}

/* The totals, once they are the last; and again where more was lost after them. */
static void
port_tell_last(const struct port_state *port, struct port_seen *seen)
{
	static const uint64_t none[PORT_LOSSES];
	char text[LIST_SIZE];

	if (memcmp(seen->total, seen->lost, sizeof(seen->total)) == 0 ||
		!losses_text(seen->lost, none, text))
		return;
	LOSSES_LOG(WARNING, "'%s': port %s (%s) lost before weir had it, in all: %s\n",
		weir_engine_name(port->engine), port->plan->name, port->plan->driver, text);
	memcpy(seen->total, seen->lost, sizeof(seen->total));
}

static bool
node_receives(const struct weir_engine *engine, unsigned int node, unsigned int port)
{
	const struct weir_plan *plan = engine->plan;

	return plan->pipeline->nodes[node].source &&
		plan->workers[plan_first_worker(plan, node)].port == port;
}

/* Whether every link behind the source of a port waits, down to the sinks. */
static bool
waits_behind(const struct weir_engine *engine, unsigned int port)
{
	const struct weir_pipeline *pipeline = engine->plan->pipeline;
	bool *reached = calloc(pipeline->node_count, sizeof(*reached)), waits = reached != NULL;

	for (unsigned int i = 0; waits && i < pipeline->node_count; i++) {
		unsigned int node = pipeline->order[i];

		if (!reached[node] && !node_receives(engine, node, port))
			continue;
		for (unsigned int l = 0; l < pipeline->link_count; l++) {
			if (pipeline->links[l].from != node)
				continue;
			reached[pipeline->links[l].to] = true;
			waits &= __atomic_load_n(&engine->policies[l], __ATOMIC_RELAXED)->lossless;
		}
	}
	free(reached);
	return waits;
}

/*
 * What need not have been lost: once for each kind, with its last figure. Of a port that is the
 * application's nobody knows whose queue lost it.
 */
static void
port_fail(struct weir_engine *engine, unsigned int port, struct port_seen *seen)
{
	const struct plan_port *plan = engine->ports[port].plan;
	struct weir_error error;

	if (plan->adopted || !port_waits(&engine->ports[port]) || !waits_behind(engine, port))
		return;
	for (unsigned int i = 0; i < PORT_LOSSES; i++) {
		if (!kinds[i].needless || seen->lost[i] == 0 || seen->failed[i])
			continue;
		seen->failed[i] = true;
		weir_error_set(&error, EIO,
			"port %s (%s) lost packets before weir had them, though it can wait and "
			"all links behind it are block: %" PRIu64 " %s (%s): %s",
			plan->name, plan->driver, seen->lost[i], kinds[i].name, kinds[i].why,
			kinds[i].mend);
		failures_add(&engine->failures, &error);
	}
}

void
watch_losses(struct weir_engine *engine, uint64_t now, bool last)
{
	struct watch *watch = engine->watch;

	if (!last && now - watch->ports_at < LOOK_MS * (rte_get_tsc_hz() / MS_PER_S))
		return;
	watch->ports_at = now;
	for (unsigned int i = 0; i < engine->port_count; i++) {
		struct port_state *port = &engine->ports[i];

		/* Also of a port that only sends: to show of one that goes away without a word. */
		port_look(port, &watch->ports[i]);
		watch_unsent(engine, i, now, last);
		if (port->plan->rx_queues == 0)
			continue;
		if (last) {
			port_tell_last(port, &watch->ports[i]);
			port_fail(engine, i, &watch->ports[i]);
		} else {
			port_tell(port, &watch->ports[i], now);
		}
	}
}
