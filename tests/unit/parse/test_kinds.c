/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Each kind of header between Ethernet and IP. */
#include "inside.h"

static void
tags(void **state)
{
	struct frame f;

	(void)state;
	IN(PACKET, tag(&f, 5, 0x0800), 0x9200);
	IN(PACKET, tag(&f, 5, 0x0800), 0x9300);
	/* VN-Tag, and with a VLAN tag behind; 802.1BR; Broadcom; HSR */
	IN(PACKET, RAW("000100020800"), 0x8926);
	IN(PACKET, (tag(&f, 7, 0x0800), RAW("000100028100")), 0x8926);
	IN(PACKET, RAW("0000006400000800"), 0x893f);
	IN(PACKET, RAW("000000010800"), 0x8874);
	IN(PACKET, RAW("002000070800"), 0x892f);
	/* Cisco's metadata of one word and of two */
	IN(PACKET, RAW("0101000100640800"), 0x8909);
	IN(PACKET, RAW("010200010064000200650800"), 0x8909);
	/* Arista's time stamps of 64 and 48 bits */
	IN(PACKET, RAW("0001001000000001000000020800"), 0xd28b);
	IN(PACKET, RAW("000101200001000000020800"), 0xd28b);
	OUT(PACKET, RAW("0002001000000001000000020800"), 0xd28b);
	OUT(PACKET, RAW("0001003000000001000000020800"), 0xd28b);
	/* MACsec without encryption, with a channel's name and without; encrypted; changed */
	IN(PACKET, RAW("0000000000010800"), 0x88e5);
	IN(PACKET, RAW("20000000000102000000000100010800"), 0x88e5);
	OUT(PACKET, RAW("0c00000000010800"), 0x88e5);
	OUT(PACKET, RAW("0400000000010800"), 0x88e5);
	OUT(PACKET, RAW("8000000000010800"), 0x88e5);
}

static void
frames_in_frames(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(FRAME, RAW("08000064"), E(0x88e7), PBB, 100);
	IN_AS(FRAME, RAW("00ffffff"), (tag(&f, 5, 0x88e7), E(0x88a8)), PBB, 0xffffff);
	IN(FRAME, RAW("0001"), 0x8903);
	IN(FRAME, RAW(""), 0x6558);
	/* TRILL, and with two words of options */
	IN(FRAME, RAW("003f00010002"), 0x22f3);
	IN(FRAME, RAW("00bf000100020000000000000000"), 0x22f3);
	OUT(FRAME, RAW("403f00010002"), 0x22f3);
	/* NSH: IPv4, Ethernet, itself; a length below its own, another version, no such protocol */
	IN(PACKET, RAW("0fc2020100000100"), 0x894f);
	IN(FRAME, RAW("0fc601030000010000000000000000000000000000000000"), 0x894f);
	IN(PACKET, RAW("0fc20204000001000fc2020100000100"), 0x894f);
	OUT(PACKET, RAW("0fc1020100000100"), 0x894f);
	OUT(PACKET, RAW("4fc2020100000100"), 0x894f);
	OUT(PACKET, RAW("0fc2020000000100"), 0x894f);
	OUT(PACKET, RAW("0fc2020600000100"), 0x894f);
}

/* What a frame within a frame is that holds no IP; and more of them than are followed. */
static void
frames_of_others(void **state)
{
	struct frame f;
	struct weir_event e;
	unsigned int i;

	(void)state;
	OUT_AS((payload(&f, 20), E(0x88cc)), RAW("00000064"), E(0x88e7), 0x88cc);
	tcp4(&f);
	ether(&f, 0x0800);
	for (i = 0; i <= WEIR_PARSE_MAX_SHIMS; i++)
		ether(&f, 0x6558);
	e = event_of(frame_bytes(&f), frame_len(&f), 0, WEIR_PARSE_INNER, WEIR_PARSE_FULL);
	assert_int_equal(e.verdict, WEIR_VERDICT_TOO_DEEP);
	IN((tcp4(&f), E(0x0800)), for (i = 1; i < WEIR_PARSE_MAX_SHIMS; i++) E(0x6558), 0x6558);
}

static void
llc(void **state)
{
	struct frame f;

	(void)state;
	IN(PACKET, RAW("060603"), frame_len(&f));
	IN(PACKET, RAW("fefe03cc"), frame_len(&f));
	IN(PACKET, RAW("aaaa030000f80800"), frame_len(&f));
	IN(PACKET, RAW("aaaa030000000800"), 0x8870);
	/* Bridged, with padding and without */
	IN(FRAME, RAW("aaaa030080c20007"), frame_len(&f));
	IN(FRAME, RAW("aaaa030080c200070000"), frame_len(&f));
	IN(FRAME, RAW("aaaa030080c20001"), frame_len(&f));
	OUT_AS(FRAME, RAW("aaaa030080c20003"), E(frame_len(&f)), 0);
	OUT_AS(PACKET, RAW("0606af"), E(frame_len(&f)), 0);
	OUT_AS(PACKET, RAW("fefe0381"), E(frame_len(&f)), 0);
	OUT_AS(PACKET, RAW("aaaa130000000800"), E(frame_len(&f)), 0);
	OUT_AS(PACKET, RAW("aaaa030000000100"), E(frame_len(&f)), 0);
	OUT_AS(PACKET, RAW("aaaa0300000c0800"), E(frame_len(&f)), 0);
}

/* Cisco's ISL around what there is: sent to an address that begins with this octet and ends with that. */
static void
isl(struct frame *f, uint8_t first, uint8_t last)
{
	const uint8_t to[] = { first, 0x00, 0x0c, 0x00, 0x00, last };

	raw(f, "aaaa0300000c001400000000");
	ether(f, frame_len(f));
	memcpy(frame_bytes(f), to, sizeof(to));
}

static void
isl_frames(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(FRAME, (void)0, isl(&f, 0x01, 0), NONE, 0);
	IN_AS(FRAME, (void)0, isl(&f, 0x0c, 0x0f), NONE, 0);
	IN_AS((tcp4(&f), tag(&f, 9, 0x0800), ether(&f, 0x8100)), (void)0, isl(&f, 0x01, 0), NONE,
		0);
	/* Token ring in it; another address */
	OUT_AS(FRAME, (void)0, isl(&f, 0x01, 0x10), 0);
	OUT_AS(FRAME, (void)0, isl(&f, 0x02, 0), 0);
}

/* What is not in pieces, with a sequence number of either length; the first piece, a middle one, the last. */
static void
multilink(void **state)
{
	struct frame f;

	(void)state;
	IN(PACKET, RAW("110000010060003dc00000010021"), 0x8864);
	IN(PACKET, RAW("1100000100603dfc00000121"), 0x8864);
	IN(PACKET, RAW("110000010060003dc0010021"), 0x8864);
	IN(PACKET, RAW("1100000100603dc00121"), 0x8864);
	OUT(PACKET, RAW("110000010060003d800000010021"), 0x8864);
	OUT(PACKET, RAW("110000010060003d000000010021"), 0x8864);
	OUT(PACKET, RAW("110000010060003d400000010021"), 0x8864);
	OUT(PACKET, RAW("110000010060003d80010021"), 0x8864);
	OUT(PACKET, RAW("110000010060003dc00000010057"), 0x8864);
}

/* A protocol number of one octet, of two; bridged; address and control before. */
static void
ppp(void **state)
{
	struct frame f;

	(void)state;
	IN(PACKET, (RAW("21"), RAW("110000010045")), 0x8864);
	IN(PACKET, (RAW("0021"), RAW("110000010046")), 0x8864);
	IN(FRAME, RAW("11000001005800310001"), 0x8864);
	IN(FRAME, RAW("1100000100570031410100000000"), 0x8864);
	OUT(FRAME, RAW("11000001005800310002"), 0x8864);
	OUT(PACKET, RAW("2100000100450021"), 0x8864);
	OUT(PACKET, RAW("1109000100450021"), 0x8864);
	IN(PACKET, (label(&f, 9, true), RAW("1100000100500281")), 0x8864);
}

static void
mpls(void **state)
{
	struct frame f;
	struct weir_event e;
	unsigned int i;

	(void)state;
	/* Entropy: its indicator, its label; explicit null */
	IN(PACKET, (label(&f, 77, true), label(&f, 7, false), label(&f, 16, false)), 0x8847);
	IN(PACKET, label(&f, 0, true), 0x8848);
	/* A frame with a control word; without one, of any first nibble */
	IN(FRAME, (RAW("00000000"), label(&f, 16, true)), 0x8847);
	IN(FRAME, (RAW("00050001"), label(&f, 16, true)), 0x8847);
	for (i = 0; i < 16; i++)
		IN(FRAME, (*frame_bytes(&f) = (uint8_t)(i << 4), label(&f, 16, true)), 0x8847);
	IN(FRAME, (frame_bytes(&f)[0] = 0x45, label(&f, 16, true)), 0x8847);
	/* An associated channel, and what is nothing */
	OUT(PACKET, (RAW("10000021"), label(&f, 16, true)), 0x8847);
	OUT(PACKET, (RAW("20000000"), label(&f, 16, true)), 0x8847);
	tcp4(&f);
	for (i = 0; i <= WEIR_PARSE_MAX_LABELS; i++)
		label(&f, i, i == 0);
	ether(&f, 0x8847);
	e = event_of(frame_bytes(&f), frame_len(&f), 0, WEIR_PARSE_INNER, WEIR_PARSE_FULL);
	assert_int_equal(e.verdict, WEIR_VERDICT_TOO_DEEP);
	check_cuts("labels", &f);
}

/* What stands below MPLS goes behind a label, and padding of n bytes behind that. */
static void
labelled(struct frame *f, struct frame *inside, size_t padding)
{
	payload(f, padding);
	memcpy(push(f, frame_len(inside)), frame_bytes(inside), frame_len(inside));
	label(f, 16, true);
	ether(f, 0x8847);
}

/* A packet whose source is where a frame has its type, and then IP. */
static void
like_a_frame(void **state)
{
	struct frame f, g;

	(void)state;
	tcp4(&g);
	put32(frame_bytes(&g) + 12, 0x08004501);
	put16(frame_bytes(&g) + 10, 0x2c1b);
	labelled(&f, &g, 0);
	check_in(__LINE__, "8.0.69.1", &f, WEIR_TUNNEL_NONE, 0);
	labelled(&f, &g, 8);
	check_in(__LINE__, "8.0.69.1 and padding", &f, WEIR_TUNNEL_NONE, 0);
}

/* Likewise of IPv6, which has no checksum: of more on the wire than is here. */
static void
like_a_frame_cut(void **state)
{
	struct weir_parse_burst burst = WEIR_PARSE_BURST_INIT;
	struct frame f, g;
	struct packet p;
	struct rte_mbuf *mbuf;
	uint32_t wire;

	(void)state;
	payload(&g, 200);
	tcp(&g, 1234, 443, 0);
	ipv6(&g, IPPROTO_TCP);
	put32(frame_bytes(&g) + 12, 0x86dd6001);
	labelled(&f, &g, 0);
	wire = frame_len(&f);
	burst.wire_lens = &wire;
	mbuf = packet_make(&p, frame_bytes(&f), 128, 128, 128);
	weir_parse(&mbuf, 1, &burst);
	assert_int_equal(weir_mbuf_event(mbuf)->l3_off, 18);
	assert_int_equal(weir_mbuf_event(mbuf)->key.sport, RTE_BE16(1234));
	packet_free(&p);
}

/* The event of the first `len` bytes of a frame that was whole on the wire. */
static struct weir_event
cut_to(struct frame *f, uint32_t len)
{
	struct weir_parse_burst burst = WEIR_PARSE_BURST_INIT;
	struct weir_event e;
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, frame_bytes(f), len, len, len);
	uint32_t wire = frame_len(f);

	burst.wire_lens = &wire;
	weir_parse(&mbuf, 1, &burst);
	e = *weir_mbuf_event(mbuf);
	packet_free(&p);
	return e;
}

/* A frame of which TCP begins at l4 says the same behind a label as without, wherever it is cut. */
static void
check_labelled(struct frame *f, uint32_t l3, uint32_t l4)
{
	for (uint32_t len = l3 + 1; len < frame_len(f); len++) {
		struct weir_event e = cut_to(f, len);
		bool keyed = len >= l4, ports = len >= l4 + 4;

		if (e.verdict !=
			(len < l4                     ? WEIR_VERDICT_TRUNC_L3 :
					len < l4 + 20 ? WEIR_VERDICT_TRUNC_L4 :
							WEIR_VERDICT_OK))
			fail_msg("at %u bytes: %s", len, weir_verdict_name(e.verdict));
		assert_int_equal(!!(e.flags & WEIR_EVENT_KEYED), keyed);
		if (keyed)
			assert_int_equal(e.key.sport, ports ? RTE_BE16(1234) : 0);
	}
}

/* IP that ends with the frame is IP for sure, cut anywhere. */
static void
mpls_cut(void **state)
{
	struct frame f;

	(void)state;
	PACKET;
	label(&f, 16, true);
	E(0x8847);
	check_labelled(&f, 18, 38);
	payload(&f, 10);
	tcp(&f, 1234, 443, 0);
	ipv6(&f, IPPROTO_TCP);
	label(&f, 16, true);
	E(0x8847);
	check_labelled(&f, 18, 58);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags),
		cmocka_unit_test(frames_in_frames),
		cmocka_unit_test(frames_of_others),
		cmocka_unit_test(llc),
		cmocka_unit_test(isl_frames),
		cmocka_unit_test(multilink),
		cmocka_unit_test(ppp),
		cmocka_unit_test(mpls),
		cmocka_unit_test(mpls_cut),
		cmocka_unit_test(like_a_frame),
		cmocka_unit_test(like_a_frame_cut),
	};

	return cmocka_run_group_tests_name("parse kinds", tests, NULL, NULL);
}
