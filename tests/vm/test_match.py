# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What a source asks for, by rules in the classifier of the machine's kernel: net_tap has them there."""
import os
import shutil
import struct

import pcap
import weirlib
from vmlib import KindsTest, wait_for

SEND = os.environ.get("WEIR_VM_SEND") or os.path.join(weirlib.BUILD, "tests/vm/vm_send")
SOME = 100

PIPELINE = """\
[source in]
device = net_tap0
queues = %d
match = %s
[stage end]
type = count
input = in
[link in end]
on_full = block
"""

# One of each in turn.
FRAMES = [frame for n in range(SOME) for frame in (
    pcap.tcp(sport=1000 + n, dport=443), pcap.tcp(sport=1000 + n, dport=80),
    pcap.udp(sport=1000 + n, dport=53), pcap.udp(sport=1000 + n, dport=53, vlan=5),
    pcap.udp(sport=1000 + n, dport=53, vlan=300), pcap.ether(0x88b5, bytes(46)))]
KINDS = 6


class Match(KindsTest):
    def setUp(self):
        super().setUp()
        if not os.path.exists(self.machine.path("send")):
            shutil.copy(SEND, self.machine.path("send"))
            with open(self.machine.path("frames"), "wb") as file:
                file.write(b"".join(struct.pack("!H", len(f)) + f for f in FRAMES))
            done = self.machine.run("modprobe -a tun sch_ingress sch_multiq cls_flower act_gact "
                                    "act_mirred act_skbedit")
            self.assertEqual(done[0], 0, done)

    def send(self, expression, kinds=KINDS, queues=1, options=()):
        """Send all frames to a port that is asked for some; once those of so many kinds have come to weir, and
        no more come, the end of that run and its port.

        The kernel has frames of its own for an interface that is new, which are none of these."""
        run = self.weir(PIPELINE % (queues, expression), *options,
                        lcores="0,1 --no-pci --vdev net_tap0,iface=wt0")
        status, out, err = self.machine.run("./send wt0 frames")
        self.assertEqual(status, 0, out + err)
        before = [-1]

        def settled():
            now = run.received()
            still = now == before[0] and now >= kinds * SOME
            before[0] = now
            return still
        wait_for(settled, "frames", pause=0.5)
        done = self.stop_ok(run)
        return done, done.report["ports"][0]

    def check_kept_out(self, done, port, matched, rules):
        """All that match came, and nothing else."""
        self.assertEqual(done.report["ledger"]["released"], matched * SOME, str(done))
        self.assertEqual(port["rules"], rules, str(done))
        self.assertEqual(port["ipackets"], matched * SOME, str(done))
        self.assertEqual(done.err.count(": nothing else comes in\n"), 1, str(done))

    def test_ports(self):
        """The kernel's classifier has no rule for first fragments, which is told."""
        done, port = self.send("tcp dst port 443", 1)
        self.check_kept_out(done, port, 1, 2)
        self.assertEqual(done.err.count("refuses the rule `ipv4 first fragment, tcp`: item not supported"),
                         1, str(done))

    def test_type(self):
        done, port = self.send("ether proto 0x88b5 or (ip src host 192.0.2.1 and udp)", 2)
        self.check_kept_out(done, port, 2, 2)

    def test_wider(self):
        """No rules for SCTP's ports: its packets come in all."""
        done, port = self.send("dst port 53", 1)
        self.check_kept_out(done, port, 1, 6)
        self.assertIn("refuses 2 of the rules, as `ipv4, sctp dst 53`: item not supported", done.err)

    def test_queues(self):
        """Over several queues rules spread by RSS, of which net_tap has none that this kernel loads."""
        done, port = self.send("tcp dst port 443", queues=2)
        self.assertEqual(done.report["ledger"]["released"], SOME, str(done))
        self.assertEqual(port["rules"], 0, str(done))
        self.assertEqual(done.err.count("match is done in software: its driver refuses the rule `ipv4, tcp "
                                        "dst 443`: "), 1, str(done))

    def test_software(self):
        """What no rule can say, what its driver does wrong, and what is not to be there."""
        for expression, options, why in [
                ("tcp dst port 443 and len > 20", (), "match is done in software: it asks for more than"),
                ("vlan 300 and udp", (), "match is done in software: its driver takes tags for others\n"),
                ("tcp dst port 443", ("-s", "in.match.rules=off"), None)]:
            with self.subTest(expression=expression):
                done, port = self.send(expression, options=options)
                self.assertEqual(port["rules"], 0, str(done))
                self.assertEqual(done.report["ledger"]["released"], SOME, str(done))
                self.assertGreaterEqual(port["ipackets"], KINDS * SOME, str(done))
                self.assertEqual(done.report["drops"]["unmatched"] + SOME + port["left"],
                                 port["ipackets"], str(done))
                if why is None:
                    self.assertNotIn("match", done.err)
                else:
                    self.assertEqual(done.err.count(why), 1, str(done))


if __name__ == "__main__":
    weirlib.main()
