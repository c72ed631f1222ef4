#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Instructions per event of a hop, the parser, meshes and flows, held to what insns.txt says.

    tests/bench/insns.py [--update] [BUILD FOLDER]

valgrind's callgrind counts what bench_insns, bench_mesh and bench_follow do, so that the figures
repeat, but for the memcpy() that the C library takes for the CPU. They are of one compiler and one
DPDK: with others, or with a build that is not a plain release, nothing is checked. Growth over 3 %
fails; --update writes what was counted.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
KEPT = os.path.join(TOP, "tests/bench/insns.txt")
GROWTH = 1.03
TRIES = 3  # where something grew: the least of so many
TIMEOUT = 900
HEAD = """\
# Instructions per event, by compiler and DPDK: tests/bench/insns.py compares with these and, by
# --update, writes them.
"""


def skip(why):
    print("insns: not checked: " + why)
    sys.exit(0)


def introspect(build, what):
    with open(os.path.join(build, "meson-info", "intro-%s.json" % what), encoding="utf-8") as file:
        return json.load(file)


def refuse_other_builds(build):
    """Only a plain release build has the figures that are kept."""
    options = {o["name"]: o["value"] for o in introspect(build, "buildoptions")}
    wanted = {"buildtype": "release", "b_sanitize": "none", "b_lto": False, "checks": False,
              "sampling": True}
    for name, value in wanted.items():
        if options.get(name, value) != value:
            skip("%s is set up with %s = %s" % (build, name, options[name]))


def totals(folder):
    """Instructions of each part that callgrind dumped, in order."""
    parts = []
    for path in glob.glob(os.path.join(folder, "out.[0-9]*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            count = re.search(r"^totals: (\d+)", file.read(), re.MULTILINE)
        parts.append((int(path.rsplit(".", 1)[1]), int(count.group(1))))
    return [count for _, count in sorted(parts)]


def callgrind(build, name, *args, timeout=TIMEOUT):
    """One run of a program: what it was built with, what it says was left out, and of each case the
    instructions per event."""
    program = os.path.join(build, "tests/bench", name)
    with tempfile.TemporaryDirectory(prefix="weir-insns-") as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=insns_counted",
             "--dump-after=insns_done", "--callgrind-out-file=%s/out" % folder, program, *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout,
            env=dict(os.environ, WEIR_BENCH_NO_HUGE="1"),
            check=False)
        parts = totals(folder)
    if done.returncode != 0:
        sys.exit("insns: %s under valgrind: status %d\n%s" % (program, done.returncode,
                                                              done.stderr[-2000:]))
    key, *lines = done.stdout.splitlines()
    cases = [line.split("\t") for line in lines if not line.startswith("#")]
    if not cases or len(cases) != len(parts):
        sys.exit("insns: %d cases, but callgrind counted %d" % (len(cases), len(parts)))
    return (key, [line for line in lines if line.startswith("#")],
            {name: total / int(events) for (name, events), total in zip(cases, parts)})


def count(build):
    """One run of each: what the build was made with, and the instructions per event of each case."""
    key, _, counted = callgrind(build, "bench_insns")
    return key, {**counted, **callgrind(build, "bench_mesh", "kept")[2],
                 **callgrind(build, "bench_follow", "kept")[2]}


def read_kept():
    """{key: {case: instructions}}"""
    kept, key = {}, None
    if not os.path.exists(KEPT):
        return kept
    with open(KEPT, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("[") and line.endswith("]"):
                key = line[1:-1]
                kept[key] = {}
            elif line and not line.startswith("#"):
                name, _, figure = line.rpartition(" = ")
                kept[key][name] = float(figure)
    return kept


def write_kept(kept):
    with open(KEPT, "w", encoding="utf-8") as file:
        file.write(HEAD)
        for key, cases in kept.items():
            file.write("\n[%s]\n" % key)
            for name, figure in cases.items():
                file.write("%s = %.2f\n" % (name, figure))


def grown(counted, kept):
    return [name for name, figure in counted.items()
            if name in kept and figure > kept[name] * GROWTH]


def show(counted, kept):
    print("%-38s %10s %10s %8s" % ("instructions per event", "kept", "counted", "ratio"))
    for name, figure in counted.items():
        if name in kept:
            print("%-38s %10.2f %10.2f %8.3f" % (name, kept[name], figure, figure / kept[name]))
        else:
            print("%-38s %10s %10.2f" % (name, "-", figure))


def judge(counted, kept):
    """0, or 1 after saying what is wrong."""
    status = 0
    for name in grown(counted, kept):
        print("insns: %s: %.2f instructions per event, %.2f are kept: grown by %.1f %%, at most "
              "%.0f %% may be; where it is worth it: tests/bench/insns.py --update" %
              (name, counted[name], kept[name], (counted[name] / kept[name] - 1) * 100,
               (GROWTH - 1) * 100))
        status = 1
    if counted.keys() != kept.keys():
        print("insns: other cases than in %s: tests/bench/insns.py --update" %
              os.path.relpath(KEPT))
        status = 1
    if status == 0 and any(counted[n] * GROWTH < kept[n] for n in counted):
        print("insns: some fell by more than 3 %: keep that by tests/bench/insns.py --update")
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--update", action="store_true", help="write what is counted")
    parser.add_argument("build", nargs="?", default=os.path.join(TOP, "build"))
    given = parser.parse_args()
    if shutil.which("valgrind") is None:
        skip("valgrind is not installed")
    refuse_other_builds(given.build)
    kept = read_kept()
    key, counted = count(given.build)
    if key not in kept and not given.update:
        skip("no figures are kept for %s, only for %s" % (key, "; ".join(kept) or "none"))
    if given.update:
        kept[key] = counted
        write_kept(kept)
    for _ in range(TRIES - 1):
        if not grown(counted, kept[key]):
            break
        again = count(given.build)[1]
        counted = {name: min(figure, again[name]) for name, figure in counted.items()}
    print(key)
    show(counted, kept[key])
    return judge(counted, kept[key])


if __name__ == "__main__":
    sys.exit(main())
