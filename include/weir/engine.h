/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * engine: the plan, running.
 *
 * Life: create, start, stop, destroy; weir_engine_watch() meanwhile. Several engines may live in
 * one process, on lcores of their own. The library never initialises EAL, exits, prints or
 * installs signal handlers; it logs through the log types `lib.weir.*`.
 *
 * A port may go away while the engine runs: told so by RTE_ETH_EVENT_INTR_RMV of the port, or by
 * RTE_DEV_EVENT_REMOVE of its device, its workers leave it alone, and what would be sent on it is
 * dropped as `port_gone`. Once the event's callbacks have been called nothing of the engine touches
 * the port any more, for every lcore that used it has finished the pass that it was in; where one has
 * not after a second that is logged, and closing it is not safe. Sources that have gone give nothing
 * more; the engine goes on until it is stopped.
 *
 * The kernel waits, with whoever asked it to remove a device under vfio, until the process lets go of
 * that. With `hotplug` in struct weir_engine_conf the engine does so: it stops and closes the port,
 * and removes its device by rte_dev_remove() unless that has other ports; by the thread that calls
 * weir_engine_watch(), weir_engine_stop() or weir_engine_destroy(), where a driver may take long. The
 * application must not close the port itself then. A port that was let go is taken up again, by
 * weir_engine_watch(), once it is back: given to EAL again by the application under its name, or under
 * its PCI address with the driver of the kernel that it had, when the engine calls rte_dev_probe(). A port
 * of a device in software (net_af_packet) whose interface of the kernel is no more is let go likewise, and
 * taken up when there is one of that name. It is
 * set up as it was, perhaps with another port id, and its figures go on. Without, the engine calls nothing that concerns
 * the process' devices: the application lets go once the callbacks have returned, and until it has,
 * stop and destroy find missing what mbufs the driver still keeps.
 *
 * A port that a source or stage adopts (`adopt = on`) is the application's, which has configured it before
 * the plan, starts it before the engine starts, and neither stops nor configures it before the engine has
 * stopped. The engine polls and sends on the queues that it was given, and changes nothing of the port: it is
 * not configured, started, stopped, reset or closed, whatever `hotplug` says, its counters go on, and nothing
 * that was registered for its events stays behind a stop. Where such a port goes away its workers leave it
 * alone as told above; the application closes it, once the callbacks of the event have returned and not in
 * one of its own. What waits in its RX queues at a stop is the application's. What was sent from a pool
 * of the engine's and its driver has not let go by then is `lent` (weir_ledger_pool()): that pool is left to
 * the application by weir_engine_destroy().
 *
 * The lcores of an engine are each of one of three kinds, as its plan says (struct weir_plan_conf): weir launches
 * them; or the application polls them by weir_worker_poll(); or a thread of the application runs them by
 * weir_worker_run() until the engine stops. A polled lcore belongs to whoever polls it, one thread at a time; one
 * that is launched or run to its thread, from then until the engine has drained. When the engine stops, what
 * is polled, or was never run, is drained by the thread that calls weir_engine_stop(); what is run drains by
 * itself, as what was launched does.
 *
 * Thread-safety: create, start, stop, watch, idle, reopen and destroy are for one thread at a time;
 * weir_worker_poll() and weir_worker_run() are for one thread at a time for each lcore, any thread, and several
 * for several lcores; weir_engine_stop_request() may be called from any thread and from a signal handler;
 * weir_engine_set() and reading figures (ledger.h) are for any thread.
 */
#ifndef WEIR_ENGINE_H
#define WEIR_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_hash_key;
struct weir_plan;

/** An engine. */
struct weir_engine;

/** How an engine is made. Fill it by weir_engine_conf_init() first. */
struct weir_engine_conf {
	size_t size; /**< of the struct, as its caller has it */
	/** Events that the sources may take in all, INT64_MAX at most, without those that are dropped as
	 * unmatched; 0: no bound. A port whose driver gives packets only by the eight may exceed it by
	 * seven. */
	uint64_t max_events;
	/** A worker with events waiting that has not moved for so long is stuck, ms; besides what
	 * `idle.max` and `full.max` let its lcore wait. */
	uint32_t stall_ms;
	/** 1: a device that went away is let go by the engine, and taken up when it is back, see above;
	 * 0: that is left to the application. */
	uint64_t hotplug;
	/** An lcore that the application polls and that has made no pass for so long is stuck, ms,
	 * 2^32 - 1 at most; 0: how often it polls is its own business. */
	uint64_t polled_stall_ms;
};

/** weir_engine_conf_init_sized() is weir_engine_conf_init() of a struct of that size. */
WEIR_API void weir_engine_conf_init_sized(struct weir_engine_conf *conf, size_t size);

/** weir_engine_conf_init() sets size and defaults: no bound, 50 ms, no hot-plug, polled lcores
 * are not watched. */
static inline void
weir_engine_conf_init(struct weir_engine_conf *conf)
{
	weir_engine_conf_init_sized(conf, sizeof(*conf));
}

/**
 * weir_engine_create() allocates pools, rings and worker state, and sets up and starts the ports.
 *
 * @param conf  NULL: the defaults
 * @return the engine, for weir_engine_destroy(); NULL with
 *   `error` and rte_errno: EINVAL: no plan, `conf` is not from weir_engine_conf_init(), or a value in it is
 *   out of range, or a source's or stage's parameters do not go with the plan; EEXIST: there is an engine
 *   of that name, as one made from this plan or pipeline; E2BIG: it is of
 *   newer headers, and asks for what this library does not know; ENOMEM; EBUSY: a port is in use, was
 *   configured by the application and is not adopted, or another engine has a queue of it that is; ENODEV: a
 *   port went away, or one that is adopted was configured anew without those queues; or what a driver or a stage's init() gave
 */
WEIR_API struct weir_engine *weir_engine_create(const struct weir_plan *plan,
	const struct weir_engine_conf *conf, struct weir_error *error);

/**
 * weir_engine_start() launches the workers on their EAL lcores. Workers placed on lcores that the application
 * polls or runs, as the plan says, are not launched, nor are those on the main lcore, or on the calling
 * thread's, which it polls unless the plan says that it runs them. Before launching it waits for links that are down, as long as `link_wait` of their sources says;
 * weir_engine_stop_request() ends the wait, and the workers then drain as soon as they run.
 *
 * An lcore is free for another engine as soon as it has drained, though that which it ran was not stopped
 * yet.
 *
 * @return 0; -EBUSY with `error`: an lcore runs something else, or has become a service core (none is left
 *   running);
 *   -EALREADY: was started before, or stopped; -ENOMEM: `numa = strict`, and an lcore's stack is elsewhere;
 *   -ENETDOWN: a port that is adopted is not started; -ENODEV: such a port went away, or was configured anew
 *   without those queues; -EINVAL: no engine
 */
WEIR_API int weir_engine_start(struct weir_engine *engine, struct weir_error *error);

/**
 * weir_worker_poll() makes one pass over the workers placed on an lcore, from a loop that the
 * application owns, instead of or beside weir_engine_start(). One thread at a time for each lcore,
 * and none for an lcore that weir_engine_start() launched. Never sleeps. Any thread may poll, and another one
 * later: of EAL, a service core, registered or not. A pool counts one mempool cache for each lcore of the plan;
 * threads of EAL, or registered ones, that take turns have one each, and what is in that of a thread which
 * unregisters is not to be had until the engine has stopped.
 *
 * @param lcore  the lcore that the plan names, whichever thread calls
 * @return events moved, 0: there was nothing to do; -ESHUTDOWN: stopped and drained;
 *   -ENOENT: no worker is placed there; -EBUSY: weir_engine_start() launched them, or the plan has them for
 *   weir_worker_run(); -ENETDOWN: the engine was not started, and weir_engine_start() would be refused for a
 *   port that it adopts; -EINVAL: no engine
 */
WEIR_API int weir_worker_poll(struct weir_engine *engine, unsigned int lcore);

/**
 * weir_worker_run() gives the calling thread over to the workers placed on an lcore, until the engine stops: it
 * runs what weir_engine_start() launches elsewhere, waits by their `idle` and `full`, and is watched. The engine
 * is started, and the plan has the lcore in `run`. Any thread may do so: a registered one, one that EAL does not
 * know, the main lcore's. It is not bound to a CPU by this, nor is its stack moved; while it is here its
 * sleeps are as exact as the kernel can have them. Without a number with EAL it has no mempool
 * caches, and where `idle` is `monitor` it pauses.
 *
 * It returns once its workers have drained, after weir_engine_stop_request() or weir_engine_stop(), or were told
 * to abandon what is left; its mempool caches of the engine's pools are empty then. Have the threads returned
 * before weir_engine_destroy(): that stops the engine and waits for those that run, as weir_engine_stop() does,
 * but not for one that is yet to call.
 *
 * @param lcore  the lcore that the plan names, whichever thread calls
 * @return 0: stopped; -ESHUTDOWN: it was before this was called; -EAGAIN: weir_engine_start() has not been called
 *   yet; -EBUSY: another thread runs it, weir_engine_start() launches it, or the plan has it polled;
 *   -ENOENT: no worker is placed there; -EINVAL: no engine
 */
WEIR_API int weir_worker_run(struct weir_engine *engine, unsigned int lcore);

/** weir_engine_polled() tells whether workers are placed on that lcore and weir_worker_poll() runs them: they
 * were neither launched nor are they for weir_worker_run(). */
WEIR_API bool weir_engine_polled(const struct weir_engine *engine, unsigned int lcore);

/**
 * weir_engine_set() sets one key while the engine runs, by a text `SECTION.KEY=VALUE` as for
 * weir_pipeline_set_text(). Keys whose struct weir_param is `live` can be set: a link's policy and
 * its thresholds, how one waits, and those that a type marks. The pipeline stays as it was.
 *
 * Every worker takes it over between two bursts, whole, after 256 passes or so, or 2 ms; at once
 * where it has nothing to do or is blocked. Nothing is stopped. Both ends of a ring do so by
 * themselves: for a moment one may still follow the former policy. Works before start, and while
 * the engine drains. Thread-safe, by a lock that no worker waits for.
 *
 * @return 0; -EINVAL with `error`: a text of another form; an unknown section or key (with the
 *   nearest known one); a value of the wrong type or out of range; a key that is not live; what
 *   weir_pipeline_check() refuses, a lossless cycle among it; another kind of policy, lossless or
 *   lossy, where the link has calls; `block` where a ring is too small for it, or a producer of
 *   the link is called over a lossy one; `drop-late` or `deadline` where the link was made
 *   without a deadline; -ESHUTDOWN: the engine has stopped; -ENOMEM
 */
WEIR_API int weir_engine_set(struct weir_engine *engine, const char *assignment,
	struct weir_error *error);

/**
 * weir_engine_stop_request() asks sources to stop and workers to drain, and returns at once.
 * Async-signal-safe. A polled lcore drains by further calls of weir_worker_poll(); one that a thread runs by
 * itself.
 */
WEIR_API void weir_engine_stop_request(struct weir_engine *engine);

/**
 * weir_engine_stop() stops the sources, lets the workers drain in topological order, and waits
 * until the lcores have returned. After the timeout, what is left is dropped and counted as
 * `drain_abandoned`. Polled lcores are polled by this call; no other thread may poll them then. So are those
 * for which weir_worker_run() was never called, which is logged; who calls it from then on finds -ESHUTDOWN.
 * Events on their way back to a stage that drains, on a feedback link, are dropped and counted as
 * `feedback_closed`. The ports are stopped, but for those that are adopted. Where mbufs are missing then, those are closed whose
 * drivers may have them: what a driver took for its RX queues it has not given back, or so many are
 * missing, and it sends.
 *
 * An lcore, or a thread in weir_worker_run(), whose stage or driver does not return within a second after the timeout, and the longest
 * wait that `idle.max` or `full.max` give it, is given up, and
 * logged with the node that has it: weir_engine_drained() stays false. What it has, and the rings
 * that end at its workers, stay in flight, and nothing that it may come back to is freed or
 * stopped. A further call waits for it until the timeout, and finishes the stop.
 *
 * @param timeout_ms  0: abandon at once
 * @return 0; -ETIMEDOUT: the time was up before all had drained, or lcores have still not returned;
 *   again 0 when it was stopped before, and all lcores have returned; -EINVAL: no engine
 */
WEIR_API int weir_engine_stop(struct weir_engine *engine, unsigned int timeout_ms);

/**
 * weir_engine_watch() looks for what goes wrong, counts it (weir_ledger_watch()), and logs each
 * kind at most once a minute. Call it every 10 ms or so:
 *
 * - lcores that make no pass, launched or run, and workers that do not move with events waiting in their
 *   rings, for `stall_ms` and their longest wait; and lcores that the application does not poll for
 *   `polled_stall_ms`;
 * - no worker moves for 500 ms though events wait: then who waits for whom is logged;
 * - lcores that lose more than 5 % of a second of a CPU that should be their own: to other threads,
 *   or to a hypervisor.
 *
 * What links lose is logged, too: the first time at once, then once a second while it lasts.
 *
 * @return lcores and workers that are stuck now
 */
WEIR_API unsigned int weir_engine_watch(struct weir_engine *engine);

/**
 * weir_engine_idle() tells for how long nothing has moved, and nothing has waited, anywhere in the
 * engine. Call it every 10 ms or so, by the thread that calls weir_engine_watch(); what happened
 * between two calls is seen by the later one. Time counts as idle while
 *
 * - no event moves, none is in a ring or held by a stage, and no stage says that it has something
 *   `pending`, as `eve` has while its reader is behind;
 * - no worker is blocked: a source that finds no room does not see what waits at its port;
 * - every lcore makes passes, or waits for no longer than its `idle.max` lets it: one that does not
 *   get its CPU has not looked. An lcore that the application polls looks when it is polled.
 *
 * Anything of the first two begins the time anew. While the third fails it stands still, and of what
 * lies between two calls no more than `stall_ms` counts.
 *
 * @return s; 0 before start, and once it has stopped
 */
WEIR_API double weir_engine_idle(struct weir_engine *engine);

/** weir_engine_drained() tells whether every worker has stopped. */
WEIR_API bool weir_engine_drained(const struct weir_engine *engine);

/**
 * weir_engine_exhausted() tells whether every source has come to its end: none will ever give another
 * event. Such sources are those that read files; with any other the answer stays false. What is under
 * way is not looked at: weir_engine_stop() drains it. Thread-safe.
 */
WEIR_API bool weir_engine_exhausted(const struct weir_engine *engine);

/**
 * weir_engine_failure() tells what went wrong at an edge while the engine ran: what was lost before the
 * first ring or behind the last sink and need not have been, a capture file that is cut, a sink that
 * could not write. Each was logged when it happened. The first WEIR_FAILURES_MAX are kept. An engine of
 * which this says -ENOENT for 0 has none. Thread-safe.
 *
 * @param i      from 0, in the order in which they happened
 * @param error  its text is one line
 * @return 0; -ENOENT: there are no more
 */
WEIR_API int weir_engine_failure(struct weir_engine *engine, unsigned int i,
	struct weir_error *error);

/**
 * weir_engine_reopen() has the files that sinks write by their paths opened anew: after log rotation
 * has renamed them the next lines go to new ones. It returns at once; each file is changed between two
 * lines, within some ms, and that is logged. What cannot be opened goes on as it was, and that is
 * logged too. A sink whose file could not be written any more begins again. Before start and while the
 * engine drains it does the same; after stop nothing.
 *
 * @return workers that write such files; 0: none does, and nothing is done
 */
WEIR_API unsigned int weir_engine_reopen(struct weir_engine *engine);

/** Name of the engine: its pipeline's. */
WEIR_API const char *weir_engine_name(const struct weir_engine *engine);

/**
 * weir_engine_hash_key() gives the key of the flow hash of the engine's events, for weir_parse() and
 * weir_key_hash() of the application's own: made of `hash_seed`, or of random bytes. A secret. It is
 * the engine's, and never changes.
 */
WEIR_API const struct weir_hash_key *weir_engine_hash_key(const struct weir_engine *engine);

/** Seconds since start, until stop. */
WEIR_API double weir_engine_elapsed(const struct weir_engine *engine);

/**
 * weir_engine_destroy() stops the engine if it runs, abandoning what is left, and undoes weir_engine_create() in reverse.
 * NULL is nothing. Every pool is full again before it is freed.
 *
 * A pool of which the application has mbufs, that an eject stage handed over, is not freed: it is the
 * application's from then on. How many they are is logged, and `lent` in struct weir_pool_figures before.
 * They are used and freed as ever; once they are back, rte_mempool_free() frees the pool, which is the `pool`
 * of each of the mbufs, or rte_mempool_lookup() of its name. No thread may be giving back mbufs of
 * the engine's pools while this is called.
 *
 * An engine whose stop gave up an lcore (see weir_engine_stop()) is freed only when that has
 * returned and every mbuf is back. Until then nothing is freed, its plan and pipeline stay, EAL must
 * stay too, and this may be called again: 0 tells that the engine is gone, anything else that it is
 * there still.
 *
 * @return mbufs that did not come back, but for those that are with the application; their pools are
 *   then left alone. 0 otherwise. Of an engine that stays, at least 1
 */
WEIR_API unsigned int weir_engine_destroy(struct weir_engine *engine);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_ENGINE_H */
