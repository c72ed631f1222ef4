/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* count: events and bytes, and no more: what a pipeline costs without its stages. */
#include <inttypes.h>

#include <rte_log.h>

#include "stage.h"
#include "stage_private.h"

RTE_LOG_REGISTER(count_logtype, lib.weir.stage, NOTICE)

static int
count_init(struct weir_worker *worker __rte_unused, const void *conf __rte_unused,
	void *state __rte_unused, struct weir_error *error __rte_unused)
{
	return 0;
}

static void
count_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct count_state *count = state;
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++)
		bytes += events[i]->len;
	count->events += n;
	count->bytes += bytes;
	weir_forward(worker, 0, events, n);
}

static void
count_fini(struct weir_worker *worker, void *state)
{
	const struct count_state *count = state;

	rte_log(RTE_LOG_INFO, (uint32_t)count_logtype,
		"stage '%s' worker %u: %" PRIu64 " events, %" PRIu64 " bytes\n",
		weir_worker_name(worker), weir_worker_index(worker), count->events, count->bytes);
}

const struct weir_stage_ops stage_count = {
	WEIR_STAGE_OPS,
	.name = "count",
	.help = "count events and bytes",
	.state_size = sizeof(struct count_state),
	.init = count_init,
	.process = count_process,
	.fini = count_fini,
	.keeps_hash = 1,
};
