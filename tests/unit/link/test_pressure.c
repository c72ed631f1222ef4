/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Who is told of pressure, and when. */
#include "rig.h"

/* Notes how often each was told, and that it was another thing than before. */
struct told {
	unsigned int on;
	unsigned int off;
};

static struct told producer_told, caller_told, other_told;

static void
note(struct told *told, bool on)
{
	assert_int_equal(told->on, told->off + !on);
	told->on += on;
	told->off += !on;
}

static void
producer_pressure(struct weir_worker *worker, void *state, bool on)
{
	(void)worker;
	(void)state;
	note(&producer_told, on);
}

static void
caller_pressure(struct weir_worker *worker, void *state, bool on)
{
	(void)worker;
	(void)state;
	note(&caller_told, on);
}

static void
other_pressure(struct weir_worker *worker, void *state, bool on)
{
	(void)worker;
	(void)state;
	note(&other_told, on);
}

static void
told_is(const struct told *told, unsigned int on, unsigned int off)
{
	assert_int_equal(told->on, on);
	assert_int_equal(told->off, off);
}

static void
make(struct rig *rig, unsigned int lanes, enum weir_spread spread)
{
	memset(&producer_told, 0, sizeof(producer_told));
	memset(&caller_told, 0, sizeof(caller_told));
	memset(&other_told, 0, sizeof(other_told));
	rig_make(rig);
	for (unsigned int i = 0; i < lanes; i++)
		rig_lane(rig, 64);
	rig->settings.high = 48;
	rig->settings.low = 32;
	rig->producer.worker.pressure = producer_pressure;
	rig_join(rig, spread, WEIR_ON_FULL_DROP_NEWEST);
}

static void
put(struct rig *rig, uint16_t n, uint32_t hash)
{
	rig_forward(rig, n, hash);
	worker_publish(&rig->producer.worker);
}

static void
look(struct rig *rig)
{
	worker_look(&rig->producer.worker, rte_rdtsc());
}

/* On above `high`, off below `low`, once each. */
static void
test_hysteresis(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, 1, WEIR_SPREAD_FLOW);
	for (unsigned int turn = 0; turn < 3; turn++) {
		put(&rig, 48, 0);
		look(&rig);
		told_is(&producer_told, turn, turn);
		rig_forward(&rig, 1, 0);
		told_is(&producer_told, turn, turn);
		worker_publish(&rig.producer.worker);
		told_is(&producer_told, turn + 1, turn);
		put(&rig, 10, 0);
		look(&rig);
		rig_pull(&rig, 0, 27);
		look(&rig);
		told_is(&producer_told, turn + 1, turn);
		/* below high, and up again: it never was over */
		put(&rig, 20, 0);
		rig_pull(&rig, 0, 20);
		look(&rig);
		told_is(&producer_told, turn + 1, turn);
		rig_pull(&rig, 0, 1);
		told_is(&producer_told, turn + 1, turn);
		look(&rig);
		told_is(&producer_told, turn + 1, turn + 1);
		look(&rig);
		told_is(&producer_told, turn + 1, turn + 1);
		assert_int_equal(rig.producer.worker.pressures, turn + 1);
		rig_pull(&rig, 0, 64);
	}
	rig_end(&rig);
}

/* The consumer's progress counts, though the producer had no need to look at it for room. */
static void
test_progress(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, 1, WEIR_SPREAD_FLOW);
	put(&rig, 30, 0);
	rig_pull(&rig, 0, 16);
	put(&rig, 34, 0);
	told_is(&producer_told, 0, 0);
	rig_end(&rig);
}

/* With low = 0 a ring is never below it: what pressed once presses until settings change. */
static void
test_ends(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, 1, WEIR_SPREAD_FLOW);
	rig.settings.high = 64;
	rig.settings.low = 0;
	rig_set(&rig);
	put(&rig, 200, 0);
	look(&rig);
	told_is(&producer_told, 0, 0);
	rig.settings.high = 1;
	rig_set(&rig);
	put(&rig, 1, 0);
	told_is(&producer_told, 1, 0);
	rig_pull(&rig, 0, 64);
	rig.settings.low = 1;
	rig_set(&rig);
	look(&rig);
	told_is(&producer_told, 1, 1);
	rig_end(&rig);
}

/* Several rings press: told with the first, and when the last is below `low`. */
static void
test_rings(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, 3, WEIR_SPREAD_FLOW);
	put(&rig, 60, 0);
	told_is(&producer_told, 1, 0);
	put(&rig, 60, 1u << 20);
	put(&rig, 10, 2u << 20);
	assert_int_equal(rig.producer.worker.pressed, 2);
	rig_pull(&rig, 0, 64);
	look(&rig);
	told_is(&producer_told, 1, 0);
	assert_int_equal(rig.producer.worker.pressed, 1);
	rig_pull(&rig, 1, 64);
	look(&rig);
	told_is(&producer_told, 1, 1);
	assert_int_equal(rig.producer.worker.pressures, 1);
	rig_end(&rig);
}

/* The one who calls it, and who calls that one, and who calls both: each once. */
static void
test_callers(void **state)
{
	struct weir_worker caller = { .pressure = caller_pressure };
	struct weir_worker between = { .name = "between" };
	struct weir_worker other = { .pressure = other_pressure };
	struct weir_worker *callers[] = { &caller, &between }, *others[] = { &other };
	struct rig rig;

	(void)state;
	make(&rig, 1, WEIR_SPREAD_FLOW);
	rig.producer.worker.callers = callers;
	rig.producer.worker.caller_count = 2;
	caller.callers = between.callers = others;
	caller.caller_count = between.caller_count = 1;
	for (unsigned int turn = 1; turn <= 3; turn++) {
		put(&rig, 64, 0);
		told_is(&producer_told, turn, turn - 1);
		told_is(&caller_told, turn, turn - 1);
		told_is(&other_told, turn, turn - 1);
		assert_int_equal(other.pressed, 2);
		assert_int_equal(between.pressures, turn);
		rig_pull(&rig, 0, 64);
		look(&rig);
		told_is(&producer_told, turn, turn);
		told_is(&caller_told, turn, turn);
		told_is(&other_told, turn, turn);
		assert_int_equal(other.pressed, 0);
		assert_int_equal(other.pressures, turn);
	}
	rig_end(&rig);
}

/* Nobody is to be told: the ring is not looked at. Somebody further up is: it is. */
static void
test_listeners(void **state)
{
	struct weir_worker caller = { .name = "caller" };
	struct weir_worker other = { .pressure = other_pressure };
	struct weir_worker *callers[] = { &caller }, *others[] = { &other };
	struct rig rig;

	(void)state;
	make(&rig, 2, WEIR_SPREAD_ROUND_ROBIN);
	assert_int_equal(rig.lanes[1].ring.alarm, 48);
	rig.producer.worker.pressure = NULL;
	rig.producer.worker.callers = callers;
	rig.producer.worker.caller_count = 1;
	rig_set(&rig);
	assert_int_equal(rig.lanes[0].ring.alarm, UINT32_MAX);
	assert_int_equal(rig.lanes[1].ring.alarm, UINT32_MAX);
	put(&rig, 64, 0);
	assert_int_equal(rig.producer.worker.pressed, 0);
	assert_int_equal(rig.producer.worker.pressures, 0);
	rig_pull(&rig, 0, 64);

	caller.callers = others;
	caller.caller_count = 1;
	rig_set(&rig);
	assert_int_equal(rig.lanes[0].ring.alarm, 48);
	put(&rig, 64, 0);
	put(&rig, 64, 0);
	told_is(&other_told, 1, 0);
	rig_pull_all(&rig);
	look(&rig);
	told_is(&other_told, 1, 1);
	told_is(&producer_told, 0, 0);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hysteresis),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_callers),
		cmocka_unit_test(test_listeners),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
