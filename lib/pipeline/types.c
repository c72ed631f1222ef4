/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The stage types that a section may name: the built-in ones, and those that are registered, as
 * copies of this library's layout, whatever headers they were built against.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_log.h>

#include "pipeline_private.h"
#include "flow/flow.h"
#include "sink/sink.h"

/* Stage types that a process may register, the built-in ones included. */
#define STAGES_MAX 64
/* The least size of a table: what has been there from the first, and is always read. */
#define OPS_LEAST \
	(offsetof(struct weir_stage_ops, process) + \
		RTE_SIZEOF_FIELD(struct weir_stage_ops, process))
#define PARAM_LEAST (offsetof(struct weir_param, live) + RTE_SIZEOF_FIELD(struct weir_param, live))

/*
 * Built-in types stand here by name: a constructor in a static library runs only where something
 * else of its object is linked in.
 */
static const struct weir_stage_ops *stages[STAGES_MAX] = {
	&stage_count,
	&stage_work,
	&stage_rewrite,
	&stage_eve,
	&stage_tx,
	&stage_eject,
	&stage_flow,
};
static unsigned int registered = 7;

/* What a type must not be. */
struct rule {
	bool (*broken)(const struct weir_stage_ops *ops);
	int code;
	const char *why;
};

static bool
size_wrong(const struct weir_stage_ops *ops)
{
	return ops->size < OPS_LEAST || ops->size > SIZED_MAX ||
		ops->size % alignof(struct weir_stage_ops) != 0;
}

static bool
size_beyond(const struct weir_stage_ops *ops)
{
	return sized_beyond(ops, ops->size, sizeof(*ops));
}

static bool
param_size_wrong(const struct weir_stage_ops *ops)
{
	return ops->params != NULL &&
		(ops->param_size < PARAM_LEAST || ops->param_size > SIZED_MAX ||
			ops->param_size % alignof(struct weir_param) != 0);
}

/* A parameter of a table by the step that it was built with; NULL: there are no more. */
static const struct weir_param *
param_at(const struct weir_stage_ops *ops, unsigned int i)
{
	const struct weir_param *param;

	if (ops->params == NULL)
		return NULL;
	param = (const struct weir_param *)((const char *)ops->params + i * ops->param_size);
	return param->name != NULL ? param : NULL;
}

static bool
params_beyond(const struct weir_stage_ops *ops)
{
	const struct weir_param *param;

	for (unsigned int i = 0; (param = param_at(ops, i)) != NULL; i++)
		if (sized_beyond(param, ops->param_size, sizeof(*param)))
			return true;
	return false;
}

static bool
name_none(const struct weir_stage_ops *ops)
{
	return ops->name == NULL || ops->name[0] == '\0';
}

static bool
process_none(const struct weir_stage_ops *ops)
{
	return ops->process == NULL;
}

static bool
conf_none(const struct weir_stage_ops *ops)
{
	return ops->params != NULL && ops->conf_size == 0;
}

static bool
outputs_many(const struct weir_stage_ops *ops)
{
	return stage_names_count(ops->outputs) > WEIR_MAX_OUTPUTS;
}

static bool
reasons_many(const struct weir_stage_ops *ops)
{
	return stage_names_count(ops->reasons) > WEIR_MAX_REASONS;
}

static bool
live_unset(const struct weir_stage_ops *ops)
{
	const struct weir_param *param;

	for (unsigned int i = 0; (param = param_at(ops, i)) != NULL; i++)
		if (param->live && ops->set == NULL)
			return true;
	return false;
}

/* Texts belong to the pipeline, which is not changed while an engine runs. */
static bool
live_text(const struct weir_stage_ops *ops)
{
	const struct weir_param *param;

	for (unsigned int i = 0; (param = param_at(ops, i)) != NULL; i++)
		if (param->live &&
			(param->type == WEIR_PARAM_STRING || param->type == WEIR_PARAM_LCORES))
			return true;
	return false;
}

static bool
name_taken(const struct weir_stage_ops *ops)
{
	return weir_stage_find(ops->name) != NULL;
}

static bool
stages_full(const struct weir_stage_ops *ops __rte_unused)
{
	return registered == STAGES_MAX;
}

/* Of the table as it was built: what there is to be copied. */
static const struct rule built_rules[] = {
	{ size_wrong, -EINVAL, "its table does not begin with WEIR_STAGE_OPS" },
	{ size_beyond, -E2BIG,
		"it was built against newer headers, and uses what this libweir does not know" },
	{ param_size_wrong, -EINVAL, "its table does not begin with WEIR_STAGE_OPS" },
	{ params_beyond, -E2BIG,
		"it was built against newer headers, and a parameter of its says what this "
		"libweir does not know" },
};

static const struct rule rules[] = {
	{ name_none, -EINVAL, "it has no name" },
	{ process_none, -EINVAL, "it has no process()" },
	{ conf_none, -EINVAL, "it has params, but no conf_size" },
	{ outputs_many, -EINVAL, "it has more than " RTE_STR(WEIR_MAX_OUTPUTS) " outputs" },
	{ reasons_many, -EINVAL, "it has more than " RTE_STR(WEIR_MAX_REASONS) " reasons" },
	{ live_unset, -EINVAL, "a parameter is live, but there is no set()" },
	{ live_text, -EINVAL, "a parameter is live, but a text" },
	{ name_taken, -EEXIST, "there is a type of that name already" },
	{ stages_full, -ENOSPC, "there are " RTE_STR(STAGES_MAX) " types already" },
};

static const struct rule rule_none = { NULL, -EINVAL, "there is no table" };
static const struct rule rule_memory = { NULL, -ENOMEM, "no memory" };

static const struct rule *
rule_broken(const struct rule *list, unsigned int n, const struct weir_stage_ops *ops)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i].broken(ops))
			return &list[i];
	return NULL;
}

/* The end of the table, whose name is NULL, included. */
static const struct weir_param *
params_copy(const struct weir_stage_ops *ops)
{
	size_t size = RTE_MIN(ops->param_size, sizeof(struct weir_param));
	const struct weir_param *param;
	struct weir_param *copy;
	unsigned int n = 0;

	while (param_at(ops, n) != NULL)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (unsigned int i = 0; copy != NULL && (param = param_at(ops, i)) != NULL; i++)
		memcpy(&copy[i], param, size);
	return copy;
}

static void
stage_free(struct weir_stage_ops *ops)
{
	if (ops != NULL)
		free((void *)(uintptr_t)ops->params);
	free(ops);
}

/* In this library's layout: what the table is too short for is 0. */
static struct weir_stage_ops *
stage_copy(const struct weir_stage_ops *ops)
{
	struct weir_stage_ops *copy = calloc(1, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	memcpy(copy, ops, RTE_MIN(ops->size, sizeof(*copy)));
	copy->params = NULL;
	copy->size = sizeof(*copy);
	copy->param_size = sizeof(*copy->params);
	if (ops->params == NULL)
		return copy;
	copy->params = params_copy(ops);
	if (copy->params != NULL)
		return copy;
	stage_free(copy);
	return NULL;
}

/* The types are copied for good; of one that is refused nothing is left. */
static const struct rule *
stage_add(const struct weir_stage_ops *ops)
{
	const struct rule *rule = rule_broken(built_rules, RTE_DIM(built_rules), ops);
	struct weir_stage_ops *copy;

	if (rule != NULL)
		return rule;
	copy = stage_copy(ops);
	rule = copy != NULL ? rule_broken(rules, RTE_DIM(rules), copy) : &rule_memory;
	if (rule == NULL)
		stages[registered++] = copy;
	else
		stage_free(copy);
	return rule;
}

/*
 * The log type is looked for here, by its name: this may run in a constructor, before the one that
 * would have registered it.
 */
static void
refusal_log(const struct weir_stage_ops *ops, const struct rule *rule)
{
	int type = rte_log_register_type_and_pick_level("lib.weir.stage", RTE_LOG_NOTICE);
	bool named = ops != NULL && !size_wrong(ops) && !name_none(ops);

	rte_log(RTE_LOG_ERR, type >= 0 ? (uint32_t)type : RTE_LOGTYPE_EAL,
		"stage type '%s' is not registered: %s\n", named ? ops->name : "?", rule->why);
}

int
weir_stage_register(const struct weir_stage_ops *ops)
{
	const struct rule *rule = ops != NULL ? stage_add(ops) : &rule_none;

	if (rule == NULL)
		return 0;
	refusal_log(ops, rule);
	return rule->code;
}

const struct weir_stage_ops *
weir_stage_find(const char *name)
{
	for (unsigned int i = 0; name != NULL && i < registered; i++)
		if (strcmp(stages[i]->name, name) == 0)
			return stages[i];
	return NULL;
}

const struct weir_stage_ops *
weir_stage_next(const struct weir_stage_ops *prev)
{
	unsigned int i = 0;

	if (prev != NULL) {
		while (i < registered && stages[i] != prev)
			i++;
		i++;
	}
	return i < registered ? stages[i] : NULL;
}
