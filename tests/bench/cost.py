#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What the sampled times cost: weir as it is beside weir built without them.

    tests/bench/cost.py [--json FILE] [--build FOLDER] [ROUNDS]

The build without (-Dsampling=false) is made in, or brought up to date, below the other. What
remains in it are the counters that the ledger is made of, and the lcore's clock while it has
nothing to do.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import ab  # noqa: E402
import sides  # noqa: E402

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
# One hop over two lcores; on one lcore, where everything that is added counts in full.
PROGRAMS = [("hop", ["--case", "pool 4095"]), ("stages", ["--case", "one lcore"])]
# Of the rate without: what sampled times may cost.
AIM = 0.99


def quietly(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit("cost: %s\n%s" % (" ".join(command), done.stdout[-3000:]))


def build_without(folder):
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        quietly(["meson", "setup", folder, TOP, "-Dsampling=false"])
    quietly(["ninja", "-C", folder])


def one_round(build):
    """{a metric's name: figure} of weir's sides in all programs."""
    figures = {}
    for program, arguments in PROGRAMS:
        made = ab.run_bench([ab.program_of(build, program), *arguments, "--side", "weir"])
        for what, figure in made.items():
            name = re.sub("[^A-Za-z0-9]+", "-", "%s %s" % (program, what)).strip("-")
            figures[name] = figure
    return figures


def main():
    parser = sides.parser(__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(TOP, "build"), metavar="FOLDER")
    given = parser.parse_args()
    without = os.path.join(given.build, "without-sampling")
    build_without(without)
    metrics = {name: "as its program gives it" for name in one_round(given.build)}
    bench = sides.Bench("cost", "weir with sampled times, and built without", metrics, given)
    bench.case("sampled times", [
        sides.Side("sampled", lambda: one_round(given.build)),
        sides.Side("without", lambda: one_round(without),
                   at_least={name: AIM for name in metrics}),
    ])
    bench.close()


if __name__ == "__main__":
    main()
