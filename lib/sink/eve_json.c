/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lines of JSON, put together by hand: millions a second. */
#include <inttypes.h>
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "eve_put.h"
#include "sink_private.h"

/* What is less in `stopped` is no ethertype. */
#define ETHERTYPE_FIRST 0x0600

#define BAD_CKSUM (WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM)

/* IANA's names of IP protocols, as Suricata writes them. Others are written as numbers. */
static const char *const proto_names[UINT8_MAX + 1] = {
	[0] = "HOPOPT",
	[1] = "ICMP",
	[2] = "IGMP",
	[4] = "IP-in-IP",
	[6] = "TCP",
	[8] = "EGP",
	[9] = "IGP",
	[17] = "UDP",
	[33] = "DCCP",
	[41] = "IPv6",
	[43] = "IPv6-Route",
	[44] = "IPv6-Frag",
	[46] = "RSVP",
	[47] = "GRE",
	[50] = "ESP",
	[51] = "AH",
	[58] = "IPv6-ICMP",
	[59] = "IPv6-NoNxt",
	[60] = "IPv6-Opts",
	[88] = "EIGRP",
	[89] = "OSPF",
	[94] = "OS",
	[97] = "ETHERIP",
	[103] = "PIM",
	[108] = "IPComp",
	[112] = "VRRP",
	[113] = "PGM",
	[115] = "L2TP",
	[124] = "IS-IS",
	[132] = "SCTP",
	[133] = "FC",
	[135] = "Mobility",
	[136] = "UDPLite",
	[137] = "MPLS-in-IP",
	[139] = "HIP",
	[140] = "Shim6",
	[142] = "ROHC",
	[143] = "Ethernet",
};

const char eve_pairs[201] = "00010203040506070809101112131415161718192021222324"
			    "25262728293031323334353637383940414243444546474849"
			    "50515253545556575859606162636465666768697071727374"
			    "75767778798081828384858687888990919293949596979899";
const char eve_hex[17] = "0123456789abcdef";

static inline char *
put_hex16(char *at, uint16_t value)
{
	if (value > 0xfff)
		*at++ = eve_hex[value >> 12];
	if (value > 0xff)
		*at++ = eve_hex[(value >> 8) & 0xf];
	if (value > 0xf)
		*at++ = eve_hex[(value >> 4) & 0xf];
	*at++ = eve_hex[value & 0xf];
	return at;
}

/* The first of the longest runs of two or more zero groups: its begin; its length in `len`. */
static unsigned int
ipv6_zeros(const uint16_t group[8], unsigned int *len)
{
	unsigned int begin = 8, run = 0;

	*len = 1;
	for (unsigned int i = 0; i < 8; i++) {
		run = group[i] == 0 ? run + 1 : 0;
		if (run > *len) {
			*len = run;
			begin = i + 1 - run;
		}
	}
	return begin;
}

/* RFC 5952. Addresses that may hold an IPv4 one are rare, and left to inet_ntop(). */
char *
eve_put_ipv6(char *at, const uint8_t address[16])
{
	static const uint8_t zeros[10];
	unsigned int begin, len;
	uint16_t group[8];

	if (unlikely(memcmp(address, zeros, sizeof(zeros)) == 0)) {
		inet_ntop(AF_INET6, address, at, INET6_ADDRSTRLEN);
		return at + strlen(at);
	}
	for (unsigned int i = 0; i < 8; i++)
		group[i] = (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
	begin = ipv6_zeros(group, &len);
	for (unsigned int i = 0; i < 8; i++) {
		if (i == begin) {
			*at++ = ':';
			i += len - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i > 0)
			*at++ = ':';
		at = put_hex16(at, group[i]);
	}
	return at;
}

static void
stamp_make(struct eve_format *format, uint64_t second)
{
	eve_put_second(PUT(format->stamp, "{\"timestamp\":\""), second);
	format->second = second;
}

#define STAMP_LEN (sizeof("{\"timestamp\":\"") - 1 + EVE_SECOND_LEN)
static_assert(STAMP_LEN <= sizeof(((struct eve_format *)0)->stamp), "the stamp has room");

static inline char *
put_stamp(struct eve_format *format, uint64_t ns, bool exact, char *at)
{
	uint64_t second = ns / NS_PER_S;

	if (unlikely(second != format->second))
		stamp_make(format, second);
	at = (char *)memcpy(at, format->stamp, STAMP_LEN) + STAMP_LEN;
	return put_fraction(at, ns % NS_PER_S, exact);
}

/*
 * Whether the key's ports were read: ICMP has others there, later fragments none, and a frame may
 * end before them.
 */
static inline bool
has_ports(const struct weir_event *event)
{
	uint8_t proto = event->proto;

	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP)
		return false;
	if (event->flags & WEIR_EVENT_LATER_FRAGMENT)
		return false;
	if (unlikely(event->flags & WEIR_EVENT_FRAGMENT_PORTS))
		return event->l4_off != 0;
	return event->payload_off != 0 || (event->key.sport | event->key.dport) != 0;
}

static inline char *
put_tuple(const struct eve_format *format, const struct weir_event *event, char *at)
{
	const struct weir_key *key = &event->key;
	rte_be16_t sport = 0, dport = 0;
	bool ports = has_ports(event);

	if (ports)
		weir_event_ports(event, &sport, &dport);
	at = put_address(key, key->src, PUT(at, ",\"src_ip\":\""));
	if (ports)
		at = put_uint(PUT(at, ",\"src_port\":"), rte_be_to_cpu_16(sport));
	at = put_address(key, key->dst, PUT(at, ",\"dest_ip\":\""));
	if (ports)
		at = put_uint(PUT(at, ",\"dest_port\":"), rte_be_to_cpu_16(dport));
	return put_text(at, &format->proto[event->proto]);
}

static inline char *
put_tcp_flags(const struct weir_event *event, char *at)
{
	/* Without l4_off no more was parsed than the key. */
	if (event->proto != IPPROTO_TCP || !has_ports(event) || event->l4_off == 0 ||
		event->flags & WEIR_EVENT_NO_TCP_FLAGS)
		return at;
	at = PUT(at, ",\"tcp_flags\":\"");
	*at++ = eve_hex[event->tcp_flags >> 4];
	*at++ = eve_hex[event->tcp_flags & 0xf];
	*at++ = '"';
	return at;
}

/* Of a checksum that the port found to be wrong, the layer: of both, both. */
static char *
put_checksum(uint32_t flags, char *at)
{
	switch (flags & BAD_CKSUM) {
	case WEIR_EVENT_BAD_L3_CKSUM:
		return PUT(at, ",\"bad_checksum\":\"l3\"");
	case WEIR_EVENT_BAD_L4_CKSUM:
		return PUT(at, ",\"bad_checksum\":\"l4\"");
	default:
		return PUT(at, ",\"bad_checksum\":\"l3 l4\"");
	}
}

static inline char *
put_packet(const struct eve_format *format, const struct weir_event *event, char *at)
{
	unsigned int ip_version = weir_event_ip_version(event);

	at = put_uint(PUT(at, ",\"pkt_len\":"), event->len);
	if (unlikely(event->wire_len > event->len))
		at = put_uint(PUT(at, ",\"wire_len\":"), event->wire_len);
	if (unlikely(event->flags & WEIR_EVENT_TRUNCATED))
		at = PUT(at, ",\"truncated\":true");
	if (unlikely(event->flags & WEIR_EVENT_NO_LENGTH))
		at = PUT(at, ",\"no_length\":true");
	if (unlikely(event->flags & BAD_CKSUM))
		at = put_checksum(event->flags, at);
	if (ip_version != 0)
		at = put_uint(PUT(at, ",\"ip_v\":"), ip_version);
	if (event->flags & WEIR_EVENT_KEYED)
		at = put_tcp_flags(event, at);
	if (unlikely(event->stopped >= ETHERTYPE_FIRST))
		at = put_uint(PUT(at, ",\"ether_type\":"), event->stopped);
	at = put_text(at, &format->verdict[RTE_MIN(event->verdict, WEIR_VERDICT_MAX - 1)]);
	if (event->flags & WEIR_EVENT_TUNNELLED)
		at = put_tunnel(format, event, at);
	return at;
}

/* What happened to a port, which put_iface() has named. */
static char *
put_port(const struct weir_port_change *change, char *at)
{
	static const char *const whats[] = {
		[WEIR_PORT_UP] = "up",
		[WEIR_PORT_DOWN] = "down",
		[WEIR_PORT_GONE] = "gone",
		[WEIR_PORT_BACK] = "back",
	};
	bool known = change->what < RTE_DIM(whats) && whats[change->what] != NULL;

	at += sprintf(at, ",\"event_type\":\"port\",\"change\":\"%s\"",
		known ? whats[change->what] : "other");
	if (change->speed != 0)
		at = put_uint(PUT(at, ",\"speed_mbit\":"), change->speed);
	return at;
}

/* What kind of happening it is, and all that is told of one that is no packet. */
static char *
put_type(const struct weir_event *event, char *at)
{
	if (likely(event->type == WEIR_EVENT_PACKET))
		return PUT(at, ",\"event_type\":\"packet\"");
	if (event->type == WEIR_EVENT_PORT)
		return put_port(&event->change, at);
	if (event->type != WEIR_EVENT_GAP)
		return put_uint(PUT(at, ",\"event_type\":\"event\",\"type\":"), event->type);
	return at +
		sprintf(at,
			",\"event_type\":\"gap\",\"link\":%u,\"count\":%" PRIu64
			",\"first_tsc\":%" PRIu64 ",\"last_tsc\":%" PRIu64,
			event->gap.link, event->gap.count, event->gap.first, event->gap.last);
}

char *
eve_format_line(struct eve_format *format, const struct weir_event *event, uint64_t ns, char *at)
{
	bool packet = likely(event->type == WEIR_EVENT_PACKET);
	char *line = at;

	if (!packet && event->type >= WEIR_EVENT_FLOW_NEW && event->type <= WEIR_EVENT_FLOW_END)
		return eve_format_flow(format, event, at);
	if (likely(!(event->flags & WEIR_EVENT_NO_TIME)))
		at = put_stamp(format, ns, event->flags & WEIR_EVENT_WIRE_TIME, at);
	at = put_iface(format, event->port, at);
	at = put_type(event, at);
	if (packet)
		at = put_vlan(event, at);
	if (event->flags & WEIR_EVENT_KEYED)
		at = put_tuple(format, event, at);
	if (packet)
		at = put_packet(format, event, at);
	/* Where it has no stamp, in place of the first comma. */
	line[0] = '{';
	return PUT(at, "}\n");
}

static void
text_init(struct eve_text *text, const char *key, const char *name)
{
	text->len = (uint8_t)snprintf(text->text, sizeof(text->text), ",\"%s\":\"%s\"", key, name);
}

void
eve_format_init(struct eve_format *format)
{
	char number[4];

	stamp_make(format, 0);
	for (unsigned int i = 0; i < EVE_DATES; i++) {
		format->dates[i].second = 0;
		eve_put_second(format->dates[i].text, 0);
	}
	for (unsigned int i = 0; i <= UINT8_MAX; i++) {
		snprintf(number, sizeof(number), "%u", i);
		text_init(&format->proto[i], "proto",
			proto_names[i] != NULL ? proto_names[i] : number);
	}
	for (unsigned int i = 0; i < WEIR_VERDICT_MAX; i++)
		text_init(&format->verdict[i], "verdict", weir_verdict_name(i));
	for (unsigned int i = 0; i < WEIR_TUNNEL_MAX; i++)
		text_init(&format->tunnel[i], "tunnel", weir_tunnel_name(i));
	eve_ifaces_init(format);
}
