/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The stage types that a section may name: the built-in ones, and those that are registered. */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "pipeline_private.h"
#include "sink/sink.h"

/* Stage types that a process may register, the built-in ones included. */
#define STAGES_MAX 64

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
};
static unsigned int registered = 5;

/* Texts belong to the pipeline, which is not changed while an engine runs. */
static bool
live_params_fit(const struct weir_stage_ops *ops)
{
	for (const struct weir_param *p = ops->params; p != NULL && p->name != NULL; p++)
		if (p->live &&
			(ops->set == NULL || p->type == WEIR_PARAM_STRING ||
				p->type == WEIR_PARAM_LCORES))
			return false;
	return true;
}

int
weir_stage_register(const struct weir_stage_ops *ops)
{
	if (ops == NULL || ops->name == NULL || ops->name[0] == '\0' || ops->process == NULL ||
		(ops->params != NULL && ops->conf_size == 0) ||
		stage_names_count(ops->outputs) > WEIR_MAX_OUTPUTS ||
		stage_names_count(ops->reasons) > WEIR_MAX_REASONS || !live_params_fit(ops))
		return -EINVAL;
	if (weir_stage_find(ops->name) != NULL)
		return -EEXIST;
	if (registered == STAGES_MAX)
		return -ENOSPC;
	stages[registered++] = ops;
	return 0;
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
