#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""From a capture to counts per protocol: weir beside programs that read captures.

    tests/bench/pcap.py [--json FILE] [--side TEXT] [--packets N] [--build FOLDER] [ROUNDS]

The capture is made first, by weir's synth and tx. A round's figure is the time of the whole
program, start and end included; and of weir, how long its engine ran of that. tcpdump only copies the
packets to /dev/null; softflowd and argus find flows, and ndpiReader looks into the payload: each does
what it is there for. The second case is the same capture ten times, one after the other.
"""
import getpass
import os
import sys

sys.dont_write_bytecode = True
import sides  # noqa: E402
from programs import compare_programs, make_capture, tool, weirlib  # noqa: E402

PACKETS = 1000000

COUNT = """
[pipeline]
name = count
[source in]
type = pcap
path = %s
loop = %d
[stage end]
type = protocols
input = in
"""
COUNT_BY_PORT = """
[pipeline]
name = count
[source in]
device = net_pcap0
[stage end]
type = protocols
input = in
[link in end]
on_full = block
"""
# How often the capture is read in the second case.
TIMES = 10


def counted(out):
    """{(IP version, protocol): packets}"""
    counts = {}
    for line in out.splitlines():
        words = line.split()
        if len(words) == 4 and all(w.isdigit() for w in words):
            key = (int(words[0]), int(words[1]))
            counts[key] = counts.get(key, 0) + int(words[2])
    return counts


def weir_side(weir, packets, pipeline, lcores, arguments=(), options=()):
    """A run of weir, held to what must come in."""
    def run():
        seconds, out, report = weir.run(pipeline, lcores, arguments, options)
        if sum(counted(out).values()) != packets or report["ledger"]["unaccounted"] != 0:
            sys.exit("pcap: weir counted %s of %d packets" % (counted(out), packets))
        return {"time": seconds, "engine": report["elapsed_s"]}
    return run


def tcpdump(at_most, files, folder):
    """Of several files by a list: -r takes one. It may open the second only as whom it began as."""
    listed = os.path.join(folder, "files.%d" % len(files))
    with open(listed, "w", encoding="utf-8") as file:
        file.write("".join(name + "\n" for name in files))
    own = ["-Z", getpass.getuser()] if os.getuid() == 0 else []
    return tool("tcpdump", {"time": at_most}, ["-nn", "-w", "/dev/null", "-V", listed, *own])


def compare(given, weir, folder):
    capture = os.path.join(folder, "capture.pcap")
    n = given.packets
    bench = sides.Bench("pcap", "from a capture to counts per protocol",
                        {"time": "s", "engine": "s of \"time\" that it ran"}, given)
    make_capture(weir, capture, n)
    one, ten = COUNT % (capture, 1), COUNT % (capture, TIMES)
    _, out, _ = weir.run(one, weirlib.ONE)
    print("IP version, protocol, packets: " +
          ", ".join("%d %d %d" % (*key, n) for key, n in sorted(counted(out).items())))
    bench.case("capture", [
        sides.Side("weir, one lcore", weir_side(weir, n, one, weirlib.ONE)),
        sides.Side("weir, two lcores", weir_side(weir, n, one, weirlib.THREE)),
        sides.Side("weir, one lcore, net_pcap",
                   weir_side(weir, n, COUNT_BY_PORT, weirlib.ONE,
                             ["--vdev", "net_pcap0,rx_pcap=" + capture], ["-n", str(n)])),
        # Aims are of weir's time to theirs.
        tcpdump(1 / 0.7, [capture], folder),
        # IPv6 too, as many flows as there are; with a control socket it would wait at the end.
        tool("softflowd", {"time": 1}, ["-d", "-6", "-m", "1000000", "-r", capture, "-c", "none",
                              "-p", folder + "/softflowd.pid"]),
        tool("argus", {"time": 1}, ["-X", "-r", capture, "-w", "/dev/null"]),
        tool("ndpiReader", {"time": 1}, ["-q", "-i", capture]),
    ])
    bench.case("capture, ten times", [
        sides.Side("weir, one lcore", weir_side(weir, TIMES * n, ten, weirlib.ONE)),
        sides.Side("weir, two lcores", weir_side(weir, TIMES * n, ten, weirlib.THREE)),
        tcpdump(1 / 1.2, [capture] * TIMES, folder),
    ])
    bench.close(packets=n)


if __name__ == "__main__":
    compare_programs(__doc__, "pcap", PACKETS, compare, "tests/bench/libprotocols.so")
