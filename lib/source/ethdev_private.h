/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the polls of the ethdev source share; each has it inlined, so that none pays for another. */
#ifndef WEIR_ETHDEV_PRIVATE_H
#define WEIR_ETHDEV_PRIVATE_H

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ip.h>

#include "match/match.h"
#include "source_private.h"

struct ethdev_state {
	bool away; /* other lcores read its events: their lines must come back first */
	struct weir_parse_burst parse;
	struct wire_clock clock;
	uint32_t segments; /* mbufs of the longest packet, where the driver makes chains unasked */
	uint32_t cut;      /* bytes at which the driver cuts; 0: it does not */
	bool stamps;       /* wire times were asked for */
	struct match *match;         /* what is asked for; NULL: all */
	struct port_changes changes; /* to tell of, where it is asked for */
};

/* ethdev_match.c: the poll where some packets are asked for. */
uint16_t ethdev_poll_match(struct weir_worker *worker, void *state, struct weir_event *events[],
	uint16_t n);

/*
 * A port may give mbufs of another's pool (net_ring does, and a port that is the application's), without
 * room for an event: copy such a packet into a pool of ours. A packet for which there is no mbuf is counted and freed.
 */
static inline uint16_t
make_fit(struct weir_worker *worker, struct rte_mbuf *mbufs[], struct weir_event *events[],
	uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];

		if (m->pool != worker->pool && !weir_mbuf_fits(m)) {
			struct rte_mbuf *copy = worker->pool == NULL || fault_hit(FAULT_NO_MBUF) ?
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

/* Events of what was received. */
static inline uint16_t
events_make(struct weir_worker *worker, struct ethdev_state *s, struct rte_mbuf *mbufs[],
	struct weir_event *events[], uint16_t n, bool foreign)
{
	s->parse.tsc = rte_rdtsc();
	if (unlikely(foreign))
		n = make_fit(worker, mbufs, events, n);
	weir_parse(mbufs, n, &s->parse);
	if (s->clock.offset >= 0 && s->parse.depth == WEIR_PARSE_FULL)
		wire_clock_stamp(&s->clock, mbufs, n);
	return n;
}

/* A packet that fills what the driver has room for, and by its IP header goes on, was cut there. */
static inline void
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
	if (end > event->len)
		event->wire_len = end;
}

static inline void
cut_look(const struct ethdev_state *s, struct weir_event *const events[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (events[i]->len >= s->cut && events[i]->flags & WEIR_EVENT_TRUNCATED)
			cut_mark(events[i]);
}

#endif /* WEIR_ETHDEV_PRIVATE_H */
