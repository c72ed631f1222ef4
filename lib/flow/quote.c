/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What ICMP errors quote of the packet that they tell of (RFC 792, RFC 4443). */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <rte_ip.h>

#include "track.h"

#define ICMP_HEADER 8u
#define ECHO_ID 4u

static bool
is_error(const struct weir_event *event, uint8_t type)
{
	if (event->proto == IPPROTO_ICMPV6)
		return type >= ICMP6_DST_UNREACH && type <= ICMP6_PARAM_PROB;
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
		type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* The ports that begin at `off`; of an echo its identifier, as its flow has it. */
static void
quote_ports(struct tally_quote *quote, const struct weir_event *event, uint32_t off)
{
	rte_be16_t scratch[2];
	bool echo = quote->proto == IPPROTO_ICMP || quote->proto == IPPROTO_ICMPV6;
	const uint8_t *ports;

	if (!echo && quote->proto != IPPROTO_TCP && quote->proto != IPPROTO_UDP &&
		quote->proto != IPPROTO_SCTP)
		return;
	ports = track_bytes(event, off + (echo ? ECHO_ID : 0), sizeof(scratch), scratch);
	if (ports == NULL)
		return;
	memcpy(&quote->sport, ports, sizeof(quote->sport));
	memcpy(&quote->dport, echo ? ports : ports + sizeof(quote->sport), sizeof(quote->dport));
}

static void
address4(uint8_t address[16], rte_be32_t ip)
{
	address[10] = address[11] = 0xff;
	memcpy(address + 12, &ip, sizeof(ip));
}

static bool
quote4(struct tally_quote *quote, uint8_t dst[16], const struct weir_event *event, uint32_t off)
{
	struct rte_ipv4_hdr scratch;
	const struct rte_ipv4_hdr *ip;

	ip = (const struct rte_ipv4_hdr *)track_bytes(event, off, sizeof(scratch), &scratch);
	if (ip == NULL || ip->version_ihl < RTE_IPV4_VHL_DEF || ip->version_ihl > 0x4f)
		return false;
	address4(quote->src, ip->src_addr);
	address4(dst, ip->dst_addr);
	quote->proto = ip->next_proto_id;
	if (!(ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)))
		quote_ports(quote, event, off + rte_ipv4_hdr_len(ip));
	return true;
}

static bool
quote6(struct tally_quote *quote, uint8_t dst[16], const struct weir_event *event, uint32_t off)
{
	uint8_t scratch[sizeof(struct rte_ipv6_hdr)];
	const uint8_t *ip = track_bytes(event, off, sizeof(scratch), scratch);

	if (ip == NULL || ip[0] >> 4 != 6)
		return false;
	memcpy(quote->src, ip + offsetof(struct rte_ipv6_hdr, src_addr), sizeof(quote->src));
	memcpy(dst, ip + offsetof(struct rte_ipv6_hdr, dst_addr), sizeof(quote->src));
	quote->proto = ip[offsetof(struct rte_ipv6_hdr, proto)];
	quote_ports(quote, event, off + sizeof(struct rte_ipv6_hdr));
	return true;
}

void
quote_read(struct tally *tally, struct tally_cold *cold, const struct weir_event *event)
{
	uint32_t off = event->l4_off + ICMP_HEADER;
	bool (*read)(struct tally_quote * quote, uint8_t dst[16], const struct weir_event *event,
		uint32_t off) = event->proto == IPPROTO_ICMPV6 ? quote6 : quote4;

	if (is_error(event, cold->icmp_type) && read(&tally->quote, cold->quoted_dst, event, off))
		tally->flags |= WEIR_FLOW_QUOTED;
}
