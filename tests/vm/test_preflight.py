# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What weir and scripts/preflight.sh say of a machine that lacks something, and that what they say mends it."""
import os
import re
import shutil

import weirlib
from vmlib import BareTest, wait_for

PREFLIGHT = os.path.join(weirlib.TOP, "scripts/preflight.sh")
PIPELINE = """
[source wan]
device = %s

[pool]
size = 8191

[stage end]
type = count
input = wan
"""
SOME = 128  # hugepages of a node


class Preflight(BareTest):
    def setUp(self):
        super().setUp()
        self.nic, self.other = self.machine.nics[:2]
        os.chmod(self.machine.folder, 0o755)  # for the machine's other users
        shutil.copy(PREFLIGHT, self.machine.path("preflight.sh"))
        for i, nic in enumerate(self.machine.nics):
            with open(self.machine.path("nic%d.ini" % i), "w", encoding="utf-8") as file:
                file.write(PIPELINE % nic)

    def vm(self, command, status=0):
        """Output of a command in the machine."""
        done = self.machine.run(command)
        self.assertEqual(done[0], status, (command, done))
        return done[1]

    def reserve(self, first=SOME, second=SOME):
        """So many hugepages on each node."""
        for i, pages in enumerate([first, second]):
            self.vm("echo %d >/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages" %
                    (pages, i))

    def driver(self, nic):
        return self.vm("basename $(readlink /sys/bus/pci/devices/%s/driver) || true" % nic).strip()

    def preflight(self, way, eal="-l 0-1", index=0, status=0):
        """Its lines. The machine's processes are bound to nothing."""
        out = self.vm("sh preflight.sh %s %s -- -c nic%d.ini" % (way, eal, index), status)
        return [line for line in out.splitlines() if "advice: " not in line]

    def start(self, eal="-l 0-1", prefix="%s", index=0):
        """Run weir for a moment: its status, the last thing that it complained of, and all that it said."""
        command = "weir %s -- -c nic%d.ini -t 0.2 --tables none" % (eal, index)
        status, _, err = self.machine.run(prefix % command)
        lines = [line for line in err.splitlines() if line.startswith("weir: ")]
        return status, lines[-1] if lines else "", err

    def starts(self, **how):
        done = self.start(**how)
        self.assertEqual(done[0], 0, done[2])

    def receives(self):
        """Also what comes over the wire."""
        run = self.weir(PIPELINE % self.nic, lcores="0-1", devices=[self.nic])
        frames = [bytes.fromhex("ffffffffffff 020000000001 88b5") + bytes(50)] * 200
        wait_for(lambda: run.port(self.nic).get("link") == "up", "a link")
        self.wire.send(frames)
        wait_for(lambda: run.received() >= len(frames), "frames")
        done = self.stop_ok(run)
        self.assertEqual(done.report["ledger"]["received"], len(frames))
        # Whatever else is bound, -a keeps EAL from it.
        self.assertEqual(done.err.count("Probe PCI driver"), 1, done.err)


class Fresh(Preflight):
    """As Debian starts it, with the IOMMU on the kernel's command line."""

    def test_fresh(self):
        """One command after the other until weir starts: each is another, and preflight knew."""
        told = []
        checked = self.preflight("check", status=3)
        while True:
            status, line, err = self.start()
            if status == 0:
                break
            self.assertEqual(status, 3, err)
            found = re.fullmatch(r"weir: (.*); run as root: (.*)", line)
            self.assertIsNotNone(found, line)
            self.assertNotIn(found.group(2), told)
            told.append(found.group(2))
            self.vm(found.group(2))
        self.assertEqual(len(told), 4, told)
        self.assertIn("hugepages", told[0])
        self.assertIn("mount", told[1])
        self.assertIn("modprobe", told[2])
        self.assertIn("drivers_probe", told[3])
        self.assertEqual(self.driver(self.nic), "vfio-pci")
        # What follows the module shows once it is there.
        self.assertEqual(len(checked), 3, checked)
        for line, command in zip(checked, told[:3]):
            self.assertTrue(line.startswith("fault: "), line)
            if "hugepages" not in command:
                self.assertIn("; run as root: " + command, line)
        self.assertEqual(self.preflight("check"), [])
        self.receives()


class Apply(Preflight):
    def test_apply(self):
        """From the fresh machine to frames by one command; another time it has nothing to do."""
        for _ in range(2):
            self.assertTrue(self.preflight("check", index=1, eal="-l 0,2-3", status=3))
            self.assertEqual(self.driver(self.other), "")
        ran = self.preflight("apply", index=1, eal="-l 0,2-3")
        self.assertEqual(len(ran), 5, ran)
        for i in range(2):
            self.assertRegex(ran[i], "^echo [0-9]+ >/sys/devices/system/node/node%d/hugepages/" % i)
        self.assertEqual(self.preflight("apply", index=1, eal="-l 0,2-3"), [])
        self.starts(index=1, eal="-l 0,2-3")
        # What is up is not taken from who has it.
        self.vm("modprobe e1000e; ip link set dev $(ls /sys/bus/pci/devices/%s/net) up" % self.nic)
        left = self.preflight("apply", status=3)
        self.assertRegex(left[-1], "^fault: the kernel's e1000e has .* is up; run as root: ip link set ")
        self.assertEqual(self.driver(self.nic), "e1000e")
        self.vm(left[-1].partition("; run as root: ")[2])
        self.preflight("apply")
        self.assertEqual(self.driver(self.nic), "vfio-pci")
        self.receives()

    def test_usage(self):
        self.assertIn("preflight.sh [check|apply]", self.machine.run("sh preflight.sh look")[2])
        self.vm("sh preflight.sh check -- -c nowhere.ini", 2)


class NoIommu(Preflight):
    OPTIONS = ("--bare", "--kernel", "intel_iommu=off")

    @classmethod
    def owner(cls):
        return cls

    def test_iommu(self):
        """What it says is on the command line of the machine of the other tests."""
        self.reserve()
        self.vm("mount -t hugetlbfs -o pagesize=2M none /dev/hugepages")
        said = "the IOMMU is off, without which vfio-pci takes no device; give the kernel, and boot " \
            "anew: intel_iommu=on iommu=pt"
        self.assertEqual(self.preflight("apply", status=3), ["fault: " + said])
        status, line, _ = self.start()
        self.assertEqual(status, 3)
        self.assertIn(said, line)


class Faults(Preflight):
    """A machine that lacks nothing, until a test takes something away."""

    READY = """\
modprobe -a vfio-pci vfio_iommu_type1
grep -q ' /dev/hugepages hugetlbfs ' /proc/mounts || mount -t hugetlbfs -o pagesize=2M none /dev/hugepages
for i in 0 1; do echo %d >/sys/devices/system/node/node$i/hugepages/hugepages-2048kB/nr_hugepages; done
/init bind $NIC0 && /init bind $NIC1""" % SOME

    def setUp(self):
        super().setUp()
        self.vm(self.READY)

    def mended(self, *expected, **how):
        """Weir complains in these words, one after the other, and does what it says each time; then starts."""
        for words in expected:
            status, line, err = self.start(**how)
            self.assertEqual(status, 3, err)
            found = re.fullmatch(r"weir: (.*); (run as root|give): (.*)", line)
            self.assertIsNotNone(found, line)
            self.assertRegex(found.group(1), words)
            self.say_once(words, found.group(1))
            if found.group(2) == "give":
                how["eal"] = "-l 0-1 " + found.group(3)
            elif found.group(3).startswith("ulimit"):
                how["prefix"] = found.group(3) + "; " + how["prefix"].partition("; ")[2]
            else:
                self.vm(found.group(3))
                self.killed(found.group(3))
        self.starts(**how)

    def killed(self, command):
        """Until a process that a command ends has ended: it takes its time, and has the NIC as long."""
        for number in re.findall(r"^kill ([0-9]+)$", command):
            self.vm("while test -e /proc/%s; do usleep 50000; done" % number)

    said = {}

    def say_once(self, words, text):
        """Another fault has another message."""
        text = text.replace(self.nic, "").replace(self.other, "")
        self.assertEqual(self.said.setdefault(text, words), words)

    def unbind(self):
        self.vm("echo >/sys/bus/pci/devices/%s/driver_override; echo %s >/sys/bus/pci/devices/%s/driver/"
                "unbind" % (self.nic, self.nic, self.nic))

    def test_hugepages(self):
        self.reserve(0, 0)
        self.mended("socket 0 has 0 MB free in hugepages, and [0-9]+ MB are wanted")

    def test_hugepages_of_socket(self):
        """Those of the other one are of no use."""
        self.reserve(4)
        self.mended("takes [0-9]+ MB of memory .* on socket 0, where EAL can have [0-9]+ MB")

    def test_hugepages_of_main(self):
        """EAL panics where the main lcore's socket has none."""
        self.reserve(0)
        self.mended("socket 0 has 0 MB free in hugepages, and [0-9]+ MB are wanted", index=1, eal="-l 0,2")

    def test_hugetlbfs(self):
        self.vm("umount /dev/hugepages")
        self.mended("hugetlbfs is not mounted")

    def test_module(self):
        self.unbind()
        self.vm("rmmod vfio-pci")
        self.mended("module vfio-pci is not loaded", "is bound to no driver")

    def test_no_driver(self):
        self.unbind()
        self.mended("is bound to no driver")

    def use_kernel(self):
        self.unbind()
        self.vm("modprobe e1000e; echo %s >/sys/bus/pci/drivers_probe; test -e /sys/bus/pci/devices/%s/net"
                % (self.nic, self.nic))

    def test_kernel_driver(self):
        self.use_kernel()
        self.mended("is bound to the kernel's e1000e")

    def test_interface_up(self):
        self.use_kernel()
        self.vm("ip link set dev $(ls /sys/bus/pci/devices/%s/net) up" % self.nic)
        self.mended("the kernel's e1000e has .*, and its interface .* is up",
                    "is bound to the kernel's e1000e")

    def test_default_route(self):
        self.use_kernel()
        self.vm("i=$(ls /sys/bus/pci/devices/%s/net); ip addr add 192.0.2.1/24 dev $i; ip link set dev $i "
                "up; ip route add default via 192.0.2.2 dev $i" % self.nic)
        self.mended("the default route goes over its interface", "is bound to the kernel's e1000e")

    def test_absent(self):
        self.unbind()
        self.machine.run("rmmod e1000e")
        self.vm("echo 1 >/sys/bus/pci/devices/%s/remove" % self.nic)
        self.mended(r"has no PCI device .* \(its NICs: .*%s" % self.other, "is bound to no driver")

    def test_not_given(self):
        self.mended("-a names other devices alone", eal="-l 0-1 -a " + self.other)

    def test_blocked(self):
        self.mended("-b %s keeps EAL from it" % self.nic, eal="-l 0-1 -b " + self.nic)

    def test_no_pci(self):
        self.mended("EAL was told --no-pci", eal="-l 0-1 --no-pci")

    def node(self):
        return "/dev/vfio/$(basename $(readlink /sys/bus/pci/devices/%s/iommu_group))" % self.nic

    def as_user(self, limit):
        self.vm("echo somebody:x:1000:1000::/:/bin/sh >/etc/passwd; mkdir -p /tmp/run; chown 1000 /tmp/run")
        return "ulimit -l %s; export XDG_RUNTIME_DIR=/tmp/run; exec su somebody -c '%%s'" % limit

    def test_rights(self):
        self.vm("chown 0 %s; chmod 600 %s" % (self.node(), self.node()))
        self.mended("user 1000 may not open /dev/vfio/[0-9]+", prefix=self.as_user("unlimited"),
                    eal="-l 0-1 --in-memory")

    def test_memlock(self):
        self.vm("chown 1000 " + self.node())
        self.mended("user 1000 may lock 64 kB of memory", prefix=self.as_user(64),
                    eal="-l 0-1 --in-memory")

    def test_hugetlbfs_rights(self):
        self.vm("chown 1000 " + self.node())
        self.mended("user 1000 may not write in /dev/hugepages", prefix=self.as_user("unlimited"))

    def test_held(self):
        run = self.weir(PIPELINE % self.nic, lcores="0-1", devices=[self.nic])
        self.mended(r"process [0-9]+ \(.*\) has %s: end it" % self.nic)
        self.collect(run)

    def test_dpdk_driver(self):
        self.vm("cd /usr/lib/x86_64-linux-gnu && mv dpdk/pmds-*/librte_net_vmxnet3.so* . && "
                "ln -sf librte_net_vmxnet3.so.*.* librte_net_vmxnet3.so")
        self.addCleanup(self.machine.run, "cd /usr/lib/x86_64-linux-gnu && mv librte_net_vmxnet3.so* dpdk/"
                        "pmds-*/")
        self.mended("is bound to vfio-pci as it should be, but no driver of DPDK took it", index=1)

    def test_ten(self):
        """The last of these tests: so many faults had a message each."""
        self.assertGreaterEqual(len(set(self.said.values())), 10, self.said)


if __name__ == "__main__":
    weirlib.main()
