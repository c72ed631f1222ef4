/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder share. */
#ifndef WEIR_LOOP_PRIVATE_H
#define WEIR_LOOP_PRIVATE_H

#include "loop.h"

/* pass.c: one pass of a worker; events moved. */
unsigned int seat_pass(struct loop *loop, struct seat *seat, bool housekeeping);
/* The same on a pass that is timed: its time is noted where it moved something. */
unsigned int seat_pass_timed(struct loop *loop, struct seat *seat, bool housekeeping);
/* One pass of a source and of a stage, and the tick of one. */
unsigned int source_pass(struct loop *loop, struct seat *seat);
/* Events of what happened to a source's port, as far as there is room for them. */
void source_tell(struct seat *seat);
unsigned int stage_pass(struct loop *loop, struct seat *seat, bool housekeeping);
unsigned int stage_tick(struct seat *seat);
/* Whether sources have taken all that they may. */
bool budget_spent(const struct control *control);

/* drain.c: one pass of a worker that drains; it is done when nothing can come and nothing is left. */
unsigned int seat_drain(struct loop *loop, struct seat *seat);
/* The time to drain is up: what lingers is left in its rings, where it is counted; -ESHUTDOWN. */
int loop_give_up(struct loop *loop);

/* time.c: the time since it was last looked at was spent in this state. */
void loop_spent(struct loop *loop, enum lcore_state state);

/* settings.c: take over settings that are newer than the loop's own. */
void loop_settings(struct loop *loop);

/* holders.c: the seat of a worker. */
struct seat *gates_seat(const struct gates_of *of, const struct weir_worker *worker);
/* Who lets go of events on the way to a seat's gates, once all seats have theirs; -ENOMEM. */
int loop_holders(const struct gates_of *of, struct seat *seat);

/* wait.c: what it waits by from now on, and how long that may take. */
void loop_waits_take(struct loop *loop, const struct loop_waits *waits);
/* Wait once after a pass that moved nothing, by the policy of what there is to wait for. */
void loop_wait(struct loop *loop);

#endif /* WEIR_LOOP_PRIVATE_H */
