# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What weir shows is what it always showed: report, telemetry and table beside a recorded run.

Whoever reads the figures by their keys must not have to look again. Keys may be added; those that
were recorded stay, with their types, and with their values where the run determines them.
"""
import json
import os
import re
import time

import pcap
import weirlib
from weirlib import ONE, WeirTest

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded.json")

PIPELINE = """\
[pipeline]
name = recorded
[source wan]
device = net_pcap0
drop = malformed
[stage busy]
type = work
input = wan
[stage end-two]
type = count
input = busy
workers = 2
[stage out]
type = tx
input = busy
device = net_pcap1
[link wan busy]
kind = ring
ring = 256
on_full = drop-newest
[link busy end-two]
spread = round-robin
"""

FRAMES = [pcap.udp(sport=i + 1) for i in range(700)] + [pcap.tcp(sport=i + 1) for i in range(300)]
BROKEN = [pcap.tcp()[:40], pcap.tcp()[:20], pcap.udp()[:36]]

COMMANDS = ("/weir/list", "/weir/ledger", "/weir/nodes", "/weir/nodes,recorded,end-two",
            "/weir/links,recorded", "/weir/links,recorded,0", "/weir/ports", "/weir/plan",
            "/weir/watch")

# Times, and what hangs on them, on the machine and on the release: their types only.
ANY = re.compile(r"weir|dpdk|elapsed_s|memory_bytes|passes|switches|.*_ns|preempted|stolen|"
                 r"flow_seed|(busy|others|idle|spin|blocked|sleep)(_percent)?")
# Of these not even the counts: how much is measured hangs on chance.
SAMPLED = "latency"

# Columns of the table whose figures are rates and shares, by their headings.
VOLATILE = ("in/s", "out/s", "drops/s", "busy", "blocked", "sleep", "rx/s", "missed/s")


def kind(value):
    return {bool: "flag", int: "number", float: "real", str: "text", dict: "object",
            list: "list", type(None): "null"}[type(value)]


def determined(row, heading):
    """A row of the table without what its volatile columns hold, which ends where their headings
    do."""
    last = 0
    for column in re.finditer(r"no mbuf|\S+", heading):
        if column.group() in VOLATILE:
            row = row[:last] + " " * (column.end() - last) + row[column.end():]
        last = column.end()
    return row


class Recorded(WeirTest):
    maxDiff = None

    def wait(self, process):
        """Until the whole capture went through."""
        end = time.monotonic() + weirlib.TIMEOUT
        while time.monotonic() < end:
            ledger = self.ask(process, "/weir/ledger")
            if ledger and ledger["received"] == len(FRAMES + BROKEN) and not ledger["in_flight"]:
                return
            time.sleep(0.05)
        self.fail("the capture does not go through")

    def collect_all(self):
        """Report, telemetry and table of one run."""
        pcap.write(self.path("in.pcap"), FRAMES + BROKEN)
        process = self.start(PIPELINE, lcores=ONE, eal=[
            "--vdev", "net_pcap0,rx_pcap=" + self.path("in.pcap"),
            "--vdev", "net_pcap1,tx_pcap=" + self.path("out.pcap")])
        self.wait(process)
        telemetry = {command: self.ask(process, command) for command in COMMANDS}
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        return {"report": run.report, "telemetry": telemetry, "table": run.out.splitlines()}

    def same(self, was, now, where, key=""):
        """All that was there is there, and as it was."""
        self.assertEqual(kind(was), kind(now), where)
        if isinstance(was, dict):
            for name, value in was.items():
                self.assertIn(name, now, where)
                self.same(value, now[name], "%s.%s" % (where, name), name)
        elif isinstance(was, list):
            self.assertEqual(len(was), len(now), where)
            for i, (one, other) in enumerate(zip(was, now)):
                self.same(one, other, "%s[%d]" % (where, i), key)
        elif not ANY.fullmatch(key) and ".%s." % SAMPLED not in where:
            self.assertEqual(was, now, where)

    def same_table(self, was, now):
        """Line by line; a table may have got columns at its right."""
        self.assertEqual(len(was), len(now), "\n".join(now))
        heading = ""
        self.assertRegex(now[0], r"^recorded  \d+\.\d{3} s in all$")
        for old, new in list(zip(was, now))[1:]:
            if re.match("(node|link|port) ", old):
                heading = old
                self.assertTrue(new.startswith(old), new)
            elif re.match("(dropped|malformed|pool|ledger)", old):
                self.assertEqual(old, new)
            else:
                self.assertEqual(determined(old, heading), determined(new[:len(heading)].rstrip(), heading))

    def test_all(self):
        with open(RECORDED, encoding="utf-8") as file:
            was = json.load(file)
        now = self.collect_all()
        self.same(was["report"], now["report"], "report")
        for command in COMMANDS:
            self.same(was["telemetry"][command], now["telemetry"][command], command)
        self.same_table(was["table"], now["table"])


if __name__ == "__main__":
    weirlib.main()
