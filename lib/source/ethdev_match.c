/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The ethdev source where some packets are asked for. */
#include "ethdev_private.h"

/* A burst of which nothing matches is not the end of what came: who gives nothing is taken for idle. */
uint16_t
ethdev_poll_match(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct ethdev_state *s = state;
	struct rte_mbuf *mbufs[BURST_MAX];
	bool foreign = false;
	uint16_t got = 0;

	if (unlikely(worker_port_gone(worker)) || fault_hit(FAULT_SILENT))
		return 0;
	n = RTE_MIN(n, BURST_MAX);
	for (unsigned int i = 0; got == 0 && i < MATCH_BURSTS; i++) {
		got = rte_eth_rx_burst(worker->port, worker->queue, mbufs, n);
		if (got == 0)
			return 0;
		got = source_match(worker, s->match, mbufs, got);
	}
	for (uint16_t i = 0; i < got; i++) {
		events[i] = weir_mbuf_event(mbufs[i]);
		prefetch_write(events[i]);
		foreign |= mbufs[i]->pool != worker->pool;
	}
	if (got > 0)
		got = events_make(worker, s, mbufs, events, got, foreign);
	if (s->cut != 0)
		cut_look(s, events, got);
	return got;
}
