/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a packet means for its flow: whether it is of it, what it adds, and which state it leads to. */
#include <netinet/tcp.h>

#include <rte_icmp.h>

#include "track.h"

/* The life of a flow by its kind and state; TCP's alone differ by more than whether both sides sent. */
static const uint8_t lives[][WEIR_FLOW_STATES] = {
	[LIFE_TCP_NEW] = { LIFE_TCP_NEW, LIFE_TCP, LIFE_TCP_CLOSING, LIFE_TCP_CLOSED,
		LIFE_TCP_RESET },
	[LIFE_UDP_NEW] = { LIFE_UDP_NEW, LIFE_UDP },
	[LIFE_ICMP_NEW] = { LIFE_ICMP_NEW, LIFE_ICMP },
	[LIFE_OTHER_NEW] = { LIFE_OTHER_NEW, LIFE_OTHER },
};

/* The kind of a flow: its life at first. */
static const uint8_t kinds[LIVES] = {
	[LIFE_TCP_NEW] = LIFE_TCP_NEW,
	[LIFE_TCP] = LIFE_TCP_NEW,
	[LIFE_TCP_CLOSING] = LIFE_TCP_NEW,
	[LIFE_TCP_CLOSED] = LIFE_TCP_NEW,
	[LIFE_TCP_RESET] = LIFE_TCP_NEW,
	[LIFE_UDP_NEW] = LIFE_UDP_NEW,
	[LIFE_UDP] = LIFE_UDP_NEW,
	[LIFE_ICMP_NEW] = LIFE_ICMP_NEW,
	[LIFE_ICMP] = LIFE_ICMP_NEW,
	[LIFE_OTHER_NEW] = LIFE_OTHER_NEW,
	[LIFE_OTHER] = LIFE_OTHER_NEW,
};

static void
change(struct track *track, struct weir_flow *flow, enum weir_flow_state state)
{
	struct tally *tally = tally_of(flow);
	enum weir_flow_state old = tally->state;
	const struct weir_flow_ops *ops = track->ops;

	tally->state = (uint8_t)state;
	weir_flow_set_life(track->table, flow, lives[kinds[flow->life]][state]);
	if (ops->on_state != NULL)
		ops->on_state(track->worker, flow, track_user(flow), old, state);
	if (state == WEIR_FLOW_STATE_ESTABLISHED)
		tell(track, flow, WEIR_EVENT_FLOW_ESTABLISHED, 0, track->now);
}

void
track_end(void *arg, struct weir_flow *flow, enum weir_flow_reason reason)
{
	struct track *track = arg;

	if (track->ops->on_end != NULL) {
		track->tells_left = track->ops->tells;
		track->ops->on_end(track->worker, flow, track_user(flow), reason);
	}
	tell(track, flow, WEIR_EVENT_FLOW_END, (uint8_t)reason, 0);
}

/* Who sent the SYN is the client; whom a SYN-ACK goes to; else who sent this. */
static void
begin_tcp(struct tally *tally, const struct weir_event *event, unsigned int side)
{
	tally->flags |= TALLY_TCP;
	if (!(event->tcp_flags & TH_SYN))
		tally->flags |= WEIR_FLOW_MIDSTREAM;
	else if (event->tcp_flags & TH_ACK && side == 0)
		tally->flags |= TALLY_CLIENT_REVERSED | WEIR_FLOW_MIDSTREAM;
	else if (event->tcp_flags & TH_ACK)
		tally->flags = (tally->flags & ~TALLY_CLIENT_REVERSED) | WEIR_FLOW_MIDSTREAM;
}

static void
begin_icmp(struct tally *tally, struct tally_cold *cold, const struct weir_event *event)
{
	uint8_t scratch[2];
	const uint8_t *icmp;

	if (event->l4_off == 0)
		return;
	icmp = track_bytes(event, event->l4_off, sizeof(scratch), scratch);
	if (icmp == NULL)
		return;
	cold->icmp_type = icmp[0];
	cold->icmp_code = icmp[1];
	tally->flags |= WEIR_FLOW_ICMP;
	quote_read(tally, cold, event);
}

static void
begin(struct track *track, struct weir_flow *flow, const struct weir_event *event,
	unsigned int side)
{
	struct tally_cold *cold = cold_of(track, flow);
	struct tally *tally = tally_of(flow);
	uint8_t life = track_life(event);

	tally->told = track->now;
	if (side == 1)
		tally->flags |= TALLY_CLIENT_REVERSED | TALLY_OPENER_REVERSED;
	*cold = (struct tally_cold){
		.times = (uint8_t)(cold->times + 1),
		.vlan = { event->vlan[0], event->vlan[1] },
		.tunnel_id = event->tunnel_id,
		.tunnel = event->tunnel,
		.flags = (uint16_t)event->flags,
		.port = event->port,
	};
	if (life == LIFE_TCP_NEW)
		begin_tcp(tally, event, side);
	else if (life == LIFE_ICMP_NEW)
		begin_icmp(tally, cold, event);
	/* The table had it begin with its burst. */
	flow->last = track->now;
	weir_flow_set_life(track->table, flow, life);
}

/* The TTL or hop limit; 0: it is not there. */
static uint8_t
ttl_of(const struct weir_event *event)
{
	bool ipv4 = event->flags & WEIR_EVENT_IPV4;
	uint8_t scratch;
	const uint8_t *ttl;

	/* What is keyed without an offset begins with its IP header, or was parsed for its key alone. */
	if (event->l3_off == 0 && event->stopped == 0)
		return 0;
	ttl = track_bytes(event, event->l3_off + (ipv4 ? 8u : 7u), sizeof(scratch), &scratch);
	return ttl != NULL ? *ttl : 0;
}

/* Payload of what is not TCP: of a frame that a capture has cut, what was on the wire. */
static uint32_t
payload_of(const struct weir_event *event)
{
	uint32_t header = event->payload_off - (uint32_t)event->l4_off, len;

	if (likely(event->wire_len <= event->len) || event->l4_off == 0 ||
		event->payload_off == 0 || event->flags & WEIR_EVENT_NO_LENGTH)
		return event->payload_len;
	len = track_l4_len(event);
	return len > header ? len - header : 0;
}

static void
count(struct track *track, struct weir_flow *flow, const struct weir_event *event,
	unsigned int side)
{
	struct tally *tally = tally_of(flow);
	struct tally_side *sent = &tally->sides[side];

	if (tally->packets[side]++ == 0) {
		sent->first = track->now;
		tally->ttl[side] = ttl_of(event);
	}
	sent->bytes += event->wire_len;
	if (tally->flags & TALLY_TCP)
		sent->payload += tcp_packet(track, tally, event, side);
	else
		sent->payload += payload_of(event);
	sent->last = RTE_MAX(sent->last, track->now);
	flow->last = RTE_MAX(flow->last, track->now);
}

/* ns from one time to another; 0 where that came before. */
static inline uint64_t
passed(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

bool
track_anew(const struct track *track, const struct weir_flow *flow, const struct weir_event *event,
	unsigned int side, enum weir_flow_reason *reason)
{
	const struct tally *tally = tally_of(flow);
	bool syn = event->tcp_flags & TH_SYN && !(event->tcp_flags & TH_ACK);

	if (unlikely(track->now > flow_deadline(track->table, flow)))
		*reason = WEIR_FLOW_IDLE;
	else if (unlikely(tally->state >= WEIR_FLOW_STATE_CLOSED) && syn)
		*reason = WEIR_FLOW_FIN;
	else if (unlikely(track->lifetime != UINT64_MAX &&
			 passed(tally->sides[tally_opener(tally)].first, track->now) >
				 track->lifetime))
		*reason = WEIR_FLOW_ACTIVE;
	else if (unlikely(tally->packets[side] == UINT32_MAX))
		*reason = WEIR_FLOW_ACTIVE;
	else
		return false;
	if (*reason == WEIR_FLOW_ACTIVE || tally->state < WEIR_FLOW_STATE_CLOSED)
		return true;
	*reason = tally->state == WEIR_FLOW_STATE_RESET ? WEIR_FLOW_RST : WEIR_FLOW_FIN;
	return true;
}

/* What is told of a packet that has been counted, and what it leads to. */
static void
tell_new(struct track *track, struct weir_flow *flow, const struct weir_event *event)
{
	if (track->ops->on_new != NULL)
		track->ops->on_new(track->worker, flow, track_user(flow), event);
	tell(track, flow, WEIR_EVENT_FLOW_NEW, 0, track->now);
}

void
track_packet(struct track *track, struct weir_flow *flow, const struct weir_event *event,
	unsigned int side, bool created)
{
	struct tally *tally = tally_of(flow);
	unsigned int reached;

	track->tells_left = track->ops->tells;
	track->reached = 0;
	if (created)
		begin(track, flow, event, side);
	count(track, flow, event, side);
	if (created)
		tell_new(track, flow, event);
	else if (!(tally->flags & TALLY_TCP) && tally->state == WEIR_FLOW_STATE_NEW &&
		tally->packets[!side] != 0)
		track->reached = 1u << WEIR_FLOW_STATE_ESTABLISHED;
	for (reached = track->reached; unlikely(reached != 0); reached &= reached - 1)
		change(track, flow, (enum weir_flow_state)__builtin_ctz(reached));
	if (unlikely(passed(tally->told, track->now) >= track->active)) {
		tally->told = track->now;
		tell(track, flow, WEIR_EVENT_FLOW_UPDATE, 0, track->now);
	}
}
