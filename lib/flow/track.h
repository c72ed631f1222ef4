/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The stage `flow`, and stages made of it. Of a burst the flows are looked up together (stage_burst.c); each
 * packet is then counted in its flow, whose state it may change (track.c, tcp.c); what is to be told of a flow
 * is copied into an event of the worker's own pool (tell.c, record.c).
 *
 * An event that is to be told of needs an mbuf: those lie ready before a burst is taken, and where there
 * are none the stage takes nothing. So none is ever lost, and what nobody takes from a link behind it
 * presses on the link before it.
 */
#ifndef WEIR_FLOW_TRACK_H
#define WEIR_FLOW_TRACK_H

#include <netinet/in.h>

#include "link/link.h"

#include "flow_private.h"

/* The outputs of a stage of flows. */
enum { OUTPUT_PACKETS, OUTPUT_FLOWS };

/* The lives of its table. */
enum life {
	LIFE_TCP_NEW,
	LIFE_TCP,
	LIFE_TCP_CLOSING,
	LIFE_TCP_CLOSED,
	LIFE_TCP_RESET,
	LIFE_UDP_NEW,
	LIFE_UDP,
	LIFE_ICMP_NEW,
	LIFE_ICMP,
	LIFE_OTHER_NEW,
	LIFE_OTHER,
	LIVES
};

static_assert(LIVES <= WEIR_FLOW_LIVES, "a table has so many lives");

/* What the parameters of a stage of flows fill. */
struct track_conf {
	uint64_t capacity;
	uint64_t on_full; /* enum weir_flow_full */
	const char *key;
	const char *events;
	uint64_t records;
	uint64_t active;   /* ns */
	uint64_t lifetime; /* ns */
	uint64_t tcp_new;  /* ns, as all time-outs */
	uint64_t tcp;
	uint64_t tcp_closing;
	uint64_t tcp_closed;
	uint64_t udp_new;
	uint64_t udp;
	uint64_t icmp;
	uint64_t other;
};

/* Parts of the key beyond the 5-tuple. */
#define KEY_VLAN (1u << 0)
#define KEY_TUNNEL (1u << 1)
#define KEY_PORT (1u << 2)

/* Flags of a tally; the lower ones are those of a record. */
#define TALLY_RECORD 0x0fu
#define TALLY_TCP (1u << 4)
/* The client's packets go against the flow's key; those of who sent the first one. */
#define TALLY_CLIENT_REVERSED (1u << 5)
#define TALLY_OPENER_REVERSED (1u << 6)
#define TALLY_SYN_ACK (1u << 7)
/* Of the side behind the shift: 0, or 1 against the key. */
#define TALLY_SEQ(side) (1u << (8 + (side)))
#define TALLY_ACK(side) (1u << (10 + (side)))
#define TALLY_FIN(side) (1u << (12 + (side)))

/* What one side has sent: side 0 goes along the key. */
struct tally_side {
	uint64_t bytes;
	uint64_t payload;
	uint64_t first;
	uint64_t last;
};

/* Of TCP. */
struct tally_tcp {
	uint32_t next[2]; /* the sequence number that is expected */
	uint32_t rtt_ns;
	uint16_t retransmitted[2];
	uint16_t out_of_order[2];
	uint16_t lost[2];
};

/* The first half of what an ICMP error quotes; the rest is in struct tally_cold. */
struct tally_quote {
	uint8_t src[16];
	rte_be16_t sport;
	rte_be16_t dport;
	uint8_t proto;
	uint8_t reserved[3];
};

/*
 * What the stage keeps with a flow, behind the key: what all packets need ends with the second line of
 * the record, and both sides are the third.
 */
struct tally {
	uint16_t flags;
	uint8_t state;
	uint8_t reserved;
	uint8_t tcp_flags[2];
	uint8_t ttl[2];
	uint32_t packets[2];
	uint64_t told; /* ns: when it was last told of */
	union {
		struct tally_tcp tcp;
		struct tally_quote quote;
	};
	struct tally_side sides[2];
};

static_assert(sizeof(struct tally) == 112 &&
		offsetof(struct weir_flow, stamp) + sizeof(uint16_t) +
				offsetof(struct tally, sides) ==
			2 * RTE_CACHE_LINE_SIZE,
	"a flow is three lines");

/* What is written once, by the number of the flow. */
struct tally_cold {
	uint16_t vlan[WEIR_MAX_VLANS];
	uint32_t tunnel_id;
	uint16_t flags; /* the lower ones of the first packet's event */
	uint16_t port;
	uint8_t tunnel;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t times; /* that the record was a flow's */
	uint8_t quoted_dst[16];
};

static_assert(sizeof(struct tally_cold) == 32, "two flows a line");

/* The worker's time: ns since 1970. */
struct track_clock {
	uint64_t latest;       /* of packets; 0: none came yet */
	uint64_t tsc;          /* when that came */
	uint64_t far;          /* a time far off that a second packet may confirm; 0: none */
	bool live;             /* packets come as they are: their time is that of the clock */
	uint64_t wall;         /* ns since 1970 at TSC 0 */
	uint64_t ns_per_cycle; /* times 2^32 */
	uint64_t steered;      /* TSC */
};

/* Figures of a worker: others may read them beside it. */
struct track_stats {
	uint64_t keyless;  /* packets without a flow, since they have no key */
	uint64_t backward; /* packets whose time lay before that of one before */
	uint64_t far;      /* packets whose time lay more than an hour off */
	uint64_t told;     /* events */
};

/* Most packets of a burst that are looked up at once. */
#define TRACK_BURST 64

struct track {
	struct weir_flow_table *table;
	struct tally_cold *cold;
	const struct weir_flow_ops *ops;
	struct weir_worker *worker;
	void *own;                        /* the state machine's, of the worker */
	uint64_t active;                  /* ns; UINT64_MAX: for ever, as of `lifetime` */
	uint64_t lifetime;                /* ns */
	uint64_t within[WEIR_FLOW_LIVES]; /* ns: see usual_within() */
	uint8_t key;                      /* KEY_… */
	uint8_t events;                   /* bit i: type WEIR_EVENT_FLOW_NEW + i is told of */
	uint16_t pool_index;
	struct track_clock clock;
	struct track_stats stats;
	struct weir_flow_stats seen; /* the table's figures, as others read them */
	uint64_t capacity;

	/* Of the burst at hand. */
	uint64_t now; /* time of the packet at hand */
	uint16_t told_count;
	uint16_t tells_left;
	uint8_t reached;     /* states that the packet leads to: bit i for state i, in that order */
	uint32_t per_packet; /* events that one packet may bring, itself apart */
	uint32_t per_end;    /* events that one end may bring */
	struct rte_mempool *pool;
	struct rte_mbuf **stash; /* those that lie ready */
	uint32_t stash_count;
	uint32_t stash_size;
	struct weir_event **told;
};

static inline struct tally_cold *
cold_of(const struct track *track, const struct weir_flow *flow)
{
	return &track->cold[record_number(track->table, flow)];
}

static inline struct tally *
tally_of(const struct weir_flow *flow)
{
	return weir_flow_user((struct weir_flow *)(uintptr_t)flow);
}

/* What a state machine keeps with a flow. */
static inline void *
track_user(const struct weir_flow *flow)
{
	return tally_of(flow) + 1;
}

/* Which of the sides by the key is the client. */
static inline unsigned int
tally_client(const struct tally *tally)
{
	return tally->flags & TALLY_CLIENT_REVERSED ? 1 : 0;
}

/* Which of them sent the first packet. */
static inline unsigned int
tally_opener(const struct tally *tally)
{
	return tally->flags & TALLY_OPENER_REVERSED ? 1 : 0;
}

/* The time of a tick of the TSC. */
static inline uint64_t
clock_at(const struct track_clock *clock, uint64_t tsc)
{
	__extension__ typedef unsigned __int128 wide;

	return clock->wall + (uint64_t)(((wide)tsc * clock->ns_per_cycle) >> 32);
}

/* clock.c */
void clock_init(struct track_clock *clock);
/* The time of a packet that has none of the wire. */
uint64_t clock_untimed(const struct track_clock *clock, const struct weir_event *event);
/* A packet of that time came, be it the first one, or before the latest, or far off. */
void clock_turn(struct track *track, uint64_t now);
/* The last packet of a burst has come: what its time is to the clock. */
void clock_burst(struct track_clock *clock, uint64_t tsc);
/* Once a second: the time of the TSC follows the wall clock. */
void clock_steer(struct track_clock *clock);
/* What time it is; 0: not known. */
uint64_t clock_now(const struct track_clock *clock);

#define HOUR_NS (3600 * (uint64_t)NS_PER_S)

/* The time of a packet. */
static inline uint64_t
clock_packet(const struct track_clock *clock, const struct weir_event *event)
{
	return likely(event->flags & WEIR_EVENT_WIRE_TIME) ? event->wire_ns :
							     clock_untimed(clock, event);
}

/* A packet of that time came. */
static inline void
clock_move(struct track *track, uint64_t now)
{
	uint64_t latest = track->clock.latest;

	if (likely(latest != 0 && now >= latest && now - latest <= HOUR_NS))
		track->clock.latest = now;
	else
		clock_turn(track, now);
}

/* Fragments of datagrams have a flow by addresses alone, whatever they carry. */
static inline bool
track_portless(const struct weir_event *event)
{
	return event->flags & WEIR_EVENT_FRAGMENT && (event->key.sport | event->key.dport) == 0;
}

/* Of a packet that makes a flow, that flow's life. */
static inline uint8_t
track_life(const struct weir_event *event)
{
	if (unlikely(track_portless(event)))
		return LIFE_OTHER_NEW;
	if (likely(event->proto == IPPROTO_TCP))
		return LIFE_TCP_NEW;
	if (event->proto == IPPROTO_UDP)
		return LIFE_UDP_NEW;
	return event->proto == IPPROTO_ICMP || event->proto == IPPROTO_ICMPV6 ? LIFE_ICMP_NEW :
										LIFE_OTHER_NEW;
}

/* track.c: whether a packet begins another flow in the place of one that is there; why that ends. */
bool track_anew(const struct track *track, const struct weir_flow *flow,
	const struct weir_event *event, unsigned int side, enum weir_flow_reason *reason);
/* A packet of a flow, `side` 1 against its key. */
void track_packet(struct track *track, struct weir_flow *flow, const struct weir_event *event,
	unsigned int side, bool created);
void track_end(void *arg, struct weir_flow *flow, enum weir_flow_reason reason);

/*
 * tcp.c: what a packet of a TCP flow is to it; the states that it leads to are in `reached`. Its bytes of
 * payload.
 */
uint32_t tcp_packet(struct track *track, struct tally *tally, const struct weir_event *event,
	unsigned int side);

/* `len` bytes of a packet, in `scratch` where they are not in one place; NULL: they are not there. */
static inline const uint8_t *
track_bytes(const struct weir_event *event, uint32_t off, uint32_t len, void *scratch)
{
	return (const uint8_t *)rte_pktmbuf_read(weir_event_mbuf(event), off, len, scratch);
}

/*
 * Bytes from the L4 header on, by the IP header, for a capture may have cut the frame; no more than were on the
 * wire, for that length may be wrong.
 */
uint32_t track_l4_len(const struct weir_event *event);

/* quote.c: what an ICMP error quotes, where it is one. */
void quote_read(struct tally *tally, struct tally_cold *cold, const struct weir_event *event);

/* record.c */
void record_read(const struct track *track, const struct weir_flow *flow,
	struct weir_flow_record *record);

/* figures.c: have others see how the table is. */
void figures_publish(struct track *track);

/* tell.c */
int tell_init(struct track *track, const struct track_conf *conf, struct weir_error *error);
void tell_fini(struct track *track);
/* Events that one packet may bring. */
uint32_t tell_most(const struct weir_flow_ops *ops);
size_t tell_memory(const struct weir_flow_ops *ops, const struct track_conf *conf);
/* Have mbufs ready; for how many there are now. */
uint32_t tell_ready(struct track *track);
/* Tell of a flow, at that time. */
void tell(struct track *track, const struct weir_flow *flow, uint8_t type, uint8_t reason,
	uint64_t ns);
/* Whether anybody is told of that type. */
static inline bool
tell_wanted(const struct track *track, uint8_t type)
{
	return track->events >> (type - WEIR_EVENT_FLOW_NEW) & 1;
}
/* Send what was told: how many. */
uint16_t tell_flush(struct track *track);

/* stage_burst.c */
void track_process(struct weir_worker *worker, void *state, struct weir_event *events[],
	uint16_t n);
unsigned int track_room(struct weir_worker *worker, void *state);
unsigned int track_tick(struct weir_worker *worker, void *state, unsigned int room);
unsigned int track_drain(struct weir_worker *worker, void *state, unsigned int room);

#endif /* WEIR_FLOW_TRACK_H */
