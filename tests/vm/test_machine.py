# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""scripts/vm.sh itself: what it runs, gives back, and refuses."""
import os
import subprocess

import vmlib
import weirlib
from weirlib import WEIR, WeirTest


class Script(WeirTest):
    """A machine for each test that boots one."""

    def setUp(self):
        super().setUp()
        vmlib.needs(self, vmlib.lacks())

    def vm(self, *arguments, given=""):
        return subprocess.run([vmlib.SCRIPT, "--weir", WEIR, "--share", self.folder, *arguments],
                              capture_output=True, text=True, input=given, cwd=self.folder,
                              timeout=300, check=False)

    def test_command(self):
        """Input, output, errors, files and the exit status are the command's; all is as was asked."""
        done = self.vm("--nic", "e1000e@0", "--nic", "vmxnet3@1", "--nic", "virtio@0",
                       "--memory", "512",
                       'cat; weir -V; echo wrong >&2; for i in $NIC0 $NIC1 $NIC2; do '
                       'cat /sys/bus/pci/devices/$i/numa_node; '
                       'basename $(readlink /sys/bus/pci/devices/$i/driver); done; '
                       'cat /sys/devices/system/node/node*/hugepages/hugepages-2048kB/free_hugepages; '
                       'cat /sys/devices/system/node/node0/distance; echo here >file; exit 124',
                       given="one\ntwo\n")
        self.assertEqual(done.returncode, 124, done.stderr)  # which vm.sh has of its own
        self.assertEqual(done.stderr, "wrong\n")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:2], ["one", "two"])
        self.assertRegex(lines[2], "^weir .*, DPDK ")
        self.assertEqual(lines[3:9], ["0", "vfio-pci", "1", "vfio-pci", "0", "vfio-pci"])
        self.assertEqual(lines[9:], ["128", "128", "10 21"])
        with open(self.path("file"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "here\n")

    def runs(self):
        cache = os.environ.get("WEIR_VM_CACHE") or os.path.join(weirlib.TOP, "build/vm")
        return {name for name in os.listdir(cache) if name.startswith("run-")}

    def test_limit(self):
        """And nothing is left of it."""
        before = self.runs()
        done = self.vm("--limit", "3", "true")
        self.assertLessEqual(self.runs(), before)
        self.assertEqual(done.returncode, 124, done.stderr)
        self.assertIn("ended after 3 s; --limit gives it longer", done.stderr)

    def processes(self):
        """Whose command line names our folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    if self.folder.encode() in file.read():
                        found.append(int(pid))
            except OSError:
                pass
        return found

    def test_ended(self):
        """By a signal, the machine with it."""
        process = subprocess.Popen([vmlib.SCRIPT, "--weir", WEIR, "--share", self.folder, "--monitor",
                                    self.path("monitor"), "true"], stdin=subprocess.DEVNULL)
        vmlib.wait_for(lambda: os.path.exists(self.path("monitor")), "QEMU")
        process.terminate()
        self.assertEqual(process.wait(30), 143)
        vmlib.wait_for(lambda: not self.processes(), "an end", 10)

    def test_ended_early(self):
        """By itself."""
        done = self.vm("poweroff -f")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("the machine ended before the command did", done.stderr)

    def test_refused(self):
        for arguments, why in [
                (["--nic", "e1000@0", "true"], "no such NIC: 'e1000' (e1000e, vmxnet3, virtio)"),
                (["--nic", "e1000e@2", "true"], "NODE 0 or 1, not 'e1000e@2'"),
                (["--nic", "e1000e", "true"], "NODE 0 or 1, not 'e1000e'"),
                (["--nic", "e1000e@0:speed=9", "true"], "no key 'speed=9' (wire, udp, tap, queues)"),
                (["--nic", "e1000e@0:udp=1", "true"], "udp takes two ports, OUT-IN, not '1'"),
                (["--nic", "e1000e@0:queues=2", "true"], "queues is for virtio with tap"),
                (["--memory", "much", "true"], "--memory takes a number, not 'much'"),
                (["--memory", "64", "true"], "--memory takes at least 256"),
                (["--limit"], "--limit takes a value"),
                (["--share", "/usr/share", "true"], "give another folder by --share"),
                (["--share", "/", "true"], "give another folder by --share"),
                (["--share", "nowhere", "true"], "--share takes a folder, not 'nowhere'"),
                (["--accel", "xen", "true"], "--accel takes kvm or tcg, not 'xen'"),
                ([], "COMMAND"),
                (["--nothing"], "COMMAND")]:
            with self.subTest(arguments=arguments):
                done = self.vm(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(why, done.stderr)
        done = self.vm("--weir", "/nowhere/weir", "true")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("there is no weir at /nowhere/weir: build it", done.stderr)


if __name__ == "__main__":
    weirlib.main()
