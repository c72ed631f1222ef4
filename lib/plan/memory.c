/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * How many bytes of EAL's memory the plan takes. What drivers allocate for themselves is not known,
 * and of stages only what they say they need: the sum never exceeds the truth, so that no machine is
 * refused wrongly.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "link/link.h"
#include "sink/sink.h"
#include "plan_private.h"

#define MB (UINT64_C(1) << 20)
#define HUGEPAGE (2 * MB)
/* -m is advised in steps of so much, which leaves some for what drivers take. */
#define ADVICE_STEP (64 * MB)

size_t
plan_ring_bytes(uint32_t capacity)
{
	ssize_t bytes = rte_ring_get_memsize(rte_align32pow2(capacity + 1));

	return bytes > 0 ? (size_t)bytes : 0;
}

/*
 * The objects of a mempool. In hugepages none straddles two pages:
 * rte_mempool_op_calc_mem_size_helper(). In ordinary memory they are packed: weir_pool_create().
 */
static uint64_t
objects_bytes(uint64_t n, uint64_t object, bool hugepages)
{
	uint64_t fit = HUGEPAGE / object;

	if (!hugepages)
		return n * object;
	if (fit == 0)
		return n * RTE_ALIGN_CEIL(object, HUGEPAGE);
	return (n - 1) / fit * HUGEPAGE + ((n - 1) % fit + 1) * object;
}

static uint64_t
pool_bytes(const struct weir_plan *plan, const struct plan_pool *pool)
{
	uint64_t mbuf = sizeof(struct rte_mbuf) + sizeof(struct weir_event) + plan->data_room;
	uint64_t object = rte_mempool_calc_obj_size((uint32_t)mbuf, 0, NULL);
	uint64_t head = sizeof(struct rte_mempool) + sizeof(struct rte_pktmbuf_pool_private);

	if (pool->cache != 0)
		head += sizeof(struct rte_mempool_cache) * RTE_MAX_LCORE;
	/* a stack keeps what is free; a ring would take as much and a little more */
	head += pool->stacks > 1 ? pool_stacks_bytes(pool->size, pool->stacks) :
				   pool->size * sizeof(void *);
	return head + objects_bytes(pool->size, object, plan->machine->hugepages);
}

static uint64_t
worker_bytes(const struct node *node)
{
	size_t state = node->source ? node->source_ops->state_size : node->needs.state;

	return sizeof(struct weir_worker) + sizeof(struct worker_stats) + state;
}

/* What a worker of a source takes in init(). */
static uint64_t
source_bytes(const struct node *node)
{
	const struct source_ops *ops = node->source_ops;

	return ops->memory != NULL ? ops->memory(node->type_conf) : 0;
}

bool
plan_app_rings(const struct weir_plan *plan, const struct plan_worker *worker,
	struct app_rings *rings)
{
	const struct node *node = plan_node(plan, worker);

	return node->source ? inject_rings(node->source_ops, node->type_conf, rings) :
			      eject_rings(node->stage_ops, node->type_conf, rings);
}

uint64_t
plan_memory_sum(const struct plan_memory *memory)
{
	return memory->pools + memory->rings + memory->workers + memory->stages;
}

static void
add_workers(const struct weir_plan *plan, struct plan_memory terms[MACHINE_SOCKETS])
{
	for (unsigned int i = 0; i < plan->worker_count; i++) {
		const struct node *node = plan_node(plan, &plan->workers[i]);
		struct plan_memory *of = &terms[plan->workers[i].socket];

		of->workers += worker_bytes(node);
		of->stages += node->source ? source_bytes(node) : node->needs.memory;
	}
}

/* A ring, and what its link's policy keeps beside it: times by its consumer, datagrams by its producer. */
static void
add_ring(const struct weir_plan *plan, const struct plan_pair *pair,
	struct plan_memory terms[MACHINE_SOCKETS])
{
	const struct link_conf *conf = &plan->pipeline->links[pair->link].conf;
	struct plan_memory *of = &terms[plan->workers[pair->consumer].socket];

	of->rings += plan_ring_bytes(pair->capacity);
	if (conf->deadline != 0)
		of->rings += rte_align32pow2(pair->capacity + 1) * sizeof(uint32_t);
	if (conf->on_full == WEIR_ON_FULL_DROP_FLOW)
		terms[plan->workers[pair->producer].socket].rings += sizeof(struct ring_datagrams);
}

/* Add up what is taken on each socket, of pools whose bytes are known. */
static void
socket_terms(const struct weir_plan *plan, struct plan_memory terms[MACHINE_SOCKETS])
{
	unsigned int i;

	for (i = 0; i < plan->pool_count; i++)
		terms[plan->pools[i].socket].pools += plan->pools[i].memory;
	add_workers(plan, terms);
	for (i = 0; i < plan->pair_count; i++)
		if (!plan->pairs[i].call)
			add_ring(plan, &plan->pairs[i], terms);
}

void
plan_socket_bytes(const struct weir_plan *plan, uint64_t bytes[MACHINE_SOCKETS])
{
	struct plan_memory terms[MACHINE_SOCKETS] = { 0 };

	socket_terms(plan, terms);
	for (unsigned int i = 0; i < MACHINE_SOCKETS; i++)
		bytes[i] = plan_memory_sum(&terms[i]);
}

const char *
plan_hugepages_text(unsigned int socket, uint64_t pages, char text[HUGEPAGES_TEXT])
{
	snprintf(text, HUGEPAGES_TEXT,
		"echo %" PRIu64
		" >/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/nr_hugepages",
		pages, socket);
	return text;
}

static void
find_bytes(struct weir_plan *plan, struct plan_memory terms[MACHINE_SOCKETS])
{
	unsigned int i;

	for (i = 0; i < plan->pool_count; i++)
		plan->pools[i].memory = pool_bytes(plan, &plan->pools[i]);
	socket_terms(plan, terms);
	for (i = 0; i < MACHINE_SOCKETS; i++) {
		uint64_t bytes = plan_memory_sum(&terms[i]);

		plan->terms.pools += terms[i].pools;
		plan->terms.rings += terms[i].rings;
		plan->terms.workers += terms[i].workers;
		plan->terms.stages += terms[i].stages;
		plan->memory += bytes;
		plan->hugepages_2m += (bytes + HUGEPAGE - 1) / HUGEPAGE;
	}
}

const char *
plan_memory_text(const struct plan_memory *memory, char buf[MEMORY_TEXT_SIZE])
{
	const double mb = (double)MB;

	snprintf(buf, MEMORY_TEXT_SIZE,
		"%.1f pools + %.1f rings + %.1f workers + %.1f their init()",
		(double)memory->pools / mb, (double)memory->rings / mb,
		(double)memory->workers / mb, (double)memory->stages / mb);
	return buf;
}

static uint64_t
in_mb(uint64_t bytes)
{
	return (bytes + MB - 1) / MB;
}

/* All memory is one heap whose size -m has set. */
static int
check_heap(const struct weir_plan *plan, struct weir_error *error)
{
	char text[MEMORY_TEXT_SIZE];
	uint64_t heap = 0, heap_free = 0;
	unsigned int i;

	for (i = 0; i < MACHINE_SOCKETS; i++) {
		heap += plan->machine->memory[i].heap;
		heap_free += plan->machine->memory[i].heap_free;
	}
	if (plan->memory <= heap_free)
		return 0;
	return weir_error_set(error, ENOMEM,
		"pipeline %s takes %" PRIu64 " MB of memory (%s), EAL has %" PRIu64
		" MB free of %" PRIu64 " MB: start it with -m %" PRIu64,
		plan->pipeline->conf.name, in_mb(plan->memory),
		plan_memory_text(&plan->terms, text), heap_free / MB, in_mb(heap),
		RTE_ALIGN_CEIL(heap - heap_free + plan->memory, ADVICE_STEP) / MB);
}

/* EAL takes further hugepages of a socket as they are needed. */
static int
check_socket(const struct weir_plan *plan, unsigned int socket, const struct plan_memory *terms,
	struct weir_error *error)
{
	char text[MEMORY_TEXT_SIZE], command[HUGEPAGES_TEXT];
	const struct machine_memory *memory = &plan->machine->memory[socket];
	uint64_t available = memory->heap_free + memory->huge_free, pages;
	uint64_t needed = plan_memory_sum(terms);

	if (needed <= available)
		return 0;
	pages = RTE_ALIGN_CEIL(memory->huge_2m + needed + PLAN_BESIDE - available, HUGEPAGE);
	return weir_error_set(error, ENOMEM,
		"pipeline %s takes %" PRIu64
		" MB of memory (%s) on socket %u, where EAL can have %" PRIu64
		" MB; run as root: %s",
		plan->pipeline->conf.name, in_mb(needed), plan_memory_text(terms, text), socket,
		available / MB, plan_hugepages_text(socket, pages / HUGEPAGE, command));
}

int
plan_memory(struct weir_plan *plan, struct weir_error *error)
{
	struct plan_memory terms[MACHINE_SOCKETS] = { 0 };
	unsigned int i;
	int ret = 0;

	find_bytes(plan, terms);
	if (!plan->machine->hugepages)
		return check_heap(plan, error);
	for (i = 0; ret == 0 && i < MACHINE_SOCKETS; i++)
		ret = check_socket(plan, i, &terms[i], error);
	return ret;
}
