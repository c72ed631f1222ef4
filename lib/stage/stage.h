/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What is done with events: the built-in types that stay inside. */
#ifndef WEIR_LIB_STAGE_H
#define WEIR_LIB_STAGE_H

#include <weir/stage.h>

#include "link/link.h"

/* The built-in types, one file each. */
extern const struct weir_stage_ops stage_count;
extern const struct weir_stage_ops stage_work;
extern const struct weir_stage_ops stage_rewrite;

/* How many names a list that ends with NULL has; NULL: 0. */
unsigned int stage_names_count(const char *const *names);
/* Index of an output of a type by its name; -1 where there is none. */
int stage_output(const struct weir_stage_ops *ops, const char *name);
/* Name of an output of a type; NULL beyond the last. */
const char *stage_output_name(const struct weir_stage_ops *ops, unsigned int output);

#endif /* WEIR_LIB_STAGE_H */
