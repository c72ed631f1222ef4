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

#include <stdint.h>

#include <weir/event.h>
#include <weir/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** IPv6 extension headers that are followed. */
#define WEIR_PARSE_MAX_EXT 8
/** MPLS labels that are followed. */
#define WEIR_PARSE_MAX_LABELS 8
/** VLAN tags that are followed. */
#define WEIR_PARSE_MAX_TAGS 4
/** Tunnels in tunnels that are followed. */
#define WEIR_PARSE_MAX_TUNNELS 4

/** Which 5-tuple becomes the key of a packet that came in a tunnel. */
enum weir_parse_tunnel {
	WEIR_PARSE_INNER = 0, /**< the innermost that can be decoded */
	WEIR_PARSE_OUTER      /**< the outermost: tunnels are not looked into */
};

/** What is the same for a burst of packets. */
struct weir_parse_burst {
	uint64_t tsc;                        /**< TSC of the RX burst, in cycles */
	uint16_t port;                       /**< for the event's `port` */
	uint16_t queue;                      /**< for the event's `queue` */
	uint8_t tunnel;                      /**< enum weir_parse_tunnel */
	uint64_t verdicts[WEIR_VERDICT_MAX]; /**< counted up by weir_parse() */
};

/**
 * weir_parse() fills the events of a burst of packets: all of line 0, and line 1's key where there
 * is one. `wire_ns` is set to 0.
 *
 * The key, and all that the event says of L3 and above, is of one IP packet: the innermost that
 * could be decoded. What a UDP port or a nibble below MPLS alone calls a tunnel counts only if a
 * whole packet is found in it; otherwise the outer packet stands, and is not malformed for it.
 * IP-in-IP and GRE are taken at their word: what is wrong inside makes the packet malformed, with
 * the key of the packet around. Malformed packets have a key as soon as their addresses could be
 * read, with ports 0 if those could not. Tunnels in fragments are not looked into. Only first
 * fragments have ports, so later ones have another key and hash.
 *
 * The private area of every mbuf must fit an event (weir_mbuf_fits()). Reads the first data bytes
 * of each packet, and of its mbuf what an RX burst just wrote.
 *
 * @param mbufs   the packets
 * @param n       how many, 0 to any number
 * @param burst   what they share; its verdict counts are added to
 */
WEIR_API void weir_parse(struct rte_mbuf *const mbufs[], uint16_t n,
	struct weir_parse_burst *burst);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_PARSE_H */
