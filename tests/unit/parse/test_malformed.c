/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Packets that are wrong, each in one way, and packets that end too early in every way. */
#include "testing.h"

#include "frames.h"
#include "packet.h"

static struct weir_event event;

/* The event of a frame, checked for what holds of every one; the verdict. */
static unsigned int
parse_as(const uint8_t *bytes, uint32_t len, uint8_t tunnel)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tsc = 7,
		.port = 3,
		.queue = 2,
		.tunnel = tunnel };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, bytes, len, len, len);
	const char *wrong;

	weir_parse(&mbuf, 1, &burst);
	event = *weir_mbuf_event(mbuf);
	wrong = packet_wrong(mbuf);
	packet_free(&p);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	assert_int_equal(burst.verdicts[event.verdict], 1);
	return event.verdict;
}

static unsigned int
parse(struct frame *f)
{
	return parse_as(frame_bytes(f), frame_len(f), WEIR_PARSE_INNER);
}

/* A frame that ends after every byte of it. */
static void
cut_everywhere(struct frame *f, unsigned int number)
{
	unsigned int verdict, len, whole = parse(f);
	struct weir_event all = event;

	assert_int_equal(whole, WEIR_VERDICT_OK);
	for (len = 0; len < frame_len(f); len++) {
		verdict = parse_as(frame_bytes(f), len, WEIR_PARSE_INNER);
		if (verdict > WEIR_VERDICT_TRUNC_TUNNEL)
			fail_msg("frame %u cut at %u: %s", number, len, weir_verdict_name(verdict));
		/* A packet cut by snaplen is not malformed if the headers are all there. */
		if (all.payload_off != 0 && len >= all.payload_off) {
			assert_int_equal(verdict, WEIR_VERDICT_OK);
			assert_int_equal(event.payload_off, all.payload_off);
			assert_int_equal(event.hash, all.hash);
			assert_true(event.payload_len <= all.payload_len);
		}
		if (len < 14)
			assert_int_equal(verdict, WEIR_VERDICT_TRUNC_L2);
		parse_as(frame_bytes(f), len, WEIR_PARSE_OUTER);
	}
}

static void
cut(void **state)
{
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < FRAMES; i++) {
		frames_get(i, &f);
		cut_everywhere(&f, i);
	}
}

static void
nothing(void **state)
{
	struct weir_parse_burst burst = WEIR_PARSE_BURST_INIT;

	(void)state;
	weir_parse(NULL, 0, &burst);
	assert_int_equal(burst.verdicts[WEIR_VERDICT_OK], 0);
	assert_int_equal(parse_as(NULL, 0, WEIR_PARSE_INNER), WEIR_VERDICT_TRUNC_L2);
}

/* Where each plain frame's headers end decides what it is called when it ends before. */
static void
truncated(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f);
	ether(&f, 0x0800);
	assert_int_equal(parse_as(frame_bytes(&f), 13, 0), WEIR_VERDICT_TRUNC_L2);
	assert_int_equal(parse_as(frame_bytes(&f), 14, 0), WEIR_VERDICT_TRUNC_L3);
	assert_int_equal(parse_as(frame_bytes(&f), 33, 0), WEIR_VERDICT_TRUNC_L3);
	assert_false(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(parse_as(frame_bytes(&f), 34, 0), WEIR_VERDICT_TRUNC_L4);
	assert_true(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(event.key.sport, 0);
	assert_int_equal(parse_as(frame_bytes(&f), 38, 0), WEIR_VERDICT_TRUNC_L4);
	assert_int_equal(rte_be_to_cpu_16(event.key.sport), 1234);
	assert_int_equal(parse_as(frame_bytes(&f), 53, 0), WEIR_VERDICT_TRUNC_L4);
	assert_int_equal(parse_as(frame_bytes(&f), 54, 0), WEIR_VERDICT_OK);
}

static void
truncated_options(void **state)
{
	struct frame f;

	(void)state;
	frames_get(12, &f);
	assert_int_equal(parse_as(frame_bytes(&f), 14 + 59, 0), WEIR_VERDICT_TRUNC_L3);
	assert_true(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(parse_as(frame_bytes(&f), 14 + 60 + 59, 0), WEIR_VERDICT_TRUNC_L4);
	assert_int_equal(parse_as(frame_bytes(&f), 14 + 60 + 60, 0), WEIR_VERDICT_OK);
}

/* A header that the IP length cuts is truncated too, however much padding follows. */
static void
truncated_by_ip_length(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f);
	put16(frame_bytes(&f) + 2, 39);
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_TRUNC_L4);
	udp6(&f);
	put16(frame_bytes(&f) + 4, 7);
	ether(&f, 0x86dd);
	assert_int_equal(parse(&f), WEIR_VERDICT_TRUNC_L4);
}

static void
truncated_gre(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 3);
	ipv4(&f, IPPROTO_GRE);
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_TRUNC_TUNNEL);
	payload(&f, 0);
	gre(&f, 0x2000, 0x0800);
	ipv4(&f, IPPROTO_GRE);
	ether(&f, 0x0800);
	assert_int_equal(parse_as(frame_bytes(&f), frame_len(&f) - 1u, 0),
		WEIR_VERDICT_TRUNC_TUNNEL);
	assert_true(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(event.proto, IPPROTO_GRE);
}

static void
truncated_l2(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 3);
	ether(&f, 0x8100);
	assert_int_equal(parse(&f), WEIR_VERDICT_TRUNC_L2);
	payload(&f, 2);
	ether(&f, 2);
	assert_int_equal(parse(&f), WEIR_VERDICT_TRUNC_L2);
	payload(&f, 3);
	ether(&f, 0x8847);
	assert_int_equal(parse(&f), WEIR_VERDICT_TRUNC_L2);
	payload(&f, 7);
	ether(&f, 0x8864);
	assert_int_equal(parse(&f), WEIR_VERDICT_TRUNC_L2);
}

static void
bad_version(void **state)
{
	struct frame f;

	(void)state;
	udp6(&f);
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_BAD_VERSION);
	assert_false(event.flags & WEIR_EVENT_KEYED);
	tcp4(&f);
	memset(push(&f, 30), 0x45, 30);
	ether(&f, 0x86dd);
	assert_int_equal(parse(&f), WEIR_VERDICT_BAD_VERSION);
}

static void
bad_header_length(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f);
	*frame_bytes(&f) = 0x44;
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_BAD_HDR_LEN);
	assert_false(event.flags & WEIR_EVENT_KEYED);
	tcp4(&f);
	frame_bytes(&f)[20 + 12] = 0x40;
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_BAD_HDR_LEN);
	assert_int_equal(rte_be_to_cpu_16(event.key.dport), 443);
}

static void
bad_total_length(void **state)
{
	static const uint16_t lengths[] = { 0, 7, 100 };
	struct frame f;
	unsigned int i;

	(void)state;
	tcp4(&f);
	put16(frame_bytes(&f) + 2, 19);
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_BAD_TOTAL_LEN);
	assert_true(event.flags & WEIR_EVENT_KEYED);
	for (i = 0; i < RTE_DIM(lengths); i++) {
		payload(&f, 30);
		udp(&f, 1, 2);
		put16(frame_bytes(&f) + 4, lengths[i]);
		ipv4(&f, IPPROTO_UDP);
		ether(&f, 0x0800);
		assert_int_equal(parse(&f), WEIR_VERDICT_BAD_TOTAL_LEN);
	}
}

/* A UDP length counts the whole datagram, so a first fragment has less than it says. */
static void
udp_length_of_fragment(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 30);
	udp(&f, 1, 2);
	put16(frame_bytes(&f) + 4, 4000);
	ipv4_options(&f, IPPROTO_UDP, 0, 0x2000);
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_OK);
	assert_int_equal(event.payload_len, 30);
}

static void
extension_chain(void **state)
{
	struct frame f;
	unsigned int i, n;

	(void)state;
	for (n = WEIR_PARSE_MAX_EXT; n <= WEIR_PARSE_MAX_EXT + 1; n++) {
		payload(&f, 4);
		udp(&f, 1, 2);
		for (i = 0; i < n; i++)
			extension(&f, i == 0 ? IPPROTO_UDP : IPPROTO_DSTOPTS, 0);
		ipv6(&f, IPPROTO_DSTOPTS);
		ether(&f, 0x86dd);
		assert_int_equal(parse(&f),
			n > WEIR_PARSE_MAX_EXT ? WEIR_VERDICT_EXT_CHAIN : WEIR_VERDICT_OK);
		assert_true(event.flags & WEIR_EVENT_KEYED);
	}
}

static void
too_many_tags(void **state)
{
	struct frame f;
	unsigned int i, n;

	(void)state;
	for (n = WEIR_PARSE_MAX_TAGS; n <= WEIR_PARSE_MAX_TAGS + 1; n++) {
		tcp4(&f);
		for (i = 0; i < n; i++)
			tag(&f, (uint16_t)i, i == 0 ? 0x0800 : 0x8100);
		ether(&f, 0x9100);
		assert_int_equal(parse(&f),
			n > WEIR_PARSE_MAX_TAGS ? WEIR_VERDICT_TOO_DEEP : WEIR_VERDICT_OK);
		assert_int_equal(weir_event_vlan_count(&event), WEIR_MAX_VLANS);
	}
}

static void
too_many_labels(void **state)
{
	struct frame f;
	unsigned int i, n;

	(void)state;
	for (n = WEIR_PARSE_MAX_LABELS; n <= WEIR_PARSE_MAX_LABELS + 1; n++) {
		tcp4(&f);
		for (i = 0; i < n; i++)
			label(&f, 16, i == 0);
		ether(&f, 0x8847);
		assert_int_equal(parse(&f),
			n > WEIR_PARSE_MAX_LABELS ? WEIR_VERDICT_TOO_DEEP : WEIR_VERDICT_OK);
	}
}

static void
too_many_tunnels(void **state)
{
	struct frame f;
	unsigned int i, n;

	(void)state;
	for (n = WEIR_PARSE_MAX_TUNNELS; n <= WEIR_PARSE_MAX_TUNNELS + 1; n++) {
		tcp4(&f);
		for (i = 0; i < n; i++)
			ipv4(&f, IPPROTO_IPIP);
		ether(&f, 0x0800);
		assert_int_equal(parse(&f),
			n > WEIR_PARSE_MAX_TUNNELS ? WEIR_VERDICT_TOO_DEEP : WEIR_VERDICT_OK);
		assert_int_equal(event.l3_off, 14 + 20 * WEIR_PARSE_MAX_TUNNELS);
	}
}

/* A wrong packet in a tunnel that is sure is wrong; the key is of the last that was right. */
static void
malformed_inside(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f);
	*frame_bytes(&f) = 0x65;
	ipv6(&f, IPPROTO_IPIP);
	ether(&f, 0x86dd);
	assert_int_equal(parse(&f), WEIR_VERDICT_BAD_VERSION);
	assert_true(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(event.proto, IPPROTO_IPIP);
	assert_int_equal(event.l3_off, 14);
}

/* A wrong packet behind a port that tunnels use is a UDP packet that happens to have it. */
static void
guesses_fall_back(void **state)
{
	static const uint16_t ports[] = { 4789, 6081, 2152 };
	struct frame f;
	unsigned int i, n;

	(void)state;
	for (i = 0; i < RTE_DIM(ports); i++) {
		for (n = 0; n < 200; n++) {
			payload(&f, n);
			udp(&f, 1000, ports[i]);
			ipv4(&f, IPPROTO_UDP);
			ether(&f, 0x0800);
			assert_int_equal(parse(&f), WEIR_VERDICT_OK);
			assert_int_equal(event.proto, IPPROTO_UDP);
			assert_int_equal(rte_be_to_cpu_16(event.key.dport), ports[i]);
			assert_int_equal(event.payload_len, n);
			assert_int_equal(event.tunnel, WEIR_TUNNEL_NONE);
		}
	}
}

/* A VXLAN packet whose inner frame is not IP, or wrong, stays the outer one. */
static void
inner_without_key(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 0);
	arp(&f);
	ether(&f, 0x0806);
	vxlan(&f, 5);
	ipv4(&f, IPPROTO_UDP);
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_OK);
	assert_int_equal(rte_be_to_cpu_16(event.key.dport), 4789);
	assert_int_equal(weir_event_vlan_count(&event), 0);
	tcp4(&f);
	frame_bytes(&f)[20 + 12] = 0;
	tag(&f, 5, 0x0800);
	ether(&f, 0x8100);
	vxlan(&f, 5);
	ipv4(&f, IPPROTO_UDP);
	ether(&f, 0x0800);
	assert_int_equal(parse(&f), WEIR_VERDICT_OK);
	assert_int_equal(rte_be_to_cpu_16(event.key.dport), 4789);
	assert_int_equal(weir_event_vlan_count(&event), 0);
	assert_int_equal(event.tunnel_id, 0);
}

/* The loops that nested headers could make are bounded by depth, not only by the frame. */
static void
nested_l2(void **state)
{
	struct frame f;
	unsigned int i;

	(void)state;
	payload(&f, 10);
	for (i = 0; i < 40; i++) {
		push(&f, 2);
		ether(&f, 0x8903);
	}
	assert_int_equal(parse(&f), WEIR_VERDICT_TOO_DEEP);
	payload(&f, 10);
	for (i = 0; i < 40; i++) {
		ether(&f, 0x8847);
		push(&f, 4);
		label(&f, 16, true);
	}
	ether(&f, 0x8847);
	assert_int_equal(parse(&f), WEIR_VERDICT_OK);
	assert_false(event.flags & WEIR_EVENT_KEYED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(cut),
		cmocka_unit_test(truncated),
		cmocka_unit_test(truncated_options),
		cmocka_unit_test(truncated_by_ip_length),
		cmocka_unit_test(truncated_gre),
		cmocka_unit_test(truncated_l2),
		cmocka_unit_test(bad_version),
		cmocka_unit_test(bad_header_length),
		cmocka_unit_test(bad_total_length),
		cmocka_unit_test(udp_length_of_fragment),
		cmocka_unit_test(extension_chain),
		cmocka_unit_test(too_many_tags),
		cmocka_unit_test(too_many_labels),
		cmocka_unit_test(too_many_tunnels),
		cmocka_unit_test(malformed_inside),
		cmocka_unit_test(guesses_fall_back),
		cmocka_unit_test(inner_without_key),
		cmocka_unit_test(nested_l2),
	};

	return cmocka_run_group_tests_name("parse malformed", tests, NULL, NULL);
}
