#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Installs what is missing, builds weir, and runs it:
#   scripts/run.sh                             ten seconds of config/quickstart.ini: synthetic
#                                              traffic, no NIC, no hugepages, no root
#   scripts/run.sh [EAL options] -- [options]  runs weir with just these
set -eu
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

# lcores of the default run, on the CPUs that this process may use: the main one, which only
# controls, shares the first CPU with a worker, where there are two.
default_lcores() {
    local list first second
    list=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
    first=${list%%[-,]*}
    case $list in
    *[-,]*) ;;
    *) echo "0@$first" && return ;;
    esac
    second=${list#"$first"}
    case $second in
    -*) second=$((first + 1)) ;;
    *) second=${second#,} second=${second%%[-,]*} ;;
    esac
    echo "0@$first,1@$first,2@$second"
}

# EAL leaves the files of a --file-prefix behind: those of runs of ours that are over go here.
forget_old_runs() {
    local folder pid
    for folder in /var/run/dpdk/weir-run-* "${XDG_RUNTIME_DIR:-/tmp}"/dpdk/weir-run-*; do
        pid=${folder##*-}
        [ ! -O "$folder" ] || kill -0 "$pid" 2>/dev/null || rm -rf "$folder"
    done
}

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages
if [ -f "$top/build/build.ninja" ]; then
    build "$top/build"
else
    build "$top/build" -Dtests=false
fi

weir=$top/build/app/weir/weir
[ $# -eq 0 ] || exec "$weir" "$@"
forget_old_runs
exec "$weir" --no-huge -m 512 --no-pci --file-prefix "weir-run-$$" --lcores "$(default_lcores)" -- \
    -c "$top/config/quickstart.ini" -t 10 -i 1
