/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What is said of a flow. */
#include "track.h"

static const char *const reason_names[] = {
	[WEIR_FLOW_IDLE] = "idle",
	[WEIR_FLOW_FIN] = "fin",
	[WEIR_FLOW_RST] = "rst",
	[WEIR_FLOW_ACTIVE] = "active",
	[WEIR_FLOW_EVICTED] = "evicted",
	[WEIR_FLOW_DRAIN] = "drain",
};
static const char *const state_names[] = {
	[WEIR_FLOW_STATE_NEW] = "new",
	[WEIR_FLOW_STATE_ESTABLISHED] = "established",
	[WEIR_FLOW_STATE_CLOSING] = "closing",
	[WEIR_FLOW_STATE_CLOSED] = "closed",
	[WEIR_FLOW_STATE_RESET] = "reset",
};

static_assert(RTE_DIM(reason_names) == WEIR_FLOW_REASONS, "each reason has a name");
static_assert(RTE_DIM(state_names) == WEIR_FLOW_STATES, "each state has a name");

const char *
weir_flow_reason_name(unsigned int reason)
{
	return reason < RTE_DIM(reason_names) ? reason_names[reason] : NULL;
}

const char *
weir_flow_state_name(unsigned int state)
{
	return state < RTE_DIM(state_names) ? state_names[state] : NULL;
}

static void
side_read(const struct tally *tally, unsigned int side, struct weir_flow_side *to)
{
	const struct tally_side *from = &tally->sides[side];

	*to = (struct weir_flow_side){
		.packets = tally->packets[side],
		.bytes = from->bytes,
		.payload = from->payload,
		.first = from->first,
		.last = from->last,
		.tcp_flags = tally->tcp_flags[side],
		.ttl = tally->ttl[side],
	};
	if (!(tally->flags & TALLY_TCP))
		return;
	to->retransmitted = tally->tcp.retransmitted[side];
	to->out_of_order = tally->tcp.out_of_order[side];
	to->lost = tally->tcp.lost[side];
}

static void
quote_give(const struct tally_quote *quote, const struct tally_cold *cold, uint8_t ip_version,
	struct weir_key *key)
{
	*key = (struct weir_key){
		.sport = quote->sport,
		.dport = quote->dport,
		.proto = quote->proto,
		.ip_version = ip_version,
	};
	memcpy(key->src, quote->src, sizeof(key->src));
	memcpy(key->dst, cold->quoted_dst, sizeof(key->dst));
}

/*
 * Of the hash, when it began, and where it lies: those of one key that begin at one time lie in other records,
 * or one after the other in the same one. Mixed as by S. Vigna's splitmix64.
 */
static uint64_t
id_of(const struct track *track, const struct weir_flow *flow, uint64_t start)
{
	const struct tally_cold *cold = cold_of(track, flow);
	uint64_t z = start ^ (uint64_t)flow->hash << 32;

	z += ((uint64_t)(cold - track->cold) << 8 | cold->times) * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void
record_read(const struct track *track, const struct weir_flow *flow,
	struct weir_flow_record *record)
{
	const struct tally_cold *cold = cold_of(track, flow);
	const struct tally *tally = tally_of(flow);
	unsigned int client = tally_client(tally);
	unsigned int opener = tally->flags & TALLY_OPENER_REVERSED ? 1 : 0;

	*record = (struct weir_flow_record){
		.size = sizeof(*record),
		.start = tally->sides[opener].first,
		.end = RTE_MAX(tally->sides[0].last, tally->sides[1].last),
		.state = tally->state,
		.flags = tally->flags & TALLY_RECORD,
		.icmp_type = cold->icmp_type,
		.icmp_code = cold->icmp_code,
	};
	record->id = id_of(track, flow, record->start);
	if (record->flags & WEIR_FLOW_RTT)
		record->rtt_ns = tally->tcp.rtt_ns;
	side_read(tally, client, &record->sides[WEIR_FLOW_CLIENT]);
	side_read(tally, !client, &record->sides[WEIR_FLOW_SERVER]);
	if (record->flags & WEIR_FLOW_QUOTED)
		quote_give(&tally->quote, cold, flow->key.ip_version, &record->quoted);
}

int
weir_flow_read(const struct weir_worker *worker, const struct weir_flow *flow,
	struct weir_flow_record *record)
{
	struct weir_flow_record now;

	record_read(worker->state, flow, &now);
	return SIZED_GIVE(record, &now, id);
}
