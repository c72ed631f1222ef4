/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Sections as given: their names, their keys, and messages about them. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "pipeline_private.h"

#define WORDS_MAX 4

int
no_memory(struct weir_error *error)
{
	return weir_error_set(error, ENOMEM, "out of memory");
}

/* "file:line: "; of a value that went on "file:line-line: ". */
static size_t
place_add(const struct pipeline_private *priv, unsigned int line, char *text, size_t size)
{
	size_t at = text_add(text, size, 0, "%s:%u", priv->file, line);

	for (unsigned int i = 0; i < priv->value_count; i++)
		if (priv->values[i].first == line)
			at = text_add(text, size, at, "-%u", priv->values[i].last);
	return text_add(text, size, at, ": ");
}

int
pipeline_error(const struct weir_pipeline *pipeline, const struct section *section,
	unsigned int line, struct weir_error *error, const char *format, ...)
{
	const char *file = pipeline->priv->file;
	char text[WEIR_ERROR_TEXT] = "";
	size_t at = 0;
	va_list args;

	if (file != NULL && line != 0)
		at = place_add(pipeline->priv, line, text, sizeof(text));
	if (section != NULL)
		at = text_add(text, sizeof(text), at, "[%s] ", section->title);
	if (at < sizeof(text)) {
		va_start(args, format);
		vsnprintf(text + at, sizeof(text) - at, format, args);
		va_end(args);
	}
	return weir_error_set(error, EINVAL, "%s", text);
}

bool
pipeline_given(const struct section *section, const char *key)
{
	return section != NULL && entry_find(section, key) != NULL;
}

struct entry *
entry_find(const struct section *section, const char *key)
{
	for (unsigned int i = 0; i < section->entry_count; i++)
		if (strcmp(section->entries[i].key, key) == 0)
			return &section->entries[i];
	return NULL;
}

unsigned int
entry_line(const struct section *section, const char *key)
{
	const struct entry *entry = entry_find(section, key);

	return entry != NULL ? entry->line : section->line;
}

unsigned int
why_line(const struct section *section, const char *text)
{
	const char *close = text[0] == '[' ? strstr(text, "] ") : NULL;

	if (close != NULL)
		text = close + 2;
	for (unsigned int i = 0; i < section->entry_count; i++) {
		size_t n = strlen(section->entries[i].key);

		if (strncmp(text, section->entries[i].key, n) == 0 &&
			strchr(" :=", text[n]) != NULL)
			return section->entries[i].line;
	}
	return section->line;
}

static struct entry *
entry_add(struct section *section, const char *key)
{
	struct entry *entries =
		realloc(section->entries, (section->entry_count + 1) * sizeof(*entries));
	struct entry *entry;

	if (entries == NULL)
		return NULL;
	section->entries = entries;
	entry = &entries[section->entry_count];
	entry->key = strdup(key);
	entry->value = NULL;
	if (entry->key == NULL)
		return NULL;
	section->entry_count++;
	return entry;
}

int
entry_set(struct section *section, const char *key, const char *value, unsigned int line,
	char **former)
{
	struct entry *entry = entry_find(section, key);
	char *copy = strdup(value);

	*former = NULL;
	if (copy == NULL)
		return -ENOMEM;
	if (entry == NULL)
		entry = entry_add(section, key);
	if (entry == NULL) {
		free(copy);
		return -ENOMEM;
	}
	*former = entry->value;
	entry->value = copy;
	entry->line = line;
	return 0;
}

void
section_clear(struct section *section)
{
	for (unsigned int i = 0; i < section->entry_count; i++) {
		free(section->entries[i].key);
		free(section->entries[i].value);
	}
	free(section->entries);
	section->entries = NULL;
	section->entry_count = 0;
}

void
section_title(const struct section_name *name, char title[TITLE_SIZE])
{
	size_t at = text_add(title, TITLE_SIZE, 0, "%s", section_kinds[name->kind]);

	if (name->name[0] != '\0')
		at = text_add(title, TITLE_SIZE, at, " %s", name->name);
	if (name->output[0] != '\0')
		at = text_add(title, TITLE_SIZE, at, ".%s", name->output);
	if (name->to[0] != '\0')
		text_add(title, TITLE_SIZE, at, " %s", name->to);
}

static struct section *
section_new(const struct section_name *name)
{
	struct section *section = calloc(1, sizeof(*section));

	if (section != NULL)
		section_title(name, section->title);
	return section;
}

static bool
span_is(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

/* The kind of a first word; SECTION_MAX: it is none. */
static enum section_kind
kind_parse(struct span word)
{
	enum section_kind kind = SECTION_PIPELINE;

	while (kind < SECTION_MAX && !span_is(word, section_kinds[kind]))
		kind++;
	return kind;
}

static int
section_unknown(const struct weir_pipeline *pipeline, const char *text, struct span word,
	struct weir_error *error)
{
	char first[TITLE_SIZE], near[2 * WEIR_NAME_SIZE];
	struct nearest nearest;

	nearest_init(&nearest, span_copy(word, first, sizeof(first)) ? first : "");
	for (unsigned int i = 0; i < SECTION_MAX; i++)
		nearest_try(&nearest, section_kinds[i]);
	for (unsigned int i = 0; pipeline->priv->line == 0 && i < pipeline->node_count; i++)
		nearest_try(&nearest, pipeline->nodes[i].name);
	return pipeline_error(pipeline, NULL, pipeline->priv->line, error,
		"unknown section [%.64s]: expected pipeline, pool, source NAME, stage NAME or "
		"link FROM TO%s",
		text, nearest_text(&nearest, near, sizeof(near)));
}

/* A section by its node's name alone: on the command line and in the API, not in files. */
static int
bare_name_parse(const struct weir_pipeline *pipeline, const char *text, struct span word,
	struct section_name *name, struct weir_error *error)
{
	unsigned int node = pipeline->node_count;

	if (pipeline->priv->line == 0 && span_copy(word, name->name, sizeof(name->name)))
		node = pipeline_node(pipeline, name->name);
	if (node == pipeline->node_count)
		return section_unknown(pipeline, text, word, error);
	name->kind = pipeline->nodes[node].source ? SECTION_SOURCE : SECTION_STAGE;
	return 0;
}

static int
node_name_parse(const struct weir_pipeline *pipeline, struct span word, char *name,
	const char *text, struct weir_error *error)
{
	if (!span_copy(word, name, WEIR_NAME_SIZE) || !name_valid(name))
		return pipeline_error(pipeline, NULL, pipeline->priv->line, error,
			"[%.64s]: a name is at most %d letters, digits, - and _", text,
			WEIR_NAME_SIZE - 1);
	if (strcmp(name, "pipeline") == 0 || strcmp(name, "pool") == 0)
		return pipeline_error(pipeline, NULL, pipeline->priv->line, error,
			"[%.64s]: '%s' is the name of a section of its own", text, name);
	return 0;
}

static int
link_name_parse(const struct weir_pipeline *pipeline, const struct span words[],
	struct section_name *name, const char *text, struct weir_error *error)
{
	if (endpoint_parse(words[1], name->name, name->output) != 0)
		return pipeline_error(pipeline, NULL, pipeline->priv->line, error,
			"[%.64s]: expected link FROM TO, where FROM is NODE or NODE.OUTPUT", text);
	return node_name_parse(pipeline, words[2], name->to, text, error);
}

static unsigned int
words_split(const char *text, struct span words[WORDS_MAX])
{
	unsigned int count = 0;

	memset(words, 0, WORDS_MAX * sizeof(words[0]));
	while (count < WORDS_MAX) {
		text = word_next(text, &words[count]);
		if (words[count].len == 0)
			break;
		count++;
	}
	return count;
}

int
section_name_parse(const struct weir_pipeline *pipeline, const char *text,
	struct section_name *name, struct weir_error *error)
{
	static const unsigned int lengths[SECTION_MAX + 1] = { 1, 1, 2, 2, 3, 1 };
	static const char *const forms[SECTION_MAX] = { "pipeline", "pool", "source NAME",
		"stage NAME", "link FROM TO" };
	struct span words[WORDS_MAX];
	unsigned int count = words_split(text, words);

	memset(name, 0, sizeof(*name));
	name->kind = kind_parse(words[0]);
	if (name->kind == SECTION_MAX && count == 1)
		return bare_name_parse(pipeline, text, words[0], name, error);
	if (name->kind == SECTION_MAX)
		return section_unknown(pipeline, text, words[0], error);
	if (count != lengths[name->kind])
		return pipeline_error(pipeline, NULL, pipeline->priv->line, error,
			"[%.64s]: expected [%s]", text, forms[name->kind]);
	if (name->kind == SECTION_LINK)
		return link_name_parse(pipeline, words, name, text, error);
	if (count == 2)
		return node_name_parse(pipeline, words[1], name->name, text, error);
	return 0;
}

static int
node_default(struct node *node, enum section_kind kind, struct weir_error *error)
{
	const char *bad;

	if (params_default(section_params(kind), &node->conf, &bad) != 0)
		return weir_error_set(error, EINVAL, "default of %s %s", section_kinds[kind], bad);
	/* What the other kind of node has stays readable. */
	if (node->conf.device == NULL)
		node->conf.device = "";
	if (node->conf.drop == NULL)
		node->conf.drop = "";
	if (node->conf.input == NULL)
		node->conf.input = "";
	return 0;
}

static int
node_add(struct weir_pipeline *pipeline, const struct section_name *name, struct weir_error *error)
{
	struct node *nodes = realloc(pipeline->nodes, (pipeline->node_count + 1) * sizeof(*nodes));
	struct node *node;

	if (nodes == NULL)
		return no_memory(error);
	pipeline->nodes = nodes;
	node = &nodes[pipeline->node_count];
	memset(node, 0, sizeof(*node));
	memcpy(node->name, name->name, sizeof(node->name));
	node->source = name->kind == SECTION_SOURCE;
	if (node_default(node, name->kind, error) != 0)
		return -EINVAL;
	node->section = section_new(name);
	if (node->section == NULL)
		return no_memory(error);
	pipeline->node_count++;
	return 0;
}

static int
node_open(struct weir_pipeline *pipeline, const struct section_name *name, struct target *target,
	struct weir_error *error)
{
	unsigned int i = pipeline_node(pipeline, name->name);
	char at[48] = "";
	int rc;

	target->added = i == pipeline->node_count;
	if (target->added) {
		rc = node_add(pipeline, name, error);
		if (rc != 0)
			return rc;
	}
	target->node = &pipeline->nodes[i];
	target->section = target->node->section;
	target->conf = &target->node->conf;
	if (target->node->source == (name->kind == SECTION_SOURCE))
		return 0;
	if (target->section->line != 0)
		text_add(at, sizeof(at), 0, " in line %u", target->section->line);
	return pipeline_error(pipeline, NULL, pipeline->priv->line, error,
		"[%s %s]: the name is taken by [%s]%s", section_kinds[name->kind], name->name,
		target->section->title, at);
}

static bool
link_text_is(const struct link_text *text, const struct section_name *name)
{
	return strcmp(text->name.name, name->name) == 0 &&
		strcmp(text->name.output, name->output) == 0 &&
		strcmp(text->name.to, name->to) == 0;
}

static int
link_text_add(struct pipeline_private *priv, const struct section_name *name,
	struct weir_error *error)
{
	struct link_text *links = realloc(priv->links, (priv->link_count + 1) * sizeof(*links));
	struct link_text *text;
	const char *bad;

	if (links == NULL)
		return no_memory(error);
	priv->links = links;
	text = &links[priv->link_count];
	memset(text, 0, sizeof(*text));
	text->name = *name;
	if (params_default(section_params(SECTION_LINK), &text->conf, &bad) != 0)
		return weir_error_set(error, EINVAL, "default of link %s", bad);
	text->section = section_new(name);
	if (text->section == NULL)
		return no_memory(error);
	priv->link_count++;
	return 0;
}

static int
link_text_open(struct pipeline_private *priv, const struct section_name *name,
	struct target *target, struct weir_error *error)
{
	unsigned int i = 0;
	int rc;

	while (i < priv->link_count && !link_text_is(&priv->links[i], name))
		i++;
	target->added = i == priv->link_count;
	if (target->added) {
		rc = link_text_add(priv, name, error);
		if (rc != 0)
			return rc;
	}
	target->section = priv->links[i].section;
	target->conf = &priv->links[i].conf;
	return 0;
}

int
section_open(struct weir_pipeline *pipeline, const struct section_name *name, struct target *target,
	struct weir_error *error)
{
	memset(target, 0, sizeof(*target));
	target->kind = name->kind;
	target->params = section_params(name->kind);
	switch (name->kind) {
	case SECTION_PIPELINE:
		target->section = &pipeline->priv->pipeline;
		target->conf = &pipeline->conf;
		return 0;
	case SECTION_POOL:
		target->section = &pipeline->priv->pool;
		target->conf = &pipeline->pool;
		return 0;
	case SECTION_LINK:
		return link_text_open(pipeline->priv, name, target, error);
	default:
		return node_open(pipeline, name, target, error);
	}
}

void
section_withdraw(struct weir_pipeline *pipeline, const struct target *target)
{
	if (!target->added)
		return;
	if (target->node != NULL)
		pipeline->node_count--;
	else
		pipeline->priv->link_count--;
	section_clear(target->section);
	free(target->section);
}

int
section_header(struct weir_pipeline *pipeline, const char *text, char title[TITLE_SIZE],
	struct weir_error *error)
{
	struct section_name name;
	struct target target;
	int rc = section_name_parse(pipeline, text, &name, error);

	if (rc == 0)
		rc = section_open(pipeline, &name, &target, error);
	if (rc != 0)
		return rc;
	if (target.section->line != 0)
		return pipeline_error(pipeline, target.section, pipeline->priv->line, error,
			"is given twice, first in line %u", target.section->line);
	target.section->line = pipeline->priv->line;
	memcpy(title, target.section->title, TITLE_SIZE);
	return 0;
}
