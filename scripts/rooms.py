#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The rooms of lib/: what stands in each, whom it uses, and which of its files go in a circle.

    scripts/rooms.py [--check] [--floors] [--at COMMIT] [TOP FOLDER]

A file uses another where it names a function or a table of that, outside comments. A circle is a set of files
each of which uses every other, perhaps by way of third ones. By the house's format a function's
name stands at the beginning of a line. --at looks at the files of a commit.

With --check nothing is printed but what is wrong, and the exit status is 1 then: a room that uses
one above it, a circle of more than 6 files, a function of more than 60 lines.
"""
import argparse
import os
import re
import subprocess
import sys

# From the ground up; rooms of one line may use each other.
FLOORS = ["event stats", "parse link match", "flow view", "source stage", "sink", "pipeline plan",
          "loop", "engine", "watch", "telemetry"]
CIRCLE_MAX = 6
FUNCTION_MAX = 60
# What a room above defines for one below: a room that is told of others names them here alone.
DOORS = {"engine_onlookers"}

COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
WORD = re.compile(r"\b[A-Za-z_]\w*")
TAG = re.compile(r"\b(?:struct|enum|union)\s+\w+")
FUNCTION = re.compile(r"^([a-z]\w*)\((?:(?!\n\n)[^;{}])*\)\n\{", re.MULTILINE)
TABLE = re.compile(r"^(?!static\b|extern\b|typedef\b|(?:struct|union|enum) \w+;)\w[\w *]*\b(\w+)"
                   r"(?:\[\w*\])*(?: = |;$)", re.MULTILINE)


class File:
    """One file of lib/: what it defines, and the words in it."""

    def __init__(self, path, text):
        self.path = path
        self.room = path.split("/")[1]
        self.lines = text.count("\n")
        code = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
        self.words = set(WORD.findall(TAG.sub(" ", code)))
        self.functions = {}  # by name: whether others may call it, and its lines
        for match in FUNCTION.finditer(code):
            before = code[:match.start()].rstrip("\n").rpartition("\n")[2]
            end = code.find("\n}", match.end())
            self.functions[match.group(1)] = ("static" not in before.split(),
                                              code[match.end():end].count("\n"))

        self.tables = set(TABLE.findall(code))

    def shared(self):
        return self.tables | {name for name, (public, _) in self.functions.items() if public}


def read_tree(top, commit):
    """The files of lib/ by their paths."""
    if commit is None:
        paths = [os.path.relpath(os.path.join(folder, name), top)
                 for folder, _, names in os.walk(os.path.join(top, "lib")) for name in names]
    else:
        paths = subprocess.run(["git", "ls-tree", "-r", "--name-only", commit, "lib"], cwd=top,
                               capture_output=True, text=True, check=True).stdout.split()
    files = {}
    for path in sorted(p for p in paths if p.endswith((".c", ".h")) and p.count("/") == 2):
        if commit is None:
            with open(os.path.join(top, path), encoding="utf-8") as file:
                text = file.read()
        else:
            text = subprocess.run(["git", "show", "%s:%s" % (commit, path)], cwd=top,
                                  capture_output=True, text=True, check=True).stdout
        files[path] = File(path, text)
    return files


def find_uses(files):
    """For each file, the others whose functions it names."""
    owner = {name: f for f in files.values() if f.path.endswith(".c") for name in f.shared()}
    return {f.path: {owner[w].path for w in f.words & owner.keys() - DOORS if owner[w] is not f}
            for f in files.values()}


def find_circles(paths, uses):
    """Strongly connected sets of more than one of these files, by Tarjan's algorithm."""
    number, low, stack, circles = {}, {}, [], []

    def visit(path):
        number[path] = low[path] = len(number)
        stack.append(path)
        for other in uses[path] & paths:
            if other not in number:
                visit(other)
            if other in stack:
                low[path] = min(low[path], low[other])
        if low[path] == number[path]:
            circle = set(stack[stack.index(path):])
            del stack[stack.index(path):]
            if len(circle) > 1:
                circles.append(circle)

    for path in sorted(paths):
        if path not in number:
            visit(path)
    return circles


def floor_of(room):
    for i, floor in enumerate(FLOORS):
        if room in floor.split():
            return i
    return None


def names(paths):
    return " ".join(sorted(os.path.basename(p) for p in paths))


class House:
    """All rooms, and who uses whom."""

    def __init__(self, files):
        self.files = files
        self.uses = find_uses(files)
        self.rooms = sorted({f.room for f in files.values()},
                            key=lambda r: (floor_of(r) is None, floor_of(r), r))

    def paths(self, room):
        return {f.path for f in self.files.values() if f.room == room}

    def used(self, room):
        """Other rooms that a room uses."""
        return {self.files[to].room for path in self.paths(room) for to in self.uses[path]} - {room}

    def circles(self, room):
        return find_circles(self.paths(room), self.uses)

    def show(self):
        print("%-10s %5s %6s %8s  %s" % ("room", "files", "lines", "circles", "uses"))
        for room in self.rooms:
            paths, circles = self.paths(room), self.circles(room)
            print("%-10s %5d %6d %8s  %s" % (
                room, len(paths), sum(self.files[p].lines for p in paths),
                "+".join(str(len(c)) for c in circles) or "-", " ".join(sorted(self.used(room)))))
        for room in self.rooms:
            for circle in self.circles(room):
                print("circle of %d in %s: %s" % (len(circle), room, names(circle)))

    def faults(self):
        if not self.files:
            yield "lib/ has no files"
        for room in self.rooms:
            if floor_of(room) is None:
                yield "lib/%s has no floor: add it to those of %s" % (room, sys.argv[0])
                continue
            for other in sorted(self.used(room)):
                if floor_of(other) is not None and floor_of(other) > floor_of(room):
                    yield "lib/%s uses lib/%s, which stands above it" % (room, other)
            for circle in self.circles(room):
                if len(circle) > CIRCLE_MAX:
                    yield "lib/%s: %d files in a circle: %s" % (room, len(circle), names(circle))
        for file in self.files.values():
            for name, (_, lines) in file.functions.items():
                if lines > FUNCTION_MAX:
                    yield "%s: %s() has %d lines" % (file.path, name, lines)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    args = argparse.ArgumentParser(description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--check", action="store_true")
    args.add_argument("--floors", action="store_true", help="print those alone")
    args.add_argument("--at", metavar="COMMIT")
    args.add_argument("top", nargs="?", default=os.path.join(here, ".."))
    given = args.parse_args()
    if given.floors:
        print(" ".join(floor.replace(" ", ",") for floor in FLOORS))
        return 0
    house = House(read_tree(given.top, given.at))
    if not given.check:
        house.show()
        return 0
    found = list(house.faults())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
