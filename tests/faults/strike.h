/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What can go wrong while an engine runs, brought about for a while. */
#ifndef WEIR_FAULTS_STRIKE_H
#define WEIR_FAULTS_STRIKE_H

#include "rig.h"

#include "event/event.h"

/* Whether workers of `t_stuck` stay where they are. */
static uint32_t stuck;

static inline void
stuck_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	while (__atomic_load_n(&stuck, __ATOMIC_RELAXED))
		usleep(100);
	weir_forward(worker, 0, events, n);
}

static const struct weir_stage_ops stuck_ops = {
	WEIR_STAGE_OPS,
	.name = "t_stuck",
	.help = "stalls when it is told to",
	.process = stuck_process,
};

/* For so long, with the engine watched. */
static inline void
strike_last(struct rig *rig, uint64_t us)
{
	uint64_t end = rte_rdtsc() + us * (rte_get_tsc_hz() / US_PER_S);

	while (rte_rdtsc() < end) {
		weir_engine_watch(rig->engine);
		usleep(1000);
	}
}

/* Somebody has all mbufs that are free. */
static inline void
strike_pool_taken(struct rig *rig, uint64_t us)
{
	struct rte_mempool *pool = rig->engine->pools[0].pool;
	void **taken = calloc(pool->size, sizeof(*taken));
	unsigned int n = 0;

	if (taken == NULL)
		abort();
	while (n < pool->size && rte_mempool_get(pool, &taken[n]) == 0)
		n++;
	strike_last(rig, us);
	if (n > 0)
		rte_mempool_put_bulk(pool, taken, n);
	free(taken);
}

static inline void
strike_stall(struct rig *rig, uint64_t us)
{
	__atomic_store_n(&stuck, 1, __ATOMIC_RELAXED);
	strike_last(rig, us);
	__atomic_store_n(&stuck, 0, __ATOMIC_RELAXED);
}

/* What is armed, or what is done. */
static const struct strike {
	const char *name;
	enum fault fault;
	void (*act)(struct rig *rig, uint64_t us); /* NULL: arm the fault */
} strikes[] = {
	{ "no_mbuf", FAULT_NO_MBUF, NULL },
	{ "ring_full", FAULT_RING_FULL, NULL },
	{ "silent", FAULT_SILENT, NULL },
	{ "delay", FAULT_DELAY, NULL },
	{ "pool_taken", FAULT_MAX, strike_pool_taken },
	{ "stall", FAULT_MAX, strike_stall },
};

/* Bring it about for so long. */
static inline void
strike(const struct strike *strike, struct rig *rig, uint64_t us)
{
	if (strike->act != NULL) {
		strike->act(rig, us);
		return;
	}
	fault_arm(strike->fault, us);
	strike_last(rig, us);
}

#endif /* WEIR_FAULTS_STRIKE_H */
