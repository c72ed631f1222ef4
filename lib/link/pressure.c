/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Pressure: a ring above `high` presses on the worker that fills it, until it is below `low`; a
 * worker under pressure presses on those that reach it by calls. Each is told when it begins and
 * when it is over, so that work can be shed before it is done.
 */
#include "link_private.h"

static void
worker_press(struct weir_worker *worker, bool on)
{
	bool before = worker->pressed > 0;

	worker->pressed += on ? 1 : -1u;
	if (before == (worker->pressed > 0))
		return;
	if (on)
		stat_add(&worker->pressures, 1);
	if (worker->pressure != NULL)
		worker->pressure(worker, worker->state, on);
	for (uint16_t i = 0; i < worker->caller_count; i++)
		worker_press(worker->callers[i], on);
}

void
ring_pressure(struct weir_worker *worker, struct ring_producer *ring)
{
	uint32_t fill = producer_fill(ring);
	bool on = ring->pressed ? fill >= ring->low : fill > ring->high;

	if (on == ring->pressed)
		return;
	ring->pressed = on;
	worker_press(worker, on);
}

/* Whether a worker, or one that reaches it by calls, is to be told. */
static bool
worker_listens(const struct weir_worker *worker)
{
	bool listens = worker->pressure != NULL;

	for (uint16_t i = 0; i < worker->caller_count && !listens; i++)
		listens = worker_listens(worker->callers[i]);
	return listens;
}

void
out_link_set(struct weir_worker *worker, struct out_link *link,
	const struct link_settings *settings)
{
	bool listens = worker_listens(worker);

	link->policy = settings->policy;
	link->linger = settings->linger;
	link->marks = true;
	link->plain = !listens;
	for (uint16_t i = 0; i < link->lane_count; i++) {
		struct ring_producer *ring = &link->lanes[i].ring;

		link->plain &= ring->ring != NULL && ring->stamps == NULL;
		if (ring->ring == NULL)
			continue;
		ring_producer_set(ring, settings);
		ring->alarm = listens ? ring->high : UINT32_MAX;
		/* By its next publish, whether or not something was put. */
		lane_wrote(link, i);
	}
	out_link_choose(link);
}

static void
link_look(struct weir_worker *worker, struct out_link *link, uint64_t now)
{
	for (uint16_t i = 0; i < link->lane_count; i++) {
		struct ring_producer *ring = &link->lanes[i].ring;

		if (ring->ring == NULL)
			continue;
		if (ring->pressed)
			ring_pressure(worker, ring);
		if (link->policy->tick != NULL)
			link->policy->tick(ring, now);
	}
	link_mark(worker, link);
}

void
worker_look(struct weir_worker *worker, uint64_t now)
{
	for (uint16_t o = 0; o < worker->output_count; o++) {
		struct output *output = &worker->outputs[o];

		for (uint16_t l = 0; l < output->link_count; l++)
			link_look(worker, &output->links[l], now);
	}
	worker_publish(worker);
}
