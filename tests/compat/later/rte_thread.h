/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* 23.11: control threads are no pthreads, and what joins them is stable. */
#include <rte_compat.h>

#define rte_thread_join rte_thread_join_experimental
#include_next <rte_thread.h>
#undef rte_thread_join

#ifndef LATER_THREAD_H
#define LATER_THREAD_H
int rte_thread_join(rte_thread_t thread, uint32_t *value);
int rte_thread_create_control(rte_thread_t *thread, const char *name, uint32_t (*run)(void *),
	void *arg);
#endif
