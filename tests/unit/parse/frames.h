/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Frames for the tests of the parser and the seeds of its fuzzer. A frame is built from its end:
 * the payload first, then each header in front of what is there, whose length it so knows.
 */
#ifndef WEIR_PARSE_FRAMES_H
#define WEIR_PARSE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

#define FRAME_ROOM 2048

struct frame {
	uint8_t room[FRAME_ROOM];
	size_t at; /* of the first byte; the frame ends where the room does */
};

static inline uint8_t *
frame_bytes(struct frame *f)
{
	return f->room + f->at;
}

static inline uint16_t
frame_len(const struct frame *f)
{
	return (uint16_t)(FRAME_ROOM - f->at);
}

/* Room for n zeroed bytes in front. */
static inline uint8_t *
push(struct frame *f, size_t n)
{
	f->at -= n;
	return memset(f->room + f->at, 0, n);
}

static inline void
put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v);
}

static inline void
payload(struct frame *f, size_t n)
{
	f->at = FRAME_ROOM;
	memset(push(f, n), 0xee, n);
}

static inline void
tcp(struct frame *f, uint16_t sport, uint16_t dport, size_t options)
{
	uint8_t *h = push(f, 20 + options);

	put16(h, sport);
	put16(h + 2, dport);
	h[12] = (uint8_t)((20 + options) / 4 << 4);
	h[13] = 0x18;
}

static inline void
udp(struct frame *f, uint16_t sport, uint16_t dport)
{
	uint8_t *h = push(f, 8);

	put16(h, sport);
	put16(h + 2, dport);
	put16(h + 4, frame_len(f));
}

static inline void
sctp(struct frame *f, uint16_t sport, uint16_t dport)
{
	uint8_t *h = push(f, 12);

	put16(h, sport);
	put16(h + 2, dport);
}

/* ICMP of both versions: an echo by its type, with an identifier. */
static inline void
icmp(struct frame *f, uint8_t type, uint16_t id)
{
	uint8_t *h = push(f, 8);

	h[0] = type;
	put16(h + 4, id);
}

static inline void
ipv4_options(struct frame *f, uint8_t proto, size_t options, uint16_t fragment)
{
	uint8_t *h = push(f, 20 + options);

	h[0] = (uint8_t)(0x40 | (20 + options) / 4);
	put16(h + 2, frame_len(f));
	put16(h + 6, fragment);
	h[8] = 64;
	h[9] = proto;
	put32(h + 12, 0x0a000001);
	put32(h + 16, 0xc0a80102);
}

static inline void
ipv4(struct frame *f, uint8_t proto)
{
	ipv4_options(f, proto, 0, 0x4000);
}

static inline void
ipv6(struct frame *f, uint8_t next)
{
	size_t len = frame_len(f);
	uint8_t *h = push(f, 40);

	h[0] = 0x60;
	put16(h + 4, (uint32_t)len);
	h[6] = next;
	h[7] = 64;
	put32(h + 8, 0x20010db8);
	put32(h + 20, 1);
	put32(h + 24, 0x20010db8);
	put32(h + 36, 2);
}

/* An IPv6 extension header of (1 + units) * 8 bytes. */
static inline void
extension(struct frame *f, uint8_t next, uint8_t units)
{
	uint8_t *h = push(f, (1 + units) * 8u);

	h[0] = next;
	h[1] = units;
}

/* A hop-by-hop header whose one option is a jumbo payload's, of which both lengths around are 0. */
static inline void
jumbo(struct frame *f, uint8_t next, uint32_t length)
{
	uint8_t *h = push(f, 8);

	h[0] = next;
	h[2] = 0xc2;
	h[3] = 4;
	put32(h + 4, length);
}

/* The length of the IP header in front is 0. */
static inline void
no_length(struct frame *f)
{
	put16(frame_bytes(f) + (*frame_bytes(f) >> 4 == 4 ? 2 : 4), 0);
}

static inline void
fragment6(struct frame *f, uint8_t next, uint16_t offset_more)
{
	uint8_t *h = push(f, 8);

	h[0] = next;
	put16(h + 2, offset_more);
}

static inline void
ah(struct frame *f, uint8_t next)
{
	uint8_t *h = push(f, 24);

	h[0] = next;
	h[1] = 4;
}

static inline void
ether(struct frame *f, uint16_t type)
{
	uint8_t *h = push(f, 14);

	memset(h, 0x02, 12);
	put16(h + 12, type);
}

static inline void
tag(struct frame *f, uint16_t tci, uint16_t type)
{
	uint8_t *h = push(f, 4);

	put16(h, tci);
	put16(h + 2, type);
}

static inline void
llc_snap(struct frame *f, uint16_t type)
{
	uint8_t *h = push(f, 8);

	h[0] = h[1] = 0xaa;
	h[2] = 0x03;
	put16(h + 6, type);
	ether(f, frame_len(f));
}

static inline void
label(struct frame *f, uint32_t number, bool bottom)
{
	put32(push(f, 4), number << 12 | (bottom ? 0x100 : 0) | 64);
}

static inline void
pppoe(struct frame *f, uint16_t protocol)
{
	uint8_t *h = push(f, 8);

	h[0] = 0x11;
	put16(h + 4, frame_len(f) - 6u);
	put16(h + 6, protocol);
}

static inline void
arp(struct frame *f)
{
	uint8_t *h = push(f, 28);

	put16(h, 1);
	put16(h + 2, 0x0800);
	h[4] = 6;
	h[5] = 4;
	put16(h + 6, 1);
}

static inline void
vxlan(struct frame *f, uint32_t vni)
{
	uint8_t *h = push(f, 8);

	h[0] = 0x08;
	put32(h + 4, vni << 8);
	udp(f, 40000, 4789);
}

static inline void
geneve(struct frame *f, uint32_t vni, uint16_t type, uint8_t option_words)
{
	uint8_t *h = push(f, 8 + option_words * 4u);

	h[0] = option_words;
	put16(h + 2, type);
	put32(h + 4, vni << 8);
	udp(f, 40000, 6081);
}

static inline void
gtpu(struct frame *f, uint32_t teid, bool extension_header)
{
	size_t len = frame_len(f), more = extension_header ? 8 : 0;
	uint8_t *h = push(f, 8 + more);

	h[0] = extension_header ? 0x34 : 0x30;
	h[1] = 255;
	put16(h + 2, (uint32_t)(len + more));
	put32(h + 4, teid);
	if (extension_header) {
		h[11] = 0x85;
		h[12] = 1;
	}
	udp(f, 2152, 2152);
}

/* GRE by its flags; a key, if there is one, of 0x01020304. */
static inline void
gre(struct frame *f, uint16_t flags, uint16_t type)
{
	uint8_t *h;

	if (flags & 0x0080)
		push(f, 4);
	if (flags & 0x1000)
		push(f, 4);
	if (flags & 0x2000)
		put32(push(f, 4), 0x01020304);
	if (flags & 0x8000)
		push(f, 4);
	h = push(f, 4);
	put16(h, flags);
	put16(h + 2, type);
}

/* Ethernet, IPv4, TCP: what most others are made around. */
static inline void
tcp4(struct frame *f)
{
	payload(f, 10);
	tcp(f, 1234, 443, 0);
	ipv4(f, IPPROTO_TCP);
}

static inline void
udp6(struct frame *f)
{
	payload(f, 12);
	udp(f, 5353, 53);
	ipv6(f, IPPROTO_UDP);
}

/* By what is around the network header; the first twelve that carry no tunnel. */
static inline bool
frames_around(unsigned int i, struct frame *f)
{
	switch (i) {
	case 0:
		return tcp4(f), ether(f, 0x0800), true;
	case 1:
		return udp6(f), ether(f, 0x86dd), true;
	case 2:
		return udp(f, 1000, 53), ipv4(f, IPPROTO_UDP), ether(f, 0x0800), true;
	case 3:
		return tcp(f, 1, 2, 12), ipv6(f, IPPROTO_TCP), ether(f, 0x86dd), true;
	case 4:
		return tcp4(f), tag(f, 0x2005, 0x0800), ether(f, 0x8100), true;
	case 5:
		return udp6(f), tag(f, 7, 0x86dd), tag(f, 100, 0x8100), ether(f, 0x88a8), true;
	case 6:
		return tcp4(f), llc_snap(f, 0x0800), true;
	case 7:
		return tcp4(f), label(f, 100, true), label(f, 16, false), ether(f, 0x8847), true;
	case 8:
		return tcp4(f), ether(f, 0x0800), push(f, 4), label(f, 16, true), ether(f, 0x8847),
		       true;
	case 9:
		return tcp4(f), pppoe(f, 0x0021), ether(f, 0x8864), true;
	case 10:
		return udp6(f), pppoe(f, 0x0057), ether(f, 0x8864), true;
	case 11:
		return arp(f), ether(f, 0x0806), true;
	default:
		return false;
	}
}

/* By what it has in it; the others. */
static inline bool
frames_within(unsigned int i, struct frame *f)
{
	switch (i) {
	case 12:
		return tcp(f, 1, 2, 40), ipv4_options(f, IPPROTO_TCP, 40, 0), ether(f, 0x0800),
		       true;
	case 13:
		return sctp(f, 3868, 3868), ipv4(f, IPPROTO_SCTP), ether(f, 0x0800), true;
	case 14:
		return icmp(f, 8, 0x1234), ipv4(f, IPPROTO_ICMP), ether(f, 0x0800), true;
	case 15:
		return icmp(f, 128, 0x1234), ipv6(f, IPPROTO_ICMPV6), ether(f, 0x86dd), true;
	case 16:
		return ipv4(f, IPPROTO_IGMP), ether(f, 0x0800), true;
	case 17:
		return ipv4(f, IPPROTO_ESP), ether(f, 0x0800), true;
	case 18:
		return ah(f, IPPROTO_ICMP), ipv4(f, IPPROTO_AH), ether(f, 0x0800), true;
	case 19:
		return udp(f, 1, 2), extension(f, IPPROTO_UDP, 1), extension(f, IPPROTO_DSTOPTS, 0),
		       extension(f, IPPROTO_ROUTING, 2), ipv6(f, IPPROTO_HOPOPTS), ether(f, 0x86dd),
		       true;
	case 20:
		return udp(f, 1, 2), fragment6(f, IPPROTO_UDP, 1), ipv6(f, IPPROTO_FRAGMENT),
		       ether(f, 0x86dd), true;
	case 21:
		return fragment6(f, IPPROTO_UDP, 0x40), ipv6(f, IPPROTO_FRAGMENT), ether(f, 0x86dd),
		       true;
	case 22:
		return udp(f, 1, 2), ipv4_options(f, IPPROTO_UDP, 0, 0x2000), ether(f, 0x0800),
		       true;
	case 23:
		return ipv4_options(f, IPPROTO_UDP, 0, 0x0010), ether(f, 0x0800), true;
	case 24:
		return ipv4(f, 200), ether(f, 0x0800), true;
	case 25:
		return ether(f, 0x88cc), true;
	case 26:
		return tcp4(f), ether(f, 0x0800), push(f, 2), ether(f, 0x8903), true;
	case 27:
		return ether(f, 16), true;
	case 28:
		return ipv6(f, IPPROTO_NONE), ether(f, 0x86dd), true;
	default:
		return false;
	}
}

/* Frames that carry no tunnel. */
static inline bool
frames_plain(unsigned int i, struct frame *f)
{
	payload(f, 16);
	return frames_around(i, f) || frames_within(i, f);
}

/* Frames that carry a tunnel. */
static inline bool
frames_tunnel(unsigned int i, struct frame *f)
{
	tcp4(f);
	switch (i) {
	case 0:
		return ipv4(f, IPPROTO_IPIP), ether(f, 0x0800), true;
	case 1:
		return ipv6(f, IPPROTO_IPIP), ether(f, 0x86dd), true;
	case 2:
		return udp6(f), ipv4(f, IPPROTO_IPV6), ether(f, 0x0800), true;
	case 3:
		return udp6(f), ipv6(f, IPPROTO_IPV6), ether(f, 0x86dd), true;
	case 4:
		return gre(f, 0, 0x0800), ipv4(f, IPPROTO_GRE), ether(f, 0x0800), true;
	case 5:
		return gre(f, 0xb000, 0x0800), ipv4(f, IPPROTO_GRE), ether(f, 0x0800), true;
	case 6:
		return ether(f, 0x0800), gre(f, 0x2000, 0x6558), ipv4(f, IPPROTO_GRE),
		       ether(f, 0x0800), true;
	case 7:
		return put16(push(f, 2), 0x0021), gre(f, 0x3081, 0x880b), ipv4(f, IPPROTO_GRE),
		       ether(f, 0x0800), true;
	case 8:
		return ether(f, 0x0800), vxlan(f, 5001), ipv4(f, IPPROTO_UDP), ether(f, 0x0800),
		       true;
	case 9:
		return udp6(f), tag(f, 9, 0x86dd), ether(f, 0x8100), vxlan(f, 5001),
		       ipv6(f, IPPROTO_UDP), tag(f, 8, 0x86dd), ether(f, 0x8100), true;
	case 10:
		return ether(f, 0x0800), geneve(f, 77, 0x6558, 3), ipv4(f, IPPROTO_UDP),
		       ether(f, 0x0800), true;
	case 11:
		return geneve(f, 77, 0x0800, 0), ipv4(f, IPPROTO_UDP), ether(f, 0x0800), true;
	case 12:
		return gtpu(f, 0xdeadbeef, false), ipv4(f, IPPROTO_UDP), ether(f, 0x0800), true;
	case 13:
		return gtpu(f, 0xdeadbeef, true), ipv6(f, IPPROTO_UDP), ether(f, 0x86dd), true;
	case 14:
		return label(f, 16, true), gre(f, 0, 0x8847), ipv4(f, IPPROTO_GRE),
		       ether(f, 0x0800), true;
	case 15:
		return ipv4(f, IPPROTO_IPIP), ether(f, 0x0800), vxlan(f, 1), ipv4(f, IPPROTO_UDP),
		       gre(f, 0, 0x0800), ipv4(f, IPPROTO_GRE), ether(f, 0x0800), true;
	default:
		return false;
	}
}

#define FRAMES_PLAIN 29
#define FRAMES_TUNNEL 16
#define FRAMES (FRAMES_PLAIN + FRAMES_TUNNEL)

/* Frame number i, below FRAMES, of a set that has every protocol. */
static inline void
frames_get(unsigned int i, struct frame *f)
{
	if (i < FRAMES_PLAIN)
		frames_plain(i, f);
	else
		frames_tunnel(i - FRAMES_PLAIN, f);
}

#endif /* WEIR_PARSE_FRAMES_H */
