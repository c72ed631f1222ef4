# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What the keys of a source have NICs do that no virtual device can: tags, addresses, pause frames, RSS keys."""
import json

import pcap
import weirlib
from test_nics import EVENTS, FORWARD
from vmlib import KINDS, KindsTest, wait_for
from weirlib import RECEIVE

GIVEN = bytes.fromhex("020000000002")  # what frames of pcap.py are for
OTHER = bytes.fromhex("0200000000ee")
GROUP = bytes.fromhex("01005e000001")
ALL = b"\xff" * 6


class Setup(KindsTest):
    def refused(self, kind, key, expected):
        done = self.collect(self.start_on(kind, RECEIVE % self.device(kind), "-s", "in." + key, "-t",
                                          "1", wait=False))
        self.assertEqual(done.status, 3, str(done))
        self.assertIn(expected, done.err)

    def test_refused(self):
        """None of them has a clock; this one keeps no list of addresses, or no pause frames."""
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.refused(kind, "timestamp=on", "has no TIMESTAMP; it has: ")
        self.refused("vmxnet3", "mac=02:00:00:00:00:02", "refuses an address of mac")
        self.refused("virtio", "flow_control=off", "refuses flow_control")

    def test_planned(self):
        """A port that tells no key size is said, and one without RSS."""
        for kind, note in (("vmxnet3", "tells no size of its RSS key"), ("e1000e", "has no RSS")):
            with self.subTest(kind=kind):
                run = self.start_on(kind, RECEIVE % self.device(kind), "-s", "in.queues=2",
                                    "--plan=json", wait=False)
                status, out, err = self.machine.wait(run.started)
                self.assertEqual(status, 0, err)
                notes = json.loads(out)["notes"]
                self.assertTrue(any(note in line for line in notes), notes)

    def test_vlan_strip(self):
        """The tag is in the event, and in the frame again when it leaves."""
        kind = "e1000e"
        device, wire = self.device(kind), self.wires[kind]
        frames = [pcap.udp(sport=1, vlan=5), pcap.udp(sport=2, vlan=4094), pcap.udp(sport=3)]
        frames = [frame.ljust(80, b"\0") for frame in frames]
        path = "stripped.json"
        pipeline = EVENTS % (device, path)
        run = self.start_on(kind, pipeline, "-s", "in.vlan_strip=on")
        self.sent(run, wire, frames)
        done = self.stop_ok(run)
        events = [json.loads(line) for line in self.machine.text(path).splitlines()]
        self.assertEqual([e.get("vlan") for e in events], [[5], [4094], None], str(done))
        self.assertEqual([e["pkt_len"] for e in events], [76, 76, 80], str(done))
        wire.drain()
        run = self.start_on(kind, FORWARD.format("", device, device), "-s", "in.vlan_strip=on")
        self.sent(run, wire, frames)
        self.assertEqual(wire.receive(len(frames)), frames)
        self.stop_ok(run)

    def sent(self, run, wire, frames, come=None):
        """Send frames, of which so many come in, the last one among them."""
        come = len(frames) if come is None else come
        before = max(run.received(), 0)
        wire.send(frames, 1000)
        wait_for(lambda: run.received() >= before + come and wire.waiting() == 0, "frames")
        self.assertEqual(run.received(), before + come)

    def test_mac(self):
        """Frames for that address, and for all; not for others, nor for groups unless asked for."""
        for kind in ("e1000e", "virtio"):
            with self.subTest(kind=kind):
                device, wire = self.device(kind), self.wires[kind]
                body = pcap.udp()[6:]
                frames = [to + body for to in (GIVEN, OTHER, GROUP, ALL)] * 50
                for keys, come in ((("mac=02:00:00:00:00:02",), 100),
                                   (("mac=02:00:00:00:00:02", "allmulticast=on"), 150),
                                   (("mac=02:00:00:00:00:02,01:00:5e:00:00:01",), 150),
                                   (("promiscuous=off",), 50),
                                   ((), 200)):
                    options = [word for key in keys for word in ("-s", "in." + key)]
                    run = self.start_on(kind, RECEIVE % device, *options)
                    with self.subTest(keys=keys):
                        self.sent(run, wire, frames, come)
                    self.stop_ok(run)

    def test_link_told(self):
        """Speed and duplex, and how they came about."""
        run = self.start_on("e1000e", RECEIVE % self.device("e1000e"), "-s", "in.link_wait=20s",
                            "-s", "in.flow_control=off")
        wait_for(run.is_up, "a link")
        port = run.port(self.device("e1000e"))
        self.assertEqual((port["link"], port["speed_mbit"], port["duplex"], port["autoneg"]),
                         ("up", 1000, "full", 1), str(port))
        done = self.stop_ok(run)
        self.assertEqual(done.report["ports"][0]["link_downs"], 0, str(done))
        self.assertNotIn("link_wait", done.err)


if __name__ == "__main__":
    weirlib.main()
