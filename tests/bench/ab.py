#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Two builds of weir, compared by a program of theirs in rounds that alternate.

    scripts/ab.sh [options] BUILD_A BUILD_B PROGRAM [ARGUMENT...]

PROGRAM is a benchmark (hop: BUILD/tests/bench/bench_hop), which runs one round each time and whose
figures are compared one by one; with --time, any file below the build folders (app/weir/weir),
and its time is what is compared. Each build runs its own program with its own library.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import sides  # noqa: E402

TIMEOUT = 600


def program_of(build, name):
    for path in (name, os.path.join("tests/bench", "bench_" + name)):
        path = os.path.join(build, path)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return sys.exit("ab: no program %s, nor tests/bench/bench_%s, in %s" % (name, name, build))


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", timeout=TIMEOUT,
                          check=False)
    if done.returncode != 0:
        sys.exit("ab: status %d: %s\n%s%s" % (done.returncode, " ".join(command),
                                              done.stdout[-1000:], done.stderr[-2000:]))


def run_timed(command):
    """{what: seconds}"""
    begin = time.perf_counter()
    run(command)
    return {"time, s": time.perf_counter() - begin}


def run_bench(command):
    """{case, side, metric and unit: figure} of one round."""
    with tempfile.NamedTemporaryFile(prefix="weir-ab-", suffix=".json") as file:
        run([*command, "--json", file.name, "1"])
        made = json.load(file)
    units = {m["name"]: m["unit"] for m in made["metrics"]}
    return {"%s: %s: %s, %s" % (case["name"], side["name"], metric, units[metric]):
            side[metric]["median"]
            for case in made["cases"] for side in case["sides"]
            for metric in units if metric in side}


def collect(one_round, commands, rounds):
    """[{what: figures} of A, and of B]; the first round warms up and does not count."""
    figures = [{}, {}]
    for round_ in range(rounds + 1):
        for of, command in zip(figures, commands):
            for what, figure in one_round(command).items():
                if round_ > 0:
                    of.setdefault(what, []).append(figure)
    return figures


def show(figures, rounds):
    """The table; what is shown, for the JSON."""
    a, b = figures
    shown = []
    width = max(len(what) for what in a)
    print("%-*s %12s %12s   %8s %8s %8s   %d rounds%s" %
          (width, "", "A", "B", "B / A", "q1", "q3", rounds,
           " (too few)" if rounds < sides.ROUNDS_MIN else ""))
    for what in a:
        if what not in b:
            continue
        of_a, of_b = sides.summary(a[what]), sides.summary(b[what])
        ratio = sides.ratios(b[what], a[what])
        print("%-*s %12.4g %12.4g   %8.4f %8.4f %8.4f" %
              (width, what, of_a["median"], of_b["median"], ratio["median"], ratio["q1"],
               ratio["q3"]))
        shown.append({"what": what, "a": dict(of_a, rounds=a[what]),
                      "b": dict(of_b, rounds=b[what]), "ratio": ratio})
    return shown


def compare(builds, program, arguments, rounds, one_round=run_bench):
    """Run both and print the table; what is shown."""
    commands = [[program_of(build, program), *arguments] for build in builds]
    print("A: %s\nB: %s" % tuple(" ".join(command) for command in commands))
    return show(collect(one_round, commands, rounds), rounds)


def main():
    parser = argparse.ArgumentParser(
        prog="ab.sh", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=sides.ROUNDS, metavar="N")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--time", action="store_true", help="compare the time that it takes")
    parser.add_argument("a", metavar="BUILD_A")
    parser.add_argument("b", metavar="BUILD_B")
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds is 1 or more")
    shown = compare([given.a, given.b], given.program, given.arguments, given.rounds,
                    run_timed if given.time else run_bench)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump({"a": given.a, "b": given.b, "rounds": given.rounds, "figures": shown},
                      file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
