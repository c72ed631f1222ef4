#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Tries the packages of scripts/deb.sh on a fresh Debian 12, which debootstrap makes in a temporary folder:
#   tests/deb/fresh.sh [FOLDER OF THE PACKAGES]    build/deb, where left out
# What they depend on is installed first, and all files, users and packages that there are then are noted. Then
# weir is installed, and run; the rest is, and what the README builds is built by pkg-config, shared and static,
# and run. At the end all is purged, and what is there is held to what was noted.
#
# Takes root, a mirror of Debian ($MIRROR; deb.debian.org, where left out), 3 GB and some five minutes, and so
# is not part of scripts/test.sh. Its mounts are its own, and go with it. The last line is `N passed, 0 failed`.
# shellcheck disable=SC2016 # the shell of the new system expands
set -eu

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}

if [ "${WEIR_FRESH-}" != inside ]; then
    work=$(mktemp -d "${TMPDIR:-/tmp}/weir-fresh-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    WEIR_FRESH=inside unshare --mount --propagation private --pid --fork --kill-child \
        "${BASH_SOURCE[0]}" "$work" "$(realpath -- "${1:-$top/build/deb}")"
    exit
fi

root=$1/root packages=$2
passed=0

# step TEXT COMMAND...: its output is shown where it fails, which ends the test
step() {
    local text=$1 status
    shift
    # Not as a condition: within one, a command that fails would end nothing.
    set +e
    (set -e && "$@") >"$root.log" 2>&1
    status=$?
    set -e
    if [ "$status" -eq 0 ]; then
        echo "ok      $text"
        passed=$((passed + 1))
    else
        echo "FAILED  $text"
        tail -n 40 "$root.log"
        echo "$passed passed, 1 failed"
        exit 1
    fi
}

# In the new system, with nothing of the environment of the old one.
inside() {
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

script() {
    inside bash -euc "$*"
}

apt() {
    inside apt-get -qq -y --no-install-recommends "$@"
}

fresh() {
    debootstrap --variant=minbase bookworm "$root" "$mirror"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    # As in a container: nothing starts.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    mkdir "$root/packages"
    cp "$packages"/*.deb "$root/packages"
    apt update
}

# What these need beside themselves.
needed() {
    apt --simulate install "$@" | awk '$1 == "Inst" { print $2 }' |
        grep -vxE 'weir|weir-doc|libweir0|libweir-dev'
}

# depend PACKAGE FILE...: all that they depend on
depend() {
    local list
    list=$(needed "$@")
    # shellcheck disable=SC2086 # a list of words
    apt install $list
    apt clean
}

# Every file that outlives a boot, with its kind, rights and owner, what /etc says, every package that left a trace.
state() {
    inside find / -xdev \( -path /packages -o -path /run -o -path /tmp -o -path /var/cache -o -path /var/log \
        -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path '/etc/*-' \) -prune -o -printf '%p %y %m %u:%g %l\n' |
        sort
    script 'find /etc -xdev -type f ! -name "*-" -exec sha256sum {} + | sort -k 2'
    inside dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n'
}

as_before() {
    state >"$root.after"
    diff "$root.before" "$root.after"
}

# The command, with what it depends on and no more.
runs() {
    script 'cd /tmp && weir --no-huge -m 256 --no-pci --lcores "(0-2)@0" --file-prefix fresh -- \
        -c /usr/share/doc/weir/examples/quickstart.ini -t 3 -r report.json >table
        grep "unaccounted 0" table && grep "\"unaccounted\": *0" report.json'
}

# What the service has: a user, a group, and a pipeline that is right.
service() {
    script 'id weir && getent group vfio && test -f /lib/systemd/system/weir.service &&
        test -f /lib/udev/rules.d/60-weir.rules && ! grep -q /usr/local /lib/systemd/system/weir.service
        for program in $(sed -n "s/^Exec[A-Za-z]*=+\{0,1\}\([^ ]*\).*/\1/p" /lib/systemd/system/weir.service); do
            test -x "$program"
        done
        weir -- -c /etc/weir/weir.ini --check'
}

pages() {
    script 'for page in man1/weir.1 man1/weir-preflight.1 man5/weir.ini.5; do
            zcat /usr/share/man/$page.gz | grep "^\.SH NAME"
        done
        . /usr/share/bash-completion/completions/weir
        COMP_LINE="weir -l 0 -- --list-st" COMP_POINT=22 && _weir && [ "${COMPREPLY[*]}" = --list-stages ]'
}

# example COMMAND: of the README, and what it builds by it runs
example() {
    script "mkdir -p /tmp/app && cd /tmp/app && cp /usr/share/doc/libweir-dev/examples/*.c .
        $1
        ldd embed
        ./embed --no-huge -m 256 --no-pci --lcores 0 --vdev net_null0 --file-prefix fresh | tee out
        tail -n 1 out | grep 'unaccounted 0'"
}

static() {
    example "$1"
    script '! ldd /tmp/app/embed | grep -E "libweir|librte"'
}

plugin() {
    script 'cd /tmp/app && cc -shared -fPIC -o /usr/local/lib/libmystage.so mystage.c $(pkg-config --cflags weir)
        weir --no-huge -m 64 --no-pci --lcores 0 --file-prefix fresh -d /usr/local/lib/libmystage.so -- --list-stages |
            grep "^  sample: "
        rm /usr/local/lib/libmystage.so'
}

documentation() {
    script 'grep -l weir_engine_create /usr/share/doc/weir-doc/html/*.html'
}

commands() {
    sed -n 's/.*`\(cc -o embed embed.c [^`]*\)`.*/\1/p' "$top/README.md"
}

step "a fresh Debian 12" fresh
mapfile -t all < <(cd "$root" && find packages -name '*.deb' ! -name '*-dbgsym_*' -printf '/%p\n')
mapfile -t runtime < <(printf '%s\n' "${all[@]}" | grep -E '/(weir|libweir0)_')
step "what weir depends on" depend "${runtime[@]}"
state >"$root.before"
step "weir installs" apt install "${runtime[@]}"
step "weir runs" runs
step "its service is set up" service
step "its pages and its completion are there" pages
step "it installs anew over itself" apt install --reinstall "${runtime[@]}"
step "it is purged" apt purge weir libweir0
step "nothing is left of it" as_before
step "what libweir-dev depends on, and a compiler" depend gcc libc6-dev pkg-config "${all[@]}"
state >"$root.before"
step "all packages install" apt install "${all[@]}"
step "an example, shared: $(commands | sed -n 1p)" example "$(commands | sed -n 1p)"
step "an example, static: $(commands | sed -n 2p)" static "$(commands | sed -n 2p)"
step "a stage type in a shared object" plugin
step "the documentation" documentation
step "all are purged" apt purge weir weir-doc libweir-dev libweir0
step "nothing is left of them" as_before
echo "$passed passed, 0 failed"
