/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Hand-written loops over rte_rings of mbufs, with one producer and one consumer each. */
#include <stdio.h>

#include <rte_errno.h>
#include <rte_ring.h>

#include "bench.h"
#include "peers.h"

#define STAGES_MAX 4
#define SINKS_MAX 2

static struct {
	const struct loop_how *how;
	/* From each source to each worker of the first stage behind the change of lcores. */
	struct rte_ring *across[RIG_QUEUES_MAX][SINKS_MAX];
	/* In front of each stage on one lcore. */
	struct rte_ring *within[STAGES_MAX];
} loop;

static struct rte_ring *
ring_make(void)
{
	static unsigned int made;
	struct rte_ring *ring;
	char name[32];

	snprintf(name, sizeof(name), "loop%u", made++);
	ring = rte_ring_create(name, rig.now.ring, 0,
		RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (ring == NULL)
		bench_die("ring: %s", rte_strerror(rte_errno));
	return ring;
}

/* All of a burst, however long the consumer takes. */
static void
send(struct rte_ring *ring, struct rte_mbuf *mbufs[], unsigned int n)
{
	unsigned int sent = 0;

	while (sent < n)
		sent += rte_ring_sp_enqueue_burst(ring, (void **)(mbufs + sent), n - sent, NULL);
}

/* Each packet to the worker of its flow. */
static void
send_by_flow(struct rte_ring *rings[], struct rte_mbuf *mbufs[], unsigned int n)
{
	struct rte_mbuf *part[SINKS_MAX][RIG_BURST];
	unsigned int count[SINKS_MAX] = { 0 };

	for (unsigned int i = 0; i < n; i++) {
		unsigned int sink = (weir_mbuf_event(mbufs[i])->hash >> 24) % SINKS_MAX;

		part[sink][count[sink]++] = mbufs[i];
	}
	for (unsigned int s = 0; s < SINKS_MAX; s++)
		send(rings[s], part[s], count[s]);
}

static int
produce(void *arg)
{
	struct rte_mbuf *mbufs[RIG_BURST];

	(void)arg;
	while (!rig_stopping()) {
		for (uint16_t q = 0; q < rig.now.queues; q++) {
			unsigned int n = rig_poll(q, mbufs);

			for (unsigned int s = 0; s < rig.now.before; s++)
				rig_handle(&rig.before[s], mbufs, n);
			if (rig.now.sinks > 1)
				send_by_flow(loop.across[q], mbufs, n);
			else
				send(loop.across[q][0], mbufs, n);
		}
	}
	rig_end_sources();
	return 0;
}

static unsigned int
take(struct rte_ring *ring, struct rte_mbuf *mbufs[])
{
	unsigned int n = rte_ring_sc_dequeue_burst(ring, (void **)mbufs, RIG_BURST, NULL);

	for (unsigned int i = 0; loop.how->prefetch && i < n; i++)
		rte_prefetch0(weir_mbuf_event(mbufs[i]));
	return n;
}

/* The stages behind the hop: the workers of the first have tallies of their own. */
static void
finish(unsigned int sink, struct rte_mbuf *mbufs[], unsigned int n)
{
	rig_handle(&rig.after[sink], mbufs, n);
	for (unsigned int s = 1; s < rig.now.after; s++)
		rig_handle(&rig.after[rig.now.sinks + s], mbufs, n);
	rig_put(mbufs, n);
}

static int
consume(void *arg)
{
	struct rte_mbuf *mbufs[RIG_BURST];
	unsigned int moved = 1;

	(void)arg;
	while (moved > 0 || !rig_finished()) {
		moved = 0;
		for (unsigned int s = 0; s < rig.now.sinks; s++) {
			for (unsigned int q = 0; q < rig.now.queues; q++) {
				unsigned int n = take(loop.across[q][s], mbufs);

				if (n > 0)
					finish(s, mbufs, n);
				moved += n;
			}
		}
	}
	return 0;
}

/* One lcore: each stage is called with what the last one leaves, or takes it from a ring. */
static int
alone(void *arg)
{
	struct rte_mbuf *mbufs[RIG_BURST];
	unsigned int stages = rig.now.before + rig.now.after;

	(void)arg;
	while (!rig_stopping()) {
		unsigned int n = rig_poll(0, mbufs);

		for (unsigned int s = 0; s < stages; s++) {
			if (loop.how->rings) {
				send(loop.within[s], mbufs, n);
				n = take(loop.within[s], mbufs);
			}
			rig_handle(&rig.after[s], mbufs, n);
		}
		rig_put(mbufs, n);
	}
	rig_end_sources();
	return 0;
}

void
loop_run(const void *how, double figures[])
{
	unsigned int across = rig.now.one_lcore ? 0 : rig.now.queues;

	loop.how = how;
	for (unsigned int q = 0; q < across; q++)
		for (unsigned int s = 0; s < rig.now.sinks; s++)
			loop.across[q][s] = ring_make();
	for (unsigned int s = 0; s < STAGES_MAX; s++)
		loop.within[s] = ring_make();
	if (rig.now.one_lcore)
		figures[0] = rig_run(NULL, alone, loop.how->back, loop.how->own_pool);
	else
		figures[0] = rig_run(produce, consume, loop.how->back, loop.how->own_pool);
	for (unsigned int q = 0; q < across; q++)
		for (unsigned int s = 0; s < rig.now.sinks; s++)
			rte_ring_free(loop.across[q][s]);
	for (unsigned int s = 0; s < STAGES_MAX; s++)
		rte_ring_free(loop.within[s]);
}
