/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A flow table: what it refuses, how flows are told apart, what a full one does. */
#include "flow/flow_private.h"

#include "flows.h"

static void
refused(const struct weir_flow_conf *conf, const char *words)
{
	struct weir_error error = { 0 };

	assert_null(weir_flow_table_create(conf, &error));
	assert_int_equal(rte_errno, EINVAL);
	assert_non_null(strstr(error.text, words));
	assert_int_equal(weir_flow_memory(conf), 0);
	assert_null(weir_flow_table_create(conf, NULL));
}

static void
test_refused(void **state __rte_unused)
{
	struct weir_flow_conf conf = flows_conf(0, NULL);

	refused(&conf, "a capacity of 0");
	conf.capacity = WEIR_FLOW_CAPACITY_MAX + 1;
	refused(&conf, "from 1 to 268435456");
	conf = flows_conf(1, NULL);
	conf.user_size = WEIR_FLOW_USER_MAX + 1;
	refused(&conf, "at most 4096");
	conf = flows_conf(1, NULL);
	conf.on_full = WEIR_FLOW_REFUSE + 1;
	refused(&conf, "on_full is 2");
	conf = flows_conf(1, NULL);
	conf.size = 0;
	refused(&conf, "does not begin with its size");
	weir_flow_table_free(NULL);
}

static void
test_no_memory(void **state __rte_unused)
{
	struct weir_flow_conf conf = flows_conf(WEIR_FLOW_CAPACITY_MAX, NULL);
	struct weir_error error = { 0 };

	assert_null(weir_flow_table_create(&conf, &error));
	assert_int_equal(rte_errno, ENOMEM);
	assert_non_null(strstr(error.text, "for 268435456 flows"));
}

/* What the issue of memory is measured by: bytes a flow. */
static void
test_memory(void **state __rte_unused)
{
	struct weir_flow_conf conf = flows_conf(1000000, NULL);

	conf.user_size = WEIR_FLOW_USER_SMALL;
	assert_true(weir_flow_memory(&conf) <= UINT64_C(160) * conf.capacity);
	conf.user_size = WEIR_FLOW_USER_SMALL + 64;
	assert_true(weir_flow_memory(&conf) <= UINT64_C(224) * conf.capacity);
	assert_int_equal(offsetof(struct weir_flow, last), 64);
}

static void
test_both_directions(void **state __rte_unused)
{
	struct weir_flow_conf conf = flows_conf(64, NULL);
	struct weir_flow_table *table = flows_table(&conf);
	struct weir_key key = flows_key(1), back = flows_reversed(&key);
	uint32_t hash = weir_key_hash(NULL, &key);
	struct weir_flow *flow, *found;
	bool created, reversed;

	assert_int_equal(hash, weir_key_hash(NULL, &back));
	flow = flows_find(table, &key, hash, 0, 5, &created, &reversed);
	assert_true(created && !reversed);
	assert_int_equal(flow->last, 5);
	assert_int_equal(flow->life, 0);
	assert_ptr_equal(flows_find(table, &back, hash, 0, 6, &created, &reversed), flow);
	assert_true(!created && reversed);
	assert_memory_equal(&flow->key, &key, sizeof(key));
	/* Another port, address, protocol, version, or extra: another flow. */
	for (unsigned int byte = 0; byte < sizeof(key); byte++) {
		struct weir_key other = key;

		((uint8_t *)&other)[byte] ^= 0x40;
		found = flows_find(table, &other, hash, 0, 7, &created, NULL);
		assert_ptr_not_equal(found, flow);
		assert_true(created);
		weir_flow_end(table, found, WEIR_FLOW_FIN);
	}
	assert_ptr_not_equal(flows_find(table, &key, hash, 1, 7, &created, NULL), flow);
	assert_true(created);
	flows_balance(table);
	weir_flow_table_free(table);
}

/* A key that is its own answer goes in the key's direction. */
static void
test_to_itself(void **state __rte_unused)
{
	struct weir_flow_conf conf = flows_conf(16, NULL);
	struct weir_flow_table *table = flows_table(&conf);
	struct weir_key key = flows_key(1);
	bool created, reversed;

	memcpy(key.dst, key.src, sizeof(key.dst));
	key.dport = key.sport;
	flows_find(table, &key, 9, 0, 5, &created, &reversed);
	assert_true(created && !reversed);
	flows_find(table, &key, 9, 0, 5, &created, &reversed);
	assert_true(!created && !reversed);
	weir_flow_table_free(table);
}

/* Of one burst, the first packet of a flow makes it, and the others find it. */
static void
test_one_burst(void **state __rte_unused)
{
	struct weir_flow_conf conf = flows_conf(64, NULL);
	struct weir_flow_table *table = flows_table(&conf);
	struct weir_flow_burst burst = { .size = sizeof(burst), .now = 1, .n = WEIR_FLOW_BURST };
	struct weir_key keys[WEIR_FLOW_BURST];

	for (unsigned int i = 0; i < WEIR_FLOW_BURST; i++) {
		keys[i] = flows_key(i % 8);
		burst.hashes[i] = weir_key_hash(NULL, &keys[i]);
		if (i / 8 % 2 == 1)
			keys[i] = flows_reversed(&keys[i]);
		burst.keys[i] = &keys[i];
	}
	weir_flow_lookup(table, &burst);
	assert_int_equal(burst.created, 0xff);
	assert_int_equal(burst.reversed, 0xff00ff00ff00ff00);
	for (unsigned int i = 8; i < WEIR_FLOW_BURST; i++)
		assert_ptr_equal(burst.flows[i], burst.flows[i % 8]);
	assert_int_equal(flows_stats(table).flows, 8);
	burst.n = 0;
	weir_flow_lookup(table, &burst);
	assert_int_equal(burst.created | burst.reversed, 0);
	weir_flow_table_free(table);
}

/* A full table refuses what is new, and still finds what is old. */
static void
test_refuse(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(100, &ends);
	struct weir_flow_table *table;
	unsigned int i;

	conf.on_full = WEIR_FLOW_REFUSE;
	table = flows_table(&conf);
	for (i = 0; i < 200; i++) {
		struct weir_key key = flows_key(i);
		struct weir_flow *flow =
			flows_find(table, &key, weir_key_hash(NULL, &key), 0, 1, NULL, NULL);

		assert_true((flow != NULL) == (i < 100));
	}
	assert_int_equal(flows_stats(table).refused, 100);
	assert_int_equal(flows_stats(table).flows, 100);
	assert_int_equal(ends.count, 0);
	flows_balance(table);
	weir_flow_table_free(table);
}

/* Embryonic ones before others, of each what was idle for longest. */
static void
test_evict(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(100, &ends);
	struct weir_flow_table *table;

	conf.embryonic = 1;
	conf.idle[0] = 10 * SECOND;
	conf.idle[1] = SECOND;
	table = flows_table(&conf);
	for (uint32_t i = 0; i < 100; i++) {
		struct weir_key key = flows_key(i);
		struct weir_flow *flow = flows_find(table, &key, weir_key_hash(NULL, &key), 0,
			i * SECOND / 10, NULL, NULL);

		((struct kept *)weir_flow_user(flow))->number = i + 1;
		if (i < 50)
			weir_flow_set_life(table, flow, 1);
		/* It was made first, and had a packet since. */
		if (i == 50)
			flow->last = 60 * SECOND;
	}
	for (uint32_t i = 0; i < 1000; i++) {
		struct weir_key key = flows_key(1000 + i);

		assert_non_null(flows_find(table, &key, weir_key_hash(NULL, &key), 0, 20 * SECOND,
			NULL, NULL));
		assert_int_equal(ends.by[WEIR_FLOW_EVICTED], i + 1);
		if (i < 49)
			assert_int_equal(ends.last, 52 + i);
		if (i >= 49 && i < 900)
			assert_int_equal(ends.last, 0);
	}
	assert_int_equal(flows_stats(table).flows, 100);
	for (uint32_t i = 0; i < 51; i++) {
		struct weir_key key = flows_key(i);
		bool created;

		flows_find(table, &key, weir_key_hash(NULL, &key), 0, 20 * SECOND, &created, NULL);
		assert_false(created);
	}
	flows_balance(table);
	weir_flow_table_free(table);
}

/* What the burst at hand has found is not evicted by the rest of it. */
static void
test_evict_none_at_hand(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(4, &ends);
	struct weir_flow_table *table = flows_table(&conf);
	struct weir_flow_burst burst = { .size = sizeof(burst), .now = 1, .n = 8 };
	struct weir_key keys[8];

	for (unsigned int i = 0; i < burst.n; i++) {
		keys[i] = flows_key(i);
		burst.keys[i] = &keys[i];
		burst.hashes[i] = weir_key_hash(NULL, &keys[i]);
	}
	for (unsigned int round = 0; round < 3; round++) {
		weir_flow_lookup(table, &burst);
		for (unsigned int i = 0; i < burst.n; i++)
			assert_true((burst.flows[i] != NULL) == (i < 4));
		assert_int_equal(burst.created, round == 0 ? 0xf : 0);
	}
	assert_int_equal(ends.count, 0);
	assert_int_equal(flows_stats(table).refused, 12);
	flows_balance(table);
	weir_flow_table_free(table);
}

/* All hashes equal: there is room in two buckets, and no more is looked at. */
static void
test_one_hash(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(10000, &ends);
	struct weir_flow_table *table;

	for (unsigned int on_full = WEIR_FLOW_EVICT; on_full <= WEIR_FLOW_REFUSE; on_full++) {
		conf.on_full = (uint8_t)on_full;
		table = flows_table(&conf);
		for (uint32_t i = 0; i < 1000; i++) {
			struct weir_key key = flows_key(i);
			bool there = flows_find(table, &key, 0x1234, 0, i, NULL, NULL) != NULL;

			assert_true(there == (i < 2 * BUCKET_SLOTS || on_full == WEIR_FLOW_EVICT));
		}
		assert_int_equal(flows_stats(table).flows, 2 * BUCKET_SLOTS);
		flows_balance(table);
		assert_int_equal(weir_flow_drain(table, 10), 2 * BUCKET_SLOTS - 10);
		assert_int_equal(weir_flow_drain(table, 100), 0);
		assert_int_equal(flows_stats(table).flows, 0);
		flows_balance(table);
		weir_flow_table_free(table);
	}
}

/* Every flow that is stated has room, and what ends leaves its place as it was. */
static void
test_capacity(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(100000, &ends);
	struct weir_flow_table *table;

	conf.on_full = WEIR_FLOW_REFUSE;
	table = flows_table(&conf);
	for (unsigned int round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < conf.capacity; i++) {
			struct weir_key key = flows_key(i + round * 1000003);

			assert_non_null(flows_find(table, &key, weir_key_hash(NULL, &key), 0, 1,
				NULL, NULL));
		}
		assert_int_equal(flows_stats(table).flows, conf.capacity);
		assert_int_equal(weir_flow_drain(table, conf.capacity), 0);
		for (uint32_t i = 0; i < table->group_count * table->group_buckets; i++) {
			const struct flow_bucket *bucket = bucket_at(table,
				group_line(table, i / table->group_buckets,
					i % table->group_buckets));

			assert_int_equal(bucket->spilled, 0);
			assert_int_equal(bucket_match(bucket, 0), 0xff);
		}
	}
	assert_int_equal(ends.by[WEIR_FLOW_DRAIN], 5 * conf.capacity);
	assert_int_equal(flows_stats(table).refused, 0);
	weir_flow_table_free(table);
}

/* Look up a burst of new flows, of which one has a life that ends sooner than the others'. */
static void
flood(struct weir_flow_table *table, uint32_t first, uint64_t now)
{
	struct weir_flow_burst burst = { .size = sizeof(burst), .now = now, .n = 32 };
	struct weir_key keys[32];

	for (uint32_t i = 0; i < burst.n; i++) {
		keys[i] = flows_key(first + i);
		burst.keys[i] = &keys[i];
		burst.hashes[i] = weir_key_hash(NULL, &keys[i]);
		burst.lives[i] = i == 5 ? 2 : 0;
	}
	weir_flow_lookup(table, &burst);
	for (uint32_t i = 0; i < burst.n; i++)
		assert_int_equal(burst.flows[i]->life, i == 5 ? 2 : 0);
}

/* A flood of two kinds of embryonic flows: none that is established ends, and none is refused. */
static void
test_flood_of_lives(void **state __rte_unused)
{
	struct ends ends = { 0 };
	struct weir_flow_conf conf = flows_conf(1000, &ends);
	struct weir_flow_table *table;

	conf.embryonic = 1 << 0 | 1 << 2;
	conf.idle[0] = 60 * SECOND;
	conf.idle[1] = 600 * SECOND;
	conf.idle[2] = 30 * SECOND;
	ends.gone = calloc(500, 1);
	table = flows_table(&conf);
	for (uint32_t i = 0; i < 500; i++) {
		struct weir_key key = flows_key(i);
		struct weir_flow *flow =
			flows_find(table, &key, weir_key_hash(NULL, &key), 0, SECOND, NULL, NULL);

		((struct kept *)weir_flow_user(flow))->number = i + 1;
		weir_flow_set_life(table, flow, 1);
	}
	for (uint32_t i = 0; i < 3000; i++)
		flood(table, 1000 + 32 * i, SECOND + i);
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(ends.gone[i], 0);
	assert_int_equal(flows_stats(table).refused, 0);
	assert_int_equal(flows_stats(table).flows, 1000);
	free(ends.gone);
	weir_flow_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_to_itself),
		cmocka_unit_test(test_one_burst),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_evict),
		cmocka_unit_test(test_evict_none_at_hand),
		cmocka_unit_test(test_one_hash),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_flood_of_lives),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
