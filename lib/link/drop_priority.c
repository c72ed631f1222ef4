/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * drop-priority: an event of priority p goes in only while more room is free than is reserved from
 * p. Reserves descend as priorities rise, so that the higher ones find room where lower ones are
 * refused. Nothing is taken out again, and nothing overtakes.
 */
#include "link_private.h"

static uint64_t
priority_admit(struct ring_producer *ring, struct weir_event *const events[], uint16_t n)
{
	/* Exact where it is no more than any reserve and the burst. */
	uint32_t room = producer_room(ring, ring->reserve[0] + n);
	uint64_t admitted = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t reserve = ring->reserve[RTE_MIN(events[i]->prio, WEIR_PRIO_MAX)];

		/* What has no reserve is lost only for want of any room: that is told by the put. */
		if (room > reserve || reserve == 0) {
			admitted |= UINT64_C(1) << i;
			room -= room > 0;
		}
	}
	return admitted;
}

/* While more room is left than is reserved from any. */
static uint32_t
priority_easy(const struct ring_producer *ring)
{
	uint32_t most = 0;

	for (unsigned int i = 0; i < PRIORITIES; i++)
		most = RTE_MAX(most, ring->reserve[i]);
	return ring->capacity - RTE_MIN(most, ring->capacity);
}

const struct link_policy policy_drop_priority = {
	.name = "drop-priority",
	.full = DROP_RING_FULL,
	.shed = DROP_LOW_PRIORITY,
	.admit = priority_admit,
	.easy = priority_easy,
};
