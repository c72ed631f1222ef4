/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the event says of a right packet in tunnels. */
#include <errno.h>

#include "testing.h"

#include "right.h"

static void
tunnel(unsigned int i)
{
	struct frame f;

	frames_tunnel(i, &f);
	parse(&f);
}

/* All fragments of a tunnel's packet have the outer addresses: none is looked into. */
static void
fragmented_tunnel(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f);
	ipv4_options(&f, IPPROTO_IPIP, 0, 0x2000);
	ether(&f, 0x0800);
	parse(&f);
	assert_flow(IPPROTO_IPIP, 4, 0, 0);
	tcp4(&f);
	ether(&f, 0x0800);
	vxlan(&f, 5);
	ipv4_options(&f, IPPROTO_UDP, 0, 0x2000);
	ether(&f, 0x0800);
	parse(&f);
	assert_flow(IPPROTO_UDP, 4, 0, 0);
	assert_true(event.flags & WEIR_EVENT_FRAGMENT_PORTS);
}

static void
ipip(void **state)
{
	(void)state;
	tunnel(0);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_offsets(34, 54, 74, 10);
	assert_tunnel(WEIR_TUNNEL_IPIP, 0);
	tunnel(1);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	tunnel(2);
	assert_flow(IPPROTO_UDP, 6, 5353, 53);
	tunnel(3);
	assert_flow(IPPROTO_UDP, 6, 5353, 53);
	assert_offsets(54, 94, 102, 12);
}

static void
gre_kinds(void **state)
{
	static const struct {
		unsigned int frame;
		uint32_t key;
	} cases[] = { { 4, 0 }, { 5, 0x01020304 }, { 6, 0x01020304 }, { 7, 0x0304 }, { 14, 0 } };
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(cases); i++) {
		tunnel(cases[i].frame);
		assert_flow(IPPROTO_TCP, 4, 1234, 443);
		assert_tunnel(WEIR_TUNNEL_GRE, cases[i].key);
		assert_int_equal(event.payload_len, 10);
	}
}

static void
gre_undecoded(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 20);
	gre(&f, 0, 0x1234);
	ipv4(&f, IPPROTO_GRE);
	ether(&f, 0x0800);
	parse(&f);
	assert_flow(IPPROTO_GRE, 4, 0, 0);
	assert_offsets(14, 34, 38, 20);
	assert_tunnel(WEIR_TUNNEL_NONE, 0);
}

static void
vxlan_and_geneve(void **state)
{
	(void)state;
	tunnel(8);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_offsets(64, 84, 104, 10);
	assert_tunnel(WEIR_TUNNEL_VXLAN, 5001);
	tunnel(9);
	assert_flow(IPPROTO_UDP, 6, 5353, 53);
	assert_tunnel(WEIR_TUNNEL_VXLAN, 5001);
	assert_int_equal(weir_event_vlan_count(&event), 2);
	assert_int_equal(event.vlan[0], 8);
	assert_int_equal(event.vlan[1], 9);
	tunnel(10);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_tunnel(WEIR_TUNNEL_GENEVE, 77);
	tunnel(11);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_tunnel(WEIR_TUNNEL_GENEVE, 77);
}

static void
gtpu_kinds(void **state)
{
	(void)state;
	tunnel(12);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_tunnel(WEIR_TUNNEL_GTPU, 0xdeadbeef);
	tunnel(13);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_tunnel(WEIR_TUNNEL_GTPU, 0xdeadbeef);
}

/* VXLAN around TCP over IPv4, from one port of UDP to another. */
static void
vxlan_between(struct frame *f, uint16_t sport, uint16_t dport)
{
	tcp4(f);
	ether(f, 0x0800);
	vxlan(f, 5001);
	put16(frame_bytes(f), sport);
	put16(frame_bytes(f) + 2, dport);
	ipv4(f, IPPROTO_UDP);
	ether(f, 0x0800);
}

/* What a packet to a port is taken for, where a list says which are VXLAN's; key-only and full alike. */
static uint8_t
taken_for(const struct weir_vxlan_ports *ports, uint16_t sport, uint16_t dport)
{
	struct weir_parse_burst burst = WEIR_PARSE_BURST_INIT;
	struct weir_event full;
	struct packet p;
	struct frame f;
	struct rte_mbuf *mbuf;

	vxlan_between(&f, sport, dport);
	mbuf = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
	burst.vxlan_ports = ports;
	weir_parse(&mbuf, 1, &burst);
	full = *weir_mbuf_event(mbuf);
	burst.depth = WEIR_PARSE_KEY_ONLY;
	weir_parse(&mbuf, 1, &burst);
	if (packet_wrong_key_only(&full, weir_mbuf_event(mbuf)) != NULL)
		fail_msg("to port %u: %s", dport,
			packet_wrong_key_only(&full, weir_mbuf_event(mbuf)));
	assert_int_equal(full.verdict, WEIR_VERDICT_OK);
	assert_int_equal(full.proto, full.tunnel != WEIR_TUNNEL_NONE ? IPPROTO_TCP : IPPROTO_UDP);
	packet_free(&p);
	return full.tunnel;
}

static void
vxlan_ports(void **state)
{
	/* The last two are at the low bytes of 4789 and of Geneve's port; the first three at one. */
	static const uint16_t lists[][4] = { { 4789, 8472 }, { 9000 }, { 9000, 5000, 4789, 250 },
		{ 0x1313, 0x2313, 0x3313 }, { 0x13b5 }, { 9000, 0x13c1 } };
	static const uint16_t dports[] = { 4789, 8472, 9000, 5000, 250, 0x1313, 0x2313, 0x3313,
		0x4313, 0x13b5, 0x13c1, 53, 0, 1 };
	struct weir_vxlan_ports ports;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(lists); i++) {
		unsigned int n = 0;

		while (n < RTE_DIM(lists[i]) && lists[i][n] != 0)
			n++;
		assert_int_equal(weir_vxlan_ports_init(&ports, lists[i], n), 0);
		assert_int_equal(ports.crowded, i == 3 || i == 5);
		for (unsigned int j = 0; j < RTE_DIM(dports); j++) {
			bool listed = false;

			for (unsigned int k = 0; k < n; k++)
				listed |= lists[i][k] == dports[j];
			assert_int_equal(taken_for(&ports, 50000, dports[j]),
				listed ? WEIR_TUNNEL_VXLAN : WEIR_TUNNEL_NONE);
		}
	}
	/* Without a list, the usual ones. */
	assert_int_equal(taken_for(NULL, 50000, 4789), WEIR_TUNNEL_VXLAN);
	assert_int_equal(taken_for(NULL, 50000, 8472), WEIR_TUNNEL_VXLAN);
	assert_int_equal(taken_for(NULL, 50000, 9000), WEIR_TUNNEL_NONE);
	/* A source port that is another tunnel's makes none of the destination. */
	weir_vxlan_ports_init(&ports, lists[1], 1);
	assert_int_equal(taken_for(&ports, 1701, 4789), WEIR_TUNNEL_NONE);
	assert_int_equal(taken_for(&ports, 1701, 0), WEIR_TUNNEL_NONE);
	assert_int_equal(taken_for(&ports, 1701, 9000), WEIR_TUNNEL_VXLAN);
}

/* What key-only says of a first fragment to a tunnel's port whose UDP length is none. */
static unsigned int
fragment_verdict(const struct weir_vxlan_ports *ports)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.depth = WEIR_PARSE_KEY_ONLY,
		.vxlan_ports = ports };
	struct frame f;
	struct packet p;
	struct rte_mbuf *mbuf;
	unsigned int verdict;

	payload(&f, 40);
	udp(&f, 50000, 4789);
	put16(frame_bytes(&f) + 4, 7);
	ipv4_options(&f, IPPROTO_UDP, 0, 0x2000);
	ether(&f, 0x0800);
	mbuf = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
	weir_parse(&mbuf, 1, &burst);
	verdict = weir_mbuf_event(mbuf)->verdict;
	packet_free(&p);
	return verdict;
}

/* It is the same whatever the list. */
static void
vxlan_ports_of_fragments(void **state)
{
	static const uint16_t crowded[] = { 4789, 0x1313, 0x2313 };
	struct weir_vxlan_ports ports;

	(void)state;
	assert_int_equal(weir_vxlan_ports_init(&ports, crowded, RTE_DIM(crowded)), 0);
	assert_true(ports.crowded);
	assert_int_equal(fragment_verdict(NULL), WEIR_VERDICT_BAD_TOTAL_LEN);
	assert_int_equal(fragment_verdict(&ports), WEIR_VERDICT_BAD_TOTAL_LEN);
}

static void
vxlan_ports_refused(void **state)
{
	static const uint16_t bad[][2] = { { 0, 1 }, { 4789, 4789 }, { 4789, 6081 }, { 4790, 1 },
		{ 1, 3544 } };
	struct weir_vxlan_ports ports;
	uint16_t many[WEIR_VXLAN_PORTS_MAX + 1];

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bad); i++)
		assert_int_equal(weir_vxlan_ports_init(&ports, bad[i], 2), -EINVAL);
	for (uint16_t i = 0; i < RTE_DIM(many); i++)
		many[i] = i + 10;
	assert_int_equal(weir_vxlan_ports_init(&ports, many, 0), -EINVAL);
	assert_int_equal(weir_vxlan_ports_init(&ports, many, RTE_DIM(many)), -EINVAL);
	assert_int_equal(weir_vxlan_ports_init(&ports, many, RTE_DIM(many) - 1), 0);
	assert_int_equal(taken_for(&ports, 9, 10 + WEIR_VXLAN_PORTS_MAX - 1), WEIR_TUNNEL_VXLAN);
}

/* Of several tunnels the event names the innermost. */
static void
nested_tunnels(void **state)
{
	(void)state;
	tunnel(15);
	assert_flow(IPPROTO_TCP, 4, 1234, 443);
	assert_tunnel(WEIR_TUNNEL_IPIP, 0);
}

static void
outer(void **state)
{
	static const uint8_t protos[FRAMES_TUNNEL] = { IPPROTO_IPIP, IPPROTO_IPIP, IPPROTO_IPV6,
		IPPROTO_IPV6, IPPROTO_GRE, IPPROTO_GRE, IPPROTO_GRE, IPPROTO_GRE, IPPROTO_UDP,
		IPPROTO_UDP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_GRE,
		IPPROTO_GRE };
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < FRAMES_TUNNEL; i++) {
		frames_tunnel(i, &f);
		parse_with(&f, WEIR_PARSE_OUTER, 0, 0, 0);
		assert_int_equal(event.proto, protos[i]);
		assert_tunnel(WEIR_TUNNEL_NONE, 0);
		assert_int_equal(event.l3_off, i == 9 ? 18 : 14);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragmented_tunnel),
		cmocka_unit_test(ipip),
		cmocka_unit_test(gre_kinds),
		cmocka_unit_test(gre_undecoded),
		cmocka_unit_test(vxlan_and_geneve),
		cmocka_unit_test(gtpu_kinds),
		cmocka_unit_test(vxlan_ports),
		cmocka_unit_test(vxlan_ports_of_fragments),
		cmocka_unit_test(vxlan_ports_refused),
		cmocka_unit_test(nested_tunnels),
		cmocka_unit_test(outer),
	};

	return cmocka_run_group_tests_name("parse tunnels", tests, NULL, NULL);
}
