/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "engine/engine.h"

#include "bench.h"
#include "mesh_rig.h"

#define LCORE_SOURCES 1
#define LCORE_ENDS 2
#define LCORE_MIDDLE 3
/* Capacity of a ring, besides what a saturated middle gives to one end in a pass. */
#define RING 128
#define INJECT_RING 2048
#define POOL ((1 << 17) - 1)
#define TEXT 16
#define BUCKET_SHIFT 20

static_assert(MESH_MAX * MESH_BURST <= INJECT_RING,
	"a source takes what a saturated round feeds it");
static_assert(MESH_MAX * MESH_MAX * MESH_BURST <= POOL, "and there is that much");

/* The mesh whose engine runs: process() has no other way to it. */
static struct mesh *running;

static struct rte_mempool *pool;

static void
middle_process(struct weir_worker *worker, void *state __rte_unused, struct weir_event *events[],
	uint16_t n)
{
	if (unlikely(running->look != NULL))
		running->look(running->look_arg, weir_worker_index(worker));
	weir_forward(worker, 0, events, n);
}

static const struct weir_stage_ops middle_ops = {
	WEIR_STAGE_OPS,
	.name = "mesh",
	.help = "forwards",
	.process = middle_process,
	.keeps_hash = 1,
};

void
mesh_open(void)
{
	pool = weir_pool_create("mesh", POOL, 0, 0, 0, SOCKET_ID_ANY);
	if (pool == NULL)
		bench_die("no mbufs: %s", rte_strerror(rte_errno));
	if (weir_stage_register(&middle_ops) != 0)
		bench_die("the stage type is refused");
}

void
mesh_close(void)
{
	rte_mempool_free(pool);
}

/* By the front door once: that starts the engine's clock. */
static void
open_sources(struct mesh *mesh)
{
	struct weir_error error;

	for (unsigned int i = 0; i < mesh->n; i++) {
		mesh->injects[i] = weir_inject_open(mesh->engine.weir, "in", &error);
		if (mesh->injects[i] == NULL)
			bench_die("%s", error.text);
	}
	if (weir_worker_poll(mesh->engine.weir, LCORE_SOURCES) != 0)
		bench_die("the sources cannot be polled");
}

/* A random 32 bits: the top of them choose the bucket. */
static uint32_t
next_random(struct mesh *mesh)
{
	mesh->random = mesh->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(mesh->random >> 32);
}

/* A burst for a source; `hashes` by the event, or NULL: at random. */
static void
give(struct mesh *mesh, unsigned int source, const uint32_t hashes[])
{
	struct rte_mbuf *mbufs[MESH_BURST];
	struct weir_event *events[MESH_BURST];

	if (rte_pktmbuf_alloc_bulk(pool, mbufs, MESH_BURST) != 0)
		bench_die("no mbufs");
	for (unsigned int i = 0; i < MESH_BURST; i++) {
		events[i] = weir_mbuf_event(mbufs[i]);
		memset(events[i], 0, sizeof(*events[i]));
		events[i]->type = WEIR_EVENT_USER;
		events[i]->prio = WEIR_PRIO_MAX;
		events[i]->flags = weir_mbuf_mark(mbufs[i]);
		events[i]->hash = hashes != NULL ? hashes[i] : next_random(mesh);
	}
	if (weir_inject_events(mesh->injects[source], events, MESH_BURST) != MESH_BURST)
		bench_die("a source does not take a burst");
}

/* n bursts for each source, of flows in turn, so that each lane gets a burst. */
static unsigned int
feed_saturated(struct mesh *mesh)
{
	uint32_t hashes[MESH_BURST], flow = 0;

	for (unsigned int p = 0; p < mesh->n; p++) {
		for (unsigned int i = 0; i < MESH_BURST; i++)
			hashes[i] = flow++ % mesh->n << BUCKET_SHIFT;
		for (unsigned int s = 0; s < mesh->n; s++)
			give(mesh, s, hashes);
	}
	return mesh->n;
}

unsigned int
mesh_feed(struct mesh *mesh, enum mesh_load load)
{
	if (load == MESH_SATURATED)
		return feed_saturated(mesh);
	for (unsigned int s = 0; s < mesh->n; s++)
		give(mesh, s, NULL);
	return 1;
}

void
mesh_check_saturated(const struct mesh *mesh)
{
	struct weir_ring_figures figures = WEIR_RING_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_ring(mesh->engine.weir, i, &figures) == 0; i++)
		if (figures.link == 0 && figures.count < MESH_BURST)
			bench_die("a ring in front of the middle holds %u", figures.count);
}

static unsigned int
pass_lcores(struct mesh *mesh, unsigned int first, unsigned int n, unsigned int passes)
{
	unsigned int moved = 0;

	for (unsigned int lcore = first; lcore < first + n; lcore++) {
		for (unsigned int i = 0; i < passes; i++)
			moved += (unsigned int)loop_pass(mesh->loops[lcore]);
	}
	return moved;
}

unsigned int
mesh_pass(struct mesh *mesh, enum mesh_node node, unsigned int passes)
{
	if (node == MESH_MIDDLE)
		return pass_lcores(mesh, LCORE_MIDDLE, mesh->n, passes);
	return pass_lcores(mesh, node == MESH_SOURCE ? LCORE_SOURCES : LCORE_ENDS, 1, passes);
}

unsigned int
mesh_pass_middle(struct mesh *mesh, unsigned int index)
{
	return pass_lcores(mesh, LCORE_MIDDLE + index, 1, 1);
}

void
mesh_drain(struct mesh *mesh)
{
	while (mesh_pass(mesh, MESH_MIDDLE, 1) + mesh_pass(mesh, MESH_END, 1) > 0)
		;
}

/* Sources that take turns would all come to the same worker: each begins one further on. */
static void
stagger(struct mesh *mesh)
{
	for (unsigned int p = 1; p < mesh->n; p++) {
		for (unsigned int s = p; s < mesh->n; s++)
			give(mesh, s, NULL);
		mesh_pass(mesh, MESH_SOURCE, 1);
		mesh_drain(mesh);
	}
}

/*
 * After a first pass, which keeps house, that comes by passes alone: under valgrind a pass takes so
 * long that it would come by the clock, how often depends on what else the machine does.
 */
static void
start_loops(struct mesh *mesh)
{
	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++) {
		mesh->loops[i] = engine_loop(mesh->engine.weir, i);
		if (mesh->loops[i] == NULL)
			continue;
		loop_pass(mesh->loops[i]);
		mesh->loops[i]->look_cycles = INT64_MAX;
	}
}

int
mesh_make(struct mesh *mesh, unsigned int n, const struct mesh_links *links, enum mesh_load load,
	struct weir_error *error)
{
	char workers[TEXT], middle[TEXT], ring[TEXT];
	bool late = strcmp(links->on_full, "drop-late") == 0;
	const struct engine_key keys[] = {
		{ "pool", "data_room", "256" },
		{ "pool", "cache", "0" },
		{ "source in", "type", "inject" },
		{ "source in", "queues", workers },
		/* a burst for each lane */
		{ "source in", "ring", RTE_STR(INJECT_RING) },
		{ "source in", "lcores", RTE_STR(LCORE_SOURCES) },
		{ "stage middle", "type", "mesh" },
		{ "stage middle", "input", "in" },
		{ "stage middle", "workers", workers },
		{ "stage middle", "lcores", middle },
		{ "stage end", "type", "count" },
		{ "stage end", "input", "middle" },
		{ "stage end", "workers", workers },
		{ "stage end", "lcores", RTE_STR(LCORE_ENDS) },
		{ "link in middle", "ring", RTE_STR(RING) },
		{ "link in middle", "on_full", links->on_full },
		{ "link in middle", "spread", links->spread },
		{ "link middle end", "ring", ring },
		{ "link middle end", "on_full", links->on_full },
		{ "link middle end", "spread", links->spread },
		{ "link middle end", "high", "100%" },
		{ "link in middle", "linger", links->linger != NULL ? links->linger : "0" },
		{ late ? "link in middle" : NULL, "deadline", "10s" },
		{ late ? "link middle end" : NULL, "deadline", "10s" },
		{ NULL, NULL, NULL },
	};
	int err;

	*mesh = (struct mesh){ .n = n,
		.round_robin = strcmp(links->spread, "flow") != 0,
		.random = n };
	snprintf(workers, sizeof(workers), "%u", n);
	snprintf(middle, sizeof(middle), "%u-%u", LCORE_MIDDLE, LCORE_MIDDLE + n - 1);
	snprintf(ring, sizeof(ring), "%u",
		RING + (load == MESH_LIGHT || mesh->round_robin ? 0 : n * MESH_BURST));
	err = engine_try(&mesh->engine, keys, error);
	if (err != 0)
		return err;
	running = mesh;
	open_sources(mesh);
	start_loops(mesh);
	if (mesh->round_robin)
		stagger(mesh);
	return 0;
}

void
mesh_end(struct mesh *mesh)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(mesh->engine.weir, &ledger);
	if (ledger.dropped != 0)
		bench_die("%u events were dropped", (unsigned int)ledger.dropped);
	engine_end(&mesh->engine);
	if (!rte_mempool_full(pool))
		bench_die("%u mbufs are not back", rte_mempool_in_use_count(pool));
}

uint64_t
mesh_taken(const struct mesh *mesh, enum mesh_node node)
{
	struct weir_worker_figures worker = WEIR_WORKER_FIGURES_INIT;
	struct weir_node_figures figures = WEIR_NODE_FIGURES_INIT;
	uint64_t in = 0;

	weir_ledger_node(mesh->engine.weir, node, &figures);
	for (unsigned int i = 0; i < mesh->n; i++) {
		weir_ledger_worker(mesh->engine.weir, figures.first + i, &worker);
		in += worker.in;
	}
	return in;
}
