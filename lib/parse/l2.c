/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a packet begins with, and what stands between that and IP. */
#include "kinds.h"

#define NULL_LEN 4
#define SLL_LEN 16
#define SLL2_LEN 20
/* Where Ethernet II would have its type: the frame goes on with LLC. */
#define SLL_LLC 4
#define HDLC_LEN 4
#define LLC_UI 3 /* control: unnumbered information */
#define NLPID_IPV4 0xcc
#define NLPID_IPV6 0x8e
#define SNAP_OUI_LEN 3
#define SNAP_TYPE_LEN 5
#define SNAP_BRIDGED_FCS 1
#define SNAP_BRIDGED 7
#define SNAP_PADDING 2
#define ISL_BEFORE (ETHER_LEN + LLC_LEN)
#define ISL_LEN 9 /* from SNAP's OUI on: that, the VLAN, an index, reserved */

/*
 * Keep what L2 says of a frame whose inside is not IP, or is wrong. Never what a tunnel holds; and
 * key-only has none of it.
 */
static inline void
parse_keep_l2(struct parse *p)
{
	if (p->tunnels > 0 || p->guess != GUESS_NONE || p->key_only)
		return;
	p->done = p->now;
	p->done_flags = p->flags;
}

/* 802.3: a length where Ethernet II has its type, LLC behind it. */
static enum parse_step
parse_llc(struct parse *p, uint16_t length)
{
	const uint8_t *llc;

	p->now.stopped = 0;
	parse_keep_l2(p);
	parse_limit(p, p->off + length);
	llc = parse_read(p, p->off, LLC_LEN);
	if (llc == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	return parse_kind(p, BY_LLC, get16(llc));
}

uint32_t
read_jumbo_llc(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	next->by = BY_LLC;
	next->number = get16(head);
	return 0;
}

uint32_t
read_llc_ip(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	next->number = ETHERTYPE_IPV4;
	return head[2] == LLC_UI ? LLC_LEN : READ_NOT;
}

uint32_t
read_llc_nlpid(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	next->number = head[3] == NLPID_IPV6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
	if (head[2] != LLC_UI || (head[3] != NLPID_IPV4 && head[3] != NLPID_IPV6))
		return READ_NOT;
	return LLC_LEN + 1;
}

uint32_t
read_snap(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint32_t oui = get32(head + 2) & 0xffffff;
	uint16_t type = get16(head + LLC_LEN + SNAP_OUI_LEN);

	(void)p;
	if (head[2] != LLC_UI)
		return READ_NOT;
	if (oui == 0 && type >= ETHERTYPE_LENGTH_END) {
		next->step = STEP_ETHERTYPE;
		next->number = type;
		return LLC_LEN + SNAP_TYPE_LEN;
	}
	next->by = BY_OUI;
	next->number = oui;
	return LLC_LEN;
}

uint32_t
read_snap_type(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	(void)head;
	return next->number >= ETHERTYPE_LENGTH_END ? SNAP_TYPE_LEN : READ_NOT;
}

/* RFC 2684 5.2 pads the frame, RFC 2427 does not. */
uint32_t
read_snap_bridged(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint16_t type = get16(head + SNAP_OUI_LEN);
	bool padded;

	(void)next;
	if (type != SNAP_BRIDGED && type != SNAP_BRIDGED_FCS)
		return READ_NOT;
	padded = !parse_looks_ether(p, p->off + SNAP_TYPE_LEN);
	return SNAP_TYPE_LEN + (padded ? SNAP_PADDING : 0);
}

/* Cisco's ISL, by the address that the frame is sent to: 01 or 0c, 00 0c 00 00, and the kind of frame that is in it. */
uint32_t
read_isl(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	const uint8_t *to = p->off >= ISL_BEFORE ? parse_read(p, p->off - ISL_BEFORE, 6) : NULL;

	(void)head;
	(void)next;
	if (to == NULL || (to[0] != 0x01 && to[0] != 0x0c) || get32(to + 1) != 0x000c0000 ||
		to[5] >> 4 != 0)
		return READ_NOT;
	return ISL_LEN;
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
	if (p->tags++ == WEIR_PARSE_MAX_TAGS)
		return parse_fail(p, WEIR_VERDICT_TOO_DEEP);
	parse_tag(p, get16(tag));
	p->now.stopped = get16(tag + 2);
	p->off += VLAN_LEN;
	return STEP_ETHERTYPE;
}

/* Nothing of it is in a key. */
static enum parse_step
parse_arp(struct parse *p)
{
	const uint8_t *arp;

	if (p->key_only)
		return STEP_DONE;
	arp = parse_read(p, p->off, ARP_LEN);
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
	case ETHERTYPE_QINQ_OLD2:
	case ETHERTYPE_QINQ_OLD3:
		return parse_vlan(p);
	case ETHERTYPE_ARP:
		return parse_arp(p);
	default:
		return parse_kind(p, BY_ETHERTYPE, ethertype);
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

static enum parse_step
parse_bare_ppp(struct parse *p)
{
	p->now.stopped = ETHERTYPE_PPP;
	parse_keep_l2(p);
	return STEP_PPP;
}

/* Cisco's HDLC: address, control, an ethertype. */
static enum parse_step
parse_hdlc(struct parse *p)
{
	const uint8_t *head = parse_read(p, p->off, HDLC_LEN);

	if (head == NULL)
		return parse_fail(p, WEIR_VERDICT_TRUNC_L2);
	p->off += HDLC_LEN;
	if (get16(head + 2) < ETHERTYPE_LENGTH_END)
		return STEP_DONE;
	p->now.stopped = get16(head + 2);
	return STEP_ETHERTYPE;
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
		return parse_bare_ppp(p);
	case WEIR_PARSE_L2_PPPOE:
		p->now.stopped = ETHERTYPE_PPPOE;
		return STEP_ETHERTYPE;
	case WEIR_PARSE_L2_HDLC:
		return parse_hdlc(p);
	case WEIR_PARSE_L2_SLL:
		return parse_sll(p, SLL_LEN, 14);
	case WEIR_PARSE_L2_SLL2:
		return parse_sll(p, SLL2_LEN, 0);
	default:
		return STEP_ETHER;
	}
}
