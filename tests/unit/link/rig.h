/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Workers made by hand, and what joins them: no engine. */
#ifndef WEIR_LINK_RIG_H
#define WEIR_LINK_RIG_H

#include <string.h>

#include "testing.h"

#include "link/link.h"

#define RIG_BURST 32
#define RIG_LANES 4
#define RIG_POOL 8191
#define RIG_LOG (1 << 17)
/* Slots of the largest ring with stamps. */
#define RIG_STAMPS 4096

/* A worker that notes down what it gets and releases it. */
struct rig_worker {
	struct worker_stats stats;
	struct weir_worker worker;
	struct output outputs[2];
	struct lcore_sample sample;
	struct gate gates[RIG_LANES];
	uint64_t *log; /* user[0] of what came, in order */
	unsigned int logged;
	unsigned int calls;        /* of process() */
	uint16_t longest;          /* burst */
	struct weir_event **array; /* that the last burst came in */
	unsigned int rooms;        /* what room() gives */
};

/* A producer, its link, and a consumer for each lane: by a ring, or by a call. */
struct rig {
	struct rte_mempool *pool;
	struct rig_worker producer;
	struct rig_worker consumers[RIG_LANES];
	struct out_link link;
	uint8_t buckets[WEIR_BUCKETS];
	struct lane lanes[RIG_LANES];
	struct ring_consumer ends[RIG_LANES];
	struct link_settings settings;
	uint32_t stamps[RIG_LANES][RIG_STAMPS];
	uint64_t next; /* user[0] of the next event */
};

static inline void
rig_note(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct rig_worker *rig = state;

	rig->calls++;
	rig->array = events;
	rig->longest = RTE_MAX(rig->longest, n);
	for (uint16_t i = 0; i < n; i++)
		rig->log[rig->logged++ % RIG_LOG] = events[i]->user[0];
	weir_release(worker, events, n);
}

static inline unsigned int
rig_room(struct weir_worker *worker, void *state)
{
	const struct rig_worker *rig = state;

	(void)worker;
	return rig->rooms;
}

static inline void
rig_worker_make(struct rig_worker *rig, const char *name)
{
	memset(rig, 0, sizeof(*rig));
	rig->log = calloc(RIG_LOG, sizeof(*rig->log));
	assert_non_null(rig->log);
	rig->worker = (struct weir_worker){
		.process = rig_note,
		.state = rig,
		.stats = &rig->stats,
		.outputs = rig->outputs,
		.output_count = RTE_DIM(rig->outputs),
		.gates = rig->gates,
		.burst = RIG_BURST,
		.sample = &rig->sample,
		.name = name,
		.type = "rig",
		.count = 1,
		.port = RTE_MAX_ETHPORTS,
	};
}

/* in + created = out + released + dropped + held */
static inline void
rig_worker_is_balanced(const struct rig_worker *rig)
{
	const struct worker_stats *s = &rig->stats;

	assert_int_equal(s->in + s->created,
		s->out + s->released + worker_stats_dropped(s) + s->held);
}

static inline void
rig_make(struct rig *rig)
{
	static unsigned int made;
	char name[32];

	memset(rig, 0, sizeof(*rig));
	snprintf(name, sizeof(name), "rig%u", made++);
	rig->pool = weir_pool_create(name, RIG_POOL, 64, 0, 0, SOCKET_ID_ANY);
	assert_non_null(rig->pool);
	rig_worker_make(&rig->producer, "producer");
	for (unsigned int i = 0; i < RIG_LANES; i++)
		rig_worker_make(&rig->consumers[i], "consumer");
	rig->link.lanes = rig->lanes;
	rig->settings.high = UINT32_MAX;
}

/* A further lane: a ring with that room; 0: a call. */
static inline void
rig_lane(struct rig *rig, unsigned int capacity)
{
	unsigned int i = rig->link.lane_count++;
	struct lane *lane = &rig->lanes[i];
	struct rte_ring *ring;
	static unsigned int made;
	char name[RTE_RING_NAMESIZE];

	lane->consumer = &rig->consumers[i].worker;
	if (capacity == 0) {
		lane->staged_size = rig->producer.worker.burst;
		lane->staged = calloc(lane->staged_size, sizeof(*lane->staged));
		lane->direct = true;
		return;
	}
	snprintf(name, sizeof(name), "rig_ring%u", made++);
	ring = rte_ring_create(name, capacity, SOCKET_ID_ANY,
		RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	assert_non_null(ring);
	ring_producer_init(&lane->ring, ring);
	ring_consumer_init(&rig->ends[i], ring, &rig->producer.worker);
	if (ring->size > RIG_STAMPS)
		return;
	lane->ring.stamps = rig->stamps[i];
	rig->ends[i].stamps = rig->stamps[i];
}

/* Apply rig->settings at both ends of every ring, as an engine does. */
static inline void
rig_set(struct rig *rig)
{
	out_link_set(&rig->producer.worker, &rig->link, &rig->settings);
	for (unsigned int i = 0; i < rig->link.lane_count; i++)
		if (rig->lanes[i].ring.ring != NULL)
			ring_consumer_set(&rig->ends[i], &rig->settings);
}

/* Join the lanes to the producer's output 0. */
static inline void
rig_join(struct rig *rig, enum weir_spread spread, enum weir_on_full on_full)
{
	struct output *output = &rig->producer.outputs[0];

	if (spread == WEIR_SPREAD_FLOW) {
		spread_buckets(rig->buckets, rig->link.lane_count, 1);
		rig->link.buckets = rig->buckets;
	}
	out_link_init(&rig->link, spread);
	rig->settings.policy = link_policy(on_full);
	rig_set(rig);
	output->links = &rig->link;
	output->link_count = 1;
	output->receivers = spread == WEIR_SPREAD_COPY ? rig->link.lane_count : 1;
	for (unsigned int i = 0; output->receivers > 1 && i < rig->link.lane_count; i++)
		rig->lanes[i].direct = false;
}

/* A drop-flow link sheds from now on what is below a level in that lane. */
static inline void
rig_level(struct rig *rig, unsigned int lane, uint32_t level)
{
	struct ring_producer *ring = &rig->lanes[lane].ring;

	ring->level = level;
	ring->easy = rig->settings.policy->easy(ring);
}

static inline struct weir_event *
rig_event(struct rig *rig, uint32_t hash)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->pool);
	struct weir_event *event;

	if (mbuf == NULL)
		abort();
	event = weir_mbuf_event(mbuf);
	memset(event, 0, sizeof(*event));
	event->type = WEIR_EVENT_USER;
	event->hash = hash;
	event->flags = weir_mbuf_mark(mbuf);
	event->user[0] = rig->next++;
	return event;
}

/* The producer takes n new events, of one hash, and forwards them. */
static inline void
rig_forward(struct rig *rig, uint16_t n, uint32_t hash)
{
	struct weir_event *events[1024];

	for (uint16_t i = 0; i < n; i++)
		events[i] = rig_event(rig, hash);
	stat_add(&rig->producer.stats.in, n);
	weir_forward(&rig->producer.worker, 0, events, n);
	rig_worker_is_balanced(&rig->producer);
}

/* A pass of a consumer: at most n events out of its ring. */
static inline unsigned int
rig_pull(struct rig *rig, unsigned int lane, unsigned int n)
{
	struct weir_event *events[1024];

	if (rig->ends[lane].excess != NULL)
		ring_consumer_shed(&rig->ends[lane], &rig->consumers[lane].worker);
	n = ring_consumer_get(&rig->ends[lane], events, RTE_MIN(n, 1024u));
	if (n > 0)
		worker_process(&rig->consumers[lane].worker, events, (uint16_t)n);
	return n;
}

static inline void
rig_pull_all(struct rig *rig)
{
	for (unsigned int i = 0; i < rig->link.lane_count; i++)
		while (rig->lanes[i].ring.ring != NULL && rig_pull(rig, i, 64) > 0)
			;
}

static inline uint64_t
rig_lost(const uint64_t dropped[DROP_LINK])
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < DROP_LINK; i++)
		sum += dropped[i];
	return sum;
}

/* Publish, empty the rings, see that all is balanced and the pool full, and free. */
static inline void
rig_end(struct rig *rig)
{
	uint64_t in = 0;

	worker_publish(&rig->producer.worker);
	rig_pull_all(rig);
	rig_worker_is_balanced(&rig->producer);
	for (unsigned int i = 0; i < RIG_LANES; i++) {
		const struct ring_producer *ring = &rig->lanes[i].ring;

		rig_worker_is_balanced(&rig->consumers[i]);
		in += rig->consumers[i].stats.in;
		assert_int_equal(ring_enqueued(ring), ring_taken(&rig->ends[i]));
		rte_ring_free(ring->ring);
		free(rig->lanes[i].staged);
		free(rig->consumers[i].log);
	}
	assert_int_equal(rig->producer.stats.out, in);
	free(rig->producer.log);
	testing_pool_is_full(rig->pool);
	rte_mempool_free(rig->pool);
}

/* What came over a lane ascends. */
static inline void
rig_ascends(const struct rig_worker *rig)
{
	assert_true(rig->logged <= RIG_LOG);
	for (unsigned int i = 1; i < rig->logged; i++)
		assert_true(rig->log[i] > rig->log[i - 1]);
}

#endif /* WEIR_LINK_RIG_H */
