/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a rule says, for people. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "match_private.h"

struct text {
	char *buf;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void
add(struct text *text, const char *format, ...)
{
	size_t left = MATCH_TEXT_SIZE - text->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->buf + text->used, left, format, args);
	va_end(args);
	text->used += n < 0 ? 0 : RTE_MIN((size_t)n, left - 1);
}

static void
add_address(struct text *text, const struct match_layer *layer, unsigned int end)
{
	static const char *const ends[] = { "src", "dst" };
	bool v6 = layer->type == TYPE_IPV6;
	char address[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
	unsigned int bits = 0, all = v6 ? 128 : 32;
	int family = v6 ? AF_INET6 : AF_INET;

	while (bits < all && layer->mask[end][bits / 8] >> (7 - bits % 8) & 1)
		bits++;
	for (unsigned int i = bits; i < all; i++)
		if (layer->mask[end][i / 8] >> (7 - i % 8) & 1) {
			add(text, " %s %s mask %s", ends[end],
				inet_ntop(family, layer->address[end], address, sizeof(address)),
				inet_ntop(family, layer->mask[end], mask, sizeof(mask)));
			return;
		}
	if (bits == 0)
		return;
	add(text, " %s %s", ends[end],
		inet_ntop(family, layer->address[end], address, sizeof(address)));
	if (bits < all)
		add(text, "/%u", bits);
}

static void
add_proto(struct text *text, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		add(text, ", tcp");
		break;
	case IPPROTO_UDP:
		add(text, ", udp");
		break;
	case IPPROTO_SCTP:
		add(text, ", sctp");
		break;
	default:
		add(text, " proto %u", proto);
	}
}

static void
add_layer(struct text *text, const struct match_layer *layer)
{
	const char *separator = text->used > 0 ? ", " : "";

	if (layer->type == 0)
		return;
	if (layer->type != TYPE_IPV4 && layer->type != TYPE_IPV6) {
		add(text, "%stype 0x%04x", separator, layer->type);
		return;
	}
	add(text, "%s%s", separator, layer->type == TYPE_IPV4 ? "ipv4" : "ipv6");
	if (layer->first_fragment)
		add(text, " first fragment");
	add_address(text, layer, 0);
	add_address(text, layer, 1);
	if (layer->has_proto)
		add_proto(text, layer->proto);
	if (layer->has_port[0])
		add(text, " src %u", layer->port[0]);
	if (layer->has_port[1])
		add(text, " dst %u", layer->port[1]);
}

const char *
match_rule_text(const struct match_rule *rule, char buf[MATCH_TEXT_SIZE])
{
	struct text text = { .buf = buf };

	buf[0] = '\0';
	for (unsigned int i = 0; i < 2; i++)
		if (rule->has_mac[!i]) {
			const uint8_t *m = rule->mac[!i];

			add(&text, "%sether %s %02x:%02x:%02x:%02x:%02x:%02x",
				text.used > 0 ? ", " : "", i == 0 ? "src" : "dst", m[0], m[1], m[2],
				m[3], m[4], m[5]);
		}
	if (rule->vlan)
		add(&text, "%svlan", text.used > 0 ? ", " : "");
	if (rule->has_vlan_id)
		add(&text, " %u", rule->vlan_id);
	add_layer(&text, &rule->layer[rule->vlan ? 1 : 0]);
	return buf;
}
