# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The examples, built as an outsider would: against the installed library, by pkg-config."""
import shutil

import pcap
import prefixed
import weirlib
from weirlib import EMBED, WeirTest
from test_eal import SAMPLE

PORTSCAN = """\
[source file]
type = pcap
path = %s
[stage scan]
type = portscan
input = file
capacity = %d
events = none
[stage scanner]
type = count
input = scan.flows
[stage rest]
type = count
input = scan.packets
"""

BATCH = """\
[source gen]
type = synth
[stage gather]
type = batch
input = gen
most = 300
delay = 1ms
[stage end]
type = count
input = gather
"""


class Embed(WeirTest):
    def test_of_the_build(self):
        prefixed.run_embed(self, EMBED)


class Installed(prefixed.Prefixed):
    def test_plugin(self):
        built = self.compile("mystage.c", "libmystage.so", "-shared", "-fPIC",
                             *self.pkg_config("--cflags", "--libs", "weir"))
        plugin = shutil.copy(built, self.guarded_folder())
        run = self.run_ok(SAMPLE, "-n", "4000", eal=["-d", plugin])
        self.assertEqual(self.node(run, "picked")["in"], 1000)

    def test_batch(self):
        """Held events are planned for, and none is left: at a stop, nor when no more come to fill a batch."""
        built = self.compile("batch.c", "libbatch.so", "-shared", "-fPIC",
                             *self.pkg_config("--cflags", "--libs", "weir"))
        plugin = shutil.copy(built, self.guarded_folder())
        run = self.run_ok(BATCH, "-n", "4000", eal=["-d", plugin])
        self.assertEqual(self.node(run, "end")["in"], 4000)
        run = self.run_ok(BATCH, "-n", "1001", "--exit-when-idle", "50", eal=["-d", plugin])
        self.assertEqual(self.node(run, "end")["in"], 1001)

    def test_portscan(self):
        """Somebody tries 500 ports of whom nobody answers; 200 others are answered."""
        frames = []
        for port in range(500):
            frames.append(pcap.tcp(40000, 1000 + port, flags=2, data=b""))
            if port < 200:
                syn = pcap.tcp(1000, 80, flags=2, data=b"")
                ends = bytes([10, 0, port, 1]), bytes([10, 1, 0, 2])
                frames.append(syn[:26] + ends[0] + ends[1] + syn[34:])
                frames.append(syn[:26] + ends[1] + ends[0] + syn[36:38] + syn[34:36] + syn[38:])
        with open(self.path("scan.pcap"), "wb") as file:
            file.write(pcap.pcap(frames))
        built = self.compile("portscan.c", "libportscan.so", "-shared", "-fPIC",
                             *self.pkg_config("--cflags", "--libs", "weir"))
        plugin = shutil.copy(built, self.guarded_folder())
        for flows, told in (1000, 5), (64, 0):
            run = self.run_ok(PORTSCAN % (self.path("scan.pcap"), flows), "--exit-when-idle", "50",
                              eal=["-d", plugin])
            self.assertEqual(self.node(run, "scan")["in"], 900)
            self.assertEqual(self.node(run, "scanner")["in"], told)
            self.assertEqual(self.node(run, "rest")["in"], 900)


if __name__ == "__main__":
    weirlib.main()
