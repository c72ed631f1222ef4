# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What bench.c does, for benchmarks whose sides are programs: rounds that visit every side in
turn, medians and quartiles, the reference's ratio to each side round by round, a table, JSON."""
import argparse
import json
import statistics
import sys

ROUNDS = 11
ROUNDS_MIN = 7


class Side:
    """One of the things compared: run() is one round, and gives a figure for each metric."""

    def __init__(self, name, run, skipped=None, at_least=None, at_most=None):
        self.name, self.run, self.skipped = name, run, skipped
        self.at_least, self.at_most = at_least or {}, at_most or {}
        self.figures = {}


def parser(description, **options):
    """The options that every benchmark has."""
    made = argparse.ArgumentParser(description=description, **options)
    made.add_argument("--json", metavar="FILE", help="write all figures there")
    made.add_argument("--side", metavar="TEXT", help="only the sides with TEXT in their name")
    made.add_argument("rounds", nargs="?", type=int, default=ROUNDS, metavar="ROUNDS",
                      help="%d if left out; fewer than %d are for trying out" %
                      (ROUNDS, ROUNDS_MIN))
    return made


def summary(figures):
    """As bench.c has it."""
    figures = sorted(figures)

    def quantile(share):
        return figures[int(share * (len(figures) - 1) + 0.5)]
    return {"median": statistics.median(figures), "q1": quantile(0.25), "q3": quantile(0.75),
            "min": figures[0], "max": figures[-1]}


def ratios(reference, own):
    return summary([a / b if b else 0 for a, b in zip(reference, own)])


class Bench:
    """Cases, kept for the JSON."""

    def __init__(self, name, title, metrics, given):
        self.name, self.title, self.metrics = name, title, metrics  # {metric: unit}
        self.rounds, self.json, self.only = given.rounds, given.json, given.side
        self.cases = []
        if self.rounds < 1:
            sys.exit("%s: ROUNDS is 1 or more" % name)
        print("%s: %s" % (name, title))

    def case(self, name, sides, reference=0):
        """Run the rounds; the first one warms up and does not count."""
        running = [s for s in sides if not s.skipped and (not self.only or self.only in s.name)]
        for round_ in range(self.rounds + 1):
            for side in running:
                figures = side.run()
                for metric, figure in figures.items():
                    if round_ > 0:
                        side.figures.setdefault(metric, []).append(figure)
        for metric in self.metrics:
            self.table(name, metric, sides, sides[reference])
        self.cases.append({"name": name, "reference": sides[reference].name,
                           "sides": [self.side_json(s, sides[reference]) for s in sides]})

    def table(self, name, metric, sides, reference):
        print("\n%s: %s, %s, %d rounds%s; ratio: of %s to each" %
              (name, metric, self.metrics[metric], self.rounds,
               " (too few)" if self.rounds < ROUNDS_MIN else "", reference.name))
        print("  %-34s %10s %10s %10s   %8s %8s %8s" %
              ("", "median", "q1", "q3", "ratio", "q1", "q3"))
        for side in sides:
            if side.skipped:
                print("  %-34s skipped: %s" % (side.name, side.skipped))
            elif metric in side.figures:
                print(self.row(side, metric, reference.figures.get(metric)))
        sys.stdout.flush()

    def row(self, side, metric, reference):
        own = summary(side.figures[metric])
        text = "  %-34s %10.3f %10.3f %10.3f" % (side.name, own["median"], own["q1"], own["q3"])
        if reference is None:
            return text
        ratio = ratios(reference, side.figures[metric])
        text += "   %8.3f %8.3f %8.3f" % (ratio["median"], ratio["q1"], ratio["q3"])
        if metric in side.at_least:
            met = ratio["median"] >= side.at_least[metric]
            text += "  >= %.2f %s" % (side.at_least[metric], "yes" if met else "NO")
        if metric in side.at_most:
            met = ratio["median"] <= side.at_most[metric]
            text += "  <= %.2f %s" % (side.at_most[metric], "yes" if met else "NO")
        return text

    def side_json(self, side, reference):
        made = {"name": side.name}
        if side.skipped:
            made["skipped"] = side.skipped
        for metric, figures in side.figures.items():
            made[metric] = dict(summary(figures), rounds=figures)
            if metric in reference.figures:
                made[metric]["ratio"] = ratios(reference.figures[metric], figures)
            for name, aims in (("at_least", side.at_least), ("at_most", side.at_most)):
                if metric in aims:
                    made[metric][name] = aims[metric]
        return made

    def close(self, **more):
        """Write the JSON, where it was asked for."""
        if not self.json:
            return
        made = {"bench": self.name, "title": self.title, "rounds": self.rounds,
                "metrics": [{"name": n, "unit": u} for n, u in self.metrics.items()],
                "cases": self.cases, **more}
        with open(self.json, "w", encoding="utf-8") as file:
            json.dump(made, file, indent=1)
            file.write("\n")
