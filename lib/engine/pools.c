/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The pools of an engine. */
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_log.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_pools, lib.weir.pools, NOTICE);

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
	struct pool_stacks stacks;

	engine->pools = calloc(RTE_MAX(plan->pool_count, 1u), sizeof(*engine->pools));
	if (engine->pools == NULL)
		return weir_error_set(error, ENOMEM, "no memory for pools");
	for (unsigned int i = 0; i < plan->pool_count; i++) {
		const struct plan_pool *want = &plan->pools[i];
		struct pool_state *have = &engine->pools[i];

		plan_pool_stacks(plan, want, &stacks);
		snprintf(name, sizeof(name), "weir_%u_pool_%d", engine->id, want->socket);
		have->plan = want;
		have->pool = pool_create_stacks(name, want->size, want->cache,
			(uint16_t)plan->data_room, want->socket, &stacks);
		if (have->pool == NULL)
			return weir_error_set(error, rte_errno,
				"[pool] no %u mbufs on socket %d: %s; give EAL more memory by -m",
				want->size, want->socket, rte_strerror(rte_errno));
		engine->pool_count++;
	}
	return 0;
}

static unsigned int
pool_out(const struct pool_state *pool)
{
	return pool->pool->size - rte_mempool_avail_count(pool->pool);
}

unsigned int
engine_pools_out(const struct weir_engine *engine)
{
	unsigned int out = 0;

	for (unsigned int i = 0; i < engine->pool_count; i++)
		out += pool_out(&engine->pools[i]);
	return out;
}

/* Of one pool; what is said of it is said of no other. */
static struct pool_missing
pool_take_missing(const struct pool_state *pool, uint64_t *lost, uint64_t *lent)
{
	uint32_t out = pool_out(pool);
	struct pool_missing missing = { .kept = RTE_MIN(out, pool->kept) };

	out -= missing.kept;
	missing.leaked = (uint32_t)RTE_MIN((uint64_t)out, *lost);
	*lost -= missing.leaked;
	out -= missing.leaked;
	missing.lent = (uint32_t)RTE_MIN((uint64_t)out, *lent);
	*lent -= missing.lent;
	missing.leaked += out - missing.lent;
	return missing;
}

struct pool_missing
pool_missing(const struct weir_engine *engine, const struct pool_state *pool)
{
	uint64_t lost = engine->lost, lent = engine->lent_most;
	struct pool_missing missing = { 0 };

	for (const struct pool_state *p = engine->pools; p <= pool; p++)
		missing = pool_take_missing(p, &lost, &lent);
	return missing;
}

unsigned int
engine_pools_missing(const struct weir_engine *engine)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < engine->pool_count; i++)
		missing += pool_missing(engine, &engine->pools[i]).leaked;
	return missing;
}

/* The port that took most beyond what was planned, and how much that was. */
static const struct port_state *
port_greedy(const struct weir_engine *engine, uint32_t *planned)
{
	const struct port_state *greedy = NULL;
	int64_t most = 0;

	for (unsigned int i = 0; i < engine->port_count; i++) {
		const struct port_state *port = &engine->ports[i];
		uint32_t mbufs = (uint32_t)(port->plan->rx_queues + port->plan->rx_spare) *
			port->plan->rx_mbufs;

		if ((int64_t)port->took - mbufs <= most)
			continue;
		most = (int64_t)port->took - mbufs;
		greedy = port;
		*planned = mbufs;
	}
	return greedy;
}

/* What must be left for those who run: of a pool below the sum of its terms nothing for rings. */
static uint32_t
pool_promised(const struct plan_pool *plan)
{
	uint32_t least = plan->transmit + plan->caches + plan->bursts + plan->held;

	return plan->size < plan_pool_sum(plan) ? least : least + plan->rings;
}

/* Of what a pool below the sum has more, its caches take up to half. */
static int
pool_small(const struct weir_engine *engine, const struct pool_state *pool, uint32_t left,
	uint32_t promised, struct weir_error *error)
{
	const struct plan_pool *plan = pool->plan;
	uint32_t least = plan->transmit + plan->caches + plan->bursts + plan->held;
	uint32_t more = promised + plan->margin - left;
	uint32_t planned = 0;
	const struct port_state *port = port_greedy(engine, &planned);
	char who[160] = "";

	if (port != NULL)
		snprintf(who, sizeof(who), "port %s (%s) took %u mbufs, not %u: ", port->plan->name,
			port->plan->driver, port->took, planned);
	if (plan->size < plan_pool_sum(plan))
		more *= 2;
	return weir_error_set(error, ENOMEM,
		"[pool] of socket %d: %s%u of %u mbufs are left, %u are needed = %u to send + %u "
		"rings + %u caches + %u bursts + %u held; set size = %u",
		plan->socket, who, left, plan->size, promised, plan->transmit, promised - least,
		plan->caches, plan->bursts, plan->held, plan->size + more);
}

/* What the thread that set ports up, or closed them, has in its cache is for those who run. */
void
engine_pools_flush(const struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->pool_count; i++)
		rte_mempool_cache_flush(NULL, engine->pools[i].pool);
}

/* Drivers fill what they like: two rings for a queue, or a queue in each of several devices. */
int
engine_pools_check(const struct weir_engine *engine, struct weir_error *error)
{
	engine_pools_flush(engine);
	for (unsigned int i = 0; i < engine->pool_count; i++) {
		const struct pool_state *pool = &engine->pools[i];
		const struct plan_pool *plan = pool->plan;
		uint32_t left = rte_mempool_avail_count(pool->pool);
		uint32_t promised = pool_promised(plan);

		if (left < promised)
			return pool_small(engine, pool, left, promised, error);
	}
	return 0;
}

/* It is the application's from now on, where that has mbufs of it. */
static void
pool_leave(const struct weir_engine *engine, const struct pool_state *pool)
{
	uint32_t lent = pool_missing(engine, pool).lent;

	if (lent > 0)
		rte_log(RTE_LOG_NOTICE, (uint32_t)logtype_pools,
			"'%s': %u mbufs of pool %s are with the application: it is left to that, "
			"for rte_mempool_free() once they are back\n",
			weir_engine_name(engine), lent, pool->pool->name);
}

unsigned int
engine_pools_free(struct weir_engine *engine)
{
	unsigned int leaked = engine_pools_missing(engine);

	/* An mbuf that somebody still has must not lose its memory. */
	for (unsigned int i = 0; i < engine->pool_count; i++)
		if (pool_out(&engine->pools[i]) == 0)
			rte_mempool_free(engine->pools[i].pool);
		else
			pool_leave(engine, &engine->pools[i]);
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
