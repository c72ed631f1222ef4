#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Installs what is missing, builds weir, and runs its benchmarks one after the other:
#   scripts/bench.sh [OPTION]... [NAME]...     these, or all
#     --list           what there is
#     --rounds N       rounds of each, 11 if left out
#     --no-hugepages   leave hugepages alone; else root reserves some for the time that it takes
# Each prints its table, and leaves its figures and their plot in build/bench/NAME.json and .svg.
# Every figure is one beside another of the same run: the machine should have nothing else to do.
set -eu
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

# Of 2 MB. What `flow` compares are tables of ten million flows.
hugepages_wanted=512
hugepages_wanted_flow=3072
hugepages=/sys/kernel/mm/hugepages/hugepages-2048kB
hugepages_before=
programs=$top/build/tests/bench
results=$top/build/bench

# Programs of C, and those of Python that compare other programs or run one. `insns` is for insns.py
# alone, `programs` what those have in common.
names() {
    grep -lE '^main\(|sides\.parser\(|^    compare_programs\(' "$top"/tests/bench/*.c "$top"/tests/bench/*.py |
        sed 's|.*/||; s|\.[a-z]*$||' | grep -vx -e insns -e overload -e programs | sort -u
}

# What the comment at the head of a program says, as far as its first full stop.
describe() {
    local script=$top/tests/bench/$1.py
    [ ! -f "$script" ] || { sed -n 's/^"""\(.*\)\.$/\1/p' "$script" && return; }
    awk '/^ \*\// { comments++ } comments == 1 && /^ \* / { sub(/^ \* /, ""); text = text $0 " " }
        comments == 2 { exit } END { sub(/[.] .*/, "", text); print text }' \
        "$top/tests/bench/$1.c"
}

give_hugepages_back() {
    [ -z "$hugepages_before" ] || echo "$hugepages_before" >"$hugepages/nr_hugepages"
}

# As many as are wanted and memory has twice over; those of others stay.
reserve_hugepages() {
    local free available
    [ -w "$hugepages/nr_hugepages" ] && [ "$(id -u)" -eq 0 ] || return 0
    free=$(cat "$hugepages/free_hugepages")
    available=$(awk '/^MemAvailable/ { print int($2 / 2048) }' /proc/meminfo)
    [ "$free" -lt "$hugepages_wanted" ] && [ "$available" -ge $((2 * hugepages_wanted)) ] ||
        return 0
    hugepages_before=$(cat "$hugepages/nr_hugepages")
    trap give_hugepages_back EXIT
    trap 'exit 130' INT TERM
    echo $((hugepages_before + hugepages_wanted - free)) >"$hugepages/nr_hugepages"
}

# One program; where it fails the others still run.
run() {
    local json=$results/$1.json
    rm -f "$results/$1.json" "$results/$1".svg "$results/$1"-*.svg
    local program=$top/tests/bench/$1.py
    [ -f "$program" ] || program=$programs/bench_$1
    "$program" --json "$json" "$rounds" || { say "bench_$1 failed"; return 1; }
    "$top/scripts/plot.py" "$json" || { say "no plot of $json"; return 1; }
    echo
}

rounds=11
reserve=reserve_hugepages
wanted=()
while [ $# -gt 0 ]; do
    case $1 in
    --list)
        for name in $(names); do printf '%-10s %s\n' "$name" "$(describe "$name")"; done
        exit 0
        ;;
    --rounds)
        [ $# -gt 1 ] || usage
        rounds=$2
        shift
        ;;
    --no-hugepages) reserve=: ;;
    -*) usage ;;
    *)
        names | grep -qx -- "$1" || { say "no benchmark $1; there are:" $(names); exit 2; }
        wanted+=("$1")
        ;;
    esac
    shift
done
[ "${#wanted[@]}" -gt 0 ] || mapfile -t wanted < <(names)

# shellcheck disable=SC2086 # a list of words
install_packages $bench_packages
build "$top/build" -Dtests=true -Dbuildtype=release
mkdir -p "$results"
[[ " ${wanted[*]} " != *" flow "* ]] || hugepages_wanted=$hugepages_wanted_flow
$reserve
status=0
for name in "${wanted[@]}"; do
    run "$name" || status=1
done
exit "$status"
