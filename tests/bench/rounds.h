/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What the benchmarks share: rounds that visit every side in turn, so that a noisy machine hurts
 * all alike; medians, spread, and each side's ratio to the first one round by round.
 */
#ifndef WEIR_BENCH_ROUNDS_H
#define WEIR_BENCH_ROUNDS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Most rounds and sides of a benchmark. */
#define ROUNDS_MAX 101
#define SIDES_MAX 16

/* One of the things compared. */
struct side {
	const char *name;
	/* Run once; the figure of that round, for example events a second. */
	double (*run)(void);
	double figures[ROUNDS_MAX];
};

static inline int
rounds_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The share-th quantile of n figures, which are sorted in place. */
static inline double
rounds_quantile(double figures[], unsigned int n, double share)
{
	qsort(figures, n, sizeof(*figures), rounds_compare);
	return figures[(unsigned int)(share * (n - 1) + 0.5)];
}

/* Every side once a round; the first round warms up and does not count. */
static inline void
rounds_run(struct side sides[], unsigned int n_sides, unsigned int rounds)
{
	for (unsigned int i = 0; i < n_sides; i++)
		sides[i].run();
	for (unsigned int r = 0; r < rounds; r++)
		for (unsigned int i = 0; i < n_sides; i++)
			sides[i].figures[r] = sides[i].run();
}

/* The table: median, quartiles, and the median of the rounds' ratios to the first side. */
static inline void
rounds_print(struct side sides[], unsigned int n_sides, unsigned int rounds, const char *unit,
	double scale)
{
	double ratios[SIDES_MAX][ROUNDS_MAX];

	for (unsigned int i = 0; i < n_sides; i++)
		for (unsigned int r = 0; r < rounds; r++)
			ratios[i][r] = sides[i].figures[r] / sides[0].figures[r];
	printf("%-24s %10s %10s %10s %8s %8s %8s\n", unit, "median", "quartile1", "quartile3",
		"ratio", "r.q1", "r.q3");
	for (unsigned int i = 0; i < n_sides; i++) {
		double *f = sides[i].figures;

		printf("%-24s %10.2f %10.2f %10.2f", sides[i].name,
			rounds_quantile(f, rounds, 0.5) * scale,
			rounds_quantile(f, rounds, 0.25) * scale,
			rounds_quantile(f, rounds, 0.75) * scale);
		printf(" %8.3f %8.3f %8.3f\n", rounds_quantile(ratios[i], rounds, 0.5),
			rounds_quantile(ratios[i], rounds, 0.25),
			rounds_quantile(ratios[i], rounds, 0.75));
	}
	fflush(stdout);
}

#endif /* WEIR_BENCH_ROUNDS_H */
