/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A flow table held against a plain list of flows by number, over a million random steps each. */
#include "flow/flow_private.h"

#include "flows.h"

#define STEPS 1000000
#define STEPS_BOUND 64
#define LIVES 3

/* What flows are like: how many are drawn from, and what of their hashes is told apart. */
struct shape {
	uint32_t capacity;
	uint32_t numbers;
	uint32_t hash_mask;
	uint8_t on_full;
};

/* A flow as it should be. */
struct model {
	bool there;
	uint64_t last;
	uint64_t packets;
	uint8_t life;
};

static const uint64_t idle[LIVES] = { 2 * SECOND, 30 * SECOND, 0 };

struct run {
	const struct shape *shape;
	struct weir_flow_table *table;
	struct model *models;
	struct ends ends;
	uint64_t random;
	uint64_t now;
	uint32_t there;
};

static void
run_end(void *arg, struct weir_flow *flow, enum weir_flow_reason reason)
{
	struct run *run = arg;
	struct kept *kept = weir_flow_user(flow);
	struct model *model = &run->models[kept->number - 1];

	assert_true(model->there);
	assert_int_equal(model->last, flow->last);
	assert_int_equal(model->packets, kept->packets);
	assert_int_equal(model->life, flow->life);
	if (reason == WEIR_FLOW_IDLE)
		assert_true(idle[model->life] != 0 && run->now - model->last > idle[model->life]);
	model->there = false;
	run->there--;
	flows_end(&run->ends, flow, reason);
}

static struct weir_key
run_key(uint32_t number, uint64_t *extra)
{
	struct weir_key key = flows_key(number / 2);

	/* Two flows of each key. */
	*extra = number % 2;
	return key;
}

static void
run_packets(struct run *run)
{
	struct weir_flow_burst burst = { .size = sizeof(burst), .now = run->now };
	struct weir_key keys[WEIR_FLOW_BURST];
	uint32_t numbers[WEIR_FLOW_BURST];

	burst.n = (uint16_t)(testing_random(&run->random) % (WEIR_FLOW_BURST + 1));
	for (unsigned int i = 0; i < burst.n; i++) {
		numbers[i] = (uint32_t)(testing_random(&run->random) % run->shape->numbers);
		keys[i] = run_key(numbers[i], &burst.extras[i]);
		burst.hashes[i] = weir_key_hash(NULL, &keys[i]) & run->shape->hash_mask;
		if (testing_random(&run->random) % 2 == 0)
			keys[i] = flows_reversed(&keys[i]);
		burst.keys[i] = &keys[i];
	}
	weir_flow_lookup(run->table, &burst);
	for (unsigned int i = 0; i < burst.n; i++) {
		struct model *model = &run->models[numbers[i]];
		struct weir_flow *flow = burst.flows[i];
		bool created = burst.created >> i & 1;
		struct kept *kept;

		if (flow == NULL) {
			assert_false(model->there);
			assert_false(created);
			continue;
		}
		kept = weir_flow_user(flow);
		assert_true(created == !model->there);
		assert_int_equal(kept->number, created ? 0 : numbers[i] + 1);
		assert_true(memcmp(keys[i].src, flow->key.src, sizeof(keys[i].src)) == 0 ||
			burst.reversed >> i & 1);
		if (created) {
			*model = (struct model){ .there = true };
			run->there++;
		}
		kept->number = numbers[i] + 1;
		kept->packets = ++model->packets;
		flow->last = model->last = run->now;
	}
}

static void
run_change(struct run *run)
{
	struct weir_key key;
	uint64_t extra;
	uint32_t number = (uint32_t)(testing_random(&run->random) % run->shape->numbers);
	struct model *model = &run->models[number];
	struct weir_flow *flow;
	bool created;

	if (!model->there)
		return;
	key = run_key(number, &extra);
	flow = flows_find(run->table, &key, weir_key_hash(NULL, &key) & run->shape->hash_mask,
		extra, run->now, &created, NULL);
	assert_false(created);
	if (testing_random(&run->random) % 4 == 0) {
		weir_flow_end(run->table, flow, WEIR_FLOW_FIN);
		return;
	}
	model->life = (uint8_t)(testing_random(&run->random) % LIVES);
	weir_flow_set_life(run->table, flow, model->life);
}

static void
run_time(struct run *run)
{
	unsigned int most = (unsigned int)(testing_random(&run->random) % 40 + 1);
	uint64_t by = testing_random(&run->random) % (SECOND / 50);

	/* Now and then time leaps, by more than a turn of the wheel as well. */
	if (testing_random(&run->random) % 5000 == 0)
		by = testing_random(&run->random) % (10000 * SECOND);
	run->now += by;
	run->ends.now = run->now;
	assert_true(weir_flow_expire(run->table, run->now, most) <= most);
}

/* With enough of a pass to spare, nothing is left a step later that should have ended. */
static void
run_settle(struct run *run)
{
	run->ends.now = run->now += WEIR_FLOW_STEP_NS;
	while (weir_flow_expire(run->table, run->now, 1000) == 1000)
		;
	for (uint32_t i = 0; i < run->shape->numbers; i++) {
		const struct model *model = &run->models[i];

		if (model->there && idle[model->life] != 0)
			assert_true(
				run->now <= model->last + idle[model->life] + WEIR_FLOW_STEP_NS);
	}
	assert_int_equal(flows_stats(run->table).flows, run->there);
	flows_balance(run->table);
}

static void
run_shape(const struct shape *shape, uint64_t seed)
{
	struct run run = { .shape = shape, .random = seed, .now = SECOND * 1700000000 };
	struct weir_flow_conf conf = flows_conf(shape->capacity, NULL);

	conf.on_end = run_end;
	conf.arg = &run;
	conf.on_full = shape->on_full;
	conf.embryonic = 1;
	memcpy(conf.idle, idle, sizeof(idle));
	run.models = calloc(shape->numbers, sizeof(*run.models));
	assert_non_null(run.models);
	run.table = flows_table(&conf);
	for (unsigned int step = 0; step < STEPS / STEPS_BOUND; step++) {
		run_packets(&run);
		for (unsigned int i = 0; i < STEPS_BOUND / 2; i++)
			run_change(&run);
		run_time(&run);
		if (step % 1000 == 0)
			run_settle(&run);
	}
	run_settle(&run);
	assert_int_equal(weir_flow_drain(run.table, UINT32_MAX), 0);
	assert_int_equal(run.there, 0);
	flows_balance(run.table);
	weir_flow_table_free(run.table);
	free(run.models);
}

static void
test_model(void **state __rte_unused)
{
	static const struct shape shapes[] = {
		/* a tenth full, half, to the brim, more than that */
		{ 10000, 1000, UINT32_MAX, WEIR_FLOW_REFUSE },
		{ 10000, 5000, UINT32_MAX, WEIR_FLOW_EVICT },
		{ 10000, 9900, UINT32_MAX, WEIR_FLOW_REFUSE },
		{ 2000, 10000, UINT32_MAX, WEIR_FLOW_REFUSE },
		{ 2000, 10000, UINT32_MAX, WEIR_FLOW_EVICT },
		/* hashes that meet, and one for all; a table of one */
		{ 2000, 4000, 0x3f, WEIR_FLOW_EVICT },
		{ 2000, 4000, 0x3f, WEIR_FLOW_REFUSE },
		{ 1000, 100, 0, WEIR_FLOW_EVICT },
		{ 1000, 100, 0, WEIR_FLOW_REFUSE },
		{ 1, 10, UINT32_MAX, WEIR_FLOW_EVICT },
		{ 3, 10, UINT32_MAX, WEIR_FLOW_EVICT },
	};
	uint64_t seed = testing_seed();

	for (unsigned int i = 0; i < RTE_DIM(shapes); i++)
		run_shape(&shapes[i], seed + i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
