/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a worker put is seen by its consumers: once a pass, and only the lanes that were written are
 * looked at, however many there are.
 */
#include "link_private.h"

/* All that was put into a lane. */
static inline void
lane_publish(struct weir_worker *worker, struct out_link *link, struct lane *lane)
{
	struct ring_producer *ring = &lane->ring;

	if (ring->ring == NULL) {
		if (lane->staged_count > 0)
			lane_flush(lane);
		return;
	}
	if (unlikely(link->marks) && !link->policy->lossless && ring->gap.count > 0)
		lane_mark(worker, link, lane);
	producer_publish(ring);
	if (unlikely(ring->head - ring->seen > ring->alarm))
		ring_pressure(worker, ring);
}

/* `plain`: see struct out_link. */
static __rte_always_inline void
lanes_publish(struct weir_worker *worker, struct out_link *link, bool plain)
{
	struct lane *lanes = link->lanes, *end = lanes + link->lane_count;

	for (uint64_t *word = link->written; lanes < end; lanes += 64, word++) {
		uint64_t left = *word;

		*word = 0;
		for (; left != 0; left &= left - 1) {
			struct lane *lane = &lanes[(size_t)__builtin_ctzll(left)];

			if (plain)
				producer_publish_plain(&lane->ring);
			else
				lane_publish(worker, link, lane);
		}
	}
}

static inline void
link_publish(struct weir_worker *worker, struct out_link *link)
{
	link->waited = 0;
	if (likely(link->plain && !link->marks))
		lanes_publish(worker, link, true);
	else
		lanes_publish(worker, link, false);
}

/* What is staged is no ring's: nothing is won by keeping it. Nor where all is published. */
static bool
lane_is_full(const struct lane *lane)
{
	uint32_t n = lane->ring.ring != NULL ? producer_unpublished(&lane->ring) : 0;

	return n == 0 || n >= SLOTS_LINE;
}

/* Only lanes with a line of slots; whether others have something too. */
static bool
link_publish_full(struct weir_worker *worker, struct out_link *link)
{
	uint64_t stays = 0;

	for (unsigned int w = 0; w * 64u < link->lane_count; w++) {
		for (uint64_t left = link->written[w]; left != 0; left &= left - 1) {
			struct lane *lane =
				&link->lanes[w * 64 + (unsigned int)__builtin_ctzll(left)];

			if (lane_is_full(lane)) {
				link->written[w] &= ~(left & -left);
				lane_publish(worker, link, lane);
			}
		}
		stays |= link->written[w];
	}
	if (stays == 0)
		link->waited = 0;
	return stays != 0;
}

/* The links of a worker with something to publish; `keep`: what lingers may stay. */
static inline void
links_publish(struct weir_worker *worker, bool keep)
{
	struct out_link *link = worker->written, *next;

	worker->written = NULL;
	for (; link != NULL; link = next) {
		next = link->next_written;
		link->listed = false;
		if (likely(!keep || link->linger == 0))
			link_publish(worker, link);
		else if (link_publish_full(worker, link))
			link_wrote(worker, link);
	}
}

void
worker_publish(struct weir_worker *worker)
{
	if (worker->written != NULL)
		links_publish(worker, true);
}

void
worker_flush(struct weir_worker *worker)
{
	links_publish(worker, false);
}

void
worker_linger(struct weir_worker *worker, bool moved)
{
	bool over = !moved;

	for (struct out_link *link = worker->written; link != NULL; link = link->next_written)
		over |= ++link->waited > link->linger;
	if (over)
		links_publish(worker, false);
}

static void
link_probe(struct out_link *link)
{
	for (unsigned int w = 0; w * 64u < link->lane_count; w++)
		for (uint64_t left = link->written[w]; left != 0; left &= left - 1)
			producer_probe(
				&link->lanes[w * 64 + (unsigned int)__builtin_ctzll(left)].ring);
}

void
worker_probe(struct weir_worker *worker)
{
	for (struct out_link *link = worker->written; link != NULL; link = link->next_written)
		link_probe(link);
}
