/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Words, numbers and addresses, in the forms that libpcap reads. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "match_private.h"

void
parser_next(struct parser *parser)
{
	token_next(&parser->text, &parser->token);
}

bool
parser_take(struct parser *parser, const char *word)
{
	if (parser->token.kind != TOKEN_WORD || !token_is(&parser->token, word))
		return false;
	parser_next(parser);
	return true;
}

bool
parser_number(struct parser *parser, unsigned long most, unsigned long *number)
{
	const char *text = parser->token.text;
	char *end;

	if (parser->token.kind != TOKEN_WORD || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*number = strtoul(text, &end, 0);
	if (*end != '\0' || errno != 0 || *number > most)
		return false;
	parser_next(parser);
	return true;
}

static void
mask_make(uint8_t mask[16], unsigned int bits)
{
	for (unsigned int i = 0; i < 16; i++, bits -= RTE_MIN(bits, 8u))
		mask[i] = bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);
}

/* "10", "10.1" and so on are the first bytes of an address, as many as are given. */
static bool
dotted(const char *text, uint8_t bytes[16], unsigned int *count)
{
	unsigned int n = 0;
	char *end;

	memset(bytes, 0, 16);
	do {
		unsigned long byte;

		if (n == 4 || *text < '0' || *text > '9')
			return false;
		/* A leading 0 makes libpcap's numbers octal in some places only. */
		if (text[0] == '0' && text[1] != '\0' && text[1] != '.')
			return false;
		byte = strtoul(text, &end, 10);
		if (byte > UINT8_MAX)
			return false;
		bytes[n++] = (uint8_t)byte;
		text = end + 1;
	} while (*end == '.');
	*count = n;
	return *end == '\0';
}

static bool
station(const char *text, uint8_t bytes[16])
{
	unsigned int n = 0;
	char *end;

	memset(bytes, 0, 16);
	for (;; text = end + 1) {
		unsigned long byte = strtoul(text, &end, 16);

		if (end == text || end > text + 2 || n == 6)
			return false;
		bytes[n++] = (uint8_t)byte;
		if (*end != ':')
			return n == 6 && *end == '\0';
	}
}

/* An address, with `/BITS` or `mask BYTES` behind it. */
bool
address_parse(struct parser *parser, const struct qualifiers *q, struct address *address)
{
	const char *text = parser->token.text;
	unsigned int bytes;
	unsigned long bits;

	*address = (struct address){ .type = TYPE_IPV4 };
	if (parser->token.kind != TOKEN_WORD)
		return false;
	if (strcmp(q->proto, "ether") == 0) {
		address->type = 0;
		if (!station(text, address->bytes))
			return false;
		parser_next(parser);
		return true;
	}
	if (inet_pton(AF_INET6, text, address->bytes) == 1) {
		address->type = TYPE_IPV6;
		bytes = 16;
	} else if (!dotted(text, address->bytes, &bytes) || (bytes == 1 && q->kind != KIND_NET)) {
		return false;
	}
	bits = bytes * 8;
	parser_next(parser);
	if (parser->token.kind == TOKEN_SLASH) {
		parser_next(parser);
		if (!parser_number(parser, address->type == TYPE_IPV6 ? 128 : 32, &bits))
			return false;
	}
	mask_make(address->mask, (unsigned int)bits);
	if (parser_take(parser, "mask")) {
		if (address->type == TYPE_IPV6 || parser->token.kind != TOKEN_WORD ||
			!dotted(parser->token.text, address->mask, &bytes) || bytes != 4)
			return false;
		parser_next(parser);
	}
	return true;
}
