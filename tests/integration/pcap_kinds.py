# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Captures of every kind, by what a file says: for test_pcap.py."""
import struct

import pcap

FRAME = pcap.udp(sport=7)
INNER = FRAME[14:]
S6 = b"\x60" + bytes(3) + struct.pack("!HBB", 28, 17, 64) + bytes(15) + b"\x01" + bytes(15) + \
    b"\x02" + INNER[20:]
T = 1600000000
SECTION, LAN = pcap.section(), pcap.interface()
MICRO = T * 1000000
# What begins otherwise than Ethernet: the packet around INNER or S6, by link type.
SLL = struct.pack("!HHH8sH", 0, 1, 6, bytes(8), 0x0800)
SLL2 = struct.pack("!HHIHBB8s", 0x0800, 0, 3, 1, 0, 6, bytes(8))
LINKS = [
    ("raw", 101, INNER), ("raw 6", 101, S6), ("raw, as BSD has it", 12, INNER),
    ("raw, as OpenBSD has it", 14, INNER), ("ipv4", 228, INNER), ("ipv6", 229, S6),
    ("null", 0, struct.pack("<I", 2) + INNER), ("null, swapped", 0, struct.pack(">I", 2) + INNER),
    ("null, Linux 6", 0, struct.pack("<I", 10) + S6),
    ("null, FreeBSD 6", 0, struct.pack("<I", 28) + S6),
    ("null, Darwin 6", 0, struct.pack("<I", 30) + S6), ("loop", 108, struct.pack(">I", 24) + S6),
    ("sll", 113, SLL + INNER), ("sll 6", 113, SLL[:-2] + b"\x86\xdd" + S6),
    ("sll, vlan", 113, SLL[:-2] + b"\x81\x00\x00\x05\x08\x00" + INNER),
    ("sll, llc", 113, SLL[:-2] + b"\x00\x04\xaa\xaa\x03\x00\x00\x00\x08\x00" + INNER),
    ("sll2", 276, SLL2 + INNER), ("ppp", 9, b"\x00\x21" + INNER), ("ppp 6", 9, b"\x00\x57" + S6),
    ("ppp, hdlc", 9, b"\xff\x03\x00\x21" + INNER), ("ppp, short", 9, b"\x21" + INNER),
    ("ppp, hdlc, short", 50, b"\xff\x03\x57" + S6),
    ("pppoe", 51, struct.pack(">BBHHH", 0x11, 0, 1, 2 + len(INNER), 0x21) + INNER),
    ("pppoe 6", 51, struct.pack(">BBHHH", 0x11, 0, 1, 2 + len(S6), 0x57) + S6),
]
# What is wrong, at which byte, and how many packets were good before.
CUT, GOOD = pcap.pcap([FRAME] * 3), len(pcap.pcap([FRAME] * 2))
NG = SECTION + LAN + pcap.enhanced(FRAME, MICRO)
WRONG = [
    ("no bytes", b"", 0, "empty", 0),
    ("three bytes", CUT[:3], 0, "cut", 0),
    ("cut in the file's header", CUT[:20], 0, "cut", 0),
    ("cut in a header", CUT[:GOOD + 10], GOOD, "cut", 2),
    ("cut in a packet", CUT[:-1], GOOD, "cut", 2),
    ("length", pcap.pcap([FRAME]) + pcap.record(FRAME, T, 1, length=1 << 31),
     len(pcap.pcap([FRAME])), "2147483648 bytes", 1),
    ("text", b"hello, this is no capture at all", 0, "68 65 6c 6c", 0),
    ("gzip", b"\x1f\x8b\x08\x00" + bytes(20), 0, "gzip", 0),
    ("version", pcap.header(version=(3, 0)), 0, "version 3.0", 0),
    ("pcapng, cut", NG[:-3], len(SECTION + LAN), "cut", 0),
    ("pcapng, cut in a header", NG + NG[:7], len(NG), "cut", 1),
    ("pcapng, version", pcap.section(version=(2, 0)), 0, "version 2.0", 0),
    ("pcapng, byte order", b"\x0a\x0d\x0d\x0a" + struct.pack("<I", 28) + bytes(20), 0, "magic", 0),
    ("pcapng, lengths differ", NG + pcap.block(6, bytes(20), again=28), len(NG), "ends as", 1),
    ("pcapng, odd length", NG + struct.pack("<III", 6, 13, 0), len(NG), "multiple of 4", 1),
    ("pcapng, no interface", NG + pcap.enhanced(FRAME, 0, number=1), len(NG), "interface 1", 1),
    ("pcapng, no interface at all", SECTION + pcap.simple(FRAME), len(SECTION), "interface 0", 0),
    ("pcapng, an interface of the section before", NG + SECTION + pcap.enhanced(FRAME, 0),
     len(NG + SECTION), "interface 0", 1),
    ("pcapng, packet beyond its block", NG + pcap.enhanced(FRAME, 0, length=1000), len(NG),
     "1000 bytes", 1),
    ("pcapng, clock", SECTION + pcap.interface(options=pcap.option(9, b"\x20")), len(SECTION),
     "10^-32", 0),
    ("pcapng, option beyond its block", SECTION + pcap.block(1, struct.pack("<HHIHH", 1, 0, 0, 9, 99)),
     len(SECTION), "option 9", 0),
    ("pcapng, too many interfaces", SECTION + LAN * 65537, len(SECTION + LAN * 65536),
     "more than 65536", 0),
    ("pcapng, link type later", NG + pcap.interface(link=189) + pcap.enhanced(FRAME, 0, number=1),
     len(NG + pcap.interface()), "USB_LINUX", 1),
]


def ng(order="<", options=b"", ticks=MICRO):
    """A file of pcapng with one packet of FRAME."""
    return pcap.section(order) + pcap.interface(order=order, options=options) + \
        pcap.enhanced(FRAME, ticks, order=order)


def clock(tsresol, offset=None, order="<"):
    options = pcap.option(9, bytes([tsresol]), order)
    if offset is not None:
        options += pcap.option(14, struct.pack(order + "q", offset), order)
    return options + pcap.option(0, b"", order)


# What a file says, as the times of its packets; None: it has none.
STAMP = "2020-09-13T12:26:40."
KINDS = [
    ("none", pcap.header(), []),
    ("micro", pcap.pcap([FRAME] * 2), [STAMP + "000000", STAMP + "000001"]),
    ("nano", pcap.pcap([FRAME] * 2, magic=0xa1b23c4d), [STAMP + "000000", STAMP + "000000001"]),
    ("big-endian", pcap.pcap([FRAME] * 2, order=">"), [STAMP + "000000", STAMP + "000001"]),
    ("big-endian nano", pcap.pcap([FRAME] * 2, 0xa1b23c4d, ">"),
     [STAMP + "000000", STAMP + "000000001"]),
    ("Kuznetzov's", pcap.header(0xa1b2cd34) +
     2 * pcap.record(bytes(8) + FRAME, T, 5, length=len(FRAME), wire=len(FRAME)), [STAMP + "000005"] * 2),
    ("time 0", pcap.pcap([FRAME], at=0), ["1970-01-01T00:00:00.000000"]),
    ("time 2^31", pcap.pcap([FRAME], at=1 << 31), ["2038-01-19T03:14:08.000000"]),
    ("time 2^32 - 1", pcap.pcap([FRAME], at=(1 << 32) - 1), ["2106-02-07T06:28:15.000000"]),
    ("a fraction of more than a second", pcap.header() + pcap.record(FRAME, 5, 999999) +
     pcap.record(FRAME, 5, 1000000), ["1970-01-01T00:00:05.999999", None]),
    ("an FCS of four bytes", pcap.pcap([FRAME + bytes(4)], link=0x24000001), [STAMP + "000000"]),
    ("pcapng", ng(), [STAMP + "000000"]),
    ("pcapng, big-endian", ng(">"), [STAMP + "000000"]),
    ("pcapng, no packets", SECTION, []),
    ("pcapng, nano", ng(options=clock(9), ticks=T * 10**9 + 1), [STAMP + "000000001"]),
    ("pcapng, pico", ng(options=clock(12), ticks=1000 * 10**12 + 1999), ["1970-01-01T00:16:40.000000001"]),
    ("pcapng, seconds", ng(options=clock(0), ticks=T), [STAMP + "000000"]),
    ("pcapng, binary", ng(options=clock(0x80 | 10), ticks=(T << 10) + 512), [STAMP + "500000"]),
    ("pcapng, finest binary", ng(options=clock(0xff), ticks=5), ["1970-01-01T00:00:00.000000"]),
    ("pcapng, offset", ng(options=clock(6, T), ticks=1), [STAMP + "000001"]),
    ("pcapng, offset back", ng(">", clock(6, -1, ">"), MICRO + 1000000), [STAMP + "000000"]),
    ("pcapng, time 0", ng(ticks=0), ["1970-01-01T00:00:00.000000"]),
    ("pcapng, before 1970", ng(options=clock(6, -1), ticks=0), [None]),
    ("pcapng, simple", SECTION + LAN + pcap.simple(FRAME), [None]),
    ("pcapng, obsolete", SECTION + LAN + pcap.old_packet(FRAME, MICRO), [STAMP + "000000"]),
    ("pcapng, others between", SECTION + pcap.block(0x0bad, bytes(700000)) + LAN +
     pcap.block(5, bytes(8)) + pcap.enhanced(FRAME, MICRO) + pcap.block(4, bytes(4)),
     [STAMP + "000000"]),
    ("pcapng, interfaces with clocks of their own", SECTION + LAN +
     pcap.interface(options=clock(9)) + pcap.enhanced(FRAME, MICRO * 1000 + 1, number=1) +
     pcap.enhanced(FRAME, MICRO + 1), [STAMP + "000000001", STAMP + "000001"]),
    ("pcapng, sections of either order", NG + ng(">", clock(9, order=">"), MICRO * 1000 + 5) +
     ng(ticks=MICRO + 6), [STAMP + "000000", STAMP + "000000005", STAMP + "000006"]),
]
