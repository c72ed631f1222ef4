/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Cache lines that come to a worker's core from another one in its passes, by a model: what the rings'
 * figures say was done, each at its dearest, were every worker on a core of its own.
 *
 * - the producer's tail of each input that has something: its producer wrote it since;
 * - the consumer's tail that each take writes: the producer may have read it since;
 * - the slots of each take and each put, by lines: the other end has had them;
 * - the producer's tail that each publication writes: the consumer has read it since;
 * - of each event taken the line that all read.
 *
 * Left out: the second line of an event, which a stage that forwards does not read, and the consumer's
 * tail as a producer reads it, which it does once in a ring's capacity or less often. Tails are looked at
 * where process() begins: what is published twice between two calls of it counts once.
 */
#ifndef WEIR_BENCH_MESH_LINES_H
#define WEIR_BENCH_MESH_LINES_H

#include "mesh_rig.h"

/* Lines, but for `events`. */
struct mesh_lines {
	uint64_t events;
	uint64_t tails_read;
	uint64_t takes;
	uint64_t slots_taken;
	uint64_t publishes;
	uint64_t slots_put;
};

/* Look at the rings of this mesh from now on. */
void mesh_lines_open(struct mesh *mesh);
/* Make passes of a node, sources or middle, and add what they moved. */
void mesh_lines_pass(struct mesh *mesh, enum mesh_node node, unsigned int passes,
	struct mesh_lines *lines);

#endif /* WEIR_BENCH_MESH_LINES_H */
