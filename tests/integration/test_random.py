# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Pipelines made up at random, ended in every way: what must hold, holds for all of them."""
import os
import random
import signal
import time

import weirlib
from weirlib import FOUR, ONE, SANITIZED, THREE, TWO, WeirTest

ROUNDS = 20 if SANITIZED else 60


LOSSY = ["drop-newest", "drop-oldest", "drop-priority", "drop-flow", "drop-late"]


class Maker:
    """Makes a pipeline of one or two sources and some stages, each reading from those before it."""

    def __init__(self, rng):
        self.rng = rng
        self.text = ["[pipeline]", "burst = %d" % rng.choice([1, 7, 32, 256])]
        self.readable = []  # names that a stage may read
        self.read = set()

    def make(self):
        for i in range(self.rng.randint(1, 2)):
            self.source("s%d" % i)
        for i in range(self.rng.randint(1, 5)):
            self.stage("t%d" % i)
        left = [name for name in self.readable if name not in self.read and name[0] == "s"]
        if left:
            self.stage("end", left)
        return "\n".join(self.text) + "\n"

    def source(self, name):
        self.text += ["[source %s]" % name, "type = synth", "flows = 100",
                      "queues = %d" % self.rng.randint(1, 2),
                      "malformed = %d%%" % self.rng.choice([0, 1, 30])]
        if self.rng.random() < 0.3:
            self.text.append("drop = malformed")
        self.readable.append(name)

    def stage(self, name, inputs=None):
        if not inputs:
            inputs = self.rng.sample(self.readable, self.rng.randint(1, min(2, len(self.readable))))
        kind = self.rng.choice(["work", "count"])
        self.text += ["[stage %s]" % name, "type = " + kind, "input = " + ", ".join(inputs),
                      "workers = %d" % self.rng.randint(1, 3),
                      "idle = " + self.rng.choice(["auto", "spin", "pause", "exponential",
                                                   "yield", "sleep"])]
        if kind == "work":
            self.text.append("cycles = %d" % self.rng.choice([0, 100, 3000]))
        for source in inputs:
            self.link(source, name)
        self.read.update(inputs)
        self.readable.append(name)

    def link(self, source, name):
        self.text += ["[link %s %s]" % (source, name),
                      "kind = " + self.rng.choice(["auto", "auto", "ring"]),
                      "ring = %d" % self.rng.choice([512, 1024, 4096]),
                      "spread = " + self.rng.choice(["flow", "flow", "round-robin", "copy"]),
                      "on_full = " + self.rng.choice(["auto", "block"] + LOSSY),
                      "deadline = 1ms",
                      "gap_markers = " + self.rng.choice(["on", "off"]),
                      "full = " + self.rng.choice(["auto", "exponential", "yield", "sleep"])]


class Random(WeirTest):
    def one(self, rng):
        text = Maker(rng).make()
        lcores = rng.choice([ONE, TWO, THREE, FOUR])
        if rng.random() < 0.7:
            packets = rng.choice([1, 31, 1000, 20000])
            run = self.run_ok(text, "-n", str(packets), lcores=lcores)
            self.assertEqual(run.report["ledger"]["received"], packets, str(run))
        else:
            process = self.start(text, "-t", "20", lcores=lcores)
            time.sleep(0.4 + rng.random() / 2)
            process.send_signal(rng.choice([signal.SIGINT, signal.SIGTERM]))
            run = self.collect(process)
            self.assertEqual(run.status, 0, str(run))
        if "= drop-" not in text and "drop = " not in text:
            self.assertEqual(run.report["ledger"]["dropped"], 0, str(run))

    def test_random(self):
        seed = int(os.environ.get("WEIR_TEST_SEED") or time.time_ns() % 1000000)
        print("WEIR_TEST_SEED=%d" % seed)
        for number in range(ROUNDS):
            with self.subTest(seed=seed, number=number):
                self.one(random.Random("%d.%d" % (seed, number)))


if __name__ == "__main__":
    weirlib.main()
