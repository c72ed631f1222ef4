/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Headers between two others that are followed: each by a frame of its own around the same packet, at
 * every length that it may be cut to, at both depths.
 */
#ifndef WEIR_PARSE_INSIDE_H
#define WEIR_PARSE_INSIDE_H

#include "testing.h"

#include "frames.h"
#include "packet.h"

/* Bytes in front, as hexadecimal digits. */
static inline void
raw(struct frame *f, const char *digits)
{
	size_t n = strlen(digits) / 2, i;
	uint8_t *at = push(f, n);

	assert_int_equal(strlen(digits) % 2, 0);
	for (i = 0; i < n; i++) {
		char byte[3] = { digits[i * 2], digits[i * 2 + 1], 0 };

		at[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

static inline struct weir_event
event_of(const uint8_t *bytes, uint32_t len, uint32_t cut, uint8_t tunnel, uint8_t depth)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .tunnel = tunnel, .depth = depth };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, bytes, len, RTE_MIN(cut, len), len);
	struct weir_event event;
	const char *wrong;

	weir_parse(&mbuf, 1, &burst);
	wrong = depth == WEIR_PARSE_FULL ? packet_wrong(mbuf) : NULL;
	event = *weir_mbuf_event(mbuf);
	packet_free(&p);
	if (wrong != NULL)
		fail_msg("%u bytes: %s", len, wrong);
	event.flags &= ~WEIR_EVENT_PRISTINE;
	return event;
}

/* What holds of a frame that ends anywhere. */
static inline void
check_cut(const char *name, const uint8_t *bytes, uint32_t len, uint8_t tunnel)
{
	struct weir_event full = event_of(bytes, len, 0, tunnel, WEIR_PARSE_FULL);
	struct weir_event key_only = event_of(bytes, len, 0, tunnel, WEIR_PARSE_KEY_ONLY);
	const char *wrong = packet_wrong_key_only(&full, &key_only);

	if (wrong != NULL)
		fail_msg("%s at %u bytes: %s", name, len, wrong);
	for (uint32_t cut = 1; cut < len; cut += 1 + len / 16) {
		struct weir_event pieces = event_of(bytes, len, cut, tunnel, WEIR_PARSE_FULL);

		if (memcmp(&full, &pieces, sizeof(full)) != 0)
			fail_msg("%s at %u bytes, in pieces from %u, differs", name, len, cut);
	}
}

static inline void
check_cuts(const char *name, struct frame *f)
{
	for (uint32_t len = 0; len <= frame_len(f); len++) {
		check_cut(name, frame_bytes(f), len, WEIR_PARSE_INNER);
		check_cut(name, frame_bytes(f), len, WEIR_PARSE_OUTER);
	}
}

/* The frame, cut anywhere too, is TCP 1234 > 443 in this tunnel. */
static inline void
check_in(unsigned int line, const char *name, struct frame *f, uint8_t tunnel, uint32_t id)
{
	struct weir_event e =
		event_of(frame_bytes(f), frame_len(f), 0, WEIR_PARSE_INNER, WEIR_PARSE_FULL);

	if (e.verdict != WEIR_VERDICT_OK || !(e.flags & WEIR_EVENT_KEYED) || e.proto != 6 ||
		e.key.sport != RTE_BE16(1234) || e.key.dport != RTE_BE16(443) ||
		e.payload_len != 10)
		fail_msg("line %u: %s: verdict %s, protocol %u, stopped %#x", line, name,
			weir_verdict_name(e.verdict), e.proto, e.stopped);
	if (e.tunnel != tunnel || e.tunnel_id != id)
		fail_msg("line %u: %s: tunnel %s, id %u", line, name, weir_tunnel_name(e.tunnel),
			e.tunnel_id);
	check_cuts(name, f);
}

/* The frame is not looked into: it stops at what is around. */
static inline void
check_out(unsigned int line, const char *name, struct frame *f, uint16_t stopped)
{
	struct weir_event e =
		event_of(frame_bytes(f), frame_len(f), 0, WEIR_PARSE_INNER, WEIR_PARSE_FULL);

	if (e.verdict != WEIR_VERDICT_OK || e.tunnel != WEIR_TUNNEL_NONE || e.stopped != stopped)
		fail_msg("line %u: %s: verdict %s, tunnel %s, stopped %#x", line, name,
			weir_verdict_name(e.verdict), weir_tunnel_name(e.tunnel), e.stopped);
	check_cuts(name, f);
}

/* What is between a packet, or a frame, and what is around it. */
#define IN_AS(inside, between, around, tunnel, id) \
	do { \
		inside; \
		between; \
		around; \
		check_in(__LINE__, #between, &f, WEIR_TUNNEL_##tunnel, id); \
	} while (0)
#define PACKET tcp4(&f)
#define FRAME (tcp4(&f), ether(&f, 0x0800))
#define RAW(digits) raw(&f, digits)
#define E(type) ether(&f, type)
#define IN(inside, between, type) IN_AS(inside, between, E(type), NONE, 0)
#define OUT_AS(inside, between, around, stopped) \
	do { \
		inside; \
		between; \
		around; \
		check_out(__LINE__, #between, &f, stopped); \
	} while (0)
#define OUT(inside, between, type) OUT_AS(inside, between, E(type), type)
#define IP4(proto) (ipv4(&f, proto), ether(&f, 0x0800))
#define IP6(proto) (ipv6(&f, proto), ether(&f, 0x86dd))

#endif /* WEIR_PARSE_INSIDE_H */
