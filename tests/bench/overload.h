/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What the parts of bench_overload share: the stages `mark` and `sink`, one run of an engine with
 * them, and what is shown of all runs.
 */
#ifndef WEIR_BENCH_OVERLOAD_H
#define WEIR_BENCH_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include <weir/weir.h>

#define FLOWS 4096
/* Slots for flows, by their hash. */
#define SLOTS (4 * FLOWS)
#define BURST 32
#define RING 1024
#define CLASSES (WEIR_PRIO_MAX + 1)
/* What the consumer does with an event takes so long. */
#define COST_NS 2400
/* Of drop-late: less than it takes to fill the ring at the highest load. */
#define DEADLINE_US 500

#define LOADS 5
#define ROUNDS_MAX 51
#define REASONS_MAX 12

extern const double loads[LOADS];

/* Events whose number is written down, to be looked at after the run; more are only counted. */
#define NOTED_MAX 4096

/* Buckets of the time in the ring: 32 for each power of two. */
#define BUCKETS (64 * 32)

enum phase { PHASE_WARM, PHASE_COUNT, PHASE_AFTER };

/* A flow as `mark` sees it. Of the events counted. */
struct mark_flow {
	uint32_t hash;
	uint32_t offered;
	uint8_t prio;
	bool used;
};

/* Written by the lcore of `mark`. */
struct __rte_cache_aligned mark {
	uint64_t burst;            /* number of the last burst */
	uint64_t offered[CLASSES]; /* of the events counted */
	uint64_t flows;            /* slots used */
	uint32_t level_max;        /* of drop-flow, at any burst that was counted */
	uint32_t held;             /* bursts that were late at the ring; their numbers: */
	uint64_t held_burst[NOTED_MAX];
	struct mark_flow flow[SLOTS];
};

/* A flow as `sink` sees it. */
struct sink_flow {
	uint32_t delivered;
	uint32_t next; /* number of the event that comes next where none is lost */
	uint32_t gaps;
};

/* What arrived of one burst of mark's. */
struct sink_burst {
	uint64_t number;
	uint8_t top_offered;
	uint8_t top; /* arrived: of the top class, */
	uint8_t low; /* of those below */
};

/* Written by the lcore of `sink`. */
struct __rte_cache_aligned sink {
	uint64_t taken; /* all events, counted or not */
	uint64_t ended; /* TSC at the end of the last burst */
	uint64_t delivered[CLASSES];
	uint64_t disorder; /* events that came after a later one of their flow */
	struct sink_burst now;
	uint64_t unfair; /* bursts that lost of the top class, and not all of those below */

	bool counts;               /* the burst in work */
	uint64_t interruptions;    /* events that took longer than their work, and breaks between */
	uint64_t interrupted;      /* cycles that they took in all, */
	uint64_t interrupted_most; /* at once */
	uint64_t late;             /* waited longer than the bound */
	uint64_t late_most;        /* by so many cycles */
	uint64_t overdue;          /* also without the interruptions; their bursts: */
	uint64_t overdue_most;
	uint64_t overdue_burst[NOTED_MAX];
	uint64_t overdue_by[NOTED_MAX];
	uint32_t waits[BUCKETS];
	struct sink_flow flow[SLOTS];
};

/* The run that is on. */
extern struct run {
	uint64_t cost;  /* cycles of work for an event */
	uint64_t bound; /* cycles that an event may wait; 0: as long as it likes */
	const struct weir_engine *engine;
	unsigned int ring; /* of the engine */
	bool levels;       /* look at its level */
	enum phase phase __rte_cache_aligned;
	struct mark mark;
	struct sink sink;
} run;

/* Register `mark` and `sink`. */
void stages_register(void);
/* After a run: what arrived of the last burst. */
void sink_close_burst(struct sink *sink);
/* Middle of a bucket of `waits`, in cycles. */
double bucket_value(unsigned int bucket);

/* Figures of a run. Shares are of what was offered; times in us. */
enum figure {
	F_RATE,      /* that was asked of the source, Mpps */
	F_OFFERED,   /* that came to the ring, Mpps */
	F_GOODPUT,   /* Mpps */
	F_NOT_TAKEN, /* share of `rate` that the source did not take */
	F_LOST,      /* share lost between mark and sink */
	F_P50,
	F_P99,
	F_MAX,
	F_WHOLE, /* flows that lost nothing */
	F_PARTLY,
	F_GONE, /* flows that lost all */
	F_GAPS, /* holes in the flows, in all */
	F_LEVEL,
	F_SURVIVORS,       /* flows that drop-flow never shed in the time counted */
	F_SURVIVORS_WHOLE, /* share of them that lost nothing */
	F_INSIDE,          /* events lost inside, warm-up and drain included */
	F_TOP_OFFERED,     /* events of the top class */
	F_TOP_LOST,        /* of them lost */
	F_UNFAIR,
	F_LATE,
	F_LATE_MOST,
	F_OVERDUE,
	F_OVERDUE_MOST,
	F_INTERRUPTIONS,
	F_INTERRUPTED,      /* us in all */
	F_INTERRUPTED_MOST, /* us at once */
	F_CLASS,            /* share lost of each class */
	F_REASON = F_CLASS + CLASSES,
	F_MAX_FIGURE = F_REASON + REASONS_MAX
};

struct figures {
	double of[F_MAX_FIGURE];
};

/* How a policy is run. */
struct policy {
	const char *name;
	const char *meaning;
	unsigned int settle_ms; /* before events count */
	bool deadline;
	bool levels;
};

#define POLICIES 6
extern const struct policy policies[POLICIES];
/* Names of the reasons of F_REASON; NULL beyond the last. */
extern const char *reasons[REASONS_MAX];

/* Run a policy at a rate in events a second; 0: as fast as the source can. */
void run_once(const struct policy *policy, double rate, unsigned int count_ms,
	struct figures *figures);

/* All that was found. */
struct results {
	unsigned int rounds;
	unsigned int count_ms;
	bool hugepages;
	bool wanted[POLICIES];
	double capacity[ROUNDS_MAX];
	struct figures of[POLICIES][LOADS][ROUNDS_MAX];
};

/* Quantile, 0 to 1, of n values. */
double quantile(const double values[], unsigned int n, double share);
/* Median over the rounds. */
double median(const struct results *results, unsigned int policy, unsigned int load,
	unsigned int figure);
/* Over loads and rounds: sum, greatest. */
double sum(const struct results *results, unsigned int policy, unsigned int figure);
double greatest(const struct results *results, unsigned int policy, unsigned int figure);

void show_tables(const struct results *results);

/* Something that must hold. */
struct claim {
	bool holds;
	char what[96];
	char found[256];
};
#define CLAIMS_MAX 16

/* Judge, print; how many claims there are. */
unsigned int claims_judge(const struct results *results, struct claim claims[CLAIMS_MAX]);

void json_write(const char *path, const struct results *results, const struct claim claims[],
	unsigned int n_claims);

/* End the program for a reason. */
void die(const char *what, const char *why) __rte_noreturn;

#endif /* WEIR_BENCH_OVERLOAD_H */
