#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""From a capture to records of flows: weir beside programs that export flows.

    tests/bench/records.py [--json FILE] [--side TEXT] [--packets N] [--build FOLDER] [ROUNDS]

The capture is made first, by weir's synth and tx, and one of ten times as many packets. weir writes lines of JSON,
community ids included; each of the others does the export that it is there for: softflowd sends NetFlow 9 to a
port of this machine where nobody listens, nfpcapd and argus write their files. A round's figure is the time of the
whole program, start and end included; and of weir, how long its engine ran of that.
"""
import os
import sys

sys.dont_write_bytecode = True
import sides  # noqa: E402
from programs import compare_programs, make_capture, tool, weirlib  # noqa: E402

PACKETS = 1000000
TIMES = 10
# What weir's time may be of the others', by packets: of its engine, and of the whole program.
AIMS = {"few": {"engine": 1 / 3}, "many": {"time": 1 / 2}}

FLOWS = """
[pipeline]
name = records
[source in]
type = pcap
path = %s
[stage flow]
type = flow
input = in
capacity = 256k
events = end
[stage out]
type = eve
input = flow.flows
path = %s
"""


def weir_side(weir, packets, capture, lcores):
    """A run of weir, held to what must come in and go out."""
    def run():
        lines = os.path.join(weir.folder, "flows.json")
        seconds, _, report = weir.run(FLOWS % (capture, lines), lcores)
        flows = report["flows"][0]
        with open(lines, "rb") as file:
            written = sum(1 for _ in file)
        if report["ledger"]["received"] != packets or report["ledger"]["unaccounted"] != 0 or \
                written != flows["created"]:
            sys.exit("records: weir had %s of %d packets, and wrote %d of %d flows" % (
                report["ledger"], packets, written, flows["created"]))
        return {"time": seconds, "engine": report["elapsed_s"]}
    return run


def others(capture, folder, aims):
    records = os.path.join(folder, "nfpcapd")
    os.makedirs(records, exist_ok=True)
    return [
        # With a control socket it would wait at the end.
        tool("softflowd", aims, ["-d", "-6", "-m", "1000000", "-v", "9", "-n", "127.0.0.1:9", "-r", capture,
                                 "-c", "none", "-p", folder + "/softflowd.pid"]),
        tool("nfpcapd", aims, ["-r", capture, "-w", records]),
        tool("argus", aims, ["-X", "-r", capture, "-w", os.path.join(folder, "argus.out")]),
    ]


def compare(given, weir, folder):
    bench = sides.Bench("records", "from a capture to records of flows",
                        {"time": "s", "engine": "s of \"time\" that it ran"}, given)
    for name, packets, aims in ("capture", given.packets, AIMS["few"]), \
            ("capture of ten times as many", TIMES * given.packets, AIMS["many"]):
        capture = os.path.join(folder, "capture.pcap")
        make_capture(weir, capture, packets)
        bench.case(name, [
            sides.Side("weir, one lcore", weir_side(weir, packets, capture, weirlib.ONE)),
            sides.Side("weir, two lcores", weir_side(weir, packets, capture, weirlib.THREE)),
            *others(capture, folder, aims),
        ])
        os.unlink(capture)
    bench.close(packets=given.packets)


if __name__ == "__main__":
    compare_programs(__doc__, "records", PACKETS, compare)
