/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * An engine from a list of keys, for the benchmarks that start many. What fails ends the program,
 * save what engine_try() gives back.
 */
#ifndef WEIR_BENCH_ENGINES_H
#define WEIR_BENCH_ENGINES_H

#include <weir/weir.h>

/* Section, key, value. A list of them ends with one whose section is NULL. */
struct engine_key {
	const char *section;
	const char *key;
	const char *value;
};

struct engine {
	struct weir_pipeline *pipeline;
	struct weir_plan *plan;
	struct weir_engine *weir;
};

/* Make the engine, not started. @return 0, or -errno and `error`: nothing is left behind */
int engine_try(struct engine *engine, const struct engine_key keys[], struct weir_error *error);
void engine_make(struct engine *engine, const struct engine_key keys[]);

/* Launch the workers; those of the main lcore are the caller's to poll. */
void engine_start(struct engine *engine);

/* Stop, hold the ledger to its word, and free all. */
void engine_end(struct engine *engine);

#endif /* WEIR_BENCH_ENGINES_H */
