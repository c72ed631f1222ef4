/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Frames out of templates. Checksums are never taken over bytes: the sums of the headers, of the
 * payload, and of each field that is written are known, and one's complement sums add up
 * (RFC 1071). Both ends of a flow go into the sums alike, whoever sends.
 */
#include <assert.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "synth_private.h"

/* Clients from 10.0.0.1, servers from 198.18.0.1 in the network for benchmarks (RFC 2544). */
#define CLIENT_NET UINT32_C(0x0a000001)
#define SERVER_NET UINT32_C(0xc6120001)
#define FIRST_VLAN 100
#define VLANS 16
#define TTL 64
#define TCP_WINDOW 64240

/* ICMP types by side: echo and its reply. */
static const uint8_t icmp_types[SYNTH_SIDES] = { ICMP_ECHO, ICMP_ECHOREPLY };
static const uint8_t icmpv6_types[SYNTH_SIDES] = { 128, 129 };

static const char payload[] = "weir synth: this packet was made up, no host has ever sent it.\r\n";
static_assert(sizeof(payload) == SYNTH_PATTERN + 1, "the payload repeats");

static inline void
put16(uint8_t *at, uint32_t value)
{
	uint16_t v = rte_cpu_to_be_16((uint16_t)value);

	memcpy(at, &v, sizeof(v));
}

static inline void
put32(uint8_t *at, uint32_t value)
{
	uint32_t v = rte_cpu_to_be_32(value);

	memcpy(at, &v, sizeof(v));
}

/* What 32 bits that begin at an even offset add to a sum. */
static inline uint32_t
sum32(uint32_t value)
{
	return (value >> 16) + (value & 0xffff);
}

/* A sum as it stands in a header. */
static inline uint16_t
sum_finish(uint32_t sum)
{
	return (uint16_t)~sum32(sum32(sum));
}

static uint32_t
sum_bytes(const uint8_t *bytes, unsigned int n)
{
	uint32_t sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static void
template_ether(const struct synth_form *form, unsigned int side, uint8_t *bytes)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)bytes;
	uint8_t *type = bytes + 2 * RTE_ETHER_ADDR_LEN;

	eth->dst_addr = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, (uint8_t)(2 - side) } };
	eth->src_addr = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, (uint8_t)(1 + side) } };
	if (form->vlan) {
		put16(type, RTE_ETHER_TYPE_VLAN);
		type += sizeof(struct rte_vlan_hdr);
	}
	put16(type, form->ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
}

static void
template_ipv4(uint8_t *bytes, uint8_t proto)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)bytes;

	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = TTL;
	ip->next_proto_id = proto;
}

/* Clients in 2001:db8:1::/96, servers in 2001:db8:2::/96, a network for texts (RFC 3849). */
static void
template_ipv6(uint8_t *bytes, unsigned int side, uint8_t proto)
{
	static const uint8_t net[4] = { 0x20, 0x01, 0x0d, 0xb8 };
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)bytes;
	uint8_t *src = bytes + 8, *dst = bytes + 24;

	ip->vtc_flow = RTE_BE32(UINT32_C(6) << 28);
	ip->proto = proto;
	ip->hop_limits = TTL;
	memcpy(src, net, sizeof(net));
	memcpy(dst, net, sizeof(net));
	src[5] = (uint8_t)(1 + side);
	dst[5] = (uint8_t)(2 - side);
}

static void
template_l4(const struct synth_form *form, unsigned int side, uint8_t *bytes)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)bytes;

	if (form->proto == SYNTH_TCP) {
		tcp->data_off = sizeof(*tcp) / 4 << 4;
		tcp->rx_win = RTE_BE16(TCP_WINDOW);
	} else if (form->proto == SYNTH_ICMP) {
		bytes[0] = form->ipv6 ? icmpv6_types[side] : icmp_types[side];
	}
}

static uint8_t
form_ip_proto(const struct synth_form *form)
{
	if (form->proto == SYNTH_TCP)
		return IPPROTO_TCP;
	if (form->proto == SYNTH_UDP)
		return IPPROTO_UDP;
	return form->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

/* Where the fields are. */
static void
form_layout(struct synth_form *form)
{
	static const uint8_t l4_len[SYNTH_PROTOS] = { sizeof(struct rte_tcp_hdr),
		sizeof(struct rte_udp_hdr), sizeof(struct rte_icmp_hdr) };
	uint8_t l3 = sizeof(struct rte_ether_hdr) + (form->vlan ? sizeof(struct rte_vlan_hdr) : 0);

	form->l3_off = l3;
	form->l4_off = (uint8_t)(l3 +
		(form->ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)));
	form->header_len = form->l4_off + l4_len[form->proto];
	form->length_off = l3 + (form->ipv6 ? 4 : 2);
	form->length_from = form->ipv6 ? form->l4_off : l3;
	form->addr_off[0] = l3 + (form->ipv6 ? 20 : 12);
	form->addr_off[1] = l3 + (form->ipv6 ? 36 : 16);
	form->base[SYNTH_CLIENT] = form->ipv6 ? 1 : CLIENT_NET;
	form->base[SYNTH_SERVER] = form->ipv6 ? 1 : SERVER_NET;
}

static void
form_template(struct synth_form *form, unsigned int side, const uint8_t *pattern)
{
	uint8_t *bytes = form->bytes[side], *ip = bytes + form->l3_off;
	uint8_t proto = form_ip_proto(form);

	memcpy(bytes, pattern, SYNTH_TEMPLATE);
	memset(bytes, 0, form->header_len);
	template_ether(form, side, bytes);
	if (form->ipv6)
		template_ipv6(ip, side, proto);
	else
		template_ipv4(ip, proto);
	template_l4(form, side, bytes + form->l4_off);
	form->l3_sum = sum_bytes(ip, sizeof(struct rte_ipv4_hdr));
	form->l4_sum[side] = sum_bytes(bytes + form->l4_off, form->header_len - form->l4_off);
	/* All but ICMP over IPv4 have a pseudo header: addresses, length and protocol. */
	if (form->ipv6)
		form->l4_sum[side] += sum_bytes(ip + 8, 32);
	if (proto != IPPROTO_ICMP)
		form->l4_sum[side] += proto;
}

void
synth_forms_init(struct synth_forms *forms)
{
	struct synth_form *form;
	unsigned int i, side;

	static_assert(SYNTH_TEMPLATE == sizeof(forms->pattern), "templates end with the payload");
	memcpy(forms->pattern, payload, SYNTH_PATTERN);
	memcpy(forms->pattern + SYNTH_PATTERN, payload, SYNTH_PATTERN);
	for (i = 0; i <= SYNTH_PATTERN; i++)
		forms->pattern_sum[i] = sum_bytes(forms->pattern, i);
	for (i = 0; i < SYNTH_FORMS; i++) {
		form = &forms->form[i];
		form->proto = (uint8_t)(i / SYNTH_FORM(1, 0));
		form->ipv6 = i & SYNTH_FORM_IPV6;
		form->vlan = i & SYNTH_FORM_VLAN;
		form_layout(form);
		for (side = 0; side < SYNTH_SIDES; side++)
			form_template(form, side, forms->pattern);
	}
}

/* What a frame's first n bytes would add up to if all were payload. */
static inline uint32_t
pattern_sum(const struct synth_forms *forms, uint32_t n)
{
	return n / SYNTH_PATTERN * forms->pattern_sum[SYNTH_PATTERN] +
		forms->pattern_sum[n % SYNTH_PATTERN];
}

/* The whole frame, payload first, so that its last block may reach into the headers. */
static inline void
fill(uint8_t *bytes, const uint8_t *template, const uint8_t *pattern, uint32_t len)
{
	uint32_t off;

	if (len <= SYNTH_PATTERN) {
		memcpy(bytes, template, SYNTH_PATTERN);
		return;
	}
	if (len > SYNTH_TEMPLATE) {
		memcpy(bytes + len - SYNTH_PATTERN, pattern + len % SYNTH_PATTERN, SYNTH_PATTERN);
		for (off = SYNTH_TEMPLATE; off + SYNTH_PATTERN < len; off += SYNTH_PATTERN)
			memcpy(bytes + off, pattern, SYNTH_PATTERN);
	}
	memcpy(bytes, template, SYNTH_TEMPLATE);
}

/* The L4 headers: `sum` is what is known of their checksum by now. */
static inline void
put_tcp(uint8_t *l4, uint32_t sum, uint32_t len, const struct synth_frame *frame)
{
	put32(l4 + 4, frame->seq);
	put32(l4 + 8, frame->ack);
	l4[13] = frame->tcp_flags;
	sum += len + sum32(frame->seq) + sum32(frame->ack) + frame->tcp_flags;
	put16(l4 + 16, sum_finish(sum));
}

static inline void
put_udp(uint8_t *l4, uint32_t sum, uint32_t len)
{
	uint16_t cksum = sum_finish(sum + 2 * len);

	put16(l4 + 4, len);
	/* 0 would say that there is none. */
	put16(l4 + 6, cksum != 0 ? cksum : 0xffff);
}

static inline void
put_icmp(uint8_t *l4, uint32_t sum, uint32_t id, uint32_t seq)
{
	put16(l4 + 4, id);
	put16(l4 + 6, seq);
	put16(l4 + 2, sum_finish(sum + id + (seq & 0xffff)));
}

static inline void
put_ports(uint8_t *l4, const struct synth_flow *flow, unsigned int side)
{
	put16(l4, side == SYNTH_CLIENT ? flow->port : flow->service);
	put16(l4 + 2, side == SYNTH_CLIENT ? flow->service : flow->port);
}

/* The IP header; returns the sum of both addresses. */
static inline uint32_t
put_l3(const struct synth_form *form, const struct synth_flow *flow, unsigned int side,
	uint8_t *bytes, uint32_t end)
{
	uint32_t client = form->base[SYNTH_CLIENT] + flow->client;
	uint32_t server = form->base[SYNTH_SERVER] + flow->server;
	uint32_t sum = sum32(client) + sum32(server), length = end - form->length_from;

	put32(bytes + form->addr_off[side], client);
	put32(bytes + form->addr_off[!side], server);
	put16(bytes + form->length_off, length);
	if (!form->ipv6)
		put16(bytes + form->l3_off + 10, sum_finish(form->l3_sum + sum + length));
	if (form->vlan)
		put16(bytes + sizeof(struct rte_ether_hdr), FIRST_VLAN + flow->client % VLANS);
	return sum;
}

uint16_t
synth_frame_write(const struct synth_forms *forms, const struct synth_flow *flow,
	const struct synth_frame *frame, uint8_t *bytes)
{
	const struct synth_form *form = &forms->form[flow->form];
	uint32_t end = form->header_len + frame->payload, len = RTE_MAX(end, SYNTH_MIN_FRAME + 0u);
	uint32_t l4_len = end - form->l4_off, sum, ends;
	uint8_t *l4 = bytes + form->l4_off;

	fill(bytes, form->bytes[frame->side], forms->pattern, len);
	ends = put_l3(form, flow, frame->side, bytes, end);
	sum = form->l4_sum[frame->side] + pattern_sum(forms, end) -
		pattern_sum(forms, form->header_len);
	if (form->proto == SYNTH_ICMP) {
		sum += form->ipv6 ? ends + l4_len : 0;
		put_icmp(l4, sum, flow->port, frame->seq);
		return (uint16_t)len;
	}
	put_ports(l4, flow, frame->side);
	sum += ends + flow->port + flow->service;
	if (form->proto == SYNTH_TCP)
		put_tcp(l4, sum, l4_len, frame);
	else
		put_udp(l4, sum, l4_len);
	return (uint16_t)len;
}
