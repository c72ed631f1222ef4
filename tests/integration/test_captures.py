# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Real captures, held against another program's reading of them, where ../shared has both."""
import gzip
import os
import shutil
import subprocess
import sys
import tempfile

from weirlib import SANITIZED, SKIP, THREE, TOP, WEIR, runtime_folder

ORACLE = os.path.join(TOP, "..", "shared", "oracle", "packets.py")
PCAPS = os.path.join(TOP, "..", "shared", "pcaps")
TRUTH = os.path.join(PCAPS, "truth.tsv.gz")
# A run mostly waits, for EAL to start and for the end to be sure: several go side by side.
PARTS = 4
# Left out: its fraction of a second is more than one, and its length on the wire beyond what an int
# has. Tshark reads both as signed numbers.
WITHOUT = {"fuzz-2021-06-07-c6c72a0a56.pcap"}


def split(folder):
    """The truth in parts, all frames of a capture in one."""
    paths = [os.path.join(folder, "truth%d.tsv.gz" % i) for i in range(PARTS)]
    files = [gzip.open(path, "wt") for path in paths]
    captures = {}
    with gzip.open(TRUTH, "rt", errors="replace") as truth:
        for line in truth:
            name = line.split("\t", 1)[0]
            if name in WITHOUT:
                continue
            capture = captures.setdefault(name, len(captures))
            files[capture % PARTS].write(line)
    for file in files:
        file.close()
    return paths


def start(truth):
    # Under sanitizers each run takes seconds: some will do.
    some = ["--max", "15"] if SANITIZED else []
    return subprocess.Popen([sys.executable, ORACLE, "--weir", WEIR, "--lcores", THREE,
                             "--pcaps", PCAPS, "--truth", truth, *some])


def finish(process):
    status = process.wait()
    shutil.rmtree(runtime_folder("oracle%d" % process.pid), ignore_errors=True)
    return status


def main():
    if not all(os.path.exists(path) for path in (ORACLE, PCAPS, TRUTH)):
        print("skipped: there is no ../shared with captures")
        return SKIP
    with tempfile.TemporaryDirectory() as folder:
        return max([finish(process) for process in [start(path) for path in split(folder)]])


if __name__ == "__main__":
    sys.exit(main())
