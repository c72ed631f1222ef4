/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Keys that are set while an engine runs: on a copy, which is then checked as the original was. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline_private.h"

/* A copy. What it has of its own besides: a place without a file, for messages. */
struct copy {
	struct weir_pipeline pipeline;
	struct pipeline_private priv;
};

static size_t
type_conf_size(const struct node *node)
{
	return node->source ? node->source_ops->conf_size : node->stage_ops->conf_size;
}

static void *
memory_copy(const void *from, size_t size)
{
	void *copy = malloc(size != 0 ? size : 1);

	if (copy != NULL && size != 0)
		memcpy(copy, from, size);
	return copy;
}

static int
type_confs_copy(struct weir_pipeline *copy)
{
	for (unsigned int i = 0; i < copy->node_count; i++) {
		struct node *node = &copy->nodes[i];

		if (node->type_conf == NULL)
			continue;
		node->type_conf = memory_copy(node->type_conf, type_conf_size(node));
		if (node->type_conf == NULL) {
			/* The others are still the original's. */
			copy->node_count = i;
			return -ENOMEM;
		}
	}
	return 0;
}

struct weir_pipeline *
pipeline_copy(const struct weir_pipeline *pipeline)
{
	struct copy *copy = calloc(1, sizeof(*copy));
	struct weir_pipeline *own;

	if (copy == NULL)
		return NULL;
	own = &copy->pipeline;
	*own = *pipeline;
	own->priv = &copy->priv;
	own->links = memory_copy(pipeline->links, pipeline->link_count * sizeof(*own->links));
	own->nodes = memory_copy(pipeline->nodes, pipeline->node_count * sizeof(*own->nodes));
	/* What the nodes point to is still the original's. */
	if (own->links == NULL || own->nodes == NULL)
		own->node_count = 0;
	if (own->links == NULL || own->nodes == NULL || type_confs_copy(own) != 0) {
		pipeline_copy_free(own);
		return NULL;
	}
	return own;
}

void
pipeline_copy_free(struct weir_pipeline *copy)
{
	if (copy == NULL)
		return;
	for (unsigned int i = 0; i < copy->node_count; i++)
		free(copy->nodes[i].type_conf);
	free(copy->nodes);
	free(copy->links);
	free(copy); /* a struct copy begins with it */
}

static int
node_named(struct weir_pipeline *copy, const struct section_name *name, struct target *target,
	struct weir_error *error)
{
	unsigned int i = pipeline_node(copy, name->name);
	char near[2 * WEIR_NAME_SIZE + 16];
	struct nearest nearest;

	if (i < copy->node_count && copy->nodes[i].source == (name->kind == SECTION_SOURCE)) {
		target->node = &copy->nodes[i];
		target->conf = &copy->nodes[i].conf;
		return 0;
	}
	if (i < copy->node_count)
		return pipeline_error(copy, target->section, 0, error, "there is [%s] instead",
			copy->nodes[i].section->title);
	nearest_init(&nearest, name->name);
	for (i = 0; i < copy->node_count; i++)
		nearest_try(&nearest, copy->nodes[i].name);
	return pipeline_error(copy, target->section, 0, error, "there is no %s of that name%s",
		section_kinds[name->kind], nearest_text(&nearest, near, sizeof(near)));
}

/* The section that a text names, as target_set() has it: it must be there. */
static int
live_open(struct weir_pipeline *copy, const char *text, struct section *titled,
	struct target *target, struct pipeline_change *change, struct weir_error *error)
{
	struct section_name name;
	struct link *link;
	int rc = section_name_parse(copy, text, &name, error);

	if (rc != 0)
		return rc;
	section_title(&name, titled->title);
	*target = (struct target){ .section = titled, .kind = name.kind };
	target->params = section_params(name.kind);
	if (name.kind == SECTION_LINK) {
		rc = link_named(copy, &name, titled, &link, error);
		if (rc != 0)
			return rc;
		target->conf = &link->conf;
		change->link = (unsigned int)(link - copy->links);
	} else if (name.kind == SECTION_SOURCE || name.kind == SECTION_STAGE) {
		rc = node_named(copy, &name, target, error);
		if (rc != 0)
			return rc;
		change->node = (unsigned int)(target->node - copy->nodes);
	}
	return 0;
}

static int
live_store(const struct weir_pipeline *copy, const struct target *target, const struct entry *given,
	struct pipeline_change *change, struct weir_error *error)
{
	const struct weir_param *type_params =
		target->node != NULL ? node_type_params(target->node) : NULL;
	const struct weir_param *param = param_find(target->params, given->key);

	change->of_type = param == NULL;
	if (param == NULL)
		param = param_find(type_params, given->key);
	if (param == NULL)
		return key_unknown(copy, target->section, target->params, type_params, given,
			error);
	if (!param->live)
		return pipeline_error(copy, target->section, 0, error,
			"key '%s' is fixed while the engine runs: stop it, set the key, start "
			"again",
			given->key);
	change->param = param;
	return entry_apply(copy, target->section, param, given,
		change->of_type ? target->node->type_conf : target->conf, error);
}

/* As the whole was checked before, as far as the key matters. */
static int
link_recheck(struct weir_pipeline *copy, struct link *link, struct weir_error *error)
{
	int rc;

	link->conf.on_full = pipeline_on_full(copy, link);
	rc = check_link(copy, link, error);
	if (rc == 0)
		rc = cycles_refuse(copy, error);
	if (rc == 0 && link->feedback && link->conf.on_full == WEIR_ON_FULL_BLOCK)
		rc = link_error(copy, link, "on_full", error,
			"on_full = block: the link closes a cycle: it must be lossy, as on_full = "
			"drop-newest");
	return rc;
}

static int
live_recheck(struct weir_pipeline *copy, const struct pipeline_change *change,
	struct weir_error *error)
{
	if (change->link != UINT_MAX)
		return link_recheck(copy, &copy->links[change->link], error);
	if (change->of_type) {
		int rc = check_type(copy, &copy->nodes[change->node], error);

		return rc == 0 ? needs_recheck(copy, &copy->nodes[change->node], error) : rc;
	}
	return check_waits(copy, &copy->nodes[change->node], error);
}

static int
live_set(struct weir_pipeline *copy, const struct assignment *assignment,
	struct pipeline_change *change, struct weir_error *error)
{
	struct entry given = { .key = (char *)(uintptr_t)assignment->key,
		.value = assignment->value };
	struct section titled = { .line = 0 };
	struct target target;
	int rc = live_open(copy, assignment->section, &titled, &target, change, error);

	if (rc == 0)
		rc = entry_form(copy, &target, &given, error);
	if (rc == 0)
		rc = live_store(copy, &target, &given, change, error);
	if (rc == 0)
		rc = live_recheck(copy, change, error);
	return rc;
}

int
pipeline_change(struct weir_pipeline *copy, const char *assignment, struct pipeline_change *change,
	struct weir_error *error)
{
	struct assignment given;
	int rc = assignment_split(copy, assignment, &given, error);

	*change = (struct pipeline_change){ .link = UINT_MAX, .node = UINT_MAX };
	if (rc == 0)
		rc = live_set(copy, &given, change, error);
	assignment_clear(&given);
	return rc;
}
