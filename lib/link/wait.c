/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The ways to wait: one row each. */
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include "wait_private.h"

/* A sleep grows by this much each time nothing was to do. */
#define SLEEP_STEP_NS 1000

static void
wait_not(struct waiter *waiter)
{
	(void)waiter;
}

static void
wait_pause(struct waiter *waiter)
{
	(void)waiter;
	rte_pause();
}

static void
wait_double(struct waiter *waiter)
{
	waiter->now_ns = RTE_MIN(waiter->now_ns * 2, waiter->max_ns);
}

static void
wait_pauses(struct waiter *waiter)
{
	uint64_t cycles = waiter->now_ns * rte_get_tsc_hz() / NS_PER_S;
	uint64_t start = rte_rdtsc();

	do
		rte_pause();
	while (rte_rdtsc() - start < cycles);
	wait_double(waiter);
}

static void
wait_yield(struct waiter *waiter)
{
	(void)waiter;
	sched_yield();
}

/*
 * The kernel rounds sleeps up by the thread's timer slack, 50 us if nobody has set it: longer than the
 * whole of a short sleep. The thread is not ours for good: it gets its own back.
 */
int
waiter_slack(int ns)
{
	int before = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);

	prctl(PR_SET_TIMERSLACK, (unsigned long)ns, 0, 0, 0);
	return before;
}

static void
sleep_ns(uint64_t ns)
{
	struct timespec time = { .tv_nsec = (long)RTE_MIN(ns, NS_PER_S - 1) };

	nanosleep(&time, NULL);
}

static void
wait_sleep(struct waiter *waiter)
{
	sleep_ns(waiter->now_ns);
	waiter->now_ns = RTE_MIN(waiter->now_ns + SLEEP_STEP_NS, waiter->max_ns);
}

static void
wait_monitor(struct waiter *waiter)
{
	if (waiter->watch != NULL && power_watch(waiter->watch, waiter->max_ns) == 0)
		return;
	if (power_pause(waiter->now_ns) == 0)
		wait_double(waiter);
	else
		wait_pauses(waiter);
}

/*
 * An interrupt for every burst would cost more than the polling that it saves: only after pauses
 * up to the longest are they switched on. Then the queues are looked at once more, as what came
 * before that raises none, and then one sleeps.
 */
static void
wait_interrupt(struct waiter *waiter)
{
	if (waiter->now_ns < waiter->max_ns) {
		wait_pauses(waiter);
	} else if (waiter->armed != WAIT_ARMED) {
		waiter->armed = WAIT_ARMED;
		if (waiter->queues == NULL || wait_queues_arm(waiter->queues) != 0)
			waiter_init(waiter, WEIR_WAIT_SLEEP, waiter->min_ns, waiter->max_ns);
	} else {
		waiter->armed = wait_queues_sleep(waiter->queues, waiter->sleep_ms) ? WAIT_UNARMED :
										      WAIT_SLEPT;
		wait_queues_disarm(waiter->queues);
	}
}

static const struct wait_way {
	void (*wait)(struct waiter *waiter); /* once */
	uint64_t first_ns;                   /* the shortest wait; 0: as given */
	unsigned int patience;               /* the less, the sooner it looks again */
	bool sleeps;                         /* gives the CPU to the kernel */
	bool lingers; /* looks again at once for as long as its longest wait */
} ways[] = {
	[WEIR_WAIT_AUTO] = { wait_not, 0, 0, false, false },
	[WEIR_WAIT_SPIN] = { wait_not, 0, 1, false, false },
	[WEIR_WAIT_PAUSE] = { wait_pause, 0, 2, false, false },
	[WEIR_WAIT_EXPONENTIAL] = { wait_pauses, 0, 3, false, true },
	[WEIR_WAIT_YIELD] = { wait_yield, 0, 4, true, false },
	[WEIR_WAIT_MONITOR] = { wait_monitor, 0, 5, false, true },
	[WEIR_WAIT_SLEEP] = { wait_sleep, SLEEP_STEP_NS, 6, true, false },
	[WEIR_WAIT_INTERRUPT] = { wait_interrupt, 0, 7, false, true },
};

int
wait_compare(enum weir_wait a, enum weir_wait b)
{
	return (int)ways[a].patience - (int)ways[b].patience;
}

void
waiter_init(struct waiter *waiter, enum weir_wait how, uint64_t min_ns, uint64_t max_ns)
{
	*waiter = (struct waiter){
		.how = how,
		.min_ns = min_ns,
		.max_ns = max_ns,
		.sleep_ms = INTERRUPT_SLEEP_MS,
	};
	if (ways[how].lingers)
		waiter->eager = (uint64_t)((double)max_ns * (double)rte_get_tsc_hz() / NS_PER_S);
	waiter_reset(waiter);
}

void
waiter_reset(struct waiter *waiter)
{
	uint64_t first = ways[waiter->how].first_ns;

	waiter->now_ns = RTE_MIN(first != 0 ? first : waiter->min_ns, waiter->max_ns);
	if (unlikely(waiter->armed != WAIT_UNARMED)) {
		if (waiter->armed == WAIT_SLEPT)
			wait_queues_found(waiter->queues);
		else
			wait_queues_disarm(waiter->queues);
		waiter->armed = WAIT_UNARMED;
	}
}

void
waiter_bound(struct waiter *waiter, uint64_t ns)
{
	waiter->max_ns = RTE_MIN(waiter->max_ns, ns);
	waiter->sleep_ms = (uint32_t)RTE_MIN(waiter->sleep_ms, ns / (NS_PER_S / MS_PER_S));
	waiter_reset(waiter);
}

uint64_t
waiter_longest(const struct waiter *waiter)
{
	if (waiter->how == WEIR_WAIT_INTERRUPT)
		return RTE_MAX(waiter->max_ns, waiter->sleep_ms * (uint64_t)(NS_PER_S / MS_PER_S));
	return waiter->max_ns;
}

bool
waiter_sleeps(const struct waiter *waiter)
{
	return ways[waiter->how].sleeps || waiter->armed == WAIT_ARMED;
}

void
waiter_wait(struct waiter *waiter)
{
	ways[waiter->how].wait(waiter);
}

void
waiter_nap(const struct waiter *waiter)
{
	sleep_ns(waiter->max_ns);
}
