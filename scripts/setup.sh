#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Installs the packages that weir is built and tested with, on Debian 12 and its derivatives:
#   scripts/setup.sh [build|test|bench|ci|arm64|vm|deb]
# Sourced by the other scripts, which use its functions.
# shellcheck disable=SC2034 # those who source it use them
set -eu

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)

build_packages="gcc libc6-dev meson ninja-build pkg-config libdpdk-dev libnuma-dev libinih-dev
    libjansson-dev libpcap-dev nettle-dev"
# libsystemd-dev: linking DPDK statically wants it.
# abigail-tools: compares the library's binary interface with what it was.
test_packages="$build_packages libcmocka-dev libsystemd-dev python3 iproute2 dpdk-dev abigail-tools"
# gnuplot-nox: draws the plots, in a terminal of its own that needs no X. valgrind: counts instructions.
# The last four: what weir is compared with on captures.
bench_packages="$test_packages gnuplot-nox valgrind tcpdump softflowd argus-server libndpi-bin"
# For scripts/vm.sh; the machine's own kernel is not installed, but unpacked.
vm_packages="qemu-system-x86 xz-utils"
# tshark: reads the same frames as weir. doxygen, man-db: look at what headers and pages say.
ci_packages="$test_packages $vm_packages g++ clang clang-format libclang-rt-14-dev git valgrind tshark
    doxygen man-db"
# For scripts/deb.sh, and tests/deb/fresh.sh.
deb_packages="$build_packages build-essential debhelper git lintian doxygen debootstrap"
# For arm64; its libraries are not installed, but unpacked beside.
arm64_packages="gcc-aarch64-linux-gnu qemu-user meson ninja-build pkg-config python3"

say() {
    echo "weir: $*" >&2
}

# usage: what the head of the script says of its arguments; ends it
usage() {
    sed -n 's/^#   //p' "$0" >&2
    exit 2
}

# missing PACKAGE...: those that are not installed
missing() {
    local package
    for package; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
            grep -qx installed || echo "$package"
    done
}

# quietly COMMAND...: its output is shown only where it fails
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || { cat "$log" >&2; say "failed: $*"; }
    rm -f "$log"
    return "$status"
}

# install PACKAGE...: what is missing of them; needs root or sudo only then
install_packages() {
    local packages as_root=
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system; needed here are what these packages of Debian 12 hold:" "$@"
        return 0
    fi
    packages=$(missing "$@" | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "packages are missing, and installing them takes root:"
            say "  apt-get install --no-install-recommends $packages"
            return 1
        fi
        as_root=sudo
    fi
    say "installing $packages"
    # shellcheck disable=SC2086 # lists of words
    quietly $as_root apt-get update &&
        quietly $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends $packages
}

# build FOLDER [MESON OPTION]...: set up once, then bring up to date
build() {
    local folder=$1
    shift
    if [ ! -f "$folder/build.ninja" ]; then
        say "building in $folder, which takes a while"
        quietly meson setup "$@" "$folder" "$top" || return 1
    elif [ $# -gt 0 ]; then
        quietly meson configure "$@" "$folder" || return 1
    fi
    quietly ninja -C "$folder"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    list=${1:-ci}_packages
    [ -n "${!list-}" ] || { say "usage: setup.sh [build|test|bench|ci|arm64|vm|deb]"; exit 2; }
    # shellcheck disable=SC2086
    install_packages ${!list}
fi
