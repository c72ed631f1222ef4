/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * drop-oldest: fresh events win. The consumer, who alone may take events out of an SPSC ring, frees
 * its oldest down to `low` when it finds more than `high` waiting. It looks when it comes to the
 * ring, which is once in as many bursts as it has rings, or sooner; what comes meanwhile has the room
 * above `high`, and is lost only beyond that.
 */
#include "link.h"

static uint32_t
oldest_excess(struct ring_consumer *consumer)
{
	uint32_t waiting;

	consumer->seen = __atomic_load_n(&consumer->ring->prod.tail, __ATOMIC_ACQUIRE);
	waiting = consumer->seen - ring_tail(consumer);
	return waiting > consumer->high ? waiting - consumer->low : 0;
}

const struct link_policy policy_drop_oldest = {
	.name = "drop-oldest",
	.full = DROP_RING_FULL,
	.shed = DROP_OLDEST,
	.excess = oldest_excess,
};
