/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What went wrong at the edges of an engine: told at once, and kept for who asks at the end. */
#ifndef WEIR_LIB_FAILURES_H
#define WEIR_LIB_FAILURES_H

#include <pthread.h>

#include <weir/error.h>

/* Thread-safe; never used by the data path. */
struct failures {
	pthread_mutex_t lock;
	unsigned int count;
	struct weir_error list[WEIR_FAILURES_MAX];
};

void failures_init(struct failures *failures);
void failures_destroy(struct failures *failures);
/* Log it, and keep it unless there are too many. */
void failures_add(struct failures *failures, const struct weir_error *error);
/* The i-th: 0; -ENOENT beyond the last. */
int failures_get(struct failures *failures, unsigned int i, struct weir_error *error);

#endif /* WEIR_LIB_FAILURES_H */
