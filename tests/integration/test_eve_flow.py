# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What eve writes of flows: a capture made by hand, and the ids that tshark has for its frames."""
import base64
import hashlib
import json
import socket
import struct
import subprocess

import pcap
import tshark
import weirlib
from weirlib import ONE, THREE, WeirTest

PIPELINE = """\
[source in]
type = pcap
path = %s
[stage follow]
type = flow
input = in
[stage out]
type = eve
input = follow.flows
path = %s
"""

A, B, C = "192.0.2.1", "198.51.100.2", "203.0.113.3"
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def tcp(src, dst, flags, seq, ack, data=b""):
    """A frame between port 40000 of A and port 443 of B."""
    ports = (40000, 443) if src == A else (443, 40000)
    head = struct.pack("!HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 1024, 0, 0)
    return pcap.ether(0x0800, pcap.ipv4(6, head + data, src, dst))


def udp(sport, dport, src, dst, vlan=None):
    data = struct.pack("!HHHH", sport, dport, 28, 0) + b"x" * 20
    return pcap.ether(0x0800, pcap.ipv4(17, data, src, dst), vlan)


def icmp(kind, code, body, src, dst):
    head = struct.pack("!BBH", kind, code, 0) + body
    head = head[:2] + struct.pack("!H", pcap.checksum(head)) + head[4:]
    return pcap.ether(0x0800, pcap.ipv4(1, head, src, dst))


def fragment(src, dst):
    """One that is not the first."""
    packet = pcap.ipv4(17, b"y" * 64, src, dst)
    head = packet[:6] + struct.pack("!H", 100) + packet[8:10] + b"\0\0" + packet[12:20]
    head = head[:10] + struct.pack("!H", pcap.checksum(head)) + head[12:]
    return pcap.ether(0x0800, head + packet[20:])


QUOTED = pcap.ipv4(17, struct.pack("!HHHH", 5353, 53, 28, 0) + b"x" * 20, A, C)

FRAMES = [
    tcp(A, B, SYN, 100, 0),
    tcp(B, A, SYN | ACK, 900, 101),
    tcp(A, B, ACK, 101, 901),
    tcp(A, B, PSH | ACK, 101, 901, b"hello"),
    tcp(B, A, PSH | ACK, 901, 106, b"and good day"),
    tcp(A, B, FIN | ACK, 106, 913),
    tcp(B, A, FIN | ACK, 913, 107),
    tcp(A, B, ACK, 107, 914),
    udp(5000, 53, C, A, vlan=7),
    udp(53, 5000, A, C, vlan=7),
    icmp(8, 0, struct.pack("!HH", 77, 1), C, B),
    icmp(0, 0, struct.pack("!HH", 77, 1), B, C),
    icmp(3, 3, bytes(4) + QUOTED, C, A),
    fragment(B, A),
    fragment(B, A),  # 15 s after all others: TCP that is closed ends in the meantime
]


def community_id(proto, src, dst, *ports, one_way=False):
    ends = [(socket.inet_aton(src), ports[:1]), (socket.inet_aton(dst), ports[1:])]
    if not one_way:
        ends.sort()
    text = bytes(2) + ends[0][0] + ends[1][0] + bytes([proto, 0])
    text += b"".join(struct.pack("!H", port) for end in ends for port in end[1])
    return "1:" + base64.b64encode(hashlib.sha1(text).digest()).decode()


class EveFlow(WeirTest):
    def lines(self, *options, **where):
        with open(self.path("in.pcap"), "wb") as file:
            file.write(pcap.pcap(FRAMES[:-1]) + pcap.record(FRAMES[-1], 1600000015, 0))
        out = self.path("eve.json")
        run = self.run_ok(PIPELINE % (self.path("in.pcap"), out), *options, **where)
        with open(out, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(self.node(run, "out")["in"], len(lines))
        return lines

    def ended(self, *options, **where):
        """Lines of flows that ended, by protocol, source and whether they have ports, or the ICMP type."""
        flows = [line for line in self.lines(*options, **where) if line["event_type"] == "flow"]
        found = {(flow["proto"], flow["src_ip"], flow.get("icmp_type", "src_port" in flow)): flow
                 for flow in flows}
        self.assertEqual(len(found), len(flows))
        return found

    def assert_has(self, line, **expected):
        self.assertEqual({key: line.get(key) for key in expected}, expected)

    def test_lines(self):
        for lcores in (ONE, THREE):
            self.assertEqual(set(self.ended(lcores=lcores)), {
                ("TCP", A, True), ("UDP", C, True), ("ICMP", C, 8), ("ICMP", C, 3), ("UDP", B, False)})

    def test_tcp(self):
        flow = self.ended()["TCP", A, True]
        there = [frame for frame in FRAMES[:8] if frame[26:30] == socket.inet_aton(A)]
        back = [frame for frame in FRAMES[:8] if frame[26:30] == socket.inet_aton(B)]
        self.assert_has(flow, dest_ip=B, src_port=40000, dest_port=443, end="fin",
                        community_id=community_id(6, A, B, 40000, 443))
        self.assert_has(flow["flow"], pkts_toserver=len(there), pkts_toclient=len(back),
                        bytes_toserver=sum(map(len, there)), bytes_toclient=sum(map(len, back)),
                        payload_toserver=5, payload_toclient=12, state="closed", reason="timeout",
                        alerted=False, age=0, ttl_toserver=64, ttl_toclient=64, midstream=None,
                        rtt_us=2.0, start="2020-09-13T12:26:40.000000+0000",
                        end="2020-09-13T12:26:40.000007+0000")
        self.assertEqual(flow["tcp"], {
            "tcp_flags": "1b", "tcp_flags_ts": "1b", "tcp_flags_tc": "1b", "syn": True, "fin": True,
            "psh": True, "ack": True, "state": "closed"})

    def test_others(self):
        found = self.ended()
        self.assert_has(found["UDP", C, True], vlan=[7], src_port=5000, dest_port=53, tcp=None,
                        community_id=community_id(17, C, A, 5000, 53))
        self.assert_has(found["UDP", B, False]["flow"], pkts_toserver=2, age=15, state="new",
                        reason="shutdown")
        self.assert_has(found["UDP", B, False], end="drain", src_port=None, dest_port=None, dest_ip=A,
                        community_id=community_id(17, B, A))

    def test_icmp(self):
        found = self.ended()
        echo, error = found["ICMP", C, 8], found["ICMP", C, 3]
        self.assert_has(echo, src_ip=C, dest_ip=B, icmp_code=0, src_port=None, quoted=None,
                        community_id=community_id(1, C, B, 8, 0))
        self.assert_has(echo["flow"], pkts_toserver=1, pkts_toclient=1)
        self.assert_has(error, src_ip=C, dest_ip=A, icmp_code=3,
                        community_id=community_id(1, C, A, 3, 3, one_way=True),
                        quoted={"src_ip": A, "src_port": 5353, "dest_ip": C, "dest_port": 53, "proto": "UDP"})

    def test_what_is_told(self):
        """Each flow begins and ends, with one id; those of both sides are established."""
        lines = self.lines()
        kinds = {}
        for line in lines:
            kinds.setdefault(line["flow_id"], []).append(line["event_type"])
            self.assertLess(line["flow_id"], 1 << 53)
            self.assertEqual("reason" in line["flow"], line["event_type"] == "flow")
        self.assertEqual(len(kinds), 5)
        self.assertEqual(sorted(kinds.values()), sorted(
            3 * [["flow_new", "flow_established", "flow"]] + 2 * [["flow_new", "flow"]]))

    def test_without_community_id(self):
        for line in self.lines("-s", "out.community_id=off"):
            self.assertNotIn("community_id", line)

    def test_ids_of_tshark(self):
        if not tshark.installed():
            self.skipTest("no tshark")
        lines = self.lines()
        told = subprocess.run(
            ["tshark", "--enable-protocol", "communityid", *tshark.OPTIONS, "-r", self.path("in.pcap"),
             "-T", "fields", "-e", "communityid"], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(len(told), len(FRAMES))
        self.assertEqual({line["community_id"] for line in lines}, set(told))


if __name__ == "__main__":
    weirlib.main()
