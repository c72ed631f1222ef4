/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "bench.h"
#include "engines.h"

#define STOP_MS 2000

static int
describe(struct weir_pipeline *pipeline, const struct engine_key keys[], struct weir_error *error)
{
	int err = 0;

	for (unsigned int i = 0; err == 0 && keys[i].section != NULL; i++)
		err = weir_pipeline_set(pipeline, keys[i].section, keys[i].key, keys[i].value,
			error);
	return err != 0 ? err : weir_pipeline_check(pipeline, error);
}

static void
engine_free(struct engine *engine)
{
	weir_plan_free(engine->plan);
	weir_pipeline_free(engine->pipeline);
}

int
engine_try(struct engine *engine, const struct engine_key keys[], struct weir_error *error)
{
	int err;

	*engine = (struct engine){ .pipeline = weir_pipeline_create("bench", error) };
	if (engine->pipeline == NULL)
		return -error->code;
	err = describe(engine->pipeline, keys, error);
	if (err == 0) {
		engine->plan = weir_plan_create(engine->pipeline, NULL, error);
		if (engine->plan != NULL)
			engine->weir = weir_engine_create(engine->plan, NULL, error);
		err = engine->weir != NULL ? 0 : -error->code;
	}
	if (err != 0)
		engine_free(engine);
	return err;
}

void
engine_make(struct engine *engine, const struct engine_key keys[])
{
	struct weir_error error;

	if (engine_try(engine, keys, &error) != 0)
		bench_die("%s", error.text);
}

void
engine_start(struct engine *engine)
{
	struct weir_error error;

	if (weir_engine_start(engine->weir, &error) != 0)
		bench_die("%s", error.text);
}

void
engine_end(struct engine *engine)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	if (weir_engine_stop(engine->weir, STOP_MS) != 0)
		bench_die("the engine does not stop");
	weir_ledger_read(engine->weir, &ledger);
	if (ledger.unaccounted != 0 || ledger.in_flight != 0 ||
		weir_engine_destroy(engine->weir) != 0)
		bench_die("the ledger does not balance");
	engine_free(engine);
}
