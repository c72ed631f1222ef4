/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Rules of rte_flow for what is asked of a port. They are of use only where the port keeps all else out,
 * so that all of them are there or none: else software does it all.
 *
 * Drivers differ in when they can be isolated (some before they are configured, none while they run) and
 * in when they refuse a rule. One that refuses is asked for more and more, as long as that is not all.
 */
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_flow.h>
#include <rte_log.h>

#include "source_private.h"

RTE_LOG_REGISTER(logtype_rules, lib.weir.source, NOTICE);
#define RULES_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_rules, __VA_ARGS__)

/*
 * Drivers whose rules keep out frames with the very tag that they name: net_tap looks at some bits of its
 * number only, and the kernel below does not find it in frames that a raw socket sent.
 */
static const char *const tags_wrong[] = { "net_tap" };

/* What a driver said, or else what it gave. */
static const char *
said(const struct rte_flow_error *error)
{
	return error->message != NULL ? error->message : rte_strerror(rte_errno);
}

/* A rule and its action, as they are handed to a driver. */
struct asked {
	struct rte_flow_attr attr;
	struct match_pattern pattern;
	uint16_t queues[RTE_MAX_QUEUES_PER_PORT];
	struct rte_flow_action_queue queue;
	struct rte_flow_action_rss rss;
	struct rte_flow_action actions[2];
	struct rte_flow_error error;
};

static void
asked_init(struct asked *asked, const struct port_conf *conf, const struct match_rule *rule)
{
	struct rte_eth_rss_conf rss = { 0 };

	memset(asked, 0, sizeof(*asked));
	asked->attr.ingress = 1;
	match_rule_pattern(rule, &asked->pattern);
	asked->actions[0].type = RTE_FLOW_ACTION_TYPE_QUEUE;
	asked->actions[0].conf = &asked->queue;
	asked->actions[1].type = RTE_FLOW_ACTION_TYPE_END;
	if (conf->rx_queues == 1)
		return;
	port_rss_conf(conf, &rss);
	for (uint16_t q = 0; q < conf->rx_queues; q++)
		asked->queues[q] = q;
	asked->rss = (struct rte_flow_action_rss){
		.func = RTE_ETH_HASH_FUNCTION_DEFAULT,
		.types = rss.rss_hf,
		.key_len = rss.rss_key_len,
		.key = rss.rss_key,
		.queue_num = conf->rx_queues,
		.queue = asked->queues,
	};
	asked->actions[0].type = RTE_FLOW_ACTION_TYPE_RSS;
	asked->actions[0].conf = &asked->rss;
}

/* One that is the same as an earlier one, once it says more, is not needed. */
static bool
rule_had(const struct match_rules *rules, unsigned int i)
{
	for (unsigned int j = 0; j < i; j++)
		if (memcmp(&rules->rules[j], &rules->rules[i], sizeof(rules->rules[i])) == 0)
			return true;
	return false;
}

static void
rule_drop(struct match_rules *rules, unsigned int i)
{
	rules->count--;
	memmove(&rules->rules[i], &rules->rules[i + 1],
		(rules->count - i) * sizeof(rules->rules[0]));
}

/* What a driver refuses is told at the end, when it is known what became of it. */
static void
refusal_note(struct port_refusal *refusal, const struct match_rule *rule,
	const struct rte_flow_error *error)
{
	if (refusal->count++ > 0)
		return;
	refusal->rule = *rule;
	snprintf(refusal->message, sizeof(refusal->message), "%s", said(error));
}

/* Ask the driver whether it would take a rule, or to take it. */
static bool
rule_ask(const struct port_conf *conf, const struct match_rule *rule, struct rte_flow **flow,
	struct rte_flow_error *error)
{
	struct asked asked;
	bool taken;

	asked_init(&asked, conf, rule);
	if (flow == NULL) {
		taken = rte_flow_validate(conf->id, &asked.attr, asked.pattern.items, asked.actions,
				&asked.error) == 0;
	} else {
		*flow = rte_flow_create(conf->id, &asked.attr, asked.pattern.items, asked.actions,
			&asked.error);
		taken = *flow != NULL;
	}
	*error = asked.error;
	return taken;
}

static bool
of_fragments(const struct match_rule *rule)
{
	return rule->layer[0].first_fragment || rule->layer[1].first_fragment;
}

/*
 * Rule i, or one that says more; it falls out where another says the same. Only those of first fragments
 * are done without: there are drivers that know them, but few. False: none is taken.
 */
static bool
rule_settle(const struct port_conf *conf, struct port_rules *rules, unsigned int i,
	struct rte_flow **flow)
{
	struct match_rule *rule = &rules->match.rules[i], asked = *rule;
	struct rte_flow_error first = { 0 }, later = { 0 };

	if (rule_ask(conf, rule, flow, &first))
		return true;
	if (of_fragments(rule)) {
		refusal_note(&rules->fragments, &asked, &first);
		rule_drop(&rules->match, i);
		return true;
	}
	refusal_note(&rules->refused, &asked, &first);
	while (match_rule_widen(rule)) {
		if (rule_had(&rules->match, i)) {
			rule_drop(&rules->match, i);
			return true;
		}
		if (rule_ask(conf, rule, flow, &later))
			return true;
	}
	refusal_note(&rules->last, &asked, &first);
	return false;
}

static bool
tags_are_wrong(const struct port_conf *conf, const struct match_rules *rules)
{
	bool tags = false, wrong = false;

	for (unsigned int i = 0; i < rules->count; i++)
		tags |= rules->rules[i].vlan;
	for (unsigned int i = 0; i < RTE_DIM(tags_wrong); i++)
		wrong |= strcmp(tags_wrong[i], conf->driver) == 0;
	return tags && wrong;
}

static void
software_told(const struct port_conf *conf, const char *why, const char *message)
{
	RULES_LOG(NOTICE, "port %s: match is done in software: %s%s%s\n", conf->name, why,
		message != NULL ? ": " : "", message != NULL ? message : "");
}

void
port_rules_begin(const struct port_conf *conf, struct port_rules *rules)
{
	struct rte_flow_error error = { 0 };

	if (conf->match == NULL)
		return;
	match_rules_make(conf->match, &rules->match);
	if (rules->match.why != NULL)
		software_told(conf, rules->match.why, NULL);
	else if (tags_are_wrong(conf, &rules->match))
		software_told(conf, "its driver takes tags for others", NULL);
	else if (rte_flow_isolate(conf->id, 1, &error) == 0)
		rules->isolated = true;
	else
		software_told(conf, "its driver keeps nothing out (rte_flow_isolate)",
			said(&error));
}

/* All or none. */
static void
refused_told(const struct port_conf *conf, const struct port_rules *rules)
{
	char text[MATCH_TEXT_SIZE], why[MATCH_TEXT_SIZE + 64];

	snprintf(why, sizeof(why), "its driver refuses the rule `%s`",
		match_rule_text(&rules->last.rule, text));
	software_told(conf, why, rules->last.message);
}

/* What became of it. */
static void
made_told(const struct port_conf *conf, const struct port_rules *rules)
{
	char text[MATCH_TEXT_SIZE];
	uint32_t n = rules->count;

	RULES_LOG(NOTICE, "port %s: %u rule%s of match %s in the device: nothing else comes in\n",
		conf->name, n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
	if (rules->refused.count > 0)
		RULES_LOG(NOTICE,
			"port %s: its driver refuses %u of the rules, as `%s`: %s; they let more in, "
			"and software does the rest\n",
			conf->name, rules->refused.count,
			match_rule_text(&rules->refused.rule, text), rules->refused.message);
	if (rules->fragments.count > 0)
		RULES_LOG(WARNING,
			"port %s: its driver refuses the rule `%s`: %s; of fragments that match, only "
			"those come in of which it reads the ports by itself: match.rules = off has "
			"them all\n",
			conf->name, match_rule_text(&rules->fragments.rule, text),
			rules->fragments.message);
}

/* net_tap heeds it only where there are queues; a driver that does not go back is isolated for good. */
static void
isolate_again(const struct port_conf *conf, struct port_rules *rules)
{
	struct rte_flow_error error = { 0 };

	if (rte_flow_isolate(conf->id, 0, &error) != 0 ||
		rte_flow_isolate(conf->id, 1, &error) == 0)
		return;
	rules->isolated = false;
	software_told(conf, "its driver keeps nothing out (rte_flow_isolate)", said(&error));
}

void
port_rules_check(const struct port_conf *conf, struct port_rules *rules)
{
	unsigned int i = 0;

	if (rules->isolated)
		isolate_again(conf, rules);
	while (rules->isolated && i < rules->match.count) {
		unsigned int count = rules->match.count;

		if (!rule_settle(conf, rules, i, NULL)) {
			refused_told(conf, rules);
			port_rules_end(conf->id, rules);
		}
		i += rules->match.count == count;
	}
}

/* Back to letting everything in; some drivers do so only while they do not run. */
static int
port_open(const struct port_conf *conf, struct port_rules *rules, struct weir_error *error)
{
	struct rte_flow_error why = { 0 };
	int rc;

	port_rules_unmake(conf->id, rules);
	__atomic_store_n(&rules->count, 0, __ATOMIC_RELAXED);
	rules->isolated = false;
	if (rte_flow_isolate(conf->id, 0, &why) == 0)
		return 0;
	rc = rte_eth_dev_stop(conf->id);
	if (rc == 0 && rte_flow_isolate(conf->id, 0, &why) == 0)
		rc = rte_eth_dev_start(conf->id);
	else if (rc == 0)
		rc = -ENOTSUP;
	if (rc == 0)
		return 0;
	return weir_error_set(error, -rc,
		"port %s does not go back to letting all packets in (%s): give [source] match.rules = "
		"off",
		conf->name, said(&why));
}

int
port_rules_make(const struct port_conf *conf, struct port_rules *rules, struct weir_error *error)
{
	uint32_t made = 0;

	while (rules->isolated && made < rules->match.count) {
		unsigned int count = rules->match.count;

		if (!rule_settle(conf, rules, made, &rules->flows[made])) {
			refused_told(conf, rules);
			return port_open(conf, rules, error);
		}
		made += rules->match.count == count;
		__atomic_store_n(&rules->count, made, __ATOMIC_RELAXED);
	}
	if (rules->isolated)
		made_told(conf, rules);
	return 0;
}

void
port_rules_unmake(uint16_t id, struct port_rules *rules)
{
	uint32_t count = rules->count;

	while (count > 0) {
		struct rte_flow_error error = { 0 };

		if (rte_flow_destroy(id, rules->flows[--count], &error) != 0)
			RULES_LOG(WARNING, "port %u: a rule of match stays in the device: %s\n", id,
				said(&error));
	}
}

void
port_rules_end(uint16_t id, struct port_rules *rules)
{
	struct rte_flow_error error = { 0 };

	if (!rules->isolated)
		return;
	rules->isolated = false;
	if (rte_flow_isolate(id, 0, &error) != 0)
		RULES_LOG(NOTICE, "port %u stays isolated: %s\n", id, said(&error));
}
