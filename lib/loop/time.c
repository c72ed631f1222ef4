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
	loop->since = now;
}

/*
 * What is counted; and cycles of the state that the lcore is in, which are not: what is left of the
 * time since it began, so that none counts twice, whatever is counted meanwhile. The state is read
 * first, for what it was in before is counted then. 0: it is over.
 */
static uint64_t
loop_open(const struct loop *loop, uint64_t cycles[LCORE_STATES], enum lcore_state *state)
{
	bool finished = __atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE);
	uint64_t counted = stat_read(&loop->began), now;

	*state = (enum lcore_state)__atomic_load_n(&loop->state, __ATOMIC_ACQUIRE);
	finished |= counted == 0;
	for (unsigned int i = 0; i < LCORE_STATES; i++)
		counted += cycles[i] = stat_read(&loop->cycles[i]);
	now = rte_rdtsc();
	return finished || now < counted ? 0 : now - counted;
}

void
loop_cycles(const struct loop *loop, uint64_t cycles[LCORE_STATES])
{
	enum lcore_state state;
	uint64_t open = loop_open(loop, cycles, &state);

	cycles[state] += open;
}

uint64_t
loop_blocked(const struct loop *loop, const struct seat *seat)
{
	uint64_t blocked = stat_read_acquire(&seat->blocked), cycles[LCORE_STATES], open;
	enum lcore_state state;

	open = loop_open(loop, cycles, &state);
	return blocked + (state == LCORE_BLOCKED && seat_blocked(loop, seat) ? open : 0);
}
