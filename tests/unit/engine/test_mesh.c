/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Meshes of many workers on many lcores, which share two CPUs: they begin soon, and nothing is lost. */
#include "rig.h"

#define EVENTS 20000
#define START_MS 3000
#define POOL "pool: data_room=256; cache=0"

static uint64_t
ms_since(uint64_t tsc)
{
	return (rte_rdtsc() - tsc) * 1000 / rte_get_tsc_hz();
}

static void
mesh_run(const char *const *sections, unsigned int rings)
{
	uint64_t began, made, launched;
	struct weir_ledger ledger;
	struct rig rig;

	began = rte_rdtsc();
	rig_describe(&rig, "mesh", sections);
	rig_place(&rig, NULL);
	rig_create(&rig, EVENTS);
	made = ms_since(began);
	rig_start(&rig);
	launched = ms_since(began);
	print_message("%u rings on %u lcores: made in %" PRIu64 " ms, launched in %" PRIu64
		      " ms, %" PRIu64 " MB\n",
		rings, rig.engine->loop_count, made, launched, rig.plan->memory >> 20);
	assert_int_equal(rig.engine->joint_count, rings);
	assert_true(launched < START_MS);
	rig_wait(&rig, EVENTS);
	ledger = rig_ledger(&rig);
	assert_int_equal(ledger.received, EVENTS);
	assert_int_equal(ledger.dropped, 0);
	rig_stop(&rig);
	assert_int_equal(rig_sum(&rig, "end", released), EVENTS);
	rig_end(&rig);
}

/* 124 workers on 119 lcores. */
static void
test_three(void **state)
{
	(void)state;
	mesh_run(SECTIONS(POOL, "source gen: type=synth; queues=64; sizes=60; flows=1000",
			 "stage mid: type=count; input=gen; workers=30",
			 "stage end: type=count; input=mid; workers=30", "link gen mid: kind=ring",
			 "link mid end: kind=ring"),
		64 * 30 + 30);
}

static void
test_two(void **state)
{
	(void)state;
	mesh_run(SECTIONS(POOL, "source gen: type=synth; queues=60; sizes=60; flows=1000",
			 "stage end: type=count; input=gen; workers=60", "link gen end: kind=ring"),
		60 * 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three),
		cmocka_unit_test(test_two),
	};
	unsigned int cpus[2];
	char lcores[32];

	rig_cpus(cpus);
	snprintf(lcores, sizeof(lcores), "(0-119)@(%u,%u)", cpus[0], cpus[1]);
	rig_eal_start(lcores);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
