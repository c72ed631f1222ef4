# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Packets through pipelines of every form, on one, two and four lcores."""
import json
import os

import pcap
import weirlib
from weirlib import FOUR, ONE, THREE, TWO, WeirTest

CHAIN = """\
[source gen]
type = synth
flows = 1000
[stage busy]
type = work
input = gen
cycles = 50
[stage end]
type = count
input = busy
"""

WIDE = """\
[source gen]
type = synth
flows = 1000
queues = 2
[stage busy]
type = work
input = gen
workers = 3
cycles = 50
[stage end]
type = count
input = busy
workers = 2
"""

DIAMOND = """\
[source gen]
type = synth
flows = 1000
[stage left]
type = work
input = gen
cycles = 10
[stage right]
type = work
input = gen
cycles = 200
workers = 2
[stage end]
type = count
input = left, right
"""

COPIES = """\
[source gen]
type = synth
[stage first]
type = count
input = gen
workers = 3
[stage second]
type = count
input = gen
[link gen first]
spread = copy
"""

NULL = """\
[source wan]
device = net_null0
[stage end]
type = count
input = wan
"""

LCORES = {"one": ONE, "two": TWO, "three": THREE, "four": FOUR}
PACKETS = 20000


class Lcores(WeirTest):
    """The same packets, wherever the workers run."""

    def each(self, pipeline, created=0, kinds=("auto", "ring")):
        for name, lcores in LCORES.items():
            for options in ([], ["-s", "pipeline.burst=1"], ["-s", "pipeline.burst=256"]):
                with self.subTest(lcores=name, options=options):
                    run = self.run_ok(pipeline, "-n", str(PACKETS), *options, lcores=lcores)
                    ledger = run.report["ledger"]
                    self.assertEqual(ledger["received"], PACKETS, str(run))
                    self.assertEqual(ledger["created"], created * PACKETS, str(run))
                    self.assertEqual(ledger["dropped"], 0, str(run))

    def test_chain(self):
        self.each(CHAIN)

    def test_wide(self):
        self.each(WIDE)

    def test_diamond(self):
        self.each(DIAMOND, created=1)

    def test_copies(self):
        self.each(COPIES, created=3)

    def test_one_lcore_calls(self):
        run = self.run_ok(CHAIN, "-n", "1000", lcores=ONE)
        self.assertEqual([link["kind"] for link in run.report["links"]], ["call", "call"])

    def test_rings_on_one_lcore(self):
        run = self.run_ok(CHAIN, "-n", "1000", "-s", "link gen busy.kind=ring",
                          "-s", "link busy end.kind=ring", lcores=ONE)
        self.assertEqual([link["kind"] for link in run.report["links"]], ["ring", "ring"])

    def test_spreads(self):
        for spread in ("flow", "round-robin", "copy"):
            with self.subTest(spread=spread):
                run = self.run_ok(WIDE, "-n", str(PACKETS), "-s", "link gen busy.spread=" + spread,
                                  lcores=FOUR)
                shares = [w["in"] for n in run.report["nodes"] if n["name"] == "busy"
                          for w in n["workers"]]
                self.assertGreater(min(shares), 0, shares)
                total = PACKETS * (3 if spread == "copy" else 1)
                self.assertEqual(sum(shares), total)

    def test_drop_newest(self):
        run = self.run_ok(CHAIN, "-n", "200000", "-s", "busy.cycles=3000",
                          "-s", "link gen busy.on_full=drop-newest", "-s", "link gen busy.ring=64",
                          lcores=THREE)
        ledger = run.report["ledger"]
        self.assertEqual(ledger["received"], 200000)
        self.assertGreater(ledger["dropped"], 0)

    def test_waits(self):
        for wait in ("spin", "pause", "exponential", "yield", "sleep", "monitor"):
            with self.subTest(wait=wait):
                run = self.run_ok(CHAIN, "-n", "5000", "-s", "busy.idle=" + wait,
                                  "-s", "link gen busy.full=" + wait, lcores=FOUR)
                self.assertEqual(run.report["ledger"]["received"], 5000)


class Ends(WeirTest):
    """What ends a run."""

    def test_duration(self):
        run = self.run_ok(CHAIN, "-t", "0.5")
        self.assertGreaterEqual(run.report["elapsed_s"], 0.5)
        self.assertLess(run.report["elapsed_s"], 10)

    def test_idle(self):
        run = self.run_ok(NULL, "--exit-when-idle", "100", "-s", "wan.device=net_ring0",
                          eal=["--vdev", "net_ring0"])
        self.assertEqual(run.report["ledger"]["received"], 0)

    def test_live_table(self):
        run = self.run_ok(CHAIN, "-t", "1", "-i", "0.2")
        self.assertGreaterEqual(run.out.count("on_full"), 4, str(run))


class Ports(WeirTest):
    def test_null(self):
        for lcores in LCORES.values():
            run = self.run_ok(NULL, "-t", "0.3", eal=["--vdev", "net_null0"], lcores=lcores)
            self.assertGreater(run.report["ledger"]["received"], 1000)
            self.assertEqual(run.report["ports"][0]["name"], "net_null0")
            self.assertGreaterEqual(run.report["ports"][0]["ipackets"],
                                    run.report["ledger"]["received"])

    def test_null_queues(self):
        run = self.run_ok(NULL, "-t", "0.3", "-s", "wan.queues=2", "-s", "end.workers=2",
                          eal=["--vdev", "net_null0"], lcores=FOUR)
        self.assertEqual(len(run.report["nodes"][0]["workers"]), 2)

    def test_ring(self):
        """What goes out of a net_ring port comes in there again."""
        text = """\
[source gen]
type = synth
rate = 20k
[stage out]
type = tx
input = gen
device = net_ring0
[source back]
device = net_ring0
[stage end]
type = count
input = back
[link back end]
on_full = block
"""
        for lcores in LCORES.values():
            run = self.run_ok(text, "-t", "0.5", eal=["--vdev", "net_ring0"], lcores=lcores)
            ledger = run.report["ledger"]
            self.assertGreater(ledger["transmitted"], 0)
            self.assertGreater(self.node(run, "end")["in"], 0)
            self.assertEqual(self.node(run, "gen")["in"],
                             ledger["transmitted"] + ledger["dropped"])
            port = run.report["ports"][0]
            self.assertEqual(port["transmitted"], ledger["transmitted"], str(run))
            self.assertEqual(port["received"] + port["left"], port["transmitted"], str(run))
            self.assertEqual(port["unexplained"], 0, str(run))
            self.assertEqual(port["left"] > 0, "%d left\n" % port["left"] in run.out, str(run))

    def test_pcap(self):
        frames = [pcap.udp(sport=i + 1, vlan=7 if i % 3 == 0 else None) for i in range(300)]
        frames += [pcap.tcp(sport=i + 1) for i in range(300)]
        frames += [pcap.tcp()[:40]]
        pcap.write(self.path("in.pcap"), frames)
        text = """\
[source in]
device = net_pcap0
[stage out]
type = eve
input = in
path = %s
[link in out]
on_full = block
""" % self.path("events.json")
        for lcores in LCORES.values():
            run = self.run_ok(text, "--exit-when-idle", "200", lcores=lcores,
                              eal=["--vdev", "net_pcap0,rx_pcap=" + self.path("in.pcap")])
            with open(self.path("events.json"), encoding="utf-8") as file:
                events = [json.loads(line) for line in file]
            self.assertEqual(len(events), len(frames), str(run))
            for i, event in enumerate(events[:600]):
                self.assertEqual(event["src_ip"], "192.0.2.1")
                self.assertEqual(event["dest_ip"], "198.51.100.2")
                self.assertEqual(event["src_port"], i % 300 + 1)
                self.assertEqual(event["proto"], "UDP" if i < 300 else "TCP")
                self.assertEqual("vlan" in event, i < 300 and i % 3 == 0)
            self.assertEqual(events[600]["verdict"], "trunc_l4")
            self.assertEqual(run.report["parse"]["trunc_l4"], 1)

    def test_lost_before(self):
        """What net_pcap cannot read need not have been lost: told, and the exit status says so."""
        path = self.path("in.pcap")
        pcap.write(path, [pcap.udp()] * 50)
        os.truncate(path, os.path.getsize(path) - 10)
        text = """\
[source in]
device = net_pcap0
[stage out]
type = count
input = in
[link in out]
on_full = %s
"""
        for on_full, status in (("block", 1), ("drop-newest", 0)):
            run = self.run_weir(text % on_full, "--exit-when-idle", "200",
                                eal=["--vdev", "net_pcap0,rx_pcap=" + path])
            self.assertEqual(run.status, status, str(run))
            self.assertEqual(run.report["ledger"]["received"], 49)
            errors = run.report["ports"][0]["ierrors"]
            self.assertGreater(errors, 0)
            self.assertIn("lost before weir: port net_pcap0: 0 imissed, %d ierrors, 0 rx_nombuf"
                          % errors, run.out)
            self.assertIn("lost before weir had it, in all: %d ierrors" % errors, run.err)
            self.assertEqual(run.err.count("weir: port net_pcap0 (net_pcap) lost"), status)

    def test_pcap_out(self):
        text = CHAIN + """\
[stage out]
type = tx
input = busy
device = net_pcap0
"""
        run = self.run_ok(text, "-n", "1000",
                          eal=["--vdev", "net_pcap0,tx_pcap=" + self.path("out.pcap")])
        self.assertEqual(run.report["ledger"]["transmitted"], 1000, str(run))

    def test_drop_malformed(self):
        run = self.run_ok(CHAIN, "-n", "10000", "-s", "gen.malformed=10%",
                          "-s", "gen.drop=malformed")
        malformed = sum(n for v, n in run.report["parse"].items() if v != "ok")
        self.assertGreater(malformed, 500)
        self.assertEqual(run.report["ledger"]["dropped"], malformed)


if __name__ == "__main__":
    weirlib.main()
