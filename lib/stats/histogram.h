/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Log-linear histograms of cycles: 16 buckets for each power of two, so that no value is off by more
 * than 1/16. One writer each, read from other threads at any time.
 */
#ifndef WEIR_LIB_HISTOGRAM_H
#define WEIR_LIB_HISTOGRAM_H

#include <stdint.h>

#include <rte_common.h>

/* Buckets of a power of two, and powers: what takes longer than 2^48 cycles is in the last one. */
#define HISTOGRAM_LINEAR_BITS 4
#define HISTOGRAM_LINEAR (1u << HISTOGRAM_LINEAR_BITS)
#define HISTOGRAM_POWERS 48
#define HISTOGRAM_BUCKETS ((HISTOGRAM_POWERS - HISTOGRAM_LINEAR_BITS + 1) * HISTOGRAM_LINEAR)

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS];
	uint64_t max;
};

/* The bucket of a value. */
static inline unsigned int
histogram_bucket(uint64_t value)
{
	unsigned int shift;

	value = RTE_MIN(value, (UINT64_C(1) << HISTOGRAM_POWERS) - 1);
	if (value < HISTOGRAM_LINEAR)
		return (unsigned int)value;
	shift = 63u - (unsigned int)__builtin_clzll(value) - HISTOGRAM_LINEAR_BITS;
	return (shift + 1) * HISTOGRAM_LINEAR + (unsigned int)(value >> shift) - HISTOGRAM_LINEAR;
}

/* The greatest value of a bucket. */
uint64_t histogram_value(unsigned int bucket);

/* Add a value: for the histogram's only writer. */
void histogram_add(struct histogram *histogram, uint64_t value);

/* Add all of one to another, which nobody else writes. */
void histogram_sum(struct histogram *sum, const struct histogram *histogram);

/* How many values there are. */
uint64_t histogram_count(const struct histogram *histogram);

/* The least value that so many of a million are not above; 0: there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, uint32_t millionths);

#endif /* WEIR_LIB_HISTOGRAM_H */
