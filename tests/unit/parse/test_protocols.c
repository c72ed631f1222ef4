/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the event says of a right packet, protocol by protocol. */
#include "testing.h"

#include "right.h"

static void
plain(unsigned int i)
{
	struct frame f;

	frames_plain(i, &f);
	parse(&f);
	assert_tunnel(WEIR_TUNNEL_NONE, 0);
}

static void
tcp_ipv4(void **state)
{
	static const uint8_t src[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
	static const uint8_t dst[16] = { [10] = 0xff, 0xff, 192, 168, 1, 2 };

	(void)state;
	plain(0);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_offsets(14, 34, 54, 10);
	assert_int_equal(event.tcp_flags, 0x18);
	assert_int_equal(weir_event_vlan_count(&event), 0);
	assert_memory_equal(event.key.src, src, 16);
	assert_memory_equal(event.key.dst, dst, 16);
	assert_true(event.flags & WEIR_EVENT_PRISTINE);
}

static void
udp_ipv6(void **state)
{
	static const uint8_t src[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

	(void)state;
	plain(1);
	assert_flow(IPPROTO_UDP, 6, 5353, 53);
	assert_offsets(14, 54, 62, 12);
	assert_int_equal(event.tcp_flags, 0);
	assert_memory_equal(event.key.src, src, 16);
}

static void
options(void **state)
{
	(void)state;
	plain(3);
	assert_flow(IPPROTO_TCP, 6, 1, 2);
	assert_offsets(14, 54, 86, 16);
	plain(12);
	assert_flow(IPPROTO_TCP, 4, 1, 2);
	assert_offsets(14, 74, 134, 16);
	plain(19);
	assert_flow(IPPROTO_UDP, 6, 1, 2);
	assert_offsets(14, 54 + 24 + 8 + 16, 110, 16);
}

/* Bytes behind what the IP header counts are padding. */
static void
padding(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 100);
	f.at = FRAME_ROOM - 20;
	tcp(&f, 1, 2, 0);
	ipv4(&f, IPPROTO_TCP);
	put16(frame_bytes(&f) + 2, 45);
	ether(&f, 0x0800);
	parse(&f);
	assert_offsets(14, 34, 54, 5);
}

/* A UDP length below what IP counts leaves the rest out. */
static void
udp_shorter_than_ip(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 40);
	udp(&f, 1, 2);
	put16(frame_bytes(&f) + 4, 18);
	ipv4(&f, IPPROTO_UDP);
	ether(&f, 0x0800);
	parse(&f);
	assert_offsets(14, 34, 42, 10);
}

static void
vlan(void **state)
{
	(void)state;
	plain(4);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_offsets(18, 38, 58, 10);
	assert_int_equal(weir_event_vlan_count(&event), 1);
	assert_int_equal(event.vlan[0], 0x2005);
	plain(5);
	assert_flow(IPPROTO_UDP, 6, 5353, 53);
	assert_int_equal(weir_event_vlan_count(&event), 2);
	assert_int_equal(event.vlan[0], 100);
	assert_int_equal(event.vlan[1], 7);
}

static void
vlan_stripped(void **state)
{
	const uint64_t one = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	const uint64_t qinq = RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED;
	struct frame f;

	(void)state;
	frames_plain(4, &f);
	parse_with(&f, WEIR_PARSE_INNER, one, 0, 77);
	assert_true(event.flags & WEIR_EVENT_VLAN_STRIPPED);
	assert_int_equal(weir_event_vlan_count(&event), 2);
	assert_int_equal(event.vlan[0], 77);
	assert_int_equal(event.vlan[1], 0x2005);
	parse_with(&f, WEIR_PARSE_INNER, one | qinq, 66, 77);
	assert_int_equal(weir_event_vlan_count(&event), 2);
	assert_int_equal(event.vlan[0], 66);
	assert_int_equal(event.vlan[1], 77);
	parse_with(&f, WEIR_PARSE_INNER, RTE_MBUF_F_RX_VLAN | qinq, 66, 77);
	assert_int_equal(event.vlan[0], 66);
	assert_int_equal(event.vlan[1], 0x2005);
	parse_with(&f, WEIR_PARSE_INNER, RTE_MBUF_F_RX_VLAN, 0, 77);
	assert_false(event.flags & WEIR_EVENT_VLAN_STRIPPED);
	assert_int_equal(event.vlan[0], 0x2005);
}

static void
checksums(void **state)
{
	const uint32_t bad = WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM;
	static const struct {
		uint64_t ol_flags;
		uint32_t flags;
	} cases[] = {
		{ RTE_MBUF_F_RX_IP_CKSUM_BAD, WEIR_EVENT_BAD_L3_CKSUM },
		{ RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0 },
		{ RTE_MBUF_F_RX_IP_CKSUM_NONE, 0 },
		{ RTE_MBUF_F_RX_L4_CKSUM_BAD, WEIR_EVENT_BAD_L4_CKSUM },
		{ RTE_MBUF_F_RX_L4_CKSUM_GOOD, 0 },
		{ RTE_MBUF_F_RX_L4_CKSUM_NONE, 0 },
		{ RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD, WEIR_EVENT_BAD_L3_CKSUM },
		{ RTE_MBUF_F_RX_OUTER_L4_CKSUM_BAD, WEIR_EVENT_BAD_L4_CKSUM },
		{ RTE_MBUF_F_RX_OUTER_L4_CKSUM_INVALID, 0 },
	};
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(cases); i++) {
		frames_plain(0, &f);
		parse_with(&f, WEIR_PARSE_INNER, cases[i].ol_flags, 0, 0);
		assert_int_equal(event.flags & bad, cases[i].flags);
		assert_flow(IPPROTO_TCP, 4, 1234, 443);
	}
}

static void
below_ip(void **state)
{
	static const unsigned int ipv4_frames[] = { 6, 7, 8, 9, 26 };
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(ipv4_frames); i++) {
		plain(ipv4_frames[i]);
		assert_flow(IPPROTO_TCP, 4, 1234, 443);
		assert_int_equal(event.payload_len, 10);
	}
	plain(10);
	assert_flow(IPPROTO_UDP, 6, 5353, 53);
}

static void
without_ip(void **state)
{
	(void)state;
	plain(11);
	assert_false(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(weir_event_ethertype(&event), 0x0806);
	plain(25);
	assert_false(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(weir_event_ethertype(&event), 0x88cc);
	plain(27);
	assert_false(event.flags & WEIR_EVENT_KEYED);
	assert_int_equal(weir_event_ethertype(&event), 0);
}

static void
other_l4(void **state)
{
	(void)state;
	plain(13);
	assert_flow(IPPROTO_SCTP, 4, 3868, 3868);
	assert_offsets(14, 34, 46, 16);
	plain(14);
	assert_flow(IPPROTO_ICMP, 4, 0x1234, 0x1234);
	assert_offsets(14, 34, 42, 16);
	plain(15);
	assert_flow(IPPROTO_ICMPV6, 6, 0x1234, 0x1234);
	plain(16);
	assert_flow(IPPROTO_IGMP, 4, 0, 0);
	plain(17);
	assert_flow(IPPROTO_ESP, 4, 0, 0);
	plain(18);
	assert_flow(IPPROTO_ICMP, 4, 0, 0);
	assert_offsets(14, 58, 66, 8);
	plain(24);
	assert_flow(200, 4, 0, 0);
	assert_offsets(14, 34, 34, 16);
	plain(28);
	assert_flow(IPPROTO_NONE, 6, 0, 0);
}

/* An ICMP error's quoted packet is payload. */
static void
icmp_error(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f);
	icmp(&f, 3, 99);
	ipv4(&f, IPPROTO_ICMP);
	ether(&f, 0x0800);
	parse(&f);
	assert_flow(IPPROTO_ICMP, 4, 0, 0);
	assert_offsets(14, 34, 42, 50);
}

static void
fragments(void **state)
{
	static const struct {
		unsigned int frame;
		uint8_t version;
		bool first;
	} cases[] = { { 20, 6, true }, { 21, 6, false }, { 22, 4, true }, { 23, 4, false } };
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(cases); i++) {
		plain(cases[i].frame);
		assert_flow(IPPROTO_UDP, cases[i].version, 0, 0);
		assert_true(event.flags & WEIR_EVENT_FRAGMENT);
		assert_int_equal(!(event.flags & WEIR_EVENT_LATER_FRAGMENT), cases[i].first);
		assert_int_equal(event.payload_len, 16);
	}
}

/* A fragment header on a packet that is whole (RFC 6946) does not make it a fragment. */
static void
atomic_fragment(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 10);
	udp(&f, 1, 2);
	fragment6(&f, IPPROTO_UDP, 0);
	ipv6(&f, IPPROTO_FRAGMENT);
	ether(&f, 0x86dd);
	parse(&f);
	assert_flow(IPPROTO_UDP, 6, 1, 2);
	assert_false(event.flags & WEIR_EVENT_FRAGMENT);
}

/* Whether an mbuf is pristine is what weir_mbuf_mark() says of it. */
static void
pristine(void **state)
{
	struct weir_parse_burst burst = WEIR_PARSE_BURST_INIT;
	struct rte_mbuf *mbuf;
	struct packet p;
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		frames_plain(0, &f);
		mbuf = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
		mbuf->refcnt = i == 1 ? 2 : 1;
		mbuf->ol_flags = i == 2 ? RTE_MBUF_F_EXTERNAL : i == 3 ? RTE_MBUF_F_INDIRECT : 0;
		weir_parse(&mbuf, 1, &burst);
		assert_int_equal(weir_mbuf_event(mbuf)->flags & WEIR_EVENT_PRISTINE,
			i == 0 ? 1 : 0);
		assert_int_equal(weir_mbuf_event(mbuf)->key.dport, RTE_BE16(443));
		packet_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_ipv4),
		cmocka_unit_test(udp_ipv6),
		cmocka_unit_test(options),
		cmocka_unit_test(padding),
		cmocka_unit_test(udp_shorter_than_ip),
		cmocka_unit_test(vlan),
		cmocka_unit_test(vlan_stripped),
		cmocka_unit_test(checksums),
		cmocka_unit_test(below_ip),
		cmocka_unit_test(without_ip),
		cmocka_unit_test(other_l4),
		cmocka_unit_test(icmp_error),
		cmocka_unit_test(fragments),
		cmocka_unit_test(atomic_fragment),
		cmocka_unit_test(pristine),
	};

	return cmocka_run_group_tests_name("parse protocols", tests, NULL, NULL);
}
