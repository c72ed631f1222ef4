/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The short way through rarer headers: the general way's table is walked from one IP header to the next, and
 * only what the innermost packet says goes into the event. It takes what the short way begins with,
 * if nothing is wrong anywhere and each IP header is a plain one; what it does not take it leaves as it
 * was, for the general way to begin anew.
 */
#ifndef WEIR_PARSE_RARE_H
#define WEIR_PARSE_RARE_H

#include "fast.h"

/* As parse_begin() has it, but for what is of no use where no outer layer is kept; Ethernet is read. */
static __rte_always_inline void
rare_begin(struct parse *p, const struct rte_mbuf *mbuf, const struct fast_burst *burst,
	uint32_t wire)
{
	p->mbuf = mbuf;
	p->data = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	p->contiguous = p->end = p->header_end = mbuf->data_len;
	p->wire_end = RTE_MAX(wire, mbuf->data_len);
	p->l3_end = 0;
	p->off = ETHER_LEN;
	p->flags = WEIR_EVENT_PRISTINE;
	p->done_flags = 0;
	p->tags = p->kinds = p->tunnels = 0;
	p->guess = GUESS_NONE;
	p->burst = burst->burst;
	p->key_only = true; /* nothing is kept of L2 */
	p->now = (struct parse_layer){ .stopped = get16(p->data + ETHER_LEN - 2) };
}

/* The packet that begins at p->off. */
static __rte_always_inline void
rare_layer(struct fast *layer, const struct parse *p, struct rte_mbuf *mbuf,
	const struct fast_burst *burst, uint32_t wire)
{
	layer->burst = burst;
	layer->mbuf = mbuf;
	layer->data = p->data;
	layer->contiguous = (int32_t)p->contiguous;
	layer->end = (int32_t)p->end;
	layer->wire_end = (int32_t)RTE_MIN(p->wire_end, (uint32_t)INT32_MAX);
	layer->wire = RTE_MAX(wire, p->contiguous);
	layer->l3_off = (int32_t)p->off;
	layer->flags = p->flags | FAST_FLAGS;
	layer->vlan = load32(p->now.vlan);
	layer->tunnel_id = p->now.tunnel_id;
	layer->last = p->now.tunnel;
	layer->guess = p->guess;
	layer->inside = true;
}

/* What the short way says of it, where it is an IP packet that has its place. */
static __rte_always_inline int
rare_ip(const struct fast *layer, struct parse *p, uint8_t version)
{
	const uint8_t *ip = layer->data + layer->l3_off;

	if (layer->l3_off + FAST_LEAST_IP > layer->contiguous || parse_misfits(p, version))
		return FAST_NOT;
	if (version == 6)
		return ip[0] >> 4 == 6 ? fast_ipv6(layer) : FAST_NOT;
	return ip[0] == FAST_IPV4 && !(load16(ip + 6) & FAST_FRAGMENT) ? fast_ipv4(layer) :
									 FAST_NOT;
}

/* Bytes of a header of L4 that has a length of its own; -1: what follows IP is not L4. */
static inline int32_t
rare_header(uint8_t proto, uint8_t version)
{
	switch (proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return ICMP_LEN;
	case IPPROTO_SCTP:
		return SCTP_LEN;
	case IPPROTO_IGMP:
		return IGMP_LEN;
	case IPPROTO_ESP:
		return ESP_LEN;
	case IPPROTO_AH:
		return -1;
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
	case PROTO_SHIM6:
		return version == 6 ? -1 : 0;
	default:
		return 0;
	}
}

/* What stands for both ports. */
static inline uint32_t
rare_ports(const uint8_t *l4, uint8_t proto)
{
	if (proto == IPPROTO_SCTP)
		return load32(l4);
	if ((proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) && parse_icmp_echo(proto, l4[0]))
		return load16(l4 + 4) * 0x10001u;
	return 0;
}

/* All that is known of a packet with anything but TCP and UDP in it goes into the event. */
static inline bool
rare_finish(const struct fast *layer, int32_t l4_off, int32_t length, uint8_t proto,
	uint8_t version)
{
	const uint8_t *ip = layer->data + layer->l3_off, *l4 = layer->data + l4_off;
	struct weir_key *key = &weir_mbuf_event(layer->mbuf)->key;
	int32_t header = rare_header(proto, version);
	int32_t payload = fast_here(layer, l4_off, length) - header;
	uint32_t ports;

	if (header < 0 || payload < 0)
		return false;
	ports = rare_ports(l4, proto);
	if (version == 4) {
		fast_store_ipv4(layer, ip + 12);
	} else {
		memcpy(key->src, ip + 8, sizeof(key->src));
		memcpy(key->dst, ip + 24, sizeof(key->dst));
	}
	fast_store_ports(layer, (const uint8_t *)&ports, proto, version);
	fast_store(layer, fast_first(layer, version), l4_off, header, payload,
		weir_key_hash(layer->burst->burst->hash_key, key), proto);
	return true;
}

/*
 * What is in an IP packet that has neither TCP nor UDP that ends there: FAST_RARE where it is a tunnel, with
 * the next step.
 */
static inline int
rare_inside(const struct fast *layer, struct parse *p, uint8_t version, enum parse_step *step)
{
	const uint8_t *ip = layer->data + layer->l3_off, *udp;
	int32_t l4_off = layer->l3_off + (version == 4 ? IPV4_LEN : IPV6_LEN);
	int32_t length = version == 4 ? get16(ip + 2) - IPV4_LEN : get16(ip + 4);
	uint8_t proto = version == 4 ? ip[9] : ip[6];

	if (length <= 0 || length > fast_room(layer, l4_off))
		return FAST_NOT;
	udp = layer->data + l4_off;
	p->off = (uint32_t)l4_off;
	p->l3_end = (uint32_t)(l4_off + length);
	parse_limit(p, p->l3_end);
	p->flags |= WEIR_EVENT_KEYED;
	if (proto == IPPROTO_UDP) {
		parse_limit(p, p->off + get16(udp + 4));
		p->off += UDP_LEN;
		*step = parse_enter_udp(p, get16(udp), get16(udp + 2));
		return FAST_RARE;
	}
	if (!parse_is_tunnel(proto))
		return rare_finish(layer, l4_off, length, proto, version) ? FAST_OK : FAST_NOT;
	*step = parse_enter(p, proto);
	return FAST_RARE;
}

/* Whether it is ARP, of which key-only wants to know no more. */
static inline bool
rare_is_arp(const struct parse *p)
{
	const uint8_t *arp = p->data + p->off;

	if (p->now.stopped != ETHERTYPE_ARP || p->flags & WEIR_EVENT_KEYED ||
		p->guess != GUESS_NONE)
		return false;
	return FAST_KEY_ONLY ||
		(p->off + ARP_LEN <= p->end && p->off + ARP_LEN + 2u * (arp[4] + arp[5]) <= p->end);
}

/* It has no key: of the event L2 is all. */
static inline void
rare_arp(const struct fast *layer)
{
	uint32_t flags = layer->flags & ~(WEIR_EVENT_KEYED | WEIR_EVENT_TUNNELLED);
	fast_halves fourth = { 0 };

	if (FAST_KEY_ONLY) {
		flags &= ~FAST_NOT_KEY_ONLY_FLAGS;
	} else {
		fourth = (fast_halves)(fast_quarter){ 0, 0, layer->vlan };
		fourth[FAST_STOPPED] = ETHERTYPE_ARP;
	}
	fast_line0(layer, layer->burst->first | (fast_quarter){ 0, flags }, layer->burst->third,
		(fast_quarter)fourth);
}

/* Fill the event of an mbuf that fast_takes(). False, and nothing done: not this way. */
static __rte_noinline bool
parse_rare(struct rte_mbuf *mbuf, const struct fast_burst *burst, uint32_t wire)
{
	enum parse_step step = STEP_ETHERTYPE;
	struct parse p;
	struct fast layer;
	int verdict;

	rare_begin(&p, mbuf, burst, wire);
	while (true) {
		step = parse_between(&p, step);
		rare_layer(&layer, &p, mbuf, burst, wire);
		if (step != STEP_IPV4 && step != STEP_IPV6)
			break;
		verdict = rare_ip(&layer, &p, step == STEP_IPV4 ? 4 : 6);
		if (verdict == FAST_RARE)
			verdict = rare_inside(&layer, &p, step == STEP_IPV4 ? 4 : 6, &step);
		if (verdict != FAST_RARE)
			return verdict == FAST_OK;
	}
	if (!rare_is_arp(&p))
		return false;
	rare_arp(&layer);
	return true;
}

#endif /* WEIR_PARSE_RARE_H */
