/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* From what stages say they read, and the link sections, to links. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline_private.h"

enum weir_on_full
pipeline_on_full(const struct weir_pipeline *pipeline, const struct link *link)
{
	const struct node *from = &pipeline->nodes[link->from];

	if (link->conf.on_full != WEIR_ON_FULL_AUTO)
		return (enum weir_on_full)link->conf.on_full;
	return from->source && from->source_ops == &source_ethdev ? WEIR_ON_FULL_DROP_NEWEST :
								    WEIR_ON_FULL_BLOCK;
}

const char *
pipeline_from(const struct weir_pipeline *pipeline, const struct link *link,
	char buf[LINK_FROM_SIZE])
{
	const struct node *from = &pipeline->nodes[link->from];

	if (from->source || stage_output_name(from->stage_ops, 1) == NULL)
		text_add(buf, LINK_FROM_SIZE, 0, "%s", from->name);
	else
		text_add(buf, LINK_FROM_SIZE, 0, "%s.%s", from->name,
			stage_output_name(from->stage_ops, link->output));
	return buf;
}

int
link_error(const struct weir_pipeline *pipeline, const struct link *link, const char *key,
	struct weir_error *error, const char *format, ...)
{
	const struct section *to = pipeline->nodes[link->to].section;
	const struct section *section = link->section != NULL ? link->section : to;
	char text[WEIR_ERROR_TEXT], from[LINK_FROM_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (link->section != NULL)
		return pipeline_error(pipeline, section, entry_line(section, key), error, "%s",
			text);
	return pipeline_error(pipeline, NULL, entry_line(to, "input"), error, "[link %s %s] %s",
		pipeline_from(pipeline, link, from), pipeline->nodes[link->to].name, text);
}

/* Why a section names a node, for messages: the section, and the line. */
struct context {
	const struct weir_pipeline *pipeline;
	const struct section *section;
	unsigned int line;
	const char *what; /* "input = a, b" or nothing */
	struct weir_error *error;
};

static int
node_missing(const struct context *context, const char *name)
{
	const struct weir_pipeline *pipeline = context->pipeline;
	char near[2 * WEIR_NAME_SIZE + 16];
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (unsigned int i = 0; i < pipeline->node_count; i++)
		nearest_try(&nearest, pipeline->nodes[i].name);
	return pipeline_error(pipeline, context->section, context->line, context->error,
		"%sthere is no source or stage '%s'%s", context->what, name,
		nearest_text(&nearest, near, sizeof(near)));
}

/* "a.x, a.y": the outputs of a node. */
static const char *
outputs_text(const struct node *node, struct nearest *nearest, char *buf, size_t size)
{
	const char *name;
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; (name = stage_output_name(node->stage_ops, i)) != NULL; i++) {
		nearest_try(nearest, name);
		at = text_add(buf, size, at, "%s%s.%s", i == 0 ? "" : ", ", node->name, name);
	}
	return buf;
}

static int
output_error(const struct context *context, const struct node *node, const char *output)
{
	char outputs[EXPECTED_SIZE], near[2 * KEY_MAX];
	struct nearest nearest;

	nearest_init(&nearest, output);
	if (node->source)
		return pipeline_error(context->pipeline, context->section, context->line,
			context->error, "%ssource '%s' has no outputs by name; write %s",
			context->what, node->name, node->name);
	outputs_text(node, &nearest, outputs, sizeof(outputs));
	if (outputs[0] == '\0')
		return pipeline_error(context->pipeline, context->section, context->line,
			context->error, "%sstage '%s' is a sink: type %s has no outputs",
			context->what, node->name, node->stage_ops->name);
	if (output[0] == '\0')
		return pipeline_error(context->pipeline, context->section, context->line,
			context->error, "%sstage '%s' has several outputs; name one of %s",
			context->what, node->name, outputs);
	return pipeline_error(context->pipeline, context->section, context->line, context->error,
		"%sstage '%s' has no output '%s', but %s%s", context->what, node->name, output,
		outputs, nearest_text(&nearest, near, sizeof(near)));
}

/* Index of an output by its name; "" is the only one. */
static int
output_find(const struct context *context, const struct node *node, const char *output,
	unsigned int *index)
{
	int found = 0;

	*index = 0;
	if (node->source)
		return output[0] == '\0' ? 0 : output_error(context, node, output);
	if (output[0] != '\0')
		found = stage_output(node->stage_ops, output);
	else if (stage_output_name(node->stage_ops, 0) == NULL ||
		stage_output_name(node->stage_ops, 1) != NULL)
		found = -1;
	if (found < 0)
		return output_error(context, node, output);
	*index = (unsigned int)found;
	return 0;
}

static struct link *
link_find(const struct weir_pipeline *pipeline, unsigned int from, unsigned int output,
	unsigned int to)
{
	for (unsigned int i = 0; i < pipeline->link_count; i++) {
		struct link *link = &pipeline->links[i];

		if (link->from == from && link->output == output && link->to == to)
			return link;
	}
	return NULL;
}

static int
link_add(struct weir_pipeline *pipeline, unsigned int from, unsigned int output, unsigned int to,
	struct weir_error *error)
{
	struct link *links = realloc(pipeline->links, (pipeline->link_count + 1) * sizeof(*links));
	struct link *link;
	const char *bad;

	if (links == NULL)
		return no_memory(error);
	pipeline->links = links;
	link = &links[pipeline->link_count++];
	memset(link, 0, sizeof(*link));
	link->from = from;
	link->output = output;
	link->to = to;
	if (params_default(section_params(SECTION_LINK), &link->conf, &bad) != 0)
		return weir_error_set(error, EINVAL, "default of link %s", bad);
	return 0;
}

static int
input_add(struct weir_pipeline *pipeline, const struct context *context, unsigned int to,
	struct span item)
{
	char name[WEIR_NAME_SIZE], output_name[WEIR_NAME_SIZE];
	unsigned int from, output;
	int rc;

	if (endpoint_parse(item, name, output_name) != 0)
		return -EINVAL; /* weir_pipeline_set() lets none through */
	from = pipeline_node(pipeline, name);
	if (from == pipeline->node_count)
		return node_missing(context, name);
	rc = output_find(context, &pipeline->nodes[from], output_name, &output);
	if (rc != 0)
		return rc;
	if (link_find(pipeline, from, output, to) != NULL)
		return pipeline_error(pipeline, context->section, context->line, context->error,
			"%s'%s' stands there twice", context->what, name);
	return link_add(pipeline, from, output, to, context->error);
}

static int
inputs_add(struct weir_pipeline *pipeline, unsigned int to, struct weir_error *error)
{
	const struct section *section = pipeline->nodes[to].section;
	const char *list = pipeline->nodes[to].conf.input;
	char what[WEIR_ERROR_TEXT / 4];
	struct context context = { pipeline, section, entry_line(section, "input"), what, error };
	struct span item;
	int rc = 0;

	text_add(what, sizeof(what), 0, "input = %.64s: ", list);
	while (rc == 0 && list != NULL) {
		list = list_next(list, &item);
		rc = input_add(pipeline, &context, to, item);
	}
	return rc;
}

static int
link_text_error(const struct context *context, const struct node *to)
{
	if (to->source)
		return pipeline_error(context->pipeline, context->section, context->line,
			context->error, "'%s' is a source: it reads nothing", to->name);
	return pipeline_error(context->pipeline, context->section, context->line, context->error,
		"there is no such link: '%s' reads %.128s", to->name, to->conf.input);
}

int
link_named(const struct weir_pipeline *pipeline, const struct section_name *name,
	const struct section *section, struct link **link, struct weir_error *error)
{
	struct context context = { pipeline, section, section->line, "", error };
	unsigned int from = pipeline_node(pipeline, name->name);
	unsigned int to = pipeline_node(pipeline, name->to);
	unsigned int output;
	int rc;

	if (from == pipeline->node_count)
		return node_missing(&context, name->name);
	if (to == pipeline->node_count)
		return node_missing(&context, name->to);
	rc = output_find(&context, &pipeline->nodes[from], name->output, &output);
	if (rc != 0)
		return rc;
	*link = link_find(pipeline, from, output, to);
	return *link != NULL ? 0 : link_text_error(&context, &pipeline->nodes[to]);
}

/* Give a link what its section says. */
static int
link_text_apply(const struct weir_pipeline *pipeline, const struct link_text *text,
	struct weir_error *error)
{
	struct link *link;
	int rc = link_named(pipeline, &text->name, text->section, &link, error);

	if (rc != 0)
		return rc;
	if (link->section != NULL)
		return pipeline_error(pipeline, text->section, text->section->line, error,
			"is the same link as [%s]", link->section->title);
	link->section = text->section;
	link->conf = text->conf;
	return 0;
}

int
links_make(struct weir_pipeline *pipeline, struct weir_error *error)
{
	struct link *link;
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < pipeline->node_count; i++)
		if (!pipeline->nodes[i].source)
			rc = inputs_add(pipeline, i, error);
	for (unsigned int i = 0; rc == 0 && i < pipeline->priv->link_count; i++)
		rc = link_text_apply(pipeline, &pipeline->priv->links[i], error);
	for (unsigned int i = 0; rc == 0 && i < pipeline->link_count; i++) {
		link = &pipeline->links[i];
		link->conf.on_full = pipeline_on_full(pipeline, link);
	}
	return rc;
}
