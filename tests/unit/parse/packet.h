/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Mbufs made by hand, for the tests of the parser and its fuzzer: without EAL, and each segment's
 * data in a heap block of exactly its length, so that a sanitizer sees one byte read too many.
 */
#ifndef WEIR_PARSE_PACKET_H
#define WEIR_PARSE_PACKET_H

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include <weir/parse.h>

#include "parse/parse.h"

#define PACKET_SEGMENTS 3
/* What the event's memory holds before it is parsed. */
#define PACKET_FILL 0xa5

/* Stands for the pool of all of them. */
static uint64_t packet_pool;
/* What the events' hash is of; NULL: the default. */
static const struct weir_hash_key *packet_hash_key;

struct packet {
	struct rte_mbuf *segments[PACKET_SEGMENTS];
	unsigned int n;
};

static inline struct rte_mbuf *
packet_segment(const uint8_t *bytes, uint32_t len)
{
	size_t size = sizeof(struct rte_mbuf) + sizeof(struct weir_event);
	struct rte_mbuf *mbuf = aligned_alloc(RTE_CACHE_LINE_SIZE, size);

	if (mbuf == NULL)
		abort();
	memset(mbuf, 0, sizeof(*mbuf));
	memset(mbuf + 1, PACKET_FILL, sizeof(struct weir_event));
	mbuf->buf_addr = malloc(len);
	if (len > 0)
		memcpy(mbuf->buf_addr, bytes, len);
	mbuf->data_len = (uint16_t)len;
	mbuf->pkt_len = len;
	mbuf->nb_segs = 1;
	mbuf->refcnt = 1;
	mbuf->priv_size = sizeof(struct weir_event);
	mbuf->pool = (void *)&packet_pool;
	return mbuf;
}

/* A packet in up to three segments that are cut at a and b, 0 <= a <= b <= len; none is empty. */
static inline struct rte_mbuf *
packet_make(struct packet *p, const uint8_t *bytes, uint32_t len, uint32_t a, uint32_t b)
{
	const uint32_t cuts[PACKET_SEGMENTS + 1] = { 0, a, b, len };
	unsigned int i;

	p->n = 0;
	for (i = 0; i < PACKET_SEGMENTS; i++)
		if (cuts[i] < cuts[i + 1])
			p->segments[p->n++] =
				packet_segment(bytes + cuts[i], cuts[i + 1] - cuts[i]);
	if (p->n == 0)
		p->segments[p->n++] = packet_segment(bytes, 0);
	for (i = 1; i < p->n; i++) {
		p->segments[i - 1]->next = p->segments[i];
		p->segments[0]->pkt_len += p->segments[i]->data_len;
	}
	p->segments[0]->nb_segs = (uint16_t)p->n;
	return p->segments[0];
}

static inline void
packet_free(struct packet *p)
{
	unsigned int i;

	for (i = 0; i < p->n; i++) {
		free(p->segments[i]->buf_addr);
		free(p->segments[i]);
	}
}

/* The first thing of the keyed event's key that can't be, or NULL. */
static inline const char *
packet_wrong_key(const struct weir_event *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct weir_key back = e->key;

	memcpy(back.src, e->key.dst, sizeof(back.src));
	memcpy(back.dst, e->key.src, sizeof(back.dst));
	back.sport = e->key.dport;
	back.dport = e->key.sport;
	if (e->key.zero != 0 || (e->key.proto != e->proto && !(e->flags & WEIR_EVENT_FRAGMENT)) ||
		e->key.ip_version != weir_event_ip_version(e))
		return "key and event differ";
	if (e->flags & WEIR_EVENT_IPV4 &&
		(memcmp(e->key.src, mapped, 12) != 0 || memcmp(e->key.dst, mapped, 12) != 0))
		return "an IPv4 address is not mapped";
	if (e->hash != weir_key_hash(packet_hash_key, &e->key) ||
		e->hash != weir_key_hash(packet_hash_key, &back))
		return "hash";
	if (e->flags & WEIR_EVENT_LATER_FRAGMENT &&
		(!(e->flags & WEIR_EVENT_FRAGMENT) || e->l4_off != 0 || e->key.sport != 0 ||
			e->key.dport != 0))
		return "a later fragment has L4";
	if (!(e->flags & WEIR_EVENT_FRAGMENT) &&
		e->flags &
			(WEIR_EVENT_LAST_FRAGMENT | WEIR_EVENT_FRAGMENT_PORTS |
				UINT32_MAX << WEIR_EVENT_DATAGRAM_SHIFT))
		return "something of a fragment";
	if (e->flags & WEIR_EVENT_FRAGMENT_PORTS &&
		(e->key.sport != 0 || e->key.dport != 0 || e->flags & WEIR_EVENT_LATER_FRAGMENT))
		return "ports of a fragment in its key";
	return e->l3_off == 0 ? "no l3_off" : NULL;
}

/* The first thing of an event without a key that can't be, or NULL. */
static inline const char *
packet_wrong_keyless(const struct weir_event *e)
{
	unsigned int i;

	for (i = 0; i < sizeof(e->key); i++)
		if (((const uint8_t *)&e->key)[i] != PACKET_FILL)
			return "line 1 is written";
	if (e->l3_off != 0 || e->l4_off != 0 || e->payload_off != 0 || e->payload_len != 0 ||
		e->hash != 0 || weir_event_ip_version(e) != 0 || e->proto != 0 || e->tunnel != 0)
		return "something of IP";
	return NULL;
}

/* The first thing of the mbuf's event that can't be, or NULL: what holds of every packet. */
static inline const char *
packet_wrong(const struct rte_mbuf *mbuf)
{
	const struct weir_event *e = weir_mbuf_event(mbuf);
	unsigned int i;

	for (i = 0; i < sizeof(e->user); i++)
		if (((const uint8_t *)e->user)[i] != PACKET_FILL)
			return "user words are written";
	if (e->type != WEIR_EVENT_PACKET || e->prio != WEIR_PRIO_DEFAULT || e->wire_ns != 0 ||
		e->flags & WEIR_EVENT_WIRE_TIME || e->len != mbuf->pkt_len || e->wire_len != e->len)
		return "type, prio, wire_ns, len or wire_len";
	if (e->pool != weir_pool_index(mbuf->pool))
		return "pool";
	if (e->verdict >= WEIR_VERDICT_MAX ||
		!!(e->flags & WEIR_EVENT_MALFORMED) != (e->verdict != WEIR_VERDICT_OK))
		return "verdict";
	if (!!(e->flags & WEIR_EVENT_PRISTINE) != (mbuf->nb_segs == 1))
		return "pristine";
	if (e->l3_off > e->len || e->l4_off > e->len || e->payload_off > e->len ||
		e->payload_len > e->len - e->payload_off)
		return "an offset beyond the frame";
	if ((e->flags & (WEIR_EVENT_VLAN | WEIR_EVENT_QINQ)) == WEIR_EVENT_QINQ ||
		e->tunnel >= WEIR_TUNNEL_MAX ||
		!!(e->flags & WEIR_EVENT_TUNNELLED) != (e->tunnel != WEIR_TUNNEL_NONE))
		return "VLAN or tunnel";
	if (e->stopped > UINT8_MAX && e->stopped < 0x0600)
		return "stopped";
	return e->flags & WEIR_EVENT_KEYED ? packet_wrong_key(e) : packet_wrong_keyless(e);
}

/* Whether what is wrong with a packet may be what key-only does not look at. */
static inline bool
packet_may_be_unseen(const struct weir_event *full)
{
	if (full->stopped == 0x0806)
		return full->verdict == WEIR_VERDICT_TRUNC_L3;
	if (!(full->flags & WEIR_EVENT_KEYED))
		return false;
	if (full->proto == IPPROTO_TCP)
		return full->verdict == WEIR_VERDICT_BAD_HDR_LEN ||
			full->verdict == WEIR_VERDICT_TRUNC_L4;
	return full->proto == IPPROTO_UDP && full->verdict == WEIR_VERDICT_BAD_TOTAL_LEN;
}

/* The first thing that key-only says otherwise than it promises, by what full says; or NULL. */
static inline const char *
packet_wrong_key_only(const struct weir_event *full, const struct weir_event *key_only)
{
	struct weir_event want = *full;

	if (full->hash != key_only->hash || memcmp(&full->key, &key_only->key, sizeof(want.key)))
		return "key-only: another key or hash";
	if (key_only->verdict == WEIR_VERDICT_OK && packet_may_be_unseen(full)) {
		want.verdict = WEIR_VERDICT_OK;
		want.flags &= ~WEIR_EVENT_MALFORMED;
	}
	want.flags &= ~(WEIR_EVENT_VLAN | WEIR_EVENT_QINQ);
	want.payload_len = want.tunnel_id = 0;
	want.l3_off = want.l4_off = want.payload_off = want.stopped = 0;
	want.vlan[0] = want.vlan[1] = 0;
	want.tcp_flags = 0;
	return memcmp(&want, key_only, sizeof(want)) == 0 ? NULL : "key-only: line 0";
}

/* As packet_wrong_key_only() where checksums are computed, which is done in full alone. */
static inline const char *
packet_wrong_unverified(const struct weir_event *full, const struct weir_event *key_only)
{
	struct weir_event want = *full;

	want.flags &= ~(WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM) | key_only->flags;
	return packet_wrong_key_only(&want, key_only);
}

#endif /* WEIR_PARSE_PACKET_H */
