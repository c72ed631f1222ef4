# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Frames that are built from the inside out, and what the event of each must say.

A frame grows by what stands in front of it: first a leaf (TCP, a fragment, ...), then whatever
carries that. At every moment `data` is what there is and `type` the ethertype that would announce it, below
0x600 an 802.3 length; so what carries something need not know what that is.
"""
import ipaddress

from pcap import checksum

IPV4, IPV6, VLAN, QINQ, MPLS, MPLS_MULTICAST = 0x0800, 0x86dd, 0x8100, 0x88a8, 0x8847, 0x8848
PPPOE, TEB, NSH, PBB, TRILL, FABRICPATH = 0x8864, 0x6558, 0x894f, 0x88e7, 0x22f3, 0x8903
IP = {IPV4, IPV6}
LENGTHS_END = 0x600
MAC = bytes.fromhex("020000000002020000000001")

# As IANA names them, and so EVE; others are numbers.
PROTOS = {0: "HOPOPT", 1: "ICMP", 2: "IGMP", 4: "IP-in-IP", 6: "TCP", 17: "UDP", 41: "IPv6", 43: "IPv6-Route", 47: "GRE", 50: "ESP", 51: "AH", 58: "IPv6-ICMP",
          59: "IPv6-NoNxt", 97: "ETHERIP", 103: "PIM", 108: "IPComp", 115: "L2TP", 132: "SCTP",
          135: "Mobility", 137: "MPLS-in-IP", 139: "HIP", 140: "Shim6", 143: "Ethernet"}
PORTED = (6, 17, 132)


def u8(*values):
    return bytes(values)


def u16(*values):
    return b"".join(value.to_bytes(2, "big") for value in values)


def u32(*values):
    return b"".join(value.to_bytes(4, "big") for value in values)


class Header:
    """An IP header of a frame: what it says, and where."""

    def __init__(self, version, src, dst, proto, ports):
        self.version, self.src, self.dst, self.proto, self.ports = version, src, dst, proto, ports
        self.from_end = 0  # bytes from its first to the frame's last
        self.size = 0      # bytes of its packet

    def begin(self, frame):
        return len(frame.data) - self.from_end

    def length(self):
        """As far as the addresses go."""
        return 20 if self.version == 4 else 40

    def tuple(self):
        """As EVE has it."""
        said = {"src_ip": str(self.src), "dest_ip": str(self.dst), "ip_v": self.version,
                "proto": PROTOS.get(self.proto, str(self.proto))}
        if self.ports and self.proto in PORTED:
            said["src_port"], said["dest_port"] = self.ports
        return said


class Frame:
    """A frame as it grows."""

    def __init__(self, random):
        self.random = random
        self.type, self.data = 0, b""
        self.headers = []     # IP's, innermost first
        self.tags = []        # VLAN ids, outermost first
        self.tunnel, self.tunnel_id = None, 0
        self.said = {}        # what else the event must say
        self.names = []       # outermost first
        self.fragment = None  # offset and MF of the next IP header
        self.version = None   # of the next IP header, where it matters
        self.to = None        # whom the next Ethernet header is sent to, where that tells what the frame is
        self.trailer = False  # what is there goes on behind its packet: for whole Ethernet frames alone
        self.read = True      # whether tshark is asked what it reads

    def push(self, head, kind=None):
        """Put a header in front, announced by that ethertype."""
        self.data = bytes(head) + self.data
        if kind is not None:
            self.type = kind
        return self

    def append(self, trailer):
        self.data += trailer
        for header in self.headers:
            header.from_end += len(trailer)

    def ether(self, addresses=MAC):
        """An Ethernet header; then what there is is a whole Ethernet frame."""
        self.trailer = False
        if self.to is not None:
            addresses, self.to = self.to + addresses[len(self.to):], None
        return self.push(addresses + u16(self.type), TEB)

    def typed(self):
        """An ethertype in front: of what comes behind tags."""
        return self.push(u16(self.type))

    def length(self):
        """Bytes that there are."""
        return len(self.data)

    def enter(self, tunnel, number=0):
        """What is there is what that tunnel holds: of several the innermost counts."""
        if self.tunnel is None:
            self.tunnel, self.tunnel_id = tunnel, number
        return self

    def addresses(self, version):
        """A pair that no other header of this frame has."""
        depth, host = len(self.headers) + 1, self.random.randrange(1, 250)
        if version == 4:
            return (ipaddress.ip_address("10.%d.1.%d" % (depth, host)),
                    ipaddress.ip_address("198.51.%d.%d" % (depth, host)))
        # Teredo is known by its prefix.
        return (ipaddress.ip_address("2001:0:102:304::%x:%x" % (depth, host)),
                ipaddress.ip_address("2001:db8:%x::%x" % (depth, host)))

    def ip(self, proto, ports=None, length=None, options=b"", says=None):
        """
        An IP header in front, of either version unless `version` says. `length` is what it claims instead of what is
        so; `says` the protocol that the event names, where extension headers stand between.
        """
        version = self.version or self.random.choice((4, 6))
        fragment, self.fragment, self.version = self.fragment, None, None
        header = Header(version, *self.addresses(version), proto if says is None else says, ports)
        if version == 4:
            self.push(self.ipv4(header, proto, length, options, fragment or 0x4000), IPV4)
        else:
            self.push(self.ipv6(header, proto, length, options, fragment), IPV6)
        header.from_end = header.size = len(self.data)
        self.headers.append(header)
        return self

    def ipv4(self, header, proto, length, options, fragment):
        total = 20 + len(options) + len(self.data) if length is None else length
        head = u8(0x45 + len(options) // 4, 0) + u16(total, 0x1234, fragment) + u8(64, proto, 0, 0)
        head += header.src.packed + header.dst.packed + options
        return head[:10] + u16(checksum(head)) + head[12:]

    def ipv6(self, header, proto, length, options, fragment):
        """`options`: extension headers whose first is `proto`."""
        if fragment is not None:
            more, offset = fragment >> 13 & 1, fragment & 0x1fff
            if offset > 0:
                header.proto = proto
            options = u8(proto, 0) + u16(offset << 3 | more) + u32(0x1234) + options
            proto = 44
        size = len(options) + len(self.data) if length is None else length
        return u32(0x60000000) + u16(size) + u8(proto, 64) + header.src.packed + \
            header.dst.packed + options

    def udp(self, dport, sport=None, length=None):
        """UDP and IP in front."""
        sport = sport or self.random.randrange(49152, 65535)
        size = 8 + len(self.data) if length is None else length
        self.push(u16(sport, dport, size, 0))
        return self.ip(17, (sport, dport))

    def finish(self):
        """The outermost Ethernet header: the frame is whole."""
        self.ether()
        return self

    def wanted(self):
        """What the event must say, as EVE has it. None: must not be there."""
        said = {"verdict": "ok", "pkt_len": len(self.data), "vlan": self.tags[:2] or None,
                "tunnel": self.tunnel, "tunnel_id": self.tunnel_id or None}
        said.update({name: None for name in ("src_ip", "dest_ip", "proto", "ip_v", "src_port", "dest_port",
                                             "tcp_flags", "truncated", "no_length")})
        if self.headers:
            said.update(self.headers[0].tuple())
        said.update(self.said)
        return said

    def outside(self):
        """Nothing behind the outermost IP header counts."""
        del self.headers[:-1]
        self.tunnel, self.tunnel_id, self.said = None, 0, {}
        return self

    def __str__(self):
        return "/".join(self.names)


# ---- leaves: what is in the innermost packet

def content(frame):
    return frame.push(b"x" * frame.random.randrange(4, 40))


def ports(frame):
    return frame.random.randrange(49152, 65535), frame.random.choice((443, 8080, 9))


def tcp(frame):
    sport, dport = ports(content(frame))
    flags = frame.random.choice((0x02, 0x12, 0x10, 0x18, 0x11, 0x04))
    frame.said["tcp_flags"] = "%02x" % flags
    frame.push(u16(sport, dport) + u32(1, 1) + u8(0x50, flags) + u16(1024, 0, 0))
    return sport, dport


def leaf_tcp(frame):
    frame.ip(6, tcp(frame))


def leaf_tcp_options(frame):
    frame.version = 4
    frame.ip(6, tcp(frame), options=u8(148, 4, 0, 0) + b"\1" * 8)


def leaf_udp(frame):
    content(frame).udp(9)


def leaf_sctp(frame):
    sport, dport = ports(content(frame))
    # A DATA chunk, so that it is SCTP to whoever looks closer.
    size = 16 + len(frame.data)
    frame.append(bytes(-size % 4))
    frame.push(u16(sport, dport) + u32(1, 0) + u8(0, 3) + u16(size) + u32(1, 0, 0))
    frame.ip(132, (sport, dport))


def leaf_echo(frame):
    version = frame.random.choice((4, 6))
    content(frame).push(u8(8 if version == 4 else 128, 0, 0, 0) + u16(7, 1))
    frame.version = version
    frame.ip(1 if version == 4 else 58)


def leaf_error(frame):
    """What an ICMP error quotes is payload."""
    sport, dport = ports(content(frame))
    frame.version = 4
    frame.push(u16(sport, dport, 8 + len(frame.data), 0)).ip(17)
    frame.headers.pop()
    frame.push(u8(3, 3, 0, 0) + u32(0))
    frame.version = 4
    frame.ip(1)


def leaf_esp(frame):
    content(frame).push(u32(0x100, 1)).ip(50)


def leaf_ah(frame):
    ends = tcp(frame)
    frame.push(u8(6, 4, 0, 0) + u32(0x100, 1) + bytes(12))
    frame.ip(51, ends, says=6)


def leaf_extensions(frame):
    """Hop-by-hop, destination options, routing."""
    ends = tcp(frame)
    frame.version = 6
    frame.ip(0, ends, says=6, options=u8(60, 0, 1, 4, 0, 0, 0, 0) + u8(43, 1, 1, 12) + bytes(12) +
             u8(6, 2, 4, 0, 0, 0, 0, 0) + bytes(16))


def leaf_first_fragment(frame):
    sport, dport = ports(content(frame))
    frame.append(b"x" * (-(8 + frame.length()) % 8))
    frame.fragment = 0x2000
    # The length is the whole datagram's.
    frame.push(u16(sport, dport, 3000, 0)).ip(17, (sport, dport))


def leaf_later_fragment(frame):
    content(frame)
    frame.fragment = 0x2000 | 100
    frame.append(b"x" * (-frame.length() % 8))
    frame.ip(17)


def leaf_mobility(frame):
    frame.push(u8(59, 1, 5, 0) + bytes(12))
    frame.version = 6
    frame.ip(135)


def leaf_hip(frame):
    frame.push(u8(59, 4, 1, 0x11) + bytes(36))
    frame.version = 6
    frame.ip(139)


def leaf_shim6(frame):
    frame.push(u8(59, 3, 1, 0) + bytes(28))
    frame.version = 6
    frame.ip(140)


def leaf_no_next(frame):
    """RFC 8200 4.7: what is there is not to be looked at."""
    frame.push(bytes(8)).version = 6
    frame.ip(59)


def leaf_ipcomp(frame):
    """Left alone: what is compressed is no packet."""
    content(frame).push(u8(6, 0) + u16(2)).ip(108)


def leaf_nhrp(frame):
    """GRE that carries no packet."""
    content(frame).push(u16(0, 0x2001)).ip(47)


LEAVES = {
    "tcp": leaf_tcp, "tcp-options": leaf_tcp_options, "udp": leaf_udp, "sctp": leaf_sctp,
    "icmp-echo": leaf_echo, "icmp-error": leaf_error, "esp": leaf_esp, "ah": leaf_ah,
    "extensions": leaf_extensions, "first-fragment": leaf_first_fragment,
    "later-fragment": leaf_later_fragment, "mobility": leaf_mobility, "hip": leaf_hip,
    "shim6": leaf_shim6, "no-next": leaf_no_next, "ipcomp": leaf_ipcomp, "nhrp": leaf_nhrp,
}
