/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Where the time of an lcore goes. */
#include <rte_cycles.h>

#include "loop_private.h"

/* Whether the last pass found a worker with work and no room. */
static bool
seat_blocked(const struct loop *loop, const struct seat *seat)
{
	return stat_read(&seat->blocked_pass) == stat_read(&loop->passes);
}

void
loop_spent(struct loop *loop, enum lcore_state state)
{
	uint64_t now = rte_rdtsc(), cycles = now - loop->since;

	stat_add(&loop->cycles[state], cycles);
	for (unsigned int i = 0; state == LCORE_BLOCKED && i < loop->seat_count; i++)
		if (seat_blocked(loop, loop->seats[i]))
			stat_add(&loop->seats[i]->blocked, cycles);
	__atomic_store_n(&loop->since, now, __ATOMIC_RELAXED);
}

/* Cycles of the state that the lcore is in, which are not counted yet; 0: it is over. */
static uint64_t
loop_open(const struct loop *loop)
{
	uint64_t since = stat_read(&loop->since), now = rte_rdtsc();

	if (__atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE) || since == 0 || now < since)
		return 0;
	return now - since;
}

void
loop_cycles(const struct loop *loop, uint64_t cycles[LCORE_STATES])
{
	uint64_t open = loop_open(loop);

	for (unsigned int i = 0; i < LCORE_STATES; i++)
		cycles[i] = stat_read(&loop->cycles[i]);
	cycles[__atomic_load_n(&loop->state, __ATOMIC_RELAXED)] += open;
}

uint64_t
loop_blocked(const struct loop *loop, const struct seat *seat)
{
	uint64_t blocked = stat_read(&seat->blocked);

	if (__atomic_load_n(&loop->state, __ATOMIC_RELAXED) == LCORE_BLOCKED &&
		seat_blocked(loop, seat))
		blocked += loop_open(loop);
	return blocked;
}
