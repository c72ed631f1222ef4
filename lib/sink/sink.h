/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What leaves: stages that talk to the world, one file each, and what carries their bytes. */
#ifndef WEIR_LIB_SINK_H
#define WEIR_LIB_SINK_H

#include "stage/stage.h"

extern const struct weir_stage_ops stage_eve;
extern const struct weir_stage_ops stage_tx;

/* Any thread: a port came back under another number than it had, before packets of it do. */
void sink_ports_moved(void);

#endif /* WEIR_LIB_SINK_H */
