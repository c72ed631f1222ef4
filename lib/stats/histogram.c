/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "stats.h"

uint64_t
histogram_value(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * HISTOGRAM_LINEAR)
		return bucket;
	shift = bucket / HISTOGRAM_LINEAR - 1;
	return ((UINT64_C(1) + bucket % HISTOGRAM_LINEAR + HISTOGRAM_LINEAR) << shift) - 1;
}

void
histogram_add(struct histogram *histogram, uint64_t value)
{
	stat_add(&histogram->buckets[histogram_bucket(value)], 1);
	if (value > histogram->max)
		__atomic_store_n(&histogram->max, value, __ATOMIC_RELAXED);
}

void
histogram_sum(struct histogram *sum, const struct histogram *histogram)
{
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum->buckets[i] += stat_read(&histogram->buckets[i]);
	sum->max = RTE_MAX(sum->max, stat_read(&histogram->max));
}

uint64_t
histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += stat_read(&histogram->buckets[i]);
	return count;
}

uint64_t
histogram_quantile(const struct histogram *histogram, uint32_t millionths)
{
	uint64_t count = histogram_count(histogram), max = stat_read(&histogram->max), seen = 0;
	double wanted = (double)count * millionths / 1e6;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS && count > 0; i++) {
		seen += stat_read(&histogram->buckets[i]);
		if (seen > 0 && (double)seen >= wanted)
			return RTE_MIN(histogram_value(i), max);
	}
	return max;
}
