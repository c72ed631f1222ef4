/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a seeded machine that calls everything in any order knows: which handles it has, who is made from
 * whom, and so what must be refused. A handle that was freed is never used again.
 */
#ifndef WEIR_ENGINE_ORDER_H
#define WEIR_ENGINE_ORDER_H

#include "rig.h"

/* Handles of a kind that there may be at once; those that only others keep count too. */
#define PIPELINES 12
#define PLANS 12
#define ENGINES 3
#define INJECTS 8

struct known_pipeline {
	struct weir_pipeline *handle; /* NULL: this place is free */
	bool owned;                   /* not freed yet */
	unsigned int plans;           /* that there are */
};

struct known_plan {
	struct weir_plan *handle;
	struct known_pipeline *pipeline;
	bool owned;
	unsigned int engines;
	char name[WEIR_NAME_SIZE];
};

struct known_engine {
	struct weir_engine *handle;
	struct known_plan *plan;
	bool started;
	bool stopped;
	struct weir_inject *injects[INJECTS];
	unsigned int inject_count;
};

struct order {
	uint64_t random;
	uint64_t calls;
	uint64_t planned; /* plans, engines, starts and events handed in that were not refused */
	uint64_t made;
	uint64_t started;
	uint64_t injected;
	struct weir_error error;
	struct known_pipeline pipelines[PIPELINES];
	struct known_plan plans[PLANS];
	struct known_engine engines[ENGINES];
	struct weir_flow_table *table;
	uint64_t now;             /* ns: the table's time */
	struct rte_mempool *pool; /* of events */
	struct rte_mempool *bare; /* whose mbufs have no room for one */
	int telemetry;
};

static inline unsigned int
below(struct order *o, unsigned int n)
{
	return (unsigned int)(testing_random(&o->random) >> 33) % n;
}

static inline bool
one_in(struct order *o, unsigned int n)
{
	return below(o, n) == 0;
}

/* An error to fill, or none. */
static inline struct weir_error *
error_or_null(struct order *o)
{
	memset(&o->error, 0, sizeof(o->error));
	return one_in(o, 8) ? NULL : &o->error;
}

/* A result must be one of those that the header names, ending with 1. */
static inline void
result_among(struct order *o, const char *what, int rc, const int *documented)
{
	for (; *documented != 1; documented++)
		if (*documented == rc)
			return;
	fail_msg("call %" PRIu64 ": %s gave %d, which its header does not name: %s", o->calls, what,
		rc, o->error.text);
}
#define AMONG(o, what, rc, ...) result_among(o, what, rc, (const int[]){ __VA_ARGS__, 1 })

/* A handle that is there, or NULL one time in so many and where there is none. */
#define ANY(o, places, is_there) \
	({ \
		__typeof__(&(places)[0]) it_ = NULL; \
		unsigned int first_ = below(o, RTE_DIM(places)); \
		for (unsigned int i_ = 0; i_ < RTE_DIM(places) && it_ == NULL; i_++) { \
			it_ = &(places)[(first_ + i_) % RTE_DIM(places)]; \
			if (it_->handle == NULL || !(is_there)) \
				it_ = NULL; \
		} \
		one_in(o, 16) ? NULL : it_; \
	})

static inline struct known_pipeline *
any_pipeline(struct order *o)
{
	return ANY(o, o->pipelines, it_->owned);
}

static inline struct known_plan *
any_plan(struct order *o)
{
	return ANY(o, o->plans, it_->owned);
}

static inline struct known_engine *
any_engine(struct order *o)
{
	return ANY(o, o->engines, true);
}

static inline struct weir_engine *
any_engine_handle(struct order *o)
{
	struct known_engine *e = any_engine(o);

	return e != NULL ? e->handle : NULL;
}

static inline void
pipeline_settle(struct known_pipeline *p)
{
	if (!p->owned && p->plans == 0)
		p->handle = NULL;
}

static inline void
plan_settle(struct known_plan *p)
{
	if (p->owned || p->engines > 0 || p->handle == NULL)
		return;
	p->handle = NULL;
	p->pipeline->plans--;
	pipeline_settle(p->pipeline);
}

static inline struct known_pipeline *
pipeline_place(struct order *o)
{
	for (unsigned int i = 0; i < PIPELINES; i++)
		if (o->pipelines[i].handle == NULL)
			return &o->pipelines[i];
	return NULL;
}

static inline struct known_plan *
plan_place(struct order *o)
{
	for (unsigned int i = 0; i < PLANS; i++)
		if (o->plans[i].handle == NULL)
			return &o->plans[i];
	return NULL;
}

static inline struct known_engine *
engine_place(struct order *o)
{
	for (unsigned int i = 0; i < ENGINES; i++)
		if (o->engines[i].handle == NULL)
			return &o->engines[i];
	return NULL;
}

static inline bool
name_is_taken(const struct order *o, const char *name)
{
	for (unsigned int i = 0; i < ENGINES; i++)
		if (o->engines[i].handle != NULL && strcmp(o->engines[i].plan->name, name) == 0)
			return true;
	return false;
}

/* A conf of any size, and what a newer one may have behind it: nothing, or one time in so many something. */
#define CONF_ROOM(type) \
	union { \
		struct type conf; \
		char bytes[1024]; \
	}

static inline void
any_size(struct order *o, size_t *size, char *bytes, size_t known)
{
	if (!one_in(o, 16))
		return;
	*size = below(o, 120) * 8;
	if (one_in(o, 2))
		memset(bytes + known, 1, 8);
}

/* Values of any key: some fit, most do not. Nothing that takes a core, or makes anybody wait for long. */
static inline const char *
any_value(struct order *o)
{
	static const char *const values[] = { "", "0", "1", "2", "3", "7", "64", "100", "-1",
		"18446744073709551616", "1k", "1.5k", "0%", "50%", "75%", "101%", "1us", "100us",
		"1ms", "5 x", "on", "off", "auto", "0.5", "1-2", "3", "0", "9999", "x", "synth",
		"inject", "count", "work", "flow", "t_pass", "gen", "app", "app, gen", "mid", "end",
		"mid.out", "gen.gen", "block", "drop-newest", "drop-oldest", "drop-late",
		"drop-flow", "copy", "round-robin", "sleep", "yield", "pause", "ring", "/dev/null",
		"\x01", "a=b", "=" };

	return values[below(o, RTE_DIM(values))];
}

static inline const char *
any_section(struct order *o)
{
	static const char *const sections[] = { "pipeline", "pool", "source gen", "source app",
		"stage mid", "stage end", "link gen mid", "link mid end", "link mid.out end", "gen",
		"mid", "end", "", "stage", "link", "link gen", "source gen mid", "nonsense",
		"stage a-name-that-is-much-too-long-for-one", "link gen end" };

	return sections[below(o, RTE_DIM(sections))];
}

static inline const char *
any_key(struct order *o)
{
	static const char *const kinds[] = { "pipeline", "pool", "source", "stage", "link" };
	const struct weir_param *params = weir_section_params(kinds[below(o, RTE_DIM(kinds))]);
	const struct weir_source_type *source = weir_source_type(below(o, 8));
	static const char *const others[] = { "", "no_such_key", "Burst", "type", "input", "name" };
	unsigned int n = 0;

	if (one_in(o, 8))
		return others[below(o, RTE_DIM(others))];
	if (one_in(o, 4) && source != NULL)
		params = source->params;
	else if (one_in(o, 4))
		params = weir_stage_find(one_in(o, 2) ? "work" : "flow")->params;
	while (params[n].name != NULL)
		n++;
	return n > 0 ? params[below(o, n)].name : "type";
}

static inline const char *
any_assignment(struct order *o, char *buf, size_t size)
{
	if (one_in(o, 16))
		return any_value(o);
	snprintf(buf, size, "%s.%s=%s", any_section(o), any_key(o), any_value(o));
	return buf;
}

#endif /* WEIR_ENGINE_ORDER_H */
