/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The key of the flow hash: of `hash_seed`, or random; that of every event, and of the report. */
#include "rig.h"

#include <jansson.h>

#define WORKERS 4

static struct {
	const struct weir_hash_key *hash_key;
	unsigned int seen;
	unsigned int wrong;
	uint32_t workers[WEIR_BUCKETS]; /* that had events of each bucket, a bit each */
} all;

static void
hashed_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	for (uint16_t i = 0; i < n; i++) {
		const struct weir_event *event = events[i];

		if (event->flags & WEIR_EVENT_KEYED) {
			__atomic_fetch_add(&all.seen, 1, __ATOMIC_RELAXED);
			if (event->hash != weir_key_hash(all.hash_key, &event->key))
				__atomic_fetch_add(&all.wrong, 1, __ATOMIC_RELAXED);
		}
		__atomic_fetch_or(&all.workers[weir_flow_bucket(event->hash)],
			1u << weir_worker_index(worker), __ATOMIC_RELAXED);
	}
	weir_release(worker, events, n);
}

static const struct weir_stage_ops hashed = {
	WEIR_STAGE_OPS,
	.name = "t_hashed",
	.help = "compares hashes",
	.process = hashed_process,
};

/* Run it; how many events its stage has seen with a key. */
static unsigned int
run(struct rig *rig, const char *const *sections)
{
	memset(&all, 0, sizeof(all));
	rig_make(rig, "hashes", "1-3", 20000, sections);
	all.hash_key = weir_engine_hash_key(rig->engine);
	rig_start(rig);
	rig_wait(rig, 20000);
	rig_stop(rig);
	return all.seen;
}

static void
assert_reported(const struct rig *rig, const char *expected)
{
	char *text = weir_report(rig->engine);
	json_t *report = json_loads(text, 0, NULL);

	assert_string_equal(json_string_value(json_object_get(report, "hash_seed")), expected);
	json_decref(report);
	free(text);
}

static void
test_given(void **state)
{
	struct rig rig;

	(void)state;
	assert_in_range(run(&rig,
				SECTIONS("pipeline: hash_seed=0x0123456789abcdef",
					"source gen: type=synth; flows=5000; ipv6=50%",
					"stage end: type=t_hashed; input=gen")),
		10000, 20000);
	assert_int_equal(all.wrong, 0);
	assert_int_equal(weir_engine_hash_key(rig.engine)->seed, UINT64_C(0x0123456789abcdef));
	assert_reported(&rig, "0x0123456789abcdef");
	rig_end(&rig);
}

/* Left out: another one for each engine, and never that of weir_parse() without a key. */
static void
test_random(void **state)
{
	uint64_t seeds[8];
	char expected[32];
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(seeds); i++) {
		const char *given = i % 2 ? "pipeline: hash_seed=random" : "pipeline: burst=32";

		run(&rig,
			SECTIONS(given, "source gen: type=synth",
				"stage end: type=t_hashed; input=gen"));
		assert_int_equal(all.wrong, 0);
		seeds[i] = weir_engine_hash_key(rig.engine)->seed;
		snprintf(expected, sizeof(expected), "0x%016" PRIx64, seeds[i]);
		assert_reported(&rig, expected);
		assert_int_not_equal(seeds[i], 0);
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(seeds[i], seeds[j]);
		rig_end(&rig);
	}
}

/* Two sources, two producers: a bucket is of one worker, and every worker has some. */
static void
test_buckets(void **state)
{
	uint32_t workers = 0;
	struct rig rig;

	(void)state;
	run(&rig,
		SECTIONS("source one: type=synth; queues=2; flows=5000",
			"source two: type=synth; flows=5000; seed=2",
			"stage end: type=t_hashed; input=one, two; workers=4",
			"link one end: kind=ring", "link two end: kind=ring"));
	for (unsigned int i = 0; i < WEIR_BUCKETS; i++) {
		assert_true(__builtin_popcount(all.workers[i]) <= 1);
		workers |= all.workers[i];
	}
	assert_int_equal(workers, (1u << WORKERS) - 1);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_buckets),
	};

	rig_eal_init();
	if (weir_stage_register(&hashed) != 0)
		return 1;
	return cmocka_run_group_tests_name("engine hash_seed", tests, NULL, NULL);
}
