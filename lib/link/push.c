/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * From a worker to the lanes of a link. Which function a link pushes by is chosen once, when the
 * engine is made: by its spread, and by whether it has one lane or several.
 */
#include <string.h>

#include "link_private.h"

/*
 * A ring has no room for a burst as far as is known. Its consumer's tail is read now, long before room is
 * asked for: its line comes from another core.
 */
static __rte_noinline void
ring_filled(struct weir_worker *worker, struct ring_producer *ring)
{
	if (producer_fill(ring) >= ring->easy)
		worker->tight = true;
}

/* Count and free what a lane has no room for, or what its policy does not admit. */
static void
lane_lose(struct weir_worker *worker, struct out_link *link, unsigned int at,
	enum drop_reason reason, struct weir_event *events[], uint16_t n)
{
	struct ring_producer *ring = &link->lanes[at].ring;

	stat_add(&ring->dropped[reason], n);
	worker_drop(worker, reason, events, n);
	gap_note(&ring->gap, n);
	if (unlikely(ring->gap.wanted)) {
		link->marks = true;
		lane_wrote(link, at);
		link_wrote(worker, link);
	}
}

/* Why a lane loses what it has no room for. */
static enum drop_reason
lane_full(const struct out_link *link, const struct lane *lane)
{
	return lane->ring.open ? DROP_BLOCK_TIMEOUT : link->policy->full;
}

void
lane_mark(struct weir_worker *worker, struct out_link *link, struct lane *lane)
{
	struct weir_event *event;

	if (producer_room(&lane->ring, 1) == 0)
		return;
	event = gap_event(worker, &lane->ring.gap, link->id);
	if (event == NULL)
		return;
	producer_put_one(&lane->ring, event);
	if (link->policy->lossless)
		ring_filled(worker, &lane->ring);
	lane_wrote(link, (unsigned int)(lane - link->lanes));
	link_wrote(worker, link);
	stat_add(&worker->stats->out, 1);
}

/* Where room is promised to what was pulled, that is told between passes: see link_mark(). */
static inline void
lane_mark_now(struct weir_worker *worker, struct out_link *link, struct lane *lane)
{
	if (unlikely(link->marks) && !link->policy->lossless && lane->ring.gap.count > 0)
		lane_mark(worker, link, lane);
}

void
link_mark(struct weir_worker *worker, struct out_link *link)
{
	bool left = false;

	if (!link->marks)
		return;
	for (uint16_t i = 0; i < link->lane_count; i++) {
		if (link->lanes[i].ring.gap.count > 0)
			lane_mark(worker, link, &link->lanes[i]);
		left |= link->lanes[i].ring.gap.count > 0;
	}
	link->marks = left;
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
lane_push_ring(struct weir_worker *worker, struct out_link *link, unsigned int at,
	struct weir_event *events[], uint16_t n)
{
	struct lane *lane = &link->lanes[at];
	uint32_t room;
	uint16_t fits;

	lane_mark_now(worker, link, lane);
	room = lane_room(link, lane, n);
	fits = (uint16_t)RTE_MIN(n, room);
	producer_put(&lane->ring, events, fits);
	if (unlikely(lane->ring.head - lane->ring.seen > lane->ring.easy) && link->policy->lossless)
		ring_filled(worker, &lane->ring);
	lane_wrote(link, at);
	link_wrote(worker, link);
	stat_add(&worker->stats->out, fits);
	if (unlikely(fits < n))
		lane_lose(worker, link, at, lane_full(link, lane), events + fits, n - fits);
}

/* As lane_push_ring(), of what the policy admits where it is to be asked. */
static void
lane_push_asked(struct weir_worker *worker, struct out_link *link, unsigned int at,
	struct weir_event *events[], uint16_t n)
{
	while (n > 0) {
		uint16_t k = RTE_MIN(n, (uint16_t)ADMIT_MAX), in = 0, out = 0;
		uint64_t admitted = link->policy->admit(&link->lanes[at].ring, events, k);
		struct weir_event *kept[ADMIT_MAX], *lost[ADMIT_MAX];

		for (uint16_t i = 0; i < k; i++)
			if (admitted >> i & 1)
				kept[in++] = events[i];
			else
				lost[out++] = events[i];
		if (in > 0)
			lane_push_ring(worker, link, at, kept, in);
		if (out > 0)
			lane_lose(worker, link, at, link->policy->shed, lost, out);
		events += k;
		n -= k;
	}
}

/* Whether n more go in without a look at them. The consumer's tail is read where that may tell. */
static inline bool
ring_takes(struct ring_producer *ring, uint32_t n)
{
	return likely(ring->head - ring->seen + n <= ring->easy) ||
		(n <= ring->easy && producer_fill(ring) + n <= ring->easy);
}

/* As that, where it may be as well. */
static inline void
lane_push_admitted(struct weir_worker *worker, struct out_link *link, unsigned int at,
	struct weir_event *events[], uint16_t n)
{
	if (ring_takes(&link->lanes[at].ring, n))
		lane_push_ring(worker, link, at, events, n);
	else
		lane_push_asked(worker, link, at, events, n);
}

void
lane_flush(struct lane *lane)
{
	uint16_t n = lane->staged_count;

	lane->staged_count = 0;
	worker_process(lane->consumer, lane->staged, n);
}

static void
lane_stage(struct weir_worker *worker, struct out_link *link, unsigned int at,
	struct weir_event *events[], uint16_t n)
{
	struct lane *lane = &link->lanes[at];

	lane_wrote(link, at);
	link_wrote(worker, link);
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
lane_push_call(struct weir_worker *worker, struct out_link *link, unsigned int at,
	struct weir_event *events[], uint16_t n)
{
	struct lane *lane = &link->lanes[at];

	stat_add(&worker->stats->out, n);
	if (lane->direct && lane->staged_count == 0 && n >= worker->burst / 2u)
		worker_process(lane->consumer, events, n);
	else
		lane_stage(worker, link, at, events, n);
}

static inline void
lane_push(struct weir_worker *worker, struct out_link *link, unsigned int at,
	struct weir_event *events[], uint16_t n)
{
	if (link->lanes[at].ring.ring == NULL)
		lane_push_call(worker, link, at, events, n);
	else if (link->policy->admit == NULL)
		lane_push_ring(worker, link, at, events, n);
	else
		lane_push_admitted(worker, link, at, events, n);
}

static void
push_ring(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	lane_push_ring(worker, link, 0, events, n);
}

static void
push_ring_admitted(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	lane_push_admitted(worker, link, 0, events, n);
}

static void
push_call(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	lane_push_call(worker, link, 0, events, n);
}

static void
push_turn(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	unsigned int at = link->turn;

	if (++link->turn == link->lane_count)
		link->turn = 0;
	lane_push(worker, link, at, events, n);
}

static void
push_copy(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	for (uint16_t i = 0; i < link->lane_count; i++)
		lane_push(worker, link, i, events, n);
}

static inline unsigned int
flow_lane(const struct out_link *link, const struct weir_event *event)
{
	return link->buckets[weir_flow_bucket(event->hash)];
}

/*
 * A ring is not easy to fill any more: whether the event may go in as others do. Else it went in by its
 * policy, or is lost.
 */
static __rte_noinline bool
flow_may(struct weir_worker *worker, struct out_link *link, unsigned int at,
	struct weir_event *event)
{
	struct lane *lane = &link->lanes[at];

	if (link->policy->admit != NULL && !ring_takes(&lane->ring, 1)) {
		lane_push_asked(worker, link, at, &event, 1);
		return false;
	}
	if (link->policy->lossless)
		ring_filled(worker, &lane->ring);
	if (lane_room(link, lane, 1) > 0)
		return true;
	lane_lose(worker, link, at, lane_full(link, lane), &event, 1);
	return false;
}

/* Each event into the ring of its lane; `one_word`: of no more lanes than a word of bits tells. */
static __rte_always_inline void
push_flow_to(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n, bool one_word)
{
	const uint8_t *buckets = link->buckets;
	struct lane *lanes = link->lanes;
	uint64_t written = 0;
	uint32_t others = 0;

	for (struct weir_event **end = events + n; events != end; events++) {
		struct weir_event *event = *events;
		unsigned int at = buckets[weir_flow_bucket(event->hash)];
		struct ring_producer *ring = &lanes[at].ring;

		if (unlikely(ring->head - ring->seen >= ring->easy || fault_hit(FAULT_RING_FULL)) &&
			!flow_may(worker, link, at, event)) {
			others++;
			continue;
		}
		producer_put_one(ring, event);
		if (one_word)
			written |= UINT64_C(1) << at;
		else
			lane_wrote(link, at);
	}
	link->written[0] |= written;
	link_wrote(worker, link);
	stat_add(&worker->stats->out, n - others);
}

/* The events of a burst by lane, each lane's in their order: chains of indices into the burst. */
struct lane_chains {
	uint64_t lanes[LANES_MAX / 64]; /* that have any, a bit each */
	uint8_t first[LANES_MAX];       /* of a lane that has */
	uint8_t next[ADMIT_MAX];        /* ADMIT_MAX: none */
};

static void
chains_make(struct lane_chains *chains, const struct out_link *link,
	struct weir_event *const events[], uint16_t n)
{
	memset(chains->lanes, 0, sizeof(chains->lanes));
	for (unsigned int i = n; i-- > 0;) {
		unsigned int at = flow_lane(link, events[i]);
		uint64_t *word = &chains->lanes[at / 64], bit = UINT64_C(1) << (at % 64);

		chains->next[i] = *word & bit ? chains->first[at] : ADMIT_MAX;
		chains->first[at] = (uint8_t)i;
		*word |= bit;
	}
}

static void
chain_push(struct weir_worker *worker, struct out_link *link, unsigned int at,
	const struct lane_chains *chains, struct weir_event *const events[])
{
	struct weir_event *same[ADMIT_MAX];
	uint16_t count = 0;

	for (unsigned int i = chains->first[at]; i != ADMIT_MAX; i = chains->next[i])
		same[count++] = events[i];
	lane_push(worker, link, at, same, count);
}

/*
 * A lane is given at once all of a burst that goes there: its policy looks at the ring once, and a
 * call gets what it can take in one.
 */
static void
push_flow_grouped(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	while (n > 0) {
		uint16_t k = RTE_MIN(n, (uint16_t)ADMIT_MAX);
		struct lane_chains chains;

		chains_make(&chains, link, events, k);
		for (unsigned int w = 0; w * 64u < link->lane_count; w++)
			for (uint64_t left = chains.lanes[w]; left != 0; left &= left - 1)
				chain_push(worker, link,
					w * 64 + (unsigned int)__builtin_ctzll(left), &chains,
					events);
		events += k;
		n -= k;
	}
}

static void
push_flow(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	/* Each lane is looked at there: what it lost is told of before what comes now. */
	if (unlikely(link->marks) && !link->policy->lossless)
		push_flow_grouped(worker, link, events, n);
	else if (likely(link->lane_count <= 64))
		push_flow_to(worker, link, events, n, true);
	else
		push_flow_to(worker, link, events, n, false);
}

/* Whether a lane is a call. */
static bool
link_calls(const struct out_link *link)
{
	bool calls = false;

	for (uint16_t i = 0; i < link->lane_count; i++)
		calls |= link->lanes[i].ring.ring == NULL;
	return calls;
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
		link->push = link_calls(link) ? push_flow_grouped : push_flow;
	else
		link->push = link->spread == WEIR_SPREAD_COPY ? push_copy : push_turn;
}

void
spread_buckets(uint8_t buckets[WEIR_BUCKETS], uint16_t workers, uint16_t stride)
{
	for (unsigned int i = 0; i < WEIR_BUCKETS; i++)
		buckets[i] = (uint8_t)(i % workers / stride);
}

void
out_link_init(struct out_link *link, enum weir_spread spread)
{
	link->spread = spread;
}
