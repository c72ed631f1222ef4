#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""weir reads in a frame what is in it: as it was built, and as tshark reads it where that is installed.

WEIR_TEST_SEED=N chooses the frames; it is printed.
"""
import collections
import itertools
import json
import os
import random
import struct

import pcap
import tshark
import weirlib
from kinds import KINDS
from layers import IPV4, IPV6, LEAVES, Frame, u8, u16
from special import LINKS, SPECIAL

SEED = int(os.environ.get("WEIR_TEST_SEED") or "0", 0) or random.SystemRandom().randrange(1 << 32)
TRIPLES = 1500
SINGLES = 4  # frames of each kind around each leaf

# Kinds and leaves that weir does not read as they are. One that it does read fails the test until it is gone
# from here, so that nothing stands here that is right.
NOT_YET = set()

# Where tshark 4.0 reads something else, and who is right: of a kind, or of one around another.
OTHERWISE = {
    "mpls-ethernet": "RFC 4928 3: what begins with neither 4 nor 6 is not IP; tshark then reads nothing",
    "broadcom": "tshark names the tag and reads no further; behind it the frame's own type stands",
    "l2tp-3-ip": "RFC 3931 4.1: what a session carries is agreed beside the packets, so tshark reads nothing",
    "l2tp-3-udp": "as l2tp-3-ip",
    "capwap-wifi": "RFC 5415 4.4: 802.11 as it is; tshark takes the control field's octets for swapped",
    "multilink-short": "RFC 1990 3: how long the number is was agreed before; tshark takes it for the longer",
    ("pbb", "fabricpath"): "a frame in the frame is one of any kind; tshark asks its type alone",
    ("pbb", "isl"): "likewise: its length, and so no address",
    **{(outer, inner): "IEEE 802.3 3.2.6: behind a tag there is a length or a type, as without; tshark knows types alone"
       for outer in ("802.1ad", "etag", "pbb", "cmd", "hsr", "macsec", "macsec-sci")
       for inner in ("snap", "snap-bridged")},
    **{(outer, "vlan"): "RFC 2784 2.4: GRE's protocol types are Ethernet's; tshark does not know that of a VLAN"
       for outer in ("gre", "gre-key", "gre-all", "gre-in-udp")},
}

# The same of kinds that are cut.
CUT_OTHERWISE = {"capwap-fragment": "tshark looks into a fragment only where all of it is there"}

ADDRESSES = ("src_ip", "dest_ip", "ip_v")
UPPER = ("proto", "src_port", "dest_port", "tcp_flags")


class Found:
    """What is wrong, by what it is wrong with; a few of each are shown."""

    def __init__(self):
        self.by_name = collections.OrderedDict()

    def add(self, name, text):
        self.by_name.setdefault(name, []).append(text)

    def __str__(self):
        lines = []
        for name, texts in self.by_name.items():
            lines += ["%s: %d" % (name, len(texts))] + ["    " + text for text in texts[:3]]
        return "\n".join(lines)


def build(chooser, names, leaf, finish=Frame.finish):
    """A frame of these kinds, outermost first, around a leaf; None: they do not go together."""
    frame = Frame(chooser)
    LEAVES[leaf](frame)
    frame.names = [leaf]
    for name in reversed(names):
        if not KINDS[name].carries(frame):
            return None
        KINDS[name].build(frame)
        frame.names.insert(0, name)
    return finish(frame)


def pick(chooser, names):
    """As build(), around a leaf by chance; None: around none of a few."""
    for _ in range(8):
        frame = build(chooser, names, chooser.choice(list(LEAVES)))
        if frame is not None:
            return frame
    return None


def singles(chooser):
    frames = [build(chooser, [], leaf) for leaf in LEAVES for _ in range(SINGLES)]
    for name in KINDS:
        frames += [build(chooser, [name], leaf) for leaf in LEAVES]
        frames += [build(chooser, [name], "tcp") for _ in range(SINGLES)]
    return [frame for frame in frames if frame is not None]


def nested(chooser):
    names = list(KINDS)
    several = list(itertools.product(names, names))
    several += [chooser.choices(names, k=3) for _ in range(TRIPLES)]
    frames = [pick(chooser, list(choice)) for choice in several]
    return [frame for frame in frames if frame is not None]


def otherwise(frame):
    """Whether tshark is known to read something else in a frame."""
    return any(name in OTHERWISE for name in frame.names + list(zip(frame.names, frame.names[1:])))


def late(frame):
    """What of a frame weir does not know yet."""
    return [name for name in frame.names + list(zip(frame.names, frame.names[1:])) if name in NOT_YET]


def special(chooser):
    frames = []
    for name, (make, read) in SPECIAL.items():
        for _ in range(SINGLES):
            frame = Frame(chooser)
            make(frame)
            frame.names, frame.read = [name], read
            frames.append(frame.finish())
    return frames


def guessed(frame, length, wire):
    """
    Whether nothing says of what is left of a frame that it is what it was: below MPLS, of IPv6 that ends neither
    here nor on the wire, and of IPv4 without all of its header to be added up.
    """
    if not any(name.startswith("mpls") for name in frame.names) or wire == len(frame.data):
        return False
    inside = frame.headers[0]
    begin = inside.begin(frame)
    return inside.version == 6 or begin + 4 * (frame.data[begin] & 15) > length


def wrong_when_cut(frame, length, wire, event, read):
    """What of an event cannot be, of a frame that was cut; None: nothing."""
    there = [header for header in frame.headers if header.begin(frame) + header.length() <= length]
    said = [header for header in there if str(header.src) == event.get("src_ip")]
    if event.get("wire_len", event["pkt_len"]) != wire:
        return "the length on the wire"
    if "src_ip" not in event:
        return "there are no addresses" if there and not guessed(frame, length, wire) and not late(frame) else None
    if not said:
        return "the addresses are none of the frame's"
    if difference(said[0].tuple(), event, ADDRESSES):
        return "the addresses do not go together"
    ports = event.get("src_port"), event.get("dest_port")
    if ports != (None, None) and ports != said[0].ports:
        return "the ports are others"
    asked = read is not None and not otherwise(frame) and not CUT_OTHERWISE.keys() & frame.names
    if asked and event["src_ip"] not in read["sources"]:
        return "tshark reads %s" % read["sources"]
    ends = said[0].begin(frame) + said[0].size
    if event.get("truncated", False) != (ends > wire):
        return "whether the packet is truncated"
    return None


def difference(want, got, keys):
    return ", ".join("%s is %s, should be %s" % (key, got.get(key), want[key]) for key in keys
                     if got.get(key) != want[key])


class Follow(weirlib.WeirTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        print("WEIR_TEST_SEED=%d" % SEED)

    def capture(self, frames, wires=None, link=1):
        """Write a capture with nanoseconds: a frame in each."""
        wires = wires or [len(frame) for frame in frames]
        with open(self.path("in.pcap"), "wb") as file:
            file.write(pcap.header(0xa1b23c4d, link=link))
            for number, (frame, wire) in enumerate(zip(frames, wires)):
                file.write(pcap.record(frame, 1600000000, number + 1, wire=wire))
        return self.path("in.pcap")

    def pipeline(self, path):
        return "[source in]\ntype = pcap\npath = %s\n[stage out]\ntype = eve\ninput = in\npath = %s\n" % (
            path, self.path("eve.json"))

    def refused(self, path):
        """A link type that weir does not know yet."""
        self.assertEqual(self.run_weir(self.pipeline(path)).status, 2, "is right now: take it out of NOT_YET")

    def events(self, path, frames):
        """The event of each frame; each is there, in order, with its time and length."""
        self.run_ok(self.pipeline(path))
        with open(self.path("eve.json"), encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        self.assertEqual(len(events), len(frames))
        for number, (event, frame) in enumerate(zip(events, frames)):
            self.assertEqual(int(event["timestamp"].partition(".")[2][:-5].ljust(9, "0")), number + 1)
            self.assertEqual(event["pkt_len"], len(frame))
        return events

    def right(self, frames, events):
        """Hold each event against what was built; what should not be right yet must not be."""
        found, names = Found(), collections.Counter()
        for frame, event in zip(frames, events):
            want = frame.wanted()
            wrong = difference(want, event, want)
            names_late = late(frame)
            if wrong and not names_late:
                found.add(frame.names[0], "%s: %s: %s" % (frame, wrong, frame.data.hex()))
            if len(names_late) == 1 and len(frame.names) <= 2 + isinstance(names_late[0], tuple):
                names[names_late[0]] += bool(wrong)
        for name in [name for name, wrong in names.items() if wrong == 0]:
            found.add(name, "is right now: take it out of NOT_YET")
        self.assertFalse(found.by_name, "\n%s" % found)

    def like_tshark(self, frames, path):
        """Hold what was built against what tshark reads."""
        if not tshark.installed():
            print("tshark is not installed: the frames are not held against it")
            return
        print("%d frames, %s" % (len(frames), tshark.version()))
        found = Found()
        for frame, read in zip(frames, tshark.read(path)):
            keys = ADDRESSES + (("vlan",) if "vlan" in read else ()) + (UPPER if "proto" in read else ())
            wrong = difference(frame.wanted(), read, keys)
            if wrong and frame.read and not otherwise(frame):
                found.add(frame.names[0], "%s: %s: %s: %s" % (frame, wrong, read["protocols"], frame.data.hex()))
        self.assertFalse(found.by_name, "\n%s" % found)

    def hold(self, frames, link=1):
        path = self.capture([frame.data for frame in frames], link=link)
        self.like_tshark(frames, path)
        self.right(frames, self.events(path, [frame.data for frame in frames]))

    def test_links(self):
        """What captures begin with that are not Ethernet's."""
        for name in LINKS:
            with self.subTest(name):
                frames = [build(self.random, names, leaf, LINKS[name].build) for leaf in LEAVES
                          for names in ([], ["mpls"], ["gre"], ["vxlan"])]
                frames = [frame for frame in frames if frame is not None]
                if name in NOT_YET:
                    self.refused(self.capture([frame.data for frame in frames], link=LINKS[name].link))
                else:
                    self.hold(frames, LINKS[name].link)

    def truncations(self):
        """Of a frame of each kind everything that may be left, and what was on the wire."""
        for name in KINDS:
            frame = pick(self.random, [name])
            for length in range(len(frame.data)):
                yield frame, length, self.random.choice((length, len(frame.data)))

    def test_truncated(self):
        """Of a frame that is cut nothing is said but what is there."""
        cases = list(self.truncations())
        cut = [frame.data[:length] for frame, length, _ in cases]
        path = self.capture(cut, [wire for _, _, wire in cases])
        events = self.events(path, cut)
        reads = tshark.read(path) if tshark.installed() else [None] * len(events)
        found = Found()
        for (frame, length, wire), event, read in zip(cases, events, reads):
            wrong = wrong_when_cut(frame, length, wire, event, read)
            if wrong:
                found.add(frame.names[0], "%s cut to %d of %d: %s: %s: %s" % (
                    frame, length, wire, wrong, event, frame.data[:length].hex()))
        self.assertFalse(found.by_name, "\n%s" % found)

    def test_special(self):
        """Lengths, what is cut, fragments, look-alikes."""
        self.hold(special(self.random))

    def test_single(self):
        """Each kind around each leaf."""
        self.hold(singles(self.random))

    def test_nested(self):
        """All nestings of two, and some of three."""
        self.hold(nested(self.random))


if __name__ == "__main__":
    weirlib.main()
