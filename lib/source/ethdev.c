/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The ethdev source: poll a queue of a port, parse what came. */
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_lcore.h>

#include "capture.h"
#include "source_private.h"

/* Packets asked of the driver at once: a multiple of what its vector code takes. */
#define RX_PART 16

/* Longest packet of drivers that make chains unasked: libpcap's. */
#define CHAINED_MAX CAPTURE_PACKET_MAX

struct ethdev_state {
	bool away; /* other lcores read its events: their lines must come back first */
	struct weir_parse_burst parse;
	struct wire_clock clock;
	uint32_t segments; /* mbufs of the longest packet, where the driver makes chains unasked */
	uint32_t cut;      /* bytes at which the driver cuts; 0: it does not */
};

static const char *const auto_word[] = { "auto", NULL };

static const struct weir_param ethdev_params[] = {
	{ .name = "promiscuous",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct ethdev_conf, promiscuous),
		.def = "on",
		.help = "receive frames for other stations too" },
	{ .name = "mtu",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct ethdev_conf, mtu),
		.min = RTE_ETHER_MIN_MTU,
		.max = UINT16_MAX,
		.def = "auto",
		.values = auto_word,
		.help = "MTU that the port is set to; auto: it stays as it is" },
	{ .name = NULL },
};

static uint16_t ethdev_poll_cut(struct weir_worker *worker, void *state,
	struct weir_event *events[], uint16_t n);

/* What the driver does with long frames. */
static void
ethdev_frames(struct weir_worker *worker, struct ethdev_state *s)
{
	uint32_t room = rte_pktmbuf_data_room_size(worker->pool) - RTE_PKTMBUF_HEADROOM;
	struct rte_eth_dev_info info;

	s->segments = (CHAINED_MAX + room - 1) / room;
	if (rte_eth_dev_info_get(worker->port, &info) == 0)
		s->cut = port_cut(&info);
	/* The others need not ask. */
	if (s->cut != 0)
		worker->poll = ethdev_poll_cut;
}

/*
 * A driver that makes chains reads a packet before it knows whether there are mbufs for it: so there
 * must be, for each of the longest, or nothing is taken. What other lcores have in their caches is
 * not to be had here.
 */
static unsigned int
ethdev_room(struct weir_worker *worker, void *state)
{
	const struct ethdev_state *s = state;
	struct rte_mempool *pool = worker->pool;
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());
	/* As rte_mempool_ops_get_count(), which DPDK's library does not export. */
	unsigned int n = rte_mempool_get_ops(pool->ops_index)->get_count(pool);

	n += cache != NULL ? cache->len : 0;
	n /= s->segments * worker->count;
	return n < POLL_LEAST ? 0 : n;
}

static int
ethdev_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	struct ethdev_state *s = state;

	(void)conf;
	(void)error;
	s->away = worker_reaches_ring(worker);
	source_parse_init(worker, worker->port, worker->queue, &s->parse);
	wire_clock_init(worker->port, &s->clock);
	ethdev_frames(worker, s);
	return 0;
}

/*
 * A port may give mbufs of another's pool (net_ring does), without room for an event: copy such a
 * packet into a pool of ours. A packet for which there is no mbuf is counted and freed.
 */
static uint16_t
adopt(struct weir_worker *worker, struct rte_mbuf *mbufs[], struct weir_event *events[], uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];

		if (m->pool != worker->pool && !weir_mbuf_fits(m)) {
			struct rte_mbuf *copy = fault_hit(FAULT_NO_MBUF) ?
				NULL :
				rte_pktmbuf_copy(m, worker->pool, 0, UINT32_MAX);

			rte_pktmbuf_free(m);
			if (copy == NULL) {
				stat_add(&worker->stats->in, 1);
				stat_add_release(&worker->stats->dropped[DROP_NO_MBUF], 1);
				continue;
			}
			m = copy;
		}
		mbufs[kept] = m;
		events[kept++] = weir_mbuf_event(m);
	}
	return kept;
}

/*
 * Take at most n mbufs, whose events nobody but this lcore ever has. `foreign` is set where one is
 * of another pool than the worker's.
 */
static uint16_t
receive_home(const struct weir_worker *worker, struct rte_mbuf *mbufs[],
	struct weir_event *events[], uint16_t n, bool *foreign)
{
	n = rte_eth_rx_burst(worker->port, worker->queue, mbufs, n);
	UNROLL(4)
	for (uint16_t i = 0; i < n; i++) {
		events[i] = weir_mbuf_event(mbufs[i]);
		*foreign |= mbufs[i]->pool != worker->pool;
	}
	return n;
}

/*
 * Take at most n mbufs, in parts: while the driver fetches the next part, the event lines of the
 * last one come over from the core that read them before. One hop over two cores of an EPYC makes
 * 1.1 times the events of RX bursts of 32 that fetch nothing, and 1.4 times with TCP frames (medians
 * of 15 alternating rounds); 0.95 of that where the loop is unrolled and fetches by fours. Three
 * stages on one lcore make 1.06 times as many without this.
 */
static uint16_t
receive_away(const struct weir_worker *worker, struct rte_mbuf *mbufs[],
	struct weir_event *events[], uint16_t n, bool *foreign)
{
	uint16_t got = 0;

	while (got < n) {
		uint16_t ask = RTE_MIN((uint16_t)(n - got), RX_PART), end;

		end = got + rte_eth_rx_burst(worker->port, worker->queue, mbufs + got, ask);
		ask += got;
		for (; got < end; got++) {
			events[got] = weir_mbuf_event(mbufs[got]);
			prefetch_write(events[got]);
			*foreign |= mbufs[got]->pool != worker->pool;
		}
		if (got < ask)
			break;
	}
	return got;
}

static uint16_t
ethdev_poll(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct ethdev_state *s = state;
	struct rte_mbuf *mbufs[BURST_MAX];
	bool foreign = false;

	if (unlikely(worker_port_gone(worker)) || fault_hit(FAULT_SILENT))
		return 0;
	n = RTE_MIN(n, BURST_MAX);
	n = s->away ? receive_away(worker, mbufs, events, n, &foreign) :
		      receive_home(worker, mbufs, events, n, &foreign);
	if (n == 0)
		return 0;
	s->parse.tsc = rte_rdtsc();
	if (unlikely(foreign))
		n = adopt(worker, mbufs, events, n);
	weir_parse(mbufs, n, &s->parse);
	if (s->clock.offset >= 0 && s->parse.depth == WEIR_PARSE_FULL)
		wire_clock_stamp(&s->clock, mbufs, n);
	return n;
}

static void
ethdev_watch(struct weir_worker *worker, void *state)
{
	struct ethdev_state *s = state;

	wire_clock_watch(&s->clock, worker->port);
}

/* By its IP header a packet that fills what the driver has room for goes on: it was cut. */
static void
cut_mark(struct weir_event *event)
{
	const uint8_t *ip =
		rte_pktmbuf_mtod_offset(weir_event_mbuf(event), const uint8_t *, event->l3_off);
	uint32_t end = event->l3_off;

	if (event->l3_off == 0)
		return;
	if (event->flags & WEIR_EVENT_IPV4)
		end += (uint32_t)ip[2] << 8 | ip[3];
	else
		end += (uint32_t)sizeof(struct rte_ipv6_hdr) + ((uint32_t)ip[4] << 8 | ip[5]);
	if (end <= event->len)
		return;
	event->flags |= WEIR_EVENT_TRUNCATED;
	event->wire_len = end;
}

static uint16_t
ethdev_poll_cut(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	const struct ethdev_state *s = state;

	n = ethdev_poll(worker, state, events, n);
	for (uint16_t i = 0; i < n; i++)
		if (events[i]->len >= s->cut && events[i]->flags & WEIR_EVENT_KEYED)
			cut_mark(events[i]);
	return n;
}

static void
ethdev_pressure(struct weir_worker *worker, void *state, bool on)
{
	struct ethdev_state *s = state;

	s->parse.depth = on ? worker->under_pressure : WEIR_PARSE_FULL;
}

const struct source_ops source_ethdev = {
	.type = {
		.name = "ethdev",
		.help = "packets of the queues of a DPDK port, named by `device`",
		.params = ethdev_params,
	},
	.conf_size = sizeof(struct ethdev_conf),
	.state_size = sizeof(struct ethdev_state),
	.least = POLL_LEAST,
	.chained = CHAINED_MAX,
	.init = ethdev_init,
	.poll = ethdev_poll,
	.room = ethdev_room,
	.pressure = ethdev_pressure,
	.watch = ethdev_watch,
};
