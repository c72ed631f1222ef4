/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* GRE, and what is in it that has a header of its own. */
#include "kinds.h"

#define GRE_LEN 4
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_ACK 0x0080
#define GRE_VERSION 0x0007
#define GRE_CALL_ID 0xffff
#define GRE_ERSPAN 0x88be
#define GRE_EOIP 0x6400
/* ERSPAN's first version has no header of its own, nor GRE's sequence number. */
#define GRE_NO_SEQUENCE 0x10000
#define ERSPAN2_LEN 8
#define ERSPAN3_LEN 12
#define ERSPAN3_SUBHEADER 1
#define ERSPAN3_FRAME_IP 2
#define WCCP_LEN 4

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

/* Version 1 has the payload's length in the key's first half (RFC 2637 4.1). */
static uint32_t
gre_id(uint16_t flags, uint16_t protocol, uint32_t key)
{
	if ((flags & GRE_VERSION) == 0)
		return key;
	if (protocol == GRE_EOIP)
		return __builtin_bswap16((uint16_t)key);
	return key & GRE_CALL_ID;
}

static void
gre_inside(uint16_t flags, uint16_t protocol, struct parse_next *next)
{
	bool enhanced = (flags & GRE_VERSION) == 1;

	next->number = protocol;
	if (!enhanced && (protocol == ETHERTYPE_IPV4 || protocol == ETHERTYPE_IPV6)) {
		next->step = protocol == ETHERTYPE_IPV4 ? STEP_IPV4 : STEP_IPV6;
	} else if (!enhanced || protocol == ETHERTYPE_PPP || protocol == GRE_EOIP) {
		next->step = STEP_KIND;
		next->by = BY_GRE;
		if (protocol == GRE_ERSPAN && !(flags & GRE_SEQUENCE))
			next->number |= GRE_NO_SEQUENCE;
	}
}

uint32_t
read_gre(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint16_t flags = get16(head), protocol = get16(head + 2);
	const uint8_t *key;

	if (!gre_known(flags))
		return gre_len(flags);
	if (flags & GRE_KEY) {
		key = parse_read(p, p->off + GRE_LEN + (flags & GRE_CHECKSUM ? 4 : 0), 4);
		if (key != NULL)
			next->id = gre_id(flags, protocol, get32(key));
	}
	gre_inside(flags, protocol, next);
	return gre_len(flags);
}

uint32_t
read_erspan(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	(void)next;
	return head[0] >> 4 == 1 ? ERSPAN2_LEN : READ_NOT;
}

uint32_t
read_erspan3(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint32_t len = ERSPAN3_LEN + (head[11] & ERSPAN3_SUBHEADER ? 8 : 0);
	const uint8_t *first;

	if (head[0] >> 4 != 2)
		return READ_NOT;
	if ((head[10] >> 2 & 0x1f) != ERSPAN3_FRAME_IP)
		return len;
	first = parse_read(p, p->off + len, 1);
	next->step = first != NULL && *first >> 4 == 6 ? STEP_IPV6 : STEP_IPV4;
	return len;
}

/* The redirect header is of version 2: before, the packet is there at once. */
uint32_t
read_wccp(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	(void)next;
	return head[0] >> 4 == 4 ? 0 : WCCP_LEN;
}
