/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Telling those who look on of an engine's life. */
#include "engine_private.h"

/* The first n of them, in reverse. */
static void
tell_unmade(struct weir_engine *engine, unsigned int n)
{
	while (n-- > 0)
		if (engine_onlookers[n]->unmade != NULL)
			engine_onlookers[n]->unmade(engine);
}

int
engine_tell_made(struct weir_engine *engine, struct weir_error *error)
{
	for (unsigned int i = 0; engine_onlookers[i] != NULL; i++) {
		int rc = engine_onlookers[i]->made != NULL ?
			engine_onlookers[i]->made(engine, error) :
			0;

		if (rc != 0) {
			tell_unmade(engine, i);
			return rc;
		}
	}
	return 0;
}

void
engine_tell_unmade(struct weir_engine *engine)
{
	unsigned int n = 0;

	while (engine_onlookers[n] != NULL)
		n++;
	tell_unmade(engine, n);
}

int
engine_tell_port(const struct port_state *port)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && engine_onlookers[i] != NULL; i++)
		if (engine_onlookers[i]->port != NULL)
			rc = engine_onlookers[i]->port(port);
	return rc;
}

void
engine_tell_port_over(const struct port_state *port)
{
	for (unsigned int i = 0; engine_onlookers[i] != NULL; i++)
		if (engine_onlookers[i]->port_over != NULL)
			engine_onlookers[i]->port_over(port);
}

void
engine_tell_returned(struct weir_engine *engine)
{
	for (unsigned int i = 0; engine_onlookers[i] != NULL; i++)
		if (engine_onlookers[i]->returned != NULL)
			engine_onlookers[i]->returned(engine);
}

void
engine_tell_stopped(struct weir_engine *engine)
{
	for (unsigned int i = 0; engine_onlookers[i] != NULL; i++)
		if (engine_onlookers[i]->stopped != NULL)
			engine_onlookers[i]->stopped(engine);
}
