/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What IP carries; here each layer with a key is complete. */
#include <netinet/in.h>

#include "parse_private.h"

static void
parse_ports(struct parse *p, const uint8_t *ports)
{
	if (parse_joins(p)) {
		p->flags |= WEIR_EVENT_FRAGMENT_PORTS;
		return;
	}
	memcpy(&p->key.sport, ports, sizeof(p->key.sport));
	memcpy(&p->key.dport, ports + 2, sizeof(p->key.dport));
}

/* A header of `len` bytes, of which the first four are ports. */
static const uint8_t *
parse_ported(struct parse *p, uint32_t len)
{
	const uint8_t *ports = parse_read(p, p->off, 4);

	if (ports != NULL)
		parse_ports(p, ports);
	return parse_read(p, p->off, len);
}

/* The frame ends within a TCP header: its flags may be there all the same. */
static enum parse_step
parse_tcp_cut(struct parse *p)
{
	const uint8_t *flags = parse_read(p, p->off + TCP_FLAGS_AT, 1);

	if (flags == NULL)
		p->flags |= WEIR_EVENT_NO_TCP_FLAGS;
	else
		p->now.tcp_flags = *flags;
	return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L4);
}

static enum parse_step
parse_tcp(struct parse *p)
{
	const uint8_t *tcp = parse_ported(p, TCP_LEN);
	uint32_t len;

	if (tcp == NULL)
		return parse_tcp_cut(p);
	len = (tcp[12] >> 4) * 4u;
	p->now.tcp_flags = tcp[TCP_FLAGS_AT];
	if (len < TCP_LEN)
		return parse_fail_keyed(p, WEIR_VERDICT_BAD_HDR_LEN);
	if (p->off + len > p->header_end)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L4);
	parse_payload(p, p->off + len);
	parse_commit(p);
	return STEP_DONE;
}

/*
 * Whether a UDP length is one: 0 is, in a jumbogram and where IP has none either. A fragment's counts
 * the whole datagram.
 */
static bool
udp_length_fits(const struct parse *p, uint16_t length)
{
	if (length == 0)
		return parse_version(p) == 6 || p->flags & WEIR_EVENT_NO_LENGTH;
	if (length < UDP_LEN)
		return false;
	return p->flags & WEIR_EVENT_FRAGMENT || length <= p->l3_end - p->off;
}

static __rte_always_inline enum parse_step
parse_udp_length(struct parse *p, const uint8_t *udp)
{
	uint16_t length = get16(udp + 4);

	if (!udp_length_fits(p, length))
		return parse_fail_keyed(p, WEIR_VERDICT_BAD_TOTAL_LEN);
	if (length != 0)
		parse_limit(p, p->off + length);
	p->off += UDP_LEN;
	parse_payload(p, p->off);
	parse_commit(p);
	return STEP_UDP_TUNNEL;
}

static enum parse_step
parse_udp(struct parse *p)
{
	const uint8_t *udp = parse_ported(p, UDP_LEN);

	if (udp == NULL)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L4);
	return parse_udp_length(p, udp);
}

static enum parse_step
parse_sctp(struct parse *p)
{
	if (parse_ported(p, SCTP_LEN) == NULL)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L4);
	parse_payload(p, p->off + SCTP_LEN);
	parse_commit(p);
	return STEP_DONE;
}

/* ICMP of both versions: an error's quoted packet is payload. */
static enum parse_step
parse_icmp(struct parse *p)
{
	const uint8_t *icmp = parse_read(p, p->off, ICMP_LEN);

	if (icmp == NULL)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L4);
	if (parse_icmp_echo(p->now.proto, icmp[0]) && !parse_joins(p)) {
		memcpy(&p->key.sport, icmp + 4, sizeof(p->key.sport));
		p->key.dport = p->key.sport;
	}
	parse_payload(p, p->off + ICMP_LEN);
	parse_commit(p);
	return STEP_DONE;
}

/* A header of which nothing but its length matters. */
static enum parse_step
parse_opaque(struct parse *p, uint32_t len)
{
	if (p->off + len > p->header_end)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L4);
	parse_payload(p, p->off + len);
	parse_commit(p);
	return STEP_DONE;
}

static enum parse_step
parse_later_fragment(struct parse *p)
{
	p->now.l4_off = 0;
	return parse_opaque(p, 0);
}

enum parse_step
parse_l4(struct parse *p)
{
	p->now.l4_off = (uint16_t)p->off;
	if (p->flags & WEIR_EVENT_LATER_FRAGMENT)
		return parse_later_fragment(p);
	switch (p->now.proto) {
	case IPPROTO_TCP:
		return parse_tcp(p);
	case IPPROTO_UDP:
		return parse_udp(p);
	case IPPROTO_SCTP:
		return parse_sctp(p);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return parse_icmp(p);
	case IPPROTO_IGMP:
		return parse_opaque(p, IGMP_LEN);
	case IPPROTO_ESP:
		return parse_opaque(p, ESP_LEN);
	default:
		return parse_proto(p);
	}
}

static bool
ports_may_tunnel(const struct parse *p, const uint8_t *udp)
{
	const struct weir_vxlan_ports *ports = parse_ports_of(p->burst);

	if (unlikely(ports->crowded))
		return parse_has_tunnel_port(p->burst, get16(udp), get16(udp + 2));
	return tunnel_port(ports, udp);
}

enum parse_step
parse_ports_only(struct parse *p)
{
	bool udp = p->now.proto == IPPROTO_UDP;
	const uint8_t *header = parse_ported(p, udp ? UDP_LEN : TCP_LEN);

	if (header == NULL)
		return udp ? parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L4) : parse_tcp_cut(p);
	if (udp && parse_enters(p) && ports_may_tunnel(p, header))
		return parse_udp_length(p, header);
	parse_commit(p);
	return STEP_DONE;
}
