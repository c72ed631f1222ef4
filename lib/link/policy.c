/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The policies, and what is set of them at each end of a ring. */
#include <string.h>

#include "link_private.h"

static const struct link_policy *const policies[WEIR_ON_FULL_MAX] = {
	[WEIR_ON_FULL_BLOCK] = &policy_block,
	[WEIR_ON_FULL_DROP_NEWEST] = &policy_drop_newest,
	[WEIR_ON_FULL_DROP_OLDEST] = &policy_drop_oldest,
	[WEIR_ON_FULL_DROP_PRIORITY] = &policy_drop_priority,
	[WEIR_ON_FULL_DROP_FLOW] = &policy_drop_flow,
	[WEIR_ON_FULL_DROP_LATE] = &policy_drop_late,
};

const struct link_policy *
link_policy(enum weir_on_full on_full)
{
	return policies[on_full];
}

void
ring_producer_set(struct ring_producer *ring, const struct link_settings *settings)
{
	ring->gap.wanted = settings->gap_markers;
	if (!settings->gap_markers)
		ring->gap.count = 0;
	ring->high = settings->high;
	ring->low = settings->low;
	ring->timeout = settings->timeout;
	ring->open = false;
	ring->full_since = 0;
	memcpy(ring->reserve, settings->reserve, sizeof(ring->reserve));
	if (settings->policy->tick == NULL)
		ring->level = 0;
	__atomic_store_n(&ring->shed, ring->level, __ATOMIC_RELAXED);
	ring_ease(ring, settings->policy);
}

void
ring_consumer_set(struct ring_consumer *consumer, const struct link_settings *settings)
{
	uint64_t deadline = settings->deadline >> STAMP_SHIFT;

	consumer->gap.wanted = settings->gap_markers;
	if (!settings->gap_markers)
		consumer->gap.count = 0;
	consumer->high = settings->high;
	consumer->low = settings->low;
	consumer->deadline = (uint32_t)RTE_MAX(deadline, UINT64_C(1));
	consumer->excess = settings->policy->excess;
	consumer->reason = settings->policy->shed;
}
