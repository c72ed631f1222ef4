/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The plan, running: for the folder beside it. */
#ifndef WEIR_LIB_ENGINE_H
#define WEIR_LIB_ENGINE_H

#include <weir/engine.h>
#include <weir/ledger.h>

#include "plan/plan.h"

/* The plan that an engine was made from. */
const struct weir_plan *engine_plan(const struct weir_engine *engine);

/* Visit every engine of the process, under the lock of their list; stop where visit() is not 0. */
int engine_each(int (*visit)(struct weir_engine *engine, void *arg), void *arg);

#endif /* WEIR_LIB_ENGINE_H */
