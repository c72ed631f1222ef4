/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The table of headers that are followed. Not in it are those that are met too often to be looked up:
 * VLAN tags, and IP itself.
 */
#include <assert.h>

#include "kinds.h"

#define ETHER_TYPED(at) .verdict = WEIR_VERDICT_TRUNC_L2, .step = STEP_ETHERTYPE, .type_at = (at)
#define ETHER_FRAME .verdict = WEIR_VERDICT_TRUNC_L2, .step = STEP_ETHER
#define LABELS .least = 4, .read = read_mpls, .step = STEP_BELOW_MPLS
#define SURE(kind) .tunnel = WEIR_TUNNEL_##kind, .verdict = WEIR_VERDICT_TRUNC_TUNNEL
#define PORT(kind) .tunnel = WEIR_TUNNEL_##kind
#define VNI .id_at = 4, .id_shift = 8, .id_mask = 0xffffff
/* Bits of the first word. */
#define ID(shift, mask) .id_shift = (shift), .id_mask = (mask)

/* clang-format off */
#define ETHERTYPE_ROWS(ROW) \
	ROW(ETHERTYPE, 0x8847, LABELS, .verdict = WEIR_VERDICT_TRUNC_L2) \
	ROW(ETHERTYPE, 0x8848, LABELS, .verdict = WEIR_VERDICT_TRUNC_L2) \
	/* PPPoE session */ \
	ROW(ETHERTYPE, 0x8864, .least = 8, .read = read_pppoe, .verdict = WEIR_VERDICT_TRUNC_L2, \
		.step = STEP_PPP) \
	/* VN-Tag, 802.1BR, Broadcom's tag, HSR, Cisco's metadata, Arista's time stamp */ \
	ROW(ETHERTYPE, 0x8926, .least = 6, ETHER_TYPED(4)) \
	ROW(ETHERTYPE, 0x893f, .least = 8, ETHER_TYPED(6)) \
	ROW(ETHERTYPE, 0x8874, .least = 6, ETHER_TYPED(4)) \
	ROW(ETHERTYPE, 0x892f, .least = 6, ETHER_TYPED(4)) \
	ROW(ETHERTYPE, 0x8909, .least = 4, .read = read_cmd, ETHER_TYPED(0)) \
	ROW(ETHERTYPE, 0xd28b, .least = 4, .read = read_arista, ETHER_TYPED(0)) \
	/* 802.1ah, by its I-SID */ \
	ROW(ETHERTYPE, 0x88e7, .least = 4, .tunnel = WEIR_TUNNEL_PBB, ID(0, 0xffffff), \
		ETHER_FRAME) \
	/* FabricPath, TRILL, Ethernet in Ethernet */ \
	ROW(ETHERTYPE, 0x8903, .least = 2, .flags = KIND_TAG, ETHER_FRAME) \
	ROW(ETHERTYPE, 0x22f3, .least = 6, .read = read_trill, ETHER_FRAME) \
	ROW(ETHERTYPE, 0x6558, ETHER_FRAME) \
	ROW(ETHERTYPE, 0x894f, .least = 8, .read = read_nsh, ETHER_TYPED(0)) \
	ROW(ETHERTYPE, 0x88e5, .least = 6, .read = read_macsec, ETHER_TYPED(0)) \
	/* LLC in longer frames than 802.3 has */ \
	ROW(ETHERTYPE, 0x8870, .least = 3, .read = read_jumbo_llc, \
		.verdict = WEIR_VERDICT_TRUNC_L2, .step = STEP_KIND)

#define PROTO_ROWS(ROW) \
	ROW(PROTO, 4, SURE(IPIP), .step = STEP_IPV4) \
	ROW(PROTO, 41, SURE(IPIP), .step = STEP_IPV6) \
	ROW(PROTO, 47, SURE(GRE), .least = 4, .read = read_gre, .flags = KIND_L4) \
	ROW(PROTO, 97, SURE(ETHERIP), .least = 2, .read = read_etherip, .step = STEP_ETHER) \
	/* Not all of PIM is a tunnel */ \
	ROW(PROTO, 103, PORT(PIM), .least = 9, .read = read_pim) \
	ROW(PROTO, 115, PORT(L2TP), .least = 4, .read = read_l2tp_ip, ID(0, 0xffffffff)) \
	ROW(PROTO, 137, SURE(MPLS), LABELS) \
	/* Ethernet in SRv6 */ \
	ROW(PROTO, 143, SURE(SRV6), .step = STEP_ETHER)

#define UDP_DEST_ROWS(ROW) \
	ROW(UDP, 4789, PORT(VXLAN), .least = 8, .read = read_vxlan, VNI, .step = STEP_ETHER) \
	ROW(UDP, 8472, PORT(VXLAN), .least = 8, .read = read_vxlan, VNI, .step = STEP_ETHER) \
	ROW(UDP, 4790, PORT(VXLAN), .least = 8, .read = read_vxlan_gpe, VNI, .step = STEP_ETHER) \
	ROW(UDP, 6081, PORT(GENEVE), .least = 8, .read = read_geneve, VNI, \
		.step = STEP_ETHERTYPE, .type_at = 2) \
	ROW(UDP, 2152, PORT(GTPU), .least = 8, .read = read_gtpu, .id_at = 4, \
		.id_mask = 0xffffffff) \
	ROW(UDP, 4754, PORT(GRE), .least = 4, .read = read_gre, .flags = KIND_WEAK) \
	ROW(UDP, 6635, PORT(MPLS), .flags = KIND_WEAK, LABELS) \
	ROW(UDP, 37008, PORT(TZSP), .least = 5, .read = read_tzsp, .flags = KIND_WEAK)

#define UDP_EITHER_ROWS(ROW) \
	ROW(UDP, 3544, PORT(TEREDO), .least = 40, .read = read_teredo, .step = STEP_IPV6, \
		.flags = KIND_EITHER | KIND_WEAK) \
	ROW(UDP, 1701, PORT(L2TP), .least = 6, .read = read_l2tp, \
		.flags = KIND_EITHER | KIND_WEAK) \
	ROW(UDP, 5072, PORT(AYIYA), .least = 8, .read = read_ayiya, \
		.flags = KIND_EITHER | KIND_WEAK) \
	ROW(UDP, 5247, PORT(CAPWAP), .least = 8, .read = read_capwap, \
		.flags = KIND_EITHER | KIND_WEAK)

#define ARUBA(ROW, a, b, c, d, e, f, g, h) \
	ROW(GRE, a, .step = STEP_WLAN) ROW(GRE, b, .step = STEP_WLAN) \
	ROW(GRE, c, .step = STEP_WLAN) ROW(GRE, d, .step = STEP_WLAN) \
	ROW(GRE, e, .step = STEP_WLAN) ROW(GRE, f, .step = STEP_WLAN) \
	ROW(GRE, g, .step = STEP_WLAN) ROW(GRE, h, .step = STEP_WLAN)

#define GRE_ROWS(ROW) \
	ROW(GRE, 0x880b, .step = STEP_PPP) \
	/* Of version I, without a header, in GRE without a sequence number; II; III */ \
	ROW(GRE, 0x188be, .tunnel = WEIR_TUNNEL_ERSPAN, .step = STEP_ETHER) \
	ROW(GRE, 0x88be, .tunnel = WEIR_TUNNEL_ERSPAN, .least = 8, .read = read_erspan, \
		.step = STEP_ETHER, ID(0, 0x3ff)) \
	ROW(GRE, 0x22eb, .tunnel = WEIR_TUNNEL_ERSPAN, .least = 12, .read = read_erspan3, \
		.step = STEP_ETHER, ID(0, 0x3ff)) \
	ROW(GRE, 0x883e, .least = 4, .read = read_wccp, .step = STEP_IPV4) \
	/* Cisco's metadata, type first; Ethernet as MikroTik's routers have it */ \
	ROW(GRE, 0x8909, .least = 8, ETHER_TYPED(0)) \
	ROW(GRE, 0x6400, ETHER_FRAME) \
	/* 802.11 of Aruba's access points */ \
	ARUBA(ROW, 0x8200, 0x8210, 0x8220, 0x8230, 0x8240, 0x8250, 0x8260, 0x8270) \
	ARUBA(ROW, 0x8280, 0x8290, 0x82a0, 0x82b0, 0x82c0, 0x82d0, 0x82e0, 0x82f0) \
	ARUBA(ROW, 0x8300, 0x8310, 0x8320, 0x8330, 0x8340, 0x8350, 0x8360, 0x8370)

#define PPP_ROWS(ROW) \
	ROW(PPP, 0x0281, LABELS, .verdict = WEIR_VERDICT_TRUNC_L2) \
	ROW(PPP, 0x0283, LABELS, .verdict = WEIR_VERDICT_TRUNC_L2) \
	/* Bridged; multilink */ \
	ROW(PPP, 0x0031, .least = 2, .read = read_bcp, ETHER_FRAME) \
	ROW(PPP, 0x003d, .least = 2, .read = read_multilink, .step = STEP_PPP)

#define LLC_ROWS(ROW) \
	ROW(LLC, 0x0606, .least = 3, .read = read_llc_ip, .step = STEP_ETHERTYPE) \
	ROW(LLC, 0xfefe, .least = 4, .read = read_llc_nlpid, .step = STEP_ETHERTYPE) \
	ROW(LLC, 0xaaaa, .least = 8, .read = read_snap, .step = STEP_KIND) \
	/* Ethertypes, Cisco's for 802.5 too; Cisco's ISL; 802.1's bridged frames */ \
	ROW(OUI, 0x000000, .least = 5, .read = read_snap_type, .step = STEP_ETHERTYPE, \
		.type_at = 3) \
	ROW(OUI, 0x0000f8, .least = 5, .read = read_snap_type, .step = STEP_ETHERTYPE, \
		.type_at = 3) \
	ROW(OUI, 0x00000c, .least = 9, .read = read_isl, .step = STEP_ETHER) \
	ROW(OUI, 0x0080c2, .least = 5, .read = read_snap_bridged, .step = STEP_ETHER)

#define ROWS(ROW) \
	ETHERTYPE_ROWS(ROW) PROTO_ROWS(ROW) UDP_DEST_ROWS(ROW) UDP_EITHER_ROWS(ROW) \
	GRE_ROWS(ROW) PPP_ROWS(ROW) LLC_ROWS(ROW)

#define AS_NAME(from, n, ...) ROW_##from##_##n,
#define AS_ROW(from, n, ...) [ROW_##from##_##n] = { .number = (n), __VA_ARGS__ },
#define AS_SLOT(from, n, ...) [BY_##from][SLOT(n)] = ROW_##from##_##n,
#define AS_PORT(from, n, ...) [(n) & 0xff] = RTE_BE16(n),
/* clang-format on */

enum { ROW_NONE, ROWS(AS_NAME) ROW_MAX };

static_assert(ROW_MAX <= UINT8_MAX, "a slot has the number of a row");

const struct parse_kind parse_rows[] = { ROWS(AS_ROW) };
const uint8_t parse_slots[BY_MAX][256] = { ROWS(AS_SLOT) };

/* Port 0 would be where none is; and the low byte of 1 is another. */
const struct weir_vxlan_ports parse_vxlan_usual = {
	.list = { RTE_BE16(PORT_VXLAN), RTE_BE16(PORT_VXLAN_LINUX) },
	.words = {
		{ [0] = RTE_BE16(1), UDP_DEST_ROWS(AS_PORT) UDP_EITHER_ROWS(AS_PORT) },
		{ [0] = RTE_BE16(1), UDP_EITHER_ROWS(AS_PORT) },
	},
	.first = { RTE_BE16(PORT_VXLAN), RTE_BE16(PORT_VXLAN_LINUX) },
};
