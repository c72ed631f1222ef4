/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <assert.h>
#include <stddef.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "compat.h"
#include "event.h"
#include "stacks.h"

#define FIELD(field, offset, size) \
	static_assert(offsetof(struct weir_event, field) == (offset) && \
			sizeof(((struct weir_event *)0)->field) == (size), \
		"where it is in an event: " #field)

/* Line 0: quarters of 16 bytes, which the parser stores each at once. */
FIELD(type, 0, 1);
FIELD(prio, 1, 1);
FIELD(pool, 2, 2);
FIELD(flags, 4, 4);
FIELD(tsc, 8, 8);
FIELD(wire_ns, 16, 8);
FIELD(len, 24, 4);
FIELD(wire_len, 28, 4);
FIELD(port, 32, 2);
FIELD(queue, 34, 2);
FIELD(hash, 36, 4);
FIELD(payload_len, 40, 4);
FIELD(tunnel_id, 44, 4);
FIELD(l3_off, 48, 2);
FIELD(l4_off, 50, 2);
FIELD(payload_off, 52, 2);
FIELD(stopped, 54, 2);
FIELD(vlan, 56, 4);
FIELD(tunnel, 60, 1);
FIELD(verdict, 61, 1);
FIELD(tcp_flags, 62, 1);
FIELD(proto, 63, 1);
/* Line 1. */
FIELD(key, 64, 40);
FIELD(gap, 64, 32);
FIELD(user, 104, 24);
static_assert(sizeof(struct weir_event) == 2 * RTE_CACHE_LINE_MIN_SIZE, "two cache lines");
static_assert(sizeof(struct rte_mbuf) % RTE_CACHE_LINE_MIN_SIZE == 0, "events are cache-aligned");

/* Most mbufs that go back to a pool at once: two default bursts. */
#define EVENTS_RUN 64

static const char *const verdict_names[WEIR_VERDICT_MAX] = {
	[WEIR_VERDICT_OK] = "ok",
	[WEIR_VERDICT_TRUNC_L2] = "trunc_l2",
	[WEIR_VERDICT_TRUNC_L3] = "trunc_l3",
	[WEIR_VERDICT_TRUNC_L4] = "trunc_l4",
	[WEIR_VERDICT_TRUNC_TUNNEL] = "trunc_tunnel",
	[WEIR_VERDICT_BAD_VERSION] = "bad_version",
	[WEIR_VERDICT_BAD_HDR_LEN] = "bad_hdr_len",
	[WEIR_VERDICT_BAD_TOTAL_LEN] = "bad_total_len",
	[WEIR_VERDICT_EXT_CHAIN] = "ext_chain",
	[WEIR_VERDICT_TOO_DEEP] = "too_deep",
};

static const char *const tunnel_names[WEIR_TUNNEL_MAX] = {
	[WEIR_TUNNEL_NONE] = "none",
	[WEIR_TUNNEL_IPIP] = "ipip",
	[WEIR_TUNNEL_GRE] = "gre",
	[WEIR_TUNNEL_VXLAN] = "vxlan",
	[WEIR_TUNNEL_GENEVE] = "geneve",
	[WEIR_TUNNEL_GTPU] = "gtpu",
	[WEIR_TUNNEL_ERSPAN] = "erspan",
	[WEIR_TUNNEL_ETHERIP] = "etherip",
	[WEIR_TUNNEL_L2TP] = "l2tp",
	[WEIR_TUNNEL_MPLS] = "mpls",
	[WEIR_TUNNEL_SRV6] = "srv6",
	[WEIR_TUNNEL_TEREDO] = "teredo",
	[WEIR_TUNNEL_AYIYA] = "ayiya",
	[WEIR_TUNNEL_PIM] = "pim",
	[WEIR_TUNNEL_CAPWAP] = "capwap",
	[WEIR_TUNNEL_TZSP] = "tzsp",
	[WEIR_TUNNEL_PBB] = "pbb",
};

const char *
weir_verdict_name(unsigned int verdict)
{
	return verdict < WEIR_VERDICT_MAX ? verdict_names[verdict] : NULL;
}

const char *
weir_tunnel_name(unsigned int tunnel)
{
	return tunnel < WEIR_TUNNEL_MAX ? tunnel_names[tunnel] : NULL;
}

/* What makes a pool what it is, beside its name and size. */
struct pool_kind {
	unsigned int cache;
	uint16_t priv;
	uint16_t data_room;
	int socket;
	const struct pool_stacks *stacks; /* NULL: one */
};

/*
 * What keeps the free mbufs: what EAL was told by --mbuf-pool-ops-name, or what the platform has in
 * hardware, or a stack. DPDK's default, a ring, makes every mbuf of a pool take its turn, so that
 * the whole pool wants room in the caches; of a stack only as many go round as are in use. One hop
 * over two cores makes 1.10 times the events with a pool of 4095, 1.14 times with one of 32767
 * (medians of interleaved rounds). An operation on either that loses its CPU in the middle keeps
 * others waiting; lcores come here once in some hundred mbufs. Where several lcores allocate, one
 * stack under one lock is what bounds them all: there they have a stack each.
 */
static const char *
pool_ops(const struct pool_stacks *stacks)
{
	const char *ops = rte_mbuf_user_mempool_ops();

	if (ops == NULL)
		ops = rte_mbuf_platform_mempool_ops();
	if (ops == NULL && stacks != NULL && stacks->count > 1)
		ops = pool_stacks_ops();
	return ops != NULL ? ops : "stack";
}

static void
mbuf_init(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	struct rte_mbuf *mbuf = object;

	rte_pktmbuf_init(pool, arg, object, index);
	rte_mbuf_iova_set(mbuf, (uintptr_t)mbuf->buf_addr);
}

/*
 * As rte_pktmbuf_pool_create_by_ops(), but operations may have their configuration, and where there
 * are no hugepages objects may straddle pages. That function gives each object a page of its own
 * then, at the same place in each: all of them compete for the same few sets of the caches. Pages of
 * ordinary memory are contiguous to devices too, as EAL addresses them by virtual addresses.
 */
static struct rte_mempool *
pool_create(const char *name, unsigned int size, const struct pool_kind *kind, const char *ops)
{
	bool packed = !rte_eal_has_hugepages() && rte_eal_iova_mode() == RTE_IOVA_VA;
	struct rte_pktmbuf_pool_private private = {
		.mbuf_data_room_size = kind->data_room,
		.mbuf_priv_size = kind->priv,
	};
	struct rte_mempool *pool = rte_mempool_create_empty(name, size,
		(unsigned int)sizeof(struct rte_mbuf) + kind->priv + kind->data_room, kind->cache,
		sizeof(private), kind->socket, packed ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0);
	int rc;

	if (pool == NULL)
		return NULL;
	rc = rte_mempool_set_ops_byname(pool, ops, (void *)(uintptr_t)kind->stacks);
	rte_pktmbuf_pool_init(pool, &private);
	if (rc == 0)
		rc = rte_mempool_populate_default(pool);
	pool->pool_config = NULL;
	if (rc < 0) {
		rte_mempool_free(pool);
		rte_errno = -rc;
		return NULL;
	}
	rte_mempool_obj_iter(pool, packed ? mbuf_init : rte_pktmbuf_init, NULL);
	return pool;
}

static struct rte_mempool *
pool_create_kind(const char *name, unsigned int size, const struct pool_kind *kind)
{
	struct rte_mempool *pool = pool_create(name, size, kind, pool_ops(kind->stacks));

	/* The stack is a driver, which EAL may have been told not to load. */
	if (pool == NULL && rte_errno == EINVAL)
		pool = pool_create(name, size, kind, RTE_MBUF_DEFAULT_MEMPOOL_OPS);
	if (pool != NULL)
		pool_index(pool);
	return pool;
}

struct rte_mempool *
weir_pool_create(const char *name, unsigned int size, unsigned int cache, uint16_t priv_size,
	uint16_t data_room, int socket)
{
	const struct pool_kind kind = {
		.cache = cache,
		.priv = (uint16_t)(sizeof(struct weir_event) + priv_size),
		.data_room = data_room,
		.socket = socket,
	};

	if (priv_size > UINT16_MAX - sizeof(struct weir_event) ||
		priv_size % RTE_MBUF_PRIV_ALIGN != 0) {
		rte_errno = EINVAL;
		return NULL;
	}
	if (name == NULL || !eal_is_there()) {
		rte_errno = name == NULL ? EINVAL : E_RTE_NO_CONFIG;
		return NULL;
	}
	return pool_create_kind(name, size, &kind);
}

struct rte_mempool *
pool_create_stacks(const char *name, unsigned int size, unsigned int cache, uint16_t data_room,
	int socket, const struct pool_stacks *stacks)
{
	const struct pool_kind kind = {
		.cache = cache,
		.priv = sizeof(struct weir_event),
		.data_room = data_room,
		.socket = socket,
		.stacks = stacks,
	};
	bool right = stacks->count > 0 && stacks->count <= POOL_STACKS_MAX;

	for (unsigned int i = 0; right && i < RTE_MAX_LCORE; i++)
		right = stacks->home[i] < stacks->count;
	if (!right) {
		rte_errno = EINVAL;
		return NULL;
	}
	return pool_create_kind(name, size, &kind);
}

/* Put back the pristine events of one pool that `events` begins with; how many there were. */
static unsigned int
run_free(struct weir_event *const events[], unsigned int n)
{
	struct rte_mbuf *run[EVENTS_RUN];
	size_t end = RTE_MIN(n, (unsigned int)EVENTS_RUN), k;
	uint16_t pool = events[0]->pool;

	UNROLL(4)
	for (k = 0; k < end; k++) {
		const struct weir_event *event = events[k];

		if (!(event->flags & WEIR_EVENT_PRISTINE) || event->pool != pool)
			break;
		run[k] = weir_event_mbuf(event);
	}
	if (k > 0)
		rte_mempool_put_bulk(pool_at(pool), (void **)run, (unsigned int)k);
	return (unsigned int)k;
}

void
events_free(struct weir_event *const events[], unsigned int n)
{
	while (n > 0) {
		unsigned int k = run_free(events, n);

		if (k == 0) {
			rte_pktmbuf_free(weir_event_mbuf(events[0]));
			k = 1;
		}
		events += k;
		n -= k;
	}
}

void
weir_events_free(struct weir_event *const events[], unsigned int n)
{
	events_free(events, n);
}
