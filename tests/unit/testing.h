/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the unit tests share: cmocka with what it needs before it, EAL without a machine to ask. */
#ifndef WEIR_TESTING_H
#define WEIR_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

/*
 * Start EAL on two lcores that share CPU 0, in 256 MB of ordinary memory, as anybody may. `extra`
 * is a NULL-terminated list of further EAL arguments, or NULL. Ends the test program on failure.
 */
static inline void
testing_eal_init(const char *const *extra)
{
	char prefix[32];
	const char *argv[32] = { "unit", "--no-huge", "-m", "256", "--no-pci", "--lcores",
		"0@0,1@0", "--file-prefix", prefix, "--log-level", "lib.eal:4" };
	int argc = 11;

	snprintf(prefix, sizeof(prefix), "weir-unit-%d", (int)getpid());
	for (; extra != NULL && *extra != NULL && argc < 31; extra++)
		argv[argc++] = *extra;
	if (rte_eal_init(argc, (char **)(uintptr_t)argv) < 0) {
		fprintf(stderr, "EAL: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
}

/* Every mbuf is back in its pool, and as the pool's users expect it. */
static inline void
testing_pool_is_full(struct rte_mempool *pool)
{
	assert_int_equal(rte_mempool_avail_count(pool), pool->size);
}

/* A small random generator with a seed of its own (xorshift64*, Vigna 2016). */
static inline uint64_t
testing_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* The seed of a run: WEIR_TEST_SEED, or a new one; printed, so that a failed run can be repeated. */
static inline uint64_t
testing_seed(void)
{
	const char *given = getenv("WEIR_TEST_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)getpid() * 2654435761u;

	seed |= 1;
	print_message("WEIR_TEST_SEED=%#llx\n", (unsigned long long)seed);
	return seed;
}

#endif /* WEIR_TESTING_H */
