/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* One plan at a time, of a text and an imagined machine. */
#ifndef WEIR_PLAN_PLANNED_H
#define WEIR_PLAN_PLANNED_H

#include "imagine.h"

static struct machine machine;
static struct weir_plan *plan;
static struct weir_pipeline *pipeline;

/* The plan of a pipeline, and its first port; done() ends both. */
static inline const struct plan_port *
planned(const char *text)
{
	pipeline = pipeline_of(text);
	plan = plan_on(pipeline, &machine, NULL);
	return &plan->ports[0];
}

static inline void
done(void)
{
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* The pipeline itself is refused, and the message has a text in it. */
static inline void
pipeline_refused(const char *text, const char *expected)
{
	struct weir_error error = { 0 };
	struct weir_pipeline *wrong = pipeline_load_text("wrong", text, strlen(text), &error);

	if (wrong != NULL)
		assert_int_equal(weir_pipeline_check(wrong, &error), -EINVAL);
	weir_pipeline_free(wrong);
	if (strstr(error.text, expected) == NULL)
		fail_msg("'%s' is not in: %s", expected, error.text);
}

#endif /* WEIR_PLAN_PLANNED_H */
