# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Hugepages for a test."""
import contextlib
import os
import subprocess

from weirlib import WeirTest

PAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
WANTED = 192  # of 2 MB


def read_number(path):
    with open(path, encoding="ascii") as file:
        return int(file.read())


def write_number(path, number):
    with open(path, "w", encoding="ascii") as file:
        file.write("%d\n" % number)


class HugeTest(WeirTest):
    @contextlib.contextmanager
    def hugepages(self, wanted=WANTED):
        """Hugepages and a mount of our own, put back as they were."""
        folder = self.path("huge")
        os.mkdir(folder)
        try:
            before = read_number(PAGES)
            write_number(PAGES, before + wanted)
        except OSError as error:
            self.skipTest("may not reserve hugepages: %s" % error)
        mounted = False
        try:
            if read_number(PAGES) < before + wanted:
                self.skipTest("this machine has no %d MB for hugepages" % (2 * wanted))
            mount = subprocess.run(["mount", "-t", "hugetlbfs", "-o", "pagesize=2M", "none", folder],
                                   capture_output=True, text=True, check=False)
            if mount.returncode != 0:
                self.skipTest("may not mount hugetlbfs: " + mount.stderr.strip())
            mounted = True
            yield folder
        finally:
            if mounted:
                # Lazily: where a test failed weir may still be there.
                subprocess.run(["umount", "--lazy", folder], check=True)
            write_number(PAGES, before)
