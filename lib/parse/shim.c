/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Headers between Ethernet and what it carries whose length or type must be read. */
#include "kinds.h"

#define CMD_WORD_AT 2
#define ARISTA_TIMESTAMP 1
#define ARISTA_VERSION_64 0x10
#define ARISTA_VERSION_48 0x20
#define MACSEC_VERSION 0x80
#define MACSEC_SCI 0x20
#define MACSEC_CHANGED 0x0c /* encrypted, or otherwise not the text itself */
#define MACSEC_LEN 6
#define MACSEC_SCI_LEN 8
#define NSH_LEAST_WORDS 2
#define TRILL_LEN 6

/* A header that ends with the ethertype of what follows. */
static uint32_t
ends_typed(struct parse *p, struct parse_next *next, uint32_t len)
{
	const uint8_t *type = parse_read(p, p->off + len - 2, 2);

	if (type != NULL)
		next->number = get16(type);
	return len;
}

/* Version, length in words, the words, the type. */
uint32_t
read_cmd(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	return ends_typed(p, next, CMD_WORD_AT + head[1] * 4u + 2);
}

uint32_t
read_arista(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	if (get16(head) != ARISTA_TIMESTAMP)
		return READ_NOT;
	switch (head[3]) {
	case ARISTA_VERSION_64:
		return ends_typed(p, next, 4 + 8 + 2);
	case ARISTA_VERSION_48:
		return ends_typed(p, next, 4 + 6 + 2);
	default:
		return READ_NOT;
	}
}

uint32_t
read_macsec(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	if (head[0] & (MACSEC_VERSION | MACSEC_CHANGED))
		return READ_NOT;
	return ends_typed(p, next, MACSEC_LEN + (head[0] & MACSEC_SCI ? MACSEC_SCI_LEN : 0) + 2);
}

/* RFC 8300 2.2. */
uint32_t
read_nsh(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	uint32_t words = head[1] & 0x3fu;

	(void)p;
	next->number = parse_next_protocol(head[3]);
	if (head[0] >> 6 != 0 || words < NSH_LEAST_WORDS || next->number == 0)
		return READ_NOT;
	return words * 4;
}

/* RFC 6325 3. */
uint32_t
read_trill(struct parse *p, const uint8_t *head, struct parse_next *next)
{
	(void)p;
	(void)next;
	if (head[0] >> 6 != 0)
		return READ_NOT;
	return TRILL_LEN + ((head[0] & 7u) << 2 | head[1] >> 6) * 4;
}
