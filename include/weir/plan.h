/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * plan: the pipeline placed on this machine: worker to lcore to socket, ring sizes, pool sizes.
 *
 * EAL must be initialised. Nothing is allocated from its memory, and no port is touched.
 * An lcore of a plan is a number that workers are placed on, and who runs them is one thread at a time. weir
 * launches its workers on lcores of EAL. Those that the application runs itself, see struct weir_plan_conf, may
 * have any number below RTE_MAX_LCORE, and any thread:
 *
 * - the number of an lcore of EAL, the main one among them, of a service core, or of a thread that was
 *   registered by rte_thread_register(): then the plan knows the CPUs and the socket of that thread;
 * - a number that EAL does not have, a virtual lcore: for a thread that EAL need not know. It is taken to be on
 *   the socket of the main lcore, and on any CPU that the process may use.
 *
 * Nothing but the placement hangs on the number: the thread that runs an lcore may have another one, or none,
 * with EAL. Mempools have a cache for each thread that EAL has a number for. One without has none, and takes
 * from and gives back to the pools themselves, a burst at a time: that costs some speed, and nothing else.
 *
 * Not thread-safe. A plan is never changed: one engine after another may be made from it, but not two at
 * once, which would have one name.
 */
#ifndef WEIR_PLAN_H
#define WEIR_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_pipeline;

/** A plan. */
struct weir_plan;

/** How a plan is made. Fill it by weir_plan_conf_init() first. */
struct weir_plan_conf {
	size_t size; /**< of the struct, as its caller has it */
	/** lcores that may be used, as "1,3-5"; NULL: those of `polled` and `run`, and all of EAL's
	 * but the main one, or the main one where there are no others. */
	const char *lcores;
	/** lcores that the application polls by weir_worker_poll(), as "0,100"; NULL: the main one
	 * alone. */
	const char *polled;
	/** lcores that threads of the application run by weir_worker_run(), likewise; NULL: none.
	 * weir_engine_start() launches all that neither of the two names. */
	const char *run;
};

/** weir_plan_conf_init_sized() is weir_plan_conf_init() of a struct of that size. */
WEIR_API void weir_plan_conf_init_sized(struct weir_plan_conf *conf, size_t size);

/** weir_plan_conf_init() sets size and defaults. */
static inline void
weir_plan_conf_init(struct weir_plan_conf *conf)
{
	weir_plan_conf_init_sized(conf, sizeof(*conf));
}

/**
 * weir_plan_create() checks a pipeline with weir_pipeline_check(), and places it.
 *
 * @param conf  NULL: the defaults
 * @return the plan, for weir_plan_free(); NULL with
 *   `error` and rte_errno: EINVAL: rte_eal_init() was not called yet, `conf` is not from weir_plan_conf_init(), the pipeline or a list
 *   of lcores is wrong, an lcore is in `polled` and in `run`, two sources are on
 *   one port, a pool is given too small, or there are more rings than EAL can hold; ENODEV: no
 *   such port or lcore, or too few queues where the file insists, or a port with `adopt = on` that the
 *   application has not configured, or not with those queues; EBUSY: weir has configured it; ENOTSUP: a port
 *   does not offer what the file insists on, or one with `adopt = on` has it not on; ENOMEM: less memory than it
 *   takes; E2BIG: `conf` is of newer headers, and asks for what this library does not know; EXDEV: `numa = strict` and a link, or a port and its worker, would cross sockets; or
 *   what weir_pipeline_check() gives
 */
WEIR_API struct weir_plan *weir_plan_create(const struct weir_pipeline *pipeline,
	const struct weir_plan_conf *conf, struct weir_error *error);

/**
 * weir_plan_free() frees a plan, which is not to be used any more; NULL is nothing. What an engine made from
 * it needs stays until that is gone.
 */
WEIR_API void weir_plan_free(struct weir_plan *plan);

/** How a plan is shown. */
enum weir_plan_format {
	WEIR_PLAN_TEXT = 0, /**< for a person */
	WEIR_PLAN_DOT,      /**< for graphviz */
	WEIR_PLAN_JSON,     /**< for a program */
};

/**
 * weir_plan_show() writes a plan as text.
 *
 * @return a string for free(); NULL with rte_errno ENOMEM, or EINVAL: no plan, or an unknown format
 */
WEIR_API char *weir_plan_show(const struct weir_plan *plan, enum weir_plan_format format);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_PLAN_H */
