/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A worker of a stage of flows as an engine would have it, with nobody behind it. */
#ifndef WEIR_TEST_FOLLOWER_H
#define WEIR_TEST_FOLLOWER_H

#include <rte_malloc.h>

#include "flow/flow.h"
#include "flow/track.h"

#define SECOND UINT64_C(1000000000)
/* Without anybody who is told the pool of records is not there. */
#define FOLLOWER_RECORDS 4096

struct follower {
	struct weir_worker worker;
	struct worker_stats stats;
	struct output outputs[2];
	struct failures failures;
	struct track *track;
	const struct weir_stage_ops *ops;
	size_t memory; /* that init() takes */
};

/* As `flow` has it where nothing is said, but for the capacity and what it tells of. */
static inline struct track_conf
follower_conf(uint32_t capacity)
{
	return (struct track_conf){
		.capacity = capacity,
		.key = "5-tuple",
		.events = "end",
		.records = FOLLOWER_RECORDS,
		.active = 60 * SECOND,
		.tcp_new = 60 * SECOND,
		.tcp = 600 * SECOND,
		.tcp_closing = 120 * SECOND,
		.tcp_closed = 10 * SECOND,
		.udp_new = 30 * SECOND,
		.udp = 300 * SECOND,
		.icmp = 30 * SECOND,
		.other = 300 * SECOND,
	};
}

/* 0; or less, with the error. */
static inline int
follower_make(struct follower *f, const struct weir_stage_ops *ops, const struct track_conf *conf,
	struct weir_error *error)
{
	struct weir_stage_needs needs = { .size = sizeof(needs) };

	if (ops->needs(conf, &needs, error) != 0)
		return -1;
	failures_init(&f->failures);
	f->ops = ops;
	f->memory = needs.memory;
	f->track = rte_zmalloc(NULL, needs.state, RTE_CACHE_LINE_SIZE);
	f->worker = (struct weir_worker){
		.process = ops->process,
		.state = f->track,
		.stats = &f->stats,
		.outputs = f->outputs,
		.output_count = 2,
		.burst = 32,
		.name = "flow",
		.type = "flow",
		.count = 1,
		.failures = &f->failures,
	};
	if (f->track == NULL)
		return weir_error_set(error, ENOMEM, "no memory for the state of a worker");
	return ops->init(&f->worker, conf, f->track, error) == 0 ? 0 : -1;
}

static inline void
follower_free(struct follower *f)
{
	f->ops->fini(&f->worker, f->track);
	rte_free(f->track);
	failures_destroy(&f->failures);
}

#endif /* WEIR_TEST_FOLLOWER_H */
