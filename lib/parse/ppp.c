/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* PPP, wherever it is; and PPPoE. */
#include "kinds.h"

#define PPPOE_LEN 6
#define PPPOE_VERSION_TYPE 0x11
#define PPP_LEN 2
#define PPP_ADDRESS_CONTROL 0xff03
#define PPP_IPV4 0x21
#define PPP_IPV6 0x57
#define MULTILINK_WHOLE 0xc0 /* a fragment that begins and ends a packet */
#define MULTILINK_LEN 4
#define MULTILINK_SHORT_LEN 2
#define BCP_LEN 2
#define BCP_LAN_ID 0x40
#define BCP_ETHERNET 1

/* In a tunnel, a packet may be no more than an acknowledgement. */
static enum parse_step
ppp_cut(struct parse *p)
{
	return p->tunnels > 0 ? STEP_DONE : parse_fail(p, WEIR_VERDICT_TRUNC_L2);
}

/* Address and control may be left out, and of a protocol whose first octet is 0 that. */
enum parse_step
parse_ppp(struct parse *p)
{
	const uint8_t *head = parse_read(p, p->off, PPP_LEN);
	uint32_t len;
	uint16_t number;

	if (head != NULL && get16(head) == PPP_ADDRESS_CONTROL)
		p->off += PPP_LEN;
	head = parse_read(p, p->off, 1);
	if (head == NULL)
		return ppp_cut(p);
	len = *head & 1 ? 1 : PPP_LEN;
	head = parse_read(p, p->off, len);
	if (head == NULL)
		return ppp_cut(p);
	p->off += len;
	number = len == 1 ? *head : get16(head);
	switch (number) {
	case PPP_IPV4:
		return STEP_IPV4;
	case PPP_IPV6:
		return STEP_IPV6;
	default:
		return parse_kind(p, BY_PPP, number);
	}
}

/* Whether IP is there, with its protocol in front. */
static bool
ppp_has_ip(struct parse *p, uint32_t off)
{
	const uint8_t *head = parse_read(p, off, PPP_LEN);
	uint32_t len;
	uint16_t number;

	if (head == NULL)
		return false;
	len = *head & 1 ? 1 : PPP_LEN;
	number = len == 1 ? *head : get16(head);
	if (number == PPP_IPV4)
		return parse_fits(p, off + len, 4);
	return number == PPP_IPV6 && parse_fits(p, off + len, 6);
}

/*
 * RFC 1990 3, of whole packets. How long the sequence number is was agreed before: it is as IP behind it
 * says.
 */
uint32_t
read_multilink(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)next;
	if ((*head & MULTILINK_WHOLE) != MULTILINK_WHOLE)
		return READ_NOT;
	if (ppp_has_ip(p, p->off + MULTILINK_LEN))
		return MULTILINK_LEN;
	return ppp_has_ip(p, p->off + MULTILINK_SHORT_LEN) ? MULTILINK_SHORT_LEN : READ_NOT;
}

uint32_t
read_pppoe(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)next;
	if (head[0] != PPPOE_VERSION_TYPE || head[1] != 0)
		return READ_NOT;
	parse_limit(p, p->off + PPPOE_LEN + get16(head + 4));
	return PPPOE_LEN;
}

/* RFC 3518 4.2. */
uint32_t
read_bcp(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	(void)next;
	if (head[1] != BCP_ETHERNET)
		return READ_NOT;
	return BCP_LEN + (head[0] & BCP_LAN_ID ? 4 : 0);
}
