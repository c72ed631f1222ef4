/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Frames whose lengths say what is not so: how they are parsed. */
#ifndef WEIR_PARSE_LENGTHS_H
#define WEIR_PARSE_LENGTHS_H

#include "testing.h"

#include "frames.h"
#include "packet.h"

static struct weir_event event;

static inline struct weir_event
event_of(const uint8_t *bytes, uint32_t len, uint32_t cut, uint8_t depth)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .depth = depth };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, bytes, len, cut, len);
	const char *wrong = NULL;
	struct weir_event made;

	weir_parse(&mbuf, 1, &burst);
	made = *weir_mbuf_event(mbuf);
	if (depth == WEIR_PARSE_FULL)
		wrong = packet_wrong(mbuf);
	packet_free(&p);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	assert_int_equal(burst.verdicts[made.verdict], 1);
	made.flags &= ~WEIR_EVENT_PRISTINE;
	return made;
}

/* The verdict of the first bytes of a frame, whole or in segments, and key-only. */
static unsigned int
parse_part(struct frame *f, uint32_t len)
{
	const uint8_t *bytes = frame_bytes(f);
	struct weir_event key_only = event_of(bytes, len, 0, WEIR_PARSE_KEY_ONLY);
	struct weir_event cut = event_of(bytes, len, len / 2, WEIR_PARSE_FULL);
	const char *wrong;

	event = event_of(bytes, len, 0, WEIR_PARSE_FULL);
	assert_memory_equal(&event, &cut, sizeof(cut));
	wrong = packet_wrong_key_only(&event, &key_only);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	return event.verdict;
}

static unsigned int
parse(struct frame *f)
{
	return parse_part(f, frame_len(f));
}

static inline void
assert_read(struct frame *f, uint8_t proto, uint32_t payload_len, uint32_t no_length)
{
	assert_int_equal(parse(f), WEIR_VERDICT_OK);
	assert_int_equal(event.proto, proto);
	assert_int_equal(rte_be_to_cpu_16(event.key.sport), 40000);
	assert_int_equal(rte_be_to_cpu_16(event.key.dport), 80);
	assert_int_equal(event.payload_len, payload_len);
	assert_int_equal(event.flags & WEIR_EVENT_NO_LENGTH, no_length);
}

/* TCP or UDP of 2,000 bytes, whose own length is 0 where it has one. */
static inline void
offloaded(struct frame *f, uint8_t proto, uint8_t version)
{
	payload(f, 1500);
	if (proto == IPPROTO_TCP) {
		tcp(f, 40000, 80, 12);
	} else {
		udp(f, 40000, 80);
		put16(frame_bytes(f) + 4, 0);
	}
	if (version == 4)
		ipv4(f, proto);
	else
		ipv6(f, proto);
	no_length(f);
}

static inline uint16_t
type_of(uint8_t version)
{
	return version == 4 ? 0x0800 : 0x86dd;
}

/* A jumbogram of UDP or TCP in hop-by-hop options that come behind `pads` bytes of others. */
static inline void
jumbogram(struct frame *f, uint8_t proto, uint32_t length, unsigned int pads)
{
	payload(f, 1500);
	if (proto == IPPROTO_TCP) {
		tcp(f, 40000, 80, 0);
	} else {
		udp(f, 40000, 80);
		put16(frame_bytes(f) + 4, 0);
	}
	jumbo(f, proto, length);
	if (pads != 0) {
		uint8_t *h = frame_bytes(f);

		memmove(push(f, 8), h, 2);
		h = frame_bytes(f);
		h[0] = proto;
		h[1] = 1;
		/* A PadN and Pad1s, as they may be mixed. */
		h[2] = pads > 2 ? 5 : 1;
		h[3] = pads > 2 ? (uint8_t)(pads - 2) : 0;
		memset(h + 4, 0, 4);
		h[8] = h[9] = 0;
	}
	ipv6(f, IPPROTO_HOPOPTS);
	no_length(f);
	ether(f, 0x86dd);
}

#endif /* WEIR_PARSE_LENGTHS_H */
