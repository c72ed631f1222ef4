/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Sleeping until an RX queue raises an interrupt. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_epoll.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>

#include "wait_private.h"

/* Interrupts taken at once; others stay pending. */
#define EVENTS_MAX 16
/* Packets that came in the moment between a sleep and the look after it are not found so often. */
#define SILENT_FOUND 8

struct wait_queue {
	const struct weir_worker
		*worker; /* who polls it: ids of ports that come back are given anew */
	uint16_t port;
	uint16_t queue;
	bool switched;      /* else the driver keeps its interrupts on */
	bool left;          /* by the control side: the port may not be there any more */
	const uint64_t *in; /* what came of it, */
	uint64_t before;    /* as it was before the last sleep */
	uint64_t woken;     /* sleeps that an interrupt of it ended; any thread reads it, */
	uint64_t found;     /* and this: times that something had come though none did */
};

struct wait_queues {
	int epoll; /* of its own: who waits on the thread's is the application's business */
	unsigned int count;
	struct wait_queue queue[];
};

struct wait_queues *
wait_queues_create(unsigned int max)
{
	struct wait_queues *queues = calloc(1, sizeof(*queues) + max * sizeof(queues->queue[0]));

	if (queues == NULL)
		return NULL;
	queues->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (queues->epoll >= 0)
		return queues;
	free(queues);
	return NULL;
}

/* Have a queue wake, and see whether its interrupts are to be switched: 0, or -errno: it has none. */
static int
queue_wake(const struct wait_queues *queues, struct wait_queue *own)
{
	int rc = rte_eth_dev_rx_intr_ctl_q(own->port, own->queue, queues->epoll, RTE_INTR_EVENT_ADD,
		own);

	if (rc != 0)
		return rc < 0 ? rc : -EIO;
	/* A driver whose queue is a file of the kernel's (net_tap) has nothing to switch. */
	rc = rte_eth_dev_rx_intr_enable(own->port, own->queue);
	own->switched = rc == 0;
	if (rc == 0)
		rte_eth_dev_rx_intr_disable(own->port, own->queue);
	if (rc == 0 || rc == -ENOTSUP)
		return 0;
	rte_eth_dev_rx_intr_ctl_q(own->port, own->queue, queues->epoll, RTE_INTR_EVENT_DEL, NULL);
	return rc;
}

int
wait_queues_add(struct wait_queues *queues, const struct weir_worker *worker)
{
	struct wait_queue *own = &queues->queue[queues->count];
	int rc;

	*own = (struct wait_queue){ .worker = worker,
		.port = worker->port,
		.queue = worker->queue,
		.in = &worker->stats->in };
	rc = queue_wake(queues, own);
	queues->count += rc == 0;
	return rc;
}

void
wait_queues_join(struct wait_queues *queues, const struct weir_worker *worker)
{
	for (unsigned int i = 0; queues != NULL && i < queues->count; i++) {
		struct wait_queue *own = &queues->queue[i];

		if (own->worker != worker || !own->left)
			continue;
		own->port = worker->port;
		if (queue_wake(queues, own) == 0)
			__atomic_store_n(&own->left, false, __ATOMIC_RELEASE);
	}
}

void
wait_queues_leave(struct wait_queues *queues, const struct weir_worker *worker)
{
	for (unsigned int i = 0; queues != NULL && i < queues->count; i++) {
		struct wait_queue *own = &queues->queue[i];

		if (own->worker != worker || own->left)
			continue;
		__atomic_store_n(&own->left, true, __ATOMIC_RELAXED);
		rte_eth_dev_rx_intr_ctl_q(own->port, own->queue, queues->epoll, RTE_INTR_EVENT_DEL,
			NULL);
	}
}

void
wait_queues_free(struct wait_queues *queues)
{
	if (queues == NULL)
		return;
	close(queues->epoll);
	free(queues);
}

/* Whether there are interrupts to switch, at a port that is there. */
static bool
queue_switches(const struct wait_queue *queue)
{
	return !__atomic_load_n(&queue->left, __ATOMIC_ACQUIRE) && queue->switched;
}

int
wait_queues_arm(struct wait_queues *queues)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < queues->count; i++)
		if (queue_switches(&queues->queue[i]))
			rc = rte_eth_dev_rx_intr_enable(queues->queue[i].port,
				queues->queue[i].queue);
	if (rc != 0)
		wait_queues_disarm(queues);
	return rc;
}

void
wait_queues_disarm(struct wait_queues *queues)
{
	for (unsigned int i = 0; i < queues->count; i++)
		if (queue_switches(&queues->queue[i]))
			rte_eth_dev_rx_intr_disable(queues->queue[i].port, queues->queue[i].queue);
}

bool
wait_queues_sleep(struct wait_queues *queues, uint32_t ms)
{
	struct rte_epoll_event events[EVENTS_MAX];
	int n;

	for (unsigned int i = 0; i < queues->count; i++)
		queues->queue[i].before = *queues->queue[i].in;
	n = rte_epoll_wait(queues->epoll, events, EVENTS_MAX, (int)ms);
	for (int i = 0; i < n; i++)
		stat_add(&((struct wait_queue *)events[i].epdata.data)->woken, 1);
	return n > 0;
}

void
wait_queues_found(struct wait_queues *queues)
{
	for (unsigned int i = 0; i < queues->count; i++)
		if (*queues->queue[i].in != queues->queue[i].before)
			stat_add(&queues->queue[i].found, 1);
}

bool
wait_queues_silent(const struct wait_queues *queues, unsigned int *i, uint16_t *port,
	uint16_t *queue)
{
	for (; queues != NULL && *i < queues->count; (*i)++) {
		const struct wait_queue *own = &queues->queue[*i];

		if (stat_read(&own->woken) > 0 || stat_read(&own->found) < SILENT_FOUND)
			continue;
		*port = own->port;
		*queue = own->queue;
		return true;
	}
	return false;
}
