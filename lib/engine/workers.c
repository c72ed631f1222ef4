/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the source or stage of each worker does itself at both ends of its life. */
#include <limits.h>

#include <rte_errno.h>

#include "engine_private.h"

static void
source_seat_init(struct seat *seat)
{
	seat->drops = pipeline_drops(&seat->node->conf);
	seat->drops_any = (seat->drops.verdicts | seat->drops.flags) != 0;
	seat->asked = RTE_MAX(seat->node->source_ops->least, (uint16_t)1);
	seat->least = seat->asked;
}

int
engine_workers_init(struct weir_engine *engine, struct slow *slow, struct weir_error *error)
{
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		struct seat *seat = &engine->seats[i];
		const struct node *node = seat->node;
		struct weir_error why = { .code = 0 };
		int rc;

		slow_at(slow, "the set-up of %s[%u] (%s)", node->name, seat->plan->index,
			seat->worker->type);
		if (node->source)
			rc = node->source_ops->init(seat->worker, node->type_conf,
				seat->worker->state, &why);
		else
			rc = node->stage_ops->init == NULL ?
				0 :
				node->stage_ops->init(seat->worker, node->type_conf,
					seat->worker->state, &why);
		if (rc != 0 && why.code == 0)
			weir_error_set(&why, -rc, "'%s' does not start: %s", node->name,
				rte_strerror(-rc));
		if (rc != 0)
			return weir_error_set(error, why.code, "%s", why.text);
		seat->initialised = true;
		if (node->source)
			source_seat_init(seat);
	}
	return 0;
}

static void
seat_fini(struct seat *seat, struct slow *slow)
{
	void (*fini)(struct weir_worker *, void *) =
		seat->node->source ? seat->node->source_ops->fini : seat->node->stage_ops->fini;

	slow_at(slow, "the end of %s[%u] (%s)", seat->node->name, seat->plan->index,
		seat->worker->type);
	if (seat->initialised && fini != NULL)
		fini(seat->worker, seat->worker->state);
	seat->initialised = false;
}

void
engine_workers_fini(struct weir_engine *engine, bool sources, struct slow *slow)
{
	const struct weir_pipeline *pipeline = engine->plan->pipeline;

	/* Consumers before their producers. */
	for (unsigned int n = pipeline->node_count; n-- > 0;) {
		unsigned int first = plan_first_worker(engine->plan, pipeline->order[n]);
		const struct node *node = &pipeline->nodes[pipeline->order[n]];

		if (node->source != sources)
			continue;
		for (unsigned int w = 0; w < node->conf.workers; w++)
			if (!engine_seat_out(engine, &engine->seats[first + w]))
				seat_fini(&engine->seats[first + w], slow);
	}
}

unsigned int
weir_engine_reopen(struct weir_engine *engine)
{
	unsigned int n = 0;

	for (unsigned int i = 0; engine != NULL && i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];
		const struct weir_stage_ops *ops = seat->node->stage_ops;

		if (!seat->node->source && seat->initialised && ops->reopen != NULL &&
			ops->reopen(seat->worker, seat->worker->state) == 0)
			n++;
	}
	return n;
}

/*
 * What is left in a ring after the time was up goes with a name, at its consumer. On a feedback
 * link something may always be left, put there after its consumer was done.
 */
static unsigned int
joint_abandon(struct joint *joint)
{
	struct weir_worker *worker = joint->lane->consumer;

	if (!joint->consumer->feedback)
		return ring_consumer_lose(joint->consumer, worker, DROP_DRAIN_ABANDONED, UINT_MAX);
	ring_consumer_lose(joint->consumer, worker, DROP_FEEDBACK_CLOSED, UINT_MAX);
	return 0;
}

/* What a source was given, but had no time to pass on, came in all the same. */
static unsigned int
source_abandon(struct seat *seat)
{
	const struct source_ops *ops = seat->node->source_ops;
	struct weir_worker *worker = seat->worker;
	struct weir_event *events[BURST_MAX];
	unsigned int all = seat->kept_count;

	weir_abandon(worker, seat->kept, seat->kept_count);
	seat->kept_count = 0;
	while (ops != NULL && ops->drain != NULL && ops->drain(worker, worker->state) > 0) {
		uint16_t n = ops->poll(worker, worker->state, events, BURST_MAX);

		stat_add(&worker->stats->in, n);
		worker_drop(worker, DROP_DRAIN_ABANDONED, events, n);
		all += n;
	}
	return all;
}

unsigned int
engine_workers_abandon(struct weir_engine *engine)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (!engine_seat_out(engine, &engine->seats[i]))
			left += source_abandon(&engine->seats[i]);
	for (unsigned int i = 0; i < engine->joint_count; i++) {
		struct joint *joint = &engine->joints[i];

		if (!engine_seat_out(engine, &engine->seats[joint->pair->consumer]))
			left += joint_abandon(joint);
	}
	return left;
}
