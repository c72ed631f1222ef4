/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Engines on lcores of the application's, and its threads that come for them. */
#ifndef WEIR_ENGINE_YOURS_H
#define WEIR_ENGINE_YOURS_H

#include "rig.h"

#include <pthread.h>

#include <rte_launch.h>

/* What a thread is with EAL. */
enum guest_kind {
	GUEST_UNKNOWN,    /* nothing */
	GUEST_REGISTERED, /* registered, for as long as it is there */
	GUEST_KINDS
};

struct guest {
	struct weir_engine *engine;
	unsigned int lcore;
	enum guest_kind kind;
	pthread_t thread;
	uint32_t called; /* it is about to call, or has */
	uint32_t cached; /* mbufs of the first pool in its cache, when it came back */
	int rc;
};

static inline void *
guest_main(void *arg)
{
	struct guest *guest = arg;
	struct rte_mempool *pool = guest->engine->pools[0].pool;
	bool registered = guest->kind == GUEST_REGISTERED && rte_thread_register() == 0;

	__atomic_store_n(&guest->called, 1, __ATOMIC_RELEASE);
	guest->rc = weir_worker_run(guest->engine, guest->lcore);
	/* The engine stays until the thread was joined. */
	if (registered) {
		guest->cached = rte_mempool_default_cache(pool, rte_lcore_id())->len;
		rte_thread_unregister();
	}
	return NULL;
}

static inline void
guest_begin(struct guest *guest, struct rig *rig, unsigned int lcore, enum guest_kind kind)
{
	*guest = (struct guest){ .engine = rig->engine, .lcore = lcore, .kind = kind, .rc = 1 };
	assert_int_equal(pthread_create(&guest->thread, NULL, guest_main, guest), 0);
}

static inline int
guest_end(struct guest *guest)
{
	assert_int_equal(pthread_join(guest->thread, NULL), 0);
	assert_int_equal(guest->cached, 0);
	return guest->rc;
}

static inline struct loop *
yours_loop(const struct rig *rig, unsigned int lcore)
{
	struct loop *loop = engine_loop(rig->engine, lcore);

	assert_non_null(loop);
	return loop;
}

/* Until the thread has made a pass. */
static inline void
yours_wait_runs(const struct rig *rig, unsigned int lcore)
{
	uint64_t deadline = rig_deadline();

	while (stat_read(&yours_loop(rig, lcore)->passes) == 0 && rte_rdtsc() < deadline)
		usleep(100);
	assert_int_equal(loop_holder(yours_loop(rig, lcore)), HOLDER_RUNNER);
}

/* A pipeline whose nodes name their lcores; which of those are polled, and which are run. */
static inline void
yours_make(struct rig *rig, const char *name, const char *polled, const char *run,
	const struct weir_engine_conf *engine_conf, const char *const *sections)
{
	struct weir_plan_conf conf;

	rig_describe(rig, name, sections);
	weir_plan_conf_init(&conf);
	conf.polled = polled;
	conf.run = run;
	rig->plan = weir_plan_create(rig->pipeline, &conf, &rig->error);
	rig_ok(rig, rig->plan == NULL);
	rig->engine = weir_engine_create(rig->plan, engine_conf, &rig->error);
	rig_ok(rig, rig->engine == NULL);
}

#endif /* WEIR_ENGINE_YOURS_H */
