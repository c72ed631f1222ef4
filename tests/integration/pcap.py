# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Frames and capture files, made by hand."""
import struct


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ether(ethertype, payload, vlan=None):
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return bytes.fromhex("020000000002020000000001") + tag + struct.pack("!H", ethertype) + payload


def ipv4(proto, payload, src="192.0.2.1", dst="198.51.100.2"):
    def packed(text):
        return bytes(int(x) for x in text.split("."))
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0)
    head += packed(src) + packed(dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(sport=1000, dport=53, data=b"x" * 20, vlan=None):
    return ether(0x0800, ipv4(17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data),
                 vlan)


def tcp(sport=1000, dport=80, flags=0x18, data=b"x" * 20):
    head = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 5 << 4, flags, 1024, 0, 0)
    return ether(0x0800, ipv4(6, head + data))


def write(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(frames):
            file.write(struct.pack("<IIII", 1600000000, number, len(frame), len(frame)))
            file.write(frame)
