/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The general way through a packet, from mbuf to event. */
#include <assert.h>
#include <netinet/in.h>

#include <rte_common.h>

#include "event/event.h"
#include "stats/stats.h"
#include "parse_private.h"

/* Those that are counted. */
#define COUNTED_FLAGS \
	(WEIR_EVENT_TRUNCATED | WEIR_EVENT_NO_LENGTH | WEIR_EVENT_BAD_L3_CKSUM | \
		WEIR_EVENT_BAD_L4_CKSUM)

#define LAYER_AT offsetof(struct weir_event, payload_len)
#define SAME_PLACE(field) \
	static_assert(offsetof(struct weir_event, field) == \
			LAYER_AT + offsetof(struct parse_layer, field), \
		"a layer is copied into the event as it is")

SAME_PLACE(l3_off);
SAME_PLACE(l4_off);
SAME_PLACE(payload_off);
SAME_PLACE(stopped);
SAME_PLACE(vlan);
SAME_PLACE(tunnel_id);
SAME_PLACE(tunnel);
SAME_PLACE(verdict);
SAME_PLACE(tcp_flags);
SAME_PLACE(proto);
static_assert(LAYER_AT + sizeof(struct parse_layer) == offsetof(struct weir_event, key),
	"a layer ends where the event's line 0 does");

/* The tags that the NIC took out of the frame go before those still in it. */
static void
stripped_tags(struct parse *p)
{
	const uint64_t any = RTE_MBUF_F_RX_QINQ_STRIPPED | RTE_MBUF_F_RX_VLAN_STRIPPED;
	const struct rte_mbuf *mbuf = p->mbuf;

	if (likely(!(mbuf->ol_flags & any)))
		return;
	p->flags |= WEIR_EVENT_VLAN_STRIPPED;
	if (mbuf->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED)
		parse_tag(p, mbuf->vlan_tci_outer);
	if (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		parse_tag(p, mbuf->vlan_tci);
}

static uint32_t
checksum_flags(uint64_t ol_flags, uint8_t checksum)
{
	const uint64_t bad = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD |
		RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD | RTE_MBUF_F_RX_OUTER_L4_CKSUM_BAD;
	uint32_t flags = 0;

	if (checksum == WEIR_PARSE_CHECKSUM_OFF)
		return 0;
	/* With the bit for good ones too, it means that nothing is known. */
	if (likely(!(ol_flags & bad)))
		return 0;
	if ((ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
		ol_flags & RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD)
		flags |= WEIR_EVENT_BAD_L3_CKSUM;
	if ((ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD ||
		(ol_flags & RTE_MBUF_F_RX_OUTER_L4_CKSUM_MASK) == RTE_MBUF_F_RX_OUTER_L4_CKSUM_BAD)
		flags |= WEIR_EVENT_BAD_L4_CKSUM;
	return flags;
}

/*
 * Whether nothing behind the ports need be looked at. Of a guess all that is wrong counts: it
 * decides whether the inside of a tunnel is one, and so what the key is.
 */
static inline bool
ports_suffice(const struct parse *p)
{
	return (p->now.proto == IPPROTO_TCP || p->now.proto == IPPROTO_UDP) && !p->guess &&
		!(p->flags & WEIR_EVENT_LATER_FRAGMENT);
}

/* Whether an IP packet is to be read that may be a guess; one that is not any more is none. */
static inline bool
ip_counts(struct parse *p, uint8_t version)
{
	if (unlikely(p->guess == GUESS_NIBBLE) && parse_is_ip(p, version))
		p->guess = GUESS_NONE;
	return !parse_misfits(p, version);
}

static __rte_always_inline void
parse_steps(struct parse *p, const uint8_t l2, const bool key_only)
{
	enum parse_step step = l2 == WEIR_PARSE_L2_ETHERNET ? STEP_ETHER : parse_l2(p, l2);

	while ((step = parse_between(p, step)) != STEP_DONE) {
		switch (step) {
		case STEP_IPV4:
			step = ip_counts(p, 4) ? parse_ipv4(p) : STEP_DONE;
			break;
		case STEP_IPV6:
			step = ip_counts(p, 6) ? parse_ipv6(p) : STEP_DONE;
			break;
		case STEP_L4:
			step = key_only && ports_suffice(p) ? parse_ports_only(p) : parse_l4(p);
			break;
		default:
			step = parse_udp_tunnel(p);
			break;
		}
	}
}

/* Of a layer what key-only gives. */
static __rte_always_inline void
keep_key_only(struct weir_event *event, const struct parse_layer *layer)
{
	memset((uint8_t *)event + LAYER_AT, 0, sizeof(*layer));
	event->tunnel = layer->tunnel;
	event->verdict = layer->verdict;
	event->proto = layer->proto;
	event->flags &= ~(WEIR_EVENT_VLAN | WEIR_EVENT_QINQ);
}

/* Field by field: most of the struct is written before it is read. */
static __rte_always_inline void
parse_begin(struct parse *p, const struct rte_mbuf *mbuf, const struct weir_parse_burst *burst,
	uint32_t wire, bool key_only)
{
	p->mbuf = mbuf;
	p->burst = burst;
	p->data = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	p->contiguous = mbuf->data_len;
	p->end = mbuf->pkt_len;
	p->wire_end = RTE_MAX(wire, mbuf->pkt_len);
	p->header_end = RTE_MIN(mbuf->pkt_len, (uint32_t)UINT16_MAX);
	p->l3_end = 0;
	p->off = 0;
	p->tags = p->kinds = p->tunnels = 0;
	p->guess = GUESS_NONE;
	p->fragment_proto = 0;
	p->key_only = key_only;
	p->now = (struct parse_layer){ .verdict = WEIR_VERDICT_OK };
	p->key.zero = 0;
}

/* What of a packet is counted that does not go the short way. */
static inline void
parse_count(struct weir_parse_burst *burst, const struct weir_event *event)
{
	stat_add(&burst->verdicts[event->verdict], 1);
	if (likely(!(event->flags & COUNTED_FLAGS)))
		return;
	stat_add(&burst->truncated, !!(event->flags & WEIR_EVENT_TRUNCATED));
	stat_add(&burst->no_length, !!(event->flags & WEIR_EVENT_NO_LENGTH));
	stat_add(&burst->bad_l3_checksum, !!(event->flags & WEIR_EVENT_BAD_L3_CKSUM));
	stat_add(&burst->bad_l4_checksum, !!(event->flags & WEIR_EVENT_BAD_L4_CKSUM));
}

/* Compiled for each depth, and for Ethernet by itself. */
static __rte_always_inline void
parse_any(const struct rte_mbuf *mbuf, struct weir_parse_burst *burst, uint16_t pool, uint32_t wire,
	const uint8_t l2, const bool key_only)
{
	struct weir_event *event = weir_mbuf_event(mbuf);
	struct parse p;

	parse_begin(&p, mbuf, burst, wire, key_only);
	p.flags = weir_mbuf_mark_of(mbuf, pool) | checksum_flags(mbuf->ol_flags, burst->checksum);
	event->wire_len = p.wire_end;
	stripped_tags(&p);
	p.done = p.now;
	p.done_flags = p.flags;
	parse_steps(&p, l2, key_only);
	/* Beyond the layer that is said of, unless what is there was a guess. */
	if (!p.guess)
		p.done.stopped = p.now.stopped;
	event->type = WEIR_EVENT_PACKET;
	event->prio = WEIR_PRIO_DEFAULT;
	event->flags = p.done_flags;
	event->tsc = burst->tsc;
	event->wire_ns = 0;
	event->len = mbuf->pkt_len;
	event->port = burst->port;
	event->queue = burst->queue;
	event->hash = 0;
	if (key_only)
		keep_key_only(event, &p.done);
	else
		memcpy((uint8_t *)event + LAYER_AT, &p.done, sizeof(p.done));
	if (p.done_flags & WEIR_EVENT_KEYED) {
		event->key = p.done_key;
		event->hash = weir_key_hash(burst->hash_key, &p.done_key);
	} else {
		/* A tunnel below IP is named with the packet in it alone. */
		event->flags &= ~WEIR_EVENT_TUNNELLED;
		event->tunnel = WEIR_TUNNEL_NONE;
		event->tunnel_id = 0;
	}
	parse_count(burst, event);
}

void
parse_general(const struct rte_mbuf *mbuf, struct weir_parse_burst *burst, uint16_t pool,
	uint32_t wire)
{
	parse_any(mbuf, burst, pool, wire, WEIR_PARSE_L2_ETHERNET, false);
}

void
parse_general_key_only(const struct rte_mbuf *mbuf, struct weir_parse_burst *burst, uint16_t pool,
	uint32_t wire)
{
	parse_any(mbuf, burst, pool, wire, WEIR_PARSE_L2_ETHERNET, true);
}

static void
parse_general_l2(const struct rte_mbuf *mbuf, struct weir_parse_burst *burst, uint32_t wire)
{
	uint16_t pool = pool_index(mbuf->pool);

	if (burst->depth == WEIR_PARSE_KEY_ONLY)
		parse_any(mbuf, burst, pool, wire, burst->l2, true);
	else
		parse_any(mbuf, burst, pool, wire, burst->l2, false);
}

void
parse_burst_l2(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	for (uint16_t i = 0; i < n; i++)
		parse_general_l2(mbufs[i], burst,
			burst->wire_lens != NULL ? burst->wire_lens[i] : 0);
	if (burst->depth == WEIR_PARSE_KEY_ONLY)
		stat_add(&burst->key_only, n);
}
