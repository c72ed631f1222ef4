/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * eject: the way out to an embedding application, the mirror of inject.
 *
 * What comes to a stage of `type = eject` is handed over to the application, as it is: the event, the
 * packet, and the private bytes of the application's own behind the event. From then on it is the
 * application's, which sends it, frees it (weir_events_free(), rte_pktmbuf_free()) or hands it in
 * again. The ledger has it as `ejected`. An event with WEIR_EVENT_SHARED stays read-only while others
 * have its packet too. Who chains, clones or takes references of a packet that it will hand in as an
 * event calls weir_event_touch() before.
 *
 * With `mode = ring`, the default, each worker of the stage has one ring, of `ring` events, that one
 * thread of the application empties: set `workers` to the number of threads, and the link's `spread`
 * says which of them gets what. With `mode = call` a function of the application's is called by the
 * workers' own lcores, in the middle of a pass.
 *
 * A worker takes in no more than it has room for. Where nobody has opened it, or the application
 * does not take what waits, the links in front of it do as their `on_full` says: `block` has the
 * pressure walk upstream, to the port or to weir_inject_packets(), and loses nothing; the others lose,
 * and count that under their reasons. What is in the worker's own ring is beyond them: make `ring`
 * small where fresh events matter.
 *
 * Events without a packet (of flows, of ports, made by stages or handed in) come out like others, with
 * `events = all`, the default; with `events = packets` the stage ends them, counted as `released`.
 *
 * Stop: while the engine drains the application goes on taking, and the stop waits for that, up to its
 * timeout; what is left then is dropped as `drain_abandoned`. An application that takes by the same
 * thread that stops calls weir_engine_stop_request(), and takes, and polls its lcores, until
 * weir_engine_drained(), before weir_engine_stop().
 *
 * weir_ledger_end() has fill, high water and counts of each worker's ring.
 *
 * Mbufs of the engine's own pools that the application still has after the stop are `lent` in struct
 * weir_pool_figures, and not leaked; see weir_engine_destroy(). So that sources do not run out of
 * mbufs, `keeps` says how many the application has at a time.
 *
 * Thread-safety: opening, closing and weir_eject_call() are for any thread. A handle is for one thread
 * at a time, which need not be an EAL lcore.
 */
#ifndef WEIR_EJECT_H
#define WEIR_EJECT_H

#include <limits.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/event.h>
#include <weir/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_engine;

/** The application's end of a worker of an eject stage. */
struct weir_eject;

/** Whichever worker nobody has opened. */
#define WEIR_EJECT_ANY UINT_MAX

/**
 * weir_eject_open() claims a worker of an eject stage with `mode = ring`. Thread-safe.
 *
 * @param stage   name of the stage
 * @param worker  index of the worker in the stage, from 0; WEIR_EJECT_ANY: the first that is free
 * @return the handle, for weir_eject_close(); it is valid until the engine is destroyed. NULL with
 *   `error` and rte_errno: ENOENT: no eject stage of that name, or no such worker; EBUSY: that
 *   worker, or each, is taken; EINVAL: no engine or name, or the stage has `mode = call`
 */
WEIR_API struct weir_eject *weir_eject_open(struct weir_engine *engine, const char *stage,
	unsigned int worker, struct weir_error *error);

/**
 * weir_eject_events() takes events that wait for the application, the oldest first. Never blocks.
 *
 * @param events  room for n
 * @return how many were taken: they are the caller's now. 0 with rte_errno EAGAIN: none waits, or n is 0; EINVAL: NULL;
 *   ESHUTDOWN: the engine has stopped, and none will come. Where a stop gave up the worker's lcore
 *   (weir_engine_stop()) that is said once a further stop has it back
 */
WEIR_API uint16_t weir_eject_events(struct weir_eject *eject, struct weir_event *events[],
	uint16_t n);

/**
 * weir_eject_packets() takes packets that wait for the application, the oldest first. Never blocks.
 * Their events are found by weir_mbuf_event().
 *
 * @param mbufs  room for n
 * @return as weir_eject_events(); also 0 with rte_errno EINVAL: the stage has `events = all`, so
 *   that there may be events without a packet among them, which have no data room
 */
WEIR_API uint16_t weir_eject_packets(struct weir_eject *eject, struct rte_mbuf *mbufs[],
	uint16_t n);

/**
 * weir_eject_close() gives a handle back: the worker can be opened again, by another thread. What
 * waits in its ring waits for whoever does. No thread may be using the handle. NULL is nothing.
 */
WEIR_API void weir_eject_close(struct weir_eject *eject);

/**
 * A function that takes events of an eject stage with `mode = call`: called by the worker's lcore, in
 * the middle of a pass. It must not wait, log or allocate.
 *
 * @param arg     as given to weir_eject_call()
 * @param worker  index of the worker in the stage
 * @param events  events that it may take, 1 to the pipeline's burst
 * @return how many of the first it took, n at most: those are the application's. The others are
 *   offered again, on the worker's next pass; until they are taken nothing more is let in
 */
typedef uint16_t (
	*weir_eject_fn)(void *arg, unsigned int worker, struct weir_event *events[], uint16_t n);

/**
 * weir_eject_call() sets the function that takes the events of an eject stage with `mode = call`, for
 * all its workers, once. Until then they let nothing in. Thread-safe, before start or after.
 *
 * @param arg  for `fn`; stays until the engine has stopped
 * @return 0; with `error`: -ENOENT: no eject stage of that name; -EINVAL: `engine`, `stage` or `fn`
 *   is NULL, or the stage has `mode = ring`; -EBUSY: it has a function already
 */
WEIR_API int weir_eject_call(struct weir_engine *engine, const char *stage, weir_eject_fn fn,
	void *arg, struct weir_error *error);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_EJECT_H */
