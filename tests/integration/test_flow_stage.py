# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""The stage `flow`: frames in, states and events out."""
import json
import struct

import pcap
import weirlib
from weirlib import ONE, TWO, WeirTest

BEGIN = 1600000000
CLIENT, SERVER = "192.0.2.1", "198.51.100.2"
FLAGS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10}

PIPELINE = """\
[source in{n}]
type = pcap
path = in{n}.pcap
{source}
[stage flow{n}]
type = flow
input = in{n}
capacity = {capacity}
records = 4k
{keys}
[link in{n} flow{n}]
on_full = block
[stage out{n}]
type = eve
input = flow{n}.flows
path = eve{n}.json
[link flow{n}.flows out{n}]
on_full = block
"""


def between(proto, payload, side="c", vlan=None, client=CLIENT):
    """A frame from the client or the server, in IPv4."""
    src, dst = (client, SERVER) if side == "c" else (SERVER, client)
    return pcap.ether(0x0800, pcap.ipv4(proto, payload, src, dst), vlan)


def tcp(side, flags, seq=0, size=0, port=1000, **where):
    ports = (port, 80) if side == "c" else (80, port)
    bits = sum(FLAGS[flag] for flag in flags)
    return between(6, struct.pack("!HHIIBBHHH", *ports, seq, 0, 5 << 4, bits, 1024, 0, 0) + bytes(size), side, **where)


def udp(side="c", port=1000, data=bytes(20), **where):
    ports = (port, 53) if side == "c" else (53, port)
    return between(17, struct.pack("!HHHH", *ports, 8 + len(data), 0) + data, side, **where)


def echo(side="c", number=7):
    return between(1, struct.pack("!BBHHH", 8 if side == "c" else 0, 0, 0, number, 1) + bytes(8), side)


def fragment(offset, more, data):
    """Of a datagram, in units of 8 bytes."""
    head = bytearray(between(17, data))
    head[20:22] = struct.pack("!H", offset | more << 13)
    head[24:26] = bytes(2)
    head[24:26] = struct.pack("!H", pcap.checksum(bytes(head[14:34])))
    return bytes(head)


def vxlan(number):
    return pcap.ether(0x0800, pcap.ipv4(17, struct.pack("!HHHH", 5, 4789, 16 + len(udp()), 0) +
                                        struct.pack("!II", 0x08000000, number << 8) + udp(), "10.0.0.1", "10.0.0.2"))


SHAKE = [(0, tcp("c", "S", 9)), (0.1, tcp("s", "SA", 99)), (0.25, tcp("c", "A", 10))]
FINS = [(1, tcp("c", "FA", 10)), (2, tcp("s", "FA", 100))]
RESET = [(1, tcp("s", "R", 100))]
# What is told of all of SHAKE.
SHOOK = ["new new", "established established"]

# Frames, what is told and the state in it, and what else the last line says.
TCP = [
    ("a SYN alone", SHAKE[:1], ["new new", "drain new"], {"pkts_toserver": 1, "pkts_toclient": 0}),
    ("a SYN and its answer", SHAKE[:2], ["new new", "drain new"], {}),
    ("a handshake", SHAKE, SHOOK + ["drain established"],
     {"pkts_toserver": 2, "pkts_toclient": 1, "bytes_toserver": 108, "bytes_toclient": 54, "rtt_us": 250000, "ttl_toserver": 64,
      "src_port": 1000}),
    ("an answer that was never acknowledged", SHAKE[:2] + [(1, tcp("s", "SA", 99))], ["new new", "drain new"],
     {"rtt_us": None, "retransmitted_toclient": 1}),
    ("the answer comes last", [SHAKE[0], SHAKE[2], SHAKE[1]], SHOOK + ["drain established"], {"rtt_us": None}),
    ("the answer is not there", [SHAKE[0], SHAKE[2], (1, tcp("s", "A", 99))], SHOOK + ["drain established"], {"rtt_us": None}),
    ("a SYN that is sent again", [SHAKE[0], (1, SHAKE[0][1]), (1.5, SHAKE[1][1]), (2, SHAKE[2][1])],
     SHOOK + ["drain established"], {"rtt_us": 1000000, "retransmitted_toserver": 1}),
    ("mid-stream", [(0, tcp("s", "A", 5, 10)), (1, tcp("c", "A", 7, 10))], SHOOK + ["drain established"],
     {"midstream": True, "src_port": 80, "payload_toserver": 10, "rtt_us": None}),
    ("a SYN-ACK first", SHAKE[1:], SHOOK + ["drain established"], {"src_port": 1000, "pkts_toserver": 1, "rtt_us": None}),
    ("one side closes", SHAKE + FINS[:1], SHOOK + ["drain closing"], {}),
    ("both close", SHAKE + FINS, SHOOK + ["drain closed"], {}),
    ("both close, the server first", SHAKE + FINS[::-1], SHOOK + ["drain closed"], {}),
    ("a FIN twice is of one side", SHAKE + [FINS[0], FINS[0]], SHOOK + ["drain closing"], {"retransmitted_toserver": 1}),
    ("a FIN without a handshake", [SHAKE[0], FINS[0]], ["new new", "drain closing"], {}),
    ("reset", SHAKE + RESET, SHOOK + ["drain reset"], {}),
    ("reset at once", [SHAKE[0], (1, tcp("s", "RA"))], ["new new", "drain reset"], {}),
    ("reset while it closes", SHAKE + [FINS[0]] + RESET, SHOOK + ["drain reset"], {}),
    ("nothing follows a reset", SHAKE + RESET + [(2, frame) for _, frame in FINS], SHOOK + ["drain reset"],
     {"pkts_toclient": 3}),
    ("a SYN while it is there", SHAKE + [(1, tcp("c", "S", 500))], SHOOK + ["drain established"], {"pkts_toserver": 3}),
    ("the ports again, once closed", SHAKE + FINS + [(3, tcp("c", "S", 500))], SHOOK + ["fin closed", "new new", "drain new"],
     {"pkts_toserver": 1}),
    ("the ports again, from the other side", SHAKE + FINS + [(3, tcp("s", "S", 500))],
     SHOOK + ["fin closed", "new new", "drain new"], {"src_port": 80}),
    ("the ports again, once reset", SHAKE + RESET + [(3, tcp("c", "S", 500))], SHOOK + ["rst reset", "new new", "drain new"], {}),
    ("no SYN once closed", SHAKE + FINS + [(3, tcp("c", "A", 11))], SHOOK + ["drain closed"], {"pkts_toserver": 4}),
    ("an answer to no SYN once closed", SHAKE + FINS + [(3, tcp("s", "SA", 11))], SHOOK + ["drain closed"], {}),
]

# Numbers of segments of one side: their begin and size, and what is counted.
SEQUENCES = [
    ("in order", [(0, 10), (10, 10)], (0, 0, 0)),
    ("the same again", [(0, 10), (0, 10)], (1, 0, 0)),
    ("a part again", [(0, 10), (5, 5)], (1, 0, 0)),
    ("again, and more", [(0, 10), (5, 10), (15, 5)], (0, 0, 0)),
    ("a gap", [(0, 10), (20, 10)], (0, 0, 1)),
    ("a gap that is filled", [(0, 10), (20, 10), (10, 10)], (0, 1, 0)),
    ("filled twice", [(0, 10), (20, 10), (10, 10), (10, 10)], (1, 1, 0)),
    ("two gaps, one filled", [(0, 10), (20, 10), (40, 10), (10, 10)], (0, 1, 1)),
    ("around the end of numbers", [(2**32 - 5, 10), (5, 5), (2**32 - 5, 10)], (1, 0, 0)),
    ("without data", [(0, 10), (0, 0), (50, 0), (10, 10)], (0, 0, 0)),
]

# A time-out, what leads to where it counts, a packet that comes late, and the state and why it ends.
DATA = tcp("c", "A", 10)
GRE = between(47, bytes(8))
TIMEOUTS = [
    ("tcp_new", SHAKE[:1], DATA, "new", "idle"),
    ("tcp", SHAKE, DATA, "established", "idle"),
    ("tcp_closing", SHAKE + FINS[:1], DATA, "closing", "idle"),
    ("tcp_closed", SHAKE + FINS, DATA, "closed", "fin"),
    ("tcp_closed", SHAKE + RESET, DATA, "reset", "rst"),
    ("udp_new", [(0, udp())], udp(), "new", "idle"),
    ("udp", [(0, udp()), (0, udp("s"))], udp(), "established", "idle"),
    ("icmp", [(0, echo())], echo(), "new", "idle"),
    ("icmp", [(0, echo()), (0, echo("s"))], echo(), "established", "idle"),
    ("other", [(0, GRE)], GRE, "new", "idle"),
    ("other", [(0, fragment(0, 1, udp()[34:]))], fragment(3, 0, bytes(8)), "new", "idle"),
]


class FlowStage(WeirTest):
    """Captures of our own through the stage."""

    def prepare(self, n, packets, keys=(), source="", capacity="1k"):
        """A capture of (seconds, frame), and the part of a pipeline that it goes through."""
        with open(self.path("in%d.pcap" % n), "wb") as file:
            file.write(pcap.header() + b"".join(pcap.record(frame, BEGIN + int(at), round(at % 1 * 1e6))
                                                for at, frame in packets))
        return PIPELINE.format(n=n, source=source, keys="\n".join(keys), capacity=capacity)

    def read(self, n):
        with open(self.path("eve%d.json" % n), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def lines(self, packets, *keys, options=(), lcores=ONE, **more):
        """What is told of the flows of a capture."""
        self.run_ = self.run_ok(self.prepare(0, packets, keys, **more), *options, lcores=lcores)
        self.assertEqual(self.node(self.run_, "flow0")["in"], len(packets))
        return self.read(0)

    def lines_of(self, cases):
        """Likewise of many (packets, key), in one run."""
        self.run_ok("".join(self.prepare(n, packets, [key]) for n, (packets, key) in enumerate(cases)), lcores=ONE)
        return [self.read(n) for n in range(len(cases))]

    @staticmethod
    def told(lines):
        """What happened, or why it ended, and the state then."""
        return ["%s %s" % (line["end"] if line["event_type"] == "flow" else line["event_type"][len("flow_"):],
                           line.get("tcp", line["flow"])["state"]) for line in lines]

    @staticmethod
    def ends(lines):
        return [line for line in lines if line["event_type"] == "flow"]

    def has(self, line, wanted):
        said = dict(line, **line["flow"])
        self.assertEqual({key: said.get(key) for key in wanted}, wanted)

    def test_tcp(self):
        all_lines = self.lines_of([(packets, "") for _, packets, _, _ in TCP])
        for (name, _, told, wanted), lines in zip(TCP, all_lines):
            with self.subTest(name):
                self.assertEqual(self.told(lines), told)
                self.has(lines[-1], wanted)

    def test_flags(self):
        tcp_of = self.lines(SHAKE + FINS + [(3, tcp("s", "RP"))])[-1]["tcp"]
        self.assertEqual((tcp_of["tcp_flags"], tcp_of["tcp_flags_ts"], tcp_of["tcp_flags_tc"]), ("1f", "13", "1f"))

    def test_times(self):
        """A flow starts with its first packet, and ends with its latest, in whichever order they came."""
        line = self.lines([(1, udp()), (5, udp("s")), (3, udp())])[-1]
        self.has(line, {"start": "2020-09-13T12:26:41.000000+0000", "end": "2020-09-13T12:26:45.000000+0000", "age": 4})

    def segments(self, side):
        """Captures of the segments of that side."""
        syn = [(0, tcp("c", "S", 0xffff0000))] if side == "s" else []
        return [(syn + [(at, tcp(side, "A", *segment)) for at, segment in enumerate(segments)], "")
                for _, segments, _ in SEQUENCES]

    def test_sequences(self):
        for side, way in (("c", "_toserver"), ("s", "_toclient")):
            for (name, _, wanted), lines in zip(SEQUENCES, self.lines_of(self.segments(side))):
                with self.subTest(name, side=side):
                    counts = [lines[-1]["flow"].get(key + way, 0) for key in ("retransmitted", "out_of_order", "lost")]
                    self.assertEqual(tuple(counts), wanted)

    def test_others(self):
        for frames in ((udp(), udp("s")), (echo(), echo("s")), (between(47, bytes(8)), between(47, bytes(8), "s"))):
            lines = self.lines(list(enumerate(frames)))
            self.assertEqual(self.told(lines), SHOOK + ["drain established"])
            self.assertEqual(self.told(self.lines(list(enumerate(frames[:1] * 2)))), ["new new", "drain new"])

    def test_echoes(self):
        """Of each identifier a flow."""
        lines = self.ends(self.lines([(0, echo()), (1, echo("s")), (2, echo(number=8))]))
        self.assertEqual(sorted(line["flow"]["pkts_toserver"] + line["flow"]["pkts_toclient"] for line in lines), [1, 2])

    def test_icmp_error(self):
        """It has a flow of its own, which says what it quotes."""
        quoted = tcp("c", "S")[14:]
        error = between(1, struct.pack("!BBHI", 3, 1, 0, 0) + quoted, "s")
        lines = self.ends(self.lines([(0, tcp("c", "S")), (1, error)]))
        self.assertEqual(len(lines), 2)
        line = [line for line in lines if line["proto"] == "ICMP"][0]
        self.has(line, {"src_ip": SERVER, "icmp_type": 3, "icmp_code": 1,
                        "quoted": {"src_ip": CLIENT, "src_port": 1000, "dest_ip": SERVER, "dest_port": 80, "proto": "TCP"}})

    def timed(self, on, beyond, never, state, reason):
        self.assertEqual([text for text in on + never if text.startswith(reason)], [], on)
        self.assertIn("%s %s" % (reason, state), beyond)
        self.assertEqual(beyond[-2:], ["new new", "drain new"])

    def test_timeouts(self):
        """A packet at the very end of the time-out is of the flow, one later is not."""
        cases = []
        for key, packets, again, _, _ in TIMEOUTS:
            cases += [(packets + [(packets[-1][0] + later, again)], "timeout.%s = %s" % (key, timeout))
                      for later, timeout in ((5, "5s"), (5.000001, "5s"), (5000, "0"))]
        told = [self.told(lines) for lines in self.lines_of(cases)]
        for number, (key, _, _, state, reason) in enumerate(TIMEOUTS):
            with self.subTest(key, state=state):
                self.timed(*told[3 * number:3 * number + 3], state, reason)

    def test_others_end_a_flow(self):
        """By the time of other flows' packets it ends: at that of its latest packet."""
        packets = [(0, udp())] + [(at, udp(port=2000)) for at in range(1, 40)]
        lines = self.lines(packets, "timeout.udp_new = 5s")
        first = [line for line in lines if line.get("src_port") == 1000]
        self.assertEqual(self.told(first), ["new new", "idle new"])
        self.assertEqual(len(self.ends(lines)), 2)

    def test_far(self):
        """One packet hours off ends no other flow, two do."""
        packets = [(0, udp()), (7200, udp(port=2000)), (1, udp())]
        for far, counts in ((1, [1, 2]), (2, [1, 1, 2])):
            lines = self.lines(packets[:1] + packets[1:2] * far + packets[2:], options=("-s", "pipeline.burst=1"))
            self.assertEqual(sorted(end["flow"]["pkts_toserver"] for end in self.ends(lines)), counts)

    def test_lifetime(self):
        packets = [(at, udp()) for at in range(0, 20, 2)]
        ends = self.ends(self.lines(packets, "lifetime = 6s"))
        self.assertEqual([(line["end"], line["flow"]["pkts_toserver"]) for line in ends],
                         [("active", 4), ("active", 4), ("drain", 2)])

    def test_active(self):
        packets = [(at, udp()) for at in range(0, 20, 2)]
        lines = self.lines(packets, "active = 6s")
        self.assertEqual(self.told(lines), ["new new"] + ["update new"] * 3 + ["drain new"])
        self.assertEqual([line["flow"]["pkts_toserver"] for line in lines], [1, 4, 7, 10, 10])
        self.assertEqual(len({line["flow_id"] for line in lines}), 1)
        self.assertEqual(self.told(self.lines(packets, "active = 0")), ["new new", "drain new"])

    def test_ids(self):
        """Flows of one key have ids of their own, though they begin at one time, one by one or in one record."""
        at_once = [(0, frame) for _, frame in SHAKE + FINS] * 5
        for count, options in ((5, ()), (5, ("-s", "pipeline.burst=1"))):
            lines = self.lines(at_once, options=options)
            self.assertEqual(len({line["flow_id"] for line in lines}), count)
            self.assertEqual(len(lines), 3 * count)

    def test_events(self):
        for events, told in (("end", ["drain established"]), ("new, established", SHOOK), ("none", [])):
            self.assertEqual(self.told(self.lines(SHAKE, "events = " + events)), told)

    def full(self, packets, policy, capacity):
        # No flow of the burst at hand ends for another: so each packet is a burst.
        lines = self.lines(packets, "on_full = " + policy, capacity=capacity, options=("-s", "pipeline.burst=1"))
        return sorted((line["end"], line["src_port"], line["flow"]["pkts_toserver"]) for line in self.ends(lines))

    def test_evict(self):
        """What matters least ends: of one side before others, and then what would end the soonest."""
        packets = [(at, udp(port=port)) for at, port in enumerate((1, 2))]
        self.assertEqual(self.full(packets, "evict", 1), [("drain", 2, 1), ("evicted", 1, 1)])
        both = [(0, udp(port=1)), (1, udp("s", 1)), (2, udp(port=2)), (3, udp(port=3))]
        self.assertEqual(self.full(both, "evict", 2), [("drain", 1, 1), ("drain", 3, 1), ("evicted", 2, 1)])

    def test_refuse(self):
        packets = [(at, udp(port=port)) for at, port in enumerate((1, 2, 1))]
        self.assertEqual(self.full(packets, "refuse", 1), [("drain", 1, 2)])

    def test_fragments(self):
        """All of a datagram have a flow without ports; with fragments = flow the first has its own."""
        first = fragment(0, 1, udp(data=bytes(8))[34:])
        packets = [(0, udp()), (1, first), (2, fragment(2, 0, bytes(8)))]
        for source, wanted in (("", [(None, 2), (1000, 1)]), ("fragments = flow", [(None, 1), (1000, 2)])):
            ends = self.ends(self.lines(packets, source=source))
            self.assertEqual(sorted(((line.get("src_port"), line["flow"]["pkts_toserver"]) for line in ends), key=str),
                             sorted(wanted, key=str))

    def test_key(self):
        """A VLAN and a tunnel tell flows apart where that is asked for."""
        vlans = [(0, udp(vlan=5)), (1, udp(vlan=6)), (2, udp("s", vlan=5))]
        tunnels = [(0, vxlan(1)), (1, vxlan(2)), (2, vxlan(1))]
        for packets, part, field in ((vlans, "vlan", "vlan"), (tunnels, "tunnel", "tunnel_id")):
            for key, counts in (("5-tuple", [3]), ("5-tuple+" + part, [1, 2]), ("5-tuple+port", [3]),
                                ("5-tuple+vlan+tunnel+port", [1, 2])):
                with self.subTest(key, of=part):
                    ends = self.ends(self.lines(packets, "key = " + key))
                    self.assertEqual(sorted(e["flow"]["pkts_toserver"] + e["flow"]["pkts_toclient"] for e in ends), counts)
                    self.assertEqual(len({str(end[field]) for end in ends}), len(counts))

    def test_ports(self):
        """So does the port that packets come in on."""
        pcap.write(self.path("in.pcap"), [udp()] * 3)
        devices = [option for port in (0, 1) for option in
                   ("--vdev", "net_pcap%d,rx_pcap=%s" % (port, self.path("in.pcap")))]
        pipeline = "".join("[source in%d]\ndevice = net_pcap%d\n" % (port, port) for port in (0, 1)) + """\
[stage flow]
type = flow
input = in0, in1
[stage out]
type = eve
input = flow.flows
path = eve.json
"""
        for key, counts in (("5-tuple", [6]), ("5-tuple+port", [3, 3])):
            self.run_ok(pipeline, "-s", "flow.key=" + key, "--exit-when-idle", "300", lcores=ONE, eal=devices)
            with open(self.path("eve.json"), encoding="utf-8") as file:
                ends = self.ends([json.loads(line) for line in file])
            self.assertEqual([end["flow"]["pkts_toserver"] for end in ends], counts)

    def test_keyless(self):
        """What has no key has no flow, and goes on."""
        packets = [(0, udp()), (1, pcap.ether(0x0806, bytes(28))), (2, udp())]
        self.assertEqual([end["flow"]["pkts_toserver"] for end in self.ends(self.lines(packets))], [2])
        self.assertEqual(self.run_.report["ledger"]["received"], 3)

    def test_two_workers(self):
        """Both directions find one flow, whichever worker has it."""
        packets = [(number, udp(side, port)) for number, (port, side) in
                   enumerate((port, side) for port in range(1, 100) for side in "cs")]
        ends = self.ends(self.lines(packets, "workers = 2", lcores=TWO))
        self.assertEqual(sorted((e["src_port"], e["flow"]["pkts_toserver"], e["flow"]["pkts_toclient"]) for e in ends),
                         [(port, 1, 1) for port in range(1, 100)])

    def test_wrong(self):
        for key, text in (("key = vlan", "5-tuple"), ("key = 5-tuple+vlans", "vlans"), ("events = old", "old"),
                          ("on_full = drop", "evict"), ("active = 5", "active"), ("timeout.gre = 5s", "timeout.gre")):
            with self.subTest(key):
                run = self.run_weir(self.prepare(0, [(0, udp())], [key]))
                self.assertEqual(run.status, 2, str(run))
                self.assertIn(text, run.err, str(run))


if __name__ == "__main__":
    weirlib.main()
