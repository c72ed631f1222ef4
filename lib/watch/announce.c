/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A drop is announced: the first on a link, then at most once a second while it lasts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_log.h>

#include "watch_private.h"

RTE_LOG_REGISTER(logtype_drops, lib.weir.link, NOTICE);

/* Most bytes of a list of reasons. */
#define REASONS_SIZE 256

/* "12 ring_full, 3 oldest": what was lost since it was announced last. */
static uint64_t
link_reasons(const struct weir_engine *engine, unsigned int link, uint64_t lost[DROP_LINK],
	char text[REASONS_SIZE])
{
	const struct link_seen *seen = &engine->watch->links[link];
	uint64_t all = 0;
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < DROP_LINK; i++) {
		const char *reason;

		weir_ledger_link_drop(engine, link, i, &reason, &lost[i]);
		if (lost[i] == seen->lost[i])
			continue;
		all += lost[i] - seen->lost[i];
		if (at < REASONS_SIZE)
			at += (size_t)snprintf(text + at, REASONS_SIZE - at, "%s%" PRIu64 " %s",
				at > 0 ? ", " : "", lost[i] - seen->lost[i], reason);
	}
	return all;
}

static void
link_announce(struct weir_engine *engine, unsigned int link, uint64_t now, bool last)
{
	struct link_seen *seen = &engine->watch->links[link];
	uint64_t lost[DROP_LINK], all;
	struct weir_link_figures figures = WEIR_LINK_FIGURES_INIT;
	char reasons[REASONS_SIZE];

	if (!last && seen->at != 0 && now - seen->at < rte_get_tsc_hz())
		return;
	all = link_reasons(engine, link, lost, reasons);
	if (all == 0)
		return;
	weir_ledger_link(engine, link, &figures);
	rte_log(RTE_LOG_WARNING, (uint32_t)logtype_drops,
		"'%s': link %s -> %s (%s) lost %" PRIu64 " events%s: %s\n",
		weir_engine_name(engine), figures.from, figures.to, figures.on_full, all,
		seen->at == 0 ? "" : " more", reasons);
	memcpy(seen->lost, lost, sizeof(lost));
	seen->at = now;
}

void
watch_announce(struct weir_engine *engine, bool last)
{
	uint64_t now = rte_rdtsc();

	for (unsigned int i = 0; i < engine->plan->pipeline->link_count; i++)
		link_announce(engine, i, now, last);
}
