/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Rules as rte_flow takes them. */
#include <string.h>

#include <rte_byteorder.h>

#include "match_private.h"

/* Of IPv4's fragment field: more follow, and where in the datagram it is. */
#define MORE_FRAGMENTS 0x2000
#define FRAGMENT_PLACE 0x3fff

static bool
is_set(const uint8_t *bytes, size_t n)
{
	while (n > 0 && bytes[n - 1] == 0)
		n--;
	return n > 0;
}

static bool
layer_has_l4(const struct match_layer *layer)
{
	return layer->has_port[0] || layer->has_port[1];
}

static bool
layer_has_l3(const struct match_layer *layer)
{
	return layer->has_proto || layer->first_fragment ||
		is_set(layer->mask[0], sizeof(layer->mask));
}

bool
match_rule_widen(struct match_rule *rule)
{
	struct match_layer *layer = &rule->layer[rule->vlan ? 1 : 0];
	uint16_t type = layer->type;

	rule->part = 1;
	if (layer_has_l4(layer)) {
		memset(layer->has_port, 0, sizeof(layer->has_port));
		memset(layer->port, 0, sizeof(layer->port));
	} else if (layer_has_l3(layer)) {
		*layer = (struct match_layer){ .type = type };
	} else if (rule->vlan && type != 0) {
		layer->type = 0;
	} else if (rule->has_vlan_id) {
		rule->has_vlan_id = 0;
		rule->vlan_id = 0;
	} else {
		return false;
	}
	return true;
}

static struct rte_flow_item *
item_add(struct rte_flow_item *item, enum rte_flow_item_type type, bool said, const void *spec,
	const void *mask)
{
	item->type = type;
	item->spec = said ? spec : NULL;
	item->mask = said ? mask : NULL;
	return item + 1;
}

static void
eth_fill(const struct match_rule *rule, struct match_pattern *p, uint16_t type)
{
	uint8_t *spec[] = { p->eth.hdr.dst_addr.addr_bytes, p->eth.hdr.src_addr.addr_bytes };
	uint8_t *mask[] = { p->eth_mask.hdr.dst_addr.addr_bytes,
		p->eth_mask.hdr.src_addr.addr_bytes };

	for (unsigned int i = 0; i < 2; i++)
		if (rule->has_mac[i]) {
			memcpy(spec[i], rule->mac[i], sizeof(rule->mac[i]));
			memset(mask[i], 0xff, sizeof(rule->mac[i]));
		}
	p->eth.hdr.ether_type = rte_cpu_to_be_16(type);
	p->eth_mask.hdr.ether_type = type != 0 ? RTE_BE16(0xffff) : 0;
}

static void
ipv4_fill(const struct match_layer *layer, bool has_l4, struct match_pattern *p)
{
	struct rte_ipv4_hdr *spec = &p->ipv4.hdr, *mask = &p->ipv4_mask.hdr;

	memcpy(&spec->src_addr, layer->address[0], sizeof(spec->src_addr));
	memcpy(&mask->src_addr, layer->mask[0], sizeof(mask->src_addr));
	memcpy(&spec->dst_addr, layer->address[1], sizeof(spec->dst_addr));
	memcpy(&mask->dst_addr, layer->mask[1], sizeof(mask->dst_addr));
	if (layer->has_proto && !has_l4) {
		spec->next_proto_id = layer->proto;
		mask->next_proto_id = UINT8_MAX;
	}
	if (layer->first_fragment) {
		spec->fragment_offset = RTE_BE16(MORE_FRAGMENTS);
		mask->fragment_offset = RTE_BE16(FRAGMENT_PLACE);
	}
}

static void
ipv6_fill(const struct match_layer *layer, bool has_l4, struct match_pattern *p)
{
	struct rte_ipv6_hdr *spec = &p->ipv6.hdr, *mask = &p->ipv6_mask.hdr;

	memcpy(&spec->src_addr, layer->address[0], sizeof(spec->src_addr));
	memcpy(&mask->src_addr, layer->mask[0], sizeof(mask->src_addr));
	memcpy(&spec->dst_addr, layer->address[1], sizeof(spec->dst_addr));
	memcpy(&mask->dst_addr, layer->mask[1], sizeof(mask->dst_addr));
	if (layer->has_proto && !has_l4) {
		spec->proto = layer->proto;
		mask->proto = UINT8_MAX;
	}
}

/* The ports of all three protocols lie alike. */
static struct rte_flow_item *
l4_add(const struct match_layer *layer, struct match_pattern *p, struct rte_flow_item *item)
{
	struct rte_tcp_hdr *spec = &p->l4.tcp.hdr, *mask = &p->l4_mask.tcp.hdr;
	enum rte_flow_item_type type = RTE_FLOW_ITEM_TYPE_TCP;

	if (layer->proto == IPPROTO_UDP)
		type = RTE_FLOW_ITEM_TYPE_UDP;
	else if (layer->proto == IPPROTO_SCTP)
		type = RTE_FLOW_ITEM_TYPE_SCTP;
	spec->src_port = rte_cpu_to_be_16(layer->port[0]);
	mask->src_port = layer->has_port[0] ? RTE_BE16(0xffff) : 0;
	spec->dst_port = rte_cpu_to_be_16(layer->port[1]);
	mask->dst_port = layer->has_port[1] ? RTE_BE16(0xffff) : 0;
	return item_add(item, type, true, &p->l4, &p->l4_mask);
}

static struct rte_flow_item *
l3_add(const struct match_layer *layer, struct match_pattern *p, struct rte_flow_item *item)
{
	bool has_l4 = layer_has_l4(layer), said = layer_has_l3(layer);

	/* With ports, the protocol is that of the item that has them. */
	if (layer->type == TYPE_IPV4) {
		ipv4_fill(layer, has_l4, p);
		said = said && is_set((const uint8_t *)&p->ipv4_mask, sizeof(p->ipv4_mask));
		item = item_add(item, RTE_FLOW_ITEM_TYPE_IPV4, said, &p->ipv4, &p->ipv4_mask);
	} else if (layer->type == TYPE_IPV6) {
		ipv6_fill(layer, has_l4, p);
		said = said && is_set((const uint8_t *)&p->ipv6_mask, sizeof(p->ipv6_mask));
		item = item_add(item, RTE_FLOW_ITEM_TYPE_IPV6, said, &p->ipv6, &p->ipv6_mask);
	}
	return has_l4 ? l4_add(layer, p, item) : item;
}

void
match_rule_pattern(const struct match_rule *rule, struct match_pattern *pattern)
{
	const struct match_layer *layer = &rule->layer[rule->vlan ? 1 : 0];
	uint16_t type = layer->type;
	struct rte_flow_item *item = pattern->items;
	bool has_mac = rule->has_mac[0] || rule->has_mac[1];

	memset(pattern, 0, sizeof(*pattern));
	/* An item of its own says the type of IP. */
	if (type == TYPE_IPV4 || type == TYPE_IPV6)
		type = 0;
	eth_fill(rule, pattern, rule->vlan ? 0 : type);
	item = item_add(item, RTE_FLOW_ITEM_TYPE_ETH, has_mac || (!rule->vlan && type != 0),
		&pattern->eth, &pattern->eth_mask);
	if (rule->vlan) {
		pattern->vlan.hdr.vlan_tci = rte_cpu_to_be_16(rule->vlan_id);
		pattern->vlan_mask.hdr.vlan_tci = rule->has_vlan_id ? RTE_BE16(0x0fff) : 0;
		pattern->vlan.hdr.eth_proto = rte_cpu_to_be_16(type);
		pattern->vlan_mask.hdr.eth_proto = type != 0 ? RTE_BE16(0xffff) : 0;
		item = item_add(item, RTE_FLOW_ITEM_TYPE_VLAN, rule->has_vlan_id || type != 0,
			&pattern->vlan, &pattern->vlan_mask);
	}
	item = l3_add(layer, pattern, item);
	item->type = RTE_FLOW_ITEM_TYPE_END;
}
