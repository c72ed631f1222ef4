/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Tunnels by IP protocol number; and L2TP, which is one by its port, too. */
#include "kinds.h"

#define ETHERIP_LEN 2
#define ETHERIP_VERSION 3
#define PIM_REGISTER 0x21 /* version 2, type 1 */
#define PIM_LEN 8
#define L2TP_CONTROL 0x8000
#define L2TP_LENGTH 0x4000
#define L2TP_SEQUENCE 0x0800
#define L2TP_OFFSET 0x0200
#define L2TP_RESERVED 0x34f0
#define L2TP_VERSION 0x000f
#define L2TP_SESSION_LEN 4
#define L2TP3_UDP_LEN 4
#define L2TP_SKIP_MAX 12
#define PPP_ADDRESS_CONTROL 0xff03

uint32_t
read_etherip(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	(void)next;
	return head[0] >> 4 == ETHERIP_VERSION ? ETHERIP_LEN : READ_NOT;
}

uint32_t
read_pim(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint8_t version = head[PIM_LEN] >> 4;

	(void)p;
	if (head[0] != PIM_REGISTER || (version != 4 && version != 6))
		return READ_NOT;
	next->step = version == 4 ? STEP_IPV4 : STEP_IPV6;
	return PIM_LEN;
}

static enum parse_step
l2tp_inside(struct parse *p, uint32_t off)
{
	const uint8_t *head = parse_read(p, off, 2);

	if (head != NULL && get16(head) == PPP_ADDRESS_CONTROL)
		return STEP_PPP;
	if (parse_fits(p, off, 4))
		return STEP_IPV4;
	return parse_fits(p, off, 6) ? STEP_IPV6 : STEP_DONE;
}

/*
 * Version 3 agrees beforehand on a cookie, on a sublayer, and on what is carried: it is there where
 * it fits. `len` bytes are before the cookie.
 */
static uint32_t
l2tp3_len(struct parse *p, uint32_t len, struct parse_next *next)
{
	uint32_t skip;

	for (skip = 0; skip <= L2TP_SKIP_MAX; skip += 4)
		if (parse_looks_ether(p, p->off + len + skip)) {
			next->step = STEP_ETHER;
			return len + skip;
		}
	for (skip = 0; skip <= L2TP_SKIP_MAX; skip += 4) {
		next->step = l2tp_inside(p, p->off + len + skip);
		if (next->step != STEP_DONE)
			return len + skip;
	}
	return READ_NOT;
}

/* Length, tunnel and session, sequence numbers, offset: all but the ids may be left out. */
static uint32_t
l2tp2_len(struct parse *p, uint16_t flags, struct parse_next *next)
{
	uint32_t len = flags & L2TP_LENGTH ? 4 : 2;
	const uint8_t *at;

	if (flags & L2TP_LENGTH) {
		at = parse_read(p, p->off + 2, 2);
		parse_limit(p, p->off + get16(at));
	}
	at = parse_read(p, p->off + len, 4);
	if (at == NULL)
		return READ_NOT;
	next->id = get32(at);
	len += 4 + (flags & L2TP_SEQUENCE ? 4 : 0);
	if (flags & L2TP_OFFSET) {
		at = parse_read(p, p->off + len, 2);
		if (at == NULL)
			return READ_NOT;
		len += 2u + get16(at);
	}
	next->step = STEP_PPP;
	return len;
}

uint32_t
read_l2tp(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint16_t flags = get16(head);
	const uint8_t *session;

	if (flags & L2TP_CONTROL)
		return READ_NOT;
	switch (flags & L2TP_VERSION) {
	case 2:
		return flags & L2TP_RESERVED ? READ_NOT : l2tp2_len(p, flags, next);
	case 3:
		session = parse_read(p, p->off + L2TP3_UDP_LEN, L2TP_SESSION_LEN);
		if (session == NULL || flags & L2TP_RESERVED)
			return READ_NOT;
		next->id = get32(session);
		return l2tp3_len(p, L2TP3_UDP_LEN + L2TP_SESSION_LEN, next);
	default:
		return READ_NOT;
	}
}

/* Session 0 is control. */
uint32_t
read_l2tp_ip(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)head;
	return next->id != 0 ? l2tp3_len(p, L2TP_SESSION_LEN, next) : READ_NOT;
}
