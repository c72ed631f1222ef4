/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * drop-late: what waited in the ring for longer than the deadline is of no use any more. The
 * producer stamps what it publishes; stamps ascend, so the consumer frees from the oldest on up to
 * the first that is in time.
 */
#include "link.h"

/* What may be published after the consumer has read its clock is this much ahead of it, at most. */
#define AHEAD_MAX (UINT32_C(1) << 26)

static bool
is_late(const struct ring_consumer *consumer, uint32_t at, uint32_t now)
{
	uint32_t age = now - consumer->stamps[at & consumer->mask] + AHEAD_MAX;

	return age >= consumer->deadline + AHEAD_MAX;
}

static uint32_t
late_excess(struct ring_consumer *consumer)
{
	uint32_t now = (uint32_t)(rte_rdtsc() >> STAMP_SHIFT);
	uint32_t at = ring_tail(consumer);

	for (;; at++) {
		if (consumer->seen == at)
			consumer->seen =
				__atomic_load_n(&consumer->ring->prod.tail, __ATOMIC_ACQUIRE);
		if (consumer->seen == at || !is_late(consumer, at, now))
			return at - ring_tail(consumer);
	}
}

const struct link_policy policy_drop_late = {
	.name = "drop-late",
	.full = DROP_RING_FULL,
	.shed = DROP_LATE,
	.excess = late_excess,
};
