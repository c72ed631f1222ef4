/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the control side sees of an engine: its figures, and what goes wrong. */
#ifndef WEIR_LIB_WATCH_H
#define WEIR_LIB_WATCH_H

#include "engine/engine.h"

/* The watchdog, as one that is told of engines. */
extern const struct engine_onlooker watch_onlooker;

#endif /* WEIR_LIB_WATCH_H */
