# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""EAL's own options do what a DPDK user expects of them."""
import os

import weirlib
from huge import PAGES, HugeTest, read_number
from weirlib import CPUS, FOUR, MEMORY, THREE, WeirTest
from test_flow import CHAIN

SAMPLE = """\
[source gen]
type = synth
[stage pick]
type = sample
input = gen
every = 4
[stage picked]
type = count
input = pick.picked
[stage rest]
type = count
input = pick.rest
"""


def lcores_of(run):
    return {w["lcore"] for node in run.report["nodes"] for w in node["workers"]}


class Hugepages(HugeTest):
    def run_in(self, memory):
        run = self.run_ok(CHAIN, "-n", "20000", memory=memory)
        self.assertEqual(run.report["ledger"]["received"], 20000)

    def test_hugepages(self):
        with self.hugepages() as folder:
            self.run_in(["--no-pci", "--huge-dir", folder])

    def test_in_memory(self):
        with self.hugepages():
            self.run_in(["--no-pci", "--in-memory"])

    def test_none(self):
        if read_number(PAGES) != 0:
            self.skipTest("this machine has hugepages of its own")
        run = self.run_weir(CHAIN, "-n", "10", memory=["--no-pci"])
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("; run as root: echo ", run.err)


class Lcores(WeirTest):
    def test_l(self):
        if len(CPUS) < 2:
            self.skipTest("one CPU only")
        run = self.run_ok(CHAIN, "-n", "20000", lcores=None,
                          eal=["-l", "%d,%d" % (CPUS[0], CPUS[1])])
        self.assertLessEqual(lcores_of(run), {CPUS[0], CPUS[1]})

    def test_one(self):
        run = self.run_ok(CHAIN, "-n", "20000", lcores=None, eal=["-l", str(CPUS[0])])
        self.assertEqual(lcores_of(run), {CPUS[0]})

    def test_several_on_one_cpu(self):
        lcores = "(0-3)@%d" % CPUS[0]
        run = self.run_ok(CHAIN, "-n", "20000", lcores=lcores)
        self.assertEqual(lcores_of(run), {1, 2, 3})

    def test_main_lcore(self):
        run = self.run_ok(CHAIN, "-n", "20000", lcores=THREE, eal=["--main-lcore", "2"])
        self.assertEqual(lcores_of(run), {0, 1})

    def test_asked_for(self):
        run = self.run_ok(CHAIN, "-n", "20000", "-s", "busy.lcores=3", "-s", "end.lcores=2",
                          lcores=FOUR)
        where = {n["name"]: [w["lcore"] for w in n["workers"]] for n in run.report["nodes"]}
        self.assertEqual((where["busy"], where["end"]), ([3], [2]))


class Others(WeirTest):
    def test_file_prefix(self):
        """Two at a time need two prefixes; the second says so."""
        process = self.start(CHAIN, "-s", "gen.rate=1k")
        name = process.args[process.args.index("--file-prefix") + 1]
        config = os.path.join(weirlib.runtime_folder(name), "config")
        while not os.path.exists(config) and process.poll() is None:
            pass
        run = self.plain([*MEMORY, "--file-prefix", name, "--", "-c", self.path("pipeline.ini"),
                          "-n", "10"])
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("--file-prefix NAME", run.err)
        other = self.plain([*MEMORY, "--file-prefix", self.prefix(), "--lcores", THREE, "--",
                            "-c", self.path("pipeline.ini"), "-n", "10"])
        self.assertEqual(other.status, 0, str(other))
        self.assertEqual(self.stop(process).status, 0)

    def test_log_level(self):
        quiet = self.run_ok(CHAIN, "-n", "1000", eal=["--log-level", "lib.weir.*:error"])
        self.assertNotIn("1000 events", quiet.err)
        loud = self.run_ok(CHAIN, "-n", "1000", eal=["--log-level", "lib.weir.stage:info"])
        self.assertIn("1000 events", loud.err)

    def test_plugin(self):
        plugin = self.plugin()
        listed = self.plain(["-d", plugin, *MEMORY, "--file-prefix", self.prefix(),
                             "--", "--list-stages"])
        self.assertEqual(listed.status, 0, str(listed))
        self.assertIn("one event in so many is picked", listed.out)
        run = self.run_ok(SAMPLE, "-n", "20000", eal=["-d", plugin])
        self.assertEqual(self.node(run, "picked")["in"], 5000)
        self.assertEqual(self.node(run, "rest")["in"], 15000)

    def test_plugin_checks(self):
        path = self.write("sample.ini", SAMPLE)
        without = self.plain(["--", "-c", path, "--check"])
        self.assertEqual(without.status, 2, str(without))
        self.assertIn("sample", without.err)
        with_it = self.plain(["-d", self.plugin(), *MEMORY, "--file-prefix", self.prefix(), "--",
                              "-c", path, "--check"])
        self.assertEqual(with_it.status, 0, str(with_it))
        # Its long name, of DPDK 25.11 and newer.
        long = self.plain(["--driver-path=" + self.plugin(), *MEMORY, "--file-prefix", self.prefix(), "--",
                           "-c", path, "--check"])
        known = "--driver-path" in self.plain(["--help", "--"]).out
        self.assertEqual(long.status, 0 if known else 3, str(long))


if __name__ == "__main__":
    weirlib.main()
