/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Random expressions and random frames: what libpcap says of a frame, against what the rules let in. No
 * frame that matches is kept out by any kind of NIC, nor by one that has the rules say more; and where
 * the rules are said to be exact, nothing else comes in.
 */
#include "testing.h"

#include <pcap/pcap.h>

#include "nic.h"

#define EXPRESSIONS 3000
#define WORDS 100000
#define FRAMES 250
#define FRAME_MAX 160
#define TEXT_MAX 400

static uint64_t seed;

static unsigned int
below(unsigned int n)
{
	return (unsigned int)(testing_random(&seed) >> 33) % n;
}

#define ONE_OF(list) ((list)[below(RTE_DIM(list))])

static const char *const plain[] = { "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp",
	"icmp6", "esp", "vlan", "vlan 5", "vlan 291", "vlan 0", "ether proto 0x88b5",
	"ether proto 0x86dd", "ether proto \\ip", "proto 6", "proto 47", "ip proto 17",
	"ip proto \\tcp", "ip6 proto 58", "ip6 proto 0", "ip6 proto 44", "ip proto 0" };
static const char *const ways[] = { "", "", "", "src ", "dst ", "src or dst ", "src and dst ",
	"dst or src ", "dst and src " };
static const char *const hosts[] = { "host 10.0.0.1", "host 10.0.0.2", "host 192.168.1.1",
	"10.0.0.1", "net 10.0.0.0/8", "net 10", "net 10.0", "net 192.168.1.0 mask 255.255.255.0",
	"net 0.0.0.0/0", "net 10.0.0.0/31", "host fd00::1", "host fd00::2", "net fd00::/16",
	"net fd00::/127", "net 10.0.0.0 mask 255.0.255.0" };
static const char *const holders[] = { "", "", "", "ip ", "ip6 ", "arp ", "rarp " };
static const char *const stations[] = { "ether %shost 02:00:00:00:00:01",
	"ether %s02:00:00:00:00:02" };
static const char *const carriers[] = { "", "", "tcp ", "udp ", "sctp " };
static const unsigned int ports[] = { 53, 80, 443 };
static const char *const others[] = { "tcp[13] & 2 != 0", "less 90", "greater 60",
	"ether multicast", "portrange 50-60", "ip[8] > 5", "len > 50", "mpls" };

static void
primitive(char *text)
{
	switch (below(20)) {
	case 0 ... 6:
		strcpy(text, ONE_OF(plain));
		return;
	case 7 ... 11:
		sprintf(text, "%s%s%s", ONE_OF(holders), ONE_OF(ways), ONE_OF(hosts));
		return;
	case 12 ... 16:
		sprintf(text, "%s%sport %u", ONE_OF(carriers), ONE_OF(ways), ONE_OF(ports));
		if (below(4) == 0)
			sprintf(text + strlen(text), " or %u", ONE_OF(ports));
		return;
	case 17 ... 18:
		sprintf(text, ONE_OF(stations), ONE_OF(ways));
		return;
	default:
		strcpy(text, ONE_OF(others));
	}
}

static void
expression(char *text, unsigned int depth)
{
	static const char *const joins[] = { " and ", " and ", " and ", " or ", " && ", " || " };
	unsigned int n = 1 + below(depth > 1 ? 2 : 3);

	*text = '\0';
	for (unsigned int i = 0; i < n; i++) {
		if (i > 0)
			strcat(text, ONE_OF(joins));
		if (below(12) == 0)
			strcat(text, below(2) ? "not " : "! ");
		text += strlen(text);
		if (depth < 3 && below(4) == 0) {
			strcpy(text, "(");
			expression(text + 1, depth + 1);
			strcat(text, ")");
		} else {
			primitive(text);
		}
	}
}

static void
put(uint8_t **at, unsigned int value, unsigned int bytes)
{
	while (bytes-- > 0)
		*(*at)++ = (uint8_t)(value >> bytes * 8);
}

static void
put_ports(uint8_t **at)
{
	for (unsigned int i = 0; i < 2; i++)
		put(at, below(4) > 0 ? ONE_OF(ports) : below(UINT16_MAX), 2);
	for (unsigned int i = 0; i < 16; i++)
		put(at, below(256), 1);
}

static void
put_ipv4_address(uint8_t **at)
{
	static const uint32_t addresses[] = { 0x0a000001, 0x0a000002, 0x0a010001, 0xc0a80101,
		0x08080808 };

	put(at, ONE_OF(addresses), 4);
}

static const uint8_t protocols[] = { 6, 6, 17, 17, 132, 1, 47, 50, 58, 0 };

static void
put_ipv4(uint8_t **at)
{
	static const uint16_t fragments[] = { 0, 0, 0, 0x4000, 0x2000, 0x2000, 0x2010, 0x0010,
		0x8000 };
	unsigned int options = below(4) == 0 ? below(11) : 0;

	put(at, 0x45 + options, 1);
	put(at, 0, 1);
	put(at, 40, 2);
	put(at, 0, 2);
	put(at, ONE_OF(fragments), 2);
	put(at, 64, 1);
	put(at, ONE_OF(protocols), 1);
	put(at, 0, 2);
	put_ipv4_address(at);
	put_ipv4_address(at);
	for (unsigned int i = 0; i < options; i++)
		put(at, 0x01010101, 4);
	put_ports(at);
}

static void
put_ipv6(uint8_t **at)
{
	static const uint8_t extensions[] = { 0, 43, 44, 44, 60 };
	uint8_t next[4];
	unsigned int n = below(2) ? 0 : below(3);

	for (unsigned int i = 0; i < n; i++)
		next[i] = ONE_OF(extensions);
	next[n] = ONE_OF(protocols);
	put(at, 0x60000000, 4);
	put(at, 40, 2);
	put(at, next[0], 1);
	put(at, 64, 1);
	for (unsigned int i = 0; i < 2; i++) {
		put(at, below(4) ? 0xfd00 : 0x2001, 2);
		put(at, 0, 4);
		put(at, 0, 4);
		put(at, 0, 4);
		put(at, below(4), 2);
	}
	for (unsigned int i = 0; i < n; i++) {
		put(at, next[i + 1], 1);
		put(at, 0, 3);
		put(at, below(2), 4);
	}
	put_ports(at);
}

/* Its length; some are cut, short of what libpcap wants to see. */
static size_t
frame(uint8_t bytes[FRAME_MAX], bool *cut)
{
	static const uint16_t types[] = { 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8035,
		0x88b5, 0x0800, 40 };
	static const uint16_t tags[] = { 0x8100, 0x8100, 0x8100, 0x88a8, 0x9100 };
	static const uint16_t ids[] = { 5, 5, 291, 6, 0 };
	unsigned int n = below(2) ? 0 : below(3), type;
	uint8_t *at = bytes;

	for (unsigned int i = 0; i < 2; i++) {
		put(&at, 0x0200, 2);
		put(&at, below(3), 4);
	}
	for (; n > 0; n--) {
		put(&at, ONE_OF(tags), 2);
		put(&at, ONE_OF(ids) | below(16) << 12, 2);
	}
	type = ONE_OF(types);
	put(&at, type, 2);
	if (type == 0x0800)
		put_ipv4(&at);
	else if (type == 0x86dd)
		put_ipv6(&at);
	else if (type == 0x0806 || type == 0x8035) {
		put(&at, 0x00010800, 4);
		put(&at, 0x06040001, 4);
		put(&at, 0, 4);
		put(&at, 0, 2);
		put_ipv4_address(&at);
		put(&at, 0, 4);
		put(&at, 0, 2);
		put_ipv4_address(&at);
	} else
		put_ports(&at);
	*cut = below(10) == 0;
	return *cut ? below((unsigned int)(at - bytes)) : (size_t)(at - bytes);
}

/* How much of the test says anything. */
static struct {
	unsigned int refused, software, exact, rules;
	unsigned long matched, let_in, kept_out;
} seen;

static const struct nic kinds[] = { { 0 }, { .whole_only = true }, { .skips = true },
	{ true, true } };

static void
hold(const char *text, const struct bpf_program *program, const struct match_rules *rules)
{
	for (unsigned int i = 0; i < FRAMES; i++) {
		uint8_t bytes[FRAME_MAX];
		bool cut;
		size_t len = frame(bytes, &cut);
		bool want = bpf_filter(program->bf_insns, bytes, (u_int)len, (u_int)len) != 0;

		for (unsigned int k = 0; k < RTE_DIM(kinds); k++) {
			bool in = nic_lets_in(&kinds[k], rules, bytes, len);

			if ((want && !in) || (rules->exact && !cut && k == 0 && in != want)) {
				print_error("%s: NIC %u lets %s what libpcap %s:", text, k,
					in ? "in" : "not in", want ? "matches" : "does not match");
				for (size_t b = 0; b < len; b++)
					print_error(" %02x", bytes[b]);
				print_error("\n");
				fail();
			}
			seen.matched += want;
			seen.let_in += in;
			seen.kept_out += !in;
		}
	}
}

/* What libpcap takes is held against the rules, as they are and widened. */
static void
one(const char *text)
{
	struct match_program *compiled;
	struct match_rules rules;
	struct bpf_program program;
	pcap_t *pcap;

	match_rules_make(text, &rules);
	assert_int_equal(rules.why == NULL, rules.count > 0);
	/* Also names, before libpcap asks a name service for them, which may take seconds to say no. */
	if (match_compile(&compiled, text, MATCH_ETHERNET, NULL) != 0) {
		seen.refused++;
		return;
	}
	match_program_free(compiled);
	pcap = pcap_open_dead(DLT_EN10MB, 65535);
	assert_non_null(pcap);
	if (pcap_compile(pcap, &program, text, 0, PCAP_NETMASK_UNKNOWN) != 0) {
		seen.refused++;
		pcap_close(pcap);
		return;
	}
	seen.software += rules.count == 0;
	seen.rules += rules.count > 0;
	seen.exact += rules.exact;
	if (rules.count > 0) {
		hold(text, &program, &rules);
		rules.exact = false;
		for (unsigned int i = 0; i < rules.count; i++)
			for (unsigned int n = below(4); n > 0 && match_rule_widen(&rules.rules[i]);
				n--)
				assert_true(rules.rules[i].part);
		hold(text, &program, &rules);
	}
	pcap_freecode(&program);
	pcap_close(pcap);
}

/* Words of the language in any order: what libpcap makes of the few that it takes is not always plain. */
static void
test_words(void **state)
{
	static const char *const words[] = { "ip", "ip6", "arp", "ether", "tcp", "udp", "src",
		"dst", "host", "net", "port", "proto", "vlan", "and", "or", "and", "or", "not", "(",
		")", "10.0.0.1", "10.0.0.0/8", "10", "fd00::1", "80", "443", "0x800", "6", "5",
		"\\tcp", "\\ip", "02:00:00:00:00:01", "mask", "255.0.0.0", "/", "8", "[",
		"!=", "&" };

	(void)state;
	seed = testing_seed();
	memset(&seen, 0, sizeof(seen));
	for (unsigned int i = 0; i < WORDS; i++) {
		unsigned int n = 1 + below(7);
		char text[TEXT_MAX] = "";

		while (n-- > 0) {
			strcat(text, ONE_OF(words));
			strcat(text, " ");
		}
		one(text);
	}
	print_message("%u refused by libpcap, %u in software, %u with rules\n", seen.refused,
		seen.software, seen.rules);
	assert_true(seen.rules > 100);
}

static void
test_random(void **state)
{
	(void)state;
	seed = testing_seed();
	for (unsigned int i = 0; i < EXPRESSIONS; i++) {
		char text[8 * TEXT_MAX];

		expression(text, 0);
		one(text);
	}
	print_message(
		"%u expressions refused by libpcap, %u in software, %u with rules, %u of them exact; "
		"%lu matches, %lu let in, %lu kept out\n",
		seen.refused, seen.software, seen.rules, seen.exact, seen.matched, seen.let_in,
		seen.kept_out);
	assert_true(seen.rules > EXPRESSIONS / 4);
	assert_true(seen.exact > EXPRESSIONS / 100);
	assert_true(seen.matched > 10000);
	assert_true(seen.let_in > seen.matched);
	assert_true(seen.kept_out > 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("rules_random", tests, NULL, NULL);
}
