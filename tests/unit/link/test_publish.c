/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Which lanes are published, and when: linger. */
#include "rig.h"

#define CAPACITY 63
#define SLOTS_OF_A_LINE 8
#define STEPS 20000

static uint32_t
published(const struct rig *rig, unsigned int lane)
{
	return rig->lanes[lane].ring.ring->prod.tail;
}

/* Lanes of a flow spread, and what lingers in them. */
static void
lanes_make(struct rig *rig, uint32_t linger)
{
	rig_make(rig);
	for (unsigned int i = 0; i < RIG_LANES; i++)
		rig_lane(rig, CAPACITY);
	rig->settings.linger = linger;
	rig_join(rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_DROP_NEWEST);
	worker_settle(&rig->producer.worker);
}

/* A hash whose lane that is. */
static uint32_t
hash_of(const struct rig *rig, unsigned int lane)
{
	uint32_t hash = 0;

	while (rig->buckets[weir_flow_bucket(hash)] != lane)
		hash += UINT32_C(0x9e3779b9);
	return hash;
}

static void
put(struct rig *rig, unsigned int lane, uint16_t n)
{
	rig_forward(rig, n, hash_of(rig, lane));
}

/* A lane that has nothing is not touched: somebody else may have its lines. */
static void
test_written(void **state)
{
	struct rig rig;

	(void)state;
	lanes_make(&rig, 0);
	assert_false(rig.producer.worker.lingers);
	put(&rig, 0, 1);
	worker_publish(&rig.producer.worker);
	put(&rig, 2, 1);
	rig.lanes[1].ring.head += 1;
	worker_publish(&rig.producer.worker);
	assert_int_equal(published(&rig, 2), 1);
	assert_int_equal(published(&rig, 1), 0);
	rig.lanes[1].ring.head -= 1;
	rig_end(&rig);
}

/* It stays back for so many passes, and then goes. */
static void
test_lingers(void **state)
{
	struct rig rig;

	(void)state;
	for (uint32_t linger = 1; linger <= 5; linger++) {
		lanes_make(&rig, linger);
		assert_true(rig.producer.worker.lingers);
		put(&rig, 0, SLOTS_OF_A_LINE - 1);
		for (uint32_t pass = 0; pass <= linger; pass++) {
			assert_int_equal(published(&rig, 0), 0);
			worker_publish(&rig.producer.worker);
			assert_non_null(rig.producer.worker.written);
			worker_linger(&rig.producer.worker, true);
		}
		assert_int_equal(published(&rig, 0), SLOTS_OF_A_LINE - 1);
		assert_null(rig.producer.worker.written);
		rig_end(&rig);
	}
}

/* A full line goes at once; a pass that moved nothing, a flush, and linger = 0 end all waiting. */
static void
test_ends(void **state)
{
	struct rig rig;

	(void)state;
	lanes_make(&rig, 3);
	put(&rig, 0, SLOTS_OF_A_LINE);
	put(&rig, 1, 1);
	worker_publish(&rig.producer.worker);
	assert_int_equal(published(&rig, 0), SLOTS_OF_A_LINE);
	assert_int_equal(published(&rig, 1), 0);
	worker_linger(&rig.producer.worker, false);
	assert_int_equal(published(&rig, 1), 1);
	put(&rig, 2, 1);
	worker_publish(&rig.producer.worker);
	assert_int_equal(published(&rig, 2), 0);
	worker_flush(&rig.producer.worker);
	assert_int_equal(published(&rig, 2), 1);
	put(&rig, 3, 1);
	worker_publish(&rig.producer.worker);
	rig.settings.linger = 0;
	rig_set(&rig);
	worker_settle(&rig.producer.worker);
	worker_publish(&rig.producer.worker);
	assert_int_equal(published(&rig, 3), 1);
	rig_end(&rig);
}

/* Where all that was put fills lines, nothing is left to wait: what comes next may linger as long as any. */
static void
test_anew(void **state)
{
	struct rig rig;

	(void)state;
	lanes_make(&rig, 2);
	put(&rig, 0, SLOTS_OF_A_LINE);
	put(&rig, 1, SLOTS_OF_A_LINE);
	worker_publish(&rig.producer.worker);
	assert_null(rig.producer.worker.written);
	worker_linger(&rig.producer.worker, true);
	put(&rig, 2, 1);
	for (uint32_t pass = 0; pass <= 2; pass++) {
		assert_int_equal(published(&rig, 2), 0);
		worker_publish(&rig.producer.worker);
		worker_linger(&rig.producer.worker, true);
	}
	assert_int_equal(published(&rig, 2), 1);
	rig_end(&rig);
}

/* At random: nothing is kept for more passes than it may be, and nothing is lost. */
static void
test_random(void **state)
{
	uint64_t random = testing_seed();
	uint64_t since[RIG_LANES] = { 0 };
	struct rig rig;

	(void)state;
	lanes_make(&rig, 4);
	for (uint64_t pass = 1; pass < STEPS; pass++) {
		unsigned int lane = (unsigned int)(testing_random(&random) % RIG_LANES);
		uint16_t n = (uint16_t)(testing_random(&random) % 4);
		struct weir_worker *worker = &rig.producer.worker;

		put(&rig, lane, n);
		if (n > 0 && since[lane] == 0)
			since[lane] = pass;
		worker_publish(worker);
		worker_linger(worker, n > 0);
		for (unsigned int i = 0; i < RIG_LANES; i++) {
			if (rig.lanes[i].ring.head == published(&rig, i))
				since[i] = 0;
			assert_true(since[i] == 0 || pass - since[i] < 4);
			rig_pull(&rig, i, RIG_BURST);
		}
	}
	worker_flush(&rig.producer.worker);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_lingers),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_anew),
		cmocka_unit_test(test_random),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
