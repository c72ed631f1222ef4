# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""DPDK's own tools beside a running weir: they join as secondary processes, and may end as they like."""
import shutil
import subprocess
import time

import weirlib
from huge import HugeTest
from weirlib import THREE, WATCHER

PORT = """\
[source in]
device = net_null0
[stage end]
type = count
input = in
"""

READ = """\
[source in]
type = pcap
path = %s
[stage end]
type = count
input = in
"""

PATIENCE = 60  # seconds
# Where neither the kernel nor a sanitizer puts anything of its own: a process that joins must find the same
# addresses free.
BASE = "--base-virtaddr=0x200000000000"


class Beside(HugeTest):
    def setUp(self):
        super().setUp()
        for tool in ("dpdk-dumpcap", "dpdk-proc-info"):
            if shutil.which(tool) is None:
                self.skipTest("there is no %s here" % tool)

    def tool(self, process, name, *arguments):
        """The command of a tool that joins."""
        prefix = process.args[process.args.index("--file-prefix") + 1]
        return [name, "--file-prefix=" + prefix, *arguments]

    def received(self, process):
        """What weir has received; None: it does not answer yet."""
        answer = self.ask(process, "/weir/ledger")
        return answer.get("received") if answer else None

    def moves(self, process):
        """Wait until more has been received than now."""
        end = time.monotonic() + PATIENCE
        first = None
        while time.monotonic() < end and process.poll() is None:
            now = self.received(process)
            if first is not None and now is not None and now > first:
                return
            first = now if first is None else first
            time.sleep(0.05)
        self.fail("nothing is received:\n" + str(self.collect(process)))

    def run_tool(self, process, *arguments):
        done = subprocess.run(self.tool(process, *arguments), capture_output=True, text=True,
                              errors="replace", timeout=PATIENCE, cwd=self.folder, check=False)
        return done.returncode, done.stdout + done.stderr

    def killed(self, process, *arguments):
        """Start a tool, and kill it once it has written something."""
        path = self.path("killed.pcapng")
        with open(self.path("killed.txt"), "wb") as told:
            tool = subprocess.Popen(self.tool(process, *arguments, "-w", path), stdout=told,
                                    stderr=told, cwd=self.folder)
        self.addCleanup(tool.wait)
        self.addCleanup(tool.kill)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self.size(path) and tool.poll() is None:
            time.sleep(0.01)
        self.assertIsNone(tool.poll())
        self.assertTrue(self.size(path))
        tool.kill()
        tool.wait()

    @staticmethod
    def size(path):
        try:
            with open(path, "rb") as file:
                return len(file.read(4096))
        except OSError:
            return 0

    def test_beside(self):
        """Figures and packets are had from outside; a reader that is killed costs nothing."""
        with self.hugepages(512) as folder:
            memory = ["--no-pci", "--huge-dir", folder, BASE, "--vdev", "net_null0"]
            process = self.start(PORT, lcores=THREE, memory=memory)
            self.moves(process)
            status, text = self.run_tool(process, "dpdk-proc-info", "--", "--xstats")
            self.assertEqual(status, 0, text)
            self.assertIn("rx_good_packets", text)
            path = self.path("some.pcapng")
            status, text = self.run_tool(process, "dpdk-dumpcap", "-i", "net_null0", "-c", "40", "-w",
                                         path)
            self.assertEqual(status, 0, text)
            self.moves(process)
            self.killed(process, "dpdk-dumpcap", "-i", "net_null0")
            self.moves(process)
            run = self.stop(process)
            self.assertEqual(run.status, 0, str(run))
        run = self.run_ok(READ % path)
        self.assertGreaterEqual(run.report["ledger"]["received"], 40)

    def test_watcher(self):
        """The example that joins: it sees the pool and the port, and asks for the ledger."""
        with self.hugepages(512) as folder:
            memory = ["--no-pci", "--huge-dir", folder, BASE, "--vdev", "net_null0"]
            process = self.start(PORT, lcores=THREE, memory=memory)
            self.moves(process)
            engine = self.ask(process, "/weir/list")[0]
            status, text = self.run_tool(process, WATCHER, "--proc-type", "secondary", "--huge-dir",
                                         folder, BASE, "--no-pci", "--", engine)
            self.assertEqual(status, 0, text)
            for what in r"pool \S+: \d+ of \d+ in use", r"port 0: ipackets \d+", '"received": ?[1-9]':
                self.assertRegex(text, what)
            self.moves(process)
            run = self.stop(process)
            self.assertEqual(run.status, 0, str(run))

    def test_alone(self):
        """No process can join --in-memory, and none need be able to."""
        with self.hugepages():
            run = self.run_ok(PORT, "-n", "1000", memory=["--no-pci", "--in-memory", "--vdev",
                                                          "net_null0"])
            self.assertNotIn("dumpcap", run.err)


if __name__ == "__main__":
    weirlib.main()
