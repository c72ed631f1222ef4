/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A pool of several stacks. Lcores that allocate at the same time have a stack each, so that none
 * waits for another's lock or reads what another wrote; what is free stays free to all: who finds too
 * little on its own stack takes from the next that has enough, or from all of them.
 */
#include <string.h>

#include <rte_common.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <rte_spinlock.h>

#include "event.h"
#include "stacks.h"

/*
 * Most mbufs that somebody asks for who cannot do with less. A cache that is to be filled asks for
 * more, and where that fails asks again for what is needed now.
 */
#define STACKS_NEED 64

struct stack {
	rte_spinlock_t lock;
	uint32_t len; /* written under the lock; read without it to see what may be there */
	void **objects;
} __rte_cache_aligned;

struct stacks {
	uint32_t count;
	uint32_t room;               /* of each */
	uint8_t home[RTE_MAX_LCORE]; /* an lcore's stack */
	struct stack stack[];
};

/* Twice what there is: while one lcore gives back, others come and go, and it finds room all the same. */
static uint32_t
stacks_room(uint32_t size, uint32_t count)
{
	return (uint32_t)(((uint64_t)size * 2 + count - 1) / count);
}

size_t
pool_stacks_bytes(uint32_t size, uint32_t count)
{
	size_t objects = stacks_room(size, count) * sizeof(void *);

	return sizeof(struct stacks) +
		count * (sizeof(struct stack) + RTE_ALIGN_CEIL(objects, RTE_CACHE_LINE_SIZE));
}

static int
stacks_alloc(struct rte_mempool *pool)
{
	const struct pool_stacks *conf = pool->pool_config;
	uint32_t room = stacks_room(pool->size, conf->count);
	size_t bytes = RTE_ALIGN_CEIL(room * sizeof(void *), RTE_CACHE_LINE_SIZE);
	struct stacks *stacks = rte_zmalloc_socket("weir_stacks",
		pool_stacks_bytes(pool->size, conf->count), RTE_CACHE_LINE_SIZE, pool->socket_id);
	char *objects;

	if (stacks == NULL)
		return -ENOMEM;
	stacks->count = conf->count;
	stacks->room = room;
	memcpy(stacks->home, conf->home, sizeof(stacks->home));
	objects = (char *)&stacks->stack[conf->count];
	for (uint32_t i = 0; i < conf->count; i++) {
		rte_spinlock_init(&stacks->stack[i].lock);
		stacks->stack[i].objects = (void **)(objects + i * bytes);
	}
	pool->pool_data = stacks;
	return 0;
}

static void
stacks_free(struct rte_mempool *pool)
{
	rte_free(pool->pool_data);
}

static inline uint32_t
stack_len(const struct stack *stack)
{
	return __atomic_load_n(&stack->len, __ATOMIC_RELAXED);
}

static inline void
stack_set_len(struct stack *stack, uint32_t len)
{
	__atomic_store_n(&stack->len, len, __ATOMIC_RELAXED);
}

static unsigned int
stacks_count(const struct rte_mempool *pool)
{
	const struct stacks *stacks = pool->pool_data;
	unsigned int sum = 0;

	for (uint32_t i = 0; i < stacks->count; i++)
		sum += stack_len(&stacks->stack[i]);
	return sum;
}

static inline uint32_t
stacks_home(const struct stacks *stacks)
{
	unsigned int lcore = rte_lcore_id();

	return lcore < RTE_MAX_LCORE ? stacks->home[lcore] : 0;
}

static inline uint32_t
stacks_next(const struct stacks *stacks, uint32_t i)
{
	return i + 1 < stacks->count ? i + 1 : 0;
}

/* From a stack that is locked and has so many. */
static inline void
stack_take(struct stack *stack, void **objects, uint32_t n)
{
	stack_set_len(stack, stack->len - n);
	rte_memcpy(objects, stack->objects + stack->len, n * sizeof(*objects));
}

/* All n or nothing. */
static inline bool
stack_pop(struct stack *stack, void **objects, uint32_t n)
{
	bool enough;

	if (stack_len(stack) < n)
		return false;
	rte_spinlock_lock(&stack->lock);
	enough = stack->len >= n;
	if (enough)
		stack_take(stack, objects, n);
	rte_spinlock_unlock(&stack->lock);
	return enough;
}

/* As many as there is room for. */
static inline uint32_t
stack_push(struct stack *stack, uint32_t room, void *const *objects, uint32_t n)
{
	rte_spinlock_lock(&stack->lock);
	n = RTE_MIN(n, room - stack->len);
	rte_memcpy(stack->objects + stack->len, objects, n * sizeof(*objects));
	stack_set_len(stack, stack->len + n);
	rte_spinlock_unlock(&stack->lock);
	return n;
}

/* From all of them at once, so that none is missed that is free: locks are taken in one order. */
static int
stacks_gather(struct stacks *stacks, uint32_t home, void **objects, uint32_t n)
{
	uint32_t sum = 0, i;
	int rc = -ENOBUFS;

	for (i = 0; i < stacks->count; i++) {
		rte_spinlock_lock(&stacks->stack[i].lock);
		sum += stacks->stack[i].len;
	}
	if (sum >= n) {
		for (i = home; n > 0; i = stacks_next(stacks, i)) {
			struct stack *stack = &stacks->stack[i];
			uint32_t some = RTE_MIN(n, stack->len);

			stack_take(stack, objects, some);
			objects += some;
			n -= some;
		}
		rc = 0;
	}
	for (i = 0; i < stacks->count; i++)
		rte_spinlock_unlock(&stacks->stack[i].lock);
	return rc;
}

static int
stacks_get(struct rte_mempool *pool, void **objects, unsigned int n)
{
	struct stacks *stacks = pool->pool_data;
	uint32_t home = stacks_home(stacks), at = home;

	do {
		if (stack_pop(&stacks->stack[at], objects, n))
			return 0;
		at = stacks_next(stacks, at);
	} while (at != home);
	if (n > STACKS_NEED && stacks_count(pool) < n)
		return -ENOBUFS;
	return stacks_gather(stacks, home, objects, n);
}

static int
stacks_put(struct rte_mempool *pool, void *const *objects, unsigned int n)
{
	struct stacks *stacks = pool->pool_data;
	uint32_t at = stacks_home(stacks), done;

	/* One round does: only mbufs that come back twice fill them all. */
	for (uint32_t tries = 0; n > 0 && tries < 2 * stacks->count; tries++) {
		done = stack_push(&stacks->stack[at], stacks->room, objects, n);
		objects += done;
		n -= done;
		at = stacks_next(stacks, at);
	}
	return n == 0 ? 0 : -ENOBUFS;
}

static const struct rte_mempool_ops stacks_ops = {
	.name = "weir_stacks",
	.alloc = stacks_alloc,
	.free = stacks_free,
	.enqueue = stacks_put,
	.dequeue = stacks_get,
	.get_count = stacks_count,
};

/*
 * Not by a constructor: it might run before those of DPDK's own, whose places in the table must be the
 * same in every process that shares EAL's memory.
 */
const char *
pool_stacks_ops(void)
{
	static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
	static bool known;
	bool now;

	rte_spinlock_lock(&lock);
	if (!known)
		known = rte_mempool_register_ops(&stacks_ops) >= 0;
	now = known;
	rte_spinlock_unlock(&lock);
	return now ? stacks_ops.name : NULL;
}
