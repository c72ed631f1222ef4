/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <sched.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "link.h"

/* A sleep grows by this much each time nothing was to do. */
#define SLEEP_STEP_NS 1000

void
waiter_init(struct waiter *waiter, enum weir_wait how, uint64_t min_ns, uint64_t max_ns)
{
	*waiter = (struct waiter){ .how = how, .min_ns = min_ns, .max_ns = max_ns };
	waiter_reset(waiter);
}

void
waiter_reset(struct waiter *waiter)
{
	uint64_t first = waiter->how == WEIR_WAIT_SLEEP ? SLEEP_STEP_NS : waiter->min_ns;

	waiter->now_ns = RTE_MIN(first, waiter->max_ns);
}

static void
wait_pauses(struct waiter *waiter)
{
	uint64_t cycles = waiter->now_ns * rte_get_tsc_hz() / NS_PER_S;
	uint64_t start = rte_rdtsc();

	do
		rte_pause();
	while (rte_rdtsc() - start < cycles);
	waiter->now_ns = RTE_MIN(waiter->now_ns * 2, waiter->max_ns);
}

static void
wait_sleep(struct waiter *waiter)
{
	struct timespec time = { .tv_nsec = (long)RTE_MIN(waiter->now_ns, NS_PER_S - 1) };

	nanosleep(&time, NULL);
	waiter->now_ns = RTE_MIN(waiter->now_ns + SLEEP_STEP_NS, waiter->max_ns);
}

void
waiter_wait(struct waiter *waiter)
{
	switch (waiter->how) {
	case WEIR_WAIT_EXPONENTIAL:
		wait_pauses(waiter);
		break;
	case WEIR_WAIT_YIELD:
		sched_yield();
		break;
	case WEIR_WAIT_SLEEP:
		wait_sleep(waiter);
		break;
	case WEIR_WAIT_PAUSE:
		rte_pause();
		break;
	default:
		break;
	}
}
