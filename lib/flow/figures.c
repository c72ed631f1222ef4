/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Figures of a stage of flows: copied from its table by its own lcore, so that they outlive that. */
#include "flow.h"
#include "track.h"

#define WORDS (sizeof(struct weir_flow_stats) / sizeof(uint64_t))

static_assert(sizeof(struct weir_flow_stats) % sizeof(uint64_t) == 0, "counters, and a size");

/* Word by word: others read them beside it. */
void
figures_publish(struct track *track)
{
	struct weir_flow_stats now = WEIR_FLOW_STATS_INIT;
	const uint64_t *from = (const uint64_t *)(const void *)&now;
	uint64_t *to = (uint64_t *)(void *)&track->seen;

	weir_flow_stats(track->table, &now);
	for (unsigned int i = 0; i < WORDS; i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
}

bool
flow_figures(const struct weir_worker *worker, struct weir_flow_figures *figures)
{
	const struct track *track = worker->state;
	const struct weir_flow_stats *seen = &track->seen;

	if (worker->drain != track_drain)
		return false;
	*figures = (struct weir_flow_figures){
		.node = worker->name,
		.worker = worker->index,
		.capacity = track->capacity,
		.flows = stat_read(&seen->flows),
		.created = stat_read(&seen->created),
		.ended_idle = stat_read(&seen->ended[WEIR_FLOW_IDLE]),
		.ended_fin = stat_read(&seen->ended[WEIR_FLOW_FIN]),
		.ended_rst = stat_read(&seen->ended[WEIR_FLOW_RST]),
		.ended_active = stat_read(&seen->ended[WEIR_FLOW_ACTIVE]),
		.ended_evicted = stat_read(&seen->ended[WEIR_FLOW_EVICTED]),
		.ended_drain = stat_read(&seen->ended[WEIR_FLOW_DRAIN]),
		.refused = stat_read(&seen->refused),
		.keyless = stat_read(&track->stats.keyless),
		.told = stat_read(&track->stats.told),
		.late_ns = stat_read(&seen->late_ns),
		.backward = stat_read(&track->stats.backward),
		.far = stat_read(&track->stats.far),
	};
	figures->load = (double)figures->flows / (double)figures->capacity;
	return true;
}
