/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>

#include <rte_log.h>

#include "failures.h"

RTE_LOG_REGISTER(logtype_failure, lib.weir.failure, NOTICE)

void
failures_init(struct failures *failures)
{
	pthread_mutex_init(&failures->lock, NULL);
	failures->count = 0;
}

void
failures_destroy(struct failures *failures)
{
	pthread_mutex_destroy(&failures->lock);
}

void
failures_add(struct failures *failures, const struct weir_error *error)
{
	rte_log(RTE_LOG_ERR, (uint32_t)logtype_failure, "%s\n", error->text);
	pthread_mutex_lock(&failures->lock);
	if (failures->count < WEIR_FAILURES_MAX)
		failures->list[failures->count++] = *error;
	pthread_mutex_unlock(&failures->lock);
}

int
failures_get(struct failures *failures, unsigned int i, struct weir_error *error)
{
	int rc = -ENOENT;

	pthread_mutex_lock(&failures->lock);
	if (i < failures->count) {
		*error = failures->list[i];
		rc = 0;
	}
	pthread_mutex_unlock(&failures->lock);
	return rc;
}
