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


def record(frame, seconds, fraction, order="<", length=None, wire=None):
    """A packet of pcap; `length` and `wire` where they are other than they should be."""
    length = len(frame) if length is None else length
    return struct.pack(order + "IIII", seconds, fraction, length,
                       len(frame) if wire is None else wire) + frame


def header(magic=0xa1b2c3d4, order="<", link=1, snaplen=65535, version=(2, 4)):
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snaplen, link)


def pcap(frames, magic=0xa1b2c3d4, order="<", link=1, at=1600000000):
    """A capture with a packet in each unit of the clock."""
    return header(magic, order, link) + b"".join(record(frame, at, number, order)
                                                 for number, frame in enumerate(frames))


def block(kind, body, order="<", again=None):
    """A block of pcapng; `again` where its length behind is another than before."""
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + \
        struct.pack(order + "I", length if again is None else again)


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order="<", version=(1, 0)):
    return block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, *version, -1), order)


def interface(link=1, order="<", snaplen=0, options=b""):
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order)


def enhanced(frame, ticks, number=0, order="<", length=None, wire=None):
    length = len(frame) if length is None else length
    return block(6, struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xffffffff, length,
                                len(frame) if wire is None else wire) + frame, order)


def old_packet(frame, ticks, number=0, order="<"):
    return block(2, struct.pack(order + "HHIIII", number, 0, ticks >> 32, ticks & 0xffffffff,
                                len(frame), len(frame)) + frame, order)


def simple(frame, order="<", wire=None):
    return block(3, struct.pack(order + "I", len(frame) if wire is None else wire) + frame, order)


def write(path, frames):
    with open(path, "wb") as file:
        file.write(pcap(frames))
