/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The application's end of the inject source: what its threads call. */
#include <rte_errno.h>
#include <rte_mempool.h>

#include "inject_private.h"

unsigned int
inject_producers(const void *state)
{
	return ((const struct inject_state *)state)->producer_count;
}

struct weir_inject *
inject_claim(void *state, unsigned int nth)
{
	struct inject_state *s = state;
	uint32_t opened = nth;

	if (nth < s->producer_count &&
		__atomic_compare_exchange_n(&s->opened, &opened, nth + 1, false, __ATOMIC_ACQ_REL,
			__ATOMIC_RELAXED))
		return s->producers[nth];
	return NULL;
}

/* Put entries into the producer's ring, unless the engine is stopping. */
static uint16_t
inject_put(struct weir_inject *inject, void *const entries[], uint16_t n)
{
	uint16_t put = 0;

	__atomic_store_n(&inject->busy, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(inject->closed, __ATOMIC_SEQ_CST)) {
		rte_errno = ESHUTDOWN;
	} else {
		put = (uint16_t)ring_put(&inject->ring, (struct weir_event *const *)entries, n);
		if (unlikely(put < n)) {
			stat_add(&inject->refused, n - put);
			rte_errno = ENOBUFS;
		}
	}
	__atomic_store_n(&inject->busy, 0, __ATOMIC_RELEASE);
	return put;
}

/*
 * The mbufs of a pool are alike. What the pool says of them is in its own lines, which are there; their
 * second line is not, and is looked at only where the pool is none of rte_pktmbuf_pool_create()'s kind.
 */
static inline bool
pool_fits(const struct rte_mempool *pool, const struct rte_mbuf *mbuf)
{
	if (likely(pool != NULL &&
		    pool->private_data_size >= sizeof(struct rte_pktmbuf_pool_private)))
		return rte_pktmbuf_priv_size((struct rte_mempool *)(uintptr_t)pool) >=
			sizeof(struct weir_event);
	return weir_mbuf_fits(mbuf);
}

/* How many of the first fit an event, by runs of one pool. */
static inline uint16_t
packets_fit(struct rte_mbuf *const mbufs[], uint16_t n)
{
	uint16_t fit = 0;

	while (fit < n) {
		const struct rte_mempool *pool = mbufs[fit]->pool;

		if (!pool_fits(pool, mbufs[fit]))
			break;
		do
			fit++;
		while (fit < n && mbufs[fit]->pool == pool);
	}
	return fit;
}

uint16_t
weir_inject_packets(struct weir_inject *inject, struct rte_mbuf *mbufs[], uint16_t n)
{
	uint16_t fit, put;

	if (inject == NULL || (mbufs == NULL && n > 0)) {
		rte_errno = EINVAL;
		return 0;
	}
	fit = packets_fit(mbufs, n);
	put = inject_put(inject, (void **)mbufs, fit);
	if (put == fit && fit < n)
		rte_errno = EINVAL;
	return put;
}

uint16_t
weir_inject_events(struct weir_inject *inject, struct weir_event *events[], uint16_t n)
{
	void *entries[BURST_MAX];
	uint16_t done = 0;

	if (inject == NULL || (events == NULL && n > 0)) {
		rte_errno = EINVAL;
		return 0;
	}
	while (done < n) {
		uint16_t k = RTE_MIN((uint16_t)(n - done), BURST_MAX), put;

		for (uint16_t i = 0; i < k; i++)
			entries[i] = (void *)((uintptr_t)events[done + i] | TAG_EVENT);
		put = inject_put(inject, entries, k);
		done += put;
		if (put < k)
			break;
	}
	return done;
}

uint32_t
weir_inject_room(struct weir_inject *inject)
{
	if (inject == NULL) {
		rte_errno = EINVAL;
		return 0;
	}
	if (__atomic_load_n(inject->closed, __ATOMIC_RELAXED)) {
		rte_errno = ESHUTDOWN;
		return 0;
	}
	return ring_room(&inject->ring, UINT32_MAX);
}

bool
weir_inject_pressed(struct weir_inject *inject)
{
	uint32_t fill;

	if (inject == NULL)
		return false;
	fill = inject->ring.capacity - ring_room(&inject->ring, UINT32_MAX);
	inject->pressed = inject->pressed ? fill >= inject->low && fill > 0 : fill > inject->high;
	return inject->pressed;
}
