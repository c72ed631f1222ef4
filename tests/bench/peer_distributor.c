/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * rte_distributor in bursts: the lcore that polls the port distributes, by the flow. The workers
 * return no packets, but put them back themselves.
 */
#include <rte_distributor.h>
#include <rte_errno.h>

#include "bench.h"
#include "peers.h"

#define WORKERS_MAX 2
/* Most packets that a worker gets at once. */
#define GET_MAX 8

/* There is no function that frees a distributor: of each width one is made. */
static struct {
	struct rte_distributor *of;
	bool asked; /* its workers have asked for their first packets */
} distributors[WORKERS_MAX + 1];

static int
produce(void *arg)
{
	struct rte_distributor *d = distributors[rig.now.sinks].of;
	struct rte_mbuf *mbufs[RIG_BURST];

	(void)arg;
	while (!rig_stopping()) {
		unsigned int n = rig_poll(0, mbufs), sent = 0;

		for (unsigned int s = 0; s < rig.now.before; s++)
			rig_handle(&rig.before[s], mbufs, n);
		for (unsigned int i = 0; i < n; i++)
			mbufs[i]->hash.usr = weir_mbuf_event(mbufs[i])->hash;
		while (sent < n)
			sent += (unsigned int)rte_distributor_process(d, mbufs + sent, n - sent);
	}
	rte_distributor_flush(d);
	rig_end_sources();
	return 0;
}

static int
consume(void *arg)
{
	struct rte_distributor *d = distributors[rig.now.sinks].of;
	struct rte_mbuf *mbufs[GET_MAX];

	(void)arg;
	for (unsigned int w = 0; w < rig.now.sinks && !distributors[rig.now.sinks].asked; w++)
		rte_distributor_request_pkt(d, w, NULL, 0);
	distributors[rig.now.sinks].asked = true;
	while (!rig_finished()) {
		for (unsigned int w = 0; w < rig.now.sinks; w++) {
			int got = rte_distributor_poll_pkt(d, w, mbufs);

			if (got < 0)
				continue;
			rte_distributor_request_pkt(d, w, NULL, 0);
			rig_handle(&rig.after[w], mbufs, (unsigned int)got);
			for (unsigned int s = 1; s < rig.now.after; s++)
				rig_handle(&rig.after[rig.now.sinks + s], mbufs, (unsigned int)got);
			rig_put(mbufs, (unsigned int)got);
		}
	}
	return 0;
}

void
distributor_run(const void *how, double figures[])
{
	const struct distributor_how *distributor_how = how;
	struct rte_distributor **d = &distributors[rig.now.sinks].of;

	if (*d == NULL)
		*d = rte_distributor_create(rig.now.sinks > 1 ? "fan" : "hop", 0, rig.now.sinks,
			RTE_DIST_ALG_BURST);
	if (*d == NULL)
		bench_die("distributor: %s", rte_strerror(rte_errno));
	figures[0] = rig_run(produce, consume, distributor_how->back, false);
}
