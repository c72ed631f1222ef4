#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# The first process of the machine of scripts/vm.sh: sets the machine up as a user of NICs would, runs the
# command, and ends the machine. What it prints itself goes to the console.
#   /vm/settings  share, the folder of the host; pages of 2 MB for each node; bare: set nothing up
#   /vm/nics      for each NIC its kind, and the root port that it is behind
#   /vm/command   what to run
# In the machine `/init bind ADDRESS` gives a NIC to vfio-pci, as one that came later.
# shellcheck disable=SC1091,SC2154 # the settings are in the machine alone

prepare() {
    /bin/busybox --install -s
    export PATH=/usr/bin:/usr/sbin HOME=/ LANG=C
    mount -t devtmpfs none /dev
    mount -t proc none /proc
    mount -t sysfs none /sys
    mount -t tmpfs none /run
    mount -t tmpfs none /tmp
    mkdir -p /dev/hugepages /dev/shm /dev/pts
    mount -t tmpfs none /dev/shm
    mount -t devpts none /dev/pts
    ip link set lo up
    modprobe -a virtio_pci virtio_console 9pnet_virtio 9p
}

# A port of virtio-serial by its number: 1 is output, 2 errors, 3 the exit status, 4 input.
port() {
    echo /dev/vport*p"$1"
}

mount_share() {
    mkdir -p "$share" &&
        mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share "$share"
}

reserve() {
    for node in /sys/devices/system/node/node[0-9]*; do
        echo "$pages" >"$node/hugepages/hugepages-2048kB/nr_hugepages"
    done
    mount -t hugetlbfs -o pagesize=2M none /dev/hugepages
}

# The one device behind a root port.
address() {
    (cd "/sys/bus/pci/devices/$1" && set -- 0000:??:??.? && echo "$1")
}

# The kernel's own driver may have been there first.
bind() {
    device=/sys/bus/pci/devices/$1
    echo vfio-pci >"$device/driver_override"
    [ ! -e "$device/driver" ] || echo "$1" >"$device/driver/unbind"
    echo "$1" >/sys/bus/pci/drivers_probe
    [ "$(basename "$(readlink "$device/driver")")" = vfio-pci ] || { echo "vm: $1 did not go to vfio-pci" && false; }
}

name_nics() {
    index=0
    while read -r kind behind; do
        nic=$(address "$behind")
        export "NIC$index=$nic"
        [ -n "$bare" ] || bind "$nic"
        echo "vm: NIC$index is a $kind, $nic, node $(cat "/sys/bus/pci/devices/$nic/numa_node")"
        index=$((index + 1))
    done </vm/nics
}

if [ "${1-}" = bind ]; then
    bind "$2"
    exit
fi
prepare
. /vm/settings
if [ -z "$bare" ]; then
    reserve
    modprobe -a vfio-pci vfio_iommu_type1
fi
name_nics
if mount_share && cd "$share"; then
    sh -c "$(cat /vm/command)" <"$(port 4)" >"$(port 1)" 2>"$(port 2)"
    echo $? >"$(port 3)"
fi
poweroff -f
