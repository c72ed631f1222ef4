/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* One worker of a stage, made by hand: no engine, no links; what is forwarded is released. */
#ifndef WEIR_STAGE_RIG_H
#define WEIR_STAGE_RIG_H

#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "testing.h"

#include "stage/stage.h"
#include "stage/stage_private.h"

#define RIG_BURST 32

struct rig {
	const struct weir_stage_ops *ops;
	struct worker_stats stats;
	struct weir_worker worker;
	struct output output;
	struct lcore_sample sample;
	struct failures failures;
	struct weir_error error;
	struct rte_mempool *pool;
	void *state;
};

/* A worker that is not initialised. Stop it by rig_free(), or by rig_end() after rig_init(). */
static inline void
rig_make(struct rig *rig, const struct weir_stage_ops *ops)
{
	static unsigned int made;
	char name[32];

	memset(rig, 0, sizeof(*rig));
	snprintf(name, sizeof(name), "rig%u", made++);
	rig->ops = ops;
	rig->pool = weir_pool_create(name, 2047, 64, 0, 2176, SOCKET_ID_ANY);
	assert_non_null(rig->pool);
	failures_init(&rig->failures);
	rig->state = rte_zmalloc(NULL, ops->state_size, RTE_CACHE_LINE_SIZE);
	assert_non_null(rig->state);
	rig->worker = (struct weir_worker){
		.process = ops->process,
		.room = ops->room,
		.tick = ops->tick,
		.drain = ops->drain,
		.state = rig->state,
		.stats = &rig->stats,
		.outputs = &rig->output,
		.output_count = 1,
		.burst = RIG_BURST,
		.sample = &rig->sample,
		.name = "rig",
		.type = ops->name,
		.count = 1,
		.port = RTE_MAX_ETHPORTS,
		.failures = &rig->failures,
	};
}

static inline int
rig_init(struct rig *rig, const void *conf)
{
	return rig->ops->init(&rig->worker, conf, rig->state, &rig->error);
}

static inline unsigned int
rig_room(struct rig *rig)
{
	return rig->ops->room(&rig->worker, rig->state);
}

static inline unsigned int
rig_drain(struct rig *rig)
{
	return rig->ops->drain(&rig->worker, rig->state, UINT16_MAX);
}

/* An event with a packet of 60 zero bytes, pristine. */
static inline struct weir_event *
rig_event(struct rig *rig)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->pool);
	struct weir_event *event;

	assert_non_null(mbuf);
	memset(rte_pktmbuf_append(mbuf, 60), 0, 60);
	event = weir_mbuf_event(mbuf);
	memset(event, 0, sizeof(*event));
	event->type = WEIR_EVENT_PACKET;
	event->prio = WEIR_PRIO_DEFAULT;
	event->port = RTE_MBUF_PORT_INVALID;
	event->len = 60;
	event->flags = weir_mbuf_mark(mbuf);
	return event;
}

/* in + created = out + released + dropped + held */
static inline void
rig_is_balanced(const struct rig *rig)
{
	const struct worker_stats *s = &rig->stats;

	assert_int_equal(s->in + s->created,
		s->out + s->released + worker_stats_dropped(s) + s->held);
}

static inline void
rig_process(struct rig *rig, struct weir_event *events[], uint16_t n)
{
	worker_process(&rig->worker, events, n);
	rig_is_balanced(rig);
}

static inline uint64_t
rig_dropped(const struct rig *rig, unsigned int reason)
{
	return rig->stats.dropped[DROP_STAGE + reason];
}

static inline void
rig_free(struct rig *rig)
{
	testing_pool_is_full(rig->pool);
	rte_mempool_free(rig->pool);
	rte_free(rig->state);
	failures_destroy(&rig->failures);
}

static inline void
rig_end(struct rig *rig)
{
	if (rig->ops->fini != NULL)
		rig->ops->fini(&rig->worker, rig->state);
	rig_is_balanced(rig);
	assert_int_equal(rig->stats.held, 0);
	rig_free(rig);
}

#endif /* WEIR_STAGE_RIG_H */
