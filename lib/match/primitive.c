/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Primitives of pcap expressions, and what libpcap has them mean: `tcp` is of IPv4 and IPv6, `port` of
 * TCP, UDP and SCTP, `host` of ARP and RARP too; ports are looked for in whole packets and the first of
 * several fragments of IPv4, and in packets of IPv6 without extension headers.
 */
#include <string.h>

#include <rte_common.h>

#include "match_private.h"

/* The other types of tags that libpcap knows. */
#define TYPE_QINQ 0x88a8
#define TYPE_QINQ_OLD 0x9100
#define VLAN_ID_MAX 4095
/* Below it stands a frame's length. */
#define TYPE_MIN 0x600

static const struct {
	const char *name;
	uint16_t type;  /* 0: of IPv4 and IPv6 */
	uint8_t number; /* of IP's protocols; 0: all of the type */
} protocols[] = {
	{ "ip", TYPE_IPV4, 0 },
	{ "ip6", TYPE_IPV6, 0 },
	{ "arp", TYPE_ARP, 0 },
	{ "rarp", TYPE_RARP, 0 },
	{ "tcp", 0, IPPROTO_TCP },
	{ "udp", 0, IPPROTO_UDP },
	{ "sctp", 0, IPPROTO_SCTP },
	{ "icmp", TYPE_IPV4, IPPROTO_ICMP },
	{ "icmp6", TYPE_IPV6, IPPROTO_ICMPV6 },
	{ "ah", 0, IPPROTO_AH },
	{ "esp", 0, IPPROTO_ESP },
};

static void
fail(struct parser *parser)
{
	parser->failed = true;
}

/* One that says of the layer where the parser is that it has a type. */
static struct match_rule
typed(const struct parser *parser, uint16_t type)
{
	struct match_rule rule = { .part = parser->depth > 1 };

	if (parser->depth < 2)
		rule.layer[parser->depth].type = type;
	return rule;
}

/* What a rule can say of that layer; behind two tags it says nothing, into a place that nobody reads. */
static struct match_layer *
layer_of(const struct parser *parser, struct match_rule *rule, struct match_layer *nowhere)
{
	*nowhere = (struct match_layer){ .type = 0 };
	return parser->depth < 2 ? &rule->layer[parser->depth] : nowhere;
}

static void
add_proto(const struct parser *parser, struct terms *terms, uint16_t type, uint8_t proto, bool part)
{
	struct match_rule rule = typed(parser, type);
	struct match_layer nowhere, *layer = layer_of(parser, &rule, &nowhere);

	layer->has_proto = 1;
	layer->proto = proto;
	rule.part |= part;
	terms_add(terms, &rule);
}

/* The headers of IPv6 that come before what it carries: a NIC may look behind them. */
static bool
extension(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
		return true;
	default:
		return false;
	}
}

/* Of IPv6, libpcap also looks behind a fragment's header. */
static void
make_proto(const struct parser *parser, struct terms *terms, uint16_t type, uint8_t proto)
{
	if (type == TYPE_IPV4 || type == 0)
		add_proto(parser, terms, TYPE_IPV4, proto, false);
	if (type == TYPE_IPV4)
		return;
	if (extension(proto)) {
		struct match_rule rule = typed(parser, TYPE_IPV6);

		rule.part = 1;
		terms_add(terms, &rule);
		return;
	}
	add_proto(parser, terms, TYPE_IPV6, proto, false);
	add_proto(parser, terms, TYPE_IPV6, IPPROTO_FRAGMENT, true);
}

static void
make_type(const struct parser *parser, struct terms *terms, uint16_t type)
{
	struct match_rule rule = typed(parser, type);

	terms_add(terms, &rule);
}

/* A protocol by its name alone; false: it is not one of those. */
static bool
make_named(struct parser *parser, struct terms *terms, const char *name)
{
	for (unsigned int i = 0; i < RTE_DIM(protocols); i++) {
		if (strcmp(protocols[i].name, name) != 0)
			continue;
		if (protocols[i].number == 0)
			make_type(parser, terms, protocols[i].type);
		else
			make_proto(parser, terms, protocols[i].type, protocols[i].number);
		return true;
	}
	return false;
}

/* `vlan` and `vlan N`: tags of the other types come whole, for not all NICs see tags in them. */
static void
make_vlan(struct parser *parser, struct terms *terms)
{
	struct match_rule rule = { .vlan = 1 };
	unsigned long id;

	if (parser->depth > 0)
		terms_all(terms);
	if (parser_number(parser, VLAN_ID_MAX, &id)) {
		rule.has_vlan_id = 1;
		rule.vlan_id = (uint16_t)id;
	}
	if (parser->depth == 0) {
		terms_add(terms, &rule);
		rule = typed(parser, TYPE_QINQ);
		rule.part = 1;
		terms_add(terms, &rule);
		rule.layer[0].type = TYPE_QINQ_OLD;
		terms_add(terms, &rule);
	}
	parser->depth++;
}

/* For each way that the qualifiers say: whether the source, and whether the destination is meant. */
static unsigned int
ways(enum match_way way, bool of[2][2])
{
	of[0][0] = way != WAY_DST;
	of[0][1] = way == WAY_DST || way == WAY_BOTH;
	of[1][0] = false;
	of[1][1] = true;
	return way == WAY_EITHER ? 2 : 1;
}

static void
make_address(const struct parser *parser, struct terms *terms, const struct address *address,
	enum match_way way)
{
	bool of[2][2];
	unsigned int n = ways(way, of);

	for (unsigned int i = 0; i < n; i++) {
		struct match_rule rule = typed(parser, address->type);
		struct match_layer nowhere, *layer = layer_of(parser, &rule, &nowhere);

		for (unsigned int end = 0; end < 2; end++)
			if (of[i][end]) {
				memcpy(layer->address[end], address->bytes, sizeof(address->bytes));
				memcpy(layer->mask[end], address->mask, sizeof(address->mask));
			}
		terms_add(terms, &rule);
	}
}

static void
make_station(struct terms *terms, const struct address *address, enum match_way way)
{
	bool of[2][2];
	unsigned int n = ways(way, of);

	for (unsigned int i = 0; i < n; i++) {
		struct match_rule rule = { .part = 0 };

		for (unsigned int end = 0; end < 2; end++)
			if (of[i][end]) {
				/* In a frame the destination comes first. */
				rule.has_mac[!end] = 1;
				memcpy(rule.mac[!end], address->bytes, sizeof(rule.mac[0]));
			}
		terms_add(terms, &rule);
	}
}

static void
add_ports(const struct parser *parser, struct terms *terms, uint16_t type, uint8_t proto,
	uint16_t port, enum match_way way)
{
	bool of[2][2];
	unsigned int n = ways(way, of);

	for (unsigned int i = 0; i < n; i++) {
		struct match_rule rule = typed(parser, type);
		struct match_layer nowhere, *layer = layer_of(parser, &rule, &nowhere);

		layer->has_proto = 1;
		layer->proto = proto;
		for (unsigned int end = 0; end < 2; end++)
			if (of[i][end]) {
				layer->has_port[end] = 1;
				layer->port[end] = port;
			}
		terms_add(terms, &rule);
	}
}

static void
make_port(struct parser *parser, struct terms *terms, const struct qualifiers *q, uint16_t port)
{
	static const struct {
		const char *name;
		uint8_t number;
	} of[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP } };

	for (unsigned int i = 0; i < RTE_DIM(of); i++) {
		struct match_rule rule = typed(parser, TYPE_IPV4);
		struct match_layer nowhere, *layer = layer_of(parser, &rule, &nowhere);

		if (q->proto[0] != '\0' && strcmp(q->proto, of[i].name) != 0)
			continue;
		add_ports(parser, terms, TYPE_IPV4, of[i].number, port, q->way);
		add_ports(parser, terms, TYPE_IPV6, of[i].number, port, q->way);
		layer->has_proto = 1;
		layer->proto = of[i].number;
		layer->first_fragment = 1;
		rule.part = 1;
		terms_add(terms, &rule);
	}
}

static void
host_parse(struct parser *parser, const struct qualifiers *q, struct terms *terms)
{
	struct address address;
	bool any = q->proto[0] == '\0';

	if (!address_parse(parser, q, &address)) {
		fail(parser);
		return;
	}
	if (address.type == 0) {
		make_station(terms, &address, q->way);
		return;
	}
	if (any || strcmp(q->proto, "ip") == 0 || strcmp(q->proto, "ip6") == 0)
		make_address(parser, terms, &address, q->way);
	else if (strcmp(q->proto, "arp") != 0 && strcmp(q->proto, "rarp") != 0)
		fail(parser);
	/* The addresses in these are beyond what rules say. */
	for (unsigned int i = 0; i < 2 && address.type == TYPE_IPV4; i++) {
		struct match_rule rule = typed(parser, i == 0 ? TYPE_ARP : TYPE_RARP);

		rule.part = 1;
		if (any || strcmp(q->proto, i == 0 ? "arp" : "rarp") == 0)
			terms_add(terms, &rule);
	}
}

static void
proto_parse(struct parser *parser, const struct qualifiers *q, struct terms *terms)
{
	bool type = strcmp(q->proto, "ether") == 0;
	unsigned long number = 0;

	for (unsigned int i = 0; parser->token.kind == TOKEN_QUOTED && i < RTE_DIM(protocols); i++)
		if (token_is(&parser->token, protocols[i].name))
			number = type ? (protocols[i].number == 0 ? protocols[i].type : 0) :
					protocols[i].number;
	if (number != 0)
		parser_next(parser);
	else if (!parser_number(parser, type ? UINT16_MAX : UINT8_MAX, &number))
		fail(parser);
	if (type && number >= TYPE_MIN)
		make_type(parser, terms, (uint16_t)number);
	else if (!type && q->proto[0] == '\0')
		make_proto(parser, terms, 0, (uint8_t)number);
	else if (strcmp(q->proto, "ip") == 0)
		make_proto(parser, terms, TYPE_IPV4, (uint8_t)number);
	else if (strcmp(q->proto, "ip6") == 0)
		make_proto(parser, terms, TYPE_IPV6, (uint8_t)number);
	else
		fail(parser);
}

/* What the qualifiers are in front of. */
static void
id_parse(struct parser *parser, struct terms *terms)
{
	const struct qualifiers *q = &parser->last;
	unsigned long port;

	switch (q->kind) {
	case KIND_PORT:
		if (!parser_number(parser, UINT16_MAX, &port))
			fail(parser);
		else
			make_port(parser, terms, q, (uint16_t)port);
		break;
	case KIND_PROTO:
		proto_parse(parser, q, terms);
		break;
	default:
		host_parse(parser, q, terms);
	}
}

static enum match_way
take_way(struct parser *parser)
{
	struct parser ahead;
	enum token_kind kind;
	bool src;

	src = parser_take(parser, "src");
	if (!src && !parser_take(parser, "dst"))
		return WAY_EITHER;
	ahead = *parser;
	kind = ahead.token.kind;
	parser_next(&ahead);
	if ((kind == TOKEN_AND || kind == TOKEN_OR) && parser_take(&ahead, src ? "dst" : "src")) {
		*parser = ahead;
		return kind == TOKEN_AND ? WAY_BOTH : WAY_EITHER;
	}
	return src ? WAY_SRC : WAY_DST;
}

static enum match_kind
take_kind(struct parser *parser)
{
	static const struct {
		const char *name;
		enum match_kind kind;
	} kinds[] = { { "host", KIND_HOST }, { "net", KIND_NET }, { "port", KIND_PORT },
		{ "proto", KIND_PROTO } };

	for (unsigned int i = 0; i < RTE_DIM(kinds); i++)
		if (parser_take(parser, kinds[i].name))
			return kinds[i].kind;
	return KIND_NONE;
}

/* The name of a protocol that the parser takes, "" where there is none. */
static const char *
take_proto(struct parser *parser)
{
	for (unsigned int i = 0; i < RTE_DIM(protocols); i++)
		if (parser_take(parser, protocols[i].name))
			return protocols[i].name;
	return parser_take(parser, "ether") ? "ether" : "";
}

void
primitive_parse(struct parser *parser, struct terms *terms)
{
	struct qualifiers q = { .given = true };
	const char *before = parser->token.at;

	if (parser_take(parser, "vlan")) {
		parser->last.given = false;
		make_vlan(parser, terms);
		return;
	}
	q.proto = take_proto(parser);
	q.way = take_way(parser);
	q.kind = take_kind(parser);
	/* An address or number alone has the qualifiers of the one before. */
	if (parser->token.at != before)
		parser->last = q;
	else if (!parser->last.given)
		fail(parser);
	if (q.proto[0] != '\0' && q.way == WAY_EITHER && q.kind == KIND_NONE &&
		parser->token.kind != TOKEN_WORD && parser->token.kind != TOKEN_QUOTED) {
		parser->last.given = false;
		if (!make_named(parser, terms, q.proto))
			fail(parser);
		return;
	}
	id_parse(parser, terms);
}
