# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Frames of another process through the kernel: net_af_packet on a veth pair, and net_tap."""
import json
import os
import socket
import subprocess
import time

import pcap
import weirlib
from weirlib import SANITIZED, TWO, WeirTest

FRAMES = 500 if SANITIZED else 2000

EVE = """\
[source in]
device = %s
[stage out]
type = eve
input = in
path = %s
[link in out]
on_full = block
"""


def send(interface, count, size=None):
    """Frames with ascending source ports, all of a size, or short."""
    data = b"x" * (size - len(pcap.udp(data=b"")) if size else 20)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((interface, 0))
        for i in range(count):
            sender.send(pcap.udp(sport=20000 + i, dport=4242, data=data))
            if i % 32 == 31:
                time.sleep(0.002)


def ip(*arguments):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)


class Kernel(WeirTest):
    """All of it in a network namespace that ends with this process."""

    @classmethod
    def setUpClass(cls):
        cls.lacks = weirlib.own_network()

    def setUp(self):
        super().setUp()
        if self.lacks:
            self.skipTest(self.lacks)

    def exchange(self, device, vdev, interface, *options, **placed):
        """Send to an interface while weir reads the port; nothing may be lost or changed."""
        events = self.path("events.json")
        process = self.start(EVE % (device, events), "-t", "120", *options, eal=["--vdev", vdev],
                             **placed)
        self.wait_for(lambda: os.path.exists(events) or process.poll() is not None)
        self.assertIsNone(process.poll(), "weir ended early")
        self.wait_for(lambda: ip("link", "set", interface, "up").returncode == 0)
        time.sleep(0.5)
        send(interface, FRAMES)
        self.wait_for(lambda: self.count(events) >= FRAMES)
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(run.report["ledger"]["dropped"], 0, str(run))
        self.assertEqual(self.ports(events), list(range(20000, 20000 + FRAMES)), str(run))
        return run

    @staticmethod
    def wait_for(condition, seconds=15):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.02)

    def events(self, path):
        """Of our own frames, which the kernel may have put others between."""
        with open(path, encoding="utf-8") as file:
            lines = [line for line in file if line.endswith("\n")]
        events = [json.loads(line) for line in lines]
        return [e for e in events if e.get("dest_port") == 4242]

    def ports(self, path):
        return [e["src_port"] for e in self.events(path)]

    def count(self, path):
        return len(self.ports(path))

    def veth(self, mtu=1500):
        """The pair weir0 and weir1."""
        made = ip("link", "add", "weir0", "type", "veth", "peer", "name", "weir1")
        if made.returncode != 0:
            self.skipTest("no veth pair: " + made.stderr.strip())
        self.addCleanup(ip, "link", "del", "weir0")
        for interface in ("weir0", "weir1"):
            ip("link", "set", interface, "mtu", str(mtu), "up")

    def lengths(self, device, vdev, interface, sizes, mtu):
        """Send a frame of each size; the events of them, and the run."""
        events = self.path("events.json")
        process = self.start(EVE % (device, events), "-t", "120", eal=["--vdev", vdev])
        self.wait_for(lambda: os.path.exists(events) or process.poll() is not None)
        self.wait_for(lambda: ip("link", "set", interface, "mtu", str(mtu),
                                 "up").returncode == 0)
        time.sleep(0.5)
        for size in sizes:
            send(interface, 1, size)
        self.wait_for(lambda: self.count(events) >= len(sizes))
        if self.count(events) < len(sizes):
            print("what the kernel says of its interfaces:", ip("-s", "-s", "link").stdout)
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        return self.events(events), run

    def test_af_packet(self):
        self.veth()
        self.exchange("net_af_packet0", "net_af_packet0,iface=weir1", "weir0")

    def test_interface_back(self):
        """Made anew under its name it is used again, and what comes meanwhile is lost; while it is away nobody is idle."""
        self.veth()
        events = self.path("events.json")
        process = self.start(EVE % ("net_af_packet0", events), "-t", "120", "-s", "in.port_events=on",
                             eal=["--vdev", "net_af_packet0,iface=weir1"])
        for turn in range(2):
            self.wait_for(lambda: self.port(process, turn), 20)
            send("weir0", 20)
            self.wait_for(lambda: self.count(events) >= 20 * (turn + 1), 20)
            self.assertEqual(self.count(events), 20 * (turn + 1))
            if turn == 0:
                ip("link", "del", "weir0")
                self.wait_for(lambda: not self.port(process, 0))
                time.sleep(0.5)
                self.veth()
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        port = run.report["ports"][0]
        self.assertEqual((port["gone"], port["returns"], port["link"]), (False, 1, "up"), str(run))
        with open(events, encoding="utf-8") as file:
            changes = [e["change"] for e in map(json.loads, file) if "change" in e]
        self.assertEqual([c for c in changes if c in ("gone", "back")], ["gone", "back"], str(run))

    def test_interface_other(self):
        """One by its name that cannot be used is told once, and left until there is yet another."""
        self.veth()
        process = self.start(EVE % ("net_af_packet0", self.path("events.json")), "-t", "120", "-s",
                             "in.mtu=1400", eal=["--vdev", "net_af_packet0,iface=weir1"])
        self.wait_for(lambda: self.port(process, 0), 20)
        ip("link", "del", "weir0")
        self.wait_for(lambda: not self.port(process, 0))
        time.sleep(0.5)
        # One on another, which has no room for that MTU.
        ip("link", "add", "weir2", "type", "veth", "peer", "name", "weir3")
        self.addCleanup(ip, "link", "del", "weir2")
        for interface in ("weir2", "weir3"):
            ip("link", "set", interface, "mtu", "1300", "up")
        if ip("link", "add", "weir1", "link", "weir2", "type", "macvlan").returncode != 0:
            self.skipTest("no macvlan")
        ip("link", "set", "weir1", "up")
        time.sleep(6)  # as long as it would take to be tried again
        ip("link", "del", "weir1")
        time.sleep(1.5)
        self.veth()
        self.wait_for(lambda: self.port(process, 1), 20)
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(run.err.count("is back, but cannot be used"), 1, str(run))
        self.assertEqual(run.err.count("its device was let go"), 2, str(run))

    def test_interface_away(self):
        """That nothing comes from it does not end a run well."""
        self.veth()
        process = self.start(EVE % ("net_af_packet0", self.path("events.json")), "-t", "120",
                             "--exit-when-idle", "2500", eal=["--vdev", "net_af_packet0,iface=weir1"])
        self.wait_for(lambda: self.port(process, 0), 20)
        ip("link", "del", "weir0")
        run = self.collect(process)
        self.assertEqual(run.status, 1, str(run))
        self.assertIn("port net_af_packet0 is gone: that is no idleness", run.err)

    def port(self, process, returns):
        """Whether the first port is there for so many times."""
        ports = list((self.ask(process, "/weir/ports") or {}).values())
        return bool(ports) and not ports[0]["gone"] and ports[0]["returns"] == returns

    def test_cut(self):
        """What net_af_packet has no room for is cut: that is told before, and of each frame."""
        self.veth(9500)
        sizes = [1000, 1982, 1983, 9000]
        events, run = self.lengths("net_af_packet0", "net_af_packet0,iface=weir1", "weir0", sizes,
                                   9500)
        self.assertEqual([e["pkt_len"] for e in events], [1000, 1982, 1982, 1982], str(run))
        self.assertEqual([e.get("wire_len") for e in events], [None, None, 1983, 9000], str(run))
        self.assertEqual([e.get("truncated") for e in events], [None, None, True, True], str(run))
        self.assertIn("cuts frames after 1982 bytes", run.err)
        self.assertIn("net_pcap0,iface=weir1", run.err)
        self.assertIn("does not count", run.err)

    def test_not_cut(self):
        """As the warning says."""
        self.veth(9500)
        sizes = [1000, 1983, 9000]
        events, run = self.lengths("net_af_packet0",
                                   "net_af_packet0,iface=weir1,framesz=9216,blocksz=36864",
                                   "weir0", sizes, 9500)
        self.assertEqual([e["pkt_len"] for e in events], sizes, str(run))
        self.assertNotIn("truncated", str(events))

    def test_longest(self):
        """As the warning says, of the longest; what the driver cannot do with is refused."""
        self.veth(65535)
        vdev = "net_af_packet0,iface=weir1,framesz=%d,blocksz=%d"
        sizes = [1000, 40000, 61000]
        events, run = self.lengths("net_af_packet0", vdev % (61440, 61440), "weir0", sizes, 65535)
        self.assertEqual([e["pkt_len"] for e in events], sizes, str(run))
        self.assertNotIn("cuts frames", run.err)
        run = self.run_weir(EVE % ("net_af_packet0", self.path("none.json")), "-t", "1",
                            eal=["--vdev", vdev % (9216, 65536) + ",framecnt=511"])
        self.assertEqual(run.status, 2, str(run))
        self.assertIn("framesz=9216 does not divide its blocksz=65536", run.err)

    def test_tap_jumbo(self):
        """Whatever the MTU that its interface has, and without a key."""
        if not os.path.exists("/dev/net/tun"):
            self.skipTest("no /dev/net/tun")
        sizes = [1000, 2048, 2049, 2100, 5000, 9000]
        events, run = self.lengths("net_tap0", "net_tap0,iface=weir4", "weir4", sizes, 9500)
        self.assertEqual([e["pkt_len"] for e in events], sizes, str(run))
        # What the kernel sends of itself may be left in the queue at the stop.
        port = run.report["ports"][0]
        self.assertEqual((port["ierrors"], port["rx_nombuf"]), (0, 0), str(run))

    def test_tap(self):
        if not os.path.exists("/dev/net/tun"):
            self.skipTest("no /dev/net/tun")
        self.exchange("net_tap0", "net_tap0,iface=weir2", "weir2")

    def test_tap_interrupts(self):
        """Asleep while nothing comes, and woken for what does."""
        if not os.path.exists("/dev/net/tun"):
            self.skipTest("no /dev/net/tun")
        run = self.exchange("net_tap0", "net_tap0,iface=weir3", "weir3", "-s", "in.idle=interrupt",
                            lcores=TWO)
        self.assertNotIn("no interrupts", run.err)
        for node in run.report["nodes"]:
            self.assertGreater(node["workers"][0]["sleep"], 0.2, str(run))


if __name__ == "__main__":
    weirlib.main()
