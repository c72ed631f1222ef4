# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""A machine of scripts/vm.sh that stays up for many tests, and the wires of its NICs. What the tests of
tests/vm share.

Environment, set by meson: as of weirlib, and WEIR_VM_ASK, what asks telemetry in the machine. With
WEIR_VM_MUST, where there can be no machine tests fail, and are not skipped.
"""
import atexit
import functools
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import weirlib
from weirlib import TOP, WEIR, Run, WeirTest

SCRIPT = os.path.join(TOP, "scripts/vm.sh")
AGENT = os.path.join(TOP, "tests/vm/agent.sh")
ASK = os.environ.get("WEIR_VM_ASK") or os.path.join(weirlib.BUILD, "tests/vm/vm_ask")
MUST = bool(os.environ.get("WEIR_VM_MUST"))
BOOT = 100  # seconds that the machine may take to come up
BOOTS = 2  # and how often it is tried: under load a kernel may wait for one of its CPUs for ever
LIMIT = 1200  # seconds that it may be up
PATIENCE = 60  # seconds for what happens in it
# What a NIC is to QEMU, as scripts/vm.sh has it: to give one back.
DEVICES = {"e1000e": {"driver": "e1000e"}, "vmxnet3": {"driver": "vmxnet3"},
           "virtio": {"driver": "virtio-net-pci", "disable-legacy": "on", "iommu_platform": True}}
KINDS = tuple(DEVICES)
NODES = {"e1000e": 0, "vmxnet3": 1, "virtio": 0}  # where the tests have one of each


@functools.lru_cache(None)
def lacks():
    """Why there can be no machine here; None where there can."""
    if shutil.which("qemu-system-x86_64") is None:
        return "no qemu-system-x86_64: scripts/setup.sh vm installs it"
    done = subprocess.run([SCRIPT, "--weir", WEIR, "--prepare"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        return "no machine: " + (done.stderr.strip().splitlines() or ["no message"])[-1]
    return None


@functools.lru_cache(None)
def own_network():
    """This process, and the machines that it starts, get a network of their own, with a loopback and nothing of
    IPv6: None, or why they cannot. A machine is fetched before, for which it takes the other one."""
    why = weirlib.own_network()
    if why is None:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w", encoding="utf-8") as file:
            file.write("1")
    return why


def needs(test, why):
    """Skips a test where something is not to be had here."""
    if why and MUST:
        test.fail("WEIR_VM_MUST is set, and this cannot be tested here: " + why)
    if why:
        test.skipTest(why)


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
        self.numbers = itertools.count()
        self.ended = threading.Condition()
        self.words = [word for nic in nics for word in ("--nic", nic)] + list(options)
        for turn in range(1, BOOTS + 1):
            if self.boot():
                break
            console = self.console()
            self.close()
            print("the machine did not come up, %d of %d: %s" % (turn, BOOTS, console))
            if turn == BOOTS:
                raise AssertionError("the machine did not come up: " + console)
        status, self.nics, _ = self.run("for i in 0 1 2 3 4 5 6 7; do eval echo \\$NIC$i; done")
        assert status == 0
        self.nics = self.nics.split()

    def boot(self):
        """Whether it came up."""
        self.folder = tempfile.mkdtemp(prefix="weir-vm-")
        self.statuses = {}
        self.replies = {}
        self.over = False
        self.monitor = None
        shutil.copy(AGENT, self.path("agent.sh"))
        shutil.copy(ASK, self.path("ask"))
        self.process = subprocess.Popen(
            [SCRIPT, "--weir", WEIR, "--share", self.folder, "--limit", str(LIMIT), "--monitor",
             self.path("monitor"), "--console", self.path("console"), *self.words, "sh agent.sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={k: v for k, v in os.environ.items() if k != "MALLOC_PERTURB_"})
        self.up = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self.up.wait(BOOT) and self.alive()

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
            number, _, rest = line.strip().partition(" ")
            if number == "ready":
                self.up.set()
                continue
            status, _, self.replies[int(number)] = rest.partition(" ")
            with self.ended:
                self.statuses[int(number)] = int(status)
                self.ended.notify_all()
        with self.ended:
            self.over = True
            self.ended.notify_all()
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
        with self.ended:
            ended = self.ended.wait_for(lambda: number in self.statuses or self.over, seconds)
        if not ended:
            raise AssertionError("not within %d s: the end of a command\n%s" % (
                seconds, self.text("%d.err" % number)[-2000:]))
        if number not in self.statuses:
            raise AssertionError("the machine ended: " + self.console())
        return (self.statuses[number], self.text("%d.out" % number), self.text("%d.err" % number))

    def run(self, command, seconds=PATIENCE):
        return self.wait(self.start(command), seconds)

    def ask(self, path, command):
        """What a telemetry socket answers; None: nothing, or not yet."""
        number = self.start("ask %s %s" % (path, command))
        if self.wait(number)[0] != 0:
            return None
        return json.loads(self.replies.pop(number))[command.partition(",")[0]]

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
        return self.machine.ask("/run/dpdk/%s/dpdk_telemetry.v2" % self.prefix, command)

    def received(self):
        ledger = self.ask("/weir/ledger")
        return ledger["received"] if ledger else -1

    def is_up(self):
        """Whether each port has a link."""
        ports = self.ask("/weir/ports") or {}
        return bool(ports) and all(port["link"] == "up" for port in ports.values())

    def port(self, device):
        ports = self.ask("/weir/ports") or {}
        for port in ports.values():
            if port["name"] == device:
                return port
        return {}


class VmTest(WeirTest):
    """Tests of one class share a machine with the NICs that `nics()` says, and what else `OPTIONS` does."""

    OPTIONS = ()
    machine = None

    @classmethod
    def owner(cls):
        """Whose machine it is: of another class, where its subclasses share one till the process ends."""
        return cls

    @classmethod
    def setUpClass(cls):
        owner = cls.owner()
        if lacks() is None and owner.__dict__.get("machine") is None:
            own_network()
            owner.machine = Machine(cls.nics(), *cls.OPTIONS)
            if owner is not cls:
                atexit.register(owner.end_machine)

    @classmethod
    def end_machine(cls):
        if cls.machine is not None:
            cls.machine.close()

    @classmethod
    def tearDownClass(cls):
        if cls.owner() is cls:
            cls.end_machine()

    def setUp(self):
        super().setUp()
        needs(self, lacks())
        if not self.machine.alive():  # the test before says why
            self.machine.close()
            self.owner().machine = Machine(self.nics(), *self.OPTIONS)

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


def each_kind(test):
    """Of a test of one NIC, the test of all."""
    @functools.wraps(test)
    def run(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                test(self, kind, self.device(kind), self.wires[kind])
    return run


class KindsTest(VmTest):
    """A NIC of each kind with a wire of its own, and a virtio with two queues on an interface of the kernel. One
    machine for all such classes."""

    TAP = "weirtap0"

    @classmethod
    def owner(cls):
        return KindsTest

    @classmethod
    def nics(cls):
        KindsTest.wires = {kind: Wire() for kind in KINDS}
        given = ["%s@%d:%s" % (kind, NODES[kind], cls.wires[kind].key) for kind in KINDS]
        if own_network() is None:
            given.append("virtio@1:tap=%s,queues=2" % cls.TAP)
        return given

    def device(self, kind):
        return self.machine.nics[KINDS.index(kind)]

    def start_on(self, kind, pipeline, *options, **where):
        """With the main lcore, and one of the NIC's node."""
        where.setdefault("lcores", "0,%d" % (1 + NODES[kind]))
        return self.weir(pipeline, *options, devices=[self.device(kind)], **where)

    def set_link(self, kind, up):
        answer = self.machine.qmp("set_link", name="nic%d" % KINDS.index(kind), up=up)
        self.assertIn("return", answer)


# Back to how Debian starts it.
UNDO = """\
for i in $NIC0 $NIC1; do cd /sys/bus/pci/devices/$i; echo >driver_override
[ ! -e driver ] || echo $i >driver/unbind; done
for i in e1000e vfio_pci vfio_pci_core vfio_iommu_type1 vfio_virqfd vfio; do rmmod $i 2>/dev/null; done
umount /dev/hugepages 2>/dev/null
for i in 0 1; do echo 0 >/sys/devices/system/node/node$i/hugepages/hugepages-2048kB/nr_hugepages; done
! grep -E 'vfio|e1000e' /proc/modules && ! grep hugetlbfs /proc/mounts && ! grep 'HugePages_Total: *[1-9]' /proc/meminfo
"""


class BareTest(VmTest):
    """NIC 0 is an e1000e with a wire, on node 0, and 1 a vmxnet3, on node 1; nothing is set up for them. One
    machine for all such classes, each of which finds it as if fresh."""

    OPTIONS = ("--bare",)

    @classmethod
    def owner(cls):
        return BareTest

    @classmethod
    def nics(cls):
        cls.owner().wire = Wire()
        return ["e1000e@0:" + cls.wire.key, "vmxnet3@1"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if lacks() is None:
            done = cls.machine.run(UNDO)
            assert done[0] == 0, done
