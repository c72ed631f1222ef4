/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Where the time of each worker goes. */
#include <rte_cycles.h>

#include "watch_private.h"

/* A worker's share of what its lcore was busy with, by the passes that were timed. */
static double
busy_share(const struct loop *loop, const struct seat *seat)
{
	uint64_t own = stat_read(&seat->worker->stats->cycles), all = 0;

	if (loop->seat_count == 1)
		return 1.0;
	for (unsigned int i = 0; i < loop->seat_count; i++)
		all += stat_read(&loop->seats[i]->worker->stats->cycles);
	/* What is summed and what is read before may be of two moments. */
	return all == 0 ? 1.0 / loop->seat_count : RTE_MIN(1.0, (double)own / (double)all);
}

/*
 * All of the engine's time falls in one of the shares. What an lcore did not count, before its
 * first pass and after its last, is time with nothing to do; so is, for a worker that was not
 * blocked itself, what its lcore was.
 */
void
worker_times(const struct weir_engine *engine, const struct seat *seat,
	struct weir_worker_figures *figures)
{
	const struct loop *loop = engine_loop(engine, seat->plan->lcore);
	uint64_t cycles[LCORE_STATES], sum = 0, blocked, all;
	double share = busy_share(loop, seat), busy;

	blocked = loop_blocked(loop, seat);
	loop_cycles(loop, cycles);
	for (unsigned int i = 0; i < LCORE_STATES; i++)
		sum += cycles[i];
	all = RTE_MAX(engine_cycles(engine), sum);
	if (all == 0)
		return;
	blocked = RTE_MIN(blocked, cycles[LCORE_BLOCKED]);
	busy = (double)cycles[LCORE_BUSY] / (double)all;
	figures->busy = busy * share;
	figures->others = busy - figures->busy;
	figures->idle = (double)(cycles[LCORE_IDLE] + cycles[LCORE_BLOCKED] - blocked + all - sum) /
		(double)all;
	figures->spin = (double)cycles[LCORE_SPINNING] / (double)all;
	figures->blocked = (double)blocked / (double)all;
	figures->sleep = (double)cycles[LCORE_SLEEPING] / (double)all;
}
