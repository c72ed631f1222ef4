/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Overload: what each drop policy gives when more is offered than the consumer can take.
 *
 *   synth -call-> mark -ring, the policy-> sink
 *
 * `mark` shares the source's lcore; it gives flows a priority and numbers their events. `sink`, on
 * another lcore, works for a fixed time on each event. Its capacity is measured in every round,
 * with `block` and a source without a bound; then each policy is offered 0.5 to 3 times as much.
 * Policies and loads take turns within a round, so that a noisy machine hurts all alike; shown are
 * medians over the rounds. What is promised of the policies is checked, and the exit status is 1
 * where one falls short.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "overload.h"

#define ROUNDS 7
#define COUNT_MS 500
#define COUNT_MS_MIN 50
#define COUNT_MS_MAX 10000
#define CAPACITY_MS 300

const double loads[LOADS] = { 0.5, 1, 1.5, 2, 3 };

static struct results results;

void
die(const char *what, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "bench_overload: %s: %s\n", what, why);
	exit(1);
}

static void
usage(void)
{
	fprintf(stderr,
		"usage: bench_overload [--json FILE] [--ms N] [ROUNDS] [POLICY...]\n"
		"  --json FILE  write all figures there\n"
		"  --ms N       count for so long in each run, %d to %d; %d if left out\n"
		"  ROUNDS       1 to %d, %d if left out\n"
		"  POLICY       one of these; all if left out:\n",
		COUNT_MS_MIN, COUNT_MS_MAX, COUNT_MS, ROUNDS_MAX, ROUNDS);
	for (unsigned int i = 0; i < POLICIES; i++)
		fprintf(stderr, "               %-14s %s\n", policies[i].name, policies[i].meaning);
	exit(2);
}

static unsigned int
number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end != '\0' || n < least || n > most)
		usage();
	return (unsigned int)n;
}

/* A number of rounds, or a policy; whether it was a policy. */
static bool
take_word(const char *word)
{
	for (unsigned int p = 0; p < POLICIES; p++)
		if (strcmp(word, policies[p].name) == 0) {
			results.wanted[p] = true;
			return true;
		}
	results.rounds = number(word, 1, ROUNDS_MAX);
	return false;
}

static const char *
take_options(int argc, char **argv)
{
	const char *json = NULL;
	bool named = false;

	results.rounds = ROUNDS;
	results.count_ms = COUNT_MS;
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "--json") == 0 && more)
			json = argv[++i];
		else if (strcmp(argv[i], "--ms") == 0 && more)
			results.count_ms = number(argv[++i], COUNT_MS_MIN, COUNT_MS_MAX);
		else
			named |= take_word(argv[i]);
	}
	for (unsigned int p = 0; p < POLICIES && !named; p++)
		results.wanted[p] = true;
	return json;
}

/* The main lcore sleeps, on the source's CPU. */
static void
eal_begin(void)
{
	struct bench bench = { .name = "overload" };
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) < 2)
		die("CPUs", "the source and the consumer need one each");
	bench_eal(&bench, NULL);
	results.hugepages = bench.hugepages;
}

/* Events that the sink can take in a second. */
static double
measure_capacity(void)
{
	struct figures figures;

	run_once(&policies[0], 0, CAPACITY_MS, &figures);
	return figures.of[F_GOODPUT] * 1e6;
}

static void
run_round(unsigned int round)
{
	double capacity = measure_capacity();

	results.capacity[round] = capacity * 1e-6;
	for (unsigned int l = 0; l < LOADS; l++)
		for (unsigned int p = 0; p < POLICIES; p++)
			if (results.wanted[p])
				run_once(&policies[p], loads[l] * capacity, results.count_ms,
					&results.of[p][l][round]);
}

int
main(int argc, char **argv)
{
	const char *json = take_options(argc, argv);
	struct claim claims[CLAIMS_MAX];
	unsigned int n;
	int status = 0;

	eal_begin();
	stages_register();
	for (unsigned int r = 0; r < results.rounds; r++) {
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\rround %u of %u\r", r + 1, results.rounds);
		run_round(r);
	}
	show_tables(&results);
	n = claims_judge(&results, claims);
	if (json != NULL)
		json_write(json, &results, claims, n);
	for (unsigned int i = 0; i < n; i++)
		status |= !claims[i].holds;
	rte_eal_cleanup();
	return status;
}
