# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""NICs that are removed, whose link changes, and whose interrupts never come; what goes on beside them."""
import json
import os
import threading
import time

import pcap
import weirlib
from vmlib import KINDS, KindsTest, each_kind, wait_for
from weirlib import RECEIVE

RATE = 1000  # frames a second

# What comes in on the one is counted, and what comes in on the other leaves through the one.
BOTH = """\
[source in]
device = {0}
[stage end]
type = count
input = in
[source other]
device = {1}
[stage out]
type = tx
input = other
device = {0}
"""

# The same, where the one's link is told as events.
TOLD = BOTH.replace("device = {0}", "device = {0}\nport_events = on", 1).replace(
    "type = count", "type = eve\npath = {2}")

# Stamps of the machine's own clock: the kernel asks for the device, weir tells of it, and it is gone.
STAMPS = """\
until dmesg | grep -q '{device}: Relaying device request'; do usleep 20000; done; cut -d' ' -f1 /proc/uptime
until grep -q 'port {device} went away' {errors}; do usleep 20000; done; cut -d' ' -f1 /proc/uptime
until ! test -e /sys/bus/pci/devices/{device}; do usleep 20000; done; cut -d' ' -f1 /proc/uptime
"""
# Seconds after the first of these for the second and third, by the machine's clock; more where this one
# has not the CPUs for it. The kernel asks again after 10.
NOTICED = 1
REMOVED = 2


class Load:
    """Frames to some wires, evenly, from a thread of their own until it ends."""

    def __init__(self, *wires):
        self.wires = wires
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        frames = [pcap.udp(sport=20000 + i) for i in range(RATE // 20)]
        while not self.over.is_set():
            for wire in self.wires:
                wire.send(frames, 10 * RATE)
            time.sleep(0.05)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Gone(KindsTest):
    def beside(self, kind):
        """The next one."""
        return KINDS[(KINDS.index(kind) + 1) % len(KINDS)]

    def start_both(self, kind, pipeline, *more):
        """On a NIC, and beside it the next one."""
        devices = [self.device(kind), self.device(self.beside(kind))]
        return self.weir(pipeline.format(*devices, *more), lcores="0-3", devices=devices)

    def counts(self, run):
        """What each source received."""
        nodes = run.ask("/weir/nodes").values()
        return [node["in"] for node in nodes if isinstance(node, dict) and
                node["name"] in ("in", "other")]

    def grow(self, run, number):
        """Until a source has received more."""
        before = self.counts(run)[number]
        wait_for(lambda: self.counts(run)[number] > before, "frames")

    def all_come(self, run, wire):
        """Behind what still comes of a load, each of some frames to the first source."""
        before = [-1]

        def settled():
            now = self.counts(run)[0]
            still = now == before[0] and wire.waiting() == 0
            before[0] = now
            return still
        wait_for(settled, "no more frames", pause=0.25)
        lost = wire.lost()
        wire.send([pcap.udp()] * 100, 1000)
        wait_for(lambda: self.counts(run)[0] >= before[0] + 100, "frames")
        self.assertEqual((self.counts(run)[0] - before[0], wire.lost() - lost), (100, 0))

    @each_kind
    def test_link(self, kind, device, wire):
        """Down at the start, and down and up under load, both ways; what happened is told in its place."""
        path = "changes-%s.json" % kind
        self.set_link(kind, False)
        self.addCleanup(self.set_link, kind, True)
        run = self.start_both(kind, TOLD, path)
        with Load(wire, self.wires[self.beside(kind)]):
            for turn in range(2):
                wait_for(lambda: run.port(device).get("link_downs") == turn + 1, "it is down")
                before = self.counts(run)[0]
                self.grow(run, 1)
                self.assertEqual(self.counts(run)[0], before)
                wire.drain()
                self.set_link(kind, True)
                wait_for(lambda: run.port(device).get("link") == "up", "it is up")
                self.grow(run, 0)
                self.assertTrue(wire.receive(1))
                self.set_link(kind, turn == 1)
        self.all_come(run, wire)
        done = self.stop_ok(run)
        port = next(port for port in done.report["ports"] if port["name"] == device)
        self.assertEqual((port["link"], port["link_downs"]), ("up", 2), str(done))
        self.assertEqual(done.err.count("port %s: its link is down" % device), 2, str(done))
        self.assertEqual(done.err.count("port %s: its link is up again" % device), 2, str(done))
        events = [json.loads(line) for line in self.machine.text(path).splitlines()]
        changes = [event for event in events if event["event_type"] == "port"]
        self.assertEqual([event["change"] for event in changes], ["down", "up"] * 2, str(done))
        self.assertEqual({event["in_iface"] for event in changes}, {device}, str(done))
        self.assertEqual(done.report["ledger"]["created"], 4, str(done))

    def told_silent(self, run):
        """Of frames that come while it sleeps, which on a machine that is slow not each does."""
        self.wires["e1000e"].send([pcap.udp()] * 20, 40)
        return "never an interrupt" in run.errors()

    def test_interrupts(self):
        """Of a NIC that raises none by MSI-X that is said, with what mends it."""
        for eal, told in ((), 1), (("--vfio-intr=msi",), 0):
            with self.subTest(eal=eal):
                run = self.start_on("e1000e", RECEIVE % self.device("e1000e"), "-s",
                                    "in.idle=interrupt", eal=eal)
                self.wires["e1000e"].send([pcap.udp()] * 60, 40)
                wait_for(lambda: run.received() >= 60, "frames")
                if told:
                    wait_for(lambda: self.told_silent(run), "it is said")
                done = self.stop_ok(run)
                self.assertEqual(done.err.count("never an interrupt"), told, str(done))
                self.assertEqual(done.err.count("give EAL --vfio-intr=msi"), told, str(done))

    @each_kind
    def test_removed(self, kind, device, wire):
        """Under load it is noticed at once, and the kernel does not wait; the rest goes on. And so does the one
        when it is back."""
        number = KINDS.index(kind)
        self.machine.run("dmesg -c >/dev/null")
        run = self.start_both(kind, BOTH)
        with Load(wire, self.wires[self.beside(kind)]):
            self.grow(run, 0)
            self.grow(run, 1)
            watch = self.machine.start(STAMPS.format(device=device, errors="%d.err" % run.started))
            self.machine.ask_away(number)
            asked, noticed, gone = map(float, self.machine.wait(watch)[1].split())
            print("%s: noticed after %.2f s, removed after %.2f s" %
                  (kind, noticed - asked, gone - asked))
            self.grow(run, 1)
            self.assertTrue(run.port(device)["gone"])
            self.machine.give_back(number, kind)
            wait_for(lambda: run.port(device).get("returns") == 1, "it is used again")
            self.assertFalse(run.port(device)["gone"])
            self.grow(run, 0)
            wire.drain()
            self.assertTrue(wire.receive(1))
        done = self.stop_ok(run)
        busy = min(max(1, os.getloadavg()[0] / os.cpu_count()), 4)
        self.assertLess(noticed - asked, NOTICED * busy, str(done))
        self.assertLess(gone - asked, REMOVED * busy, str(done))
        self.assertEqual(done.err.count("port %s went away" % device), 1, str(done))
        self.assertEqual(done.err.count("port %s: its device was let go" % device), 1, str(done))
        self.assertEqual(done.err.count("port %s is back" % device), 1, str(done))
        self.assertGreater(done.report["drops"].get("port_gone", 0), 0, str(done))


if __name__ == "__main__":
    weirlib.main()
