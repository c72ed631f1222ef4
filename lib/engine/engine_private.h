/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What the files of this folder share.
 *
 * Who writes what: `control` is written by the control side and, where the number of events is
 * bounded, by sources. A loop with its seats and workers is written by its own lcore while it
 * runs; the control side reads counters, `passes`, `longest`, `finished`, `done`, `tid` and `at`, and sets a
 * worker's `port_gone`. Settings are written before they are published, and never again. Before
 * start and after every loop has finished, the control side may write everything; where one did
 * not return in time, what is not of that loop.
 */
#ifndef WEIR_ENGINE_PRIVATE_H
#define WEIR_ENGINE_PRIVATE_H

#include <pthread.h>
#include <sys/queue.h>
#include <sys/types.h>

#include <rte_spinlock.h>

#include "engine.h"

/* Passes between two housekeepings, about. */
#define HOUSEKEEPING_PASSES 256
/* Where passes take long, 1 / this of a second. */
#define HOUSEKEEPING_A_SECOND 500
/* One pass in so many looks at the clock. */
#define CLOCK_PASSES 16
/* One pass in so many, about, is timed. */
#define SAMPLE_PASSES 64

/* What the control side wants of the workers. */
enum engine_order {
	ORDER_RUN,
	ORDER_DRAIN,   /* sources stop, the others go on until nothing is left */
	ORDER_ABANDON, /* return now */
};

struct __rte_cache_aligned control {
	uint32_t order;
	bool bounded;                    /* whether `budget` counts */
	int64_t budget;                  /* events that sources may still take */
	const struct settings *settings; /* the newest; NULL: as the plan has it */
	uint64_t version;                /* theirs, written after them; 0: none */
};

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

/* A worker's place in the engine. */
struct seat {
	struct gate
		*gates; /* all of the worker's, for the control side: the worker sorts its own */
	unsigned int gate_count;
	struct weir_worker *worker;
	const struct plan_worker *plan;
	const struct node *node;
	struct seat **upstream; /* whose events come here, feedback left out */
	unsigned int upstream_count;
	uint32_t drop_verdicts; /* bits of verdicts that a source drops */
	uint16_t turn;          /* which input is first in the next pass */
	uint64_t in_before;     /* to see whether anything came by a call */
	bool initialised;       /* fini is due */
	uint32_t done;          /* drained: nothing will come out any more */
	uint64_t blocked_pass;  /* the last pass that found work here and no room */
	uint64_t blocked;       /* cycles that its lcore was blocked, and it was too */
	/* the watchdog's, on the control side */
	uint64_t seen_in;
	uint64_t seen_at;
	bool stalled;
};

/* What the kernel says that a thread lost of its CPU. */
struct cpu_loss {
	uint64_t switches;  /* its CPU was given to another thread */
	uint64_t waited_ns; /* it could have run, but another did */
	uint64_t stolen_ns; /* its CPU was not there: the hypervisor's doing */
};

/* The workers of one lcore. */
struct __rte_cache_aligned loop {
	struct weir_engine *engine;
	struct control *control;
	struct seat **seats; /* downstream first, so that room is made before it is needed */
	unsigned int seat_count;
	unsigned int lcore;
	bool launched;
	bool blocked; /* in this pass a worker had work and no room */
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
	uint64_t since; /* TSC of the last change of state */
	uint64_t quiet; /* and of the first pass that moved nothing after one that did */
	uint32_t state;
	uint32_t finished;
	uint64_t passes;
	struct seat *at;  /* the seat that has its turn, or had the last */
	uint64_t longest; /* cycles that a wait of its may take, by the settings that it has */
	pid_t tid;        /* of the thread that runs it; 0: not launched, or not there yet */

	/* The watchdog's, on the control side. */
	uint64_t seen_passes __rte_cache_aligned;
	uint64_t seen_at;
	bool stalled;
	struct cpu_loss lost;     /* since it was first looked at */
	struct cpu_loss lost_all; /* of the thread, when it was last looked at */
	uint64_t lost_at;         /* TSC of that; 0: never */
};

/* What the watchdog sees, by kind. */
enum watch_kind {
	WATCH_STUCK_WORKER,
	WATCH_STUCK_LCORE,
	WATCH_ALL_BLOCKED,
	WATCH_PREEMPTED,
	WATCH_STOLEN,
	WATCH_KINDS
};

struct watch {
	uint64_t counts[WATCH_KINDS];
	uint64_t logged_at[WATCH_KINDS]; /* TSC; 0: never */
	uint64_t progress;               /* of all workers together, and since when it is that */
	uint64_t progress_at;
	bool blocked;
	uint64_t called_at; /* TSC of the last call; 0: none */
	uint64_t gap;       /* cycles between the last two */
	uint64_t ports_at;  /* when the ports' counts were last read */
};

/* A ring of a link, and both its ends. */
struct joint {
	struct rte_ring *ring;
	const struct plan_pair *pair;
	struct lane *lane;
	struct ring_consumer *consumer;
	struct ring_probe *probe;
};

/* A link of the pipeline, on the control side. */
struct link_state {
	const struct link_policy *policy; /* as it was set last */
	uint32_t times;           /* most events that arrive there for one that a worker pulls */
	uint64_t lost[DROP_LINK]; /* as they were announced */
	uint64_t announced_at;    /* TSC; 0: never */
};

/* What a driver counts. */
struct port_counts {
	uint64_t ipackets;
	uint64_t imissed;
	uint64_t ierrors;
	uint64_t rx_nombuf;
	uint64_t opackets;
};

struct port_state {
	struct weir_engine *engine;
	const struct plan_port *plan;
	rte_spinlock_t lock; /* the control side's alone: who asks the driver while it goes away */
	struct port_counts
		before;          /* when the engine was made: the driver may have counted before */
	struct port_counts last; /* since then, when they were last read */
	bool started;
	bool stopped;
	bool gone;      /* the device went away */
	uint32_t busy;  /* the control side sets it up, or stops or closes it, at this moment */
	uint32_t calls; /* of what is done then, at this moment */
};

struct pool_state {
	const struct plan_pool *plan;
	struct rte_mempool *pool;
};

struct weir_engine {
	const struct weir_plan *plan;
	struct weir_engine_conf conf;
	unsigned int id;
	struct control *control;
	struct seat *seats; /* as the plan's workers */
	unsigned int seat_count;
	struct loop *loops;
	unsigned int loop_count;
	struct joint *joints;
	unsigned int joint_count;
	struct link_state *links;  /* as the pipeline's */
	struct settings *settings; /* the newest, and older ones behind; NULL: none */
	pthread_mutex_t setting;   /* held by who sets; never by a worker */
	uint32_t flow_seed;        /* of drop-flow */
	struct port_state *ports;
	unsigned int port_count;
	struct pool_state *pools;
	unsigned int pool_count;
	/* Under the lock of the engines' list: its ports may be looked for, and it is made. */
	bool searched;
	bool ready;
	bool launched;
	bool stop_asked;
	bool stopped;
	bool timed_out;
	bool gave_up;     /* a stop did not wait for lcores any longer: then, or now, */
	unsigned int out; /* so many have not returned */
	struct watch watch;
	uint64_t start_tsc; /* 0: not started */
	uint64_t stop_tsc;
	TAILQ_ENTRY(weir_engine) next;
};

/* list.c: the engines of the process by their names, which differ; shown once they are made. */
int engine_list(struct weir_engine *engine, struct weir_error *error);
void engine_show(struct weir_engine *engine);
/* Whether its ports may be looked for; and a visit to every engine of which that is so. */
void engine_search(struct weir_engine *engine, bool on);
int engine_search_each(int (*visit)(struct weir_engine *engine, void *arg), void *arg);
void engine_unlist(struct weir_engine *engine);

/* engine.c: the loop of an lcore, or NULL; the end of every source's or every stage's state. */
struct loop *engine_loop(const struct weir_engine *engine, unsigned int lcore);
void engine_workers_fini(struct weir_engine *engine, bool sources);

/* build.c: rings, workers, and how they are joined. Undone by engine_unbuild(). */
int engine_build(struct weir_engine *engine, struct weir_error *error);
void engine_unbuild(struct weir_engine *engine);

/* gates.c: what each worker must find room in. After all lanes are joined. */
int engine_gates(struct weir_engine *engine, struct weir_error *error);

/* settings.c: what a link's keys come to on its rings; settings newer than a loop's own, to it. */
void engine_link_settings(const struct weir_pipeline *pipeline, const struct link_conf *conf,
	struct link_settings *settings);
void loop_settings(struct loop *loop);

/* set.c: nothing can be set any more; and what was set is freed, when no loop runs. */
void engine_settings_free(struct weir_engine *engine);

/* wait.c: how a loop waits by what a copy of the plan's pipeline says of its workers. */
void loop_waits_by(const struct loop *loop, const struct weir_pipeline *pipeline,
	struct loop_waits *waits);

/* announce.c: tell the log of what links lose; `last`: the engine is at rest. */
void engine_announce(struct weir_engine *engine, bool last);

/* resources.c: pools and ports. */
int engine_pools_create(struct weir_engine *engine, struct weir_error *error);
unsigned int engine_pools_free(struct weir_engine *engine);
int engine_ports_start(struct weir_engine *engine, struct weir_error *error);
/* The ports are set up: who tells that one is gone need not wait for that any more. */
void engine_ports_ready(struct weir_engine *engine);
/* All but those that an lcore uses which has not returned. */
void engine_ports_stop(struct weir_engine *engine);
struct rte_mempool *engine_pool(const struct weir_engine *engine, int socket);
/* Counts since the engine was made; of a port that is gone, those that were last read. */
void engine_port_counts(struct port_state *port, struct port_counts *counts);
/* Mbufs that are not in the pools. */
unsigned int engine_pools_missing(const struct weir_engine *engine);

/* gone.c: what is done when a port's device goes away. */
int port_watch(const struct port_state *port);
/* The control side is at the device until port_release(), or false: it is gone. */
bool port_claim(struct port_state *port);
void port_release(struct port_state *port);
/* After they were stopped. */
void engine_ports_free(struct weir_engine *engine);

/* run.c: cycles since start, until stop; whether stop gave up the lcore that a seat is on. */
uint64_t engine_cycles(const struct weir_engine *engine);
bool engine_seat_out(const struct weir_engine *engine, const struct seat *seat);

/*
 * What weir_engine_watch() looks for. watch.c: count an event; whether it may be logged. stuck.c:
 * lcores and workers that stand still, and the worker that has an lcore. blocked.c: an engine that
 * stands still. lost.c: threads that lose their CPU; at the end, whatever the time.
 */
bool watch_note(struct weir_engine *engine, enum watch_kind kind, uint64_t now);
void watch_log(const char *format, ...) __rte_format_printf(1, 2);
void watch_stuck_afresh(struct weir_engine *engine);
unsigned int watch_stuck(struct weir_engine *engine, uint64_t now);
const struct seat *loop_busy_seat(const struct loop *loop);
void watch_blocked(struct weir_engine *engine, uint64_t now);
void watch_lost(struct weir_engine *engine, uint64_t now);
void watch_lost_last(struct weir_engine *engine);

/* loop.c: one pass over the workers of an lcore; the loop that does so until told to return. */
int loop_pass(struct loop *loop);
int loop_pass_polled(struct loop *loop);
int loop_main(void *loop);

/* time.c: the time since it was last looked at was spent in this state. */
void loop_spent(struct loop *loop, enum lcore_state state);
/* Cycles in each state up to now, from any thread. */
void loop_cycles(const struct loop *loop, uint64_t cycles[LCORE_STATES]);
/* Fill the shares of its time into a worker's figures. */
void engine_times(const struct weir_engine *engine, const struct seat *seat,
	struct weir_worker_figures *figures);

/* wait.c: how every loop waits, once its ports are started; undone before they stop. */
int engine_waits(struct weir_engine *engine, struct weir_error *error);
void engine_waits_end(struct weir_engine *engine);
/* What `loop` waits by from now on, and how long that may take. */
void loop_waits_take(struct loop *loop, const struct loop_waits *waits);
/* Cycles that may pass between two passes, of the loop that waits longest. */
uint64_t engine_longest_wait(const struct weir_engine *engine);
/* Wait once after a pass that moved nothing, by the policy of what there is to wait for. */
void loop_wait(struct loop *loop);

static inline enum engine_order
control_order(const struct control *control)
{
	return (enum engine_order)__atomic_load_n(&control->order, __ATOMIC_ACQUIRE);
}

#endif /* WEIR_ENGINE_PRIVATE_H */
