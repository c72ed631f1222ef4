# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""All that takes a machine with a NIC of each kind, in one: a boot takes as long as several tests."""
import weirlib
from test_gone import Gone
from test_match import Match
from test_nics import Nics
from test_setup import Setup

__all__ = ["Gone", "Match", "Nics", "Setup"]

if __name__ == "__main__":
    weirlib.main()
