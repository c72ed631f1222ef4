/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lengths of IP that go beyond the frame, and what is counted of lengths. */
#include "lengths.h"

/* The event of the first `len` bytes of a frame, of which there were `wire` on the wire. */
static void
parse_of_wire(struct frame *f, uint32_t len, uint32_t wire)
{
	struct weir_event made[2];
	const char *wrong;

	for (unsigned int depth = 0; depth < 2; depth++) {
		struct weir_parse_burst burst = { .size = sizeof(burst),
			.depth = (uint8_t)depth,
			.wire_lens = &wire };
		struct packet p;
		struct rte_mbuf *mbuf = packet_make(&p, frame_bytes(f), len, 0, 0);

		weir_parse(&mbuf, 1, &burst);
		made[depth] = *weir_mbuf_event(mbuf);
		packet_free(&p);
		assert_int_equal(made[depth].len, len);
		assert_int_equal(made[depth].wire_len, RTE_MAX(len, wire));
		assert_int_equal(burst.truncated, !!(made[depth].flags & WEIR_EVENT_TRUNCATED));
		assert_int_equal(burst.verdicts[made[depth].verdict], 1);
	}
	event = made[0];
	wrong = packet_wrong_key_only(&made[0], &made[1]);
	if (wrong != NULL)
		fail_msg("%s", wrong);
}

static void
assert_truncated(unsigned int line, bool truncated)
{
	if (!!(event.flags & WEIR_EVENT_TRUNCATED) != truncated)
		fail_msg("line %u: truncated or not", line);
}
#define TRUNCATED assert_truncated(__LINE__, true)
#define NOT_TRUNCATED assert_truncated(__LINE__, false)

/* TCP or UDP of which IP's length says `more` bytes than there are. */
static void
longer(struct frame *f, uint8_t proto, uint8_t version, int more)
{
	uint8_t *length;

	payload(f, 60);
	if (proto == IPPROTO_TCP)
		tcp(f, 40000, 80, 0);
	else
		udp(f, 40000, 80);
	if (version == 4)
		ipv4(f, proto);
	else
		ipv6(f, proto);
	length = frame_bytes(f) + (version == 4 ? 2 : 4);
	put16(length, (uint32_t)((length[0] << 8 | length[1]) + more));
	ether(f, type_of(version));
}

/* What came so is told from what the capture cut, and from padding. */
static void
truncated(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP }, versions[] = { 4, 6 };
	struct frame f;
	uint32_t len;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		longer(&f, protos[i / 2], versions[i % 2], 0);
		len = frame_len(&f);
		parse_of_wire(&f, len, len);
		NOT_TRUNCATED;
		assert_int_equal(event.payload_len, 60);
		parse_of_wire(&f, len - 1, len - 1);
		TRUNCATED;
		assert_int_equal(event.payload_len, 59);
		parse_of_wire(&f, len - 1, 0);
		TRUNCATED;
		/* A capture's snaplen. */
		parse_of_wire(&f, len - 1, len);
		NOT_TRUNCATED;
		assert_int_equal(event.payload_len, 59);
		parse_of_wire(&f, len - 30, len + 4);
		NOT_TRUNCATED;
		/* Both. */
		parse_of_wire(&f, len - 30, len - 1);
		TRUNCATED;
		assert_int_equal(event.payload_len, 30);
		/* No more than the header, and less of it. */
		parse_of_wire(&f, len - 60, UINT32_MAX);
		NOT_TRUNCATED;
		assert_int_equal(event.payload_len, 0);
		parse_of_wire(&f, len - 61, UINT32_MAX);
		NOT_TRUNCATED;
		assert_int_equal(event.verdict, WEIR_VERDICT_TRUNC_L4);
		longer(&f, protos[i / 2], versions[i % 2], 1000);
		parse_of_wire(&f, len, len);
		TRUNCATED;
		assert_int_equal(event.verdict, WEIR_VERDICT_OK);
		assert_int_equal(event.payload_len, 60);
		longer(&f, protos[i / 2], versions[i % 2], 1000);
		parse_of_wire(&f, len, len + 999);
		TRUNCATED;
		parse_of_wire(&f, len, len + 1000);
		NOT_TRUNCATED;
		/* Padding, that a capture cut too. */
		if (protos[i / 2] == IPPROTO_UDP)
			continue;
		longer(&f, protos[i / 2], versions[i % 2], -20);
		parse_of_wire(&f, len - 10, len);
		NOT_TRUNCATED;
		assert_int_equal(event.payload_len, 40);
	}
}

/* In a tunnel the packet ends where what is around it says. */
static void
truncated_inside(void **state)
{
	struct frame f;

	(void)state;
	longer(&f, IPPROTO_TCP, 4, 4);
	vxlan(&f, 5);
	ipv4(&f, IPPROTO_UDP);
	ether(&f, 0x0800);
	parse_of_wire(&f, frame_len(&f), frame_len(&f) + 100);
	TRUNCATED;
	assert_int_equal(event.tunnel, WEIR_TUNNEL_VXLAN);
	longer(&f, IPPROTO_TCP, 4, 0);
	vxlan(&f, 5);
	ipv4(&f, IPPROTO_UDP);
	ether(&f, 0x0800);
	parse_of_wire(&f, frame_len(&f) - 20, frame_len(&f));
	NOT_TRUNCATED;
	assert_int_equal(event.tunnel, WEIR_TUNNEL_VXLAN);
	assert_int_equal(event.payload_len, 40);
	parse_of_wire(&f, frame_len(&f) - 20, frame_len(&f) - 1);
	TRUNCATED;
	/* A jumbogram's length is its option's. */
	jumbogram(&f, IPPROTO_TCP, 70000, 0);
	parse_of_wire(&f, frame_len(&f), frame_len(&f));
	TRUNCATED;
	parse_of_wire(&f, frame_len(&f), 14 + 40 + 70000);
	NOT_TRUNCATED;
	offloaded(&f, IPPROTO_TCP, 4);
	ether(&f, 0x0800);
	parse_of_wire(&f, 500, 2000);
	NOT_TRUNCATED;
}

/* Counts, and lengths of each packet of a burst of several pools' and kinds. */
static void
counted(void **state)
{
	struct weir_parse_burst burst = WEIR_PARSE_BURST_INIT;
	struct rte_mbuf *mbufs[40];
	struct packet packets[40];
	uint32_t wires[40];
	uint64_t other_pool;
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		if (i % 4 == 3) {
			offloaded(&f, IPPROTO_TCP, 4);
			ether(&f, 0x0800);
		} else {
			longer(&f, IPPROTO_TCP, 4, 50);
		}
		mbufs[i] = packet_make(&packets[i], frame_bytes(&f), frame_len(&f), 0, 0);
		if (i % 7 == 6)
			mbufs[i]->pool = (void *)&other_pool;
		wires[i] = frame_len(&f) + (i % 2 == 0 ? 50 : 49);
	}
	burst.wire_lens = wires;
	weir_parse(mbufs, 40, &burst);
	for (unsigned int i = 0; i < 40; i++) {
		event = *weir_mbuf_event(mbufs[i]);
		assert_int_equal(event.wire_len, wires[i]);
		assert_truncated(i, i % 4 == 1);
		packet_free(&packets[i]);
	}
	assert_int_equal(burst.truncated, 10);
	assert_int_equal(burst.no_length, 10);
	assert_int_equal(burst.verdicts[WEIR_VERDICT_OK], 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truncated),
		cmocka_unit_test(truncated_inside),
		cmocka_unit_test(counted),
	};

	return cmocka_run_group_tests_name("parse truncated", tests, NULL, NULL);
}
