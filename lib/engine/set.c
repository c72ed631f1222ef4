/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Setting keys of a running engine: the control side makes new settings of the newest ones, and
 * publishes them; each loop takes them over by itself (settings.c).
 *
 * Replaced settings are freed once no loop holds them. A loop says which it reads before it looks
 * again whether they are the newest; the control side replaces them before it looks whether
 * anybody holds the former ones. One of the two sees the other, as these four are in one order.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_set, lib.weir.set, NOTICE);
#define SET_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_set, __VA_ARGS__)

static void
settings_free(struct settings *settings)
{
	pipeline_copy_free(settings->pipeline);
	free(settings->links);
	free(settings->nodes);
	free(settings->waits);
	free(settings);
}

/* The next version: as the newest one, for now. */
static struct settings *
settings_next(const struct weir_engine *engine)
{
	const struct settings *last = engine->settings;
	const struct weir_pipeline *from = engine->plan->pipeline;
	struct settings *next = calloc(1, sizeof(*next));

	if (next == NULL)
		return NULL;
	next->version = last != NULL ? last->version + 1 : 1;
	next->pipeline = pipeline_copy(last != NULL ? last->pipeline : from);
	next->links = calloc(RTE_MAX(from->link_count, 1u), sizeof(*next->links));
	next->nodes = calloc(from->node_count, sizeof(*next->nodes));
	next->waits = calloc(engine->loop_count, sizeof(*next->waits));
	if (next->pipeline == NULL || next->links == NULL || next->nodes == NULL ||
		next->waits == NULL) {
		settings_free(next);
		return NULL;
	}
	if (last != NULL) {
		memcpy(next->links, last->links, from->link_count * sizeof(*next->links));
		memcpy(next->nodes, last->nodes, from->node_count * sizeof(*next->nodes));
		next->waits_version = last->waits_version;
	}
	return next;
}

static bool
settings_held(const struct weir_engine *engine, const struct settings *settings)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		if (__atomic_load_n(&engine->loops[i].holds, __ATOMIC_SEQ_CST) == settings)
			return true;
	return false;
}

/* Free what was replaced and is not held: at most one is left for each loop. */
static void
settings_sweep(struct weir_engine *engine)
{
	struct settings **at = &engine->settings->older;

	while (*at != NULL) {
		struct settings *old = *at;

		if (settings_held(engine, old)) {
			at = &old->older;
			continue;
		}
		*at = old->older;
		settings_free(old);
	}
}

static void
settings_publish(struct weir_engine *engine, struct settings *next)
{
	next->older = engine->settings;
	engine->settings = next;
	for (unsigned int i = 0; i < engine->plan->pipeline->link_count; i++)
		__atomic_store_n(&engine->policies[i],
			link_policy((enum weir_on_full)next->pipeline->links[i].conf.on_full),
			__ATOMIC_RELAXED);
	__atomic_store_n(&engine->control->settings, next, __ATOMIC_SEQ_CST);
	__atomic_store_n(&engine->control->version, next->version, __ATOMIC_RELEASE);
	settings_sweep(engine);
}

void
engine_settings_free(struct weir_engine *engine)
{
	struct settings *settings;

	while ((settings = engine->settings) != NULL) {
		engine->settings = settings->older;
		settings_free(settings);
	}
}

#define LINK_TEXT_SIZE (LINK_FROM_SIZE + WEIR_NAME_SIZE + 1)

/* "FROM TO", as a link's section has it. */
static const char *
link_text(const struct weir_engine *engine, const struct pipeline_change *change,
	char text[LINK_TEXT_SIZE])
{
	const struct weir_pipeline *pipeline = engine->plan->pipeline;
	const struct link *link = &pipeline->links[change->link];
	char from[LINK_FROM_SIZE];

	snprintf(text, LINK_TEXT_SIZE, "%s %s", pipeline_from(pipeline, link, from),
		pipeline->nodes[link->to].name);
	return text;
}

/* "[link a b] key = value: why not". */
static int
link_refuse(const struct weir_engine *engine, const struct pipeline_change *change,
	const struct link_policy *policy, struct weir_error *error, const char *why)
{
	bool late = strcmp(change->param->name, "deadline") == 0;
	char text[LINK_TEXT_SIZE];

	return weir_error_set(error, EINVAL, "[link %s] %s%s: %s", link_text(engine, change, text),
		late ? "deadline" : "on_full = ", late ? "" : policy->name, why);
}

/* Room can be reserved in rings alone; which calls there are, and what they reserve, is planned. */
static int
link_check_lossless(const struct weir_engine *engine, const struct weir_pipeline *pipeline,
	const struct pipeline_change *change, const struct link_policy *policy,
	struct weir_error *error)
{
	uint32_t least = engine->least[change->link];
	const struct weir_plan *plan = engine->plan;
	struct weir_error why;
	char text[96];
	int rc;

	if (policy->lossless == engine->policies[change->link]->lossless)
		return 0;
	for (unsigned int i = 0; i < plan->pair_count; i++)
		if (plan->pairs[i].link == change->link && plan->pairs[i].call)
			return link_refuse(engine, change, policy, error,
				"a call has no ring that could be full: stop it, give the link "
				"kind = ring, start again");
	if (!policy->lossless)
		return 0;
	if (pipeline->links[change->link].conf.ring < least) {
		snprintf(text, sizeof(text),
			"%u events may come there for one, and its rings hold %" PRIu64, least,
			pipeline->links[change->link].conf.ring);
		return link_refuse(engine, change, policy, error, text);
	}
	rc = plan_calls_check(plan, pipeline, &why);
	if (rc == -EINVAL)
		return link_refuse(engine, change, policy, error, why.text);
	return rc == 0 ? 0 : weir_error_set(error, -rc, "%s", why.text);
}

/* What a link's rings and calls, as they were made, cannot do. */
static int
link_check(const struct weir_engine *engine, const struct weir_pipeline *pipeline,
	const struct pipeline_change *change, struct weir_error *error)
{
	const struct link_conf *conf = &pipeline->links[change->link].conf;
	bool late = conf->on_full == WEIR_ON_FULL_DROP_LATE ||
		strcmp(change->param->name, "deadline") == 0;
	const struct link_policy *policy = link_policy((enum weir_on_full)conf->on_full);
	char text[LINK_TEXT_SIZE];

	if (conf->gap_markers && engine->pool_count == 0)
		return weir_error_set(error, EINVAL,
			"[link %s] gap_markers = on: there is no pool that markers could be of, as "
			"every packet comes in an mbuf of the application's: stop it, set the key, start "
			"again",
			link_text(engine, change, text));
	if (late && engine->plan->pipeline->links[change->link].conf.deadline == 0)
		return link_refuse(engine, change, policy, error,
			"the link was made without `deadline`, so its rings keep no times: stop "
			"it, set `deadline`, start again");
	return link_check_lossless(engine, pipeline, change, policy, error);
}

/* Ports raise interrupts only where they were set up for them. */
static int
node_check(const struct weir_engine *engine, const struct weir_pipeline *pipeline,
	const struct pipeline_change *change, struct weir_error *error)
{
	const struct node *made = &engine->plan->pipeline->nodes[change->node];

	if (pipeline->nodes[change->node].conf.idle != WEIR_WAIT_INTERRUPT ||
		made->conf.idle == WEIR_WAIT_INTERRUPT)
		return 0;
	return weir_error_set(error, EINVAL,
		"[%s %s] idle = interrupt: it was made without interrupts: stop it, set the key, "
		"start again",
		made->source ? "source" : "stage", made->name);
}

/* Whether a link's key says how its producers wait, and nothing of its rings. */
static bool
is_waiting(const struct weir_param *param)
{
	return strncmp(param->name, "full", strlen("full")) == 0;
}

static bool
is_same(const struct waiter *a, const struct waiter *b)
{
	return a->how == b->how && a->min_ns == b->min_ns && a->max_ns == b->max_ns;
}

/*
 * What is asked may be more than an lcore can do, its RX rings allow, or a less patient worker waits:
 * the log has what comes of it.
 */
static void
waits_tell(const struct weir_engine *engine, const struct settings *settings,
	const char *assignment)
{
	unsigned int changed = 0;
	struct loop_waits was;

	for (unsigned int i = 0; i < engine->loop_count; i++) {
		const struct loop *loop = &engine->loops[i];
		const struct loop_waits *now = &settings->waits[i];

		if (engine->settings != NULL)
			was = engine->settings->waits[i];
		else
			loop_waits_by(loop, engine->plan->pipeline, &was);
		if (is_same(&now->idle, &was.idle) && is_same(&now->full, &was.full))
			continue;
		changed++;
		SET_LOG(INFO,
			"'%s': %s: lcore %u waits by %s up to %" PRIu64
			" ns, when full by %s up to "
			"%" PRIu64 " ns\n",
			weir_engine_name(engine), assignment, loop->lcore,
			wait_names[now->idle.how], now->idle.max_ns, wait_names[now->full.how],
			now->full.max_ns);
	}
	if (changed == 0)
		SET_LOG(NOTICE, "'%s': %s: every lcore waits as before\n", weir_engine_name(engine),
			assignment);
}

static int
settings_change(const struct weir_engine *engine, struct settings *settings, const char *assignment,
	struct weir_error *error)
{
	struct pipeline_change change;
	int rc = pipeline_change(settings->pipeline, assignment, &change, error);

	if (rc == 0 && change.link != UINT_MAX)
		rc = link_check(engine, settings->pipeline, &change, error);
	else if (rc == 0)
		rc = node_check(engine, settings->pipeline, &change, error);
	if (rc != 0)
		return rc;
	for (unsigned int i = 0; i < engine->loop_count; i++)
		loop_waits_by(&engine->loops[i], settings->pipeline, &settings->waits[i]);
	if (change.of_type) {
		settings->nodes[change.node] = settings->version;
	} else if (change.link != UINT_MAX && !is_waiting(change.param)) {
		settings->links[change.link] = settings->version;
	} else {
		settings->waits_version = settings->version;
		waits_tell(engine, settings, assignment);
	}
	return 0;
}

static int
engine_set(struct weir_engine *engine, const char *assignment, struct weir_error *error)
{
	struct settings *next;
	int rc;

	if (engine_stopped(engine))
		return weir_error_set(error, ESHUTDOWN, "'%s' has stopped: nothing can be set",
			weir_engine_name(engine));
	next = settings_next(engine);
	if (next == NULL)
		return weir_error_set(error, ENOMEM, "no memory for settings");
	rc = settings_change(engine, next, assignment, error);
	if (rc == 0)
		settings_publish(engine, next);
	else
		settings_free(next);
	return rc;
}

int
weir_engine_set(struct weir_engine *engine, const char *assignment, struct weir_error *error)
{
	int rc;

	if (engine == NULL)
		return weir_error_set(error, EINVAL, NO_ENGINE);
	pthread_mutex_lock(&engine->setting);
	rc = engine_set(engine, assignment, error);
	pthread_mutex_unlock(&engine->setting);
	return rc;
}
