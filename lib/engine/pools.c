/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The pools of an engine. */
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>

#include "engine_private.h"

struct rte_mempool *
engine_pool(const struct weir_engine *engine, int socket)
{
	const struct plan_pool *want = plan_pool(engine->plan, socket);

	for (unsigned int i = 0; i < engine->pool_count; i++)
		if (engine->pools[i].plan == want)
			return engine->pools[i].pool;
	return NULL;
}

int
engine_pools_create(struct weir_engine *engine, struct weir_error *error)
{
	const struct weir_plan *plan = engine->plan;
	char name[RTE_MEMPOOL_NAMESIZE];

	engine->pools = calloc(RTE_MAX(plan->pool_count, 1u), sizeof(*engine->pools));
	if (engine->pools == NULL)
		return weir_error_set(error, ENOMEM, "no memory for pools");
	for (unsigned int i = 0; i < plan->pool_count; i++) {
		const struct plan_pool *want = &plan->pools[i];
		struct pool_state *have = &engine->pools[i];

		snprintf(name, sizeof(name), "weir_%u_pool_%d", engine->id, want->socket);
		have->plan = want;
		have->pool = weir_pool_create(name, want->size, want->cache, 0,
			(uint16_t)plan->data_room, want->socket);
		if (have->pool == NULL)
			return weir_error_set(error, rte_errno,
				"[pool] no %u mbufs on socket %d: %s; give EAL more memory by -m",
				want->size, want->socket, rte_strerror(rte_errno));
		engine->pool_count++;
	}
	return 0;
}

static unsigned int
pool_missing(const struct pool_state *pool)
{
	return pool->pool->size - rte_mempool_avail_count(pool->pool);
}

unsigned int
engine_pools_missing(const struct weir_engine *engine)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < engine->pool_count; i++)
		missing += pool_missing(&engine->pools[i]);
	return missing;
}

unsigned int
engine_pools_free(struct weir_engine *engine)
{
	unsigned int leaked = engine_pools_missing(engine);

	/* An mbuf that somebody still has must not lose its memory. */
	for (unsigned int i = 0; i < engine->pool_count; i++)
		if (pool_missing(&engine->pools[i]) == 0)
			rte_mempool_free(engine->pools[i].pool);
	free(engine->pools);
	return leaked;
}

bool
engine_pools_full(const struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->pool_count; i++)
		if (!rte_mempool_full(engine->pools[i].pool))
			return false;
	return true;
}
