# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Frames of which one thing is out of the ordinary: lengths, what is cut, fragments, look-alikes."""
import collections

from kinds import KINDS, PPP, TUNNEL
from layers import IP, LEAVES, LENGTHS_END, PPPOE, content, ports, tcp, u8, u16, u32

# `read`: whether tshark is asked too.
Special = collections.namedtuple("Special", "build read")


def no_length(frame, version):
    """What segmentation offload leaves in captures: the frame is as long as it is."""
    frame.version = version
    frame.ip(6, tcp(frame), length=0)
    frame.said["no_length"] = True


def total_0(frame):
    no_length(frame, 4)


def total_0_udp(frame):
    content(frame).version = 4
    sport, dport = ports(frame)
    frame.push(u16(sport, dport, 0, 0)).ip(17, (sport, dport), length=0)
    frame.said["no_length"] = True


def payload_0(frame):
    no_length(frame, 6)


def jumbo(frame, proto, ends, option):
    frame.version = 6
    frame.ip(0, ends, length=0, says=proto, options=u8(proto, 0) + option)


def jumbogram(frame):
    """RFC 2675; what of it is in the capture."""
    jumbo(frame, 6, tcp(frame), u8(0xc2, 4) + u32(70000))
    frame.said.update(no_length=True, truncated=True)


def jumbogram_udp(frame):
    sport, dport = ports(content(frame))
    jumbo(frame.push(u16(sport, dport, 0, 0)), 17, (sport, dport), u8(0xc2, 4) + u32(70000))
    frame.said.update(no_length=True, truncated=True)


def jumbo_missing(frame):
    """RFC 2675 3: an error."""
    tcp(frame)
    frame.version = 6
    frame.ip(0, length=0, options=u8(6, 0, 1, 4, 0, 0, 0, 0))
    frame.said.update(verdict="bad_total_len", tcp_flags=None)


def longer(frame):
    """The IP length goes beyond the frame."""
    ends = tcp(frame)
    frame.ip(6, ends, length=1000)
    frame.said["truncated"] = True


def longer_udp(frame):
    sport, dport = ports(content(frame))
    frame.push(u16(sport, dport, 900, 0)).ip(17, (sport, dport), length=920)
    frame.said["truncated"] = True


def padded(frame):
    """As an Ethernet frame of minimal length: what is behind IP is nobody's."""
    frame.version = 4
    content(frame).udp(9)
    frame.append(bytes(46))


def cut_tcp(octets):
    def build(frame):
        ends = tcp(frame)
        frame.data = frame.data[:octets]
        frame.ip(6, ends, length=100)
        frame.said.update(verdict="trunc_l4", truncated=True)
        if octets <= 13:
            frame.said["tcp_flags"] = None
    return build


def bubble(frame):
    """RFC 4380 2.8: a packet of nothing but addresses."""
    frame.version = 6
    frame.ip(59).enter("teredo").version = 4
    frame.udp(3544)


def unknown(tags):
    """A type that nobody knows is told of: the innermost that was read."""
    def build(frame):
        frame.push(NOISE, 0x88b5)
        for _ in range(tags):
            KINDS["vlan"].build(frame)
        frame.said["ether_type"] = 0x88b5
    return build


def look_alike(port, data):
    """What comes to a tunnel's port and is no tunnel."""
    def build(frame):
        frame.push(data).udp(port)
    return build


def multilink_piece(flags):
    """Of PPP in pieces nothing is read."""
    def build(frame):
        LEAVES["udp"](frame)
        frame.headers.clear()
        frame.said.clear()
        frame.push(u16(0x003d) + u32(flags << 24 | 7) + u16(0x0021))
        frame.push(u8(0x11, 0) + u16(0x0101, frame.length()), PPPOE)
        frame.said["ether_type"] = PPPOE
    return build


def capwap_piece(flags, offset):
    """What is no whole frame is not looked into. No two are of one frame, which tshark would put together."""
    def build(frame):
        LEAVES["udp"](frame)
        frame.ether().push(u8(0, 0x10, 0x42, flags) + u16(flags, offset << 3)).udp(5247)
        frame.outside()
    return build


def fragment(kind, offset):
    """A tunnel in fragments is not looked into: what carries it stands."""
    def build(frame):
        LEAVES["udp"](frame)
        if not KINDS[kind].carries(frame):
            frame.__init__(frame.random)
            frame.version = 6 if kind.startswith("teredo") else 4
            LEAVES["udp"](frame)
        frame.fragment = 0x2000 | offset
        KINDS[kind].build(frame)
        frame.outside()
        if offset > 0:
            frame.headers[0].ports = None
    return build


# What a capture begins with, by its link type; what that does not carry is left out.
Link = collections.namedtuple("Link", "link build")


def named(name, build):
    def finish(frame):
        if build(frame) is None:
            return None
        frame.names.insert(0, name)
        return frame
    return finish


def ppp(front):
    def build(frame):
        return frame.push(front + u16(PPP[frame.type])) if frame.type in PPP else None
    return build


def hdlc(frame):
    """Cisco's: address, control, an ethertype."""
    return frame.typed().push(u8(0x0f, 0)) if frame.type >= LENGTHS_END else None


def cooked(frame):
    """Linux': kind, hardware, address, an ethertype."""
    if frame.type < LENGTHS_END:
        return None
    return frame.typed().push(u16(0, 1, 6) + bytes(8))


def raw(frame):
    return frame if frame.type in IP else None


LINKS = {name: Link(link, named(name, build)) for name, link, build in (
    ("ppp", 9, ppp(b"")), ("ppp-hdlc", 50, ppp(u16(0xff03))), ("chdlc", 104, hdlc), ("raw", 101, raw),
    ("cooked", 113, cooked))}

NOISE = b"\x5a" * 40

SPECIAL = {
    "total-0": Special(total_0, True),
    "total-0-udp": Special(total_0_udp, False),
    "payload-0": Special(payload_0, True),
    "jumbogram": Special(jumbogram, True),
    "jumbogram-udp": Special(jumbogram_udp, True),
    "jumbo-missing": Special(jumbo_missing, False),
    "longer": Special(longer, True),
    "longer-udp": Special(longer_udp, True),
    "padded": Special(padded, True),
    "cut-before-flags": Special(cut_tcp(13), False),
    "cut-behind-flags": Special(cut_tcp(14), False),
    "teredo-bubble": Special(bubble, True),
    "unknown": Special(unknown(0), False),
    "unknown-behind-tag": Special(unknown(1), False),
    **{"noise-%d" % port: Special(look_alike(port, NOISE), False)
       for port in (1701, 2152, 3544, 4754, 4789, 4790, 5072, 5247, 6081, 6635, 8472, 37008)},
    **{"nothing-%d" % port: Special(look_alike(port, b""), False)
       for port in (1701, 2152, 3544, 4754, 4789, 4790, 5072, 5247, 6081, 6635, 8472, 37008)},
    # A version that there is not, a flag that is missing, a length that is another.
    "vxlan-without-vni": Special(look_alike(4789, bytes(8) + b"\2" * 12 + u16(0x0800) + NOISE), False),
    "teredo-short": Special(look_alike(3544, u32(0x60000000) + u16(100) + u8(17, 64) + NOISE), False),
    "multilink-first": Special(multilink_piece(0x80), True),
    "multilink-last": Special(multilink_piece(0x40), True),
    "multilink-middle": Special(multilink_piece(0), True),
    "capwap-first": Special(capwap_piece(0x80, 0), True),
    "capwap-last": Special(capwap_piece(0xc0, 8), True),
    "capwap-alive": Special(capwap_piece(0x08, 0), False),
    **{"first-fragment-" + name: Special(fragment(name, 0), False)
       for name, kind in KINDS.items() if kind.layer == TUNNEL},
    **{"later-fragment-" + name: Special(fragment(name, 40), False)
       for name, kind in KINDS.items() if kind.layer == TUNNEL},
}
