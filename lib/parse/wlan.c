/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* 802.11, and the tunnels that carry it. */
#include "kinds.h"

#define CAPWAP_NATIVE 0x01 /* in the third byte: the frame is of the kind that its WBID says */
#define CAPWAP_WBID_WLAN 1
#define CAPWAP_FRAGMENT 0x80 /* in the fourth */
#define CAPWAP_LAST 0x40     /* of the fragments */
#define CAPWAP_ALIVE 0x08    /* not data */
#define CAPWAP_LEAST_WORDS 2
#define TZSP_VERSION 1
#define TZSP_LEN 4
#define TZSP_ETHERNET 1
#define TZSP_WLAN 18
#define TZSP_TAG_PADDING 0
#define TZSP_TAG_END 1
#define TZSP_MAX_TAGS 32
#define WLAN_LEN 24
#define WLAN_DATA 0x08 /* version, and type of the frame control's first byte */
#define WLAN_TYPE_MASK 0x0f
#define WLAN_NULL 0x40
#define WLAN_QOS 0x80
#define WLAN_BOTH_DS 0x03 /* of its second byte */
#define WLAN_PROTECTED 0x40
#define WLAN_ORDER 0x80
#define WLAN_QOS_LEN 2
#define WLAN_HT_LEN 4
#define WLAN_AGGREGATE 0x80 /* of QoS control */
#define WLAN_SUBFRAME_LEN 14
#define LLC_SNAP 0xaaaa

/* Whether the frame is not in pieces, or in one. */
static bool
capwap_whole(const uint8_t *head)
{
	return !(head[3] & CAPWAP_FRAGMENT) || (head[3] & CAPWAP_LAST && get16(head + 6) >> 3 == 0);
}

/* RFC 5415 4.3. */
uint32_t
read_capwap(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint32_t words = head[1] >> 3;

	(void)p;
	/* Preamble 0: not DTLS. */
	if (head[0] != 0 || words < CAPWAP_LEAST_WORDS || head[3] & CAPWAP_ALIVE ||
		!capwap_whole(head))
		return READ_NOT;
	next->id = (head[1] & 7u) << 2 | head[2] >> 6;
	if (!(head[2] & CAPWAP_NATIVE))
		next->step = STEP_ETHER;
	else if ((head[2] >> 1 & 0x1f) == CAPWAP_WBID_WLAN)
		next->step = STEP_WLAN;
	else
		return READ_NOT;
	return words * 4;
}

static uint32_t
tzsp_len(struct parse *p)
{
	const uint8_t *tag;
	uint32_t len = TZSP_LEN;
	unsigned int i;

	for (i = 0; i < TZSP_MAX_TAGS; i++) {
		tag = parse_read(p, p->off + len++, 1);
		if (tag == NULL)
			return READ_NOT;
		if (*tag == TZSP_TAG_END)
			return len;
		if (*tag == TZSP_TAG_PADDING)
			continue;
		tag = parse_read(p, p->off + len++, 1);
		if (tag == NULL)
			return READ_NOT;
		len += *tag;
	}
	return READ_NOT;
}

uint32_t
read_tzsp(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint16_t inside = get16(head + 2);

	if (head[0] != TZSP_VERSION || (inside != TZSP_ETHERNET && inside != TZSP_WLAN))
		return READ_NOT;
	next->step = inside == TZSP_ETHERNET ? STEP_ETHER : STEP_WLAN;
	return tzsp_len(p);
}

/* The header of a data frame that may be read; 0: it is none. */
static uint32_t
wlan_len(struct parse *p, uint8_t type, uint8_t flags)
{
	uint32_t len = WLAN_LEN + ((flags & WLAN_BOTH_DS) == WLAN_BOTH_DS ? 6 : 0);
	const uint8_t *qos;

	if ((type & WLAN_TYPE_MASK) != WLAN_DATA || type & WLAN_NULL || flags & WLAN_PROTECTED)
		return 0;
	if (!(type & WLAN_QOS))
		return len;
	qos = parse_read(p, p->off + len, 1);
	if (qos == NULL)
		return 0;
	len += WLAN_QOS_LEN + (flags & WLAN_ORDER ? WLAN_HT_LEN : 0);
	return len + (*qos & WLAN_AGGREGATE ? WLAN_SUBFRAME_LEN : 0);
}

/* Whether LLC is where the two bytes of the frame control say: then behind the header. */
static bool
wlan_header(struct parse *p, uint8_t type, uint8_t flags)
{
	uint32_t len = wlan_len(p, type, flags);
	const uint8_t *llc = len != 0 ? parse_read(p, p->off + len, LLC_LEN) : NULL;

	if (llc == NULL || get16(llc) != LLC_SNAP)
		return false;
	p->off += len;
	return true;
}

/* Some access points exchange the two bytes of the frame control. */
enum parse_step
parse_wlan(struct parse *p)
{
	const uint8_t *head = parse_read(p, p->off, WLAN_LEN);
	uint8_t first, second;

	if (head == NULL)
		return STEP_DONE;
	first = head[0];
	second = head[1];
	if (!wlan_header(p, first, second) && !wlan_header(p, second, first))
		return STEP_DONE;
	return parse_kind(p, BY_LLC, LLC_SNAP);
}
