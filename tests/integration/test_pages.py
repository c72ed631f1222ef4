# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What is written of weir by its own tables: pages of the manual, the completion for bash, and the site of the
headers."""
import os
import re
import shutil
import subprocess

import weirlib
from weirlib import BUILD, TOP, WEIR, WeirTest

PAGES = os.path.join(BUILD, "app/weir/pages")
NAMES = ["weir.1", "weir.ini.5", "weir-preflight.1"]
CONFIG = os.path.join(BUILD, "include/doxygen.conf")

PIPELINE = """\
[source wan]
device = net_null0
[source gen] ; another
type = synth
[stage busy]
type=work ; a comment
input = wan, gen
[link busy end]
ring = 64
[stage end]
type = count
input = busy
"""

# The line up to the cursor, what is put in for its last word by bash, whose words end at = and : too.
LINES = [
    ("weir --list-s", ["--list-stages"]),
    ("weir --ver", ["--version"]),
    ("weir --file-p", ["--file-prefix"]),
    ("weir -l 0 -- --pl", ["--plan"]),
    ("weir -l 0 -- --plan=", ["text", "dot", "json"]),
    ("weir -l 0 -- --tables s", ["stdout", "stderr"]),
    ("weir -l 0 -- --tables=n", ["none"]),
    ("weir -l 0 -- -c pip", ["pipeline.ini"]),
    ("weir -l 0 -- --config=pip", ["pipeline.ini"]),
    ("weir -l 0 -- --file-p", []),
    ("weir -l 0 -- -t ", []),
    ("weir -l 0 -- -s ", ["pipeline.", "pool."]),
    ("weir -l 0 -- -c missing.ini -s ", ["pipeline.", "pool."]),
    ("weir -l 0 -- -c pipeline.ini -s ", ["pipeline.", "pool.", "wan.", "gen.", "busy.", "end."]),
    ("weir -c missing.ini -- --config=pipeline.ini --set=b", ["busy."]),
    ("weir -l 0 -- -c pipeline.ini -s busy.cy", ["busy.cycles="]),
    ("weir -l 0 -- -c pipeline.ini -s end.cy", []),
    ("weir -l 0 -- -c pipeline.ini -s busy.idle=s", ["spin", "sleep"]),
    ("weir -l 0 -- -c pipeline.ini -s busy.cycles=", []),
    ("weir -l 0 -- -c pipeline.ini -s busy.type=co", ["count"]),
    ("weir -l 0 -- -c pipeline.ini -s wan.rs", ["wan.rss="]),
    ("weir -l 0 -- -c pipeline.ini -s gen.rs", []),
    ("weir -l 0 -- -c pipeline.ini -s gen.zi", ["gen.zipf="]),
    ("weir -l 0 -- -c pipeline.ini -s wan.promiscuous=o", ["off", "on"]),
    ("weir -l 0 -- -c pipeline.ini -s pipeline.numa=", ["prefer", "strict", "off"]),
    ("weir -l 0 -- -c pipeline.ini -s nobody.", []),
]


def page(name):
    with open(os.path.join(PAGES, name), encoding="utf-8") as file:
        return file.read()


def plain(text):
    """What a page says, as it is read."""
    for escape, character in (("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ha", "^"), ("\\(ti", "~")):
        text = text.replace(escape, character)
    return re.sub(r"\\f[BIR]", "", text).replace("\\e", "\\")


def entries(text):
    """Of each .TP its first line, and the next."""
    return dict(re.findall(r"^\.TP\n(.*)\n(.*)\n", plain(text), re.M))


class Pages(WeirTest):
    def test_options(self):
        """Each option of the help has its entry, and none besides."""
        rows = re.findall(r"^  (-\w, |    )(--\S+(?: \S+)?) +(.*)$", self.plain(["--help"]).out, re.M)
        self.assertGreater(len(rows), 10)
        body = page("weir.1").split(".SH OPTIONS\n")[1].split("\n.SS ")[0]
        self.assertEqual(entries(body), {short.strip() + " " * bool(short.strip()) + name: text
                                         for short, name, text in rows})

    def test_keys(self):
        """Each key that --list-stages has, with its default, what it is, and its range."""
        text = self.plain(["--list-stages"]).out
        rows = re.findall(r"^    (\S+) += (.*?) {2,}(\S.*\))$", text, re.M)
        self.assertEqual(len(rows), text.count("\n    ") - text.count("\n    outputs:"))
        listed = [("%s = %s" % (name, default.strip() or "(unset)"), about) for name, default, about in rows]
        said = re.findall(r"^\.TP\n(\S+ = .*)\n(.*)$", plain(page("weir.ini.5")), re.M)
        self.assertEqual(sorted(listed), sorted(said))
        for type_name, about in re.findall(r"^  ([a-z]+): (.*)$", text, re.M):
            self.assertIn('.SS "type = %s"\n%s.\n' % (type_name, about), plain(page("weir.ini.5")))
        self.assertIn("Outputs: packets, flows.\n", plain(page("weir.ini.5")))

    def test_preflight(self):
        """What the head of the script says, by the name that it has once installed."""
        with open(os.path.join(TOP, "scripts/preflight.sh"), encoding="utf-8") as file:
            head = file.read().split("set -u")[0]
        text = plain(page("weir-preflight.1"))
        self.assertNotIn("preflight.sh", text)
        for word in re.findall(r"^#     ([a-z]+) +(\S.*)$", head, re.M):
            self.assertIn(".B %s\n%s\n" % word, text)
        self.assertIn(".SH \"EXIT STATUS\"\n0 where", text)

    def test_as_read(self):
        if shutil.which("man") is None:
            self.skipTest("there is no man")
        for name in NAMES:
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", os.path.join(PAGES, name)],
                                  capture_output=True, text=True, check=False,
                                  env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            self.assertIn("weir", done.stdout)


class Completion(WeirTest):
    def completed(self, line):
        script = ". %s; COMP_LINE=$1 COMP_POINT=${#1} && _weir && printf '%%s\\n' \"${COMPREPLY[@]}\""
        # compopt is for what bash itself completes.
        script = "compopt() { :; }; " + script % os.path.join(PAGES, "weir")
        done = subprocess.run(["bash", "-c", script, "bash", line], capture_output=True, text=True,
                              cwd=self.folder, check=False)
        self.assertEqual(done.stderr, "", line)
        return done.stdout.split()

    def test_lines(self):
        self.write("pipeline.ini", PIPELINE)
        # So that EAL's options are told of by the weir that was built.
        for line, expected in LINES:
            with self.subTest(line):
                self.assertEqual(self.completed(re.sub("^weir", WEIR, line)), expected)

    def test_all(self):
        """Behind `--` each option of the help, in front of it those that stand alone, and EAL's."""
        options = re.findall("^ .*?(--[a-z-]+)", self.plain(["--help"]).out, re.M)
        self.assertEqual(self.completed(WEIR + " -- "), options)
        front = self.completed(WEIR + " ")
        self.assertEqual(front[:5], ["--", "--list-stages", "--list-figures", "--version", "--help"])
        self.assertLessEqual({"-l", "--lcores", "-a", "--allow", "--no-huge"}, set(front))

    def test_loaded(self):
        """As bash finds it: a function for weir."""
        done = subprocess.run(["bash", "-c", ". %s && complete -p weir" % os.path.join(PAGES, "weir")],
                              capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "complete -F _weir weir\n")


class Site(WeirTest):
    def doxygen(self, *lines):
        if shutil.which("doxygen") is None:
            self.skipTest("there is no doxygen")
        with open(CONFIG, encoding="utf-8") as file:
            config = "\n".join([file.read(), "OUTPUT_DIRECTORY = " + self.folder, *lines])
        return subprocess.run(["doxygen", "-"], input=config + "\n", capture_output=True, text=True,
                              cwd=self.folder, check=False)

    def test_headers(self):
        """All that they have is told of."""
        done = self.doxygen()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name in ("index.html", "stage_8h.html", "embed_8c-example.html", "structweir__event.html"):
            self.assertTrue(os.path.exists(self.path("html/" + name)), name)
        with open(self.path("html/index.html"), encoding="utf-8") as file:
            text = file.read()
        for header in os.listdir(os.path.join(TOP, "include/weir")):
            self.assertIn(header.replace(".h", "_8h.html"), text)

    def test_untold(self):
        self.write("bad.h", "/** @file bad */\n/** A struct. */\nstruct bad {\n\tint untold;\n};\n")
        done = self.doxygen("INPUT = " + self.path("bad.h"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("untold", done.stderr)


if __name__ == "__main__":
    weirlib.main()
