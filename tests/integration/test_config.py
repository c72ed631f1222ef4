# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The pipeline files of config/: each is fine, and runs by the command that its head names."""
import glob
import json
import os
import shlex

import pcap
import weirlib
from weirlib import TOP, WeirTest

FILES = sorted(glob.glob(os.path.join(TOP, "config", "*.ini")))


def commands(path):
    """The commands of a file's comments: indented lines from `weir` on, continued by deeper ones."""
    found = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(";   weir "):
                found.append(line[1:].strip())
            elif line.startswith(";        ") and found:
                found[-1] += " " + line[1:].strip()
    return [shlex.split(command)[1:] for command in found]


class Config(WeirTest):
    def test_check(self):
        self.assertGreaterEqual(len(FILES), 5)
        for path in FILES:
            with self.subTest(path=path):
                files = ["-s", "in.path=" + self.write("in.pcap", "")] if "pcap" in path else []
                run = self.plain(["--", "-c", path, *files, "--check"])
                self.assertEqual(run.status, 0, str(run))

    def run_as_told(self, name, index=0, *options):
        path = os.path.join(TOP, "config", name)
        arguments = commands(path)[index]
        split = arguments.index("--")
        eal = [a.replace("FILE", self.path("in.pcap")) for a in arguments[:split]]
        own = [path if a.startswith("config/") else a.replace("FILE", self.path("in.pcap"))
               for a in arguments[split + 1:]]
        lcores = eal[eal.index("--lcores") + 1]
        del eal[eal.index("--lcores"):eal.index("--lcores") + 2]
        config = own.index("-c")
        del own[config:config + 2]
        if "-t" in own:
            own[own.index("-t") + 1] = "1"
        return self.run_ok(path, *own, *options, lcores=lcores, memory=eal)

    def test_quickstart(self):
        run = self.run_as_told("quickstart.ini")
        self.assertGreater(run.report["ledger"]["received"], 10000)
        self.assertEqual(run.report["ledger"]["dropped"], 0)
        self.assertGreater(sum(n for v, n in run.report["parse"].items() if v != "ok"), 0)
        self.assertIn("in/s", run.out)

    def test_nic_without_a_nic(self):
        run = self.run_as_told("nic.ini", 1)
        self.assertGreater(run.report["ledger"]["received"], 10000)

    def test_fanout(self):
        run = self.run_as_told("fanout.ini")
        received = run.report["ledger"]["received"]
        self.assertGreater(received, 0)
        self.assertEqual(run.report["ledger"]["created"], 2 * received)
        self.assertEqual(self.node(run, "second")["in"], 2 * received)

    def test_diamond(self):
        run = self.run_as_told("diamond.ini")
        received = run.report["ledger"]["received"]
        self.assertEqual(received, 10000000)
        self.assertEqual(run.report["ledger"]["created"], received)
        self.assertEqual(run.report["ledger"]["dropped"], 0)
        self.assertEqual(self.node(run, "end")["in"], 2 * received)

    def test_pcap_eve(self):
        frames = [pcap.udp(sport=i + 1) for i in range(50)]
        pcap.write(self.path("in.pcap"), frames)
        run = self.run_as_told("pcap-eve.ini")
        events = [json.loads(line) for line in run.out.splitlines()]
        self.assertEqual([e["src_port"] for e in events], list(range(1, 51)))

    def flows_are_told(self, run):
        """Each flow ends in one line; what the report has of them."""
        told = [json.loads(line) for line in run.out.splitlines()]
        ended = [line for line in told if line["event_type"] == "flow"]
        self.assertEqual(len(ended), sum(of["created"] for of in run.report["flows"]))
        self.assertEqual(sum(of["told"] for of in run.report["flows"]), len(told))
        self.assertEqual(sum(of["flows"] for of in run.report["flows"]), 0)
        return ended

    def test_flows(self):
        ended = self.flows_are_told(self.run_as_told("flows.ini"))
        self.assertGreater(len(ended), 1000)

    def test_pcap_flows(self):
        pcap.write(self.path("in.pcap"), [pcap.udp(sport=i % 50 + 1) for i in range(500)])
        ended = self.flows_are_told(self.run_as_told("pcap-flows.ini"))
        self.assertEqual(sorted(e["src_port"] for e in ended), list(range(1, 51)))
        self.assertEqual({e["flow"]["pkts_toserver"] for e in ended}, {10})


class Plan(WeirTest):
    def plan(self, form):
        path = os.path.join(TOP, "config", "quickstart.ini")
        run = self.run_weir(path, "--plan" + form)
        self.assertEqual(run.status, 0, str(run))
        return run.out

    def test_text(self):
        text = self.plan("")
        self.assertEqual(text, self.plan("=text"))
        for word in ("gen", "busy", "end", "lcore"):
            self.assertIn(word, text)

    def test_dot(self):
        text = self.plan("=dot")
        self.assertTrue(text.startswith("digraph"), text)
        self.assertTrue(text.rstrip().endswith("}"), text)

    def test_json(self):
        self.assertIsInstance(json.loads(self.plan("=json")), dict)


if __name__ == "__main__":
    weirlib.main()
