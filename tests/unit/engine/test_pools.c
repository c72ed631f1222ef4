/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Several lcores that allocate from one pool, of which there may be less than can be in flight. */
#include "rig.h"

#define RUNS 30
#define EVENTS 4000

static const char *
operations(const struct rig *rig)
{
	return rte_mempool_get_ops(rig->engine->pools[0].pool->ops_index)->name;
}

/* Stacks are for those who would meet at one. */
static void
test_operations(void **state)
{
	static const char *const names[] = { "stack", "stack", "weir_stacks" };
	static const char *const lcores[] = { "1", "1", "1-2" };
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		char source[64];

		snprintf(source, sizeof(source), "source gen: type=synth; flows=10; queues=%u",
			i == 0 ? 1 : 2);
		rig_make(&rig, "pools", lcores[i], EVENTS,
			SECTIONS(source, "stage end: type=count; input=gen"));
		assert_string_equal(operations(&rig), names[i]);
		rig_start(&rig);
		rig_wait(&rig, EVENTS);
		rig_stop(&rig);
		rig_end(&rig);
	}
}

/* A mbuf that does not come back is told, whichever stack it was on. */
static void
test_leaked(void **state)
{
	struct weir_pool_figures p = WEIR_POOL_FIGURES_INIT;
	struct rte_mempool *pool;
	struct rte_mbuf *mbuf;
	struct rig rig;

	(void)state;
	rig_make(&rig, "pools", "1-2", EVENTS,
		SECTIONS("source gen: type=synth; flows=10; queues=2",
			"stage end: type=count; input=gen"));
	pool = rig.engine->pools[0].pool;
	mbuf = rte_pktmbuf_alloc(pool);
	assert_non_null(mbuf);
	rig_start(&rig);
	rig_wait(&rig, EVENTS);
	rig_stop(&rig);
	assert_int_equal(weir_ledger_pool(rig.engine, 0, &p), 0);
	assert_int_equal(p.leaked, 1);
	rte_pktmbuf_free(mbuf);
	rig_end(&rig);
}

/* Somewhere between what it cannot do without, and what can be in flight. */
static void
give_size(struct rig *rig, uint64_t *random)
{
	const struct plan_pool *pool = &rig->plan->pools[0];
	uint64_t sum = plan_pool_sum(pool), least = pool->descriptors + pool->bursts + pool->held;
	char text[64];

	least = RTE_MAX(least, UINT64_C(64));
	snprintf(text, sizeof(text), "pool: size=%" PRIu64,
		testing_random(random) % 4 == 0 ? least :
						  least + testing_random(random) % (sum - least));
	weir_plan_free(rig->plan);
	rig_section(rig, text);
}

/* Lossless links in front of stages that take their time: sources without mbufs wait, and nothing is lost. */
static void
run_small(uint64_t *random, unsigned int run)
{
	static const char *const lcores[] = { "1-2", "1-3", "0-3", "0" };
	char source[96], mid[96];
	struct rig rig;

	snprintf(source, sizeof(source), "source gen: type=synth; flows=50; sizes=60; queues=%u",
		1 + (unsigned int)(testing_random(random) % 3));
	snprintf(mid, sizeof(mid), "stage mid: type=%s; value=20; input=gen; workers=%u",
		testing_random(random) % 2 == 0 ? "t_hold" : "t_slow",
		1 + (unsigned int)(testing_random(random) % 3));
	rig_describe(&rig, "small",
		SECTIONS(source, mid, "stage end: type=count; input=mid; workers=2",
			"link gen mid: on_full=block; ring=512; kind=ring",
			"link mid end: on_full=block; ring=512; kind=ring"));
	rig_place(&rig, lcores[run % RTE_DIM(lcores)]);
	give_size(&rig, random);
	rig_place(&rig, lcores[run % RTE_DIM(lcores)]);
	rig_create(&rig, EVENTS);
	rig_start(&rig);
	rig_wait_received(&rig, EVENTS);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	assert_int_equal(rig_ledger(&rig).received, EVENTS);
	rig_end(&rig);
}

static void
test_small(void **state)
{
	uint64_t random = testing_seed();

	(void)state;
	for (unsigned int i = 0; i < RUNS; i++)
		run_small(&random, i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_leaked),
		cmocka_unit_test(test_small),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
