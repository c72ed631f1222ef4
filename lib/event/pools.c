/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "event.h"

struct rte_mempool *pools_known[POOLS_MAX];

/* From a pool's place on, as far as this: where the table fills up, a look-up stays short. */
#define POOLS_TRIED 32

/*
 * Nothing is published by an entry but itself: who has an event has seen its pool's entry, or got
 * the event, in whatever order the memory has, from somebody who had.
 */
uint16_t
pool_index_find(const struct rte_mempool *pool)
{
	unsigned int place = pool_place(pool);

	for (unsigned int i = 0; i < POOLS_TRIED; i++) {
		unsigned int index = (place + i) % POOLS_MAX;
		struct rte_mempool *known = pool_at((uint16_t)index);

		if (index == 0)
			continue;
		if (known == NULL &&
			__atomic_compare_exchange_n(&pools_known[index], &known,
				(struct rte_mempool *)(uintptr_t)pool, false, __ATOMIC_RELAXED,
				__ATOMIC_RELAXED))
			return (uint16_t)index;
		if (known == pool)
			return (uint16_t)index;
	}
	return 0;
}

uint16_t
weir_pool_index(const struct rte_mempool *pool)
{
	return pool_index(pool);
}
