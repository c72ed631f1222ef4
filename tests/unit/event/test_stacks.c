/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Pools of several stacks: what is free is free to all, whoever gave it back. */
#include "testing.h"

#include <pthread.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf_pool_ops.h>

#include "event/event.h"

#define POOL_SIZE 1000
#define DATA_ROOM 256
#define THREADS 4
#define ROUNDS 100000
#define HANDS 200

/* An lcore's home is its number, as far as there are stacks. */
static struct pool_stacks
stacks_of(unsigned int count)
{
	struct pool_stacks stacks = { .count = count };

	for (unsigned int i = 0; count > 0 && i < RTE_MAX_LCORE; i++)
		stacks.home[i] = (uint8_t)(i % count);
	return stacks;
}

static struct rte_mempool *
create(unsigned int count, unsigned int cache)
{
	struct pool_stacks stacks = stacks_of(count);
	struct rte_mempool *pool =
		pool_create_stacks("stacks", POOL_SIZE, cache, DATA_ROOM, SOCKET_ID_ANY, &stacks);

	assert_non_null(pool);
	testing_pool_is_full(pool);
	return pool;
}

/* Every mbuf is there, once, and as a pool's users expect it. */
static void
whole(struct rte_mempool *pool)
{
	void *mbufs[POOL_SIZE + 1];
	bool seen[POOL_SIZE] = { false };

	testing_pool_is_full(pool);
	assert_int_equal(rte_mempool_generic_get(pool, mbufs, POOL_SIZE + 1, NULL), -ENOBUFS);
	assert_int_equal(rte_mempool_generic_get(pool, mbufs, POOL_SIZE, NULL), 0);
	assert_int_equal(rte_mempool_avail_count(pool), 0);
	for (unsigned int i = 0; i < POOL_SIZE; i++) {
		struct rte_mbuf *mbuf = mbufs[i];
		const char *reason;

		assert_int_equal(rte_mbuf_check(mbuf, 1, &reason), 0);
		assert_ptr_equal(mbuf->pool, pool);
		/* Its place is its number, which no other has. */
		assert_true(weir_mbuf_event(mbuf)->user[0] < POOL_SIZE);
		assert_false(seen[weir_mbuf_event(mbuf)->user[0]]);
		seen[weir_mbuf_event(mbuf)->user[0]] = true;
	}
	rte_mempool_generic_put(pool, mbufs, POOL_SIZE, NULL);
	testing_pool_is_full(pool);
}

static void
number(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	(void)pool;
	(void)arg;
	weir_mbuf_event(object)->user[0] = index;
}

static void
test_refused(void **state)
{
	struct pool_stacks none = stacks_of(0), many = stacks_of(POOL_STACKS_MAX);
	struct pool_stacks beyond = stacks_of(2);

	(void)state;
	many.count++;
	beyond.home[RTE_MAX_LCORE - 1] = 2;
	for (unsigned int i = 0; i < 3; i++) {
		const struct pool_stacks *wrong[] = { &none, &many, &beyond };

		rte_errno = 0;
		assert_null(pool_create_stacks("wrong", 63, 0, DATA_ROOM, SOCKET_ID_ANY, wrong[i]));
		assert_int_equal(rte_errno, EINVAL);
	}
	many.count--;
	rte_errno = 0;
	assert_null(pool_create_stacks("wrong", 63, RTE_MEMPOOL_CACHE_MAX_SIZE + 1, DATA_ROOM,
		SOCKET_ID_ANY, &many));
	assert_int_equal(rte_errno, EINVAL);
	/* More than EAL has. */
	assert_null(pool_create_stacks("wrong", 1 << 22, 0, DATA_ROOM, SOCKET_ID_ANY, &many));
	assert_int_equal(rte_errno, ENOMEM);
	assert_null(rte_mempool_lookup("wrong"));
}

/* One stack is DPDK's own; what EAL was told is taken in any case. */
static void
test_operations(void **state)
{
	static const char *const names[] = { "stack", "weir_stacks" };

	(void)state;
	for (unsigned int count = 1; count <= 2; count++) {
		struct rte_mempool *pool = create(count, 0);

		assert_string_equal(rte_mempool_get_ops(pool->ops_index)->name, names[count - 1]);
		assert_null(pool->pool_config);
		rte_mempool_free(pool);
	}
	assert_int_equal(rte_mbuf_set_user_mempool_ops("ring_mp_mc"), 0);
	for (unsigned int count = 1; count <= 2; count++) {
		struct rte_mempool *pool = create(count, 0);

		assert_string_equal(rte_mempool_get_ops(pool->ops_index)->name, "ring_mp_mc");
		rte_mempool_free(pool);
	}
}

/* All of it from one lcore, by bursts that end within a stack; and one mbuf more is not to be had. */
static void
test_all(void **state)
{
	(void)state;
	for (unsigned int count = 2; count <= POOL_STACKS_MAX; count++) {
		struct rte_mempool *pool = create(count, 0);
		void *mbufs[POOL_SIZE];
		unsigned int n = 0;

		rte_mempool_obj_iter(pool, number, NULL);
		for (; n + 30 <= POOL_SIZE; n += 30)
			assert_int_equal(rte_mempool_get_bulk(pool, mbufs + n, 30), 0);
		assert_int_equal(rte_mempool_avail_count(pool), POOL_SIZE - n);
		assert_int_equal(rte_mempool_get_bulk(pool, mbufs + n, 30), -ENOBUFS);
		assert_int_equal(rte_mempool_get_bulk(pool, mbufs + n, 100), -ENOBUFS);
		assert_int_equal(rte_mempool_avail_count(pool), POOL_SIZE - n);
		assert_int_equal(rte_mempool_get_bulk(pool, mbufs + n, POOL_SIZE - n), 0);
		assert_int_equal(rte_mempool_get_bulk(pool, mbufs, 1), -ENOBUFS);
		/* To one stack, which has no room for them all. */
		for (n = 0; n < POOL_SIZE; n += 100)
			rte_mempool_put_bulk(pool, mbufs + n, 100);
		whole(pool);
		rte_mempool_free(pool);
	}
}

/* What a plan counts for it is what it takes. */
static void
test_bytes(void **state)
{
	struct rte_mempool *pool = create(3, 0);
	size_t size = 0;

	(void)state;
	assert_int_equal(rte_malloc_validate(pool->pool_data, &size), 0);
	assert_in_range(pool_stacks_bytes(POOL_SIZE, 3), size, size + RTE_CACHE_LINE_SIZE);
	rte_mempool_free(pool);
}

static pthread_barrier_t barrier;

struct user {
	pthread_t thread;
	struct rte_mempool *pool;
	uint64_t random;
	unsigned int missed;
	bool registered; /* so that it has an lcore, and a stack, of its own */
};

/* Get some, give some back, in no order. All get what they ask for while that is there for sure. */
static void *
use(void *arg)
{
	struct user *user = arg;
	void *mbufs[HANDS];
	unsigned int n = 0;

	user->registered = rte_thread_register() == 0;
	pthread_barrier_wait(&barrier);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int k = 1 + (unsigned int)(testing_random(&user->random) % 64);

		if (testing_random(&user->random) % 2 == 0 && n + k <= HANDS) {
			if (rte_mempool_get_bulk(user->pool, mbufs + n, k) == 0)
				n += k;
			else
				user->missed++;
		} else {
			k = RTE_MIN(k, n);
			n -= k;
			rte_mempool_put_bulk(user->pool, mbufs + n, k);
		}
	}
	rte_mempool_put_bulk(user->pool, mbufs, n);
	if (user->pool->cache_size > 0)
		rte_mempool_cache_flush(NULL, user->pool);
	rte_thread_unregister();
	return NULL;
}

/* Several lcores at once. With what `taken` leaves, no get may fail: or many must. */
static void
users_run(struct rte_mempool *pool, uint64_t *seed, unsigned int taken, bool fail)
{
	struct user users[THREADS];
	void *mbufs[POOL_SIZE];
	unsigned int missed = 0;

	assert_int_equal(rte_mempool_generic_get(pool, mbufs, taken, NULL), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		users[i] = (struct user){ .pool = pool, .random = testing_random(seed) | 1 };
		assert_int_equal(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(users[i].thread, NULL);
		assert_true(users[i].registered);
		missed += users[i].missed;
	}
	assert_int_equal(missed > 0, fail);
	rte_mempool_generic_put(pool, mbufs, taken, NULL);
	whole(pool);
}

static void
test_threads(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (unsigned int count = 2; count <= 7; count += 5) {
		struct rte_mempool *pool = create(count, 0);

		rte_mempool_obj_iter(pool, number, NULL);
		users_run(pool, &seed, POOL_SIZE - THREADS * HANDS, false);
		users_run(pool, &seed, POOL_SIZE - HANDS / 2, true);
		rte_mempool_free(pool);
		pool = create(count, 32);
		rte_mempool_obj_iter(pool, number, NULL);
		users_run(pool, &seed, 0, false);
		users_run(pool, &seed, POOL_SIZE - HANDS / 2, true);
		rte_mempool_free(pool);
	}
	pthread_barrier_destroy(&barrier);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_operations),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
