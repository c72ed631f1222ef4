/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Where the memory of an engine really is: what EAL was asked for, and what the kernel says of its
 * pages. A page that nothing has touched yet is nowhere.
 */
#include <numaif.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_log.h>
#include <rte_mempool.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_memory, lib.weir.memory, NOTICE);
#define MEMORY_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_memory, __VA_ARGS__)

/* Pages of a piece that are asked for, spread over it. */
#define SAMPLES 256
#define SOCKETS RTE_MAX_NUMA_NODES

/* Pages by the socket that they are on. */
struct tally {
	unsigned int on[SOCKETS];
	uint64_t bytes;
};

/* The kernel's answer for the pages at these addresses; a negative one where it has none. */
static bool
pages_ask(void *pages[], int sockets[], unsigned int n)
{
	if (move_pages(0, n, pages, NULL, sockets, 0) != 0)
		return false;
	for (unsigned int i = 0; fault_hit(FAULT_ELSEWHERE) && i < n; i++)
		sockets[i] = SOCKETS - 1;
	return true;
}

static void
tally_piece(struct tally *tally, const void *at, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = RTE_ALIGN_FLOOR((uintptr_t)at, page), end = (uintptr_t)at + len;
	uintptr_t step = RTE_MAX(page, RTE_ALIGN_CEIL((end - first) / SAMPLES, page));
	void *pages[SAMPLES];
	int sockets[SAMPLES];
	unsigned int n = 0;

	if (at == NULL || len == 0)
		return;
	tally->bytes += len;
	for (uintptr_t p = first; p < end && n < SAMPLES; p += step)
		pages[n++] = (void *)p;
	if (!pages_ask(pages, sockets, n))
		return;
	for (unsigned int i = 0; i < n; i++)
		if (sockets[i] >= 0 && sockets[i] < SOCKETS)
			tally->on[sockets[i]]++;
}

static void
tally_chunk(struct rte_mempool *pool __rte_unused, void *tally, struct rte_mempool_memhdr *chunk,
	unsigned int i __rte_unused)
{
	tally_piece(tally, chunk->addr, chunk->len);
}

static void
figures_fill(struct weir_memory_figures *figures, const struct tally *tally)
{
	unsigned int all = 0, most = 0;

	for (unsigned int i = 0; i < SOCKETS; i++) {
		all += tally->on[i];
		if (tally->on[i] > tally->on[most])
			most = i;
	}
	figures->bytes = tally->bytes;
	figures->reports_actual = all > 0;
	if (all == 0)
		return;
	figures->actual = (int)most;
	if (figures->socket >= 0 && figures->socket < SOCKETS)
		figures->elsewhere = (double)(all - tally->on[figures->socket]) / all;
}

static void
pool_memory(const struct pool_state *pool, struct weir_memory_figures *figures, struct tally *tally)
{
	figures->kind = "pool";
	figures->socket = pool->plan->socket;
	snprintf(figures->name, sizeof(figures->name), "%s", pool->pool->name);
	rte_mempool_mem_iter(pool->pool, tally_chunk, tally);
}

/* What a worker writes, and what others read of it. */
static void
worker_memory(const struct seat *seat, struct weir_memory_figures *figures, struct tally *tally)
{
	const struct weir_worker *worker = seat->worker;
	size_t state =
		seat->node->source ? seat->node->source_ops->state_size : seat->node->needs.state;

	figures->kind = "worker";
	figures->socket = worker->socket;
	snprintf(figures->name, sizeof(figures->name), "%s[%u]", worker->name, worker->index);
	tally_piece(tally, worker, sizeof(*worker));
	tally_piece(tally, worker->stats, sizeof(*worker->stats));
	tally_piece(tally, worker->state, state);
	tally_piece(tally, worker->inputs, worker->input_count * sizeof(*worker->inputs));
	for (uint16_t i = 0; i < worker->output_count; i++)
		for (uint16_t l = 0; l < worker->outputs[i].link_count; l++) {
			const struct out_link *out = &worker->outputs[i].links[l];

			tally_piece(tally, out->lanes, out->lane_count * sizeof(*out->lanes));
		}
}

static void
rings_memory(const struct seat *seat, const struct ring_zone *zone,
	struct weir_memory_figures *figures, struct tally *tally)
{
	figures->kind = "rings";
	figures->socket = seat->worker->socket;
	snprintf(figures->name, sizeof(figures->name), "%s[%u]", seat->worker->name,
		seat->worker->index);
	tally_piece(tally, zone->base, zone->used);
}

/* Where its frames were when it began: known of an lcore that was launched, or given over. */
static void
stack_memory(const struct loop *loop, struct weir_memory_figures *figures, struct tally *tally)
{
	char *stack = __atomic_load_n(&loop->stack, __ATOMIC_ACQUIRE);

	figures->kind = "stack";
	figures->socket = (int)rte_lcore_to_socket_id(loop->lcore);
	for (unsigned int i = 0; i < loop->seat_count; i++)
		figures->socket = loop->seats[i]->worker->socket;
	snprintf(figures->name, sizeof(figures->name), "lcore %u", loop->lcore);
	tally_piece(tally, stack, LOOP_STACK);
}

int
weir_ledger_memory(const struct weir_engine *engine, unsigned int i,
	struct weir_memory_figures *figures)
{
	struct weir_memory_figures full = { .actual = SOCKET_ID_ANY };
	struct tally tally = { .bytes = 0 };
	unsigned int pools, seats;

	if (engine == NULL)
		return -EINVAL;
	pools = engine->pool_count;
	seats = engine->seat_count;
	if (i < pools)
		pool_memory(&engine->pools[i], &full, &tally);
	else if (i - pools < seats)
		worker_memory(&engine->seats[i - pools], &full, &tally);
	else if (i - pools < 2 * seats)
		rings_memory(&engine->seats[i - pools - seats], &engine->zones[i - pools - seats],
			&full, &tally);
	else if (i - pools - 2 * seats < engine->loop_count)
		stack_memory(&engine->loops[i - pools - 2 * seats], &full, &tally);
	else
		return -ENOENT;
	figures_fill(&full, &tally);
	return SIZED_GIVE(figures, &full, name);
}

/* "85 % of pool weir_0_pool_1, planned on socket 1, is elsewhere": the first, and how many more. */
static unsigned int
elsewhere_text(const struct weir_engine *engine, bool stacks, char *text, size_t size)
{
	struct weir_memory_figures memory = WEIR_MEMORY_FIGURES_INIT;
	unsigned int count = 0;
	size_t at = 0;

	for (unsigned int i = 0; weir_ledger_memory(engine, i, &memory) == 0; i++) {
		if (memory.elsewhere == 0 || stacks != (strcmp(memory.kind, "stack") == 0) ||
			count++ > 0)
			continue;
		at = (size_t)snprintf(text, size,
			"%.0f %% of the memory of %s %s, planned on socket %d, is elsewhere, most "
			"on socket %d",
			100 * memory.elsewhere, memory.kind, memory.name, memory.socket,
			memory.actual);
	}
	if (count > 1 && at < size)
		snprintf(text + at, size - at, ", and of %u more", count - 1);
	return count;
}

int
engine_memory_check(const struct weir_engine *engine, bool stacks, struct weir_error *error)
{
	uint64_t numa = pipeline_of(engine)->conf.numa;
	char text[256];

	if (numa == NUMA_OFF || elsewhere_text(engine, stacks, text, sizeof(text)) == 0)
		return 0;
	if (numa == NUMA_STRICT)
		return weir_error_set(error, ENOMEM,
			"numa = strict, but %s; give EAL hugepages on each socket, as by "
			"dpdk-hugepages.py --node N --setup 2G, or set numa = prefer in [pipeline]",
			text);
	MEMORY_LOG(NOTICE, "'%s': %s\n", weir_engine_name(engine), text);
	return 0;
}
