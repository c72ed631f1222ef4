/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What leaves: stages that talk to the world, one file each, and what carries their bytes. */
#ifndef WEIR_LIB_SINK_H
#define WEIR_LIB_SINK_H

#include <weir/eject.h>

#include "stage/stage.h"

extern const struct weir_stage_ops stage_eve;
extern const struct weir_stage_ops stage_tx;
extern const struct weir_stage_ops stage_eject;

/* Whether workers of a type, with these parameters, give events to other threads. */
bool eject_hands_over(const struct weir_stage_ops *ops, const void *conf);
/* A worker of eject: its end for the application: 0; -EINVAL: it calls; -EBUSY: it is taken. */
int eject_claim(void *state, struct weir_eject **eject);
/* Have it call a function: 0; -EINVAL: it has a ring; -EBUSY: it has a function. */
int eject_set_call(void *state, weir_eject_fn fn, void *arg);

/* What a worker has of rings, as the plan says; and its ring, as it is now. False: it has none. */
bool eject_rings(const struct weir_stage_ops *ops, const void *conf, struct app_rings *rings);
bool eject_ring(const struct weir_stage_ops *ops, const void *state, struct app_ring *ring);

/* Any thread: a port came back under another number than it had, before packets of it do. */
void sink_ports_moved(void);

#endif /* WEIR_LIB_SINK_H */
