/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <rte_vxlan.h>

#include "frames.h"

#define PORT_VXLAN 4789

const struct frame_mix frame_mixes[] = {
	{ "tcp/ipv4", { TCP4 }, 1, false, 64 },
	{ "udp/ipv4", { UDP4 }, 1, false, 64 },
	{ "tcp/ipv6", { TCP6 }, 1, false, 64 },
	{ "udp/ipv6", { UDP6 }, 1, false, 64 },
	{ "vlan tcp/ipv4", { VLAN_TCP4 }, 1, false, 64 },
	{ "vxlan tcp/ipv4", { VXLAN_TCP4 }, 1, false, 64 },
	{ "imix", { TCP4, UDP4, TCP6, UDP6 }, 4, true, FRAMES_WARM },
	{ "mixed", { TCP4, UDP4, TCP6, UDP6, VLAN_TCP4, VXLAN_TCP4 }, 6, false, FRAMES_WARM },
	{ .name = NULL },
};

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

uint32_t
frames_random(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

static size_t
put_ether(uint8_t *at, uint16_t type, bool vlan)
{
	struct rte_ether_hdr *eth = (void *)at;
	struct rte_vlan_hdr *tag = (void *)(eth + 1);

	memset(at, 0x02, sizeof(*eth));
	eth->ether_type = rte_cpu_to_be_16(vlan ? RTE_ETHER_TYPE_VLAN : type);
	if (!vlan)
		return sizeof(*eth);
	tag->vlan_tci = rte_cpu_to_be_16((uint16_t)(frames_random() % 4094 + 1));
	tag->eth_proto = rte_cpu_to_be_16(type);
	return sizeof(*eth) + sizeof(*tag);
}

static size_t
put_ipv4(uint8_t *at, uint8_t proto, size_t payload)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + payload)),
		.time_to_live = 64,
		.next_proto_id = proto,
		.src_addr = frames_random(),
		.dst_addr = frames_random(),
	};

	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t
put_ipv6(uint8_t *at, uint8_t proto, size_t payload)
{
	struct rte_ipv6_hdr ip = {
		.vtc_flow = rte_cpu_to_be_32(0x60000000),
		.payload_len = rte_cpu_to_be_16((uint16_t)payload),
		.proto = proto,
		.hop_limits = 64,
	};
	unsigned int i;

	for (i = 0; i < sizeof(ip.src_addr); i++) {
		ip.src_addr[i] = (uint8_t)frames_random();
		ip.dst_addr[i] = (uint8_t)frames_random();
	}
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t
put_tcp(uint8_t *at)
{
	struct rte_tcp_hdr tcp = {
		.src_port = (rte_be16_t)frames_random(),
		.dst_port = rte_cpu_to_be_16(443),
		.data_off = sizeof(tcp) / 4 << 4,
		.tcp_flags = RTE_TCP_ACK_FLAG,
	};

	memcpy(at, &tcp, sizeof(tcp));
	return sizeof(tcp);
}

static size_t
put_udp(uint8_t *at, uint16_t port, size_t payload)
{
	struct rte_udp_hdr udp = {
		.src_port = (rte_be16_t)frames_random(),
		.dst_port = rte_cpu_to_be_16(port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(udp) + payload)),
	};

	memcpy(at, &udp, sizeof(udp));
	return sizeof(udp);
}

/* Ethernet to the end of a frame of `size` bytes. */
static void
put_frame(uint8_t *at, enum frame_kind kind, size_t size)
{
	bool ipv6 = kind == TCP6 || kind == UDP6, udp = kind == UDP4 || kind == UDP6;
	size_t off =
		put_ether(at, ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4, kind == VLAN_TCP4);
	size_t ip_len = ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	size_t payload = size - off - ip_len;
	uint8_t proto = udp ? IPPROTO_UDP : IPPROTO_TCP;

	off += ipv6 ? put_ipv6(at + off, proto, payload) : put_ipv4(at + off, proto, payload);
	if (udp)
		put_udp(at + off, 53, payload - sizeof(struct rte_udp_hdr));
	else
		put_tcp(at + off);
}

static size_t
put_vxlan(uint8_t *at, size_t inner)
{
	struct rte_vxlan_hdr vxlan = {
		.vx_flags = rte_cpu_to_be_32(0x08000000),
		.vx_vni = rte_cpu_to_be_32((frames_random() & 0xffffff) << 8),
	};
	size_t payload = sizeof(vxlan) + inner;
	size_t off = put_ether(at, RTE_ETHER_TYPE_IPV4, false);

	off += put_ipv4(at + off, IPPROTO_UDP, sizeof(struct rte_udp_hdr) + payload);
	off += put_udp(at + off, PORT_VXLAN, payload);
	memcpy(at + off, &vxlan, sizeof(vxlan));
	return off + sizeof(vxlan);
}

/* Simple IMIX: 7 small, 4 middling, 1 full. */
static size_t
imix_size(void)
{
	uint32_t r = frames_random() % 12;

	return r < 7 ? 78 : r < 11 ? 594 : FRAME_MAX;
}

void
frame_make(struct rte_mbuf *mbuf, const struct frame_mix *mix)
{
	enum frame_kind kind = mix->kinds[frames_random() % mix->n];
	size_t size = mix->imix ? imix_size() : 78, off = 0;
	uint8_t *at;

	rte_pktmbuf_reset(mbuf);
	at = (uint8_t *)rte_pktmbuf_append(mbuf, FRAME_MAX);
	if (kind == VXLAN_TCP4) {
		off = put_vxlan(at, size);
		kind = TCP4;
	}
	put_frame(at + off, kind, size);
	rte_pktmbuf_trim(mbuf, (uint16_t)(FRAME_MAX - off - size));
}
