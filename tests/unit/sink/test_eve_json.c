/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lines of eve: read back by a JSON parser, and held against libc's texts. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <time.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "eve_json.h"

static const struct weir_event https = {
	.type = WEIR_EVENT_PACKET,
	.flags = WEIR_EVENT_KEYED | WEIR_EVENT_IPV4,
	.port = RTE_MBUF_PORT_INVALID,
	.len = 74,
	.wire_len = 74,
	.l3_off = 14,
	.l4_off = 34,
	.payload_off = 54,
	.proto = IPPROTO_TCP,
	.tcp_flags = 0x1b,
	.key = {
		.src = { [10] = 0xff, 0xff, 192, 0, 2, 1 },
		.dst = { [10] = 0xff, 0xff, 198, 51, 100, 255 },
		.sport = RTE_BE16(50000),
		.dport = RTE_BE16(443),
		.proto = IPPROTO_TCP,
		.ip_version = 4,
	},
};

static void
test_plain_line(void **state)
{
	(void)state;
	assert_string_equal(line_of(&https, UINT64_C(1767268800123456789)),
		"{\"timestamp\":\"2026-01-01T12:00:00.123456+0000\",\"event_type\":\"packet\","
		"\"src_ip\":\"192.0.2.1\",\"src_port\":50000,\"dest_ip\":\"198.51.100.255\","
		"\"dest_port\":443,\"proto\":\"TCP\",\"pkt_len\":74,\"ip_v\":4,"
		"\"tcp_flags\":\"1b\",\"verdict\":\"ok\"}");
}

static void
test_not_ip(void **state)
{
	struct weir_event arp = { .type = WEIR_EVENT_PACKET,
		.port = RTE_MBUF_PORT_INVALID,
		.len = 60,
		.stopped = 0x806 };

	(void)state;
	assert_string_equal(line_of(&arp, 0),
		"{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\",\"event_type\":\"packet\","
		"\"pkt_len\":60,\"ether_type\":2054,\"verdict\":\"ok\"}");
}

/* What a packet had on the wire is told where there is less of it here. */
static void
test_cut(void **state)
{
	struct weir_event event = https;
	json_t *json;

	(void)state;
	event.wire_len = UINT32_MAX;
	json = parsed(&event, 0);
	is_number(json, "pkt_len", 74);
	is_number(json, "wire_len", UINT32_MAX);
	json_decref(json);
	event.wire_len = 0; /* not filled in */
	json = parsed(&event, 0);
	is_number(json, "wire_len", -1);
	json_decref(json);
}

/* TCP's flags are not told where the frame ended before them, and a length of 0 is. */
static void
test_lengths(void **state)
{
	struct weir_event event = https;
	json_t *json = parsed(&event, 0);

	(void)state;
	assert_null(json_object_get(json, "no_length"));
	json_decref(json);
	event.flags |= WEIR_EVENT_NO_LENGTH;
	json = parsed(&event, 0);
	assert_true(json_is_true(json_object_get(json, "no_length")));
	is_text(json, "tcp_flags", "1b");
	json_decref(json);
	event.flags = https.flags | WEIR_EVENT_NO_TCP_FLAGS;
	event.payload_off = 0;
	event.tcp_flags = 0;
	json = parsed(&event, 0);
	is_text(json, "tcp_flags", NULL);
	is_number(json, "src_port", 50000);
	json_decref(json);
}

/* What the port says of checksums is told where one is wrong. */
static void
test_checksum(void **state)
{
	static const struct {
		uint32_t flags;
		const char *told;
	} rows[] = {
		{ 0, NULL },
		{ WEIR_EVENT_BAD_L3_CKSUM, "l3" },
		{ WEIR_EVENT_BAD_L4_CKSUM, "l4" },
		{ WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM, "l3 l4" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct weir_event event = https;
		json_t *json;

		event.flags |= rows[i].flags;
		json = parsed(&event, 0);
		is_text(json, "bad_checksum", rows[i].told);
		json_decref(json);
	}
}

/* Nanoseconds where the wire's time has them; what the clock said of the arrival has none. */
static void
test_nanoseconds(void **state)
{
	static const struct {
		uint64_t ns;
		uint32_t flags;
		const char *stamp;
	} cases[] = {
		{ 0, WEIR_EVENT_WIRE_TIME, "1970-01-01T00:00:00.000000+0000" },
		{ 1, WEIR_EVENT_WIRE_TIME, "1970-01-01T00:00:00.000000001+0000" },
		{ 1, 0, "1970-01-01T00:00:00.000000+0000" },
		{ 123456789, WEIR_EVENT_WIRE_TIME, "1970-01-01T00:00:00.123456789+0000" },
		{ 123456000, WEIR_EVENT_WIRE_TIME, "1970-01-01T00:00:00.123456+0000" },
		{ UINT64_C(4294967295999999999), WEIR_EVENT_WIRE_TIME,
			"2106-02-07T06:28:15.999999999+0000" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct weir_event event = https;
		json_t *json;

		event.flags |= cases[i].flags;
		json = parsed(&event, cases[i].ns);
		assert_string_equal(json_string_value(json_object_get(json, "timestamp")),
			cases[i].stamp);
		json_decref(json);
	}
}

/* A packet that begins with its IP header was parsed in full all the same. */
static void
test_flags_without_l2(void **state)
{
	struct weir_event event = https;
	json_t *json;

	(void)state;
	event.l3_off = 0;
	event.l4_off = 20;
	json = parsed(&event, 0);
	assert_string_equal(json_string_value(json_object_get(json, "tcp_flags")), "1b");
	json_decref(json);
	event.l4_off = 0;
	json = parsed(&event, 0);
	assert_null(json_object_get(json, "tcp_flags"));
	json_decref(json);
}

static void
test_tunnel_and_tags(void **state)
{
	struct weir_event event = https;
	json_t *json, *vlan;

	(void)state;
	event.flags |= WEIR_EVENT_TUNNELLED | WEIR_EVENT_VLAN | WEIR_EVENT_QINQ;
	event.tunnel = WEIR_TUNNEL_VXLAN;
	event.vlan[0] = 0xe064;
	event.vlan[1] = 0;
	json = parsed(&event, 0);
	vlan = json_object_get(json, "vlan");
	assert_int_equal(json_array_size(vlan), 2);
	assert_int_equal(json_integer_value(json_array_get(vlan, 0)), 100);
	assert_int_equal(json_integer_value(json_array_get(vlan, 1)), 0);
	is_text(json, "tunnel", "vxlan");
	is_number(json, "tunnel_id", -1);
	json_decref(json);
	event.tunnel_id = UINT32_MAX;
	json = parsed(&event, 0);
	is_number(json, "tunnel_id", UINT32_MAX);
	json_decref(json);
}

/* Where the parser ended at something else than what IP carries, the event says at what. */
static void
test_ether_type(void **state)
{
	struct weir_event event = https;
	json_t *json;

	(void)state;
	event.stopped = IPPROTO_TCP;
	json = parsed(&event, 0);
	is_number(json, "ether_type", -1);
	json_decref(json);
	event.stopped = 0x0600;
	json = parsed(&event, 0);
	is_number(json, "ether_type", 0x0600);
	json_decref(json);
	event.flags = 0;
	event.stopped = 0x88cc;
	json = parsed(&event, 0);
	is_number(json, "ether_type", 0x88cc);
	json_decref(json);
}

/* Ports only where they were read. */
static void
test_ports(void **state)
{
	static const struct {
		uint8_t proto;
		const char *name;
		uint32_t flags;
		uint16_t payload_off;
		bool zero; /* ports of the key */
		bool has;
	} rows[] = {
		{ IPPROTO_TCP, "TCP", 0, 54, false, true },
		{ IPPROTO_UDP, "UDP", 0, 42, true, true },
		{ IPPROTO_SCTP, "SCTP", 0, 46, false, true },
		{ IPPROTO_UDP, "UDP", WEIR_EVENT_FRAGMENT, 42, false, true },
		{ IPPROTO_UDP, "UDP", WEIR_EVENT_LATER_FRAGMENT, 34, true, false },
		{ IPPROTO_ICMP, "ICMP", 0, 42, false, false },
		{ IPPROTO_ICMPV6, "IPv6-ICMP", 0, 62, false, false },
		{ IPPROTO_TCP, "TCP", WEIR_EVENT_MALFORMED, 0, true, false },
		{ IPPROTO_TCP, "TCP", WEIR_EVENT_MALFORMED, 0, false, true },
		{ IPPROTO_GRE, "GRE", 0, 38, true, false },
		{ 253, "253", 0, 34, true, false },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct weir_event event = https;
		json_t *json;

		event.proto = event.key.proto = rows[i].proto;
		event.flags |= rows[i].flags;
		event.payload_off = rows[i].payload_off;
		if (rows[i].zero)
			event.key.sport = event.key.dport = 0;
		json = parsed(&event, 0);
		is_text(json, "proto", rows[i].name);
		is_number(json, "src_port", rows[i].has ? rows[i].zero ? 0 : 50000 : -1);
		is_number(json, "dest_port", rows[i].has ? rows[i].zero ? 0 : 443 : -1);
		is_text(json, "tcp_flags",
			rows[i].has && rows[i].proto == IPPROTO_TCP ? "1b" : NULL);
		json_decref(json);
	}
}

static void
test_iface(void **state)
{
	static const char name[] = "a\"b\\c\n\x01\xfc/";
	struct weir_event event = https;
	struct eve_iface before = format.ifaces[RTE_MAX_ETHPORTS - 1];
	json_t *json;

	(void)state;
	event.port = RTE_MAX_ETHPORTS - 1;
	json = parsed(&event, 0);
	is_text(json, "in_iface", NULL);
	json_decref(json);
	eve_iface_init(&format.ifaces[event.port], name);
	json = parsed(&event, 0);
	is_text(json, "in_iface", "a\"b\\c\n\x01\u00fc/");
	json_decref(json);
	format.ifaces[event.port] = before;
}

/* A port that came later, or has another number now, has its name once somebody says so. */
static void
test_moved(void **state)
{
	struct weir_event event = https;
	json_t *json;

	(void)state;
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_null0", ""), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null0", &event.port), 0);
	for (unsigned int moved = 0; moved < 2; moved++) {
		eve_format_look(&format);
		json = parsed(&event, 0);
		is_text(json, "in_iface", moved ? "net_null0" : NULL);
		json_decref(json);
		sink_ports_moved();
	}
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_null0"), 0);
}

/* The longest line there can be leaves the room that copies of short texts need. */
static void
test_longest_line(void **state)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	struct weir_event event = https;

	(void)state;
	memset(name, '\\', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	event.port = 0;
	eve_iface_init(&format.ifaces[0], name);
	event.flags = WEIR_EVENT_KEYED | WEIR_EVENT_IPV6 | WEIR_EVENT_TUNNELLED | WEIR_EVENT_VLAN |
		WEIR_EVENT_QINQ | WEIR_EVENT_TRUNCATED | WEIR_EVENT_BAD_L3_CKSUM |
		WEIR_EVENT_BAD_L4_CKSUM;
	event.vlan[0] = event.vlan[1] = 4095;
	event.tunnel = WEIR_TUNNEL_GENEVE;
	event.tunnel_id = event.wire_len = UINT32_MAX;
	event.len = UINT32_MAX - 1;
	event.verdict = WEIR_VERDICT_BAD_TOTAL_LEN;
	event.key.ip_version = 6;
	memset(event.key.src, 0xff, 16);
	memset(event.key.dst, 0xff, 16);
	event.key.sport = event.key.dport = UINT16_MAX;
	assert_true(strlen(line_of(&event, UINT64_MAX)) + 1 + EVE_COPY <= WRITER_LINE_MAX);
	format.ifaces[0].len = 0;
}

/* inet_ntop() of the C library follows RFC 5952. */
static void
test_ipv6(void **state)
{
	uint64_t seed = testing_seed();
	char text[64], expect[INET6_ADDRSTRLEN];
	uint8_t address[16];

	(void)state;
	for (unsigned int i = 0; i < 300000; i++) {
		uint64_t r = testing_random(&seed);

		for (unsigned int k = 0; k < 16; k++)
			address[k] = (uint8_t)testing_random(&seed);
		/* Many zero groups, and small ones. */
		for (unsigned int k = 0; k < 8; k++) {
			if (r >> (2 * k) & 1)
				address[2 * k] = 0;
			if ((r >> (2 * k) & 3) == 3 || (r >> (16 + k) & 1))
				address[2 * k] = address[2 * k + 1] = 0;
		}
		*eve_put_ipv6(text, address) = '\0';
		assert_non_null(inet_ntop(AF_INET6, address, expect, sizeof(expect)));
		assert_string_equal(text, expect);
	}
}

static void
test_dates(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		uint64_t ns = testing_random(&seed) >> (i % 3);
		time_t second = (time_t)(ns / NS_PER_S);
		char expect[64], date[32];
		struct tm tm;

		gmtime_r(&second, &tm);
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(expect, sizeof(expect), "{\"timestamp\":\"%s.%06" PRIu64 "+0000\"", date,
			ns % NS_PER_S / 1000);
		assert_memory_equal(line_of(&https, ns), expect, strlen(expect));
	}
}

static void
random_event(struct weir_event *event, uint64_t *seed)
{
	uint8_t *byte = (uint8_t *)event;

	for (size_t i = 0; i < sizeof(*event); i++)
		byte[i] = (uint8_t)testing_random(seed);
	event->type = WEIR_EVENT_PACKET;
	/* There is no packet behind it to read ports of: test_ports has one. */
	event->flags &= ~WEIR_EVENT_FRAGMENT_PORTS;
	/* Two tags are one as well, and of the IP versions there is one. */
	if (event->flags & WEIR_EVENT_QINQ)
		event->flags |= WEIR_EVENT_VLAN;
	event->flags &= event->flags & WEIR_EVENT_IPV4 ? ~WEIR_EVENT_IPV6 : UINT32_MAX;
	event->flags |= event->flags & WEIR_EVENT_IPV4 ? 0 : WEIR_EVENT_IPV6;
	event->verdict %= WEIR_VERDICT_MAX;
	event->tunnel %= WEIR_TUNNEL_MAX;
	event->key.ip_version = event->flags & WEIR_EVENT_IPV4 ? 4 : 6;
	event->key.proto = event->proto;
}

static void
random_check(const struct weir_event *e)
{
	json_t *json = parsed(e, 1);
	bool v4 = e->flags & WEIR_EVENT_IPV4, keyed = e->flags & WEIR_EVENT_KEYED;
	bool tunnel = e->flags & WEIR_EVENT_TUNNELLED;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, e->key.src + (v4 ? 12 : 0), text, sizeof(text));
	is_text(json, "src_ip", keyed ? text : NULL);
	assert_int_equal(json_object_get(json, "timestamp") == NULL,
		!!(e->flags & WEIR_EVENT_NO_TIME));
	inet_ntop(v4 ? AF_INET : AF_INET6, e->key.dst + (v4 ? 12 : 0), text, sizeof(text));
	is_text(json, "dest_ip", keyed ? text : NULL);
	is_number(json, "pkt_len", e->len);
	is_number(json, "wire_len", e->wire_len > e->len ? (int64_t)e->wire_len : -1);
	is_number(json, "ip_v", v4 ? 4 : 6);
	is_text(json, "verdict", weir_verdict_name(e->verdict));
	is_text(json, "tunnel", tunnel ? weir_tunnel_name(e->tunnel) : NULL);
	is_number(json, "tunnel_id", tunnel && e->tunnel_id != 0 ? (int64_t)e->tunnel_id : -1);
	assert_int_equal(json_array_size(json_object_get(json, "vlan")),
		e->flags & WEIR_EVENT_QINQ         ? 2 :
			e->flags & WEIR_EVENT_VLAN ? 1 :
						     0);
	json_decref(json);
}

static void
test_random(void **state)
{
	uint64_t seed = testing_seed();
	struct weir_event event;

	(void)state;
	for (unsigned int i = 0; i < 50000; i++) {
		random_event(&event, &seed);
		random_check(&event);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_line),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_nanoseconds),
		cmocka_unit_test(test_flags_without_l2),
		cmocka_unit_test(test_tunnel_and_tags),
		cmocka_unit_test(test_ether_type),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_iface),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_random),
	};

	testing_eal_init(NULL);
	eve_format_init(&format);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
