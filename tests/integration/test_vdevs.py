# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Every virtual device of Debian's DPDK that can run here, a row each; and interfaces of the kernel
that go down, come up, or go away under a port."""
import os
import socket
import subprocess
import time

import pcap
import weirlib
from weirlib import RECEIVE, SANITIZED, WeirTest

FRAMES = 100 if SANITIZED else 300
PATIENCE = 40 if SANITIZED else 20

SEND = """\
[source gen]
type = synth
rate = 2k
sizes = 64
malformed = 0%%
[stage out]
type = tx
input = gen
device = %s
"""

REPLAY = """\
[source in]
type = pcap
path = %s
[stage out]
type = tx
input = in
device = %s
"""


def ip(*arguments):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)


def frames_to(interface, count=FRAMES):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((interface, 0))
        for i in range(count):
            sender.send(pcap.udp(sport=20000 + i, dport=4242))
            if i % 32 == 31:
                time.sleep(0.002)


UNTOLD = "not reported by this driver"


class Devices(WeirTest):
    """All of it in a network namespace that ends with this process."""

    @classmethod
    def setUpClass(cls):
        cls.lacks = weirlib.own_network()

    def wait_for(self, condition, what, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.05)

    def received(self, process):
        self.assertIsNone(process.poll(), "weir ended early")
        ledger = self.ask(process, "/weir/ledger")
        return ledger["received"] if ledger else -1

    def port(self, process):
        ports = self.ask(process, "/weir/ports")
        return list(ports.values())[0] if ports else {}

    def running(self, pipeline, *options, **where):
        process = self.start(pipeline, "-t", "60", *options, **where)
        self.wait_for(lambda: process.poll() is not None or self.received(process) >= 0, "a start")
        return process

    def needs_namespace(self):
        if self.lacks:
            self.skipTest(self.lacks)

    def veth(self):
        """A pair of interfaces, both up: weir0, where frames are sent, and weir1, for the port."""
        self.needs_namespace()
        made = ip("link", "add", "weir0", "type", "veth", "peer", "name", "weir1")
        if made.returncode != 0:
            self.skipTest("no veth pair: " + made.stderr.strip())
        self.addCleanup(ip, "link", "del", "weir0")
        ip("link", "set", "weir0", "up")
        ip("link", "set", "weir1", "up")

    def needs_tun(self):
        self.needs_namespace()
        if not os.path.exists("/dev/net/tun"):
            self.skipTest("no /dev/net/tun")

    def needs_xdp(self):
        self.veth()
        try:
            socket.socket(44, socket.SOCK_RAW, 0).close()  # AF_XDP
        except OSError as error:
            self.skipTest("no AF_XDP: %s" % error)

    def ended_well(self, process, least, exact=True):
        """What came in went out; the driver counted the same."""
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        ledger, port = run.report["ledger"], run.report["ports"][0]
        self.assertGreaterEqual(ledger["received"], least, str(run))
        self.assertEqual(ledger["dropped"], 0, str(run))
        self.assertEqual(port["received"], self.node(run, "in")["in"], str(run))
        if exact:
            self.assertEqual(port["ipackets"], port["received"] + port["left"], str(run))
            self.assertEqual(port["unexplained"], 0, str(run))
        else:
            self.assertGreater(port["ipackets"], 0, str(run))
            self.assertLessEqual(port["ipackets"], ledger["received"] + port["left"], str(run))
        self.assertFalse(port["gone"], str(run))
        for queue in run.report["queues"]:
            if exact and queue["direction"] == "rx" and queue["packets"] != UNTOLD:
                self.assertEqual(queue["packets"], queue["events"] + port["left"], str(run))
        return run

    # What brings frames to a port: each has them come in until there are enough.

    def by_itself(self, process):
        self.wait_for(lambda: self.received(process) >= FRAMES, "frames")

    def by(self, interface):
        def bring(process):
            self.wait_for(lambda: ip("link", "set", interface, "up").returncode == 0, interface)
            self.wait_for(lambda: self.port(process).get("link") == "up", "a link")
            frames_to(interface)
            self.wait_for(lambda: self.received(process) >= FRAMES, "frames")
        return bring

    def another_weir(self, device, vdev):
        """Another process, which sends; it goes first. What starts it, and what brings its frames."""
        other = DevicesOther(self)
        sender = []

        def begin():
            sender.append(other.start(SEND % device, "-t", "60", eal=["--vdev", vdev]))

        def bring(process):
            if not sender:
                begin()
            self.wait_for(lambda: self.received(process) >= FRAMES, "frames")
            self.wait_for(lambda: self.port(process).get("ipackets", 0) > 0, "counters")
            run = other.stop(sender[0])
            self.assertEqual(run.status, 0, str(run))
            self.assertGreater(run.report["ledger"]["transmitted"], 0, str(run))
        return begin, bring

    def row(self, device, vdevs, bring, *options, exact=True, pipeline=RECEIVE):
        eal = [word for vdev in vdevs for word in ("--vdev", vdev)]
        process = self.running(pipeline % ((device,) * pipeline.count("%s")), *options, eal=eal)
        self.assertIsNone(process.poll(), "weir ended early")
        bring(process)
        return self.ended_well(process, FRAMES, exact)

    # The rows.

    def test_null(self):
        self.row("net_null0", ["net_null0"], self.by_itself)

    def test_null_copy(self):
        self.row("net_null0", ["net_null0,size=512,copy=1"], self.by_itself)

    def test_null_long(self):
        """Its frames have the size that it was given, whatever the MTU and the mbufs."""
        vdev = "net_null0,size=9000,copy=1"
        self.row("net_null0", [vdev], self.by_itself)
        run = self.run_weir(RECEIVE % "net_null0", "-t", "1", "-s", "pool.data_room=4096",
                            eal=["--vdev", vdev])
        self.assertEqual(run.status, 2, str(run))
        self.assertIn("frames of 9000 bytes", run.err)
        self.assertIn("data_room = 9128 in [pool]", run.err)

    def test_ring(self):
        """What is sent there comes back."""
        run = self.row("net_ring0", ["net_ring0"], self.by_itself, pipeline=RECEIVE + SEND)
        self.assertEqual(run.report["ports"][0]["opackets"], run.report["ledger"]["transmitted"])

    def test_pcap_file(self):
        path = self.path("frames.pcap")
        pcap.write(path, [pcap.udp() for _ in range(FRAMES)])
        self.row("net_pcap0", ["net_pcap0,rx_pcap=" + path], self.by_itself)

    def test_pcap_interface(self):
        self.veth()
        self.row("net_pcap0", ["net_pcap0,iface=weir1"], self.by("weir0"))

    def test_tap(self):
        self.needs_tun()
        self.row("net_tap0", ["net_tap0,iface=weir2"], self.by("weir2"))

    def test_tap_only_sends(self):
        """Workers that send, each with a queue: there are as many to receive, which none polls."""
        self.needs_tun()
        run = self.run_ok((SEND % "net_tap0") + "workers = 2\n", "-t", "2",
                          eal=["--vdev", "net_tap0,iface=weir3"])
        self.assertGreater(run.report["ports"][0]["opackets"], 0, str(run))

    def test_af_packet(self):
        self.veth()
        self.row("net_af_packet0", ["net_af_packet0,iface=weir1"], self.by("weir0"))

    def test_af_packet_queues(self):
        """The kernel spreads over all that it was given: told where some are not opened."""
        self.veth()
        vdev = ["--vdev", "net_af_packet0,iface=weir1,qpairs=2"]
        run = self.run_ok(RECEIVE % "net_af_packet0", "-t", "0.3", eal=vdev)
        self.assertIn("was given 2 RX queues: what comes to the 1 that", run.err)
        process = self.running(RECEIVE % "net_af_packet0", "-s", "in.queues=auto", eal=vdev)
        self.by("weir0")(process)
        run = self.ended_well(process, FRAMES, False)
        self.assertEqual(len(run.report["queues"]), 2, str(run))
        self.assertNotIn("was given", run.err)

    def test_af_xdp(self):
        """Its fill ring keeps 2,048 mbufs for ever, also where there are fewer descriptors."""
        self.needs_xdp()
        run = self.row("net_af_xdp0", ["net_af_xdp0,iface=weir1"], self.by("weir0"),
                       "-s", "in.descriptors=512")
        self.assertEqual(run.report["pools"][0]["kept"], 2048, str(run))

    def test_memif(self):
        path = self.path("memif.sock")
        vdev = "net_memif0,role=%s,socket-abstract=no,socket=" + path
        self.row("net_memif0", [vdev % "server"],
                 self.another_weir("net_memif0", vdev % "client")[1], exact=False)

    def test_vhost(self):
        path = self.path("vhost.sock")
        self.row("net_vhost0", ["net_vhost0,iface=" + path],
                 self.another_weir("net_virtio_user0", "net_virtio_user0,path=" + path)[1])

    def test_virtio_user(self):
        """As a server it does not start before its client is there."""
        path = self.path("vhost.sock")
        begin, bring = self.another_weir("net_vhost0", "net_vhost0,client=1,iface=" + path)
        begin()
        self.row("net_virtio_user0", ["net_virtio_user0,server=1,path=" + path], bring)

    def test_bonding(self):
        self.veth()
        self.row("net_bonding0", ["net_af_packet0,iface=weir1",
                                  "net_bonding0,mode=1,slave=net_af_packet0"], self.by("weir0"))

    def test_bonding_pool(self):
        """Two devices below, each fills its queues: the error says the size with which it runs."""
        self.needs_tun()
        vdevs = ["net_tap0,iface=weir4", "net_tap1,iface=weir5",
                 "net_bonding0,mode=0,slave=net_tap0,slave=net_tap1"]
        eal = [word for vdev in vdevs for word in ("--vdev", vdev)]
        run = self.run_weir(RECEIVE % "net_bonding0", "-t", "1", eal=eal)
        self.assertEqual(run.status, 3, str(run))
        self.assertRegex(run.err, r"port net_bonding0 \(net_bonding\) took 20\d\d mbufs, not 1024")
        size = run.err.partition("set size = ")[2].split()[0]
        self.row("net_bonding0", vdevs, self.by("weir4"), "-s", "pool.size=" + size)

    def test_failsafe(self):
        self.veth()
        self.row("net_failsafe0", ["net_failsafe0,dev(net_af_packet0,iface=weir1)"],
                 self.by("weir0"))

    # Interfaces under ports. Those whose drivers say that they are up from start to stop, and tap.

    def interface(self, device, vdev, interface, change):
        """It is up and told of, whatever changes; after that the run ends well."""
        process = self.running(RECEIVE % device, eal=["--vdev", vdev])
        self.wait_for(lambda: self.port(process).get("link") == "up", "a link")
        change(process, interface)
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        return run

    def goes_down(self, process, interface):
        ip("link", "set", interface, "down")
        self.wait_for(lambda: self.port(process)["link"] == "down", "it is down")
        ip("link", "set", interface, "up")
        self.wait_for(lambda: self.port(process)["link"] == "up", "it is up again")
        ip("link", "set", interface, "down")
        self.wait_for(lambda: self.port(process)["link"] == "down", "it is down again")

    def goes_away(self, process, interface):
        ip("link", "del", interface)
        self.wait_for(lambda: self.port(process)["gone"], "it is gone")

    def check_down(self, device, vdev, interface):
        run = self.interface(device, vdev, interface, self.goes_down)
        port = run.report["ports"][0]
        self.assertEqual((port["link"], port["link_downs"], port["gone"]), ("down", 2, False),
                         str(run))
        down = "port %s: its link (%s) is down" % (device, interface)
        self.assertEqual(run.err.count(down), 2, str(run))
        self.assertEqual(run.err.count("port %s: its link (%s) is up again" % (device, interface)),
                         1, str(run))

    def check_gone(self, device, vdev, interface):
        run = self.interface(device, vdev, interface, self.goes_away)
        port = run.report["ports"][0]
        self.assertEqual((port["link"], port["gone"]), ("down", True), str(run))
        self.assertEqual(run.err.count("port %s: its interface (%s) is gone" % (device, interface)),
                         1, str(run))

    def check_starts_down(self, device, vdev, interface):
        ip("link", "set", interface, "down")
        run = self.run_ok(RECEIVE % device, "-t", "2", eal=["--vdev", vdev])
        port = run.report["ports"][0]
        self.assertEqual((port["link"], port["link_downs"]), ("down", 1), str(run))
        self.assertEqual(run.err.count("port %s: its link (%s) is down" % (device, interface)), 1,
                         str(run))

    def check_refuses_down(self, device, vdev, interface):
        """libpcap opens no interface that is down: EAL says so, and weir what it has not got."""
        ip("link", "set", interface, "down")
        run = self.run_weir(RECEIVE % device, "-t", "2", eal=["--vdev", vdev])
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("not up", run.err)
        self.assertIn("device = " + device, run.err)

    def on_veth(self, device, vdev, at_start=None):
        for check in (self.check_down, at_start or self.check_starts_down, self.check_gone):
            with self.subTest(check=check.__name__):
                ip("link", "del", "weir0")
                self.veth()
                check(device, vdev, "weir1")

    def test_interface_af_packet(self):
        self.on_veth("net_af_packet0", "net_af_packet0,iface=weir1")

    def test_interface_pcap(self):
        self.on_veth("net_pcap0", "net_pcap0,iface=weir1", self.check_refuses_down)

    def test_interface_pcap_received(self):
        self.on_veth("net_pcap0", "net_pcap0,rx_iface_in=weir1,tx_iface=weir1",
                     self.check_refuses_down)

    def test_interface_af_xdp(self):
        self.needs_xdp()
        self.on_veth("net_af_xdp0", "net_af_xdp0,iface=weir1")

    def test_interface_tap(self):
        self.needs_tun()
        self.check_down("net_tap0", "net_tap0,iface=weir6", "weir6")
        self.check_gone("net_tap0", "net_tap0,iface=weir7", "weir7")

    def test_tap_queues(self):
        """Its driver writes behind a message that has room for 8 of its queues: of more it is not asked."""
        self.needs_tun()
        eal = ["--vdev", "net_tap0,iface=weir9"]
        self.run_ok(RECEIVE % "net_tap0", "-t", "1", "-s", "in.queues=4", eal=eal)
        run = self.run_weir(RECEIVE % "net_tap0", "-t", "1", "-s", "in.queues=16", eal=eal)
        self.assertIn(run.status, (0, 3), str(run))

    def test_sent_to_gone(self):
        """Lossless up to an interface that is no more: what waits for it is dropped under a name."""
        self.needs_tun()
        process = self.running(SEND % "net_tap0", eal=["--vdev", "net_tap0,iface=weir8"])
        self.wait_for(lambda: self.port(process).get("opackets", 0) > 0, "frames")
        self.goes_away(process, "weir8")
        before = self.received(process)
        self.wait_for(lambda: self.received(process) > before + 100, "it goes on")
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertGreater(run.report["drops"]["port_gone"], 0, str(run))

    def check_refused(self, device, vdev, mtu):
        """What a port never takes for its length is dropped; what is behind it goes on."""
        def frame(length, vlan=None):
            return pcap.udp(data=b"", vlan=vlan).ljust(length, b"x")
        path = self.path("frames.pcap")
        with open(path, "wb") as file:
            file.write(pcap.pcap([b"", frame(60), b"x" * 13, frame(mtu + 14), frame(mtu + 40),
                                  frame(mtu + 18, 5), frame(mtu + 41, 5), frame(60)]))
        run = self.run_ok(REPLAY % (path, device), eal=["--vdev", vdev])
        self.assertEqual(run.report["drops"]["port_refused"], 4, str(run))
        self.assertEqual(run.report["ledger"]["dropped"], 4, str(run))
        self.assertEqual(run.report["ledger"]["transmitted"], 4, str(run))

    def test_refused_pcap(self):
        for vdev in ("net_pcap0,iface=weir1", "net_pcap0,rx_iface=weir1,tx_iface=weir1"):
            with self.subTest(vdev=vdev):
                ip("link", "del", "weir0")
                self.veth()
                ip("link", "set", "weir1", "mtu", "1400")
                self.check_refused("net_pcap0", vdev, 1400)

    def test_refused_tap(self):
        self.needs_tun()
        self.check_refused("net_tap0", "net_tap0,iface=weir10", 1500)

    def test_moved_tap(self):
        """An interface in another namespace, as a container's, is not gone: it carries on."""
        self.needs_tun()
        process = self.running(RECEIVE % "net_tap0", eal=["--vdev", "net_tap0,iface=weir9"])
        self.wait_for(lambda: self.port(process).get("link") == "up", "a link")
        time.sleep(1.2)  # the watchdog has seen it up
        away = subprocess.Popen(["unshare", "-n", "sleep", "60"])
        self.addCleanup(away.wait)
        self.addCleanup(away.kill)
        own = os.readlink("/proc/self/ns/net")
        self.wait_for(lambda: os.readlink("/proc/%d/ns/net" % away.pid) != own, "a namespace")
        moved = ip("link", "set", "weir9", "netns", str(away.pid))
        self.assertEqual(moved.returncode, 0, moved.stderr)
        self.wait_for(lambda: self.port(process).get("link") is None, "it is not seen")
        before = self.received(process)
        subprocess.run(["nsenter", "-t", str(away.pid), "-n", "ip", "link", "set", "weir9", "up"],
                       check=True)
        self.wait_for(lambda: self.received(process) > before, "frames of its kernel")
        run = self.stop(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertFalse(run.report["ports"][0]["gone"], str(run))
        self.assertIn("cannot be seen any more", run.err)


class DevicesOther(WeirTest):
    """Another weir beside a test's, with a folder of its own."""

    def __init__(self, test):
        super().__init__("start")
        self.addCleanup = test.addCleanup
        self.setUp()


if __name__ == "__main__":
    weirlib.main()
