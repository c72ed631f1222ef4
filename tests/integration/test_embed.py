# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The examples, built as an outsider would: against the installed library, by pkg-config."""
import shutil
import struct
import subprocess

import pcap
import prefixed
import weirlib
from weirlib import ADOPT, EMBED, L3FWD, MEMORY, ONE, SERVICE, TWO, WeirTest
from test_eal import SAMPLE

PORTSCAN = """\
[source file]
type = pcap
path = %s
[stage scan]
type = portscan
input = file
capacity = %d
events = none
[stage scanner]
type = count
input = scan.flows
[stage rest]
type = count
input = scan.packets
"""

BATCH = """\
[source gen]
type = synth
[stage gather]
type = batch
input = gen
most = 300
delay = 1ms
[stage end]
type = count
input = gather
"""


class Embed(WeirTest):
    def test_of_the_build(self):
        prefixed.run_embed(self, EMBED)


class L3fwd(WeirTest):
    """Two ports that read and write captures: what goes in at one comes out of the other."""

    @staticmethod
    def routed(dst, ttl=64):
        frame = pcap.ether(0x0800, pcap.ipv4(17, bytes.fromhex("03e8003500080000"), dst=dst))
        head = frame[14:22] + bytes([ttl]) + frame[23:24] + b"\0\0" + frame[26:34]
        return frame[:14] + head[:10] + struct.pack("!H", pcap.checksum(head)) + head[12:] + frame[34:]

    def run_l3fwd(self, program, lcores):
        came = [[L3fwd.routed("10.%d.0.%d" % (to, i)) for i in range(100) for to in (0, 1)] +
                [L3fwd.routed("10.1.0.1", ttl=1), L3fwd.routed("10.9.0.1"), L3fwd.routed("192.0.2.1"),
                 pcap.ether(0x0806, bytes(28))] for _ in range(2)]
        ports = []
        for i, frames in enumerate(came):
            with open(self.path("in%d.pcap" % i), "wb") as file:
                file.write(pcap.pcap(frames))
            ports += ["--vdev", "net_pcap%d,rx_pcap=%s,tx_pcap=%s" % (
                i, self.path("in%d.pcap" % i), self.path("out%d.pcap" % i))]
        done = subprocess.run([program, *MEMORY, "--lcores", lcores, *ports, "--file-prefix",
                               self.prefix(), "--", "1"], capture_output=True, text=True, timeout=60,
                              env=prefixed.environment(), check=False)
        text = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, text)
        self.assertEqual(done.stdout.strip().splitlines()[-1],
                         "received 408 = ejected 400 + dropped 8; unaccounted 0", text)
        for i in range(2):
            L3fwd.check_sent(self, i)

    def check_sent(self, port):
        with open(self.path("out%d.pcap" % port), "rb") as file:
            data = file.read()[24:]
        sent = []
        while data:
            length = struct.unpack("<I", data[8:12])[0]
            sent.append(data[16:16 + length])
            data = data[16 + length:]
        self.assertEqual(sorted(frame[33] for frame in sent), [i // 2 for i in range(200)])
        for frame in sent:
            self.assertEqual(frame[:6], bytes([2, 0, 0, 0, 0, port]))
            self.assertEqual((frame[22], frame[31], pcap.checksum(frame[14:34])), (63, port, 0))

    def test_one_lcore(self):
        self.run_l3fwd(L3FWD, ONE)

    def test_two_lcores(self):
        self.run_l3fwd(L3FWD, TWO)


class Adopt(WeirTest):
    """A port of the application's: weir has a queue of it, and it runs on when weir has stopped."""

    def run_adopt(self, program, device, lcores=ONE):
        done = subprocess.run([program, *MEMORY, "--lcores", lcores, "--vdev", device, "--file-prefix",
                               self.prefix()], capture_output=True, text=True, timeout=60,
                              env=prefixed.environment(), check=False)
        text = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, text)
        lines = done.stdout.strip().splitlines()
        self.assertRegex(lines[-2], r"^weir: received (\d{6,}) = transmitted \1 \+ dropped 0; unaccounted 0$", text)
        self.assertEqual(lines[-1], "port %s runs on" % device.split(",", maxsplit=1)[0], text)

    def test_of_the_build(self):
        self.run_adopt(ADOPT, "net_null0")
        self.run_adopt(ADOPT, "net_null0,size=1000,copy=1")

    def test_the_command_has_no_such_port(self):
        run = self.run_weir("[source wan]\ndevice = net_null0\nadopt = on\n[stage end]\ntype = count\ninput = wan\n",
                            eal=["--vdev", "net_null0"])
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("port net_null0 is not configured: its application does that", run.err)


class Service(WeirTest):
    """weir on a service core: made one by the program, or by EAL."""

    def run_service(self, program, *eal):
        done = subprocess.run([program, *MEMORY, *eal, "--vdev", "net_null0", "--file-prefix", self.prefix(),
                               "--", "0.3"], capture_output=True, text=True, timeout=60,
                              env=prefixed.environment(), check=False)
        text = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, text)
        self.assertRegex(done.stdout.strip().splitlines()[-1],
                         r"^received ([1-9]\d*) = released \1 \+ dropped 0; unaccounted 0$", text)

    def test_made(self):
        self.run_service(SERVICE, "--lcores", TWO)

    def test_given(self):
        self.run_service(SERVICE, "--lcores", TWO, "-S", "1")

    def test_none(self):
        done = subprocess.run([SERVICE, *MEMORY, "--lcores", ONE, "--vdev", "net_null0", "--file-prefix",
                               self.prefix()], capture_output=True, text=True, timeout=60,
                              env=prefixed.environment(), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("needs a port, and a second lcore", done.stderr + done.stdout)


class Installed(prefixed.Prefixed):
    def program(self, source, compiler=("cc",)):
        return self.compile(source, source.partition(".")[0],
                            *self.pkg_config("--cflags", "--libs", "weir", "libdpdk"),
                            compiler=compiler)

    def test_twins(self):
        some, every = prefixed.run_plain(self, self.program("twins.c"))[-2:]
        self.assertEqual(some, "some: received 3200 = released 3200 + dropped 0; unaccounted 0")
        self.assertRegex(every, r"^all: received 320000 = released 320000 \+ dropped 0; unaccounted 0$")

    def test_cpp(self):
        for compiler in "g++", "clang++":
            if shutil.which(compiler) is None:
                continue
            program = self.program("counter.cpp", (compiler, "-std=c++11", "-Wall", "-Wextra", "-Werror"))
            said = prefixed.run_plain(self, program)[-1]
            self.assertRegex(said, r"^received (\d{6}) = released \1; unaccounted 0$")

    def test_plugin(self):
        built = self.compile("mystage.c", "libmystage.so", "-shared", "-fPIC",
                             *self.pkg_config("--cflags", "--libs", "weir"))
        plugin = shutil.copy(built, self.guarded_folder())
        run = self.run_ok(SAMPLE, "-n", "4000", eal=["-d", plugin])
        self.assertEqual(self.node(run, "picked")["in"], 1000)

    def test_l3fwd(self):
        l3fwd = self.compile("l3fwd.c", "l3fwd",
                             *self.pkg_config("--cflags", "--libs", "weir", "libdpdk"))
        L3fwd.run_l3fwd(self, l3fwd, TWO)

    def test_adopt(self):
        Adopt.run_adopt(self, self.program("adopt.c"), "net_null0")

    def test_service(self):
        Service.run_service(self, self.program("service.c"), "--lcores", TWO)

    def test_batch(self):
        """Held events are planned for, and none is left: at a stop, nor when no more come to fill a batch."""
        built = self.compile("batch.c", "libbatch.so", "-shared", "-fPIC",
                             *self.pkg_config("--cflags", "--libs", "weir"))
        plugin = shutil.copy(built, self.guarded_folder())
        run = self.run_ok(BATCH, "-n", "4000", eal=["-d", plugin])
        self.assertEqual(self.node(run, "end")["in"], 4000)
        run = self.run_ok(BATCH, "-n", "1001", "--exit-when-idle", "50", eal=["-d", plugin])
        self.assertEqual(self.node(run, "end")["in"], 1001)

    def test_portscan(self):
        """Somebody tries 500 ports of whom nobody answers; 200 others are answered."""
        frames = []
        for port in range(500):
            frames.append(pcap.tcp(40000, 1000 + port, flags=2, data=b""))
            if port < 200:
                syn = pcap.tcp(1000, 80, flags=2, data=b"")
                ends = bytes([10, 0, port, 1]), bytes([10, 1, 0, 2])
                frames.append(syn[:26] + ends[0] + ends[1] + syn[34:])
                frames.append(syn[:26] + ends[1] + ends[0] + syn[36:38] + syn[34:36] + syn[38:])
        with open(self.path("scan.pcap"), "wb") as file:
            file.write(pcap.pcap(frames))
        built = self.compile("portscan.c", "libportscan.so", "-shared", "-fPIC",
                             *self.pkg_config("--cflags", "--libs", "weir"))
        plugin = shutil.copy(built, self.guarded_folder())
        for flows, told in (1000, 5), (64, 0):
            run = self.run_ok(PORTSCAN % (self.path("scan.pcap"), flows), "--exit-when-idle", "50",
                              eal=["-d", plugin])
            self.assertEqual(self.node(run, "scan")["in"], 900)
            self.assertEqual(self.node(run, "scanner")["in"], told)
            self.assertEqual(self.node(run, "rest")["in"], 900)


if __name__ == "__main__":
    weirlib.main()
