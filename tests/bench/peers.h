/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The sides: weir and its alternatives. Each function is a `run` of struct bench_side, and does
 * what rig.now asks for by the means of one library; its argument says how.
 */
#ifndef WEIR_BENCH_PEERS_H
#define WEIR_BENCH_PEERS_H

#include <stdbool.h>

#include "rig.h"

/* rte_rings of mbufs, and loops as one would write them by hand. */
struct loop_how {
	enum rig_back back;
	bool prefetch; /* the consumer fetches the event lines of a burst ahead */
	bool own_pool; /* of rte_pktmbuf_pool_create() */
	bool rings;    /* between all stages; else only where the lcore changes */
};
void loop_run(const void *how, double figures[]);

/* weir. */
struct weir_how {
	const char *on_full;
	bool rings; /* on every link: `kind = ring` */
};
void weir_run(const void *how, double figures[]);

/* Set a key, or end the program. */
struct weir_pipeline;
void weir_set(struct weir_pipeline *pipeline, const char *section, const char *key,
	const char *format, ...) __rte_format_printf(4, 5);

/*
 * weir between two ends of an application: LCORE_A polls the port, hands in, and has weir's workers run,
 * a stage for each `before`; LCORE_B takes what is ejected.
 */
void weir_ends_run(const void *how, double figures[]);

/* DPDK's eventdev: an event queue, atomic, for each stage. */
struct event_how {
	const char *driver; /* "event_dsw" */
	enum rig_back back;
	bool scheduler_a; /* LCORE_A runs the scheduler of a driver that has one; else LCORE_B */
	bool spread;      /* every lcore serves every stage; else those that weir places there */
	bool fused;       /* the stages of an lcore are one, as when its handler calls the others */
};
void event_run(const void *how, double figures[]);

/* rte_distributor, with bursts. */
struct distributor_how {
	enum rig_back back;
};
void distributor_run(const void *how, double figures[]);

/* rte_graph, walked by one lcore: a node for the source and for each stage. */
struct graph_how {
	enum rig_back back;
};
void graph_run(const void *how, double figures[]);

#endif /* WEIR_BENCH_PEERS_H */
