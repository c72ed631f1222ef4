# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""A machine of scripts/vm.sh that stays up for many tests, and the wires of its NICs. What the tests of
tests/vm share.

Environment, set by meson: as of weirlib, and WEIR_VM_ASK, what asks telemetry in the machine.
"""
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import weirlib
from weirlib import TOP, WEIR, Run, WeirTest

SCRIPT = os.path.join(TOP, "scripts/vm.sh")
AGENT = os.path.join(TOP, "tests/vm/agent.sh")
ASK = os.environ.get("WEIR_VM_ASK") or os.path.join(weirlib.BUILD, "tests/vm/vm_ask")
BOOT = 180  # seconds that the machine may take to come up
LIMIT = 1200  # and that it may be up
PATIENCE = 60  # seconds for what happens in it
# What a NIC is to QEMU, as scripts/vm.sh has it: to give one back.
DEVICES = {"e1000e": {"driver": "e1000e"}, "vmxnet3": {"driver": "vmxnet3"},
           "virtio": {"driver": "virtio-net-pci", "disable-legacy": "on", "iommu_platform": True}}


def lacks():
    """Why there can be no machine here; None where there can."""
    if shutil.which("qemu-system-x86_64") is None:
        return "no qemu-system-x86_64: scripts/setup.sh vm installs it"
    done = subprocess.run([SCRIPT, "--weir", WEIR, "--prepare"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        return "no machine: " + (done.stderr.strip().splitlines() or ["no message"])[-1]
    return None


def wait_for(condition, what, seconds=PATIENCE, pause=0.05):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (seconds, what))
        time.sleep(pause)


class Wire:
    """The other end of a NIC that was given `self.key`: what is sent here the NIC receives."""

    ROOM = 4 << 20  # bytes that the kernel keeps for us; as much as it lets us have

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.ROOM)
        self.socket.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.key = "udp=%d-%d" % (self.socket.getsockname()[1], self.port)

    def send(self, frames, rate=4000):
        """So many frames a second, evenly."""
        start = time.monotonic()
        for i, frame in enumerate(frames):
            ahead = start + i / rate - time.monotonic()
            if ahead > 0.001:
                time.sleep(ahead)
            self.socket.sendto(frame, ("127.0.0.1", self.port))

    def receive(self, count, seconds=PATIENCE):
        """Frames that the NIC sent, until there are so many, or for so long none."""
        frames = []
        self.socket.settimeout(seconds)
        try:
            while len(frames) < count:
                frames.append(self.socket.recv(1 << 16))
        except socket.timeout:
            pass
        return frames

    def drain(self):
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(1 << 16)
        except BlockingIOError:
            pass

    def lost(self):
        """Frames for which there was no room before the NIC: it, or QEMU, did not take what came before."""
        end = "0100007F:%04X" % self.port
        with open("/proc/net/udp", encoding="utf-8") as table:
            rows = [line.split() for line in table]
        return sum(int(row[-1]) for row in rows if row[1] == end)

    def waiting(self):
        """Bytes that QEMU has not taken yet."""
        end = "0100007F:%04X" % self.port
        with open("/proc/net/udp", encoding="utf-8") as table:
            rows = [line.split() for line in table]
        return sum(int(row[4].split(":")[1], 16) for row in rows if row[1] == end)


class Machine:
    """A machine with NICs, as --nic takes them; runs commands in a folder that both sides see."""

    def __init__(self, nics, *options):
        self.folder = tempfile.mkdtemp(prefix="weir-vm-")
        self.numbers = itertools.count()
        self.statuses = {}
        self.monitor = None
        shutil.copy(AGENT, self.path("agent.sh"))
        shutil.copy(ASK, self.path("ask"))
        given = [word for nic in nics for word in ("--nic", nic)]
        self.process = subprocess.Popen(
            [SCRIPT, "--weir", WEIR, "--share", self.folder, "--limit", str(LIMIT), "--monitor",
             self.path("monitor"), "--console", self.path("console"), *given, *options,
             "sh agent.sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={k: v for k, v in os.environ.items() if k != "MALLOC_PERTURB_"})
        self.up = threading.Event()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        if not self.up.wait(BOOT) or self.process.poll() is not None:
            console = self.console()
            self.close()
            raise AssertionError("the machine did not come up: " + console)
        status, self.nics, _ = self.run("for i in 0 1 2 3 4 5 6 7; do eval echo \\$NIC$i; done")
        assert status == 0
        self.nics = self.nics.split()

    def path(self, name):
        return os.path.join(self.folder, name)

    def console(self):
        return self.text("console")[-3000:]

    def text(self, name):
        if not os.path.exists(self.path(name)):
            return ""
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def read(self):
        for line in self.process.stdout:
            words = line.split()
            if words == ["ready"]:
                self.up.set()
            else:
                self.statuses[int(words[0])] = int(words[1])
        self.up.set()

    def start(self, command):
        """Start a command; its number."""
        number = next(self.numbers)
        self.process.stdin.write("%d %s\n" % (number, command.replace("\n", "; ")))
        self.process.stdin.flush()
        return number

    def alive(self):
        return self.process.poll() is None

    def wait(self, number, seconds=PATIENCE):
        """Status, output and errors of a command that was started."""
        wait_for(lambda: number in self.statuses or not self.alive(), "the end of a command\n" +
                 self.text("%d.err" % number)[-2000:], seconds, 0.01)
        if number not in self.statuses:
            raise AssertionError("the machine ended: " + self.console())
        return (self.statuses[number], self.text("%d.out" % number), self.text("%d.err" % number))

    def run(self, command, seconds=PATIENCE):
        return self.wait(self.start(command), seconds)

    def kill(self, number, signal):
        return self.run("kill -%s $(cat %d.pid)" % (signal, number))

    def qmp(self, command, **arguments):
        """What QEMU's monitor answers."""
        if self.monitor is None:
            self.monitor = socket.socket(socket.AF_UNIX)
            self.monitor.connect(self.path("monitor"))
            self.monitor_lines = self.monitor.makefile("r", encoding="utf-8")
            self.monitor_lines.readline()
            self.qmp("qmp_capabilities")
        request = {"execute": command, "arguments": arguments}
        self.monitor.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(self.monitor_lines.readline())
            if "return" in answer or "error" in answer:
                return answer

    def there(self, number):
        """Whether the machine's kernel has that NIC."""
        return self.run("test -e /sys/bus/pci/devices/" + self.nics[number])[0] == 0

    def ask_away(self, number):
        """As by a hand at its slot: the kernel is asked to let go of that NIC."""
        answer = self.qmp("device_del", id="nic%d" % number)
        assert "return" in answer, answer

    def give_back(self, number, kind):
        """A NIC that went away comes back, and is bound to vfio-pci again."""
        def add():
            answers.append(self.qmp("device_add", id="nic%d" % number, netdev="net%d" % number,
                                    bus="port%d" % number, **DEVICES[kind]))
            return "return" in answers[-1]
        answers = []
        wait_for(add, "QEMU has let go of the old one: %s" % answers, pause=0.5)
        wait_for(lambda: self.there(number), "the NIC is there again")
        done = self.run("/init bind " + self.nics[number])
        assert done[0] == 0, done

    def close(self):
        """Ends it: without input the agent ends, and the machine with it."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        if self.process.poll() is None:
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.terminate()
                self.process.wait(30)
        self.reader.join()
        self.process.stdout.close()
        if self.monitor is not None:
            self.monitor_lines.close()
            self.monitor.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Weir:
    """A weir that runs in a machine."""

    def __init__(self, machine, pipeline, options, lcores, devices, eal):
        self.machine = machine
        self.number = next(machine.numbers)
        self.report = "report-%d.json" % self.number
        self.prefix = "weir%d" % self.number
        with open(machine.path("pipeline-%d.ini" % self.number), "w", encoding="utf-8") as file:
            file.write(pipeline)
        allowed = [word for device in devices for word in ("-a", device)]
        self.command = ["weir", "-l", lcores, "--file-prefix", self.prefix, *allowed, *eal, "--",
                        "-c", "pipeline-%d.ini" % self.number, "-r", self.report, *options]
        self.started = machine.start("exec " + " ".join(self.command))

    def running(self):
        return self.started not in self.machine.statuses and self.machine.alive()

    def errors(self):
        return self.machine.text("%d.err" % self.started)

    def ask(self, command):
        """What telemetry answers; None: nothing, or not yet."""
        status, out, _ = self.machine.run("./ask /run/dpdk/%s/dpdk_telemetry.v2 %s" %
                                          (self.prefix, command))
        return json.loads(out)[command.partition(",")[0]] if status == 0 and out else None

    def received(self):
        ledger = self.ask("/weir/ledger")
        return ledger["received"] if ledger else -1

    def port(self, device):
        ports = self.ask("/weir/ports") or {}
        for port in ports.values():
            if port["name"] == device:
                return port
        return {}


class VmTest(WeirTest):
    """Tests of one file share a machine with the NICs that `nics()` says, and what else `OPTIONS` does."""

    OPTIONS = ()
    machine = None
    why = None

    @classmethod
    def setUpClass(cls):
        cls.why = lacks()
        if cls.why is None:
            cls.machine = Machine(cls.nics(), *cls.OPTIONS)

    @classmethod
    def tearDownClass(cls):
        if cls.machine is not None:
            cls.machine.close()

    def setUp(self):
        super().setUp()
        if self.why:
            self.skipTest(self.why)
        if not self.machine.alive():  # the test before says why
            self.machine.close()
            type(self).machine = Machine(self.nics(), *self.OPTIONS)

    def weir(self, pipeline, *options, lcores="0,1", devices=(), eal=(), wait=True):
        """Start weir in the machine, and wait until its telemetry answers."""
        run = Weir(self.machine, pipeline, options, lcores, devices, eal)
        self.addCleanup(self.end_weir, run)
        if wait:
            wait_for(lambda: not run.running() or run.received() >= 0, "a start")
            self.assertTrue(run.running(), "weir ended early: " + run.errors())
        return run

    def end_weir(self, run):
        if run.running():
            self.machine.kill(run.started, "KILL")

    def collect(self, run, seconds=PATIENCE):
        """The end of a run; what it reports must balance."""
        status, out, err = self.machine.wait(run.started, seconds)
        text = self.machine.text(run.report)
        done = Run(run.command, status, out, err, json.loads(text) if text else None)
        if done.report is not None:
            self.check_report(done)
        return done

    def stop_weir(self, run, seconds=PATIENCE):
        self.machine.kill(run.started, "INT")
        return self.collect(run, seconds)

    def stop_ok(self, run):
        done = self.stop_weir(run)
        self.assertEqual(done.status, 0, str(done))
        self.assertIsNotNone(done.report, str(done))
        return done
