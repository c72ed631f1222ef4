#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Installs what is missing, builds weir for aarch64 by Debian's cross compiler, warnings being
# errors, and runs the unit tests and those that inject faults under qemu-user:
#   scripts/arm64.sh [BUILD FOLDER [TEST...]]      build-arm64 and all of them, where left out
# Libraries for arm64 are unpacked into the build folder: the system's own stay as they are. Takes
# some five minutes on two CPUs, and once 65 MB of packages, so it is not part of scripts/test.sh. Its
# last line is `N passed, N failed, N skipped`; the exit status is 0 where none failed. The tests of the
# watchdog want a machine that does nothing else, as everywhere.
#
# qemu orders memory as the machine does that it runs on: this tells nothing of the order in which an
# aarch64 CPU lets another see its stores.
set -eu
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

folder=$(realpath -m -- "${1:-$top/build-arm64}")
shift $(($# > 0))
root=$folder/root
cross=$folder/arm64.ini

# An apt of arm64 that knows this system's sources and nothing installed: it needs no root.
apt_config() {
    cat <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt";
END
}

# Unpack the libraries that weir is built and tested with, and all that these depend on.
fill_root() {
    local packages package
    # shellcheck disable=SC2086 # a list of words
    packages=$(printf '%s\n' $test_packages | grep -x 'lib.*-dev\|nettle-dev')
    say "unpacking libraries for arm64 into $root"
    rm -rf "$root" "$folder/apt"
    mkdir -p "$root" "$folder/apt/lists/partial" "$folder/apt/archives/partial"
    : >"$folder/apt/status"
    apt_config >"$folder/apt/apt.conf"
    APT_CONFIG=$folder/apt/apt.conf quietly apt-get update
    # shellcheck disable=SC2086 # a list of words
    APT_CONFIG=$folder/apt/apt.conf quietly apt-get install -y --download-only \
        --no-install-recommends $packages
    for package in "$folder"/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
    rm -rf "$folder/apt"
}

cross_file() {
    cat <<END
[binaries]
c = [$(command -v ccache >/dev/null && echo "'ccache', ")'aarch64-linux-gnu-gcc', '--sysroot=$root']
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-aarch64', '-L', '$root']
[properties]
sys_root = '$root'
pkg_config_libdir = '$root/usr/lib/aarch64-linux-gnu/pkgconfig'
needs_exe_wrapper = true
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
END
}

# shellcheck disable=SC2086 # a list of words
install_packages $arm64_packages
# Written last: what was cut off begins again.
if [ ! -f "$cross" ]; then
    fill_root
    cross_file >"$cross"
fi
if [ -f "$folder/build.ninja" ]; then
    build "$folder"
else
    build "$folder" --cross-file "$cross" -Dtests=true -Dwerror=true
fi

status=0
meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 4 --suite unit \
    --suite faults "$@" || status=$?
python3 "$top/tests/integration/summary.py" "$folder/meson-logs/testlog.json" || status=1
exit "$status"
