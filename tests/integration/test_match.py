# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""A port asked for some packets only, by pcap expressions; what rules do of it is tests/vm's."""
import json
import os
import random
import shutil
import threading

import pcap
import weirlib
from weirlib import WeirTest

SOME = 5000

PIPELINE = """\
[source in]
device = %s
match = %s
[stage end]
type = count
input = in
[link in end]
on_full = block
"""

CAPTURE = """\
[source in]
type = pcap
path = %s
match = %s
[stage end]
type = count
input = in
"""

KINDS = {
    "tcp": lambda n: pcap.tcp(sport=n, dport=443),
    "web": lambda n: pcap.tcp(sport=n, dport=80),
    "dns": lambda n: pcap.udp(sport=n, dport=53),
    "vlan": lambda n: pcap.udp(sport=n, dport=53, vlan=5),
    "other": lambda n: pcap.ether(0x88b5, b"\0" * 46),
    "long": lambda n: pcap.udp(sport=n, dport=53, data=b"x" * 9000),
}
# Which of them match.
EXPRESSIONS = {
    "tcp": {"tcp", "web"},
    "tcp port 443": {"tcp"},
    "port 443 or 53": {"tcp", "dns", "long"},
    "vlan 5 and udp": {"vlan"},
    "vlan 6": set(),
    "ether proto 0x88b5": {"other"},
    "not ip": {"vlan", "other"},
    "udp[8] = 0x78 and len > 5000": {"long"},
    "src host 192.0.2.1 and not tcp": {"dns", "long"},
}


class Match(WeirTest):
    @staticmethod
    def feed(path, data):
        with open(path, "wb") as file:
            file.write(data)

    @staticmethod
    def kinds():
        return random.Random(1).choices(list(KINDS), k=SOME)

    def capture(self):
        """Frames of random kinds; how many of each."""
        kinds = self.kinds()
        pcap.write(self.path("in.pcap"), [KINDS[kind](1000 + n % 1000) for n, kind in enumerate(kinds)])
        return {kind: kinds.count(kind) for kind in KINDS}

    def test_counts(self):
        """What matches comes, the rest is counted under one reason, and nothing is wrong with that."""
        counts = self.capture()
        for expression, kinds in EXPRESSIONS.items():
            with self.subTest(expression=expression):
                run = self.run_ok(PIPELINE % ("net_pcap0", expression), "--exit-when-idle", "300",
                                  eal=["--vdev", "net_pcap0,rx_pcap=in.pcap"])
                want = sum(counts[kind] for kind in kinds)
                self.assertEqual(run.report["ledger"]["received"], SOME, str(run))
                self.assertEqual(run.report["ledger"]["released"], want, str(run))
                self.assertEqual(run.report["drops"].get("unmatched", 0), SOME - want, str(run))
                self.assertEqual(run.report["ports"][0]["rules"], 0, str(run))

    def test_captures(self):
        """The same without a port, of which the run ends by itself; also where several are merged."""
        counts = self.capture()
        shutil.copy(self.path("in.pcap"), self.path("more.pcap"))
        for expression, kinds in EXPRESSIONS.items():
            for path, files in ("in.pcap", 1), ("in.pcap, more.pcap", 2):
                with self.subTest(expression=expression, path=path):
                    run = self.run_ok(CAPTURE % (path, expression), "-s", "in.order=time")
                    want = files * sum(counts[kind] for kind in kinds)
                    self.assertEqual(run.report["ledger"]["received"], files * SOME, str(run))
                    self.assertEqual(run.report["ledger"]["released"], want, str(run))
                    self.assertEqual(run.report["drops"].get("unmatched", 0), files * SOME - want,
                                     str(run))

    def test_order(self):
        """Those that match keep their order and their times, however the pool runs out."""
        counts = self.capture()
        run = self.run_ok((CAPTURE % ("in.pcap", "tcp")).replace(
            "type = count", "type = eve\npath = events.json"),
            "-s", "pool.size=1k")
        with open(self.path("events.json"), encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        self.assertEqual(len(events), counts["tcp"] + counts["web"], str(run))
        kinds = self.kinds()
        want = [(1000 + n % 1000, 443 if kind == "tcp" else 80)
                for n, kind in enumerate(kinds) if kind in ("tcp", "web")]
        self.assertEqual([(e["src_port"], e["dest_port"]) for e in events], want)
        times = [e["timestamp"] for e in events]
        self.assertEqual(times, sorted(times))

    def test_other_links(self):
        """A capture of no Ethernet is refused, by its header or when it comes."""
        raw = pcap.pcap([pcap.udp()[14:]], link=101)
        with open(self.path("raw.pcap"), "wb") as file:
            file.write(raw)
        done = self.plain(["--", "-c", self.write("p.ini", CAPTURE % ("raw.pcap", "udp")), "--check"])
        self.assertEqual(done.status, 2, str(done))
        self.assertIn("path = raw.pcap: match is of Ethernet packets", done.err)
        os.mkfifo(self.path("fifo"))
        writer = threading.Thread(target=self.feed, args=(self.path("fifo"), raw))
        writer.start()
        run = self.run_weir(CAPTURE % ("fifo", "udp"))
        writer.join()
        self.assertEqual(run.status, 1, str(run))
        self.assertIn("match is of Ethernet packets", run.err)

    def test_bounded(self):
        """A number of packets is of those that match."""
        counts = self.capture()
        run = self.run_ok(PIPELINE % ("net_pcap0", "tcp port 443"), "-n", "100",
                          eal=["--vdev", "net_pcap0,rx_pcap=in.pcap"])
        self.assertGreater(counts["tcp"], 200)
        self.assertGreaterEqual(run.report["ledger"]["released"], 100, str(run))
        self.assertLess(run.report["ledger"]["released"], 200, str(run))

    def test_told(self):
        """That the port has no rules is said once, with what its driver says."""
        run = self.run_ok(PIPELINE % ("net_null0", "tcp"), "-t", "1", eal=["--vdev", "net_null0"])
        self.assertEqual(run.err.count("port net_null0: match is done in software: its driver keeps "
                                       "nothing out (rte_flow_isolate): "), 1, str(run))
        self.assertEqual(run.report["ledger"]["released"], 0, str(run))
        self.assertGreater(run.report["drops"]["unmatched"], 0, str(run))
        run = self.run_ok(PIPELINE % ("net_null0", "tcp"), "-t", "1", "-s", "in.match.rules=off",
                          eal=["--vdev", "net_null0"])
        self.assertNotIn("match", run.err)

    def plan(self, expression, *options):
        path = self.write("plan.ini", PIPELINE % ("net_null0", expression))
        arguments = [*weirlib.MEMORY, "--lcores", weirlib.ONE, "--file-prefix", self.prefix(),
                     "--vdev", "net_null0", "--", "-c", path, *options]
        done = self.plain(arguments)
        self.assertEqual(done.status, 0, str(done))
        return done.out

    def test_plan(self):
        out = self.plan("ip and tcp dst port 443 or arp", "--plan")
        self.assertIn("    match ip and tcp dst port 443 or arp: in software, and 3 rules asked of the "
                      "driver at the start, which say part of it:\n      ipv4, tcp dst 443\n      ipv4 "
                      "first fragment, tcp\n      type 0x0806\n", out)
        self.assertIn("match arp: in software, and 1 rule asked of the driver at the start, which say "
                      "all of it:\n      type 0x0806\n", self.plan("arp", "--plan"))
        self.assertIn("match len > 5: in software alone: it asks for more than rules can say\n",
                      self.plan("len > 5", "--plan"))
        self.assertIn("match arp: in software alone: match.rules = off\n",
                      self.plan("arp", "--plan", "-s", "in.match.rules=off"))
        port = json.loads(self.plan("arp", "--plan=json"))["ports"][0]
        self.assertEqual(port["match"]["exact"], True)
        port = json.loads(self.plan("vlan 5", "--plan=json"))["ports"][0]
        self.assertEqual(port["match"], {
            "expression": "vlan 5", "rules": ["vlan 5", "type 0x88a8", "type 0x9100"],
            "exact": False, "why_none": None})

    def test_pace(self):
        """Of the packets, whether they are asked for or not."""
        self.capture()
        run = self.run_ok(CAPTURE % (self.path("in.pcap"), "vlan 6"), "-s", "in.pace=10k")
        self.assertEqual(run.report["drops"]["unmatched"], SOME, str(run))
        self.assertGreater(run.report["elapsed_s"], 0.4, str(run))

    def test_none(self):
        """A flood of which nothing is asked for is work, not idleness."""
        run = self.run_ok(PIPELINE % ("net_null0", "tcp port 443"), "-t", "0.5",
                          eal=["--vdev", "net_null0"])
        worker = run.report["nodes"][0]["workers"][0]
        self.assertGreater(worker["in"], 0, str(run))
        self.assertGreater(worker["busy"], 0.8, str(run))

    def test_refused(self):
        for expression, why in [
                ("tcp prot 80", "'prot' is no word of pcap expressions"),
                ("tcp prot 80", "did you mean 'port'?"),
                ("host www.example.org", "names of hosts and networks are not looked up"),
                ("tcp and (udp", "libpcap: "),
                ("src net 10.0.0.1/8", "libpcap: ")]:
            with self.subTest(expression=expression):
                path = self.write("pipeline.ini", PIPELINE % ("net_null0", expression))
                done = self.plain(["--", "-c", path, "--check"])
                self.assertEqual(done.status, 2, str(done))
                self.assertIn("pipeline.ini:3: [source in] match = %s: " % expression, done.err)
                self.assertIn(why, done.err)


if __name__ == "__main__":
    weirlib.main()
