/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Calls on pipelines, plans and engines, by what test_order.c knows of them. */
#ifndef WEIR_ENGINE_ORDER_LIFE_H
#define WEIR_ENGINE_ORDER_LIFE_H

#include "order.h"

/* Keys of a pipeline that is fine, but for what is set beside them. */
static inline void
pipeline_fill(struct order *o, struct weir_pipeline *pipeline)
{
	static const char *const keys[][3] = { { "pool", "cache", "0" },
		{ "pool", "data_room", "256" }, { "source gen", "type", "synth" },
		{ "source gen", "flows", "10" }, { "source gen", "sizes", "64" },
		{ "source gen", "rate", "10k" }, { "source gen", "idle", "sleep" },
		{ "source app", "type", "inject" }, { "source app", "producers", "2" },
		{ "source app", "ring", "32" }, { "source app", "idle", "sleep" },
		{ "stage mid", "type", "work" }, { "stage mid", "input", "gen, app" },
		{ "stage mid", "idle", "sleep" }, { "stage end", "type", "count" },
		{ "stage end", "input", "mid" }, { "stage end", "idle", "sleep" },
		{ "link gen mid", "ring", "63" }, { "link app mid", "ring", "63" },
		{ "link mid end", "ring", "63" } };

	for (unsigned int i = 0; i < RTE_DIM(keys); i++)
		if (!one_in(o, 400))
			AMONG(o, "weir_pipeline_set()",
				weir_pipeline_set(pipeline, keys[i][0], keys[i][1], keys[i][2],
					error_or_null(o)),
				0, -EINVAL);
}

static inline void
call_pipeline_create(struct order *o)
{
	static const char *const names[] = { "one", "two", "three", "", "a b",
		"a-name-that-is-much-too-long-for-one" };
	struct known_pipeline *p = pipeline_place(o);
	const char *name = one_in(o, 16) ? NULL : names[below(o, RTE_DIM(names))];
	struct weir_pipeline *pipeline;

	if (p == NULL)
		return;
	rte_errno = 0;
	pipeline = weir_pipeline_create(name, error_or_null(o));
	if (pipeline == NULL) {
		AMONG(o, "weir_pipeline_create()", -rte_errno, -EINVAL);
		return;
	}
	*p = (struct known_pipeline){ .handle = pipeline, .owned = true };
	if (!one_in(o, 8))
		pipeline_fill(o, pipeline);
}

static inline void
call_pipeline_load(struct order *o)
{
	static const char *const paths[] = { "/nonexistent", "/", "/dev/null", "", "order.ini" };
	struct known_pipeline *p = pipeline_place(o);
	const char *path = one_in(o, 8) ? NULL : paths[below(o, RTE_DIM(paths))];
	struct weir_pipeline *pipeline;

	if (p == NULL)
		return;
	rte_errno = 0;
	pipeline = weir_pipeline_load(path, error_or_null(o));
	if (pipeline == NULL)
		AMONG(o, "weir_pipeline_load()", -rte_errno, -EINVAL, -ENOENT, -EISDIR);
	else
		*p = (struct known_pipeline){ .handle = pipeline, .owned = true };
}

/* What stays as it is because a plan has it says so. */
static inline void
set_result(struct order *o, const struct known_pipeline *p, bool whole, int rc)
{
	if (p == NULL || !whole)
		AMONG(o, "a set of nothing", rc, -EINVAL);
	else if (p->plans > 0)
		AMONG(o, "a set beside a plan", rc, -EBUSY, -EINVAL);
	else
		AMONG(o, "a set", rc, 0, -EINVAL);
}

static inline void
call_pipeline_set(struct order *o)
{
	const struct known_pipeline *p = any_pipeline(o);
	const char *section = one_in(o, 32) ? NULL : any_section(o);
	const char *key = one_in(o, 32) ? NULL : any_key(o);
	const char *value = one_in(o, 32) ? NULL : any_value(o);
	int rc = weir_pipeline_set(p != NULL ? p->handle : NULL, section, key, value,
		error_or_null(o));

	set_result(o, p, section != NULL && key != NULL && value != NULL, rc);
	if (p != NULL && p->plans > 0)
		assert_int_not_equal(rc, 0);
}

static inline void
call_pipeline_set_text(struct order *o)
{
	const struct known_pipeline *p = any_pipeline(o);
	char buf[256];
	const char *text = one_in(o, 32) ? NULL : any_assignment(o, buf, sizeof(buf));
	int rc = weir_pipeline_set_text(p != NULL ? p->handle : NULL, text, error_or_null(o));

	set_result(o, p, text != NULL, rc);
}

static inline void
call_pipeline_check(struct order *o)
{
	const struct known_pipeline *p = any_pipeline(o);
	int rc = weir_pipeline_check(p != NULL ? p->handle : NULL, error_or_null(o));

	if (p != NULL && p->plans > 0)
		assert_int_equal(rc, 0);
	AMONG(o, "weir_pipeline_check()", rc, 0, -EINVAL, -ENOENT, -EISDIR);
}

static inline void
call_pipeline_free(struct order *o)
{
	struct known_pipeline *p = any_pipeline(o);

	weir_pipeline_free(p != NULL ? p->handle : NULL);
	if (p == NULL)
		return;
	p->owned = false;
	pipeline_settle(p);
}

static inline void
call_plan_create(struct order *o)
{
	static const char *const lists[] = { "0", "1", "1-3", "0-3", "2,3", "", "77", "x", "3-1" };
	static const char *const yours[] = { "0", "3", "2,100", "64", "1-2", "", "4000" };
	struct known_pipeline *from = any_pipeline(o);
	struct known_plan *p = plan_place(o);
	CONF_ROOM(weir_plan_conf) room = { .bytes = { 0 } };
	struct weir_plan_conf *conf = &room.conf;
	struct weir_plan *plan;

	if (p == NULL)
		return;
	weir_plan_conf_init(conf);
	conf->lcores = one_in(o, 3) ? NULL : lists[below(o, one_in(o, 4) ? RTE_DIM(lists) : 5)];
	if (one_in(o, 3))
		conf->polled = yours[below(o, RTE_DIM(yours))];
	if (one_in(o, 3))
		conf->run = yours[below(o, RTE_DIM(yours))];
	any_size(o, &conf->size, room.bytes, sizeof(*conf));
	rte_errno = 0;
	plan = weir_plan_create(from != NULL ? from->handle : NULL, one_in(o, 8) ? NULL : conf,
		error_or_null(o));
	if (plan == NULL) {
		AMONG(o, "weir_plan_create()", -rte_errno, -EINVAL, -ENODEV, -ENOMEM, -E2BIG,
			-EXDEV, -ENOENT, -EISDIR);
		return;
	}
	assert_non_null(from);
	*p = (struct known_plan){ .handle = plan, .pipeline = from, .owned = true };
	snprintf(p->name, sizeof(p->name), "%s", weir_pipeline_name(from->handle));
	from->plans++;
	o->planned++;
}

static inline void
call_plan_show(struct order *o)
{
	const struct known_plan *p = any_plan(o);
	unsigned int format = below(o, 5);
	char *text;

	rte_errno = 0;
	text = weir_plan_show(p != NULL ? p->handle : NULL, (enum weir_plan_format)format);
	if (text == NULL) {
		assert_true(p == NULL || format > WEIR_PLAN_JSON);
		assert_int_equal(rte_errno, EINVAL);
	}
	free(text);
}

static inline void
call_plan_free(struct order *o)
{
	struct known_plan *p = any_plan(o);

	weir_plan_free(p != NULL ? p->handle : NULL);
	if (p == NULL)
		return;
	p->owned = false;
	plan_settle(p);
}

static inline void
found_any(const struct weir_finding *finding, void *arg)
{
	struct order *o = arg;

	assert_int_equal(finding->size, sizeof(*finding));
	assert_true(finding->text[0] != '\0');
	o->now++;
}

static inline void
call_preflight(struct order *o)
{
	const struct known_pipeline *p = any_pipeline(o);
	CONF_ROOM(weir_preflight_conf) room = { .bytes = { 0 } };
	struct weir_preflight_conf *conf = &room.conf;
	int rc;

	weir_preflight_conf_init(conf);
	conf->no_huge = conf->no_pci = 1;
	any_size(o, &conf->size, room.bytes, sizeof(*conf));
	rc = weir_preflight(p != NULL ? p->handle : NULL, one_in(o, 8) ? NULL : conf,
		one_in(o, 16) ? NULL : found_any, o, error_or_null(o));
	if (rc < 0)
		AMONG(o, "weir_preflight()", rc, -EINVAL, -ENODEV, -E2BIG, -EXDEV, -ENOENT,
			-EISDIR);
}

static inline void
call_engine_create(struct order *o)
{
	struct known_engine *e = engine_place(o);
	struct known_plan *from = any_plan(o);
	CONF_ROOM(weir_engine_conf) room = { .bytes = { 0 } };
	struct weir_engine_conf *conf = &room.conf;
	struct weir_engine *engine;

	if (e == NULL && !one_in(o, 4))
		return;
	weir_engine_conf_init(conf);
	conf->max_events = one_in(o, 4) ? 1000 : 0;
	conf->hotplug = one_in(o, 16) ? 2 : 0;
	conf->polled_stall_ms = one_in(o, 16) ? UINT64_MAX : one_in(o, 2);
	any_size(o, &conf->size, room.bytes, sizeof(*conf));
	/* No place for it: one that must be refused, or none. */
	if (e == NULL && (from == NULL || !name_is_taken(o, from->name)))
		return;
	rte_errno = 0;
	engine = weir_engine_create(from != NULL ? from->handle : NULL, one_in(o, 4) ? NULL : conf,
		error_or_null(o));
	if (engine == NULL) {
		AMONG(o, "weir_engine_create()", -rte_errno, -EINVAL, -E2BIG, -ENOMEM, -EEXIST,
			-EBUSY, -ENODEV);
		return;
	}
	assert_non_null(from);
	assert_false(name_is_taken(o, from->name));
	*e = (struct known_engine){ .handle = engine, .plan = from };
	from->engines++;
	o->made++;
}

static inline void
call_engine_start(struct order *o)
{
	struct known_engine *e = any_engine(o);
	int rc = weir_engine_start(e != NULL ? e->handle : NULL, error_or_null(o));

	if (e == NULL)
		AMONG(o, "weir_engine_start() of NULL", rc, -EINVAL);
	else if (e->started || e->stopped)
		AMONG(o, "weir_engine_start() once more", rc, -EALREADY);
	else
		AMONG(o, "weir_engine_start()", rc, 0, -EBUSY);
	if (e == NULL || rc != 0)
		return;
	e->started = true;
	o->started++;
}

static inline unsigned int
any_lcore(struct order *o)
{
	static const unsigned int others[] = { 64, 100, RTE_MAX_LCORE, LCORE_ID_ANY };

	return one_in(o, 4) ? others[below(o, RTE_DIM(others))] : below(o, 4);
}

static inline void
call_worker_poll(struct order *o)
{
	struct known_engine *e = any_engine(o);
	unsigned int lcore = any_lcore(o);
	struct weir_engine *engine = e != NULL ? e->handle : NULL;
	bool polled = weir_engine_polled(engine, lcore);
	int rc = weir_worker_poll(engine, lcore);

	if (rc < 0)
		AMONG(o, "weir_worker_poll()", rc, -ESHUTDOWN, -ENOENT, -EBUSY, -EINVAL);
	assert_int_equal(rc == -EINVAL, engine == NULL);
	if (e != NULL && e->stopped)
		assert_true(rc < 0);
	assert_int_equal(polled, rc >= 0 || rc == -ESHUTDOWN);
}

/* Wherever it is refused: else it would not come back. */
static inline void
call_worker_run(struct order *o)
{
	struct known_engine *e = any_engine(o);
	unsigned int lcore = any_lcore(o);

	if (e == NULL)
		AMONG(o, "weir_worker_run() of NULL", weir_worker_run(NULL, lcore), -EINVAL);
	else if (e->stopped)
		AMONG(o, "weir_worker_run() after stop", weir_worker_run(e->handle, lcore),
			-ESHUTDOWN, -ENOENT);
	else if (!e->started)
		AMONG(o, "weir_worker_run() before start", weir_worker_run(e->handle, lcore),
			-EAGAIN, -EBUSY, -ENOENT, -ESHUTDOWN);
	else if (weir_engine_polled(e->handle, lcore))
		AMONG(o, "weir_worker_run() of a polled lcore", weir_worker_run(e->handle, lcore),
			-EBUSY, -ESHUTDOWN);
}

static inline void
call_engine_set(struct order *o)
{
	const struct known_engine *e = any_engine(o);
	char buf[256];
	const char *text = one_in(o, 32) ? NULL : any_assignment(o, buf, sizeof(buf));
	int rc = weir_engine_set(e != NULL ? e->handle : NULL, text, error_or_null(o));

	if (e == NULL)
		AMONG(o, "weir_engine_set() of NULL", rc, -EINVAL);
	else if (e->stopped)
		AMONG(o, "weir_engine_set() after stop", rc, -ESHUTDOWN);
	else
		AMONG(o, "weir_engine_set()", rc, 0, -EINVAL);
}

static inline void
call_engine_stop(struct order *o)
{
	struct known_engine *e = any_engine(o);
	int rc = weir_engine_stop(e != NULL ? e->handle : NULL, below(o, 3) * 10);

	if (e == NULL)
		AMONG(o, "weir_engine_stop() of NULL", rc, -EINVAL);
	else if (e->stopped)
		AMONG(o, "weir_engine_stop() once more", rc, 0);
	else
		AMONG(o, "weir_engine_stop()", rc, 0, -ETIMEDOUT);
	if (e == NULL)
		return;
	/* An lcore that did not get its CPU in time was given up: it comes back. */
	while (!weir_engine_drained(e->handle))
		AMONG(o, "weir_engine_stop() for those given up",
			weir_engine_stop(e->handle, RIG_PATIENCE_MS), 0);
	e->stopped = true;
}

/* Nothing is unaccounted, and nothing is left. */
static inline void
call_engine_destroy(struct order *o)
{
	struct known_engine *e = any_engine(o);
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	if (e != NULL && e->stopped) {
		assert_int_equal(weir_ledger_read(e->handle, &ledger), 0);
		assert_int_equal(ledger.unaccounted, 0);
		assert_int_equal(ledger.in_flight, 0);
	}
	if (weir_engine_destroy(e != NULL ? e->handle : NULL) != 0) {
		weir_engine_stop(e->handle, RIG_PATIENCE_MS);
		assert_int_equal(weir_engine_destroy(e->handle), 0);
	}
	if (e == NULL)
		return;
	e->handle = NULL;
	e->plan->engines--;
	plan_settle(e->plan);
}

static inline void
call_engine_look(struct order *o)
{
	struct known_engine *e = any_engine(o);
	struct weir_engine *engine = e != NULL ? e->handle : NULL;
	const char *name = weir_engine_name(engine);

	weir_engine_watch(engine);
	assert_true(weir_engine_idle(engine) >= 0);
	assert_true(weir_engine_elapsed(engine) >= 0);
	assert_false(weir_engine_exhausted(engine));
	if (e != NULL && e->stopped)
		assert_true(weir_engine_drained(engine));
	AMONG(o, "weir_engine_failure()",
		weir_engine_failure(engine, below(o, 4) * WEIR_FAILURES_MAX, error_or_null(o)),
		engine != NULL ? -ENOENT : -EINVAL);
	assert_int_equal(weir_engine_reopen(engine), 0);
	assert_int_equal(weir_engine_hash_key(engine) == NULL, engine == NULL);
	if (e != NULL)
		assert_string_equal(name, e->plan->name);
	o->calls += 7;
}

static inline void
call_stop_request(struct order *o)
{
	if (one_in(o, 8))
		weir_engine_stop_request(any_engine_handle(o));
}

#endif /* WEIR_ENGINE_ORDER_LIFE_H */
