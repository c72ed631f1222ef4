/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Each kind of tunnel in IP. */
#include "inside.h"

static void
gre_kinds(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(FRAME, RAW("000088be"), IP4(47), ERSPAN, 0);
	IN_AS(FRAME, RAW("100088be000000011064006400000000"), IP4(47), ERSPAN, 100);
	IN_AS(FRAME, RAW("100022eb00000001200a03ff0000000000008000"), IP4(47), ERSPAN, 0x3ff);
	IN_AS(FRAME, RAW("100022eb00000001200a006400000000000080010000000000000000"), IP6(47),
		ERSPAN, 100);
	IN_AS(PACKET, RAW("100022eb00000001200a00640000000000000800"), IP4(47), ERSPAN, 100);
	OUT_AS(FRAME, RAW("100088be000000013064006400000000"), IP4(47), 0x88be);
	OUT_AS(FRAME, RAW("100022eb00000001100a00640000000000008000"), IP4(47), 0x22eb);
	/* WCCP with its header and without */
	IN_AS(PACKET, RAW("0000883e00000000"), IP4(47), GRE, 0);
	IN_AS(PACKET, RAW("0000883e"), IP4(47), GRE, 0);
	IN_AS(PACKET, (tag(&f, 7, 0x0800), RAW("00008100")), IP4(47), GRE, 0);
	IN_AS(PACKET, (label(&f, 16, true), RAW("00008848")), IP6(47), GRE, 0);
	IN_AS(FRAME, RAW("2000655800123400"), IP4(47), GRE, 0x123400);
	IN_AS(PACKET, RAW("0000894f0fc2020100000100"), IP4(47), GRE, 0);
	IN_AS(PACKET, RAW("000089090800010100010064"), IP4(47), GRE, 0);
	IN_AS(FRAME, RAW("2001640000400700"), IP4(47), GRE, 7);
	/* PPTP: of the key the call, and both ways to write a protocol */
	IN_AS(PACKET, (RAW("21"), RAW("3001880b0045178000000001")), IP4(47), GRE, 0x1780);
	IN_AS(PACKET, (RAW("ff030021"), RAW("3081880b004817800000000100000002")), IP4(47), GRE,
		0x1780);
	/* An acknowledgement alone, next hop resolution, an ethertype in version 1 */
	OUT_AS(payload(&f, 0), RAW("2081880b0000178000000001"), IP4(47), 0x880b);
	OUT_AS(payload(&f, 40), RAW("00002001"), IP4(47), 0x2001);
	OUT_AS(PACKET, RAW("20010800003c1780"), IP4(47), 0x0800);
}

static void
by_protocol(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(FRAME, RAW("3000"), IP4(97), ETHERIP, 0);
	OUT_AS(FRAME, RAW("2000"), IP4(97), 97);
	IN_AS(FRAME, RAW(""), IP6(143), SRV6, 0);
	IN_AS(FRAME, extension(&f, 143, 2), IP6(43), SRV6, 0);
	IN_AS(PACKET, (label(&f, 99, true), label(&f, 16, false)), IP4(137), MPLS, 99);
	OUT_AS(PACKET, (RAW("20000000"), label(&f, 99, true)), IP4(137), 137);
	IN_AS(PACKET, RAW("2100000000000000"), IP4(103), PIM, 0);
	IN_AS(PACKET, RAW("2100000080000000"), IP6(103), PIM, 0);
	OUT_AS(PACKET, RAW("2000000000000000"), IP4(103), 103);
	OUT_AS(payload(&f, 40), RAW("2100000000000000"), IP4(103), 103);
	/* Cookies of 0, 4 and 8 bytes, a sublayer; PPP, IP */
	IN_AS(FRAME, RAW("0000002a"), IP4(115), L2TP, 42);
	IN_AS(FRAME, RAW("0000002a11111111"), IP4(115), L2TP, 42);
	IN_AS(FRAME, RAW("0000002a111111112222222200000000"), IP6(115), L2TP, 42);
	IN_AS(PACKET, RAW("0000002aff030021"), IP4(115), L2TP, 42);
	IN_AS(PACKET, RAW("0000002a11111111"), IP4(115), L2TP, 42);
	OUT_AS(FRAME, RAW("00000000"), IP4(115), 115);
	OUT_AS(payload(&f, 80), RAW("0000002a"), IP4(115), 115);
}

/* UDP to a port, and from it; the packets of both directions. */
#define TO(port) (udp(&f, 40000, port), IP4(17))
#define FROM(port) (udp(&f, port, 40000), IP6(17))

static void
by_port(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(FRAME, RAW("0800000000004d00"), TO(8472), VXLAN, 77);
	IN_AS(FRAME, RAW("0800000000004d00"), TO(4790), VXLAN, 77);
	IN_AS(PACKET, RAW("0c00000100004d00"), TO(4790), VXLAN, 77);
	IN_AS(FRAME, RAW("0c00000300004d00"), TO(4790), VXLAN, 77);
	IN_AS(PACKET, RAW("0c00000400004d000fc2020100000100"), TO(4790), VXLAN, 77);
	IN_AS(PACKET, (label(&f, 9, true), RAW("0c00000500004d00")), TO(4790), VXLAN, 77);
	OUT_AS(FRAME, RAW("0400000300004d00"), TO(4790), 17);
	OUT_AS(FRAME, RAW("1c00000300004d00"), TO(4790), 17);
	OUT_AS(FRAME, RAW("0c00000700004d00"), TO(4790), 17);
	IN_AS(PACKET, RAW("0000894f00004d000fc2020100000100"), TO(6081), GENEVE, 77);
	IN_AS(FRAME, RAW("0200655800004d000102030405060708"), TO(6081), GENEVE, 77);
	OUT_AS(FRAME, RAW("4200655800004d000102030405060708"), TO(6081), 17);
	IN_AS(PACKET, RAW("2000080000000007"), TO(4754), GRE, 7);
	IN_AS(FRAME, RAW("00006558"), TO(4754), GRE, 0);
	IN_AS(PACKET, label(&f, 55, true), TO(6635), MPLS, 55);
	IN_AS(FRAME, RAW("0100000101"), TO(37008), TZSP, 0);
	IN_AS(FRAME, RAW("01000001000a01ff0001"), TO(37008), TZSP, 0);
}

/* L2TP of version 2: with nothing, with all that may be there; what is reserved, control. */
static void
l2tp(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(PACKET, RAW("000200070009ff030021"), TO(1701), L2TP, 0x70009);
	IN_AS(PACKET, RAW("00020007000921"), FROM(1701), L2TP, 0x70009);
	IN_AS(PACKET, RAW("4a02004c00070009000100020002eeee0021"), TO(1701), L2TP, 0x70009);
	IN_AS(FRAME, RAW("000300000000002a11111111"), TO(1701), L2TP, 42);
	IN_AS(PACKET, RAW("000300000000002aff030021"), FROM(1701), L2TP, 42);
	OUT_AS(PACKET, RAW("800200070009ff030021"), TO(1701), 17);
	OUT_AS(PACKET, RAW("001200070009ff030021"), TO(1701), 17);
	OUT_AS(PACKET, RAW("000400070009ff030021"), TO(1701), 17);
	OUT_AS(PACKET, RAW("000200070009ff0321ff"), TO(1701), 17);
	OUT_AS(PACKET, RAW("000200070009c021"), TO(1701), 17);
}

#define PACKET6 (payload(&f, 10), tcp(&f, 1234, 443, 0), ipv6(&f, 6))

/* Bytes behind what there is. */
static void
after(struct frame *f, const char *digits)
{
	struct frame inside = *f;

	payload(f, 0);
	raw(f, digits);
	memcpy(push(f, frame_len(&inside)), frame_bytes(&inside), frame_len(&inside));
}
#define AFTER(digits) after(&f, digits)

/* IPv6 to the very end of the datagram, perhaps with what is Teredo's own before. */
static void
teredo(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(PACKET6, RAW(""), TO(3544), TEREDO, 0);
	IN_AS(PACKET6, RAW("0000f227c0000201"), FROM(3544), TEREDO, 0);
	IN_AS(PACKET6, RAW("00010000112233445566778800"), TO(3544), TEREDO, 0);
	IN_AS(PACKET6, RAW("00010102aabbcc1122334455667788000000f227c0000201"), TO(3544), TEREDO,
		0);
	/* A bubble */
	payload(&f, 0);
	ipv6(&f, 59);
	TO(3544);
	assert_int_equal(event_of(frame_bytes(&f), frame_len(&f), 0, 0, 0).proto, 59);
	check_cuts("bubble", &f);
	/* Trailers of RFC 6081 behind the packet: a nonce, and with the random port before it */
	IN_AS(PACKET6, AFTER("010411223344"), TO(3544), TEREDO, 0);
	IN_AS(PACKET6, (AFTER("0500010411223344"), RAW("0000f227c0000201")), TO(3544), TEREDO, 0);
	/* One that is not all there, no type, too many */
	OUT_AS(PACKET6, AFTER("0104112233"), TO(3544), 17);
	OUT_AS(PACKET6, AFTER("000411223344"), TO(3544), 17);
	OUT_AS(PACKET6, AFTER("050005000500050005000500050005000500"), TO(3544), 17);
	/* Too short a payload, and too long; another version */
	OUT_AS(PACKET6, (put16(frame_bytes(&f) + 4, 29)), TO(3544), 17);
	OUT_AS(PACKET6, (put16(frame_bytes(&f) + 4, 31)), TO(3544), 17);
	OUT_AS(PACKET, RAW(""), TO(3544), 17);
	OUT_AS(PACKET6, RAW("0002f227c0000201"), TO(3544), 17);
}

static void
ayiya(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(PACKET6,
		RAW("425211290000000020010db8000000000000000000000001"
		    "0102030405060708091011121314151617181920"),
		TO(5072), AYIYA, 0);
	IN_AS(PACKET, RAW("000001040000000011"), FROM(5072), AYIYA, 0);
	/* No packet, but a query; nothing behind; another protocol */
	OUT_AS(PACKET, RAW("000003040000000011"), TO(5072), 17);
	OUT_AS(PACKET, RAW("0000013b0000000011"), TO(5072), 17);
	OUT_AS(PACKET, RAW("000001060000000011"), TO(5072), 17);
}

#define DATA \
	"0000020202020202030303030303040404040404" \
	"1000"
#define SNAP "aaaa030000000800"

/* 802.3 and 802.11 in CAPWAP, the latter in either order; in TZSP. */
static void
wlan(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(FRAME, RAW("0010400000000000"), TO(5247), CAPWAP, 1);
	IN_AS(PACKET,
		RAW("0010430000000000"
		    "0801" DATA SNAP),
		TO(5247), CAPWAP, 1);
	IN_AS(PACKET,
		RAW("0010430000000000"
		    "0108" DATA SNAP),
		FROM(5247), CAPWAP, 1);
	IN_AS(PACKET,
		RAW("0018430000000000eeeeeeee"
		    "8802" DATA "0000" SNAP),
		TO(5247), CAPWAP, 1);
	IN_AS(PACKET,
		RAW("0010430000000000"
		    "0803" DATA "050505050505" SNAP),
		TO(5247), CAPWAP, 1);
	IN_AS(PACKET,
		RAW("0010430000000000"
		    "8881" DATA "000000000000" SNAP),
		TO(5247), CAPWAP, 1);
	IN_AS(PACKET,
		RAW("0010430000000000"
		    "8801" DATA "8000"
		    "0202020202020303030303030050" SNAP),
		TO(5247), CAPWAP, 1);
	IN_AS(PACKET,
		RAW("01000012"
		    "01"
		    "0801" DATA SNAP),
		TO(37008), TZSP, 0);
}

/* CAPWAP's only piece is whole; 802.11 in GRE. */
static void
wlan_whole(void **state)
{
	struct frame f;

	(void)state;
	IN_AS(PACKET,
		RAW("001043c000070000"
		    "0801" DATA SNAP),
		TO(5247), CAPWAP, 1);
	IN_AS(FRAME, RAW("001040c000070000"), TO(5247), CAPWAP, 1);
	OUT_AS(FRAME, RAW("0010408000070000"), TO(5247), 17);
	OUT_AS(FRAME, RAW("001040c000070008"), TO(5247), 17);
	IN_AS(PACKET,
		RAW("00008200"
		    "0801" DATA SNAP),
		IP4(47), GRE, 0);
	IN_AS(PACKET,
		RAW("00008370"
		    "0801" DATA SNAP),
		IP6(47), GRE, 0);
	OUT_AS(PACKET,
		RAW("00008380"
		    "0801" DATA SNAP),
		IP4(47), 0x8380);
	OUT_AS(PACKET,
		RAW("00008205"
		    "0801" DATA SNAP),
		IP4(47), 0x8205);
	OUT_AS(PACKET,
		RAW("00008200"
		    "0841" DATA SNAP),
		IP4(47), 0x8200);
}

/* DTLS, a sign of life, a fragment, other radios; protected, no data, management */
static void
wlan_unread(void **state)
{
	struct frame f;

	(void)state;
	OUT_AS(PACKET,
		RAW("0110430000000000"
		    "0801" DATA SNAP),
		TO(5247), 17);
	OUT_AS(PACKET,
		RAW("0010430800000000"
		    "0801" DATA SNAP),
		TO(5247), 17);
	OUT_AS(PACKET,
		RAW("0010438000000000"
		    "0801" DATA SNAP),
		TO(5247), 17);
	OUT_AS(PACKET,
		RAW("0010450000000000"
		    "0801" DATA SNAP),
		TO(5247), 17);
	OUT_AS(PACKET,
		RAW("0010430000000000"
		    "0841" DATA SNAP),
		TO(5247), 17);
	OUT_AS(PACKET,
		RAW("0010430000000000"
		    "4801" DATA SNAP),
		TO(5247), 17);
	OUT_AS(PACKET,
		RAW("0010430000000000"
		    "8000" DATA SNAP),
		TO(5247), 17);
	OUT_AS(PACKET,
		RAW("0200001201"
		    "0801" DATA SNAP),
		TO(37008), 17);
	OUT_AS(FRAME, RAW("0100007701"), TO(37008), 17);
}

/* Of a fragment, the inside is left alone; and what a port alone names has to fit. */
static void
look_alikes(void **state)
{
	struct frame f;

	(void)state;
	OUT_AS(FRAME, RAW("3000"), (ipv4_options(&f, 97, 0, 0x2000), E(0x0800)), 97);
	OUT_AS(PACKET, label(&f, 5, true),
		(udp(&f, 1, 6635), ipv4_options(&f, 17, 0, 0x2000), E(0x0800)), 17);
	OUT_AS((PACKET, put16(frame_bytes(&f) + 2, 200)), label(&f, 5, true), TO(6635), 17);
	OUT_AS((PACKET, put16(frame_bytes(&f) + 2, 200)), RAW("00000800"), TO(4754), 17);
	OUT_AS((PACKET, put16(frame_bytes(&f) + 2, 200)), RAW("00020007000921"), TO(1701), 17);
	OUT_AS(payload(&f, 60), RAW("0800000000004d00"), TO(8472), 17);
	/* The other way round a port is anybody's. */
	OUT_AS(FRAME, RAW("0800000000004d00"), FROM(8472), 17);
	OUT_AS(PACKET, label(&f, 5, true), FROM(6635), 17);
	OUT_AS(FRAME, RAW("0100000101"), FROM(37008), 17);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gre_kinds),
		cmocka_unit_test(by_protocol),
		cmocka_unit_test(by_port),
		cmocka_unit_test(l2tp),
		cmocka_unit_test(teredo),
		cmocka_unit_test(ayiya),
		cmocka_unit_test(wlan),
		cmocka_unit_test(wlan_whole),
		cmocka_unit_test(wlan_unread),
		cmocka_unit_test(look_alikes),
	};

	return cmocka_run_group_tests_name("parse kinds in IP", tests, NULL, NULL);
}
