# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The source `pcap`, on captures of every kind: made here, read by weir, told as EVE."""
import json
import os
import random
import struct
import threading
import time

import pcap
import weirlib
from weirlib import THREE, WeirTest

PIPELINE = """\
[pipeline]
name = captures
[source in]
type = pcap
path = %s
%s
[stage out]
type = eve
input = in
path = eve.json
"""

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


# What a file says, as the times of its packets; None: that of the run.
STAMP = "2020-09-13T12:26:40."
KINDS = [
    ("none", pcap.header(), []),
    ("micro", pcap.pcap([FRAME] * 2), [STAMP + "000000", STAMP + "000001"]),
    ("nano", pcap.pcap([FRAME] * 2, magic=0xa1b23c4d), [STAMP + "000000", STAMP + "000000001"]),
    ("big-endian", pcap.pcap([FRAME] * 2, order=">"), [STAMP + "000000", STAMP + "000001"]),
    ("big-endian nano", pcap.pcap([FRAME] * 2, 0xa1b23c4d, ">"),
     [STAMP + "000000", STAMP + "000000001"]),
    ("time 0", pcap.pcap([FRAME], at=0), ["1970-01-01T00:00:00.000000"]),
    ("time 2^31", pcap.pcap([FRAME], at=1 << 31), ["2038-01-19T03:14:08.000000"]),
    ("time 2^32 - 1", pcap.pcap([FRAME], at=(1 << 32) - 1), ["2106-02-07T06:28:15.000000"]),
    ("a fraction of more than a second", pcap.header() + pcap.record(FRAME, 5, 999999) +
     pcap.record(FRAME, 5, 1000000), ["1970-01-01T00:00:05.999999", None]),
    ("length of an FCS", pcap.pcap([FRAME], link=0x24000001), [STAMP + "000000"]),
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


class Captures(WeirTest):
    def make(self, data, name="in.pcap"):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def pipeline(self, path, keys=""):
        return PIPELINE % (path, keys)

    def events(self):
        with open(self.path("eve.json"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def read(self, path, keys="", *options):
        run = self.run_weir(self.pipeline(path, keys), *options)
        return run, self.events() if run.report is not None else []

    def test_kinds(self):
        for name, data, stamps in KINDS:
            with self.subTest(kind=name):
                run, events = self.read(self.make(data))
                self.assertEqual(run.status, 0, str(run))
                self.assertEqual(run.report["ledger"]["received"], len(stamps))
                self.assertEqual(len(events), len(stamps))
                for stamp, event in zip(stamps, events):
                    self.assertEqual(event["src_port"], 7)
                    self.assertEqual(event["pkt_len"], len(FRAME))
                    if stamp is None:
                        self.assertNotIn("timestamp", event)
                    else:
                        self.assertEqual(event["timestamp"], stamp + "+0000")

    def test_links(self):
        """Each by itself, then all as interfaces of one file."""
        expected = []
        blocks, packets = b"", b""
        for number, (name, link, frame) in enumerate(LINKS):
            expected.append(("192.0.2.1" if INNER in frame else "::1", len(frame), "ok", 7))
            blocks += pcap.interface(link=link)
            packets += pcap.enhanced(frame, MICRO, number=number)
            with self.subTest(link=name):
                run, events = self.read(self.make(pcap.pcap([frame, frame[:-30]], link=link)))
                self.assertEqual(run.status, 0, str(run))
                self.assertEqual(self.told(events)[0], expected[-1])
                self.assertEqual(len(events), 2)
        run, events = self.read(self.make(SECTION + blocks + packets))
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(self.told(events), expected)

    @staticmethod
    def told(events):
        return [(e.get("src_ip"), e["pkt_len"], e["verdict"], e.get("src_port")) for e in events]

    def test_link_cut(self):
        """Every link's packets, cut everywhere, are events: malformed, or without an address."""
        for name, link, frame in LINKS[:1] + LINKS[6:7] + LINKS[12:13] + LINKS[16:18] + LINKS[19:21]:
            with self.subTest(link=name):
                frames = [frame[:n] for n in range(len(frame))]
                run, events = self.read(self.make(pcap.pcap(frames, link=link)))
                self.assertEqual(run.status, 0, str(run))
                self.assertEqual([e["pkt_len"] for e in events], list(range(len(frame))))
                self.assertNotEqual(events[0]["verdict"], "ok")

    def test_wrong(self):
        for name, data, offset, why, good in WRONG:
            with self.subTest(wrong=name):
                path = self.make(data)
                run, events = self.read(path)
                self.assertEqual(run.status, 1, str(run))
                self.assertEqual(len(events), good, str(run))
                last = [line for line in run.err.splitlines() if line.startswith("weir: ")][-1]
                self.assertIn("'%s', byte %d: " % (path, offset), last)
                self.assertIn(why, last)

    def test_wrong_then_right(self):
        """What is wrong in one file keeps nothing of the next; and no more is asked of a loop."""
        wrong = self.make(CUT[:-1], "wrong.pcap")
        right = self.make(CUT, "right.pcap")
        run, events = self.read("%s, %s" % (wrong, right), "loop = 3")
        self.assertEqual(run.status, 1, str(run))
        self.assertEqual(len(events), 5)
        self.assertEqual(sum("byte %d" % GOOD in line for line in run.err.splitlines()
                             if line.startswith("weir: ")), 1, str(run))

    def test_not_reached(self):
        """What is wrong behind the end that was asked for is not met."""
        run, events = self.read(self.make(CUT[:-1]), "", "-n", "1")
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(len(events), 1)

    def test_refused(self):
        """Link types that are not read, by name, where there is a header, and keys."""
        usb = self.make(pcap.pcap([FRAME], link=189), "usb.pcap")
        second = self.make(SECTION + LAN + pcap.interface(link=127) + pcap.enhanced(FRAME, 0),
                           "second.pcapng")
        good = self.make(CUT, "good.pcap")
        for path, keys, why in [
                (usb, "", "USB_LINUX"), ("%s,%s" % (good, usb), "", "USB_LINUX"),
                (second, "", "IEEE802_11_RADIOTAP"), ("%s,,%s" % (good, good), "", "commas"),
                ("-,-", "", "only once"), ("-", "loop = 2", "loop = 1"),
                (good, "queues = 2", "queues = 2"), (good, "loop = 0", "loop = 0"),
                (good, "pace = slow", "pace = slow"), (good, "pace = 0", "pace"),
                (good, "order = size", "order = size")]:
            with self.subTest(path=path[-80:], keys=keys):
                self.write("pipeline.ini", self.pipeline(path, keys))
                run = self.plain(["--", "-c", self.path("pipeline.ini"), "--check"])
                self.assertEqual(run.status, 2, str(run))
                self.assertIn(why, run.err)

    def test_merge_too_many(self):
        self.write("pipeline.ini", self.pipeline(self.make(CUT), "order = time"))
        for count, status in ((64, 0), (65, 2)):
            run = self.plain(["--", "-c", self.path("pipeline.ini"), "--check",
                              "-s", "in.path=" + ",".join(["in.pcap"] * count)])
            self.assertEqual(run.status, status, str(run))
        self.assertIn("65 files", run.err)

    def test_missing(self):
        good = self.make(CUT)
        for path in ("%s,/nowhere/in.pcap" % good, self.folder, "/nowhere/in.pcap"):
            with self.subTest(path=path):
                run = self.run_weir(self.pipeline(path))
                self.assertEqual(run.status, 3, str(run))
                self.assertIn(path.rsplit(",", maxsplit=1)[-1], run.err)
                for mode in ("--check", "--plan", "--preflight"):
                    other = self.run_weir(self.pipeline(path), mode)
                    self.assertEqual((other.status, other.err.splitlines()[-1]),
                                     (3, run.err.splitlines()[-1]), str(other))

    def test_order(self):
        """One file after the other, or merged; those of one time in the order of `path`."""
        paths, expected = [], []
        rng = random.Random(5)
        for number in range(5):
            at, data = T, pcap.header()
            for _ in range(200):
                at += rng.randrange(3)
                data += pcap.record(pcap.udp(sport=number + 1), at, 0)
                expected.append((at, number + 1))
            paths.append(self.make(data, "%d.pcap" % number))
        for order in ("files", "time"):
            run, events = self.read(",".join(paths), "order = " + order)
            self.assertEqual(run.status, 0, str(run))
            self.assertEqual([e["src_port"] for e in events], [s for _, s in expected])
            expected.sort(key=lambda x: x[0])

    def test_loop(self):
        """The times of each round go on from those before."""
        first = self.make(pcap.pcap([FRAME] * 3), "1.pcap")
        second = self.make(pcap.pcap([FRAME] * 2, at=T + 1), "2.pcap")
        for order in ("files", "time"):
            run, events = self.read("%s,%s" % (first, second), "loop = 3\norder = " + order)
            self.assertEqual(run.status, 0, str(run))
            stamps = [e["timestamp"] for e in events]
            self.assertEqual(len(stamps), 15)
            self.assertEqual(stamps, sorted(set(stamps)))
            self.assertEqual(stamps[0], STAMP + "000000+0000")
            self.assertEqual(stamps[5], "2020-09-13T12:26:41.000002+0000")

    def test_forever(self):
        path = self.make(pcap.pcap([FRAME] * 3))
        run, events = self.read(path, "loop = forever", "-n", "1000")
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(len(events), 1000)
        run, _ = self.read(self.make(pcap.header()), "loop = forever")
        self.assertEqual(run.status, 0, str(run))

    def test_pace(self):
        """By the times of the capture, or at a rate: never faster."""
        data = pcap.header() + b"".join(pcap.record(FRAME, T, n * 100000) for n in range(6))
        for keys, seconds in (("pace = wire", 0.5), ("pace = 10", 0.3), ("", 0)):
            run, events = self.read(self.make(data), keys)
            self.assertEqual(run.status, 0, str(run))
            self.assertEqual(len(events), 6)
            self.assertGreaterEqual(run.report["elapsed_s"], seconds)
            self.assertLess(run.report["elapsed_s"], seconds + 5)

    def test_large(self):
        """Frames larger than an mbuf, and than any: chained, behind a stage that is slow, and
        records that straddle what is read at once."""
        rng = random.Random(9)
        sizes = [262144, 2048, 2049, 65535, 14] + [rng.choice((60, 1514, 9018, 65549))
                                                   for _ in range(400)]
        data = pcap.header(snaplen=262144)
        for number, size in enumerate(sizes):
            frame = pcap.udp(sport=number + 1)
            data += pcap.record((frame + bytes(size))[:size], T, number)
        slow = self.pipeline(self.make(data)).replace("input = in", "input = busy") + \
            "[stage busy]\ntype = work\ninput = in\ncycles = 100000\n"
        run = self.run_weir(slow)
        self.assertEqual(run.status, 0, str(run))
        events = self.events()
        self.assertEqual([e["pkt_len"] for e in events], sizes)
        self.assertEqual([e["src_port"] for e in events if e["pkt_len"] > 14],
                         [n + 1 for n, size in enumerate(sizes) if size > 14])

    def test_slow_stage(self):
        """What is left behind the end of the file takes longer than a stop is given: nothing of it
        is abandoned while something moves."""
        path = self.make(pcap.pcap([FRAME] * 45))
        run = self.run_weir("[pipeline]\nburst = 2\n[source in]\ntype = pcap\npath = %s\n"
                            "[stage busy]\ntype = work\n"
                            "input = in\ncycles = 1000000000\n[stage end]\ntype = count\n"
                            "input = busy\n" % path)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(self.node(run, "end")["released"], 45)
        self.assertGreater(run.report["elapsed_s"], 10)

    def test_few_mbufs(self):
        """With no more mbufs than must be, nothing is lost."""
        data = pcap.header() + b"".join(pcap.record(FRAME + bytes(8000), T, n) for n in range(500))
        run = self.run_weir(self.pipeline(self.make(data)) +
                            "[pool]\ncache = 0\n[link in out]\nring = 64\n")
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(len(self.events()), 500)

    def test_cut_by_snaplen(self):
        data = pcap.header() + pcap.record(FRAME[:34], T, 0, wire=1514) + \
            pcap.record(b"", T, 1, wire=60) + pcap.record(FRAME, T, 2, wire=5)
        run, events = self.read(self.make(data))
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual([(e["pkt_len"], e.get("wire_len")) for e in events],
                         [(34, 1514), (0, 60), (len(FRAME), None)])

    def test_simple_cut(self):
        """A simple packet is as long as its interface's snapshot."""
        data = SECTION + pcap.interface(snaplen=50) + pcap.simple(FRAME[:50], wire=60)
        run, events = self.read(self.make(data))
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual([(e["pkt_len"], e["wire_len"]) for e in events], [(50, 60)])

    def wait_for(self, count):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if os.path.exists(self.path("eve.json")) and len(self.events_so_far()) >= count:
                return
            time.sleep(0.01)
        self.fail("no %d events" % count)

    def events_so_far(self):
        with open(self.path("eve.json"), encoding="utf-8") as file:
            return file.read().split("\n")[:-1]

    def test_fifo(self):
        """Packets come as they are written, byte by byte if need be; the end is that of the writer."""
        path = self.make(pcap.header() + b"".join(pcap.record(FRAME, T + 3600 * n, 0) for n in range(256)))
        run = self.run_weir(self.pipeline(path, "pace = wire"), "-t", "0.5")
        self.assertLess(run.report["nodes"][0]["progress"], 0.5, str(run))
        os.mkfifo(self.path("fifo"))
        process = self.start(self.pipeline(self.path("fifo")))
        with open(self.path("fifo"), "wb", buffering=0) as fifo:
            data = pcap.pcap([FRAME] * 2)
            for byte in data[:-1]:
                fifo.write(bytes([byte]))
            self.wait_for(1)
            time.sleep(0.3)
            self.assertEqual(len(self.events_so_far()), 1)
            fifo.write(data[-1:])
            self.wait_for(2)
            self.assertIsNone(process.poll())
        run = self.collect(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(len(self.events()), 2)

    def test_fifo_cut(self):
        os.mkfifo(self.path("fifo"))
        process = self.start(self.pipeline(self.path("fifo")))
        with open(self.path("fifo"), "wb") as fifo:
            fifo.write(CUT[:-1])
        run = self.collect(process)
        self.assertEqual(run.status, 1, str(run))
        self.assertIn("byte %d" % GOOD, run.err)
        self.assertEqual(len(self.events()), 2)

    def test_fifo_without_writer(self):
        """Nobody writes: a stop ends it all the same; and a loop wants what can be read again."""
        os.mkfifo(self.path("fifo"))
        process = self.start(self.pipeline(self.path("fifo")))
        self.wait_for(0)
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(run.report["ledger"]["received"], 0)
        run = self.run_weir(self.pipeline(self.path("fifo"), "loop = 2"))
        self.assertEqual(run.status, 2, str(run))

    def test_fifos_merged(self):
        """By time, though one is written after the other."""
        paths = [self.path("a"), self.path("b")]
        for path in paths:
            os.mkfifo(path)
        process = self.start(self.pipeline(",".join(paths), "order = time"))

        def feed(path, first):
            with open(path, "wb") as fifo:
                fifo.write(pcap.header() + b"".join(
                    pcap.record(pcap.udp(sport=n), T, n) for n in range(first, 400, 2)))
        feeders = [threading.Thread(target=feed, args=(path, n + 1))
                   for n, path in enumerate(paths)]
        for feeder in reversed(feeders):
            feeder.start()
            time.sleep(0.3)
        for feeder in feeders:
            feeder.join()
        run = self.collect(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual([e["src_port"] for e in self.events()], list(range(1, 400)))

    def test_stdin(self):
        command = self.command(self.pipeline("-"), [])
        with open(self.make(CUT), "rb") as file:
            process = weirlib.subprocess.run(command, stdin=file, cwd=self.folder, check=False,
                                             stdout=weirlib.subprocess.PIPE, text=True,
                                             stderr=weirlib.subprocess.PIPE, timeout=60)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertEqual(len(self.events()), 3)
        process = weirlib.subprocess.Popen(command, stdin=weirlib.subprocess.PIPE,
                                           stdout=weirlib.subprocess.PIPE, cwd=self.folder,
                                           stderr=weirlib.subprocess.PIPE)
        process.communicate(CUT, timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(self.events()), 3)

    def test_many(self):
        """More than is read ahead, through rings that are small, over each kind of plan."""
        count = 60000
        path = self.make(pcap.pcap([pcap.udp(sport=n % 65535 + 1) for n in range(count)]))
        for lcores in (weirlib.ONE, THREE):
            run = self.run_weir(self.pipeline(path) + "[link in out]\nring = 64\n",
                                lcores=lcores)
            self.assertEqual(run.status, 0, str(run))
            self.assertEqual([e["src_port"] for e in self.events()],
                             [n % 65535 + 1 for n in range(count)])

    def test_progress(self):
        """How much has been read, where that can be known."""
        path = self.make(pcap.header() + b"".join(pcap.record(FRAME, T + n, 0) for n in range(4)))
        process = self.start(self.pipeline(path, "pace = wire"), "-i", "1")
        self.wait_for(1)
        while (node := self.ask(process, "/weir/nodes,captures")) is None:
            time.sleep(0.01)
        run = self.collect(process)
        self.assertIn("in has read ", run.out)
        self.assertEqual(run.report["nodes"][0]["progress"], 1)
        self.assertEqual(run.report["nodes"][1]["progress"], "not known")
        self.assertIn("progress_percent", str(node))
        run, _ = self.read("%s, %s" % (path, path), "loop = 2", "-n", "8")
        self.assertLessEqual(run.report["nodes"][0]["progress"], 1)
        os.mkfifo(self.path("fifo"))
        process = self.start(self.pipeline(self.path("fifo")))
        with open(self.path("fifo"), "wb") as fifo:
            fifo.write(CUT)
        run = self.collect(process)
        self.assertEqual(run.report["nodes"][0]["progress"], "not known")

    def test_plan(self):
        """No port, `block` behind it, and what is read ahead counts."""
        self.make(CUT)
        run = self.run_weir(self.pipeline(self.path("in.pcap")), "--plan")
        self.assertEqual(run.status, 0, str(run))
        self.assertIn("ring of 1023, block", run.out)
        self.assertRegex(run.out, r"in\[0\] +pcap +1 +0 +yield")
        self.assertRegex(run.out, r"3\.\d their init")


if __name__ == "__main__":
    weirlib.main()
