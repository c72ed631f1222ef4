/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A token bucket by the TSC: each cycle earns `rate`, each event costs the cycles of a second for
 * each worker that shares the rate. Whole numbers at any rate, so there is no drift.
 */
#include <rte_common.h>

#include "synth_private.h"

/* What is behind by more than a second / this is not made up for: a few time slices. */
#define CATCH_UP 100

void
synth_pace_init(struct synth_pace *pace, uint64_t rate, unsigned int workers, uint64_t hz)
{
	if (rate == 0)
		return;
	pace->rate = rate;
	pace->cost = hz * workers;
	/* Of slow rates two events, so that a late poll loses nothing of the second. */
	pace->most = RTE_MAX(hz / CATCH_UP * rate, 2 * pace->cost);
	pace->longest = pace->most / rate + 1;
}

uint16_t
synth_pace_due(struct synth_pace *pace, uint64_t now, uint16_t n)
{
	uint64_t passed;

	if (pace->rate == 0)
		return n;
	if (pace->last == 0)
		pace->last = now;
	passed = RTE_MIN(now - pace->last, pace->longest);
	pace->last = now;
	pace->credit = RTE_MIN(pace->credit + passed * pace->rate, pace->most);
	return (uint16_t)RTE_MIN(pace->credit / pace->cost, (uint64_t)n);
}

void
synth_pace_take(struct synth_pace *pace, uint16_t n)
{
	pace->credit -= n * pace->cost;
}
