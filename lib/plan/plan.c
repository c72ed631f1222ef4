/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_errno.h>

#include "event/compat.h"
#include "link/link.h"
#include "plan_private.h"

static int
plan_workers(struct weir_plan *plan, struct weir_error *error)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	unsigned int n, i, count = plan_first_worker(plan, pipeline->node_count);

	if (count == 0)
		return weir_error_set(error, EINVAL, "pipeline %s has no nodes: add a source",
			pipeline->conf.name);
	plan->workers = calloc(count, sizeof(*plan->workers));
	if (plan->workers == NULL)
		return plan_no_memory(error);
	for (n = 0; n < pipeline->node_count; n++)
		for (i = 0; i < node_workers(&pipeline->nodes[n]); i++)
			plan->workers[plan->worker_count++] = (struct plan_worker){
				.node = n,
				.index = i,
				.lcore = LCORE_ID_ANY,
				.port = UINT_MAX,
			};
	return 0;
}

/* The pairs of one link: a call where both ends share an lcore and nothing speaks against it. */
static void
plan_link_pairs(struct weir_plan *plan, unsigned int link)
{
	const struct link *l = &plan->pipeline->links[link];
	unsigned int from = plan_first_worker(plan, l->from), to = plan_first_worker(plan, l->to);
	unsigned int from_end = from + node_workers(&plan->pipeline->nodes[l->from]);
	unsigned int to_end = to + node_workers(&plan->pipeline->nodes[l->to]);
	unsigned int stride = pipeline_stride(plan->pipeline, l);
	bool ring = l->conf.kind != WEIR_LINK_AUTO || link_feedback(l);
	unsigned int p, c;

	for (p = from; p < from_end; p++)
		for (c = to + (p - from) % stride; c < to_end; c += stride) {
			bool call = !ring && plan->workers[p].lcore == plan->workers[c].lcore;

			plan->pairs[plan->pair_count++] = (struct plan_pair){
				.link = link,
				.producer = p,
				.consumer = c,
				.call = call,
				.capacity = call ? 0 : (uint32_t)l->conf.ring,
			};
		}
}

static int
plan_pairs(struct weir_plan *plan, struct weir_error *error)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	size_t count = 0;
	unsigned int i;

	for (i = 0; i < pipeline->link_count; i++)
		count += (size_t)node_workers(&pipeline->nodes[pipeline->links[i].from]) *
			node_workers(&pipeline->nodes[pipeline->links[i].to]) /
			pipeline_stride(pipeline, &pipeline->links[i]);
	plan->pairs = calloc(count + 1, sizeof(*plan->pairs));
	if (plan->pairs == NULL)
		return plan_no_memory(error);
	for (i = 0; i < pipeline->link_count; i++)
		plan_link_pairs(plan, i);
	return 0;
}

/*
 * A burst that is spread over more rings than it has events leaves less than one in each on average:
 * a line of slots goes from core to core for each event. That is gathered only where it is asked for.
 */
static int
plan_linger(struct weir_plan *plan, struct weir_error *error)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	uint64_t burst = pipeline->conf.burst, passes;
	unsigned int i, lanes;
	char from[LINK_FROM_SIZE];
	int ret = 0;

	for (i = 0; ret == 0 && i < pipeline->link_count; i++) {
		const struct link *link = &pipeline->links[i];

		lanes = node_workers(&pipeline->nodes[link->to]) / pipeline_stride(pipeline, link);
		if (link->conf.spread != WEIR_SPREAD_FLOW || link->conf.linger != 0 ||
			lanes <= burst || plan_link_kinds(plan, i).rings == 0)
			continue;
		passes = RTE_MIN(SLOTS_LINE * lanes / burst, UINT64_C(255));
		ret = plan_note(plan,
			"[link %s %s] each producer spreads bursts of %" PRIu64
			" over %u workers, less than an event for each: linger = %" PRIu64
			" gathers a cache line of events for each, which wait up to %" PRIu64
			" passes",
			pipeline_from(pipeline, link, from), pipeline->nodes[link->to].name, burst,
			lanes, passes, passes);
	}
	return ret < 0 ? plan_no_memory(error) : 0;
}

static int
plan_steps(struct weir_plan *plan, const struct weir_plan_conf *conf, struct weir_error *error)
{
	const char *lcores = conf != NULL ? conf->lcores : NULL;
	int ret = plan_yours(plan, conf, error);

	if (ret == 0)
		ret = plan_queues(plan, lcores, error);
	if (ret == 0)
		ret = plan_workers(plan, error);
	if (ret == 0)
		ret = plan_ports(plan, error);
	if (ret == 0)
		ret = plan_frames(plan, error);
	if (ret == 0)
		ret = plan_port_setup(plan, error);
	if (ret == 0)
		ret = plan_place(plan, lcores, error);
	if (ret == 0)
		ret = plan_pairs(plan, error);
	if (ret == 0)
		ret = plan_calls(plan, error);
	if (ret == 0)
		ret = plan_linger(plan, error);
	if (ret == 0)
		ret = plan_numa(plan, error);
	if (ret == 0)
		ret = plan_lcores(plan, error);
	if (ret == 0)
		ret = plan_waits(plan, error);
	if (ret == 0)
		ret = plan_pools(plan, error);
	if (ret == 0)
		ret = plan_port_tx(plan, error);
	if (ret == 0)
		ret = plan_memory(plan, error);
	return ret;
}

struct weir_plan *
plan_make(const struct weir_pipeline *pipeline, const struct weir_plan_conf *conf,
	const struct machine *machine, struct weir_error *error)
{
	struct weir_plan *plan = calloc(1, sizeof(*plan));

	if (plan == NULL) {
		plan_no_memory(error);
		return NULL;
	}
	plan->users = 1;
	plan->pipeline = plan->described = pipeline;
	pipeline_take(pipeline);
	plan->machine = malloc(sizeof(*plan->machine));
	if (plan->machine == NULL) {
		plan_no_memory(error);
		goto fail;
	}
	*plan->machine = *machine;
	if (plan_steps(plan, conf, error) < 0)
		goto fail;
	return plan;

fail:
	weir_plan_free(plan);
	return NULL;
}

void
weir_plan_conf_init_sized(struct weir_plan_conf *conf, size_t size)
{
	const struct weir_plan_conf defaults = { .lcores = NULL };

	sized_init(conf, &defaults, size, sizeof(defaults));
}

struct weir_plan *
weir_plan_create(const struct weir_pipeline *pipeline, const struct weir_plan_conf *conf,
	struct weir_error *error)
{
	struct weir_plan_conf own = { .lcores = NULL };
	struct weir_plan *plan;
	struct machine *machine;
	int rc = conf != NULL ? SIZED_TAKE(&own, conf, lcores) : 0;

	if (rc != 0) {
		weir_error_set(error, -rc, SIZED_WHY(rc), "weir_plan_conf");
		return NULL;
	}
	if (pipeline == NULL) {
		weir_error_set(error, EINVAL, "no pipeline to plan");
		return NULL;
	}
	if (!eal_is_there()) {
		weir_error_set(error, EINVAL, EAL_MISSING, __func__);
		return NULL;
	}
	if (weir_pipeline_check(pipeline, error) < 0)
		return NULL;
	machine = malloc(sizeof(*machine));
	if (machine == NULL) {
		plan_no_memory(error);
		return NULL;
	}
	machine_read(machine);
	plan = plan_make(pipeline, &own, machine, error);
	free(machine);
	return plan;
}

static void
plan_destroy(struct weir_plan *plan)
{
	int saved = rte_errno;

	while (plan->note_count > 0)
		free(plan->notes[--plan->note_count]);
	free(plan->notes);
	free(plan->pools);
	free(plan->lcores);
	free(plan->pairs);
	free(plan->ports);
	free(plan->workers);
	free(plan->machine);
	pipeline_copy_free(plan->own);
	pipeline_leave(plan->described);
	free(plan);
	rte_errno = saved;
}

void
plan_take(const struct weir_plan *plan)
{
	__atomic_fetch_add(&((struct weir_plan *)(uintptr_t)plan)->users, 1, __ATOMIC_RELAXED);
}

void
plan_leave(const struct weir_plan *plan)
{
	struct weir_plan *own = (struct weir_plan *)(uintptr_t)plan;

	if (__atomic_sub_fetch(&own->users, 1, __ATOMIC_ACQ_REL) == 0)
		plan_destroy(own);
}

void
weir_plan_free(struct weir_plan *plan)
{
	if (plan != NULL)
		plan_leave(plan);
}

char *
weir_plan_show(const struct weir_plan *plan, enum weir_plan_format format)
{
	char *text = NULL;

	if (plan == NULL || format > WEIR_PLAN_JSON) {
		rte_errno = EINVAL;
		return NULL;
	}
	if (format == WEIR_PLAN_TEXT)
		text = plan_show_text(plan);
	else if (format == WEIR_PLAN_DOT)
		text = plan_show_dot(plan);
	else
		text = plan_show_json(plan);
	if (text == NULL)
		rte_errno = ENOMEM;
	return text;
}
