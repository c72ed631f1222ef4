/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * rte_graph: a source node that polls and parses, three nodes with the handler, the last of which
 * puts the mbufs back. Each passes its whole array on, the cheapest way there is.
 */
#include <rte_errno.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include "bench.h"
#include "peers.h"

#define STAGES 3

static struct rte_graph *graph;

static uint16_t
source_process(struct rte_graph *g, struct rte_node *node, void **objs, uint16_t n)
{
	(void)objs;
	n = (uint16_t)rig_poll(0, (struct rte_mbuf **)node->objs);
	if (n == 0)
		return 0;
	node->idx = n;
	rte_node_next_stream_move(g, node, 0);
	return n;
}

static uint16_t
stage_process(struct rte_graph *g, struct rte_node *node, void **objs, uint16_t n)
{
	struct rig_tally *tally = *(struct rig_tally **)node->ctx;

	rig_handle(tally, (struct rte_mbuf **)objs, n);
	rte_node_next_stream_move(g, node, 0);
	return n;
}

static uint16_t
last_process(struct rte_graph *g, struct rte_node *node, void **objs, uint16_t n)
{
	(void)g;
	(void)node;
	rig_handle(&rig.after[STAGES - 1], (struct rte_mbuf **)objs, n);
	rig_put((struct rte_mbuf **)objs, n);
	return n;
}

static int
stage_init(const struct rte_graph *g, struct rte_node *node)
{
	static unsigned int stages;

	(void)g;
	*(struct rig_tally **)node->ctx = &rig.after[stages++ % (STAGES - 1)];
	return 0;
}

static struct rte_node_register weir_bench_source = {
	.name = "weir_bench_source",
	.flags = RTE_NODE_SOURCE_F,
	.process = source_process,
	.nb_edges = 1,
	.next_nodes = { "weir_bench_first" },
};
RTE_NODE_REGISTER(weir_bench_source)

static struct rte_node_register weir_bench_first = {
	.name = "weir_bench_first",
	.process = stage_process,
	.init = stage_init,
	.nb_edges = 1,
	.next_nodes = { "weir_bench_second" },
};
RTE_NODE_REGISTER(weir_bench_first)

static struct rte_node_register weir_bench_second = {
	.name = "weir_bench_second",
	.process = stage_process,
	.init = stage_init,
	.nb_edges = 1,
	.next_nodes = { "weir_bench_last" },
};
RTE_NODE_REGISTER(weir_bench_second)

static struct rte_node_register weir_bench_last = {
	.name = "weir_bench_last",
	.process = last_process,
};
RTE_NODE_REGISTER(weir_bench_last)

static int
walk(void *arg)
{
	(void)arg;
	while (!rig_stopping())
		rte_graph_walk(graph);
	rig_end_sources();
	return 0;
}

void
graph_run(const void *how, double figures[])
{
	const struct graph_how *graph_how = how;
	const char *patterns[] = { "weir_bench_*" };
	struct rte_graph_param param = {
		.socket_id = SOCKET_ID_ANY,
		.nb_node_patterns = RTE_DIM(patterns),
		.node_patterns = patterns,
	};
	rte_graph_t id;

	if (!rig.now.one_lcore || rig.now.before + rig.now.after != STAGES)
		bench_die("the graph is of %d stages on one lcore", STAGES);
	id = rte_graph_create("bench", &param);
	graph = id == RTE_GRAPH_ID_INVALID ? NULL : rte_graph_lookup("bench");
	if (graph == NULL)
		bench_die("graph: %s", rte_strerror(rte_errno));
	figures[0] = rig_run(NULL, walk, graph_how->back, false);
	rte_graph_destroy(id);
}
