# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""How a run ends: when nothing waits any more, with descriptors closed, with a driver that does not
return, and what it leaves behind."""
import fcntl
import os
import signal
import struct
import subprocess
import threading
import time

import weirlib
from weirlib import MEMORY, ONE, SANITIZED, THREE, TWO, WEIR, WeirTest, runtime_folder
from test_flow import CHAIN
import pcap

SLOW = """\
[source in]
device = net_pcap0
[stage busy]
type = work
input = in
cycles = %d
[stage end]
type = count
input = busy
[link in busy]
on_full = block
ring = 64
"""
EVE = """\
[source in]
device = net_pcap0
[stage out]
type = eve
input = in
path = -
buffer = 64k
[link in out]
on_full = block
"""
QUEUE = """\
[source in]
device = net_pcap0
[stage end]
type = count
input = in
"""
FEW = """\
[source gen]
type = synth
[stage end]
type = count
input = gen
"""


class Exits(WeirTest):
    def capture(self, frames):
        path = self.path("in.pcap")
        pcap.write(path, [pcap.udp(sport=i % 60000 + 1) for i in range(frames)])
        return ["--vdev", "net_pcap0,rx_pcap=" + path]

    def shell(self, command, redirection, timeout=weirlib.TIMEOUT):
        """Run a command whose descriptors a shell redirects; its status, and what is left of stderr."""
        done = subprocess.run(["sh", "-c", 'exec "$@" ' + redirection, "sh", *command],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", timeout=timeout, cwd=self.folder, check=False)
        return done.returncode, done.stderr


class Idle(Exits):
    """--exit-when-idle ends a run only when nothing waits anywhere."""

    def test_blocked_source(self):
        """The source finds no room for far longer than the time that is asked."""
        run = self.run_ok(SLOW % 10000000, "--exit-when-idle", "50", eal=self.capture(160))
        self.assertEqual(run.report["ledger"]["received"], 160, str(run))

    def test_reader_that_pauses(self):
        """Lines lie in the pipe and in the sink's buffer, and frames in the file."""
        command = self.command(EVE, ["--exit-when-idle", "200", "--tables", "stderr"],
                               eal=self.capture(3000))
        with open(self.path("err"), "wb") as err:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, cwd=self.folder)
            self.addCleanup(self.end, process)
            time.sleep(2)
            lines = process.stdout.read().splitlines()
            self.assertEqual(process.wait(weirlib.TIMEOUT), 0)
        self.assertEqual(len(lines), 3000)

    def test_bytes_of_a_sink(self):
        """All events have gone, but their lines are not in the pipe: that is waited for."""
        command = self.command(EVE, ["-s", "out.buffer=4M", "--exit-when-idle", "200", "--tables",
                                     "stderr"], eal=self.capture(2000))
        with open(self.path("err"), "wb") as err:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, cwd=self.folder)
            self.addCleanup(self.end, process)
            time.sleep(2.5)
            self.assertIsNone(process.poll())
            lines = process.stdout.read().splitlines()
            self.assertEqual(process.wait(weirlib.TIMEOUT), 0)
        self.assertEqual(len(lines), 2000)

    def test_stopped_process(self):
        """What a process does not see while it is stopped does not count."""
        process = self.start(QUEUE, "--exit-when-idle", "3000", "-s", "in.device=net_ring0",
                             eal=["--vdev", "net_ring0"])
        time.sleep(1.5)
        process.send_signal(signal.SIGSTOP)
        time.sleep(4)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        self.assertEqual(self.collect(process).status, 0)

    def test_ends(self):
        """On an lcore of its own, on one that is polled, and where lcores wait long."""
        for lcores, more in ((THREE, []), (ONE, []), (TWO, ["-s", "end.idle=sleep",
                                                            "-s", "end.idle.max=20ms"])):
            began = time.monotonic()
            run = self.run_ok(QUEUE, "--exit-when-idle", "200", *more, eal=self.capture(50),
                              lcores=lcores)
            self.assertEqual(run.report["ledger"]["received"], 50)
            self.assertLess(time.monotonic() - began, 20)


# How a shell closes them, options, exit status, a phrase of stderr where that is open.
CLOSED = [
    ("<&-", [], 0, ""),
    (">&-", ["--tables", "stderr"], 0, "unaccounted 0"),
    (">&-", ["--tables", "none"], 0, ""),
    (">&-", [], 1, "cannot write to stdout"),
    (">&- 2>&-", [], 1, ""),
    ("<&- >&- 2>&-", [], 1, ""),
    ("2>&-", ["--tables", "none"], 0, ""),
    ("2>&-", ["--tables", "stderr"], 1, ""),
    (">&-", ["-r", "-"], 1, "cannot write the report"),
]


class Closed(Exits):
    """Descriptors 0 to 2, closed by the caller."""

    def test_closed(self):
        path = self.write("few.ini", FEW)
        for redirection, options, expected, phrase in CLOSED:
            with self.subTest(redirection=redirection, options=options):
                if "stderr" in options and "2>" not in redirection:
                    redirection += " 2>%s" % self.path("err")
                name = self.prefix()
                status, err = self.shell([WEIR, *MEMORY, "--file-prefix", name, "--lcores", THREE,
                                          "--", "-c", path, "-n", "1000", *options], redirection)
                if os.path.exists(self.path("err")):
                    with open(self.path("err"), encoding="utf-8", errors="replace") as file:
                        err += file.read()
                    os.unlink(self.path("err"))
                self.assertEqual(status, expected, err)
                self.assertIn(phrase, err)
                self.assertFalse(os.path.exists(runtime_folder(name)))

    def test_signal(self):
        """It is stopped as any other."""
        command = self.command(CHAIN, [])
        process = subprocess.Popen(["sh", "-c", 'exec "$@" >&-', "sh", *command],
                                   stderr=subprocess.PIPE, cwd=self.folder)
        self.addCleanup(self.end, process)
        time.sleep(2)
        links = [os.readlink("/proc/%d/fd/%d" % (process.pid, fd)) for fd in range(3)]
        self.assertEqual(links[1], "/dev/null")
        process.send_signal(signal.SIGTERM)
        err = process.communicate(timeout=20)[1]
        self.assertEqual(process.returncode, 1, err)

    def test_answers(self):
        for option in ("--version", "--help", "--list-stages"):
            status, err = self.shell([WEIR, option], ">&-")
            self.assertEqual(status, 1, err)
            self.assertIn("cannot write to stdout", err)


class Left(Exits):
    """EAL's run directory: gone with the process, but for what others have there."""

    def run_with(self, during, **where):
        process = self.start(FEW, "-t", "2", **where)
        name = process.args[process.args.index("--file-prefix") + 1]
        folder = runtime_folder(name)
        deadline = time.monotonic() + 20
        while self.ask(process, "/weir/list") is None and time.monotonic() < deadline:
            time.sleep(0.02)
        during(folder)
        run = self.collect(process)
        self.assertEqual(run.status, 0, str(run))
        return folder

    def test_nothing(self):
        folder = self.run_with(lambda folder: self.assertTrue(os.path.isdir(folder)))
        self.assertFalse(os.path.exists(folder))

    def test_others(self):
        """A file that somebody else made there, and one that he has locked, as a secondary process."""
        def during(folder):
            with open(os.path.join(folder, "notes"), "w", encoding="utf-8") as file:
                file.write("mine")
            locked = open(os.path.join(folder, "fbarray_memzone"), "rb")
            self.addCleanup(locked.close)
            fcntl.flock(locked, fcntl.LOCK_SH)
        folder = self.run_with(during)
        self.assertEqual(sorted(os.listdir(folder)), ["fbarray_memzone", "notes"])

    def test_refused_second(self):
        """One that finds the prefix in use takes nothing away."""
        def during(folder):
            before = sorted(os.listdir(folder))
            run = self.plain([*MEMORY, "--file-prefix", os.path.basename(folder), "--", "-c",
                              self.path("pipeline.ini"), "-n", "10"])
            self.assertEqual(run.status, 3, str(run))
            self.assertEqual(sorted(os.listdir(folder)), before)
        self.assertFalse(os.path.exists(self.run_with(during)))


# Whether the capture file's header is there, lcores, signals, options, a phrase of stderr.
HANGS = [
    ("set-up", False, ONE, 2, [], "of its devices there are not yet net_pcap0,rx_pcap="),
    ("read, polled", True, ONE, 2, [], "the main lcore has not returned from in[0] (ethdev)"),
    ("read, launched", True, TWO, 2, [],
     "does not return from in[0] (ethdev, port net_pcap0, driver net_pcap)"),
    ("read, no signal", True, ONE, 0, ["-t", "1"],
     "the main lcore has not returned from in[0] (ethdev)"),
]


class Hangs(Exits):
    """A driver that does not return does not keep weir."""

    def fifo(self, header):
        """A capture file that gives nothing: not even its beginning, or no packet."""
        path = self.path("fifo%d" % len(os.listdir(self.folder)))
        os.mkfifo(path)
        fd = os.open(path, os.O_RDWR)
        self.addCleanup(os.close, fd)
        if header:
            os.write(fd, struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        return ["--vdev", "net_pcap0,rx_pcap=" + path]

    def hangs(self, header, lcores, options=()):
        process = self.start(QUEUE, *options, lcores=lcores, eal=self.fifo(header))
        deadline = time.monotonic() + 30
        while header and not self.ask(process, "/weir/list") and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(4 if SANITIZED else 2)
        self.assertIsNone(process.poll())
        return process

    def test_hangs(self):
        for name, header, lcores, signals, options, phrase in HANGS:
            with self.subTest(name=name):
                process = self.hangs(header, lcores, options)
                for _ in range(signals):
                    process.send_signal(signal.SIGTERM)
                    time.sleep(0.3)
                began = time.monotonic()
                err = process.communicate(timeout=40)[1]
                self.assertEqual(process.returncode, 1, err)
                self.assertIn(phrase, err)
                self.assertLess(time.monotonic() - began, 20, err)

    def test_told(self):
        """Before anybody asks, it is said what is waited for."""
        process = self.hangs(False, ONE)
        said = ""
        threading.Timer(20, process.kill).start()
        while "a second signal ends weir" not in said:
            line = process.stderr.readline()
            self.assertTrue(line, said)
            said += line
        self.assertIn("net_pcap0,rx_pcap=", said)

    def test_third(self):
        """The third is not caught: it comes before anybody looks at the second."""
        process = self.hangs(True, TWO)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            process.send_signal(number)
            time.sleep(0.1)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, -signal.SIGINT)


# What EAL is given, and what the last line says; and what it must not say.
HINTS = [
    (["--no-huge", "-m", "64", "-a", "0000:zz:01.0"], "is no PCI address", "hugepages"),
    (["--no-huge", "-m", "64", "-a", "01:00"], "is no PCI address", "hugepages"),
    (["--no-huge", "-m", "64", "--nonsense"], "its options", "hugepages"),
    ([*MEMORY, "--vdev", "net_nothing0"], "a device of --vdev or -a", "hugepages"),
    (["--no-huge", "--no-pci", "-m", "99999999"], "what -m asks must be there", "hugepages"),
]

# `device =`, what EAL is given, what the line says, and what it must not say.
DEVICES = [
    ("0000:fe:1f.7", ["--no-pci"], "EAL was told --no-pci", "--vdev"),
    ("0000:fe:1f.7", [], "this machine has no PCI device 0000:fe:1f.7", "--vdev"),
    ("0000:fe:1f.7", ["-a", "0000:fe:1f.7"], "this machine has no PCI device", "no --vdev"),
    ("fe:1f.7", [], "this machine has no PCI device 0000:fe:1f.7", "--vdev"),
    ("net_null7", ["--no-pci", "--vdev", "net_null0"], "; no --vdev makes it; give: --vdev net_null7,", "-a"),
    ("net_pcap0", ["--no-pci", "--vdev", "net_pcap0,rx_pcap=/nowhere"],
     "--vdev net_pcap0 was given", "; give:"),
    ("lo", ["--no-pci"], "--vdev net_af_packet0,iface=lo", "-a"),
    ("thing", ["--no-pci"], "a device is a PCI address", "; give:"),
]


class Messages(Exits):
    def last(self, eal):
        path = self.write("few.ini", FEW)
        run = self.plain([*eal, "--file-prefix", self.prefix(), "--", "-c", path, "-n", "10"])
        self.assertEqual(run.status, 3, str(run))
        return run.err.strip().splitlines()[-1]

    def test_eal(self):
        for eal, phrase, never in HINTS:
            with self.subTest(eal=eal):
                line = self.last(eal)
                self.assertIn(phrase, line)
                self.assertNotIn(never, line)

    def test_folder(self):
        """No rights where the run directory would be."""
        if os.getuid() != 0:
            self.skipTest("only root can be another user")
        path = self.write("few.ini", FEW)
        os.chmod(self.folder, 0o755)
        done = subprocess.run([WEIR, *MEMORY, "--", "-c", path, "-n", "10"],
                              capture_output=True, text=True, errors="replace", timeout=30,
                              user=65534, group=65534, check=False,
                              env={**os.environ, "XDG_RUNTIME_DIR": self.folder})
        self.assertEqual(done.returncode, 3, done.stderr)
        line = done.stderr.strip().splitlines()[-1]
        self.assertIn("user 65534 may not write in %s/dpdk/rte" % self.folder, line)
        self.assertNotIn("hugepages", line)

    def test_devices(self):
        for device, eal, phrase, never in DEVICES:
            with self.subTest(device=device, eal=eal):
                run = self.run_weir(QUEUE, "-n", "10", "-s", "in.device=" + device, lcores=ONE,
                                    memory=["--no-huge", "-m", "64"], eal=eal)
                line = run.err.strip().splitlines()[-1]
                self.assertEqual(run.status, 3, str(run))
                self.assertIn(phrase, line)
                self.assertNotIn(never, line.split("; ", 1)[1])

    def test_preflight(self):
        """What is found before a start is what the start says; and no file of EAL's is left of it."""
        pipeline = self.write("queue.ini", QUEUE)
        before = set(os.listdir(weirlib.runtime_folder("")))
        for device in ("0000:fe:1f.7", "lo"):
            with self.subTest(device=device):
                options = ["-s", "in.device=" + device]
                done = self.plain(["--lcores", "0@0", "--no-huge", "-m", "64", "--", "-c", pipeline, *options,
                                   "--preflight"])
                self.assertEqual(done.status, 3, str(done))
                faults = [line.split("\t") for line in done.out.splitlines() if line[:6] == "fault\t"]
                self.assertEqual([(len(fault), fault[1]) for fault in faults], [(5, device)], str(done))
                run = self.run_weir(QUEUE, *options, lcores=ONE, memory=["--no-huge", "-m", "64"],
                                    eal=["--no-pci"] if device == "lo" else ["-a", device])
                self.assertIn("; %s; " % faults[0][2], run.err)
                self.assertTrue(run.err.strip().endswith(": " + faults[0][4]), run.err)
        done = self.plain(["--lcores", "0@0", "--no-huge", "--", "-c", self.write("few.ini", FEW),
                           "--preflight"])
        self.assertEqual(done.status, 0, str(done))
        null = ["--vdev", "net_null0"]
        for words, expected in ((["-m", "8", *null], "memory\t--no-huge has EAL take 8 MB"),
                                (["--memory-size", "8", *null], "memory\t--no-huge has EAL take 8 MB"),
                                (["-m512", *null], None),
                                (["-m", "512", "--vdev", "net_null1"], "net_null0\tno --vdev makes it"),
                                (["-m", "512", "--vdev=net_null0,copy=1"], None)):
            done = self.plain(["--lcores", "0@0", "--no-huge", *words, "--", "-c", pipeline, "-s",
                               "in.device=net_null0", "--preflight"])
            self.assertEqual(done.status, 3 if expected else 0, str(done))
            self.assertIn(expected or "", done.out)
        left = {name for name in set(os.listdir(weirlib.runtime_folder(""))) - before
                if name.startswith("preflight")}
        self.assertEqual(left, set())


if __name__ == "__main__":
    weirlib.main()
