#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Installs what is missing, builds weir under AddressSanitizer and UndefinedBehaviorSanitizer, and
# runs random pipelines at full rate with random faults and live changes:
#   scripts/soak.sh [SECONDS [SEED [BUILD FOLDER]]]      ten minutes, where left out
# The exit status is 0 where every pipeline went on, drained, balanced, and left its pools full.
set -eu
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

seconds=${1:-600}
seed=${2:-}
case $seconds in *[!0-9]*) usage ;; esac
folder=${3:-$top/build-soak}

# shellcheck disable=SC2086 # a list of words
install_packages $test_packages
build "$folder" -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized \
    -Dchecks=true -Dtests=true -Dfaults=true
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:strict_string_checks=1
export LSAN_OPTIONS=suppressions=$top/tests/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
# shellcheck disable=SC2086 # left out where there is none
exec "$folder/tests/faults/soak" "$seconds" $seed
