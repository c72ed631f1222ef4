/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Two lcores that get and put mbufs at once, in bursts: the pool of an engine with a source on each,
 * beside a pool of the same size on DPDK's one stack, and beside a pool of that kind for each. What
 * an lcore got it puts back itself, more of it at a time than a cache holds; or the other lcore puts
 * it, as behind a link.
 */
#include <stdio.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "bench.h"
#include "engines.h"

#define LCORES 2
#define BURST 32
#define WARM_US 20000
#define MEASURE_US 80000
/* So many at a time are out: far more than a cache holds. */
#define AWAY 1024

struct user {
	struct rte_mempool *pool; /* that it gets from */
	struct rte_mempool *back; /* that it puts to */
	struct rte_ring *to;      /* the other's, */
	struct rte_ring *from;    /* and its own; NULL: it puts what it got */
	uint64_t done;            /* mbufs that it put */
} __rte_cache_aligned;

static struct user users[LCORES];
static uint32_t stop;
static bool across;
static const char *cache;

static bool
stopping(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED) != 0;
}

static void
put(struct user *user, void **mbufs, unsigned int n)
{
	rte_mempool_put_bulk(user->back, mbufs, n);
	__atomic_store_n(&user->done, user->done + n, __ATOMIC_RELAXED);
}

static int
own(void *arg)
{
	void *mbufs[AWAY];
	struct user *user = arg;
	unsigned int n = 0;

	while (!stopping()) {
		for (n = 0; n < AWAY && rte_mempool_get_bulk(user->pool, mbufs + n, BURST) == 0;)
			n += BURST;
		while (n > 0)
			put(user, mbufs + (n -= BURST), BURST);
	}
	return 0;
}

/* All at once, so that the ring costs next to nothing. */
static void
send(struct user *user)
{
	void *mbufs[AWAY];
	unsigned int n = 0;

	if (rte_ring_free_count(user->to) < RTE_DIM(mbufs))
		return;
	while (n < RTE_DIM(mbufs) && rte_mempool_get_bulk(user->pool, mbufs + n, BURST) == 0)
		n += BURST;
	rte_ring_sp_enqueue_bulk(user->to, mbufs, n, NULL);
}

static int
pass_on(void *arg)
{
	void *mbufs[AWAY];
	struct user *user = arg;
	unsigned int n = 1;

	while (!stopping() || n > 0) {
		if (!stopping())
			send(user);
		n = rte_ring_sc_dequeue_burst(user->from, mbufs, RTE_DIM(mbufs), NULL);
		for (unsigned int i = 0; i < n; i += BURST)
			put(user, mbufs + i, RTE_MIN(n - i, (unsigned int)BURST));
	}
	return 0;
}

static uint64_t
done(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < LCORES; i++)
		sum += __atomic_load_n(&users[i].done, __ATOMIC_RELAXED);
	return sum;
}

/* What one lcore had passed on when the other was through. */
static void
empty(struct user *user)
{
	void *mbuf;

	while (rte_ring_sc_dequeue(user->from, &mbuf) == 0)
		rte_mempool_put(user->back, mbuf);
}

static double
measure(void)
{
	unsigned int lcore, i = 0;
	uint64_t tsc, n;

	stop = 0;
	RTE_LCORE_FOREACH_WORKER (lcore)
		rte_eal_remote_launch(across ? pass_on : own, &users[i++], lcore);
	usleep(WARM_US);
	tsc = rte_rdtsc();
	n = done();
	usleep(MEASURE_US);
	n = done() - n;
	tsc = rte_rdtsc() - tsc;
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
	for (i = 0; across && i < LCORES; i++)
		empty(&users[i]);
	return (double)n * (double)rte_get_tsc_hz() / (double)tsc * 1e-6;
}

static struct rte_ring *
ring_make(unsigned int i)
{
	char name[32];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "to%u", i);
	ring = rte_ring_create(name, 2 * AWAY, 0, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (ring == NULL)
		bench_die("ring: %s", rte_strerror(rte_errno));
	return ring;
}

/* The pools that the lcores get from; each puts to that of whom it has the mbufs from. */
static double
run(struct rte_mempool *first, struct rte_mempool *second)
{
	struct rte_mempool *pools[LCORES] = { first, second };
	struct rte_ring *rings[LCORES] = { NULL };
	double rate;

	for (unsigned int i = 0; across && i < LCORES; i++)
		rings[i] = ring_make(i);
	for (unsigned int i = 0; i < LCORES; i++)
		users[i] = (struct user){
			.pool = pools[i],
			.back = pools[across ? 1 - i : i],
			.to = rings[1 - i],
			.from = rings[i],
		};
	rate = measure();
	for (unsigned int i = 0; i < LCORES; i++) {
		rte_ring_free(rings[i]);
		if (!rte_mempool_full(pools[i]))
			bench_die("pool %s is not full", pools[i]->name);
	}
	return rate;
}

static void
engine_with_two(struct engine *engine)
{
	const struct engine_key keys[] = {
		{ "pool", "cache", cache },
		{ "source gen", "type", "synth" },
		{ "source gen", "queues", "2" },
		{ "source gen", "lcores", "1-2" },
		{ "source gen", "flows", "2" },
		{ "stage end", "type", "count" },
		{ "stage end", "input", "gen" },
		{ "stage end", "workers", "2" },
		{ "stage end", "lcores", "1-2" },
		{ "link gen end", "ring", "2048" },
		{ NULL, NULL, NULL },
	};

	engine_make(engine, keys);
}

/* The engine's pool; the other sides have one of its size. */
static struct rte_mempool *
engine_pool(const struct engine *engine)
{
	struct weir_pool_figures figures = WEIR_POOL_FIGURES_INIT;

	if (weir_ledger_pool(engine->weir, 0, &figures) != 0)
		bench_die("the engine has no pool");
	return rte_mempool_lookup(figures.name);
}

static void
weir_run(const void *arg, double figures[])
{
	struct engine engine;
	struct rte_mempool *pool;

	(void)arg;
	engine_with_two(&engine);
	pool = engine_pool(&engine);
	figures[0] = run(pool, pool);
	engine_end(&engine);
}

static struct rte_mempool *
stack_make(const char *name, const struct rte_mempool *like)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create_by_ops(name, like->size,
		like->cache_size, sizeof(struct weir_event), RTE_MBUF_DEFAULT_BUF_SIZE, 0, "stack");

	if (pool == NULL)
		bench_die("pool: %s", rte_strerror(rte_errno));
	return pool;
}

/* One pool for both, or one each. */
static void
stack_run(const void *each, double figures[])
{
	struct rte_mempool *first, *second;
	struct engine engine;

	engine_with_two(&engine);
	first = stack_make("first", engine_pool(&engine));
	second = each != NULL ? stack_make("second", first) : first;
	figures[0] = run(first, second);
	if (second != first)
		rte_mempool_free(second);
	rte_mempool_free(first);
	engine_end(&engine);
}

/* What crosses by a ring is bound by it, too. */
static const struct bench_side crossing[] = {
	{ .name = "weir", .run = weir_run },
	{ .name = "DPDK's stack, one pool", .run = stack_run },
	{ .name = "DPDK's stack, a pool each", .run = stack_run, .arg = "each" },
};

static const struct bench_side sides[] = {
	{ .name = "weir", .run = weir_run },
	{ .name = "DPDK's stack, one pool", .run = stack_run, .at_least = { 2.0 } },
	{ .name = "DPDK's stack, a pool each", .run = stack_run, .arg = "each" },
};

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "rate", "M/s" } };
	static const char *const caches[] = { "256", "0" };
	struct bench bench = {
		.name = "pool",
		.title = "mbufs got and put by two lcores at once, in bursts of 32",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};

	bench_open(&bench, argc, argv);
	bench_eal(&bench, NULL);
	for (unsigned int i = 0; i < 2 * RTE_DIM(caches); i++) {
		char name[48];

		cache = caches[i / 2];
		across = i % 2 == 1;
		snprintf(name, sizeof(name), "%s, cache %s",
			across ? "put by the other" : "put by who got them", cache);
		bench_case(&bench, name, across ? crossing : sides, RTE_DIM(sides), 0);
	}
	return bench_close(&bench);
}
