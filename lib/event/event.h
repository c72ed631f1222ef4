/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What flows, for the folders that build on it. */
#ifndef WEIR_LIB_EVENT_H
#define WEIR_LIB_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include <rte_lcore.h>

#include <weir/event.h>

#include "compat.h"
#include "failures.h"
#include "fault.h"
#include "nearest.h"

/* Have a line at hand to be written, wherever it is now. */
static inline void
prefetch_write(const void *line)
{
#ifdef RTE_ARCH_X86_64
	/* The builtin makes it a prefetch for reading where -march does not promise PREFETCHW. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
	__builtin_prefetch(line, 1, 3);
#endif
}

/* Have the compiler do so many turns of the next loop in one: where a turn does next to nothing; or only one. */
#ifdef __clang__
#define UNROLL(times) _Pragma(RTE_STR(clang loop unroll_count(times)))
#define NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define UNROLL(times) _Pragma(RTE_STR(GCC unroll times))
#define NO_UNROLL _Pragma("GCC unroll 1")
#endif

/*
 * The pools that events name by an index, each at its place or soon after it; none at 0. Entries are
 * set once and never taken out.
 */
#define POOLS_BITS 12
#define POOLS_MAX (1u << POOLS_BITS)
extern struct rte_mempool *pools_known[POOLS_MAX];

static inline unsigned int
pool_place(const struct rte_mempool *pool)
{
	return (unsigned int)((uintptr_t)pool * UINT64_C(0x9e3779b97f4a7c15) >> (64 - POOLS_BITS));
}

/* weir_pool_index() of a pool that is not at its place. */
uint16_t pool_index_find(const struct rte_mempool *pool);

/* weir_pool_index() */
static inline uint16_t
pool_index(const struct rte_mempool *pool)
{
	unsigned int place = pool_place(pool);

	if (likely(__atomic_load_n(&pools_known[place], __ATOMIC_RELAXED) == pool))
		return (uint16_t)place;
	return pool_index_find(pool);
}

/* The pool of an index that is not 0. */
static inline struct rte_mempool *
pool_at(uint16_t index)
{
	return __atomic_load_n(&pools_known[index], __ATOMIC_RELAXED);
}

/* The stacks of a pool at most: past so many, few lcores share one, and a look at all takes long. */
#define POOL_STACKS_MAX 16

/* How many stacks a pool has, and which one an lcore takes from and gives back to before the others. */
struct pool_stacks {
	uint32_t count;
	uint8_t home[RTE_MAX_LCORE];
};

/*
 * weir_pool_create() of a pool of several stacks, where neither who started EAL nor the platform has
 * chosen what keeps the free mbufs. NULL with rte_errno as that sets it; EINVAL: no stacks, too many,
 * or a home beyond them.
 */
struct rte_mempool *pool_create_stacks(const char *name, unsigned int size, unsigned int cache,
	uint16_t data_room, int socket, const struct pool_stacks *stacks);

/* What several stacks of a pool of `size` mbufs take. */
size_t pool_stacks_bytes(uint32_t size, uint32_t count);

/*
 * Give n events back to their pools: runs of pristine events of one pool in one bulk put that
 * leaves the mbufs' own lines where they are, the rest through rte_pktmbuf_free().
 */
void events_free(struct weir_event *const events[], unsigned int n);

/* No struct is larger: what says so does not begin with a size at all. */
#define SIZED_MAX 4096

/*
 * Give a caller what `full` holds, up to the size that the caller's struct begins with and keeps: 0;
 * -EINVAL where that has no room for the first `least` bytes.
 */
int sized_give(void *to, const void *full, size_t size, size_t least);

/* As that, of a struct and the first of its members behind the size. */
#define SIZED_GIVE(to, full, first) \
	sized_give((to), 1 ? (full) : (to), sizeof(*(full)), \
		offsetof(__typeof__(*(full)), first) + sizeof((full)->first))

/* Fill a caller's struct of that size, whatever it was before: as `full`, and 0 beyond. */
void sized_init(void *to, const void *full, size_t size, size_t known);

/*
 * Take what a caller gives, which begins with its size, into `full`, whose size stays; what the caller's
 * is too short for stays as it is: 0; -EINVAL where the first `least` bytes are not there, or where no
 * size is; -E2BIG where something is said beyond what is known here.
 */
int sized_take(void *full, const void *from, size_t size, size_t least);
#define SIZED_TAKE(full, from, first) \
	sized_take((full), 1 ? (from) : (full), sizeof(*(full)), \
		offsetof(__typeof__(*(full)), first) + sizeof((full)->first))

/* What is said of that, for weir_error_set(), with the struct's name behind it. */
#define SIZED_WHY(rc) \
	((rc) == -E2BIG ? \
			"struct %s is of newer headers, and asks for what this libweir does not " \
			"know: build with its headers, or install a newer weir" : \
			"struct %s does not begin with its size: fill it by its init function first")

/* Whether a struct of that size has something beyond what is known. */
bool sized_beyond(const void *from, size_t size, size_t known);

#endif /* WEIR_LIB_EVENT_H */
