/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Headers between two others that are followed: each by a frame of its own around the same packet, at
 * every length that it may be cut to, at both depths; and what looks like one of them.
 */
#include "testing.h"

#include "frames.h"
#include "packet.h"

/* Bytes in front, as hexadecimal digits. */
static void
raw(struct frame *f, const char *digits)
{
	size_t n = strlen(digits) / 2, i;
	uint8_t *at = push(f, n);

	assert_int_equal(strlen(digits) % 2, 0);
	for (i = 0; i < n; i++) {
		char byte[3] = { digits[i * 2], digits[i * 2 + 1], 0 };

		at[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

static struct weir_event
event_of(const uint8_t *bytes, uint32_t len, uint32_t cut, uint8_t tunnel, uint8_t depth)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .tunnel = tunnel, .depth = depth };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, bytes, len, RTE_MIN(cut, len), len);
	struct weir_event event;
	const char *wrong;

	weir_parse(&mbuf, 1, &burst);
	wrong = depth == WEIR_PARSE_FULL ? packet_wrong(mbuf) : NULL;
	event = *weir_mbuf_event(mbuf);
	packet_free(&p);
	if (wrong != NULL)
		fail_msg("%u bytes: %s", len, wrong);
	event.flags &= ~WEIR_EVENT_PRISTINE;
	return event;
}

/* What holds of a frame that ends anywhere. */
static void
check_cut(const char *name, const uint8_t *bytes, uint32_t len, uint8_t tunnel)
{
	struct weir_event full = event_of(bytes, len, 0, tunnel, WEIR_PARSE_FULL);
	struct weir_event key_only = event_of(bytes, len, 0, tunnel, WEIR_PARSE_KEY_ONLY);
	const char *wrong = packet_wrong_key_only(&full, &key_only);

	if (wrong != NULL)
		fail_msg("%s at %u bytes: %s", name, len, wrong);
	for (uint32_t cut = 1; cut < len; cut += 1 + len / 16) {
		struct weir_event pieces = event_of(bytes, len, cut, tunnel, WEIR_PARSE_FULL);

		if (memcmp(&full, &pieces, sizeof(full)) != 0)
			fail_msg("%s at %u bytes, in pieces from %u, differs", name, len, cut);
	}
}

static void
check_cuts(const char *name, struct frame *f)
{
	for (uint32_t len = 0; len <= frame_len(f); len++) {
		check_cut(name, frame_bytes(f), len, WEIR_PARSE_INNER);
		check_cut(name, frame_bytes(f), len, WEIR_PARSE_OUTER);
	}
}

/* The frame, cut anywhere too, is TCP 1234 > 443 in this tunnel. */
static void
check_in(unsigned int line, const char *name, struct frame *f, uint8_t tunnel, uint32_t id)
{
	struct weir_event e =
		event_of(frame_bytes(f), frame_len(f), 0, WEIR_PARSE_INNER, WEIR_PARSE_FULL);

	if (e.verdict != WEIR_VERDICT_OK || !(e.flags & WEIR_EVENT_KEYED) || e.proto != 6 ||
		e.key.sport != RTE_BE16(1234) || e.key.dport != RTE_BE16(443) ||
		e.payload_len != 10)
		fail_msg("line %u: %s: verdict %s, protocol %u, stopped %#x", line, name,
			weir_verdict_name(e.verdict), e.proto, e.stopped);
	if (e.tunnel != tunnel || e.tunnel_id != id)
		fail_msg("line %u: %s: tunnel %s, id %u", line, name, weir_tunnel_name(e.tunnel),
			e.tunnel_id);
	check_cuts(name, f);
}

/* The frame is not looked into: it stops at what is around. */
static void
check_out(unsigned int line, const char *name, struct frame *f, uint16_t stopped)
{
	struct weir_event e =
		event_of(frame_bytes(f), frame_len(f), 0, WEIR_PARSE_INNER, WEIR_PARSE_FULL);

	if (e.verdict != WEIR_VERDICT_OK || e.tunnel != WEIR_TUNNEL_NONE || e.stopped != stopped)
		fail_msg("line %u: %s: verdict %s, tunnel %s, stopped %#x", line, name,
			weir_verdict_name(e.verdict), weir_tunnel_name(e.tunnel), e.stopped);
	check_cuts(name, f);
}

/* What is between a packet, or a frame, and what is around it. */
#define IN_AS(inside, between, around, tunnel, id) \
	do { \
		inside; \
		between; \
		around; \
		check_in(__LINE__, #between, &f, WEIR_TUNNEL_##tunnel, id); \
	} while (0)
#define PACKET tcp4(&f)
#define FRAME (tcp4(&f), ether(&f, 0x0800))
#define RAW(digits) raw(&f, digits)
#define E(type) ether(&f, type)
#define IN(inside, between, type) IN_AS(inside, between, E(type), NONE, 0)
#define OUT_AS(inside, between, around, stopped) \
	do { \
		inside; \
		between; \
		around; \
		check_out(__LINE__, #between, &f, stopped); \
	} while (0)
#define OUT(inside, between, type) OUT_AS(inside, between, E(type), type)

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

#define IP4(proto) (ipv4(&f, proto), ether(&f, 0x0800))
#define IP6(proto) (ipv6(&f, proto), ether(&f, 0x86dd))

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
		cmocka_unit_test(tags),
		cmocka_unit_test(frames_in_frames),
		cmocka_unit_test(frames_of_others),
		cmocka_unit_test(llc),
		cmocka_unit_test(ppp),
		cmocka_unit_test(mpls),
		cmocka_unit_test(gre_kinds),
		cmocka_unit_test(by_protocol),
		cmocka_unit_test(by_port),
		cmocka_unit_test(l2tp),
		cmocka_unit_test(teredo),
		cmocka_unit_test(ayiya),
		cmocka_unit_test(wlan),
		cmocka_unit_test(wlan_unread),
		cmocka_unit_test(look_alikes),
	};

	return cmocka_run_group_tests_name("parse kinds", tests, NULL, NULL);
}
