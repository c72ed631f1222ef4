# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""All that takes a machine in which nothing is set up, in one: a boot takes as long as several tests."""
import weirlib
from test_preflight import Apply, Faults, Fresh, NoIommu
from test_readme import ByHand, Readme

__all__ = ["Apply", "ByHand", "Faults", "Fresh", "NoIommu", "Readme"]

if __name__ == "__main__":
    weirlib.main()
