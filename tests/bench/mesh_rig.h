/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Three nodes of n workers each, every one joined to all of the next: source, middle, end. The workers
 * of the middle have an lcore each, the sources share one, and so do the ends; between lcores there are
 * rings. One thread makes the passes of all of them in turn: what a worker costs does not hang on what
 * the machine can run at once.
 */
#ifndef WEIR_BENCH_MESH_RIG_H
#define WEIR_BENCH_MESH_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_lcore.h>

#include "engines.h"

#define MESH_BURST 32
#define MESH_MAX 60
/* lcores that EAL is asked for: the main one, which does nothing, the sources', the ends', the middle's. */
#define MESH_LCORES "(0-62)@0"

enum mesh_node { MESH_SOURCE, MESH_MIDDLE, MESH_END };

enum mesh_load {
	MESH_LIGHT, /* each source gives one burst, of flows at random, between two passes of the rest */
	MESH_SATURATED, /* every ring in front of the middle holds a burst when it makes its pass */
};

/* Keys of both links; `linger` only of that in front of the middle. NULL: the default. */
struct mesh_links {
	const char *on_full;
	const char *spread;
	const char *linger;
};

struct mesh {
	struct engine engine;
	unsigned int n;
	bool round_robin;
	struct weir_inject *injects[MESH_MAX];
	struct loop *loops[RTE_MAX_LCORE]; /* by lcore */
	uint64_t random;
	/* Called at the begin of each process() of the middle, with the worker's index; NULL: nobody. */
	void (*look)(void *arg, unsigned int index);
	void *look_arg;
};

/* Register the middle's stage type, and make the pool. After EAL, once. */
void mesh_open(void);
void mesh_close(void);

/* Make the engine, not polled yet. @return 0, or -errno and `error` */
int mesh_make(struct mesh *mesh, unsigned int n, const struct mesh_links *links,
	enum mesh_load load, struct weir_error *error);
/* Stop: nothing was dropped, the ledger balances, and every mbuf is back. */
void mesh_end(struct mesh *mesh);

/* Give the sources what they take in at their next passes, and how many passes that is. */
unsigned int mesh_feed(struct mesh *mesh, enum mesh_load load);

/* Every ring in front of the middle holds a burst. */
void mesh_check_saturated(const struct mesh *mesh);

/* Passes of all lcores of a node's workers; events moved. */
unsigned int mesh_pass(struct mesh *mesh, enum mesh_node node, unsigned int passes);
/* As that, of one worker of the middle. */
unsigned int mesh_pass_middle(struct mesh *mesh, unsigned int index);
/* Passes of the middle and the ends until nothing moves. */
void mesh_drain(struct mesh *mesh);

/* Events that all workers of a node have taken in. */
uint64_t mesh_taken(const struct mesh *mesh, enum mesh_node node);

#endif /* WEIR_BENCH_MESH_RIG_H */
