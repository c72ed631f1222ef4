/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Frames of the kinds that the parser is measured on. */
#ifndef WEIR_BENCH_FRAMES_H
#define WEIR_BENCH_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* Most bytes of a frame, without what tunnels put before it. */
#define FRAME_MAX 1518
/* Most different frames of a mix that are visited where they are warm. */
#define FRAMES_WARM 512

enum frame_kind {
	TCP4,
	UDP4,
	TCP6,
	UDP6,
	VLAN_TCP4,
	VXLAN_TCP4,
	GRE_TCP4,
	GTPU_TCP4,
	GENEVE_TCP4,
	MPLS_TCP4,
	PPPOE_TCP4,
	ARP4,
	ICMP4,
	FRAME_KINDS
};

/* Frames of these kinds, in equal parts. */
struct frame_mix {
	const char *name;
	uint8_t kinds[FRAME_KINDS];
	uint8_t n;
	bool imix;       /* of three sizes, instead of small ones */
	uint16_t frames; /* how many different ones are visited where they are warm */
};

/* The common ones, and those that are measured less; each ends with one whose name is NULL. */
extern const struct frame_mix frame_mixes[];
extern const struct frame_mix frame_rare_mixes[];

/* Pseudo-random numbers: the same ones in every run. */
uint32_t frames_random(void);

/* Write a frame of the mix into an mbuf, whatever that was before. */
void frame_make(struct rte_mbuf *mbuf, const struct frame_mix *mix);

#endif /* WEIR_BENCH_FRAMES_H */
