/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The engines of the process, for telemetry; only the control side takes the lock. */
#include <string.h>

#include <rte_spinlock.h>

#include "engine_private.h"

static TAILQ_HEAD(, weir_engine) engines = TAILQ_HEAD_INITIALIZER(engines);
static rte_spinlock_t engines_lock = RTE_SPINLOCK_INITIALIZER;

const char *
weir_engine_name(const struct weir_engine *engine)
{
	return engine != NULL ? weir_pipeline_name(engine->plan->pipeline) : NULL;
}

static int
visit_each(bool made, int (*visit)(struct weir_engine *engine, void *arg), void *arg)
{
	struct weir_engine *engine;
	int rc = 0;

	rte_spinlock_lock(&engines_lock);
	TAILQ_FOREACH(engine, &engines, next)
	{
		rc = (made ? engine->ready : engine->searched) ? visit(engine, arg) : 0;
		if (rc != 0)
			break;
	}
	rte_spinlock_unlock(&engines_lock);
	return rc;
}

int
engine_each(int (*visit)(struct weir_engine *engine, void *arg), void *arg)
{
	return visit_each(true, visit, arg);
}

int
engine_search_each(int (*visit)(struct weir_engine *engine, void *arg), void *arg)
{
	return visit_each(false, visit, arg);
}

/* Into the list, unless an engine of that name is there. */
int
engine_list(struct weir_engine *engine, struct weir_error *error)
{
	const struct weir_engine *other;

	rte_spinlock_lock(&engines_lock);
	TAILQ_FOREACH(other, &engines, next)
	{
		if (strcmp(weir_engine_name(other), weir_engine_name(engine)) == 0)
			break;
	}
	if (other == NULL)
		TAILQ_INSERT_TAIL(&engines, engine, next);
	rte_spinlock_unlock(&engines_lock);
	if (other != NULL)
		return weir_error_set(error, EEXIST,
			"an engine named '%s' exists; give [pipeline] another `name`",
			weir_engine_name(engine));
	return 0;
}

/* It is made: from now on it may be visited. */
void
engine_show(struct weir_engine *engine)
{
	rte_spinlock_lock(&engines_lock);
	engine->ready = true;
	rte_spinlock_unlock(&engines_lock);
}

void
engine_search(struct weir_engine *engine, bool on)
{
	rte_spinlock_lock(&engines_lock);
	engine->searched = on;
	rte_spinlock_unlock(&engines_lock);
}

void
engine_unlist(struct weir_engine *engine)
{
	rte_spinlock_lock(&engines_lock);
	TAILQ_REMOVE(&engines, engine, next);
	rte_spinlock_unlock(&engines_lock);
}
