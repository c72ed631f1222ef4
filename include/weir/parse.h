/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * parse: bytes to event, in one pass.
 *
 * Every header read is checked against the length of the data; headers that straddle segments are
 * read through rte_pktmbuf_read(). Wrong input is an event with a verdict, never an error.
 *
 * Thread-safety: no state; any thread may parse its own mbufs.
 */
#ifndef WEIR_PARSE_H
#define WEIR_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include <weir/event.h>
#include <weir/export.h>
#include <weir/size.h>

#ifdef __cplusplus
extern "C" {
#endif

/** IPv6 extension headers that are followed. */
#define WEIR_PARSE_MAX_EXT 8
/** MPLS labels that are followed. */
#define WEIR_PARSE_MAX_LABELS 8
/** VLAN tags that are followed. */
#define WEIR_PARSE_MAX_TAGS 4
/** Shims, LLC headers and stacks of labels that are followed, in all. */
#define WEIR_PARSE_MAX_SHIMS 16
/** Tunnels in tunnels that are followed. */
#define WEIR_PARSE_MAX_TUNNELS 4

/** Which 5-tuple becomes the key of a packet that came in a tunnel. */
enum weir_parse_tunnel {
	WEIR_PARSE_INNER = 0, /**< the innermost that can be decoded */
	WEIR_PARSE_OUTER      /**< the outermost: tunnels are not looked into */
};

/** What the key of a fragment is of. */
enum weir_parse_fragments {
	/**
	 * Its datagram: addresses and protocol, without ports, the first fragment's too. So all of a
	 * datagram go one way, as the RSS of NICs has them: to one worker, and by drop-flow whole or not at
	 * all. weir_event_ports() gives the ports of the first one.
	 */
	WEIR_PARSE_FRAGMENTS_DATAGRAM = 0,
	/** Its flow as far as it says: the first one's key has ports, and so another hash than the rest. */
	WEIR_PARSE_FRAGMENTS_FLOW
};

/** Who finds wrong checksums: WEIR_EVENT_BAD_L3_CKSUM, WEIR_EVENT_BAD_L4_CKSUM. */
enum weir_parse_checksum {
	WEIR_PARSE_CHECKSUM_PORT = 0, /**< the port, as far as its offload results say */
	WEIR_PARSE_CHECKSUM_OFF,      /**< nobody: what those say is left out too */
	/**
	 * The port, and where that does not say weir does: of the keyed IP header, if it is IPv4's, and of the
	 * TCP, UDP, ICMP or ICMPv6 behind it. L4 is left alone of fragments, of what is not all here or
	 * malformed, on a source route, and from a home address; a UDP checksum of 0 is wrong over IPv6
	 * alone, and there not of a tunnel's port (RFC 6935). What says no length has checksums that were not
	 * made yet, and is left alone. The depth full only.
	 */
	WEIR_PARSE_CHECKSUM_VERIFY
};

/**
 * How much of a packet is read.
 *
 * Key-only finds the same key and hash as a full parse, tunnels included, so that a flow keeps its
 * worker when the depth changes. It gives `type`, `prio`, `pool`, `tsc`, `len`, `wire_len`, `port`,
 * `queue`, `hash`, `tunnel`, `verdict`, `proto`, the key, and `flags` but for WEIR_EVENT_VLAN and
 * WEIR_EVENT_QINQ; every other field of line 0 is 0. A keyed event whose `l3_off` is 0 was parsed
 * key-only, or begins with its IP header.
 *
 * The verdict is that of a full parse, but for what only TCP's data offset and options, UDP's
 * length or ARP's would tell: outside of tunnels that are known by their port, and of what is a guess
 * below MPLS, those are not looked at. So TCP that is WEIR_VERDICT_BAD_HDR_LEN, or WEIR_VERDICT_TRUNC_L4
 * within its options, UDP that is WEIR_VERDICT_BAD_TOTAL_LEN for its own length, and ARP that is
 * WEIR_VERDICT_TRUNC_L3 are WEIR_VERDICT_OK, and not WEIR_EVENT_MALFORMED. A packet that is OK in full is so key-only.
 *
 * What it saves, in instructions a packet: a tenth for TCP over IPv4 and IPv6, 4 and 5 % for UDP, a
 * seventh with a VLAN tag and in VXLAN; 8 % in GRE and PPPoE, and for ICMP; 7 % below MPLS; 5 % in
 * Geneve and GTP-U; 11 % for ARP; 2 to 10 % where TCP or UDP come in fragments, or behind IP options or
 * extensions.
 */
enum weir_parse_depth {
	WEIR_PARSE_FULL = 0, /**< all that an event can say */
	WEIR_PARSE_KEY_ONLY  /**< what the key needs */
};

/** What a packet begins with. */
enum weir_parse_l2 {
	WEIR_PARSE_L2_ETHERNET = 0,
	WEIR_PARSE_L2_RAW,   /**< IPv4 or IPv6, by the first nibble */
	WEIR_PARSE_L2_IPV4,  /**< IPv4 */
	WEIR_PARSE_L2_IPV6,  /**< IPv6 */
	WEIR_PARSE_L2_NULL,  /**< an address family in 4 bytes of either order: BSD's loopback */
	WEIR_PARSE_L2_PPP,   /**< PPP, perhaps with address and control as in HDLC */
	WEIR_PARSE_L2_SLL,   /**< Linux' cooked capture */
	WEIR_PARSE_L2_SLL2,  /**< version 2 of it */
	WEIR_PARSE_L2_HDLC,  /**< Cisco's HDLC: address, control, an ethertype */
	WEIR_PARSE_L2_PPPOE, /**< a session of PPPoE: its header, then PPP */
	WEIR_PARSE_L2_MAX    /**< number of types */
};

/**
 * The key of the flow hash, as weir_hash_key_init() makes it of a seed. Whoever does not know it cannot
 * choose flows that share a bucket, a worker or a chain. Read-only then: any threads may use one.
 */
struct weir_hash_key {
	uint64_t seed;      /**< what it was made of */
	uint64_t words[15]; /**< weir's own */
};

/**
 * weir_hash_key_init() makes a key of a seed: the same one of the same seed, on every machine.
 *
 * @param seed  any; secret and random (getrandom()) where others choose what is hashed
 */
WEIR_API void weir_hash_key_init(struct weir_hash_key *key, uint64_t seed);

/**
 * weir_key_hash() gives the flow hash of a 5-tuple, as weir_parse() puts it into `hash`: the same for
 * both directions, and on every machine. All 32 bits are of use.
 *
 * @param hash_key  NULL: the key of seed 0
 * @param key       IPv4 where its `ip_version` is 4, IPv6 otherwise
 */
WEIR_API uint32_t weir_key_hash(const struct weir_hash_key *hash_key, const struct weir_key *key);

/** UDP ports of VXLAN that a list may have. */
#define WEIR_VXLAN_PORTS_MAX 16

/** UDP destination ports of VXLAN, as weir_vxlan_ports_init() makes them. Read-only then: any threads may use one. */
struct weir_vxlan_ports {
	rte_be16_t list[WEIR_VXLAN_PORTS_MAX]; /**< as given; 0 behind the last */
	uint16_t words[2][256];                /**< weir's own */
	rte_be16_t first[2];                   /**< likewise */
	uint8_t crowded;                       /**< likewise */
	uint8_t unused[3];                     /**< 0 */
};

/**
 * weir_vxlan_ports_init() makes what weir_parse() looks at of a list of ports: those, and no others, are
 * VXLAN's. Packets of the first two are parsed the fastest. Where two ports of the list, or one and
 * another tunnel's that is told by its destination, have their lower 8 bits in common, no packet of a burst
 * goes the short way.
 *
 * @param list  ports, in the host's order; none is 0, there twice, or another tunnel's
 * @param n     how many, 1 to WEIR_VXLAN_PORTS_MAX
 * @return 0; -EINVAL: not such a list, or NULL
 */
WEIR_API int weir_vxlan_ports_init(struct weir_vxlan_ports *ports, const uint16_t *list,
	unsigned int n);

/**
 * What is the same for a burst of packets. weir_parse() reads and writes no more of it than its size;
 * what it does not have counts as 0.
 */
struct weir_parse_burst {
	size_t size;                           /**< sizeof(struct weir_parse_burst) */
	const struct weir_hash_key *hash_key;  /**< of the events' `hash`; NULL: that of seed 0 */
	uint64_t tsc;                          /**< TSC of the RX burst, in cycles */
	uint16_t port;                         /**< for the event's `port` */
	uint16_t queue;                        /**< for the event's `queue` */
	uint8_t tunnel;                        /**< enum weir_parse_tunnel */
	uint8_t depth;                         /**< enum weir_parse_depth; other values: full */
	uint64_t key_only;                     /**< counted up: packets that were parsed key-only */
	uint64_t verdicts[WEIR_VERDICTS_ROOM]; /**< counted up: all packets, by enum weir_verdict */
	uint8_t l2;                            /**< enum weir_parse_l2; other values: Ethernet */
	uint8_t reserved[7];                   /**< 0 */
	/** Of each packet, the bytes that it had on the wire, where that may be more than are here; NULL:
	 * what is here is all. */
	const uint32_t *wire_lens;
	uint64_t truncated;       /**< counted up: packets with WEIR_EVENT_TRUNCATED */
	uint64_t no_length;       /**< counted up: packets with WEIR_EVENT_NO_LENGTH */
	uint64_t bad_l3_checksum; /**< counted up: packets with WEIR_EVENT_BAD_L3_CKSUM */
	uint64_t bad_l4_checksum; /**< counted up: packets with WEIR_EVENT_BAD_L4_CKSUM */
	uint8_t fragments;        /**< enum weir_parse_fragments; other values: of the flow */
	uint8_t checksum;         /**< enum weir_parse_checksum; other values: port */
	uint8_t unused[6];        /**< 0 */
	/** UDP destination ports of VXLAN; NULL: 4789 and 8472. */
	const struct weir_vxlan_ports *vxlan_ports;
};

/** A burst with its size, and all else 0. */
#define WEIR_PARSE_BURST_INIT WEIR_SIZED(struct weir_parse_burst)

/**
 * weir_parse() fills the events of a burst of packets: all of line 0, and line 1's key where there
 * is one. What a packet does not say is left to whoever knows it: there is no WEIR_EVENT_WIRE_TIME,
 * and `wire_len` is `len`, but for `wire_lens`. What follows is of the depth full; key-only does as its enum says.
 *
 * The key, and all that the event says of L3 and above, is of one IP packet: the innermost that
 * could be decoded. What a UDP port or a nibble below MPLS alone calls a tunnel counts only if a
 * whole packet is found in it; otherwise the outer packet stands, and is not malformed for it. Below
 * MPLS alone, IP is no guess where its checksum is right, where it ends with the frame, here or as it was
 * on the wire, and where less than an Ethernet header is left: cut or wrong, it is as IP elsewhere.
 * What an IP protocol number names is taken at its word: what is wrong inside makes the packet
 * malformed, with the key of the packet around. Malformed packets have a key as soon as their addresses could be
 * read, with ports 0 if those could not. Tunnels in fragments are not looked into. Of a fragment the
 * key is what `fragments` says. Headers are followed for 65,535
 * bytes, payload for as long as there is some. An IP length of 0 is none (WEIR_EVENT_NO_LENGTH), but
 * for IPv6's with no next header, and with a hop-by-hop header that has no jumbo option: RFC 2675
 * calls that wrong, and it is WEIR_VERDICT_BAD_TOTAL_LEN.
 *
 * Followed are, between Ethernet and IP: VLAN tags (0x8100, 0x88a8, 0x9100, 0x9200, 0x9300), VN-Tag,
 * 802.1BR, 802.1ah, HSR, MACsec without encryption, MPLS, PPPoE sessions, FabricPath, TRILL, NSH,
 * Cisco's metadata, Arista's time stamps, Broadcom's tag, Ethernet in Ethernet, and LLC with SNAP, IP
 * or OSI's network layer, Cisco's ISL, and of PPP multilink what is not in pieces. By IP protocol: IP,
 * GRE, EtherIP, MPLS, L2TPv3, PIM's register, Ethernet in SRv6; in GRE what is in Ethernet, too,
 * Ethernet itself, PPP, ERSPAN, WCCP, and Aruba's 802.11. By UDP destination port: VXLAN (4789, 8472,
 * or what `vxlan_ports` says; 4790 with a next protocol), Geneve (6081), GTP-U (2152), GRE (4754), MPLS
 * (6635), TZSP (37008); by either port: Teredo (3544), L2TP (1701), AYIYA (5072), CAPWAP (5247). IP in
 * the last seven counts only if by its own length it fits into the datagram.
 *
 * `tunnel_id` is the VNI of VXLAN and Geneve, GTP-U's TEID, the key of GRE or of its version 1 the call
 * id, the session of ERSPAN and L2TPv3, of L2TPv2 the tunnel in the upper and the session in the lower 16
 * bits, the last label of MPLS, CAPWAP's radio, the I-SID of 802.1ah.
 *
 * What the packets begin with is what `l2` says: a burst is of one kind. What is not Ethernet has in
 * `stopped` the ethertype that stands for what follows, 0x880b for PPP.
 *
 * The private area of every mbuf must fit an event (weir_mbuf_fits()). Reads the first data bytes
 * of each packet, and of its mbuf what an RX burst just wrote.
 *
 * @param mbufs   the packets
 * @param n       how many, 0 to any number
 * @param burst   what they share; its counts are added to
 */
WEIR_API void weir_parse(struct rte_mbuf *const mbufs[], uint16_t n,
	struct weir_parse_burst *burst);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_PARSE_H */
