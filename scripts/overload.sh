#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Installs what is missing, builds weir, and shows what each drop policy gives under overload:
#   scripts/overload.sh [OPTION]... [POLICY]...     these policies, or all
#     --rounds N   7 if left out: less than three minutes for all policies
#     --ms N       count for so long in each run, 500 if left out
# Prints a table and what is promised, with whether it held, which is the exit status; leaves all
# figures in build/bench/overload.json and their plot in build/bench/overload.svg. The machine
# should have nothing else to do, and two CPUs.
set -eu
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

results=$top/build/bench

rounds=7
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    --rounds)
        [ $# -gt 1 ] || usage
        rounds=$2
        shift
        ;;
    --ms)
        [ $# -gt 1 ] || usage
        arguments+=(--ms "$2")
        shift
        ;;
    -*) usage ;;
    *) arguments+=("$1") ;;
    esac
    shift
done

# shellcheck disable=SC2086 # a list of words
install_packages $test_packages gnuplot-nox
build "$top/build" -Dtests=true -Dbuildtype=release
mkdir -p "$results"
rm -f "$results/overload.json" "$results/overload.svg"
status=0
"$top/build/tests/bench/bench_overload" --json "$results/overload.json" "$rounds" \
    "${arguments[@]}" || status=$?
[ -f "$results/overload.json" ] || exit "$status"
"$top/scripts/overload_plot.py" "$results/overload.json" || { say "no plot"; status=1; }
exit "$status"
