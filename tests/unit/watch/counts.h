/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* An engine whose first port counts what the test says. The test defines DEVICE, the port's, before. */
#ifndef TEST_COUNTS_H
#define TEST_COUNTS_H

#include "engine/rig.h"

#include <rte_dev.h>

/* Figures as of a driver that the test is: a port that is gone has those that were read last. */
static inline struct port_counts *
port_counts(struct rig *rig)
{
	rig->engine->ports[0].gone = true;
	return &rig->engine->ports[0].last;
}

static inline void
end(struct rig *rig, struct rig_log *log)
{
	rig->engine->ports[0].gone = false;
	rig_end(rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", DEVICE), 0);
	rig_log_end(log);
}

/* Look at once, whenever it was looked last. */
static inline void
watch(struct rig *rig)
{
	rig->engine->watch->ports_at = 0;
	weir_engine_watch(rig->engine);
}

#endif /* TEST_COUNTS_H */
