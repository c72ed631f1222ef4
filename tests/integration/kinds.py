# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What may stand around a packet: one row a kind, with what it can carry. See layers.py.

Each function puts its headers in front of the frame as it is. A tag is told of by the outermost two, a
tunnel by the innermost.
"""
import collections

from layers import (FABRICPATH, IP, IPV4, IPV6, LENGTHS_END, MAC, MPLS, MPLS_MULTICAST, NSH, PBB, PPPOE, QINQ, TEB,
                    TRILL, VLAN, u16, u32, u8)

# Of makers that tshark knows, by which it guesses; the first octet is what else one guesses by.
MACS = [bytes.fromhex(first) + b"\0\0\2\0\0\x0c\0\0\1" for first in ("40618e", "60eb69", "90e2ba", "e8b748")]
PPP = {IPV4: 0x0021, IPV6: 0x0057, MPLS: 0x0281, MPLS_MULTICAST: 0x0283}


# ---- what a kind can carry: by the ethertype of what is there

def anything(frame):
    """Of kinds that hold a whole Ethernet frame."""
    return True


def announced(frame):
    """Of kinds behind which stands what Ethernet has there; but FabricPath's header is Ethernet's itself, and ISL's
    its address."""
    return frame.type != FABRICPATH and frame.to is None


def typed(frame):
    """Likewise, without 802.3 lengths."""
    return announced(frame) and frame.type >= LENGTHS_END


def one_of(types):
    """Of kinds that hold a packet of these, and nothing behind it."""
    return lambda frame: frame.type in types and not frame.trailer


# ---- L2

def tagged(ethertype):
    def build(frame):
        tci = frame.random.randrange(1, 4095)
        frame.tags.insert(0, tci)
        frame.typed().push(u16(tci | frame.random.choice((0, 0x6000))), ethertype)
    return build


def snap(oui):
    def build(frame):
        frame.typed().push(u8(0xaa, 0xaa, 3) + oui)
        frame.type = frame.length()
    return build


def isl(frame):
    """Cisco's, around a frame with its FCS: known by the address that it is sent to."""
    frame.ether().append(bytes(4))
    vlan = frame.random.randrange(1, 1000)
    frame.push(u8(0xaa, 0xaa, 3, 0, 0, 0x0c) + u16(vlan << 1, 0, 0))
    frame.type, frame.to = frame.length(), frame.random.choice((u8(1), u8(0x0c))) + u8(0, 0x0c, 0, 0, 0)


def labels(frame):
    """One to three, in front of what there is; the one at the bottom."""
    numbers = [frame.random.randrange(16, 1 << 20) for _ in range(frame.random.randrange(1, 4))]
    for i, number in enumerate(numbers):
        frame.push(u32(number << 12 | (0x100 if i == 0 else 0) | 64))
    return numbers[0]


def mpls(ethertype):
    def build(frame):
        labels(frame)
        frame.type = ethertype
    return build


def mpls_entropy(frame):
    """RFC 6790: label 7 says that an entropy label follows."""
    frame.push(u32(frame.random.randrange(100, 1 << 19) << 12 | 0x100))
    frame.push(u32(16 << 12 | 64, 7 << 12 | 64), MPLS)


def mpls_control_word(frame):
    """RFC 4385: what begins with a nibble of 0 is no IP."""
    frame.ether(frame.random.choice(MACS)).push(u32(frame.random.randrange(100)))
    mpls(MPLS)(frame)


def mpls_ethernet(frame):
    """Without control word, as RFC 4448 allows: by a nibble that is neither IP's nor the word's."""
    frame.ether(frame.random.choice(MACS[2:]))
    mpls(MPLS)(frame)


def pppoe(protocol):
    def build(frame):
        frame.push(protocol(PPP[frame.type]))
        frame.push(u8(0x11, 0) + u16(0x0101, frame.length()), PPPOE)
    return build


def multilink(sequence):
    """RFC 1990: a packet in one piece, with a sequence number of either length."""
    def build(frame):
        frame.push(u16(0x003d) + sequence + u16(PPP[frame.type]))
        frame.push(u8(0x11, 0) + u16(0x0101, frame.length()), PPPOE)
    return build


def short(protocol):
    """RFC 1661 6.5: a first octet of 0 may be left out."""
    return u8(protocol) if protocol < 256 else u16(protocol)


def vntag(frame):
    frame.typed().push(u32(0x40050006), 0x8926)


def etag(frame):
    frame.typed().push(u16(0x2001, 0x3002, 0), 0x893f)


def pbb(frame):
    """802.1ah: the I-SID, then the customer's frame."""
    number = frame.random.randrange(1, 1 << 24)
    frame.ether().push(u32(number), PBB)
    frame.enter("pbb", number)


def cmd(frame):
    """Cisco's metadata: version, length, an option, the group's tag."""
    frame.typed().push(u8(1, 1) + u16(1, 100), 0x8909)


def hsr(frame):
    frame.typed()
    frame.push(u16(frame.length() + 4, 7), 0x892f)


def prp(frame):
    """A trailer: sequence, LAN and size, suffix."""
    frame.append(u16(7, 0xa000 | frame.length() + 6, 0x88fb))
    frame.trailer = True


def nsh(metadata):
    """RFC 8300: the next protocol is not an ethertype."""
    def build(frame):
        following = {IPV4: 1, IPV6: 2, MPLS: 5, NSH: 4}.get(frame.type)
        if following is None:
            frame.ether()
            following = 3
        words = 2 + len(metadata) // 4
        frame.push(u8(0, 0xc0 | words, 1 if words == 6 else 2, following) + u32(0x123fe) + metadata, NSH)
    return build


def trill(frame):
    options = frame.random.choice((0, 1))
    frame.ether().push(u16(options << 6 | 10, 0x11, 0x22) + bytes(4 * options), TRILL)


def macsec(sci):
    """802.1AE with integrity alone: what is there is in clear, and a check value behind."""
    def build(frame):
        frame.typed()
        short_length = frame.length() if frame.length() < 48 else 0
        frame.push(u8(0x20 if sci else 0, short_length) + u32(9) + sci, 0x88e5)
        frame.append(bytes(range(16)))
    return build


def fabricpath(frame):
    frame.ether().push(u16(0x0460), FABRICPATH)


def arista(version, stamp):
    """A time stamp of the switch in front of the frame's own type."""
    def build(frame):
        frame.typed().push(u16(1, version) + stamp, 0xd28b)
    return build


def broadcom(frame):
    frame.typed().push(u32(0x60000003), 0x8874)


# ---- tunnels

def ip_in_ip(frame):
    frame.enter("ipip").ip(4 if frame.type == IPV4 else 41)


def gre_header(frame, protocol, flags):
    key = frame.random.randrange(1, 1 << 32)
    head = u16(flags, protocol)
    head += u16(0, 0) if flags & 0x8000 else b""
    head += u32(key) if flags & 0x2000 else b""
    head += u32(1) if flags & 0x1000 else b""
    frame.enter("gre", key if flags & 0x2000 else 0).push(head)


def gre(flags):
    def build(frame):
        gre_header(frame, frame.type, flags)
        frame.ip(47)
    return build


def gre_ethernet(frame):
    gre_header(frame.ether(), TEB, frame.random.choice((0, 0x2000)))
    frame.ip(47)


def gre_wccp(frame):
    """Version 2 has a word of its own before the packet."""
    frame.push(u8(0, 1, 2, 3))
    gre_header(frame, 0x883e, 0)
    frame.ip(47)


def gre_pptp(frame):
    """RFC 2637: the call id is the low half of the key."""
    call = frame.random.randrange(1, 1 << 16)
    frame.push(frame.random.choice((b"", u16(0xff03))) + u16(PPP[frame.type]))
    frame.push(u16(0x3001, 0x880b, frame.length(), call) + u32(5))
    frame.enter("gre", call).ip(47)


def gre_aruba(frame):
    """802.11 as it is: LLC and SNAP behind its header."""
    frame.typed().push(u8(0xaa, 0xaa, 3, 0, 0, 0))
    frame.push(u8(0x08, 0x01) + u16(0) + MAC + MAC[6:] + u16(0x10))
    gre_header(frame, 0x8200 + 0x10 * frame.random.randrange(24), 0)
    frame.ip(47)


def erspan(kind):
    def build(frame):
        session = frame.random.randrange(1, 1024)
        frame.ether()
        if kind == 1:
            frame.push(u16(0, 0x88be))
        elif kind == 2:
            frame.push(u16(0x1000, 0x88be) + u32(1) + u16(0x1000 | 100, session) + u32(5))
        else:
            frame.push(u16(0x1000, 0x22eb) + u32(1) + u16(0x2000 | 100, session) + u32(9) +
                       u16(0, 1 if kind == 4 else 0) + (bytes(8) if kind == 4 else b""))
        frame.enter("erspan", session if kind > 1 else 0).ip(47)
    return build


def gre_in_udp(frame):
    gre_header(frame, frame.type, 0x2000)
    frame.udp(4754)


def mpls_in_udp(frame):
    frame.enter("mpls", labels(frame)).udp(6635)


def mpls_in_ip(frame):
    frame.enter("mpls", labels(frame)).ip(137)


def vni(frame):
    return frame.random.randrange(1, 1 << 24)


def vxlan(port):
    def build(frame):
        number = vni(frame)
        frame.ether().push(u8(8, 0, 0, 0) + u32(number << 8))
        frame.enter("vxlan", number).udp(port)
    return build


def vxlan_gpe(frame):
    following, number = {IPV4: 1, IPV6: 2, NSH: 4, MPLS: 5}.get(frame.type), vni(frame)
    if following is None:
        frame.ether()
        following = 3
    frame.push(u8(0x0c, 0, 0, following) + u32(number << 8))
    frame.enter("vxlan", number).udp(4790)


def geneve(options):
    def build(frame):
        number = vni(frame)
        if frame.type not in IP or frame.random.randrange(2):
            frame.ether()
        frame.push(u8(len(options) // 4, 0) + u16(frame.type) + u32(number << 8) + options)
        frame.enter("geneve", number).udp(6081)
    return build


def teredo(front):
    def build(frame):
        frame.push(front).enter("teredo")
        frame.version = 4
        frame.udp(3544)
    return build


def teredo_trailers(frame):
    """RFC 6081: a nonce behind the packet, perhaps with the random port's trailer before it."""
    frame.append(frame.random.choice((b"", u8(5, 0))) + u8(1, 4) + u32(0x11223344))
    teredo(b"")(frame)


def l2tp2(frame):
    """RFC 2661: length, tunnel and session, then PPP."""
    tunnel, session = frame.random.randrange(1, 1 << 16), frame.random.randrange(1, 1 << 16)
    frame.push(frame.random.choice((b"", u16(0xff03))) + u16(PPP[frame.type]))
    if frame.random.randrange(2):
        frame.push(u16(0x4002, 8 + frame.length(), tunnel, session))
    else:
        frame.push(u16(0x0202, tunnel, session, 2) + bytes(2))  # an offset of two octets
    frame.enter("l2tp", tunnel << 16 | session).udp(1701)


def l2tp3(over_udp):
    """RFC 3931: the session alone; what is agreed beside it, cookies and sublayer, is left out."""
    def build(frame):
        session = frame.random.randrange(1, 1 << 32)
        frame.ether().push(u32(session)).enter("l2tp", session)
        if over_udp:
            frame.push(u16(3, 0)).udp(1701)
        else:
            frame.ip(115)
    return build


def etherip(frame):
    frame.ether().push(u16(0x3000)).enter("etherip").ip(97)


def srv6(frame):
    """RFC 8986: behind a segment routing header, or none, a frame or a packet."""
    inside = {IPV4: 4, IPV6: 41}.get(frame.type)
    if inside is None or frame.random.randrange(2):
        frame.ether()
        inside = 143
    segments = frame.random.choice((0, 1, 2))
    frame.version = 6
    frame.enter("srv6" if inside == 143 else "ipip")
    if segments == 0:
        frame.ip(inside)
        return
    header = u8(inside, 2 * segments, 4, 0, segments - 1, 0, 0, 0)
    frame.ip(43, options=header + b"\xfd" + bytes(15) + bytes(16 * (segments - 1)), says=inside)


def ayiya(frame):
    inside = 4 if frame.type == IPV4 else 41
    frame.push(u8(0x41, 0x52, 0x11, inside) + u32(1600000000) + bytes(16 + 20))
    frame.enter("ayiya").udp(5072)


def pim_register(frame):
    frame.push(u8(0x21, 0, 0, 0) + u32(0)).enter("pim").ip(103)


def capwap_ethernet(frame):
    """By the radio's number."""
    frame.ether().push(u8(0, 0x10, 0x42, 0) + u16(0, 0)).enter("capwap", 1).udp(5247)


def capwap_fragment(frame):
    """The first piece that is the last, too."""
    frame.ether().push(u8(0, 0x10, 0x42, 0xc0) + u16(7, 0)).enter("capwap", 1).udp(5247)


def capwap_wifi(swapped):
    """802.11, its control field swapped as Cisco does or not; with QoS or not, LLC and SNAP."""
    def build(frame):
        quality = frame.random.choice((b"", u16(0)))
        control = u8(0x88 if quality else 0x08, 0x01)
        frame.typed().push(u8(0xaa, 0xaa, 3, 0, 0, 0))
        frame.push((control[::-1] if swapped else control) + u16(0) + MAC + MAC[6:] + u16(0x10) + quality)
        frame.push(u8(0, 0x10, 0x43, 0) + u16(0, 0)).enter("capwap", 1).udp(5247)
    return build


def tzsp(frame):
    """Tags of one octet and longer ones, and the last."""
    tags = frame.random.choice((b"", u8(0, 10, 1, 0xd0), u8(18, 1, 3, 41, 2, 5, 6)))
    frame.ether().push(u8(1, 0) + u16(1) + tags + u8(1)).enter("tzsp").udp(37008)


def gtpu(flags, optional):
    def build(frame):
        teid = frame.random.randrange(1, 1 << 32)
        frame.push(u8(0x30 | flags, 255) + u16(frame.length() + len(optional)) + u32(teid) + optional)
        frame.enter("gtpu", teid).udp(2152)
    return build


def plainly(frame):
    """Of kinds that nothing announces: that they hold Ethernet is known by the IP packet in it."""
    following, data = frame.type, frame.data
    for _ in range(2):
        if following in (VLAN, QINQ):
            following, data = int.from_bytes(data[2:4], "big"), data[4:]
    return following in IP and not frame.trailer


ip, ipv4, ipv6, ppp_known = one_of(IP), one_of({IPV4}), one_of({IPV6}), one_of(PPP)
gre_known = one_of(IP | {MPLS, MPLS_MULTICAST, VLAN, NSH})

Kind = collections.namedtuple("Kind", "build carries layer")

L2, TUNNEL = "l2", "tunnel"


def rows(layer, table):
    return {name: Kind(build, carries, layer) for name, (build, carries) in table.items()}


KINDS = {
    **rows(L2, {
        "vlan": (tagged(VLAN), announced),
        "802.1ad": (tagged(QINQ), announced),
        "vlan-9100": (tagged(0x9100), announced),
        "vlan-9200": (tagged(0x9200), announced),
        "vlan-9300": (tagged(0x9300), announced),
        "snap": (snap(bytes(3)), typed),
        "snap-bridged": (snap(u8(0, 0, 0xf8)), typed),
        "isl": (isl, anything),
        "mpls": (mpls(MPLS), ip),
        "mpls-multicast": (mpls(MPLS_MULTICAST), ip),
        "mpls-entropy": (mpls_entropy, ip),
        "mpls-control-word": (mpls_control_word, anything),
        "mpls-ethernet": (mpls_ethernet, plainly),
        "pppoe": (pppoe(u16), ppp_known),
        "pppoe-short": (pppoe(short), ip),
        "multilink": (multilink(u32(0xc0000007)), ip),
        "multilink-short": (multilink(u16(0xc007)), ip),
        "vntag": (vntag, announced),
        "etag": (etag, announced),
        "pbb": (pbb, anything),
        "cmd": (cmd, announced),
        "hsr": (hsr, announced),
        "prp": (prp, typed),
        "nsh": (nsh(bytes(16)), anything),
        "nsh-variable": (nsh(u32(0x00010104, 7)), anything),
        "nsh-empty": (nsh(b""), anything),
        "trill": (trill, anything),
        "macsec": (macsec(b""), announced),
        "macsec-sci": (macsec(u32(0x02000000, 0x00010001)), announced),
        "fabricpath": (fabricpath, anything),
        "arista-64": (arista(0x0010, u32(1, 2)), typed),
        "arista-48": (arista(0x0120, u32(1) + u16(2)), typed),
        "broadcom": (broadcom, typed),
    }),
    **rows(TUNNEL, {
        "ip-in-ip": (ip_in_ip, ip),
        "gre": (gre(0), gre_known),
        "gre-key": (gre(0x2000), gre_known),
        "gre-all": (gre(0xb000), gre_known),
        "gre-ethernet": (gre_ethernet, anything),
        "gre-wccp": (gre_wccp, ipv4),
        "gre-pptp": (gre_pptp, ip),
        "gre-aruba": (gre_aruba, typed),
        "erspan-1": (erspan(1), anything),
        "erspan-2": (erspan(2), anything),
        "erspan-3": (erspan(3), anything),
        "erspan-3-sub": (erspan(4), anything),
        "gre-in-udp": (gre_in_udp, gre_known),
        "mpls-in-udp": (mpls_in_udp, ip),
        "mpls-in-ip": (mpls_in_ip, ip),
        "vxlan": (vxlan(4789), anything),
        "vxlan-8472": (vxlan(8472), anything),
        "vxlan-gpe": (vxlan_gpe, anything),
        "geneve": (geneve(b""), anything),
        "geneve-options": (geneve(u16(0x0102) + u8(0x80, 2) + bytes(8)), anything),
        "teredo": (teredo(b""), ipv6),
        "teredo-origin": (teredo(u16(0, 0x1234) + u32(0x01020304)), ipv6),
        "teredo-authentication": (teredo(u8(0, 1, 0, 0) + bytes(9)), ipv6),
        "teredo-trailers": (teredo_trailers, ipv6),
        "l2tp-2": (l2tp2, ip),
        "l2tp-3-ip": (l2tp3(False), plainly),
        "l2tp-3-udp": (l2tp3(True), plainly),
        "etherip": (etherip, anything),
        "srv6": (srv6, anything),
        "ayiya": (ayiya, ip),
        "pim-register": (pim_register, ip),
        "capwap": (capwap_ethernet, anything),
        "capwap-fragment": (capwap_fragment, anything),
        "capwap-wifi": (capwap_wifi(False), typed),
        "capwap-wifi-swapped": (capwap_wifi(True), typed),
        "tzsp": (tzsp, anything),
        "gtpu": (gtpu(0, b""), ip),
        "gtpu-sequence": (gtpu(2, u16(1) + u8(0, 0)), ip),
        "gtpu-extension": (gtpu(4, u16(0) + u8(0, 0x85, 1, 0, 9, 0)), ip),
    }),
}
