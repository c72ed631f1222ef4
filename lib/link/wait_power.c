/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Waiting by instructions that watch memory or the clock. DPDK 22.11 calls all of it experimental. */
#define ALLOW_EXPERIMENTAL_API
#include <errno.h>

#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "wait_private.h"

void
wait_power(bool *monitor, bool *pause)
{
	struct rte_cpu_intrinsics can = { 0 };

	rte_cpu_get_intrinsics_support(&can);
	*monitor = can.power_monitor != 0;
	*pause = can.power_pause != 0;
}

/* Do not wait where the producer has moved on already: this is asked once the CPU watches. */
static int
tail_moved(const uint64_t tail, const uint64_t seen[RTE_POWER_MONITOR_OPAQUE_SZ])
{
	return tail != seen[0] ? -1 : 0;
}

int
power_condition(const struct wait_watch *watch, struct rte_power_monitor_cond *condition)
{
	if (watch->ring == NULL && __atomic_load_n(&watch->left, __ATOMIC_ACQUIRE))
		return -ENODEV;
	if (watch->ring == NULL)
		return rte_eth_get_monitor_addr(watch->port, watch->queue, condition);
	*condition = (struct rte_power_monitor_cond){
		.addr = &watch->ring->ring->prod.tail,
		.size = sizeof(watch->ring->ring->prod.tail),
		.fn = tail_moved,
		.opaque = { ring_tail(watch->ring) },
	};
	return 0;
}

bool
wait_watchable(const struct wait_watch *watch)
{
	struct rte_power_monitor_cond condition;

	return power_condition(watch, &condition) == 0;
}

static uint64_t
deadline(uint64_t ns)
{
	return rte_rdtsc() + ns * rte_get_tsc_hz() / NS_PER_S;
}

int
power_watch(const struct wait_watch *watch, uint64_t ns)
{
	struct rte_power_monitor_cond condition;
	int rc = power_condition(watch, &condition);

	return rc != 0 ? rc : rte_power_monitor(&condition, deadline(ns));
}

int
power_pause(uint64_t ns)
{
	return rte_power_pause(deadline(ns));
}
