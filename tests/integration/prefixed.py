# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""weir installed below a folder of the tests' own, by a prefix, and programs that are built against it."""
import glob
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from weirlib import BUILD, MEMORY, ONE, SANITIZED, TOP, WeirTest

EXAMPLES = os.path.join(TOP, "app/examples")
BUILT = ["lib/libweir.a", "lib/libweir.so.*.*.*", "app/weir/pages/weir", "app/weir/pages/weir*.[15]"]


def environment(**more):
    """Nobody tells the loader where a library is."""
    plain = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    return {**plain, **more}


def run_embed(test, program):
    done = subprocess.run([program, *MEMORY, "--lcores", ONE, "--vdev", "net_null0",
                           "--file-prefix", test.prefix()], capture_output=True, text=True,
                          timeout=60, env=environment(), check=False)
    text = done.stdout + done.stderr
    test.assertEqual(done.returncode, 0, text)
    test.assertIn("unaccounted 0", done.stdout.strip().splitlines()[-1], text)


def run_plain(test, program, lcores=ONE):
    """A program that needs nothing but an lcore. What it says last."""
    done = subprocess.run([program, *MEMORY, "--lcores", lcores, "--file-prefix", test.prefix()],
                          capture_output=True, text=True, timeout=60, env=environment(), check=False)
    test.assertEqual(done.returncode, 0, done.stdout + done.stderr)
    return done.stdout.strip().splitlines()


def shell(test, command, **env):
    """A command as a person gives it."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=test.folder,
                          env=environment(**env), check=False)
    test.assertEqual(done.returncode, 0, command + "\n" + done.stderr[-3000:])
    return done.stdout


class Prefixed(WeirTest):
    """The build is configured once more with a prefix, and what the first has built is installed there."""

    @classmethod
    def setUpClass(cls):
        if SANITIZED:
            raise unittest.SkipTest("the sanitized library is not for others")
        cls.top = tempfile.mkdtemp(prefix="weir-prefix-")
        cls.addClassCleanup(shutil.rmtree, cls.top, ignore_errors=True)
        cls.root = os.path.join(cls.top, "root")
        build = os.path.join(cls.top, "build")
        cls.run_well("meson", "setup", build, TOP, "-Dtests=false", "-Dprefix=" + cls.root)
        for pattern in BUILT:
            for file in glob.glob(os.path.join(BUILD, pattern)):
                to = os.path.join(build, os.path.relpath(file, BUILD))
                if os.path.isfile(file):
                    os.makedirs(os.path.dirname(to), exist_ok=True)
                    shutil.copy(file, to)
        cls.stand_in(build)
        cls.run_well("meson", "install", "-C", build, "--no-rebuild")
        cls.pc = glob.glob(cls.root + "/**/weir.pc", recursive=True)[0]
        cls.libraries = os.path.dirname(glob.glob(cls.root + "/**/libweir.so", recursive=True)[0])

    @staticmethod
    def run_well(*command, **more):
        done = subprocess.run(command, capture_output=True, text=True, env=environment(),
                              check=False, **more)
        if done.returncode != 0:
            raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])

    @classmethod
    def stand_in(cls, build):
        """For the command, which is linked for its own build: meson writes a path over what it left room for."""
        with open(os.path.join(build, "build.ninja"), encoding="utf-8") as file:
            room = re.search(r"-Wl,-rpath,\S*?(:?X+)\W", file.read())
        to = os.path.join(build, "app/weir/weir")
        os.makedirs(os.path.dirname(to), exist_ok=True)
        cls.run_well("cc", "-x", "c", "-o", to, "-", "-Wl,--no-as-needed", "-L" + build + "/lib", "-lweir",
                     "-Wl,-rpath,$ORIGIN/../../lib" + room[1], "-Wl,--allow-shlib-undefined",
                     input="int main(void) { return 0; }")

    def pkg_config(self, *arguments):
        path = os.path.dirname(self.pc) + ":" + os.environ.get("PKG_CONFIG_PATH", "")
        return shlex.split(shell(self, "pkg-config " + " ".join(arguments), PKG_CONFIG_PATH=path))

    def compile(self, source, output, *flags, compiler=("cc",)):
        shell(self, shlex.join([*compiler, "-O2", "-o", self.path(output),
                                os.path.join(EXAMPLES, source), *flags]))
        return self.path(output)
