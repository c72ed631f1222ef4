/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Expressions in software: what is refused, and frames in one piece, in many, and without their tag. */
#include "testing.h"

#include <string.h>

#include "match/match.h"

#define ROOM 4096

static struct rte_mempool *pool;

static const uint8_t tcp443[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x46, 0, 0, 44, 0,
	0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 1, 0x10, 0x00, 0x01, 0xbb, 0, 0, 0,
	1, 0, 0, 0, 2, 0x50, 0x02, 0, 0, 0, 0, 0, 0 };

static void
test_refused(void **state)
{
	static const struct {
		const char *expression;
		const char *why;
	} cases[] = {
		{ "tcp port", "libpcap: " },
		{ "tcp and and udp", "libpcap: can't parse filter expression: syntax error" },
		{ "host 10.0.0.300", "libpcap: " },
		{ "port 99999", "libpcap: " },
		{ "net 10.0.0.1/8", "libpcap: " },
		{ "(tcp", "libpcap: can't parse filter expression: syntax error" },
		{ "host example", "'example' is no word of pcap expressions" },
		{ "tcp prot 80",
			"'prot' is no word of pcap expressions, and names of hosts and networks are not "
			"looked up: expected an address; did you mean 'port'?" },
		{ "udp portrang 1-5", "'portrang' is no word of pcap expressions" },
		{ "example.org", "'example.org' is no word" },
		{ "tcp and src beef", "'beef' is no word" },
		{ "net loopback", "'loopback' is no word" },
		{ "host \\tcp", "'tcp' is no word" },
		{ "TCP", "'TCP' is no word" },
		{ "tpc port 80", "'tpc' is no word" },
		{ "port http and host example", "'example' is no word" },
		{ "host tcp-evil.example.com", "'tcp-evil.example.com' is no word" },
		{ "host icmp-x", "'icmp-x' is no word" },
		{ "host foo:1", "'foo:1' is no word" },
		{ "host a.b:c", "'a.b:c' is no word" },
		{ "host 1.2.3.4.5", "'1.2.3.4.5' is no word" },
		{ "host 1..2", "'1..2' is no word" },
		{ "host 10.1-2", "'10.1-2' is no word" },
		{ "host 0x1-2", "'0x1-2' is no word" },
		{ "host \\10.-", "'10.-' is no word" },
		{ "host \\-x", "'-x' is no word" },
		{ "host 10.1-2-", "'10.1-2' is no word" },
		{ "host -example", "'example' is no word" },
		{ "len-20 > 40", "'len-20' is no word" },
		{ "net 1.2.3.4.5", "'1.2.3.4.5' is no word" },
		{ "ip[foo:1] = 2", "'foo:1' is no word" },
		{ "tcp and not inbound", "what a port receives has no direction" },
		{ "outbound", "what a port receives has no direction" },
	};
	struct match_program *program;
	struct weir_error error;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		memset(&error, 0, sizeof(error));
		assert_int_equal(match_compile(&program, cases[i].expression, MATCH_ETHERNET,
					 &error),
			-EINVAL);
		assert_null(program);
		if (strncmp(error.text, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("%s: %s", cases[i].expression, error.text);
	}
}

/* Words that look like names, but ask nobody. */
static void
test_accepted(void **state)
{
	static const char *const cases[] = { "", "tcp", "port http or https", "portrange 10-20",
		"ip proto \\tcp", "ether proto \\arp", "ether host 00:11:22:33:44:55",
		"ether host 00-11-22-aa-bb-cc", "ether host 0011.22aa.bbcc", "host fd00::1",
		"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "icmp[icmptype] = icmp-echo",
		"icmp6[icmp6type] == icmp6-echo", "ip[2:2] > 0x40 and len <= 1500",
		"ip multicast && ! vlan 5", "ip[0x6:2] & 0x1fff = 0", "tcp[tcpflags:1] & 2 != 0",
		"ip[ip[0:1] & 0xf:2] = 3", "ether host 00.11.22.33.44.55",
		"ether host 001122334455", "host 10.1", "net 10", "host ::ffff:10.0.0.1",
		"dst portrange 10-0x20", "src net 10.0.0.0 mask 255.0.0.0", "len - 20 > 40",
		"len -20 > 40", "len- 20 > 40", "ip[2:2]-20 > 40", "ip[6:2] > 8 - -4",
		"tcp port 80 and (ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2) != 0" };
	struct match_program *program;
	struct weir_error error;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		if (match_compile(&program, cases[i], MATCH_ETHERNET, &error) != 0)
			fail_msg("%s: %s", cases[i], error.text);
		match_program_free(program);
	}
}

/* A frame in segments of `part` bytes. */
static struct rte_mbuf *
chain(const uint8_t *bytes, size_t len, size_t part)
{
	struct rte_mbuf *first = NULL;

	for (size_t at = 0; at < len; at += part) {
		size_t n = RTE_MIN(part, len - at);
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

		assert_non_null(mbuf);
		memcpy(rte_pktmbuf_append(mbuf, (uint16_t)n), bytes + at, n);
		if (first == NULL)
			first = mbuf;
		else
			assert_int_equal(rte_pktmbuf_chain(first, mbuf), 0);
	}
	return first;
}

static struct match *
created(const char *expression)
{
	struct match_program *program;
	struct weir_error error;
	struct match *match;

	if (match_compile(&program, expression, MATCH_ETHERNET, &error) != 0)
		fail_msg("%s: %s", expression, error.text);
	assert_true(match_memory(program) > 0);
	match = match_create(program, 0);
	match_program_free(program);
	assert_non_null(match);
	return match;
}

static bool
chained_matches(const char *expression, const uint8_t *bytes, size_t len, size_t part)
{
	struct match *match = created(expression);
	struct rte_mbuf *mbuf = chain(bytes, len, part);
	bool matches = match_mbuf(match, mbuf);

	rte_pktmbuf_free(mbuf);
	match_free(match);
	return matches;
}

/* Headers that lie in many segments; and bytes that a program finds at the end of a long frame. */
static void
test_chained(void **state)
{
	uint8_t bytes[ROOM] = { 0 };

	(void)state;
	for (size_t part = 1; part <= sizeof(tcp443); part++) {
		assert_true(chained_matches("tcp dst port 443", tcp443, sizeof(tcp443), part));
		assert_false(chained_matches("tcp dst port 444", tcp443, sizeof(tcp443), part));
		assert_true(chained_matches("len == 58", tcp443, sizeof(tcp443), part));
	}
	bytes[3000] = 1;
	bytes[7] = 100;
	assert_true(chained_matches("ether[3000] == 1", bytes, sizeof(bytes), 1500));
	assert_false(chained_matches("ether[3001] == 1", bytes, sizeof(bytes), 1500));
	assert_true(chained_matches("ether[ether[7] * 30] == 1", bytes, sizeof(bytes), 1500));
	assert_false(chained_matches("ether[5000] == 0", bytes, sizeof(bytes), 1500));
}

/* Also where its tag is in the mbuf, no longer in the frame. */
static void
test_stripped(void **state)
{
	static const struct {
		const char *expression;
		bool matches;
	} cases[] = { { "vlan 5 and tcp dst port 443", true }, { "vlan 6", false },
		{ "vlan", true }, { "tcp", false }, { "len == 62", true },
		{ "vlan and ether src 2:0:0:0:0:2", true } };

	(void)state;
	for (size_t part = 20; part <= sizeof(tcp443); part += 10)
		for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
			struct match *match = created(cases[i].expression);
			struct rte_mbuf *mbuf = chain(tcp443, sizeof(tcp443), part);

			mbuf->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
			mbuf->vlan_tci = 0x6005;
			assert_int_equal(match_mbuf(match, mbuf), cases[i].matches);
			rte_pktmbuf_free(mbuf);
			match_free(match);
		}
}

static void
test_burst(void **state)
{
	struct match *match = created("tcp dst port 443");
	struct rte_mbuf *mbufs[8], *all[8], *missed[8];
	uint8_t other[sizeof(tcp443)];

	(void)state;
	memcpy(other, tcp443, sizeof(other));
	other[23] = 17;
	for (unsigned int i = 0; i < 8; i++)
		all[i] = mbufs[i] = chain(i % 3 == 0 ? tcp443 : other, sizeof(other), 100);
	assert_int_equal(match_burst(match, mbufs, 8, missed), 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_ptr_equal(mbufs[i], all[3 * i]);
	for (unsigned int i = 0; i < 5; i++)
		assert_ptr_equal(missed[i], all[i + 1 + i / 2]);
	assert_int_equal(match_burst(match, mbufs, 0, missed), 0);
	rte_pktmbuf_free_bulk(all, 8);
	match_free(match);
	match_free(NULL);
}

static int
setup(void **state)
{
	(void)state;
	pool = rte_pktmbuf_pool_create("match", 1023, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	return pool == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_chained),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_burst),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests_name("match", tests, setup, teardown);
}
