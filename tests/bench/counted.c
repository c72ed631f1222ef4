/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <stdio.h>

#include <rte_version.h>

#include "counted.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* insns.py counts by the entries and the ends of these functions: each must stay one. */
#ifdef __clang__
#define ONE_FUNCTION __attribute__((noinline))
#else
#define ONE_FUNCTION __attribute__((noinline, noclone, externally_visible))
#endif

void
insns_head(void)
{
	printf("%s, %s\n", COMPILER, rte_version());
}

ONE_FUNCTION void
insns_counted(insns_run run, void *arg, unsigned int passes)
{
	run(arg, passes);
	/* After the call: it must not become a jump, which would end the count. */
	__asm__ volatile("" ::: "memory");
}

ONE_FUNCTION void
insns_done(const char *name, uint64_t events)
{
	printf("%s\t%" PRIu64 "\n", name, events);
	__asm__ volatile("" ::: "memory");
}
