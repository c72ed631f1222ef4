/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How an lcore waits that has nothing to do, or no room. */
#ifndef WEIR_LIB_LINK_WAIT_H
#define WEIR_LIB_LINK_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/link.h>

struct ring_consumer;
struct weir_worker;

/* What `monitor` watches for a write: the one input of an lcore. */
struct wait_watch {
	const struct ring_consumer *ring; /* its producer's tail; NULL: the queue below, */
	const struct weir_worker *worker; /* which this one polls */
	uint16_t port;
	uint16_t queue;
	bool left; /* the control side's: that port is not touched any more */
};

/* Whether this CPU and its DPDK can watch memory, and can pause until a given time. */
void wait_power(bool *monitor, bool *pause);
/* Whether it can be watched: rings always, a queue where its driver tells what to watch. */
bool wait_watchable(const struct wait_watch *watch);

/* RX queues whose interrupts wake an lcore. */
struct wait_queues;
/* NULL: no memory, or no file descriptor. */
struct wait_queues *wait_queues_create(unsigned int max);
/* Add the queue that a worker polls of a started port; 0, or -errno: it has no interrupts to wait for. */
int wait_queues_add(struct wait_queues *queues, const struct weir_worker *worker);
/* Any thread: whether packets of a queue were found after sleeps that none of its interrupts ended, and
 * never one did; from queue *i on, which is set to it. */
bool wait_queues_silent(const struct wait_queues *queues, unsigned int *i, uint16_t *port,
	uint16_t *queue);
/*
 * Before a port stops or is closed: the queue of a worker wakes nobody any more. Of any thread, while another
 * may wait; of that, what it does at the port is over once it has waited twice. NULL has none.
 */
void wait_queues_leave(struct wait_queues *queues, const struct weir_worker *worker);
/* The queue that was left wakes again, at the port that the worker has now, if that has interrupts. */
void wait_queues_join(struct wait_queues *queues, const struct weir_worker *worker);
/* After all of their ports were left; NULL is nothing. */
void wait_queues_free(struct wait_queues *queues);

/* Of interrupts. */
enum wait_arm {
	WAIT_UNARMED,
	WAIT_ARMED, /* they are on, and the queues are to be looked at again */
	WAIT_SLEPT, /* and no more, but one has slept, and none came */
};

/* How one waits, and how long it has by now. */
struct waiter {
	enum weir_wait how;  /* not auto */
	enum wait_arm armed; /* interrupt */
	uint32_t sleep_ms;   /* interrupt: longest sleep for one; 0: it may not be so long */
	uint64_t min_ns;     /* exponential and interrupt: first wait */
	uint64_t max_ns;     /* longest wait; interrupt: of those before it sleeps */
	uint64_t now_ns;     /* the next wait */
	uint64_t eager;      /* cycles without work below which it looks again at once */
	const struct wait_watch *watch; /* monitor; NULL: nothing, only pause */
	struct wait_queues *queues;     /* interrupt */
};

/* Monitor with nothing to watch, and interrupt without queues, until these are set. */
/* Have this thread's sleeps last no longer than asked by more than ns; what that was before. */
int waiter_slack(int ns);

void waiter_init(struct waiter *waiter, enum weir_wait how, uint64_t min_ns, uint64_t max_ns);
/* No wait is to be longer, before the first one. */
void waiter_bound(struct waiter *waiter, uint64_t ns);
/* Wait once. A thread that has no number with EAL watches nothing: monitor pauses there. */
void waiter_wait(struct waiter *waiter);
/* Sleep once for as long as one may, whatever the policy. */
void waiter_nap(const struct waiter *waiter);
/* No wait is longer, ns. */
uint64_t waiter_longest(const struct waiter *waiter);
/* Whether the next wait gives the CPU to the kernel. */
bool waiter_sleeps(const struct waiter *waiter);
/* Work was done: the next wait is the shortest again. */
void waiter_reset(struct waiter *waiter);
/* The more patient of two ways to wait gives way; positive: a is more patient than b. */
int wait_compare(enum weir_wait a, enum weir_wait b);

#endif /* WEIR_LIB_LINK_WAIT_H */
