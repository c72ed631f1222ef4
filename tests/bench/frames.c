/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <netinet/ip_icmp.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_geneve.h>
#include <rte_gre.h>
#include <rte_gtp.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <rte_vxlan.h>

#include "frames.h"

#define PORT_VXLAN 4789
#define PORT_GENEVE 6081
#define PORT_GTPU 2152
#define ETHERTYPE_MPLS 0x8847
#define ETHERTYPE_PPPOE 0x8864
#define MPLS_LEN 4
#define PPPOE_LEN 8

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

const struct frame_mix frame_rare_mixes[] = {
	{ "gre tcp/ipv4", { GRE_TCP4 }, 1, false, 64 },
	{ "gtp-u tcp/ipv4", { GTPU_TCP4 }, 1, false, 64 },
	{ "geneve tcp/ipv4", { GENEVE_TCP4 }, 1, false, 64 },
	{ "mpls tcp/ipv4", { MPLS_TCP4 }, 1, false, 64 },
	{ "pppoe tcp/ipv4", { PPPOE_TCP4 }, 1, false, 64 },
	{ "arp", { ARP4 }, 1, false, 64 },
	{ "icmp/ipv4", { ICMP4 }, 1, false, 64 },
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
	uint8_t *src = (uint8_t *)&ip.src_addr, *dst = (uint8_t *)&ip.dst_addr;

	for (size_t i = 0; i < sizeof(ip.src_addr); i++) {
		src[i] = (uint8_t)frames_random();
		dst[i] = (uint8_t)frames_random();
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

/* An echo request. */
static size_t
put_icmp(uint8_t *at)
{
	struct rte_icmp_hdr icmp = {
		.icmp_type = ICMP_ECHO,
		.icmp_ident = (rte_be16_t)frames_random(),
	};

	memcpy(at, &icmp, sizeof(icmp));
	return sizeof(icmp);
}

static size_t
put_arp(uint8_t *at)
{
	struct rte_arp_hdr arp = {
		.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
		.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = sizeof(rte_be32_t),
		.arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST),
	};

	memcpy(at, &arp, sizeof(arp));
	return sizeof(arp);
}

/* IP to the end of a packet of `size` bytes. */
static void
put_packet(uint8_t *at, enum frame_kind kind, size_t size)
{
	bool ipv6 = kind == TCP6 || kind == UDP6, udp = kind == UDP4 || kind == UDP6;
	size_t ip_len = ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	size_t payload = size - ip_len, off;
	uint8_t proto = udp ? IPPROTO_UDP : kind == ICMP4 ? IPPROTO_ICMP : IPPROTO_TCP;

	off = ipv6 ? put_ipv6(at, proto, payload) : put_ipv4(at, proto, payload);
	if (udp)
		put_udp(at + off, 53, payload - sizeof(struct rte_udp_hdr));
	else if (kind == ICMP4)
		put_icmp(at + off);
	else
		put_tcp(at + off);
}

/* Ethernet to the end of a frame of `size` bytes. */
static void
put_frame(uint8_t *at, enum frame_kind kind, size_t size)
{
	bool ipv6 = kind == TCP6 || kind == UDP6;
	uint16_t type = ipv6 ? RTE_ETHER_TYPE_IPV6 :
		kind == ARP4 ? RTE_ETHER_TYPE_ARP :
			       RTE_ETHER_TYPE_IPV4;
	size_t off = put_ether(at, type, kind == VLAN_TCP4);

	if (kind == ARP4)
		put_arp(at + off);
	else
		put_packet(at + off, kind, size - off);
}

/* What is before the inside of a tunnel: to where a header of `len` bytes goes, `inner` bytes behind it. */
static size_t
put_outer(uint8_t *at, uint16_t port, size_t len, size_t inner)
{
	size_t udp = sizeof(struct rte_udp_hdr), off = put_ether(at, RTE_ETHER_TYPE_IPV4, false);

	if (port == 0)
		return off + put_ipv4(at + off, IPPROTO_GRE, len + inner);
	off += put_ipv4(at + off, IPPROTO_UDP, udp + len + inner);
	return off + put_udp(at + off, port, len + inner);
}

static size_t
put_vxlan(uint8_t *at, size_t inner)
{
	struct rte_vxlan_hdr vxlan = {
		.vx_flags = rte_cpu_to_be_32(0x08000000),
		.vx_vni = rte_cpu_to_be_32((frames_random() & 0xffffff) << 8),
	};
	size_t off = put_outer(at, PORT_VXLAN, sizeof(vxlan), inner);

	memcpy(at + off, &vxlan, sizeof(vxlan));
	return off + sizeof(vxlan);
}

static size_t
put_geneve(uint8_t *at, size_t inner)
{
	struct rte_geneve_hdr geneve = { .proto = rte_cpu_to_be_16(RTE_GENEVE_TYPE_ETH) };
	size_t off = put_outer(at, PORT_GENEVE, sizeof(geneve), inner);

	geneve.vni[2] = (uint8_t)frames_random();
	memcpy(at + off, &geneve, sizeof(geneve));
	return off + sizeof(geneve);
}

static size_t
put_gtpu(uint8_t *at, size_t inner)
{
	struct rte_gtp_hdr gtp = {
		.gtp_hdr_info = 0x30,
		.msg_type = 0xff,
		.plen = rte_cpu_to_be_16((uint16_t)inner),
		.teid = frames_random(),
	};
	size_t off = put_outer(at, PORT_GTPU, sizeof(gtp), inner);

	memcpy(at + off, &gtp, sizeof(gtp));
	return off + sizeof(gtp);
}

static size_t
put_gre(uint8_t *at, size_t inner)
{
	struct rte_gre_hdr gre = { .proto = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) };
	size_t off = put_outer(at, 0, sizeof(gre), inner);

	memcpy(at + off, &gre, sizeof(gre));
	return off + sizeof(gre);
}

/* One label, the bottom of the stack. */
static size_t
put_mpls(uint8_t *at)
{
	rte_be32_t label = rte_cpu_to_be_32((16 + frames_random() % 1024) << 12 | 0x100 | 64);
	size_t off = put_ether(at, ETHERTYPE_MPLS, false);

	memcpy(at + off, &label, MPLS_LEN);
	return off + MPLS_LEN;
}

static size_t
put_pppoe(uint8_t *at, size_t inner)
{
	const uint16_t length = (uint16_t)(inner + 2);
	const uint8_t pppoe[PPPOE_LEN] = { 0x11, 0, 0, 1, (uint8_t)(length >> 8), (uint8_t)length,
		0, 0x21 };
	size_t off = put_ether(at, ETHERTYPE_PPPOE, false);

	memcpy(at + off, pppoe, sizeof(pppoe));
	return off + sizeof(pppoe);
}

/* What a kind has before a frame, or, without its Ethernet header, before a packet of `size` bytes. */
static size_t
put_before(uint8_t *at, enum frame_kind kind, size_t size)
{
	switch (kind) {
	case VXLAN_TCP4:
		return put_vxlan(at, size);
	case GENEVE_TCP4:
		return put_geneve(at, size);
	case GTPU_TCP4:
		return put_gtpu(at, size);
	case GRE_TCP4:
		return put_gre(at, size);
	case MPLS_TCP4:
		return put_mpls(at);
	case PPPOE_TCP4:
		return put_pppoe(at, size);
	default:
		return 0;
	}
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
	size_t size = mix->imix ? imix_size() : 78, off;
	uint8_t *at;

	rte_pktmbuf_reset(mbuf);
	at = (uint8_t *)rte_pktmbuf_append(mbuf, FRAME_MAX);
	off = put_before(at, kind, size);
	if (off == 0 || kind == VXLAN_TCP4 || kind == GENEVE_TCP4)
		put_frame(at + off, off == 0 ? kind : TCP4, size);
	else
		put_packet(at + off, TCP4, size);
	rte_pktmbuf_trim(mbuf, (uint16_t)(FRAME_MAX - off - size));
}
