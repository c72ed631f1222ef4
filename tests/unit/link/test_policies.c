/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The edges of each policy: the smallest rings, the ends of thresholds, all spreads. */
#include "rig.h"

static const struct {
	enum weir_on_full on_full;
	const char *name;
	bool lossless;
	enum drop_reason full;
} policies[] = {
	{ WEIR_ON_FULL_BLOCK, "block", true, DROP_OVERRUN },
	{ WEIR_ON_FULL_DROP_NEWEST, "drop-newest", false, DROP_RING_FULL },
	{ WEIR_ON_FULL_DROP_OLDEST, "drop-oldest", false, DROP_RING_FULL },
	{ WEIR_ON_FULL_DROP_PRIORITY, "drop-priority", false, DROP_RING_FULL },
	{ WEIR_ON_FULL_DROP_FLOW, "drop-flow", false, DROP_RING_FULL },
	{ WEIR_ON_FULL_DROP_LATE, "drop-late", false, DROP_RING_FULL },
};

/* One lane of a policy, with thresholds at both ends, no reserves, and a deadline that
 * no test lives to see by itself. */
static void
make(struct rig *rig, enum weir_on_full on_full, unsigned int capacity)
{
	rig_make(rig);
	rig_lane(rig, capacity);
	rig->settings.high = capacity;
	rig->settings.deadline = 30 * rte_get_tsc_hz();
	rig_join(rig, WEIR_SPREAD_FLOW, on_full);
}

static void
forward_prio(struct rig *rig, uint16_t n, uint8_t prio, uint32_t hash)
{
	struct weir_event *events[256];

	for (uint16_t i = 0; i < n; i++) {
		events[i] = rig_event(rig, hash);
		events[i]->prio = prio;
	}
	stat_add(&rig->producer.stats.in, n);
	weir_forward(&rig->producer.worker, 0, events, n);
	rig_worker_is_balanced(&rig->producer);
}

static void
test_table(void **state)
{
	(void)state;
	assert_int_equal(RTE_DIM(policies), WEIR_ON_FULL_MAX - WEIR_ON_FULL_BLOCK);
	for (unsigned int i = 0; i < RTE_DIM(policies); i++) {
		const struct link_policy *policy = link_policy(policies[i].on_full);

		assert_string_equal(policy->name, policies[i].name);
		assert_int_equal(policy->lossless, policies[i].lossless);
		assert_int_equal(policy->full, policies[i].full);
		assert_true(policy->shed < DROP_LINK);
	}
}

/* Where a ring is full, drop-flow sheds all flows; the others lose what has no room. */
static uint64_t
small_lost(const struct rig *rig, enum weir_on_full on_full)
{
	bool flow = on_full == WEIR_ON_FULL_DROP_FLOW;

	return rig->producer.stats.dropped[flow ? DROP_FLOW_SHED : link_policy(on_full)->full];
}

/* A burst that no ring of that size could hold: the rest of it is lost, the newest. */
static void
test_small_rings(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(policies); i++)
		for (unsigned int capacity = 1; capacity <= 33; capacity += 8) {
			struct rig rig;

			make(&rig, policies[i].on_full, capacity);
			for (uint64_t turn = 0; turn < 5; turn++) {
				struct rig_worker *consumer = &rig.consumers[0];
				uint64_t next = rig.next;

				rig_forward(&rig, 200, 0);
				worker_publish(&rig.producer.worker);
				assert_int_equal(small_lost(&rig, policies[i].on_full),
					(turn + 1) * (200 - capacity));
				assert_int_equal(rig_pull(&rig, 0, 200), capacity);
				assert_int_equal(consumer->log[consumer->logged - 1],
					next + capacity - 1);
			}
			assert_int_equal(rig_lost(rig.ends[0].dropped), 0);
			rig_end(&rig);
		}
}

/* Exactly `high` is not above it; one more is, and then only `low` are left. */
static void
oldest_down(uint32_t high, uint32_t low)
{
	struct rig rig;

	make(&rig, WEIR_ON_FULL_DROP_OLDEST, 64);
	rig.settings.high = high;
	rig.settings.low = low;
	rig_set(&rig);
	rig_forward(&rig, (uint16_t)high, 0);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig_pull(&rig, 0, 0), 0);
	assert_int_equal(rig.ends[0].dropped[DROP_OLDEST], 0);
	if (high < 64) {
		rig_forward(&rig, 1, 0);
		assert_int_equal(rig_pull(&rig, 0, 0), 0);
		assert_int_equal(rig.ends[0].dropped[DROP_OLDEST], 0);
		worker_publish(&rig.producer.worker);
		assert_int_equal(rig_pull(&rig, 0, 64), low);
		assert_int_equal(rig.ends[0].dropped[DROP_OLDEST], high + 1 - low);
		assert_int_equal(rig.ends[0].high_water, high + 1);
		assert_int_equal(rig.consumers[0].stats.in, high + 1);
		if (low > 0)
			assert_int_equal(rig.consumers[0].log[0], high + 1 - low);
	}
	rig_end(&rig);
}

static void
test_oldest(void **state)
{
	(void)state;
	oldest_down(48, 32);
	oldest_down(63, 62);
	oldest_down(63, 0);
	oldest_down(1, 0);
	oldest_down(64, 0);
}

/* More than are freed at once. */
static void
test_oldest_many(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_OLDEST, 1000);
	rig.settings.high = 900;
	rig.settings.low = 3;
	rig_set(&rig);
	rig_forward(&rig, 1000, 0);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig_pull(&rig, 0, 32), 3);
	assert_int_equal(rig.ends[0].dropped[DROP_OLDEST], 997);
	assert_int_equal(rig.consumers[0].log[0], 997);
	rig_end(&rig);
}

/* A priority goes in while more room is free than is kept from it; priorities beyond 7 are 7. */
static void
test_priority(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_PRIORITY, 100);
	for (unsigned int i = 0; i < PRIORITIES; i++)
		rig.settings.reserve[i] = 70 - 10 * i;
	rig_set(&rig);
	for (uint8_t prio = 0; prio < PRIORITIES; prio++) {
		forward_prio(&rig, 40, prio, 0);
		assert_int_equal(rig.producer.stats.out, 30 + 10 * prio);
	}
	assert_int_equal(rig.producer.stats.dropped[DROP_LOW_PRIORITY], 10 + 6 * 30);
	assert_int_equal(rig.producer.stats.dropped[DROP_RING_FULL], 30);
	forward_prio(&rig, 1, 0, 0);
	forward_prio(&rig, 1, 255, 0);
	assert_int_equal(rig.producer.stats.dropped[DROP_LOW_PRIORITY], 10 + 6 * 30 + 1);
	assert_int_equal(rig.producer.stats.dropped[DROP_RING_FULL], 31);
	rig_end(&rig);
}

/* All of the ring kept from a priority: it never goes in. Nothing kept: it is as drop-newest. */
static void
test_priority_ends(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_PRIORITY, 64);
	rig.settings.reserve[0] = 64;
	rig_set(&rig);
	forward_prio(&rig, 10, 0, 0);
	assert_int_equal(rig.producer.stats.out, 0);
	assert_int_equal(rig.lanes[0].ring.dropped[DROP_LOW_PRIORITY], 10);
	forward_prio(&rig, 70, 1, 0);
	assert_int_equal(rig.producer.stats.out, 64);
	assert_int_equal(rig.lanes[0].ring.dropped[DROP_RING_FULL], 6);
	rig_end(&rig);
}

/* The level sheds those below it, whole, and moves a tick at a time. */
static void
test_flow_level(void **state)
{
	struct ring_producer *ring;
	uint64_t tick, now;
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_FLOW, 64);
	rig.settings.high = 48;
	rig.settings.low = 32;
	rig_set(&rig);
	ring = &rig.lanes[0].ring;
	tick = rte_get_tsc_hz() / 100;
	now = ring->ticked = rte_rdtsc();
	rig_forward(&rig, 48, 1);
	worker_look(&rig.producer.worker, now += 3 * tick);
	assert_int_equal(ring->level, 0);
	rig_forward(&rig, 1, 1);
	worker_look(&rig.producer.worker, now += tick - 1);
	assert_int_equal(ring->level, 0);
	worker_look(&rig.producer.worker, now += 1);
	assert_int_equal(ring->level, UINT32_C(1) << 28);
	for (unsigned int i = 0; i < 20; i++)
		worker_look(&rig.producer.worker, now += tick);
	assert_int_equal(ring->level, UINT32_MAX);
	for (uint32_t hash = 0; hash < 100; hash++)
		rig_forward(&rig, 1, hash);
	assert_int_equal(ring->dropped[DROP_FLOW_SHED], 100);

	/* between the two it stays as it is */
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig_pull(&rig, 0, 17), 17);
	worker_look(&rig.producer.worker, now += tick);
	assert_int_equal(ring->level, UINT32_MAX);
	assert_int_equal(rig_pull(&rig, 0, 1), 1);
	worker_look(&rig.producer.worker, now += tick);
	assert_int_equal(ring->level, UINT32_MAX - (UINT32_C(1) << 25));
	worker_look(&rig.producer.worker, now += 126 * tick);
	assert_int_equal(ring->level, (UINT32_C(1) << 25) - 1);
	worker_look(&rig.producer.worker, now += tick);
	assert_int_equal(ring->level, 0);

	/* another policy knows of no level */
	ring->level = 7;
	rig.settings.policy = link_policy(WEIR_ON_FULL_DROP_NEWEST);
	rig_set(&rig);
	assert_int_equal(ring->level, 0);
	rig_end(&rig);
}

/* Flows go in order of their place, and the seed moves them. */
static void
test_flow_place(void **state)
{
	uint32_t seeds[2] = { 1, 0x80000001u };
	unsigned int differ = 0;
	struct rig rig;
	uint64_t shed;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_FLOW, 2000);
	for (unsigned int s = 0; s < 2; s++) {
		struct ring_producer *ring = &rig.lanes[0].ring;
		uint64_t before = ring->dropped[DROP_FLOW_SHED], expected = 0;

		ring->seed = seeds[s];
		rig_level(&rig, 0, UINT32_MAX / 4);
		for (uint32_t hash = 0; hash < 1000; hash++) {
			rig_forward(&rig, 1, hash);
			expected += weir_flow_place(hash, seeds[s]) < ring->level;
			differ += (weir_flow_place(hash, seeds[0]) < ring->level) !=
				(weir_flow_place(hash, seeds[1]) < ring->level);
		}
		assert_int_equal(ring->dropped[DROP_FLOW_SHED] - before, expected);
		assert_in_range(expected, 150, 350);
	}
	assert_true(differ > 100);

	/* who stands at the level itself is not below it */
	rig_level(&rig, 0, weir_flow_place(5, seeds[1]));
	shed = rig.lanes[0].ring.dropped[DROP_FLOW_SHED];
	rig_forward(&rig, 1, 5);
	assert_int_equal(rig.lanes[0].ring.dropped[DROP_FLOW_SHED], shed);
	rig.lanes[0].ring.level++;
	rig_forward(&rig, 1, 5);
	assert_int_equal(rig.lanes[0].ring.dropped[DROP_FLOW_SHED], shed + 1);
	rig_end(&rig);
}

/* Let what waits be older. */
static void
age(struct rig *rig, uint64_t cycles)
{
	for (unsigned int i = 0; i < RIG_STAMPS; i++)
		rig->stamps[0][i] -= (uint32_t)(cycles >> STAMP_SHIFT);
}

static void
test_late(void **state)
{
	struct rig rig;
	uint64_t deadline;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_LATE, 200);
	deadline = rig.settings.deadline;
	rig_forward(&rig, 100, 0);
	worker_publish(&rig.producer.worker);
	age(&rig, deadline / 2);
	rig_forward(&rig, 90, 0);
	worker_publish(&rig.producer.worker);
	rig_pull(&rig, 0, 0);
	assert_int_equal(rig_lost(rig.ends[0].dropped), 0);
	age(&rig, deadline - deadline / 2);
	/* not published: does not wait yet */
	rig_forward(&rig, 10, 0);
	assert_int_equal(rig_pull(&rig, 0, 10), 10);
	assert_int_equal(rig.ends[0].dropped[DROP_LATE], 100);
	assert_int_equal(rig.consumers[0].log[0], 100);
	age(&rig, deadline);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rig_pull(&rig, 0, 200), 10);
	assert_int_equal(rig.ends[0].dropped[DROP_LATE], 180);
	rig_end(&rig);
}

/* What was published after the consumer looked at its clock is not late. */
static void
test_late_ahead(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_LATE, 64);
	rig_forward(&rig, 10, 0);
	worker_publish(&rig.producer.worker);
	age(&rig, rig.settings.deadline);
	rig_forward(&rig, 10, 0);
	worker_publish(&rig.producer.worker);
	for (unsigned int i = 10; i < 20; i++)
		rig.stamps[0][i] += UINT32_C(1) << 25;
	assert_int_equal(rig_pull(&rig, 0, 64), 10);
	assert_int_equal(rig.ends[0].dropped[DROP_LATE], 10);
	assert_int_equal(rig.consumers[0].log[0], 10);
	rig_end(&rig);
}

/* A deadline shorter than stamps can tell is the shortest that they can. */
static void
test_late_short(void **state)
{
	struct rig rig;

	(void)state;
	make(&rig, WEIR_ON_FULL_DROP_LATE, 64);
	rig.settings.deadline = 1;
	rig_set(&rig);
	assert_int_equal(rig.ends[0].deadline, 1);
	rig_forward(&rig, 10, 0);
	worker_publish(&rig.producer.worker);
	age(&rig, 1 << STAMP_SHIFT);
	assert_int_equal(rig_pull(&rig, 0, 64), 0);
	assert_int_equal(rig.ends[0].dropped[DROP_LATE], 10);
	rig_end(&rig);
}

/* A burst over several lanes, by every spread: each lane admits by itself. */
static void
spreads_priority(enum weir_spread spread)
{
	struct rig rig;

	rig_make(&rig);
	for (unsigned int i = 0; i < 3; i++)
		rig_lane(&rig, 64);
	for (unsigned int i = 0; i < PRIORITIES; i++)
		rig.settings.reserve[i] = i == 0 ? 32 : 0;
	rig_join(&rig, spread, WEIR_ON_FULL_DROP_PRIORITY);
	for (unsigned int i = 0; i < 3; i++)
		forward_prio(&rig, 100, 0, i << 24);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t lost = spread == WEIR_SPREAD_COPY ? 300 - 32 : 100 - 32;

		assert_int_equal(rig.lanes[i].ring.dropped[DROP_LOW_PRIORITY], lost);
		assert_int_equal(rig.lanes[i].ring.dropped[DROP_RING_FULL], 0);
		assert_int_equal(rig.lanes[i].ring.head, 32);
	}
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	for (unsigned int i = 0; i < 3; i++)
		rig_ascends(&rig.consumers[i]);
	rig_end(&rig);
}

/* Flows of several lanes in one burst: of each those that its own level lets in. */
static void
spreads_flow(enum weir_spread spread)
{
	struct rig rig;

	rig_make(&rig);
	for (unsigned int i = 0; i < 3; i++)
		rig_lane(&rig, 1024);
	rig_join(&rig, spread, WEIR_ON_FULL_DROP_FLOW);
	rig_level(&rig, 1, UINT32_MAX);
	for (uint32_t i = 0; i < 6; i++) {
		struct weir_event *events[128];

		for (uint32_t k = 0; k < 128; k++)
			events[k] = rig_event(&rig, (i * 128 + k) << 24 | k);
		stat_add(&rig.producer.stats.in, 128);
		weir_forward(&rig.producer.worker, 0, events, 128);
	}
	worker_publish(&rig.producer.worker);
	rig_pull_all(&rig);
	assert_int_equal(rig.consumers[1].logged, 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(rig.consumers[i].logged + rig_lost(rig.lanes[i].ring.dropped),
			spread == WEIR_SPREAD_COPY                ? 768 :
				spread == WEIR_SPREAD_ROUND_ROBIN ? 256 :
								    (256 + 2 - i) / 3 * 3);
		rig_ascends(&rig.consumers[i]);
	}
	rig_end(&rig);
}

static void
test_spreads(void **state)
{
	(void)state;
	for (int spread = WEIR_SPREAD_FLOW; spread <= WEIR_SPREAD_COPY; spread++) {
		spreads_priority((enum weir_spread)spread);
		spreads_flow((enum weir_spread)spread);
	}
}

/* A copy that is not let in gives up one reference; the others stay. */
static void
test_copy_shared(void **state)
{
	struct weir_event *events[10];
	struct rig rig;

	(void)state;
	rig_make(&rig);
	for (unsigned int i = 0; i < 3; i++)
		rig_lane(&rig, 64);
	rig_join(&rig, WEIR_SPREAD_COPY, WEIR_ON_FULL_DROP_FLOW);
	rig_level(&rig, 0, UINT32_MAX);
	for (unsigned int i = 0; i < 10; i++) {
		events[i] = rig_event(&rig, i);
		event_share(events[i], 1);
	}
	stat_add(&rig.producer.stats.in, 20);
	weir_forward(&rig.producer.worker, 0, events, 10);
	assert_int_equal(rig.producer.stats.dropped[DROP_FLOW_SHED], 10);
	assert_int_equal(rig.producer.stats.created, 20);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(rte_mbuf_refcnt_read(weir_event_mbuf(events[i])), 3);
	weir_release(&rig.producer.worker, events, 10);
	worker_publish(&rig.producer.worker);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 10);
	rig_pull_all(&rig);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 0);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_small_rings),
		cmocka_unit_test(test_oldest),
		cmocka_unit_test(test_oldest_many),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_priority_ends),
		cmocka_unit_test(test_flow_level),
		cmocka_unit_test(test_flow_place),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_late_ahead),
		cmocka_unit_test(test_late_short),
		cmocka_unit_test(test_spreads),
		cmocka_unit_test(test_copy_shared),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
