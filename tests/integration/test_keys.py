#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Keys of a source that decide what is made of its packets, by the command: fragments, checksum, drop, and
what is told of lengths. Each on a capture of a few packets, held to the report and to EVE.

WEIR_TEST_SEED=N chooses the order of fragments; it is printed.
"""
import json
import os
import random
import struct

import pcap
import weirlib

SEED = int(os.environ.get("WEIR_TEST_SEED") or "0", 0) or random.SystemRandom().randrange(1 << 32)
NS = 0xa1b23c4d  # a capture with nanoseconds
AT = 1600000000

PIPELINE = """\
[pipeline]
name = keys
hash_seed = 7
[source in]
type = pcap
path = in.pcap
%s
[stage out]
type = eve
input = in
path = eve.json
"""
COUNTED = """\
[pipeline]
name = keys
hash_seed = 7
[source in]
type = pcap
path = in.pcap
%s
[stage end]
type = count
input = in
workers = 3
"""
# The stage has a slow lcore of its own.
SLOW = """\
[pipeline]
name = slow
burst = 8
[source in]
type = pcap
path = in.pcap
pace = %d
[stage slow]
type = work
input = in
cycles = %d
lcores = 2
[stage out]
type = eve
input = slow
path = eve.json
lcores = 2
[link in slow]
on_full = %s
ring = 255
"""
CYCLES = 100000  # of an event
FLOWS, DATAGRAMS, PIECES = 200, 10, 4
OVERLOAD = 2


def ip(proto, payload, length=None, fragment=0, number=0, src="192.0.2.1", spoil=0):
    """As pcap.ipv4(), with more to choose."""
    packet = bytearray(pcap.ipv4(proto, payload, src=src))
    struct.pack_into("!H", packet, 2, len(packet) if length is None else length)
    struct.pack_into("!HH", packet, 4, number, fragment)
    packet[10:12] = bytes(2)
    struct.pack_into("!H", packet, 10, pcap.checksum(bytes(packet[:20])) ^ spoil)
    return pcap.ether(0x0800, bytes(packet))


def udp(spoil=0):
    """A UDP datagram in IPv4 with a checksum that is right, or spoilt."""
    addresses = bytes((192, 0, 2, 1, 198, 51, 100, 2))
    data = struct.pack("!HHHH", 1000, 53, 28, 0) + bytes(20)
    number = pcap.checksum(addresses + struct.pack("!HH", 17, len(data)) + data)
    return ip(17, data[:6] + struct.pack("!H", number ^ spoil) + data[8:])


def datagram(number, pieces, src):
    """A datagram in fragments of 64 bytes; its first has the ports."""
    data = struct.pack("!HHHH", 1000, 53, 64 * pieces, 0) + bytes(64 * pieces - 8)
    return [ip(17, data[64 * i:64 * i + 64], number=number, src=src, fragment=8 * i | (0x2000 if i < pieces - 1 else 0))
            for i in range(pieces)]


RIGHT = udp()
BAD_L3 = ip(17, RIGHT[34:], spoil=0x22)
BAD_L4 = udp(spoil=0x11)
BAD_BOTH = ip(17, udp(spoil=0x11)[34:], spoil=0x22)
LONGER = ip(17, RIGHT[34:], length=400)
NO_LENGTH = ip(17, RIGHT[34:], length=0)
BAD_VERSION = pcap.ether(0x0800, b"\x55" + RIGHT[15:])
TRUNC_L4 = ip(17, RIGHT[34:40])
# Malformed and longer than its frame: of two reasons to drop it one counts.
BOTH = ip(17, RIGHT[34:40], length=400)


class Capture(weirlib.WeirTest):
    """Runs over captures that are made here."""

    def capture(self, frames, wires=()):
        """A packet a nanosecond."""
        wires = list(wires) + [None] * (len(frames) - len(wires))
        with open(self.path("in.pcap"), "wb") as file:
            file.write(pcap.header(NS))
            for number, (frame, wire) in enumerate(zip(frames, wires)):
                file.write(pcap.record(frame, AT, number, wire=wire))

    def events(self):
        with open(self.path("eve.json"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def dropped(self, report):
        """How many by each reason that there was."""
        return {reason: count for reason, count in report["drops"].items() if count > 0}


class Keys(Capture):
    def told(self, frames, keys="", wires=()):
        """A run over these: its report, and what was written."""
        self.capture(frames, wires)
        run = self.run_ok(PIPELINE % keys)
        return run.report, self.events()

    def counted(self, report, *names):
        worker = report["nodes"][0]["workers"][0]
        return tuple(worker[name] for name in names)

    # ---- fragments

    def shares(self, keys, frames):
        """What each worker of the stage behind got."""
        self.capture(frames)
        run = self.run_ok(COUNTED % keys, lcores=weirlib.FOUR + ",4@%d" % weirlib.CPUS[0])
        return [worker["in"] for worker in [n for n in run.report["nodes"] if n["name"] == "end"][0]["workers"]]

    def test_fragments_go_together(self):
        """All of a datagram goes to one worker; with `flow` the first of some goes another way."""
        pieces = 10
        frames = [frame for number in range(60) for frame in datagram(number, pieces, "192.0.2.%d" % (number + 1))]
        for keys in ("", "fragments = datagram"):
            shares = self.shares(keys, frames)
            self.assertEqual(sum(shares), len(frames))
            self.assertEqual([share % pieces for share in shares], [0, 0, 0], shares)
            self.assertTrue(all(shares), shares)
        shares = self.shares("fragments = flow", frames)
        self.assertEqual(sum(shares), len(frames))
        self.assertNotEqual([share % pieces for share in shares], [0, 0, 0], shares)

    def test_fragments_ports(self):
        """The ports of the first one are told either way, and of no other."""
        frames = datagram(1, 3, "192.0.2.1")
        for keys in ("", "fragments = datagram", "fragments = flow"):
            _, events = self.told(frames, keys)
            self.assertEqual([(e.get("src_port"), e.get("dest_port")) for e in events],
                             [(1000, 53), (None, None), (None, None)])
            self.assertEqual([e["proto"] for e in events], ["UDP"] * 3)

    # ---- VXLAN's ports

    def test_vxlan_ports(self):
        """Those of the list, and no others."""
        inside = pcap.udp(sport=7)

        def to(port):
            head = struct.pack("!HHHH", 40000, port, 8 + 8 + len(inside), 0) + struct.pack("!II", 8 << 24, 77 << 8)
            return ip(17, head + inside)
        ports = (4789, 8472, 9000, 65330, 14789)
        for keys, listed in (("", (4789, 8472)), ("vxlan_ports = 4789, 8472", (4789, 8472)),
                             ("vxlan_ports = 65330", (65330,)), ("vxlan_ports = 4789, 9000, 65330", (4789, 9000, 65330)),
                             # At one low byte.
                             ("vxlan_ports = 65330, 306", (65330,)), ("tunnel = outer", ())):
            _, events = self.told([to(port) for port in ports], keys)
            self.assertEqual([e.get("tunnel") for e in events],
                             ["vxlan" if port in listed else None for port in ports], keys)
            self.assertEqual([e["src_port"] for e in events], [7 if port in listed else 40000 for port in ports])

    # ---- lengths

    def test_truncated(self):
        """By the IP header the packet goes on where the frame ended on the wire; a snaplen is another thing."""
        frames, wires = [RIGHT, LONGER, RIGHT[:40], LONGER[:40]], [None, None, len(RIGHT), len(LONGER)]
        report, events = self.told(frames, wires=wires)
        self.assertEqual([e.get("truncated") for e in events], [None, True, None, True])
        self.assertEqual([e.get("wire_len") for e in events], [None, None, len(RIGHT), len(LONGER)])
        self.assertEqual([e["pkt_len"] for e in events], [len(frame) for frame in frames])
        self.assertEqual(self.counted(report, "truncated", "no_length"), (2, 0))
        self.assertEqual(self.dropped(report), {})
        report, events = self.told(frames, "drop = truncated", wires)
        self.assertEqual([e["pkt_len"] for e in events], [len(RIGHT), 40])
        self.assertEqual(self.dropped(report), {"truncated": 2})
        self.assertEqual(self.counted(report, "truncated", "dropped"), (2, 2))

    def test_fcs(self):
        """A pcap may say that packets end with an FCS: it is left out. What its link type says beside is refused."""
        for link, less in ((1, 0), (0x24000001, 4), (0x14000001, 2), (0x20000001, 0)):
            with open(self.path("in.pcap"), "wb") as file:
                file.write(pcap.header(NS, link=link) + pcap.record(RIGHT + b"fcs!", AT, 0) +
                           pcap.record((RIGHT + b"fcs!")[:40], AT, 1, wire=len(RIGHT) + 4))
            self.run_ok(PIPELINE % "")
            whole = len(RIGHT) + 4 - less
            self.assertEqual([(e["pkt_len"], e.get("wire_len"), e["dest_port"]) for e in self.events()],
                             [(whole, None, 53), (40, whole, 53)])
        for link in (0x08000001, 0x00010001):
            with open(self.path("in.pcap"), "wb") as file:
                file.write(pcap.header(link=link))
            run = self.run_weir(PIPELINE % "")
            self.assertEqual(run.status, 2, str(run))
            self.assertIn("link type 0x%08x" % link, run.err)

    def test_no_length(self):
        """Segmentation offload leaves 0: read on to the end of the frame."""
        report, events = self.told([RIGHT, NO_LENGTH], "checksum = verify")
        self.assertEqual([e.get("no_length") for e in events], [None, True])
        self.assertEqual([e["verdict"] for e in events], ["ok", "ok"])
        self.assertEqual([e["dest_port"] for e in events], [53, 53])
        self.assertEqual(self.counted(report, "truncated", "no_length"), (0, 1))
        self.assertNotIn("bad_checksum", str(events))

    # ---- checksums

    CHECKED = [RIGHT, BAD_L3, BAD_L4, BAD_BOTH]

    def test_checksum(self):
        """Without a port nobody looks, but for verify."""
        for keys in ("", "checksum = port", "checksum = auto", "checksum = off"):
            report, events = self.told(self.CHECKED, keys)
            self.assertNotIn("bad_checksum", str(events))
            self.assertEqual(self.counted(report, "bad_l3_checksum", "bad_l4_checksum"), (0, 0))
        report, events = self.told(self.CHECKED, "checksum = verify")
        self.assertEqual([e.get("bad_checksum") for e in events], [None, "l3", "l4", "l3 l4"])
        self.assertEqual(self.counted(report, "bad_l3_checksum", "bad_l4_checksum", "dropped"), (2, 2, 0))
        self.assertEqual(report["parse"]["ok"], 4)

    def test_drop_checksum(self):
        """Either layer's, or one's."""
        for word, left in (("bad_checksum", [None]), ("bad_l3_checksum", [None, "l4"]), ("bad_l4_checksum", [None, "l3"]),
                           ("bad_l3_checksum, bad_l4_checksum", [None])):
            report, events = self.told(self.CHECKED, "checksum = verify\ndrop = " + word)
            self.assertEqual([e.get("bad_checksum") for e in events], left, word)
            self.assertEqual(self.dropped(report), {"bad_checksum": 4 - len(left)}, word)
            # What is dropped is counted all the same.
            self.assertEqual(self.counted(report, "bad_l3_checksum", "bad_l4_checksum"), (2, 2))

    # ---- drop

    def test_drop_verdicts(self):
        """All that are malformed, or those of single verdicts."""
        frames = [RIGHT, BAD_VERSION, TRUNC_L4, TRUNC_L4]
        for word, left in (("malformed", ["ok"]), ("bad_version", ["ok", "trunc_l4", "trunc_l4"]),
                           ("trunc_l4", ["ok", "bad_version"]), ("trunc_l4, bad_version", ["ok"]),
                           ("trunc_l2", ["ok", "bad_version", "trunc_l4", "trunc_l4"])):
            report, events = self.told(frames, "drop = " + word)
            self.assertEqual([e["verdict"] for e in events], left, word)
            self.assertEqual(self.dropped(report), {"verdict": 4 - len(left)} if len(left) < 4 else {}, word)
            self.assertEqual([report["parse"][name] for name in ("ok", "bad_version", "trunc_l4")], [1, 1, 2])

    def test_drop_one_reason(self):
        """What there are two reasons to drop is dropped for one."""
        frames = [BOTH, LONGER, BAD_L4, BAD_VERSION, RIGHT]
        report, events = self.told(frames, "checksum = verify\ndrop = malformed, truncated, bad_checksum")
        self.assertEqual([e["pkt_len"] for e in events], [len(RIGHT)])
        self.assertEqual(sum(self.dropped(report).values()), 4)
        self.assertEqual(self.dropped(report), {"verdict": 2, "truncated": 1, "bad_checksum": 1})
        report, _ = self.told(frames, "drop = truncated")
        self.assertEqual(self.dropped(report), {"truncated": 2})

    def test_nobody_finds(self):
        """A port that is not there cannot be asked for, nor is dropped what nobody finds."""
        for keys in ("checksum = on", "drop = bad_checksum", "checksum = off\ndrop = bad_l4_checksum"):
            self.capture(self.CHECKED)
            run = self.run_weir(PIPELINE % keys)
            self.assertEqual(run.status, 2, str(run))
            self.assertIn("verify", run.err)

    def test_drop_refused(self):
        for word in ("ok", "no_length", "bad_luck", "malformed,,truncated"):
            self.capture([RIGHT])
            run = self.run_weir(PIPELINE % ("drop = " + word))
            self.assertEqual(run.status, 2, str(run))
            self.assertIn("drop", run.err)


class Slow(Capture):
    """A stage that can do half of what comes."""

    def rate(self):
        """Events a second that the slow stage can do on a CPU of its own."""
        self.capture([RIGHT] * 4000)
        run = self.run_ok(SLOW % (1000000, CYCLES, "block"))
        worker = [n for n in run.report["nodes"] if n["name"] == "slow"][0]["workers"][0]
        self.assertEqual(worker["in"], 4000)
        return 1e9 / worker["latency"]["service"]["p50_ns"]

    def fragments(self, chooser):
        """Of 200 flows, datagrams in fragments: a few of them at a time, and each in its order."""
        waiting = [datagram(number, PIECES, "10.0.%d.%d" % (flow // 200, 1 + flow % 200))
                   for number in range(DATAGRAMS) for flow in chooser.sample(range(FLOWS), FLOWS)]
        open_, frames, owner = [], [], []
        waiting = list(enumerate(waiting))
        while waiting or open_:
            while waiting and len(open_) < 6:
                open_.append(waiting.pop(0))
            which, pieces = chooser.choice(open_)
            frames.append(pieces.pop(0))
            owner.append(which)
            open_ = [entry for entry in open_ if entry[1]]
        return frames, owner

    def test_drop_flow(self):
        """At more than it can do, every datagram comes whole or not at all."""
        print("WEIR_TEST_SEED=%d" % SEED)
        rate = self.rate()
        frames, owner = self.fragments(random.Random(SEED))
        self.capture(frames)
        run = self.run_ok(SLOW % (OVERLOAD * rate, CYCLES, "drop-flow"))
        came = {}
        for event in self.events():
            which = owner[int(event["timestamp"].partition(".")[2][:-5].ljust(9, "0"))]
            came[which] = came.get(which, 0) + 1
        parts = sorted(count for count in came.values() if count != PIECES)
        print("%d events a second, of %d datagrams %d whole, %d in part, drops %s" % (
            rate, FLOWS * DATAGRAMS, len(came) - len(parts), len(parts), self.dropped(run.report)))
        self.assertEqual(parts, [], str(run))
        self.assertEqual(set(self.dropped(run.report)), {"flow_shed"}, str(run))
        self.assertGreater(run.report["drops"]["flow_shed"], len(frames) // 4)
        self.assertGreater(len(came), FLOWS // 10)


if __name__ == "__main__":
    weirlib.main()
