/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* From a worker over the rings of a link: spreads, and what is lost where there is no room. */
#include "rig.h"

#define STEPS 3000

/* A link to nobody releases; so does an output that the worker has not. */
static void
test_no_link(void **state)
{
	struct weir_event *event;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_forward(&rig, 40, 0);
	assert_int_equal(rig.producer.stats.released, 40);
	event = rig_event(&rig, 0);
	stat_add(&rig.producer.stats.in, 1);
	weir_forward(&rig.producer.worker, 7, &event, 1);
	assert_int_equal(rig.producer.stats.released, 41);
	weir_forward(&rig.producer.worker, 0, &event, 0);
	rig_end(&rig);
}

/* What is forwarded is seen at the end of the pass. */
static void
test_publish(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_lane(&rig, 64);
	rig_join(&rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	rig_forward(&rig, 10, 0);
	assert_non_null(rig.producer.worker.written);
	assert_int_equal(rig_pull(&rig, 0, 64), 0);
	worker_publish(&rig.producer.worker);
	assert_null(rig.producer.worker.written);
	assert_int_equal(rig_pull(&rig, 0, 64), 10);
	assert_int_equal(rig.producer.stats.out, 10);
	rig_end(&rig);
}

/* The newest are lost, exactly those without room, and under the policy's reason. */
static void
full_loses(enum weir_on_full on_full, enum drop_reason reason, uint16_t lanes)
{
	struct rig rig;

	rig_make(&rig);
	for (uint16_t i = 0; i < lanes; i++)
		rig_lane(&rig, 64);
	rig_join(&rig, WEIR_SPREAD_FLOW, on_full);
	rig_forward(&rig, 50, 0);
	rig_forward(&rig, 50, 0);
	rig_forward(&rig, 200, 0);
	assert_int_equal(rig.producer.stats.out, 64);
	assert_int_equal(rig.producer.stats.dropped[reason], 236);
	assert_int_equal(worker_stats_dropped(&rig.producer.stats), 236);
	assert_int_equal(rig.lanes[0].ring.dropped[reason], 236);
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	assert_int_equal(rig.consumers[0].logged, 64);
	assert_int_equal(rig.consumers[0].log[63], 63);
	rig_ascends(&rig.consumers[0]);
	rig_forward(&rig, 64, 0);
	assert_int_equal(rig.producer.stats.out, 128);
	rig_end(&rig);
}

static void
test_drop_newest(void **state)
{
	(void)state;
	full_loses(WEIR_ON_FULL_DROP_NEWEST, DROP_RING_FULL, 1);
	full_loses(WEIR_ON_FULL_DROP_NEWEST, DROP_RING_FULL, 2);
}

/* A stage that forwards more than it declares: `block` had no room to reserve. */
static void
test_overrun(void **state)
{
	(void)state;
	full_loses(WEIR_ON_FULL_BLOCK, DROP_OVERRUN, 1);
	full_loses(WEIR_ON_FULL_BLOCK, DROP_OVERRUN, 3);
}

/* A flow stays on one lane, in order, and no lane is left out. */
static void
test_flow(void **state)
{
	uint64_t random = testing_seed();
	struct weir_event *events[64];
	uint32_t hashes[50];
	int lane_of[50];
	struct rig rig;

	(void)state;
	rig_make(&rig);
	for (unsigned int i = 0; i < 3; i++)
		rig_lane(&rig, 4096);
	rig_join(&rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	for (unsigned int i = 0; i < RTE_DIM(hashes); i++) {
		hashes[i] = (uint32_t)testing_random(&random);
		lane_of[i] = -1;
	}
	for (unsigned int i = 0; i < 64; i++) {
		unsigned int flow = (unsigned int)(testing_random(&random) % RTE_DIM(hashes));

		for (unsigned int l = 0; l < 3; l++)
			events[l] = (void *)(uintptr_t)rig.lanes[l].ring.head;
		rig_forward(&rig, 3, hashes[flow]);
		for (int l = 0; l < 3; l++) {
			uint32_t before = (uint32_t)(uintptr_t)events[l];
			uint32_t more = rig.lanes[l].ring.head - before;

			assert_true(more == 0 || more == 3);
			if (more == 0)
				continue;
			assert_true(lane_of[flow] == -1 || lane_of[flow] == l);
			lane_of[flow] = l;
		}
	}
	for (uint32_t bucket = 0; bucket < WEIR_BUCKETS; bucket++)
		rig_forward(&rig, 1, bucket * (UINT32_MAX / WEIR_BUCKETS + 1));
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(rig.consumers[i].logged >= WEIR_BUCKETS / 3);
		rig_ascends(&rig.consumers[i]);
	}
	rig_end(&rig);
}

/* Bits below the bucket's make no difference. */
static void
test_flow_bits(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_lane(&rig, 1024);
	rig_lane(&rig, 1024);
	rig_join(&rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	for (uint32_t low = 0; low < 256; low++)
		rig_forward(&rig, 1, 0x12300000u | low << 12 | low);
	assert_int_equal(rig.lanes[rig.buckets[0x123]].ring.head, 256);
	rig_end(&rig);
}

/* The table alone says where a bucket goes. */
static void
test_flow_moved(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	for (unsigned int i = 0; i < 3; i++)
		rig_lane(&rig, 1024);
	rig_join(&rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
	for (unsigned int i = 0; i < 3; i++) {
		rig.buckets[0xfff] = (uint8_t)i;
		rig_forward(&rig, i + 1, UINT32_MAX);
		assert_int_equal(rig.lanes[i].ring.head, i + 1);
	}
	rig_end(&rig);
}

/* Every lane has its share of the buckets, of as many lanes as a stage may have workers. */
static void
test_buckets(void **state)
{
	static uint8_t buckets[WEIR_BUCKETS];

	(void)state;
	for (uint16_t lanes = 1; lanes <= 256; lanes++) {
		unsigned int count[256] = { 0 };

		spread_buckets(buckets, lanes, 1);
		for (unsigned int i = 0; i < WEIR_BUCKETS; i++)
			count[buckets[i]]++;
		for (unsigned int i = 0; i < 256; i++)
			if (i < lanes)
				assert_in_range(count[i], WEIR_BUCKETS / lanes,
					WEIR_BUCKETS / lanes + 1);
			else
				assert_int_equal(count[i], 0);
	}
}

/*
 * A producer that only has events of its own share of the buckets has lanes to some of the workers:
 * an event goes to the one that it would go to if there were lanes to all.
 */
static void
test_stride(void **state)
{
	static const uint16_t cases[][3] = { { 4, 4, 4 }, { 6, 4, 2 }, { 4, 6, 2 }, { 5, 3, 1 },
		{ 30, 60, 30 }, { 256, 256, 256 }, { 192, 256, 64 } };
	static uint8_t buckets[WEIR_BUCKETS];

	(void)state;
	for (unsigned int c = 0; c < RTE_DIM(cases); c++) {
		uint16_t producers = cases[c][0], workers = cases[c][1], stride = cases[c][2];

		spread_buckets(buckets, workers, stride);
		for (unsigned int i = 0; i < WEIR_BUCKETS; i++)
			assert_int_equal(i % producers % stride + (unsigned int)buckets[i] * stride,
				i % workers);
	}
}

static void
test_round_robin(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	for (unsigned int i = 0; i < 3; i++)
		rig_lane(&rig, 256);
	rig_join(&rig, WEIR_SPREAD_ROUND_ROBIN, WEIR_ON_FULL_DROP_NEWEST);
	for (unsigned int i = 0; i < 9; i++)
		rig_forward(&rig, 20, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(rig.lanes[i].ring.head, 60);
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	assert_int_equal(rig.consumers[1].log[0], 20);
	assert_int_equal(rig.consumers[1].log[20], 80);
	rig_end(&rig);
}

/* Every lane gets every event, read-only; the mbuf counts who has it. */
static void
test_copy(void **state)
{
	struct weir_event *events[8];
	struct rig rig;

	(void)state;
	rig_make(&rig);
	for (unsigned int i = 0; i < 3; i++)
		rig_lane(&rig, 64);
	rig_join(&rig, WEIR_SPREAD_COPY, WEIR_ON_FULL_BLOCK);
	rig_forward(&rig, 8, 0);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig.producer.stats.out, 24);
	assert_int_equal(rig.producer.stats.created, 16);
	assert_int_equal(ring_consumer_get(&rig.ends[0], events, 8), 8);
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(rte_mbuf_refcnt_read(weir_event_mbuf(events[i])), 3);
		assert_true(events[i]->flags & WEIR_EVENT_SHARED);
		assert_false(events[i]->flags & WEIR_EVENT_PRISTINE);
	}
	worker_process(&rig.consumers[0].worker, events, 8);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 8);
	rig_end(&rig);
}

/* A lane without room loses its copies only. */
static void
test_copy_full(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_lane(&rig, 64);
	rig_lane(&rig, 16);
	rig_lane(&rig, 64);
	rig_join(&rig, WEIR_SPREAD_COPY, WEIR_ON_FULL_DROP_NEWEST);
	rig_forward(&rig, 40, 0);
	assert_int_equal(rig.producer.stats.created, 80);
	assert_int_equal(rig.producer.stats.out, 96);
	assert_int_equal(rig.producer.stats.dropped[DROP_RING_FULL], 24);
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	assert_int_equal(rig.consumers[0].logged, 40);
	assert_int_equal(rig.consumers[1].logged, 16);
	assert_int_equal(rig.consumers[2].logged, 40);
	rig_end(&rig);
}

/* An event that is shared already gets more holders. */
static void
test_copy_again(void **state)
{
	struct weir_event *event;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig_lane(&rig, 64);
	rig_lane(&rig, 64);
	rig_join(&rig, WEIR_SPREAD_COPY, WEIR_ON_FULL_BLOCK);
	event = rig_event(&rig, 0);
	event_share(event, 1);
	stat_add(&rig.producer.stats.in, 2);
	weir_forward(&rig.producer.worker, 0, &event, 1);
	assert_int_equal(rte_mbuf_refcnt_read(weir_event_mbuf(event)), 3);
	weir_forward(&rig.producer.worker, 0, &event, 1);
	assert_int_equal(rte_mbuf_refcnt_read(weir_event_mbuf(event)), 4);
	assert_int_equal(rig.producer.stats.created, 2);
	rig_end(&rig);
}

static void
random_run(uint64_t *random, enum weir_spread spread, enum weir_on_full on_full)
{
	unsigned int lanes = 1 + (unsigned int)(testing_random(random) % RIG_LANES);
	struct rig rig;

	rig_make(&rig);
	for (unsigned int i = 0; i < lanes; i++)
		rig_lane(&rig, 32 + (unsigned int)(testing_random(random) % 200));
	rig_join(&rig, spread, on_full);
	for (unsigned int i = 0; i < STEPS; i++) {
		switch (testing_random(random) % 4) {
		case 0:
			worker_publish(&rig.producer.worker);
			break;
		case 1:
			rig_pull(&rig, (unsigned int)(testing_random(random) % lanes),
				(unsigned int)(testing_random(random) % 100));
			break;
		default:
			rig_forward(&rig, (uint16_t)(testing_random(random) % 64),
				(uint32_t)testing_random(random));
			break;
		}
	}
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	for (unsigned int i = 0; i < lanes; i++)
		rig_ascends(&rig.consumers[i]);
	assert_int_equal(worker_stats_dropped(&rig.producer.stats),
		rig.producer.stats.dropped[rig.link.policy->full]);
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

static void
test_policies(void **state)
{
	(void)state;
	assert_true(link_policy(WEIR_ON_FULL_BLOCK)->lossless);
	assert_string_equal(link_policy(WEIR_ON_FULL_BLOCK)->name, "block");
	assert_false(link_policy(WEIR_ON_FULL_DROP_NEWEST)->lossless);
	assert_string_equal(link_policy(WEIR_ON_FULL_DROP_NEWEST)->name, "drop-newest");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_link),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_drop_newest),
		cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_flow_bits),
		cmocka_unit_test(test_flow_moved),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_stride),
		cmocka_unit_test(test_round_robin),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_copy_full),
		cmocka_unit_test(test_copy_again),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_policies),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
