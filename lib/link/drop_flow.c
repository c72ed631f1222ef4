/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * drop-flow: whole flows are shed, so that those kept stay complete. Every flow has a place by its
 * hash and the engine's seed; those below a level are shed. The level rises fast while the ring is
 * above `high` and falls slowly while it is below `low`: what it sheds settles at what is too much.
 */
#include "link_private.h"

/* Between two looks at the ring: 1 / this of a second. */
#define TICKS_A_SECOND 100
/* The level, of 2^32, goes up by 1/16 and down by 1/128. */
#define LEVEL_UP (UINT32_C(1) << 28)
#define LEVEL_DOWN (UINT32_C(1) << 25)
/* Ticks that take any level to 0. */
#define TICKS_MAX 128

static uint64_t
flow_admit(struct ring_producer *ring, struct weir_event *const events[], uint16_t n)
{
	uint64_t admitted = 0;

	if (likely(ring->level == 0))
		return UINT64_MAX;
	for (uint16_t i = 0; i < n; i++)
		admitted |= (uint64_t)(weir_flow_place(events[i]->hash, ring->seed) >= ring->level)
			<< i;
	return admitted;
}

static void
flow_tick(struct ring_producer *ring, uint64_t now)
{
	uint64_t cycles = rte_get_tsc_hz() / TICKS_A_SECOND;
	uint64_t ticks = (now - ring->ticked) / cycles, down;
	uint32_t fill;

	if (ticks == 0)
		return;
	ring->ticked = now;
	fill = producer_fill(ring);
	if (fill > ring->high) {
		ring->level += RTE_MIN(LEVEL_UP, UINT32_MAX - ring->level);
	} else if (fill < ring->low) {
		down = RTE_MIN(ticks, (uint64_t)TICKS_MAX) * LEVEL_DOWN;
		ring->level -= (uint32_t)RTE_MIN(down, (uint64_t)ring->level);
	}
}

const struct link_policy policy_drop_flow = {
	.name = "drop-flow",
	.full = DROP_RING_FULL,
	.shed = DROP_FLOW_SHED,
	.admit = flow_admit,
	.tick = flow_tick,
};
