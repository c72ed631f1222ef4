/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * event: 128 bytes that describe one packet, or one happening without a packet.
 *
 * An event lives in the private area of an mbuf, right behind `struct rte_mbuf`, so that the event
 * and its mbuf are one allocation and pointer arithmetic turns one into the other. Events without
 * a packet live in mbufs without a data room.
 *
 * Thread-safety: an event belongs to one worker at a time. Whoever holds it may write it, unless
 * WEIR_EVENT_SHARED is set: then it is read-only, for the event and for the packet.
 */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include <weir/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What happened: the `type` of an event. */
enum weir_event_type {
	WEIR_EVENT_PACKET = 1, /**< A packet came in. */
	WEIR_EVENT_GAP = 2,    /**< Events were lost on a link here: see `gap`. */
	WEIR_EVENT_PORT = 3,   /**< Something happened to the port of its source: see `change`. */
	/** A flow's first packet came. This and what follows: see weir_event_flow(). */
	WEIR_EVENT_FLOW_NEW = 4,
	WEIR_EVENT_FLOW_ESTABLISHED = 5, /**< Both of its sides are there. */
	WEIR_EVENT_FLOW_UPDATE = 6,      /**< It has lasted for another `active`. */
	WEIR_EVENT_FLOW_END = 7,         /**< It ended. */
	WEIR_EVENT_USER = 64,            /**< First value that is free for applications. */
};

/** @name Flags of an event (`flags`); bits that have no name here are 0
 * @{
 */
/** The mbuf is as its pool gave it: one segment, refcnt 1, direct, of the pool in `pool`. */
#define WEIR_EVENT_PRISTINE (1u << 0)
/** Several holders have this event: read-only. */
#define WEIR_EVENT_SHARED (1u << 1)
/** `key` and `hash` are filled in. Without it, neither may be read. */
#define WEIR_EVENT_KEYED (1u << 2)
/** An IP fragment, first or later. */
#define WEIR_EVENT_FRAGMENT (1u << 3)
/** An IP fragment that is not the first: it has no L4 header. */
#define WEIR_EVENT_LATER_FRAGMENT (1u << 4)
/** The packet came in a tunnel; `tunnel` and `tunnel_id` say which. */
#define WEIR_EVENT_TUNNELLED (1u << 5)
/** The packet is malformed; `verdict` says how. */
#define WEIR_EVENT_MALFORMED (1u << 6)
/** The VLAN tag in `vlan[0]` was stripped by the NIC and is not in the frame. */
#define WEIR_EVENT_VLAN_STRIPPED (1u << 7)
/** The IPv4 header checksum is wrong: the port found it, or weir (WEIR_PARSE_CHECKSUM_VERIFY). */
#define WEIR_EVENT_BAD_L3_CKSUM (1u << 8)
/** The L4 checksum is wrong, likewise. */
#define WEIR_EVENT_BAD_L4_CKSUM (1u << 9)
/** The keyed IP header is one of IPv4, or of IPv6; neither without WEIR_EVENT_KEYED. */
#define WEIR_EVENT_IPV4 (1u << 10)
#define WEIR_EVENT_IPV6 (1u << 11) /**< see WEIR_EVENT_IPV4 */
/** `vlan[0]` is a tag of the packet: it has one or more. */
#define WEIR_EVENT_VLAN (1u << 12)
/** `vlan[1]` is one too: it has two or more. Never without WEIR_EVENT_VLAN. */
#define WEIR_EVENT_QINQ (1u << 13)
/** `wire_ns` is known. */
#define WEIR_EVENT_WIRE_TIME (1u << 14)
/**
 * By its keyed IP header the packet goes on where the frame ended on the wire, or the tunnel that it came in.
 * Where `wire_len` is greater than `len` the port's driver cut it, and `wire_len` is what that header says;
 * else it came so. Of what a capture cut `wire_len` alone tells, and of padding `payload_len`.
 */
#define WEIR_EVENT_TRUNCATED (1u << 15)
/**
 * The keyed IP header says no length: it has 0 there, as segmentation offload leaves it in captures,
 * and as jumbograms have it. The packet is as long as its jumbo option says; without one it ends
 * where the frame does, or the tunnel that it came in.
 */
#define WEIR_EVENT_NO_LENGTH (1u << 16)
/** TCP that ends before its flags: `tcp_flags` is not known. */
#define WEIR_EVENT_NO_TCP_FLAGS (1u << 17)
/** A first fragment whose key has no ports, though it says some: weir_event_ports() gives them. */
#define WEIR_EVENT_FRAGMENT_PORTS (1u << 18)
/** The last of the fragments of its datagram. */
#define WEIR_EVENT_LAST_FRAGMENT (1u << 19)
/** Of a capture that does not say when it was on the wire, or nothing that can be: nor does its arrival. */
#define WEIR_EVENT_NO_TIME (1u << 20)
/**
 * Of the fragments of a datagram the bits from here on are alike, 8 of them, made of its identification: they
 * tell apart those of one key that are under way at a time.
 */
#define WEIR_EVENT_DATAGRAM_SHIFT 24
/** @} */

/** What the parser found; exactly one for each packet. Anything but OK is malformed. */
enum weir_verdict {
	WEIR_VERDICT_OK = 0,
	WEIR_VERDICT_TRUNC_L2,     /**< the frame ends within its L2 headers */
	WEIR_VERDICT_TRUNC_L3,     /**< the frame ends within its L3 header */
	WEIR_VERDICT_TRUNC_L4,     /**< the frame ends within its L4 header */
	WEIR_VERDICT_TRUNC_TUNNEL, /**< the frame ends within a tunnel header */
	WEIR_VERDICT_BAD_VERSION,  /**< an IP version other than its L2 header says */
	WEIR_VERDICT_BAD_HDR_LEN,  /**< a header length below the header's minimum */
	WEIR_VERDICT_BAD_TOTAL_LEN, /**< an IP total length below the header's, or a bad UDP length */
	WEIR_VERDICT_EXT_CHAIN,     /**< more IPv6 extension headers than WEIR_PARSE_MAX_EXT */
	WEIR_VERDICT_TOO_DEEP,      /**< more VLAN tags, MPLS labels or tunnels than weir follows */
	WEIR_VERDICT_MAX            /**< number of verdicts */
};

/** Entries of an array by verdict: a later weir may have more of them. */
#define WEIR_VERDICTS_ROOM 32

/** The tunnel that a packet came in, innermost first where there are several. */
enum weir_tunnel {
	WEIR_TUNNEL_NONE = 0,
	WEIR_TUNNEL_IPIP, /**< IPv4 or IPv6 in IPv4 or IPv6 */
	WEIR_TUNNEL_GRE,
	WEIR_TUNNEL_VXLAN,
	WEIR_TUNNEL_GENEVE,
	WEIR_TUNNEL_GTPU,
	WEIR_TUNNEL_ERSPAN,  /**< a mirrored frame in GRE */
	WEIR_TUNNEL_ETHERIP, /**< Ethernet in IP */
	WEIR_TUNNEL_L2TP,    /**< of version 2 or 3, in UDP or IP */
	WEIR_TUNNEL_MPLS,    /**< MPLS in IP or UDP */
	WEIR_TUNNEL_SRV6,    /**< Ethernet in IPv6, behind segment routing or not */
	WEIR_TUNNEL_TEREDO,
	WEIR_TUNNEL_AYIYA,
	WEIR_TUNNEL_PIM, /**< a multicast packet in PIM's register */
	WEIR_TUNNEL_CAPWAP,
	WEIR_TUNNEL_TZSP,
	WEIR_TUNNEL_PBB, /**< Ethernet in Ethernet, as 802.1ah has it */
	WEIR_TUNNEL_MAX  /**< number of kinds */
};

/** Priority of an event nobody gave another one. */
#define WEIR_PRIO_DEFAULT 3
/** Highest priority: shed last. */
#define WEIR_PRIO_MAX 7
/** Most VLAN tags that an event reports. */
#define WEIR_MAX_VLANS 2
/** User words of an event. */
#define WEIR_EVENT_USER_WORDS 3

/**
 * The 5-tuple of a flow, to be hashed and compared as it is: every byte is defined.
 *
 * Directed: the key of the answer has both ends exchanged. The hash of the event is the same for
 * both directions.
 */
struct weir_key {
	uint8_t src[16]; /**< IPv6 address, or an IPv4 address mapped as in RFC 4291 2.5.5.2 */
	uint8_t dst[16]; /**< likewise */
	/** Source port; for ICMP echo the identifier; 0 where there is none, and of fragments unless
	 * WEIR_PARSE_FRAGMENTS_FLOW is asked for. */
	rte_be16_t sport;
	rte_be16_t dport; /**< destination port; for ICMP echo the identifier; else 0 */
	/** IP protocol number of L4 (6 TCP, 17 UDP …); of fragments without ports the one that all of a
	 * datagram have: that of what was cut up, which may be an extension header. */
	uint8_t proto;
	uint8_t ip_version; /**< 4 or 6 */
	uint16_t zero;      /**< always 0 */
};

/**
 * What an event of type WEIR_EVENT_GAP tells: what was lost on one ring of a link since the last
 * marker, at about this place in the order. Each end of a ring tells of what it lost, at most once a
 * millisecond.
 */
struct weir_gap {
	uint64_t count; /**< events lost */
	uint64_t first; /**< TSC when the first of them was lost, in cycles */
	uint64_t last;  /**< TSC when the last of them was lost, in cycles */
	uint32_t link;  /**< which link of the pipeline, from 0, as weir_ledger_link() has it */
	uint32_t zero;  /**< always 0 */
};

/** What happened to a port. */
enum weir_port_what {
	WEIR_PORT_UP = 1,   /**< Its link came up again. */
	WEIR_PORT_DOWN = 2, /**< Its link went down, or did not come up at the start. */
	WEIR_PORT_GONE = 3, /**< It went away: nothing more comes from it. */
	WEIR_PORT_BACK = 4, /**< It came back, and is polled again. */
};

/**
 * What an event of type WEIR_EVENT_PORT tells, of the port in `port`. The source with `port_events`
 * makes it, by its first worker, among the packets that come in then; priority and hash are those of
 * a gap's. What happens while 32 of them find no room is not told so; figures and log have it.
 */
struct weir_port_change {
	uint64_t at;    /**< TSC when it was noticed, in cycles */
	uint32_t what;  /**< enum weir_port_what, or a later one */
	uint32_t speed; /**< of a link that is up, in Mbit/s; else, and where it is not known, 0 */
};

/**
 * An event. Line 0 is what every stage reads, line 1 what flow code reads.
 *
 * `stopped` says which header the parser ended at, by the number that the header before it gives:
 * an ethertype from 0x0600 on, in host order, or an IP protocol below 256, that of an extension
 * header too. So it is
 * - the last header that was read, where nothing follows it that is looked at: TCP, UDP, ICMP …
 * - or one that is not read: of a kind that weir does not know, a later fragment, a tunnel that is
 *   not looked into, what GRE carries where that is no packet
 * - or, where `verdict` is not OK, the one that is wrong or cut off.
 * Of a tunnel that does not count (weir_parse()) it is the header around. What follows PPP and MPLS
 * has no such number: there it is the ethertype of those. 0 is, with WEIR_EVENT_KEYED, IPv6's
 * hop-by-hop header; else an 802.3 frame without SNAP, or one that ends within its Ethernet header.
 * Key-only leaves it 0.
 */
struct __rte_cache_aligned weir_event {
	uint8_t type;   /**< enum weir_event_type, or an application's own */
	uint8_t prio;   /**< 0 is shed first, WEIR_PRIO_MAX last */
	uint16_t pool;  /**< weir_pool_index() of the mbuf's pool; valid with WEIR_EVENT_PRISTINE */
	uint32_t flags; /**< WEIR_EVENT_… */
	uint64_t tsc;   /**< arrival: the TSC at the RX burst, in cycles */

	uint64_t wire_ns;  /**< on the wire, ns since 1970; valid with WEIR_EVENT_WIRE_TIME */
	uint32_t len;      /**< bytes of the frame that are here, without FCS */
	uint32_t wire_len; /**< bytes that it had on the wire: `len`, or more where it was cut */

	uint16_t port;        /**< ethdev port it came in on; RTE_MBUF_PORT_INVALID: none */
	uint16_t queue;       /**< queue of the source it came in on */
	uint32_t hash;        /**< symmetric flow hash; 0 without WEIR_EVENT_KEYED */
	uint32_t payload_len; /**< bytes of L4 payload, by the headers and within the frame */
	uint32_t tunnel_id;   /**< of the tunnel, as weir_parse() says; 0: none */

	uint16_t l3_off;      /**< offset of the keyed IP header; 0: there, none, or key-only */
	uint16_t l4_off;      /**< offset of the L4 header in the frame; 0: none */
	uint16_t payload_off; /**< offset of the L4 payload in the frame; 0: none */
	uint16_t stopped;     /**< header that the parser ended at: see above */
	uint16_t vlan[WEIR_MAX_VLANS]; /**< tag control information, outermost first */
	uint8_t tunnel;                /**< enum weir_tunnel */
	uint8_t verdict;               /**< enum weir_verdict */
	uint8_t tcp_flags;             /**< TCP flags byte; 0 where there is none */
	uint8_t proto;                 /**< IP protocol number of L4; valid with WEIR_EVENT_KEYED */

	union {
		struct weir_key key;            /**< valid with WEIR_EVENT_KEYED */
		struct weir_gap gap;            /**< of type WEIR_EVENT_GAP */
		struct weir_port_change change; /**< of type WEIR_EVENT_PORT */
	};
	/** Words for the stages. Not initialised: read only what a stage before you has set. */
	uint64_t user[WEIR_EVENT_USER_WORDS];
};

/** IP version of a packet's keyed header: 4, 6, or 0 where there is none. */
static inline uint8_t
weir_event_ip_version(const struct weir_event *event)
{
	if (event->flags & WEIR_EVENT_IPV4)
		return 4;
	return event->flags & WEIR_EVENT_IPV6 ? 6 : 0;
}

/** How many tags are in `vlan`, 0 to WEIR_MAX_VLANS. */
static inline unsigned int
weir_event_vlan_count(const struct weir_event *event)
{
	return !!(event->flags & WEIR_EVENT_VLAN) + !!(event->flags & WEIR_EVENT_QINQ);
}

/**
 * The ethertype that goes with what the event says of a packet, in host order: that of the keyed
 * IP header; else the innermost that was read; 0 where that was an 802.3 length.
 */
static inline uint16_t
weir_event_ethertype(const struct weir_event *event)
{
	if (event->flags & WEIR_EVENT_IPV4)
		return 0x0800;
	return event->flags & WEIR_EVENT_IPV6 ? 0x86dd : event->stopped;
}

/** The mbuf of an event. */
static inline struct rte_mbuf *
weir_event_mbuf(const struct weir_event *event)
{
	return (struct rte_mbuf *)(uintptr_t)event - 1;
}

/** The event of an mbuf. The mbuf's private area must have room for it: weir_mbuf_fits(). */
static inline struct weir_event *
weir_mbuf_event(const struct rte_mbuf *mbuf)
{
	return (struct weir_event *)(uintptr_t)(mbuf + 1);
}

/**
 * weir_mbuf_priv() gives the application's own bytes of an mbuf, which lie behind its event: `priv_size` of
 * weir_pool_create(), or what the pool's private area has beyond sizeof(struct weir_event). weir never reads
 * nor writes them: they are as the application left them from weir_inject_packets() or weir_inject_events()
 * on, in every stage, in those of a shared event too, until the mbuf is freed. The next packet in that mbuf
 * finds them as they were. A clone has bytes of its own.
 *
 * @param mbuf  one whose private area fits more than an event; of an event weir_event_mbuf()
 * @return aligned to 8 bytes
 */
static inline void *
weir_mbuf_priv(const struct rte_mbuf *mbuf)
{
	return weir_mbuf_event(mbuf) + 1;
}

/**
 * weir_event_ports() gives the ports of a keyed packet: those of its key, or, where a first fragment's key
 * has none, those in its L4 header, which it reads for that. A packet that was parsed key-only has the
 * key's alone.
 *
 * @return whether there are some
 */
static inline bool
weir_event_ports(const struct weir_event *event, rte_be16_t *sport, rte_be16_t *dport)
{
	rte_be16_t scratch[2];
	const uint8_t *ports;

	if (likely(!(event->flags & WEIR_EVENT_FRAGMENT_PORTS))) {
		*sport = event->key.sport;
		*dport = event->key.dport;
		return (*sport | *dport) != 0;
	}
	if (event->l4_off == 0)
		return false;
	ports = (const uint8_t *)rte_pktmbuf_read(weir_event_mbuf(event), event->l4_off,
		sizeof(scratch), scratch);
	if (ports == NULL)
		return false;
	memcpy(sport, ports, sizeof(*sport));
	memcpy(dport, ports + sizeof(*sport), sizeof(*dport));
	return true;
}

/** Whether the private area of an mbuf has room for an event. Reads the mbuf's second line. */
static inline bool
weir_mbuf_fits(const struct rte_mbuf *mbuf)
{
	return mbuf->priv_size >= sizeof(struct weir_event);
}

/**
 * weir_pool_index() gives the index that stands for a pool in `pool` of events.
 *
 * The process has one table of pools, from which nothing is ever taken: an entry is an address, and
 * a later pool at the same address has its index. A pool that is not in it yet is put in, without
 * a lock, which weir_pool_create() does for its own. There is room for a thousand addresses and
 * more; events of pools beyond are never pristine, and go back to their pools one by one.
 *
 * Thread-safety: any thread; all get the same index for a pool.
 *
 * @param pool  a pool of mbufs, of weir_pool_create() or not
 * @return the index, from 1; 0: the table is full, or `pool` is NULL
 */
WEIR_API uint16_t weir_pool_index(const struct rte_mempool *pool);

/** weir_mbuf_mark() for who knows the index of the mbuf's pool: as of the mbuf before it. */
static inline uint32_t
weir_mbuf_mark_of(const struct rte_mbuf *mbuf, uint16_t pool)
{
	weir_mbuf_event(mbuf)->pool = pool;
	if (pool != 0 && mbuf->nb_segs == 1 && rte_mbuf_refcnt_read(mbuf) == 1 &&
		RTE_MBUF_DIRECT(mbuf))
		return WEIR_EVENT_PRISTINE;
	return 0;
}

/**
 * weir_mbuf_mark() records in the event whether the mbuf is pristine.
 *
 * A pristine event goes back to its pool without its mbuf being read, with a run of others in one
 * rte_mempool_put_bulk(). Call it while the mbuf is hot in the cache: when the event is made.
 *
 * @param mbuf  an mbuf whose private area fits an event
 * @return WEIR_EVENT_PRISTINE, or 0: the flag to set in the event
 */
static inline uint32_t
weir_mbuf_mark(const struct rte_mbuf *mbuf)
{
	return weir_mbuf_mark_of(mbuf, weir_pool_index(mbuf->pool));
}

/**
 * weir_event_touch() says that the mbuf of an event is about to change its shape: a segment
 * chained to it, a reference taken, a clone made of it. Call it before, by the event's holder.
 */
static inline void
weir_event_touch(struct weir_event *event)
{
	event->flags &= ~WEIR_EVENT_PRISTINE;
}

/**
 * weir_pool_create() makes a pool of mbufs that carry events.
 *
 * @param name       a mempool name, unique in the process
 * @param size       number of mbufs; 2^n - 1 uses memory best
 * @param cache      mbufs that each lcore may keep, 0 to RTE_MEMPOOL_CACHE_MAX_SIZE
 * @param priv_size  bytes of the application's own behind the event, a multiple of 8
 * @param data_room  bytes for a packet, headroom included; 0 for events without a packet
 * @param socket     NUMA socket, or SOCKET_ID_ANY
 * @return the pool, for rte_mempool_free(); NULL with rte_errno as rte_pktmbuf_pool_create() sets
 *   it (ENOMEM, EINVAL, EEXIST, E_RTE_NO_CONFIG …)
 */
WEIR_API struct rte_mempool *weir_pool_create(const char *name, unsigned int size,
	unsigned int cache, uint16_t priv_size, uint16_t data_room, int socket);

/**
 * weir_events_free() gives the mbufs of n events back to their pools: runs of pristine ones of one pool at
 * once, of which no line of the mbuf itself is touched; others by rte_pktmbuf_free(). For who has the
 * events: those that weir_eject_events() gave, or weir_inject_events() did not take. Any thread.
 *
 * @param events  events in mbufs that have changed neither shape nor refcnt since weir_mbuf_mark(), or
 *   of which that was said by weir_event_touch()
 */
WEIR_API void weir_events_free(struct weir_event *const events[], unsigned int n);

/** Short name of a verdict ("ok", "trunc_l3" …), the key in reports; NULL beyond the last. */
WEIR_API const char *weir_verdict_name(unsigned int verdict);

/** Short name of a tunnel ("vxlan" …); "none" for WEIR_TUNNEL_NONE; NULL beyond the last. */
WEIR_API const char *weir_tunnel_name(unsigned int tunnel);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_EVENT_H */
