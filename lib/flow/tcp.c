/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * TCP: what a segment says of its connection (RFC 9293), seen from beside it. Of each side one number is kept,
 * what it would send next: what lies beyond came over a gap, what lies before fills one, or was sent again.
 */
#include <netinet/tcp.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "track.h"

/* What is read of a segment. */
struct segment {
	uint32_t seq;
	uint32_t payload;
	uint8_t flags;
};

static inline void
count_up(uint16_t *counter)
{
	*counter = (uint16_t)(*counter + (*counter < WEIR_FLOW_COUNT_MAX));
}

/* Where an IP header says how long its packet is. */
static inline uint32_t
length_off(const struct weir_event *event)
{
	return event->l3_off + (event->flags & WEIR_EVENT_IPV4 ? 2u : 4u);
}

/* Bytes from the L4 header on, by that length. */
static inline uint32_t
l4_len_of(const struct weir_event *event, const uint8_t *len)
{
	uint32_t off = event->l3_off, l3_len = event->l4_off - off, total;

	total = (uint32_t)(len[0] << 8 | len[1]);
	if (!(event->flags & WEIR_EVENT_IPV4))
		total += sizeof(struct rte_ipv6_hdr);
	total = RTE_MIN(total, event->wire_len - off);
	return total > l3_len ? total - l3_len : 0;
}

uint32_t
track_l4_len(const struct weir_event *event)
{
	rte_be16_t scratch;
	const uint8_t *len;

	len = track_bytes(event, length_off(event), sizeof(scratch), &scratch);
	return len != NULL ? l4_len_of(event, len) : 0;
}

static inline void
segment_fill(const struct weir_event *event, const struct rte_tcp_hdr *tcp, uint32_t len,
	struct segment *segment)
{
	uint32_t header = (tcp->data_off >> 4) * 4u;

	segment->seq = rte_be_to_cpu_32(tcp->sent_seq);
	segment->flags = event->tcp_flags;
	if (unlikely(event->flags & WEIR_EVENT_NO_LENGTH))
		segment->payload = event->payload_len;
	else
		segment->payload = len > header ? len - header : 0;
}

/* Its headers are not in the first part of the packet. False: not there. */
static __rte_noinline bool
segment_gather(const struct weir_event *event, struct segment *segment)
{
	struct rte_tcp_hdr scratch;
	const struct rte_tcp_hdr *tcp;

	tcp = (const struct rte_tcp_hdr *)track_bytes(event, event->l4_off, sizeof(scratch),
		&scratch);
	if (tcp == NULL)
		return false;
	segment_fill(event, tcp, track_l4_len(event), segment);
	return true;
}

/* False: its header is not there. */
static inline bool
segment_read(const struct weir_event *event, struct segment *segment)
{
	const struct rte_mbuf *mbuf = weir_event_mbuf(event);
	const uint8_t *frame;

	if (unlikely(event->l4_off == 0 || event->flags & WEIR_EVENT_NO_TCP_FLAGS))
		return false;
	if (unlikely(event->l4_off + sizeof(struct rte_tcp_hdr) > rte_pktmbuf_data_len(mbuf)))
		return segment_gather(event, segment);
	frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	segment_fill(event, (const struct rte_tcp_hdr *)(const void *)(frame + event->l4_off),
		l4_len_of(event, frame + length_off(event)), segment);
	return true;
}

static void
sequence(struct tally *tally, const struct segment *segment, unsigned int side)
{
	uint32_t len = segment->payload + !!(segment->flags & TH_SYN) + !!(segment->flags & TH_FIN);
	uint32_t end = segment->seq + len;
	struct tally_tcp *tcp = &tally->tcp;
	int32_t ahead = (int32_t)(segment->seq - tcp->next[side]);

	if (len == 0 || segment->flags & TH_RST)
		return;
	if (unlikely(!(tally->flags & TALLY_SEQ(side)))) {
		tally->flags |= TALLY_SEQ(side);
	} else if (unlikely(ahead > 0)) {
		count_up(&tcp->lost[side]);
	} else if (unlikely(ahead < 0) && (int32_t)(end - tcp->next[side]) <= 0) {
		if (tcp->lost[side] == 0) {
			count_up(&tcp->retransmitted[side]);
		} else {
			tcp->lost[side]--;
			count_up(&tcp->out_of_order[side]);
		}
		return;
	}
	tcp->next[side] = end;
}

/* From the client's SYN to its first acknowledgement, where the answer came between. */
static void
handshake_time(const struct track *track, struct tally *tally, unsigned int client)
{
	uint64_t syn = tally->sides[client].last;

	if (tally->flags & (WEIR_FLOW_MIDSTREAM | TALLY_ACK(client)) ||
		!(tally->flags & TALLY_SYN_ACK))
		return;
	tally->flags |= WEIR_FLOW_RTT;
	tally->tcp.rtt_ns = track->now > syn ? (uint32_t)RTE_MIN(track->now - syn, UINT32_MAX) : 0;
}

/* A state that the packet at hand leads to: its flow has it once the packet is counted. */
static inline void
reach(struct track *track, enum weir_flow_state state)
{
	track->reached |= (uint8_t)(1u << state);
}

static void
acknowledged(struct track *track, struct tally *tally, uint8_t flags, unsigned int side)
{
	unsigned int client = tally_client(tally);

	if (side == client) {
		if (flags & TH_SYN)
			return;
		handshake_time(track, tally, client);
	} else if (flags & TH_SYN) {
		tally->flags |= TALLY_SYN_ACK;
	}
	tally->flags |= TALLY_ACK(side);
	if (tally->state == WEIR_FLOW_STATE_NEW && tally->flags & TALLY_ACK(!side))
		reach(track, WEIR_FLOW_STATE_ESTABLISHED);
}

static void
ended(struct track *track, struct tally *tally, uint8_t flags, unsigned int side)
{
	if (tally->state >= WEIR_FLOW_STATE_CLOSED)
		return;
	if (flags & TH_RST) {
		reach(track, WEIR_FLOW_STATE_RESET);
		return;
	}
	tally->flags |= TALLY_FIN(side);
	if (tally->flags & TALLY_FIN(!side))
		reach(track, WEIR_FLOW_STATE_CLOSED);
	else if (tally->state != WEIR_FLOW_STATE_CLOSING)
		reach(track, WEIR_FLOW_STATE_CLOSING);
}

uint32_t
tcp_packet(struct track *track, struct tally *tally, const struct weir_event *event,
	unsigned int side)
{
	struct segment segment;
	uint16_t both = TALLY_ACK(0) | TALLY_ACK(1);

	if (!segment_read(event, &segment))
		return event->payload_len;
	tally->tcp_flags[side] |= segment.flags;
	sequence(tally, &segment, side);
	if (unlikely((tally->flags & both) != both || tally->state == WEIR_FLOW_STATE_NEW) &&
		segment.flags & TH_ACK)
		acknowledged(track, tally, segment.flags, side);
	if (unlikely(segment.flags & (TH_FIN | TH_RST)))
		ended(track, tally, segment.flags, side);
	return segment.payload;
}
