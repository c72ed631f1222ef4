#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Tells what this machine lacks for a pipeline, before weir starts, and mends what is safe to mend. Behind the
# first word is what weir will be given:
#   scripts/preflight.sh [check|apply] [EAL OPTION]... -- -c FILE [OPTION]...
#     check   print what is found, a line each with what mends it; the default
#     apply   as root, run what is safe and print each command: hugepages, hugetlbfs, modules, devices that nobody
#             uses bound to vfio-pci, the CPUs' governor; then print what is left. Twice does as once.
# What it does not run: what takes an interface, a file's rights or a process away from somebody, and what the
# kernel is booted with. weir itself finds what is found (`weir ... --preflight`): $WEIR, the one that was built
# here, or the one in PATH. Runs in any POSIX shell.
# Exit status: 0 where weir can start, 3 where it cannot, 2 bad usage.
# shellcheck disable=SC2317 # `each` calls them
set -u

tab=$(printf '\t')
newline='
'
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    sed -n "s|^#   scripts/preflight.sh|#   ${0##*/}|; s/^#   //p" "$0" >&2
    exit 2
}

find_weir() {
    weir=${WEIR-}
    [ -n "$weir" ] || weir=$here/../build/app/weir/weir
    [ -x "$weir" ] || weir=weir
    command -v "$weir" >/dev/null || {
        echo "preflight: there is no weir: build it by scripts/run.sh, or name one by WEIR=" >&2
        exit 3
    }
}

# Sets $found, and ends this where weir could not look.
look() {
    found=$("$weir" "$@" --preflight)
    status=$?
    case $status in 0 | 3) ;; *) exit "$status" ;; esac
    # What is no finding was said on standard error.
    [ "$status" -eq 0 ] || [ -n "$found" ] || exit "$status"
}

# each FUNCTION: of what is found, with its level, what to do, the text and the command
each() {
    printf '%s\n' "$found" >"$list"
    while IFS=$tab read -r level subject text mend command; do
        [ -n "$subject" ] || continue
        "$1" "$level" "$mend" "$text" "$command"
    done <"$list"
}

show() {
    case $2 in
    apply | run) echo "$1: $3; run as root: $4" ;;
    give) echo "$1: $3; give: $4" ;;
    boot) echo "$1: $3; give the kernel, and boot anew: $4" ;;
    *) echo "$1: $3" ;;
    esac
}

# Each command once: what it did not mend is shown at the end.
mend() {
    [ "$2" = apply ] || return 0
    case $newline$tried in *"$newline$4$newline"*) return 0 ;; esac
    tried=$tried$4$newline
    more=1
    echo "$4"
    sh -c "$4" || echo "preflight: that failed; it takes root, and not a container" >&2
}

way=check
case ${1-} in
check | apply) way=$1 && shift ;;
esac
case " $* " in *" -- "*) ;; *) usage ;; esac
find_weir
list=$(mktemp) || exit 3
trap 'rm -f "$list"' EXIT
look "$@"
tried='' more=1
# What is behind a trouble shows once that is mended: the module, then the binding.
while [ "$way" = apply ] && [ -n "$more" ]; do
    more=
    each mend
    [ -z "$more" ] || look "$@"
done
each show
exit "$status"
