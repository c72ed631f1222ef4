/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The indices that stand for pools in events. The last test fills their table up. */
#include "testing.h"

#include <pthread.h>
#include <string.h>

#include "event/event.h"

#define POOL_SIZE 63
#define DATA_ROOM 512
#define THREADS 4
/* Unknown pools that all threads meet at once, and how often anew: a thousand, for all of which there
 * is room. */
#define MET 64
#define ROUNDS 16
/* Random addresses after which no place is left. */
#define TRIES 400000
/* Pools that may be where there was one before. */
#define OTHERS 8

/* Addresses without pools at them: nobody looks. */
static const struct rte_mempool *
address(uint64_t *random)
{
	return (const void *)(uintptr_t)(testing_random(random) | 1);
}

static struct weir_event *
event_get(struct rte_mempool *pool)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct weir_event *event;

	assert_non_null(mbuf);
	event = weir_mbuf_event(mbuf);
	event->flags = weir_mbuf_mark(mbuf);
	return event;
}

static struct rte_mempool *
foreign(const char *name)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create(name, POOL_SIZE, 0,
		sizeof(struct weir_event), DATA_ROOM, SOCKET_ID_ANY);

	assert_non_null(pool);
	return pool;
}

static void
test_none(void **state)
{
	(void)state;
	assert_int_equal(weir_pool_index(NULL), 0);
}

/* A pool that weir did not make, known from its first event on. */
static void
test_foreign(void **state)
{
	struct rte_mempool *pool = foreign("foreign"), *own;
	struct weir_event *events[POOL_SIZE];

	(void)state;
	own = weir_pool_create("own", POOL_SIZE, 0, 0, DATA_ROOM, SOCKET_ID_ANY);
	assert_non_null(own);
	for (unsigned int i = 0; i < POOL_SIZE; i++) {
		events[i] = event_get(i % 3 == 0 ? own : pool);
		assert_int_equal(events[i]->flags, WEIR_EVENT_PRISTINE);
		assert_ptr_equal(pool_at(events[i]->pool), weir_event_mbuf(events[i])->pool);
	}
	assert_int_not_equal(weir_pool_index(pool), weir_pool_index(own));
	events_free(events, POOL_SIZE);
	testing_pool_is_full(pool);
	testing_pool_is_full(own);
	rte_mempool_free(pool);
	rte_mempool_free(own);
}

/* A pool of weir's is known before there is an event of it. */
static void
test_own(void **state)
{
	struct rte_mempool *pool;
	bool known = false;

	(void)state;
	pool = weir_pool_create("own", POOL_SIZE, 0, 0, DATA_ROOM, SOCKET_ID_ANY);
	assert_non_null(pool);
	for (unsigned int i = 1; i < POOLS_MAX; i++)
		known |= pool_at((uint16_t)i) == pool;
	assert_true(known);
	rte_mempool_free(pool);
}

/* What is left of a pool stands for the next one at its address. */
static void
test_same_address(void **state)
{
	struct rte_mempool *pool = foreign("again"), *next;
	uint16_t index = weir_pool_index(pool);
	struct weir_event *event;

	(void)state;
	rte_mempool_free(pool);
	next = foreign("again");
	assert_ptr_equal(next, pool);
	event = event_get(next);
	assert_int_equal(event->pool, index);
	events_free(&event, 1);
	testing_pool_is_full(next);
	rte_mempool_free(next);
}

/* Addresses that share a place have an index each, and keep it. */
static void
test_same_place(void **state)
{
	uint64_t random = testing_seed();
	const struct rte_mempool *same[4] = { address(&random) };
	uint16_t index[RTE_DIM(same)];

	(void)state;
	for (unsigned int i = 1; i < RTE_DIM(same); i++)
		do
			same[i] = address(&random);
		while (pool_place(same[i]) != pool_place(same[0]));
	for (unsigned int i = 0; i < RTE_DIM(same); i++)
		index[i] = weir_pool_index(same[i]);
	for (unsigned int i = 0; i < RTE_DIM(same); i++) {
		assert_int_equal(weir_pool_index(same[i]), index[i]);
		assert_ptr_equal(pool_at(index[i]), same[i]);
	}
}

static const struct rte_mempool *met[MET];
static pthread_barrier_t barrier;

static void *
meet(void *arg)
{
	uint16_t *index = arg;

	pthread_barrier_wait(&barrier);
	for (unsigned int i = 0; i < MET; i++)
		index[i] = weir_pool_index(met[i]);
	return NULL;
}

/* Several threads meet the same unknown pools at once: each pool gets one index. */
static void
test_threads(void **state)
{
	uint64_t random = testing_seed();

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint16_t index[THREADS][MET];
		pthread_t threads[THREADS];

		for (unsigned int i = 0; i < MET; i++)
			met[i] = address(&random);
		for (unsigned int t = 0; t < THREADS; t++)
			assert_int_equal(pthread_create(&threads[t], NULL, meet, index[t]), 0);
		for (unsigned int t = 0; t < THREADS; t++)
			pthread_join(threads[t], NULL);
		for (unsigned int i = 0; i < MET; i++)
			assert_ptr_equal(pool_at(index[0][i]), met[i]);
		for (unsigned int t = 1; t < THREADS; t++)
			assert_memory_equal(index[t], index[0], sizeof(index[0]));
	}
	pthread_barrier_destroy(&barrier);
}

/* Take every place. */
static void
fill(void)
{
	uint64_t random = testing_seed();

	for (unsigned int i = 0; i < TRIES; i++)
		weir_pool_index(address(&random));
	for (unsigned int i = 1; i < POOLS_MAX; i++)
		assert_non_null(pool_at((uint16_t)i));
}

/* A pool without an index. Those at addresses of earlier ones have theirs, and are in `others`. */
static struct rte_mempool *
pool_beyond(struct rte_mempool *others[OTHERS], unsigned int *count)
{
	for (*count = 0;; ++*count) {
		char name[RTE_MEMPOOL_NAMESIZE];
		struct rte_mempool *pool;

		snprintf(name, sizeof(name), "beyond_%u", *count);
		pool = weir_pool_create(name, POOL_SIZE, 0, 0, DATA_ROOM, SOCKET_ID_ANY);
		assert_non_null(pool);
		if (weir_pool_index(pool) == 0)
			return pool;
		assert_true(*count < OTHERS);
		others[*count] = pool;
	}
}

/* A pool beyond what there is room for: its events go back one by one. */
static void
test_full(void **state)
{
	struct rte_mempool *known = foreign("known"), *beyond, *others[OTHERS];
	struct weir_event *events[POOL_SIZE];
	uint16_t index = weir_pool_index(known);
	unsigned int count;

	(void)state;
	fill();
	assert_null(pool_at(0));
	assert_int_equal(weir_pool_index(NULL), 0);
	assert_int_equal(weir_pool_index(known), index);
	assert_ptr_equal(pool_at(index), known);
	beyond = pool_beyond(others, &count);
	for (unsigned int i = 0; i < POOL_SIZE; i++) {
		events[i] = event_get(i % 3 == 0 ? known : beyond);
		assert_int_equal(events[i]->pool, i % 3 == 0 ? index : 0);
		assert_int_equal(events[i]->flags, i % 3 == 0 ? WEIR_EVENT_PRISTINE : 0);
	}
	events_free(events, POOL_SIZE);
	testing_pool_is_full(known);
	testing_pool_is_full(beyond);
	rte_mempool_free(known);
	rte_mempool_free(beyond);
	while (count > 0)
		rte_mempool_free(others[--count]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_same_address),
		cmocka_unit_test(test_same_place),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_full),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests_name("pools", tests, NULL, NULL);
}
