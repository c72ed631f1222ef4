/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lines of flows. */
#include <inttypes.h>
#include <netinet/in.h>

#include <weir/flow.h>

#include "eve_json.h"

#define SECOND UINT64_C(1767268800) /* 2026-01-01T12:00:00 */
#define NS(second, ns) ((second)*UINT64_C(1000000000) + (ns))

static struct rte_mempool *pool;

/* The flow of the published vectors, closed by both sides. */
static const struct weir_event tcp = {
	.type = WEIR_EVENT_FLOW_END,
	.flags = WEIR_EVENT_KEYED | WEIR_EVENT_IPV4 | WEIR_EVENT_WIRE_TIME,
	.wire_ns = NS(SECOND + 9, 5000),
	.port = RTE_MBUF_PORT_INVALID,
	.proto = IPPROTO_TCP,
	.key = {
		.src = { [10] = 0xff, 0xff, 1, 2, 3, 4 },
		.dst = { [10] = 0xff, 0xff, 5, 6, 7, 8 },
		.sport = RTE_BE16(1122),
		.dport = RTE_BE16(3344),
		.proto = IPPROTO_TCP,
		.ip_version = 4,
	},
};

static const struct weir_flow_record tcp_record = {
	.size = sizeof(struct weir_flow_record),
	.id = UINT64_MAX,
	.start = NS(SECOND, 999999999),
	.end = NS(SECOND + 2, 1000),
	.sides = {
		[WEIR_FLOW_CLIENT] = {
			.packets = 5,
			.bytes = UINT64_C(12345678901),
			.payload = 40,
			.tcp_flags = 0x1b,
			.ttl = 64,
			.retransmitted = 1,
		},
		[WEIR_FLOW_SERVER] = {
			.packets = 4,
			.bytes = 300,
			.payload = UINT64_C(5000000007),
			.tcp_flags = 0x53,
			.ttl = 255,
			.out_of_order = 2,
			.lost = 3,
		},
	},
	.rtt_ns = 1234005,
	.state = WEIR_FLOW_STATE_CLOSED,
	.reason = WEIR_FLOW_FIN,
	.flags = WEIR_FLOW_RTT | WEIR_FLOW_MIDSTREAM,
};

/* An event as the stage `flow` makes it: its record lies behind it. */
static struct weir_event *
event_of(const struct weir_event *event, const struct weir_flow_record *record)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct weir_event *made;

	assert_non_null(mbuf);
	made = weir_mbuf_event(mbuf);
	*made = *event;
	memcpy(made + 1, record, sizeof(*record));
	return made;
}

static const char *
flow_line(const struct weir_event *event, const struct weir_flow_record *record)
{
	struct weir_event *made = event_of(event, record);
	const char *line = line_of(made, 0);

	rte_pktmbuf_free(weir_event_mbuf(made));
	return line;
}

static json_t *
flow_json(const struct weir_event *event, const struct weir_flow_record *record)
{
	struct weir_event *made = event_of(event, record);
	json_t *json = parsed(made, 0);

	rte_pktmbuf_free(weir_event_mbuf(made));
	return json;
}

static void
test_whole_line(void **state)
{
	(void)state;
	assert_string_equal(flow_line(&tcp, &tcp_record),
		"{\"timestamp\":\"2026-01-01T12:00:09.000005+0000\",\"flow_id\":9007199254740991,"
		"\"event_type\":\"flow\",\"src_ip\":\"1.2.3.4\",\"src_port\":1122,"
		"\"dest_ip\":\"5.6.7.8\",\"dest_port\":3344,\"proto\":\"TCP\","
		"\"community_id\":\"1:wCb3OG7yAFWelaUydu0D+125CLM=\","
		"\"flow\":{\"pkts_toserver\":5,\"pkts_toclient\":4,"
		"\"bytes_toserver\":12345678901,\"bytes_toclient\":300,"
		"\"start\":\"2026-01-01T12:00:00.999999999+0000\","
		"\"end\":\"2026-01-01T12:00:02.000001+0000\",\"age\":2,\"state\":\"closed\","
		"\"reason\":\"timeout\",\"alerted\":false,\"payload_toserver\":40,"
		"\"payload_toclient\":5000000007,\"ttl_toserver\":64,\"ttl_toclient\":255,"
		"\"midstream\":true,\"retransmitted_toserver\":1,\"out_of_order_toclient\":2,"
		"\"lost_toclient\":3,\"rtt_us\":1234.005},\"end\":\"fin\","
		"\"tcp\":{\"tcp_flags\":\"5b\",\"tcp_flags_ts\":\"1b\",\"tcp_flags_tc\":\"53\","
		"\"fin\":true,\"syn\":true,\"psh\":true,\"ack\":true,\"ecn\":true,"
		"\"state\":\"closed\"}}");
}

/* What has not ended has no reason; what an application tells of a flow is an event of its own. */
static void
test_types(void **state)
{
	static const struct {
		uint8_t type;
		const char *name;
	} rows[] = {
		{ WEIR_EVENT_FLOW_NEW, "flow_new" },
		{ WEIR_EVENT_FLOW_ESTABLISHED, "flow_established" },
		{ WEIR_EVENT_FLOW_UPDATE, "flow_update" },
		{ WEIR_EVENT_FLOW_END, "flow" },
		{ WEIR_EVENT_FLOW_END + 1, "event" },
		{ WEIR_EVENT_USER, "event" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		bool ended = rows[i].type == WEIR_EVENT_FLOW_END;
		struct weir_event event = tcp;
		const json_t *flow;
		json_t *json;

		event.type = rows[i].type;
		json = flow_json(&event, &tcp_record);
		flow = json_object_get(json, "flow");
		is_text(json, "event_type", rows[i].name);
		assert_int_equal(flow != NULL, rows[i].type <= WEIR_EVENT_FLOW_END);
		is_text(flow, "reason", ended ? "timeout" : NULL);
		is_text(json, "end", ended ? "fin" : NULL);
		is_number(flow, "pkts_toserver", flow != NULL ? 5 : -1);
		json_decref(json);
	}
}

static void
test_reasons(void **state)
{
	static const char *const rows[WEIR_FLOW_REASONS + 1][2] = {
		[WEIR_FLOW_IDLE] = { "timeout", "idle" },
		[WEIR_FLOW_FIN] = { "timeout", "fin" },
		[WEIR_FLOW_RST] = { "timeout", "rst" },
		[WEIR_FLOW_ACTIVE] = { "timeout", "active" },
		[WEIR_FLOW_EVICTED] = { "forced", "evicted" },
		[WEIR_FLOW_DRAIN] = { "shutdown", "drain" },
		[WEIR_FLOW_REASONS] = { "shutdown", "drain" }, /* of a later weir */
	};

	(void)state;
	for (uint8_t reason = 0; reason <= WEIR_FLOW_REASONS; reason++) {
		struct weir_flow_record record = tcp_record;
		json_t *json;

		record.reason = reason;
		json = flow_json(&tcp, &record);
		is_text(json_object_get(json, "flow"), "reason", rows[reason][0]);
		is_text(json, "end", rows[reason][1]);
		if (reason < WEIR_FLOW_REASONS)
			is_text(json, "end", weir_flow_reason_name(reason));
		json_decref(json);
	}
}

static void
test_states(void **state)
{
	static const char *const rows[WEIR_FLOW_STATES][2] = {
		[WEIR_FLOW_STATE_NEW] = { "new", "new" },
		[WEIR_FLOW_STATE_ESTABLISHED] = { "established", "established" },
		[WEIR_FLOW_STATE_CLOSING] = { "closed", "closing" },
		[WEIR_FLOW_STATE_CLOSED] = { "closed", "closed" },
		[WEIR_FLOW_STATE_RESET] = { "closed", "reset" },
	};

	(void)state;
	for (uint8_t i = 0; i < WEIR_FLOW_STATES; i++) {
		struct weir_flow_record record = tcp_record;
		json_t *json;

		record.state = i;
		json = flow_json(&tcp, &record);
		is_text(json_object_get(json, "flow"), "state", rows[i][0]);
		is_text(json_object_get(json, "tcp"), "state", rows[i][1]);
		assert_string_equal(rows[i][1], weir_flow_state_name(i));
		json_decref(json);
	}
}

/* The flags of both sides, each by its name. */
static void
test_tcp_flags(void **state)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh", "ack", "urg", "ecn",
		"cwr" };
	struct weir_flow_record record = tcp_record;

	(void)state;
	for (unsigned int flags = 0; flags <= UINT8_MAX; flags++) {
		const json_t *object;
		json_t *json;
		char text[3];

		record.sides[WEIR_FLOW_CLIENT].tcp_flags = flags & 0x55;
		record.sides[WEIR_FLOW_SERVER].tcp_flags = flags & 0xf0;
		json = flow_json(&tcp, &record);
		object = json_object_get(json, "tcp");
		snprintf(text, sizeof(text), "%02x", flags & 0xf5);
		is_text(object, "tcp_flags", text);
		snprintf(text, sizeof(text), "%02x", flags & 0x55);
		is_text(object, "tcp_flags_ts", text);
		snprintf(text, sizeof(text), "%02x", flags & 0xf0);
		is_text(object, "tcp_flags_tc", text);
		for (unsigned int bit = 0; bit < RTE_DIM(names); bit++)
			assert_int_equal(json_is_true(json_object_get(object, names[bit])),
				((flags & 0xf5) >> bit) & 1);
		json_decref(json);
	}
}

/* What is not known, or is none, is not there. */
static void
test_absent(void **state)
{
	static const char *const absent[] = { "ttl_toserver", "ttl_toclient", "midstream",
		"retransmitted_toserver", "retransmitted_toclient", "out_of_order_toserver",
		"out_of_order_toclient", "lost_toserver", "lost_toclient", "rtt_us" };
	struct weir_flow_record record = { .size = sizeof(record),
		.start = NS(SECOND, 0),
		.end = NS(SECOND - 1, 0),
		.rtt_ns = 7 };
	struct weir_event event = tcp;
	const json_t *flow;
	json_t *json;

	(void)state;
	event.proto = event.key.proto = IPPROTO_UDP;
	json = flow_json(&event, &record);
	flow = json_object_get(json, "flow");
	for (unsigned int i = 0; i < RTE_DIM(absent); i++)
		assert_null(json_object_get(flow, absent[i]));
	is_number(flow, "payload_toserver", 0);
	is_number(flow, "age", 0);
	is_text(json, "proto", "UDP");
	is_text(json, "community_id", "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg=");
	is_number(json, "src_port", 1122);
	is_number(json, "icmp_type", -1);
	is_text(json, "tunnel", NULL);
	assert_null(json_object_get(json, "tcp"));
	assert_null(json_object_get(json, "quoted"));
	assert_null(json_object_get(json, "vlan"));
	json_decref(json);
}

/* Fragments have no ports: not in the line, and not in the community id, which RSVP's shows here. */
static void
test_fragments(void **state)
{
	struct weir_event event = tcp;
	json_t *json;

	(void)state;
	event.flags |= WEIR_EVENT_FRAGMENT;
	event.key.sport = event.key.dport = 0;
	json = flow_json(&event, &tcp_record);
	is_number(json, "src_port", -1);
	is_number(json, "dest_port", -1);
	is_text(json, "proto", "TCP");
	assert_null(json_object_get(json, "tcp"));
	json_decref(json);
	event.proto = event.key.proto = IPPROTO_RSVP;
	json = flow_json(&event, &tcp_record);
	is_text(json, "community_id", "1:ikv3kmf89luf73WPz1jOs49S768=");
	json_decref(json);
}

/* ICMP: type and code stand for ports, also where the key has the identifier there. */
static void
test_icmp(void **state)
{
	struct weir_flow_record record = tcp_record;
	struct weir_event event = tcp;
	json_t *json;

	(void)state;
	event.proto = event.key.proto = IPPROTO_ICMP;
	record.flags = WEIR_FLOW_ICMP;
	record.icmp_type = 8;
	json = flow_json(&event, &record);
	is_number(json, "icmp_type", 8);
	is_number(json, "icmp_code", 0);
	is_number(json, "src_port", -1);
	is_text(json, "community_id", "1:crodRHL2FEsHjbv3UkRrfbs4bZ0=");
	assert_null(json_object_get(json, "tcp"));
	json_decref(json);
}

/* An error of ICMP tells of another packet. */
static void
test_quoted(void **state)
{
	struct weir_flow_record record = tcp_record;
	struct weir_event event = tcp;
	const json_t *quoted;
	json_t *json;

	(void)state;
	event.proto = event.key.proto = IPPROTO_ICMP;
	event.key.sport = event.key.dport = 0;
	record.flags = WEIR_FLOW_ICMP | WEIR_FLOW_QUOTED;
	record.icmp_type = 11;
	record.quoted = tcp.key;
	record.quoted.proto = IPPROTO_UDP;
	json = flow_json(&event, &record);
	quoted = json_object_get(json, "quoted");
	is_text(json, "community_id", "1:f/YiSyWqczrTgfUCZlBUnvHRcPk=");
	is_text(quoted, "src_ip", "1.2.3.4");
	is_number(quoted, "src_port", 1122);
	is_text(quoted, "dest_ip", "5.6.7.8");
	is_number(quoted, "dest_port", 3344);
	is_text(quoted, "proto", "UDP");
	json_decref(json);
	record.quoted.proto = IPPROTO_GRE;
	json = flow_json(&event, &record);
	is_number(json_object_get(json, "quoted"), "src_port", -1);
	is_text(json_object_get(json, "quoted"), "proto", "GRE");
	json_decref(json);
}

static void
test_community_off(void **state)
{
	json_t *json;

	(void)state;
	format.community = false;
	json = flow_json(&tcp, &tcp_record);
	is_text(json, "community_id", NULL);
	is_number(json, "src_port", 1122);
	json_decref(json);
	format.community = true;
}

/* The longest of all lines fits, with what is copied behind its end; as it has all, all is looked at. */
static void
test_longest(void **state)
{
	struct eve_iface before = format.ifaces[0];
	char name[RTE_ETH_NAME_MAX_LEN];
	struct weir_flow_record record;
	struct weir_event event = tcp;
	json_t *json;

	(void)state;
	memset(name, '"', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	eve_iface_init(&format.ifaces[0], name);
	memset(&record, 0xff, sizeof(record));
	memset(&event.key, 0xff, sizeof(event.key));
	record.quoted.proto = event.key.proto = event.proto = IPPROTO_TCP;
	event.wire_ns = UINT64_MAX;
	event.flags |= WEIR_EVENT_VLAN | WEIR_EVENT_QINQ | WEIR_EVENT_TUNNELLED;
	event.vlan[0] = event.vlan[1] = UINT16_MAX;
	event.tunnel = WEIR_TUNNEL_ETHERIP;
	event.tunnel_id = UINT32_MAX;
	event.port = 0;
	record.start = 1;
	assert_true(strlen(flow_line(&event, &record)) + 1 + EVE_COPY <= WRITER_LINE_MAX);
	/* The parser has signed numbers. */
	for (unsigned int i = 0; i < WEIR_FLOW_SIDES; i++)
		record.sides[i].packets = record.sides[i].bytes = record.sides[i].payload =
			INT64_MAX;
	json = flow_json(&event, &record);
	is_text(json, "in_iface", name);
	is_text(json, "tunnel", "etherip");
	is_number(json, "tunnel_id", UINT32_MAX);
	assert_int_equal(json_array_size(json_object_get(json, "vlan")), 2);
	is_text(json, "src_ip", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	is_number(json_object_get(json, "flow"), "age", UINT64_MAX / 1000000000);
	is_number(json_object_get(json, "flow"), "lost_toclient", UINT32_MAX);
	is_text(json_object_get(json, "quoted"), "proto", "TCP");
	json_decref(json);
	format.ifaces[0] = before;
}

/* Numbers of all sizes, as printf() has them. */
static void
test_random_numbers(void **state)
{
	uint64_t seed = testing_seed();
	struct weir_flow_record record = tcp_record;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t id = testing_random(&seed) >> testing_random(&seed) % 64;
		uint64_t bytes = testing_random(&seed) >> testing_random(&seed) % 64;
		const char *line;
		char text[128];

		record.id = id;
		record.rtt_ns = (uint32_t)id;
		record.sides[WEIR_FLOW_SERVER].bytes = bytes;
		line = flow_line(&tcp, &record);
		snprintf(text, sizeof(text), "\"flow_id\":%" PRIu64 ",", id % (UINT64_C(1) << 53));
		assert_non_null(strstr(line, text));
		snprintf(text, sizeof(text), "\"bytes_toclient\":%" PRIu64 ",", bytes);
		assert_non_null(strstr(line, text));
		snprintf(text, sizeof(text), "\"rtt_us\":%u.%03u}", (uint32_t)id / 1000,
			(uint32_t)id % 1000);
		assert_non_null(strstr(line, text));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_line),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_tcp_flags),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_community_off),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_random_numbers),
	};

	testing_eal_init(NULL);
	eve_format_init(&format);
	format.community = true;
	pool = weir_pool_create("flows", 63, 0, sizeof(struct weir_flow_record), 0, SOCKET_ID_ANY);
	return pool == NULL ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
