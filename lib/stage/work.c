/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* work: a load of known size, for benchmarks and for trying a pipeline out. */
#include <rte_cycles.h>

#include "stage.h"
#include "stage_private.h"

struct work_state {
	uint64_t cycles;
};

static void
work_set(struct weir_worker *worker __rte_unused, void *state, const void *conf)
{
	const struct work_conf *given = conf;
	struct work_state *work = state;

	work->cycles = given->cycles;
}

static int
work_init(struct weir_worker *worker, const void *conf, void *state,
	struct weir_error *error __rte_unused)
{
	work_set(worker, state, conf);
	return 0;
}

static void
work_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	const struct work_state *work = state;
	uint64_t start, cycles = work->cycles * n;

	/* No pause: it would take longer than a small load, and leave the core to its sibling. */
	if (cycles > 0)
		for (start = rte_rdtsc(); rte_rdtsc() - start < cycles;)
			;
	weir_forward(worker, 0, events, n);
}

static const struct weir_param work_params[] = {
	{ .name = "cycles",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct work_conf, cycles),
		.max = 1000000000,
		.def = "100",
		.help = "TSC cycles spent on each event",
		.live = 1 },
	{ .name = NULL },
};

const struct weir_stage_ops stage_work = {
	WEIR_STAGE_OPS,
	.name = "work",
	.help = "spend a fixed time on each event",
	.params = work_params,
	.conf_size = sizeof(struct work_conf),
	.state_size = sizeof(struct work_state),
	.init = work_init,
	.process = work_process,
	.set = work_set,
	.keeps_hash = 1,
};
