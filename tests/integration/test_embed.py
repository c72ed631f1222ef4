# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The examples, built as an outsider would: against the installed library, by pkg-config."""
import glob
import os
import shlex
import shutil
import subprocess

import pcap
import weirlib
from weirlib import BUILD, EMBED, MEMORY, ONE, SANITIZED, TOP, WEIR, WeirTest
from test_eal import SAMPLE

PORTSCAN = """\
[source file]
type = pcap
path = %s
[stage scan]
type = portscan
input = file
capacity = %d
events = none
[stage scanner]
type = count
input = scan.flows
[stage rest]
type = count
input = scan.packets
"""

RUN = [*MEMORY, "--lcores", ONE, "--vdev", "net_null0", "--file-prefix"]


class Embed(WeirTest):
    def run_embed(self, program, **env):
        name = self.prefix()
        done = subprocess.run([program, *RUN, name], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **env}, check=False)
        text = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, text)
        self.assertIn("unaccounted 0", done.stdout.strip().splitlines()[-1], text)

    def test_of_the_build(self):
        self.run_embed(EMBED)


class Installed(WeirTest):
    def setUp(self):
        super().setUp()
        if SANITIZED:
            self.skipTest("the sanitized library is not for others")
        self.install()

    def install(self):
        """Install below our own folder, and tell weir.pc that it is there."""
        root = self.path("root")
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root],
                       check=True, capture_output=True)
        self.pc = glob.glob(root + "/**/weir.pc", recursive=True)[0]
        with open(self.pc, encoding="utf-8") as file:
            lines = file.read().splitlines()
        lines = ["prefix=" + root + line[len("prefix="):] if line.startswith("prefix=") else line
                 for line in lines]
        with open(self.pc, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.libraries = os.path.dirname(glob.glob(root + "/**/libweir.so", recursive=True)[0])

    def pkg_config(self, *arguments):
        path = os.path.dirname(self.pc) + ":" + os.environ.get("PKG_CONFIG_PATH", "")
        done = subprocess.run(["pkg-config", *arguments], capture_output=True, text=True,
                              env={**os.environ, "PKG_CONFIG_PATH": path}, check=True)
        return shlex.split(done.stdout)

    def compile(self, source, output, *flags):
        command = ["cc", "-O2", "-o", self.path(output), os.path.join(TOP, "app/examples", source),
                   *flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return self.path(output)

    def test_shared(self):
        embed = self.compile("embed.c", "embed",
                             *self.pkg_config("--cflags", "--libs", "weir", "libdpdk"))
        needed = subprocess.run(["ldd", embed], capture_output=True, text=True, check=True).stdout
        self.assertIn("libweir.so", needed)
        Embed.run_embed(self, embed, LD_LIBRARY_PATH=self.libraries)

    def test_static(self):
        """As on a system that has the static library only."""
        for library in glob.glob(self.libraries + "/libweir.so*"):
            os.unlink(library)
        embed = self.compile("embed.c", "embed-static",
                             *self.pkg_config("--static", "--cflags", "--libs", "weir"))
        needed = subprocess.run(["ldd", embed], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("libweir.so", needed)
        self.assertNotIn("librte_", needed)
        Embed.run_embed(self, embed)

    def test_plugin(self):
        built = self.compile("mystage.c", "libmystage.so", "-shared", "-fPIC",
                             *self.pkg_config("--cflags", "--libs", "weir"))
        plugin = shutil.copy(built, self.guarded_folder())
        run = self.run_ok(SAMPLE, "-n", "4000", eal=["-d", plugin])
        self.assertEqual(self.node(run, "picked")["in"], 1000)

    def test_portscan(self):
        """Somebody tries 500 ports of whom nobody answers; 200 others are answered."""
        frames = []
        for port in range(500):
            frames.append(pcap.tcp(40000, 1000 + port, flags=2, data=b""))
            if port < 200:
                syn = pcap.tcp(1000, 80, flags=2, data=b"")
                ends = bytes([10, 0, port, 1]), bytes([10, 1, 0, 2])
                frames.append(syn[:26] + ends[0] + ends[1] + syn[34:])
                frames.append(syn[:26] + ends[1] + ends[0] + syn[36:38] + syn[34:36] + syn[38:])
        with open(self.path("scan.pcap"), "wb") as file:
            file.write(pcap.pcap(frames))
        built = self.compile("portscan.c", "libportscan.so", "-shared", "-fPIC",
                             *self.pkg_config("--cflags", "--libs", "weir"))
        plugin = shutil.copy(built, self.guarded_folder())
        for flows, told in (1000, 5), (64, 0):
            run = self.run_ok(PORTSCAN % (self.path("scan.pcap"), flows), "--exit-when-idle", "50",
                              eal=["-d", plugin])
            self.assertEqual(self.node(run, "scan")["in"], 900)
            self.assertEqual(self.node(run, "scanner")["in"], told)
            self.assertEqual(self.node(run, "rest")["in"], 900)

    def test_command(self):
        weir = glob.glob(self.path("root") + "/**/bin/weir", recursive=True)[0]
        done = subprocess.run([weir, "--version"], capture_output=True, text=True, check=False,
                              env={**os.environ, "LD_LIBRARY_PATH": self.libraries})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, subprocess.run([WEIR, "-V"], capture_output=True, text=True,
                                                     check=True).stdout)


if __name__ == "__main__":
    weirlib.main()
