/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <string.h>

#include "stage.h"

static const char *const default_outputs[] = { "out", NULL };

unsigned int
stage_names_count(const char *const *names)
{
	unsigned int n = 0;

	while (names != NULL && names[n] != NULL)
		n++;
	return n;
}

const char *
stage_output_name(const struct weir_stage_ops *ops, unsigned int output)
{
	const char *const *names = ops->outputs != NULL ? ops->outputs : default_outputs;

	return output < stage_names_count(names) ? names[output] : NULL;
}

int
stage_output(const struct weir_stage_ops *ops, const char *name)
{
	const char *have;

	for (unsigned int i = 0; (have = stage_output_name(ops, i)) != NULL; i++)
		if (strcmp(have, name) == 0)
			return (int)i;
	return -1;
}
