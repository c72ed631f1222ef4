/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lengths of IP that say nothing; and headers that the frame ends in. */
#include "lengths.h"

#define PROTO_HIP 139
#define PROTO_SHIM6 140

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segmentation),
		cmocka_unit_test(segmentation_around),
		cmocka_unit_test(segmentation_cut),
		cmocka_unit_test(no_next_header),
		cmocka_unit_test(jumbograms),
		cmocka_unit_test(jumbo_option_missing),
		cmocka_unit_test(mobility),
		cmocka_unit_test(tcp_flags),
	};

	return cmocka_run_group_tests_name("parse lengths", tests, NULL, NULL);
}
