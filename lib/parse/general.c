/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The general way through a packet, from mbuf to event. */
#include <assert.h>
#include <netinet/in.h>

#include <rte_common.h>

#include "event/event.h"
#include "parse_private.h"

#define LAYER_AT offsetof(struct weir_event, l3_off)
#define SAME_PLACE(field) \
	static_assert(offsetof(struct weir_event, field) == \
			LAYER_AT + offsetof(struct parse_layer, field), \
		"a layer is copied into the event as it is")

SAME_PLACE(payload_len);
SAME_PLACE(vlan);
SAME_PLACE(tunnel_id);
SAME_PLACE(ethertype);
SAME_PLACE(vlan_count);
SAME_PLACE(verdict);
SAME_PLACE(ip_version);
static_assert(LAYER_AT + sizeof(struct parse_layer) == offsetof(struct weir_event, pool),
	"a layer ends where the event's pool begins");

/* The tags that the NIC took out of the frame go before those still in it. */
static uint16_t
stripped_tags(struct parse_layer *layer, const struct rte_mbuf *mbuf)
{
	uint16_t before = layer->vlan_count;

	if (mbuf->ol_flags & RTE_MBUF_F_RX_QINQ_STRIPPED)
		layer->vlan[layer->vlan_count++] = mbuf->vlan_tci_outer;
	if (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		layer->vlan[layer->vlan_count++] = mbuf->vlan_tci;
	return layer->vlan_count > before ? WEIR_EVENT_VLAN_STRIPPED : 0;
}

static uint16_t
checksum_flags(uint64_t ol_flags)
{
	uint16_t flags = 0;

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

static __rte_always_inline void
parse_steps(struct parse *p, const bool key_only)
{
	enum parse_step step = STEP_ETHER;

	while (step != STEP_DONE) {
		switch (step) {
		case STEP_ETHER:
			step = parse_ether(p);
			break;
		case STEP_ETHERTYPE:
			step = parse_ethertype(p);
			break;
		case STEP_IPV4:
			step = parse_ipv4(p);
			break;
		case STEP_IPV6:
			step = parse_ipv6(p);
			break;
		case STEP_L4:
			step = key_only && ports_suffice(p) ? parse_ports_only(p) : parse_l4(p);
			break;
		case STEP_UDP_TUNNEL:
			step = parse_udp_tunnel(p);
			break;
		case STEP_GRE:
			step = parse_gre(p);
			break;
		case STEP_DONE:
			break;
		}
	}
}

/* Of a layer what key-only gives. */
static __rte_always_inline void
keep_key_only(struct weir_event *event, const struct parse_layer *layer)
{
	const size_t from = offsetof(struct parse_layer, ethertype);

	memset((uint8_t *)event + LAYER_AT, 0, from);
	memcpy((uint8_t *)event + LAYER_AT + from, (const uint8_t *)layer + from,
		sizeof(*layer) - from);
	event->ethertype = 0;
	event->vlan_count = 0;
	event->tcp_flags = 0;
}

/* Compiled for each depth. */
static __rte_always_inline void
parse_any(const struct rte_mbuf *mbuf, const struct weir_parse_burst *burst,
	struct weir_event *event, const bool key_only)
{
	struct parse p = {
		.mbuf = mbuf,
		.data = rte_pktmbuf_mtod(mbuf, const uint8_t *),
		.contiguous = mbuf->data_len,
		/* Offsets have 16 bits: headers further on are beyond what is followed. */
		.end = RTE_MIN(mbuf->pkt_len, (uint32_t)UINT16_MAX),
		.inner = burst->tunnel == WEIR_PARSE_INNER,
	};
	uint16_t flags =
		weir_mbuf_mark(mbuf) | checksum_flags(mbuf->ol_flags) | stripped_tags(&p.now, mbuf);

	p.done = p.now;
	parse_steps(&p, key_only);
	event->type = WEIR_EVENT_PACKET;
	event->prio = WEIR_PRIO_DEFAULT;
	event->flags = flags | p.done_flags;
	event->hash = 0;
	event->tsc = burst->tsc;
	event->wire_ns = 0;
	event->port = burst->port;
	event->queue = burst->queue;
	event->len = mbuf->pkt_len;
	if (key_only)
		keep_key_only(event, &p.done);
	else
		memcpy((uint8_t *)event + LAYER_AT, &p.done, sizeof(p.done));
	if (p.done_flags & WEIR_EVENT_KEYED) {
		event->key = p.done_key;
		event->hash = key_hash(&p.done_key);
	}
}

void
parse_general(const struct rte_mbuf *mbuf, const struct weir_parse_burst *burst,
	struct weir_event *event)
{
	parse_any(mbuf, burst, event, false);
}

void
parse_general_key_only(const struct rte_mbuf *mbuf, const struct weir_parse_burst *burst,
	struct weir_event *event)
{
	parse_any(mbuf, burst, event, true);
}
