# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Each kind of NIC that QEMU has, under vfio, in one machine of two sockets."""
import functools
import json
import random
import socket
import struct
import subprocess
import time
import unittest

import pcap
import vmlib
import weirlib
from vmlib import VmTest, Wire, wait_for
from weirlib import RECEIVE

# What they say of a wrong checksum of TCP, and of one of IPv4: two look at none in QEMU.
BAD_CHECKSUMS = {"e1000e": ("l4", "l3"), "vmxnet3": (None, None), "virtio": (None, None)}
KINDS = ("e1000e", "vmxnet3", "virtio")
NODES = {"e1000e": 0, "vmxnet3": 1, "virtio": 0}
MANY = 20000
SOME = 1000
OVER = 2000
FLOWS = 128
TAP = "weirtap0"

EVENTS = """\
[source in]
device = %s
[stage end]
type = eve
input = in
path = %s
[link in end]
on_full = block
"""

SLOW = """\
[source in]
device = %s
descriptors = 256
[stage busy]
type = work
input = in
cycles = 500000
[stage end]
type = count
input = busy
[link in busy]
on_full = block
kind = ring
ring = 64
"""

FORWARD = """\
[source in{0}]
device = {1}
[stage out{0}]
type = tx
input = in{0}
device = {2}
[link in{0} out{0}]
on_full = block
"""

QUEUES = """\
[source in]
device = %s
queues = 2
[stage end]
type = count
input = in
"""

PLACED = """\
[pipeline]
numa = strict
[source near]
device = %s
[stage near-end]
type = count
input = near
[source far]
device = %s
[stage far-end]
type = count
input = far
"""


def frames_of(count, seed, sizes=(60, 1514)):
    """Frames of random sizes and bytes, each with its number."""
    numbers = random.Random(seed)
    return [pcap.udp(sport=20000 + i % 10000,
                     data=struct.pack("!I", i) + numbers.randbytes(numbers.randint(*sizes) - 46))
            for i in range(count)]


def each_kind(test):
    """Of a test of one NIC, the test of all."""
    @functools.wraps(test)
    def run(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                test(self, kind, self.device(kind), self.wires[kind])
    return run


class Nics(VmTest):
    """A NIC of each kind with a wire of its own, and a virtio with two queues on an interface of the kernel."""

    @classmethod
    def nics(cls):
        cls.wires = {kind: Wire() for kind in KINDS}
        given = ["%s@%d:%s" % (kind, NODES[kind], cls.wires[kind].key) for kind in KINDS]
        if cls.network is None:
            given.append("virtio@1:tap=%s,queues=2" % TAP)
        return given

    @classmethod
    def setUpClass(cls):
        """In a network namespace of its own, where that can be: one with a loopback, and nothing of IPv6."""
        cls.why = vmlib.lacks()
        if cls.why is None:
            cls.network = weirlib.own_network()
            if cls.network is None:
                subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
                with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w",
                          encoding="utf-8") as file:
                    file.write("1")
        super().setUpClass()

    def device(self, kind):
        return self.machine.nics[KINDS.index(kind)]

    def lcores(self, kind):
        """The main lcore, and one of the NIC's node."""
        return "0,%d" % (1 + NODES[kind])

    def start_on(self, kind, pipeline, *options, **where):
        where.setdefault("lcores", self.lcores(kind))
        return self.weir(pipeline, *options, devices=[self.device(kind)], **where)

    @staticmethod
    def settled(run, wire, count):
        """Until all that was sent has come, or nothing waits and nothing more comes."""
        before = [-1]

        def over():
            now = run.received()
            if now >= count:
                return True
            still = now == before[0] and wire.waiting() == 0
            before[0] = now
            return still
        wait_for(over, "frames", pause=0.5)

    def exchange(self, run, wire, frames, rate=4000):
        """Send frames; how many of them did not come to the NIC."""
        lost, before = wire.lost(), max(run.received(), 0)
        wire.send(frames, rate)
        self.settled(run, wire, before + len(frames))
        return wire.lost() - lost

    @each_kind
    def test_receive(self, kind, device, wire):
        """What was sent is in the ledger, but for what found no room before the NIC."""
        run = self.start_on(kind, RECEIVE % device)
        lost = self.exchange(run, wire, [pcap.udp(sport=20000 + i) for i in range(MANY)])
        done = self.stop_ok(run)
        port = done.report["ports"][0]
        self.assertEqual(done.report["ledger"]["received"] + lost, MANY, str(done))
        self.assertEqual(done.report["ledger"]["released"] + lost, MANY, str(done))
        self.assertEqual(port["ipackets"] + lost, MANY, str(done))
        self.assertEqual((port["unexplained"], port["left"]), (0, 0), str(done))
        self.assertLess(lost, MANY // 2, str(done))
        self.assertEqual(port["socket"], NODES[kind], str(done))

    def check_forwarded(self, sent, got, lost):
        """All but those lost, whole and in order."""
        self.assertEqual(len(got), len(sent) - lost)
        if lost == 0:
            self.assertEqual(got, sent)
        left = iter(sent)
        for frame in got:
            self.assertIn(frame, left)

    def forward(self, pairs):
        devices = [self.device(kind) for kind in KINDS]
        pipeline = "".join(FORWARD.format(i, self.device(a), self.device(b))
                           for i, (a, b) in enumerate(pairs))
        run = self.weir(pipeline, lcores="0,1", devices=devices)
        lost = 0
        for i, (a, b) in enumerate(pairs):
            with self.subTest(pair=(a, b)):
                sent = frames_of(SOME, i)
                self.wires[b].drain()
                missing = self.exchange(run, self.wires[a], sent, 2000)
                got = self.wires[b].receive(SOME - missing)
                lost += missing
                self.check_forwarded(sent, got, missing)
        done = self.stop_ok(run)
        self.assertEqual(done.report["ledger"]["transmitted"] + lost, SOME * len(pairs), str(done))

    def test_forward_up(self):
        self.forward([(KINDS[i], KINDS[(i + 1) % 3]) for i in range(3)])

    def test_forward_down(self):
        self.forward([(KINDS[i], KINDS[(i + 2) % 3]) for i in range(3)])

    @each_kind
    def test_kinds_of_frames(self, kind, device, wire):
        """Tagged ones, and wrong checksums, which are the business of who reads them."""
        plain = pcap.udp()
        frames = [pcap.udp(sport=1, vlan=5), pcap.udp(sport=2, vlan=4094),
                  pcap.tcp(sport=3),  # no checksum of TCP is 0 here
                  pcap.udp(sport=4)[:24] + b"\xff\xff" + pcap.udp(sport=4)[26:],
                  pcap.udp(sport=5).ljust(60, b"\0"), pcap.ether(0x0806, plain[14:42])]
        frames = [frame.ljust(60, b"\0") for frame in frames]
        path = "events-%s.json" % kind
        run = self.start_on(kind, EVENTS % (device, path))
        self.assertEqual(self.exchange(run, wire, frames), 0)
        done = self.stop_ok(run)
        events = [json.loads(line)
                  for line in self.machine.text(path).splitlines()]
        self.assertEqual([e.get("src_port") for e in events], [1, 2, 3, 4, 5, None], str(done))
        self.assertEqual([e.get("vlan") for e in events],
                         [[5], [4094], None, None, None, None], str(done))
        self.assertEqual([e["pkt_len"] for e in events], [len(f) for f in frames], str(done))
        self.assertEqual([e.get("bad_checksum") for e in events],
                         [None, None, *BAD_CHECKSUMS[kind], None, None], str(done))

    @each_kind
    def test_overrun(self, kind, device, wire):
        """More than it can do: what was lost is in a figure, of the NIC or of what is before it."""
        run = self.start_on(kind, SLOW % device, lcores="0-3")
        lost = self.exchange(run, wire, [pcap.udp(sport=20000 + i) for i in range(OVER)],
                             100000)
        done = self.stop_ok(run)
        port = done.report["ports"][0]
        missed = port["imissed"] if isinstance(port["imissed"], int) else 0
        self.assertEqual(port["received"] + port["left"] + missed + lost, OVER, str(done))
        self.assertEqual(port["unexplained"], 0, str(done))
        self.assertGreater(missed + lost, 0, str(done))
        if kind == "vmxnet3":
            self.assertGreater(missed, 0, str(done))

    @each_kind
    def test_link(self, kind, device, wire):
        """Down at the start, up, down and up under way."""
        number = KINDS.index(kind)
        self.set_link(number, False)
        self.addCleanup(self.set_link, number, True)
        run = self.start_on(kind, RECEIVE % device)
        for turn in range(2):
            wait_for(lambda: run.port(device).get("link_downs") == turn + 1, "it is told down")
            self.set_link(number, True)
            wait_for(lambda: run.port(device).get("link") == "up", "it is up")
            self.assertEqual(self.exchange(run, wire, [pcap.udp()] * 100), 0)
            self.assertEqual(run.received(), 100 * (turn + 1))
            self.set_link(number, turn == 1)
        done = self.stop_ok(run)
        port = done.report["ports"][0]
        self.assertEqual((port["link"], port["link_downs"]), ("up", 2), str(done))
        self.assertEqual(done.err.count("port %s: its link is down" % device), 2, str(done))
        self.assertEqual(done.err.count("port %s: its link is up again" % device), 2, str(done))

    def set_link(self, number, up):
        answer = self.machine.qmp("set_link", name="nic%d" % number, up=up)
        self.assertIn("return", answer)

    @each_kind
    def test_killed(self, kind, device, wire):
        """By SIGKILL, under load; the next one finds the port as it should be."""
        run = self.start_on(kind, RECEIVE % device)
        wire.send([pcap.udp()] * 500)
        self.machine.kill(run.started, "KILL")
        self.assertEqual(self.machine.wait(run.started)[0], 137)
        run = self.start_on(kind, RECEIVE % device)
        before = run.received()
        lost = self.exchange(run, wire, [pcap.udp()] * SOME)
        done = self.stop_ok(run)
        self.assertEqual(done.report["ledger"]["received"] + lost, before + SOME, str(done))

    @each_kind
    def test_removed(self, kind, device, wire):
        """Asked away under load, and gone at the latest with weir; one in its place serves again."""
        number = KINDS.index(kind)
        run = self.start_on(kind, RECEIVE % device)
        self.exchange(run, wire, [pcap.udp()] * 100)
        wire.send([pcap.udp()] * 100)
        self.machine.ask_away(number)
        wire.send([pcap.udp()] * 300)
        done = self.stop_ok(run)
        self.assertGreaterEqual(done.report["ledger"]["received"], 100, str(done))
        wait_for(lambda: not self.machine.there(number), "it is gone")
        self.machine.give_back(number, kind)
        run = self.start_on(kind, RECEIVE % device)
        before = run.received()
        self.assertEqual(self.exchange(run, wire, [pcap.udp()] * 100), 0)
        done = self.stop_ok(run)
        self.assertEqual(done.report["ledger"]["received"], before + 100, str(done))

    def test_queues(self):
        """Both directions of a flow come to the same queue, and each queue has its share."""
        if self.network:
            self.skipTest(self.network)
        device = self.machine.nics[3]
        subprocess.run(["ip", "link", "set", TAP, "up"], check=True)
        run = self.weir(QUEUES % device, lcores="0,2,3", devices=[device])
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind((TAP, 0))
            parts = [[self.share(run, sender, flows, back) for back in (False, True)]
                     for flows in self.groups()]
        done = self.stop_ok(run)
        for there, back in parts:
            self.assertEqual(there, back, str(parts))
        for queue in range(2):
            self.assertGreater(parts[0][0][queue], FLOWS // 8, str(parts))
        self.assertEqual(done.report["ledger"]["received"], 2 * sum(sum(p[0]) for p in parts))

    @staticmethod
    def groups():
        """All flows, and some of them: queues that part directions have like counts of all by chance alone."""
        return [range(FLOWS)] + [[f for f in range(FLOWS) if f >> bit & 1] for bit in range(3)]

    def share(self, run, sender, flows, back):
        """How many of these flows come to each queue."""
        before = self.taken(run)
        for flow in flows:
            ends, ports = ("10.0.0.1", "10.9.8.%d" % flow), (1000 + flow * 7, 443)
            if back:
                ends, ports = ends[::-1], ports[::-1]
            body = struct.pack("!HHHH", *ports, 8 + 20, 0) + b"x" * 20
            sender.send(pcap.ether(0x0800, pcap.ipv4(17, body, *ends)))
            time.sleep(0.001)
        wait_for(lambda: sum(self.taken(run)) >= sum(before) + len(flows), "the flows")
        return [now - then for now, then in zip(self.taken(run), before)]

    @staticmethod
    def taken(run):
        workers = run.ask("/weir/nodes,,in")
        return [w["in"] for w in workers.values() if isinstance(w, dict)]

    def test_placed(self):
        """A source on each node, all of it where its port is."""
        devices = [self.device("e1000e"), self.device("vmxnet3")]
        run = self.weir(PLACED % tuple(devices), lcores="0,1,2,3", devices=devices)
        done = self.stop_ok(run)
        for node in done.report["nodes"]:
            for worker in node["workers"]:
                self.assertEqual(worker["socket"], 0 if "near" in node["name"] else 1, str(done))
        self.assertEqual(sorted(pool["socket"] for pool in done.report["pools"]), [0, 1])
        self.assertNotIn("crossed", done.err)
        there = [m for m in done.report["memory"] if m["bytes"] > 0]
        self.assertLessEqual({"pool", "worker", "stack"}, {m["kind"] for m in there}, str(done))
        self.assertEqual({m["socket"] for m in there}, {0, 1}, str(done))
        for memory in there:
            self.assertEqual((memory["actual"], memory["elsewhere"]), (memory["socket"], 0),
                             "%s %s" % (memory, done))

    def test_crossed(self):
        """Refused where that was asked for, else told once."""
        device = self.device("e1000e")
        crossed = ["-s", "in.lcores=2", "-t", "1"]
        run = self.weir(RECEIVE % device, *crossed, "-s", "pipeline.numa=strict", lcores="0,1,2",
                        devices=[device], wait=False)
        done = self.collect(run)
        self.assertEqual(done.status, 3, str(done))
        self.assertIn("strict", done.err)
        run = self.weir(RECEIVE % device, *crossed, lcores="0,1,2", devices=[device], wait=False)
        done = self.collect(run)
        self.assertEqual(done.status, 0, str(done))
        self.assertEqual(done.err.count("crossed"), 1, str(done))

    @each_kind
    def test_jumbo(self, kind, device, wire):
        """In one mbuf, and in several: longer than the largest frame of the driver's own MTU."""
        for data_room in ("auto", "2176"):
            wire.drain()
            run = self.start_on(kind, FORWARD.format("", device, device), "-s", "in.mtu=9000",
                                "-s", "pool.data_room=" + data_room)
            sent = frames_of(50, 1, (1600, 9000))
            lost = self.exchange(run, wire, sent, 500)
            if (kind, data_room) == ("vmxnet3", "2176"):
                # QEMU gives DPDK no more than one buffer for a frame, and counts the others as errors.
                done = self.stop_ok(run)
                self.assertEqual(done.report["ports"][0]["ierrors"] + lost +
                                 done.report["ledger"]["received"], len(sent), str(done))
                continue
            self.check_forwarded(sent, wire.receive(len(sent) - lost, 10), lost)
            self.stop_ok(run)


if __name__ == "__main__":
    weirlib.main()
