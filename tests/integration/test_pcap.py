# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The source `pcap`, on captures of every kind: made here, read by weir, told as EVE."""
import json
import os
import random
import threading
import time

import pcap
import weirlib
from pcap_kinds import CUT, FRAME, GOOD, INNER, KINDS, LAN, LINKS, MICRO, SECTION, STAMP, T, WRONG
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
