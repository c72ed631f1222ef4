# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What weir tells a service manager, and the unit file for one."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import weirlib
from weirlib import FOUR, TOP, WEIR, WeirTest

CHAIN = """
[source gen]
type = synth
rate = 100k

[stage busy]
type = work
input = gen

[stage end]
type = count
input = busy
"""
WATCHDOG_US = 300000


class Manager(WeirTest):
    """Listens as systemd does."""

    def setUp(self):
        super().setUp()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.said = []

    def launch(self, name, *options, environment=None, lcores=FOUR):
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        process = subprocess.Popen(
            self.command(CHAIN, options, lcores=lcores), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, cwd=self.folder, env={**os.environ, "NOTIFY_SOCKET": name, **(environment or {})})
        self.addCleanup(self.end, process)
        return process

    def listen(self, seconds, until=None):
        """What came in so long, or until a word did."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (until is None or until not in self.said):
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                self.said.append(self.socket.recv(4096).decode())
            except socket.timeout:
                pass
        return self.said

    def test_busy_manager(self):
        """It hears that all is ready once it listens."""
        name = self.path("notify")
        process = self.launch(name)
        other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(other.close)
        other.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                other.sendto(b"X", name)
        time.sleep(2)
        self.assertIn("READY=1", self.listen(20, "READY=1"))
        self.assertEqual(self.stop(process).status, 0)

    def test_life(self):
        """Ready, alive for as long as it runs, stopping; alive also while it drains."""
        process = self.launch(self.path("notify"), environment={"WATCHDOG_USEC": str(WATCHDOG_US)})
        self.assertEqual(self.listen(weirlib.TIMEOUT, "READY=1"), ["READY=1"])
        self.said.clear()
        deadline = time.monotonic() + weirlib.TIMEOUT
        while len(self.said) < 5 and time.monotonic() < deadline:
            self.listen(0.1)
        self.assertEqual(set(self.said), {"WATCHDOG=1"})
        self.assertGreaterEqual(len(self.said), 5)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.listen(weirlib.TIMEOUT, "STOPPING=1")[-1], "STOPPING=1")
        self.assertEqual(self.collect(process).status, 0)
        self.assertNotIn("READY=1", self.said)

    def test_stuck(self):
        """A stage that does not return is no sign of life, though the main thread has one."""
        process = self.launch(self.path("notify"), "-s", "busy.cycles=1000000000", "-s", "gen.rate=100M", "-s",
                              "pipeline.burst=256", environment={"WATCHDOG_USEC": str(WATCHDOG_US)})
        self.listen(weirlib.TIMEOUT, "READY=1")
        said = ""
        while "has made no pass for" not in said:
            line = process.stderr.readline()
            self.assertTrue(line, said)
            said += line
        # What it took first may have been a few events.
        self.listen(2)
        self.said.clear()
        self.assertEqual(self.listen(5 * WATCHDOG_US / 1e6), [])

    def test_abstract(self):
        """Without a watchdog there is nothing but the beginning and the end; nor with another's."""
        for environment in ({}, {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}):
            self.socket.close()
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.said.clear()
            process = self.launch("@weir-test-%d" % os.getpid(), "-t", "0.5", environment=environment)
            self.assertEqual(self.collect(process).status, 0)
            self.assertEqual(self.listen(0.2), ["READY=1", "STOPPING=1"])

    def test_nobody(self):
        """A socket that is not there, or that is no name of one, does not hinder."""
        for name in ("/nowhere/notify", "", "/", "x" * 200):
            run = subprocess.run(self.command(CHAIN, ["-t", "0.1"]), capture_output=True, text=True,
                                 cwd=self.folder, env={**os.environ, "NOTIFY_SOCKET": name,
                                                       "WATCHDOG_USEC": "1000"}, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_full(self):
        """A manager that does not read is not waited for."""
        process = self.launch(self.path("notify"), "-t", "1", environment={"WATCHDOG_USEC": "3000"})
        self.assertEqual(self.collect(process).status, 0)


class Unit(WeirTest):
    UNIT = os.path.join(TOP, "config/weir.service")

    def line(self, key):
        with open(self.UNIT, encoding="utf-8") as file:
            return re.findall("^%s=(.*)$" % key, file.read(), re.MULTILINE)

    def test_verify(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd-analyze")
        with open(self.UNIT, encoding="utf-8") as file:
            text = file.read()
        text = text.replace("/usr/local/bin/weir-preflight", os.path.join(TOP, "scripts/preflight.sh"))
        text = text.replace("/usr/local/bin/weir ", WEIR + " ")
        with tempfile.NamedTemporaryFile("w", suffix=".service", dir=self.folder) as file:
            file.write(text)
            file.flush()
            done = subprocess.run(["systemd-analyze", "--man=no", "verify", file.name], capture_output=True,
                                  text=True, check=False)
        said = [line for line in done.stderr.splitlines() if os.path.basename(file.name) in line]
        self.assertEqual(said, [])

    def test_command(self):
        """What the unit gives weir is what weir takes: but for the pipeline, which is the example's."""
        given = self.line("Environment")
        self.assertEqual(len(given), 1)
        words = given[0].strip('"').partition("=")[2].split()
        split = words.index("--")
        own = ["" if word == "/etc/weir/weir.ini" else word for word in words[split + 1:]]
        own[own.index("")] = os.path.join(TOP, "config/nic.ini")
        done = self.plain(["--no-huge", "-m", "64", "--no-pci", "--file-prefix", self.prefix(), "--",
                           *own, "--check"])
        self.assertEqual(done.status, 0, str(done))

    def test_runtime_folder(self):
        """EAL takes the folder that the unit names, where another weir is told of."""
        os.mkdir(self.path("run"))
        env = {**os.environ, "RUNTIME_DIRECTORY": self.path("run")}
        pipeline = self.write("pipeline.ini", CHAIN)
        arguments = ["--no-huge", "--no-pci", "-m", "64", "--lcores", "0@0", "--file-prefix", "unit", "--",
                     "-c", pipeline]
        process = subprocess.Popen([WEIR, *arguments, "-t", "60"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, cwd=self.folder, env=env)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + weirlib.TIMEOUT
        socket_path = self.path("run/dpdk/unit/dpdk_telemetry.v2")
        while not os.path.exists(socket_path) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(os.stat(os.path.dirname(socket_path)).st_mode & 0o777, 0o700)
        done = self.plain(arguments, env=env)
        self.assertEqual(done.status, 3, str(done))
        self.assertIn("process %d has %s" % (process.pid, self.path("run/dpdk/unit")), done.err)


if __name__ == "__main__":
    weirlib.main()
