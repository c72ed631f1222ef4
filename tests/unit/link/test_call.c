/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* From a worker to others of its lcore: calls, at once or at the end of the pass. */
#include "rig.h"

#define STEPS 2000

static void
call_make(struct rig *rig, unsigned int lanes, enum weir_spread spread, enum weir_on_full on_full)
{
	rig_make(rig);
	for (unsigned int i = 0; i < lanes; i++)
		rig_lane(rig, 0);
	rig_join(rig, spread, on_full);
}

/* A burst that is half full goes on at once, in the producer's own array. */
static void
test_direct(void **state)
{
	struct weir_event *events[RIG_BURST];
	struct rig rig;

	(void)state;
	call_make(&rig, 1, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	for (unsigned int i = 0; i < RIG_BURST / 2; i++)
		events[i] = rig_event(&rig, 0);
	stat_add(&rig.producer.stats.in, RIG_BURST / 2);
	weir_forward(&rig.producer.worker, 0, events, RIG_BURST / 2);
	assert_int_equal(rig.consumers[0].logged, RIG_BURST / 2);
	assert_ptr_equal(rig.consumers[0].array, events);
	assert_null(rig.producer.worker.written);
	rig_end(&rig);
}

/* Less than that waits for the end of the pass. */
static void
test_staged(void **state)
{
	struct rig rig;

	(void)state;
	call_make(&rig, 1, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	rig_forward(&rig, RIG_BURST / 2 - 1, 0);
	assert_int_equal(rig.consumers[0].logged, 0);
	rig_forward(&rig, 1, 0);
	assert_int_equal(rig.consumers[0].logged, 0);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig.consumers[0].logged, RIG_BURST / 2);
	assert_int_equal(rig.consumers[0].calls, 1);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig.consumers[0].calls, 1);
	rig_end(&rig);
}

/* What waits stays in front of what comes later. */
static void
test_order(void **state)
{
	struct rig rig;

	(void)state;
	call_make(&rig, 1, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	rig_forward(&rig, 5, 0);
	rig_forward(&rig, RIG_BURST, 0);
	rig_forward(&rig, 100, 0);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig.consumers[0].logged, 105 + RIG_BURST);
	assert_int_equal(rig.consumers[0].longest, RIG_BURST);
	rig_ascends(&rig.consumers[0]);
	rig_end(&rig);
}

/* Where others get the events too, the producer's array stays as it is. */
static void
test_copy(void **state)
{
	struct weir_event *events[RIG_BURST], *before[RIG_BURST];
	struct rig rig;

	(void)state;
	call_make(&rig, 3, WEIR_SPREAD_COPY, WEIR_ON_FULL_BLOCK);
	for (unsigned int i = 0; i < RIG_BURST; i++)
		before[i] = events[i] = rig_event(&rig, 0);
	stat_add(&rig.producer.stats.in, RIG_BURST);
	weir_forward(&rig.producer.worker, 0, events, RIG_BURST);
	assert_memory_equal(events, before, sizeof(events));
	worker_publish(&rig.producer.worker);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(rig.consumers[i].logged, RIG_BURST);
		assert_ptr_not_equal(rig.consumers[i].array, events);
	}
	assert_int_equal(rig.producer.stats.created, 2 * RIG_BURST);
	rig_end(&rig);
}

/* However much comes, process() gets no more than its worker's burst at once. */
static void
test_burst(void **state)
{
	static const uint16_t bursts[] = { 1, 7, 8, 31 };
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bursts); i++) {
		call_make(&rig, 1, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
		rig.consumers[0].worker.burst = bursts[i];
		rig_forward(&rig, 200, 0);
		worker_publish(&rig.producer.worker);
		assert_int_equal(rig.consumers[0].logged, 200);
		assert_int_equal(rig.consumers[0].longest, bursts[i]);
		rig_ascends(&rig.consumers[0]);
		rig_end(&rig);
	}
}

/* Calls and rings side by side. */
static void
random_run(uint64_t *random, enum weir_spread spread, enum weir_on_full on_full)
{
	unsigned int lanes = 1 + (unsigned int)(testing_random(random) % RIG_LANES);
	struct rig rig;

	rig_make(&rig);
	for (unsigned int i = 0; i < lanes; i++) {
		rig_lane(&rig, testing_random(random) % 2 ? 0 : 100);
		rig.consumers[i].worker.burst = 1 + (uint16_t)(testing_random(random) % 64);
	}
	rig_join(&rig, spread, on_full);
	for (unsigned int i = 0; i < STEPS; i++) {
		rig_forward(&rig, (uint16_t)(testing_random(random) % 64),
			(uint32_t)testing_random(random));
		if (testing_random(random) % 4 == 0) {
			worker_publish(&rig.producer.worker);
			rig_pull_all(&rig);
		}
	}
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	for (unsigned int i = 0; i < lanes; i++) {
		rig_ascends(&rig.consumers[i]);
		assert_true(rig.consumers[i].longest <= rig.consumers[i].worker.burst);
	}
	rig_end(&rig);
}

static void
test_random(void **state)
{
	uint64_t random = testing_seed();

	(void)state;
	for (int spread = WEIR_SPREAD_FLOW; spread <= WEIR_SPREAD_COPY; spread++)
		for (int full = WEIR_ON_FULL_BLOCK; full <= WEIR_ON_FULL_DROP_NEWEST; full++)
			random_run(&random, (enum weir_spread)spread, (enum weir_on_full)full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_staged),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_random),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
