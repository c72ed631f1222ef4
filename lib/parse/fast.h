/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The short way through the commonest headers: Ethernet, perhaps one VLAN tag, IPv4 without
 * options or IPv6 without extensions, no fragment, TCP or UDP; and once more of the same within
 * VXLAN. It takes a packet only if nothing is wrong with it and it is one pristine segment. What may
 * have other headers between these, or another protocol in IP, is left to parse_rare(), and everything
 * else to parse_general(), which says the same of the packets that both can read.
 *
 * What its IP length says must be there, or have been there on the wire: what is truncated goes the
 * other way.
 *
 * Each combination is compiled by itself, so that its offsets are constants; and all of them for
 * each depth, by a file of its own that defines FAST_KEY_ONLY as 0 or 1 before, and FAST_WIRE as 1 where
 * packets may have been longer on the wire.
 */
#ifndef WEIR_PARSE_FAST_H
#define WEIR_PARSE_FAST_H

#include <netinet/in.h>

#include "fast_event.h"

/* Offload results that go into the event, or say that the mbuf is not direct. */
#define FAST_NOT_OL_FLAGS \
	(RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED | RTE_MBUF_F_RX_IP_CKSUM_BAD | \
		RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD | \
		RTE_MBUF_F_RX_OUTER_L4_CKSUM_BAD | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)

/* refcnt and nb_segs, both 1. */
#define FAST_ONE_SEGMENT 0x00010001u

/* Version 4 and five words of header; and looked at with the ethertype before it. */
#define FAST_IPV4 0x45
#define FAST_ETHER_IPV4 (RTE_BE16(ETHERTYPE_IPV4) | (uint32_t)FAST_IPV4 << 16)
/* More fragments and fragment offset, and two bytes behind them the protocol, as in the packet. */
#define FAST_FRAGMENT RTE_BE16(0x3fff)
#define FAST_PROTO_AT_FRAGMENT 24
#define FAST_FRAGMENT_MASK (FAST_FRAGMENT | 0xffu << FAST_PROTO_AT_FRAGMENT)
/* Version 6, looked at with the ethertype before it. */
#define FAST_IPV6 (RTE_BE16(ETHERTYPE_IPV6) | 0x60u << 16)
#define FAST_IPV6_MASK 0x00f0ffffu

/* Where LLC begins so, more may follow: SNAP, IP, OSI's. */
#define FAST_SNAP RTE_BE16(0xaaaa)
#define FAST_LLC_IP RTE_BE16(0x0606)
#define FAST_LLC_OSI RTE_BE16(0xfefe)
/* A bit that all of them have: zeros are told apart by it alone. */
#define FAST_LLC_COMMON RTE_BE16(0x0200)

/* What is read of a TCP header, its flags last; a UDP header is shorter. */
#define FAST_L4_READ 14
/* Bytes that a frame must have to be looked at: Ethernet, a tag, IPv4, what is read of TCP. */
#define FAST_LEAST (ETHER_LEN + VLAN_LEN + FAST_LEAST_IP)
#define FAST_LEAST_IP (IPV4_LEN + FAST_L4_READ)

/* What became of a packet on this way: a verdict, or nothing was done, and who is next. */
#define FAST_OK WEIR_VERDICT_OK
#define FAST_RARE WEIR_VERDICT_MAX
#define FAST_NOT (WEIR_VERDICT_MAX + 1)

static int fast_inner(const struct fast_burst *burst, struct rte_mbuf *mbuf, int32_t off,
	int32_t end, int32_t wire_end, uint32_t wire, uint32_t vlan, uint32_t flags);

/*
 * Whether nothing behind the ports need be looked at: key-only, and no guess, of which what is wrong
 * decides whether it counts, and so what the key is.
 */
static __rte_always_inline bool
fast_ports_suffice(const struct fast *p)
{
	return FAST_KEY_ONLY && p->guess == GUESS_NONE;
}

/* Bytes from there on that were on the wire. */
static __rte_always_inline int32_t
fast_room(const struct fast *p, int32_t off)
{
	return (FAST_WIRE ? p->wire_end : p->end) - off;
}

/* Of so many bytes from there on, those that are here. */
static __rte_always_inline int32_t
fast_here(const struct fast *p, int32_t off, int32_t length)
{
	return FAST_WIRE ? RTE_MIN(length, p->end - off) : length;
}

/*
 * Whether a packet from there on is no shorter than its header, and no longer than was on the wire: by one
 * comparison, where there is room for the header, as there always is but inside another packet.
 */
static __rte_always_inline bool
fast_fits(const struct fast *p, int32_t l4_off, int32_t header, int32_t length)
{
	int32_t room = fast_room(p, l4_off) - header;

	return (!p->inside || room >= 0) && (uint32_t)(length - header) <= (uint32_t)room;
}

/* TCP or UDP by its ports; the rest of the header is there, whatever it says. */
static __rte_always_inline int
fast_ports(const struct fast *p, int32_t l4_off, int32_t length, uint8_t proto, uint8_t version)
{
	int32_t header = proto == IPPROTO_TCP ? TCP_LEN : UDP_LEN;

	if (unlikely(length < header) || unlikely(length > fast_room(p, l4_off)) ||
		(FAST_WIRE && unlikely(p->end - l4_off < header)))
		return FAST_NOT;
	fast_finish(p, l4_off, 0, 0, proto, version);
	return FAST_OK;
}

static __rte_always_inline int
fast_tcp(const struct fast *p, int32_t l4_off, int32_t length, uint8_t version)
{
	const uint8_t *l4 = p->data + l4_off;
	int32_t header = (l4[12] & 0xf0) >> 2;
	int32_t payload = fast_here(p, l4_off, length) - header;

	if (fast_ports_suffice(p))
		return fast_ports(p, l4_off, length, IPPROTO_TCP, version);
	if (unlikely(length > fast_room(p, l4_off)))
		return FAST_NOT;
	/* Either is negative where there is not enough of it. */
	if (unlikely((payload | (header - TCP_LEN)) < 0))
		return FAST_NOT;
	fast_finish(p, l4_off, header, payload, IPPROTO_TCP, version);
	return FAST_OK;
}

/* UDP of a port that tunnels use. */
static __rte_always_inline int
fast_udp_tunnel(const struct fast *p, int32_t l4_off, int32_t end, int32_t wire_end)
{
	uint16_t port = load16(p->data + l4_off + 2);

	if (p->inside || (port != p->burst->ports->first[0] && port != p->burst->ports->first[1]))
		return FAST_RARE;
	return fast_inner(p->burst, p->mbuf, l4_off, end, wire_end, p->wire, p->vlan, p->flags);
}

/* What UDP says of its length. It nearly always is IP's, and then need not be turned into the host's order. */
static __rte_always_inline int32_t
fast_udp_length(const uint8_t *udp, int32_t length)
{
	return likely(load16(udp + 4) == __builtin_bswap16((uint16_t)length)) ? length :
										get16(udp + 4);
}

static __rte_always_inline int
fast_udp(const struct fast *p, int32_t l4_off, int32_t length, uint8_t version)
{
	const uint8_t *l4 = p->data + l4_off;
	int32_t claimed, payload;

	if (fast_ports_suffice(p) && likely(!tunnel_port(p->burst->ports, l4) || !p->burst->inner))
		return fast_ports(p, l4_off, length, IPPROTO_UDP, version);
	claimed = fast_udp_length(l4, length);
	payload = fast_here(p, l4_off, claimed) - UDP_LEN;
	if (unlikely(claimed != length) && (claimed > length || length > fast_room(p, l4_off)))
		return FAST_NOT;
	if (unlikely(!fast_fits(p, l4_off, UDP_LEN, claimed)))
		return FAST_NOT;
	if ((FAST_WIRE || p->inside) && unlikely(payload < 0))
		return FAST_NOT;
	if (unlikely(tunnel_port(p->burst->ports, l4)) && p->burst->inner)
		return fast_udp_tunnel(p, l4_off, l4_off + UDP_LEN + payload, l4_off + claimed);
	fast_finish(p, l4_off, UDP_LEN, payload, IPPROTO_UDP, version);
	return FAST_OK;
}

/* IPv4 without options. */
static __rte_always_inline int
fast_ipv4(const struct fast *p)
{
	const uint8_t *ip = p->data + p->l3_off;
	int32_t l4_off = p->l3_off + IPV4_LEN, length = get16(ip + 2) - IPV4_LEN;
	uint32_t proto = load32(ip + 6) & FAST_FRAGMENT_MASK;

	if (proto == (uint32_t)IPPROTO_TCP << FAST_PROTO_AT_FRAGMENT)
		return fast_tcp(p, l4_off, length, 4);
	if (likely(proto == (uint32_t)IPPROTO_UDP << FAST_PROTO_AT_FRAGMENT))
		return fast_udp(p, l4_off, length, 4);
	return FAST_RARE;
}

static __rte_always_inline int
fast_ipv6(const struct fast *p)
{
	const uint8_t *ip = p->data + p->l3_off;
	int32_t l4_off = p->l3_off + IPV6_LEN, length = get16(ip + 4);

	if (unlikely(l4_off + FAST_L4_READ > p->contiguous))
		return FAST_NOT;
	if (ip[6] == IPPROTO_TCP)
		return fast_tcp(p, l4_off, length, 6);
	return likely(ip[6] == IPPROTO_UDP) ? fast_udp(p, l4_off, length, 6) : FAST_RARE;
}

static __rte_always_inline bool
fast_llc_followed(uint16_t access_points)
{
	return access_points & FAST_LLC_COMMON &&
		(access_points == FAST_SNAP || access_points == FAST_LLC_IP ||
			access_points == FAST_LLC_OSI);
}

/*
 * An 802.3 frame without SNAP, which is not looked into: what bridges send, and what the zeros of a
 * port without a network are.
 */
static __rte_always_inline int
fast_llc(const struct fast *p)
{
	uint16_t length = get16(p->data + 12);
	fast_quarter first = p->burst->first, fourth = { 0 };
	enum weir_verdict verdict = WEIR_VERDICT_OK;

	if (length >= ETHERTYPE_LENGTH_END || fast_llc_followed(load16(p->data + ETHER_LEN)))
		return FAST_RARE;
	if (length < LLC_LEN) {
		verdict = WEIR_VERDICT_TRUNC_L2;
		first |= (fast_quarter){ 0, WEIR_EVENT_MALFORMED };
		fourth |= (fast_quarter){ 0, 0, 0, (uint32_t)verdict << FAST_VERDICT_AT };
	}
	fast_line0(p, first | (fast_quarter){ 0, WEIR_EVENT_PRISTINE }, p->burst->third, fourth);
	return verdict;
}

/* Whether an ethertype is IPv4's, and a header without options follows. Reads a byte before it, too. */
static __rte_always_inline bool
fast_is_ipv4(const uint8_t *type)
{
	return load32(type - 1) >> 8 == FAST_ETHER_IPV4;
}

/* A frame without IP, or with options of IPv4. Those in tunnels and behind tags are Ethernet II. */
static __rte_always_inline int
fast_not_ip(const struct fast *p)
{
	return p->inside || p->flags & WEIR_EVENT_VLAN ? FAST_RARE : fast_llc(p);
}

/* Behind a tag, which is the upper half of what was read. */
static __rte_always_inline int
fast_vlan(struct fast *p, uint32_t read)
{
	const uint8_t *type = p->data + p->l3_off + 2;
	uint32_t tag = rte_bswap32(read) & UINT16_MAX;

	p->l3_off += VLAN_LEN;
	if (p->flags & WEIR_EVENT_VLAN) {
		p->vlan |= tag << 16;
		p->flags |= WEIR_EVENT_QINQ;
	} else {
		p->vlan = tag;
		p->flags |= WEIR_EVENT_VLAN;
	}
	if (likely(fast_is_ipv4(type)))
		return fast_ipv4(p);
	return likely((load32(type) & FAST_IPV6_MASK) == FAST_IPV6) ? fast_ipv6(p) : fast_not_ip(p);
}

/* An Ethernet header at p->l3_off, with FAST_LEAST bytes to be read there. */
static __rte_always_inline int
fast_ether(struct fast *p)
{
	const uint8_t *type = p->data + p->l3_off + ETHER_LEN - 2;
	uint32_t read;

	p->l3_off += ETHER_LEN;
	if (fast_is_ipv4(type))
		return fast_ipv4(p);
	read = load32(type);
	if ((read & FAST_IPV6_MASK) == FAST_IPV6)
		return fast_ipv6(p);
	return (uint16_t)read == RTE_BE16(ETHERTYPE_VLAN) ? fast_vlan(p, read) : fast_not_ip(p);
}

/*
 * The frame in a VXLAN packet whose UDP header is at `off`. What is known of the packet comes as values: a
 * pointer to the caller's struct would keep all of that in memory.
 */
static __rte_noinline int
fast_inner(const struct fast_burst *burst, struct rte_mbuf *mbuf, int32_t off, int32_t end,
	int32_t wire_end, uint32_t wire, uint32_t vlan, uint32_t flags)
{
	struct fast p = {
		.burst = burst,
		.mbuf = mbuf,
		.data = rte_pktmbuf_mtod(mbuf, const uint8_t *),
		.contiguous = mbuf->data_len,
		.end = end,
		.wire_end = wire_end,
		.wire = wire,
		.l3_off = off + UDP_LEN + VXLAN_LEN,
		.flags = flags | WEIR_EVENT_TUNNELLED,
		.vlan = vlan,
		.last = WEIR_TUNNEL_VXLAN,
		.guess = GUESS,
		.inside = true,
	};
	const uint8_t *vxlan = p.data + off + UDP_LEN;

	if (p.l3_off + FAST_LEAST > p.contiguous || !(vxlan[0] & VXLAN_VNI_VALID))
		return FAST_NOT;
	p.tunnel_id = get32(vxlan + 4) >> 8;
	return fast_ether(&p);
}

/* Bytes of a frame, widened at once: the compiler would compare 16 bits first, and widen them by another instruction. */
static __rte_always_inline uint32_t
fast_length(const struct rte_mbuf *mbuf)
{
	uint32_t length = mbuf->data_len;

	__asm__("" : "+r"(length));
	return length;
}

/* One pristine segment of the pool, long enough, without offload results. */
static __rte_always_inline bool
fast_takes(const struct rte_mbuf *mbuf, const struct rte_mempool *pool, uint32_t length)
{
	return likely(mbuf->pool == pool) && likely(length >= FAST_LEAST) &&
		likely(!(mbuf->ol_flags & FAST_NOT_OL_FLAGS)) &&
		likely(load32(&mbuf->refcnt) == FAST_ONE_SEGMENT);
}

/* Fill the event of an mbuf that fast_takes(). */
static __rte_always_inline int
parse_fast(struct rte_mbuf *mbuf, const struct fast_burst *burst, uint32_t length, uint32_t wire)
{
	struct fast p = {
		.burst = burst,
		.mbuf = mbuf,
		.data = rte_pktmbuf_mtod(mbuf, const uint8_t *),
		.contiguous = (int32_t)length,
		.end = (int32_t)length,
		.wire_end = (int32_t)RTE_MIN(RTE_MAX(wire, length), (uint32_t)INT32_MAX),
		.wire = RTE_MAX(wire, length),
		.flags = FAST_FLAGS,
		.guess = GUESS_NONE,
		.inside = false,
	};

	return fast_ether(&p);
}

#endif /* WEIR_PARSE_FAST_H */
