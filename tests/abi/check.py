#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Hold the binary interface of a libweir to the dump that is kept in libweir.abi.

    tests/abi/check.py [--update] LIBRARY [HEADERS]

LIBRARY has debug information, and was built with the public headers in the folder HEADERS, which
ends in include/weir (the project's own where left out). Programs that were built before must go on: symbols may be added; a struct that
begins with its size may get members at its end, and so may one whose size is told beside it or
which the library alone makes; an enum may get values, which moves its ..._MAX
alone. Everything else that abidiff (abigail-tools) finds is printed, and the exit status is 1.
--update writes the dump instead.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = os.path.join(HERE, "libweir.abi")
PUBLIC = os.path.join(HERE, "../../include/weir")

# What no public header defines is opaque, and DPDK's is DPDK's.
PRIVATE = r"""[suppress_type]
  source_location_not_regexp = include/weir/[a-z]*\.h$
  drop = yes
"""

# Tables of these are walked by the step that their user's headers had; the others are only read.
GROWABLE = {"weir_param", "weir_source_type", "weir_figure"}

# A type that changed begins a block; what is indented below it says how.
BLOCK = re.compile(r"^'(struct|enum|union) (\w+)[^']*' changed:$")
SIZE = re.compile(r"^type size changed from (\d+) to (\d+) \(in bits\)$")
INSERTED = re.compile(r"^'.*', at offset (\d+) \(in bits\)")
MOVED_MAX = re.compile(r"^'\w+::\w+_MAX' from value '\d+' to '\d+'")
HARMLESS = re.compile(r"^(\d+ (data member|enumerator) insertions?:|\d+ enumerator changes?:|"
                      r"'\w+::\w+' value '\d+'.*|\d+ impacted interfaces?.*|"
                      r"type size hasn't changed|one impacted interface:|.*impacted interfaces?:|"
                      r"(function|variable) .*|)$")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stderr or done.returncode & 3:
        sys.exit("%s: %s" % (command[0], done.stderr or "status %d" % done.returncode))
    return done.stdout


def dump(library, path):
    with tempfile.NamedTemporaryFile("w", suffix=".suppr") as file:
        file.write(PRIVATE)
        file.flush()
        run("abidw", "--suppressions", file.name, "--exported-interfaces-only", "--short-locs",
            "--drop-undefined-syms", "--no-elf-needed", "--no-corpus-path", "--no-comp-dir-path",
            "--no-show-locs", "--out-file", path, library)


def growable_structs(headers):
    """Public structs that may get members at their end."""
    names = set(GROWABLE)
    for name in sorted(os.listdir(headers)):
        with open(os.path.join(headers, name), encoding="utf-8") as file:
            names.update(re.findall(r"^struct (\w+) \{\n(?:\t?\s*/\*.*?\*/\s*)*\tsize_t size;",
                                    file.read(), re.MULTILINE | re.DOTALL))
    return names


def block_fault(kind, name, lines, growable):
    """What is wrong with the way in which a type has changed; None: it may."""
    before = None
    if kind == "struct" and name not in growable:
        return "struct %s may not grow, and so must stay as it is" % name
    for line in lines:
        size, inserted = SIZE.match(line), INSERTED.match(line)
        if size:
            before = int(size.group(1))
            if kind != "struct" or int(size.group(2)) < before:
                return "%s %s: %s" % (kind, name, line)
        elif inserted:
            if before is None or int(inserted.group(1)) < before:
                return "struct %s: a member stands in the middle: %s" % (name, line)
        elif not MOVED_MAX.match(line) and not HARMLESS.match(line):
            return "%s %s: %s" % (kind, name, line)
    return None


def blocks(report):
    """(kind, name, lines) of each type that changed, and lines that belong to none."""
    found, stray = [], []
    for line in report.splitlines():
        match = BLOCK.match(line.strip()) if not line.startswith("    ") else None
        if match:
            found.append((match.group(1), match.group(2), []))
        elif found and (line.startswith("  ") or not line.strip()):
            found[-1][2].append(line.strip())
        elif line.strip() and "summary:" not in line:
            stray.append(line.strip())
    return found, stray


def compare(path, growable):
    report = run("abidiff", "--leaf-changes-only", "--no-added-syms", "--no-show-locs", KEPT, path)
    found, stray = blocks(report)
    faults = [block_fault(kind, name, lines, growable) for kind, name, lines in found]
    return [fault for fault in faults if fault is not None] + stray


def main():
    args = argparse.ArgumentParser(description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--update", action="store_true")
    args.add_argument("library")
    args.add_argument("headers", nargs="?", default=PUBLIC)
    given = args.parse_args()
    if given.update:
        dump(given.library, KEPT)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "libweir.abi")
        dump(given.library, path)
        faults = compare(path, growable_structs(given.headers))
    for fault in faults:
        print("libweir: " + fault)
    if faults:
        print("libweir: programs built before would break; if that is meant, raise the soname and "
              "write the dump anew: tests/abi/check.py --update LIBRARY")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
