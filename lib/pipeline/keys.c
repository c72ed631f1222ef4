/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* One key of a section: which row of which table it is, and what it sets off. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline_private.h"

/* A message on a value: "[section] key = value: expected …". */
static int
value_error(const struct weir_pipeline *pipeline, const struct section *section,
	const struct entry *entry, const char *expected, struct weir_error *error)
{
	return pipeline_error(pipeline, section, entry->line, error, "%s = %.64s: expected %s",
		entry->key, entry->value, expected);
}

static int
param_error(const struct weir_pipeline *pipeline, const struct section *section,
	const struct entry *entry, const struct weir_param *param, struct weir_error *error)
{
	char expected[EXPECTED_SIZE], near[2 * KEY_MAX];
	const char *const *word = param->values;
	struct nearest nearest;
	size_t at;

	param_expected(param, expected, sizeof(expected));
	nearest_init(&nearest, entry->value);
	for (; word != NULL && *word != NULL; word++)
		nearest_try(&nearest, *word);
	at = strlen(expected);
	text_add(expected, sizeof(expected), at, "%s", nearest_text(&nearest, near, sizeof(near)));
	return value_error(pipeline, section, entry, expected, error);
}

const struct weir_param *
node_type_params(const struct node *node)
{
	if (node->type_conf == NULL)
		return NULL;
	return node->source ? node->source_ops->type.params : node->stage_ops->params;
}

/* The keys of a table that are near to a word, and their names. */
static size_t
keys_add(const struct weir_param *params, struct nearest *nearest, char *buf, size_t size,
	size_t at)
{
	for (; params != NULL && params->name != NULL; params++) {
		nearest_try(nearest, params->name);
		at = text_add(buf, size, at, "%s%s", at == 0 ? "" : ", ", params->name);
	}
	return at;
}

int
key_unknown(const struct weir_pipeline *pipeline, const struct section *section,
	const struct weir_param *params, const struct weir_param *type_params,
	const struct entry *entry, struct weir_error *error)
{
	char keys[EXPECTED_SIZE] = "", near[2 * KEY_MAX];
	struct nearest nearest;
	size_t at;

	nearest_init(&nearest, entry->key);
	at = keys_add(params, &nearest, keys, sizeof(keys), 0);
	keys_add(type_params, &nearest, keys, sizeof(keys), at);
	if (nearest.best != NULL)
		return pipeline_error(pipeline, section, entry->line, error,
			"unknown key '%.64s'%s", entry->key,
			nearest_text(&nearest, near, sizeof(near)));
	return pipeline_error(pipeline, section, entry->line, error,
		"unknown key '%.64s': expected %s", entry->key, keys);
}

int
entry_apply(const struct weir_pipeline *pipeline, const struct section *section,
	const struct weir_param *param, const struct entry *entry, void *conf,
	struct weir_error *error)
{
	union param_value value;

	if (entry->value[0] == '\0')
		return pipeline_error(pipeline, section, entry->line, error,
			"%s has no value; leave the key out for its default", entry->key);
	if (param_parse(param, entry->value, &value) != 0)
		return param_error(pipeline, section, entry, param, error);
	if (conf != NULL)
		param_store(param, &value, conf);
	return 0;
}

/* The type's keys that came before it. */
static int
pending_apply(const struct weir_pipeline *pipeline, const struct target *target,
	const struct weir_param *type_params, void *type_conf, bool ethdev,
	struct weir_error *error)
{
	const struct section *section = target->section;
	const struct weir_param *param;
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < section->entry_count; i++) {
		const struct entry *entry = &section->entries[i];

		if (param_of_ethdev(entry->key) && target->node->source && !ethdev)
			return pipeline_error(pipeline, section, entry->line, error,
				"key '%s' is for sources of type ethdev", entry->key);
		if (param_find(target->params, entry->key) != NULL)
			continue;
		param = param_find(type_params, entry->key);
		if (param == NULL)
			return key_unknown(pipeline, section, target->params, type_params, entry,
				error);
		rc = entry_apply(pipeline, section, param, entry, type_conf, error);
	}
	return rc;
}

static bool
has_type_keys(const struct target *target)
{
	for (unsigned int i = 0; i < target->section->entry_count; i++)
		if (param_find(target->params, target->section->entries[i].key) == NULL)
			return true;
	return false;
}

static int
type_unknown(const struct weir_pipeline *pipeline, const struct target *target,
	const struct entry *entry, struct weir_error *error)
{
	char expected[EXPECTED_SIZE] = "a type:", near[2 * KEY_MAX];
	const struct weir_stage_ops *ops = NULL;
	const struct source_ops *source;
	struct nearest nearest;
	size_t at = strlen(expected);

	nearest_init(&nearest, entry->value);
	for (unsigned int i = 0; target->node->source && (source = source_ops(i)) != NULL; i++) {
		nearest_try(&nearest, source->type.name);
		at = text_add(expected, sizeof(expected), at, " %s", source->type.name);
	}
	while (!target->node->source && (ops = weir_stage_next(ops)) != NULL) {
		nearest_try(&nearest, ops->name);
		at = text_add(expected, sizeof(expected), at, " %s", ops->name);
	}
	if (nearest.best != NULL)
		text_add(expected, sizeof(expected), at, "%s",
			nearest_text(&nearest, near, sizeof(near)));
	else if (!target->node->source)
		text_add(expected, sizeof(expected), at,
			", or one of a shared object that EAL is given by -d");
	return value_error(pipeline, target->section, entry, expected, error);
}

/* The struct of a type with its defaults and the keys that came before it. */
static int
type_conf_make(const struct weir_pipeline *pipeline, const struct target *target,
	const struct weir_param *params, size_t size, bool ethdev, void **made,
	struct weir_error *error)
{
	void *conf = size != 0 ? calloc(1, size) : NULL;
	const char *bad;
	int rc = 0;

	if (size != 0 && conf == NULL)
		return no_memory(error);
	if (size != 0 && params_default(params, conf, &bad) != 0)
		rc = pipeline_error(pipeline, target->section, 0, error,
			"the type's default of '%s' is wrong", bad);
	if (rc == 0)
		rc = pending_apply(pipeline, target, size != 0 ? params : NULL, conf, ethdev,
			error);
	if (rc != 0) {
		free(conf);
		return rc;
	}
	*made = conf;
	return 0;
}

/* Make the node one of a type, which `entry` names: `type` itself, or `device`. */
static int
node_set_type(const struct weir_pipeline *pipeline, const struct target *target, const char *type,
	const struct entry *entry, struct weir_error *error)
{
	const struct source_ops *source = target->node->source ? source_find(type) : NULL;
	const struct weir_stage_ops *stage = target->node->source ? NULL : weir_stage_find(type);
	struct node *node = target->node;
	void *conf = NULL;
	int rc;

	if (source == NULL && stage == NULL)
		return type_unknown(pipeline, target, entry, error);
	if ((source != NULL && source == node->source_ops) ||
		(stage != NULL && stage == node->stage_ops))
		return 0;
	if ((node->source_ops != NULL || node->stage_ops != NULL) && has_type_keys(target))
		return pipeline_error(pipeline, target->section, entry->line, error,
			"type = %.64s: it is of another type, whose keys are set", type);
	rc = type_conf_make(pipeline, target, source != NULL ? source->type.params : stage->params,
		source != NULL ? source->conf_size : stage->conf_size,
		source != NULL && strcmp(source->type.name, "ethdev") == 0, &conf, error);
	if (rc != 0)
		return rc;
	free(node->type_conf);
	node->type_conf = conf;
	node->source_ops = source;
	node->stage_ops = stage;
	return 0;
}

/* What a key of every section of the kind means besides its value. */
static int
common_key_check(const struct weir_pipeline *pipeline, const struct target *target,
	const struct weir_param *param, const struct entry *entry, struct weir_error *error)
{
	const struct node *node = target->node;
	char expected[EXPECTED_SIZE];

	if (param->type == WEIR_PARAM_STRING &&
		text_check(entry->key, entry->value, expected, sizeof(expected)) != 0)
		return value_error(pipeline, target->section, entry, expected, error);
	if (node == NULL || !node->source || !param_of_ethdev(entry->key))
		return 0;
	if (node->source_ops != NULL && strcmp(node->source_ops->type.name, "ethdev") != 0)
		return pipeline_error(pipeline, target->section, entry->line, error,
			"key '%s' is for sources of type ethdev, not %s", entry->key,
			node->source_ops->type.name);
	return 0;
}

/* Check a value against its row without keeping it; NULL row: kept until the type is known. */
static int
entry_check(const struct weir_pipeline *pipeline, const struct target *target,
	const struct weir_param **param, bool *common, const struct entry *entry,
	struct weir_error *error)
{
	const struct node *node = target->node;
	const struct weir_param *type_params = node != NULL ? node_type_params(node) : NULL;
	int rc;

	*param = param_find(target->params, entry->key);
	*common = *param != NULL;
	if (*param == NULL)
		*param = param_find(type_params, entry->key);
	if (*param == NULL) {
		if (node != NULL && node->source_ops == NULL && node->stage_ops == NULL)
			return 0;
		return key_unknown(pipeline, target->section, target->params, type_params, entry,
			error);
	}
	rc = entry_apply(pipeline, target->section, *param, entry, NULL, error);
	if (rc == 0 && *common)
		rc = common_key_check(pipeline, target, *param, entry, error);
	return rc;
}

/* What a key sets off: the type of its node. Before the key is kept, so that a failure can undo. */
static int
entry_type(const struct weir_pipeline *pipeline, const struct target *target,
	const struct entry *entry, struct weir_error *error)
{
	const struct node *node = target->node;

	if (node == NULL)
		return 0;
	if (strcmp(entry->key, "type") == 0)
		return node_set_type(pipeline, target, entry->value, entry, error);
	if (node->source && node->source_ops == NULL && strcmp(entry->key, "device") == 0)
		return node_set_type(pipeline, target, "ethdev", entry, error);
	return 0;
}

int
target_set(struct weir_pipeline *pipeline, const struct target *target, const struct entry *given,
	struct weir_error *error)
{
	const struct weir_param *param;
	union param_value value;
	char *former;
	bool common;
	int rc = entry_check(pipeline, target, &param, &common, given, error);

	if (rc == 0 && common)
		rc = entry_type(pipeline, target, given, error);
	if (rc != 0)
		return rc;
	if (entry_set(target->section, given->key, given->value, given->line, &former) != 0)
		return no_memory(error);
	if (param != NULL) {
		param_parse(param, entry_find(target->section, given->key)->value, &value);
		param_store(param, &value, common ? target->conf : target->node->type_conf);
	}
	free(former);
	return 0;
}
