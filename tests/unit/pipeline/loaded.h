/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Pipelines of a text, and what is in them; what must be refused. */
#ifndef TEST_LOADED_H
#define TEST_LOADED_H

#include <string.h>

#include "pipeline/pipeline.h"
#include "pipeline/types.h"

static struct weir_error error;

static inline struct weir_pipeline *
load(const char *text)
{
	struct weir_pipeline *pipeline = pipeline_load_text("t.ini", text, strlen(text), &error);

	if (pipeline == NULL)
		fail_msg("%s", error.text);
	return pipeline;
}

static inline struct weir_pipeline *
load_checked(const char *text)
{
	struct weir_pipeline *pipeline = load(text);

	if (weir_pipeline_check(pipeline, &error) != 0)
		fail_msg("%s", error.text);
	return pipeline;
}

static inline void
set(struct weir_pipeline *pipeline, const char *section, const char *key, const char *value)
{
	if (weir_pipeline_set(pipeline, section, key, value, &error) != 0)
		fail_msg("%s", error.text);
}

static inline void
refuse_set(struct weir_pipeline *pipeline, const char *section, const char *key, const char *value,
	const char *phrase)
{
	memset(&error, 0, sizeof(error));
	assert_int_equal(weir_pipeline_set(pipeline, section, key, value, &error), -EINVAL);
	assert_int_equal(error.code, EINVAL);
	if (strstr(error.text, phrase) == NULL)
		fail_msg("expected: %s\nsaid:     %s", phrase, error.text);
	assert_null(strstr(error.text, "t.ini"));
}

static inline void
refuse_text(struct weir_pipeline *pipeline, const char *text, const char *phrase)
{
	memset(&error, 0, sizeof(error));
	assert_int_equal(weir_pipeline_set_text(pipeline, text, &error), -EINVAL);
	if (strstr(error.text, phrase) == NULL)
		fail_msg("expected: %s\nsaid:     %s", phrase, error.text);
}

static inline const struct node *
node_of(const struct weir_pipeline *pipeline, const char *name)
{
	unsigned int i = pipeline_node(pipeline, name);

	assert_true(i < pipeline->node_count);
	return &pipeline->nodes[i];
}

static inline const struct link *
link_of(const struct weir_pipeline *pipeline, const char *from, const char *to)
{
	char buf[LINK_FROM_SIZE];

	for (unsigned int i = 0; i < pipeline->link_count; i++) {
		const struct link *link = &pipeline->links[i];

		if (strcmp(pipeline_from(pipeline, link, buf), from) == 0 &&
			strcmp(pipeline->nodes[link->to].name, to) == 0)
			return link;
	}
	fail_msg("no link %s %s", from, to);
	return NULL;
}

#endif /* TEST_LOADED_H */
