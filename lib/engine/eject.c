/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The application's ends of eject stages, and what it has got by them. */
#include <string.h>

#include <rte_errno.h>

#include "sink/sink.h"
#include "engine_private.h"

/* Whether a seat is one of an eject stage of that name, and of that worker or any. */
static bool
seat_ejects(const struct seat *seat, const char *stage, unsigned int worker)
{
	return !seat->node->source && seat->node->stage_ops->process == stage_eject.process &&
		strcmp(seat->node->name, stage) == 0 &&
		(worker == WEIR_EJECT_ANY || worker == seat->plan->index);
}

/* Why there is no such end: 0 is for that none was found. The same, negative. */
static int
eject_refuse(const struct weir_engine *engine, const char *stage, int why, const char *wrong,
	const char *taken, struct weir_error *error)
{
	if (why == -EINVAL)
		return weir_error_set(error, EINVAL, "[stage %s] %s", stage, wrong);
	if (why == -EBUSY)
		return weir_error_set(error, EBUSY, "[stage %s] %s", stage, taken);
	return weir_error_set(error, ENOENT,
		"'%s' has no stage '%s' of type eject, or no such worker of it",
		weir_engine_name(engine), stage);
}

struct weir_eject *
weir_eject_open(struct weir_engine *engine, const char *stage, unsigned int worker,
	struct weir_error *error)
{
	struct weir_eject *eject;
	int why = 0;

	if (engine == NULL || stage == NULL) {
		weir_error_set(error, EINVAL, "expected an engine and the name of a stage");
		return NULL;
	}
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		if (!seat_ejects(&engine->seats[i], stage, worker))
			continue;
		why = eject_claim(engine->seats[i].worker->state, &eject);
		if (why == 0)
			return eject;
	}
	eject_refuse(engine, stage, why, "mode = call: set its function by weir_eject_call()",
		"its workers are taken, each is one thread's; raise `workers`", error);
	return NULL;
}

int
weir_eject_call(struct weir_engine *engine, const char *stage, weir_eject_fn fn, void *arg,
	struct weir_error *error)
{
	int rc = 0, found = 0;

	if (engine == NULL || stage == NULL || fn == NULL)
		return weir_error_set(error, EINVAL,
			"expected an engine, the name of a stage and a function");
	for (unsigned int i = 0; rc == 0 && i < engine->seat_count; i++)
		if (seat_ejects(&engine->seats[i], stage, WEIR_EJECT_ANY)) {
			rc = eject_set_call(engine->seats[i].worker->state, fn, arg);
			found++;
		}
	if (rc == 0 && found > 0)
		return 0;
	return eject_refuse(engine, stage, rc, "mode = ring: open its workers by weir_eject_open()",
		"it has a function already", error);
}

/* What came into the engine, less what left it: of its own pools, where no source is handed mbufs of others. */
static uint64_t
events_lost(const struct weir_engine *engine)
{
	uint64_t in = 0, out = 0;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		const struct worker_stats *stats = seat->worker->stats;

		if (seat->node->source && seat->node->source_ops->foreign)
			return 0;
		in += stat_read(&stats->created);
		if (seat->node->source)
			in += stat_read(&stats->in);
		out += stat_read(&stats->released) + stat_read(&stats->transmitted) +
			stat_read(&stats->ejected) + worker_stats_dropped(stats) +
			stat_read(&stats->held);
	}
	return in > out ? in - out : 0;
}

/* Mbufs of the longest frame that a source makes. */
static uint64_t
frame_mbufs(const struct weir_engine *engine, const struct seat *seat)
{
	const struct weir_plan *plan = engine->plan;
	const struct source_ops *ops = seat->node->source_ops;
	uint32_t longest = ops->longest, segments = 1;

	if (plan->data_room <= RTE_PKTMBUF_HEADROOM)
		return 1;
	if (seat->plan->port < plan->port_count) {
		const struct plan_port *port = &plan->ports[seat->plan->port];

		longest = port->chains ? RTE_MAX(longest, ops->chained) : longest;
		segments = port->segments;
	}
	longest /= plan->data_room - RTE_PKTMBUF_HEADROOM;
	return RTE_MAX(longest + 1, segments);
}

void
engine_lent_look(struct weir_engine *engine)
{
	uint64_t ejected = 0, own = 0, mbufs = 1;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		const struct worker_stats *stats = seat->worker->stats;

		ejected += stat_read(&stats->ejected);
		own += stat_read(&stats->created);
		if (!seat->node->source || seat->node->source_ops->foreign)
			continue;
		own += stat_read(&stats->in);
		mbufs = RTE_MAX(mbufs, frame_mbufs(engine, seat));
	}
	engine->lent_most = RTE_MIN(ejected, own) * mbufs;
	engine->lost = engine->out == 0 ? events_lost(engine) : 0;
}
