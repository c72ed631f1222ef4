/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the event says of a right packet in tunnels. */
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
		cmocka_unit_test(nested_tunnels),
		cmocka_unit_test(outer),
	};

	return cmocka_run_group_tests_name("parse tunnels", tests, NULL, NULL);
}
