/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How long events take: a log-linear histogram, filled by one thread and read when that is done. */
#ifndef WEIR_BENCH_LATENCY_H
#define WEIR_BENCH_LATENCY_H

#include <stdint.h>
#include <string.h>

#include <rte_common.h>

/* Buckets of an octave: a value is known to 1 part in so many. */
#define LATENCY_PARTS 32
#define LATENCY_PARTS_LOG 5

struct latency {
	uint64_t counts[(64 - LATENCY_PARTS_LOG + 1) * LATENCY_PARTS];
	uint64_t n;
	uint64_t max;
};

static inline void
latency_clear(struct latency *latency)
{
	memset(latency, 0, sizeof(*latency));
}

static inline unsigned int
latency_bucket(uint64_t value)
{
	unsigned int octave;

	if (value < LATENCY_PARTS)
		return (unsigned int)value;
	octave = 63 - (unsigned int)__builtin_clzll(value) - LATENCY_PARTS_LOG;
	return (octave + 1) * LATENCY_PARTS + (unsigned int)(value >> octave) % LATENCY_PARTS;
}

/* The greatest value of a bucket. */
static inline uint64_t
latency_value(unsigned int bucket)
{
	unsigned int octave = bucket / LATENCY_PARTS;
	uint64_t part = bucket % LATENCY_PARTS;

	if (octave == 0)
		return part;
	return ((part + LATENCY_PARTS + 1) << (octave - 1)) - 1;
}

static inline void
latency_add(struct latency *latency, uint64_t value)
{
	latency->counts[latency_bucket(value)]++;
	latency->n++;
	latency->max = RTE_MAX(latency->max, value);
}

/* What a share of the values does not exceed; 0 where there are none. */
static inline uint64_t
latency_quantile(const struct latency *latency, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)latency->n), seen = 0;

	for (unsigned int i = 0; i < RTE_DIM(latency->counts); i++) {
		seen += latency->counts[i];
		if (seen > wanted)
			return RTE_MIN(latency_value(i), latency->max);
	}
	return latency->max;
}

#endif /* WEIR_BENCH_LATENCY_H */
