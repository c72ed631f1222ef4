/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* 24.11: an IPv6 address is a struct. */
#define rte_ipv6_hdr rte_ipv6_hdr_of_arrays
#include_next <rte_ip.h>
#undef rte_ipv6_hdr

#ifndef LATER_IP_H
#define LATER_IP_H
struct rte_ipv6_addr {
	uint8_t a[16];
};

struct rte_ipv6_hdr {
	rte_be32_t vtc_flow;
	rte_be16_t payload_len;
	uint8_t proto;
	uint8_t hop_limits;
	struct rte_ipv6_addr src_addr;
	struct rte_ipv6_addr dst_addr;
} __attribute__((packed));

/* What takes one, by its own name. */
#define AS_ARRAYS(ip) ((const struct rte_ipv6_hdr_of_arrays *)(ip))
#define rte_ipv6_phdr_cksum(ip, flags) rte_ipv6_phdr_cksum(AS_ARRAYS(ip), flags)
#define rte_ipv6_udptcp_cksum(ip, l4) rte_ipv6_udptcp_cksum(AS_ARRAYS(ip), l4)
#define rte_ipv6_udptcp_cksum_verify(ip, l4) rte_ipv6_udptcp_cksum_verify(AS_ARRAYS(ip), l4)
#define rte_ipv6_udptcp_cksum_mbuf(m, ip, off) rte_ipv6_udptcp_cksum_mbuf(m, AS_ARRAYS(ip), off)
#define rte_ipv6_udptcp_cksum_mbuf_verify(m, ip, off) \
	rte_ipv6_udptcp_cksum_mbuf_verify(m, AS_ARRAYS(ip), off)
#endif
