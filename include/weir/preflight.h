/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * preflight: what a machine lacks for a pipeline, before its devices are taken, and what mends it.
 *
 * - Only read is what the kernel tells in /sys and /proc: nothing is changed, and no port is touched.
 * - Not thread-safe.
 */
#ifndef WEIR_PREFLIGHT_H
#define WEIR_PREFLIGHT_H

#include <stddef.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_pipeline;

/** What is to be done with a finding's command. */
enum weir_mend {
	WEIR_MEND_NONE = 0, /**< there is none */
	WEIR_MEND_SAFE,     /**< run it in a shell as root; nobody is hurt, nor by twice */
	WEIR_MEND_RUN,      /**< run it in a shell as root, if its reader wants that */
	WEIR_MEND_OPTION,   /**< give it to weir, or to EAL, on the command line */
	WEIR_MEND_KERNEL,   /**< put it on the kernel's command line, and boot anew */
};

/** One thing found. Its texts are there during the call alone. */
struct weir_finding {
	size_t size; /**< of the struct, as the library has it */
	int fault;   /**< 1: weir would not start; 0: it would, and do worse than it could */
	enum weir_mend mend; /**< what to do with `command` */
	const char *subject; /**< what it is of: a device, "memory", "lcores" */
	const char *text;    /**< what is wrong, without a newline */
	const char *command; /**< what mends it, one line; "" where `mend` says none */
};

/** How it is looked. Fill it by weir_preflight_conf_init() first. */
struct weir_preflight_conf {
	size_t size;        /**< of the struct, as its caller has it */
	const char *lcores; /**< as in struct weir_plan_conf */
	int no_huge;        /**< 1: weir will run with EAL's --no-huge */
	int in_memory;      /**< 1: weir will run with EAL's --in-memory */
	int no_pci;         /**< 1: weir will run with EAL's --no-pci */
	uint32_t memory_mb; /**< MB that EAL is given by its -m; 0: it is not */
	/** What EAL is given by each --vdev, "net_tap0,iface=x", and NULL behind the last: a device of
	 * the pipeline that is no PCI device is one of them, or a fault. NULL: that is not known. */
	const char *const *vdevs;
};

/** weir_preflight_conf_init_sized() is weir_preflight_conf_init() of a struct of that size. */
WEIR_API void weir_preflight_conf_init_sized(struct weir_preflight_conf *conf, size_t size);

/** weir_preflight_conf_init() sets size and defaults. */
static inline void
weir_preflight_conf_init(struct weir_preflight_conf *conf)
{
	weir_preflight_conf_init_sized(conf, sizeof(*conf));
}

/**
 * weir_preflight() tells what this machine lacks for a pipeline.
 *
 * The pipeline is planned as if every device were a port: so EAL must run, on the lcores that it will
 * run on, but needs neither devices nor hugepages for this (--no-pci --no-huge). Of each device its
 * first trouble is told; where that is mended there may be another.
 *
 * @param pipeline  NULL: only whether EAL finds hugepages for itself; it need not run for that
 * @param conf      NULL: the defaults
 * @param found     called for each finding, with `arg`
 * @return how many of them are faults; -EINVAL: `found` is NULL, `conf` is not from
 *   weir_preflight_conf_init(), the pipeline is wrong, or rte_eal_init() was not called yet; -E2BIG: `conf` is of newer headers, and asks
 *   for what this library does not know; -ENOMEM; or what weir_plan_create() fails with, but for
 *   devices and memory that are not there. `error` says it.
 */
WEIR_API int weir_preflight(const struct weir_pipeline *pipeline,
	const struct weir_preflight_conf *conf,
	void (*found)(const struct weir_finding *finding, void *arg), void *arg,
	struct weir_error *error);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_PREFLIGHT_H */
