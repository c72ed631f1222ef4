/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Tunnels. GRE and IP-in-IP are what their protocol number says; a UDP port proves nothing, so
 * what comes in one of those is a guess until an inner packet has been decoded: if it is none,
 * the outer packet stands.
 */
#include <netinet/in.h>

#include "parse_private.h"

#define GENEVE_LEN 8
#define GTPU_LEN 8
#define GTPU_OPTIONAL_LEN 4
#define GTPU_FIXED_MASK 0xf0 /* version, protocol type */
#define GTPU_FIXED 0x30      /* 1, GTP */
#define GTPU_OPTIONAL_MASK 0x07
#define GTPU_EXTENSION 0x04
#define GTPU_GPDU 255
#define GTPU_MAX_EXT 8
#define GRE_LEN 4
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_ACK 0x0080
#define GRE_VERSION 0x0007
#define GRE_PPP 0x880b
#define PPP_IPV4 0x21
#define PPP_IPV6 0x57

enum parse_step
parse_tunnel(struct parse *p, enum weir_tunnel kind, uint32_t id, enum parse_step next)
{
	/* The inside of a fragment is no whole packet: all fragments keep the outer addresses. */
	if (!p->inner || p->flags & WEIR_EVENT_FRAGMENT || next == STEP_DONE)
		return STEP_DONE;
	if (p->tunnels++ == WEIR_PARSE_MAX_TUNNELS)
		return parse_fail(p, WEIR_VERDICT_TOO_DEEP);
	p->tags = 0;
	p->flags |= WEIR_EVENT_TUNNELLED;
	p->now.tunnel = (uint8_t)kind;
	p->now.tunnel_id = id;
	return next;
}

static enum parse_step
parse_guessed_tunnel(struct parse *p, enum weir_tunnel kind, uint32_t id, enum parse_step next)
{
	p->guess = true;
	return parse_tunnel(p, kind, id, next);
}

static enum parse_step
step_of_ethertype(struct parse *p, uint16_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_IPV4:
		return STEP_IPV4;
	case ETHERTYPE_IPV6:
		return STEP_IPV6;
	case ETHERTYPE_TEB:
		return STEP_ETHER;
	case ETHERTYPE_MPLS:
		p->now.stopped = ethertype; /* which is what that step looks at */
		return STEP_ETHERTYPE;
	default:
		return STEP_DONE;
	}
}

static enum parse_step
step_of_nibble(struct parse *p)
{
	const uint8_t *first = parse_read(p, p->off, 1);

	if (first == NULL)
		return STEP_DONE;
	if (*first >> 4 == 4)
		return STEP_IPV4;
	return *first >> 4 == 6 ? STEP_IPV6 : STEP_DONE;
}

static enum parse_step
parse_vxlan(struct parse *p)
{
	const uint8_t *vxlan = parse_read(p, p->off, VXLAN_LEN);

	if (vxlan == NULL || !(vxlan[0] & VXLAN_VNI_VALID))
		return STEP_DONE;
	p->off += VXLAN_LEN;
	return parse_guessed_tunnel(p, WEIR_TUNNEL_VXLAN, get32(vxlan + 4) >> 8, STEP_ETHER);
}

static enum parse_step
parse_geneve(struct parse *p)
{
	const uint8_t *geneve = parse_read(p, p->off, GENEVE_LEN);

	if (geneve == NULL || geneve[0] >> 6 != 0)
		return STEP_DONE;
	p->off += GENEVE_LEN + (geneve[0] & 0x3fu) * 4;
	return parse_guessed_tunnel(p, WEIR_TUNNEL_GENEVE, get32(geneve + 4) >> 8,
		step_of_ethertype(p, get16(geneve + 2)));
}

/* The chain of extension headers at p->off: its length in units of 4, its next type last. */
static bool
parse_gtpu_extensions(struct parse *p, uint8_t type)
{
	const uint8_t *length, *next;
	uint32_t len;
	unsigned int i;

	for (i = 0; type != 0; i++) {
		length = parse_read(p, p->off, 1);
		if (length == NULL || *length == 0 || i == GTPU_MAX_EXT)
			return false;
		len = *length * 4u;
		next = parse_read(p, p->off + len - 1, 1);
		if (next == NULL)
			return false;
		type = *next;
		p->off += len;
	}
	return true;
}

static bool
parse_gtpu_optional(struct parse *p, uint8_t flags)
{
	const uint8_t *optional;

	if (!(flags & GTPU_OPTIONAL_MASK))
		return true;
	optional = parse_read(p, p->off, GTPU_OPTIONAL_LEN);
	if (optional == NULL)
		return false;
	p->off += GTPU_OPTIONAL_LEN;
	return parse_gtpu_extensions(p, flags & GTPU_EXTENSION ? optional[3] : 0);
}

static enum parse_step
parse_gtpu(struct parse *p)
{
	const uint8_t *gtpu = parse_read(p, p->off, GTPU_LEN);
	uint32_t teid;

	if (gtpu == NULL || (gtpu[0] & GTPU_FIXED_MASK) != GTPU_FIXED || gtpu[1] != GTPU_GPDU)
		return STEP_DONE;
	teid = get32(gtpu + 4);
	p->off += GTPU_LEN;
	parse_limit(p, p->off + get16(gtpu + 2));
	if (!parse_gtpu_optional(p, gtpu[0]))
		return STEP_DONE;
	return parse_guessed_tunnel(p, WEIR_TUNNEL_GTPU, teid, step_of_nibble(p));
}

enum parse_step
parse_udp_tunnel(struct parse *p)
{
	switch (rte_be_to_cpu_16(p->key.dport)) {
	case PORT_VXLAN:
		return parse_vxlan(p);
	case PORT_GENEVE:
		return parse_geneve(p);
	case PORT_GTPU:
		return parse_gtpu(p);
	default:
		return STEP_DONE;
	}
}

/* PPP in GRE, as PPTP has it: perhaps address and control, then a protocol of one byte or two. */
static enum parse_step
parse_gre_ppp(struct parse *p)
{
	static const uint8_t address_control[2] = { 0xff, 0x03 };
	const uint8_t *ppp = parse_read(p, p->off, 2);

	if (ppp != NULL && memcmp(ppp, address_control, 2) == 0) {
		p->off += 2;
		ppp = parse_read(p, p->off, 2);
	}
	if (ppp == NULL)
		return STEP_DONE;
	p->off += ppp[0] & 1 ? 1 : 2;
	switch (ppp[0] & 1 ? ppp[0] : get16(ppp)) {
	case PPP_IPV4:
		return STEP_IPV4;
	case PPP_IPV6:
		return STEP_IPV6;
	default:
		return STEP_DONE;
	}
}

/* Bytes of a GRE header by its flags; checksum and routing share a word. */
static uint32_t
gre_len(uint16_t flags)
{
	uint32_t words = !!(flags & (GRE_CHECKSUM | GRE_ROUTING)) + !!(flags & GRE_KEY) +
		!!(flags & GRE_SEQUENCE) + ((flags & GRE_VERSION) == 1 && flags & GRE_ACK);

	return GRE_LEN + words * 4;
}

/* Not source routes, of unknown length: nothing has used them since RFC 2784. */
static bool
gre_known(uint16_t flags)
{
	return !(flags & GRE_ROUTING) && (flags & GRE_VERSION) <= 1;
}

static enum parse_step
parse_gre_inside(struct parse *p, uint16_t flags, uint16_t protocol)
{
	if (!gre_known(flags))
		return STEP_DONE;
	if (protocol == GRE_PPP)
		return parse_gre_ppp(p);
	return (flags & GRE_VERSION) == 0 ? step_of_ethertype(p, protocol) : STEP_DONE;
}

enum parse_step
parse_gre(struct parse *p)
{
	const uint8_t *gre = parse_read(p, p->off, GRE_LEN), *key;
	uint16_t flags, protocol;
	uint32_t id = 0, len;

	if (gre == NULL)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_TUNNEL);
	flags = get16(gre);
	protocol = get16(gre + 2);
	len = gre_len(flags);
	if (p->off + len > p->header_end)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_TUNNEL);
	if (flags & GRE_KEY) {
		key = parse_read(p, p->off + GRE_LEN + (flags & GRE_CHECKSUM ? 4 : 0), 4);
		id = get32(key);
	}
	p->off += len;
	parse_payload(p, p->off);
	if (gre_known(flags) && protocol >= ETHERTYPE_LENGTH_END)
		p->now.stopped = protocol;
	parse_commit(p);
	return parse_tunnel(p, WEIR_TUNNEL_GRE, id, parse_gre_inside(p, flags, protocol));
}
