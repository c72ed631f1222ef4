/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lengths of IP that say nothing, or not what the frame does; and headers that the frame ends in. */
#include "testing.h"

#include "frames.h"
#include "packet.h"

#define PROTO_HIP 139
#define PROTO_SHIM6 140

static struct weir_event event;

static struct weir_event
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

static void
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
static void
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

static uint16_t
type_of(uint8_t version)
{
	return version == 4 ? 0x0800 : 0x86dd;
}

/* What segmentation offload leaves is read on to the end of the frame. */
static void
segmentation(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP }, versions[] = { 4, 6 };
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		uint8_t proto = protos[i / 2], version = versions[i % 2];

		offloaded(&f, proto, version);
		ether(&f, type_of(version));
		assert_read(&f, proto, 1500, WEIR_EVENT_NO_LENGTH);
		offloaded(&f, proto, version);
		tag(&f, 5, type_of(version));
		ether(&f, 0x8100);
		assert_read(&f, proto, 1500, WEIR_EVENT_NO_LENGTH);
		offloaded(&f, proto, version);
		gre(&f, 0, type_of(version));
		ipv4(&f, IPPROTO_GRE);
		ether(&f, 0x0800);
		assert_read(&f, proto, 1500, WEIR_EVENT_NO_LENGTH);
	}
}

/* The flag is of the keyed header: one around that says no length bounds nothing. */
static void
segmentation_around(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 20);
	tcp(&f, 40000, 80, 0);
	ipv4(&f, IPPROTO_TCP);
	ether(&f, 0x0800);
	vxlan(&f, 7);
	put16(frame_bytes(&f) + 4, 0);
	ipv4(&f, IPPROTO_UDP);
	no_length(&f);
	ether(&f, 0x0800);
	assert_read(&f, IPPROTO_TCP, 20, 0);
	assert_int_equal(event.tunnel, WEIR_TUNNEL_VXLAN);
}

/* Where UDP says more than there is, it is what of it was captured. */
static void
segmentation_cut(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 100);
	udp(&f, 40000, 80);
	put16(frame_bytes(&f) + 4, 1500);
	ipv4(&f, IPPROTO_UDP);
	no_length(&f);
	ether(&f, 0x0800);
	assert_read(&f, IPPROTO_UDP, 100, WEIR_EVENT_NO_LENGTH);
	put16(frame_bytes(&f) + 14 + 20 + 4, 7);
	assert_int_equal(parse(&f), WEIR_VERDICT_BAD_TOTAL_LEN);
	assert_int_equal(parse_part(&f, 14 + 20 + 7), WEIR_VERDICT_TRUNC_L4);
	assert_int_equal(parse_part(&f, 14 + 19), WEIR_VERDICT_TRUNC_L3);
}

static void
no_next_header(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 6);
	memset(frame_bytes(&f), 0, 6);
	ipv6(&f, IPPROTO_NONE);
	no_length(&f);
	ether(&f, 0x86dd);
	assert_int_equal(parse(&f), WEIR_VERDICT_OK);
	assert_int_equal(event.payload_len, 0);
	assert_false(event.flags & WEIR_EVENT_NO_LENGTH);
}

/* A jumbogram of UDP or TCP in hop-by-hop options that come behind `pads` bytes of others. */
static void
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

static void
jumbograms(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(protos); i++) {
		for (unsigned int pads = 0; pads <= 6; pads += 3) {
			jumbogram(&f, protos[i], 70000, pads);
			assert_read(&f, protos[i], 1500, WEIR_EVENT_NO_LENGTH);
			jumbogram(&f, protos[i], UINT32_MAX, pads);
			assert_read(&f, protos[i], 1500, WEIR_EVENT_NO_LENGTH);
		}
		/* RFC 2675: no less than that is a jumbogram. */
		jumbogram(&f, protos[i], UINT16_MAX, 0);
		assert_int_equal(parse(&f), WEIR_VERDICT_BAD_TOTAL_LEN);
		jumbogram(&f, protos[i], UINT16_MAX + 1, 0);
		assert_read(&f, protos[i], 1500, WEIR_EVENT_NO_LENGTH);
	}
	jumbogram(&f, IPPROTO_TCP, 70000, 0);
	assert_int_equal(parse_part(&f, 14 + 40 + 4), WEIR_VERDICT_TRUNC_L3);
	assert_true(event.flags & WEIR_EVENT_KEYED);
}

/* Length 0 and a hop-by-hop header without a jumbo option is wrong. */
static void
jumbo_option_missing(void **state)
{
	static const uint8_t options[][6] = { { 0 }, { 1, 4 }, { 0xc2, 3 }, { 5, 2, 0, 0, 1, 0 },
		{ 5, 250 } };
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(options); i++) {
		payload(&f, 30);
		tcp(&f, 40000, 80, 0);
		extension(&f, IPPROTO_TCP, 0);
		memcpy(frame_bytes(&f) + 2, options[i], sizeof(options[i]));
		ipv6(&f, IPPROTO_HOPOPTS);
		no_length(&f);
		ether(&f, 0x86dd);
		assert_int_equal(parse(&f), WEIR_VERDICT_BAD_TOTAL_LEN);
		assert_true(event.flags & WEIR_EVENT_KEYED);
		assert_false(event.flags & WEIR_EVENT_NO_LENGTH);
		assert_int_equal(event.key.sport, 0);
		assert_int_equal(event.stopped, IPPROTO_HOPOPTS);
	}
}

/* What has an extension's form and is none is the protocol of the key. */
static void
mobility(void **state)
{
	static const uint8_t protos[] = { IPPROTO_MH, PROTO_HIP, PROTO_SHIM6 };
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(protos); i++) {
		payload(&f, 0);
		extension(&f, IPPROTO_NONE, 4);
		extension(&f, protos[i], 0);
		ipv6(&f, IPPROTO_DSTOPTS);
		ether(&f, 0x86dd);
		assert_int_equal(parse(&f), WEIR_VERDICT_OK);
		assert_int_equal(event.key.proto, protos[i]);
		assert_int_equal(event.stopped, protos[i]);
		assert_int_equal(event.l4_off, 14 + 40 + 8);
	}
	/* Shim6 with something behind it is an extension. */
	payload(&f, 10);
	tcp(&f, 40000, 80, 0);
	extension(&f, IPPROTO_TCP, 0);
	ipv6(&f, PROTO_SHIM6);
	ether(&f, 0x86dd);
	assert_read(&f, IPPROTO_TCP, 10, 0);
}

/* The flags are known as soon as their byte is in the frame, by IP's length too. */
static void
tcp_flags(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f);
	frame_bytes(&f)[20 + 13] = 0x12;
	ether(&f, 0x0800);
	for (uint32_t len = 0; len <= 20; len++) {
		bool there = len > 13;

		assert_int_equal(parse_part(&f, 14 + 20 + len),
			len < 20 ? WEIR_VERDICT_TRUNC_L4 : WEIR_VERDICT_OK);
		assert_int_equal(event.tcp_flags, there ? 0x12 : 0);
		assert_int_equal(!(event.flags & WEIR_EVENT_NO_TCP_FLAGS), there);
		put16(frame_bytes(&f) + 14 + 2, 20 + len);
		parse(&f);
		assert_int_equal(event.tcp_flags, there ? 0x12 : 0);
		put16(frame_bytes(&f) + 14 + 2, frame_len(&f) - 14u);
	}
	/* Of a tunnel around nothing is left. */
	payload(&f, 8);
	ipv4(&f, 200);
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_OK);
	assert_false(event.flags & WEIR_EVENT_NO_TCP_FLAGS);
}

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
		cmocka_unit_test(jumbo_option_missing),
		cmocka_unit_test(segmentation_cut),
		cmocka_unit_test(no_next_header),
		cmocka_unit_test(tcp_flags),
		cmocka_unit_test(segmentation),
		cmocka_unit_test(segmentation_around),
		cmocka_unit_test(jumbograms),
		cmocka_unit_test(mobility),
		cmocka_unit_test(truncated),
		cmocka_unit_test(truncated_inside),
		cmocka_unit_test(counted),
	};

	return cmocka_run_group_tests_name("parse lengths", tests, NULL, NULL);
}
