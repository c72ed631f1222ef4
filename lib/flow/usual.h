/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The usual packet: of a flow both of whose sides have sent, in time, the next of its side, and with nothing that
 * changes a state. It is counted here with few branches; track.c says what any other means, and would say the
 * same of this.
 */
#ifndef WEIR_FLOW_USUAL_H
#define WEIR_FLOW_USUAL_H

#include <netinet/tcp.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

#include "track.h"

/* What may begin or end a connection. */
#define USUAL_NOT_TCP (TH_SYN | TH_FIN | TH_RST)
#define USUAL_NOT (WEIR_EVENT_NO_LENGTH | WEIR_EVENT_NO_TCP_FLAGS)

/* Times by which a packet may be the usual one: none is longer, so that a step back is not usual. */
#define USUAL_NS_MAX ((uint64_t)INT64_MAX)

static inline uint64_t
usual_within(uint64_t idle)
{
	return idle == 0 ? USUAL_NS_MAX : RTE_MIN(idle, USUAL_NS_MAX);
}

/* Whether all of its headers are known, so that `payload_len` is what was on the wire. */
static inline bool
usual_headers(const struct weir_event *event)
{
	return ((event->flags & USUAL_NOT) | event->verdict | (event->tcp_flags & USUAL_NOT_TCP)) ==
		0 &&
		event->payload_off != 0 && event->wire_len <= event->len;
}

/* Whether nothing of its flow ends or is told of by this packet's time. */
static inline bool
usual_time(const struct track *track, const struct weir_flow *flow, const struct tally *tally)
{
	uint64_t now = track->now;

	return now - flow->last <= track->within[flow->life] && now - tally->told < track->active &&
		(likely(track->lifetime == UINT64_MAX) ||
			now - tally->sides[tally_opener(tally)].first <= track->lifetime);
}

/* Whether a segment with payload is the one that comes next. Its number is in the first part of the packet. */
static inline bool
usual_next(const struct tally *tally, const struct weir_event *event, unsigned int side)
{
	const struct rte_mbuf *mbuf = weir_event_mbuf(event);
	uint32_t off = event->l4_off + (uint32_t)offsetof(struct rte_tcp_hdr, sent_seq);
	rte_be32_t seq;

	if (unlikely(event->payload_off > rte_pktmbuf_data_len(mbuf)))
		return false;
	memcpy(&seq, rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, off), sizeof(seq));
	return rte_be_to_cpu_32(seq) == tally->tcp.next[side] && tally->flags & TALLY_SEQ(side);
}

/* Count a packet if it is the usual one; else nothing is changed. */
static inline bool
usual_count(const struct track *track, struct weir_flow *flow, const struct weir_event *event,
	unsigned int side)
{
	struct tally *tally = tally_of(flow);
	struct tally_side *sent = &tally->sides[side];
	uint32_t payload = event->payload_len;

	/* Of packets neither none, so that this is its side's first, nor as many as there may be. */
	if (unlikely(tally->state != WEIR_FLOW_STATE_ESTABLISHED || !usual_headers(event) ||
		    tally->packets[side] - 1 >= UINT32_MAX - 1 || !usual_time(track, flow, tally)))
		return false;
	if (likely(tally->flags & TALLY_TCP)) {
		if (payload != 0) {
			if (unlikely(!usual_next(tally, event, side)))
				return false;
			tally->tcp.next[side] += payload;
		}
		tally->tcp_flags[side] |= event->tcp_flags;
	}
	tally->packets[side]++;
	sent->bytes += event->wire_len;
	sent->payload += payload;
	sent->last = RTE_MAX(sent->last, track->now);
	flow->last = track->now;
	return true;
}

#endif /* WEIR_FLOW_USUAL_H */
