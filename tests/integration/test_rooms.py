#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""scripts/rooms.py finds what it is there to find, in a small tree made for it."""
import os
import subprocess
import sys
import tempfile
import unittest

ROOMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/rooms.py")


def function(name, uses=(), lines=0, static=False):
    calls = "".join("\t%s();\n" % other for other in uses)
    return "%svoid\n%s(void)\n{\n%s%s}\n\n" % ("static " if static else "", name, calls,
                                              "\twork;\n" * lines)


def ring_of(n):
    """n files, each of which uses the next, and the last the first."""
    return {"lib/link/f%d.c" % i: function("f%d" % i, ["f%d" % ((i + 1) % n)]) for i in range(n)}


class Rooms(unittest.TestCase):
    def rooms(self, files, *args):
        with tempfile.TemporaryDirectory() as top:
            for path, text in files.items():
                os.makedirs(os.path.join(top, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(top, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return subprocess.run([sys.executable, ROOMS, *args, top], capture_output=True,
                                  text=True, check=False)

    def refused(self, files, *words):
        run = self.rooms(files, "--check")
        self.assertEqual(run.returncode, 1, run)
        for word in words:
            self.assertIn(word, run.stdout)

    def accepted(self, files):
        run = self.rooms(files, "--check")
        self.assertEqual((run.returncode, run.stdout), (0, ""))

    def test_room_without_floor(self):
        self.refused({"lib/attic/a.c": function("a")}, "lib/attic has no floor")

    def test_room_above(self):
        self.refused({"lib/link/a.c": function("a", ["b"]), "lib/engine/b.c": function("b")},
                     "lib/link uses lib/engine")

    def test_table_above(self):
        self.refused({"lib/link/a.c": function("a", ["b"]),
                      "lib/engine/b.c": "const struct ops b = { 0 };\n"},
                     "lib/link uses lib/engine")

        self.refused({"lib/link/a.c": function("a", ["b"]), "lib/engine/b.c": "int b[4];\n"},
                     "lib/link uses lib/engine")
        self.accepted({"lib/link/a.c": function("a", ["b"]), "lib/engine/b.c": "struct b;\n"})

    def test_nothing(self):
        self.refused({}, "lib/ has no files")

    def test_long_function(self):
        self.refused({"lib/link/a.c": function("a", lines=61, static=True)}, "a() has 61 lines")

    def test_circle(self):
        self.refused(ring_of(7), "7 files in a circle")

    def test_fine(self):
        self.accepted(ring_of(6))
        self.accepted({"lib/link/a.c": function("a", lines=60),
                       "lib/engine/b.c": function("b", ["a"])})
        # A comment, a text, the tag of a struct and a static function of the same name are no use.
        self.accepted({"lib/link/a.c": "/* b() */\n" + function("a", ['x("b")', "struct b x"]),
                       "lib/engine/b.c": function("b")})
        self.accepted({"lib/link/a.c": function("a", ["b"]),
                       "lib/engine/b.c": function("b", static=True)})

    def test_shown(self):
        run = self.rooms(ring_of(3))
        self.assertEqual(run.returncode, 0)
        self.assertIn("circle of 3 in link: f0.c f1.c f2.c", run.stdout)


if __name__ == "__main__":
    unittest.main()
