/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The watchdog: what it looks for, and how it tells. */
#include <stdlib.h>

#include <rte_cycles.h>

#include "watch_private.h"

static void
watch_free(struct weir_engine *engine)
{
	struct watch *watch = engine->watch;

	free(watch->loops);
	free(watch->seats);
	free(watch->links);
	free(watch->ports);
	free(watch);
	engine->watch = NULL;
}

static void
watch_end(struct weir_engine *engine)
{
	watch_devices_end();
	watch_free(engine);
}

static int
watch_begin(struct weir_engine *engine, struct weir_error *error)
{
	unsigned int links = RTE_MAX(engine->plan->pipeline->link_count, 1u);
	struct watch *watch = calloc(1, sizeof(*watch));

	engine->watch = watch;
	if (watch != NULL) {
		watch->loops = calloc(engine->loop_count, sizeof(*watch->loops));
		watch->seats = calloc(engine->seat_count, sizeof(*watch->seats));
		watch->links = calloc(links, sizeof(*watch->links));
		watch->ports = calloc(RTE_MAX(engine->plan->port_count, 1u), sizeof(*watch->ports));
		if (watch->loops != NULL && watch->seats != NULL && watch->links != NULL &&
			watch->ports != NULL && watch_devices() == 0)
			return 0;
		watch_free(engine);
	}
	return weir_error_set(error, ENOMEM, "no memory for the watchdog");
}

static void
watch_stopped(struct weir_engine *engine)
{
	watch_announce(engine, true);
	watch_losses(engine, rte_rdtsc(), true);
}

static int
watch_port_begin(const struct port_state *port)
{
	if (port->returns == 0)
		watch_losses_begin(port);
	return watch_port(port);
}

static void
watch_returned(struct weir_engine *engine)
{
	watch_lost_last(engine);
	watch_ports_last(engine);
}

const struct engine_onlooker watch_onlooker = {
	.made = watch_begin,
	.unmade = watch_end,
	.port = watch_port_begin,
	.port_over = watch_port_over,
	.returned = watch_returned,
	.stopped = watch_stopped,
};

/*
 * Whether the watchdog itself did not run for long, when it did before: then the whole process may
 * have been stopped, and its lcores too.
 */
static bool
watch_slept(struct weir_engine *engine, uint64_t now)
{
	struct watch *watch = engine->watch;
	uint64_t stall = engine->conf.stall_ms * (rte_get_tsc_hz() / MS_PER_S);
	uint64_t before = watch->gap;

	watch->gap = watch->called_at != 0 ? now - watch->called_at : 0;
	watch->called_at = now;
	return watch->gap > stall / 2 && watch->gap > 2 * before;
}

unsigned int
weir_engine_watch(struct weir_engine *engine)
{
	uint64_t now = rte_rdtsc();
	unsigned int stuck;

	if (engine == NULL)
		return 0;
	engine_ports_let_go(engine);
	if (!engine_stopped(engine))
		engine_ports_take_up(engine);
	if (stat_read(&engine->start_tsc) == 0 || engine_stopped(engine))
		return 0;
	watch_announce(engine, false);
	if (watch_slept(engine, now)) {
		watch_stuck_afresh(engine);
		engine->watch->progress_at = 0;
	}
	stuck = watch_stuck(engine, now);
	watch_blocked(engine, now);
	watch_lost(engine, now);
	engine_ports_watch(engine);
	watch_losses(engine, now, false);
	watch_ports(engine, now);
	watch_silent(engine);
	return stuck;
}

int
weir_ledger_watch(const struct weir_engine *engine, struct weir_watch_figures *figures)
{
	struct weir_watch_figures full;
	const uint64_t *counts;

	if (engine == NULL)
		return -EINVAL;
	counts = engine->watch->counts;
	full = (struct weir_watch_figures){
		.stuck_workers = stat_read(&counts[WATCH_STUCK_WORKER]),
		.stuck_lcores = stat_read(&counts[WATCH_STUCK_LCORE]),
		.all_blocked = stat_read(&counts[WATCH_ALL_BLOCKED]),
		.preempted = stat_read(&counts[WATCH_PREEMPTED]),
		.stolen = stat_read(&counts[WATCH_STOLEN]),
	};
	return SIZED_GIVE(figures, &full, stuck_workers);
}

int
weir_ledger_lcore(const struct weir_engine *engine, unsigned int i,
	struct weir_lcore_figures *figures)
{
	struct weir_lcore_figures full;
	const struct cpu_loss *lost;
	const struct loop *loop;

	if (engine == NULL)
		return -EINVAL;
	if (i >= engine->loop_count)
		return -ENOENT;
	loop = &engine->loops[i];
	lost = &engine->watch->loops[i].lost;
	full = (struct weir_lcore_figures){
		.lcore = loop->lcore,
		.launched = __atomic_load_n(&loop->tid, __ATOMIC_RELAXED) != 0,
		.shared = lcore_set_has(&engine->plan->shared, loop->lcore),
		.passes = stat_read(&loop->passes),
		.switches = stat_read(&lost->switches),
		.waited_ns = stat_read(&lost->waited_ns),
		.stolen_ns = stat_read(&lost->stolen_ns),
		.how = plan_runs_names[loop_runs(loop)],
	};
	return SIZED_GIVE(figures, &full, lcore);
}
