#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Draws what the benchmarks write with --json, by gnuplot:

    scripts/plot.py FILE.json...

FILE.svg has a bar for each side of each case: the median, its quartiles, and the ratio of the
case's reference to that side. Of several metrics each has a file of its own, FILE-METRIC.svg.
"""
import json
import pathlib
import subprocess
import sys

ROW = 20  # pixels
# gnuplot's own, and readable for the colour-blind
REFERENCE, OTHER = "#0072b2", "#a8a8a8"


def rows_of(bench, metric):
    """What stands in the chart, from the top: headings of cases, and sides with figures."""
    rows = []
    for case in bench["cases"]:
        sides = [side for side in case["sides"] if metric in side]
        if not sides:
            continue
        rows.append({"label": case["name"], "heading": True})
        for side in sides:
            rows.append({"label": side["name"], "heading": False, **side[metric],
                         "reference": side["name"] == case["reference"]})
    return rows


def quoted(text):
    """A string of gnuplot's, taken as it is."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def enhanced(text, mark="%s"):
    """Text whose characters mean nothing to gnuplot, within a mark that does: "{/:Bold %s}"."""
    return quoted(mark % "".join("\\" + c if c in "_^{}@&~" else c for c in text))


def tic(row):
    """A label of an axis, which gnuplot takes as a format of printf()."""
    mark = "{/:Bold %s}" if row["heading"] else "%s"
    return enhanced(row["label"].replace("%", "%%"), mark)


def note(row):
    if "ratio" not in row or row["reference"]:
        return f"{row['median']:.4g}"
    return f"{row['median']:.4g}   (x {row['ratio']['median']:.2f})"


def data_of(rows, wanted):
    """Lines of: row, median, quartiles, text."""
    lines = [f"{i} {row['median']} {row['q1']} {row['q3']} {quoted(note(row))}"
             for i, row in enumerate(rows) if not row["heading"] and row["reference"] == wanted]
    return "\n".join(lines) or "NaN NaN NaN NaN \"\""


def script_of(bench, metric, rows, path):
    tics = ", ".join(tic(row) + f" {i}" for i, row in enumerate(rows))
    top = max(row["q3"] for row in rows if not row["heading"])
    height = ROW * len(rows) + 110
    pages = "hugepages" if bench.get("hugepages") else "no hugepages"
    legend = (f"{metric['name']}, {metric['unit']}: median and quartiles of {bench['rounds']} "
              f"rounds, {pages}; (x n): the blue bar is n times that")
    bars = ("'{0}' using (0):1:(0):2:($1-0.36):($1+0.36) with boxxyerror fill solid noborder "
            "lc rgb '{1}', '{0}' using 2:1:3:4 with xerrorbars pt 0 lc rgb '#303030', "
            "'{0}' using 4:1:5 with labels left offset 1,0 noenhanced font ',10'")
    return f"""
$reference << EOD
{data_of(rows, True)}
EOD
$other << EOD
{data_of(rows, False)}
EOD
set terminal svg size 860,{height} font 'sans,12' background '#ffffff'
set output {quoted(str(path))}
set label 1 {enhanced(bench['title'])} at screen 0.5,{1 - 18 / height:.4f} center
set label 2 {enhanced(legend)} at screen 0.5,{1 - 38 / height:.4f} center font ',10'
set tmargin at screen {1 - 55 / height:.4f}
set ytics ({tics}) scale 0
set yrange [{len(rows) - 0.4}:-0.6]
set xrange [0:{top * 1.25}]
set xtics nomirror
set grid xtics lc rgb '#dddddd'
set border 1
unset key
plot {bars.format('$reference', REFERENCE)}, {bars.format('$other', OTHER)}
"""


def draw(path):
    bench = json.loads(path.read_text())
    for metric in bench["metrics"]:
        rows = rows_of(bench, metric["name"])
        if not rows:
            continue
        many = len(bench["metrics"]) > 1
        svg = path.with_name(path.stem + (f"-{metric['name']}" if many else "") + ".svg")
        subprocess.run(["gnuplot"], input=script_of(bench, metric, rows, svg), text=True,
                       check=True)
        print(svg)


def main(paths):
    if not paths:
        sys.exit(__doc__)
    for path in paths:
        draw(pathlib.Path(path))


if __name__ == "__main__":
    main(sys.argv[1:])
