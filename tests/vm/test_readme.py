# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The README's chapter on NICs, followed to the letter on a machine as Debian starts it."""
import os
import re
import shutil

import weirlib
from vmlib import BareTest, wait_for

ADDRESS = "0000:01:00.0"  # of the chapter's NIC
FRAMES = 200


def blocks():
    """The chapter's commands: a list for each block of them."""
    with open(os.path.join(weirlib.TOP, "README.md"), encoding="utf-8") as file:
        text = file.read()
    chapter = text.partition("\n## On a NIC\n")[2].partition("\nWithout a NIC, ")[0]
    found = [block.replace("\n    ", "\n").strip().splitlines()
             for block in re.findall(r"\n\n((?:    .*\n)+)", chapter)]
    return chapter, [block for block in found if block[-1].startswith("weir ")]


class Readme(BareTest):
    BLOCK = 0

    def setUp(self):
        super().setUp()
        for name in ("scripts/preflight.sh", "config/nic.ini"):
            os.makedirs(os.path.dirname(self.machine.path(name)), exist_ok=True)
            shutil.copy(os.path.join(weirlib.TOP, name), self.machine.path(name))

    def ask(self, command):
        """Telemetry, where it is without a --file-prefix."""
        return self.machine.ask("/run/dpdk/rte/dpdk_telemetry.v2", command)

    def received(self):
        ledger = self.ask("/weir/ledger")
        return ledger["received"] if ledger else -1

    def is_up(self):
        return [port["link"] for port in (self.ask("/weir/ports") or {}).values()] == ["up"]

    def test_chapter(self):
        """Every command of a block ends well, and the last one, weir, has the frames that come."""
        chapter, found = blocks()
        self.assertEqual(len(found), 2)
        self.assertIn("`intel_iommu=on iommu=pt`", chapter)  # as the machine was booted
        commands = [line.replace(ADDRESS, self.machine.nics[0]) for line in found[self.BLOCK]]
        for command in commands[:-1]:
            done = self.machine.run(command)
            self.assertEqual(done[0], 0, (command, done))
        weir = self.machine.start("exec " + commands[-1])
        wait_for(lambda: self.received() >= 0 or weir in self.machine.statuses, "a start")
        self.assertNotIn(weir, self.machine.statuses, self.machine.text("%d.err" % weir))
        wait_for(self.is_up, "a link")
        self.wire.send([bytes.fromhex("ffffffffffff 020000000001 88b5") + bytes(50)] * FRAMES)
        wait_for(lambda: self.received() >= FRAMES, "frames")
        self.machine.kill(weir, "INT")
        status, out, err = self.machine.wait(weir)
        self.assertEqual(status, 0, err)
        self.assertIn("received %d + created 0" % FRAMES, out)


class ByHand(Readme):
    BLOCK = 1


if __name__ == "__main__":
    weirlib.main()
