/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * From a worker to the lanes of a link. Which function a link pushes by is chosen once, when the
 * engine is made: by its spread, and by whether it has one lane or several.
 */
#include <string.h>

#include "link_private.h"

/* Events lost at once before they are freed. */
#define LOST_MAX 64

/* Count and free what a lane has no room for. */
static void
lane_lose(struct weir_worker *worker, const struct out_link *link, struct lane *lane,
	struct weir_event *events[], uint16_t n)
{
	stat_add(&lane->ring.dropped, n);
	worker_drop(worker, link->policy->reason, events, n);
}

static inline void
lane_push_ring(struct weir_worker *worker, const struct out_link *link, struct lane *lane,
	struct weir_event *events[], uint16_t n)
{
	uint32_t room = producer_room(&lane->ring, n);
	uint16_t fits = (uint16_t)RTE_MIN(n, room);

	producer_put(&lane->ring, events, fits);
	stat_add(&worker->stats->out, fits);
	worker->unpublished = true;
	if (unlikely(fits < n))
		lane_lose(worker, link, lane, events + fits, n - fits);
}

static void
lane_flush(struct lane *lane)
{
	uint16_t n = lane->staged_count;

	lane->staged_count = 0;
	worker_process(lane->consumer, lane->staged, n);
}

static void
lane_stage(struct weir_worker *worker, struct lane *lane, struct weir_event *events[], uint16_t n)
{
	worker->unpublished = true;
	while (n > 0) {
		uint16_t k = RTE_MIN(n, (uint16_t)(lane->staged_size - lane->staged_count));

		memcpy(lane->staged + lane->staged_count, events, k * sizeof(*events));
		lane->staged_count += k;
		events += k;
		n -= k;
		if (lane->staged_count == lane->staged_size)
			lane_flush(lane);
	}
}

/*
 * A burst that is at least half full goes on at once and as it is; less than that waits for the
 * end of the pass. Where others get the events too the array must stay as it is: staged. A call
 * always has room: what is lossless was reserved, and what is lossy is a call only where the
 * consumer takes anything at any time.
 */
static inline void
lane_push_call(struct weir_worker *worker, struct lane *lane, struct weir_event *events[],
	uint16_t n)
{
	stat_add(&worker->stats->out, n);
	if (lane->direct && lane->staged_count == 0 && n >= worker->burst / 2u)
		worker_process(lane->consumer, events, n);
	else
		lane_stage(worker, lane, events, n);
}

static inline void
lane_push(struct weir_worker *worker, const struct out_link *link, struct lane *lane,
	struct weir_event *events[], uint16_t n)
{
	if (lane->ring.ring != NULL)
		lane_push_ring(worker, link, lane, events, n);
	else
		lane_push_call(worker, lane, events, n);
}

static void
push_ring(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	lane_push_ring(worker, link, link->lanes, events, n);
}

static void
push_call(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	lane_push_call(worker, link->lanes, events, n);
}

static void
push_turn(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	struct lane *lane = &link->lanes[link->turn];

	if (++link->turn == link->lane_count)
		link->turn = 0;
	lane_push(worker, link, lane, events, n);
}

static void
push_copy(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	for (uint16_t i = 0; i < link->lane_count; i++)
		lane_push(worker, link, &link->lanes[i], events, n);
}

/* One event to its lane; false where there is no room. */
static inline bool
lane_put(struct weir_worker *worker, struct lane *lane, struct weir_event *event)
{
	if (lane->ring.ring == NULL) {
		lane_stage(worker, lane, &event, 1);
		return true;
	}
	if (unlikely(producer_room(&lane->ring, 1) == 0))
		return false;
	producer_put(&lane->ring, &event, 1);
	return true;
}

static void
push_flow(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	struct weir_event *lost[LOST_MAX];
	uint16_t lost_count = 0;
	uint32_t out = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct lane *lane = &link->lanes[link->bucket[events[i]->hash >> 24]];

		if (likely(lane_put(worker, lane, events[i]))) {
			out++;
			continue;
		}
		stat_add(&lane->ring.dropped, 1);
		lost[lost_count++] = events[i];
		if (lost_count == LOST_MAX) {
			worker_drop(worker, link->policy->reason, lost, lost_count);
			lost_count = 0;
		}
	}
	worker->unpublished = true;
	stat_add(&worker->stats->out, out);
	if (unlikely(lost_count > 0))
		worker_drop(worker, link->policy->reason, lost, lost_count);
}

void
out_link_init(struct out_link *link, enum weir_spread spread)
{
	for (unsigned int i = 0; i < SPREAD_BUCKETS; i++)
		link->bucket[i] = (uint8_t)(i % link->lane_count);
	if (link->lane_count == 1)
		link->push = link->lanes[0].ring.ring != NULL ? push_ring : push_call;
	else if (spread == WEIR_SPREAD_FLOW)
		link->push = push_flow;
	else
		link->push = spread == WEIR_SPREAD_COPY ? push_copy : push_turn;
}

void
worker_publish(struct weir_worker *worker)
{
	if (!worker->unpublished)
		return;
	worker->unpublished = false;
	for (uint16_t o = 0; o < worker->output_count; o++) {
		struct output *output = &worker->outputs[o];

		for (uint16_t l = 0; l < output->link_count; l++) {
			struct out_link *link = &output->links[l];

			for (uint16_t i = 0; i < link->lane_count; i++) {
				if (link->lanes[i].ring.ring != NULL)
					producer_publish(&link->lanes[i].ring);
				else if (link->lanes[i].staged_count > 0)
					lane_flush(&link->lanes[i]);
			}
		}
	}
}
