/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The inject source: an application hands in packets and events of its own. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring.h>

#include "source_private.h"

/* What is in a ring: an mbuf to be parsed, or, with this bit set, an event that is ready. */
#define TAG_EVENT ((uintptr_t)1)

struct inject_conf {
	uint64_t producers;
	uint64_t ring;
};

/* One producer's end. */
struct __rte_cache_aligned weir_inject {
	struct rte_ring *ring;
	const uint32_t *closed; /* the worker's: no more is taken */
	uint32_t busy;          /* the producer is between its look at `closed` and its put */
	uint32_t claimed;
	const struct rte_mempool *fits; /* its mbufs fit an event */
};

struct inject_state {
	struct weir_parse_burst parse;
	bool away; /* other lcores read its events: their lines must come back first */
	struct weir_inject *producers;
	unsigned int producer_count;
	unsigned int turn;
	/* The producers read it on each call: nothing that the worker writes is on its line. */
	uint32_t closed __rte_cache_aligned;
};
static_assert(offsetof(struct inject_state, closed) % RTE_CACHE_LINE_SIZE == 0 &&
		sizeof(struct inject_state) % RTE_CACHE_LINE_SIZE == 0,
	"a line of its own");

static const struct weir_param inject_params[] = {
	{ .name = "producers",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct inject_conf, producers),
		.min = 1,
		.max = 64,
		.def = "1",
		.help = "threads that hand in, for each worker" },
	{ .name = "ring",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct inject_conf, ring),
		.min = 32,
		.max = 1 << 20,
		.def = "1024",
		.help = "packets that wait for the worker, for each producer" },
	{ .name = NULL },
};

static void
inject_fini(struct weir_worker *worker, void *state)
{
	struct inject_state *s = state;

	(void)worker;
	for (unsigned int i = 0; i < s->producer_count; i++)
		rte_ring_free(s->producers[i].ring);
	rte_free(s->producers);
}

static int
inject_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	const struct inject_conf *c = conf;
	struct inject_state *s = state;
	char name[RTE_RING_NAMESIZE];

	s->away = worker_reaches_ring(worker);
	source_parse_init(worker, RTE_MBUF_PORT_INVALID, (uint16_t)worker->index, &s->parse);
	s->producers = rte_zmalloc_socket("weir_inject", c->producers * sizeof(*s->producers),
		RTE_CACHE_LINE_SIZE, worker->socket);
	if (s->producers == NULL)
		return weir_error_set(error, ENOMEM, "[source %s] no memory for %u producers",
			worker->name, (unsigned int)c->producers);
	for (; s->producer_count < c->producers; s->producer_count++) {
		struct weir_inject *producer = &s->producers[s->producer_count];

		snprintf(name, sizeof(name), "weir_inj_%p_%u", state, s->producer_count);
		producer->closed = &s->closed;
		producer->ring = rte_ring_create(name, (unsigned int)c->ring, worker->socket,
			RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
		if (producer->ring == NULL) {
			inject_fini(worker, state);
			return weir_error_set(error, rte_errno,
				"[source %s] no memory for a ring of %u packets; lower `ring`",
				worker->name, (unsigned int)c->ring);
		}
	}
	return 0;
}

/* Parse the mbufs of a mixed run; events keep the order of the ring. */
static void
inject_resolve(struct inject_state *s, struct weir_event *events[], uint16_t n)
{
	struct rte_mbuf *mbufs[BURST_MAX];
	uint16_t packets = 0;

	for (uint16_t i = 0; i < n; i++) {
		uintptr_t entry = (uintptr_t)events[i];

		if (entry & TAG_EVENT) {
			events[i] = (struct weir_event *)(entry & ~TAG_EVENT);
			continue;
		}
		mbufs[packets++] = (struct rte_mbuf *)entry;
		events[i] = weir_mbuf_event((struct rte_mbuf *)entry);
		if (s->away)
			prefetch_write(events[i]);
	}
	if (packets > 0) {
		s->parse.tsc = rte_rdtsc();
		weir_parse(mbufs, packets, &s->parse);
	}
}

static uint16_t
inject_poll(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct inject_state *s = state;
	uint16_t got = 0;

	(void)worker;
	n = RTE_MIN(n, BURST_MAX);
	for (unsigned int i = 0; i < s->producer_count && got < n; i++) {
		struct weir_inject *producer = &s->producers[s->turn];

		if (++s->turn == s->producer_count)
			s->turn = 0;
		got += (uint16_t)rte_ring_sc_dequeue_burst(producer->ring, (void **)(events + got),
			n - got, NULL);
	}
	inject_resolve(s, events, got);
	return got;
}

/*
 * Close, then count what is left. A producer that is between its look at `closed` and its put
 * counts as one more: it may still put something. Both sides are sequentially consistent, so that
 * either the producer sees `closed` or this sees it busy.
 */
static unsigned int
inject_drain(struct weir_worker *worker, void *state)
{
	struct inject_state *s = state;
	unsigned int left = 0;

	(void)worker;
	__atomic_store_n(&s->closed, 1, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < s->producer_count; i++) {
		left += __atomic_load_n(&s->producers[i].busy, __ATOMIC_SEQ_CST);
		left += ring_count(s->producers[i].ring);
	}
	return left;
}

/* From a thread beside: a producer is between its look and its put, or has put something. */
static bool
inject_pending(const struct weir_worker *worker, const void *state)
{
	const struct inject_state *s = state;

	(void)worker;
	for (unsigned int i = 0; i < s->producer_count; i++)
		if (__atomic_load_n(&s->producers[i].busy, __ATOMIC_RELAXED) ||
			ring_count(s->producers[i].ring) > 0)
			return true;
	return false;
}

static void
inject_pressure(struct weir_worker *worker, void *state, bool on)
{
	struct inject_state *s = state;

	s->parse.depth = on ? worker->under_pressure : WEIR_PARSE_FULL;
}

struct weir_inject *
inject_claim(void *state)
{
	struct inject_state *s = state;

	for (unsigned int i = 0; i < s->producer_count; i++)
		if (__atomic_exchange_n(&s->producers[i].claimed, 1, __ATOMIC_ACQ_REL) == 0)
			return &s->producers[i];
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
		put = (uint16_t)rte_ring_sp_enqueue_burst(inject->ring, entries, n, NULL);
		if (put < n)
			rte_errno = ENOBUFS;
	}
	__atomic_store_n(&inject->busy, 0, __ATOMIC_RELEASE);
	return put;
}

/* The mbufs of a pool are alike: that their second line is read of the first of them is enough. */
static inline bool
packet_fits(struct weir_inject *inject, const struct rte_mbuf *mbuf)
{
	if (likely(mbuf->pool == inject->fits))
		return true;
	if (!weir_mbuf_fits(mbuf))
		return false;
	inject->fits = mbuf->pool;
	return true;
}

uint16_t
weir_inject_packets(struct weir_inject *inject, struct rte_mbuf *mbufs[], uint16_t n)
{
	uint16_t fit = 0, put;

	if (inject == NULL || (mbufs == NULL && n > 0)) {
		rte_errno = EINVAL;
		return 0;
	}
	while (fit < n && packet_fits(inject, mbufs[fit]))
		fit++;
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

const struct source_ops source_inject = {
	.type = {
		.name = "inject",
		.help = "packets and events that an embedding application hands in",
		.params = inject_params,
	},
	.conf_size = sizeof(struct inject_conf),
	.state_size = sizeof(struct inject_state),
	.init = inject_init,
	.poll = inject_poll,
	.drain = inject_drain,
	.checked = true,
	.foreign = true,
	.pressure = inject_pressure,
	.fini = inject_fini,
	.pending = inject_pending,
};
