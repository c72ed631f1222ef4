/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Any bytes as a pipeline file: accepted, or refused with a message, and nothing leaks. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "pipeline/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was loaded can be set further, and checked again. */
static void
check(struct weir_pipeline *pipeline, struct weir_error *error)
{
	if (weir_pipeline_check(pipeline, error) != 0 && error->text[0] == '\0')
		abort();
	weir_pipeline_set_text(pipeline, "pipeline.burst=1", error);
	weir_pipeline_set_text(pipeline, "link a b.ring=64", error);
	weir_pipeline_check(pipeline, error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_error error = { 0 };
	struct weir_pipeline *pipeline =
		pipeline_load_text("fuzz.ini", (const char *)data, size, &error);

	if (pipeline == NULL && error.text[0] == '\0')
		abort();
	if (pipeline != NULL)
		check(pipeline, &error);
	weir_pipeline_free(pipeline);
	return 0;
}
