/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What an event costs a stage between n workers before it and n behind it, for mesh.py and insns.py.
 *
 *     bench_mesh kept     the cases whose instructions are kept, for callgrind: see counted.h
 *     bench_mesh all      all cases
 *     bench_mesh lines    cache lines that each case moves, and cycles of a pass that finds nothing
 *
 * Names are NODE POLICY SPREAD NxN LOAD, or `idle pass NxN`, whose events are passes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "bench.h"
#include "counted.h"
#include "mesh_lines.h"
#include "mesh_rig.h"

/* Events or so of a case: of that many passes few enough are timed. */
#define LIGHT_EVENTS (1 << 14)
#define SATURATED_ROUNDS 256
#define SATURATED_LEAST 8
#define WARM 4
#define NAME_SIZE 64
#define IDLE_PASSES 2048
#define IDLE_SAMPLES 1001
#define IDLE_BATCH 32
#define MEMORY_MB 2560

static const unsigned int sizes[] = { 1, 4, 8, 16, 30, 60 };

/* One kind of mesh; `kept`: for which sizes it is kept, and in which loads, bits each. */
struct kind {
	struct mesh_links links;
	unsigned int kept_sizes;
	unsigned int kept_loads;
};

#define SIZE_BIT(i) (1u << (i))
#define KEPT_SIZES (SIZE_BIT(0) | SIZE_BIT(2) | SIZE_BIT(4) | SIZE_BIT(5))
#define BOTH_LOADS (1u << MESH_LIGHT | 1u << MESH_SATURATED)

static const struct kind kinds[] = {
	{ { "block", "flow", NULL }, KEPT_SIZES, BOTH_LOADS },
	{ { "block", "flow", "8" }, SIZE_BIT(4), 1u << MESH_LIGHT },
	{ { "drop-newest", "flow", NULL }, KEPT_SIZES, BOTH_LOADS },
	{ { "drop-oldest", "flow", NULL }, 0, 0 },
	{ { "drop-priority", "flow", NULL }, 0, 0 },
	{ { "drop-flow", "flow", NULL }, SIZE_BIT(0) | SIZE_BIT(4), 1u << MESH_LIGHT },
	{ { "drop-late", "flow", NULL }, 0, 0 },
	{ { "block", "round-robin", NULL }, SIZE_BIT(4), 1u << MESH_LIGHT },
	{ { "drop-newest", "round-robin", NULL }, 0, 0 },
};

static const char *const loads[] = { "light", "saturated" };
static const char *const nodes[] = { "source", "middle" };

/* What one run counts, by instructions or by lines. */
struct series {
	struct mesh *mesh;
	enum mesh_node node;
	enum mesh_load load;
	bool by_lines;
	struct mesh_lines lines;
};

static void
counted_pass(void *arg, unsigned int passes)
{
	const struct series *series = arg;

	mesh_pass(series->mesh, series->node, passes);
}

/* Passes of a node; of the one that counts, the events that it took. */
static uint64_t
passes_of(struct series *series, enum mesh_node node, unsigned int passes)
{
	uint64_t before = mesh_taken(series->mesh, node);

	if (node != series->node) {
		mesh_pass(series->mesh, node, passes);
		return 0;
	}
	if (series->by_lines)
		mesh_lines_pass(series->mesh, node, passes, &series->lines);
	else
		insns_counted(counted_pass, series, passes);
	return mesh_taken(series->mesh, node) - before;
}

/* Feed once, and have all make their passes; the events that count. */
static uint64_t
round_of(struct series *series)
{
	uint64_t taken = passes_of(series, MESH_SOURCE, mesh_feed(series->mesh, series->load));

	if (series->load == MESH_SATURATED)
		mesh_check_saturated(series->mesh);
	taken += passes_of(series, MESH_MIDDLE, 1);
	mesh_drain(series->mesh);
	return taken;
}

static void
warm(struct mesh *mesh, enum mesh_load load)
{
	for (unsigned int i = 0; i < WARM; i++) {
		mesh_pass(mesh, MESH_SOURCE, mesh_feed(mesh, load));
		mesh_drain(mesh);
	}
}

static unsigned int
rounds_of(const struct series *series)
{
	unsigned int n = series->mesh->n;

	if (series->load == MESH_SATURATED)
		return RTE_MAX(SATURATED_LEAST, SATURATED_ROUNDS / n);
	return LIGHT_EVENTS / MESH_BURST / n;
}

static void
lines_show(const char *name, const struct mesh_lines *lines)
{
	printf("%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
		name, lines->events, lines->tails_read, lines->takes, lines->slots_taken,
		lines->publishes, lines->slots_put);
}

static void
count_node(struct series *series, const struct kind *kind)
{
	char name[NAME_SIZE];
	uint64_t taken = 0;

	snprintf(name, sizeof(name), "%s %s %s%s%s %ux%u %s", nodes[series->node],
		kind->links.on_full, kind->links.spread,
		kind->links.linger != NULL ? " linger " : "",
		kind->links.linger != NULL ? kind->links.linger : "", series->mesh->n,
		series->mesh->n, loads[series->load]);
	for (unsigned int i = rounds_of(series); i > 0; i--)
		taken += round_of(series);
	if (series->by_lines)
		lines_show(name, &series->lines);
	else
		insns_done(name, taken);
}

static void
idle_pass(void *arg, unsigned int passes)
{
	for (unsigned int i = 0; i < passes; i++)
		mesh_pass_middle(arg, 0);
}

/* Passes are timed by so many: to look at the clock takes half as long as one. */
static double
idle_cycles(struct mesh *mesh)
{
	static double cycles[IDLE_SAMPLES];

	for (unsigned int i = 0; i < IDLE_SAMPLES; i++) {
		uint64_t start = rte_rdtsc_precise();

		idle_pass(mesh, IDLE_BATCH);
		cycles[i] = (double)(rte_rdtsc_precise() - start) / IDLE_BATCH;
	}
	return bench_quantile(cycles, IDLE_SAMPLES, 0.5);
}

/* A pass of one worker of the middle that finds nothing. */
static void
count_idle(struct mesh *mesh, bool by_lines)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "idle pass %ux%u", mesh->n, mesh->n);
	idle_pass(mesh, WARM);
	if (by_lines) {
		printf("%s\t%.0f\n", name, idle_cycles(mesh));
		return;
	}
	insns_counted(idle_pass, mesh, IDLE_PASSES);
	insns_done(name, IDLE_PASSES);
}

/* All that one engine is for. */
static void
count_mesh(const struct kind *kind, unsigned int n, enum mesh_load load, bool by_lines)
{
	static struct mesh mesh;
	struct weir_error error;

	if (mesh_make(&mesh, n, &kind->links, load, &error) != 0) {
		printf("# %s %s %ux%u %s: %s\n", kind->links.on_full, kind->links.spread, n, n,
			loads[load], error.text);
		return;
	}
	if (by_lines)
		mesh_lines_open(&mesh);
	warm(&mesh, load);
	if (load == MESH_LIGHT && kind == kinds)
		count_idle(&mesh, by_lines);
	for (unsigned int node = 0; node < RTE_DIM(nodes); node++) {
		struct series series = { &mesh, node, load, by_lines, { 0 } };

		/* A producer does the same under both. */
		if (node == MESH_MIDDLE || load == MESH_LIGHT)
			count_node(&series, kind);
	}
	mesh_end(&mesh);
	fflush(stdout);
}

static bool
is_kept(const struct kind *kind, unsigned int size, enum mesh_load load)
{
	return (kind->kept_sizes >> size & 1) && (kind->kept_loads >> load & 1);
}

/* What lingers leaves some of the rings short of a burst. */
static bool
is_right(const struct kind *kind, enum mesh_load load)
{
	return load == MESH_LIGHT || kind->links.linger == NULL;
}

static void
count_all(bool kept, bool by_lines)
{
	for (unsigned int k = 0; k < RTE_DIM(kinds); k++)
		for (unsigned int s = 0; s < RTE_DIM(sizes); s++)
			for (unsigned int load = 0; load < RTE_DIM(loads); load++)
				if (kept ? is_kept(&kinds[k], s, load) : is_right(&kinds[k], load))
					count_mesh(&kinds[k], sizes[s], load, by_lines);
}

int
main(int argc, char **argv)
{
	struct bench bench = { .name = "mesh" };
	const char *what = argc == 2 ? argv[1] : "";
	bool kept = strcmp(what, "kept") == 0, by_lines = strcmp(what, "lines") == 0;

	bench_open(&bench, 1, argv);
	if (!kept && !by_lines && strcmp(what, "all") != 0)
		bench_die("one of kept, all, lines");
	bench_eal_with(&bench, NULL, MESH_LCORES, MEMORY_MB);
	mesh_open();
	insns_head();
	count_all(kept, by_lines);
	mesh_close();
	rte_eal_cleanup();
	return 0;
}
