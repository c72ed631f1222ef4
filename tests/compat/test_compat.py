#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What a later DPDK than the floor has changed compiles there, too.

The headers in later/ stand before DPDK's own and show what later releases changed: names that are
gone, others that came, structs of another shape. Only the compiler reads them, for every source
that has such a name in it, and for one that includes each header that has.
"""
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration"))
from weirlib import CPUS, SANITIZED, SKIP, TOP, main  # noqa: E402

BUILD = os.environ["WEIR_BUILD"]
LATER = os.path.join(HERE, "later")
FOLDERS = ("lib/", "app/", "tests/bench/", "tests/unit/")
NAMES = re.compile(r"rte_ipv6_hdr|rte_tel_data_add_\w+_u|control_thread|rte_ctrl_thread|rte_thread_|RTE_MAX_LCORE|"
                   r"RTE_IP_ICMP|\bq_(ipackets|opackets|ibytes|obytes|errors)|QUEUE_STAT_CNTRS")
INCLUDED = re.compile(r'^#include "(?:.*/)?([^"/]+)"', re.MULTILINE)

# What must not compile, and of which header.
GONE = {
    "rte_lcore.h": "return rte_ctrl_thread_create(0, \"\", 0, 0, 0);",
    "rte_telemetry.h": "return rte_tel_data_add_dict_u64(0, \"\", 0);",
    "rte_icmp.h": "return RTE_IP_ICMP_ECHO_REPLY;",
    "rte_ethdev.h": "return ((struct rte_eth_stats *)0)->q_ipackets[0];",
    "rte_ip.h": "return ((struct rte_ipv6_hdr *)0)->src_addr[0];",
}
SAME = "#if RTE_VERSION < RTE_VERSION_NUM(25, 11, 0, 0) || RTE_MAX_LCORE != 256\n#error\n#endif\n"


def checked(command):
    """The command that only looks, with the later headers before all."""
    words = [word for word in shlex.split(command) if os.path.basename(word) != "ccache"]
    for option in ("-o", "-MF", "-MQ"):
        at = words.index(option)
        del words[at:at + 2]
    words.remove("-MD")
    return [words[0], "-isystem", LATER, "-fsyntax-only", "-Werror", *words[1:]]


def changed_headers():
    """The project's own headers in which such a name stands."""
    return {name for folder, _, names in os.walk(TOP) for name in names
            if name.endswith(".h") and "later" not in folder and NAMES.search(read(folder, name))}


def read(*path):
    with open(os.path.join(*path), encoding="utf-8", errors="replace") as file:
        return file.read()


def compile_commands():
    """Of each such source once; how it is built with faults differs nowhere in this."""
    headers = changed_headers()
    commands = {}
    for entry in json.loads(read(BUILD, "compile_commands.json")):
        source = os.path.relpath(os.path.join(entry["directory"], entry["file"]), TOP)
        if not source.startswith(FOLDERS) or not source.endswith(".c"):
            continue
        text = read(TOP, source)
        included = headers.intersection(INCLUDED.findall(text))
        if NAMES.search(text) or included:
            commands.setdefault(source, checked(entry["command"]))
            headers -= included
    return commands


def failed(command, text=None):
    """What the compiler says; None: nothing."""
    done = subprocess.run(command, cwd=BUILD, input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode != 0 else None


class Compat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.commands = compile_commands()

    def snippet(self, header, line):
        words = [word for word in self.commands["lib/telemetry/page.c"] if not word.endswith(".c")]
        return failed([*words, "-x", "c", "-"], "#include <rte_version.h>\n#include <%s>\n%sint test(void);\nint test(void) { %s }\n" % (
            header, SAME if header == "rte_lcore.h" else "", line))

    def test_gone(self):
        """The headers hide what is gone: what uses it is refused."""
        for header, line in GONE.items():
            with self.subTest(header=header):
                self.assertIsNone(self.snippet(header, "return 0;"))
                self.assertIsNotNone(self.snippet(header, line))

    def test_sources(self):
        self.assertLessEqual({"lib/telemetry/page.c", "lib/match/rule.c", "tests/bench/frames.c"},
                             set(self.commands))
        with concurrent.futures.ThreadPoolExecutor(len(CPUS)) as pool:
            for source, said in zip(self.commands, pool.map(failed, self.commands.values())):
                self.assertIsNone(said, source)


if __name__ == "__main__":
    if SANITIZED:
        print("skipped: how it is built does not matter to it")
        sys.exit(SKIP)
    main()
