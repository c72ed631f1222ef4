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

struct wait_queue {
	uint16_t port;
	uint16_t queue;
	bool switched; /* else the driver keeps its interrupts on */
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

int
wait_queues_add(struct wait_queues *queues, uint16_t port, uint16_t queue)
{
	struct wait_queue *own = &queues->queue[queues->count];
	int rc = rte_eth_dev_rx_intr_ctl_q(port, queue, queues->epoll, RTE_INTR_EVENT_ADD, NULL);

	if (rc != 0)
		return rc < 0 ? rc : -EIO;
	*own = (struct wait_queue){ .port = port, .queue = queue };
	/* A driver whose queue is a file of the kernel's (net_tap) has nothing to switch. */
	rc = rte_eth_dev_rx_intr_enable(port, queue);
	own->switched = rc == 0;
	if (rc == 0)
		rte_eth_dev_rx_intr_disable(port, queue);
	if (rc == 0 || rc == -ENOTSUP) {
		queues->count++;
		return 0;
	}
	rte_eth_dev_rx_intr_ctl_q(port, queue, queues->epoll, RTE_INTR_EVENT_DEL, NULL);
	return rc;
}

void
wait_queues_free(struct wait_queues *queues)
{
	if (queues == NULL)
		return;
	wait_queues_disarm(queues);
	for (unsigned int i = 0; i < queues->count; i++)
		/* A port that went away has taken its queues out by itself. */
		if (rte_eth_dev_is_valid_port(queues->queue[i].port))
			rte_eth_dev_rx_intr_ctl_q(queues->queue[i].port, queues->queue[i].queue,
				queues->epoll, RTE_INTR_EVENT_DEL, NULL);
	close(queues->epoll);
	free(queues);
}

int
wait_queues_arm(struct wait_queues *queues)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < queues->count; i++)
		if (queues->queue[i].switched)
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
		if (queues->queue[i].switched && rte_eth_dev_is_valid_port(queues->queue[i].port))
			rte_eth_dev_rx_intr_disable(queues->queue[i].port, queues->queue[i].queue);
}

void
wait_queues_sleep(struct wait_queues *queues, uint32_t ms)
{
	struct rte_epoll_event events[EVENTS_MAX];

	rte_epoll_wait(queues->epoll, events, EVENTS_MAX, (int)ms);
}
