/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What an lcore does: passes over its workers, downstream first; how it waits, what it is told by
 * the control side, and where its time goes.
 *
 * Who writes what: `control` is written by the control side and, where the number of events is
 * bounded, by sources. A loop with its seats and workers is written by one thread, as its `holder` says:
 * by an lcore of EAL, by a thread of the application that gave itself over, or, where nobody holds it, by
 * who polls it, which the application sees to be one at a time. The control side reads counters, `passes`,
 * `longest`, `finished`, `done`, `tid` and `at`, and sets a worker's `port_gone`. Settings are written
 * before they are published, and never again. Before start and after every loop has finished, the control
 * side may write everything; where one did not return in time, what is not of that loop.
 *
 * `holder` is written by who starts, for those to be launched; by a thread that comes for a loop that awaits
 * one; by who stops, for a loop for which none came, in one step with that thread, so that one of the two
 * has it; and by who joins it, once its thread has written `left`, its last access to the loop.
 */
#ifndef WEIR_LIB_LOOP_H
#define WEIR_LIB_LOOP_H

#include <assert.h>
#include <stddef.h>
#include <sys/types.h>

#include "plan/plan.h"

/* What the control side wants of the workers. */
enum loop_order {
	ORDER_RUN,
	ORDER_DRAIN,   /* sources stop, the others go on until nothing is left */
	ORDER_ABANDON, /* return now */
};

struct __rte_cache_aligned control {
	uint32_t order;
	bool bounded;                    /* whether `budget` counts */
	const struct settings *settings; /* the newest; NULL: as the plan has it */
	uint64_t version;                /* theirs, written after them; 0: none */
	/* Events that sources may still take: their line, the rest is read on each pass of all. */
	int64_t budget __rte_cache_aligned;
};
static_assert(offsetof(struct control, budget) % RTE_CACHE_LINE_SIZE == 0, "a line of its own");

/* How the workers of an lcore wait. */
struct loop_waits {
	struct waiter idle;
	struct waiter full;
};

/*
 * What is set of a running engine: all of it as it is in one version. A loop applies what changed
 * since the version that it has.
 */
struct settings {
	uint64_t version;               /* from 1 on */
	struct weir_pipeline *pipeline; /* a copy of the plan's: its live keys as they are now */
	uint64_t *links;                /* for each link, and */
	uint64_t *nodes;                /* for the parameters of each node's type, and */
	uint64_t waits_version;         /* for all waiting: the version of its last change */
	struct loop_waits *waits;       /* of each loop */
	struct settings *older;         /* that a loop still read when it was replaced */
};

/* Where an lcore's time goes: it is in exactly one of these. */
enum lcore_state {
	LCORE_BUSY,     /* passes that moved something */
	LCORE_IDLE,     /* passes that found nothing */
	LCORE_SPINNING, /* waiting on its CPU, with nothing to do */
	LCORE_BLOCKED,  /* passes that found work and no room, and waiting for that */
	LCORE_SLEEPING, /* waiting in the kernel, with nothing to do */
	LCORE_STATES,
};

/* A worker's place in its loop: on lines of its own, for its lcore writes it on each pass. */
struct __rte_cache_aligned seat {
	struct gate
		*gates; /* all of the worker's, for the control side: the worker sorts its own */
	unsigned int gate_count;
	struct weir_worker *worker;
	const struct plan_worker *plan;
	const struct node *node;
	struct seat **upstream; /* whose events come here, feedback left out */
	unsigned int upstream_count;
	struct drops drops; /* what a source drops, */
	bool drops_any;     /* if it drops any */
	uint16_t least;     /* a source with less room goes another way than the usual one */
	uint16_t asked;     /* fewest that a source is asked for */
	uint16_t kept_count;
	struct weir_event *kept[POLL_LEAST]; /* taken with others, for which alone there was room */
	uint64_t came;                       /* to the stage, as of its last pass */
	uint64_t tick_cycles;                /* a tick() is due after so many; 0: no such bound */
	uint64_t ticked;                     /* TSC of the last, where there is a bound */
	bool initialised;                    /* fini is due */
	uint32_t done;                       /* drained: nothing will come out any more */
	uint64_t blocked_pass;               /* the last pass that found work here and no room */
	uint64_t blocked;                    /* cycles that its lcore was blocked, and it was too */
};

/* Who has a loop. */
enum loop_holder {
	HOLDER_NOBODY,   /* who polls it: the application; or who stops the engine, and none else */
	HOLDER_AWAITED,  /* a thread of the application's to come: nobody polls it */
	HOLDER_LAUNCHED, /* an lcore of EAL's */
	HOLDER_RUNNER,   /* a thread of the application's */
};

/* Bytes of a stack that the frames of an lcore hardly go beyond. */
#define LOOP_STACK (32u << 10)

/* The workers of one lcore. */
struct __rte_cache_aligned loop {
	const struct weir_plan *plan;
	struct control *control;
	struct seat **seats; /* downstream first, so that room is made before it is needed */
	unsigned int seat_count;
	unsigned int index; /* which of the engine's */
	unsigned int lcore;
	enum plan_runs runs;
	uint32_t holder; /* enum loop_holder; any thread may read it */
	bool blocked;    /* in this pass a worker had work and no room */
	struct lcore_sample sample;
	struct waiter idle;
	struct waiter full;
	struct wait_watch watch;     /* what `idle` watches, where it does */
	bool watchable;              /* whether anything can */
	struct wait_queues *queues;  /* whose interrupts wake it, or NULL */
	uint32_t until_housekeeping; /* passes */
	uint64_t looked;             /* TSC of the last housekeeping */
	uint64_t look_cycles;
	uint32_t until_sample; /* passes */
	uint64_t random;       /* state of the generator that spreads housekeeping and samples */
	struct weir_event *events[BURST_MAX];
	uint64_t version;             /* of the settings that it has applied */
	const struct settings *holds; /* that it reads just now: not to be freed */

	/* Counters, read by the control side. */
	uint64_t cycles[LCORE_STATES] __rte_cache_aligned;
	uint64_t began; /* TSC of the first pass; 0: there was none. Up to then and all `cycles`, */
	uint64_t since; /* its own: TSC of the last change of state */
	uint64_t quiet; /* and of the first pass that moved nothing after one that did */
	uint32_t state; /* in which it is since; written after what it was in before was counted */
	uint32_t finished;
	uint32_t left; /* it is not touched any more by the thread that held it */
	uint64_t passes;
	struct seat *at;  /* the seat that has its turn, or had the last */
	uint64_t longest; /* cycles that a wait of its may take, by the settings that it has */
	char *stack;     /* LOOP_STACK bytes of it that the frames of its thread are on, likewise */
	pid_t tid;       /* of the thread that holds it, or did; 0: there was none */
	uint64_t marked; /* `passes` when a port of its went away last; it only grows */
};

/* Zeroed before: the loop of an lcore of the plan, without seats yet. */
void loop_init(struct loop *loop, const struct weir_plan *plan, struct control *control,
	unsigned int index, unsigned int lcore);
/* Back to before its first pass. */
void loop_rewind(struct loop *loop);

/* One pass over the workers of an lcore: events moved, or -ESHUTDOWN once there is no more. */
int loop_pass(struct loop *loop);
/* The same for a caller who does other things between: the time since the last was not ours. */
int loop_pass_polled(struct loop *loop);
/* Passes until there is no more, of the thread that holds it, which waits in between; then that leaves it,
 * and must not touch it any more. */
void loop_run(struct loop *loop);
void loop_leave(struct loop *loop);
/* Both: for rte_eal_remote_launch(). */
int loop_main(void *loop);
/* A thread is there to run it: whether it may, for nobody else came. */
bool loop_claim(struct loop *loop);
/* Nobody is to come for it any more, and who stops the engine polls it: whether nobody had. */
bool loop_unclaimed(struct loop *loop);

/*
 * Of an lcore that does not come back: the worker furthest downstream that has events in hand, for
 * the one whose turn it is may have called it; or else that one, and the first before any turn.
 */
const struct seat *loop_busy_seat(const struct loop *loop);

/* Whether one of its workers has events in hand, from any thread. */
bool loop_in_hand(const struct loop *loop);

/* Cycles in each state up to now, from any thread. */
void loop_cycles(const struct loop *loop, uint64_t cycles[LCORE_STATES]);
/* Of those that it was blocked, how many a worker of its was too. */
uint64_t loop_blocked(const struct loop *loop, const struct seat *seat);

/*
 * How it waits, once its ports are started: as planned, as far as they give what that takes. 0, or
 * -ENOMEM. When it has returned it is made to wait for nothing at a port; before a port stops, or is
 * closed, the loop leaves it, of any thread, while it may wait still; freed when no port is left.
 */
int loop_waits_init(struct loop *loop);
void loop_waits_end(struct loop *loop);
void loop_port_leave(struct loop *loop, const struct weir_worker *worker);
/* The port that a worker of it left came back, as another perhaps. */
void loop_port_join(struct loop *loop, const struct weir_worker *worker);
void loop_waits_free(struct loop *loop);
/* How it would wait by what a copy of the plan's pipeline says of its workers. */
void loop_waits_by(const struct loop *loop, const struct weir_pipeline *pipeline,
	struct loop_waits *waits);

/* What a link's keys come to on its rings. */
void link_settings_of(const struct weir_pipeline *pipeline, const struct link_conf *conf,
	struct link_settings *settings);

/* The workers whose gates are looked for, all of an engine's. */
struct gates_of {
	const struct weir_pipeline *pipeline;
	struct seat *seats;
	unsigned int seat_count;
	uint32_t *
		least; /* for each link: what its rings must hold, were it lossless, or are refused */
};

/* What each worker must find room in. After all lanes are joined; 0, or -errno with `error`. */
int loop_gates(const struct gates_of *of, struct weir_error *error);

/* From any thread. */
static inline enum loop_holder
loop_holder(const struct loop *loop)
{
	return (enum loop_holder)__atomic_load_n(&loop->holder, __ATOMIC_ACQUIRE);
}

/* From any thread: how it is run. On the lcore of who started the engine weir launched nothing. */
static inline enum plan_runs
loop_runs(const struct loop *loop)
{
	bool none = __atomic_load_n(&loop->tid, __ATOMIC_RELAXED) == 0;

	return loop->runs == RUNS_LAUNCHED && none && stat_read(&loop->began) != 0 ? RUNS_POLLED :
										     loop->runs;
}

/* From any thread: it is run by one of its own, which has not returned from there. */
static inline bool
loop_held(const struct loop *loop)
{
	return loop_holder(loop) >= HOLDER_LAUNCHED;
}

static inline enum loop_order
control_order(const struct control *control)
{
	return (enum loop_order)__atomic_load_n(&control->order, __ATOMIC_ACQUIRE);
}

#endif /* WEIR_LIB_LOOP_H */
