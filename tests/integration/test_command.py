# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Bad command lines and bad pipeline files: each row has its exit status and a phrase of it."""
import json
import os
import re
import unittest

import weirlib
from weirlib import MEMORY, WeirTest

GOOD = """\
[source gen]
type = synth
[stage end]
type = count
input = gen
"""

# Options behind `--`, exit status, a phrase of the message. FILE stands for a good pipeline file.
COMMAND_LINES = [
    ([], 2, "no pipeline file"),
    (["FILE"], 2, "is not an option"),
    (["-c"], 2, "takes an argument: FILE"),
    (["--config"], 2, "takes an argument: FILE"),
    (["-c", "FILE", "-c", "FILE"], 2, "given twice"),
    (["-c", "FILE", "more"], 2, "'more' is not an option"),
    (["-c", "missing.ini"], 2, "missing.ini"),
    (["-c", "/"], 2, "/"),
    (["-c", "FILE", "--nonsense"], 2, "unknown option '--nonsense'"),
    (["-c", "FILE", "-x"], 2, "unknown option '-x'"),
    (["-c", "FILE", "--check=now"], 2, "takes no argument"),
    (["-c", "FILE", "-t", "0"], 2, "--duration takes seconds"),
    (["-c", "FILE", "-t", "-1"], 2, "--duration takes seconds"),
    (["-c", "FILE", "-t", "soon"], 2, "not 'soon'"),
    (["-c", "FILE", "-t", "nan"], 2, "--duration takes seconds"),
    (["-c", "FILE", "-t", "inf"], 2, "--duration takes seconds"),
    (["-c", "FILE", "-t", "1e99"], 2, "--duration takes seconds"),
    (["-c", "FILE", "-t", "5s"], 2, "not '5s'"),
    (["-c", "FILE", "-t", ""], 2, "--duration takes seconds"),
    (["-c", "FILE", "-n", "0"], 2, "--max-packets takes a whole number"),
    (["-c", "FILE", "-n", "-5"], 2, "not '-5'"),
    (["-c", "FILE", "-n", "1.5"], 2, "not '1.5'"),
    (["-c", "FILE", "-n", "99999999999999999999"], 2, "--max-packets takes a whole number"),
    (["-c", "FILE", "--exit-when-idle", "0"], 2, "--exit-when-idle takes a whole number"),
    (["-c", "FILE", "--exit-when-idle", "x"], 2, "not 'x'"),
    (["-c", "FILE", "-i", "0"], 2, "--stats-period takes seconds"),
    (["-c", "FILE", "-i", "-1"], 2, "--stats-period takes seconds"),
    (["-c", "FILE", "--plan=svg"], 2, "text, dot or json, not 'svg'"),
    (["-c", "FILE", "--tables", "lpt1"], 2, "stdout, stderr or none, not 'lpt1'"),
    (["-c", "FILE", "-s", "nonsense"], 2, "nonsense"),
    (["-c", "FILE", "-s", "end=3"], 2, "end=3"),
    (["-c", "FILE", "-s", "gen.flows"], 2, "gen.flows"),
    (["-c", "FILE", "-s", "gen.flows=many"], 2, "many"),
    (["-c", "FILE", "-s", "gen.flowz=3"], 2, "flows"),
    (["-c", "FILE", "-s", "nobody.cycles=3"], 2, "nobody"),
    (["-c", "FILE", "-s", ".=x"], 2, "--set .=x: "),
    (["-c", "FILE", "-s", "=x"], 2, "--set =x: '=x': expected"),
    (["-c", "FILE", "-n", "10", "-r", "/nowhere/report.json"], 1, "cannot write the report"),
    (["-c", "FILE", "-n", "10", "-r", "/"], 1, "cannot write the report"),
]

# Pipeline file, a phrase of the message; the status is 2, and the message names the file.
FILES = [
    ("", "needs a source"),
    ("; nothing but a comment\n", "needs a source"),
    ("[pipeline]\nname = x\n", "needs a source"),
    ("nonsense\n", "1"),
    ("key = value\n", "1"),
    ("[source gen\ntype = synth\n", "1"),
    ("[sauce gen]\ntype = synth\n", "source"),
    ("[source]\ntype = synth\n", "NAME"),
    ("[source a b]\ntype = synth\n", "source"),
    ("[source bad/name]\ntype = synth\n", "bad/name"),
    ("[source " + "n" * 40 + "]\ntype = synth\n", "23"),
    ("[pipeline extra]\nname = x\n", "pipeline"),
    ("[pipeline]\nname = bad name\n", "name"),
    ("[pipeline]\nburst = 0\n", "burst"),
    ("[pipeline]\nburst = 257\n", "256"),
    ("[pipeline]\nburst = many\n", "many"),
    ("[pipeline]\nbrust = 32\n", "burst"),
    ("[pipeline]\nnuma = maybe\n", "strict"),
    ("[pool]\nsize = -1\n", "size"),
    ("[pool]\nsize = 12q\n", "12q"),
    ("[pool]\ncache = 513\n", "512"),
    ("[pool]\ncolour = red\n", "colour"),
    ("[source gen]\ntype = sinth\n", "synth"),
    ("[source gen]\nflows = 10\n[stage end]\ntype = count\ninput = gen\n", "type"),
    ("[source gen]\ntype = synth\nflowz = 10\n", "flows"),
    ("[source gen]\ntype = synth\nflows = 0\n", "flows"),
    ("[source gen]\ntype = synth\nipv6 = 120%\n", "120%"),
    ("[source gen]\ntype = synth\nzipf = much\n", "much"),
    ("[source gen]\ntype = synth\nrate = fast\n", "fast"),
    ("[source gen]\ntype = synth\ntype = synth\n", "twice"),
    ("[source gen]\ntype = synth\nidle = dream\n", "exponential"),
    ("[source gen]\ntype = synth\nidle.max = 5 parsecs\n", "5 parsecs"),
    ("[source gen]\ntype = synth\nlcores = 1-\n", "1-"),
    ("[source gen]\ntype = synth\ndrop = bad_luck\n", "bad_luck"),
    ("[source gen]\ntype = synth\nworkers = 2\n", "queues"),
    ("[source gen]\ntype = synth\n", "needs a stage"),
    (GOOD + "[stage end]\ninput = gen\n", "end"),
    (GOOD + "[source gen]\ntype = synth\n", "gen"),
    (GOOD + "[stage gen]\ntype = count\ninput = end\n", "gen"),
    (GOOD + "[stage two]\ninput = gen\n", "type"),
    (GOOD + "[stage two]\ntype = count\n", "input"),
    (GOOD + "[stage two]\ntype = cuont\ninput = gen\n", "count"),
    (GOOD + "[stage two]\ntype = count\ninput = gne\n", "gen"),
    (GOOD + "[stage two]\ntype = count\ninput = gen.match\n", "match"),
    (GOOD + "[stage two]\ntype = count\ninput = gen, gen\n", "gen"),
    (GOOD + "[stage two]\ntype = count\ninput = ,\n", "input"),
    (GOOD + "[stage two]\ntype = count\ninput = two\n", "two"),
    (GOOD + "[stage two]\ntype = count\ninput = gen\nworkers = 0\n", "workers"),
    (GOOD + "[stage two]\ntype = count\ninput = gen\ncycles = 3\n", "cycles"),
    (GOOD + "[stage two]\ntype = work\ninput = gen\ncycles = 3.5\n", "3.5"),
    (GOOD + "[stage two]\ntype = tx\ninput = gen\n", "device"),
    (GOOD + "[stage two]\ntype = eve\ninput = gen\nbuffer = 1\n", "buffer"),
    (GOOD + "[stage a]\ntype = work\ninput = gen, b\n[stage b]\ntype = work\ninput = a\n", "cycle"),
    (GOOD + "[link gen]\nring = 64\n", "link"),
    (GOOD + "[link end gen]\nring = 64\n", "end"),
    (GOOD + "[link gen nobody]\nring = 64\n", "nobody"),
    (GOOD + "[link gen end]\nring = 1\n", "ring"),
    (GOOD + "[link gen end]\nring = 2M\n", "2M"),
    (GOOD + "[link gen end]\non_full = explode\n", "block"),
    (GOOD + "[link gen end]\nspread = butter\n", "round-robin"),
    (GOOD + "[link gen end]\nkind = chain\n", "ring"),
    (GOOD + "[link gen end]\nfull.max = 0\n", "full.max"),
    (GOOD + "[link gen end]\nring = 64\nring = 128\n", "ring"),
    (GOOD + "[stage re]\ntype = rewrite\ninput = gen\nworkers = 2\nprio = 7\n"
            "[link gen re]\nspread = copy\n", "re"),
]

# Without `--`: exit status, a phrase of stdout or stderr.
BARE = [
    ([], 2, "behind `--`"),
    (["-c", "FILE"], 2, "behind `--`"),
    (["-l", "0"], 2, "behind `--`"),
    (["--no-huge", "--no-pci"], 2, "behind `--`"),
    (["-h"], 0, "usage: weir"),
    (["--help"], 0, "usage: weir"),
    (["-V"], 0, "DPDK 2"),
    (["--version"], 0, "DPDK 2"),
    (["--list-stages"], 0, "types of [stage NAME]"),
]

# The whole command line: exit status, a phrase of stdout or stderr.
WHOLE = [
    (["--", "-h"], 0, "usage: weir"),
    (["--", "--version"], 0, "weir "),
    (["--", "--list-stages"], 0, "cycles"),
    (["--nonsense", "--", "-h"], 0, "usage: weir"),
    (["--", "-c", "FILE", "--check"], 0, "is fine"),
    (["--", "-c", ""], 2, "--config takes a file's path, not ''"),
    (["--", "-c", "FILE", "-r", ""], 2, "--report takes a file's path, not ''"),
    (["--", "-c", "FILE", "--check", "--preflight"], 2, "--check and --preflight: each of them prints"),
    (["--", "-c", "FILE", "--plan=dot", "--check"], 2, "--check and --plan: each of them prints"),
    (["--", "-c", "FILE", "--plan", "--list-stages"], 2, "--plan and --list-stages: each"),
    (["--", "--list-figures", "--list-stages"], 2, "--list-stages and --list-figures: each"),
    (["--nonsense", "--", "-c", "FILE"], 3, "EAL failed"),
    (["word", *MEMORY, "--", "-c", "FILE"], 2, "'word' is not an EAL option"),
    (["-l", "4000", *MEMORY, "--", "-c", "FILE"], 3, "EAL failed"),
    (["--vdev", "net_nothing0", *MEMORY, "--", "-c", "FILE"], 3, "EAL failed"),
    (["-d", "./missing.so", *MEMORY, "--", "-c", "FILE"], 3, "EAL failed"),
]


class CommandLines(WeirTest):
    def check(self, arguments, status, phrase):
        good = self.write("good.ini", GOOD)
        run = self.plain([good if a == "FILE" else a for a in arguments])
        self.assertEqual(run.status, status, str(run))
        self.assertIn(phrase, run.out + run.err, str(run))
        if status != 0:
            self.assertIn("weir: ", run.err, str(run))
        return run

    def test_options(self):
        for options, status, phrase in COMMAND_LINES:
            with self.subTest(options=options):
                eal = [*MEMORY, "--lcores", weirlib.THREE, "--file-prefix", self.prefix()]
                self.check([*eal, "--", *options], status, phrase)

    def test_bare(self):
        for arguments, status, phrase in BARE:
            with self.subTest(arguments=arguments):
                self.check(arguments, status, phrase)

    def test_whole(self):
        for arguments, status, phrase in WHOLE:
            with self.subTest(arguments=arguments):
                eal = ["--file-prefix", self.prefix()]
                self.check(eal + arguments, status, phrase)


class Files(WeirTest):
    def test_files(self):
        for number, (text, phrase) in enumerate(FILES):
            with self.subTest(text=text):
                path = self.write("bad%d.ini" % number, text)
                run = self.plain(["--", "-c", path, "--check"])
                self.assertEqual(run.status, 2, str(run))
                self.assertIn(phrase, run.err, str(run))
                self.assertEqual(len(run.err.strip().splitlines()), 1, str(run))
                self.assertTrue(run.err.startswith("weir: "), str(run))

    def test_lines_are_named(self):
        path = self.write("bad.ini", "[source gen]\ntype = synth\n\nflowz = 3\n")
        run = self.plain(["--", "-c", path, "--check"])
        self.assertIn("bad.ini:4", run.err)


class Machine(WeirTest):
    """The machine lacks what was asked."""

    def refuse(self, pipeline, phrase, **where):
        run = self.run_weir(pipeline, "-n", "10", **where)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(phrase, run.err, str(run))

    def test_no_port(self):
        self.refuse("[source in]\ndevice = net_null7\n[stage end]\ntype = count\ninput = in\n",
                    "net_null7")

    def test_no_pci_device(self):
        self.refuse("[source in]\ndevice = 0000:fe:1f.7\n[stage end]\ntype = count\ninput = in\n",
                    "0000:fe:1f.7", eal=["-a", "0000:fe:1f.7"],
                    memory=["--no-huge", "-m", "512"])

    def test_no_lcore(self):
        self.refuse(GOOD + "lcores = 77\n", "77")

    def test_nothing_is_handed_in(self):
        run = self.run_weir("[source in]\ntype = inject\n[stage end]\ntype = count\ninput = in\n",
                            "--exit-when-idle", "100")
        self.assertEqual(run.status, 2, str(run))
        self.assertIn("all sources are of type inject", run.err)

    def test_nobody_takes(self):
        run = self.run_weir("[source in]\ntype = synth\n[stage out]\ntype = eject\ninput = in\n")
        self.assertEqual(run.status, 2, str(run))
        self.assertIn("stage 'out' is of type eject", run.err)

    def test_too_little_memory(self):
        self.refuse(GOOD + "[pool]\nsize = 256k\n", "-m")

    def test_too_many_queues(self):
        self.refuse("[source in]\ndevice = net_pcap0\nqueues = 9\n"
                    "[stage end]\ntype = count\ninput = in\n", "queue",
                    eal=["--vdev", "net_pcap0,rx_iface=lo"])


class Report(WeirTest):
    def test_on_stdout(self):
        path = self.write("good.ini", GOOD)
        run = self.plain([*MEMORY, "--lcores", weirlib.THREE, "--file-prefix", self.prefix(),
                          "--", "-c", path, "-n", "1000", "-r", "-"])
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(json.loads(run.out)["ledger"]["received"], 1000)
        self.assertIn("unaccounted 0", run.err.strip().splitlines()[-1])

    def test_tables_none(self):
        path = self.write("good.ini", GOOD)
        run = self.plain([*MEMORY, "--lcores", weirlib.THREE, "--file-prefix", self.prefix(),
                          "--", "-c", path, "-n", "1000", "--tables", "none"])
        self.assertEqual((run.status, run.out), (0, ""), str(run))

    def test_of_its_own(self):
        """A file that a stage writes, by whatever name, is not that of the report as well."""
        path = self.write("eve.ini", "[source gen]\ntype = synth\n"
                          "[stage out]\ntype = eve\ninput = gen\npath = %s\n"
                          % self.write("both.json", ""))
        os.link(self.path("both.json"), self.path("linked.json"))
        for name in ("both.json", "linked.json"):
            run = self.plain([*MEMORY, "--lcores", weirlib.THREE, "--file-prefix", self.prefix(),
                              "--", "-c", path, "-n", "1000", "-r", self.path(name)])
            self.assertEqual(run.status, 2, str(run))
            self.assertIn("--report %s is a file that the run itself" % self.path(name), run.err)

    def test_full_disk(self):
        path = self.write("good.ini", GOOD)
        run = self.plain([*MEMORY, "--lcores", weirlib.THREE, "--file-prefix", self.prefix(),
                          "--", "-c", path, "-n", "1000", "-r", "/dev/full"])
        self.assertEqual(run.status, 1, str(run))
        self.assertIn("cannot write the report", run.err)

    def test_keys(self):
        run = self.run_ok(GOOD, "-n", "1000")
        self.assertEqual(set(run.report), {"weir", "dpdk", "pipeline", "elapsed_s", "ledger",
                                           "drops", "ports", "queues", "parse", "nodes", "links",
                                           "flows", "pools", "ends",
                                           "lcores", "memory", "watch", "flow_seed",
                                           "hash_seed"})
        kinds = [m["kind"] for m in run.report["memory"]]
        self.assertEqual([kinds.count(k) for k in ("pool", "worker", "rings", "stack")],
                         [1, 2, 2, 2], str(run))
        for memory in run.report["memory"]:
            if memory["actual"] != "not known":
                self.assertEqual((memory["actual"], memory["elsewhere"]), (memory["socket"], 0),
                                 str(run))


class Figures(WeirTest):
    """README's table of figures is what the command prints: made by the one from the other."""

    def test_readme(self):
        run = self.plain(["--list-figures"])
        self.assertEqual(run.status, 0, str(run))
        with open(os.path.join(weirlib.TOP, "README.md"), encoding="utf-8") as file:
            readme = file.read()
        begin, end = "<!-- weir --list-figures -->\n", "<!-- end -->\n"
        self.assertEqual(readme.split(begin)[1].split(end)[0], run.out)

    def test_all_are_shown(self):
        """Whatever the report has for a figure of a worker or a port is told in the list."""
        run = self.run_ok(GOOD, "-n", "1000")
        listed = self.plain(["--list-figures"]).out
        for key in run.report["nodes"][0]["workers"][0]:
            if key != "latency":
                self.assertIn("| worker | `%s` |" % key, listed)
        for key in run.report["pools"][0]:
            self.assertIn("| pool | `%s` |" % key, listed)


def readme_rows(mark):
    """The rows of a table of README."""
    with open(os.path.join(weirlib.TOP, "README.md"), encoding="utf-8") as file:
        part = file.read().split("<!-- %s -->\n" % mark)[1].split("<!-- end -->\n")[0]
    return part.splitlines()[2:]


def source_text(path):
    with open(os.path.join(weirlib.TOP, path), encoding="utf-8") as file:
        return file.read()


class Readme(WeirTest):
    """README's tables are what the command prints, and what its sources have."""

    def test_options(self):
        rows = re.findall(r"^  (?:-(\w), |    )--(\S+?)( \S+|\[\S+\])? {2,}(.*)$",
                          self.plain(["--help"]).out, re.M)
        self.assertGreater(len(rows), 12)
        self.assertEqual(readme_rows("weir --help"), [
            "| %s`--%s%s` | %s |" % ("`-%s`, " % letter if letter else "", name,
                                     argument.replace("|", "\\|"), text)
            for letter, name, argument, text in rows])

    def test_source_keys(self):
        listed = self.plain(["--list-stages"]).out
        self.assert_keys(listed.split("\n  source\n")[1].split("\n  stage\n")[0], "source keys")

    def test_eve_keys(self):
        listed = self.plain(["--list-stages"]).out
        self.assert_keys(re.search(r"\n  eve: .*\n((?:    .*\n)+)", listed).group(1), "eve keys")

    def assert_keys(self, part, table):
        rows = re.findall(r"^    (\S+) += (\S*) +(.*) \([^()]*\)$", part, re.M)
        self.assertEqual(len(rows), len(part.splitlines()))
        self.assertEqual(readme_rows(table), [
            "| `%s` | %s | %s |" % (key, "`%s`" % default if default else "", text)
            for key, default, text in rows])

    def test_eve_fields(self):
        others = {"link", "count", "first_tsc", "last_tsc", "change", "speed_mbit", "type"}
        self.assertEqual(set(self.fields("eve fields")),
                         self.put("json.c", "iface.c", "put.h") - others)

    def test_eve_flow_fields(self):
        fields = self.fields("eve flow fields")
        self.assertEqual(set(fields), self.put("flow.c", "iface.c", "put.h") | {"proto", "tunnel"})
        self.assertEqual({name for name in fields if fields.count(name) > 1}, {"end"})

    @staticmethod
    def put(*names):
        """The keys of lines that files of eve put."""
        text = "".join(source_text("lib/sink/eve_" + name) for name in names)
        return set(re.findall(r'[{,]\\"(\w+)\\":', text)) | \
            set(re.findall(r'text_init\(.*?, "(\w+)"', text))

    @staticmethod
    def fields(table):
        return re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in readme_rows(table)))

    def test_followed(self):
        """Every number of the parser's tables, and no other."""
        text = source_text("lib/parse/kinds.c")
        numbers = {}
        for macro in re.findall(r"^#define (\w+)_ROWS\(ROW\) (.*?[^\\])$", text, re.M | re.S):
            for by, number in re.findall(r"ROW\((\w+), (0x\w+|\d+)", macro[1]):
                name = macro[0] if by == "UDP" else by
                # Version I of ERSPAN has a bit that the type has not.
                numbers.setdefault(name, set()).add(int(number, 0) & (0xffff if by == "GRE" else 0xffffff))
        aruba = [int(number, 0) for row in re.findall(r"\tARUBA\(ROW, (.*)\)", text) for number in row.split(", ")]
        numbers["GRE"] |= {min(aruba), max(aruba)}
        numbers["ETHERTYPE"] |= {int(number, 0) for number in re.findall(
            r"#define ETHERTYPE_(?:VLAN|QINQ\w*) (\w+)", source_text("lib/parse/parse_private.h"))}
        numbers["PPP"] |= {int(number, 0) for number in re.findall(
            r"#define PPP_IPV\d (\w+)", source_text("lib/parse/ppp.c"))}
        told = {row.split(" | ")[0][2:]: {int(number, 0) for number in re.findall(r"`(0x\w+|\d+)`", row)}
                for row in readme_rows("followed")}
        self.assertEqual(told, {
            "EtherType": numbers.pop("ETHERTYPE"), "LLC": numbers.pop("LLC"), "OUI of SNAP": numbers.pop("OUI"),
            "PPP protocol": numbers.pop("PPP"), "IP protocol": numbers.pop("PROTO"),
            "GRE protocol type": numbers.pop("GRE"), "UDP destination port": numbers.pop("UDP_DEST"),
            "UDP port, either": numbers.pop("UDP_EITHER")})
        self.assertEqual(numbers, {})

    def test_reasons(self):
        text = "".join(source_text(path) for path in (
            "lib/stats/stats.c", "lib/sink/tx.c", "lib/sink/eject.c", "lib/sink/eve.c"))
        reasons = re.findall(r'\[(?:DROP|TX|EJECT|EVE)_\w+\] = "(\w+)"', text)
        self.assertEqual(sorted(row.split("`")[1] for row in readme_rows("reasons")),
                         sorted(reasons))


class Table(unittest.TestCase):
    def test_is_long_enough(self):
        self.assertGreaterEqual(len(COMMAND_LINES) + len(FILES) + len(BARE) + len(WHOLE), 60)


if __name__ == "__main__":
    weirlib.main()
