/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What becomes rules, how they are widened, and how rte_flow gets them. */
#include "testing.h"

#include <string.h>

#include "nic.h"

/* The texts of an expression's rules, one behind the other; or why there are none. */
static const char *
made(const char *expression, struct match_rules *rules)
{
	static char text[MATCH_RULES_MAX * MATCH_TEXT_SIZE];
	char one[MATCH_TEXT_SIZE];

	match_rules_make(expression, rules);
	snprintf(text, sizeof(text), "%s", rules->why != NULL ? rules->why : "");
	for (unsigned int i = 0; i < rules->count; i++) {
		strcat(text, i > 0 ? "; " : "");
		strcat(text, match_rule_text(&rules->rules[i], one));
	}
	return text;
}

static void
test_none(void **state)
{
	static const struct {
		const char *expression;
		const char *why;
	} cases[] = {
		{ "", "it matches everything" },
		{ "  ", "it matches everything" },
		{ "tcp[13] & 2 != 0", "it asks for more than rules can say" },
		{ "tcp and len > 60", "it asks for more than rules can say" },
		{ "portrange 1-5", "it asks for more than rules can say" },
		{ "port http", "it asks for more than rules can say" },
		{ "tcp port 80 or not port 443 or 53", "it asks for more than rules can say" },
		{ "not tcp", "rules would let everything in" },
		{ "tcp or not udp", "rules would let everything in" },
		{ "vlan 5 or arp", "rules would let everything in" },
		{ "ip and arp", "it matches nothing" },
		{ "ip and vlan 5", "it matches nothing" },
		{ "port 80 or 443 or 53", "it takes more than 32 rules" },
		{ "((((((((((((((((ip))))))))))))))))", "it asks for more than rules can say" },
	};
	struct match_rules rules;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		assert_string_equal(made(cases[i].expression, &rules), cases[i].why);
		assert_int_equal(rules.count, 0);
		assert_false(rules.exact);
	}
}

static void
test_made(void **state)
{
	static const struct {
		const char *expression;
		const char *text;
		bool exact;
	} cases[] = {
		{ "ip", "ipv4", true },
		{ "arp or ip6", "type 0x0806; ipv6", true },
		{ "ether proto 0x88b5", "type 0x88b5", true },
		{ "icmp", "ipv4 proto 1", true },
		{ "ip host 10.0.0.1", "ipv4 src 10.0.0.1; ipv4 dst 10.0.0.1", true },
		{ "src host 10.0.0.1", "ipv4 src 10.0.0.1; type 0x0806; type 0x8035", false },
		{ "ip src and dst net 10", "ipv4 src 10.0.0.0/8 dst 10.0.0.0/8", true },
		{ "ip dst net 10.0.0.0 mask 255.0.255.0", "ipv4 dst 10.0.0.0 mask 255.0.255.0",
			true },
		{ "dst net fd00::/16", "ipv6 dst fd00::/16", true },
		{ "tcp", "ipv4, tcp; ipv6, tcp; ipv6 proto 44", false },
		{ "ip and tcp dst port 443", "ipv4, tcp dst 443; ipv4 first fragment, tcp", false },
		{ "ip6 and udp src port 53 or arp", "ipv6, udp src 53; type 0x0806", true },
		{ "vlan 5 and ip", "vlan 5, ipv4; type 0x88a8; type 0x9100", false },
		{ "vlan", "vlan; type 0x88a8; type 0x9100", false },
		{ "vlan 5 and vlan 6 and ip", "vlan 5; type 0x88a8; type 0x9100", false },
		{ "ether src 02:00:00:00:00:01 and ip", "ether src 02:00:00:00:00:01, ipv4", true },
		{ "icmp and not src net 10", "ipv4 proto 1", false },
		{ "ip src host 10.0.0.1 and ip src net 10", "ipv4 src 10.0.0.1", true },
		{ "ip and ip", "ipv4", true },
	};
	struct match_rules rules;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		assert_string_equal(made(cases[i].expression, &rules), cases[i].text);
		assert_null(rules.why);
		assert_int_equal(rules.exact, cases[i].exact);
	}
}

/* From ports over addresses to the tag alone, and no further. */
static void
test_widened(void **state)
{
	static const char *const steps[] = { "vlan 5, ipv4 src 10.0.0.1, tcp dst 443",
		"vlan 5, ipv4 src 10.0.0.1, tcp", "vlan 5, ipv4", "vlan 5", "vlan" };
	char text[MATCH_TEXT_SIZE];
	struct match_rules rules;

	(void)state;
	made("vlan 5 and ip src host 10.0.0.1 and tcp dst port 443", &rules);
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		assert_string_equal(match_rule_text(&rules.rules[0], text), steps[i]);
		assert_int_equal(match_rule_widen(&rules.rules[0]), i + 1 < RTE_DIM(steps));
	}
	made("arp", &rules);
	assert_false(match_rule_widen(&rules.rules[0]));
}

/* Items without a spec where nothing is said, and masks of no more than is. */
static void
test_pattern(void **state)
{
	struct match_pattern p;
	struct match_rules rules;

	(void)state;
	made("vlan 5 and ip src net 10 and udp dst port 53", &rules);
	match_rule_pattern(&rules.rules[0], &p);
	assert_int_equal(p.items[0].type, RTE_FLOW_ITEM_TYPE_ETH);
	assert_null(p.items[0].spec);
	assert_null(p.items[0].mask);
	assert_int_equal(p.items[1].type, RTE_FLOW_ITEM_TYPE_VLAN);
	assert_int_equal(p.vlan_mask.hdr.vlan_tci, RTE_BE16(0x0fff));
	assert_int_equal(p.vlan_mask.hdr.eth_proto, 0);
	assert_int_equal(p.items[2].type, RTE_FLOW_ITEM_TYPE_IPV4);
	assert_int_equal(p.ipv4_mask.hdr.src_addr, RTE_BE32(0xff000000));
	assert_int_equal(p.ipv4_mask.hdr.next_proto_id, 0);
	assert_int_equal(p.items[3].type, RTE_FLOW_ITEM_TYPE_UDP);
	assert_int_equal(p.l4.udp.hdr.dst_port, RTE_BE16(53));
	assert_int_equal(p.l4_mask.udp.hdr.src_port, 0);
	assert_int_equal(p.items[4].type, RTE_FLOW_ITEM_TYPE_END);

	made("ip6 and udp dst port 53", &rules);
	match_rule_pattern(&rules.rules[0], &p);
	assert_int_equal(p.items[1].type, RTE_FLOW_ITEM_TYPE_IPV6);
	assert_null(p.items[1].spec);
	assert_int_equal(p.items[2].type, RTE_FLOW_ITEM_TYPE_UDP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_widened),
		cmocka_unit_test(test_pattern),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
