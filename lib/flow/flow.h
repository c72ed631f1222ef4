/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Flows: the table, and the stage that follows them. */
#ifndef WEIR_LIB_FLOW_H
#define WEIR_LIB_FLOW_H

#include <weir/flow.h>

extern const struct weir_stage_ops stage_flow;

#endif /* WEIR_LIB_FLOW_H */
