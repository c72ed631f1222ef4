#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Boots a machine of two sockets in QEMU, with NICs under vfio-pci, and runs a command in it: to see weir on
# dedicated NICs without having any.
#   scripts/vm.sh [OPTION]... COMMAND [ARGUMENT]...
#     --nic KIND@NODE[:KEY=VALUE,...]  a NIC on that NUMA node, 0 or 1: e1000e, vmxnet3 or virtio; may be repeated
#           wire=NAME     a cable: what one of its NICs sends the others get; without one, it goes nowhere
#           udp=OUT-IN    a frame sent is a datagram to port OUT of 127.0.0.1, one to port IN is a frame received
#           tap=NAME      an interface of this machine's kernel, made for it; takes root
#           queues=N      virtio with a tap alone: so many queues with RSS
#     --memory MB        of each node, 1024 where left out; half of it are hugepages
#     --bare             no hugepages, no vfio modules, NICs left alone: the command sees to that
#     --kernel WORDS     on the kernel's command line in place of "intel_iommu=on iommu=pt"
#     --share FOLDER     what the machine sees of this one, under the same path, where the command runs; the
#                        current folder where left out
#     --limit SECONDS    until the machine is ended, 300 where left out; the exit status is 124 then
#     --weir FILE        another build of weir
#     --accel kvm|tcg    how QEMU runs it; where left out kvm, if a kernel boots under it here
#     --console FILE     what the machine's kernel and its set-up print
#     --monitor SOCKET   QEMU's QMP there
#     --prepare          fetch what it takes, and boot nothing
# As with ssh, the words of the command are joined and read by the machine's shell, which has weir in its
# path, busybox, and NIC0, NIC1, ... for the PCI addresses:
#   scripts/vm.sh --nic e1000e@0 --nic vmxnet3@1:udp=5001-5002 \
#       'weir -l 0-3 -a $NIC1 -- -c config/nic.ini -s wan.device=$NIC1 -s wan.queues=1 -i 1 -t 20'
# Standard input, output, error and the exit status are the command's; 3 where the machine cannot be had.
# Debian's kernel and busybox are unpacked into build/vm, not installed; nothing of it takes root.
set -eu
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

cache=${WEIR_VM_CACHE:-$top/build/vm}
# By kmod's names, for the machine's own devices, vfio, and what weir's drivers talk to.
modules="virtio_pci virtio_console 9pnet_virtio 9p vfio-pci vfio_iommu_type1 e1000e vmxnet3 virtio_net
    tun veth sch_ingress sch_multiq cls_flower act_gact act_mirred act_skbedit"
drivers="bus_pci bus_vdev mempool_ring mempool_stack net_e1000 net_vmxnet3 net_virtio net_null net_ring
    net_tap net_pcap net_af_packet net_memif net_vhost"
# What Debian's kernel does for safety, as to zero all memory that becomes hugepages, and takes seconds of a boot.
quick="no_timer_check init_on_alloc=0 mitigations=off cryptomgr.notests"

nics=() machine='' interrupted=''
memory=1024 bare='' share=$PWD limit=300 weir='' accel=${WEIR_VM_ACCEL-} console='' monitor='' prepare='' kernel='intel_iommu=on iommu=pt'

refuse() {
    say "$@"
    exit 3
}

bad_usage() {
    say "$@"
    exit 2
}

number() {
    case $2 in '' | *[!0-9]*) bad_usage "$1 takes a number, not '$2'" ;; esac
}

# Sets what the options say, and $words to how many of the arguments they are.
read_options() {
    local before=$#
    while [ $# -gt 0 ]; do
        case $1 in
        --bare) bare=1 ;;
        --prepare) prepare=1 ;;
        --) shift && break ;;
        --nic | --memory | --share | --limit | --weir | --accel | --console | --monitor | --kernel)
            [ $# -gt 1 ] || bad_usage "$1 takes a value"
            if [ "$1" = --nic ]; then nics+=("$2"); else declare -g "${1#--}=$2"; fi
            shift
            ;;
        -*) usage ;;
        *) break ;;
        esac
        shift
    done
    words=$((before - $#))
}

# --- what it takes -----------------------------------------------------------------------------

# Debian's packages, by what apt knows of them; into $archives.
download() {
    local kernel
    kernel=$(apt-cache "${apt[@]}" depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: //p' | head -n 1)
    [ -n "$kernel" ] || return 1
    say "fetching $kernel and busybox-static into $cache"
    (cd "$archives" && apt-get "${apt[@]}" download "$kernel" busybox-static >/dev/null 2>&1)
}

# What apt knows may be too old, or nothing. Lists of our own take no root.
update_lists() {
    mkdir -p "$cache/lists/partial"
    apt+=(-o "Dir::State::Lists=$cache/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
    quietly apt-get "${apt[@]}" update
}

# The newest of Debian's packages, unpacked; fetched where they are not there yet.
fetch() {
    local archives=$cache/archives apt=(-o APT::Sandbox::User=root)
    [ ! -e "$cache/root/complete" ] || return 0
    command -v apt-get >/dev/null || refuse "the machine's kernel and busybox come by apt-get download, and" \
        "this is not a Debian system: unpack linux-image and busybox-static of Debian into $cache/root, and" \
        "touch $cache/root/complete"
    rm -rf "$cache/root" "$cache/vmlinux" "$archives"
    mkdir -p "$cache/root" "$archives"
    download || { update_lists && download; } ||
        refuse "linux-image-amd64 and busybox-static of Debian cannot be fetched by apt: it takes a network, and" \
            "a source of Debian's packages"
    for package in "$archives"/*.deb; do
        dpkg-deb -x "$package" "$cache/root"
    done
    rm -rf "$archives" "$cache/lists"
    "$cache/root/bin/busybox" depmod -b "$cache/root" "$(kernel_version)"
    : >"$cache/root/complete"
}

# bytes FILE OFFSET COUNT: a number that is there
bytes() {
    od -A n -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# Debian's kernel unpacks itself, which under TCG takes as long as it then takes to boot. QEMU also boots what
# is in it, which is unpacked once; other kernels than Debian's, packed in another way, are left as they are.
unpack_kernel() {
    local start unpacked=$cache/vmlinux
    kernel_file=$(echo "$cache"/root/boot/vmlinuz-*)
    if [ ! -e "$unpacked" ]; then
        start=$((($(bytes "$kernel_file" $((0x1f1)) 1) + 1) * 512 + $(bytes "$kernel_file" $((0x248)) 4)))
        # Behind it, and of its length, is its length unpacked.
        tail -c +$((start + 1)) "$kernel_file" | head -c $(($(bytes "$kernel_file" $((0x24c)) 4) - 4)) |
            xz -d >"$unpacked.$$" 2>/dev/null || : >"$unpacked.$$"
        mv "$unpacked.$$" "$unpacked"
    fi
    [ ! -s "$unpacked" ] || kernel_file=$unpacked
}

kernel_version() {
    (cd "$cache/root/lib/modules" && set -- * && echo "$1")
}

# take FILE [FOLDER]: into the machine, with all links to it, libraries to where the loader looks
take() {
    local file=$1 folder
    folder=${2:-$(realpath "$(dirname "$file")")}
    mkdir -p "$root$folder"
    while [ -L "$file" ]; do
        cp -P "$file" "$root$folder/"
        file=$(cd "$(dirname "$file")" && realpath -s "$(readlink "$file")")
        [ -n "${2-}" ] || folder=$(realpath "$(dirname "$file")")
        mkdir -p "$root$folder"
    done
    cp "$file" "$root$folder/"
}

libraries_of() {
    ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }' | sort -u
}

fill_modules() {
    local version name file
    version=$(kernel_version)
    mkdir -p "$root/lib/modules/$version"
    for name in $modules; do
        grep "/$name\.ko:" "$cache/root/lib/modules/$version/modules.dep" ||
            refuse "Debian's kernel $version has no module $name"
    done | tr -d : | tr ' ' '\n' | sort -u | while read -r file; do
        [ -n "$file" ] || continue
        mkdir -p "$root/lib/modules/$version/$(dirname "$file")"
        cp "$cache/root/lib/modules/$version/$file" "$root/lib/modules/$version/$file"
    done
    cp "$cache/root/lib/modules/$version"/modules.{dep,alias,symbols} "$root/lib/modules/$version/"
}

# What the machine boots with. Drivers keep the folder and the links that they have here: under two paths
# the loader would load each twice.
fill_root() {
    local multiarch=/usr/lib/x86_64-linux-gnu pmds name library found=()
    mkdir -p "$root"/{dev,proc,sys,run,tmp,etc,vm,bin,usr/bin,usr/sbin,usr/lib,usr/lib64,mnt,var,dev/hugepages}
    rmdir "$root"/{bin,dev/hugepages}
    ln -s usr/bin "$root/bin"
    ln -s usr/sbin "$root/sbin"
    ln -s usr/lib "$root/lib"
    ln -s usr/lib64 "$root/lib64"
    ln -s ../run "$root/var/run"
    cp "$cache/root/bin/busybox" "$root/bin/busybox"
    ln -s busybox "$root/bin/sh"
    cp "$top/scripts/vm-init.sh" "$root/init"
    cp "$weir" "$root/usr/bin/weir"
    pmds=$(pkg-config --variable=driverdir libdpdk 2>/dev/null) || pmds=
    [ -n "$pmds" ] || pmds=$(echo "$multiarch"/dpdk/pmds-*)
    for name in $drivers; do
        for library in "$pmds/librte_$name".so.*; do
            [ -e "$library" ] || continue 2
            found+=("$library")
            take "$library"
        done
    done
    [ ${#found[@]} -gt 0 ] || refuse "DPDK's drivers are not in ${pmds:-$multiarch/dpdk}"
    # libgcc_s is looked for only when a thread ends.
    for library in $(libraries_of "$weir" "${found[@]}") "$multiarch/../../../lib/x86_64-linux-gnu/libgcc_s.so.1"; do
        case $(realpath "$(dirname "$library")") in
        /usr/lib/* | /usr/lib64 | /lib/* | /lib64) take "$library" ;;
        *) take "$library" "$multiarch" ;;
        esac
    done
    fill_modules
}

# --- the machine -------------------------------------------------------------------------------

udp_ports() {
    case $1 in [0-9]*-[0-9]*) ;; *) bad_usage "udp takes two ports, OUT-IN, not '$1'" ;; esac
    number udp "${1%-*}"
    number udp "${1#*-}"
    echo "socket,udp=127.0.0.1:${1%-*},localaddr=127.0.0.1:${1#*-}"
}

# A hub of QEMU for each name of a wire.
hub_of() {
    local i
    for i in "${!wires[@]}"; do
        [ "${wires[i]}" != "$1" ] || { hub=$i && return; }
    done
    hub=${#wires[@]}
    wires+=("$1")
}

# add_nic INDEX KIND@NODE[:KEY=VALUE,...]: behind a root port of its own on the node's bus
add_nic() {
    local index=$1 spec=$2 kind node keys key value queues=1 netdev='' tap='' port device
    keys=${spec#*:}
    [ "$keys" != "$spec" ] || keys=
    spec=${spec%%:*}
    kind=${spec%@*} node=${spec#*@}
    case $kind in e1000e | vmxnet3 | virtio) ;; *) bad_usage "no such NIC: '$kind' (e1000e, vmxnet3, virtio)" ;; esac
    case $node in 0 | 1) ;; *) bad_usage "--nic takes KIND@NODE, NODE 0 or 1, not '$spec'" ;; esac
    for key in ${keys//,/ }; do
        value=${key#*=}
        case $key in
        wire=*) hub_of "$value" && netdev=hubport,hubid=$hub ;;
        udp=*) netdev=$(udp_ports "$value") || exit 2 ;;
        tap=*) tap=1 netdev=tap,ifname=$value,script=no,downscript=no,vhost=off ;;
        queues=*) number queues "$value" && queues=$value ;;
        *) bad_usage "--nic has no key '$key' (wire, udp, tap, queues)" ;;
        esac
    done
    [ -n "$netdev" ] || { hub_of "nowhere $index" && netdev=hubport,hubid=$hub; }
    device=$kind
    if [ "$kind" = virtio ]; then
        device=virtio-net-pci,disable-legacy=on,iommu_platform=on
        [ "$queues" -le 1 ] || device+=,mq=on,rss=on,vectors=$((2 * queues + 2))
    fi
    if [ "$queues" -gt 1 ]; then
        [ "$kind$tap" = virtio1 ] || bad_usage "queues is for virtio with tap: QEMU gives no other NIC so many"
        netdev+=,queues=$queues
    fi
    port=$((index + 1))
    qemu+=(-netdev "$netdev,id=net$index"
        -device "pcie-root-port,id=port$index,bus=node$node,chassis=$port,slot=$port,addr=$(printf %x $port)"
        -device "$device,id=nic$index,netdev=net$index,bus=port$index,mac=52:54:00:00:00:$(printf %02x $port)")
    printf '%s 0000:%x:%02x.0\n' "$kind" $((32 + 96 * node)) $port >>"$root/vm/nics"
}

# shellcheck disable=SC2054 # QEMU's commas
describe_machine() {
    local i
    wires=()
    qemu=(qemu-system-x86_64 -name weir -nodefaults -display none -no-reboot -no-user-config
        -machine q35,kernel-irqchip=split -m $((2 * memory)) -smp 4,sockets=2,cores=2,threads=1
        -object "memory-backend-ram,id=ram0,size=${memory}M" -object "memory-backend-ram,id=ram1,size=${memory}M"
        -numa node,nodeid=0,cpus=0-1,memdev=ram0 -numa node,nodeid=1,cpus=2-3,memdev=ram1
        -numa dist,src=0,dst=1,val=21 -numa dist,src=1,dst=0,val=21
        -device intel-iommu,intremap=on,caching-mode=on
        -device pxb-pcie,id=node0,bus_nr=32,numa_node=0,bus=pcie.0
        -device pxb-pcie,id=node1,bus_nr=128,numa_node=1,bus=pcie.0
        -fsdev "local,id=share,path=$share,security_model=none,multidevs=remap"
        -device virtio-9p-pci,fsdev=share,mount_tag=share,bus=pcie.0 -device virtio-serial-pci,bus=pcie.0)
    [ -z "$monitor" ] || qemu+=(-qmp "unix:$monitor,server=on,wait=off")
    : >"$root/vm/nics"
    for i in "${!nics[@]}"; do
        add_nic "$i" "${nics[i]}"
    done
    qemu+=(-kernel "$kernel_file" -initrd "$run/initramfs"
        -append "console=ttyS0 quiet panic=-1 $kernel $quick")
}

# shellcheck disable=SC2317 # a trap calls it
end_machine() {
    interrupted=$1
    [ -z "$machine" ] || kill "$machine" 2>/dev/null || true
}

# run_machine OPTION...: by timeout, in a process group of its own; its exit status
run_machine() {
    local status=0
    trap 'end_machine 130' INT
    trap 'end_machine 143' TERM HUP
    timeout -k 5 "$limit" "${qemu[@]}" "$@" >"$run/qemu" 2>&1 <&0 &
    machine=$!
    wait "$machine" || status=$?
    # A signal ends the wait before the machine.
    [ -z "$interrupted" ] || wait "$machine" || true
    trap - INT TERM HUP
    return "$status"
}

# Its ends of the pipes to and from the command are given to QEMU open: a terminal stays as it is.
boot() {
    local in out err in_cat out_cat err_cat status=0
    exec {out}> >(exec cat)
    out_cat=$!
    exec {err}> >(exec cat >&2)
    err_cat=$!
    exec {in}< <(exec cat)
    in_cat=$!
    run_machine -serial "file:$console" \
        -add-fd "fd=$out,set=1" -chardev file,id=out,path=/dev/fdset/1,append=on \
        -add-fd "fd=$err,set=2" -chardev file,id=err,path=/dev/fdset/2,append=on \
        -chardev "file,id=status,path=$run/status" -chardev stdio,id=in,signal=off \
        -device virtserialport,chardev=out -device virtserialport,chardev=err \
        -device virtserialport,chardev=status -device virtserialport,chardev=in \
        <&"$in" || status=$?
    exec {in}<&- {out}>&- {err}>&-
    kill "$in_cat" 2>/dev/null || true
    wait "$out_cat" "$err_cat" 2>/dev/null || true
    return "$status"
}

# finish STATUS: of what ran the machine; ends this with the command's, where there is one
finish() {
    [ -z "$interrupted" ] || exit "$interrupted"
    case $1 in
    124 | 137)
        say "ended after $limit s; --limit gives it longer"
        exit 124
        ;;
    esac
    [ ! -s "$run/status" ] || exit "$(cat "$run/status")"
    cat "$run/qemu" >&2
    [ ! -e "$console" ] || tail -n 20 "$console" >&2
    refuse "the machine ended before the command did; above is what QEMU and its kernel said last"
}

make_image() {
    root=$run/root
    mkdir -p "$root/vm"
    describe_machine
    fill_root
    printf 'share=%q\nbare=%q\npages=%q\n' "$share" "$bare" $((memory / 4)) >"$root/vm/settings"
    printf '%s\n' "$*" >"$root/vm/command"
    (cd "$root" && find . | "$cache/root/bin/busybox" cpio -o -H newc -R 0:0 2>/dev/null) >"$run/initramfs"
    rm -rf "$root"
}

# Whether a kernel boots under kvm is tried once; inside other virtual machines it may not, though there is a
# /dev/kvm.
choose_accel() {
    local asked
    asked=$cache/kvm-$(cat /proc/sys/kernel/random/boot_id)
    case $accel in
    kvm | tcg) return ;;
    ?*) bad_usage "--accel takes kvm or tcg, not '$accel'" ;;
    esac
    accel=tcg
    [ -w /dev/kvm ] || return 0
    if [ ! -e "$asked" ]; then
        rm -f "$cache"/kvm-*
        if "$0" --accel kvm --limit 30 --share "$share" --weir "$weir" true 2>/dev/null </dev/null; then
            echo kvm >"$asked"
        else
            echo tcg >"$asked"
        fi
    fi
    accel=$(cat "$asked")
}

# shellcheck disable=SC2054 # QEMU's commas
use_accel() {
    case $accel in
    kvm) qemu+=(-accel kvm -cpu host) ;;
    tcg) qemu+=(-accel tcg,thread=multi -cpu max) ;;
    esac
}

check_settings() {
    [ "$(uname -m)" = x86_64 ] || refuse "the machine is x86-64, and runs on such a one alone"
    number --memory "$memory"
    number --limit "$limit"
    [ "$memory" -ge 256 ] || bad_usage "--memory takes at least 256: the kernel and weir are in it"
    [ -d "$share" ] || bad_usage "--share takes a folder, not '$share'"
    share=$(realpath -- "$share")
    case $share/ in
    // | /usr/* | /bin/* | /lib*/* | /dev/* | /proc/* | /sys/* | /vm/*)
        bad_usage "the machine has a $share of its own: give another folder by --share" ;;
    esac
    case $share in *,*) bad_usage "QEMU shares no folder with a comma in its name: give another by --share" ;; esac
}

read_options "$@"
shift "$words"
[ $# -gt 0 ] || [ -n "$prepare" ] || usage
check_settings
# shellcheck disable=SC2086 # a list of words
install_packages $vm_packages
command -v qemu-system-x86_64 >/dev/null || refuse "there is no qemu-system-x86_64: scripts/setup.sh vm installs it"
if [ -z "$weir" ]; then
    # shellcheck disable=SC2086
    install_packages $build_packages
    build "$top/build"
    weir=$top/build/app/weir/weir
fi
[ -x "$weir" ] || refuse "there is no weir at $weir: build it, or give another by --weir"
mkdir -p "$cache"
fetch
unpack_kernel
choose_accel
[ -z "$prepare" ] || exit 0
run=$(mktemp -d "$cache/run-XXXXXX")
trap 'rm -rf "$run"' EXIT
console=${console:-$run/console}
make_image "$@"
use_accel
status=0
boot || status=$?
finish "$status"
