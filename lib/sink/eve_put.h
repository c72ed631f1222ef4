/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What lines of eve are put together of. Each writes at `at`, where WRITER_LINE_MAX bytes are free at
 * the line's begin, and returns the end of what it wrote.
 */
#ifndef WEIR_EVE_PUT_H
#define WEIR_EVE_PUT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "sink_private.h"

#define VLAN_ID_MASK 0xfffu

/* Append a string literal. */
#define PUT(at, literal) ((char *)memcpy(at, literal, sizeof(literal) - 1) + sizeof(literal) - 1)

/* The numbers below 100, two digits each, and the digits of hex. */
extern const char eve_pairs[201];
extern const char eve_hex[17];

static inline char *
put_pair(char *at, uint32_t value)
{
	return (char *)memcpy(at, eve_pairs + 2 * value, 2) + 2;
}

static inline unsigned int
digits(uint32_t value)
{
	unsigned int n = 1;

	for (; value >= 100; value /= 100)
		n += 2;
	return value >= 10 ? n + 1 : n;
}

static inline char *
put_uint(char *at, uint32_t value)
{
	char *end = at + digits(value), *p = end;

	for (; value >= 100; value /= 100) {
		p -= 2;
		put_pair(p, value % 100);
	}
	if (value >= 10)
		put_pair(p - 2, value);
	else
		p[-1] = (char)('0' + value);
	return end;
}

static inline char *
put_text(char *at, const struct eve_text *text)
{
	memcpy(at, text->text, sizeof(text->text));
	return at + text->len;
}

static inline char *
put_ipv4(char *at, const uint8_t address[4])
{
	at = put_uint(at, address[0]);
	for (unsigned int i = 1; i < 4; i++) {
		*at++ = '.';
		at = put_uint(at, address[i]);
	}
	return at;
}

/* What follows eve_put_second(): microseconds suffice for a clock of ours, and of most captures. */
static inline char *
put_fraction(char *at, uint64_t ns, bool exact)
{
	uint32_t us = (uint32_t)ns / 1000;

	at = put_pair(put_pair(put_pair(at, us / 10000), us / 100 % 100), us % 100);
	ns %= 1000;
	if (unlikely(ns != 0 && exact)) {
		at = put_pair(at, (uint32_t)ns / 10);
		*at++ = (char)('0' + ns % 10);
	}
	return PUT(at, "+0000\"");
}

static inline char *
put_iface(const struct eve_format *format, uint16_t port, char *at)
{
	const struct eve_iface *iface;

	if (port >= RTE_MAX_ETHPORTS)
		return at;
	iface = &format->ifaces[port];
	for (uint16_t i = 0; i < iface->len; i += EVE_COPY)
		memcpy(at + i, iface->text + i, EVE_COPY);
	return at + iface->len;
}

static inline char *
put_vlan(const struct weir_event *event, char *at)
{
	unsigned int count = weir_event_vlan_count(event);

	if (count == 0)
		return at;
	at = PUT(at, ",\"vlan\":[");
	at = put_uint(at, event->vlan[0] & VLAN_ID_MASK);
	for (unsigned int i = 1; i < count; i++) {
		*at++ = ',';
		at = put_uint(at, event->vlan[i] & VLAN_ID_MASK);
	}
	*at++ = ']';
	return at;
}

static inline char *
put_address(const struct weir_key *key, const uint8_t address[16], char *at)
{
	at = key->ip_version == 4 ? put_ipv4(at, address + 12) : eve_put_ipv6(at, address);
	*at++ = '"';
	return at;
}

static inline char *
put_tunnel(const struct eve_format *format, const struct weir_event *event, char *at)
{
	at = put_text(at, &format->tunnel[RTE_MIN(event->tunnel, WEIR_TUNNEL_MAX - 1)]);
	if (event->tunnel_id != 0)
		at = put_uint(PUT(at, ",\"tunnel_id\":"), event->tunnel_id);
	return at;
}

#endif /* WEIR_EVE_PUT_H */
