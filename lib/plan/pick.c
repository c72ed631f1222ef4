/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Which of the usable lcores each worker of a node gets, where the node has its place. */
#include "plan_private.h"

void
place_worker(struct placing *p, struct plan_worker *worker, unsigned int lcore)
{
	worker->lcore = lcore;
	worker->socket = placed_socket(p, lcore);
	p->load[lcore]++;
}

bool
feeds(const struct weir_pipeline *pipeline, unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = 0; i < pipeline->link_count; i++)
		if (pipeline->links[i].from == from && pipeline->links[i].to == to &&
			!link_feedback(&pipeline->links[i]))
			return true;
	return false;
}

static bool
socket_usable(const struct placing *p, int socket)
{
	unsigned int i;

	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(&p->usable, i) && placed_socket(p, i) == socket)
			return true;
	return false;
}

int
nearest_usable(const struct placing *p, int wanted)
{
	const uint8_t *distance = p->plan->machine->distance[wanted];
	int socket, best = ANY_SOCKET;

	if (socket_usable(p, wanted))
		return wanted;
	for (socket = 0; socket < MACHINE_SOCKETS; socket++)
		if (socket_usable(p, socket) && (best < 0 || distance[socket] < distance[best]))
			best = socket;
	return best;
}

/* The lcores of what feeds a node. */
static void
upstream_lcores(const struct placing *p, unsigned int node, struct lcore_set *set)
{
	const struct plan_worker *worker;
	unsigned int i;

	memset(set, 0, sizeof(*set));
	for (i = 0; i < p->plan->worker_count; i++) {
		worker = &p->plan->workers[i];
		if (worker->lcore != LCORE_ID_ANY && feeds(p->plan->pipeline, worker->node, node))
			lcore_set_add(set, worker->lcore);
	}
}

/*
 * The one worker that a worker gets its events from over a link of which the workers meet one by one;
 * NULL: there is no such link, or its producers are not placed.
 */
static const struct plan_worker *
partner(const struct placing *p, const struct plan_worker *worker)
{
	const struct weir_pipeline *pipeline = p->plan->pipeline;
	unsigned int i;

	for (i = 0; i < pipeline->link_count; i++) {
		const struct link *link = &pipeline->links[i];
		unsigned int workers = node_workers(&pipeline->nodes[link->from]);

		if (link->to == worker->node && workers > 1 && is_placed(p, link->from) &&
			pipeline_stride(pipeline, link) == workers)
			return &p->plan->workers[plan_first_worker(p->plan, link->from) +
				worker->index % workers];
	}
	return NULL;
}

/* Where a worker of a node would best be. */
struct wish {
	int socket;                /* ANY_SOCKET: all are the same */
	bool bound;                /* to that socket */
	unsigned int beside;       /* lcore of its partner; LCORE_ID_ANY: it has none */
	struct lcore_set upstream; /* lcores of what feeds the node */
};

static void
wish_beside(const struct placing *p, const struct plan_worker *worker, struct wish *wish)
{
	const struct plan_worker *other = partner(p, worker);
	bool named = is_set(p->plan->pipeline->nodes[worker->node].conf.numa);

	wish->beside = other != NULL ? other->lcore : LCORE_ID_ANY;
	if (other != NULL && wish->socket != ANY_SOCKET && !named)
		wish->socket = nearest_usable(p, other->socket);
}

static unsigned int
distance_to(const struct placing *p, const struct wish *wish, unsigned int lcore)
{
	return wish->socket != ANY_SOCKET ?
		p->plan->machine->distance[wish->socket][placed_socket(p, lcore)] :
		0;
}

/*
 * Whether lcore a is better than b: with fewer workers, so that all lcores have one before any has
 * two; nearer; and where lcores are shared with what feeds the worker, so that the link becomes a call.
 */
static bool
lcore_better(const struct placing *p, const struct wish *wish, unsigned int a, unsigned int b)
{
	unsigned int near = distance_to(p, wish, a), far = distance_to(p, wish, b);

	if (p->load[a] != p->load[b])
		return p->load[a] < p->load[b];
	if (near != far)
		return near < far;
	if (a == wish->beside || b == wish->beside)
		return a == wish->beside;
	return lcore_set_has(&wish->upstream, a) && !lcore_set_has(&wish->upstream, b);
}

static unsigned int
pick_lcore(const struct placing *p, const struct wish *wish)
{
	unsigned int i, best = LCORE_ID_ANY;

	for (i = 0; i < RTE_MAX_LCORE; i++) {
		if (!lcore_set_has(&p->usable, i) ||
			(wish->bound && placed_socket(p, i) != wish->socket))
			continue;
		if (best == LCORE_ID_ANY || lcore_better(p, wish, i, best))
			best = i;
	}
	return best;
}

/* An lcore of its own on the socket that it is best on. */
static bool
is_at_home(const struct placing *p, const struct wish *wish, unsigned int lcore)
{
	return p->load[lcore] == 0 &&
		(wish->socket == ANY_SOCKET || placed_socket(p, lcore) == wish->socket);
}

/* First those that find an lcore of their own at home: what is left elsewhere is for the others. */
void
place_workers(struct placing *p, unsigned int node, int socket)
{
	const struct weir_pipeline *pipeline = p->plan->pipeline;
	struct plan_worker *first = &p->plan->workers[plan_first_worker(p->plan, node)];
	struct wish wish;
	unsigned int i, lcore, pass;

	upstream_lcores(p, node, &wish.upstream);
	wish.bound = socket != ANY_SOCKET &&
		(pipeline->conf.numa == NUMA_STRICT || is_set(pipeline->nodes[node].conf.numa));
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < node_workers(&pipeline->nodes[node]); i++) {
			if (first[i].lcore != LCORE_ID_ANY)
				continue;
			wish.socket = socket;
			wish_beside(p, &first[i], &wish);
			lcore = pick_lcore(p, &wish);
			if (pass > 0 || is_at_home(p, &wish, lcore))
				place_worker(p, &first[i], lcore);
		}
}
