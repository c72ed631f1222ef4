/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What the benchmarks share. A program compares sides, in one case or several: pool sizes, say.
 * Of a case every side runs once in each round, in turn, so that a noisy machine hurts all alike;
 * a round before the first warms up and does not count. Shown are the median and the quartiles of
 * each side, and of the ratio, round by round, of the case's reference to that side.
 *
 *     static const struct bench_metric metrics[] = { { "rate", "Mpps" } };
 *     static const struct bench_side sides[] = {
 *             { .name = "weir", .run = weir_run },
 *             { .name = "ring", .run = ring_run, .at_least = { 1.0 } },
 *     };
 *
 *     bench_open(&bench, argc, argv);
 *     bench_eal(&bench, (const char *const[]){ "net_null0", NULL });
 *     bench_case(&bench, "pool 4095", sides, RTE_DIM(sides), 0);
 *     return bench_close(&bench);
 *
 * All of it is for the main lcore. What fails ends the program.
 */
#ifndef WEIR_BENCH_H
#define WEIR_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <rte_common.h>

#define BENCH_ROUNDS 11
/* Fewer rounds are for trying things out; the table then says so. */
#define BENCH_ROUNDS_MIN 7
#define BENCH_ROUNDS_MAX 101
#define BENCH_SIDES_MAX 24
#define BENCH_METRICS_MAX 8

/* What is measured. A program has one metric or several. */
struct bench_metric {
	const char *name; /* "rate", "p99" */
	const char *unit; /* "Mpps", "ns" */
};

/* One of the things compared. */
struct bench_side {
	const char *name;
	/* One round: a figure for each metric of the program, in its unit. */
	void (*run)(const void *arg, double figures[]);
	const void *arg;
	const char *skipped; /* why it cannot run here; NULL: it runs */
	/* What the reference's ratio to this side is meant to be, by metric; 0: nothing. Shown
	 * beside the ratio, and no more. */
	double at_least[BENCH_METRICS_MAX];
	double at_most[BENCH_METRICS_MAX];
};

/* A program. The first fields are its own to fill in. */
struct bench {
	const char *name;  /* "hop": of bench_hop */
	const char *title; /* one line: what is compared */
	const struct bench_metric *metrics;
	unsigned int metric_count;

	unsigned int rounds;
	const char *json_path; /* NULL: no JSON */
	const char *only_case; /* a part of the names of the cases to run; NULL: all */
	const char *only_side; /* likewise of sides */
	bool hugepages;
	json_t *json;
};

/*
 * Read the options [--json FILE] [--case TEXT] [--side TEXT] [ROUNDS]; leave with 2 where they are
 * wrong.
 */
void bench_open(struct bench *bench, int argc, char **argv);

/*
 * Initialise EAL: lcore 0 sleeps and controls, lcores 1 and 2 have a CPU each, as far as there are
 * two. Hugepages are used where enough are free.
 *
 * @param vdevs  devices, ending with NULL; NULL: none
 */
void bench_eal(struct bench *bench, const char *const vdevs[]);

/*
 * Have a vdev that was given to bench_eal() by its name alone be as new, once it was stopped: weir sets up no
 * port that somebody else has configured.
 */
void bench_port_renew(const char *name);

/* bench_eal() with lcores and memory of the program's own. */
void bench_eal_with(struct bench *bench, const char *const vdevs[], const char *lcores,
	unsigned int memory_mb);

/*
 * Run the rounds of a case, print its table, keep it for the JSON.
 *
 * @param reference  index of the side whose ratio to each is shown
 */
void bench_case(struct bench *bench, const char *name, const struct bench_side sides[],
	unsigned int n_sides, unsigned int reference);

/* Write the JSON and end EAL, if it was begun. @return the exit status of the program */
int bench_close(struct bench *bench);

/* End the program for a reason. */
void bench_die(const char *format, ...) __rte_format_printf(1, 2) __rte_noreturn;

/* The share-th quantile of n figures, which are sorted in place. */
double bench_quantile(double figures[], unsigned int n, double share);

#endif /* WEIR_BENCH_H */
