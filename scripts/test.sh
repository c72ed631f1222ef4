#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Installs what is missing, builds weir, and runs every test, save those that boot a machine (`meson test
# -C build --suite vm`, for which `scripts/setup.sh vm` installs QEMU):
#   scripts/test.sh [BUILD FOLDER [MESON OPTION]...]
# Its last line is `N passed, N failed, N skipped`; the exit status is 0 where none failed.
set -eu
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

case ${1-} in -*) usage ;; esac
folder=$top/build
if [ $# -gt 0 ]; then
    folder=$(realpath -m -- "$1")
    shift
fi
# shellcheck disable=SC2086 # a list of words
install_packages $test_packages
build "$folder" -Dtests=true "$@"

status=0
meson test -C "$folder" --no-rebuild --print-errorlogs --no-suite vm || status=$?
python3 "$top/tests/integration/summary.py" "$folder/meson-logs/testlog.json" || status=1
exit "$status"
