/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The parts of synth that are arithmetic alone: the skewed draw, the pace. No EAL. */
#include "test_synth.h"

static void
check_zipf(uint32_t count, double exponent)
{
	enum { DRAWS = 200000 };
	struct synth_zipf zipf;
	uint64_t random = 7;
	uint32_t seen[64] = { 0 }, i, k;
	double sum = 0;

	synth_zipf_init(&zipf, count, exponent);
	for (i = 0; i < DRAWS; i++) {
		k = synth_zipf_draw(&zipf, &random);
		assert_true(k < count);
		if (k < RTE_DIM(seen))
			seen[k]++;
	}
	for (i = 1; i <= count; i++)
		sum += pow(i, -exponent);
	for (i = 0; i < RTE_MIN(count, RTE_DIM(seen)); i++) {
		assert_share(seen[i], DRAWS, pow(i + 1, -exponent) / sum);
		assert_true(fabs(synth_zipf_skew(&zipf, i) * sum * pow(i + 1, exponent) / count -
				    1) < 1e-4);
	}
}

static void
draws_by_zipf(void **state)
{
	static const double exponents[] = { 0, 0.1, 0.5, 0.99, 1, 1 + 1e-7, 1.01, 1.2, 2, 3 };
	static const uint32_t counts[] = { 1, 2, 3, 10, 1024, 100000 };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(exponents); i++)
		for (unsigned int j = 0; j < RTE_DIM(counts); j++)
			check_zipf(counts[j], exponents[i]);
}

/* Events of a pace at a made-up clock of `hz`, polled about every `step` cycles up to `end`. */
static uint64_t
pace_run(uint64_t rate, unsigned int workers, uint64_t hz, uint64_t step, uint64_t end)
{
	struct synth_pace pace = { 0 };
	uint64_t random = 11, made = 0, now = 1;
	uint16_t got;

	synth_pace_init(&pace, rate, workers, hz);
	assert_int_equal(synth_pace_due(&pace, now, 256), 0);
	while (now < end) {
		now = RTE_MIN(now + 1 + testing_random(&random) % (2 * step), end);
		do {
			got = synth_pace_due(&pace, now, 256);
			synth_pace_take(&pace, got);
			made += got;
		} while (got == 256);
	}
	return made;
}

/* To the event: what is due, rounded down. */
static void
paces_without_drift(void **state)
{
	static const uint64_t rates[] = { 1, 3, 7, 400, 99999, 1000000, 14880952, 1000000000 };
	static const uint64_t clocks[] = { 1000000000, 2596142000, 5000000000 };
	unsigned int i, j, workers;
	uint64_t seconds;

	(void)state;
	for (i = 0; i < RTE_DIM(rates); i++) {
		for (j = 0; j < RTE_DIM(clocks); j++) {
			seconds = rates[i] < 1000 ? 100 : 1;
			for (workers = 1; workers <= 3; workers++)
				assert_int_equal(pace_run(rates[i], workers, clocks[j],
							 clocks[j] / 500, seconds * clocks[j] + 1),
					rates[i] * seconds / workers);
		}
	}
}

static void
catches_up_in_bounds(void **state)
{
	const uint64_t hz = 2000000000;
	struct synth_pace pace = { 0 };

	(void)state;
	/* 10 ms of a fast rate, two events of a slow one, however long the wait */
	synth_pace_init(&pace, 100000, 1, hz);
	assert_int_equal(synth_pace_due(&pace, 1, UINT16_MAX), 0);
	assert_int_equal(synth_pace_due(&pace, 1 + hz, UINT16_MAX), 1000);
	assert_int_equal(synth_pace_due(&pace, 1 + hz, 32), 32);
	synth_pace_take(&pace, 1000);
	assert_int_equal(synth_pace_due(&pace, 1 + hz, UINT16_MAX), 0);
	pace = (struct synth_pace){ 0 };
	synth_pace_init(&pace, UINT64_C(10000000000), 1, hz);
	assert_int_equal(synth_pace_due(&pace, 1, UINT16_MAX), 0);
	assert_int_equal(synth_pace_due(&pace, 1 + (UINT64_C(1) << 63), UINT16_MAX), UINT16_MAX);
	pace = (struct synth_pace){ 0 };
	synth_pace_init(&pace, 1, 4, hz);
	assert_int_equal(synth_pace_due(&pace, 1, UINT16_MAX), 0);
	assert_int_equal(synth_pace_due(&pace, UINT64_MAX, UINT16_MAX), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_by_zipf),
		cmocka_unit_test(paces_without_drift),
		cmocka_unit_test(catches_up_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
