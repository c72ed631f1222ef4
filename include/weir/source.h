/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * source: how an embedding application hands in packets and events of its own.
 *
 * A source of `type = inject` has `queues` workers, and each worker as many producers as its key
 * `producers` says. Each is opened once and used by one thread at a time; the thread need not be an
 * EAL lcore. Each has a ring to its worker, of `ring` packets and events. Handing in never blocks: what
 * there is no room for stays the caller's.
 *
 * What is handed in as an event comes to the stages as it is. Of a packet, which the source's worker
 * parses, the event is made anew, but for these:
 *
 *     the mbuf, and the application's bytes behind the event    always as they are
 *     user[]                  always as the application left it, of every packet that is parsed
 *     port                    `keep.port = on`: the mbuf's; else RTE_MBUF_PORT_INVALID
 *     prio                    `keep.prio = on`: as it is, above WEIR_PRIO_MAX that; else WEIR_PRIO_DEFAULT
 *     tsc                     `keep.tsc = on`: as it is; else when the worker took it out of the ring
 *     wire_ns                 `keep.wire_time = on`: as it is where `flags` has WEIR_EVENT_WIRE_TIME,
 *                             which stays; else it is not known
 *     flags, and all others   as parsed; ol_flags, vlan_tci and vlan_tci_outer of the mbuf tell the parser
 *                             what a port found, or took off the frame
 *     queue                   index of the worker
 *
 * Whoever asks for one of those sets it in the event (weir_mbuf_event()) of every packet before it hands
 * that in; `flags`, for the wire time, to WEIR_EVENT_WIRE_TIME or 0.
 *
 * Pressure: what cannot go on waits in the ring, where the links behind lose nothing, and then
 * weir_inject_packets() takes less. To shed work before it is done, a producer asks weir_inject_room() for
 * how much can go in, or weir_inject_pressed() whether its ring went above the source's key `high`, and has
 * not come below `low` since. Both are for the producer's own thread, and cost the others nothing: no
 * function is called, by the worker or any other thread.
 *
 * The ledger has as `received` what was taken, and as `in_flight` also what waits in the rings;
 * weir_ledger_end() has the figures of each producer.
 */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include <limits.h>
#include <stdbool.h>
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

/** Whichever worker has fewest producers open. */
#define WEIR_INJECT_ANY UINT_MAX

/**
 * weir_inject_open() claims a free producer of an inject source: of the worker that has fewest open,
 * and of several the first. So four that are opened of a source of four workers are one of each. Thread-safe.
 *
 * @param source  name of the source
 * @return the producer, valid until the engine is destroyed; NULL with rte_errno ENOENT (no inject
 *   source of that name), EBUSY (all its producers are taken) or EINVAL (no engine or name), and
 *   `error`. Also of an engine that has stopped: nothing can be handed in then
 */
WEIR_API struct weir_inject *weir_inject_open(struct weir_engine *engine, const char *source,
	struct weir_error *error);

/**
 * weir_inject_open_worker() claims a free producer of a worker of an inject source. Thread-safe.
 *
 * @param worker  index of the worker in the source, from 0; WEIR_INJECT_ANY: as weir_inject_open()
 * @return as weir_inject_open(); ENOENT also: no such worker; EBUSY: that worker's are taken
 */
WEIR_API struct weir_inject *weir_inject_open_worker(struct weir_engine *engine, const char *source,
	unsigned int worker, struct weir_error *error);

/**
 * weir_inject_packets() hands in packets, to be parsed by the source's worker.
 *
 * @param mbufs  packets whose mbufs fit an event (weir_mbuf_fits(); a pool of weir_pool_create()).
 *   Whether they do is asked of their pool, in each call once for a run of one pool's
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

/**
 * weir_inject_room() tells how many packets and events can be handed in now: of these,
 * weir_inject_packets() and weir_inject_events() take all, unless the engine is stopped before. It is exact
 * when it is told; while the worker takes some it only grows. For the producer's thread.
 *
 * @return 0 also with rte_errno EINVAL: NULL; ESHUTDOWN: the engine is stopping, or has stopped
 */
WEIR_API uint32_t weir_inject_room(struct weir_inject *inject);

/**
 * weir_inject_pressed() tells whether the producer had better hand in less: its ring has more than `high` of
 * its capacity, or had when that was asked before, and has not been below `low` since. For the producer's
 * thread, as often as it likes: it reads one line that the worker writes.
 *
 * @return false also of NULL
 */
WEIR_API bool weir_inject_pressed(struct weir_inject *inject);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_SOURCE_H */
