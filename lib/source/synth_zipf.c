/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Rejection-inversion: W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates
 * from monotone discrete distributions", ACM TOMACS 6(3), 1996, section 4. No table, and hardly
 * ever a second draw. In their words: h(x) = x^-e, hat function H(x) = its integral from 1 to x.
 */
#include <math.h>

#include <rte_common.h>

#include "synth_private.h"

/* Nearer to 1 than that, the exponent's own formula cancels out; the logarithm is as exact. */
#define NEARLY_ONE 1e-6
/* Terms of the sum that are added one by one; the integral stands for the rest. */
#define EXACT_TERMS 1000

static double
zipf_h(double exponent, double x)
{
	return pow(x, -exponent);
}

static double
zipf_integral(double exponent, double x)
{
	if (fabs(exponent - 1) < NEARLY_ONE)
		return log(x);
	return (pow(x, 1 - exponent) - 1) / (1 - exponent);
}

static double
zipf_inverse(double exponent, double y)
{
	if (fabs(exponent - 1) < NEARLY_ONE)
		return exp(y);
	return pow(1 + y * (1 - exponent), 1 / (1 - exponent));
}

static double
zipf_weight(double exponent, uint32_t count)
{
	uint32_t exact = RTE_MIN(count, (uint32_t)EXACT_TERMS), k;
	double sum = 0;

	for (k = 1; k <= exact; k++)
		sum += zipf_h(exponent, k);
	return sum + zipf_integral(exponent, count + 0.5) - zipf_integral(exponent, exact + 0.5);
}

void
synth_zipf_init(struct synth_zipf *zipf, uint32_t count, double exponent)
{
	zipf->exponent = exponent;
	zipf->count = count;
	zipf->low = zipf_integral(exponent, 1.5) - 1;
	zipf->high = zipf_integral(exponent, count + 0.5);
	zipf->squeeze =
		2 - zipf_inverse(exponent, zipf_integral(exponent, 2.5) - zipf_h(exponent, 2));
	zipf->weight = zipf_weight(exponent, count);
}

static uint32_t
zipf_draw_skewed(const struct synth_zipf *zipf, uint64_t *random)
{
	double u, x, k;

	do {
		u = zipf->high + synth_random_unit(random) * (zipf->low - zipf->high);
		x = zipf_inverse(zipf->exponent, u);
		k = RTE_MIN(RTE_MAX(floor(x + 0.5), 1.0), zipf->count);
	} while (k - x > zipf->squeeze &&
		u < zipf_integral(zipf->exponent, k + 0.5) - zipf_h(zipf->exponent, k));
	return (uint32_t)k - 1;
}

uint32_t
synth_zipf_draw(const struct synth_zipf *zipf, uint64_t *random)
{
	if (zipf->exponent == 0)
		return (uint32_t)((synth_random(random) >> 32) * (uint64_t)zipf->count >> 32);
	return zipf_draw_skewed(zipf, random);
}

double
synth_zipf_skew(const struct synth_zipf *zipf, uint32_t number)
{
	if (zipf->exponent == 0)
		return 1;
	return zipf->count * zipf_h(zipf->exponent, number + 1.0) / zipf->weight;
}
