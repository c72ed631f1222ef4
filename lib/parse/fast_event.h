/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The events of the short way (fast.h). Their lines are put together in registers and stored by words
 * and more, which want to be little-endian.
 */
#ifndef WEIR_PARSE_FAST_EVENT_H
#define WEIR_PARSE_FAST_EVENT_H

#include <assert.h>
#include <netinet/in.h>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include "event/event.h"
#include "hash.h"
#include "parse_private.h"

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
#define FAST_STOPPED 3
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
	const struct weir_vxlan_ports *ports;
	const struct weir_parse_burst *burst;
	/* Of the hash's key: nearer than the caller's, which would take a register. */
	uint64_t pair4;
	fast_words tcp4, udp4; /* of both ends alike */
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
	fast->ports = parse_ports_of(burst);
	fast->burst = burst;
	fast->pair4 = words[HASH_PAIR4];
	fast->tcp4 = (fast_words){ words[HASH_END4_TCP], words[HASH_END4_TCP] };
	fast->udp4 = (fast_words){ words[HASH_END4_UDP], words[HASH_END4_UDP] };
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
	int32_t wire_end;   /* of what there was on the wire, by the same: with FAST_WIRE */
	int32_t l3_off;
	uint32_t wire; /* bytes of the frame on the wire: with FAST_WIRE */
	uint32_t flags;
	uint32_t vlan; /* tags, as in the event */
	uint32_t tunnel_id;
	uint32_t last; /* word of line 0: the tunnel, the verdict */
	uint8_t guess; /* enum parse_guess, of this packet */
	bool inside;   /* behind another packet, or behind more than Ethernet and a tag */
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
		bytes[FAST_TCP_FLAGS] = p->data[l4_off + TCP_FLAGS_AT];
	return (fast_quarter)bytes;
}

/* The second quarter: no wire time, and the captured length, which mostly is that on the wire, too. */
static __rte_always_inline fast_quarter
fast_lengths(uint32_t length, uint32_t wire)
{
	if (FAST_WIRE)
		return (fast_quarter){ 0, 0, length, wire };
#ifdef __SSE4_1__
	/* By the operators it is four instructions. */
	return (fast_quarter)_mm_shuffle_epi32(_mm_cvtsi32_si128((int)length), 0x05);
#else
	return (fast_quarter){ 0, 0, length, length };
#endif
}

/*
 * Line 0 of the event. Lane by lane what differs: the rest of a quarter is loaded. Nothing is read of
 * the mbuf by other words than drivers write: what is still in the store buffer, behind stores to lines
 * that are on their way from another core, can only be read as it was written.
 */
static __rte_always_inline void
fast_line0(const struct fast *p, fast_quarter first, fast_quarter third, fast_quarter fourth)
{
	struct weir_event *event = weir_mbuf_event(p->mbuf);

	store_quarter(event, 0, first);
	store_quarter(event, 1, fast_lengths((uint32_t)p->contiguous, p->wire));
	store_quarter(event, 2, third);
	store_quarter(event, 3, fourth);
}

/* The same of what TCP or UDP is in. */
static __rte_always_inline void
fast_store(const struct fast *p, fast_quarter first, int32_t l4_off, int32_t header,
	int32_t payload, uint32_t hash, uint8_t proto)
{
	fast_quarter third = p->burst->third;
	fast_quarter fourth = { 0, 0, 0, p->last | (uint32_t)proto << FAST_PROTO_AT };

	third[FAST_HASH] = hash;
	if (!FAST_KEY_ONLY) {
		third[FAST_PAYLOAD_LEN] = (uint32_t)payload;
		if (p->flags & WEIR_EVENT_TUNNELLED)
			third[FAST_TUNNEL_ID] = p->tunnel_id;
		fourth = fast_fourth(p, l4_off, header, proto);
	}
	fast_line0(p, first, third, fourth);
}

/* Both ports, the protocol, the IP version. */
static __rte_always_inline void
fast_store_ports(const struct fast *p, const uint8_t *l4, uint8_t proto, uint8_t version)
{
	uint64_t ports = load32(l4) | (uint64_t)(proto | (uint32_t)version << 8) << 32;

	store64(&weir_mbuf_event(p->mbuf)->key, offsetof(struct weir_key, sport) / sizeof(ports),
		ports);
}

/* The IPv4 address that `ends` begins with, as a key has it. */
static __rte_always_inline fast_bytes
fast_mapped(fast_bytes ends)
{
	const fast_bytes mapped = (fast_bytes)(fast_quarter){ 0, 0, 0, RTE_BE32(0xffff) };

	return __builtin_shufflevector(mapped, ends, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		17, 18, 19);
}

static __rte_always_inline void
fast_store_ipv4(const struct fast *p, const uint8_t *addresses)
{
	struct weir_key *key = &weir_mbuf_event(p->mbuf)->key;
	fast_bytes src = fast_mapped((fast_bytes)(fast_quarter){ load32(addresses) });
	fast_bytes dst = fast_mapped((fast_bytes)(fast_quarter){ load32(addresses + 4) });

	memcpy(key->src, &src, sizeof(src));
	memcpy(key->dst, &dst, sizeof(dst));
}

/* Both ends of an IPv4 flow, of its addresses and ports: each address, and its port in the upper 16 bits. */
static __rte_always_inline fast_words
fast_ends4(fast_bytes ends)
{
#ifdef __SSSE3__
	/* By the operator it is three instructions more. */
	return (fast_words)_mm_shuffle_epi8((__m128i)ends,
		_mm_setr_epi8(0, 1, 2, 3, -1, -1, 8, 9, 4, 5, 6, 7, -1, -1, 10, 11));
#else
	const fast_bytes none = { 0 };

	return (fast_words)__builtin_shufflevector(ends, none, 0, 1, 2, 3, 16, 16, 8, 9, 4, 5, 6, 7,
		16, 16, 10, 11);
#endif
}

/*
 * The key of an IPv4 header and the ports behind it, and their hash. Addresses and ports lie in 16 bytes of
 * the packet; the destination and the ports just as in the last 16 bytes of a key.
 */
static __rte_always_inline uint32_t
fast_key4(const struct fast *p, const uint8_t *ip, uint8_t proto)
{
	uint8_t *key = (uint8_t *)&weir_mbuf_event(p->mbuf)->key;
	const fast_quarter packets = { 0, UINT32_MAX, UINT32_MAX, 0 };
	const fast_quarter others = { RTE_BE32(0xffff), 0, 0, proto | 4u << 8 };
	fast_bytes ends, src;
	fast_quarter last;
	fast_words words;

	memcpy(&ends, ip + 12, sizeof(ends));
	src = fast_mapped(ends);
	memcpy(key, &src, sizeof(src));
	memset(key + sizeof(src), 0, sizeof(struct weir_key) - sizeof(src) - sizeof(last));
	last = ((fast_quarter)ends & packets) | others;
	memcpy(key + sizeof(struct weir_key) - sizeof(last), &last, sizeof(last));
	words = fast_ends4(ends) + (proto == IPPROTO_TCP ? p->burst->tcp4 : p->burst->udp4);
	return hash_pair4(p->burst->pair4, words[0], words[1]);
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

/* The first quarter of what has a key. */
static __rte_always_inline fast_quarter
fast_first(const struct fast *p, uint8_t version)
{
	uint32_t flags =
		p->flags & ~(FAST_KEY_ONLY ? FAST_NOT_KEY_ONLY_FLAGS | FAST_FLAGS : FAST_FLAGS);

	return (version == 4 ? p->burst->first_ipv4 : p->burst->first_ipv6) |
		(fast_quarter){ 0, flags };
}

/* All that is known when TCP or UDP has been read goes into the event. */
static __rte_always_inline void
fast_finish(const struct fast *p, int32_t l4_off, int32_t header, int32_t payload, uint8_t proto,
	uint8_t version)
{
	const uint8_t *ip = p->data + p->l3_off, *l4 = p->data + l4_off;
	uint32_t hash;

	if (version == 4) {
		hash = fast_key4(p, ip, proto);
	} else {
		hash = fast_store_ipv6(p, ip, proto);
		fast_store_ports(p, l4, proto, version);
	}
	fast_store(p, fast_first(p, version), l4_off, header, payload, hash, proto);
}

#endif /* WEIR_PARSE_FAST_EVENT_H */
