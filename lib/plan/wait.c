/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <stdio.h>

#include "plan_private.h"

static bool
is_subset(const rte_cpuset_t *inner, const rte_cpuset_t *outer)
{
	rte_cpuset_t both;

	CPU_AND(&both, inner, outer);
	return CPU_EQUAL(&both, inner);
}

/* Whether more lcores with workers are confined to an lcore's CPUs than there are such CPUs. */
static bool
is_crowded(const struct machine *machine, const struct lcore_set *polling, unsigned int lcore)
{
	unsigned int i;
	int confined = 0;

	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(polling, i) &&
			is_subset(&machine->lcores[i].cpus, &machine->lcores[lcore].cpus))
			confined++;
	return confined > CPU_COUNT(&machine->lcores[lcore].cpus);
}

/* Whether an lcore's CPUs are among those of a crowded one, itself included. */
static bool
is_shared(const struct machine *machine, const struct lcore_set *polling, unsigned int lcore)
{
	unsigned int i;

	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(polling, i) &&
			is_subset(&machine->lcores[lcore].cpus, &machine->lcores[i].cpus) &&
			is_crowded(machine, polling, i))
			return true;
	return false;
}

static int
note_shared(struct weir_plan *plan)
{
	char list[160] = "";
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < RTE_MAX_LCORE && used < sizeof(list); i++)
		if (lcore_set_has(&plan->shared, i))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%u",
				used > 0 ? "," : "", i);
	if (used == 0)
		return 0;
	return plan_note(plan, "lcores %s have less than a CPU each: with idle = auto they yield",
		list);
}

enum weir_wait
plan_wait(const struct weir_plan *plan, enum weir_wait asked, unsigned int lcore)
{
	if (asked != WEIR_WAIT_AUTO)
		return asked;
	return lcore < RTE_MAX_LCORE && lcore_set_has(&plan->shared, lcore) ? WEIR_WAIT_YIELD :
									      WEIR_WAIT_EXPONENTIAL;
}

int
plan_waits(struct weir_plan *plan, struct weir_error *error)
{
	struct lcore_set polling = { 0 };
	unsigned int i;

	for (i = 0; i < plan->worker_count; i++)
		polling.bits[plan->workers[i].lcore / 64] |= UINT64_C(1)
			<< (plan->workers[i].lcore % 64);
	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(&polling, i) && is_shared(plan->machine, &polling, i))
			plan->shared.bits[i / 64] |= UINT64_C(1) << (i % 64);
	for (i = 0; i < plan->worker_count; i++) {
		struct plan_worker *worker = &plan->workers[i];
		enum weir_wait asked = (enum weir_wait)plan_node(plan, worker)->conf.idle;

		worker->idle = plan_wait(plan, asked, worker->lcore);
	}
	return note_shared(plan) < 0 ? plan_no_memory(error) : 0;
}
