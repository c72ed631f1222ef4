/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * stage: code that gets bursts of events and gives each exactly one way out.
 *
 * A stage type is a const table of functions. Each worker of a stage has its own state, on its
 * socket; nothing is shared between workers. Call order:
 * - check() and needs(), for the stage as a whole, where the pipeline is checked: before there is
 *   an engine or EAL, and again when a live parameter is set. They keep nothing.
 * - init() once for each worker, by the thread that creates the engine.
 * - process(), room(), tick(), pressure() and set() in any order, by the worker's lcore. tick()
 *   comes also while the worker is blocked: then its room is 0.
 * - reopen() at any time between init() and fini(), by the thread that controls the engine.
 * - drain() until it returns 0, by the worker's lcore, once every worker before it has drained.
 * - pending() beside them, from init() on until fini(), by the thread that calls weir_engine_idle().
 * - fini() once for each worker whose init() returned 0, within weir_engine_stop(), by the thread
 *   that calls that, when every lcore has returned: consumers before their producers, whatever the
 *   order in the file. Of an lcore that does not return no worker is ended; a later
 *   weir_engine_stop() ends those once it has.
 *
 * Of the n events that process() gets, each must be given exactly one way out: weir_forward(),
 * weir_release(), weir_drop(), or weir_hold() and one of the others later. These four may be
 * called from process(), tick() and drain() only, with the worker they were given.
 *
 * In process() a worker may let go of events that it holds besides the n that it got: before it is
 * called there is room on every `block` link for n and for those (`let_go` in struct
 * weir_stage_needs), times its fan-out. In tick() and drain() there is room for what they are told.
 */
#ifndef WEIR_STAGE_H
#define WEIR_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include <weir/error.h>
#include <weir/event.h>
#include <weir/export.h>
#include <weir/param.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most outputs of a stage. */
#define WEIR_MAX_OUTPUTS 8
/** Most drop reasons of a stage's own. */
#define WEIR_MAX_REASONS 8

/** One instance of a source or stage, on one lcore, with its own state. */
struct weir_worker;

/** What one worker of a stage takes. */
struct weir_stage_needs {
	size_t size;   /**< of the library's struct: what lies beyond is not there to be written */
	uint32_t held; /**< most events that it holds; mbufs of the pools are reserved for them */
	/** Most of those that one process() lets go of besides what it got; what is more than `held`
	 * counts as `held`. A `block` link behind it needs a ring of (let_go + 1) x fan-out. */
	uint32_t let_go;
	uint16_t fanout; /**< most events forwarded for one taken or let go of; 0 counts as 1 */
	size_t state;    /**< bytes of its state, zeroed before init() */
	size_t memory;   /**< bytes that init() takes from EAL besides, on the worker's socket */
	/**
	 * ns; 0: no bound. From one tick() to the next no more time passes than this and the longest
	 * pass of the worker's lcore, also under load, when blocked and until it has drained. No wait
	 * of that lcore is then longer than this, whatever its policy. What it was away from its CPU
	 * comes on top: another thread that has it, or a kernel that wakes it late from `sleep`. Of an
	 * lcore that the application polls a pass is the time from one weir_worker_poll() to the next.
	 */
	uint64_t tick_interval;
};

/**
 * A stage type. A table of them begins with WEIR_STAGE_OPS, which says of what size it and its
 * parameters are: one that was built against older headers goes on to work.
 */
struct weir_stage_ops {
	size_t size;       /**< of this struct, where the table was built */
	size_t param_size; /**< of struct weir_param there: the step from one to the next */
	const char *name;  /**< what `type =` says; lower case, unique */
	const char *help;  /**< one line: what it does */
	const struct weir_param *params; /**< its parameters; NULL: none */
	size_t conf_size;                /**< bytes of the struct that `params` fill */
	size_t state_size;               /**< bytes of state of each worker, zeroed before init() */
	const char *const *outputs;      /**< names, ending with NULL; NULL: one, called "out" */
	const char *const *reasons;      /**< its own drop reasons, ending with NULL; NULL: none */
	uint16_t max_fanout;             /**< most events forwarded for one taken; 0 counts as 1 */
	uint32_t max_held;               /**< most events that one worker holds */
	uint8_t writes;                  /**< 1: changes events; refused where events are shared */
	uint8_t transmits;               /**< 1: conf starts with `const char *device`, the ethdev
					     on which each worker gets a TX queue */

	/**
	 * Set up one worker. NULL: nothing to set up.
	 * @return 0, or -errno after weir_error_set(); then fini() is not called
	 */
	int (*init)(struct weir_worker *worker, const void *conf, void *state,
		struct weir_error *error);
	/** Take n events, 1 to the pipeline's burst. */
	void (*process)(struct weir_worker *worker, void *state, struct weir_event *events[],
		uint16_t n);
	/** How many events process() can take now; NULL: any number. */
	unsigned int (*room)(struct weir_worker *worker, void *state);
	/**
	 * Work without an event: called when nothing came in, every 256 passes or so, and as needs()
	 * asks by `tick_interval`.
	 * @param room  most events it may let go of or make, each forwarded as often as the fan-out
	 *   says; 0: a link behind it is full
	 * @return events given a way out
	 */
	unsigned int (*tick)(struct weir_worker *worker, void *state, unsigned int room);
	/**
	 * Let go of what is held; nothing more comes in. NULL: as tick().
	 * @param room  as of tick()
	 * @return events still held, or in buffers of its own; 0: done
	 */
	unsigned int (*drain)(struct weir_worker *worker, void *state, unsigned int room);
	/** Undo init(). Events still held are dropped here with weir_abandon(). NULL: nothing. */
	void (*fini)(struct weir_worker *worker, void *state);
	/**
	 * Check what `params` cannot: the content of texts, values against each other. Called by
	 * weir_pipeline_check(), without EAL. NULL: nothing to check.
	 * @return 0, or -EINVAL after weir_error_set()
	 */
	int (*check)(const char *node, const void *conf, struct weir_error *error);
	/**
	 * Shed work before it is done: called with `on` when a ring behind the worker, or behind one
	 * that it reaches by calls, goes above its link's `high`; without it when all of them are
	 * below `low`. Forwards nothing. It may come from within the worker's own weir_forward().
	 * NULL: not told.
	 */
	void (*pressure)(struct weir_worker *worker, void *state, bool on);
	/**
	 * One of its live parameters was set: `conf` is what they all are now, until this returns.
	 * Between two bursts; forwards nothing, and must not fail: check() has seen the values.
	 * NULL where no parameter is live.
	 */
	void (*set)(struct weir_worker *worker, void *state, const void *conf);
	/**
	 * Say what one worker takes with the parameters that `conf` has. `needs` comes filled with
	 * what stands above: max_held, all of them let go of at once, max_fanout, state_size, no
	 * memory and no interval. The plan counts and shows it, and refuses what the machine lacks.
	 * After check(), and like that. While an engine runs, a live parameter that would change it is
	 * refused. NULL: as above.
	 * @return 0, or -EINVAL after weir_error_set()
	 */
	int (*needs)(const void *conf, struct weir_stage_needs *needs, struct weir_error *error);
	/**
	 * Whether something of one worker is under way still though it holds no event: bytes in a
	 * buffer of its own that are not written yet, say. weir_engine_idle() asks, by the thread that
	 * calls that, while the worker's lcore and threads of its own run: read only what may be read
	 * beside them, and wait for nothing. NULL: never.
	 */
	bool (*pending)(const struct weir_worker *worker, const void *state);
	/**
	 * Have the files that it writes by their paths opened anew, as after a log was renamed. Called
	 * by who calls weir_engine_reopen(), beside the worker's lcore: it says so to whoever opens
	 * them, and does not wait. NULL: it writes none.
	 * @return 0; -ENOENT: it writes none, as it was set up
	 */
	int (*reopen)(struct weir_worker *worker, void *state);
	/**
	 * 1: what it forwards has the hash that it came with, and what it makes has the hash of an
	 * event that it was given or holds. Where a flow spread brings its events, a worker then has a
	 * share of the buckets for itself, and needs rings only to those workers of the next stage
	 * that have a part in that share: for as many, to one. A build with -Dchecks=true names a type
	 * that does not keep it.
	 */
	uint8_t keeps_hash;
};

/** The first line of the initialiser of a struct weir_stage_ops, in C and in C++. */
#define WEIR_STAGE_OPS \
	.size = sizeof(struct weir_stage_ops), .param_size = sizeof(struct weir_param)

/**
 * weir_stage_register() adds a stage type; call it before a pipeline names it. The table and its
 * parameters are copied; what they point to, texts and functions, must stay. Not thread-safe.
 *
 * What is refused is logged too, with the rule that it broke, as the type `lib.weir.stage`: a
 * constructor has nobody to return to.
 *
 * @return 0; -EINVAL: not begun with WEIR_STAGE_OPS, no name, no process(), params without
 *   conf_size, too many outputs or reasons, a live parameter without set() or that is a text;
 *   -E2BIG: built against newer headers, and uses what this version does not know; -EEXIST: the
 *   name is taken; -ENOSPC: too many types; -ENOMEM: no memory
 */
WEIR_API int weir_stage_register(const struct weir_stage_ops *ops);

/**
 * weir_stage_find() finds a stage type by its name: the library's own copy, which stays for as
 * long as the process; its `size` and `param_size` are the library's. NULL: there is none.
 */
WEIR_API const struct weir_stage_ops *weir_stage_find(const char *name);

/**
 * weir_stage_next() walks the stage types in the order of registration, from NULL to NULL; each as
 * weir_stage_find() gives it.
 */
WEIR_API const struct weir_stage_ops *weir_stage_next(const struct weir_stage_ops *prev);

/**
 * Register a stage type when its shared object is loaded, for example by EAL's -d. Whether it was
 * refused is in the log.
 */
#define WEIR_STAGE_REGISTER(ops) \
	RTE_INIT(weir_stage_register_##ops) \
	{ \
		weir_stage_register(&ops); \
	}

/**
 * weir_forward() passes events to every link of an output. An output without a link releases them.
 *
 * Events must not be touched afterwards. On a `block` link there is room for all that process()
 * got, and for what it lets go of besides, times the fan-out.
 *
 * @param worker  the worker that has the events
 * @param output  index into the type's outputs
 * @param events  the events; the array stays the caller's, its content does not
 * @param n       how many
 */
WEIR_API void weir_forward(struct weir_worker *worker, uint16_t output, struct weir_event *events[],
	uint16_t n);

/** weir_release() ends events that are done with. */
WEIR_API void weir_release(struct weir_worker *worker, struct weir_event *events[], uint16_t n);

/** weir_drop() ends events for a reason, an index into the type's `reasons`. */
WEIR_API void weir_drop(struct weir_worker *worker, uint16_t reason, struct weir_event *events[],
	uint16_t n);

/**
 * weir_created() says that the worker has n events more than it was given: clones, or events of a
 * pool of its own (weir_pool_create()), filled in, weir_mbuf_mark() included. Each needs a way out
 * like any other. Call it before that; the fan-out bounds how many there may be.
 */
WEIR_API void weir_created(struct weir_worker *worker, uint16_t n);

/** weir_hold() says that n events of process() are kept for later. */
WEIR_API void weir_hold(struct weir_worker *worker, uint16_t n);

/** weir_unhold() says that n held events are about to be given another way out. */
WEIR_API void weir_unhold(struct weir_worker *worker, uint16_t n);

/** weir_abandon() drops held events in fini(), counted as `drain_abandoned`. */
WEIR_API void weir_abandon(struct weir_worker *worker, struct weir_event *events[], uint16_t n);

/**
 * weir_transmitted() says that n events left through a port; their mbufs are the driver's.
 * For stages that transmit.
 */
WEIR_API void weir_transmitted(struct weir_worker *worker, uint16_t n);

/**
 * weir_ejected() says that n events were handed over to the application; their mbufs are its.
 */
WEIR_API void weir_ejected(struct weir_worker *worker, uint16_t n);

/**
 * weir_worker_fail() says that a worker lost what need not have been lost, or cannot go on: it is logged,
 * and told by weir_engine_failure() from then on. Takes a lock and writes to the log: from init(), tick(),
 * drain(), fini() and threads of the stage's own, once for each cause, never for each event. Thread-safe.
 *
 * @param code    positive errno
 * @param format  as for printf(): one line without a newline, what and where
 */
WEIR_API void weir_worker_fail(struct weir_worker *worker, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Name of the node that the worker is an instance of. */
WEIR_API const char *weir_worker_name(const struct weir_worker *worker);
/** Index of the worker within its node, from 0. */
WEIR_API unsigned int weir_worker_index(const struct weir_worker *worker);
/** Number of workers of its node. */
WEIR_API unsigned int weir_worker_count(const struct weir_worker *worker);
/** lcore that the worker runs on. */
WEIR_API unsigned int weir_worker_lcore(const struct weir_worker *worker);
/** NUMA socket of that lcore. */
WEIR_API int weir_worker_socket(const struct weir_worker *worker);
/** Events moved at once in the worker's pipeline. */
WEIR_API uint16_t weir_worker_burst(const struct weir_worker *worker);
/** The port and queue that belong to the worker. @return 0, or -ENODEV: it has none */
WEIR_API int weir_worker_queue(const struct weir_worker *worker, uint16_t *port, uint16_t *queue);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_STAGE_H */
