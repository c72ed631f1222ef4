/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* MPLS. */
#include "kinds.h"

#define LABEL_LEN 4
#define LABEL_BOTTOM 0x100
#define LABEL_SHIFT 12
#define CONTROL_WORD_LEN 4

/* All labels, entropy and special ones too; the id is the last one. */
uint32_t
read_mpls(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	const uint8_t *label = head;
	uint32_t len;

	for (len = LABEL_LEN; label != NULL; len += LABEL_LEN) {
		next->id = get32(label) >> LABEL_SHIFT;
		if (get32(label) & LABEL_BOTTOM)
			return len;
		if (len == WEIR_PARSE_MAX_LABELS * LABEL_LEN) {
			next->verdict = WEIR_VERDICT_TOO_DEEP;
			return READ_NOT;
		}
		label = parse_read(p, p->off + len, LABEL_LEN);
	}
	return len;
}

/* Whether all of an IPv4 header is there, and its checksum right: of a frame it hardly ever is. */
static bool
ipv4_adds_up(struct parse *p)
{
	const uint8_t *word = parse_read(p, p->off, 4);
	uint32_t len = word != NULL ? (word[0] & 0xfu) * 4 : 0, sum = 0, at;

	for (at = 0; at < len; at += 4) {
		word = parse_read(p, p->off + at, 4);
		if (word == NULL)
			return false;
		sum += get16(word) + get16(word + 2);
	}
	return len >= IPV4_LEN && (sum & UINT16_MAX) + (sum >> 16) == UINT16_MAX;
}

/*
 * It is where it ends where all does, here or on the wire, where its checksum is right, and where there is
 * not so much left as Ethernet, the other thing that it may be, has in every frame.
 */
bool
parse_is_ip(struct parse *p, uint8_t version)
{
	uint32_t end = parse_ip_end(p, p->off, version);

	return end == p->end || end == p->wire_end || p->off + ETHER_LEN > p->end ||
		(version == 4 && ipv4_adds_up(p));
}

/*
 * Of an Ethernet frame without control word, a nibble of its first address may say IP. An address of
 * IP seldom begins as these types.
 */
static enum parse_step
ip_or_ether(struct parse *p, uint8_t version, enum parse_step ip)
{
	const uint8_t *head = parse_read(p, p->off, ETHER_LEN);

	if (head == NULL)
		return ip;
	switch (get16(head + ETHER_LEN - 2)) {
	case ETHERTYPE_IPV4:
	case ETHERTYPE_IPV6:
	case ETHERTYPE_VLAN:
	case ETHERTYPE_QINQ:
		break;
	default:
		return ip;
	}
	return !parse_looks_ether(p, p->off) || parse_is_ip(p, version) ? ip : STEP_ETHER;
}

/*
 * Nothing says what follows the last label. The first nibble of an IP header does, or that of a
 * control word (RFC 4928 3), unless an Ethernet frame without one begins so: all of it is a guess.
 */
enum parse_step
parse_below_mpls(struct parse *p)
{
	const uint8_t *first = parse_read(p, p->off, 1);

	if (first == NULL)
		return STEP_DONE;
	parse_guess(p);
	switch (*first >> 4) {
	case 4:
		return ip_or_ether(p, 4, STEP_IPV4);
	case 6:
		return ip_or_ether(p, 6, STEP_IPV6);
	case 0:
		if (parse_looks_ether(p, p->off + CONTROL_WORD_LEN) ||
			!parse_looks_ether(p, p->off))
			p->off += CONTROL_WORD_LEN;
		return STEP_ETHER;
	default:
		return parse_looks_ether(p, p->off) ? STEP_ETHER : STEP_DONE;
	}
}
