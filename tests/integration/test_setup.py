# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""How ports are set up as the keys of a source say: refused by drivers that cannot, done by those that can."""
import json
import signal
import socket
import time

import pcap
import weirlib
from test_vdevs import SEND, ip
from weirlib import RECEIVE, WeirTest

EVENTS = """\
[source in]
device = %s
[stage end]
type = eve
input = in
path = %s
"""

FORWARD = """\
[source in]
device = %s
[stage out]
type = tx
input = in
device = %s
"""


class Setup(WeirTest):
    """Interfaces in a network namespace that ends with this process."""

    @classmethod
    def setUpClass(cls):
        cls.lacks = weirlib.own_network()

    def veth(self, up=True):
        if self.lacks:
            self.skipTest(self.lacks)
        made = ip("link", "add", "weir0", "type", "veth", "peer", "name", "weir1")
        if made.returncode != 0:
            self.skipTest("no veth pair: " + made.stderr.strip())
        self.addCleanup(ip, "link", "del", "weir0")
        ip("link", "set", "weir1", "up")
        if up:
            ip("link", "set", "weir0", "up")

    def planned(self, pipeline, *options, eal):
        """The plan of the first port, and the notes."""
        run = self.plain(self.command(pipeline, ["--plan=json", *options], eal=eal)[1:])
        self.assertEqual(run.status, 0, str(run))
        plan = json.loads(run.out)
        return plan["ports"][0], plan["notes"]

    def refused(self, device, vdev, key, expected, status=3):
        run = self.run_weir(RECEIVE % device, "-t", "1", "-s", "in." + key, eal=["--vdev", vdev])
        self.assertEqual(run.status, status, str(run))
        self.assertIn(expected, run.err)

    def test_refused(self):
        """What is asked for by all means, and the driver has not: with what was asked, and of which port."""
        null = ("net_null0", "net_null0")
        self.refused(*null, "timestamp=on", "timestamp = on: port net_null0 (net_null) has no TIMESTAMP")
        self.refused(*null, "vlan_strip=on", "vlan_strip = on: port net_null0 (net_null) has no VLAN_STRIP")
        self.refused(*null, "checksum=on", "checksum = on: port net_null0 (net_null) has no IPV4_CKSUM")
        self.refused(*null, "mac=02:00:00:00:00:01", "port net_null0 (net_null) refuses to filter by mac")
        self.refused(*null, "promiscuous=off", "port net_null0 (net_null) refuses promiscuous = off")
        self.refused(*null, "flow_control=full", "port net_null0 (net_null) refuses flow_control")
        self.refused("net_ring0", "net_ring0", "rss=l4", "rss = l4: port net_ring0 (net_ring) has no RSS by ports")
        self.refused(*null, "mac=02:00", "expected at most 64 addresses", 2)
        self.refused(*null, "rss=tcp", "expected off, ip, l4 or auto", 2)

    def test_queues_auto(self):
        """A worker for each lcore that is left, each with a queue of its own that is filled."""
        eal = ["--vdev", "net_null0"]
        run = self.run_ok(RECEIVE % "net_null0", "-s", "in.queues=auto", "-t", "1", eal=eal,
                          lcores="0@0,1@0,2@0,3@1,4@1")
        workers = run.report["nodes"][0]["workers"]
        self.assertEqual(len(workers), 3, str(run))
        for worker in workers:
            self.assertGreater(worker["in"], 0, str(run))
        port, notes = self.planned(RECEIVE % "net_null0", "-s", "in.queues=auto", eal=eal)
        self.assertIn("queues = auto: %d: " % port["rx_queues"], "\n".join(notes))

    def test_rss_planned(self):
        eal = ["--vdev", "net_null0"]
        port, notes = self.planned(RECEIVE % "net_null0", "-s", "in.queues=2", eal=eal)
        self.assertIn("tcp", port["setup"]["rss"])
        self.assertEqual(port["setup"]["reta"], 128)
        # net_null tells it from DPDK 23.11 on.
        self.assertIn(port["setup"]["rss_key_bytes"], (0, 40))
        self.assertEqual(any("tells no size of its RSS key" in note for note in notes),
                         port["setup"]["rss_key_bytes"] == 0, notes)
        port, notes = self.planned(RECEIVE % "net_null0", "-s", "in.queues=2", "-s", "in.rss=ip", eal=eal)
        self.assertNotIn("tcp", port["setup"]["rss"])
        port, notes = self.planned(RECEIVE % "net_null0", "-s", "in.queues=2", "-s", "in.rss=off", eal=eal)
        self.assertEqual(port["setup"]["rss"], [])
        self.assertTrue(any("set queues = 1" in note for note in notes), notes)

    def test_filters(self):
        """Of drivers that take them."""
        self.run_ok((RECEIVE % "net_ring0") + SEND % "net_ring0", "-t", "1", "-s",
                    "in.promiscuous=off", "-s", "in.allmulticast=on", "-s", "in.rx_drop=on",
                    eal=["--vdev", "net_ring0"])
        self.refused("net_ring0", "net_ring0", "mac=02:00:00:00:00:01, 02:00:00:00:00:02",
                     "port net_ring0 (net_ring) refuses an address of mac: No space")

    def test_chains(self):
        """Asked of a port that sends where chains may come, and nowhere else."""
        eal = ["--vdev", "net_null0", "--vdev", "net_memif0"]
        port, _ = self.planned(SEND % "net_memif0", eal=eal)
        self.assertEqual((port["setup"]["tx_offloads"], port["setup"]["chained_by"]), ([], None))
        port, _ = self.planned(FORWARD % ("net_memif0", "net_memif0"), eal=eal)
        self.assertEqual((port["setup"]["tx_offloads"], port["setup"]["chained_by"]),
                         (["MULTI_SEGS"], "in"))

    def events(self, *options):
        """Events of two tagged frames and one without that come to an af_packet port."""
        path = self.path("events.json")
        process = self.start(EVENTS % ("net_af_packet0", path), "-t", "60", *options,
                             eal=["--vdev", "net_af_packet0,iface=weir1"])
        end = time.monotonic() + 40
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind(("weir0", 0))
            # Until it is there, and then so long that nothing else that it gets matters.
            while time.monotonic() < end and process.poll() is None:
                for sport, vlan in ((1001, 5), (1002, 4094), (1003, None)):
                    sender.send(pcap.udp(sport=sport, vlan=vlan, data=b"x" * 60))
                ledger = self.ask(process, "/weir/ledger")
                if ledger and ledger["received"] >= 30:
                    break
                time.sleep(0.05)
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        found = {}
        with open(path, encoding="utf-8") as lines:
            for event in map(json.loads, lines):
                found[event.get("src_port")] = event
        return [found[sport] for sport in (1001, 1002, 1003)]

    def test_vlan_strip(self):
        """The tag is in the event whether it is in the frame or not."""
        self.veth()
        kept = self.events()
        stripped = self.events("-s", "in.vlan_strip=on")
        for events in (kept, stripped):
            self.assertEqual([e.get("vlan") for e in events], [[5], [4094], None])
        self.assertEqual([k["pkt_len"] - s["pkt_len"] for k, s in zip(kept, stripped)], [4, 4, 0])

    def test_link_wait(self):
        """Bounded, and over as soon as there is a link."""
        self.veth(up=False)
        eal = ["--vdev", "net_af_packet0,iface=weir1"]
        run = self.run_ok(RECEIVE % "net_af_packet0", "-t", "1", "-s", "in.link_wait=300ms", eal=eal)
        self.assertIn("port net_af_packet0: its link is not up within link_wait", run.err)
        process = self.start(RECEIVE % "net_af_packet0", "-t", "1", "-s", "in.link_wait=60s", eal=eal)
        time.sleep(1)
        ip("link", "set", "weir0", "up")
        run = self.collect(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertNotIn("link_wait", run.err)
        port = run.report["ports"][0]
        self.assertEqual((port["link"], port["link_downs"]), ("up", 0), str(run))
        self.assertEqual(port["duplex"], "full", str(run))

    def test_link_wait_signal(self):
        """A signal ends the wait, and the run then drains and reports as any other."""
        self.veth(up=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start(RECEIVE % "net_af_packet0", "-s", "in.link_wait=60s",
                                 eal=["--vdev", "net_af_packet0,iface=weir1"])
            end = time.monotonic() + 40
            while not self.ask(process, "/weir/list") and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.2)
            process.send_signal(number)
            start = time.monotonic()
            run = self.collect(process)
            self.assertLess(time.monotonic() - start, 5, str(run))
            self.assertEqual(run.status, 0, str(run))
            self.assertEqual(run.report["ledger"]["received"], 0, str(run))
            self.assertNotIn("is not up within link_wait", run.err)


if __name__ == "__main__":
    weirlib.main()
