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
/* Most that the TSC's time is off the wall clock's without that having stepped. */
#define STEP_NS ((int64_t)NS_PER_S)
/* Most that it is put right in a second, so that it never goes back: a part in a thousand. */
#define SLEW_NS (STEP_NS / 1000)

static uint64_t
wall_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* From now on so many ns faster in each second than the TSC's frequency says. */
static void
clock_rate(struct track_clock *clock, uint64_t tsc, uint64_t now, int64_t faster)
{
	__extension__ typedef unsigned __int128 wide;

	clock->ns_per_cycle =
		(uint64_t)(((wide)((int64_t)NS_PER_S + faster) << 32) / rte_get_tsc_hz());
	clock->wall = 0;
	clock->wall = now - clock_at(clock, tsc);
	clock->steered = tsc;
}

void
clock_init(struct track_clock *clock)
{
	clock_rate(clock, rte_rdtsc(), wall_now(), 0);
}

void
clock_steer(struct track_clock *clock)
{
	uint64_t tsc = rte_rdtsc(), now, wall;
	int64_t off;

	if (tsc - clock->steered < rte_get_tsc_hz())
		return;
	wall = wall_now();
	now = clock_at(clock, tsc);
	off = (int64_t)(wall - now);
	if (off > STEP_NS || off < -STEP_NS)
		clock_rate(clock, tsc, wall, 0);
	else
		clock_rate(clock, tsc, now, RTE_MIN(RTE_MAX(off, -SLEW_NS), SLEW_NS));
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
