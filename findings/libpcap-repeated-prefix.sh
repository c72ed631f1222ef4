#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# libpcap 1.10.3 (Debian 12): a filter that says twice that an IPv6 prefix is the source's matches nothing.
#
# `src net 2001:db8::/48 and src net 2001:db8::/48` is compiled to a program that rejects every packet, with
# the optimizer, which is on unless pcap_compile() is given 0 for it (tcpdump -O). Without it the program is
# right. It takes a prefix whose last word of 32 bits is cut, and is 0: what the test of that word finds is
# inverted for the second. What pcap_compile() gives is 0, for success; tcpdump says "expression rejects all
# packets" where nothing else is left of the filter, and reads a file to its end without a word where
# something is.
#
# Why it matters: nobody writes that, but who puts filters together does, as `(A and B) and (A and C)`. What
# compiles pcap expressions should do so without the optimizer, or look at what comes out.
set -euo pipefail

tcpdump=4.99.3-1
libpcap=1.10.3-1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

give_up() {
    echo "not tried: $*" >&2
    exit 2
}

apt-get -qq -o APT::Sandbox::User=root download "tcpdump=$tcpdump" "libpcap0.8=$libpcap" ||
    give_up "no tcpdump $tcpdump with libpcap0.8 $libpcap from this mirror"
for package in ./*.deb; do
    dpkg -x "$package" .
done

# bytes HEX...: those
bytes() {
    printf '%b' "$(printf '%s' "$@" | sed 's/ //g; s/../\\x&/g')"
}

# A capture of one packet: UDP from 2001:db8::1 to 2001:db8:0:1::2, port 9 to port 9.
{
    bytes d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000
    bytes 00000000 00000000 3e000000 3e000000
    bytes 020000000001 020000000002 86dd 60000000 0008 11 40
    bytes 20010db8 00000000 00000000 00000001 20010db8 00000001 00000000 00000002
    bytes 0009 0009 0008 0000
} >one.pcap

# matched OPTION... EXPRESSION: how many of the packets
matched() {
    local said
    said=$(LD_LIBRARY_PATH=$(echo "$work"/usr/lib/*-linux-gnu) usr/bin/tcpdump -Z root --count -r one.pcap \
        "$@" 2>&1 | tail -n 1)
    echo "${said#tcpdump: }"
}

echo "tcpdump $tcpdump, libpcap0.8 $libpcap"
for expression in \
    "src net 2001:db8::/48" \
    "src net 2001:db8::/48 and src net 2001:db8::/48" \
    "src net 2001:db8::/48 and src net 2001:db8::/48 or tcp"; do
    echo "$expression: $(matched "$expression"); -O: $(matched -O "$expression")"
done | tee seen
if diff seen - >diff <<'END'
src net 2001:db8::/48: 1 packet; -O: 1 packet
src net 2001:db8::/48 and src net 2001:db8::/48: expression rejects all packets; -O: 1 packet
src net 2001:db8::/48 and src net 2001:db8::/48 or tcp: 0 packets; -O: 1 packet
END
then
    echo "as told: $(basename "$0")"
else
    echo "CHANGED: $(basename "$0") (< seen, > expected)"
    cat diff
    exit 1
fi
