# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Two weirs with DPDK's testpmd between them: what the one sends the other receives, each and all of it."""
import os
import re
import shutil
import subprocess
import time

import pcap
import weirlib
from weirlib import CPUS, MEMORY, RECEIVE, SANITIZED, WeirTest

FRAMES = 2000 if SANITIZED else 20000
RATE = 4000 if SANITIZED else 20000  # frames a second
# It waits for who takes nothing, as weir does, and loses nothing by it.
COMMANDS = b"set fwd io retry\nset burst tx delay 100 retry 60000\nstart\n"
PATIENCE = 60  # seconds

SEND = """\
[source in]
type = pcap
path = %s
pace = %d
[stage out]
type = tx
input = in
device = %s
"""


class Weir(WeirTest):
    """One that runs beside others, in a folder of its own."""

    def __init__(self, test):
        super().__init__("setUp")
        self.setUp()
        test.addCleanup(self.doCleanups)


class Between(WeirTest):
    def setUp(self):
        super().setUp()
        if shutil.which("dpdk-testpmd") is None:
            self.skipTest("there is no dpdk-testpmd here")

    def wait_for(self, condition, what, *processes):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.02)
        told = [str(self.stop(process)) for process in processes if process.poll() is None]
        self.fail("waited %d s for %s\n%s" % (PATIENCE, what, "\n".join(told)))

    def port(self, process):
        """The figures of a running weir's port; {}: not yet."""
        answer = self.ask(process, "/weir/ports") or {}
        return next((answer[key] for key in answer if key.startswith("port_")), {})

    def forwarder(self, vdevs):
        """It forwards between two ports."""
        eal = [word for vdev in vdevs for word in ("--vdev", vdev)]
        with open(self.path("testpmd.txt"), "wb") as told:
            process = subprocess.Popen(
                ["stdbuf", "-oL", "dpdk-testpmd", *MEMORY, "--file-prefix", self.prefix(), "--lcores",
                 "0@%d,1@%d" % (CPUS[0], CPUS[-1]), *eal, "--", "-i", "--disable-link-check", "--total-num-mbufs=16384",
                 "--no-lsc-interrupt", "--no-rmv-interrupt"],
                stdin=subprocess.PIPE, stdout=told, stderr=told, cwd=self.folder)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        process.stdin.write(COMMANDS)
        process.stdin.flush()
        self.wait_for(lambda: "forwarding with retry - ports=2" in self.told(), "testpmd")
        return process

    def told(self):
        with open(self.path("testpmd.txt"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def forwarded(self, process):
        """What it has received and sent. A memif counts only while its peer is there."""
        process.stdin.write(b"stop\n")
        process.stdin.flush()
        self.wait_for(lambda: "Done." in self.told(), "testpmd's figures")
        text = self.told().rpartition("Accumulated forward statistics")[2]
        return tuple(int(re.search(total + r"-total: (\d+)", text).group(1)) for total in ("RX", "TX"))

    def between(self, middle, device, sends, receives):
        """Through a FIFO that stays open: the sender is there until all has arrived."""
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        testpmd = self.forwarder(middle)
        first, last = Weir(self), Weir(self)
        receiver = last.start(RECEIVE % device, lcores="0@%d" % CPUS[-1], eal=["--vdev", receives])
        sender = first.start(SEND % (fifo, RATE, device), lcores="0@%d" % CPUS[0],
                             eal=["--vdev", sends])
        for process in (sender, receiver):
            self.wait_for(lambda p=process: self.port(p).get("link") == "up", "a link")
        frames = [pcap.udp(sport=1 + i % 60000, data=b"x" * (18 + i % 1400)) for i in range(FRAMES)]
        with open(fifo, "wb") as file:
            file.write(pcap.pcap(frames))
            file.flush()
            self.wait_for(lambda: self.port(receiver).get("received", 0) >= FRAMES, "frames",
                          receiver)
            self.assertEqual(self.forwarded(testpmd), (FRAMES, FRAMES), self.told())
        run = first.collect(sender)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(run.report["ledger"]["transmitted"], FRAMES, str(run))
        run = last.stop(receiver)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(run.report["ledger"]["received"], FRAMES, str(run))
        self.assertEqual(run.report["ledger"]["dropped"], 0, str(run))

    def test_memif(self):
        vdev = "net_memif%d,role=%s,socket-abstract=no,socket=%s"
        paths = [self.path("a.sock"), self.path("b.sock")]
        self.between([vdev % (i, "server,id=%d" % i, paths[i]) for i in (0, 1)], "net_memif0",
                     vdev % (0, "client,id=0", paths[0]), vdev % (0, "client,id=1", paths[1]))

    def test_vhost(self):
        paths = [self.path("a.sock"), self.path("b.sock")]
        self.between(["net_vhost%d,iface=%s" % (i, paths[i]) for i in (0, 1)], "net_virtio_user0",
                     *["net_virtio_user0,path=" + path for path in paths])


if __name__ == "__main__":
    weirlib.main()
