/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The short way through the commonest headers: Ethernet, perhaps one VLAN tag, IPv4 without
 * options or IPv6 without extensions, no fragment, TCP or UDP; and once more of the same within
 * VXLAN. It takes a packet only if nothing is wrong with it and it is one pristine segment;
 * everything else, wrong or rare, is left to parse_general(), which says the same of the packets
 * that both can read.
 *
 * Each combination is compiled by itself, so that its offsets are constants; and all of them for
 * each depth, by a file of its own that defines FAST_KEY_ONLY as 0 or 1 before. An event's lines
 * are put together in registers and stored by words and more, which want to be little-endian.
 */
#ifndef WEIR_PARSE_FAST_H
#define WEIR_PARSE_FAST_H

#include <assert.h>
#include <netinet/in.h>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include "event/event.h"
#include "hash.h"
#include "parse_private.h"

/* Offload results that go into the event, or say that the mbuf is not direct. */
#define FAST_NOT_OL_FLAGS \
	(RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED | RTE_MBUF_F_RX_IP_CKSUM_BAD | \
		RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD | \
		RTE_MBUF_F_RX_OUTER_L4_CKSUM_BAD | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)

/* refcnt and nb_segs, both 1. */
#define FAST_ONE_SEGMENT 0x00010001u

/* Version 4 and five words of header; more fragments and fragment offset, as in the packet. */
#define FAST_IPV4 0x45
#define FAST_FRAGMENT RTE_BE16(0x3fff)

/* Where LLC begins so, SNAP may follow. */
#define FAST_SNAP RTE_BE16(0xaaaa)

/* What is read of a TCP header, its flags last; a UDP header is shorter. */
#define FAST_L4_READ 14
#define FAST_FLAGS_OF_TCP 13
/* Bytes that a frame must have to be looked at: Ethernet, a tag, IPv4, what is read of TCP. */
#define FAST_LEAST (ETHER_LEN + VLAN_LEN + IPV4_LEN + FAST_L4_READ)

/* What an event begins with, the pool's index left out. */
#define FAST_WORD0 (WEIR_EVENT_PACKET | WEIR_PRIO_DEFAULT << 8)
#define FAST_POOL_AT 16
/* Flags that all have, and what of the others key-only leaves out. */
#define FAST_FLAGS (WEIR_EVENT_KEYED | WEIR_EVENT_PRISTINE)
#define FAST_NOT_KEY_ONLY_FLAGS (WEIR_EVENT_VLAN | WEIR_EVENT_QINQ)
/* Lanes of the third quarter; of the last one in 16 bits, and in 8. */
#define FAST_HASH 1
#define FAST_PAYLOAD_LEN 2
#define FAST_TUNNEL_ID 3
#define FAST_PAYLOAD_OFF 2
#define FAST_TCP_FLAGS 14
/* The last word of line 0: the tunnel, and behind it */
#define FAST_VERDICT_AT 8
#define FAST_PROTO_AT 24

/*
 * A quarter of a line. Line 0 is stored by quarters: by words, the store buffer is full with a few
 * events whose lines are still on their way from the core that read them last. One hop over two
 * cores of an EPYC makes 1.2 times the events (median of 15 alternating rounds).
 */
typedef uint32_t fast_quarter __attribute__((vector_size(16)));
typedef fast_quarter fast_place __attribute__((may_alias));
typedef uint64_t fast_words __attribute__((vector_size(16)));
typedef uint16_t fast_halves __attribute__((vector_size(16)));
typedef uint8_t fast_bytes __attribute__((vector_size(16)));

/* What is the same for all packets of a burst. */
struct fast_burst {
	fast_quarter first;      /* of an event, but for the flags */
	fast_quarter first_ipv4; /* with those that all have */
	fast_quarter first_ipv6;
	fast_quarter third; /* port and queue of it */
	bool inner;         /* tunnels are looked into */
	/* Of the hash's key: nearer than the caller's, which would take a register. */
	uint64_t words4[HASH_FAST_WORDS4];
	fast_words tcp6, udp6, ports6;
};

static __rte_always_inline void
fast_burst_init(struct fast_burst *fast, const struct weir_parse_burst *burst, uint16_t pool_index)
{
	const uint64_t *words = hash_words(burst->hash_key);
	const fast_quarter first = { FAST_WORD0 | (uint32_t)pool_index << FAST_POOL_AT, 0,
		(uint32_t)burst->tsc, (uint32_t)(burst->tsc >> 32) };

	fast->first = first;
	fast->first_ipv4 = first | (fast_quarter){ 0, FAST_FLAGS | WEIR_EVENT_IPV4 };
	fast->first_ipv6 = first | (fast_quarter){ 0, FAST_FLAGS | WEIR_EVENT_IPV6 };
	fast->third = (fast_quarter){ burst->port | (uint32_t)burst->queue << 16 };
	fast->inner = burst->tunnel == WEIR_PARSE_INNER;
	memcpy(fast->words4, words, sizeof(fast->words4));
	memcpy(&fast->tcp6, words + HASH_ENDS6_TCP, sizeof(fast->tcp6));
	memcpy(&fast->udp6, words + HASH_ENDS6_UDP, sizeof(fast->udp6));
	memcpy(&fast->ports6, words + HASH_PORTS6, sizeof(fast->ports6));
}

/* What is known of a packet before its IP header. */
struct fast {
	const struct fast_burst *burst;
	struct rte_mbuf *mbuf;
	const uint8_t *data;
	int32_t contiguous; /* bytes at data */
	int32_t end;        /* of what there is, by the frame and the tunnel around */
	int32_t l3_off;
	uint32_t flags;
	uint32_t vlan; /* tags, as in the event */
	uint32_t tunnel_id;
	uint32_t last; /* word of line 0: the tunnel, the verdict */
};

static inline uint32_t
load32(const void *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint16_t
load16(const void *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline void
store64(void *at, unsigned int word, uint64_t v)
{
	memcpy((uint8_t *)at + word * sizeof(v), &v, sizeof(v));
}

/*
 * Quarters are stored in their order, as the compiler would not: out of order they take the store
 * buffer longer. One hop over two cores makes 0.8 times the events then (medians of 9 and 11
 * alternating rounds).
 */
static inline void
store_quarter(void *at, unsigned int quarter, fast_quarter v)
{
	fast_place *place = (fast_place *)at + quarter;

#ifdef RTE_ARCH_X86_64
	__asm__ volatile("movaps %1, %0" : "=m"(*place) : "x"(v));
#else
	*place = v;
#endif
}

/* The last quarter: all of it is one constant, but for what the packet must be asked for. */
static __rte_always_inline fast_quarter
fast_fourth(const struct fast *p, int32_t l4_off, int32_t header, uint8_t proto)
{
	fast_quarter words = { (uint32_t)(p->l3_off | l4_off << 16), (uint32_t)proto << 16, p->vlan,
		p->last | (uint32_t)proto << FAST_PROTO_AT };
	fast_halves halves = (fast_halves)words;
	fast_bytes bytes;

	halves[FAST_PAYLOAD_OFF] = (uint16_t)(l4_off + header);
	bytes = (fast_bytes)halves;
	if (proto == IPPROTO_TCP)
		bytes[FAST_TCP_FLAGS] = p->data[l4_off + FAST_FLAGS_OF_TCP];
	return (fast_quarter)bytes;
}

/*
 * Line 0 of the event. Lane by lane what differs: the rest of a quarter is loaded. Nothing is read of
 * the mbuf by other words than drivers write: what is still in the store buffer, behind stores to lines
 * that are on their way from another core, can only be read as it was written.
 */
static __rte_always_inline void
fast_store(const struct fast *p, fast_quarter first, int32_t l4_off, int32_t header,
	int32_t payload, uint32_t hash, uint8_t proto)
{
	struct weir_event *event = weir_mbuf_event(p->mbuf);
	fast_quarter length = { (uint32_t)p->contiguous };
	fast_quarter third = p->burst->third;
	fast_quarter fourth = { 0, 0, 0, p->last | (uint32_t)proto << FAST_PROTO_AT };

	third[FAST_HASH] = hash;
	if (!FAST_KEY_ONLY) {
		third[FAST_PAYLOAD_LEN] = (uint32_t)payload;
		if (p->flags & WEIR_EVENT_TUNNELLED)
			third[FAST_TUNNEL_ID] = p->tunnel_id;
		fourth = fast_fourth(p, l4_off, header, proto);
	}
	store_quarter(event, 0, first);
	store_quarter(event, 1, __builtin_shufflevector(length, length, 1, 1, 0, 0));
	store_quarter(event, 2, third);
	store_quarter(event, 3, fourth);
}

/* Both ports, the protocol, the IP version. */
static __rte_always_inline void
fast_store_ports(const struct fast *p, const uint8_t *l4, uint8_t proto, uint8_t version)
{
	void *key = &weir_mbuf_event(p->mbuf)->key;

	fast_quarter ports = { load32(l4), proto | (uint32_t)version << 8 };

	memcpy((uint8_t *)key + offsetof(struct weir_key, sport), &ports, sizeof(uint64_t));
}

static __rte_always_inline void
fast_store_ipv4(const struct fast *p, const uint8_t *addresses)
{
	const fast_quarter mapped = { 0, 0, RTE_BE32(0xffff), 0 };
	fast_quarter ends = { load32(addresses), load32(addresses + 4) }, src, dst;
	struct weir_key *key = &weir_mbuf_event(p->mbuf)->key;

	src = __builtin_shufflevector(ends, mapped, 4, 4, 6, 0);
	dst = __builtin_shufflevector(ends, mapped, 4, 4, 6, 1);
	memcpy(key->src, &src, sizeof(src));
	memcpy(key->dst, &dst, sizeof(dst));
}

/* The hash of an IPv4 header and the ports behind it. */
static __rte_always_inline uint32_t
fast_hash4(const uint64_t words[], const uint8_t *ip, uint8_t proto)
{
	uint64_t base = words[proto == IPPROTO_TCP ? HASH_END4_TCP : HASH_END4_UDP];

	/* The destination's end with the source port in its midst, which is left out. */
	return hash_pair4(words, hash_end4(base, ip + 12, ip + 20),
		base + (hash_load64(ip + 16) & HASH_END4_DST));
}

/*
 * What the halves of both IPv6 ends have of the ports: 32 bits by 32 in each half, for which GCC
 * knows no operator. With SSE4.1 it is five instructions, and by the operators as many as without
 * SIMD.
 */
static __rte_always_inline void
fast_ports6(const uint8_t *l4, fast_words by, fast_words *src, fast_words *dst)
{
#ifdef __SSE4_1__
	__m128i ports = _mm_cvtepu16_epi64(_mm_cvtsi32_si128((int)load32(l4)));

	*src = (fast_words)_mm_mul_epu32(_mm_shuffle_epi32(ports, 0x4e), (__m128i)by);
	*dst = (fast_words)_mm_mul_epu32(ports, (__m128i)by);
#else
	*src = (fast_words){ hash_load16(l4 + 2), hash_load16(l4) } * by;
	*dst = (fast_words){ hash_load16(l4), hash_load16(l4 + 2) } * by;
#endif
}

/* The addresses of an IPv6 header go into the key; the hash of them and of the ports behind. */
static __rte_always_inline uint32_t
fast_store_ipv6(const struct fast *p, const uint8_t *ip, uint8_t proto)
{
	struct weir_key *key = &weir_mbuf_event(p->mbuf)->key;
	fast_words base = proto == IPPROTO_TCP ? p->burst->tcp6 : p->burst->udp6;
	fast_words src, dst, src_ports, dst_ports;

	memcpy(&src, ip + 8, sizeof(src));
	memcpy(&dst, ip + 24, sizeof(dst));
	memcpy(key->src, &src, sizeof(src));
	memcpy(key->dst, &dst, sizeof(dst));
	fast_ports6(ip + IPV6_LEN, p->burst->ports6, &src_ports, &dst_ports);
	src += base + src_ports;
	dst += base + dst_ports;
	return hash_pair6(hash_fold(src[0], src[1]), hash_fold(dst[0], dst[1]));
}

/* All that is known when TCP or UDP has been read goes into the event. */
static __rte_always_inline void
fast_finish(const struct fast *p, int32_t l4_off, int32_t header, int32_t payload, uint8_t proto,
	uint8_t version)
{
	const uint8_t *ip = p->data + p->l3_off, *l4 = p->data + l4_off;
	uint32_t flags =
		p->flags & ~(FAST_KEY_ONLY ? FAST_NOT_KEY_ONLY_FLAGS | FAST_FLAGS : FAST_FLAGS);
	fast_quarter first = (version == 4 ? p->burst->first_ipv4 : p->burst->first_ipv6) |
		(fast_quarter){ 0, flags };
	uint32_t hash;

	if (version == 4) {
		hash = fast_hash4(p->burst->words4, ip, proto);
		fast_store_ipv4(p, ip + 12);
	} else {
		hash = fast_store_ipv6(p, ip, proto);
	}
	fast_store_ports(p, l4, proto, version);
	fast_store(p, first, l4_off, header, payload, hash, proto);
}

static bool fast_inner(const struct fast_burst *burst, struct rte_mbuf *mbuf, int32_t off,
	int32_t end, uint32_t vlan, uint32_t flags);

/*
 * Whether nothing behind the ports need be looked at: key-only, and not in a tunnel, where what is
 * wrong decides whether the inside counts, and so what the key is.
 */
static __rte_always_inline bool
fast_ports_suffice(const struct fast *p)
{
	return FAST_KEY_ONLY && !(p->flags & WEIR_EVENT_TUNNELLED);
}

/* TCP or UDP by its ports; the rest of the header is there, whatever it says. */
static __rte_always_inline bool
fast_ports(const struct fast *p, int32_t l4_off, int32_t length, uint8_t proto, uint8_t version)
{
	int32_t header = proto == IPPROTO_TCP ? TCP_LEN : UDP_LEN;

	if (unlikely(length < header) || unlikely(p->end - l4_off < header))
		return false;
	fast_finish(p, l4_off, 0, 0, proto, version);
	return true;
}

static __rte_always_inline bool
fast_tcp(const struct fast *p, int32_t l4_off, int32_t length, uint8_t version)
{
	const uint8_t *l4 = p->data + l4_off;
	int32_t header = (l4[12] & 0xf0) >> 2;
	int32_t payload = RTE_MIN(length, p->end - l4_off) - header;

	if (fast_ports_suffice(p))
		return fast_ports(p, l4_off, length, IPPROTO_TCP, version);
	/* Either is negative where there is not enough of it. */
	if (unlikely((payload | (header - TCP_LEN)) < 0))
		return false;
	fast_finish(p, l4_off, header, payload, IPPROTO_TCP, version);
	return true;
}

static __rte_always_inline bool
fast_udp(const struct fast *p, int32_t l4_off, int32_t length, uint8_t version)
{
	const uint8_t *l4 = p->data + l4_off;
	int32_t claimed = get16(l4 + 4);
	int32_t payload = RTE_MIN(claimed, p->end - l4_off) - UDP_LEN;

	if (fast_ports_suffice(p) && likely(!tunnel_port(load16(l4 + 2)) || !p->burst->inner))
		return fast_ports(p, l4_off, length, IPPROTO_UDP, version);
	if (unlikely(claimed > length) || unlikely(payload < 0))
		return false;
	if (unlikely(tunnel_port(load16(l4 + 2))) && p->burst->inner)
		return !(p->flags & WEIR_EVENT_TUNNELLED) &&
			fast_inner(p->burst, p->mbuf, l4_off, l4_off + UDP_LEN + payload, p->vlan,
				p->flags);
	fast_finish(p, l4_off, UDP_LEN, payload, IPPROTO_UDP, version);
	return true;
}

static __rte_always_inline bool
fast_ipv4(const struct fast *p)
{
	const uint8_t *ip = p->data + p->l3_off;
	int32_t l4_off = p->l3_off + IPV4_LEN, length = get16(ip + 2) - IPV4_LEN;

	if (unlikely(ip[0] != FAST_IPV4) || unlikely(load16(ip + 6) & FAST_FRAGMENT))
		return false;
	if (ip[9] == IPPROTO_TCP)
		return fast_tcp(p, l4_off, length, 4);
	return likely(ip[9] == IPPROTO_UDP) && fast_udp(p, l4_off, length, 4);
}

static __rte_always_inline bool
fast_ipv6(const struct fast *p)
{
	const uint8_t *ip = p->data + p->l3_off;
	int32_t l4_off = p->l3_off + IPV6_LEN, length = get16(ip + 4);

	if (unlikely((ip[0] & 0xf0) != 0x60) || unlikely(l4_off + FAST_L4_READ > p->contiguous))
		return false;
	if (ip[6] == IPPROTO_TCP)
		return fast_tcp(p, l4_off, length, 6);
	return likely(ip[6] == IPPROTO_UDP) && fast_udp(p, l4_off, length, 6);
}

static __rte_always_inline bool
fast_ip(const struct fast *p, uint16_t ethertype)
{
	if (ethertype == RTE_BE16(ETHERTYPE_IPV4))
		return fast_ipv4(p);
	return likely(ethertype == RTE_BE16(ETHERTYPE_IPV6)) && fast_ipv6(p);
}

/* An Ethernet header at p->l3_off, with FAST_LEAST bytes to be read there. */
static __rte_always_inline bool
fast_ether(struct fast *p)
{
	const uint8_t *eth = p->data + p->l3_off;
	uint16_t ethertype = load16(eth + 12);

	p->l3_off += ETHER_LEN;
	if (ethertype != RTE_BE16(ETHERTYPE_VLAN))
		return fast_ip(p, ethertype);
	p->l3_off += VLAN_LEN;
	if (p->flags & WEIR_EVENT_VLAN) {
		p->vlan |= (uint32_t)get16(eth + 14) << 16;
		p->flags |= WEIR_EVENT_QINQ;
	} else {
		p->vlan = get16(eth + 14);
		p->flags |= WEIR_EVENT_VLAN;
	}
	return fast_ip(p, load16(eth + 16));
}

/*
 * The frame in a VXLAN packet whose UDP header is at `off`. On false nothing has been written, as
 * everywhere here. What is known of the packet comes as values: a pointer to the caller's struct
 * would keep all of that in memory.
 */
static __rte_noinline bool
fast_inner(const struct fast_burst *burst, struct rte_mbuf *mbuf, int32_t off, int32_t end,
	uint32_t vlan, uint32_t flags)
{
	struct fast p = {
		.burst = burst,
		.mbuf = mbuf,
		.data = rte_pktmbuf_mtod(mbuf, const uint8_t *),
		.contiguous = mbuf->data_len,
		.end = end,
		.l3_off = off + UDP_LEN + VXLAN_LEN,
		.flags = flags | WEIR_EVENT_TUNNELLED,
		.vlan = vlan,
		.last = WEIR_TUNNEL_VXLAN,
	};
	const uint8_t *udp = p.data + off, *vxlan = udp + UDP_LEN;

	if (load16(udp + 2) != RTE_BE16(PORT_VXLAN) || p.l3_off + FAST_LEAST > p.contiguous ||
		!(vxlan[0] & VXLAN_VNI_VALID))
		return false;
	p.tunnel_id = get32(vxlan + 4) >> 8;
	return fast_ether(&p);
}

/* One pristine segment of the pool, long enough, without offload results. */
static __rte_always_inline bool
fast_takes(const struct rte_mbuf *mbuf, const struct rte_mempool *pool)
{
	return likely(mbuf->pool == pool) && likely(mbuf->data_len >= FAST_LEAST) &&
		likely(!(mbuf->ol_flags & FAST_NOT_OL_FLAGS)) &&
		likely(load32(&mbuf->refcnt) == FAST_ONE_SEGMENT);
}

/* Fill the event of an mbuf that fast_takes(); false, and nothing done: not this way. */
static __rte_always_inline bool
parse_fast(struct rte_mbuf *mbuf, const struct fast_burst *burst)
{
	struct fast p = {
		.burst = burst,
		.mbuf = mbuf,
		.data = rte_pktmbuf_mtod(mbuf, const uint8_t *),
		.contiguous = mbuf->data_len,
		.end = mbuf->data_len,
		.flags = FAST_FLAGS,
	};

	return fast_ether(&p);
}

/*
 * The same for an 802.3 frame without SNAP, which is not looked into: what bridges send, and what
 * the zeros of a port without a network are. The verdict; WEIR_VERDICT_MAX: not this way.
 */
static __rte_always_inline enum weir_verdict
parse_fast_llc(struct rte_mbuf *mbuf, const struct fast_burst *burst)
{
	const uint8_t *eth = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	struct fast p = { .burst = burst,
		.mbuf = mbuf,
		.contiguous = mbuf->data_len,
		.flags = WEIR_EVENT_PRISTINE };
	uint16_t length = get16(eth + 12);

	if (length >= ETHERTYPE_LENGTH_END || load16(eth + ETHER_LEN) == FAST_SNAP)
		return WEIR_VERDICT_MAX;
	if (length < LLC_LEN) {
		p.flags |= WEIR_EVENT_MALFORMED;
		p.last = (uint32_t)WEIR_VERDICT_TRUNC_L2 << FAST_VERDICT_AT;
		fast_store(&p, burst->first | (fast_quarter){ 0, p.flags }, 0, 0, 0, 0, 0);
		return WEIR_VERDICT_TRUNC_L2;
	}
	fast_store(&p, burst->first | (fast_quarter){ 0, p.flags }, 0, 0, 0, 0, 0);
	return WEIR_VERDICT_OK;
}

#endif /* WEIR_PARSE_FAST_H */
