# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What tshark reads in the frames of a capture, as EVE would say it."""
import shutil
import subprocess

from layers import PORTED, PROTOS

FIELDS = ("frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport",
          "udp.dstport", "sctp.srcport", "sctp.dstport", "vlan.id", "ieee8021ad.id", "ieee8021ad.svid",
          "ieee8021ad.cvid", "tcp.flags", "_ws.malformed")

# Nothing is put together from several frames, and what no number announces is named.
OPTIONS = ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "ipv6.tso_support:TRUE",
           "-o", "l2tp.cookie_size:None", "-o", "l2tp.l2_specific:None",
           "-d", "ethertype==0x9200,vlan", "-d", "ethertype==0x9300,vlan", "-d", "udp.port==8472,vxlan",
           "-d", "udp.port==9,data", "-d", "tcp.port==9,data"]

QUOTING = ("icmp", "icmpv6")  # behind them stands what an error quotes
NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58, "esp": 50, "gre": 47}


def installed():
    return shutil.which("tshark") is not None


def version():
    return subprocess.run(["tshark", "--version"], capture_output=True, text=True,
                          check=True).stdout.splitlines()[0]


class Walk:
    """The fields of one frame, taken in the order of its protocols."""

    def __init__(self, row):
        self.values = {name: value.split(",") if value else []
                       for name, value in zip(FIELDS, row)}
        self.at = {}
        self.said = {"vlan": []}
        self.sources = set()
        self.protocols = row[0].split(":")
        for protocol in self.protocols:
            if protocol in QUOTING:
                self.l4(protocol)
                break
            getattr(self, "on_" + protocol, self.l4)(protocol)

    def take(self, name):
        """The next value of a field."""
        at = self.at[name] = self.at.get(name, -1) + 1
        values = self.values[name]
        return values[at] if at < len(values) else None

    def layer(self, protocol, number):
        src, dst = self.take(protocol + ".src"), self.take(protocol + ".dst")
        for name in ("src_port", "dest_port", "proto", "tcp_flags"):
            self.said.pop(name, None)
        self.said.update(src_ip=src, dest_ip=dst, ip_v=number)
        self.sources.add(src)

    def on_ip(self, protocol):
        self.layer(protocol, 4)

    def on_ipv6(self, protocol):
        self.layer(protocol, 6)

    def on_vlan(self, protocol):
        self.said["vlan"].append(int(self.take("vlan.id") or 0))

    def on_ieee8021ad(self, protocol):
        """One tag, or two at once: of which is which where there are both nothing is said."""
        fields = ["ieee8021ad.svid", "ieee8021ad.cvid"] if self.values["ieee8021ad.svid"] else ["ieee8021ad.id"]
        self.said["vlan"] += [int(self.take(field) or 0) for field in fields]

    def l4(self, protocol):
        number = NUMBERS.get(protocol)
        if number is None or "src_ip" not in self.said or "proto" in self.said:
            if protocol in ("tcp", "udp", "sctp"):
                self.take(protocol + ".srcport"), self.take(protocol + ".dstport")
            return
        self.said["proto"] = PROTOS[number]
        if number in PORTED:
            self.said["src_port"] = int(self.take(protocol + ".srcport") or 0)
            self.said["dest_port"] = int(self.take(protocol + ".dstport") or 0)
        if number == 6:
            flags = self.take("tcp.flags")
            self.said["tcp_flags"] = "%02x" % (int(flags, 16) & 0xff) if flags else None

    def result(self):
        said = dict(self.said)
        said["vlan"] = said["vlan"][:2] or None
        if self.values["ieee8021ad.svid"] and self.values["ieee8021ad.id"]:
            del said["vlan"]
        said["protocols"] = ":".join(self.protocols)
        said["malformed"] = bool(self.values["_ws.malformed"])
        said["sources"] = self.sources
        return said


def rows(path, fields, options=()):
    """Of each frame of a capture what tshark has in these fields, with commas where that is several."""
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=,",
               "-E", "occurrence=a", *OPTIONS, *options]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError("%s\n%s" % (" ".join(command), done.stderr))
    return [(line.split("\t") + [""] * len(fields))[:len(fields)] for line in done.stdout.splitlines()]


def read(path):
    """Of each frame of a capture what tshark says."""
    return [Walk(row).result() for row in rows(path, FIELDS)]
