/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The walker of the table. What is in a tunnel that a UDP port alone names counts only if a whole
 * packet is found there: else the outer packet stands.
 */
#include "kinds.h"

static bool
parse_followed(uint32_t ethertype)
{
	return parse_is_own(ethertype) || parse_kind_of(BY_ETHERTYPE, ethertype) != NULL;
}

/* Whether a row's header is at p->off, and all of it; then what it says of what follows. */
static bool
kind_read(struct parse *p, const struct parse_kind *kind, struct parse_next *next)
{
	const uint8_t *head = kind->least > 0 ? parse_read(p, p->off, kind->least) : p->data;

	next->len = kind->least;
	next->step = kind->step;
	next->verdict = kind->verdict;
	if (head == NULL)
		return false;
	if (kind->id_mask != 0)
		next->id = get32(head + kind->id_at) >> kind->id_shift & kind->id_mask;
	if (kind->step == STEP_ETHERTYPE)
		next->number = get16(head + kind->type_at);
	if (kind->read == NULL)
		return true;
	next->verdict = WEIR_VERDICT_OK;
	next->len = kind->read(p, head, next);
	if (next->len == READ_NOT)
		return false;
	next->verdict = kind->verdict;
	return p->off + next->len <= p->header_end;
}

/* Go on behind a header. */
static enum parse_step
kind_follow(struct parse *p, const struct parse_next *next)
{
	p->off += next->len;
	if (next->step == STEP_ETHERTYPE)
		p->now.stopped = (uint16_t)next->number;
	if (next->step == STEP_KIND) {
		p->by = next->by;
		p->number = next->number;
	}
	return (enum parse_step)next->step;
}

enum parse_step
parse_kind(struct parse *p, enum parse_by by, uint32_t number)
{
	const struct parse_kind *kind = parse_kind_of(by, number);
	struct parse_next next = { .id = 0 };

	if (kind == NULL)
		return STEP_DONE;
	if (!kind_read(p, kind, &next))
		return next.verdict != WEIR_VERDICT_OK ?
			parse_fail(p, (enum weir_verdict)next.verdict) :
			STEP_DONE;
	if (p->kinds++ == WEIR_PARSE_MAX_SHIMS ||
		(kind->flags & KIND_TAG && p->tags++ == WEIR_PARSE_MAX_TAGS))
		return parse_fail(p, WEIR_VERDICT_TOO_DEEP);
	if (kind->tunnel != WEIR_TUNNEL_NONE) {
		p->flags |= WEIR_EVENT_TUNNELLED;
		p->now.tunnel = kind->tunnel;
		p->now.tunnel_id = next.id;
	}
	return kind_follow(p, &next);
}

/* Whether something is there for what a tunnel says to be in it: else there is no tunnel to enter. */
static void
kind_resolve(struct parse_next *next)
{
	if (next->step == STEP_KIND && next->by == BY_GRE &&
		parse_kind_of(BY_GRE, next->number) == NULL)
		next->step = STEP_ETHERTYPE;
	if (next->step == STEP_ETHERTYPE && !parse_followed(next->number))
		next->step = STEP_DONE;
}

static enum parse_step
kind_tunnel(struct parse *p, const struct parse_kind *kind, struct parse_next *next)
{
	kind_resolve(next);
	/* The inside of a fragment is no whole packet: all fragments keep the outer addresses. */
	if (!parse_enters(p) || p->flags & WEIR_EVENT_FRAGMENT || next->step == STEP_DONE)
		return STEP_DONE;
	if (p->tunnels++ == WEIR_PARSE_MAX_TUNNELS)
		return parse_fail(p, WEIR_VERDICT_TOO_DEEP);
	p->tags = 0;
	p->flags |= WEIR_EVENT_TUNNELLED;
	p->now.tunnel = kind->tunnel;
	p->now.tunnel_id = next->id;
	return kind_follow(p, next);
}

enum parse_step
parse_proto(struct parse *p)
{
	const struct parse_kind *kind = parse_kind_of(BY_PROTO, p->now.proto);
	struct parse_next next = { .verdict = WEIR_VERDICT_OK };
	bool found = kind != NULL && kind_read(p, kind, &next);

	if (!found && next.verdict != WEIR_VERDICT_OK)
		return parse_fail_keyed(p, (enum weir_verdict)next.verdict);
	if (p->off > p->header_end)
		return parse_fail_keyed(p, WEIR_VERDICT_TRUNC_L4);
	parse_payload(p, p->off);
	if (found && kind->flags & KIND_L4) {
		parse_payload(p, p->off + next.len);
		if (next.number >= ETHERTYPE_LENGTH_END)
			p->now.stopped = (uint16_t)next.number;
	}
	parse_commit(p);
	return found ? kind_tunnel(p, kind, &next) : STEP_DONE;
}

/* Of a destination the row, where a list says which ports are VXLAN's. */
static const struct parse_kind *
listed_kind(const struct weir_vxlan_ports *list, const struct parse_kind *kind, uint16_t dport)
{
	if (parse_vxlan_listed(list, rte_cpu_to_be_16(dport)))
		return parse_kind_of(BY_UDP, PORT_VXLAN);
	return kind != NULL && kind->read == read_vxlan ? NULL : kind;
}

/* The row of a UDP port: the destination's before the source's. */
static const struct parse_kind *
udp_kind(const struct weir_parse_burst *burst, uint16_t sport, uint16_t dport)
{
	const struct parse_kind *kind = parse_kind_of(BY_UDP, dport);

	if (unlikely(burst->vxlan_ports != NULL))
		kind = listed_kind(burst->vxlan_ports, kind, dport);
	if (kind != NULL)
		return kind;
	kind = parse_kind_of(BY_UDP, sport);
	return kind != NULL && kind->flags & KIND_EITHER ? kind : NULL;
}

bool
parse_has_tunnel_port(const struct weir_parse_burst *burst, uint16_t sport, uint16_t dport)
{
	return udp_kind(burst, sport, dport) != NULL;
}

enum parse_step
parse_enter_udp(struct parse *p, uint16_t sport, uint16_t dport)
{
	const struct parse_kind *kind = udp_kind(p->burst, sport, dport);
	struct parse_next next = { .id = 0 };

	if (kind == NULL || !parse_enters(p) || !kind_read(p, kind, &next))
		return STEP_DONE;
	p->guess = kind->flags & KIND_WEAK ? GUESS_WEAK : GUESS;
	return kind_tunnel(p, kind, &next);
}

enum parse_step
parse_udp_tunnel(struct parse *p)
{
	return parse_enter_udp(p, rte_be_to_cpu_16(p->key.sport), rte_be_to_cpu_16(p->key.dport));
}

bool
parse_is_tunnel(uint8_t proto)
{
	return parse_kind_of(BY_PROTO, proto) != NULL;
}

enum parse_step
parse_enter(struct parse *p, uint8_t proto)
{
	const struct parse_kind *kind = parse_kind_of(BY_PROTO, proto);
	struct parse_next next = { .id = 0 };

	if (kind == NULL || !kind_read(p, kind, &next))
		return STEP_DONE;
	p->guess = GUESS_NONE;
	return kind_tunnel(p, kind, &next);
}

enum parse_step
parse_between(struct parse *p, enum parse_step step)
{
	while (true) {
		switch (step) {
		case STEP_ETHER:
			step = parse_ether(p);
			break;
		case STEP_ETHERTYPE:
			step = parse_ethertype(p);
			break;
		case STEP_KIND:
			step = parse_kind(p, (enum parse_by)p->by, p->number);
			break;
		case STEP_PPP:
			step = parse_ppp(p);
			break;
		case STEP_BELOW_MPLS:
			step = parse_below_mpls(p);
			break;
		case STEP_WLAN:
			step = parse_wlan(p);
			break;
		default:
			return step;
		}
	}
}
