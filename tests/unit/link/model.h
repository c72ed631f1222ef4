/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a link of rings is to do, by the words of the design and in the plainest way: a queue for
 * each lane, and a clock that stands still until it is told to go on. Knows nothing of lib/link but
 * the names of policies and reasons.
 */
#ifndef WEIR_LINK_MODEL_H
#define WEIR_LINK_MODEL_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/event.h>
#include <weir/link.h>

#include "stats/stats.h"

#define MODEL_LANES 4
/* More than any lane here holds. */
#define MODEL_QUEUE 512

struct model_event {
	uint64_t id;
	uint32_t hash;
	uint8_t prio;
	uint64_t since; /* when it was published */
};

struct model_lane {
	uint32_t capacity;
	struct model_event queue[MODEL_QUEUE];
	uint64_t put;       /* all that ever went in; the last is at put - 1 */
	uint64_t published; /* of those, what the consumer may see */
	uint64_t taken;     /* of those, what is out again, the dropped included */
	uint64_t dequeued;  /* of those, what the consumer got */
	uint64_t lost_before[DROP_LINK];
	uint64_t lost_behind[DROP_LINK];
	uint32_t level; /* drop-flow */
	uint64_t ticked;
	bool full; /* was found full, when so many had been taken, at that time */
	uint64_t full_taken;
	uint64_t full_since;
	bool open; /* not waited for */
};

struct model {
	enum weir_on_full on_full;
	enum weir_spread spread;
	unsigned int lane_count;
	unsigned int turn;
	uint64_t now;  /* in a unit of the test's own, as are the next two */
	uint64_t wait; /* block_timeout; 0: never */
	uint64_t deadline;
	uint64_t ticks_now; /* TSC, as are the ticks of drop-flow */
	uint64_t tick;      /* cycles in 10 ms */
	uint32_t high;
	uint32_t low;
	uint32_t reserve[WEIR_PRIO_MAX + 1];
	uint32_t seed;
	uint64_t in;
	uint64_t created;
	struct model_lane lanes[MODEL_LANES];
};

static inline uint32_t
model_fill(const struct model_lane *lane)
{
	return (uint32_t)(lane->put - lane->taken);
}

static inline uint32_t
model_free(const struct model_lane *lane)
{
	return lane->capacity - model_fill(lane);
}

/*
 * drop-flow: what is shed of an event that comes now: the level, and above `high` in even steps up to
 * all when the ring is full.
 */
static inline uint32_t
model_level(const struct model *model, const struct model_lane *lane)
{
	uint32_t fill = model_fill(lane) + 1;

	if (fill <= model->high && fill <= lane->capacity)
		return lane->level;
	if (fill > lane->capacity)
		return UINT32_MAX;
	return lane->level +
		(fill - model->high) *
		((UINT32_MAX - lane->level) / (lane->capacity - model->high));
}

/* Whether the policy lets an event in, or why not. Room is looked at after that. */
static inline bool
model_admits(const struct model *model, const struct model_lane *lane,
	const struct model_event *event, enum drop_reason *reason)
{
	if (model->on_full == WEIR_ON_FULL_DROP_FLOW) {
		*reason = DROP_FLOW_SHED;
		return weir_flow_place(event->hash, model->seed) >= model_level(model, lane);
	}
	if (model->on_full == WEIR_ON_FULL_DROP_PRIORITY) {
		*reason = DROP_LOW_PRIORITY;
		return model->reserve[event->prio] == 0 ||
			model_free(lane) > model->reserve[event->prio];
	}
	return true;
}

static inline void
model_put(struct model *model, struct model_lane *lane, const struct model_event *event)
{
	enum drop_reason reason = DROP_RING_FULL;

	if (!model_admits(model, lane, event, &reason)) {
		lane->lost_before[reason]++;
	} else if (model_free(lane) > 0) {
		assert(lane->capacity < MODEL_QUEUE);
		lane->queue[lane->put++ % MODEL_QUEUE] = *event;
	} else {
		reason = DROP_RING_FULL;
		if (model->on_full == WEIR_ON_FULL_BLOCK)
			reason = lane->open ? DROP_BLOCK_TIMEOUT : DROP_OVERRUN;
		lane->lost_before[reason]++;
	}
}

/* The lane of an event of a flow spread: by the top bits of its hash. */
static inline unsigned int
model_lane_of(const struct model *model, uint32_t hash)
{
	return weir_flow_bucket(hash) % model->lane_count;
}

static inline void
model_forward(struct model *model, const struct model_event *events, unsigned int n)
{
	unsigned int turn = model->turn;

	model->in += n;
	model->turn = (model->turn + 1) % model->lane_count;
	for (unsigned int i = 0; i < n; i++) {
		const struct model_event *event = &events[i];

		switch (model->spread) {
		case WEIR_SPREAD_FLOW:
			model_put(model, &model->lanes[model_lane_of(model, event->hash)], event);
			break;
		case WEIR_SPREAD_ROUND_ROBIN:
			model_put(model, &model->lanes[turn], event);
			break;
		case WEIR_SPREAD_COPY:
			for (unsigned int l = 0; l < model->lane_count; l++)
				model_put(model, &model->lanes[l], event);
			model->created += model->lane_count - 1;
			break;
		}
	}
}

static inline void
model_publish(struct model *model)
{
	for (unsigned int l = 0; l < model->lane_count; l++) {
		struct model_lane *lane = &model->lanes[l];

		for (; lane->published < lane->put; lane->published++)
			lane->queue[lane->published % MODEL_QUEUE].since = model->now;
	}
}

static inline void
model_lose(struct model_lane *lane, enum drop_reason reason, uint64_t n)
{
	lane->taken += n;
	lane->lost_behind[reason] += n;
}

/* What the consumer drops before it takes anything. */
static inline void
model_shed(const struct model *model, struct model_lane *lane)
{
	uint64_t waiting = lane->published - lane->taken;

	if (model->on_full == WEIR_ON_FULL_DROP_OLDEST && waiting > model->high)
		model_lose(lane, DROP_OLDEST, waiting - model->low);
	while (model->on_full == WEIR_ON_FULL_DROP_LATE && lane->taken < lane->published &&
		model->now - lane->queue[lane->taken % MODEL_QUEUE].since >= model->deadline)
		model_lose(lane, DROP_LATE, 1);
}

/* The ids of what the consumer gets, at most n; how many those are. */
static inline unsigned int
model_pull(const struct model *model, struct model_lane *lane, uint64_t ids[], unsigned int n)
{
	unsigned int got = 0;

	model_shed(model, lane);
	while (got < n && lane->taken < lane->published)
		ids[got++] = lane->queue[lane->taken++ % MODEL_QUEUE].id;
	lane->dequeued += got;
	return got;
}

/* Whether a lane that is full is waited for no more, after it was found so. */
static inline bool
model_gives_up(const struct model *model, struct model_lane *lane)
{
	if (model->wait == 0)
		return false;
	if (!lane->full || lane->full_taken != lane->taken) {
		lane->full = true;
		lane->full_taken = lane->taken;
		lane->full_since = model->now;
	}
	lane->open = model->now - lane->full_since >= model->wait;
	return lane->open;
}

/*
 * How many of `want` may be pulled: what every lane has room for, if the link is lossless. A lane
 * is looked at while the ones before leave something to ask for.
 */
static inline unsigned int
model_room(struct model *model, unsigned int want)
{
	for (unsigned int l = 0; l < model->lane_count && want > 0; l++) {
		struct model_lane *lane = &model->lanes[l];

		if (model->on_full != WEIR_ON_FULL_BLOCK || model_free(lane) >= want)
			continue;
		if (model_free(lane) == 0 && model_gives_up(model, lane))
			continue;
		want = model_free(lane);
	}
	return want;
}

/*
 * A look at the lanes of drop-flow. A look that comes late knows of one fill only: it takes the
 * level up by one tick, and down by as many as went by.
 */
static inline void
model_look(struct model *model)
{
	for (unsigned int l = 0; l < model->lane_count; l++) {
		struct model_lane *lane = &model->lanes[l];
		uint64_t ticks = (model->ticks_now - lane->ticked) / model->tick;
		uint64_t down = (ticks < 128 ? ticks : 128) << 25; /* 2^32 / 128 each */

		if (model->on_full != WEIR_ON_FULL_DROP_FLOW || ticks == 0)
			continue;
		lane->ticked = model->ticks_now;
		if (model_fill(lane) > model->high)
			lane->level = UINT32_MAX - lane->level < 1u << 28 ?
				UINT32_MAX :
				lane->level + (1u << 28); /* 2^32 / 16 */
		else if (model_fill(lane) < model->low)
			lane->level = down > lane->level ? 0 : lane->level - (uint32_t)down;
	}
}

/* Other settings were made: what is measured of full lanes begins anew. */
static inline void
model_reset(struct model *model)
{
	for (unsigned int l = 0; l < model->lane_count; l++) {
		struct model_lane *lane = &model->lanes[l];

		lane->full = lane->open = false;
		if (model->on_full != WEIR_ON_FULL_DROP_FLOW)
			lane->level = 0;
	}
}

/* The longest that anything waits. */
static inline uint64_t
model_oldest(const struct model *model)
{
	uint64_t oldest = 0;

	for (unsigned int l = 0; l < model->lane_count; l++) {
		const struct model_lane *lane = &model->lanes[l];
		uint64_t age = model->now - lane->queue[lane->taken % MODEL_QUEUE].since;

		if (lane->taken < lane->published && age > oldest)
			oldest = age;
	}
	return oldest;
}

#endif /* WEIR_LINK_MODEL_H */
