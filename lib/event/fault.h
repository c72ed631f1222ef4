/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Faults that tests inject where nothing from outside could: each is armed for some time, and what
 * meets it meanwhile fails. Only with WEIR_FAULTS; without, nothing is left of them.
 */
#ifndef WEIR_LIB_FAULT_H
#define WEIR_LIB_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum fault {
	FAULT_NO_MBUF,   /* sources find no mbuf */
	FAULT_RING_FULL, /* rings seem full to their producers */
	FAULT_SILENT,    /* ports give nothing */
	FAULT_DELAY,     /* one lcore does not get its CPU */
	FAULT_ELSEWHERE, /* the kernel says that memory is on another socket */
	FAULT_MAX
};

#ifdef WEIR_FAULTS
#include <rte_branch_prediction.h>
#include <rte_cycles.h>

/* Until when each is armed, by the TSC; 0: it is not. */
extern uint64_t fault_until[FAULT_MAX];

/* Arm a fault from now on, for so many microseconds. */
void fault_arm(enum fault fault, uint64_t us);

/* For as long as it was armed for, by the first that meets it. */
void fault_sleep(enum fault fault);

static inline bool
fault_hit(enum fault fault)
{
	uint64_t until = __atomic_load_n(&fault_until[fault], __ATOMIC_RELAXED);

	return unlikely(until != 0) && rte_rdtsc() < until;
}
#else
static inline bool
fault_hit(enum fault fault)
{
	(void)fault;
	return false;
}

static inline void
fault_sleep(enum fault fault)
{
	(void)fault;
}
#endif

#endif /* WEIR_LIB_FAULT_H */
