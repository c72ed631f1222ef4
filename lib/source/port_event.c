/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Events that tell of what happened to a port. */
#include <string.h>

#include <rte_cycles.h>

#include "source_private.h"

void
port_changes_put(struct port_changes *changes, uint16_t port, enum weir_port_what what,
	uint32_t speed)
{
	uint32_t put = changes->put;

	if (put - __atomic_load_n(&changes->told, __ATOMIC_ACQUIRE) == PORT_CHANGES)
		return;
	changes->change[put % PORT_CHANGES] = (struct weir_port_change){
		.at = rte_rdtsc(),
		.what = what,
		.speed = speed,
	};
	changes->port[put % PORT_CHANGES] = port;
	__atomic_store_n(&changes->put, put + 1, __ATOMIC_RELEASE);
}

struct weir_event *
port_event(struct weir_worker *worker)
{
	struct port_changes *changes = worker->changes;
	uint32_t told = changes->told;
	struct weir_event *event;
	struct rte_mbuf *mbuf;

	if (told == __atomic_load_n(&changes->put, __ATOMIC_ACQUIRE))
		return NULL;
	mbuf = fault_hit(FAULT_NO_MBUF) ? NULL : rte_pktmbuf_alloc(worker->pool);
	if (mbuf == NULL)
		return NULL;
	event = weir_mbuf_event(mbuf);
	memset(event, 0, sizeof(*event));
	event->type = WEIR_EVENT_PORT;
	event->prio = WEIR_PRIO_MAX;
	event->flags = weir_mbuf_mark(mbuf);
	event->tsc = rte_rdtsc();
	event->port = changes->port[told % PORT_CHANGES];
	event->queue = worker->queue;
	event->change = changes->change[told % PORT_CHANGES];
	__atomic_store_n(&changes->told, told + 1, __ATOMIC_RELEASE);
	stat_add(&worker->stats->created, 1);
	return event;
}
