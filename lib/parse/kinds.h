/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The headers between two others that are followed: tags, shims, tunnels. Each is a row of the table
 * in kinds.c; what a row can't say by itself, its function reads of the header.
 */
#ifndef WEIR_PARSE_KINDS_H
#define WEIR_PARSE_KINDS_H

#include "parse_private.h"

/* What a header says of what follows. Row and walker fill it in; a reader changes what differs. */
struct parse_next {
	uint32_t id;     /* of the tunnel */
	uint32_t number; /* with STEP_ETHERTYPE the type; with STEP_KIND what `by` gives */
	uint32_t len;    /* of the header */
	uint8_t step;
	uint8_t by;
	uint8_t verdict; /* of a packet in which the header is not found */
};

/* What is there is not what it is taken for, or not followed. */
#define READ_NOT UINT32_MAX

/*
 * Reads a header at p->off of which at least as much as the row wants is at `head`, until the next
 * read. Its length, which may go beyond what there is; or READ_NOT.
 */
typedef uint32_t (*parse_reader)(struct parse *p, const uint8_t *head, struct parse_next *next);

/* One of those that WEIR_PARSE_MAX_TAGS bounds. */
#define KIND_TAG (1u << 0)
/* A header of L4 by itself: payload is behind it. */
#define KIND_L4 (1u << 1)
/* Either port will do. */
#define KIND_EITHER (1u << 2)
/* Nothing but the port says what it is: see GUESS_WEAK. */
#define KIND_WEAK (1u << 3)

struct __rte_aligned(32) parse_kind
{
	parse_reader read; /* NULL: the header has `least` bytes, and the row says all */
	uint32_t number;
	uint32_t id_mask; /* of the 4 bytes at id_at, shifted right by id_shift; 0: no id */
	uint8_t id_at;
	uint8_t id_shift;
	uint8_t least;   /* bytes that the header has */
	uint8_t verdict; /* of what ends within the header; WEIR_VERDICT_OK: what is around stands */
	uint8_t step;    /* what follows */
	uint8_t type_at; /* where the header has the ethertype for that */
	uint8_t tunnel;  /* enum weir_tunnel; WEIR_TUNNEL_NONE: nothing that the event names */
	uint8_t flags;   /* KIND_… */
};

/* Where a number has its row: no two of one enum parse_by may meet, or other shifts are wanted. */
#define SLOT(number) (((number) ^ (number) >> 6 ^ (number) >> 16) & 0xff)

/* All rows, the first of them empty; and at each slot the number of one. */
extern const struct parse_kind parse_rows[];
extern const uint8_t parse_slots[BY_MAX][256];

/* The row; NULL: there is none. */
static inline const struct parse_kind *
parse_kind_of(enum parse_by by, uint32_t number)
{
	const struct parse_kind *kind = &parse_rows[parse_slots[by][SLOT(number)]];

	return kind != parse_rows && kind->number == number ? kind : NULL;
}

/* The ethertype for a next protocol of NSH and VXLAN-GPE; 0: none that is followed. */
uint16_t parse_next_protocol(uint8_t number);

/* l2.c */
uint32_t read_jumbo_llc(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_llc_ip(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_llc_nlpid(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_snap(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_snap_type(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_isl(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_snap_bridged(struct parse *p, const uint8_t *head, struct parse_next *next);
/* shim.c */
uint32_t read_cmd(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_macsec(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_nsh(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_trill(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_arista(struct parse *p, const uint8_t *head, struct parse_next *next);
/* ppp.c */
uint32_t read_pppoe(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_bcp(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_multilink(struct parse *p, const uint8_t *head, struct parse_next *next);
/* mpls.c */
uint32_t read_mpls(struct parse *p, const uint8_t *head, struct parse_next *next);
/* gre.c */
uint32_t read_gre(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_erspan(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_erspan3(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_wccp(struct parse *p, const uint8_t *head, struct parse_next *next);
/* tunnel.c */
uint32_t read_etherip(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_pim(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_l2tp(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_l2tp_ip(struct parse *p, const uint8_t *head, struct parse_next *next);
/* udp_tunnel.c */
uint32_t read_vxlan(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_vxlan_gpe(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_geneve(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_gtpu(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_teredo(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_ayiya(struct parse *p, const uint8_t *head, struct parse_next *next);
/* wlan.c */
uint32_t read_capwap(struct parse *p, const uint8_t *head, struct parse_next *next);
uint32_t read_tzsp(struct parse *p, const uint8_t *head, struct parse_next *next);

#endif /* WEIR_PARSE_KINDS_H */
