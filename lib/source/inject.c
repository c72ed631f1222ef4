/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The inject source: an application hands in packets and events of its own. */
#include <errno.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "inject_private.h"

static const struct weir_param inject_params[] = {
	{ .name = "producers",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct inject_conf, producers),
		.min = 1,
		.max = INJECT_PRODUCERS_MAX,
		.def = "1",
		.help = "threads that hand in, for each worker" },
	{ .name = "ring",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct inject_conf, ring),
		.min = 32,
		.max = 1 << 20,
		.def = "1024",
		.help = "packets that wait for the worker, for each producer" },
	{ .name = "high",
		.type = WEIR_PARAM_SHARE,
		.offset = offsetof(struct inject_conf, high),
		.max = 100,
		.def = "75%",
		.help = "of a ring: above it weir_inject_pressed() asks its producer to hand in less" },
	{ .name = "low",
		.type = WEIR_PARAM_SHARE,
		.offset = offsetof(struct inject_conf, low),
		.max = 100,
		.def = "50%",
		.help = "and below it no more" },
	{ .name = "keep.port",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct inject_conf, keep_port),
		.def = "off",
		.help = "of packets: the event's port is that of the mbuf; else it is none" },
	{ .name = "keep.prio",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct inject_conf, keep_prio),
		.def = "off",
		.help = "of packets: prio as the application has set it in the event; else 3" },
	{ .name = "keep.tsc",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct inject_conf, keep_tsc),
		.def = "off",
		.help = "of packets: tsc likewise; else when the worker takes them" },
	{ .name = "keep.wire_time",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct inject_conf, keep_wire_time),
		.def = "off",
		.help = "of packets: wire_ns likewise, where flags has WEIR_EVENT_WIRE_TIME; "
			"else it is not known" },
	{ .name = NULL },
};

static int
inject_check(const char *node, const void *conf, struct weir_error *error)
{
	const struct inject_conf *c = conf;

	if (c->low <= c->high)
		return 0;
	return weir_error_set(error, EINVAL,
		"[source %s] low = %g%%: expected no more than high = %g%%", node, c->low * 100,
		c->high * 100);
}

/* Bytes of a producer, its ring included. */
static size_t
producer_bytes(const struct inject_conf *conf)
{
	return sizeof(struct weir_inject) +
		(size_t)rte_ring_get_memsize(rte_align32pow2((uint32_t)conf->ring + 1));
}

static size_t
inject_memory(const void *conf)
{
	const struct inject_conf *c = conf;

	return c->producers * producer_bytes(c);
}

static void
inject_fini(struct weir_worker *worker, void *state)
{
	struct inject_state *s = state;

	(void)worker;
	while (s->producer_count > 0)
		rte_free(s->producers[--s->producer_count]);
}

static int
producer_init(const struct inject_state *s, struct weir_inject *producer)
{
	struct rte_ring *ring = (struct rte_ring *)(producer + 1);
	unsigned int capacity = (unsigned int)s->conf->ring;

	if (rte_ring_init(ring, "inject", capacity,
		    RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ) != 0)
		return -EINVAL;
	ring_producer_init(&producer->ring, ring);
	producer->closed = &s->closed;
	producer->high = (uint32_t)(s->conf->high * capacity);
	producer->low = (uint32_t)(s->conf->low * capacity);
	return 0;
}

static int
inject_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	const struct inject_conf *c = conf;
	struct inject_state *s = state;

	s->conf = c;
	s->away = worker_reaches_ring(worker);
	s->keeps = c->keep_port || c->keep_prio || c->keep_tsc || c->keep_wire_time;
	source_parse_init(worker, RTE_MBUF_PORT_INVALID, (uint16_t)worker->index, &s->parse);
	while (s->producer_count < c->producers) {
		struct weir_inject *producer = rte_zmalloc_socket("weir_inject", producer_bytes(c),
			RTE_CACHE_LINE_SIZE, worker->socket);

		if (producer == NULL || producer_init(s, producer) != 0) {
			rte_free(producer);
			inject_fini(worker, state);
			return weir_error_set(error, ENOMEM,
				"[source %s] no memory for %u rings of %u packets; lower `ring` or "
				"`producers`",
				worker->name, (unsigned int)c->producers, (unsigned int)c->ring);
		}
		s->producers[s->producer_count++] = producer;
	}
	return 0;
}

/* What an application has set in an event, while its packet is parsed. */
struct kept {
	uint64_t tsc;
	uint64_t wire_ns;
	uint32_t wire_time; /* WEIR_EVENT_WIRE_TIME, or 0 */
	uint8_t prio;
};

static void
kept_put_back(const struct inject_conf *conf, const struct kept *kept, const struct rte_mbuf *mbuf)
{
	struct weir_event *event = weir_mbuf_event(mbuf);

	if (conf->keep_port)
		event->port = mbuf->port;
	if (conf->keep_prio)
		event->prio = RTE_MIN(kept->prio, (uint8_t)WEIR_PRIO_MAX);
	if (conf->keep_tsc)
		event->tsc = kept->tsc;
	if (conf->keep_wire_time && kept->wire_time != 0) {
		event->wire_ns = kept->wire_ns;
		event->flags |= kept->wire_time;
	}
}

static __rte_noinline void
parse_keeping(const struct inject_state *s, struct rte_mbuf *mbufs[], uint16_t n,
	struct weir_parse_burst *parse)
{
	struct kept kept[BURST_MAX];

	for (uint16_t i = 0; i < n; i++) {
		const struct weir_event *event = weir_mbuf_event(mbufs[i]);

		kept[i] = (struct kept){ .tsc = event->tsc,
			.wire_ns = event->wire_ns,
			.wire_time = event->flags & WEIR_EVENT_WIRE_TIME,
			.prio = event->prio };
	}
	weir_parse(mbufs, n, parse);
	for (uint16_t i = 0; i < n; i++)
		kept_put_back(s->conf, &kept[i], mbufs[i]);
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
		if (unlikely(s->keeps))
			parse_keeping(s, mbufs, packets, &s->parse);
		else
			weir_parse(mbufs, packets, &s->parse);
	}
}

/* Take at most n out of a producer's ring; how many. */
static inline uint16_t
producer_take(struct weir_inject *producer, struct weir_event *events[], uint16_t n)
{
	unsigned int left,
		got = rte_ring_sc_dequeue_burst(producer->ring.ring, (void **)events, n, &left);

	if (got == 0)
		return 0;
	stat_add_release(&producer->taken, got);
	if (unlikely(got + left > producer->high_water))
		__atomic_store_n(&producer->high_water, got + left, __ATOMIC_RELAXED);
	return (uint16_t)got;
}

static uint16_t
inject_poll(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct inject_state *s = state;
	uint16_t got = 0;

	(void)worker;
	n = RTE_MIN(n, BURST_MAX);
	for (unsigned int i = 0; i < s->producer_count && got < n; i++) {
		struct weir_inject *producer = s->producers[s->turn];

		if (++s->turn == s->producer_count)
			s->turn = 0;
		got += producer_take(producer, events + got, n - got);
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
		left += __atomic_load_n(&s->producers[i]->busy, __ATOMIC_SEQ_CST);
		left += ring_count(s->producers[i]->ring.ring);
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
		if (__atomic_load_n(&s->producers[i]->busy, __ATOMIC_RELAXED) ||
			ring_count(s->producers[i]->ring.ring) > 0)
			return true;
	return false;
}

static void
inject_pressure(struct weir_worker *worker, void *state, bool on)
{
	struct inject_state *s = state;

	s->parse.depth = on ? worker->under_pressure : WEIR_PARSE_FULL;
}

bool
inject_rings(const struct source_ops *ops, const void *conf, struct app_rings *rings)
{
	const struct inject_conf *c = conf;

	if (ops != &source_inject)
		return false;
	*rings = (struct app_rings){ .count = (unsigned int)c->producers,
		.capacity = (uint32_t)c->ring,
		.bytes = producer_bytes(c) };
	return true;
}

bool
inject_ring(const void *state, unsigned int i, struct app_ring *ring)
{
	const struct inject_state *s = state;
	const struct weir_inject *producer;

	if (i >= s->producer_count)
		return false;
	producer = s->producers[i];
	*ring = (struct app_ring){
		.producer = &producer->ring,
		.taken = stat_read_acquire(&producer->taken),
		.refused = stat_read(&producer->refused),
		.high_water = __atomic_load_n(&producer->high_water, __ATOMIC_RELAXED),
		.bytes = producer_bytes(s->conf),
		.opened = i < __atomic_load_n(&s->opened, __ATOMIC_RELAXED),
	};
	return true;
}

const struct source_ops source_inject = {
	.type = {
		.name = "inject",
		.help = "packets and events that an embedding application hands in",
		.params = inject_params,
	},
	.conf_size = sizeof(struct inject_conf),
	.state_size = sizeof(struct inject_state),
	.check = inject_check,
	.memory = inject_memory,
	.init = inject_init,
	.poll = inject_poll,
	.drain = inject_drain,
	.checked = true,
	.foreign = true,
	.pressure = inject_pressure,
	.fini = inject_fini,
	.pending = inject_pending,
};
