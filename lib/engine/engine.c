/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The life of an engine: how it is made, and unmade in reverse. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_plan, lib.weir.plan, NOTICE);

static unsigned int engines_made;

static const struct weir_engine_conf conf_default = { .stall_ms = 50 };

void
weir_engine_conf_init_sized(struct weir_engine_conf *conf, size_t size)
{
	sized_init(conf, &conf_default, size, sizeof(conf_default));
}

/* What the caller asks for, in this library's layout: 0, or -errno with `error`. */
static int
conf_take(struct weir_engine_conf *own, const struct weir_engine_conf *conf,
	struct weir_error *error)
{
	int rc;

	*own = conf_default;
	if (conf == NULL)
		return 0;
	rc = SIZED_TAKE(own, conf, stall_ms);
	if (rc != 0)
		return weir_error_set(error, -rc, SIZED_WHY(rc), "weir_engine_conf");
	if (own->max_events > INT64_MAX)
		return weir_error_set(error, EINVAL, "max_events: expected no more than 2^63 - 1");
	if (own->polled_stall_ms > UINT32_MAX)
		return weir_error_set(error, EINVAL,
			"polled_stall_ms: expected no more than 2^32 - 1");
	if (own->hotplug > 1)
		return weir_error_set(error, EINVAL, "hotplug: expected 0 or 1");
	return 0;
}

static int
control_create(struct weir_engine *engine, struct weir_error *error)
{
	engine->control = rte_zmalloc("weir", sizeof(*engine->control), RTE_CACHE_LINE_SIZE);
	if (engine->control == NULL)
		return weir_error_set(error, ENOMEM, "no memory for an engine");
	engine->control->bounded = engine->conf.max_events > 0;
	engine->control->budget = (int64_t)engine->conf.max_events;
	return 0;
}

/*
 * A seed that nobody can guess, and not 0, which the default key is of. Where the kernel has no
 * random bytes yet, those of DPDK, which it has seeded by the TSC.
 */
static uint64_t
random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = rte_rand() ^ rte_rdtsc();
	return RTE_MAX(seed, UINT64_C(1));
}

const struct weir_hash_key *
weir_engine_hash_key(const struct weir_engine *engine)
{
	return engine != NULL ? &engine->hash_key : NULL;
}

int
weir_engine_failure(struct weir_engine *engine, unsigned int i, struct weir_error *error)
{
	if (engine == NULL)
		return weir_error_set(error, EINVAL, NO_ENGINE);
	return failures_get(&engine->failures, i, error);
}

bool
weir_engine_exhausted(const struct weir_engine *engine)
{
	for (unsigned int i = 0; engine != NULL && i < engine->seat_count; i++)
		if (engine->seats[i].node->source &&
			!__atomic_load_n(&engine->seats[i].worker->exhausted, __ATOMIC_ACQUIRE))
			return false;
	return engine != NULL;
}

/* The struct alone, and what was asked of it. */
static struct weir_engine *
engine_alloc(const struct weir_plan *plan, const struct weir_engine_conf *conf,
	struct weir_error *error)
{
	struct weir_engine_conf own;
	struct weir_engine *engine;
	uint64_t hash_seed;

	if (plan == NULL) {
		weir_error_set(error, EINVAL, "no plan to make an engine of");
		return NULL;
	}
	if (conf_take(&own, conf, error) != 0)
		return NULL;
	engine = calloc(1, sizeof(*engine));
	if (engine == NULL) {
		weir_error_set(error, ENOMEM, "no memory for an engine");
		return NULL;
	}
	pthread_mutex_init(&engine->setting, NULL);
	failures_init(&engine->failures);
	plan_take(plan);
	engine->plan = plan;
	hash_seed = plan->pipeline->conf.hash_seed;
	engine->flow_seed = (uint32_t)rte_rand();
	weir_hash_key_init(&engine->hash_key, hash_seed != 0 ? hash_seed : random_seed());
	engine->id = __atomic_fetch_add(&engines_made, 1, __ATOMIC_RELAXED);
	engine->conf = own;
	return engine;
}

static void
engine_free(struct weir_engine *engine)
{
	pthread_mutex_destroy(&engine->setting);
	failures_destroy(&engine->failures);
	plan_leave(engine->plan);
	free(engine);
}

/* All that drivers, sources and stages do themselves: any of it may take long. */
static int
devices_begin(struct weir_engine *engine, struct weir_error *error)
{
	struct slow slow;
	int rc;

	slow_begin(&slow, engine);
	rc = engine_ports_start(engine, &slow, error);
	if (rc == 0)
		rc = engine_waits(engine, error);
	if (rc == 0)
		rc = engine_workers_init(engine, &slow, error);
	slow_end(&slow);
	return rc;
}

/* However far that came. */
static void
devices_end(struct weir_engine *engine)
{
	struct slow slow;

	slow_begin(&slow, engine);
	engine_workers_fini(engine, false, &slow);
	engine_workers_fini(engine, true, &slow);
	engine_ports_stop(engine, &slow);
	slow_end(&slow);
	engine_ports_free(engine);
}

/* What crosses sockets costs all the time, and was not asked for: a line for each two of them. */
static void
crossings_tell(const struct weir_engine *engine)
{
	const struct weir_plan *plan = engine->plan;

	for (unsigned int i = 0; i < plan->crossing_count; i++)
		rte_log(RTE_LOG_NOTICE, (uint32_t)logtype_plan, "'%s': %s\n",
			weir_engine_name(engine), plan->notes[plan->crossing_first + i]);
}

struct weir_engine *
weir_engine_create(const struct weir_plan *plan, const struct weir_engine_conf *conf,
	struct weir_error *error)
{
	struct weir_engine *engine = engine_alloc(plan, conf, error);
	int rc;

	if (engine == NULL)
		return NULL;
	rc = engine_list(engine, error);
	if (rc != 0)
		goto free_engine;
	rc = control_create(engine, error);
	if (rc != 0)
		goto unlist;
	rc = engine_pools_create(engine, error);
	if (rc != 0)
		goto free_pools;
	rc = engine_build(engine, error);
	if (rc != 0)
		goto unbuild;
	rc = engine_loops_create(engine, error);
	if (rc != 0)
		goto free_loops;
	rc = engine_tell_made(engine, error);
	if (rc != 0)
		goto free_loops;
	rc = devices_begin(engine, error);
	if (rc == 0)
		rc = engine_memory_check(engine, false, error);
	if (rc != 0)
		goto end_devices;
	engine_ports_ready(engine);
	engine_show(engine);
	crossings_tell(engine);
	return engine;

end_devices:
	devices_end(engine);
	engine_tell_unmade(engine);
free_loops:
	engine_loops_free(engine);
unbuild:
	engine_unbuild(engine);
free_pools:
	engine_pools_free(engine);
	rte_free(engine->control);
unlist:
	engine_unlist(engine);
free_engine:
	engine_free(engine);
	rte_errno = -rc;
	return NULL;
}

unsigned int
weir_engine_destroy(struct weir_engine *engine)
{
	unsigned int leaked;
	struct slow slow;

	if (engine == NULL)
		return 0;
	weir_engine_stop(engine, 0);
	leaked = engine_pools_missing(engine);
	if (engine->out > 0 || (engine->gave_up && leaked > 0))
		return RTE_MAX(leaked, 1u);
	engine_unlist(engine);
	engine_settings_free(engine);
	slow_begin(&slow, engine);
	engine_workers_fini(engine, true, &slow);
	slow_end(&slow);
	engine_ports_free(engine);
	engine_tell_unmade(engine);
	engine_loops_free(engine);
	engine_unbuild(engine);
	leaked = engine_pools_free(engine);
	rte_free(engine->control);
	engine_free(engine);
	return leaked;
}
