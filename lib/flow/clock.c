/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A worker's time: that of its packets, on the wire where it is known. While none come it goes on by the
 * clock: at once where packets come as they are, and of a recording, whose packets are only late, once none has
 * come for ten seconds.
 */
#include <time.h>

#include <rte_cycles.h>

#include "track.h"

#define QUIET_NS (10 * (uint64_t)NS_PER_S)

void
clock_init(struct track_clock *clock)
{
	__extension__ typedef unsigned __int128 wide;
	struct timespec now;

	clock->ns_per_cycle = (uint64_t)(((wide)NS_PER_S << 32) / rte_get_tsc_hz());
	clock_gettime(CLOCK_REALTIME, &now);
	clock->wall = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec -
		clock_at(clock, rte_rdtsc());
}

uint64_t
clock_untimed(const struct track_clock *clock, const struct weir_event *event)
{
	if (unlikely(event->flags & WEIR_EVENT_NO_TIME) && clock->latest != 0)
		return clock->latest;
	return clock_at(clock, event->tsc);
}

static uint64_t
apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* A time more than an hour off may be wrong: it counts once a second packet says the like, and back, too. */
static __rte_noinline void
clock_far(struct track *track, uint64_t now)
{
	struct track_clock *clock = &track->clock;

	stat_add(&track->stats.far, 1);
	if (clock->far == 0 || apart(now, clock->far) > HOUR_NS) {
		clock->far = now;
		return;
	}
	clock->far = 0;
	if (now < clock->latest)
		weir_flow_rewind(track->table, now);
	clock->latest = now;
}

void
clock_turn(struct track *track, uint64_t now)
{
	struct track_clock *clock = &track->clock;

	if (unlikely(clock->latest == 0))
		clock->latest = now;
	if (unlikely(now < clock->latest))
		stat_add(&track->stats.backward, 1);
	if (unlikely(apart(now, clock->latest) > HOUR_NS))
		clock_far(track, now);
	else if (now > clock->latest)
		clock->latest = now;
}

void
clock_burst(struct track_clock *clock, uint64_t tsc)
{
	clock->tsc = tsc;
	clock->live = apart(clock->latest, clock_at(clock, tsc)) < HOUR_NS;
}

uint64_t
clock_now(const struct track_clock *clock)
{
	uint64_t tsc = rte_rdtsc(), quiet;

	if (clock->latest == 0 || tsc <= clock->tsc)
		return clock->latest;
	quiet = clock_at(clock, tsc) - clock_at(clock, clock->tsc);
	return clock->live || quiet > QUIET_NS ? clock->latest + quiet : clock->latest;
}
