#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""`checksum = verify` finds the checksums that are wrong: as they were made, and as tshark finds them.

WEIR_TEST_SEED=N chooses the frames; it is printed.
"""
import ipaddress
import itertools
import json
import os
import random

import pcap
import tshark
import weirlib
from layers import u8, u16, u32

SEED = int(os.environ.get("WEIR_TEST_SEED") or "0", 0) or random.SystemRandom().randrange(1 << 32)
LENGTHS = (0, 1, 2, 3, 32, 33, 1400, 1401)
LONG = (5000, 5001, 9000)  # in more mbufs than one
AHEAD = 64  # bytes of a frame that is cut

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
NAMES = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6"}
CHECK = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
STATUS = ["frame.protocols"] + [name + ".checksum.status" for name in ("ip", "tcp", "udp", "icmp", "icmpv6")]
WRONG = ("0", "4")  # bad; illegal, as 0 of UDP over IPv6 is


class Packet:
    """An IP packet of one layer; `l3` and `l4`: which of its checksums are wrong."""

    def __init__(self, chooser, version, proto, size, l3=False, l4=False):
        self.random, self.version, self.proto = chooser, version, proto
        self.l3, self.l4 = l3 and version == 4, l4
        self.data = bytes(chooser.randrange(256) for _ in range(size))
        self.options, self.fragment, self.extensions = b"", 0x4000, b""
        self.first = None      # protocol of the first extension header
        self.udp_sum = None    # instead of the right one
        self.udp_rest = 0      # bytes behind the datagram that UDP's length says
        self.length = None     # that IP says
        ends = ("192.0.2.%d", "198.51.100.%d") if version == 4 else ("2001:db8::%x", "2001:db8:1::%x")
        self.src, self.dst = (ipaddress.ip_address(text % chooser.randrange(1, 250)).packed for text in ends)

    def spoilt(self, number):
        """Another one, that is not the same sum either, nor UDP's 0."""
        other = 0
        while other == 0:
            other = (number + self.random.randrange(1, 0xfffe)) % 0xffff
        return other

    def segment(self):
        """L4's header and data, its checksum right or not."""
        ends = len(self.data) - self.udp_rest
        data, rest = self.data[:ends], self.data[ends:]
        if self.proto == TCP:
            head, at = u16(50000, 9) + u32(1, 1) + u8(0x50, 0x18) + u16(1024, 0, 0), 16
        elif self.proto == UDP:
            head, at = u16(50000, 9, 8 + len(data), 0), 6
        else:
            head, at = u8(8 if self.proto == ICMP else 128, 0) + u16(0, 7, 1), 2
        pseudo = self.src + self.dst + u32(len(head) + len(data), self.proto) if self.proto != ICMP else b""
        number = pcap.checksum(pseudo + head + data)
        if self.proto == UDP and number == 0:
            number = 0xffff
        if self.l4:
            number = self.spoilt(number)
        if self.udp_sum is not None:
            number = self.udp_sum
        return head[:at] + u16(number) + head[at + 2:] + data + rest

    def build(self):
        inside, proto = self.extensions + self.segment(), self.proto if self.first is None else self.first
        if self.version == 6:
            size = len(inside) if self.length is None else self.length
            return u32(0x60000000) + u16(size) + u8(proto, 64) + self.src + self.dst + inside
        size = 20 + len(self.options) + len(inside) if self.length is None else self.length
        head = u8(0x45 + len(self.options) // 4, 0) + u16(size, 7, self.fragment) + \
            u8(64, proto, 0, 0) + self.src + self.dst + self.options
        number = pcap.checksum(head)
        return head[:10] + u16(self.spoilt(number) if self.l3 else number) + head[12:] + inside


def said(l3, l4):
    """As EVE has it."""
    return " ".join(["l3"] * l3 + ["l4"] * l4)


class Frame:
    """What stands around a packet, and what is said of its checksums."""

    def __init__(self, name, packet, data=None, l3=None, l4=None, read=True):
        self.packet, self.name = packet, name
        self.data = pcap.ether(0x0800 if packet.version == 4 else 0x86dd, packet.build()) if data is None else data
        self.wire = len(self.data)
        self.l3 = packet.l3 if l3 is None else l3
        self.l4 = packet.l4 if l4 is None else l4
        self.read = read  # whether tshark finds the same

    def wanted(self):
        return said(self.l3, self.l4)


# ---- what a packet may be in; the outer headers are right or not, which is not looked at

def outer(chooser, proto, data):
    """Around data."""
    packet = Packet(chooser, chooser.choice((4, 6)), UDP, 0, l3=chooser.random() < 0.3)
    packet.first = proto
    packet.segment = lambda: data
    return pcap.ether(0x0800 if packet.version == 4 else 0x86dd, packet.build())


def in_udp(port):
    def build(chooser, ethertype, data):
        packet = Packet(chooser, chooser.choice((4, 6)), UDP, 0, l3=chooser.random() < 0.3)
        body = u8(8 if port == 4789 else 0, 0) + u16(0 if port == 4789 else 0x6558) + u32(77 << 8) + \
            pcap.ether(ethertype, data)
        head = u16(50000, port, 8 + len(body), 0)
        number = pcap.checksum(packet.src + packet.dst + u32(len(head) + len(body), UDP) + head + body) or 0xffff
        number = chooser.choice((number, packet.spoilt(number), 0))
        packet.segment = lambda: head[:6] + u16(number) + body
        return pcap.ether(0x0800 if packet.version == 4 else 0x86dd, packet.build())
    return build


AROUND = {
    "bare": lambda chooser, ethertype, data: pcap.ether(ethertype, data),
    "padded": lambda chooser, ethertype, data: pcap.ether(ethertype, data) + bytes(chooser.randrange(1, 9)),
    "vlan": lambda chooser, ethertype, data: pcap.ether(ethertype, data, vlan=5),
    "mpls": lambda chooser, ethertype, data: pcap.ether(0x8847, u32(100 << 12 | 0x100 | 64) + data),
    "ip": lambda chooser, ethertype, data: outer(chooser, 4 if ethertype == 0x0800 else 41, data),
    "gre": lambda chooser, ethertype, data: outer(chooser, 47, u16(0, ethertype) + data),
    "gre-ethernet": lambda chooser, ethertype, data:
        outer(chooser, 47, u16(0x2000, 0x6558) + u32(9) + pcap.ether(ethertype, data)),
    "vxlan": in_udp(4789),
    "geneve": in_udp(6081),
}


def around(chooser, name, packet):
    ethertype = 0x0800 if packet.version == 4 else 0x86dd
    return Frame("%s/%d/%s" % (name, packet.version, NAMES[packet.proto]), packet,
                 AROUND[name](chooser, ethertype, packet.build()))


def usual(chooser):
    """Each protocol over each version in everything, of all lengths, right and wrong."""
    frames = []
    for name, (version, proto), l3, l4 in itertools.product(
            AROUND, ((4, TCP), (4, UDP), (4, ICMP), (6, TCP), (6, UDP), (6, ICMPV6)), (False, True), (False, True)):
        for size in LENGTHS + (chooser.choice(LONG),):
            frames.append(around(chooser, name, Packet(chooser, version, proto, size, l3, l4)))
    return frames


def changed(name, packet, l3=None, l4=None, read=True, **other):
    """A packet of which something is other than usual."""
    for key, value in other.items():
        setattr(packet, key, value)
    return Frame(name, packet, l3=l3, l4=l4, read=read)


def udp_sums(chooser):
    """UDP's 0 is no checksum, over IPv6 a wrong one; and one that adds up to 0 is sent as 0xffff."""
    frames = []
    for version in (4, 6):
        frames.append(changed("udp 0", Packet(chooser, version, UDP, 33), udp_sum=0, l4=version == 6))
        packet = Packet(chooser, version, UDP, 34)
        packet.data = packet.data[:-2] + bytes(2)
        number = int.from_bytes(packet.segment()[6:8], "big")
        packet.data = packet.data[:-2] + u16(number)
        frames.append(changed("udp ffff", packet))
        frames.append(changed("udp short", Packet(chooser, version, UDP, 40), udp_rest=7))
        frames.append(changed("udp short", Packet(chooser, version, UDP, 40, l4=True), udp_rest=7))
    return frames


def options(chooser):
    """Options count in IPv4's; a source route has another destination in it than L4's."""
    frames = []
    for l3, l4 in itertools.product((False, True), repeat=2):
        plain = {"record": u8(7, 11, 4) + bytes(8) + u8(0), "nop": u8(1, 1, 1, 0), "alert": u8(148, 4, 0, 0)}
        for name, text in plain.items():
            frames.append(changed(name, Packet(chooser, 4, TCP, 20, l3, l4), options=text))
        for kind in (131, 137):
            route = u8(1, kind, 7, 4, 203, 0, 113, 9)
            frames.append(changed("route", Packet(chooser, 4, TCP, 20, l3, l4), options=route, l4=False, read=False))
    return frames


def extensions(chooser):
    """Headers between IPv6 and L4, and AH."""
    frames = []
    for l4, (version, proto) in itertools.product((False, True), ((6, TCP), (6, UDP), (6, ICMPV6))):
        hop = u8(proto, 0, 1, 4, 0, 0, 0, 0)
        frames.append(changed("hop-by-hop", Packet(chooser, version, proto, 21, l4=l4), first=0, extensions=hop))
        for kind, left in itertools.product((2, 4), (0, 1)):
            route = u8(proto, 2, kind, left, 0, 0, 0, 0) + ipaddress.ip_address("2001:db8:9::9").packed
            frames.append(changed("routing %d" % left, Packet(chooser, version, proto, 21, l4=l4), first=43,
                                  extensions=route, l4=l4 and left == 0, read=left == 0))
    for l4, version in itertools.product((False, True), (4, 6)):
        header = u8(TCP, 4, 0, 0) + u32(0x100, 1) + bytes(12)
        frames.append(changed("ah", Packet(chooser, version, TCP, 21, l4=l4), first=51, extensions=header))
    return frames


def left_alone(chooser):
    """Of what is not whole L4 says nothing; nor does anything of what says no length."""
    frames = []
    for l3, proto, fragment in itertools.product((False, True), (TCP, UDP), (0x2000, 0x2005, 0x0005)):
        frames.append(changed("fragment", Packet(chooser, 4, proto, 32, l3, True), fragment=fragment, l4=False))
    for proto, offset in itertools.product((TCP, UDP), (1, 40 << 3 | 1)):
        header = u8(proto, 0) + u16(offset) + u32(0x1234)
        frames.append(changed("fragment", Packet(chooser, 6, proto, 32, l4=True), first=44, extensions=header,
                              l4=False))
    for version, proto in itertools.product((4, 6), (TCP, UDP)):
        frames.append(changed("no length", Packet(chooser, version, proto, 32, True, True), length=0, l3=False,
                              l4=False, read=False))
        packet = Packet(chooser, version, proto, 200, True, True)
        cut = Frame("cut", packet, l4=False)
        cut.data = cut.data[:AHEAD + AHEAD // 2]
        frames.append(cut)
        frames.append(changed("truncated", Packet(chooser, version, proto, 32, True, True),
                              length=150, l4=False, read=False))
    return frames


def quoting(chooser):
    """What an ICMP error quotes is data: its checksums are not looked at."""
    frames = []
    for l4 in (False, True):
        quoted = Packet(chooser, 4, TCP, 0, True, True).build()
        packet = Packet(chooser, 4, ICMP, 0, l4=l4)
        head = u8(3, 1, 0, 0) + u32(0) + quoted
        number = pcap.checksum(head)
        body = head[:2] + u16(packet.spoilt(number) if l4 else number) + head[4:]
        packet.segment = lambda body=body: body
        frames.append(Frame("quoting", packet))
    return frames


def found_by_tshark(row):
    """Which of the keyed packet's checksums tshark calls wrong."""
    values = dict(zip(("ip", "tcp", "udp", "icmp", "icmpv6"), [text.split(",") if text else [] for text in row[1:]]))
    seen = dict.fromkeys(values, 0)
    l3 = l4 = None
    for protocol in row[0].split(":"):
        if protocol in ("ip", "ipv6"):
            l3 = l4 = None
        if protocol not in values:
            continue
        status = values[protocol][seen[protocol]] if seen[protocol] < len(values[protocol]) else None
        seen[protocol] += 1
        if protocol == "ip":
            l3 = status
        else:
            l4 = status
        if protocol in ("icmp", "icmpv6"):
            break
    return said(l3 in WRONG, l4 in WRONG)


class Checksums(weirlib.WeirTest):
    def hold(self, frames):
        """Hold what weir finds, and what tshark does, against what was made."""
        with open(self.path("in.pcap"), "wb") as file:
            file.write(pcap.header() + b"".join(pcap.record(frame.data, 1600000000, number, wire=frame.wire)
                                                for number, frame in enumerate(frames)))
        run = self.run_ok("[source in]\ntype = pcap\npath = %s\nchecksum = verify\n[stage out]\ntype = eve\n"
                          "input = in\npath = %s\n" % (self.path("in.pcap"), self.path("eve.json")))
        with open(self.path("eve.json"), encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        self.assertEqual(len(events), len(frames))
        wrong = ["%s: weir finds %r wrong, it is %r: %s" % (
            frame.name, event.get("bad_checksum", ""), frame.wanted(), frame.data.hex())
                 for frame, event in zip(frames, events) if event.get("bad_checksum", "") != frame.wanted()]
        if tshark.installed():
            print("%d frames, %s" % (len(frames), tshark.version()))
            wrong += ["%s: tshark finds %r wrong, it is %r: %s: %s" % (
                frame.name, found_by_tshark(row), frame.wanted(), row, frame.data.hex())
                      for frame, row in zip(frames, tshark.rows(self.path("in.pcap"), STATUS, CHECK))
                      if frame.read and found_by_tshark(row) != frame.wanted()]
        else:
            print("tshark is not installed: the frames are not held against it")
        self.assertFalse(wrong, "%d\n%s" % (len(wrong), "\n".join(text[:1500] for text in wrong[:8])))
        worker = run.report["nodes"][0]["workers"][0]
        self.assertEqual(worker["bad_l3_checksum"], sum(frame.l3 for frame in frames))
        self.assertEqual(worker["bad_l4_checksum"], sum(frame.l4 for frame in frames))

    def test_all(self):
        print("WEIR_TEST_SEED=%d" % SEED)
        chooser = random.Random(SEED)
        for make in (usual, udp_sums, options, extensions, left_alone, quoting):
            with self.subTest(make.__name__):
                self.hold(make(chooser))


if __name__ == "__main__":
    weirlib.main()
