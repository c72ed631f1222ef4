/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What insns.py counts the instructions of. On stdout: what the program was built with, then a line
 * for each call of insns_done(). What a case counts is run before by insns_counted(), in one call or
 * several; first outside it, so that symbols are bound and caches filled. One thread, no clock that
 * decides anything: the counts repeat.
 */
#ifndef WEIR_BENCH_COUNTED_H
#define WEIR_BENCH_COUNTED_H

#include <stdint.h>

typedef void (*insns_run)(void *arg, unsigned int passes);

/* Print the compiler and the DPDK. */
void insns_head(void);

/* Run passes that count for the case that insns_done() ends. */
void insns_counted(insns_run run, void *arg, unsigned int passes);

/* The case is over: its name, and the events that it took. */
void insns_done(const char *name, uint64_t events);

#endif /* WEIR_BENCH_COUNTED_H */
