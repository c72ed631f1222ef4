/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Telling of flows: events of a pool of the worker's own, with a record behind each. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "track.h"

/*
 * What one packet may bring: the ends of two flows, where one has the room and another the record that is wanted,
 * and the beginning of a third. Of a flow that is there already: a state and an update.
 */
#define TOLD_MOST 3
/* Of them, ends. */
#define ENDS_MOST 2

uint32_t
tell_most(const struct weir_flow_ops *ops)
{
	return TOLD_MOST + (1u + ENDS_MOST) * ops->tells;
}

static uint32_t
stash_size(const struct weir_flow_ops *ops)
{
	return tell_most(ops) * BURST_MAX;
}

size_t
tell_memory(const struct weir_flow_ops *ops, const struct track_conf *conf)
{
	uint32_t mbuf = sizeof(struct rte_mbuf) + sizeof(struct weir_event) +
		sizeof(struct weir_flow_record);

	return conf->records *
		(rte_mempool_calc_obj_size(mbuf, 0, NULL) + 2 * sizeof(struct rte_mbuf *)) +
		2 * stash_size(ops) * sizeof(struct rte_mbuf *);
}

int
tell_init(struct track *track, const struct track_conf *conf, struct weir_error *error)
{
	const struct weir_worker *worker = track->worker;
	char name[RTE_MEMPOOL_NAMESIZE];

	track->per_packet = tell_most(track->ops);
	track->per_end = 1u + track->ops->tells;
	track->stash_size = stash_size(track->ops);
	track->stash = rte_malloc_socket("weir_flow", 2 * track->stash_size * sizeof(*track->stash),
		RTE_CACHE_LINE_SIZE, worker->socket);
	if (track->stash == NULL)
		return -ENOMEM;
	track->told = (struct weir_event **)(void *)(track->stash + track->stash_size);
	if (worker->outputs[OUTPUT_FLOWS].link_count == 0)
		return 0;
	snprintf(name, sizeof(name), "weirflow_%" PRIxPTR, (uintptr_t)track);
	track->pool = weir_pool_create(name, (unsigned int)conf->records, 0,
		sizeof(struct weir_flow_record), 0, worker->socket);
	if (track->pool == NULL)
		return weir_error_set(error, rte_errno,
			"stage '%s': no pool of %" PRIu64 " records on socket %d: %s; give EAL "
			"more memory by -m, or have fewer `records`",
			worker->name, conf->records, worker->socket, rte_strerror(rte_errno));
	track->pool_index = weir_pool_index(track->pool);
	return 0;
}

void
tell_fini(struct track *track)
{
	if (track->pool != NULL) {
		rte_mempool_put_bulk(track->pool, (void **)track->stash, track->stash_count);
		track->stash_count = 0;
		if (rte_mempool_full(track->pool))
			rte_mempool_free(track->pool);
		else
			weir_worker_fail(track->worker, EBUSY,
				"stage '%s' worker %u: %u records of flows are not back in their pool: "
				"it stays",
				track->worker->name, track->worker->index,
				rte_mempool_in_use_count(track->pool));
		track->pool = NULL;
	}
	rte_free(track->stash);
}

uint32_t
tell_ready(struct track *track)
{
	uint32_t wanted = track->stash_size - track->stash_count;

	if (track->pool == NULL)
		return track->stash_size;
	if (wanted == 0)
		return track->stash_count;
	if (rte_mempool_get_bulk(track->pool, (void **)(track->stash + track->stash_count),
		    wanted) != 0) {
		wanted = RTE_MIN(rte_mempool_avail_count(track->pool), wanted);
		if (wanted == 0 ||
			rte_mempool_get_bulk(track->pool,
				(void **)(track->stash + track->stash_count), wanted) != 0)
			return track->stash_count;
	}
	track->stash_count += wanted;
	return track->stash_count;
}

/* An event of a flow, but for what happened. */
static void
event_fill(const struct track *track, const struct weir_flow *flow, struct weir_event *event)
{
	const struct tally_cold *cold = cold_of(track, flow);

	*event = (struct weir_event){
		.prio = WEIR_PRIO_DEFAULT,
		.flags = WEIR_EVENT_KEYED | WEIR_EVENT_WIRE_TIME |
			(cold->flags &
				(WEIR_EVENT_IPV4 | WEIR_EVENT_IPV6 | WEIR_EVENT_VLAN |
					WEIR_EVENT_QINQ | WEIR_EVENT_TUNNELLED |
					WEIR_EVENT_FRAGMENT)),
		.tsc = track->clock.tsc,
		.port = cold->port,
		.hash = flow_hash(flow->hash, flow->extra),
		.tunnel_id = cold->tunnel_id,
		.vlan = { cold->vlan[0], cold->vlan[1] },
		.tunnel = cold->tunnel,
		.proto = flow->key.proto,
		.key = flow->key,
	};
	if (tally_client(tally_of(flow)) == 0)
		return;
	memcpy(event->key.src, flow->key.dst, sizeof(event->key.src));
	memcpy(event->key.dst, flow->key.src, sizeof(event->key.dst));
	event->key.sport = flow->key.dport;
	event->key.dport = flow->key.sport;
}

/* An event with the record of a flow, which is told of once the burst is done. */
static struct weir_event *
put(struct track *track, const struct weir_flow *flow, uint8_t type)
{
	struct rte_mbuf *mbuf = track->stash[--track->stash_count];
	struct weir_event *event = weir_mbuf_event(mbuf);

	event_fill(track, flow, event);
	event->flags |= weir_mbuf_mark_of(mbuf, track->pool_index);
	event->type = type;
	event->wire_ns = track->now;
	record_read(track, flow, (struct weir_flow_record *)(event + 1));
	track->told[track->told_count++] = event;
	return event;
}

void
tell(struct track *track, const struct weir_flow *flow, uint8_t type, uint8_t reason, uint64_t ns)
{
	struct weir_flow_record *record;
	struct weir_event *event;

	if (track->pool == NULL || !tell_wanted(track, type))
		return;
	event = put(track, flow, type);
	record = (struct weir_flow_record *)(event + 1);
	record->reason = reason;
	event->wire_ns = ns != 0 ? ns : record->end;
}

int
weir_flow_tell(struct weir_worker *worker, const struct weir_flow *flow, uint8_t type)
{
	struct track *track = worker->state;

	if (type < WEIR_EVENT_USER)
		return -EINVAL;
	if (track->tells_left == 0)
		return -ENOBUFS;
	track->tells_left--;
	if (track->pool != NULL)
		put(track, flow, type);
	return 0;
}

uint16_t
tell_flush(struct track *track)
{
	uint16_t n = track->told_count;

	if (n == 0)
		return 0;
	track->told_count = 0;
	stat_add(&track->stats.told, n);
	weir_created(track->worker, n);
	weir_forward(track->worker, OUTPUT_FLOWS, track->told, n);
	return n;
}
