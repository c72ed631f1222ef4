/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What flows, for the folders that build on it. */
#ifndef WEIR_LIB_EVENT_H
#define WEIR_LIB_EVENT_H

#include <weir/event.h>

#include "compat.h"
#include "fault.h"

/* Have a line at hand to be written, wherever it is now. */
static inline void
prefetch_write(const void *line)
{
#ifdef RTE_ARCH_X86_64
	/* The builtin makes it a prefetch for reading where -march does not promise PREFETCHW. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
	__builtin_prefetch(line, 1, 3);
#endif
}

/* Have the compiler do so many turns of the next loop in one: where a turn does next to nothing. */
#ifdef __clang__
#define UNROLL(times) _Pragma(RTE_STR(clang loop unroll_count(times)))
#else
#define UNROLL(times) _Pragma(RTE_STR(GCC unroll times))
#endif

/*
 * Give n events back to their pools: runs of pristine events of one pool in one bulk put that
 * leaves the mbufs' own lines where they are, the rest through rte_pktmbuf_free().
 */
void events_free(struct weir_event *const events[], unsigned int n);

#endif /* WEIR_LIB_EVENT_H */
