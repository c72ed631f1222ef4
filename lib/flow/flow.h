/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Flows: the table, and the stage that follows them. */
#ifndef WEIR_LIB_FLOW_H
#define WEIR_LIB_FLOW_H

#include <weir/flow.h>
#include <weir/ledger.h>

extern const struct weir_stage_ops stage_flow;

/* The figures of a worker that follows flows, but for the size; false: it follows none. */
bool flow_figures(const struct weir_worker *worker, struct weir_flow_figures *figures);

#endif /* WEIR_LIB_FLOW_H */
