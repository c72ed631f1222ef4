# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Whole programs that read captures, weir among them, for benchmarks that compare them."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/integration"))
import sides  # noqa: E402
import weirlib  # noqa: E402

TIMEOUT = 240

MAKE = """
[pipeline]
name = make
[source gen]
type = synth
flows = 10k
malformed = 0%
[stage out]
type = tx
device = net_pcap0
input = gen
[link gen out]
on_full = block
"""


class Weir:
    """The binary, with a folder of its own. `plugin`: a stage of the benchmarks that it loads."""

    def __init__(self, name, build, folder, plugin=None):
        self.binary = os.path.join(build, "app/weir/weir")
        self.name, self.folder, self.runs = name, folder, 0
        self.loaded, self.guarded = [], None
        if plugin is not None:
            self.load(os.path.join(build, plugin))
        self.report = os.path.join(folder, "report.json")

    def load(self, plugin):
        base = weirlib.guarded_folder()
        if base is None:
            sys.exit("every folder here may be written by everybody: EAL loads no plug-in")
        self.guarded = tempfile.mkdtemp(prefix="weir-bench-", dir=base)
        self.loaded = ["-d", shutil.copy(plugin, self.guarded)]

    def close(self):
        if self.guarded is not None:
            shutil.rmtree(self.guarded, ignore_errors=True)

    def run(self, pipeline, lcores, arguments=(), options=()):
        """Seconds, what it wrote on stdout, its report."""
        path = os.path.join(self.folder, "pipeline.ini")
        with open(path, "w", encoding="utf-8") as file:
            file.write(pipeline)
        self.runs += 1
        prefix = "weir-bench-%s-%d-%d" % (self.name, os.getpid(), self.runs)
        command = [self.binary, "--no-huge", "-m", "256", "--no-pci", "--no-telemetry",
                   "--file-prefix", prefix, "--lcores", lcores, *self.loaded,
                   *arguments, "--", "-c", path, "-r", self.report, *options]
        seconds, out = timed(command)
        shutil.rmtree(weirlib.runtime_folder(prefix), ignore_errors=True)
        with open(self.report, encoding="utf-8") as file:
            return seconds, out, json.load(file)


def timed(command):
    begin = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", timeout=TIMEOUT,
                          check=False)
    seconds = time.perf_counter() - begin
    if done.returncode != 0:
        sys.exit("status %d: %s\n%s" % (done.returncode, " ".join(command),
                                              done.stderr[-2000:]))
    return seconds, done.stdout


def tool(name, at_most, arguments):
    """A program, where it is installed. `at_most`: aims of weir's figures to its time."""
    def run():
        seconds, _ = timed([path] + arguments)
        return {"time": seconds, **({"engine": seconds} if "engine" in at_most else {})}
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    return sides.Side(name, run, None if path else "not installed",
                      at_most=at_most)


def make_capture(weir, capture, packets):
    weir.run(MAKE, weirlib.THREE, ["--vdev", "net_pcap0,tx_pcap=" + capture],
             ["-n", str(packets)])
    print("%d packets, %.0f MB" % (packets, os.path.getsize(capture) / 1e6))


def compare_programs(doc, name, packets, compare, plugin=None):
    """The main() of a benchmark: compare(given, weir, folder) makes the capture and runs the cases."""
    parser = sides.parser(doc.split("\n")[0])
    parser.add_argument("--packets", type=int, default=packets, metavar="N")
    parser.add_argument("--build", default=os.path.join(TOP, "build"), metavar="FOLDER")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        weir = Weir(name, given.build, folder, plugin)
        try:
            compare(given, weir, folder)
        finally:
            weir.close()
