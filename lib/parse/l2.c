/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a packet begins with, and what stands between that and IP. */
#include "parse_private.h"

#define SNAP_LEN 8
#define LABEL_LEN 4
#define LABEL_BOTTOM 0x100
#define CONTROL_WORD_LEN 4
#define PPPOE_LEN 6
#define PPP_LEN 2
#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057
#define PPP_MPLS 0x0281
#define PPP_MPLS_MULTICAST 0x0283
#define PPP_ADDRESS_CONTROL 0xff03
#define NULL_LEN 4
#define SLL_LEN 16
#define SLL2_LEN 20
/* Where Ethernet II would have its type: the frame goes on with LLC. */
#define SLL_LLC 4
#define PPPOE_VERSION_TYPE 0x11
#define FABRICPATH_TAG_LEN 2
#define ARP_LEN 8

/* Keep what L2 says of a frame whose inside is not IP, or is wrong. Never what a tunnel holds. */
static void
parse_keep_l2(struct parse *p)
{
	if (p->tunnels == 0 && !p->guess) {
		p->done = p->now;
		p->done_flags = p->flags;
	}
}

/* Whether there may be one more tag, or frame within the frame. */
static bool
parse_deeper(struct parse *p)
{
	return p->tags++ < WEIR_PARSE_MAX_TAGS;
}

/* 802.3: a length where Ethernet II has its type, LLC and perhaps SNAP behind it. */
static enum parse_step
parse_llc(struct parse *p, uint16_t length)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };
	const uint8_t *llc;
	uint16_t ethertype;

	p->now.stopped = 0;
	parse_keep_l2(p);
	parse_limit(p, p->off + length);
	if (parse_read(p, p->off, LLC_LEN) == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	llc = parse_read(p, p->off, SNAP_LEN);
	if (llc == NULL || memcmp(llc, snap, sizeof(snap)) != 0)
		return STEP_DONE;
	p->off += SNAP_LEN;
	ethertype = get16(llc + sizeof(snap));
	if (ethertype < ETHERTYPE_LENGTH_END)
		return STEP_DONE;
	p->now.stopped = ethertype;
	return STEP_ETHERTYPE;
}

enum parse_step
parse_ether(struct parse *p)
{
	const uint8_t *eth = parse_read(p, p->off, ETHER_LEN);

	if (eth == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	p->now.stopped = get16(eth + 12);
	p->off += ETHER_LEN;
	return STEP_ETHERTYPE;
}

static enum parse_step
parse_vlan(struct parse *p)
{
	const uint8_t *tag = parse_read(p, p->off, VLAN_LEN);

	if (tag == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	if (!parse_deeper(p))
		return parse_fail(p, WEIR_VERDICT_TOO_DEEP);
	parse_tag(p, get16(tag));
	p->now.stopped = get16(tag + 2);
	p->off += VLAN_LEN;
	return STEP_ETHERTYPE;
}

/*
 * Nothing says what follows the last label. The first nibble of an IP header does, unless an
 * Ethernet frame without control word begins as one: so all of it is a guess.
 */
static enum parse_step
parse_below_mpls(struct parse *p)
{
	const uint8_t *first = parse_read(p, p->off, 1);

	if (first == NULL)
		return STEP_DONE;
	parse_guess(p);
	switch (*first >> 4) {
	case 4:
		return STEP_IPV4;
	case 6:
		return STEP_IPV6;
	case 0:
		p->off += CONTROL_WORD_LEN;
		return parse_deeper(p) ? STEP_ETHER : STEP_DONE;
	default:
		return STEP_DONE;
	}
}

static enum parse_step
parse_mpls(struct parse *p)
{
	const uint8_t *label;
	unsigned int i;

	for (i = 0; i < WEIR_PARSE_MAX_LABELS; i++) {
		label = parse_read(p, p->off, LABEL_LEN);
		if (label == NULL)
			return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
		p->off += LABEL_LEN;
		if (get32(label) & LABEL_BOTTOM)
			return parse_below_mpls(p);
	}
	return parse_fail(p, WEIR_VERDICT_TOO_DEEP);
}

static enum parse_step
parse_pppoe(struct parse *p)
{
	const uint8_t *pppoe = parse_read(p, p->off, PPPOE_LEN + PPP_LEN);
	uint16_t protocol;

	if (pppoe == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	if (pppoe[0] != PPPOE_VERSION_TYPE || pppoe[1] != 0)
		return STEP_DONE;
	protocol = get16(pppoe + PPPOE_LEN);
	parse_limit(p, p->off + PPPOE_LEN + get16(pppoe + 4));
	p->off += PPPOE_LEN + PPP_LEN;
	if (protocol == PPP_IPV4)
		return STEP_IPV4;
	return protocol == PPP_IPV6 ? STEP_IPV6 : STEP_DONE;
}

static enum parse_step
parse_arp(struct parse *p)
{
	const uint8_t *arp = parse_read(p, p->off, ARP_LEN);

	if (arp == NULL || p->off + ARP_LEN + 2u * (arp[4] + arp[5]) > p->header_end)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L3);
	return STEP_DONE;
}

enum parse_step
parse_ethertype(struct parse *p)
{
	uint16_t ethertype = p->now.stopped;

	if (ethertype < ETHERTYPE_LENGTH_END)
		return parse_llc(p, ethertype);
	parse_keep_l2(p);
	switch (ethertype) {
	case ETHERTYPE_IPV4:
		return STEP_IPV4;
	case ETHERTYPE_IPV6:
		return STEP_IPV6;
	case ETHERTYPE_VLAN:
	case ETHERTYPE_QINQ:
	case ETHERTYPE_QINQ_OLD:
		return parse_vlan(p);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_MULTICAST:
		return parse_mpls(p);
	case ETHERTYPE_PPPOE:
		return parse_pppoe(p);
	case ETHERTYPE_ARP:
		return parse_arp(p);
	case ETHERTYPE_FABRICPATH:
		p->off += FABRICPATH_TAG_LEN;
		return parse_deeper(p) ? STEP_ETHER : parse_fail(p, WEIR_VERDICT_TOO_DEEP);
	default:
		return STEP_DONE;
	}
}

/* The ethertype that stands for what an IP version says. */
static uint16_t
version_ethertype(uint8_t nibble)
{
	return nibble == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
}

/* An address family, as BSD, Linux and Windows number them, in the order of who captured it. */
static enum parse_step
parse_null(struct parse *p)
{
	const uint8_t *head = parse_read(p, p->off, NULL_LEN);
	uint32_t family;

	if (head == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	family = get32(head);
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	p->off += NULL_LEN;
	switch (family) {
	case 2:
		p->now.stopped = ETHERTYPE_IPV4;
		return STEP_ETHERTYPE;
	case 10:
	case 23:
	case 24:
	case 28:
	case 30:
		p->now.stopped = ETHERTYPE_IPV6;
		return STEP_ETHERTYPE;
	default:
		return STEP_DONE;
	}
}

/* Address and control may be left out, and of a protocol whose first octet is 0 that. */
static enum parse_step
parse_ppp(struct parse *p)
{
	const uint8_t *head = parse_read(p, p->off, PPP_LEN);
	uint16_t protocol;
	uint32_t len;

	if (head != NULL && get16(head) == PPP_ADDRESS_CONTROL)
		p->off += PPP_LEN;
	p->now.stopped = ETHERTYPE_PPP;
	parse_keep_l2(p);
	head = parse_read(p, p->off, 1);
	len = head != NULL && *head & 1 ? 1 : PPP_LEN;
	head = parse_read(p, p->off, len);
	if (head == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	protocol = len == 1 ? *head : get16(head);
	p->off += len;
	switch (protocol) {
	case PPP_IPV4:
		return STEP_IPV4;
	case PPP_IPV6:
		return STEP_IPV6;
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return parse_mpls(p);
	default:
		return STEP_DONE;
	}
}

/* Both versions differ in length, and in where they have the ethertype. */
static enum parse_step
parse_sll(struct parse *p, uint32_t len, uint32_t type_at)
{
	const uint8_t *head = parse_read(p, p->off, len);
	uint16_t ethertype;

	if (head == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	ethertype = get16(head + type_at);
	p->off += len;
	if (ethertype == SLL_LLC)
		return parse_llc(p, (uint16_t)RTE_MIN(p->end - p->off, (uint32_t)UINT16_MAX));
	if (ethertype < ETHERTYPE_LENGTH_END)
		return STEP_DONE;
	p->now.stopped = ethertype;
	return STEP_ETHERTYPE;
}

/* The version is IP's own word, also where it is wrong. */
static enum parse_step
parse_raw(struct parse *p)
{
	const uint8_t *first = parse_read(p, p->off, 1);

	p->now.stopped = version_ethertype(first != NULL ? *first >> 4 : 4);
	return STEP_ETHERTYPE;
}

enum parse_step
parse_l2(struct parse *p, uint8_t l2)
{
	switch (l2) {
	case WEIR_PARSE_L2_RAW:
		return parse_raw(p);
	case WEIR_PARSE_L2_IPV4:
	case WEIR_PARSE_L2_IPV6:
		p->now.stopped = version_ethertype(l2 == WEIR_PARSE_L2_IPV6 ? 6 : 4);
		return STEP_ETHERTYPE;
	case WEIR_PARSE_L2_NULL:
		return parse_null(p);
	case WEIR_PARSE_L2_PPP:
		return parse_ppp(p);
	case WEIR_PARSE_L2_SLL:
		return parse_sll(p, SLL_LEN, 14);
	case WEIR_PARSE_L2_SLL2:
		return parse_sll(p, SLL2_LEN, 0);
	default:
		return STEP_ETHER;
	}
}
