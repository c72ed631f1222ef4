/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* From an expression to rules, where it is of a kind that rules can say. */
#include <string.h>

#include <rte_common.h>

#include "match_private.h"

/* Parentheses and negations in one another: what is nested deeper stays in software. */
#define NESTED_MAX 16

static void expression_parse(struct parser *parser, struct terms *terms, unsigned int nested);

static void
unit_parse(struct parser *parser, struct terms *terms, unsigned int nested)
{
	if (nested == NESTED_MAX) {
		parser->failed = true;
	} else if (parser->token.kind == TOKEN_NOT) {
		struct terms none = { .count = 0 };

		parser_next(parser);
		/* Rules do not say what is not there: read for the tags it passes. */
		parser->last.given = false;
		unit_parse(parser, &none, nested + 1);
		parser->last.given = false;
		terms_all(terms);
	} else if (parser->token.kind == TOKEN_OPEN) {
		parser_next(parser);
		parser->last.given = false;
		expression_parse(parser, terms, nested + 1);
		parser->last.given = false;
		parser->failed |= parser->token.kind != TOKEN_CLOSE;
		parser_next(parser);
	} else {
		primitive_parse(parser, terms);
	}
}

/* `and` and `or` bind alike, from the left. */
static void
expression_parse(struct parser *parser, struct terms *terms, unsigned int nested)
{
	unit_parse(parser, terms, nested);
	while (!parser->failed &&
		(parser->token.kind == TOKEN_AND || parser->token.kind == TOKEN_OR)) {
		bool both = parser->token.kind == TOKEN_AND;
		struct terms more = { .count = 0 };

		parser_next(parser);
		unit_parse(parser, &more, nested);
		if (both)
			terms_and(terms, &more);
		else
			terms_or(terms, &more);
	}
}

/* What is said of a layer behind a tag that is not asked for is of other bytes than rules mean. */
static bool
rule_settle(struct match_rule *rule)
{
	if (!rule->vlan && rule->layer[1].type != 0) {
		memset(&rule->layer[1], 0, sizeof(rule->layer[1]));
		rule->part = 1;
	}
	return rule->vlan || rule->has_mac[0] || rule->has_mac[1] || rule->layer[0].type != 0;
}

static const char *
rules_settle(struct terms *terms, struct match_rules *rules)
{
	struct terms settled = { .many = terms->many };

	for (unsigned int i = 0; i < terms->count; i++) {
		if (!rule_settle(&terms->list[i]))
			return "rules would let everything in";
		terms_add(&settled, &terms->list[i]);
	}
	if (settled.many || settled.count > MATCH_RULES_MAX)
		return "it takes more than " RTE_STR(MATCH_RULES_MAX) " rules";
	if (settled.count == 0)
		return "it matches nothing";
	rules->exact = true;
	for (unsigned int i = 0; i < settled.count; i++) {
		rules->rules[i] = settled.list[i];
		rules->exact &= !settled.list[i].part;
	}
	rules->count = settled.count;
	return NULL;
}

void
match_rules_make(const char *expression, struct match_rules *rules)
{
	/* An address that stands first is a host's. */
	struct parser parser = {
		.text = expression,
		.last = { .given = true, .proto = "", .kind = KIND_HOST },
	};
	struct terms terms = { .count = 0 };

	rules->count = 0;
	rules->exact = false;
	parser_next(&parser);
	if (parser.token.kind == TOKEN_END) {
		rules->why = "it matches everything";
		return;
	}
	expression_parse(&parser, &terms, 0);
	if (parser.failed || parser.token.kind != TOKEN_END)
		rules->why = "it asks for more than rules can say";
	else
		rules->why = rules_settle(&terms, rules);
}
