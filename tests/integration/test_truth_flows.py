# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Flows of real captures, held against flows computed from another program's reading of them, where ../shared has both."""
import collections
import concurrent.futures
import gzip
import ipaddress
import os
import random
import unittest

import flowlines
import flowtruth
import weirlib
from flowtruth import ACK, FIN, OFF, RST, SECOND, SYN, TCP, UDP, Packet
from weirlib import ONE, SANITIZED, TOP, WeirTest

PCAPS = os.path.join(TOP, "..", "shared", "pcaps")
TRUTH = os.path.join(PCAPS, "truth.tsv.gz")
COLUMNS = ("file frame len caplen ethtype vlan ipver src4 dst4 src6 dst6 proto4 nxt6 tsp tdp usp udp ssp sdp "
           "tcpflags icmp icmp6 protocols time advlan iplen ipid mf fragoff ttl plen6 fragoff6 fragid6 seq tcplen udplen "
           "icmpcode icmpid icmp6code").split()
# Captures of which one run reads several at once: what takes time is the start.
AT_ONCE = 16
SAMPLE = 24  # captures under sanitizers
# Each capture is read so often by one run: with one worker and with four, and with and without time-outs.
VARIANTS = [(workers, timeouts) for workers in (1, 4) for timeouts in (flowtruth.TIMEOUTS, OFF)]

VARIANT = """\
[source in{name}]
type = pcap
path = {capture}
lcores = 0
[stage flow{name}]
type = flow
input = in{name}
workers = {workers}
lcores = 0
capacity = {capacity}
records = 4096
{timeouts}
[link in{name} flow{name}]
on_full = block
spread = flow
kind = {kind}
[stage out{name}]
type = eve
input = {inputs}
path = {path}
lcores = 0
[link flow{name}.flows out{name}]
on_full = block
"""
PACKETS = """\
[link flow{name}.packets out{name}]
on_full = block
"""


def truth():
    """The rows of each capture."""
    captures = collections.OrderedDict()
    with gzip.open(TRUTH, "rt", errors="replace") as file:
        for line in file:
            values = line.rstrip("\n").split("\t")
            row = dict(zip(COLUMNS, values + [""] * (len(COLUMNS) - len(values))))
            captures.setdefault(row["file"], []).append(row)
    return captures


A, B = ((ipaddress.ip_address("192.0.2.%d" % host), port) for host, port in ((1, 1000), (2, 80)))


def tcp(at, flags, seq=0, payload=0, back=False):
    """A segment, so many seconds from the beginning."""
    src, dst = (B, A) if back else (A, B)
    return Packet(at * SECOND, 60 + payload, TCP, src, dst, "tcp", 64, flags, seq, payload)


def datagram(at, back=False, kind="udp"):
    src, dst = (B, A) if back else (A, B)
    return Packet(at * SECOND, 100, UDP, src, dst, kind)


SHAKE = [tcp(0, SYN, 9), tcp(1, SYN | ACK, 99, back=True), tcp(3, ACK, 10)]


class Model(unittest.TestCase):
    """The model itself, by hand."""

    def states(self, packets, **how):
        return [(flow.state, sorted(flow.reasons)) for flow in flowtruth.flows(packets, **how)]

    def test_states(self):
        fins = [tcp(4, FIN | ACK, 10), tcp(5, FIN | ACK, 100, back=True)]
        for packets, state in ((SHAKE[:1], "new"), (SHAKE[:2], "new"), (SHAKE, "established"),
                               (SHAKE + fins[:1], "closing"), (SHAKE + fins, "closed"),
                               (SHAKE + [tcp(4, RST, 10)], "reset"), (SHAKE + fins[:1] + [tcp(6, RST | ACK, back=True)], "reset"),
                               (SHAKE + [tcp(4, RST, 10)] + fins, "reset"), ([datagram(0)] * 2, "new"),
                               ([datagram(0), datagram(1, True)], "established")):
            self.assertEqual(self.states(packets), [(state, ["drain"])])

    def test_client(self):
        for packets, client in (([SHAKE[0]], A), ([SHAKE[1]], A), ([tcp(0, ACK, back=True)], B), ([datagram(0, True)], B)):
            self.assertEqual(flowtruth.flows(packets)[0].client, client)

    def test_rtt(self):
        self.assertEqual(flowtruth.flows(SHAKE)[0].rtt, 3 * SECOND)
        self.assertIsNone(flowtruth.flows([SHAKE[0], SHAKE[2], SHAKE[1], tcp(4, ACK)])[0].rtt)
        self.assertIsNone(flowtruth.flows(SHAKE[1:])[0].rtt)

    def test_timeouts(self):
        for state, packets, seconds in (("new", SHAKE[:1], 60), ("established", SHAKE, 600),
                                        ("closing", SHAKE + [tcp(3, FIN, 10)], 120), ("new", [datagram(0)], 30),
                                        ("established", [datagram(0), datagram(0, True)], 300),
                                        ("new", [datagram(0, kind="icmp")], 30), ("new", [datagram(0, kind="other")], 300)):
            last = packets[-1]
            on, beyond = (last._replace(time=last.time + seconds * SECOND + more, flags=last.flags and ACK) for more in (0, 1))
            self.assertEqual(len(self.states(packets + [on])), 1, packets)
            two = self.states(packets + [beyond])
            self.assertEqual(two[0], (state, ["idle"]))
            self.assertEqual(two[1][1], ["drain"])
            self.assertEqual(len(self.states(packets + [beyond], timeouts=OFF)), 1)

    def test_closed(self):
        closed = SHAKE + [tcp(3, FIN, 10), tcp(3, FIN, 100, back=True)]
        self.assertEqual(self.states(closed + [tcp(4, SYN, 7)]), [("closed", ["fin"]), ("new", ["drain"])])
        self.assertEqual(self.states(closed + [tcp(4, ACK, 11)]), [("closed", ["drain"])])
        self.assertEqual(self.states(closed + [tcp(14, ACK, 11)])[0], ("closed", ["fin"]))
        self.assertEqual(self.states(SHAKE + [tcp(3, RST, 10), tcp(4, SYN, 7)])[0], ("reset", ["rst"]))

    def test_capture_ends(self):
        other = datagram(31)._replace(src=(A[0], 5))
        self.assertEqual(self.states([datagram(0), other])[0][1], ["drain", "idle"])
        self.assertEqual(self.states([datagram(1), other])[0][1], ["drain"])
        late = flowtruth.flows([datagram(0), other, datagram(1)])
        self.assertEqual([flow.doubtful for flow in late], [True, False])

    def test_lifetime_and_active(self):
        packets = [datagram(second) for second in range(0, 150, 10)]
        self.assertEqual(flowtruth.flows(packets)[0].events, ["new", "update", "update"])
        self.assertEqual(self.states(packets, lifetime=70), [("new", ["active"]), ("new", ["drain"])])

    def counts(self, *segments):
        side = flowtruth.flows([tcp(0, ACK, seq, size) for seq, size in segments])[0].sides[0]
        return side.retransmitted, side.out_of_order, side.lost

    def test_sequence(self):
        self.assertEqual(self.counts((0, 10), (10, 10)), (0, 0, 0))
        self.assertEqual(self.counts((0, 10), (0, 10)), (1, 0, 0))
        self.assertEqual(self.counts((0, 10), (20, 10)), (0, 0, 1))
        self.assertEqual(self.counts((0, 10), (20, 10), (10, 10)), (0, 1, 0))
        self.assertEqual(self.counts((0, 10), (20, 10), (10, 10), (10, 10)), (1, 1, 0))
        self.assertEqual(self.counts((0, 10), (5, 10), (15, 5)), (0, 0, 0))
        self.assertEqual(self.counts((2**32 - 5, 10), (5, 5), (2**32 - 5, 10)), (1, 0, 0))

    def test_differences_are_seen(self):
        """What is compared with what is said otherwise is found."""
        line = {"proto": "UDP", "src_ip": str(A[0]), "src_port": A[1], "dest_ip": str(B[0]), "dest_port": B[1], "end": "drain",
                "flow": {"pkts_toserver": 1, "pkts_toclient": 0, "bytes_toserver": 100, "bytes_toclient": 0,
                         "payload_toserver": 0, "payload_toclient": 0, "ttl_toserver": 64, "state": "new",
                         "start": "1970-01-01T00:00:01.000000+0000", "end": "1970-01-01T00:00:01.000000+0000"}}
        model = flowtruth.flows([datagram(1)])
        self.assertEqual(flowlines.compare(model, [line]), [])
        self.assertEqual(len(flowlines.compare(model, [])), 1)
        self.assertNotEqual(flowlines.compare(model, [line, line]), [])
        self.assertEqual(len(flowlines.compare(model, [dict(line, end="idle")])), 1)
        for name, other in (("pkts_toserver", 2), ("payload_toserver", 1), ("start", "1970-01-01T00:00:01.000000001+0000"),
                            ("lost_toclient", 1), ("midstream", True)):
            self.assertNotEqual(flowlines.compare(model, [dict(line, flow=dict(line["flow"], **{name: other}))]), [], name)


@unittest.skipUnless(os.path.exists(TRUTH), "there is no ../shared with captures")
class Captures(WeirTest):
    """Every capture, and every flow of it."""

    def variant(self, capture, frames, name, workers, timeouts):
        # The first one has the packets' lines, too.
        packets = name.endswith("v0")
        inputs = "flow%s.packets, flow%s.flows" % (name, name) if packets else "flow%s.flows" % name
        text = VARIANT + (PACKETS if packets else "")
        # As many flows as there are frames, and then some: memory that is cleared is what takes time.
        return text.format(name=name, capacity=64 + 2 * frames, capture=os.path.join(PCAPS, capture), workers=workers,
                           inputs=inputs, kind="auto" if workers == 1 else "ring", path=self.path(name + ".json"),
                           timeouts="\n".join("timeout.%s = %ds" % item for item in timeouts.items()))

    def replay(self, captures):
        """A run of (number, name, rows)."""
        pipeline = "".join(self.variant(capture, len(rows), "%dv%d" % (number, v), *variant)
                           for number, capture, rows in captures for v, variant in enumerate(VARIANTS))
        return self.run_ok(pipeline, lcores=ONE, memory=["--no-huge", "-m", "2048", "--no-pci"])

    def packets(self, capture, rows, lines):
        """What the model is given; None of those without a key."""
        self.assertEqual(len(lines), len(rows), capture)
        frames = list(flowlines.frames(os.path.join(PCAPS, capture)))
        self.assertEqual(len(frames), len(rows), capture)
        return [flowtruth.packet(*of) for of in zip(rows, lines, frames)]

    def check(self, packets, name, timeouts, slack):
        """Of one variant of a capture: what is wrong, as texts."""
        _, ends, told = flowlines.read(self.path(name + ".json"))
        table = flowtruth.Table(timeouts=timeouts, slack=slack)
        for packet in packets:
            table.add(packet)
        model = table.finish()
        wrong = flowlines.compare(model, ends) + flowlines.compare_told(model, told)
        total = sum(line["flow"]["pkts_toserver"] + line["flow"]["pkts_toclient"] for line in ends)
        if total + table.keyless != len(packets):
            wrong.append("%d packets in flows and %d without: %d frames" % (total, table.keyless, len(packets)))
        self.doubtful += sum(flow.doubtful for flow in model)
        self.flows += len(model)
        return wrong

    def check_capture(self, capture, rows, number, run):
        lines, _, _ = flowlines.read(self.path("%dv0.json" % number))
        packets = self.packets(capture, rows, lines)
        # While a run stands still for more than ten seconds, its time goes on without packets.
        elapsed = run.report["elapsed_s"]
        slack = int(elapsed * SECOND) if elapsed > 10 else 0
        for v, (workers, timeouts) in enumerate(VARIANTS):
            name = "%dv%d" % (number, v)
            with self.subTest(capture=capture, workers=workers, timeouts=timeouts is not OFF):
                self.assertEqual(self.node(run, "flow" + name)["in"], len(rows))
                wrong = self.check(packets, name, timeouts, slack)
                self.assertEqual(wrong, [], "%d wrong" % len(wrong))
            os.unlink(self.path(name + ".json"))

    def test_captures(self):
        captures = truth()
        # Without one of whose frames tshark reads no time.
        names = [name for name, rows in captures.items()
                 if all(flowtruth.stamp(row["time"]) is not None for row in rows)]
        print("%d of %d captures have a time for each packet" % (len(names), len(captures)))
        if SANITIZED:
            names = random.Random(14).sample(names, SAMPLE)
        only = os.environ.get("WEIR_TEST_CAPTURE")
        if only:
            names = [name for name in names if only in name]
        self.doubtful = self.flows = 0
        numbered = [(number, name, captures[name]) for number, name in enumerate(names)]
        parts = [numbered[first:first + AT_ONCE] for first in range(0, len(names), AT_ONCE)]
        # While one part is looked at, the next one runs.
        with concurrent.futures.ThreadPoolExecutor(1) as ahead:
            for part, run in zip(parts, ahead.map(self.replay, parts)):
                for number, name, rows in part:
                    self.check_capture(name, rows, number, run)
        # Few enough to let them go.
        self.assertLess(self.doubtful, self.flows / 50)
        print("%d flows, of which %d go by how far ages came when a packet came late" % (self.flows, self.doubtful))


if __name__ == "__main__":
    weirlib.main()
