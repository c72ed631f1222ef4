# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The flows of a capture, computed from its frames: what the stage `flow` is held against.

What a frame says comes from tshark's reading of it, where it has one IP header and nothing in it is wrong, else from weir's
own line of that packet, which test_captures.py holds against tshark's. What neither of them tells, the hop limit and
the identifier of an echo, and fragments inside of tunnels, is read from the bytes.
"""
import collections
import ipaddress
import struct

from layers import PROTOS

SECOND = 10**9
TCP, UDP, SCTP, ICMP, ICMPV6 = 6, 17, 132, 1, 58
PORTED = (TCP, UDP, SCTP)
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
NUMBERS = {name: number for number, name in PROTOS.items()}
NUMBERS.update({"EIGRP": 88, "OSPF": 89, "VRRP": 112, "PGM": 113})
ECHOES = {ICMP: (0, 8), ICMPV6: (128, 129)}
# How long a flow may be without a packet, in seconds, by its kind and state.
TIMEOUTS = {"tcp_new": 60, "tcp": 600, "tcp_closing": 120, "tcp_closed": 10, "udp_new": 30, "udp": 300, "icmp": 30,
            "other": 300}
OFF = {name: 0 for name in TIMEOUTS}
EXTENSIONS = {0: 8, 43: 8, 60: 8, 135: 8, 139: 8, 140: 8, 51: 4}  # what one of their length is, in bytes
FRAGMENT = 44
RTT_MAX = 2**32 - 1


# What a packet is to its flow. `src` and `dst` are (address, port), of which none is keyless; `flags` is None where
# no TCP header was read, `payload` where nobody but weir says how much that is.
Packet = collections.namedtuple("Packet", "time length proto src dst kind ttl flags seq payload",
                                defaults=("tcp", 64, None, 0, 0))


def stamp(text):
    """A time of the truth, seconds and a fraction, in ns; None where there is none."""
    second, _, part = text.partition(".")
    return int(second) * SECOND + int(part.ljust(9, "0")[:9]) if second.isdigit() else None


class Header:
    """The IP header of a frame that has these addresses, and what stands behind it."""

    def __init__(self, frame, at, version, wire):
        self.frame, self.version = frame, version
        self.fragment, self.later = False, False
        if version == 4:
            self.ttl, self.proto = frame[at + 8], frame[at + 9]
            word = int.from_bytes(frame[at + 6:at + 8], "big")
            self.fragment, self.later = word & 0x3fff != 0, word & 0x1fff != 0
            self.cut_up = self.proto
            self.l4 = at + (frame[at] & 0xf) * 4
            self.end = at + int.from_bytes(frame[at + 2:at + 4], "big")
        else:
            self.ttl, self.proto = frame[at + 7], frame[at + 6]
            self.cut_up = self.proto
            self.l4 = at + 40
            self.end = self.l4 + int.from_bytes(frame[at + 4:at + 6], "big")
        if self.end <= self.l4:  # as segmentation offload leaves it
            self.end = wire
        self.end = min(self.end, wire)
        self.walk()

    def walk(self):
        """To the header of L4."""
        while not self.later and (self.proto == FRAGMENT and self.version == 6 or self.proto in EXTENSIONS):
            if self.version == 4 and self.proto != 51:
                return
            head = self.frame[self.l4:self.l4 + 8]
            if len(head) < 8:
                return
            if self.proto == FRAGMENT:
                word = int.from_bytes(head[2:4], "big")
                self.fragment = self.fragment or word & 0xfff9 != 0
                self.later = word & 0xfff8 != 0
                self.cut_up = head[0]
                size = 8
            elif self.proto == 51:
                size = (head[1] + 2) * 4
            else:
                size = (head[1] + 1) * 8
            self.proto = head[0]
            self.l4 += size

    def bytes(self, at, size):
        """Of L4, as far as they are there."""
        return self.frame[self.l4 + at:min(self.l4 + at + size, self.end)]


def headers(frame, src, dst, wire):
    """All in a frame, of so many bytes on the wire, that may be an IP header of these addresses."""
    needle, at, found = src.packed + dst.packed, 0, []
    before = 12 if src.version == 4 else 8
    while (at := frame.find(needle, at)) >= 0:
        begin = at - before
        if begin >= 0 and frame[begin] >> 4 == src.version:
            found.append(Header(frame, begin, src.version, wire))
        at += 1
    return found


def number(name):
    return NUMBERS[name] if name in NUMBERS else int(name)


def header_of(frame, line, src, dst, wire):
    """The one that counts: of a tunnel the innermost, as far as the protocol is that of weir's line."""
    found = headers(frame, src, dst, wire)
    fits = [head for head in found if head.proto == number(line["proto"])] or found
    if not fits:
        return None
    return fits[-1 if "tunnel" in line else 0]


def one(row, field):
    """The value of a field of the truth that is there once; None."""
    return row[field] if row[field] and "," not in row[field] else None


def echo_ports(proto, head):
    """What stands for both ports of ICMP: the identifier of an echo."""
    head = head.bytes(0, 8) if head is not None else b""
    return int.from_bytes(head[4:6], "big") if len(head) >= 6 and head[0] in ECHOES[proto] else 0


def ports(row, line, proto, head):
    if proto in PORTED:
        fields = {TCP: ("tsp", "tdp"), UDP: ("usp", "udp"), SCTP: ("ssp", "sdp")}[proto]
        if plain(row) and all(one(row, field) for field in fields):
            return tuple(int(row[field]) for field in fields)
        return line.get("src_port", 0), line.get("dest_port", 0)
    port = echo_ports(proto, head) if proto in ECHOES else 0
    return port, port


def plain(row):
    """Whether tshark saw one IP header, and nothing wrong. Of FabricPath it takes a checksum for there that is not."""
    count = len([a for a in (row["src4"] + "," + row["src6"]).split(",") if a])
    return count == 1 and not {"malformed", "_ws.malformed", "cfp"} & set(row["protocols"].split(":"))


def segment(row, line, head):
    """Flags, sequence number and payload of TCP; no flags where its header is not there."""
    if "tcp_flags" not in line:
        return None, 0, None
    if plain(row) and all(one(row, field) for field in ("seq", "tcplen", "tcpflags")):
        return int(row["tcpflags"], 16) & 0xff, int(row["seq"]), int(row["tcplen"])
    tcp = head.bytes(0, 20)
    seq, _, offset, flags = struct.unpack("!IIBB", tcp[4:14])
    return flags, seq, max(0, head.end - head.l4 - (offset >> 4) * 4)


def addresses(row, line):
    if plain(row):
        pair = (row["src4"], row["dst4"]) if row["src4"] else (row["src6"], row["dst6"])
    else:
        pair = (line["src_ip"], line["dest_ip"])
    return tuple(ipaddress.ip_address(a) for a in pair)


def packet(row, line, frame):
    """A frame, by the truth's row of it, weir's line of it and its bytes; None: it has no key."""
    if "src_ip" not in line:
        return None
    src, dst = addresses(row, line)
    head = header_of(frame, line, src, dst, int(row["len"]))
    proto = number(line["proto"])
    flags, seq, payload = None, 0, None
    if head is not None and head.fragment:
        proto, sport, dport, kind = head.cut_up, 0, 0, "other"
    else:
        sport, dport = ports(row, line, proto, head)
        kind = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmp"}.get(proto, "other")
        if proto == TCP:
            flags, seq, payload = segment(row, line, head)
    if kind == "udp" and plain(row) and head is not None and one(row, "udplen") == str(head.end - head.l4):
        payload = head.end - head.l4 - 8
    ttl = int(row["ttl"]) if one(row, "ttl") and plain(row) else head.ttl if head is not None else 0
    return Packet(stamp(row["time"]), int(row["len"]), proto, (src, sport), (dst, dport), kind, ttl, flags, seq, payload)


class Side:
    """What one side of a flow has sent."""

    def __init__(self):
        self.packets = self.bytes = self.flags = self.payload = 0
        self.ttl = 0
        self.acked = self.fin = False
        self.next = None
        self.retransmitted = self.out_of_order = self.lost = 0

    def sequence(self, p):
        length = p.payload + bool(p.flags & SYN) + bool(p.flags & FIN)
        if length == 0 or p.flags & RST:
            return
        end = (p.seq + length) & 0xffffffff
        ahead = 0 if self.next is None else signed(p.seq - self.next)
        if ahead < 0 and signed(end - self.next) <= 0:
            if self.lost > 0:
                self.lost -= 1
                self.out_of_order += 1
            else:
                self.retransmitted += 1
            return
        self.lost += ahead > 0
        self.next = end


def signed(value):
    value &= 0xffffffff
    return value - (value >> 31 << 32)


class Flow:
    """A flow, from its first packet on."""

    def __init__(self, p):
        self.proto, self.kind = p.proto, p.kind
        self.client, self.server = p.src, p.dst
        self.midstream = p.kind == "tcp" and (p.flags is None or p.flags & (SYN | ACK) != SYN)
        if p.flags is not None and p.flags & (SYN | ACK) == SYN | ACK:
            self.client, self.server = p.dst, p.src
        self.start = self.end = self.told = p.time
        self.state = "new"
        self.sides = (Side(), Side())
        self.syn_at = self.rtt = None
        self.answered = False
        self.events = ["new"]
        self.doubtful = False

    def add(self, p, active=60):
        index = 0 if p.src == self.client else 1
        side = self.sides[index]
        if side.packets == 0:
            side.ttl = p.ttl
        side.packets += 1
        side.bytes += p.length
        side.payload = None if None in (p.payload, side.payload) else side.payload + p.payload
        self.end = max(self.end, p.time)
        if p.flags is not None:
            side.flags |= p.flags
            side.sequence(p)
            self.handshake(p, index)
            self.close(p, side)
        elif self.kind != "tcp" and self.state == "new" and all(s.packets for s in self.sides):
            self.reach("established")
        if active and p.time >= self.told + active * SECOND:
            self.told = p.time
            self.events.append("update")

    def reach(self, state):
        self.state = state
        if state == "established":
            self.events.append(state)

    def handshake(self, p, index):
        if index == 0 and p.flags & SYN:
            self.syn_at = p.time
            return
        if index == 1 and p.flags & (SYN | ACK) == SYN | ACK and self.syn_at is not None:
            self.answered = True
        if not p.flags & ACK:
            return
        if index == 0 and self.answered and not self.sides[0].acked:
            self.rtt = min(max(0, p.time - self.syn_at), RTT_MAX)
        self.sides[index].acked = True
        if self.state == "new" and self.sides[1 - index].acked:
            self.reach("established")

    def close(self, p, side):
        if self.state in ("reset", "closed"):
            return
        if p.flags & RST:
            self.reach("reset")
        elif p.flags & FIN:
            side.fin = True
            self.reach("closed" if all(s.fin for s in self.sides) else "closing")

    def timeout(self, timeouts):
        """In ns; 0: it never ends."""
        name = {"tcp": {"new": "tcp_new", "established": "tcp", "closing": "tcp_closing"}.get(self.state, "tcp_closed"),
                "udp": "udp_new" if self.state == "new" else "udp"}.get(self.kind, self.kind)
        return timeouts[name] * SECOND

    def over(self, now, timeouts):
        """Whether it has been without a packet for too long."""
        timeout = self.timeout(timeouts)
        return timeout != 0 and now > self.end + timeout

    def natural(self):
        """Why it ends where nothing ends it before its time."""
        return {"closed": "fin", "reset": "rst"}.get(self.state, "idle")


class Table:
    """The flows of packets in their order. What it does not decide, since that goes by how far a worker's ageing came
    when a packet came late, is `doubtful`."""

    def __init__(self, timeouts=None, active=60, lifetime=0, slack=0):
        self.timeouts = dict(TIMEOUTS) if timeouts is None else timeouts
        self.active, self.lifetime = active, lifetime * SECOND
        self.slack = slack  # ns by which a worker's clock may be beyond its packets
        self.flows, self.ended = {}, []
        self.latest = 0
        self.keyless = 0

    def add(self, p):
        if p is None:
            self.keyless += 1
            return
        key = (p.proto, p.src[0].version, frozenset((p.src, p.dst)))
        flow = self.flows.get(key)
        doubtful = flow is not None and flow.doubtful
        if flow is not None:
            reason = self.anew(flow, p)
            if reason is None:
                # Its time says that it belongs to it, yet others' may have ended it before.
                flow.doubtful = flow.doubtful or flow.over(self.latest + self.slack, self.timeouts)
            else:
                self.end(flow, {reason})
                flow = None
        if flow is None:
            flow = self.flows[key] = Flow(p)
            flow.doubtful = doubtful
        flow.add(p, self.active)
        self.latest = max(self.latest, p.time)

    def anew(self, flow, p):
        """Why a flow ends at a packet of its key; None: it goes on."""
        if flow.over(p.time, self.timeouts):
            return flow.natural()
        if flow.state in ("closed", "reset") and p.flags is not None and p.flags & (SYN | ACK) == SYN:
            return flow.natural()
        if self.lifetime and p.time > flow.start + self.lifetime:
            return "active"
        return None

    def end(self, flow, reasons):
        flow.reasons = reasons
        self.ended.append(flow)

    def finish(self):
        """All flows, each with the reasons that are right."""
        for flow in self.flows.values():
            early = flow.over(self.latest + self.slack, self.timeouts)
            self.end(flow, {flow.natural(), "drain"} if early else {"drain"})
        self.flows = {}
        return self.ended


def flows(packets, **how):
    table = Table(**how)
    for p in packets:
        table.add(p)
    return table.finish()
