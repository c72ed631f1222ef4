/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Community ids, held to what github.com/corelight/community-id-spec publishes: the tables of
 * baseline/README.md, and the flows of baseline/baseline_deflt.json.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "testing.h"

#include "sink/community.h"

/* For ICMP the ports are type and code, or, as the JSON has them, the type that answers. */
struct row {
	const char *id;
	const char *src;
	const char *dst;
	uint16_t sport;
	uint16_t dport;
	uint8_t proto;
};

#define LOW6 "fe80:1:203:405:607:809:a0b:c0d"
#define HIGH6 "fe80:1011:1213:1415:1617:1819:1a1b:1c1d"

static const struct row rows[] = {
	{ "1:wCb3OG7yAFWelaUydu0D+125CLM=", "1.2.3.4", "5.6.7.8", 1122, 3344, IPPROTO_TCP },
	{ "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg=", "1.2.3.4", "5.6.7.8", 1122, 3344, IPPROTO_UDP },
	{ "1:EKt4MsxuyaE6mL+hmrEkQ9csDD8=", "1.2.3.4", "5.6.7.8", 1122, 3344, IPPROTO_SCTP },
	{ "1:ikv3kmf89luf73WPz1jOs49S768=", "1.2.3.4", "5.6.7.8", 0, 0, IPPROTO_RSVP },
	{ "1:wQ/2mwrnXP4lmJcHdGL5ePjR+e0=", LOW6, HIGH6, 0, 0, IPPROTO_RSVP },
	{ "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=", "2001:470:e5bf:dead:4957:2174:e82c:4887",
		"2607:f8b0:400c:c03::1a", 63943, 25, IPPROTO_TCP },
	{ "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=", "192.168.170.8", "192.168.170.56", 7, 7, IPPROTO_SCTP },
	{ "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "128.232.110.120", "66.35.250.204", 34855, 80,
		IPPROTO_TCP },
	{ "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", "192.168.1.52", "8.8.8.8", 54585, 53, IPPROTO_UDP },
	{ "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=", "10.1.12.1", "10.1.12.2", 0, 0, IPPROTO_RSVP },
};

static const struct row icmp_rows[] = {
	{ "1:crodRHL2FEsHjbv3UkRrfbs4bZ0=", "1.2.3.4", "5.6.7.8", 8, 0, IPPROTO_ICMP },
	{ "1:crodRHL2FEsHjbv3UkRrfbs4bZ0=", "5.6.7.8", "1.2.3.4", 0, 0, IPPROTO_ICMP },
	{ "1:f/YiSyWqczrTgfUCZlBUnvHRcPk=", "1.2.3.4", "5.6.7.8", 11, 0, IPPROTO_ICMP },
	{ "1:0bf7hyMJUwt3fMED7z8LIfRpBeo=", LOW6, HIGH6, 128, 0, IPPROTO_ICMPV6 },
	{ "1:0bf7hyMJUwt3fMED7z8LIfRpBeo=", HIGH6, LOW6, 129, 0, IPPROTO_ICMPV6 },
	{ "1:fYC8+pz24E+EhANP1EZhpX0Dw10=", LOW6, HIGH6, 146, 0, IPPROTO_ICMPV6 },
	{ "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=", "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea",
		135, 136, IPPROTO_ICMPV6 },
	{ "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=", "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da",
		136, 135, IPPROTO_ICMPV6 },
	{ "1:zavyT/cezQr1fmImYCwYnMXbgck=", "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da",
		135, 136, IPPROTO_ICMPV6 },
	{ "1:zavyT/cezQr1fmImYCwYnMXbgck=", "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea",
		136, 135, IPPROTO_ICMPV6 },
	{ "1:2ObVBgIn28oZvibYZhZMBgh7WdQ=", "3ffe:501:1800:2345::2",
		"3ffe:507:0:1:200:86ff:fe05:80da", 3, 0, IPPROTO_ICMPV6 },
	{ "1:hLZd0XGWojozrvxqE0dWB1iM6R0=", "3ffe:501:410:0:2c0:dfff:fe47:33e",
		"3ffe:507:0:1:200:86ff:fe05:80da", 1, 4, IPPROTO_ICMPV6 },
	{ "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=", "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2",
		128, 129, IPPROTO_ICMPV6 },
	{ "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=", "3ffe:501:0:1001::2", "3ffe:507:0:1:200:86ff:fe05:80da",
		129, 128, IPPROTO_ICMPV6 },
	{ "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0=", "fe80::200:86ff:fe05:80da", "ff02::2", 133, 134,
		IPPROTO_ICMPV6 },
	{ "1:pkvHqCL88/tg1k4cPigmZXUtL00=", "fe80::260:97ff:fe07:69ea", "ff02::1", 134, 133,
		IPPROTO_ICMPV6 },
	{ "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", "192.168.0.89", "192.168.0.1", 8, 0, IPPROTO_ICMP },
	{ "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", "192.168.0.1", "192.168.0.89", 0, 8, IPPROTO_ICMP },
	{ "1:YHxtAirCG//0OzkcVAukqKQN9xM=", "10.0.0.1", "10.0.0.2", 11, 0, IPPROTO_ICMP },
};

static struct weir_key
key_of(const struct row *row, bool back)
{
	struct weir_key key = { .proto = row->proto, .ip_version = 6 };

	if (strchr(row->src, ':') == NULL) {
		key.ip_version = 4;
		key.src[10] = key.src[11] = key.dst[10] = key.dst[11] = 0xff;
		assert_int_equal(inet_pton(AF_INET, back ? row->dst : row->src, key.src + 12), 1);
		assert_int_equal(inet_pton(AF_INET, back ? row->src : row->dst, key.dst + 12), 1);
		return key;
	}
	assert_int_equal(inet_pton(AF_INET6, back ? row->dst : row->src, key.src), 1);
	assert_int_equal(inet_pton(AF_INET6, back ? row->src : row->dst, key.dst), 1);
	return key;
}

static void
is_id(const char *expect, const struct weir_key *key, struct community_ports ports)
{
	char text[COMMUNITY_ID_LEN + 1];

	memset(text, 0x55, sizeof(text));
	community_id(text, key, ports);
	assert_int_equal(text[COMMUNITY_ID_LEN], 0x55);
	text[COMMUNITY_ID_LEN] = '\0';
	assert_string_equal(text, expect);
}

/* Both directions have the id. */
static void
test_published(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		const struct row *row = &rows[i];
		struct weir_key there = key_of(row, false), back = key_of(row, true);
		uint8_t known = row->proto != IPPROTO_RSVP;

		is_id(row->id, &there,
			(struct community_ports){ row->sport, row->dport, known, 0 });
		is_id(row->id, &back, (struct community_ports){ row->dport, row->sport, known, 0 });
	}
}

static void
test_published_icmp(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(icmp_rows); i++) {
		const struct row *row = &icmp_rows[i];
		struct weir_key key = key_of(row, false);

		is_id(row->id, &key,
			community_icmp(row->proto, (uint8_t)row->sport, (uint8_t)row->dport));
	}
}

/* Types in pairs lead to each other, whatever their code; others have their code, and one way. */
static void
test_icmp_pairs(void **state)
{
	static const uint8_t protos[] = { IPPROTO_ICMP, IPPROTO_ICMPV6 };
	static const unsigned int paired[] = { 10, 12 };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(protos); i++) {
		unsigned int pairs = 0;

		for (unsigned int type = 0; type <= UINT8_MAX; type++) {
			struct community_ports ports = community_icmp(protos[i], (uint8_t)type, 7),
					       back = community_icmp(protos[i], (uint8_t)ports.dst,
						       9);

			assert_int_equal(ports.known, 1);
			assert_int_equal(ports.src, type);
			if (ports.one_way) {
				assert_int_equal(ports.dst, 7);
				continue;
			}
			pairs++;
			assert_int_equal(back.dst, type);
			assert_int_equal(back.one_way, 0);
		}
		assert_int_equal(pairs, paired[i]);
	}
}

/* What goes to itself is in order by its ports. */
static void
test_same_addresses(void **state)
{
	static const struct row row = { NULL, "127.0.0.1", "127.0.0.1", 80, 1234, IPPROTO_TCP };
	struct weir_key key = key_of(&row, false);
	char there[COMMUNITY_ID_LEN], back[COMMUNITY_ID_LEN], other[COMMUNITY_ID_LEN];

	(void)state;
	community_id(there, &key, (struct community_ports){ 80, 1234, 1, 0 });
	community_id(back, &key, (struct community_ports){ 1234, 80, 1, 0 });
	community_id(other, &key, (struct community_ports){ 1234, 81, 1, 0 });
	assert_memory_equal(there, back, sizeof(there));
	assert_memory_not_equal(there, other, sizeof(there));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_published_icmp),
		cmocka_unit_test(test_icmp_pairs),
		cmocka_unit_test(test_same_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
