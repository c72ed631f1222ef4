/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Lines of flows: with Suricata's names, in Suricata's meanings, and what weir knows besides beside them.
 * The source is the client, the destination the server.
 */
#include <netinet/in.h>
#include <string.h>

#include <weir/flow.h>

#include "community.h"
#include "eve_put.h"
#include "sink_private.h"

/* What readers of JSON keep of a number: they have doubles. */
#define FLOW_ID_MASK ((UINT64_C(1) << 53) - 1)
#define BILLION 1000000000

#define TEXT(literal) \
	{ \
		.len = sizeof(literal) - 1, .text = literal \
	}

/* Suricata knows three states of TCP, and of others the first two. */
static const struct eve_text flow_states[WEIR_FLOW_STATES] = {
	[WEIR_FLOW_STATE_NEW] = TEXT(",\"state\":\"new\""),
	[WEIR_FLOW_STATE_ESTABLISHED] = TEXT(",\"state\":\"established\""),
	[WEIR_FLOW_STATE_CLOSING] = TEXT(",\"state\":\"closed\""),
	[WEIR_FLOW_STATE_CLOSED] = TEXT(",\"state\":\"closed\""),
	[WEIR_FLOW_STATE_RESET] = TEXT(",\"state\":\"closed\""),
};

static const struct eve_text tcp_states[WEIR_FLOW_STATES] = {
	[WEIR_FLOW_STATE_NEW] = TEXT(",\"state\":\"new\"}"),
	[WEIR_FLOW_STATE_ESTABLISHED] = TEXT(",\"state\":\"established\"}"),
	[WEIR_FLOW_STATE_CLOSING] = TEXT(",\"state\":\"closing\"}"),
	[WEIR_FLOW_STATE_CLOSED] = TEXT(",\"state\":\"closed\"}"),
	[WEIR_FLOW_STATE_RESET] = TEXT(",\"state\":\"reset\"}"),
};

/* To Suricata a flow that was closed ends by a time-out, too: one that is shorter. */
static const struct eve_text reasons[WEIR_FLOW_REASONS] = {
	[WEIR_FLOW_IDLE] = TEXT(",\"reason\":\"timeout\""),
	[WEIR_FLOW_FIN] = TEXT(",\"reason\":\"timeout\""),
	[WEIR_FLOW_RST] = TEXT(",\"reason\":\"timeout\""),
	[WEIR_FLOW_ACTIVE] = TEXT(",\"reason\":\"timeout\""),
	[WEIR_FLOW_EVICTED] = TEXT(",\"reason\":\"forced\""),
	[WEIR_FLOW_DRAIN] = TEXT(",\"reason\":\"shutdown\""),
};

static const struct eve_text ends[WEIR_FLOW_REASONS] = {
	[WEIR_FLOW_IDLE] = TEXT(",\"end\":\"idle\""),
	[WEIR_FLOW_FIN] = TEXT(",\"end\":\"fin\""),
	[WEIR_FLOW_RST] = TEXT(",\"end\":\"rst\""),
	[WEIR_FLOW_ACTIVE] = TEXT(",\"end\":\"active\""),
	[WEIR_FLOW_EVICTED] = TEXT(",\"end\":\"evicted\""),
	[WEIR_FLOW_DRAIN] = TEXT(",\"end\":\"drain\""),
};

/* Flags of TCP, from the least bit on. */
static const struct eve_text tcp_flag_texts[8] = {
	TEXT(",\"fin\":true"),
	TEXT(",\"syn\":true"),
	TEXT(",\"rst\":true"),
	TEXT(",\"psh\":true"),
	TEXT(",\"ack\":true"),
	TEXT(",\"urg\":true"),
	TEXT(",\"ecn\":true"),
	TEXT(",\"cwr\":true"),
};

static char *
put_u64(char *at, uint64_t value)
{
	uint32_t rest = (uint32_t)(value % BILLION);

	if (likely(value <= UINT32_MAX))
		return put_uint(at, (uint32_t)value);
	at = put_u64(at, value / BILLION);
	*at++ = (char)('0' + rest / 100000000);
	for (uint32_t unit = 1000000; unit > 0; unit /= 100)
		at = put_pair(at, rest / unit % 100);
	return at;
}

static inline char *
put_hex8(char *at, uint8_t value)
{
	*at++ = eve_hex[value >> 4];
	*at++ = eve_hex[value & 0xf];
	*at++ = '"';
	return at;
}

static inline char *
put_date(struct eve_date *date, uint64_t ns, char *at)
{
	uint64_t second = ns / NS_PER_S;

	if (second != date->second) {
		eve_put_second(date->text, second);
		date->second = second;
	}
	at = (char *)memcpy(at, date->text, EVE_SECOND_LEN) + EVE_SECOND_LEN;
	return put_fraction(at, ns % NS_PER_S, true);
}

static inline char *
put_type(uint8_t type, char *at)
{
	switch (type) {
	case WEIR_EVENT_FLOW_NEW:
		return PUT(at, ",\"event_type\":\"flow_new\"");
	case WEIR_EVENT_FLOW_ESTABLISHED:
		return PUT(at, ",\"event_type\":\"flow_established\"");
	case WEIR_EVENT_FLOW_UPDATE:
		return PUT(at, ",\"event_type\":\"flow_update\"");
	default:
		return PUT(at, ",\"event_type\":\"flow\"");
	}
}

/* Whether a flow has ports: one of fragments has none, and its key says 0 for both. */
static inline bool
has_ports(const struct weir_key *key)
{
	if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP && key->proto != IPPROTO_SCTP)
		return false;
	return (key->sport | key->dport) != 0;
}

static char *
put_ends(const struct eve_format *format, const struct weir_key *key, char *at)
{
	bool ports = has_ports(key);

	at = put_address(key, key->src, PUT(at, ",\"src_ip\":\""));
	if (ports)
		at = put_uint(PUT(at, ",\"src_port\":"), rte_be_to_cpu_16(key->sport));
	at = put_address(key, key->dst, PUT(at, ",\"dest_ip\":\""));
	if (ports)
		at = put_uint(PUT(at, ",\"dest_port\":"), rte_be_to_cpu_16(key->dport));
	return put_text(at, &format->proto[key->proto]);
}

/* As the specification has them: of ICMP those of its type, of what has no ports none. */
static struct community_ports
ports_of(const struct weir_key *key, const struct weir_flow_record *record)
{
	struct community_ports ports = { .known = has_ports(key) };

	if (record->flags & WEIR_FLOW_ICMP)
		return community_icmp(key->proto, record->icmp_type, record->icmp_code);
	if (ports.known) {
		ports.src = rte_be_to_cpu_16(key->sport);
		ports.dst = rte_be_to_cpu_16(key->dport);
	}
	return ports;
}

static char *
put_community(const struct weir_key *key, const struct weir_flow_record *record, char *at)
{
	at = PUT(at, ",\"community_id\":\"");
	community_id(at, key, ports_of(key, record));
	at += COMMUNITY_ID_LEN;
	*at++ = '"';
	return at;
}

static char *
put_icmp(const struct weir_flow_record *record, char *at)
{
	at = put_uint(PUT(at, ",\"icmp_type\":"), record->icmp_type);
	return put_uint(PUT(at, ",\"icmp_code\":"), record->icmp_code);
}

/* What Suricata tells, too. */
static char *
put_counts(struct eve_format *format, const struct weir_event *event,
	const struct weir_flow_record *record, char *at)
{
	const struct weir_flow_side *client = &record->sides[WEIR_FLOW_CLIENT],
				    *server = &record->sides[WEIR_FLOW_SERVER];
	uint64_t start = record->start / NS_PER_S, end = record->end / NS_PER_S;

	at = put_u64(PUT(at, ",\"flow\":{\"pkts_toserver\":"), client->packets);
	at = put_u64(PUT(at, ",\"pkts_toclient\":"), server->packets);
	at = put_u64(PUT(at, ",\"bytes_toserver\":"), client->bytes);
	at = put_u64(PUT(at, ",\"bytes_toclient\":"), server->bytes);
	at = put_date(&format->dates[EVE_START], record->start, PUT(at, ",\"start\":\""));
	at = put_date(&format->dates[EVE_END], record->end, PUT(at, ",\"end\":\""));
	/* Of the seconds alone, as Suricata reckons. */
	at = put_u64(PUT(at, ",\"age\":"), end > start ? end - start : 0);
	at = put_text(at, &flow_states[RTE_MIN(record->state, WEIR_FLOW_STATES - 1)]);
	if (event->type == WEIR_EVENT_FLOW_END)
		at = put_text(at, &reasons[RTE_MIN(record->reason, WEIR_FLOW_REASONS - 1)]);
	return PUT(at, ",\"alerted\":false");
}

static char *
put_segments(const struct weir_flow_side *client, const struct weir_flow_side *server, char *at)
{
	if (client->retransmitted != 0)
		at = put_uint(PUT(at, ",\"retransmitted_toserver\":"), client->retransmitted);
	if (server->retransmitted != 0)
		at = put_uint(PUT(at, ",\"retransmitted_toclient\":"), server->retransmitted);
	if (client->out_of_order != 0)
		at = put_uint(PUT(at, ",\"out_of_order_toserver\":"), client->out_of_order);
	if (server->out_of_order != 0)
		at = put_uint(PUT(at, ",\"out_of_order_toclient\":"), server->out_of_order);
	if (client->lost != 0)
		at = put_uint(PUT(at, ",\"lost_toserver\":"), client->lost);
	if (server->lost != 0)
		at = put_uint(PUT(at, ",\"lost_toclient\":"), server->lost);
	return at;
}

/* Microseconds, of which a point parts the nanoseconds. */
static char *
put_rtt(uint32_t ns, char *at)
{
	at = put_uint(PUT(at, ",\"rtt_us\":"), ns / 1000);
	*at++ = '.';
	at = put_pair(at, ns % 1000 / 10);
	*at++ = (char)('0' + ns % 10);
	return at;
}

/* What weir knows besides. */
static char *
put_more(const struct weir_flow_record *record, char *at)
{
	const struct weir_flow_side *client = &record->sides[WEIR_FLOW_CLIENT],
				    *server = &record->sides[WEIR_FLOW_SERVER];

	at = put_u64(PUT(at, ",\"payload_toserver\":"), client->payload);
	at = put_u64(PUT(at, ",\"payload_toclient\":"), server->payload);
	if (client->ttl != 0)
		at = put_uint(PUT(at, ",\"ttl_toserver\":"), client->ttl);
	if (server->ttl != 0)
		at = put_uint(PUT(at, ",\"ttl_toclient\":"), server->ttl);
	if (record->flags & WEIR_FLOW_MIDSTREAM)
		at = PUT(at, ",\"midstream\":true");
	at = put_segments(client, server, at);
	if (record->flags & WEIR_FLOW_RTT)
		at = put_rtt(record->rtt_ns, at);
	*at++ = '}';
	return at;
}

static char *
put_tcp(const struct weir_flow_record *record, char *at)
{
	uint8_t client = record->sides[WEIR_FLOW_CLIENT].tcp_flags;
	uint8_t server = record->sides[WEIR_FLOW_SERVER].tcp_flags;

	at = put_hex8(PUT(at, ",\"tcp\":{\"tcp_flags\":\""), client | server);
	at = put_hex8(PUT(at, ",\"tcp_flags_ts\":\""), client);
	at = put_hex8(PUT(at, ",\"tcp_flags_tc\":\""), server);
	for (unsigned int flags = client | server; flags != 0; flags &= flags - 1)
		at = put_text(at, &tcp_flag_texts[__builtin_ctz(flags)]);
	return put_text(at, &tcp_states[RTE_MIN(record->state, WEIR_FLOW_STATES - 1)]);
}

static char *
put_quoted(const struct eve_format *format, const struct weir_key *key, char *at)
{
	char *begin = PUT(at, ",\"quoted\":");

	at = put_ends(format, key, begin);
	*begin = '{'; /* in place of the comma */
	*at++ = '}';
	return at;
}

char *
eve_format_flow(struct eve_format *format, const struct weir_event *event, char *at)
{
	const struct weir_flow_record *record = weir_event_flow(event);
	const struct weir_key *key = &event->key;

	at = put_date(&format->dates[EVE_HAPPENED], event->wire_ns, PUT(at, "{\"timestamp\":\""));
	at = put_u64(PUT(at, ",\"flow_id\":"), record->id & FLOW_ID_MASK);
	at = put_type(event->type, put_iface(format, event->port, at));
	at = put_ends(format, key, put_vlan(event, at));
	if (record->flags & WEIR_FLOW_ICMP)
		at = put_icmp(record, at);
	if (format->community)
		at = put_community(key, record, at);
	if (event->flags & WEIR_EVENT_TUNNELLED)
		at = put_tunnel(format, event, at);
	at = put_more(record, put_counts(format, event, record, at));
	if (event->type == WEIR_EVENT_FLOW_END)
		at = put_text(at, &ends[RTE_MIN(record->reason, WEIR_FLOW_REASONS - 1)]);
	if (key->proto == IPPROTO_TCP && has_ports(key))
		at = put_tcp(record, at);
	if (record->flags & WEIR_FLOW_QUOTED)
		at = put_quoted(format, &record->quoted, at);
	return PUT(at, "}\n");
}
