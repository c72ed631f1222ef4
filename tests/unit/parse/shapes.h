/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The headers that may stand around a packet, as bytes: for who puts frames together at random. A row
 * is what follows its carrier: an ethertype, or an IP header with a protocol, or UDP with a port.
 */
#ifndef WEIR_PARSE_SHAPES_H
#define WEIR_PARSE_SHAPES_H

#include <stdint.h>

enum shape_carrier {
	CARRIER_TYPE,
	CARRIER_PROTO,
	CARRIER_PORT,
};

/* How a header says what follows it. */
enum shape_next {
	NEXT_TYPE,   /* an ethertype */
	NEXT_PPP,    /* PPP's number in two octets */
	NEXT_PPP_8,  /* or in one */
	NEXT_PROTO,  /* an IP protocol */
	NEXT_NSH,    /* NSH's number, which GPE has too */
	NEXT_IP,     /* the carrying IP header's protocol */
	NEXT_NIBBLE, /* not at all */
};

struct shape {
	enum shape_carrier carrier;
	uint16_t number;
	const char *bytes;
	uint8_t len;
	enum shape_next next;
	uint8_t next_at;
	uint8_t match_at; /* bytes that tell it from others with the same carrier */
	uint8_t match_len;
	uint8_t length_at; /* 16 bits: bytes from `length_from` to the end; 0: it has none */
	uint8_t length_from;
};

#define INSIDE "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00"
#define SHAPE(carrier_, number_, next_, next_at_, bytes_, ...) \
	{ \
		.carrier = CARRIER_##carrier_, .number = (number_), .next = NEXT_##next_, \
		.next_at = (uint8_t)(next_at_), .bytes = (bytes_), .len = sizeof(bytes_) - 1, \
		__VA_ARGS__ \
	}
/* With the ethertype of what follows, or a whole Ethernet header, at its end. */
#define TYPED(carrier, number, bytes, ...) \
	SHAPE(carrier, number, TYPE, sizeof(bytes) - 1, bytes "\x08\x00", __VA_ARGS__)
#define FRAMED(carrier, number, bytes, ...) \
	SHAPE(carrier, number, TYPE, sizeof(bytes) + 11, bytes INSIDE, __VA_ARGS__)
#define MATCH(at, n) .match_at = (at), .match_len = (n)
#define LENGTH(at, from) .length_at = (at), .length_from = (from)

/* clang-format off */
static const struct shape shapes[] = {
	TYPED(TYPE, 0x8100, "\x20\x05"),
	TYPED(TYPE, 0x88a8, "\x00\x64"),
	TYPED(TYPE, 0x9100, "\x00\x07"),
	TYPED(TYPE, 0x9200, "\x00\x08"),
	TYPED(TYPE, 0x9300, "\x00\x09"),
	TYPED(TYPE, 0x8926, "\x40\x05\x00\x06"),                 /* VN-Tag */
	TYPED(TYPE, 0x893f, "\x20\x01\x30\x02\x00\x00"),         /* E-Tag */
	FRAMED(TYPE, 0x88e7, "\x00\x00\x27\x0f"),                /* 802.1ah */
	TYPED(TYPE, 0x8909, "\x01\x01\x00\x01\x00\x64"),         /* Cisco's metadata */
	TYPED(TYPE, 0x892f, "\x00\x40\x00\x07"),                 /* HSR */
	SHAPE(TYPE, 0x894f, NSH, 3, "\x00\xc6\x01\x01\x00\x12\x34\xfe" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", MATCH(1, 2)),
	SHAPE(TYPE, 0x894f, NSH, 3, "\x00\xc2\x02\x01\x00\x12\x34\xfe", MATCH(1, 2)),
	FRAMED(TYPE, 0x22f3, "\x00\x0a\x00\x11\x00\x22"),        /* TRILL */
	TYPED(TYPE, 0x88e5, "\x00\x00\x00\x00\x00\x09", MATCH(0, 1)), /* MACsec */
	TYPED(TYPE, 0x88e5, "\x20\x00\x00\x00\x00\x09\x02\0\0\0\0\1\0\1", MATCH(0, 1)),
	FRAMED(TYPE, 0x8903, "\x04\x60"),                        /* FabricPath */
	TYPED(TYPE, 0xd28b, "\x00\x01\x00\x10\0\0\0\1\0\0\0\2", MATCH(3, 1)), /* Arista */
	TYPED(TYPE, 0xd28b, "\x00\x01\x01\x20\0\0\0\1\0\2", MATCH(3, 1)),
	TYPED(TYPE, 0x8874, "\x60\x00\x00\x03"),                 /* Broadcom */
	SHAPE(TYPE, 0x8864, PPP, 12, "\x11\x00\x01\x01\x00\x00\x00\x3d\xc0\0\0\1\x00\x21", MATCH(6, 4), LENGTH(4, 6)),
	SHAPE(TYPE, 0x8864, PPP, 10, "\x11\x00\x01\x01\x00\x00\x00\x3d\xc0\1\x00\x21", MATCH(6, 4), LENGTH(4, 6)),
	SHAPE(TYPE, 0x8864, PPP, 6, "\x11\x00\x01\x01\x00\x00\x00\x21", MATCH(6, 1), LENGTH(4, 6)),
	SHAPE(TYPE, 0x8864, PPP_8, 6, "\x11\x00\x01\x01\x00\x00\x21", LENGTH(4, 6)),
	SHAPE(TYPE, 0x8847, NIBBLE, 0, "\x00\x06\x41\x40", MATCH(2, 1)),
	SHAPE(TYPE, 0x8847, NIBBLE, 0, "\x00\x01\x00\x40\x00\x00\x70\x40\x00\x06\x41\x00", MATCH(4, 3)),
	FRAMED(TYPE, 0x8847, "\x00\x06\x41\x40\x00\x00\x00\x09", MATCH(4, 2)),
	SHAPE(TYPE, 0x8848, NIBBLE, 0, "\x00\x06\x40\x40\x00\x06\x41\x40"),
	SHAPE(PROTO, 4, IP, 0, ""),
	SHAPE(PROTO, 41, IP, 0, ""),
	TYPED(PROTO, 47, "\x00\x00\x82\x10\x08\x01\0\0\2\0\0\0\0\2\2\0\0\0\0\1\2\0\0\0\0\3\0\x10"
		"\xaa\xaa\3\0\0\0", MATCH(0, 4)),                /* Aruba's 802.11 */
	TYPED(PROTO, 47, "\x00\x00", MATCH(0, 2)),
	TYPED(PROTO, 97, "\x30\x00" "\2\0\0\0\0\2\2\0\0\0\0\1"),    /* EtherIP */
	SHAPE(PROTO, 47, TYPE, 2, "\x20\x00\x08\x00\x01\x02\x03\x04", MATCH(0, 2)),
	SHAPE(PROTO, 47, TYPE, 2, "\xb0\x00\x08\x00\0\0\0\0\x01\x02\x03\x04\0\0\0\1", MATCH(0, 2)),
	FRAMED(PROTO, 47, "\x00\x00\x65\x58", MATCH(2, 2)),
	SHAPE(PROTO, 47, NIBBLE, 0, "\x00\x00\x88\x3e\x00\x01\x02\x03", MATCH(2, 2)), /* WCCP */
	SHAPE(PROTO, 47, PPP, 12, "\x30\x01\x88\x0b\x00\x00\x17\x80\0\0\0\5\x00\x21", MATCH(0, 4), LENGTH(4, 12)),
	SHAPE(PROTO, 47, PPP, 14, "\x30\x01\x88\x0b\x00\x00\x17\x80\0\0\0\5\xff\x03\x00\x21", MATCH(12, 2), LENGTH(4, 12)),
	FRAMED(PROTO, 47, "\x00\x00\x88\xbe", MATCH(0, 4)),       /* ERSPAN */
	FRAMED(PROTO, 47, "\x10\x00\x88\xbe\0\0\0\1\x10\x64\x00\x07\0\0\0\5", MATCH(0, 4)),
	FRAMED(PROTO, 47, "\x10\x00\x22\xeb\0\0\0\1\x20\x64\x00\x07\0\0\0\x09\0\0\0\0", MATCH(0, 4)),
	FRAMED(PROTO, 47, "\x10\x00\x22\xeb\0\0\0\1\x20\x64\x00\x07\0\0\0\x09\0\0\0\1\0\0\0\0\0\0\0\0", MATCH(19, 1)),
	SHAPE(PROTO, 137, NIBBLE, 0, "\x00\x06\x41\x40"),
	FRAMED(PROTO, 115, "\x00\x00\x30\x39"),                   /* L2TPv3 */
	FRAMED(PROTO, 143, ""),
	FRAMED(PROTO, 43, "\x8f\x02\x04\x00\x00\0\0\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", MATCH(0, 3)),
	SHAPE(PROTO, 43, PROTO, 0, "\x29\x02\x04\x00\x00\0\0\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", MATCH(2, 1)),
	SHAPE(PROTO, 103, NIBBLE, 0, "\x21\0\0\0\0\0\0\0"),       /* PIM register */
	TYPED(PORT, 4754, "\x00\x00"),
	SHAPE(PORT, 6635, NIBBLE, 0, "\x00\x06\x41\x40"),
	FRAMED(PORT, 4789, "\x08\0\0\0\x00\x13\x89\0"),
	FRAMED(PORT, 8472, "\x08\0\0\0\x00\x13\x89\0"),
	SHAPE(PORT, 4790, NSH, 3, "\x0c\0\0\1\x00\x13\x89\0"),
	FRAMED(PORT, 6081, "\x00\0\x65\x58\x00\0\x4d\0", MATCH(0, 3)),
	SHAPE(PORT, 6081, TYPE, 2, "\x00\0\x08\0\x00\0\x4d\0", MATCH(0, 1)),
	SHAPE(PORT, 6081, TYPE, 2, "\x03\0\x08\0\x00\0\x4d\0\x01\x02\x80\x02\0\0\0\0\0\0\0\0", MATCH(0, 1)),
	SHAPE(PORT, 3544, NIBBLE, 0, "\x00\x00\x12\x34\x01\x02\x03\x04", MATCH(0, 2)),
	SHAPE(PORT, 3544, NIBBLE, 0, "\x00\x01\x00\x00\0\0\0\0\0\0\0\0\0", MATCH(0, 2)),
	SHAPE(PORT, 1701, PPP, 8, "\x40\x02\x00\x00\x00\x07\x00\x08\x00\x21", MATCH(0, 2), LENGTH(2, 0)),
	SHAPE(PORT, 1701, PPP, 8, "\x00\x02\x00\x07\x00\x08\xff\x03\x00\x21", MATCH(0, 2)),
	FRAMED(PORT, 1701, "\x00\x03\x00\x00\x00\x00\x30\x39", MATCH(0, 2)),
	SHAPE(PORT, 5072, PROTO, 3, "\x41\x52\x11\x29\x5f\x5e\x10\x00" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),        /* AYIYA */
	FRAMED(PORT, 5247, "\x00\x10\x42\x00\0\0\0\0", MATCH(2, 2)), /* CAPWAP */
	FRAMED(PORT, 5247, "\x00\x10\x42\xc0\0\7\0\0", MATCH(2, 2)),
	TYPED(PORT, 5247, "\x00\x10\x43\x00\0\0\0\0\x08\x01\0\0\2\0\0\0\0\2\2\0\0\0\0\1\2\0\0\0\0\3\0\x10"
		"\xaa\xaa\3\0\0\0", MATCH(2, 2)),
	FRAMED(PORT, 37008, "\x01\x00\x00\x01\x01", MATCH(4, 1)), /* TZSP */
	FRAMED(PORT, 37008, "\x01\x00\x00\x01\x0a\x01\xd0\x01", MATCH(4, 1)),
	SHAPE(PORT, 2152, NIBBLE, 0, "\x30\xff\0\0\0\0\0\7", MATCH(0, 1), LENGTH(2, 8)),
	SHAPE(PORT, 2152, NIBBLE, 0, "\x34\xff\0\0\0\0\0\7\0\0\0\x85\1\0\x09\0", MATCH(0, 1), LENGTH(2, 8)),
};

/* What is in the innermost packet: behind IP of a version, or of either where that is 0. */
static const struct {
	uint8_t proto;
	uint8_t version;
	const char *bytes;
	uint8_t len;
} leaves[] = {
#define LEAF(proto, version, bytes) { proto, version, bytes, sizeof(bytes) - 1 }
#define LEAF_TCP "\xc0\1\1\xbb\0\0\0\1\0\0\0\1\x50\x18\4\0\0\0\0\0xxxx"
#define LEAF_UDP "\xc0\1\0\x35\0\x0c\0\0xxxx"
	LEAF(6, 0, LEAF_TCP),
	LEAF(6, 0, "\xc0\1\1\xbb\0\0\0\1\0\0\0\1\x80\x12\4\0\0\0\0\0\1\1\x08\x0a\0\0\0\1\0\0\0\2"),
	LEAF(17, 0, LEAF_UDP),
	LEAF(17, 0, "\xc0\1\0\x35\0\0\0\0xxxx"),
	LEAF(132, 0, "\xc0\1\x0f\x1c\0\0\0\1\0\0\0\0"),
	LEAF(1, 4, "\x08\0\0\0\0\7\0\1"),
	LEAF(1, 4, "\x03\3\0\0\0\0\0\0\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\1\1\1\x0a\1\1\2\0\1\0\2\0\x08\0\0"),
	LEAF(58, 6, "\x80\0\0\0\0\7\0\1"),
	LEAF(50, 0, "\0\0\1\0\0\0\0\1"),
	LEAF(51, 0, "\x06\4\0\0\0\0\1\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0" LEAF_TCP),
	LEAF(0, 6, "\x3c\0\1\4\0\0\0\0\x06\1\1\x0c\0\0\0\0\0\0\0\0\0\0\0\0" LEAF_TCP),
	LEAF(0, 6, "\x06\0\xc2\4\0\1\x11\x70" LEAF_TCP),
	LEAF(44, 6, "\x11\0\0\1\0\0\x12\x34" LEAF_UDP),
	LEAF(44, 6, "\x11\0\3\x21\0\0\x12\x34xxxxxxxx"),
	LEAF(135, 6, "\x3b\1\5\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	LEAF(139, 6, "\x3b\4\1\x11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	LEAF(140, 6, "\x3b\0\1\0\0\0\0\0"),
	LEAF(59, 6, ""),
	LEAF(108, 0, "\x06\0\0\2xxxx"),
	LEAF(47, 0, "\0\0\x20\x01xxxx"),
	LEAF(2, 4, "\x16\0\0\0\0\0\0\0"),
};
/* clang-format on */

#endif /* WEIR_PARSE_SHAPES_H */
