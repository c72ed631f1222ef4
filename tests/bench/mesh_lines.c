/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <rte_common.h>

#include "bench.h"
#include "mesh_lines.h"

#define RINGS_MAX (2 * MESH_MAX * MESH_MAX)
#define SLOTS_LINE (RTE_CACHE_LINE_SIZE / sizeof(void *))

/* The rings at one side of a worker, by the engine's numbers. */
struct rings {
	unsigned int of[MESH_MAX];
	unsigned int n;
};

/* Of the mesh that is looked at. */
static struct {
	struct mesh *mesh;
	struct mesh_lines *lines;
	struct rings inputs[MESH_MAX]; /* of the middle */
	struct rings outputs[2][MESH_MAX];
	uint64_t taken[RINGS_MAX];
	uint64_t put[RINGS_MAX];
} looked;

static struct weir_ring_figures
ring_figures(unsigned int ring)
{
	struct weir_ring_figures figures = WEIR_RING_FIGURES_INIT;

	if (weir_ledger_ring(looked.mesh->engine.weir, ring, &figures) != 0)
		bench_die("there is no ring %u", ring);
	return figures;
}

static void
rings_add(struct rings *rings, unsigned int ring)
{
	if (rings->n == MESH_MAX)
		bench_die("more rings than workers");
	rings->of[rings->n++] = ring;
}

/* Lines that n slots from `first` on lie in; rings are of whole lines. */
static uint64_t
slot_lines(uint64_t first, uint64_t n)
{
	return (first + n - 1) / SLOTS_LINE - first / SLOTS_LINE + 1;
}

static void
look_taken(unsigned int ring)
{
	uint64_t taken = ring_figures(ring).dequeued, n = taken - looked.taken[ring];

	if (n == 0)
		return;
	looked.lines->events += n;
	looked.lines->takes++;
	looked.lines->slots_taken += slot_lines(looked.taken[ring], n);
	looked.taken[ring] = taken;
}

static void
look_put(unsigned int ring)
{
	uint64_t put = ring_figures(ring).enqueued, n = put - looked.put[ring];

	if (n == 0)
		return;
	looked.lines->publishes++;
	looked.lines->slots_put += slot_lines(looked.put[ring], n);
	looked.put[ring] = put;
}

/* What was done at the middle's rings since the last look, and at the sources'. */
static void
look_middle(void *arg __rte_unused, unsigned int index)
{
	const struct rings *inputs = &looked.inputs[index];
	const struct rings *outputs = &looked.outputs[MESH_MIDDLE][index];

	for (unsigned int i = 0; i < inputs->n; i++)
		look_taken(inputs->of[i]);
	for (unsigned int i = 0; i < outputs->n; i++)
		look_put(outputs->of[i]);
}

static void
look_source(unsigned int index)
{
	const struct rings *outputs = &looked.outputs[MESH_SOURCE][index];

	for (unsigned int i = 0; i < outputs->n; i++)
		look_put(outputs->of[i]);
}

/* Before passes that count: what the others left. */
static void
look_first(void)
{
	struct weir_ring_figures figures = WEIR_RING_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_ring(looked.mesh->engine.weir, i, &figures) == 0;
		i++) {
		looked.taken[i] = figures.dequeued;
		looked.put[i] = figures.enqueued;
	}
}

void
mesh_lines_open(struct mesh *mesh)
{
	struct weir_ring_figures figures = WEIR_RING_FIGURES_INIT;

	looked = (typeof(looked)){ .mesh = mesh };
	for (unsigned int i = 0; weir_ledger_ring(mesh->engine.weir, i, &figures) == 0; i++) {
		if (i == RINGS_MAX)
			bench_die("too many rings");
		if (figures.link == 0)
			rings_add(&looked.inputs[figures.consumer], i);
		rings_add(&looked.outputs[figures.link][figures.producer], i);
	}
}

static void
pass_middle(struct mesh *mesh, unsigned int index)
{
	const struct rings *inputs = &looked.inputs[index];

	for (unsigned int i = 0; i < inputs->n; i++)
		looked.lines->tails_read += ring_figures(inputs->of[i]).count > 0;
	mesh->look = look_middle;
	mesh_pass_middle(mesh, index);
	mesh->look = NULL;
	look_middle(NULL, index);
}

static void
pass_sources(struct mesh *mesh)
{
	uint64_t before = mesh_taken(mesh, MESH_SOURCE);

	mesh_pass(mesh, MESH_SOURCE, 1);
	for (unsigned int i = 0; i < mesh->n; i++)
		look_source(i);
	looked.lines->events += mesh_taken(mesh, MESH_SOURCE) - before;
}

void
mesh_lines_pass(struct mesh *mesh, enum mesh_node node, unsigned int passes,
	struct mesh_lines *lines)
{
	looked.lines = lines;
	look_first();
	for (unsigned int p = 0; p < passes; p++) {
		if (node == MESH_SOURCE)
			pass_sources(mesh);
		for (unsigned int i = 0; node == MESH_MIDDLE && i < mesh->n; i++)
			pass_middle(mesh, i);
	}
}
