/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * From a worker to the lanes of a link. Which function a link pushes by is chosen once, when the
 * engine is made: by its spread, and by whether it has one lane or several.
 */
#include <string.h>

#include "link_private.h"

/* Count and free what a lane has no room for, or what its policy does not admit. */
static void
lane_lose(struct weir_worker *worker, struct lane *lane, enum drop_reason reason,
	struct weir_event *events[], uint16_t n)
{
	stat_add(&lane->ring.dropped[reason], n);
	worker_drop(worker, reason, events, n);
	gap_note(&lane->ring.gap, n);
}

/* Why a lane loses what it has no room for. */
static enum drop_reason
lane_full(const struct out_link *link, const struct lane *lane)
{
	return lane->ring.open ? DROP_BLOCK_TIMEOUT : link->policy->full;
}

/* Tell of what was lost before what comes now, as soon as there is room. */
static __rte_noinline void
lane_mark(struct weir_worker *worker, const struct out_link *link, struct lane *lane)
{
	struct weir_event *event;

	if (producer_room(&lane->ring, 1) == 0)
		return;
	event = gap_event(worker, &lane->ring.gap, link->id);
	if (event == NULL)
		return;
	producer_put_one(&lane->ring, event);
	stat_add(&worker->stats->out, 1);
	worker->unpublished = true;
}

/* Where room is promised to what was pulled, that is told between passes: see link_mark(). */
static inline void
lane_mark_now(struct weir_worker *worker, const struct out_link *link, struct lane *lane)
{
	if (unlikely(lane->ring.gap.count > 0) && !link->policy->lossless)
		lane_mark(worker, link, lane);
}

void
link_mark(struct weir_worker *worker, const struct out_link *link)
{
	for (uint16_t i = 0; i < link->lane_count; i++)
		if (link->lanes[i].ring.gap.count > 0)
			lane_mark(worker, link, &link->lanes[i]);
}

/* Room for what is pushed: all, on a lossless link that was asked before. */
static inline uint32_t
lane_room(const struct out_link *link, struct lane *lane, uint32_t n)
{
	if (fault_hit(FAULT_RING_FULL) && !link->policy->lossless)
		return 0;
	return producer_room(&lane->ring, n);
}

static inline void
lane_push_ring(struct weir_worker *worker, const struct out_link *link, struct lane *lane,
	struct weir_event *events[], uint16_t n)
{
	uint32_t room;
	uint16_t fits;

	lane_mark_now(worker, link, lane);
	room = lane_room(link, lane, n);
	fits = (uint16_t)RTE_MIN(n, room);
	producer_put(&lane->ring, events, fits);
	stat_add(&worker->stats->out, fits);
	worker->unpublished = true;
	if (unlikely(fits < n))
		lane_lose(worker, lane, lane_full(link, lane), events + fits, n - fits);
}

/* As lane_push_ring(), of what the policy admits. */
static void
lane_push_admitted(struct weir_worker *worker, const struct out_link *link, struct lane *lane,
	struct weir_event *events[], uint16_t n)
{
	while (n > 0) {
		uint16_t k = RTE_MIN(n, (uint16_t)ADMIT_MAX), in = 0, out = 0;
		uint64_t admitted = link->policy->admit(&lane->ring, events, k);
		struct weir_event *kept[ADMIT_MAX], *lost[ADMIT_MAX];

		for (uint16_t i = 0; i < k; i++)
			if (admitted >> i & 1)
				kept[in++] = events[i];
			else
				lost[out++] = events[i];
		if (in > 0)
			lane_push_ring(worker, link, lane, kept, in);
		if (out > 0)
			lane_lose(worker, lane, link->policy->shed, lost, out);
		events += k;
		n -= k;
	}
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
	if (lane->ring.ring == NULL)
		lane_push_call(worker, lane, events, n);
	else if (link->policy->admit == NULL)
		lane_push_ring(worker, link, lane, events, n);
	else
		lane_push_admitted(worker, link, lane, events, n);
}

static void
push_ring(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	lane_push_ring(worker, link, link->lanes, events, n);
}

static void
push_ring_admitted(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	lane_push_admitted(worker, link, link->lanes, events, n);
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
lane_put(struct weir_worker *worker, const struct out_link *link, struct lane *lane,
	struct weir_event *event)
{
	if (lane->ring.ring == NULL) {
		lane_stage(worker, lane, &event, 1);
		return true;
	}
	lane_mark_now(worker, link, lane);
	if (unlikely(lane_room(link, lane, 1) == 0))
		return false;
	producer_put_one(&lane->ring, event);
	return true;
}

static inline struct lane *
flow_lane(const struct out_link *link, const struct weir_event *event)
{
	return &link->lanes[link->buckets[weir_flow_bucket(event->hash)]];
}

static void
push_flow(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	uint32_t out = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct lane *lane = flow_lane(link, events[i]);

		if (likely(lane_put(worker, link, lane, events[i])))
			out++;
		else
			lane_lose(worker, lane, lane_full(link, lane), &events[i], 1);
	}
	worker->unpublished = true;
	stat_add(&worker->stats->out, out);
}

/* Of a policy that admits: a lane is asked for all of a burst that goes there, in its order. */
static void
push_flow_admitted(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	while (n > 0) {
		uint16_t k = RTE_MIN(n, (uint16_t)ADMIT_MAX);
		uint64_t left = k == ADMIT_MAX ? UINT64_MAX : (UINT64_C(1) << k) - 1;

		while (left != 0) {
			struct lane *lane = flow_lane(link, events[__builtin_ctzll(left)]);
			struct weir_event *same[ADMIT_MAX];
			uint16_t count = 0;

			for (uint16_t i = 0; i < k; i++)
				if ((left >> i & 1) && flow_lane(link, events[i]) == lane) {
					same[count++] = events[i];
					left &= ~(UINT64_C(1) << i);
				}
			lane_push(worker, link, lane, same, count);
		}
		events += k;
		n -= k;
	}
}

void
out_link_choose(struct out_link *link)
{
	bool admits = link->policy->admit != NULL;

	if (link->lane_count == 1 && link->lanes[0].ring.ring == NULL)
		link->push = push_call;
	else if (link->lane_count == 1)
		link->push = admits ? push_ring_admitted : push_ring;
	else if (link->spread == WEIR_SPREAD_FLOW)
		link->push = admits ? push_flow_admitted : push_flow;
	else
		link->push = link->spread == WEIR_SPREAD_COPY ? push_copy : push_turn;
}

void
spread_buckets(uint8_t buckets[WEIR_BUCKETS], uint16_t lanes)
{
	for (unsigned int i = 0; i < WEIR_BUCKETS; i++)
		buckets[i] = (uint8_t)(i % lanes);
}

void
out_link_init(struct out_link *link, enum weir_spread spread)
{
	link->spread = spread;
}

/* All that a pass has put into a lane. */
static inline void
lane_publish(struct weir_worker *worker, const struct out_link *link, struct lane *lane)
{
	struct ring_producer *ring = &lane->ring;

	if (ring->ring == NULL) {
		if (lane->staged_count > 0)
			lane_flush(lane);
		return;
	}
	lane_mark_now(worker, link, lane);
	producer_publish(ring);
	if (unlikely(ring->head - ring->seen > ring->alarm))
		ring_pressure(worker, ring);
}

void
worker_probe(struct weir_worker *worker)
{
	for (uint16_t o = 0; o < worker->output_count; o++)
		for (uint16_t l = 0; l < worker->outputs[o].link_count; l++) {
			struct out_link *link = &worker->outputs[o].links[l];

			for (uint16_t i = 0; i < link->lane_count; i++)
				producer_probe(&link->lanes[i].ring);
		}
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

			for (uint16_t i = 0; i < link->lane_count; i++)
				lane_publish(worker, link, &link->lanes[i]);
		}
	}
}
