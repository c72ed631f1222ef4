/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Looking at a machine before weir starts there. */
#ifndef WEIR_PLAN_PREFLIGHT_H
#define WEIR_PLAN_PREFLIGHT_H

#include "device.h"
#include "plan_private.h"

/* Where findings go, and how many of them were faults. */
struct preflight {
	const char *root; /* as for sysfs_there() */
	struct weir_preflight_conf conf;
	void (*found)(const struct weir_finding *finding, void *arg);
	void *arg;
	int faults;
};

/* preflight.c: tell of a finding. */
void preflight_tell(struct preflight *preflight, bool fault, enum weir_mend mend,
	const char *subject, const char *text, const char *command);
/* preflight.c: weir_preflight() below a root, of a machine that was read; NULL: without a pipeline. */
int preflight_look(struct preflight *preflight, const struct weir_pipeline *pipeline,
	const struct machine *machine, struct weir_error *error);

/* preflight_memory.c: hugepages, against what the plan takes; NULL: against nothing. */
void preflight_memory(struct preflight *preflight, const struct weir_plan *plan);
/* preflight_lcores.c: the CPUs that workers run on. */
void preflight_lcores(struct preflight *preflight, const struct weir_plan *plan);

#endif /* WEIR_PLAN_PREFLIGHT_H */
