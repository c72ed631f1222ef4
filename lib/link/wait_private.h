/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the table of the ways to wait is made of. */
#ifndef WEIR_WAIT_PRIVATE_H
#define WEIR_WAIT_PRIVATE_H

#include <rte_power_intrinsics.h>

#include "link.h"

/* Longest sleep for an interrupt: the control word is looked at in between. */
#define INTERRUPT_SLEEP_MS 10

/*
 * wait_power.c: what to watch, and what says that it was written already. Anew for each wait: a
 * queue's place moves on. 0, or -errno: it cannot be watched.
 */
int power_condition(const struct wait_watch *watch, struct rte_power_monitor_cond *condition);
/* Wait for a write or the time. 0, or -errno: did not wait. */
int power_watch(const struct wait_watch *watch, uint64_t ns);
/* Pause for a time, or less. 0, or -errno: did not wait. */
int power_pause(uint64_t ns);

/* wait_intr.c: switch the interrupts of all queues on, 0 or -errno with all off; and off. */
int wait_queues_arm(struct wait_queues *queues);
void wait_queues_disarm(struct wait_queues *queues);
/* Sleep until one comes, or so many ms have passed, so that a stop is seen; whether one came. */
bool wait_queues_sleep(struct wait_queues *queues, uint32_t ms);
/* After a sleep in which none came something was found: at some of the queues, perhaps. */
void wait_queues_found(struct wait_queues *queues);

#endif /* WEIR_WAIT_PRIVATE_H */
