/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A worker's room, and the ways out that it gives its events. */
#include "rig.h"

#include <rte_cycles.h>

static void
test_no_gates(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	assert_int_equal(worker_room(&rig.producer.worker, 0), 0);
	assert_int_equal(worker_room(&rig.producer.worker, 32), 32);
	assert_int_equal(worker_room(&rig.producer.worker, 1000), 1000);
	assert_int_equal(worker_room_out(&rig.producer.worker), RIG_BURST);
	rig_end(&rig);
}

/* The producer's gates: the ring of each lane, so many times. */
static void
gates_make(struct rig *rig, uint32_t times)
{
	for (uint16_t i = 0; i < rig->link.lane_count; i++)
		rig->producer.gates[i] = (struct gate){ .ring = &rig->lanes[i].ring,
			.link = &rig->link,
			.times = times };
	rig->producer.worker.gates_all = rig->link.lane_count;
	worker_settle(&rig->producer.worker);
}

/* The fullest ring decides. */
static void
test_ring_gates(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_lane(&rig, 100);
	rig_lane(&rig, 50);
	rig_lane(&rig, 200);
	rig_join(&rig, WEIR_SPREAD_COPY, WEIR_ON_FULL_BLOCK);
	gates_make(&rig, 1);
	assert_int_equal(worker_room(&rig.producer.worker, 32), 32);
	assert_int_equal(worker_room(&rig.producer.worker, 80), 50);
	rig_forward(&rig, 45, 0);
	assert_int_equal(worker_room(&rig.producer.worker, 32), 5);
	rig_forward(&rig, 5, 0);
	assert_int_equal(worker_room(&rig.producer.worker, 32), 0);
	assert_int_equal(worker_room_out(&rig.producer.worker), 0);
	assert_int_equal(worker_stats_dropped(&rig.producer.stats), 0);
	rig_end(&rig);
}

/* Every event may arrive `times` times: never more is allowed than then fits. */
static void
test_times(void **state)
{
	struct rig rig;

	(void)state;
	for (uint32_t times = 1; times <= 7; times++) {
		rig_make(&rig);
		rig_lane(&rig, 64);
		rig_join(&rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
		gates_make(&rig, times);
		assert_int_equal(worker_room(&rig.producer.worker, 32), RTE_MIN(32u, 64u / times));
		rig_forward(&rig, 50, 0);
		assert_int_equal(worker_room(&rig.producer.worker, 32), RTE_MIN(32u, 14u / times));
		rig_forward(&rig, 14, 0);
		assert_int_equal(worker_room(&rig.producer.worker, 1), 0);
		rig_end(&rig);
	}
}

/* A stage's own room() counts for what comes in, not for what it lets go. */
static void
test_stage_gate(void **state)
{
	struct rig_worker *stage;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_lane(&rig, 20);
	rig_join(&rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	stage = &rig.producer;
	stage->worker.room = rig_room;
	stage->gates[0] = (struct gate){ .stage = &stage->worker, .times = 1 };
	stage->gates[1] =
		(struct gate){ .ring = &rig.lanes[0].ring, .link = &rig.link, .times = 1 };
	stage->worker.gates_all = 2;
	worker_settle(&stage->worker);
	stage->rooms = 7;
	assert_int_equal(worker_room(&stage->worker, 32), 7);
	assert_int_equal(worker_room_out(&stage->worker), 20);
	stage->rooms = 0;
	assert_int_equal(worker_room(&stage->worker, 32), 0);
	assert_int_equal(worker_room_out(&stage->worker), 20);
	stage->rooms = UINT32_MAX;
	assert_int_equal(worker_room(&stage->worker, 32), 20);
	/* Reached by calls over two ways, every event arrives twice. */
	stage->gates[0].times = 2;
	stage->rooms = 9;
	assert_int_equal(worker_room(&stage->worker, 32), 4);
	rig_end(&rig);
}

static void
take(struct rig *rig, struct weir_event *events[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		events[i] = rig_event(rig, 0);
	stat_add(&rig->producer.stats.in, n);
}

static void
test_ways_out(void **state)
{
	struct weir_worker *worker;
	struct weir_event *events[16];
	struct worker_stats *stats;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	worker = &rig.producer.worker;
	stats = &rig.producer.stats;
	take(&rig, events, 16);
	weir_release(worker, events, 3);
	assert_int_equal(stats->released, 3);
	weir_drop(worker, 0, events + 3, 2);
	assert_int_equal(stats->dropped[DROP_STAGE], 2);
	weir_drop(worker, WEIR_MAX_REASONS - 1, events + 5, 1);
	assert_int_equal(stats->dropped[DROP_MAX - 1], 1);
	/* A reason that there is not is counted as the last, never beside the table. */
	weir_drop(worker, UINT16_MAX, events + 6, 1);
	assert_int_equal(stats->dropped[DROP_MAX - 1], 2);
	weir_hold(worker, 9);
	assert_int_equal(stats->held, 9);
	rig_worker_is_balanced(&rig.producer);

	weir_unhold(worker, 4);
	weir_release(worker, events + 7, 4);
	weir_abandon(worker, events + 11, 3);
	assert_int_equal(stats->dropped[DROP_DRAIN_ABANDONED], 3);
	assert_int_equal(stats->held, 2);
	weir_unhold(worker, 2);
	events_free(events + 14, 2);
	weir_transmitted(worker, 2);
	assert_int_equal(stats->transmitted, 2);
	assert_int_equal(stats->out, 2);
	stat_sub(&stats->out, 2);
	stat_sub(&stats->in, 2);
	rig_end(&rig);
}

static void
test_process(void **state)
{
	struct weir_event *events[100];
	struct rig_worker *consumer;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	consumer = &rig.consumers[0];
	consumer->worker.burst = 30;
	for (unsigned int i = 0; i < 100; i++)
		events[i] = rig_event(&rig, 0);
	worker_process(&consumer->worker, events, 0);
	assert_int_equal(consumer->calls, 0);
	worker_process(&consumer->worker, events, 100);
	assert_int_equal(consumer->calls, 4);
	assert_int_equal(consumer->longest, 30);
	assert_int_equal(consumer->stats.in, 100);
	assert_int_equal(consumer->stats.released, 100);
	assert_int_equal(consumer->stats.cycles, 0);
	rig_ascends(consumer);
	rig.producer.stats.in = rig.producer.stats.out = 100;
	rig_end(&rig);
}

static void
note_slowly(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	rte_delay_us_block(200);
	rig_note(worker, state, events, n);
}

static void
pass_slowly(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	rte_delay_us_block(200);
	weir_forward(worker, 0, events, n);
}

/* On a sampled pass each worker's time is its own: what it called is not counted twice. */
static void
test_sample(void **state)
{
	struct lcore_sample sample = { 0 };
	struct weir_event *events[RIG_BURST];
	uint64_t start, span, least = rte_get_tsc_hz() / 1000000 * 200;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_lane(&rig, 0);
	rig_join(&rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	rig.producer.worker.process = pass_slowly;
	rig.consumers[0].worker.process = note_slowly;
	rig.producer.worker.sample = rig.consumers[0].worker.sample = &sample;
	worker_time(&rig.producer.worker, true);
	worker_time(&rig.consumers[0].worker, true);
	for (unsigned int i = 0; i < RIG_BURST; i++)
		events[i] = rig_event(&rig, 0);
	start = rte_rdtsc();
	worker_process(&rig.producer.worker, events, RIG_BURST);
	span = rte_rdtsc() - start;
	assert_true(rig.producer.stats.cycles >= least);
	assert_true(rig.consumers[0].stats.cycles >= least);
	assert_true(rig.producer.stats.cycles + rig.consumers[0].stats.cycles <= span);
	assert_true(sample.nested <= span);
	rig_end(&rig);
}

static void
test_names(void **state)
{
	struct rig_worker rig;
	uint16_t port = 7, queue = 9;

	(void)state;
	rig_worker_make(&rig, "wan");
	rig.worker.index = 2;
	rig.worker.count = 5;
	rig.worker.lcore = 11;
	rig.worker.socket = 1;
	assert_string_equal(weir_worker_name(&rig.worker), "wan");
	assert_int_equal(weir_worker_index(&rig.worker), 2);
	assert_int_equal(weir_worker_count(&rig.worker), 5);
	assert_int_equal(weir_worker_lcore(&rig.worker), 11);
	assert_int_equal(weir_worker_socket(&rig.worker), 1);
	assert_int_equal(weir_worker_burst(&rig.worker), RIG_BURST);
	assert_int_equal(weir_worker_queue(&rig.worker, &port, &queue), -ENODEV);
	assert_int_equal(port, 7);
	assert_int_equal(queue, 9);
	rig.worker.port = 3;
	rig.worker.queue = 1;
	assert_int_equal(weir_worker_queue(&rig.worker, &port, &queue), 0);
	assert_int_equal(port, 3);
	assert_int_equal(queue, 1);
	free(rig.log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_gates),
		cmocka_unit_test(test_ring_gates),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_stage_gate),
		cmocka_unit_test(test_ways_out),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_names),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
