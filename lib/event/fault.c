/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <time.h>

#include "fault.h"

uint64_t fault_until[FAULT_MAX];

void
fault_arm(enum fault fault, uint64_t us)
{
	uint64_t cycles = us * (rte_get_tsc_hz() / US_PER_S);

	__atomic_store_n(&fault_until[fault], rte_rdtsc() + cycles, __ATOMIC_RELAXED);
}

void
fault_sleep(enum fault fault)
{
	uint64_t until, now = rte_rdtsc();
	struct timespec time;

	if (!fault_hit(fault))
		return;
	until = __atomic_exchange_n(&fault_until[fault], 0, __ATOMIC_RELAXED);
	if (until <= now)
		return;
	until = (uint64_t)((double)(until - now) / (double)rte_get_tsc_hz() * NS_PER_S);
	time = (struct timespec){
		.tv_sec = (time_t)(until / NS_PER_S),
		.tv_nsec = (long)(until % NS_PER_S),
	};
	nanosleep(&time, NULL);
}
