/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The application's ends of inject sources. */
#include <string.h>

#include <rte_errno.h>

#include "engine_private.h"

static bool
seat_injects(const struct seat *seat, const char *source, unsigned int worker)
{
	return seat->node->source_ops == &source_inject && strcmp(seat->node->name, source) == 0 &&
		(worker == WEIR_INJECT_ANY || worker == seat->plan->index);
}

/* The nth producer of the first worker of which the nth is the next. */
static struct weir_inject *
claim_nth(const struct weir_engine *engine, const char *source, unsigned int worker,
	unsigned int nth, unsigned int *most)
{
	struct weir_inject *inject = NULL;

	for (unsigned int i = 0; inject == NULL && i < engine->seat_count; i++) {
		void *state = engine->seats[i].worker->state;

		if (!seat_injects(&engine->seats[i], source, worker))
			continue;
		*most = inject_producers(state);
		inject = inject_claim(state, nth);
	}
	return inject;
}

struct weir_inject *
weir_inject_open_worker(struct weir_engine *engine, const char *source, unsigned int worker,
	struct weir_error *error)
{
	struct weir_inject *inject = NULL;
	unsigned int most = 1;

	if (engine == NULL || source == NULL) {
		weir_error_set(error, EINVAL, "expected an engine and the name of a source");
		return NULL;
	}
	/* All workers' first producers before any one's second. */
	for (unsigned int nth = 0; inject == NULL && nth < most; nth++) {
		most = 0;
		inject = claim_nth(engine, source, worker, nth, &most);
	}
	if (inject == NULL && most > 0)
		weir_error_set(error, EBUSY,
			"[source %s] all its producers are taken; raise `producers`", source);
	else if (inject == NULL)
		weir_error_set(error, ENOENT,
			"'%s' has no source '%s' of type inject, or no such worker of it",
			weir_engine_name(engine), source);
	return inject;
}

struct weir_inject *
weir_inject_open(struct weir_engine *engine, const char *source, struct weir_error *error)
{
	return weir_inject_open_worker(engine, source, WEIR_INJECT_ANY, error);
}
