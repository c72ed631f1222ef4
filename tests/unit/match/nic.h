/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a NIC makes of rules, by what rte_flow says of its items: for frames of any kind and length. */
#ifndef WEIR_MATCH_NIC_H
#define WEIR_MATCH_NIC_H

#include <string.h>

#include <rte_byteorder.h>

#include "match/match.h"

/* In what NICs differ. */
struct nic {
	bool whole_only; /* it reads no ports of fragments, not even of the first */
	bool skips;      /* it looks behind the extension headers of IPv6 */
};

struct looked {
	const uint8_t *bytes;
	size_t len;
	size_t at; /* of the EtherType of what comes next, or of the IP header */
	size_t l4; /* 0: there is none that it reads */
	int proto; /* of IP; -1: none */
};

static inline int
nic_16(const struct looked *f, size_t at)
{
	return at + 2 <= f->len ? f->bytes[at] << 8 | f->bytes[at + 1] : -1;
}

/* Whether the bytes there are those of a spec under its mask; no spec: whatever they are. */
static inline bool
nic_same(const struct looked *f, size_t at, const void *spec_, const void *mask_, size_t n)
{
	const uint8_t *spec = spec_, *mask = mask_;

	for (size_t i = 0; spec != NULL && i < n; i++)
		if (mask[i] != 0 &&
			(at + i >= f->len || ((f->bytes[at + i] ^ spec[i]) & mask[i]) != 0))
			return false;
	return true;
}

static inline bool
nic_ipv4(const struct nic *nic, struct looked *f, const struct rte_flow_item *item)
{
	int fragment;

	if (nic_16(f, f->at) != 0x0800)
		return false;
	f->at += 2;
	if (!nic_same(f, f->at, item->spec, item->mask, sizeof(struct rte_ipv4_hdr)))
		return false;
	fragment = nic_16(f, f->at + 6);
	f->proto = f->at + 9 < f->len ? f->bytes[f->at + 9] : -1;
	if (fragment >= 0 && (fragment & (nic->whole_only ? 0x3fff : 0x1fff)) == 0)
		f->l4 = f->at + (size_t)(f->bytes[f->at] & 15) * 4;
	return true;
}

static inline bool
nic_extension(int proto)
{
	return proto == 0 || proto == 43 || proto == 60;
}

/* Where a NIC looks behind extension headers, it is what they end in that it takes for the protocol. */
static inline bool
nic_ipv6(const struct nic *nic, struct looked *f, const struct rte_flow_item *item)
{
	struct rte_ipv6_hdr mask = { 0 };
	const struct rte_ipv6_hdr *spec = item->spec;
	size_t at;

	if (nic_16(f, f->at) != 0x86dd)
		return false;
	f->at += 2;
	f->proto = f->at + 6 < f->len ? f->bytes[f->at + 6] : -1;
	at = f->at + 40;
	while (nic->skips && nic_extension(f->proto) && at + 1 < f->len) {
		f->proto = f->bytes[at];
		at += ((size_t)f->bytes[at + 1] + 1) * 8;
	}
	if (nic->skips && f->proto == 44 && at < f->len)
		f->proto = f->bytes[at];
	else
		f->l4 = at;
	if (spec == NULL)
		return true;
	memcpy(&mask, item->mask, sizeof(mask));
	if (mask.proto != 0 && spec->proto != f->proto)
		return false;
	mask.proto = 0;
	return nic_same(f, f->at, spec, &mask, sizeof(mask));
}

static inline bool
nic_l4(const struct looked *f, const struct rte_flow_item *item, int proto)
{
	return f->proto == proto && f->l4 != 0 && nic_same(f, f->l4, item->spec, item->mask, 4);
}

static inline bool
nic_item(const struct nic *nic, struct looked *f, const struct rte_flow_item *item)
{
	switch ((int)item->type) {
	case RTE_FLOW_ITEM_TYPE_ETH:
		f->at = 12;
		return nic_same(f, 0, item->spec, item->mask, 14);
	case RTE_FLOW_ITEM_TYPE_VLAN:
		if (nic_16(f, f->at) != 0x8100)
			return false;
		f->at += 4;
		return nic_same(f, f->at - 2, item->spec, item->mask, 4);
	case RTE_FLOW_ITEM_TYPE_IPV4:
		return nic_ipv4(nic, f, item);
	case RTE_FLOW_ITEM_TYPE_IPV6:
		return nic_ipv6(nic, f, item);
	case RTE_FLOW_ITEM_TYPE_TCP:
		return nic_l4(f, item, 6);
	case RTE_FLOW_ITEM_TYPE_UDP:
		return nic_l4(f, item, 17);
	case RTE_FLOW_ITEM_TYPE_SCTP:
		return nic_l4(f, item, 132);
	default:
		return false;
	}
}

static inline bool
nic_matches(const struct nic *nic, const struct match_rule *rule, const uint8_t *bytes, size_t len)
{
	struct looked f = { .bytes = bytes, .len = len, .proto = -1 };
	struct match_pattern pattern;
	const struct rte_flow_item *item;

	match_rule_pattern(rule, &pattern);
	for (item = pattern.items; item->type != RTE_FLOW_ITEM_TYPE_END; item++)
		if (!nic_item(nic, &f, item))
			return false;
	return true;
}

static inline bool
nic_lets_in(const struct nic *nic, const struct match_rules *rules, const uint8_t *bytes,
	size_t len)
{
	for (unsigned int i = 0; i < rules->count; i++)
		if (nic_matches(nic, &rules->rules[i], bytes, len))
			return true;
	return false;
}

#endif /* WEIR_MATCH_NIC_H */
