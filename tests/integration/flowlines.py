# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What weir's lines say of flows, beside what the model says of them."""
import calendar
import collections
import ipaddress
import json
import struct

from flowtruth import PORTED, SECOND, number

WAYS = ("toserver", "toclient")
COUNTS = ("retransmitted", "out_of_order", "lost")
EVENTS = {"flow_new": "new", "flow_established": "established", "flow_update": "update", "flow": "end"}
# Suricata has three states, of all protocols.
PLAIN = {"new": "new", "established": "established", "closing": "closed", "closed": "closed", "reset": "closed"}

_days = {}


def stamp(text):
    """A time of a line in ns."""
    day, clock, part = text[:10], text[11:19], text[20:-5]
    if day not in _days:
        _days[day] = calendar.timegm(tuple(int(x) for x in day.split("-")) + (0, 0, 0))
    seconds = int(clock[:2]) * 3600 + int(clock[3:5]) * 60 + int(clock[6:])
    return (_days[day] + seconds) * SECOND + int(part.ljust(9, "0"))


def read(path):
    """Packets' lines, flows' ends, and of all that is told of flows what it is, by the flow's id."""
    packets, ends, told = [], [], collections.defaultdict(list)
    with open(path, encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            if line["event_type"] == "packet":
                packets.append(line)
                continue
            told[line["flow_id"]].append((EVENTS[line["event_type"]], line))
            if line["event_type"] == "flow":
                ends.append(line)
    return packets, ends, told


def ends_of(line):
    """Protocol, client and server of a line."""
    return (number(line["proto"]), (ipaddress.ip_address(line["src_ip"]), line.get("src_port", 0)),
            (ipaddress.ip_address(line["dest_ip"]), line.get("dest_port", 0)))


def said(line):
    """A line of a flow's end, as a tuple to be compared, and why it ended."""
    flow, tcp = line["flow"], line.get("tcp", {})
    figures = [tuple(flow.get(name + "_" + way, 0) for name in ("pkts", "bytes", "ttl") + COUNTS) for way in WAYS]
    flags = tuple(int(tcp.get(name, "0"), 16) for name in ("tcp_flags_ts", "tcp_flags_tc"))
    rtt = round(float(flow["rtt_us"]) * 1000) if "rtt_us" in flow else None
    return ends_of(line) + (stamp(flow["start"]), stamp(flow["end"]), tcp.get("state", flow["state"]), *figures, flags,
                            flow.get("midstream", False), rtt), line["end"]


def expected(flow):
    """A flow of the model, likewise."""
    client, server = ((a, port if flow.proto in PORTED else 0) for a, port in (flow.client, flow.server))
    state = flow.state if flow.kind == "tcp" and client[1] | server[1] else PLAIN[flow.state]
    figures = [(s.packets, s.bytes, s.ttl, s.retransmitted, s.out_of_order, s.lost) for s in flow.sides]
    flags = tuple(s.flags for s in flow.sides)
    return (flow.proto, client, server, flow.start, flow.end, state, *figures, flags, flow.midstream, flow.rtt)


NAMES = ("proto", "client", "server", "start", "end", "state", "toserver", "toclient", "flags", "midstream", "rtt")


def show(flow):
    """For a message."""
    return " ".join("%s=%s" % (name, [str(x) for x in value] if isinstance(value, tuple) else value)
                    for name, value in zip(NAMES, flow))


def compare(model, ends):
    """What differs between the model's flows and the lines, as texts."""
    wanted, got = collections.defaultdict(list), collections.defaultdict(list)
    without = {expected(flow)[:3] for flow in model if flow.doubtful}
    without |= {(proto, b, a) for proto, a, b in without}
    for flow in model:
        wanted[expected(flow)].append(flow.reasons)
    for line in ends:
        flow, reason = said(line)
        got[flow].append(reason)
    wrong = []
    for flow in sorted(set(wanted) | set(got), key=lambda f: (f[3], f[4])):
        if flow[:3] in without:
            continue
        difference = reasons_differ(wanted.get(flow, []), got.get(flow, []))
        if difference:
            wrong.append(difference + ": " + show(flow))
    return wrong + compare_payload(model, ends)


def compare_payload(model, ends):
    """Likewise of the payload of those flows of which it is known."""
    wanted, got = collections.defaultdict(list), collections.defaultdict(list)
    for flow in model:
        wanted[expected(flow)].append([side.payload for side in flow.sides])
    for line in ends:
        got[said(line)[0]].append([line["flow"]["payload_" + way] for way in WAYS])
    return ["payload is %s, not %s: %s" % (got[flow], wanted[flow], show(flow)) for flow in wanted
            if flow in got and None not in sum(wanted[flow], []) and sorted(wanted[flow]) != sorted(got[flow])]


def reasons_differ(wanted, got):
    """Flows that are alike: their ends are what they may be, as often."""
    if len(wanted) != len(got):
        return "%d flows where %d are right" % (len(got), len(wanted))
    left = list(got)
    for reasons in sorted(wanted, key=len):
        fits = [reason for reason in left if reason in reasons]
        if not fits:
            return "ended for %s where %s is right" % (sorted(got), [sorted(r) for r in wanted])
        left.remove(fits[0])
    return None


def frames(path):
    """The bytes of each packet of a capture, pcap or pcapng."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        yield from ng_frames(data)
        return
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(order + "I", data, at + 8)[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def ng_frames(data):
    at, order = 0, "<"
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        kind, size = struct.unpack_from(order + "II", data, at)
        if kind in (2, 6):
            begin = at + 28
            yield data[begin:begin + struct.unpack_from(order + "I", data, at + 20)[0]]
        elif kind == 3:
            yield data[at + 12:min(at + 12 + struct.unpack_from(order + "I", data, at + 8)[0], at + size - 4)]
        at += size


def compare_told(model, told):
    """What differs in what was told of flows while they lasted, as texts."""
    wanted, got = collections.Counter(), collections.Counter()
    without = {expected(flow)[:3] for flow in model if flow.doubtful}
    without |= {(proto, b, a) for proto, a, b in without}
    for flow in model:
        wanted[expected(flow)[:4] + tuple(flow.events + ["end"])] += 1
    for lines in told.values():
        of = ends_of(lines[0][1]) + (stamp(lines[0][1]["flow"]["start"]),)
        got[of + tuple(event for event, _ in lines)] += 1
    return ["told %d times, not %d: %s" % (got[key], wanted[key], [str(x) for x in key])
            for key in sorted(set(wanted) | set(got), key=str) if key[:3] not in without and wanted[key] != got[key]]
