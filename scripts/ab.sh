#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Compares two builds of weir, say of two commits, by a benchmark in rounds that alternate:
#   scripts/ab.sh [--rounds N] [--json FILE] [--time] BUILD_A BUILD_B PROGRAM [ARGUMENT...]
# For example, after `git worktree add ../before HEAD^` and a build in each:
#   scripts/ab.sh ../before/build build hop --side weir
set -eu
exec python3 "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../tests/bench/ab.py" "$@"
