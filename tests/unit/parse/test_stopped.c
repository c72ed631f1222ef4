/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Which header the parser ended at, for every way in which it ends. */
#include "testing.h"

#include "frames.h"
#include "packet.h"

#define WHOLE UINT32_MAX
#define INNER WEIR_PARSE_INNER
#define OUTER WEIR_PARSE_OUTER

/* The event of the first bytes of a frame, in one piece or in two. */
static struct weir_event
event_of(struct frame *f, uint32_t len, uint32_t cut, uint8_t tunnel)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .tunnel = tunnel };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, frame_bytes(f), len, RTE_MIN(cut, len), len);
	struct weir_event event;

	weir_parse(&mbuf, 1, &burst);
	event = *weir_mbuf_event(mbuf);
	packet_free(&p);
	return event;
}

static void
check(unsigned int line, struct frame *f, uint32_t len, uint8_t tunnel, enum weir_verdict verdict,
	uint16_t stopped, uint16_t ethertype)
{
	len = RTE_MIN(len, (uint32_t)frame_len(f));
	for (uint32_t cut = 0; cut <= 1; cut++) {
		struct weir_event event = event_of(f, len, cut, tunnel);

		if (event.verdict != verdict || event.stopped != stopped ||
			weir_event_ethertype(&event) != ethertype)
			fail_msg("line %u: verdict %s, stopped %#x, ethertype %#x", line,
				weir_verdict_name(event.verdict), event.stopped,
				weir_event_ethertype(&event));
	}
}

/* A frame that is put together from its end, how much of it there is; and what is said of it. */
#define CHECK(frame, len, tunnel, verdict, stopped, ethertype) \
	do { \
		frame; \
		check(__LINE__, &f, len, tunnel, WEIR_VERDICT_##verdict, stopped, ethertype); \
	} while (0)
#define E4 ether(&f, 0x0800)
#define E6 ether(&f, 0x86dd)
#define EMPTY payload(&f, 0)
#define SOME payload(&f, 40)

/* TCP and UDP, read whole or not, are the last that is looked at. */
static void
l4(void **state)
{
	struct frame f;

	(void)state;
	CHECK((tcp4(&f), E4), WHOLE, INNER, OK, 6, 0x0800);
	CHECK((tcp4(&f), E4), 53, INNER, TRUNC_L4, 6, 0x0800);
	CHECK((udp6(&f), E6), WHOLE, INNER, OK, 17, 0x86dd);
	CHECK((udp6(&f), E6), 55, INNER, TRUNC_L4, 17, 0x86dd);
	CHECK((SOME, tcp(&f, 1, 2, 40), ipv6(&f, 6), E6), WHOLE, INNER, OK, 6, 0x86dd);
	CHECK((SOME, udp(&f, 1, 2), ipv4(&f, 17), E4), WHOLE, INNER, OK, 17, 0x0800);
	CHECK((tcp4(&f), frame_bytes(&f)[32] = 0x40, E4), WHOLE, INNER, BAD_HDR_LEN, 6, 0x0800);
	CHECK((udp6(&f), put16(frame_bytes(&f) + 44, 7), E6), WHOLE, INNER, BAD_TOTAL_LEN, 17,
		0x86dd);
	CHECK((SOME, sctp(&f, 1, 2), ipv4(&f, 132), E4), WHOLE, INNER, OK, 132, 0x0800);
	CHECK((SOME, icmp(&f, 8, 1), ipv4(&f, 1), E4), WHOLE, INNER, OK, 1, 0x0800);
	CHECK((SOME, icmp(&f, 128, 1), ipv6(&f, 58), E6), WHOLE, INNER, OK, 58, 0x86dd);
	CHECK((SOME, ipv4(&f, IPPROTO_ESP), E4), WHOLE, INNER, OK, 50, 0x0800);
	CHECK((EMPTY, ipv4(&f, IPPROTO_ESP), E4), WHOLE, INNER, TRUNC_L4, 50, 0x0800);
	CHECK((SOME, ipv4(&f, 200), E4), WHOLE, INNER, OK, 200, 0x0800);
	CHECK((SOME, ipv6(&f, 0xfe), E6), WHOLE, INNER, OK, 0xfe, 0x86dd);
	CHECK((EMPTY, ipv6(&f, IPPROTO_NONE), E6), WHOLE, INNER, OK, 59, 0x86dd);
}

static void
l3(void **state)
{
	struct frame f;

	(void)state;
	CHECK((tcp4(&f), E4), 33, INNER, TRUNC_L3, 0x0800, 0x0800);
	CHECK((udp6(&f), E6), 53, INNER, TRUNC_L3, 0x86dd, 0x86dd);
	CHECK((udp6(&f), E4), WHOLE, INNER, BAD_VERSION, 0x0800, 0x0800);
	CHECK((tcp4(&f), *frame_bytes(&f) = 0x44, E4), WHOLE, INNER, BAD_HDR_LEN, 0x0800, 0x0800);
	/* Addresses and protocol are known, the header is not read to its end all the same. */
	CHECK((tcp4(&f), put16(frame_bytes(&f) + 2, 19), E4), WHOLE, INNER, BAD_TOTAL_LEN, 0x0800,
		0x0800);
	CHECK((SOME, ipv4_options(&f, 6, 40, 0), E4), 14 + 59, INNER, TRUNC_L3, 0x0800, 0x0800);
	/* Extensions are headers that their number names, as L4 is. */
	CHECK((SOME, ah(&f, 1), ipv4(&f, 51), E4), WHOLE, INNER, OK, 1, 0x0800);
	CHECK((SOME, ah(&f, 1), ipv4(&f, 51), E4), 14 + 20 + 23, INNER, TRUNC_L3, 51, 0x0800);
	CHECK((SOME, extension(&f, 200, 1), extension(&f, 43, 0), ipv6(&f, 0), E6), WHOLE, INNER,
		OK, 200, 0x86dd);
	CHECK((SOME, extension(&f, 200, 1), extension(&f, 43, 0), ipv6(&f, 0), E6), 54 + 8 + 15,
		INNER, TRUNC_L3, 43, 0x86dd);
	CHECK((SOME, extension(&f, 200, 1), extension(&f, 43, 0), ipv6(&f, 0), E6), 54 + 7, INNER,
		TRUNC_L3, 0, 0x86dd);
	/* A later fragment has none of what it is a part of. */
	CHECK((SOME, ipv4_options(&f, 17, 0, 0x10), E4), WHOLE, INNER, OK, 17, 0x0800);
	CHECK((SOME, ipv4_options(&f, 4, 0, 0x10), E4), WHOLE, INNER, OK, 4, 0x0800);
	CHECK((SOME, fragment6(&f, 17, 0x40), ipv6(&f, 44), E6), WHOLE, INNER, OK, 17, 0x86dd);
	CHECK((SOME, udp(&f, 1, 2), fragment6(&f, 17, 1), ipv6(&f, 44), E6), WHOLE, INNER, OK, 17,
		0x86dd);
}

/* One extension too many: the parser ends at it. */
static void
extension_chain(void **state)
{
	struct frame f;

	(void)state;
	EMPTY;
	for (unsigned int i = 0; i < WEIR_PARSE_MAX_EXT; i++)
		extension(&f, i == 0 ? 43 : 60, 0);
	ipv6(&f, 60);
	CHECK(E6, WHOLE, INNER, EXT_CHAIN, 43, 0x86dd);
}

static void
l2(void **state)
{
	struct frame f;

	(void)state;
	CHECK((EMPTY, E4), 13, INNER, TRUNC_L2, 0, 0);
	CHECK((SOME, ether(&f, 0x88cc)), WHOLE, INNER, OK, 0x88cc, 0x88cc);
	CHECK((EMPTY, ether(&f, 0x88cc)), WHOLE, INNER, OK, 0x88cc, 0x88cc);
	CHECK((SOME, ether(&f, 0x0600)), WHOLE, INNER, OK, 0x0600, 0x0600);
	CHECK((EMPTY, arp(&f), ether(&f, 0x0806)), WHOLE, INNER, OK, 0x0806, 0x0806);
	CHECK((EMPTY, arp(&f), ether(&f, 0x0806)), 20, INNER, TRUNC_L3, 0x0806, 0x0806);
	CHECK((SOME, tag(&f, 5, 0x88cc), ether(&f, 0x8100)), WHOLE, INNER, OK, 0x88cc, 0x88cc);
	CHECK((SOME, tag(&f, 5, 0x88cc), ether(&f, 0x8100)), 17, INNER, TRUNC_L2, 0x8100, 0x8100);
	CHECK((tcp4(&f), tag(&f, 5, 0x0800), ether(&f, 0x88a8)), WHOLE, INNER, OK, 6, 0x0800);
	/* 802.3: a length names nothing, SNAP does. */
	CHECK((SOME, ether(&f, 40)), WHOLE, INNER, OK, 0, 0);
	CHECK((SOME, ether(&f, 0x05ff)), WHOLE, INNER, OK, 0, 0);
	CHECK((SOME, ether(&f, 2)), WHOLE, INNER, TRUNC_L2, 0, 0);
	CHECK((SOME, tag(&f, 5, 40), ether(&f, 0x8100)), WHOLE, INNER, OK, 0, 0);
	CHECK((SOME, llc_snap(&f, 0x88cc)), WHOLE, INNER, OK, 0x88cc, 0x88cc);
	CHECK((SOME, llc_snap(&f, 0x0100)), WHOLE, INNER, OK, 0, 0);
	CHECK((tcp4(&f), llc_snap(&f, 0x0800)), WHOLE, INNER, OK, 6, 0x0800);
	/* What follows PPP and MPLS has no number that is an ethertype. */
	CHECK((SOME, pppoe(&f, 0xc021), ether(&f, 0x8864)), WHOLE, INNER, OK, 0x8864, 0x8864);
	CHECK((tcp4(&f), pppoe(&f, 0x21), ether(&f, 0x8864)), 14 + 8 + 19, INNER, TRUNC_L3, 0x8864,
		0x8864);
	CHECK((tcp4(&f), pppoe(&f, 0x21), ether(&f, 0x8864)), WHOLE, INNER, OK, 6, 0x0800);
	CHECK((SOME, label(&f, 9, true), ether(&f, 0x8847)), WHOLE, INNER, OK, 0x8847, 0x8847);
	CHECK((SOME, ether(&f, 0x8847)), 17, INNER, TRUNC_L2, 0x8847, 0x8847);
	CHECK((tcp4(&f), label(&f, 9, true), ether(&f, 0x8847)), WHOLE, INNER, OK, 6, 0x0800);
	CHECK((tcp4(&f), label(&f, 9, true), ether(&f, 0x8847)), 14 + 4 + 39, INNER, OK, 0x8847,
		0x8847);
	CHECK((tcp4(&f), E4, push(&f, 2), ether(&f, 0x8903)), WHOLE, INNER, OK, 6, 0x0800);
}

static void
too_many_tags(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f);
	tag(&f, 1, 0x0800);
	for (unsigned int i = 0; i < WEIR_PARSE_MAX_TAGS; i++)
		tag(&f, 1, i == 0 ? 0x9100 : 0x8100);
	CHECK(ether(&f, 0x88a8), WHOLE, INNER, TOO_DEEP, 0x9100, 0x9100);
}

/* What a protocol number calls a tunnel is one, and the parser goes on in it. */
static void
sure_tunnels(void **state)
{
	struct frame f;

	(void)state;
	CHECK((tcp4(&f), ipv4(&f, 4), E4), WHOLE, INNER, OK, 6, 0x0800);
	CHECK((tcp4(&f), ipv4(&f, 4), E4), WHOLE, OUTER, OK, 4, 0x0800);
	CHECK((tcp4(&f), ipv4(&f, 4), E4), 14 + 20 + 19, INNER, TRUNC_L3, 4, 0x0800);
	CHECK((udp6(&f), ipv4(&f, 41), E4), WHOLE, INNER, OK, 17, 0x86dd);
	CHECK((tcp4(&f), ipv4_options(&f, 4, 0, 0x2000), E4), WHOLE, INNER, OK, 4, 0x0800);
	CHECK((tcp4(&f), gre(&f, 0, 0x0800), ipv4(&f, 47), E4), WHOLE, INNER, OK, 6, 0x0800);
	CHECK((tcp4(&f), gre(&f, 0, 0x0800), ipv4(&f, 47), E4), WHOLE, OUTER, OK, 0x0800, 0x0800);
	CHECK((udp6(&f), gre(&f, 0, 0x86dd), ipv4(&f, 47), E4), WHOLE, OUTER, OK, 0x86dd, 0x0800);
	CHECK((udp6(&f), gre(&f, 0, 0x86dd), ipv4(&f, 47), E4), 38 + 39, INNER, TRUNC_L3, 0x86dd,
		0x0800);
	CHECK((SOME, gre(&f, 0x1000, 0x88be), ipv4(&f, 47), E4), WHOLE, INNER, OK, 0x88be, 0x0800);
	CHECK((SOME, gre(&f, 0x2000, 0x88be), ipv4(&f, 47), E4), 37, INNER, TRUNC_TUNNEL, 47,
		0x0800);
	CHECK((SOME, gre(&f, 0x2000, 0x88be), ipv4(&f, 47), E4), 41, INNER, TRUNC_TUNNEL, 47,
		0x0800);
	/* A header of GRE that is not known, or names what is no ethertype. */
	CHECK((SOME, gre(&f, 0x4000, 0x0800), ipv4(&f, 47), E4), WHOLE, INNER, OK, 47, 0x0800);
	CHECK((SOME, gre(&f, 0x0002, 0x0800), ipv4(&f, 47), E4), WHOLE, INNER, OK, 47, 0x0800);
	CHECK((SOME, gre(&f, 0, 0x0006), ipv4(&f, 47), E4), WHOLE, INNER, OK, 47, 0x0800);
	CHECK((SOME, gre(&f, 0, 0x05ff), ipv4(&f, 47), E4), WHOLE, INNER, OK, 47, 0x0800);
	CHECK((SOME, put16(push(&f, 2), 0xc021), gre(&f, 0x3081, 0x880b), ipv4(&f, 47), E4), WHOLE,
		INNER, OK, 0x880b, 0x0800);
	/* Ethernet in GRE. */
	CHECK((SOME, ether(&f, 0x88cc), gre(&f, 0, 0x6558), ipv4(&f, 47), E4), WHOLE, INNER, OK,
		0x88cc, 0x0800);
	CHECK((SOME, ether(&f, 0x88cc), gre(&f, 0, 0x6558), ipv4(&f, 47), E4), 38 + 13, INNER,
		TRUNC_L2, 0x6558, 0x0800);
	CHECK((SOME, ether(&f, 40), gre(&f, 0, 0x6558), ipv4(&f, 47), E4), WHOLE, INNER, OK, 0,
		0x0800);
	CHECK((SOME, label(&f, 9, true), ether(&f, 0x8847), gre(&f, 0, 0x6558), ipv4(&f, 47), E4),
		WHOLE, INNER, OK, 0x8847, 0x0800);
	CHECK((SOME, label(&f, 9, true), gre(&f, 0, 0x8847), ipv4(&f, 47), E4), WHOLE, INNER, OK,
		0x8847, 0x0800);
}

static void
too_many_tunnels(void **state)
{
	struct frame f;

	(void)state;
	udp6(&f);
	ipv4(&f, 41);
	for (unsigned int i = 0; i < WEIR_PARSE_MAX_TUNNELS; i++)
		ipv4(&f, 4);
	CHECK(E4, WHOLE, INNER, TOO_DEEP, 41, 0x0800);
}

/* What a port calls a tunnel counts if there is a whole packet in it; else the outer one stands. */
static void
guessed_tunnels(void **state)
{
	struct frame f;

	(void)state;
	CHECK((tcp4(&f), E4, vxlan(&f, 5), ipv4(&f, 17), E4), WHOLE, INNER, OK, 6, 0x0800);
	CHECK((tcp4(&f), E4, vxlan(&f, 5), ipv4(&f, 17), E4), WHOLE, OUTER, OK, 17, 0x0800);
	CHECK((SOME, ipv4(&f, 200), E4, vxlan(&f, 5), ipv6(&f, 17), E6), WHOLE, INNER, OK, 200,
		0x0800);
	CHECK((EMPTY, arp(&f), ether(&f, 0x0806), vxlan(&f, 5), ipv6(&f, 17), E6), WHOLE, INNER, OK,
		17, 0x86dd);
	CHECK((SOME, vxlan(&f, 5), ipv4(&f, 17), E4), 34 + 15, INNER, OK, 17, 0x0800);
	CHECK((tcp4(&f), frame_bytes(&f)[32] = 0x40, E4, vxlan(&f, 5), ipv6(&f, 17), E6), WHOLE,
		INNER, OK, 17, 0x86dd);
	CHECK((SOME, label(&f, 9, true), geneve(&f, 7, 0x8847, 1), ipv4(&f, 17), E4), WHOLE, INNER,
		OK, 17, 0x0800);
	CHECK((udp6(&f), label(&f, 9, true), geneve(&f, 7, 0x8847, 1), ipv4(&f, 17), E4), WHOLE,
		INNER, OK, 17, 0x86dd);
	CHECK((SOME, geneve(&f, 7, 0x88cc, 1), ipv4(&f, 17), E4), WHOLE, INNER, OK, 17, 0x0800);
	CHECK((SOME, gtpu(&f, 7, true), ipv4(&f, 17), E4), WHOLE, INNER, OK, 17, 0x0800);
	CHECK((tcp4(&f), gtpu(&f, 7, true), ipv4(&f, 17), E4), WHOLE, INNER, OK, 6, 0x0800);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(l4),
		cmocka_unit_test(l3),
		cmocka_unit_test(extension_chain),
		cmocka_unit_test(l2),
		cmocka_unit_test(too_many_tags),
		cmocka_unit_test(sure_tunnels),
		cmocka_unit_test(too_many_tunnels),
		cmocka_unit_test(guessed_tunnels),
	};

	return cmocka_run_group_tests_name("parse stopped", tests, NULL, NULL);
}
