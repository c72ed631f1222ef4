/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The general way through the headers of one packet: one step a header, each names the next.
 * It takes every frame; parse.c keeps the commonest ones from coming here.
 */
#ifndef WEIR_PARSE_PRIVATE_H
#define WEIR_PARSE_PRIVATE_H

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "parse.h"

/* Ethertypes that are followed, or stand for what is, in host order. */
#define ETHERTYPE_LENGTH_END 0x0600 /* below: the length of an 802.3 frame */
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_TEB 0x6558
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_PPP 0x880b
#define ETHERTYPE_MPLS 0x8847
#define ETHERTYPE_PPPOE 0x8864
#define ETHERTYPE_QINQ 0x88a8
#define ETHERTYPE_NSH 0x894f
/* VLAN tags before there was a number for them. */
#define ETHERTYPE_QINQ_OLD 0x9100
#define ETHERTYPE_QINQ_OLD2 0x9200
#define ETHERTYPE_QINQ_OLD3 0x9300

#define ARP_LEN 8
#define ESP_LEN 8
#define ETHER_LEN 14
#define ICMP_LEN 8
#define IGMP_LEN 8
#define LLC_LEN 3
#define VLAN_LEN 4
#define IPV4_LEN 20
#define IPV6_LEN 40
#define SCTP_LEN 12
#define TCP_LEN 20
#define TCP_FLAGS_AT 13
#define UDP_LEN 8
#define VXLAN_LEN 8
#define VXLAN_VNI_VALID 0x08

#define PROTO_SHIM6 140

#define PORT_VXLAN 4789
#define PORT_VXLAN_LINUX 8472

/* The longest piece of a header that is read at once. */
#define HEADER_MAX 40

/* The header that comes next. */
enum parse_step {
	STEP_DONE = 0,
	STEP_ETHER,
	STEP_ETHERTYPE, /* what layer.stopped says */
	STEP_IPV4,
	STEP_IPV6,
	STEP_L4, /* what layer.proto says */
	STEP_UDP_TUNNEL,
	STEP_KIND, /* what p->by and p->number say */
	STEP_PPP,
	STEP_BELOW_MPLS,
	STEP_WLAN,
};

/* Who says what comes next, and by what number. */
enum parse_by {
	BY_ETHERTYPE = 0,
	BY_PROTO, /* IP protocol */
	BY_UDP,   /* port */
	BY_GRE,   /* protocol that means something else, or nothing, as an ethertype */
	BY_PPP,   /* protocol */
	BY_LLC,   /* both access points */
	BY_OUI,   /* of SNAP */
	BY_MAX
};

/* How sure it is that what is being read is what it is taken for. */
enum parse_guess {
	GUESS_NONE = 0,
	GUESS,        /* a port and a header that has fixed bits */
	GUESS_NIBBLE, /* below MPLS, by a nibble: IP in it that is IP for sure counts */
	GUESS_WEAK    /* a port: IP in it has to fit by its length, too */
};

/* What is said of the packet that one IP header begins; as in the event. */
struct parse_layer {
	uint32_t payload_len;
	uint32_t tunnel_id;
	uint16_t l3_off;
	uint16_t l4_off;
	uint16_t payload_off;
	uint16_t stopped; /* what comes next, by the last header that said so */
	uint16_t vlan[WEIR_MAX_VLANS];
	uint8_t tunnel;
	uint8_t verdict;
	uint8_t tcp_flags;
	uint8_t proto;
};

struct parse {
	const struct rte_mbuf *mbuf;
	const struct weir_parse_burst *burst;
	const uint8_t *data; /* first segment */
	uint32_t contiguous; /* bytes at data */
	uint32_t end;        /* of what there is, by the frame and by the headers so far, */
	uint32_t header_end; /* and of where headers may be: offsets have 16 bits */
	uint32_t wire_end;   /* of what there was on the wire, by the same */
	uint32_t l3_end;     /* of what there should be, by the IP header */
	uint32_t off;        /* of the next header */
	uint32_t flags;      /* of the layer being read */
	uint32_t done_flags;
	uint32_t number; /* of what comes next, */
	uint8_t by;      /* by this: enum parse_by */
	uint8_t tags;    /* in the L2 header being read */
	uint8_t kinds;   /* headers of the table, in all */
	uint8_t tunnels;
	uint8_t guess; /* enum parse_guess, of this layer */
	bool key_only;
	uint8_t fragment_proto;  /* of what was cut up, of the layer being read */
	struct parse_layer now;  /* being read */
	struct parse_layer done; /* the innermost that was decoded */
	struct weir_key key;     /* goes with now */
	struct weir_key done_key;
	uint8_t scratch[HEADER_MAX]; /* a header that straddles segments */
};

/* The n bytes at off, or NULL where they don't end in time. Good until the next call. */
static inline const uint8_t *
parse_read(struct parse *p, uint32_t off, uint32_t n)
{
	if (off + n > p->header_end)
		return NULL;
	if (off + n <= p->contiguous)
		return p->data + off;
	return rte_pktmbuf_read(p->mbuf, off, n, p->scratch);
}

static inline uint16_t
get16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	/* Not rte_be_to_cpu_16(), which is inline assembly that the compiler can't see through. */
	return RTE_BYTE_ORDER == RTE_BIG_ENDIAN ? v : __builtin_bswap16(v);
}

/* Whether an ethertype is that of a VLAN tag, or of IP. */
static inline bool
parse_is_own(uint32_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_IPV4:
	case ETHERTYPE_IPV6:
	case ETHERTYPE_VLAN:
	case ETHERTYPE_QINQ:
	case ETHERTYPE_QINQ_OLD:
	case ETHERTYPE_QINQ_OLD2:
	case ETHERTYPE_QINQ_OLD3:
		return true;
	default:
		return false;
	}
}

static inline uint32_t
get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return rte_be_to_cpu_32(v);
}

/* Ports that tunnels use: `words` has each at its low byte, destinations, and sources. */
extern const struct weir_vxlan_ports parse_vxlan_usual;

static inline const struct weir_vxlan_ports *
parse_ports_of(const struct weir_parse_burst *burst)
{
	return burst->vxlan_ports != NULL ? burst->vxlan_ports : &parse_vxlan_usual;
}

/* Whether one of both ports of a UDP header is one that tunnels use; not of those that are crowded. */
static inline bool
tunnel_port(const struct weir_vxlan_ports *ports, const uint8_t *udp)
{
	uint16_t sport, dport;

	memcpy(&sport, udp, sizeof(sport));
	memcpy(&dport, udp + 2, sizeof(dport));
	return ports->words[0][udp[3]] == dport || ports->words[1][udp[1]] == sport;
}

/* What there is ends at off bytes of the frame, if not before. */
static inline void
parse_limit(struct parse *p, uint32_t off)
{
	p->wire_end = RTE_MIN(p->wire_end, off);
	if (off >= p->end)
		return;
	p->end = off;
	p->header_end = RTE_MIN(off, (uint32_t)UINT16_MAX);
}

/* The IP version of the layer being read. */
static inline uint8_t
parse_version(const struct parse *p)
{
	return p->flags & WEIR_EVENT_IPV4 ? 4 : 6;
}

/* One more VLAN tag of the layer being read: the first ones count. */
static inline void
parse_tag(struct parse *p, uint16_t tci)
{
	if (p->flags & WEIR_EVENT_QINQ)
		return;
	p->now.vlan[p->flags & WEIR_EVENT_VLAN ? 1 : 0] = tci;
	p->flags |= p->flags & WEIR_EVENT_VLAN ? WEIR_EVENT_QINQ : WEIR_EVENT_VLAN;
}

/* What follows MPLS counts only if a whole packet is found in it, or one that is IP for sure. */
static inline void
parse_guess(struct parse *p)
{
	if (p->guess != GUESS_NONE)
		return;
	p->done.stopped = p->now.stopped;
	p->guess = GUESS_NIBBLE;
}

/* Whether tunnels are looked into. */
static inline bool
parse_enters(const struct parse *p)
{
	return p->burst->tunnel == WEIR_PARSE_INNER;
}

/* Whether the layer being read is a fragment that goes with the rest of its datagram. */
static inline bool
parse_joins(const struct parse *p)
{
	return p->flags & WEIR_EVENT_FRAGMENT &&
		p->burst->fragments == WEIR_PARSE_FRAGMENTS_DATAGRAM;
}

/* The layer being read is the innermost decoded one so far. */
static inline void
parse_commit(struct parse *p)
{
	p->done = p->now;
	p->done_key = p->key;
	p->done_key.proto = parse_joins(p) ? p->fragment_proto : p->now.proto;
	p->done_flags = p->flags;
	p->guess = GUESS_NONE;
}

/* The packet is malformed in a way that leaves the layer before as the innermost decoded one. */
static inline enum parse_step
parse_fail(struct parse *p, enum weir_verdict verdict)
{
	if (!p->guess) {
		p->done.verdict = (uint8_t)verdict;
		p->done_flags |= WEIR_EVENT_MALFORMED;
	}
	return STEP_DONE;
}

/* The packet is malformed behind the addresses of the layer being read. */
static inline enum parse_step
parse_fail_keyed(struct parse *p, enum weir_verdict verdict)
{
	if (!p->guess)
		parse_commit(p);
	return parse_fail(p, verdict);
}

/* The rest of the packet is payload. */
static inline void
parse_payload(struct parse *p, uint32_t off)
{
	p->now.payload_off = (uint16_t)off;
	p->now.payload_len = p->end - off;
}

/*
 * The general way: all of the event of an mbuf, of whose pool this is the index, and what is counted of
 * it. On the wire it had `wire` bytes, or as many as are here, if those are more.
 */
void parse_general(const struct rte_mbuf *mbuf, struct weir_parse_burst *burst, uint16_t pool,
	uint32_t wire);
/* Likewise at the depth key-only. */
void parse_general_key_only(const struct rte_mbuf *mbuf, struct weir_parse_burst *burst,
	uint16_t pool, uint32_t wire);

/* weir_parse() of packets that begin with something else than Ethernet, at any depth. */
void parse_burst_l2(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst);

/* weir_parse() at the depth key-only. */
void parse_key_only(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst);
/* weir_parse() of packets that may have been longer on the wire, at each depth. */
void parse_wire(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst);
void parse_wire_key_only(struct rte_mbuf *const mbufs[], uint16_t n,
	struct weir_parse_burst *burst);

/* Look at the checksums of a burst that was parsed, where its mbufs do not say that the port did. */
void parse_verify(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst);

/* What is not Ethernet: enum weir_parse_l2. */
enum parse_step parse_l2(struct parse *p, uint8_t l2);
enum parse_step parse_ether(struct parse *p);
enum parse_step parse_ethertype(struct parse *p);
enum parse_step parse_ipv4(struct parse *p);
enum parse_step parse_ipv6(struct parse *p);
enum parse_step parse_l4(struct parse *p);
/* The ports of TCP or UDP, and no more than that unless the port is one that tunnels use. */
enum parse_step parse_ports_only(struct parse *p);

/* Whether the type of ICMP, or of ICMPv6, is that of an echo or its reply, which have an identifier. */
static inline bool
parse_icmp_echo(uint8_t proto, uint8_t type)
{
	return proto == IPPROTO_ICMP ? type == ICMP_ECHO || type == ICMP_ECHOREPLY :
				       type == ICMP6_ECHO_REQUEST || type == ICMP6_ECHO_REPLY;
}

/*
 * The step that reads an IP header or what is in IP, or none, behind all that begins with this one. What parse_rare() has
 * of p is enough for this and for both that follow: `now` but for IP's part, no key and no `done`.
 */
enum parse_step parse_between(struct parse *p, enum parse_step step);
/* What is in IP of such a number, or in UDP of such ports; STEP_DONE: nothing that is followed. */
enum parse_step parse_enter(struct parse *p, uint8_t proto);
enum parse_step parse_enter_udp(struct parse *p, uint16_t sport, uint16_t dport);
/* Whether there is a row for that number. */
bool parse_is_tunnel(uint8_t proto);

/* What a number says, one of IP, and a UDP port. */
enum parse_step parse_kind(struct parse *p, enum parse_by by, uint32_t number);
enum parse_step parse_proto(struct parse *p);
enum parse_step parse_udp_tunnel(struct parse *p);
/* Whether one of both ports is one that tunnels use. */
bool parse_has_tunnel_port(const struct weir_parse_burst *burst, uint16_t sport, uint16_t dport);
/* Whether a list has a port. */
bool parse_vxlan_listed(const struct weir_vxlan_ports *ports, rte_be16_t port);

/* PPP from its protocol field on, or from address and control. */
enum parse_step parse_ppp(struct parse *p);
/* What follows the last label of MPLS. */
enum parse_step parse_below_mpls(struct parse *p);
/* An 802.11 frame. */
enum parse_step parse_wlan(struct parse *p);

/* Where the packet of this IP version ends that begins at off, by what its header has first; 0: none is there. */
uint32_t parse_ip_end(struct parse *p, uint32_t off, uint8_t version);
/* Whether there is one, with room for all of it. */
bool parse_fits(struct parse *p, uint32_t off, uint8_t version);
/* Whether the IP packet that comes next is none, of which a port alone says that it is there. */
static inline bool
parse_misfits(struct parse *p, uint8_t version)
{
	return unlikely(p->guess == GUESS_WEAK) && !parse_fits(p, p->off, version);
}

/* Whether the IP packet at p->off is one for sure, of which a nibble says that it is there. */
bool parse_is_ip(struct parse *p, uint8_t version);

/* Whether an Ethernet frame begins at off: by its type, and what follows. */
bool parse_looks_ether(struct parse *p, uint32_t off);

/* The IP extension headers at p->off, by p->now.proto: AH alone for IPv4. STEP_L4 behind them. */
enum parse_step parse_extensions(struct parse *p);

#endif /* WEIR_PARSE_PRIVATE_H */
