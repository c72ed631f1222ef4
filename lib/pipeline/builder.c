/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The builder: what the API, the pipeline file and the command line set keys with. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "pipeline_private.h"

unsigned int
pipeline_node(const struct weir_pipeline *pipeline, const char *name)
{
	unsigned int i = 0;

	while (i < pipeline->node_count && strcmp(pipeline->nodes[i].name, name) != 0)
		i++;
	return i;
}

struct drops
pipeline_drops(const struct node_conf *conf)
{
	struct drops drops = { 0 };

	if (conf->drop[0] != '\0')
		drops_parse(conf->drop, &drops, NULL);
	return drops;
}

bool
pipeline_vxlan_ports(const struct node_conf *conf, struct weir_vxlan_ports *ports)
{
	struct span bad;

	return strcmp(conf->vxlan_ports, VXLAN_PORTS_USUAL) != 0 &&
		vxlan_ports_parse(conf->vxlan_ports, ports, &bad) == NULL;
}

const char *
weir_pipeline_name(const struct weir_pipeline *pipeline)
{
	return pipeline != NULL ? pipeline->conf.name : NULL;
}

void
pipeline_forget(struct weir_pipeline *pipeline)
{
	for (unsigned int i = 0; i < pipeline->node_count; i++) {
		const struct node *node = &pipeline->nodes[i];

		if (node->source_ops != NULL && node->source_ops->discard != NULL)
			node->source_ops->discard(node->type_conf);
	}
	free(pipeline->links);
	free(pipeline->order);
	pipeline->links = NULL;
	pipeline->order = NULL;
	pipeline->link_count = 0;
}

static void
private_free(struct pipeline_private *priv)
{
	section_clear(&priv->pipeline);
	section_clear(&priv->pool);
	for (unsigned int i = 0; i < priv->link_count; i++) {
		section_clear(priv->links[i].section);
		free(priv->links[i].section);
	}
	free(priv->links);
	free(priv->values);
	free(priv->file);
	free(priv);
}

static void
pipeline_destroy(struct weir_pipeline *pipeline)
{
	pipeline_forget(pipeline);
	for (unsigned int i = 0; i < pipeline->node_count; i++) {
		section_clear(pipeline->nodes[i].section);
		free(pipeline->nodes[i].section);
		free(pipeline->nodes[i].type_conf);
	}
	free(pipeline->nodes);
	if (pipeline->priv != NULL)
		private_free(pipeline->priv);
	free(pipeline);
}

void
pipeline_take(const struct weir_pipeline *pipeline)
{
	__atomic_fetch_add(&pipeline->priv->users, 1, __ATOMIC_RELAXED);
}

void
pipeline_leave(const struct weir_pipeline *pipeline)
{
	if (__atomic_sub_fetch(&pipeline->priv->users, 1, __ATOMIC_ACQ_REL) == 0)
		pipeline_destroy((struct weir_pipeline *)(uintptr_t)pipeline);
}

void
weir_pipeline_free(struct weir_pipeline *pipeline)
{
	if (pipeline != NULL)
		pipeline_leave(pipeline);
}

static struct weir_pipeline *
pipeline_new(struct weir_error *error)
{
	struct weir_pipeline *pipeline = calloc(1, sizeof(*pipeline));
	const char *bad;

	if (pipeline != NULL)
		pipeline->priv = calloc(1, sizeof(*pipeline->priv));
	if (pipeline == NULL || pipeline->priv == NULL) {
		free(pipeline);
		no_memory(error);
		return NULL;
	}
	pipeline_take(pipeline);
	strcpy(pipeline->priv->pipeline.title, section_kinds[SECTION_PIPELINE]);
	strcpy(pipeline->priv->pool.title, section_kinds[SECTION_POOL]);
	if (params_default(section_params(SECTION_PIPELINE), &pipeline->conf, &bad) != 0 ||
		params_default(section_params(SECTION_POOL), &pipeline->pool, &bad) != 0) {
		weir_pipeline_free(pipeline);
		weir_error_set(error, EINVAL, "default of %s", bad);
		return NULL;
	}
	return pipeline;
}

struct weir_pipeline *
weir_pipeline_create(const char *name, struct weir_error *error)
{
	struct weir_pipeline *pipeline;

	if (name == NULL) {
		weir_error_set(error, EINVAL, "a pipeline needs a name");
		return NULL;
	}
	pipeline = pipeline_new(error);
	if (pipeline != NULL && weir_pipeline_set(pipeline, "pipeline", "name", name, error) != 0) {
		weir_pipeline_free(pipeline);
		return NULL;
	}
	return pipeline;
}

int
entry_form(const struct weir_pipeline *pipeline, const struct target *target,
	const struct entry *given, struct weir_error *error)
{
	const struct entry *before = entry_find(target->section, given->key);
	size_t len = strlen(given->key);

	if (len == 0 || len > KEY_MAX ||
		strspn(given->key, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != len)
		return pipeline_error(pipeline, target->section, given->line, error,
			"'%.64s' is no key: expected lower-case letters, digits, _ . and -",
			given->key);
	for (const char *c = given->value; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return pipeline_error(pipeline, target->section, given->line, error,
				"%s has a control character in its value", given->key);
	if (given->line != 0 && before != NULL && before->line != 0)
		return pipeline_error(pipeline, target->section, given->line, error,
			"key '%s' is given twice, first in line %u", given->key, before->line);
	return 0;
}

/* Whether anybody has it but its owner. */
static bool
pipeline_planned(const struct weir_pipeline *pipeline)
{
	return __atomic_load_n(&pipeline->priv->users, __ATOMIC_RELAXED) > 1;
}

int
weir_pipeline_set(struct weir_pipeline *pipeline, const char *section, const char *key,
	const char *value, struct weir_error *error)
{
	struct entry given = { .line = 0 };
	struct section_name name;
	struct target target;
	int rc;

	if (pipeline == NULL || section == NULL || key == NULL || value == NULL)
		return weir_error_set(error, EINVAL, "expected a pipeline, section, key and value");
	if (pipeline_planned(pipeline))
		return weir_error_set(error, EBUSY,
			"pipeline '%s' has a plan, and stays as it is: free its plans and engines before a "
			"key is set, or use weir_engine_set() for what may be set while an engine runs",
			pipeline->conf.name);
	given.key = (char *)(uintptr_t)key;
	given.value = (char *)(uintptr_t)value;
	given.line = pipeline->priv->line;
	rc = section_name_parse(pipeline, section, &name, error);
	if (rc != 0)
		return rc;
	rc = section_open(pipeline, &name, &target, error);
	if (rc != 0)
		return rc;
	rc = entry_form(pipeline, &target, &given, error);
	if (rc == 0)
		rc = target_set(pipeline, &target, &given, error);
	if (rc != 0) {
		section_withdraw(pipeline, &target);
		return rc;
	}
	pipeline_forget(pipeline);
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The first len bytes of a text without the space around them; for free(). */
static char *
text_trimmed(const char *text, size_t len)
{
	for (; len > 0 && is_blank(text[0]); text++)
		len--;
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	return strndup(text, len);
}

/* Cut the key off "SECTION.KEY": behind the last dot before which there is a section's name. */
static char *
key_cut(const struct weir_pipeline *pipeline, char *text, struct weir_error *error)
{
	struct section_name name;
	char *first = strchr(text, '.');

	for (char *dot = strrchr(text, '.'); dot != NULL; dot = strrchr(text, '.')) {
		*dot = '\0';
		if (section_name_parse(pipeline, text, &name, dot == first ? error : NULL) == 0)
			return dot + 1;
	}
	return NULL;
}

int
assignment_split(const struct weir_pipeline *pipeline, const char *text,
	struct assignment *assignment, struct weir_error *error)
{
	const char *sign = text != NULL ? strchr(text, '=') : NULL, *key;

	memset(assignment, 0, sizeof(*assignment));
	if (sign == NULL)
		return weir_error_set(error, EINVAL, "'%.64s': expected SECTION.KEY=VALUE",
			text != NULL ? text : "");
	assignment->text = text_trimmed(text, (size_t)(sign - text));
	assignment->section = text_trimmed(text, (size_t)(sign - text));
	assignment->value = text_trimmed(sign + 1, strlen(sign + 1));
	if (assignment->text == NULL || assignment->section == NULL || assignment->value == NULL)
		return no_memory(error);
	if (strchr(assignment->text, '.') == NULL)
		return weir_error_set(error, EINVAL, "'%.64s': expected SECTION.KEY=VALUE",
			*assignment->text != '\0' ? assignment->text : text);
	/* It cuts at every dot behind the one it chooses. */
	key = key_cut(pipeline, assignment->section, error);
	if (key == NULL)
		return -EINVAL;
	assignment->key = assignment->text + (key - assignment->section);
	return 0;
}

void
assignment_clear(struct assignment *assignment)
{
	free(assignment->text);
	free(assignment->section);
	free(assignment->value);
}

int
weir_pipeline_set_text(struct weir_pipeline *pipeline, const char *assignment,
	struct weir_error *error)
{
	struct assignment given;
	int rc;

	if (pipeline == NULL)
		return weir_error_set(error, EINVAL, "expected a pipeline");
	rc = assignment_split(pipeline, assignment, &given, error);
	if (rc == 0)
		rc = weir_pipeline_set(pipeline, given.section, given.key, given.value, error);
	assignment_clear(&given);
	return rc;
}
