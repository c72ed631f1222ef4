#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Programs that were built before go on with a library whose structs have grown.

A copy of the library is built in which every public struct that begins with its size has one member
more at its end. What was built with the headers as they are runs with it: a plug-in and an embedder.
tests/abi/check.py lets that copy pass, and refuses one in which a member stands in the middle.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration"))
from weirlib import EMBED, SANITIZED, SKIP, TOP, WeirTest  # noqa: E402

CHECK = os.path.join(HERE, "check.py")
LIBRARY = "lib/libweir.so.0.1.0"
SONAME = "libweir.so.0"
EAL = ["--no-huge", "-m", "128", "--no-pci", "--lcores", "0@0"]

# Those that begin with their size, and one whose step is told beside it.
SIZED = re.compile(r"^struct (\w+) \{\n(?:\t?\s*/\*[^{}]*?\*/\s*)*\tsize_t size;.*?^\};|"
                   r"^struct (weir_param) \{\n.*?^\};", re.MULTILINE | re.DOTALL)
PIPELINE = """
[pipeline]
name = grown

[source gen]
type = synth

[stage pick]
type = sample
input = gen
every = 4

[stage end]
type = count
input = pick.picked, pick.rest
"""


def last(struct):
    """The struct with a member more at its end."""
    return struct[:-len("};")] + "\tuint64_t grown;\n};"


def middle(struct):
    return struct.replace("\tsize_t size;", "\tsize_t size;\n\tuint64_t between;", 1)


def change_header(path, change):
    """Have the structs of a header changed; how many."""
    with open(path, encoding="utf-8") as file:
        text, n = SIZED.subn(lambda m: change(m.group()), file.read())
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return n


def build_grown(folder):
    """A copy of the project with grown structs, built as fast as may be; how many there are."""
    changed = 0
    for name in ("include", "lib", "app", "scripts"):
        shutil.copytree(os.path.join(TOP, name), os.path.join(folder, name))
    for name in ("meson.build", "meson_options.txt"):
        shutil.copy(os.path.join(TOP, name), folder)
    for name in os.listdir(os.path.join(folder, "include/weir")):
        if name.endswith(".h"):
            changed += change_header(os.path.join(folder, "include/weir", name), last)
    run("meson", "setup", "-Dbuildtype=debug", "-Dtests=false", "build", cwd=folder)
    run("ninja", "-C", "build", LIBRARY, "app/weir/weir", cwd=folder)
    return changed


def run(*command, status=0, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != status:
        raise AssertionError("%s: status %d\n%s%s" % (" ".join(command), done.returncode,
                                                      done.stdout, done.stderr))
    return done


class Abi(WeirTest):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory()
        cls.grown = os.path.join(cls.work.name, "grown")
        os.mkdir(cls.grown)
        cls.changed = build_grown(cls.grown)

    @classmethod
    def tearDownClass(cls):
        cls.work.cleanup()

    def library(self, top):
        return os.path.join(top, "build", LIBRARY)

    def check(self, top, status):
        return run(sys.executable, CHECK, self.library(top), os.path.join(top, "include/weir"),
                   status=status)

    def test_all_grew(self):
        """None was missed: so many begin with their size."""
        n = 0
        for name in os.listdir(os.path.join(TOP, "include/weir")):
            with open(os.path.join(TOP, "include/weir", name), encoding="utf-8") as file:
                n += len(re.findall(r"^\tsize_t size;", file.read(), re.MULTILINE))
        self.assertGreater(n, 10)
        self.assertEqual(self.changed, n + 1)

    def test_plugin(self):
        path = self.write("grown.ini", PIPELINE)
        done = run(os.path.join(self.grown, "build/app/weir/weir"), *EAL, "-d", self.plugin(),
                   "--file-prefix", self.prefix(), "--", "-c", path, "-n", "1000")
        self.assertRegex(done.stdout, r"ledger +received 1000 .*unaccounted 0")

    def test_embedder(self):
        libraries = os.path.dirname(self.library(self.grown))
        link = os.path.join(libraries, SONAME)
        if not os.path.exists(link):
            os.symlink(os.path.basename(LIBRARY), link)
        run(EMBED, *EAL, "--vdev", "net_null0", "--file-prefix", self.prefix(),
            env=dict(os.environ, LD_LIBRARY_PATH=":".join(
                filter(None, [libraries, os.environ.get("LD_LIBRARY_PATH")]))))

    def test_check_lets_grow(self):
        self.check(self.grown, 0)

    def test_check_refuses_the_middle(self):
        top = os.path.join(self.folder, "middle")
        shutil.copytree(self.grown, top, symlinks=True)
        # Few sources see this one.
        change_header(os.path.join(top, "include/weir/flow.h"), middle)
        run("ninja", "-C", "build", LIBRARY, cwd=top)
        self.assertIn("a member stands in the middle", self.check(top, 1).stdout)


if __name__ == "__main__":
    if shutil.which("abidw") is None:
        print("skipped: abidw is missing: package abigail-tools")
        sys.exit(SKIP)
    if SANITIZED:
        print("skipped: what is built with sanitizers does not run with a library without them")
        sys.exit(SKIP)
    unittest.main()
