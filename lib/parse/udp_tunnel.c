/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Tunnels by UDP port. */
#include <netinet/in.h>

#include "kinds.h"

#define VXLAN_GPE_VERSION 0x30
#define VXLAN_GPE_NEXT 0x04
#define GENEVE_LEN 8
#define GTPU_LEN 8
#define GTPU_OPTIONAL_LEN 4
#define GTPU_FIXED_MASK 0xf0 /* version, protocol type */
#define GTPU_FIXED 0x30      /* 1, GTP */
#define GTPU_OPTIONAL_MASK 0x07
#define GTPU_EXTENSION 0x04
#define GTPU_GPDU 255
#define GTPU_MAX_EXT 8
#define TEREDO_AUTH 1
#define TEREDO_AUTH_LEN 13
#define TEREDO_ORIGIN 0
#define TEREDO_ORIGIN_LEN 8
#define TEREDO_TRAILER_LEN 2
#define TEREDO_MAX_TRAILERS 8
#define AYIYA_LEN 8
#define AYIYA_FORWARD 1

uint32_t
read_vxlan(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	(void)next;
	return head[0] & VXLAN_VNI_VALID ? VXLAN_LEN : READ_NOT;
}

uint32_t
read_vxlan_gpe(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	if (!(head[0] & VXLAN_VNI_VALID) || head[0] & VXLAN_GPE_VERSION)
		return READ_NOT;
	if (!(head[0] & VXLAN_GPE_NEXT))
		return VXLAN_LEN;
	next->step = STEP_ETHERTYPE;
	next->number = parse_next_protocol(head[3]);
	return next->number != 0 ? VXLAN_LEN : READ_NOT;
}

uint32_t
read_geneve(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	if (head[0] >> 6 != 0)
		return READ_NOT;
	switch (next->number) {
	case ETHERTYPE_TEB:
		next->step = STEP_ETHER;
		break;
	case ETHERTYPE_IPV4:
		next->step = STEP_IPV4;
		break;
	case ETHERTYPE_IPV6:
		next->step = STEP_IPV6;
		break;
	default:
		break;
	}
	return GENEVE_LEN + (head[0] & 0x3fu) * 4;
}

/* The chain of extension headers `len` behind p->off, each in units of 4, its next type last. */
static uint32_t
gtpu_extensions(struct parse *p, uint32_t len, uint8_t type)
{
	const uint8_t *at;
	unsigned int i;

	for (i = 0; type != 0; i++) {
		at = parse_read(p, p->off + len, 1);
		if (at == NULL || *at == 0 || i == GTPU_MAX_EXT)
			return READ_NOT;
		len += *at * 4u;
		at = parse_read(p, p->off + len - 1, 1);
		if (at == NULL)
			return READ_NOT;
		type = *at;
	}
	return len;
}

static uint32_t
gtpu_len(struct parse *p, uint8_t flags)
{
	const uint8_t *optional;

	if (!(flags & GTPU_OPTIONAL_MASK))
		return GTPU_LEN;
	optional = parse_read(p, p->off + GTPU_LEN, GTPU_OPTIONAL_LEN);
	if (optional == NULL)
		return READ_NOT;
	return gtpu_extensions(p, GTPU_LEN + GTPU_OPTIONAL_LEN,
		flags & GTPU_EXTENSION ? optional[3] : 0);
}

/* IP by its first nibble. */
static enum parse_step
ip_at(struct parse *p, uint32_t off)
{
	const uint8_t *first = parse_read(p, off, 1);

	if (first == NULL)
		return STEP_DONE;
	if (*first >> 4 == 4)
		return STEP_IPV4;
	return *first >> 4 == 6 ? STEP_IPV6 : STEP_DONE;
}

uint32_t
read_gtpu(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint32_t len;

	if ((head[0] & GTPU_FIXED_MASK) != GTPU_FIXED || head[1] != GTPU_GPDU)
		return READ_NOT;
	parse_limit(p, p->off + GTPU_LEN + get16(head + 2));
	len = gtpu_len(p, head[0]);
	if (len != READ_NOT)
		next->step = ip_at(p, p->off + len);
	return len;
}

/*
 * Whether what is from off on are trailers of RFC 6081 to the very end: a type and a length, then as
 * much. What the frame has lost of them is taken for right.
 */
static bool
teredo_trailers(struct parse *p, uint32_t off)
{
	const uint8_t *trailer;
	unsigned int i;

	for (i = 0; i < TEREDO_MAX_TRAILERS && off < p->end; i++) {
		trailer = parse_read(p, off, TEREDO_TRAILER_LEN);
		if (trailer == NULL)
			return p->end < p->wire_end;
		if (trailer[0] == 0)
			return false;
		off += TEREDO_TRAILER_LEN + trailer[1];
	}
	return off == p->end || (off > p->end && p->end < p->wire_end);
}

/* RFC 4380 5.1.1: perhaps an authentication, perhaps an origin, then IPv6, perhaps trailers. */
uint32_t
read_teredo(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint32_t len = 0, end;

	(void)next;
	if (get16(head) == TEREDO_AUTH) {
		len = TEREDO_AUTH_LEN + head[2] + head[3];
		head = parse_read(p, p->off + len, IPV6_LEN);
	}
	if (head != NULL && get16(head) == TEREDO_ORIGIN) {
		len += TEREDO_ORIGIN_LEN;
		head = parse_read(p, p->off + len, IPV6_LEN);
	}
	if (head == NULL || head[0] >> 4 != 6)
		return READ_NOT;
	end = p->off + len + IPV6_LEN + get16(head + 4);
	return end >= p->end || teredo_trailers(p, end) ? len : READ_NOT;
}

/* Its nibbles are lengths: of the identity as a power of two, of the signature in words. */
uint32_t
read_ayiya(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	if ((head[2] & 0xf) != AYIYA_FORWARD)
		return READ_NOT;
	if (head[3] == IPPROTO_IPV6)
		next->step = STEP_IPV6;
	else if (head[3] == IPPROTO_IPIP)
		next->step = STEP_IPV4;
	else
		return READ_NOT;
	return AYIYA_LEN + (1u << (head[0] >> 4)) + (head[1] >> 4) * 4u;
}
