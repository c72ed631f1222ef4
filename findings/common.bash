# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# What the findings share; sourced by them. A finding shows where a library or driver surprises its
# users, without weir. It wants root, Debian 12 on x86-64 with its package mirror, gcc, iproute2,
# procps, libnuma1 and libbsd0. DPDK is unpacked into a temporary folder and linked statically:
# none is installed, and one that is installed is not used.
# Exit status: 0 seen as told; 1 seen otherwise; 2 could not be tried.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
work=$(mktemp -d)
prefix=finding-$$
trap 'rm -rf "$work" "/var/run/dpdk/$prefix"' EXIT

# give_up TEXT: says what is lacking; ends the finding
give_up() {
    echo "not tried: $*" >&2
    exit 2
}

# fetch_dpdk libdpdk-dev=VERSION: DPDK's headers and static libraries of that package, unpacked below $work
fetch_dpdk() {
    dpdk=${1#*=}
    [ "$(id -u)" -eq 0 ] || give_up "wants root, for a namespace and its interfaces"
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$1") ||
        give_up "no $1 from this mirror"
    dpkg -x "$work"/libdpdk-dev_*.deb "$work"
}

# What else a finding is linked with; libelf1 is there with iproute2.
more=()

# compile DRIVER...: C on stdin becomes $work/finding, with these drivers
compile() {
    local libs=() name arch
    arch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
    for name in "$@" bus_vdev mempool_ring gso hash ethdev meter net mbuf mempool rcu ring eal \
        telemetry kvargs; do
        libs+=("-l:librte_$name.a")
    done
    cat >"$work/finding.c"
    gcc -std=gnu11 -O1 -Wall -Wextra -march=corei7 -I "$here" -I "$work/usr/include/dpdk" \
        -I "$work/usr/include/$arch/dpdk" -include rte_config.h "$work/finding.c" \
        -o "$work/finding" -L "$work/usr/lib/$arch" -Wl,--whole-archive "${libs[@]}" \
        -Wl,--no-whole-archive -l:libnuma.so.1 -l:libbsd.so.0 "${more[@]}" -lm ||
        give_up "does not compile"
}

# pair NAME PEER: two interfaces, each the other's wire, that carry nothing of the kernel's own
pair() {
    ip link add "$1" type veth peer name "$2"
    sysctl -qw "net.ipv6.conf.$1.disable_ipv6=1" "net.ipv6.conf.$2.disable_ipv6=1"
    ip link set "$1" up
    ip link set "$2" up
}

# run SETUP ARGUMENT...: shell commands, then the finding under EAL, both in a network namespace of
# their own; what it prints is kept in $work/seen, and EAL's own lines in $work/log
run() {
    local setup=$1
    shift
    echo "libdpdk-dev $dpdk, Linux $(uname -r | cut -d- -f1)"
    export -f pair
    unshare -n bash -euc "$setup"'; exec "$@"' run "$work/finding" --no-huge -m 64 --no-pci \
        --no-telemetry --log-level=lib.eal:error --file-prefix "$prefix" -l 0 "$@" \
        >"$work/seen" 2>"$work/log" || {
        cat "$work/seen" "$work/log" >&2
        give_up "the program failed"
    }
    cat "$work/seen"
}

# expect: lines on stdin that the finding must have printed, all of them and in this order
expect() {
    if diff "$work/seen" - >"$work/diff"; then
        echo "as told: $(basename "$0")"
    else
        echo "CHANGED: $(basename "$0") (< seen, > expected)"
        cat "$work/diff"
        exit 1
    fi
}
