/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a pass that is timed measures, and that the next one is as before. */
#include <rte_cycles.h>

#include "rig.h"

static void
timed_make(struct rig *rig, unsigned int lanes, unsigned int ring)
{
	rig_make(rig);
	for (unsigned int i = 0; i < lanes; i++)
		rig_lane(rig, ring);
	rig_join(rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_BLOCK);
}

/* A source's process() is nobody's; what is on is on once. */
static void
test_exchange(void **state)
{
	struct rig rig;
	struct weir_worker *worker = &rig.consumers[0].worker;

	(void)state;
	timed_make(&rig, 1, 64);
	worker_time(worker, false);
	assert_ptr_equal(worker->process, rig_note);
	for (unsigned int i = 0; i < 2; i++) {
		worker_time(worker, true);
		assert_ptr_not_equal(worker->process, rig_note);
	}
	rig_forward(&rig, 8, 0);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig_pull(&rig, 0, 8), 8);
	assert_int_equal(rig.consumers[0].calls, 1);
	for (unsigned int i = 0; i < 2; i++) {
		worker_time(worker, false);
		assert_ptr_equal(worker->process, rig_note);
	}
	worker->process = NULL;
	worker_time(worker, true);
	assert_null(worker->process);
	rig_end(&rig);
}

static void
feed(struct rig *rig, uint8_t type, uint64_t came)
{
	struct weir_event *event = rig_event(rig, 0);

	event->type = type;
	event->tsc = came;
	stat_add(&rig->producer.stats.in, 1);
	weir_forward(&rig->producer.worker, 0, &event, 1);
	worker_publish(&rig->producer.worker);
	assert_int_equal(rig_pull(rig, 0, 1), 1);
}

/* The age is that of what says when it came; a marker of a gap is nothing that came. */
static void
test_latency(void **state)
{
	struct worker_latency *latency = calloc(1, sizeof(*latency));
	struct rig rig;
	struct weir_worker *worker = &rig.consumers[0].worker;

	(void)state;
	assert_non_null(latency);
	timed_make(&rig, 1, 64);
	worker_time(worker, true);
	feed(&rig, WEIR_EVENT_USER, rte_rdtsc());
	assert_true(rig.consumers[0].stats.cycles > 0);
	worker->latency = latency;
	feed(&rig, WEIR_EVENT_USER, 0);
	feed(&rig, WEIR_EVENT_USER, UINT64_MAX);
	assert_int_equal(histogram_count(&latency->service), 2);
	assert_int_equal(histogram_count(&latency->age), 0);
	feed(&rig, WEIR_EVENT_GAP, rte_rdtsc());
	assert_int_equal(histogram_count(&latency->service), 2);
	feed(&rig, WEIR_EVENT_PACKET, rte_rdtsc() - 1000);
	assert_int_equal(histogram_count(&latency->age), 1);
	assert_true(latency->age.max >= 1000);
	worker_time(worker, false);
	feed(&rig, WEIR_EVENT_PACKET, rte_rdtsc());
	assert_int_equal(histogram_count(&latency->service), 3);
	rig_end(&rig);
	free(latency);
}

/* Take n out of a lane, note what is probed of it, and process it. */
static unsigned int
pull_probed(struct rig *rig, unsigned int lane, unsigned int n, struct worker_latency *latency)
{
	struct weir_event *events[64];

	n = ring_consumer_get(&rig->ends[lane], events, n);
	ring_consumer_probe(&rig->ends[lane], events, n, latency);
	worker_process(&rig->consumers[lane].worker, events, (uint16_t)n);
	return n;
}

static void
publish_probed(struct rig *rig)
{
	worker_probe(&rig->producer.worker);
	worker_publish(&rig->producer.worker);
}

/* Only what is published is probed: a lane that gets nothing has nothing to wait. */
static void
test_probe(void **state)
{
	struct ring_probe probes[2];
	struct worker_latency *latency = calloc(1, sizeof(*latency));
	uint64_t before;
	struct rig rig;

	(void)state;
	assert_non_null(latency);
	timed_make(&rig, 2, 64);
	for (unsigned int i = 0; i < 2; i++)
		ring_probe_init(&probes[i], &rig.lanes[i].ring, &rig.ends[i]);
	before = probes[1].word;
	rig_forward(&rig, 8, 0);
	publish_probed(&rig);
	assert_true(probes[0].word != before);
	assert_true(probes[1].word == before);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(pull_probed(&rig, i, 8, latency), i == 0 ? 8 : 0);
		assert_int_equal(histogram_count(&latency->wait), 1);
	}
	/* Not timed: not probed. */
	before = probes[0].word;
	rig_forward(&rig, 8, 0);
	worker_publish(&rig.producer.worker);
	assert_true(probes[0].word == before);
	rig_end(&rig);
	free(latency);
}

/* Publish one event that came at `came`, probed, and take it. */
static void
feed_probed(struct rig *rig, uint8_t type, uint64_t came, struct worker_latency *latency)
{
	struct weir_event *event = rig_event(rig, 0);

	event->type = type;
	event->tsc = came;
	stat_add(&rig->producer.stats.in, 1);
	weir_forward(&rig->producer.worker, 0, &event, 1);
	publish_probed(rig);
	assert_int_equal(pull_probed(rig, 0, 1, latency), 1);
	/* So that the producer sees it taken, and probes the next one. */
	rig->lanes[0].ring.seen = ring_tail(&rig->ends[0]);
}

/*
 * The wait and the age of one event are noted together, and the part is no longer than the whole:
 * also of one that came after it was published, as clocks of two sockets may have it.
 */
static void
test_part_of_whole(void **state)
{
	struct worker_latency *latency = calloc(1, sizeof(*latency));
	uint64_t seed = testing_seed();
	struct ring_probe probe;
	struct rig rig;

	(void)state;
	assert_non_null(latency);
	timed_make(&rig, 1, 64);
	ring_probe_init(&probe, &rig.lanes[0].ring, &rig.ends[0]);
	feed_probed(&rig, WEIR_EVENT_GAP, rte_rdtsc(), latency);
	feed_probed(&rig, WEIR_EVENT_USER, 0, latency);
	feed_probed(&rig, WEIR_EVENT_USER, UINT64_MAX, latency);
	assert_int_equal(histogram_count(&latency->wait), 3);
	assert_int_equal(histogram_count(&latency->age), 0);
	memset(latency, 0, sizeof(*latency));
	for (unsigned int i = 0; i < 2000; i++)
		feed_probed(&rig, WEIR_EVENT_PACKET, rte_rdtsc() - testing_random(&seed) % 256,
			latency);
	assert_int_equal(histogram_count(&latency->wait), 2000);
	assert_int_equal(histogram_count(&latency->age), 2000);
	for (unsigned int ppm = 0; ppm <= 1000000; ppm += 10000)
		assert_true(histogram_quantile(&latency->wait, ppm) <=
			histogram_quantile(&latency->age, ppm));
	assert_true(latency->wait.max <= latency->age.max);
	rig_end(&rig);
	free(latency);
}

/* A worker behind a ring has its ages from there alone. */
static void
test_behind_ring(void **state)
{
	struct worker_latency *latency = calloc(1, sizeof(*latency));
	struct rig rig;
	struct weir_worker *worker = &rig.consumers[0].worker;

	(void)state;
	assert_non_null(latency);
	timed_make(&rig, 1, 64);
	worker->latency = latency;
	worker->input_count = 1;
	worker_time(worker, true);
	feed(&rig, WEIR_EVENT_PACKET, rte_rdtsc() - 1000);
	worker_time(worker, false);
	assert_int_equal(histogram_count(&latency->service), 1);
	assert_int_equal(histogram_count(&latency->age), 0);
	worker->input_count = 0;
	rig_end(&rig);
	free(latency);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_part_of_whole),
		cmocka_unit_test(test_behind_ring),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
