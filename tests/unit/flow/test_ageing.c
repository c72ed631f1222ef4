/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Ageing: by when a flow has ended, how much of it one call does, what time may do. */
#include "flow/flow_private.h"

#include "flows.h"

#define BEGIN (UINT64_C(1700000000) * SECOND)

static void
flows_add(struct weir_flow_table *table, uint32_t first, uint32_t count, uint64_t now)
{
	for (uint32_t i = first; i < first + count; i++) {
		struct weir_key key = flows_key(i);
		struct weir_flow *flow =
			flows_find(table, &key, weir_key_hash(NULL, &key), 0, now, NULL, NULL);

		((struct kept *)weir_flow_user(flow))->number = i + 1;
	}
}

/* Not before its time-out, nor later than one step behind it. */
static void
test_lateness(void **state __rte_unused)
{
	struct ends ends = { .idle = 30 * SECOND };
	struct weir_flow_conf conf = flows_conf(200000, &ends);
	struct weir_flow_table *table;
	uint64_t now = BEGIN, random = 1;

	conf.idle[0] = ends.idle;
	table = flows_table(&conf);
	for (uint32_t made = 0; made < 1000000 || flows_stats(table).flows > 0;) {
		now += 40000000 + testing_random(&random) % 1000;
		ends.now = now;
		while (weir_flow_expire(table, now, 64) == 64)
			;
		if (made < 1000000)
			flows_add(table, made, 250, now);
		made += made < 1000000 ? 250 : 0;
	}
	assert_int_equal(ends.by[WEIR_FLOW_IDLE], 1000000);
	/* A call comes each 40 ms. */
	assert_true(ends.late <= WEIR_FLOW_STEP_NS + 40001000);
	assert_int_equal(flows_stats(table).late_ns, ends.late);
	assert_int_equal(flows_stats(table).touched, 1000000);
	weir_flow_table_free(table);
}

/* What has packets is touched once in a time-out, whatever their number. */
static void
test_lives_on(void **state __rte_unused)
{
	struct ends ends = { .idle = 10 * SECOND };
	struct weir_flow_conf conf = flows_conf(10, &ends);
	struct weir_flow_table *table;
	struct weir_key key = flows_key(0);
	uint32_t hash = weir_key_hash(NULL, &key);
	struct weir_flow *flow;
	uint64_t now = BEGIN;

	conf.idle[0] = ends.idle;
	table = flows_table(&conf);
	for (unsigned int i = 0; i < 100000; i++, now += SECOND / 100) {
		flow = flows_find(table, &key, hash, 0, now, NULL, NULL);
		flow->last = now;
		weir_flow_expire(table, now, 1000);
	}
	assert_int_equal(ends.count, 0);
	assert_in_range(flows_stats(table).touched, 90, 110);
	ends.now = now += 11 * SECOND;
	weir_flow_expire(table, now, 1000);
	assert_int_equal(ends.by[WEIR_FLOW_IDLE], 1);
	weir_flow_table_free(table);
}

/* More than one call may end: in order, late, and the lateness is a figure. */
static void
test_too_many_at_once(void **state __rte_unused)
{
	struct ends ends = { .idle = SECOND };
	struct weir_flow_conf conf = flows_conf(10000, &ends);
	struct weir_flow_table *table;
	uint64_t now = BEGIN;
	uint64_t before = 0;

	conf.idle[0] = ends.idle;
	table = flows_table(&conf);
	for (unsigned int i = 0; i < 10; i++, now += SECOND / 2)
		flows_add(table, i * 1000, 1000, now);
	ends.now = now += 100 * SECOND;
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(weir_flow_expire(table, now, 10), 10);
		assert_int_equal(ends.count, (i + 1) * 10);
		assert_true(ends.last > before);
		before = ends.last;
	}
	assert_int_equal(weir_flow_expire(table, now, 10), 0);
	assert_int_equal(flows_stats(table).late_ns, ends.late);
	assert_true(ends.late > 100 * SECOND);
	weir_flow_table_free(table);
}

/* A time before the latest one ends nothing, and un-ages nothing. */
static void
test_backward(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(10, &ends);
	struct weir_flow_table *table;

	conf.idle[0] = SECOND;
	table = flows_table(&conf);
	flows_add(table, 0, 1, BEGIN);
	weir_flow_expire(table, BEGIN + SECOND / 2, 10);
	weir_flow_expire(table, BEGIN - 1000 * SECOND, 10);
	weir_flow_expire(table, 0, 10);
	assert_int_equal(ends.count, 0);
	weir_flow_expire(table, BEGIN + 3 * SECOND, 10);
	assert_int_equal(ends.count, 1);
	weir_flow_table_free(table);
}

/* Years go by: what may end does, what may not is touched a few times. */
static void
test_leap(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(100, &ends);
	struct weir_flow_table *table;
	unsigned int touched = 0;

	conf.idle[0] = 3600 * SECOND;
	table = flows_table(&conf);
	flows_add(table, 0, 100, BEGIN);
	for (uint32_t i = 0; i < 50; i++) {
		struct weir_key key = flows_key(i);

		weir_flow_set_life(table,
			flows_find(table, &key, weir_key_hash(NULL, &key), 0, BEGIN, NULL, NULL),
			1);
	}
	for (unsigned int i = 0; i < 10; i++)
		touched += weir_flow_expire(table, BEGIN + 100000000 * SECOND, 1000);
	assert_int_equal(ends.by[WEIR_FLOW_IDLE], 50);
	assert_int_equal(flows_stats(table).flows, 50);
	assert_true(touched <= 50 + 50 * 3);
	weir_flow_table_free(table);
}

/* Another life ends sooner or later than the one before. */
static void
test_lives(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(10, &ends);
	struct weir_key key = flows_key(0);
	uint32_t hash = weir_key_hash(NULL, &key);
	struct weir_flow_table *table;
	struct weir_flow *flow;

	conf.embryonic = 1 << 2;
	conf.idle[0] = 100 * SECOND;
	conf.idle[1] = SECOND;
	conf.idle[2] = 2000 * SECOND;
	for (uint8_t life = 0; life < 3; life++) {
		table = flows_table(&conf);
		memset(&ends, 0, sizeof(ends));
		flow = flows_find(table, &key, hash, 0, BEGIN, NULL, NULL);
		weir_flow_set_life(table, flow, life);
		weir_flow_expire(table, BEGIN + conf.idle[life], 10);
		assert_int_equal(ends.count, 0);
		for (uint64_t s = 0; s < conf.idle[life] / SECOND; s++)
			weir_flow_expire(table, BEGIN + s * SECOND, 10);
		assert_int_equal(ends.count, 0);
		weir_flow_expire(table, BEGIN + conf.idle[life] + WEIR_FLOW_STEP_NS, 10);
		assert_int_equal(ends.by[WEIR_FLOW_IDLE], 1);
		weir_flow_table_free(table);
	}
}

/* The time was a year ahead, and is set right: all ages as ever, what was seen then within a turn of the wheel. */
static void
test_rewind(void **state __rte_unused)
{
	const uint64_t year = 365 * 24 * 3600 * SECOND, turn = 4096 * WEIR_FLOW_STEP_NS;
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(10, &ends);
	struct weir_flow_table *table;
	uint64_t now = BEGIN;

	conf.idle[0] = 10 * SECOND;
	table = flows_table(&conf);
	flows_add(table, 0, 1, BEGIN + year);
	weir_flow_expire(table, BEGIN + year, 10);
	weir_flow_rewind(table, BEGIN);
	flows_add(table, 1, 1, BEGIN);
	for (; now < BEGIN + 10 * SECOND; now += SECOND)
		weir_flow_expire(table, now, 10);
	assert_int_equal(ends.count, 0);
	weir_flow_expire(table, now + 2 * WEIR_FLOW_STEP_NS, 10);
	assert_int_equal(ends.count, 1);
	assert_int_equal(ends.last, 2);
	for (; now < BEGIN + turn + 11 * SECOND; now += SECOND)
		weir_flow_expire(table, now, 10);
	assert_int_equal(ends.by[WEIR_FLOW_IDLE], 2);
	weir_flow_table_free(table);
}

/* Another flow in the place of one that a packet came too late for. */
static void
test_renew(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(10, &ends);
	struct weir_key key = flows_key(7);
	uint32_t hash = weir_key_hash(NULL, &key);
	struct weir_flow_table *table;
	struct weir_flow *flow;
	bool created;

	conf.idle[0] = 100 * SECOND;
	conf.idle[1] = 10 * SECOND;
	table = flows_table(&conf);
	flows_add(table, 7, 1, BEGIN);
	flow = flows_find(table, &key, hash, 0, BEGIN, &created, NULL);
	weir_flow_set_life(table, flow, 1);
	assert_false(weir_flow_overdue(table, flow, BEGIN + 10 * SECOND));
	assert_true(weir_flow_overdue(table, flow, BEGIN + 10 * SECOND + 1));
	weir_flow_renew(table, flow, WEIR_FLOW_FIN, BEGIN + 20 * SECOND);
	assert_int_equal(ends.by[WEIR_FLOW_FIN], 1);
	assert_int_equal(ends.last, 8);
	assert_ptr_equal(flows_find(table, &key, hash, 0, BEGIN, &created, NULL), flow);
	assert_false(created);
	assert_int_equal(((struct kept *)weir_flow_user(flow))->number, 0);
	assert_int_equal(flow->life, 0);
	assert_int_equal(flows_stats(table).created, 2);
	assert_int_equal(flows_stats(table).flows, 1);
	weir_flow_expire(table, BEGIN + 120 * SECOND, 10);
	assert_int_equal(ends.count, 1);
	weir_flow_expire(table, BEGIN + 121 * SECOND, 10);
	assert_int_equal(ends.by[WEIR_FLOW_IDLE], 1);
	weir_flow_table_free(table);
}

/* A life says why what ends by its time-out ended. */
static void
test_ends(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(10, &ends);
	struct weir_error error;
	struct weir_flow_table *table;

	conf.ends[3] = WEIR_FLOW_REASONS;
	assert_null(weir_flow_table_create(&conf, &error));
	assert_non_null(strstr(error.text, "ends[3]"));
	conf.ends[3] = 0;
	conf.ends[0] = WEIR_FLOW_RST;
	conf.idle[0] = SECOND;
	table = flows_table(&conf);
	flows_add(table, 0, 3, BEGIN);
	weir_flow_expire(table, BEGIN + 2 * SECOND, 10);
	assert_int_equal(ends.by[WEIR_FLOW_RST], 3);
	assert_int_equal(flows_stats(table).ended[WEIR_FLOW_RST], 3);
	weir_flow_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lateness),
		cmocka_unit_test(test_lives_on),
		cmocka_unit_test(test_too_many_at_once),
		cmocka_unit_test(test_backward),
		cmocka_unit_test(test_leap),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_ends),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
