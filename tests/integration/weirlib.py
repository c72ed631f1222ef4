# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Runs the real weir and holds its report to the ledger. What the integration tests share.

Environment, set by meson: WEIR, the binary; WEIR_TOP, the source folder; WEIR_BUILD, the build
folder; WEIR_PLUGIN, the example stage; WEIR_EMBED, WEIR_L3FWD, WEIR_ADOPT and WEIR_WATCHER, the example
applications.
"""
import ctypes
import glob
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

TOP = os.environ.get("WEIR_TOP") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("WEIR_BUILD") or os.path.join(TOP, "build")
WEIR = os.environ.get("WEIR") or os.path.join(BUILD, "app/weir/weir")
PLUGIN = os.environ.get("WEIR_PLUGIN") or os.path.join(BUILD, "app/examples/libmystage.so")
EMBED = os.environ.get("WEIR_EMBED") or os.path.join(BUILD, "app/examples/embed")
WATCHER = os.environ.get("WEIR_WATCHER") or os.path.join(BUILD, "app/examples/watcher")
L3FWD = os.environ.get("WEIR_L3FWD") or os.path.join(BUILD, "app/examples/l3fwd")
ADOPT = os.environ.get("WEIR_ADOPT") or os.path.join(BUILD, "app/examples/adopt")
SERVICE = os.environ.get("WEIR_SERVICE") or os.path.join(BUILD, "app/examples/service")
SANITIZED = bool(os.environ.get("WEIR_TEST_SANITIZED"))

TIMES = ("busy", "others", "idle", "spin", "blocked", "sleep")  # where a worker's goes

SKIP = 77  # what meson takes as skipped
TIMEOUT = 60  # seconds for one run
CPUS = sorted(os.sched_getaffinity(0))
MEMORY = ["--no-huge", "-m", "512", "--no-pci"]
ONE = "0@%d" % CPUS[0]
TWO = "0@%d,1@%d" % (CPUS[0], CPUS[-1])
THREE = "0@%d,1@%d,2@%d" % (CPUS[0], CPUS[0], CPUS[-1])
FOUR = "0@%d,1@%d,2@%d,3@%d" % (CPUS[0], CPUS[-1], CPUS[0], CPUS[-1])

# What a port receives is counted, and none of it lost.
RECEIVE = """\
[source in]
device = %s
[stage end]
type = count
input = in
[link in end]
on_full = block
"""

_prefixes = itertools.count()


def runtime_folder(name):
    """Where EAL keeps the files of that prefix."""
    if os.getuid() == 0:
        return "/var/run/dpdk/" + name
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "dpdk", name)


def guarded(folder):
    """Whether only its owner may write that folder and those above: EAL loads from no other."""
    folder = os.path.realpath(folder)
    while True:
        if not os.path.isdir(folder) or os.stat(folder).st_mode & 0o002:
            return False
        if folder == "/":
            return True
        folder = os.path.dirname(folder)


def guarded_folder():
    """A folder out of which EAL loads shared objects; None where there is none."""
    for folder in (BUILD, os.environ.get("XDG_RUNTIME_DIR"), os.path.expanduser("~"), "/run"):
        if folder and os.access(folder, os.W_OK) and guarded(folder):
            return folder
    return None


class Run:
    """One finished run."""

    def __init__(self, command, status, out, err, report):
        self.command, self.status, self.report = command, status, report
        self.out, self.err = out or "", err or ""

    def __str__(self):
        return "%s\nstatus %s\n%s\n%s" % (" ".join(self.command), self.status, self.out[-3000:],
                                          self.err[-3000:])


CLONE_NEWNET = 0x40000000


def own_network():
    """The process gets a network namespace that ends with it: None, or why it cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) == 0:
        return None
    return "no network namespace: " + os.strerror(ctypes.get_errno())


def threads_of(pid):
    """What each thread of a process is in, and how long it ran, as far as the kernel tells."""
    lines = []
    for task in sorted(glob.glob("/proc/%d/task/*" % pid)):
        try:
            texts = [open(os.path.join(task, name), encoding="utf-8").read().strip()
                     for name in ("comm", "wchan", "schedstat")]
        except OSError:
            continue
        lines.append("%s in %s, ran for %.1f s" % (
            texts[0], texts[1], int(texts[2].split()[0]) / 1e9))
    return "\n".join(lines)


def finished(command, timeout, **options):
    """As subprocess.run() of a command with its output as text; one that takes too long tells where it is."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               errors="replace", **options)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        threads = threads_of(process.pid)
        process.kill()
        out, err = process.communicate()
        raise AssertionError("%s is not over after %g s; its threads:\n%s\nit printed:\n%s%s" % (
            command, timeout, threads, out, err)) from None
    return subprocess.CompletedProcess(command, process.returncode, out, err)


class WeirTest(unittest.TestCase):
    """Has a folder of its own, runs weir, and checks what every run must keep."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="weir-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def prefix(self):
        """A --file-prefix that nobody else has; its files, which EAL leaves behind, go at the end."""
        name = "weir-test-%d-%d" % (os.getpid(), next(_prefixes))
        self.addCleanup(shutil.rmtree, runtime_folder(name), ignore_errors=True)
        return name

    def guarded_folder(self):
        """As guarded_folder(), a new one below it, gone at the end."""
        base = guarded_folder()
        if base is None:
            self.skipTest("every folder here may be written by everybody: EAL loads no plug-in")
        folder = tempfile.mkdtemp(prefix="weir-test-", dir=base)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def plugin(self):
        """The example stage where EAL loads it."""
        return shutil.copy(PLUGIN, self.guarded_folder())

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def plain(self, arguments, timeout=TIMEOUT, env=None):
        """Run weir with just these arguments."""
        command = [WEIR] + list(arguments)
        done = finished(command, timeout, cwd=self.folder, env=env)
        return Run(command, done.returncode, done.stdout, done.stderr, None)

    def command(self, pipeline, options, lcores=THREE, eal=(), memory=MEMORY):
        """The command line that runs a pipeline given as text or as a path, and its report."""
        if "\n" in pipeline:
            pipeline = self.write("pipeline.ini", pipeline)
        if os.path.exists(self.path("report.json")):
            os.unlink(self.path("report.json"))
        where = ["--lcores", lcores] if lcores else []
        return [WEIR, *memory, "--file-prefix", self.prefix(), *where, *eal, "--",
                "-c", pipeline, "-r", self.path("report.json"), *options]

    def finish(self, command, status, out, err):
        report = None
        if os.path.exists(self.path("report.json")):
            with open(self.path("report.json"), encoding="utf-8") as file:
                text = file.read()
            report = json.loads(text) if text else None
        return Run(command, status, out, err, report)

    def run_weir(self, pipeline, *options, timeout=TIMEOUT, **where):
        """Run a pipeline to its end; whatever the end, what it reports must balance."""
        command = self.command(pipeline, options, **where)
        done = finished(command, timeout, cwd=self.folder)
        run = self.finish(command, done.returncode, done.stdout, done.stderr)
        if run.report is not None:
            self.check_report(run)
        return run

    def run_ok(self, pipeline, *options, **where):
        """Run a pipeline that must end well."""
        run = self.run_weir(pipeline, *options, **where)
        self.assertEqual(run.status, 0, str(run))
        self.assertIsNotNone(run.report, str(run))
        return run

    def check_report(self, run):
        """Every equation of the ledger."""
        report, text = run.report, str(run)
        ledger = report["ledger"]
        self.assertEqual(ledger["unaccounted"], 0, text)
        self.assertEqual(ledger["in_flight"], 0, text)
        self.assertEqual(ledger["received"] + ledger["created"],
                         ledger["released"] + ledger["transmitted"] + ledger["dropped"], text)
        self.assertEqual(sum(report["drops"].values()), ledger["dropped"], text)
        for pool in report["pools"]:
            self.assertEqual(pool["leaked"], 0, text)
        for node in report["nodes"]:
            for w in node["workers"]:
                self.assertEqual(w["in"] + w["created"],
                                 w["out"] + w["released"] + w["dropped"] + w["held"],
                                 "%s of %s" % (w, node["name"]) + text)
                self.assertAlmostEqual(1, sum(w[time] for time in TIMES), delta=0.001,
                                       msg="%s of %s" % (w, node["name"]) + text)
        for link in report["links"]:
            for ring in link["rings"]:
                self.assertEqual(ring["enqueued"], ring["dequeued"] + ring["dropped_inside"],
                                 "%s %s" % (link, text))
        if run.status != 0:
            return
        last = [output.strip().splitlines()[-1:] for output in (run.out, run.err)]
        self.assertIn("unaccounted 0", str(last), text)

    def node(self, run, name):
        """Sums over the workers of a node."""
        workers = [n for n in run.report["nodes"] if n["name"] == name][0]["workers"]
        keys = ("in", "out", "created", "released", "dropped", "held")
        return {key: sum(w[key] for w in workers) for key in keys}

    def start(self, pipeline, *options, **where):
        """Start a run and leave it running."""
        command = self.command(pipeline, options, **where)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, errors="replace", cwd=self.folder)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def ask(process, command):
        """What a running weir answers on its telemetry socket; None: nothing, or not yet."""
        name = process.args[process.args.index("--file-prefix") + 1]
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as telemetry:
            try:
                telemetry.connect(os.path.join(runtime_folder(name), "dpdk_telemetry.v2"))
            except OSError:
                return None
            telemetry.recv(1024)
            telemetry.send(command.encode())
            return json.loads(telemetry.recv(1 << 16))[command.partition(",")[0]]

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def collect(self, process, timeout=TIMEOUT):
        out, err = process.communicate(timeout=timeout)
        run = self.finish(process.args, process.returncode, out, err)
        if run.report is not None:
            self.check_report(run)
        return run

    def stop(self, process, timeout=TIMEOUT):
        process.send_signal(signal.SIGINT)
        return self.collect(process, timeout)


class Result(unittest.TextTestResult):
    """Says at once, in short, why a test failed: one that runs too long is killed before unittest does."""

    def why(self, err):
        self.stream.writeln("%s: %s" % (err[0].__name__, str(err[1])[:300]))

    def addError(self, test, err):
        super().addError(test, err)
        self.why(err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.why(err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.why(err)


def main():
    """unittest's, with meson's word for a file in which everything was skipped."""
    runner = unittest.TextTestRunner(resultclass=Result, verbosity=2)
    result = unittest.main(exit=False, testRunner=runner).result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun > 0 and len(result.skipped) == result.testsRun:
        print("skipped: " + result.skipped[0][1])
        sys.exit(SKIP)
    sys.exit(0)
