/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* block: room that is waited for, and no more after block_timeout; gates of links that change. */
#include "rig.h"

/* A wait that no test lives to see by itself: its start is set back by hand. */
#define HOUR (rte_get_tsc_hz() * 3600)

static void
make(struct rig *rig, unsigned int capacity, uint64_t timeout)
{
	rig_make(rig);
	rig_lane(rig, capacity);
	rig->settings.timeout = timeout;
	rig_join(rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
}

/* One gate: the ring of the only lane. */
static void
gate_make(struct rig *rig, uint32_t times)
{
	rig->producer.gates[0] = (struct gate){
		.ring = &rig->lanes[0].ring,
		.link = &rig->link,
		.times = times,
	};
	rig->producer.worker.gates_all = 1;
	worker_settle(&rig->producer.worker);
}

/* Opens when its consumer took nothing for so long, closes when it took something. */
static void
test_block_timeout(void **state)
{
	struct weir_worker *worker;
	struct ring_producer *ring;
	struct rig rig;

	(void)state;
	make(&rig, 64, HOUR);
	gate_make(&rig, 1);
	worker = &rig.producer.worker;
	ring = &rig.lanes[0].ring;
	assert_int_equal(worker_room(worker, 100), 64);
	rig_forward(&rig, 64, 0);
	worker_publish(worker);
	assert_int_equal(worker_room(worker, 10), 0);
	ring->full_since -= HOUR / 2;
	assert_int_equal(worker_room(worker, 10), 0);
	ring->full_since -= HOUR / 2;
	assert_int_equal(worker_room(worker, 10), 10);
	rig_forward(&rig, 10, 0);
	assert_int_equal(ring->dropped[DROP_BLOCK_TIMEOUT], 10);
	assert_int_equal(worker_room(worker, 10), 10);

	assert_int_equal(rig_pull(&rig, 0, 3), 3);
	assert_int_equal(worker_room(worker, 10), 3);
	rig_forward(&rig, 3, 0);
	worker_publish(worker);
	assert_int_equal(worker_room(worker, 10), 0);
	ring->full_since -= HOUR;
	/* it took some, and the ring is full again before that is seen: time begins anew */
	assert_int_equal(rig_pull(&rig, 0, 3), 3);
	rig_forward(&rig, 3, 0);
	worker_publish(worker);
	assert_int_equal(worker_room(worker, 10), 0);
	ring->full_since -= HOUR;
	assert_int_equal(worker_room(worker, 10), 10);
	/* other settings: likewise */
	rig_set(&rig);
	assert_int_equal(worker_room(worker, 10), 0);
	assert_int_equal(worker_stats_dropped(&rig.producer.stats), 10);
	rig_end(&rig);
}

/* Less room than one event may need is none. */
static void
test_block_timeout_times(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, 64, HOUR);
	gate_make(&rig, 5);
	rig_forward(&rig, 60, 0);
	assert_int_equal(worker_room(&rig.producer.worker, 1), 0);
	rig.lanes[0].ring.full_since -= HOUR;
	assert_int_equal(worker_room(&rig.producer.worker, 2), 2);
	rig_forward(&rig, 10, 0);
	assert_int_equal(rig.producer.stats.out, 64);
	assert_int_equal(rig.producer.stats.dropped[DROP_BLOCK_TIMEOUT], 6);
	rig_end(&rig);
}

/* Never, by default. */
static void
test_no_timeout(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, 64, 0);
	gate_make(&rig, 1);
	rig_forward(&rig, 64, 0);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(worker_room(&rig.producer.worker, 10), 0);
	assert_int_equal(rig.lanes[0].ring.full_since, 0);
	rig_end(&rig);
}

/* Room for what holders may let go of besides: as many as they hold, but no more than they say. */
static void
test_held(void **state)
{
	struct worker_stats called = { .held = 0 };
	struct weir_worker *worker;
	struct holder holders[2];
	struct rig rig;

	(void)state;
	make(&rig, 64, 0);
	gate_make(&rig, 2);
	worker = &rig.producer.worker;
	holders[0] = (struct holder){ .stats = worker->stats, .most = 5, .times = 2 };
	holders[1] = (struct holder){ .stats = &called, .most = 100, .times = 3 };
	worker->gates[0].holders = holders;
	worker->gates[0].holder_count = 2;
	worker->gates[0].own = 1;
	assert_int_equal(worker_room(worker, 100), 32);
	rig.producer.stats.held = 4;
	assert_int_equal(worker_room(worker, 100), 28);
	rig.producer.stats.held = 1000;
	assert_int_equal(worker_room(worker, 100), 27);
	assert_int_equal(worker_room(worker, 26), 26);
	/* what it lets go of by itself, it is told how many */
	assert_int_equal(worker_room_out(worker), 32);
	called.held = 10;
	assert_int_equal(worker_room(worker, 100), 12);
	assert_int_equal(worker_room_out(worker), 17);
	called.held = 17;
	assert_int_equal(worker_room(worker, 100), 1);
	called.held = 18;
	assert_int_equal(worker_room(worker, 100), 0);
	called.held = 22;
	assert_int_equal(worker_room(worker, 100), 0);
	assert_int_equal(worker_room_out(worker), 0);
	rig.producer.stats.held = 0;
	rig_end(&rig);
}

/* Gates count by the policy that their link has now; a stage's own stays first. */
static void
test_gates_sort(void **state)
{
	static const enum weir_on_full turns[] = { WEIR_ON_FULL_DROP_OLDEST, WEIR_ON_FULL_BLOCK,
		WEIR_ON_FULL_DROP_LATE, WEIR_ON_FULL_BLOCK };
	struct weir_worker *worker;
	struct out_link other;
	struct lane lanes[2];
	struct rig rig;

	(void)state;
	rig_make(&rig);
	worker = &rig.producer.worker;
	for (unsigned int i = 0; i < 2; i++)
		rig_lane(&rig, 64);
	rig_join(&rig, WEIR_SPREAD_COPY, WEIR_ON_FULL_BLOCK);
	memset(lanes, 0, sizeof(lanes));
	other = (struct out_link){ .policy = &policy_drop_newest };
	worker->room = rig_room;
	rig.producer.rooms = 1000;
	rig.producer.gates[0] = (struct gate){ .stage = worker, .times = 1 };
	rig.producer.gates[1] = (struct gate){ .ring = &lanes[0].ring, .link = &other, .times = 1 };
	for (unsigned int i = 0; i < 2; i++)
		rig.producer.gates[2 + i] =
			(struct gate){ .ring = &rig.lanes[i].ring, .link = &rig.link, .times = 1 };
	worker->gates_all = 4;
	for (unsigned int i = 0; i < RTE_DIM(turns); i++) {
		rig.settings.policy = link_policy(turns[i]);
		rig_set(&rig);
		worker_settle(worker);
		assert_ptr_equal(worker->gates[0].stage, worker);
		assert_int_equal(worker->gate_count, turns[i] == WEIR_ON_FULL_BLOCK ? 3 : 1);
		assert_int_equal(worker_room(worker, 100),
			turns[i] == WEIR_ON_FULL_BLOCK ? 64 : 100);
		for (unsigned int g = 0; g < worker->gate_count; g++)
			assert_ptr_not_equal(worker->gates[g].link, &other);
	}
	worker->room = NULL;
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block_timeout),
		cmocka_unit_test(test_block_timeout_times),
		cmocka_unit_test(test_no_timeout),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_gates_sort),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
