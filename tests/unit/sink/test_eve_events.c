/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lines of events that are no packets. */
#include "eve_json.h"

static void
test_event_without_packet(void **state)
{
	struct weir_event event = { .type = WEIR_EVENT_USER + 1, .port = RTE_MBUF_PORT_INVALID };
	json_t *json = parsed(&event, 0);

	(void)state;
	is_text(json, "event_type", "event");
	is_number(json, "type", WEIR_EVENT_USER + 1);
	is_number(json, "pkt_len", -1);
	is_text(json, "verdict", NULL);
	json_decref(json);
}

/* What was lost on a link. */
static void
test_gap(void **state)
{
	struct weir_event event = {
		.type = WEIR_EVENT_GAP,
		.port = RTE_MBUF_PORT_INVALID,
		.gap = { .count = 7, .first = 100, .last = UINT64_MAX / 4, .link = 3 },
	};
	json_t *json;

	(void)state;
	json = parsed(&event, 0);
	is_text(json, "event_type", "gap");
	is_number(json, "link", 3);
	is_number(json, "count", 7);
	is_number(json, "first_tsc", 100);
	is_number(json, "last_tsc", UINT64_MAX / 4);
	is_text(json, "verdict", NULL);
	json_decref(json);
}

/* What happened to a port; and what a later weir may tell of one. */
static void
test_port(void **state)
{
	static const char *const whats[] = { NULL, "up", "down", "gone", "back", "other" };
	struct weir_event event = { .type = WEIR_EVENT_PORT, .port = RTE_MBUF_PORT_INVALID };
	json_t *json;

	(void)state;
	for (uint32_t what = WEIR_PORT_UP; what < RTE_DIM(whats); what++) {
		event.change = (struct weir_port_change){ .what = what,
			.speed = what == WEIR_PORT_UP ? 400000 : 0 };
		json = parsed(&event, 0);
		is_text(json, "event_type", "port");
		is_text(json, "change", whats[what]);
		is_number(json, "speed_mbit", what == WEIR_PORT_UP ? 400000 : -1);
		is_text(json, "verdict", NULL);
		json_decref(json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_without_packet),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_port),
	};

	testing_eal_init(NULL);
	eve_format_init(&format);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
