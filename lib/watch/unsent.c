/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What ports do not send. Errors that their drivers count are told at once, then at most once a second
 * while it lasts. What a driver took and did not send is a failure at the end: the ledger has it as
 * transmitted, for it left. More errors than that are of packets that it did not take: some (net_tap)
 * count one for each time that the same packet is tried.
 */
#include <errno.h>
#include <inttypes.h>

#include <rte_cycles.h>
#include <rte_log.h>

#include "watch_private.h"

RTE_LOG_REGISTER(logtype_unsent, lib.weir.unsent, NOTICE);
#define UNSENT_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_unsent, __VA_ARGS__)

/* What weir gave to a port. */
static uint64_t
port_given(const struct weir_engine *engine, unsigned int port)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (engine->seats[i].plan->port == port)
			n += stat_read(&engine->seats[i].worker->stats->transmitted);
	return n;
}

static void
unsent_tell(const struct port_state *port, struct port_seen *seen, uint64_t now)
{
	if (seen->unsent <= seen->unsent_told ||
		(seen->unsent_at != 0 && now - seen->unsent_at < rte_get_tsc_hz()))
		return;
	UNSENT_LOG(WARNING, "'%s': port %s (%s) counts %" PRIu64 "%s errors of sending (oerrors)\n",
		weir_engine_name(port->engine), port->plan->name, port->plan->driver,
		seen->unsent - seen->unsent_told, seen->unsent_at == 0 ? "" : " more");
	seen->unsent_told = seen->unsent;
	seen->unsent_at = now;
}

static void
unsent_tell_last(struct weir_engine *engine, unsigned int port, const struct port_seen *seen)
{
	const struct plan_port *plan = engine->ports[port].plan;
	uint64_t given = port_given(engine, port);
	uint64_t left = given - RTE_MIN(given, seen->sent);
	uint64_t lost = RTE_MIN(left, seen->unsent);
	struct weir_error error;

	if (lost > 0) {
		weir_error_set(&error, EIO,
			"port %s (%s) took %" PRIu64
			" packets and did not send them (oerrors); the "
			"ledger has them as transmitted",
			plan->name, plan->driver, lost);
		failures_add(&engine->failures, &error);
	}
	if (left > lost)
		UNSENT_LOG(WARNING,
			"'%s': port %s (%s) took %" PRIu64 " packets and counts %" PRIu64
			" as sent: of %" PRIu64 " it tells nothing\n",
			weir_engine_name(engine), plan->name, plan->driver, given, seen->sent,
			left - lost);
}

void
watch_unsent(struct weir_engine *engine, unsigned int port, uint64_t now, bool last)
{
	struct port_seen *seen = &engine->watch->ports[port];

	if (!last) {
		unsent_tell(&engine->ports[port], seen, now);
	} else if (!seen->unsent_last && !engine->ports[port].plan->adopted) {
		/* Of one that is the application's that sends, too: nobody knows whose it was. */
		seen->unsent_last = true;
		unsent_tell_last(engine, port, seen);
		watch_written(engine, port);
	}
}
