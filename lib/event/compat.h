/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What differs between the DPDK releases that weir builds with: 22.11 and newer LTS. */
#ifndef WEIR_COMPAT_H
#define WEIR_COMPAT_H

#include <stdbool.h>

#include <rte_lcore.h>
#include <rte_version.h>

/* A thread beside the lcores, on none of their CPUs where there are others. */
#if RTE_VERSION < RTE_VERSION_NUM(23, 11, 0, 0)
#include <pthread.h>

#define rte_tel_data_add_dict_uint rte_tel_data_add_dict_u64

typedef pthread_t control_thread;
typedef void *control_thread_result;

static inline int
control_thread_create(control_thread *thread, const char *name,
	control_thread_result (*run)(void *), void *arg)
{
	return rte_ctrl_thread_create(thread, name, NULL, run, arg);
}

static inline void
control_thread_join(control_thread thread)
{
	pthread_join(thread, NULL);
}
#else
#include <rte_thread.h>

typedef rte_thread_t control_thread;
typedef uint32_t control_thread_result;

static inline int
control_thread_create(control_thread *thread, const char *name,
	control_thread_result (*run)(void *), void *arg)
{
	return rte_thread_create_control(thread, name, run, arg);
}

static inline void
control_thread_join(control_thread thread)
{
	rte_thread_join(thread, NULL);
}
#endif

/* Whether rte_eal_init() has begun, which no function of EAL tells: before it there are no lcores. */
static inline bool
eal_is_there(void)
{
	return rte_lcore_count() > 0;
}

/* What is said where it has not; with the name of who was called. */
#define EAL_MISSING "EAL is not there yet: call rte_eal_init before %s()"

#endif /* WEIR_COMPAT_H */
