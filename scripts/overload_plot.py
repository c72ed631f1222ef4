#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Draws what bench_overload writes with --json, by gnuplot:

    scripts/overload_plot.py FILE.json

FILE.svg has goodput and the time in the ring over what is offered, a line for each policy.
"""
import json
import pathlib
import subprocess
import sys

# Of Okabe and Ito, readable for the colour-blind.
COLOURS = ["#000000", "#e69f00", "#56b4e9", "#009e73", "#d55e00", "#cc79a7"]


def data_of(policy, figure):
    """Lines of: load, median, quartiles."""
    return "\n".join(
        " ".join(str(value) for value in (
            load["load"], *(load[figure][part] for part in ("median", "q1", "q3"))))
        for load in policy["loads"])


def lines_of(bench, panel):
    return ", ".join(
        f"'${panel}{i}' using 1:2 with linespoints lc rgb '{COLOURS[i]}' lw 2 pt {4 + i} ps 0.8 "
        f"title '{policy['name']}', "
        f"'${panel}{i}' using 1:2:3:4 with yerrorbars lc rgb '{COLOURS[i]}' pt 0 notitle"
        for i, policy in enumerate(bench["policies"]))


def blocks_of(bench, panel, figure):
    return "\n".join(f"${panel}{i} << EOD\n{data_of(policy, figure)}\nEOD"
                     for i, policy in enumerate(bench["policies"]))


def script_of(bench, path):
    capacity = bench["capacity_mpps"]["median"]
    pages = "hugepages" if bench["hugepages"] else "no hugepages"
    title = (f"a consumer of {capacity:.3f} Mpps, a ring of {bench['ring']}: medians and quartiles "
             f"of {bench['rounds']} rounds of {bench['count_ms']} ms, {pages}")
    output = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f"""
{blocks_of(bench, "goodput", "goodput_mpps")}
{blocks_of(bench, "wait", "in_ring_p99_us")}
set terminal svg size 1000,430 font 'sans,12' background '#ffffff'
set output "{output}"
set multiplot layout 1,2 title "{title}"
set grid lc rgb '#dddddd'
set xlabel "offered, times the consumer's capacity"
set xrange [0.4:3.1]
set xtics (0.5, 1, 1.5, 2, 3) nomirror
set ytics nomirror
set border 3
set title 'goodput, Mpps'
set yrange [0:*]
set key bottom right
plot {lines_of(bench, "goodput")}
set title 'time in the ring, 99th percentile, us'
unset yrange
set logscale y
unset key
plot {lines_of(bench, "wait")}
"""


def main(paths):
    if len(paths) != 1:
        sys.exit(__doc__)
    path = pathlib.Path(paths[0])
    svg = path.with_suffix(".svg")
    bench = json.loads(path.read_text())
    subprocess.run(["gnuplot"], input=script_of(bench, svg), text=True, check=True)
    print(svg)


if __name__ == "__main__":
    main(sys.argv[1:])
