/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_mempool.h>

#include "plan_private.h"

/* Most mbufs of a pool: the mempool's ring is of the next power of 2. */
#define POOL_MAX ((UINT64_C(1) << 30) - 1)

/* The terms of struct plan_pool, as wide as no pipeline can make them. */
struct terms {
	uint64_t descriptors;
	uint64_t transmit; /* of those */
	uint64_t rings;
	uint64_t caches;
	uint64_t bursts;
	uint64_t held;
	uint64_t margin;
};

const struct plan_pool *
plan_pool(const struct weir_plan *plan, int socket)
{
	const struct plan_pool *best = NULL;
	const uint8_t *distance;
	unsigned int i;

	if (socket < 0 || socket >= MACHINE_SOCKETS)
		return plan->pool_count > 0 ? &plan->pools[0] : NULL;
	distance = plan->machine->distance[socket];
	for (i = 0; i < plan->pool_count; i++) {
		if (plan->pools[i].socket == socket)
			return &plan->pools[i];
		if (best == NULL || distance[plan->pools[i].socket] < distance[best->socket])
			best = &plan->pools[i];
	}
	return best;
}

/*
 * Whether a worker takes mbufs of the pool of its socket. One whose packets have mbufs of the application does
 * so only for gap markers and what it tells of its port; and where a port that only sends has RX queues to
 * fill, there is a pool too.
 */
static bool
takes_mbufs(const struct weir_plan *plan, const struct plan_worker *worker)
{
	const struct node *node = plan_node(plan, worker);

	if (!node->source)
		return false;
	if (!node->source_ops->foreign && !plan_port_fits(plan, worker))
		return true;
	if (plan_port_fits(plan, worker) && plan->ports[worker->port].keys->port_events)
		return true;
	for (unsigned int i = 0; i < plan->pipeline->link_count; i++)
		if (plan->pipeline->links[i].conf.gap_markers)
			return true;
	for (unsigned int i = 0; i < plan->port_count; i++)
		if (plan->ports[i].rx_spare != 0)
			return true;
	return false;
}

/* Mark the workers that mbufs of a socket's pool can come to: its sources, and all behind them. */
void
plan_pool_reach(const struct weir_plan *plan, int socket, bool *reached)
{
	const struct plan_pair *pair;
	bool more = true;
	unsigned int i;

	for (i = 0; i < plan->worker_count; i++)
		reached[i] =
			plan->workers[i].socket == socket && takes_mbufs(plan, &plan->workers[i]);
	while (more) {
		more = false;
		for (i = 0; i < plan->pair_count; i++) {
			pair = &plan->pairs[i];
			if (reached[pair->producer] && !reached[pair->consumer])
				reached[pair->consumer] = more = true;
		}
	}
}

/* The mbufs of a packet's chain: one is to be had at any time, or its source does not go on. */
static uint64_t
segments(const struct weir_plan *plan, uint32_t longest)
{
	uint64_t room = plan->data_room - RTE_PKTMBUF_HEADROOM;

	return (longest + room - 1) / room;
}

/* What a worker that mbufs of the pool come to may keep of them. */
static void
add_worker(const struct weir_plan *plan, const struct plan_worker *worker, struct terms *terms)
{
	const struct node *node = plan_node(plan, worker);
	const struct plan_port *port =
		worker->port < plan->port_count ? &plan->ports[worker->port] : NULL;
	uint64_t burst = plan->pipeline->conf.burst;

	/* a source may have to ask for more than it has room for, and keeps the rest in hand */
	terms->bursts += node->source ? RTE_MAX(burst, (uint64_t)node->source_ops->least) : burst;
	terms->margin += burst;
	if (!node->source)
		terms->held += node->needs.held;
	else
		terms->bursts += segments(plan, node->source_ops->longest);
	if (port == NULL)
		return;
	terms->transmit += node->source ? 0 : port->tx_descriptors;
	if (!node->source)
		terms->descriptors += port->tx_descriptors;
	else if (port->chains && !port->adopted)
		terms->descriptors += RTE_MAX((uint64_t)port->rx_mbufs,
			POLL_LEAST * segments(plan, node->source_ops->chained));
	else
		terms->descriptors += port->rx_mbufs;
}

/* Mbufs of the longest frame that comes into a pool by its MTU. */
static uint32_t
frame_segments(const struct weir_plan *plan, int socket)
{
	uint32_t most = 1;

	for (unsigned int i = 0; i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];

		if (worker->socket == socket && plan_node(plan, worker)->source &&
			worker->port < plan->port_count && !plan_port_fits(plan, worker))
			most = RTE_MAX(most, (uint32_t)plan->ports[worker->port].segments);
	}
	return most;
}

/* What is in flight is so many mbufs each. */
static void
times_segments(struct terms *terms, uint32_t segments)
{
	terms->rings *= segments;
	terms->bursts *= segments;
	terms->held *= segments;
	terms->margin *= segments;
}

/* lcores that allocate or free mbufs of the pool, each with a cache of them. */
static unsigned int
count_lcores(const struct weir_plan *plan, const bool *reached)
{
	bool seen[RTE_MAX_LCORE] = { false };
	unsigned int i, count = 0;

	for (i = 0; i < plan->worker_count; i++)
		if (reached[i] && !seen[plan->workers[i].lcore]) {
			seen[plan->workers[i].lcore] = true;
			count++;
		}
	return count;
}

/* A mempool lets a cache grow to 1.5 times its size before it takes the excess back. */
static uint64_t
cached(uint64_t cache, unsigned int lcores)
{
	return (cache * 3 + 1) / 2 * lcores;
}

static void
find_terms(const struct weir_plan *plan, const struct plan_pool *pool, const bool *reached,
	struct terms *terms)
{
	unsigned int i;

	*terms = (struct terms){ 0 };
	for (i = 0; i < plan->worker_count; i++)
		if (reached[i])
			add_worker(plan, &plan->workers[i], terms);
	for (i = 0; i < plan->pair_count; i++)
		if (reached[plan->pairs[i].producer])
			terms->rings += plan->pairs[i].capacity;
	times_segments(terms, pool->segments);
	/* the first pool also fills the RX queues of ports that only send */
	for (i = 0; pool == plan->pools && i < plan->port_count; i++)
		terms->descriptors += (uint64_t)plan->ports[i].rx_spare * plan->ports[i].rx_mbufs;
	terms->caches = cached(pool->cache, count_lcores(plan, reached));
}

uint64_t
plan_pool_sum(const struct plan_pool *pool)
{
	return (uint64_t)pool->descriptors + pool->rings + pool->caches + pool->bursts +
		pool->held + pool->margin;
}

static void
set_terms(struct plan_pool *pool, const struct terms *terms)
{
	pool->descriptors = (uint32_t)terms->descriptors;
	pool->transmit = (uint32_t)terms->transmit;
	pool->rings = (uint32_t)terms->rings;
	pool->caches = (uint32_t)terms->caches;
	pool->bursts = (uint32_t)terms->bursts;
	pool->held = (uint32_t)terms->held;
	pool->margin = (uint32_t)terms->margin;
}

/*
 * A size below the sum. Less than what drivers, hands and stages keep leaves a source nothing to go on
 * with; what lies in the caches of others does neither, so that caches have no more than half of what
 * is left, and shrink. Rings then hold what there is.
 */
static int
small_pool(struct weir_plan *plan, struct plan_pool *pool, struct terms *terms, unsigned int lcores,
	uint64_t sum, struct weir_error *error)
{
	uint64_t asked = plan->pipeline->pool.size;
	uint64_t least = terms->descriptors + terms->bursts + terms->held;

	if (asked < least)
		return weir_error_set(error, EINVAL,
			"[pool] size = %" PRIu64 ": socket %d needs %" PRIu64 " mbufs = %" PRIu64
			" descriptors + %" PRIu64 " rings + %" PRIu64 " caches + %" PRIu64
			" bursts + %" PRIu64 " held + %" PRIu64
			" margin; set size = auto, or at least %" PRIu64
			" to run with rings that cannot fill",
			asked, pool->socket, sum, terms->descriptors, terms->rings, terms->caches,
			terms->bursts, terms->held, terms->margin, least);
	pool->cache = (uint32_t)RTE_MIN((uint64_t)pool->cache, (asked - least) / 3 / lcores);
	terms->caches = cached(pool->cache, lcores);
	if (plan_note(plan,
		    "pool of socket %d: size = %" PRIu64 ", auto is %" PRIu64
		    ", all that can be in flight: cache %u, and when rings fill up, an RX queue "
		    "finds no mbuf (rx_nombuf of its port) before a link drops; other sources "
		    "wait",
		    pool->socket, asked, sum, pool->cache) < 0)
		return plan_no_memory(error);
	return 0;
}

/* Size a pool by its terms, or check the size that the file gives it. */
static int
size_pool(struct weir_plan *plan, struct plan_pool *pool, struct terms *terms, unsigned int lcores,
	struct weir_error *error)
{
	uint64_t sum = terms->descriptors + terms->rings + terms->caches + terms->bursts +
		terms->held + terms->margin;
	uint64_t asked = plan->pipeline->pool.size;
	int ret = 0;

	if (sum > POOL_MAX || asked > POOL_MAX)
		return weir_error_set(error, EINVAL,
			"[pool] of socket %d would need %" PRIu64 " mbufs, %" PRIu64
			" of them for rings; "
			"a pool holds %" PRIu64 ": lower ring = of the links or size = of [pool]",
			pool->socket, RTE_MAX(sum, asked), terms->rings, POOL_MAX);
	if (asked != 0 && asked < sum)
		ret = small_pool(plan, pool, terms, lcores, sum, error);
	pool->size = (uint32_t)(asked != 0 ? asked : sum);
	set_terms(pool, terms);
	return ret;
}

/* An entry for every socket where a source takes mbufs, in the order of sockets. */
static int
add_pools(struct weir_plan *plan)
{
	bool wanted[MACHINE_SOCKETS] = { false };
	unsigned int i;
	int socket;

	for (i = 0; i < plan->worker_count; i++)
		if (takes_mbufs(plan, &plan->workers[i]))
			wanted[plan->workers[i].socket] = true;
	plan->pools = calloc(MACHINE_SOCKETS, sizeof(*plan->pools));
	if (plan->pools == NULL)
		return -ENOMEM;
	for (socket = 0; socket < MACHINE_SOCKETS; socket++)
		if (wanted[socket])
			plan->pools[plan->pool_count++].socket = socket;
	return 0;
}

/* Give each lcore that has such workers, and no stack yet, the next one in turn; how many have one. */
static unsigned int
stacks_turn(const struct weir_plan *plan, const struct plan_pool *pool, bool sources,
	uint8_t turn[RTE_MAX_LCORE], bool has[RTE_MAX_LCORE])
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];
		bool allocates = worker->socket == pool->socket && takes_mbufs(plan, worker);

		if (allocates != sources || has[worker->lcore])
			continue;
		has[worker->lcore] = true;
		turn[worker->lcore] = (uint8_t)(count++ % POOL_STACKS_MAX);
	}
	return count;
}

/* Those who only give back do so to all stacks in turn, as who takes from them needs it. */
void
plan_pool_stacks(const struct weir_plan *plan, const struct plan_pool *pool,
	struct pool_stacks *stacks)
{
	bool has[RTE_MAX_LCORE] = { false };
	unsigned int sources;

	*stacks = (struct pool_stacks){ 0 };
	sources = stacks_turn(plan, pool, true, stacks->home, has);
	stacks->count = RTE_MIN(sources, POOL_STACKS_MAX);
	stacks_turn(plan, pool, false, stacks->home, has);
	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++)
		stacks->home[i] = (uint8_t)(stacks->home[i] % stacks->count);
}

int
plan_pools(struct weir_plan *plan, struct weir_error *error)
{
	uint64_t cache = RTE_MIN(plan->pipeline->pool.cache, (uint64_t)RTE_MEMPOOL_CACHE_MAX_SIZE);
	struct pool_stacks stacks;
	struct terms terms;
	bool *reached;
	unsigned int i;
	int ret = 0;

	if (add_pools(plan) < 0)
		return plan_no_memory(error);
	reached = calloc(plan->worker_count, sizeof(*reached));
	if (reached == NULL)
		return plan_no_memory(error);
	for (i = 0; ret == 0 && i < plan->pool_count; i++) {
		plan_pool_reach(plan, plan->pools[i].socket, reached);
		plan->pools[i].cache = (uint32_t)cache;
		plan->pools[i].segments = frame_segments(plan, plan->pools[i].socket);
		find_terms(plan, &plan->pools[i], reached, &terms);
		ret = size_pool(plan, &plan->pools[i], &terms, count_lcores(plan, reached), error);
		plan_pool_stacks(plan, &plan->pools[i], &stacks);
		plan->pools[i].stacks = stacks.count;
	}
	free(reached);
	return ret;
}
