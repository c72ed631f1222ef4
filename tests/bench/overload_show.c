/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What all runs together show: the tables, and whether what is promised holds. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overload.h"

#define TOP WEIR_PRIO_MAX
/* Least goodput at the highest load, of that at 1; least share of surviving flows without loss. */
#define GOODPUT_LEAST 0.95
#define SURVIVORS_LEAST 0.99
/* The consumer was away for too long to blame the policy: a good part of the ring's time. */
#define AWAY_US 500
/* In loads[]. */
#define LOAD_ONE 1
#define LOAD_MOST (LOADS - 1)
/* Less than that of a source's rate comes to the ring: the load is not what the table says. */
#define OFFERED_LEAST 0.98

/* In policies[]. */
enum { P_BLOCK, P_PRIORITY = 3, P_FLOW, P_LATE };

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
quantile(const double values[], unsigned int n, double of_all)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), compare);
	return sorted[(unsigned int)(of_all * (n - 1) + 0.5)];
}

double
median(const struct results *results, unsigned int policy, unsigned int load, unsigned int figure)
{
	double values[ROUNDS_MAX];

	for (unsigned int r = 0; r < results->rounds; r++)
		values[r] = results->of[policy][load][r].of[figure];
	return quantile(values, results->rounds, 0.5);
}

double
sum(const struct results *results, unsigned int policy, unsigned int figure)
{
	double all = 0;

	for (unsigned int l = 0; l < LOADS; l++)
		for (unsigned int r = 0; r < results->rounds; r++)
			all += results->of[policy][l][r].of[figure];
	return all;
}

double
greatest(const struct results *results, unsigned int policy, unsigned int figure)
{
	double most = 0;

	for (unsigned int l = 0; l < LOADS; l++)
		for (unsigned int r = 0; r < results->rounds; r++)
			most = RTE_MAX(most, results->of[policy][l][r].of[figure]);
	return most;
}

static void
show_reasons(const struct results *results, unsigned int policy, unsigned int load)
{
	const char *between = "";

	for (unsigned int i = 0; i < REASONS_MAX && reasons[i] != NULL; i++) {
		double of_all = median(results, policy, load, F_REASON + i);

		/* Less is shown as none. */
		if (of_all < 0.0005)
			continue;
		printf("%s%s %.1f", between, reasons[i], of_all * 100);
		between = ", ";
	}
	printf("\n");
}

/* Of the classes between the lowest and the top. */
static double
lost_between(const struct results *results, unsigned int policy, unsigned int load)
{
	double all = 0;

	for (unsigned int c = 1; c < TOP; c++)
		all += median(results, policy, load, F_CLASS + c);
	return all / (TOP - 1);
}

static void
show_load(const struct results *results, unsigned int policy, unsigned int load)
{
	/* A source that has been behind catches up: it may have taken more than its rate. */
	double not_taken = RTE_MAX(median(results, policy, load, F_NOT_TAKEN), 0.0);

	printf("  %3.1fx %8.3f %8.3f %7.1f %6.1f %7.0f %6.0f", loads[load],
		median(results, policy, load, F_OFFERED), median(results, policy, load, F_GOODPUT),
		not_taken * 100, median(results, policy, load, F_LOST) * 100,
		median(results, policy, load, F_P50), median(results, policy, load, F_P99));
	printf("   %5.1f %5.1f %5.1f", median(results, policy, load, F_CLASS) * 100,
		lost_between(results, policy, load) * 100,
		median(results, policy, load, F_CLASS + TOP) * 100);
	printf("   %5.0f %5.0f %5.0f   ", median(results, policy, load, F_WHOLE),
		median(results, policy, load, F_PARTLY), median(results, policy, load, F_GONE));
	show_reasons(results, policy, load);
}

void
show_tables(const struct results *results)
{
	printf("overload: medians of %u rounds of %u ms, %s\n"
	       "a consumer of %.3f Mpps (%.3f to %.3f), a ring of %d, bursts of %d, %d flows\n\n"
	       "  offered, goodput  Mpps to the ring, out of the consumer\n"
	       "  not taken         %% of its rate that the source did not take\n"
	       "  lost              %% of what was offered; by priority, and by reason\n"
	       "  p50, p99          time in the ring, us\n"
	       "  flows             that lost nothing, something, everything\n",
		results->rounds, results->count_ms,
		results->hugepages ? "hugepages" : "no hugepages",
		quantile(results->capacity, results->rounds, 0.5),
		quantile(results->capacity, results->rounds, 0),
		quantile(results->capacity, results->rounds, 1), RING, BURST, FLOWS);
	for (unsigned int p = 0; p < POLICIES; p++) {
		if (!results->wanted[p])
			continue;
		printf("\n%s: %s\n"
		       "  load  offered  goodput   not    lost     p50    p99     lost of class    "
		       "       flows          lost by reason\n"
		       "                          taken                            0   1-6     7   "
		       "whole partly gone\n",
			policies[p].name, policies[p].meaning);
		for (unsigned int l = 0; l < LOADS; l++)
			show_load(results, p, l);
	}
	printf("\n");
}

/* What is claimed, whether it holds, and the figure that shows it. */
struct judge {
	struct claim *claims;
	unsigned int n;
};

static __rte_format_printf(4, 5) void claim(struct judge *judge, bool holds, const char *what,
	const char *format, ...)
{
	struct claim *claim = &judge->claims[judge->n++];
	va_list args;

	claim->holds = holds;
	snprintf(claim->what, sizeof(claim->what), "%s", what);
	va_start(args, format);
	vsnprintf(claim->found, sizeof(claim->found), format, args);
	va_end(args);
	printf("%-10s  %s: %s\n", holds ? "ok" : "FELL SHORT", claim->what, claim->found);
}

/* The load that the table speaks of is that which came to the ring. */
static void
judge_source(const struct results *results, struct judge *judge)
{
	double least = 1;
	bool any = false;

	for (unsigned int p = P_BLOCK + 1; p < POLICIES; p++)
		for (unsigned int l = 0; results->wanted[p] && l < LOADS; l++) {
			any = true;
			least = RTE_MIN(least, 1 - median(results, p, l, F_NOT_TAKEN));
		}
	if (any)
		claim(judge, least >= OFFERED_LEAST, "the source is not the bottleneck",
			"at least %.1f %% of its rate came to the ring, of %.0f %%", least * 100,
			OFFERED_LEAST * 100);
}

static void
judge_goodput(const struct results *results, struct judge *judge, unsigned int policy)
{
	double ratios[ROUNDS_MAX], middle;
	char what[96];

	for (unsigned int r = 0; r < results->rounds; r++)
		ratios[r] = results->of[policy][LOAD_MOST][r].of[F_GOODPUT] /
			results->of[policy][LOAD_ONE][r].of[F_GOODPUT];
	middle = quantile(ratios, results->rounds, 0.5);
	snprintf(what, sizeof(what), "%s: goodput at 3x, of that at 1x", policies[policy].name);
	claim(judge, middle >= GOODPUT_LEAST, what, "%.1f %% (%.1f to %.1f), of %.0f %%",
		middle * 100, quantile(ratios, results->rounds, 0) * 100,
		quantile(ratios, results->rounds, 1) * 100, GOODPUT_LEAST * 100);
}

static void
judge_block(const struct results *results, struct judge *judge)
{
	double lost = sum(results, P_BLOCK, F_INSIDE);

	claim(judge, lost == 0, "block: nothing is lost inside",
		"%.0f events lost; at 3x the source did not take %.1f %% of its rate", lost,
		median(results, P_BLOCK, LOAD_MOST, F_NOT_TAKEN) * 100);
}

static void
judge_priority(const struct results *results, struct judge *judge)
{
	double unfair = sum(results, P_PRIORITY, F_UNFAIR);

	claim(judge, unfair == 0, "drop-priority: no top class lost while a lower one is admitted",
		"%.0f bursts where it was; lost of the top class %.0f of %.0f events", unfair,
		sum(results, P_PRIORITY, F_TOP_LOST), sum(results, P_PRIORITY, F_TOP_OFFERED));
}

/*
 * What the share is where the consumer kept its CPU: who is away for longer than it takes to fill
 * the ring loses of all flows.
 */
static void
judge_flow_quiet(const struct results *results, char text[], size_t size)
{
	unsigned int reached = 0, quiet = 0, quiet_reached = 0;

	for (unsigned int l = 0; l < LOADS; l++)
		for (unsigned int r = 0; r < results->rounds; r++) {
			const double *of = results->of[P_FLOW][l][r].of;
			bool whole = of[F_SURVIVORS_WHOLE] >= SURVIVORS_LEAST;
			bool kept = of[F_INTERRUPTED_MOST] < AWAY_US;

			reached += whole;
			quiet += kept;
			quiet_reached += kept && whole;
		}
	snprintf(text, size,
		"reached in %u of %u runs, in %u of the %u where no CPU was away for %d us",
		reached, LOADS * results->rounds, quiet_reached, quiet, AWAY_US);
}

static void
judge_flow(const struct results *results, struct judge *judge)
{
	double least = 1, of_least = 0;
	char quiet[112];

	judge_flow_quiet(results, quiet, sizeof(quiet));
	for (unsigned int l = 0; l < LOADS; l++) {
		double whole = median(results, P_FLOW, l, F_SURVIVORS_WHOLE);

		if (whole < least || l == 0) {
			least = whole;
			of_least = loads[l];
		}
	}
	claim(judge, least >= SURVIVORS_LEAST, "drop-flow: surviving flows that lost no packet",
		"%.2f %% at %.1fx, of %.0f %% (%s); at 3x %.0f survive, %.0f are partly shed, %.0f "
		"wholly",
		least * 100, of_least, SURVIVORS_LEAST * 100, quiet,
		median(results, P_FLOW, LOAD_MOST, F_SURVIVORS),
		median(results, P_FLOW, LOAD_MOST, F_PARTLY),
		median(results, P_FLOW, LOAD_MOST, F_GONE));
}

static void
judge_late(const struct results *results, struct judge *judge)
{
	double overdue = sum(results, P_LATE, F_OVERDUE);

	claim(judge, overdue == 0, "drop-late: none waited longer than the deadline and a burst",
		"%.0f did, by %.1f us at most; %.0f more, by up to %.0f us, as a CPU was away (%.0f "
		"times, %.1f ms in all)",
		overdue, greatest(results, P_LATE, F_OVERDUE_MOST),
		sum(results, P_LATE, F_LATE) - overdue, greatest(results, P_LATE, F_LATE_MOST),
		sum(results, P_LATE, F_INTERRUPTIONS), sum(results, P_LATE, F_INTERRUPTED) / 1000);
}

unsigned int
claims_judge(const struct results *results, struct claim claims[CLAIMS_MAX])
{
	static const struct {
		unsigned int policy;
		void (*judge)(const struct results *results, struct judge *judge);
	} own[] = {
		{ P_BLOCK, judge_block },
		{ P_PRIORITY, judge_priority },
		{ P_FLOW, judge_flow },
		{ P_LATE, judge_late },
	};
	struct judge judge = { .claims = claims };

	judge_source(results, &judge);
	for (unsigned int p = 0; p < POLICIES; p++)
		if (results->wanted[p])
			judge_goodput(results, &judge, p);
	for (unsigned int i = 0; i < RTE_DIM(own); i++)
		if (results->wanted[own[i].policy])
			own[i].judge(results, &judge);
	return judge.n;
}
