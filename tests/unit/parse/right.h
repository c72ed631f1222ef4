/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Parses right frames, and says what the event of the last one should be. */
#ifndef TEST_RIGHT_H
#define TEST_RIGHT_H

#include "frames.h"
#include "packet.h"

static struct weir_event event;

/* The event of a frame whose mbuf has these offload results. */
static inline void
parse_with(struct frame *f, uint8_t tunnel, uint64_t ol_flags, uint16_t outer, uint16_t inner)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tsc = 7,
		.port = 3,
		.queue = 2,
		.tunnel = tunnel };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, frame_bytes(f), frame_len(f), 0, 0);
	const char *wrong;

	mbuf->ol_flags = ol_flags;
	mbuf->vlan_tci_outer = outer;
	mbuf->vlan_tci = inner;
	weir_parse(&mbuf, 1, &burst);
	event = *weir_mbuf_event(mbuf);
	wrong = packet_wrong(mbuf);
	packet_free(&p);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	assert_int_equal(event.verdict, WEIR_VERDICT_OK);
	assert_int_equal(event.tsc, 7);
	assert_int_equal(event.port, 3);
	assert_int_equal(event.queue, 2);
}

static inline void
parse(struct frame *f)
{
	parse_with(f, WEIR_PARSE_INNER, 0, 0, 0);
}

static inline void
assert_flow(uint8_t proto, uint8_t version, uint16_t sport, uint16_t dport)
{
	assert_true(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(event.proto, proto);
	assert_int_equal(weir_event_ip_version(&event), version);
	assert_int_equal(weir_event_ethertype(&event), version == 4 ? 0x0800 : 0x86dd);
	assert_int_equal(rte_be_to_cpu_16(event.key.sport), sport);
	assert_int_equal(rte_be_to_cpu_16(event.key.dport), dport);
}

static inline void
assert_offsets(uint16_t l3, uint16_t l4, uint16_t off, uint16_t len)
{
	assert_int_equal(event.l3_off, l3);
	assert_int_equal(event.l4_off, l4);
	assert_int_equal(event.payload_off, off);
	assert_int_equal(event.payload_len, len);
}

static inline void
assert_tunnel(uint8_t tunnel, uint32_t id)
{
	assert_int_equal(event.tunnel, tunnel);
	assert_int_equal(event.tunnel_id, id);
}

#endif /* TEST_RIGHT_H */
