/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Gap markers: events that tell downstream of what was lost before them. */
#include <string.h>

#include "link.h"

struct weir_event *
gap_event(struct weir_worker *worker, struct gap *gap, unsigned int link)
{
	uint64_t now = rte_rdtsc();
	struct weir_event *event;
	struct rte_mbuf *mbuf;

	/* What sheds all the time would fill the ring with markers. */
	if (now - gap->told < rte_get_tsc_hz() / MS_PER_S || worker->pool == NULL)
		return NULL;
	mbuf = fault_hit(FAULT_NO_MBUF) ? NULL : rte_pktmbuf_alloc(worker->pool);
	if (mbuf == NULL)
		return NULL;
	gap->told = now;
	event = weir_mbuf_event(mbuf);
	memset(event, 0, sizeof(*event));
	event->type = WEIR_EVENT_GAP;
	event->prio = WEIR_PRIO_MAX;
	event->flags = weir_mbuf_mark(mbuf);
	event->tsc = gap->last;
	event->port = RTE_MBUF_PORT_INVALID;
	event->gap = (struct weir_gap){
		.count = gap->count,
		.first = gap->first,
		.last = gap->last,
		.link = link,
	};
	gap->count = 0;
	stat_add(&worker->stats->created, 1);
	return event;
}
