/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder share. */
#ifndef WEIR_TELEMETRY_PRIVATE_H
#define WEIR_TELEMETRY_PRIVATE_H

#include <weir/figures.h>

/* The struct of any noun. */
union figures {
	size_t size;
	struct weir_engine_figures engine;
	struct weir_ledger ledger;
	struct weir_node_figures node;
	struct weir_worker_figures worker;
	struct weir_latency_figures latency;
	struct weir_link_figures link;
	struct weir_ring_figures ring;
	struct weir_port_figures port;
	struct weir_pool_figures pool;
	struct weir_lcore_figures lcore;
	struct weir_watch_figures watch;
	struct weir_memory_figures memory;
	struct weir_queue_figures queue;
	struct weir_flow_figures flow;
	struct weir_end_figures end;
};
/* Larger than each: every reader fills all that it has. */
#define FIGURES_INIT \
	{ \
		.size = sizeof(union figures) \
	}

#endif /* WEIR_TELEMETRY_PRIVATE_H */
