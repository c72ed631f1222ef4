/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * source: how an embedding application hands in packets and events of its own.
 *
 * A source of `type = inject` has as many producers as its key `producers` says. Each is opened
 * once and used by one thread at a time; the thread need not be an EAL lcore. Handing in never
 * blocks: what there is no room for stays the caller's.
 */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include <stdint.h>

#include <weir/error.h>
#include <weir/event.h>
#include <weir/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_engine;

/** The application's end of an inject source. */
struct weir_inject;

/**
 * weir_inject_open() claims a free producer of an inject source. Thread-safe.
 *
 * @param source  name of the source
 * @return the producer, valid until the engine is destroyed; NULL with rte_errno ENOENT (no inject
 *   source of that name), EBUSY (all its producers are taken) or EINVAL (no engine or name), and
 *   `error`. Also of an engine that has stopped: nothing can be handed in then
 */
WEIR_API struct weir_inject *weir_inject_open(struct weir_engine *engine, const char *source,
	struct weir_error *error);

/**
 * weir_inject_packets() hands in packets, to be parsed by the source's worker.
 *
 * @param mbufs  packets whose mbufs fit an event (weir_mbuf_fits(); a pool of weir_pool_create())
 *   Whether those of a pool do is looked at once for a run of them: a pool that was freed must not be
 *   followed by one without that room at its address while the producer is in use
 * @return how many of the first were taken; the others are still the caller's. Fewer than n with
 *   rte_errno ENOBUFS (no room now), EINVAL (the next mbuf does not fit an event, or NULL) or ESHUTDOWN
 *   (the engine is stopping, or has stopped)
 */
WEIR_API uint16_t weir_inject_packets(struct weir_inject *inject, struct rte_mbuf *mbufs[],
	uint16_t n);

/**
 * weir_inject_events() hands in events that the caller has filled, weir_mbuf_mark() included.
 *
 * @return as weir_inject_packets()
 */
WEIR_API uint16_t weir_inject_events(struct weir_inject *inject, struct weir_event *events[],
	uint16_t n);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_SOURCE_H */
