/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* IPv4, IPv6 and its extension headers. */
#include <netinet/in.h>

#include "parse_private.h"

#define IPV4_FRAGMENT_MORE 0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff
#define FRAGMENT_FLAGS \
	(WEIR_EVENT_FRAGMENT | WEIR_EVENT_LATER_FRAGMENT | WEIR_EVENT_LAST_FRAGMENT | \
		WEIR_EVENT_FRAGMENT_PORTS | UINT32_MAX << WEIR_EVENT_DATAGRAM_SHIFT)
#define IPV6_FRAGMENT_MORE 0x0001
#define IPV6_FRAGMENT_OFFSET 0xfff8
#define EXTENSION_LEN 8
#define OPTION_PAD1 0
#define OPTION_JUMBO 0xc2
#define JUMBO_LEN 4
/* Hop-by-hop options that are looked at. */
#define OPTIONS_MAX 16

/* What the layer of another IP header begins with; L2 and the tunnel are known by now. */
static void
parse_begin_l3(struct parse *p, uint8_t version)
{
	p->now.l3_off = (uint16_t)p->off;
	p->now.l4_off = 0;
	p->now.payload_off = 0;
	p->now.payload_len = 0;
	p->now.tcp_flags = 0;
	p->key.sport = 0;
	p->key.dport = 0;
	p->key.ip_version = version;
	p->flags &= ~(FRAGMENT_FLAGS | WEIR_EVENT_IPV4 | WEIR_EVENT_IPV6 | WEIR_EVENT_NO_LENGTH |
		WEIR_EVENT_NO_TCP_FLAGS | WEIR_EVENT_TRUNCATED);
	p->flags |= WEIR_EVENT_KEYED | (version == 4 ? WEIR_EVENT_IPV4 : WEIR_EVENT_IPV6);
}

/* By its IP header the packet ends there. */
static void
parse_l3_end(struct parse *p, uint32_t end)
{
	if (end > p->wire_end)
		p->flags |= WEIR_EVENT_TRUNCATED;
	p->l3_end = end;
	parse_limit(p, end);
}

/* Its IP header does not say where it ends. */
static void
parse_l3_open(struct parse *p)
{
	p->flags |= WEIR_EVENT_NO_LENGTH;
	p->l3_end = UINT32_MAX;
}

/*
 * The layer being read is a part of a datagram: the first or the last of it, or neither. The last header
 * that says so counts.
 */
static void
parse_fragment(struct parse *p, bool first, bool last, uint32_t id)
{
	id ^= id >> 16;
	id ^= id >> 8;
	p->flags &= ~FRAGMENT_FLAGS;
	p->flags |= WEIR_EVENT_FRAGMENT | id << WEIR_EVENT_DATAGRAM_SHIFT;
	p->flags |= first ? 0 : WEIR_EVENT_LATER_FRAGMENT;
	p->flags |= last ? WEIR_EVENT_LAST_FRAGMENT : 0;
	p->fragment_proto = p->now.proto;
}

static void
parse_ipv4_key(struct parse *p, const uint8_t *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(p->key.src, mapped, sizeof(mapped));
	memcpy(p->key.src + sizeof(mapped), ip + 12, 4);
	memcpy(p->key.dst, mapped, sizeof(mapped));
	memcpy(p->key.dst + sizeof(mapped), ip + 16, 4);
	p->now.proto = ip[9];
}

enum parse_step
parse_ipv4(struct parse *p)
{
	const uint8_t *ip = parse_read(p, p->off, IPV4_LEN);
	uint16_t fragment, total, id;
	uint32_t len;

	if (ip == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L3);
	len = (ip[0] & 0xfu) * 4;
	if (ip[0] >> 4 != 4)
		return parse_fail(p, WEIR_VERDICT_BAD_VERSION);
	if (len < IPV4_LEN)
		return parse_fail(p, WEIR_VERDICT_BAD_HDR_LEN);
	parse_begin_l3(p, 4);
	parse_ipv4_key(p, ip);
	total = get16(ip + 2);
	id = get16(ip + 4);
	fragment = get16(ip + 6);
	if (total == 0)
		parse_l3_open(p);
	else if (total < len)
		return parse_fail_keyed(p, WEIR_VERDICT_BAD_TOTAL_LEN);
	else
		parse_l3_end(p, p->off + total);
	if (p->off + len > p->header_end)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L3);
	p->off += len;
	p->now.stopped = p->now.proto;
	if (fragment & (IPV4_FRAGMENT_MORE | IPV4_FRAGMENT_OFFSET))
		parse_fragment(p, !(fragment & IPV4_FRAGMENT_OFFSET),
			!(fragment & IPV4_FRAGMENT_MORE), id);
	if (fragment & IPV4_FRAGMENT_OFFSET)
		return STEP_L4;
	return p->now.proto == IPPROTO_AH ? parse_extensions(p) : STEP_L4;
}

/*
 * What the jumbo option of the hop-by-hop header at p->off says, which is more than 65,535: RFC 2675.
 * 0: there is none such. What ends within the header, or has more options than are looked at, says
 * nothing: UINT32_MAX.
 */
static uint32_t
parse_jumbo(struct parse *p)
{
	const uint8_t *ext = parse_read(p, p->off, 2), *option;
	uint32_t at = p->off + 2, end;
	unsigned int i;

	if (ext == NULL)
		return UINT32_MAX;
	end = p->off + (ext[1] + 1u) * EXTENSION_LEN;
	for (i = 0; at < end && i < OPTIONS_MAX; i++) {
		option = parse_read(p, at, 1);
		if (option != NULL && *option == OPTION_PAD1) {
			at++;
			continue;
		}
		option = parse_read(p, at, 2);
		if (option == NULL)
			return UINT32_MAX;
		if (option[0] != OPTION_JUMBO || option[1] != JUMBO_LEN) {
			at += 2u + option[1];
			continue;
		}
		option = parse_read(p, at + 2, JUMBO_LEN);
		if (option == NULL)
			return UINT32_MAX;
		return get32(option) > UINT16_MAX ? get32(option) : 0;
	}
	return at < end ? UINT32_MAX : 0;
}

/* IPv6's length is 0. False: what follows is a hop-by-hop header that does not say a length either. */
static bool
parse_no_length(struct parse *p)
{
	uint32_t length = UINT32_MAX;

	if (p->now.proto == IPPROTO_HOPOPTS)
		length = parse_jumbo(p);
	if (length == 0)
		return false;
	parse_l3_open(p);
	if (length <= UINT32_MAX - p->off)
		parse_l3_end(p, p->off + length);
	return true;
}

enum parse_step
parse_ipv6(struct parse *p)
{
	const uint8_t *ip = parse_read(p, p->off, IPV6_LEN);
	uint16_t length;

	if (ip == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L3);
	if (ip[0] >> 4 != 6)
		return parse_fail(p, WEIR_VERDICT_BAD_VERSION);
	parse_begin_l3(p, 6);
	memcpy(p->key.src, ip + 8, sizeof(p->key.src));
	memcpy(p->key.dst, ip + 24, sizeof(p->key.dst));
	p->now.proto = ip[6];
	p->now.stopped = ip[6];
	length = get16(ip + 4);
	p->off += IPV6_LEN;
	if (length != 0 || p->now.proto == IPPROTO_NONE)
		parse_l3_end(p, p->off + length);
	else if (!parse_no_length(p))
		return parse_fail_keyed(p, WEIR_VERDICT_BAD_TOTAL_LEN);
	return parse_extensions(p);
}

/* Where the fragment header `ext` leaves the packet: true if it is a later fragment. */
static bool
parse_fragment_header(struct parse *p, const uint8_t *ext)
{
	uint16_t fragment = get16(ext + 2);
	bool later = fragment & IPV6_FRAGMENT_OFFSET, more = fragment & IPV6_FRAGMENT_MORE;

	if (later || more)
		parse_fragment(p, !later, !more, get32(ext + 4));
	return later;
}

/*
 * The length of the extension header that starts with `ext`; 0: it is none. Mobility and HIP headers are
 * what the packet is about, though they have an extension's form: nothing ever follows them.
 */
static uint32_t
extension_len(uint8_t proto, uint8_t version, const uint8_t *ext)
{
	if (proto == IPPROTO_AH)
		return (ext[1] + 2u) * 4;
	if (version == 4)
		return 0;
	switch (proto) {
	case IPPROTO_FRAGMENT:
		return EXTENSION_LEN;
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case PROTO_SHIM6:
		return (ext[1] + 1u) * EXTENSION_LEN;
	default:
		return 0;
	}
}

enum parse_step
parse_extensions(struct parse *p)
{
	static const uint8_t none[EXTENSION_LEN];
	const uint8_t *ext;
	uint32_t len;
	uint8_t version = parse_version(p), proto;
	unsigned int i;

	for (i = 0; extension_len(p->now.proto, version, none) != 0; i++) {
		if (i == WEIR_PARSE_MAX_EXT)
			return parse_fail_keyed(p, WEIR_VERDICT_EXT_CHAIN);
		ext = parse_read(p, p->off, EXTENSION_LEN);
		if (ext == NULL)
			return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L3);
		proto = p->now.proto;
		len = extension_len(proto, version, ext);
		if (p->off + len > p->header_end)
			return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L3);
		/* Shim6 has its control messages in its own header, and nothing behind it. */
		if (proto == PROTO_SHIM6 && ext[0] == IPPROTO_NONE)
			return STEP_L4;
		p->off += len;
		p->now.proto = ext[0];
		p->now.stopped = ext[0];
		if (proto == IPPROTO_FRAGMENT && parse_fragment_header(p, ext))
			return STEP_L4;
	}
	return STEP_L4;
}
