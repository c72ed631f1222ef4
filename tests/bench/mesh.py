#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What an event costs in a mesh of n sources, n workers in the middle and n ends, as n grows.

Instructions are counted by callgrind, cache lines by the model of mesh_lines.h; neither hangs on what
else the machine does. Light: each source gives a burst between two passes of the rest; saturated: every
ring in front of the middle holds a burst. Cycles of a pass that finds nothing are a median of many.
"""
import os
import re
import subprocess
import sys

import insns
import sides

TIMEOUT = 3600
METRICS = {"instructions": "an event", "lines": "an event"}


def count_lines(build):
    """{case: figures}, as bench_mesh prints them."""
    program = os.path.join(build, "tests/bench/bench_mesh")
    done = subprocess.run([program, "lines"], stdout=subprocess.PIPE, text=True, timeout=TIMEOUT,
                          env=dict(os.environ, WEIR_BENCH_NO_HUGE="1"), check=False)
    if done.returncode != 0:
        sys.exit("mesh: %s: status %d" % (program, done.returncode))
    rows = [line.split("\t") for line in done.stdout.splitlines()[1:] if "\t" in line]
    return {name: [int(figure) for figure in figures] for name, *figures in rows}


def lines_of_event(name, figures):
    """The middle reads a line of each event; a source has it already."""
    events, *lines = figures
    return sum(lines) / events + name.startswith("middle")


def split(name):
    """What is compared, and its size."""
    size = re.search(r" (\d+x\d+)", name)
    return name.replace(size.group(0), ""), size.group(1)


def rows_of(figures):
    """{what: {size: figure}}"""
    rows = {}
    for name, figure in figures.items():
        what, size = split(name)
        rows.setdefault(what, {})[size] = figure
    return rows


def show(title, rows, decimals):
    columns = sorted({size for row in rows.values() for size in row},
                     key=lambda size: int(size.split("x")[0]))
    print("\n%-42s" % title + "".join("%9s" % size for size in columns))
    for what, row in sorted(rows.items()):
        print("%-42s" % what + "".join("%9.*f" % (decimals, row[size]) if size in row else
                                       "%9s" % "-" for size in columns))


def case_of(bench, what, instructions, lines):
    made = []
    for size, figure in instructions.items():
        side = sides.Side(size, None)
        side.figures = {"instructions": [figure]}
        if size in lines:
            side.figures["lines"] = [lines[size]]
        made.append(side)
    return {"name": what, "reference": made[0].name,
            "sides": [bench.side_json(side, made[0]) for side in made]}


def main():
    parser = sides.parser(__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(insns.TOP, "build"), metavar="FOLDER")
    given = parser.parse_args()
    given.rounds = 1  # the figures repeat
    bench = sides.Bench("mesh", "what an event costs as a mesh grows", METRICS, given)
    key, left_out, counted = insns.callgrind(given.build, "bench_mesh", "all", timeout=TIMEOUT)
    moved = count_lines(given.build)
    idle = {name: figures[0] for name, figures in moved.items() if name.startswith("idle")}
    instructions = rows_of(counted)
    lines = rows_of({name: lines_of_event(name, figures) for name, figures in moved.items()
                     if name not in idle})
    print(key)
    show("instructions an event (idle: a pass)", instructions, 1)
    show("cache lines an event", lines, 2)
    show("cycles", rows_of(idle), 0)
    for why in sorted({re.sub(r"^.*?(\d+x\d+) \w+", r"\1", line) for line in left_out}):
        print("\nleft out: " + why)
    bench.cases = [case_of(bench, what, row, lines.get(what, {}))
                   for what, row in instructions.items()]
    bench.close()


if __name__ == "__main__":
    main()
