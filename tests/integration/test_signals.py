# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""SIGINT and SIGTERM, once and twice, at random moments."""
import os
import random
import signal
import time

import weirlib
from weirlib import FOUR, ONE, SANITIZED, THREE, TWO, WeirTest
from test_flow import CHAIN, COPIES, DIAMOND, WIDE

NULL = """\
[source wan]
device = net_null0
[stage busy]
type = work
input = wan
workers = 2
[stage end]
type = count
input = busy
"""
ROUNDS = 8 if SANITIZED else 24


class Signals(WeirTest):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("WEIR_TEST_SEED") or time.time_ns() % 1000000)
        print("WEIR_TEST_SEED=%d" % self.seed)
        self.random = random.Random(self.seed)

    def started(self, *options, **where):
        process = self.start(*options, **where)
        # Until the command catches signals there is nothing to balance.
        deadline = time.monotonic() + 20
        while not self.catches(process.pid) and time.monotonic() < deadline:
            time.sleep(0.002)
        return process

    @staticmethod
    def catches(pid):
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            caught = [line.split()[1] for line in file if line.startswith("SigCgt")]
        return bool(int(caught[0], 16) >> (signal.SIGINT - 1) & 1)

    def ends_well(self, process):
        run = self.collect(process)
        self.assertEqual(run.status, 0, "seed %d\n%s" % (self.seed, run))
        self.assertIsNotNone(run.report, str(run))
        return run

    def test_once(self):
        for _ in range(ROUNDS):
            pipeline = self.random.choice([CHAIN, WIDE, DIAMOND, COPIES, NULL])
            process = self.started(pipeline, lcores=self.random.choice([ONE, TWO, THREE, FOUR]),
                                   eal=["--vdev", "net_null0"])
            time.sleep(self.random.random() ** 2)
            process.send_signal(self.random.choice([signal.SIGINT, signal.SIGTERM]))
            self.ends_well(process)

    def test_twice(self):
        """A second one does not wait for a slow stage."""
        for _ in range(ROUNDS // 4):
            process = self.started(CHAIN, "-s", "busy.cycles=1000000", "-s",
                                   "link gen busy.ring=16k",
                                   lcores=self.random.choice([ONE, THREE, FOUR]))
            time.sleep(1.5 + self.random.random())
            process.send_signal(signal.SIGINT)
            time.sleep(0.05 + self.random.random() / 10)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            run = self.ends_well(process)
            self.assertLess(time.monotonic() - began, 20, str(run))

    def test_stage_never_returns(self):
        """Nobody can end its lcore, but the process ends, and says who has it."""
        process = self.started(CHAIN, "-s", "busy.cycles=1000000000", "-s", "pipeline.burst=256",
                               lcores=FOUR)
        # Until the watchdog says that an lcore does not return.
        said = ""
        while "has made no pass for" not in said:
            line = process.stderr.readline()
            self.assertTrue(line, said)
            said += line
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        err = said + err
        run = self.finish(process.args, process.returncode, out, err)
        self.assertEqual(run.status, 1, str(run))
        self.assertIn("does not return from busy[0] (work)", run.err)
        self.assertIn("weir: an lcore does not return", run.err)
        in_flight = run.report["ledger"]["in_flight"]
        self.assertGreater(in_flight, 0)
        in_hand = sum(w["in"] + w["created"] - w["out"] - w["released"] - w["dropped"]
                      for node in run.report["nodes"] for w in node["workers"])
        in_rings = sum(ring["enqueued"] - ring["dequeued"] - ring["dropped_inside"]
                       for link in run.report["links"] for ring in link["rings"])
        self.assertEqual(in_flight, in_hand + in_rings)
        self.assertGreater(run.report["watch"]["stuck_lcores"], 0)

    def test_match_compiles(self):
        """libpcap takes a minute for this: a signal does not wait for it."""
        terms = " or \\\n".join("port %d" % n for n in range(1, 801))
        process = self.started("[source in]\ndevice = net_null0\nmatch = %s\n"
                               "[stage end]\ntype = count\ninput = in\n" % terms,
                               eal=["--vdev", "net_null0"])
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        run = self.collect(process, timeout=20)
        self.assertEqual(run.status, 1, str(run))
        self.assertIn("where libpcap compiles `match`, has not returned: it is left there", run.err)

    def test_reader_of_stdout_leaves(self):
        """SIGPIPE ends no run; what could not be written is said."""
        process = self.started(CHAIN, "-t", "1", "-i", "0.1")
        process.stdout.close()
        process.stdout = None
        run = self.collect(process)
        self.assertEqual(run.status, 1, str(run))
        self.assertIn("cannot write to stdout", run.err)


if __name__ == "__main__":
    weirlib.main()
