/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Gap markers: what they tell, where in the order, how often, and what they cost. */
#include "rig.h"

/* What came of one consumer, markers told from events. */
static struct {
	uint64_t log[4096]; /* user[0] of events, UINT64_MAX for a marker */
	struct weir_gap gaps[4096];
	unsigned int logged;
	unsigned int told;
	uint64_t lost; /* sum over the markers */
} came;

static void
take(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	for (uint16_t i = 0; i < n; i++) {
		const struct weir_event *event = events[i];

		assert_true(came.logged < RTE_DIM(came.log));
		if (event->type != WEIR_EVENT_GAP) {
			came.log[came.logged++] = event->user[0];
			continue;
		}
		assert_int_equal(event->prio, WEIR_PRIO_MAX);
		assert_int_equal(event->tsc, event->gap.last);
		assert_int_equal(event->gap.zero, 0);
		assert_true(event->flags & WEIR_EVENT_PRISTINE);
		assert_false(event->flags & WEIR_EVENT_SHARED);
		came.log[came.logged++] = UINT64_MAX;
		came.gaps[came.told++] = event->gap;
		came.lost += event->gap.count;
	}
	weir_release(worker, events, n);
}

static void
make(struct rig *rig, enum weir_on_full on_full, unsigned int capacity)
{
	memset(&came, 0, sizeof(came));
	rig_make(rig);
	rig_lane(rig, capacity);
	rig->producer.worker.pool = rig->pool;
	rig->consumers[0].worker.pool = rig->pool;
	rig->consumers[0].worker.process = take;
	rig->link.id = 17;
	rig->ends[0].id = 17;
	rig->settings.high = capacity;
	rig->settings.deadline = 30 * rte_get_tsc_hz();
	rig->settings.gap_markers = true;
	rig_join(rig, WEIR_SPREAD_FLOW, on_full);
}

static void
put(struct rig *rig, uint16_t n)
{
	rig_forward(rig, n, 0);
	worker_publish(&rig->producer.worker);
}

/* As an engine's loop pulls: what was lost at this end is told first. */
static void
pull(struct rig *rig, unsigned int n)
{
	struct ring_consumer *end = &rig->ends[0];

	if (end->excess != NULL)
		ring_consumer_shed(end, &rig->consumers[0].worker);
	if (end->gap.count > 0)
		ring_consumer_mark(end, &rig->consumers[0].worker);
	rig_pull(rig, 0, n);
}

/* The next marker may come at once. */
static void
hurry(struct gap *gap)
{
	gap->told -= rte_get_tsc_hz();
}

/* Nothing is noted where nobody asked; to ask no more forgets what was. */
static void
test_off(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_NEWEST, 64);
	put(&rig, 100);
	assert_int_equal(rig.lanes[0].ring.gap.count, 36);
	rig.settings.gap_markers = false;
	rig_set(&rig);
	assert_int_equal(rig.lanes[0].ring.gap.count, 0);
	put(&rig, 100);
	assert_int_equal(rig.lanes[0].ring.gap.count, 0);
	pull(&rig, 64);
	put(&rig, 10);
	pull(&rig, 64);
	assert_int_equal(came.told, 0);
	assert_int_equal(rig.producer.stats.created, 0);
	rig_end(&rig);
}

/* Lost by the producer: told before the first event that comes after. */
static void
test_producer(void **state)
{
	uint64_t start = rte_rdtsc(), last;
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_NEWEST, 64);
	put(&rig, 70);
	put(&rig, 5);
	last = rte_rdtsc();
	assert_int_equal(rig.lanes[0].ring.gap.count, 11);
	pull(&rig, 64);
	assert_int_equal(came.told, 0);
	put(&rig, 10);
	assert_int_equal(rig.lanes[0].ring.gap.count, 0);
	assert_int_equal(rig.producer.stats.created, 1);
	pull(&rig, 64);
	assert_int_equal(came.logged, 64 + 1 + 10);
	assert_int_equal(came.log[63], 63);
	assert_int_equal(came.log[64], UINT64_MAX);
	assert_int_equal(came.log[65], 75);
	assert_int_equal(came.gaps[0].count, 11);
	assert_int_equal(came.gaps[0].link, 17);
	assert_true(came.gaps[0].first >= start);
	assert_true(came.gaps[0].last > came.gaps[0].first);
	assert_true(came.gaps[0].last <= last);
	rig_end(&rig);
}

/* A policy that admits does likewise. */
static void
test_admitted(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_FLOW, 64);
	rig_level(&rig, 0, UINT32_MAX);
	put(&rig, 20);
	rig_level(&rig, 0, 0);
	put(&rig, 3);
	pull(&rig, 64);
	assert_int_equal(came.logged, 4);
	assert_int_equal(came.log[0], UINT64_MAX);
	assert_int_equal(came.log[1], 20);
	assert_int_equal(came.gaps[0].count, 20);
	rig_end(&rig);
}

/* Lost by the consumer: told before what comes next, and made by the consumer. */
static void
test_consumer(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_OLDEST, 64);
	rig.settings.high = 40;
	rig.settings.low = 10;
	rig_set(&rig);
	put(&rig, 50);
	pull(&rig, 64);
	assert_int_equal(came.logged, 11);
	assert_int_equal(came.log[0], UINT64_MAX);
	assert_int_equal(came.log[1], 40);
	assert_int_equal(came.gaps[0].count, 40);
	assert_int_equal(came.gaps[0].link, 17);
	assert_int_equal(rig.consumers[0].stats.created, 1);
	assert_int_equal(rig.consumers[0].stats.in, 50);
	assert_int_equal(rig.producer.stats.created, 0);
	rig_end(&rig);
}

/* Each lane of a flow spread tells of its own. */
static void
test_lanes(void **state)
{
	struct rig rig;

	(void)state;
	memset(&came, 0, sizeof(came));
	rig_make(&rig);
	for (unsigned int i = 0; i < 2; i++) {
		rig_lane(&rig, 16);
		rig.consumers[i].worker.process = take;
	}
	rig.producer.worker.pool = rig.pool;
	rig.settings.gap_markers = true;
	rig_join(&rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_DROP_NEWEST);
	rig_forward(&rig, 20, 0);
	rig_forward(&rig, 8, 1u << 20);
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	rig_forward(&rig, 8, 0);
	rig_forward(&rig, 8, 1u << 20);
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	assert_int_equal(came.told, 1);
	assert_int_equal(came.lost, 4);
	assert_int_equal(came.gaps[0].link, 0);
	rig_end(&rig);
}

/* There is no mbuf, or no pool: it is told later, of all. */
static void
test_no_mbuf(void **state)
{
	struct rte_mempool *none = weir_pool_create("rig_none", 1, 0, 0, 0, SOCKET_ID_ANY);
	struct rte_mbuf *mbuf;
	struct rig rig;

	(void)state;
	assert_non_null(none);
	mbuf = rte_pktmbuf_alloc(none);
	assert_non_null(mbuf);
	make(&rig, WEIR_ON_FULL_DROP_NEWEST, 64);
	rig.producer.worker.pool = NULL;
	put(&rig, 70);
	pull(&rig, 64);
	put(&rig, 1);
	rig.producer.worker.pool = none;
	put(&rig, 70);
	pull(&rig, 64);
	put(&rig, 1);
	assert_int_equal(rig.lanes[0].ring.gap.count, 13);
	rte_pktmbuf_free(mbuf);
	put(&rig, 1);
	pull(&rig, 64);
	assert_int_equal(came.told, 1);
	assert_int_equal(came.gaps[0].count, 13);
	rig_end(&rig);
	testing_pool_is_full(none);
	rte_mempool_free(none);
}

/* At most one a millisecond, and none is left out of the sum. */
static void
test_often(void **state)
{
	uint64_t start = rte_rdtsc(), ms;
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_NEWEST, 4);
	do {
		put(&rig, 6);
		pull(&rig, 4);
		came.logged = 0;
	} while (came.told == 0 || rte_rdtsc() - start < rte_get_tsc_hz() / 100);
	ms = (rte_rdtsc() - start) / (rte_get_tsc_hz() / MS_PER_S);
	assert_in_range(came.told, 1, ms + 1);
	for (unsigned int i = 1; i < came.told; i++)
		assert_true(came.gaps[i].first > came.gaps[i - 1].last);
	assert_int_equal(came.lost + rig.lanes[0].ring.gap.count,
		rig.producer.stats.dropped[DROP_RING_FULL]);
	rig_end(&rig);
}

/* What is lost last of all is told too, when the rings are looked at. */
static void
test_last(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_NEWEST, 64);
	put(&rig, 70);
	worker_look(&rig.producer.worker, rte_rdtsc());
	assert_int_equal(rig.lanes[0].ring.gap.count, 6);
	pull(&rig, 64);
	worker_look(&rig.producer.worker, rte_rdtsc());
	pull(&rig, 64);
	assert_int_equal(came.logged, 65);
	assert_int_equal(came.gaps[0].count, 6);
	rig_end(&rig);
}

/* A marker never takes the room that a lossless link has promised to what was pulled. */
static void
test_promised(void **state)
{
	struct weir_worker *worker;
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_BLOCK, 64);
	worker = &rig.producer.worker;
	rig.producer.gates[0] =
		(struct gate){ .ring = &rig.lanes[0].ring, .link = &rig.link, .times = 2 };
	worker->gates_all = 1;
	worker_settle(worker);
	put(&rig, 70);
	assert_int_equal(rig.producer.stats.dropped[DROP_OVERRUN], 6);
	pull(&rig, 64);
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(worker_room(worker, 32), 32);
		rig_forward(&rig, 32, 0);
		rig_forward(&rig, 32, 0);
		worker_publish(worker);
		pull(&rig, 64);
		hurry(&rig.lanes[0].ring.gap);
	}
	assert_int_equal(rig.producer.stats.dropped[DROP_OVERRUN], 6);
	/* between passes nothing is in hand */
	worker_look(worker, rte_rdtsc());
	assert_int_equal(worker_room(worker, 32), 31);
	pull(&rig, 64);
	assert_int_equal(came.told, 1);
	assert_int_equal(came.lost, 6);
	rig_end(&rig);
}

/* Of every policy: the markers, and what is not told yet, make up what was lost. */
static void
test_random(void **state)
{
	uint64_t random = testing_seed();
	struct rig rig;

	(void)state;
	for (int on_full = WEIR_ON_FULL_BLOCK; on_full < WEIR_ON_FULL_MAX; on_full++) {
		struct ring_producer *ring;

		make(&rig, (enum weir_on_full)on_full, 40);
		ring = &rig.lanes[0].ring;
		rig.settings.high = 30;
		rig.settings.low = 20;
		rig.settings.deadline = 1000;
		rig.settings.reserve[WEIR_PRIO_DEFAULT] = 10;
		rig_set(&rig);
		for (unsigned int i = 0; i < 5000; i++) {
			if (testing_random(&random) % 2 == 0)
				put(&rig, 1 + (uint16_t)(testing_random(&random) % 50));
			else
				pull(&rig, (unsigned int)(testing_random(&random) % 50));
			if (testing_random(&random) % 3 == 0)
				hurry(&ring->gap);
			if (testing_random(&random) % 3 == 0)
				hurry(&rig.ends[0].gap);
			if (testing_random(&random) % 50 == 0)
				worker_look(&rig.producer.worker, rte_rdtsc());
			came.logged = came.told = 0;
		}
		/* what is in the ring still */
		while (rte_ring_count(ring->ring) > 0)
			rig_pull(&rig, 0, 64);
		assert_int_equal(came.lost + ring->gap.count + rig.ends[0].gap.count,
			rig_lost(ring->dropped) + rig_lost(rig.ends[0].dropped));
		assert_true(came.lost > 0);
		rig_end(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_producer),
		cmocka_unit_test(test_admitted),
		cmocka_unit_test(test_consumer),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_no_mbuf),
		cmocka_unit_test(test_often),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_promised),
		cmocka_unit_test(test_random),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
