/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Lcores launched, polled and run at random, by threads that come in time, late or never; ended at random. */
#include "yours.h"

#define RUNS 40
/* The main lcore, those of EAL, and some that it does not have. */
static const unsigned int numbers[] = { 0, 1, 2, 3, 64, 100, RTE_MAX_LCORE - 1 };

enum how { LAUNCHED, POLLED, GIVEN };

struct draw {
	uint64_t random;
	enum how how[RTE_DIM(numbers)];
	char lists[3][64]; /* of numbers, by how */
	char text[5][128];
	const char *sections[6];
	struct guest guests[RTE_DIM(numbers)];
	bool comes[RTE_DIM(numbers)];
};

static unsigned int
below(struct draw *d, unsigned int n)
{
	return (unsigned int)(testing_random(&d->random) % n);
}

static bool
is_eals(unsigned int i)
{
	return numbers[i] >= 1 && numbers[i] <= 3;
}

static void
draw_lcores(struct draw *d)
{
	for (unsigned int i = 0; i < RTE_DIM(numbers); i++) {
		char *list;
		size_t used;

		d->how[i] = (enum how)(is_eals(i) ? below(d, 3) : 1 + below(d, 2));
		list = d->lists[d->how[i]];
		used = strlen(list);
		snprintf(list + used, sizeof(d->lists[0]) - used, "%s%u", used > 0 ? "," : "",
			numbers[i]);
	}
}

/* `lcores=` of a node: some of all, in a list. */
static const char *
some(struct draw *d, char text[64])
{
	unsigned int n = 1 + below(d, 3);
	size_t used = 0;

	for (unsigned int i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, 64 - used, "%s%u", i > 0 ? "," : "",
			numbers[below(d, RTE_DIM(numbers))]);
	return text;
}

static void
draw_pipeline(struct draw *d)
{
	static const char *const types[] = { "t_pass", "t_hold", "t_tight", "t_slow" };
	char lcores[64];

	snprintf(d->text[0], sizeof(d->text[0]),
		"source s0: type=synth; flows=50; sizes=60; queues=%u; lcores=%s", 1 + below(d, 2),
		some(d, lcores));
	for (unsigned int i = 1; i < 4; i++)
		snprintf(d->text[i], sizeof(d->text[i]),
			"stage s%u: type=%s; value=20; workers=%u; input=s%u; lcores=%s", i,
			types[below(d, RTE_DIM(types))], 1 + below(d, 3), i - 1, some(d, lcores));
	snprintf(d->text[4], sizeof(d->text[4]), "link s1 s2: kind=ring; ring=%u; on_full=%s",
		256 + below(d, 300), below(d, 2) == 0 ? "block" : "drop-newest");
	for (unsigned int i = 0; i < 5; i++)
		d->sections[i] = d->text[i];
}

static void
guests_begin(struct draw *d, struct rig *rig)
{
	for (unsigned int i = 0; i < RTE_DIM(numbers); i++) {
		d->comes[i] = d->how[i] == GIVEN && below(d, 8) > 0 &&
			engine_loop(rig->engine, numbers[i]) != NULL;
		if (d->comes[i])
			guest_begin(&d->guests[i], rig, numbers[i],
				(enum guest_kind)below(d, GUEST_KINDS));
	}
}

static void
guests_end(struct draw *d)
{
	for (unsigned int i = 0; i < RTE_DIM(numbers); i++) {
		int rc = d->comes[i] ? guest_end(&d->guests[i]) : 0;

		assert_true(rc == 0 || rc == -ESHUTDOWN);
	}
}

static void
poll_all(struct rig *rig)
{
	for (unsigned int i = 0; i < RTE_DIM(numbers); i++)
		if (weir_engine_polled(rig->engine, numbers[i]))
			assert_true(weir_worker_poll(rig->engine, numbers[i]) >= -ESHUTDOWN);
}

/* Until so many came in, or nothing moves: for nobody came to run what is in the way. */
static void
run_some(struct rig *rig)
{
	uint64_t deadline = rte_rdtsc() + rte_get_tsc_hz() / 20;

	while (rig_ledger(rig).received < 20000 && rte_rdtsc() < deadline) {
		poll_all(rig);
		weir_engine_watch(rig->engine);
	}
}

/* What came in. */
static uint64_t
run(uint64_t seed)
{
	struct draw d = { .random = seed };
	uint64_t received;
	struct rig rig;
	bool drains;

	draw_lcores(&d);
	draw_pipeline(&d);
	drains = below(&d, 3) > 0;
	yours_make(&rig, "random", d.lists[POLLED][0] != '\0' ? d.lists[POLLED] : NULL,
		d.lists[GIVEN][0] != '\0' ? d.lists[GIVEN] : NULL, NULL, d.sections);
	if (below(&d, 8) > 0) {
		rig_start(&rig);
		guests_begin(&d, &rig);
	}
	run_some(&rig);
	if (below(&d, 2) == 0)
		weir_engine_stop_request(rig.engine);
	if (drains)
		rig_stop(&rig);
	else
		weir_engine_stop(rig.engine, below(&d, 3));
	assert_true(weir_engine_drained(rig.engine));
	guests_end(&d);
	if (drains)
		assert_int_equal(rig_dropped(&rig, "drain_abandoned"), 0);
	received = rig_ledger(&rig).received;
	rig_end(&rig);
	return received;
}

static void
test_random(void **state)
{
	uint64_t random = testing_seed();
	unsigned int moved = 0;

	(void)state;
	for (unsigned int i = 0; i < RUNS; i++)
		moved += run(testing_random(&random) | 1) >= 1000;
	print_message("in %u of %u runs events came in\n", moved, RUNS);
	assert_true(moved >= RUNS / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
