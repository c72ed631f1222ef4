/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The lcores that weir does not launch: who has them, and those that the application runs itself. */
#include <errno.h>

#include "plan_private.h"

const char *const plan_runs_names[] = {
	[RUNS_LAUNCHED] = "launched",
	[RUNS_POLLED] = "polled",
	[RUNS_GIVEN] = "run",
};

const char *
plan_lcore_whose(enum rte_lcore_role_t role)
{
	if (role == ROLE_SERVICE)
		return "is a service core of EAL";
	if (role == ROLE_NON_EAL)
		return "is a thread of the application, which rte_thread_register() gave that "
		       "number";
	return "is none of EAL's";
}

int
plan_lcores_read(const char *where, const char *key, const char *list, struct lcore_set *set,
	struct weir_error *error)
{
	if (lcore_set_parse(list, set) < 0)
		return weir_error_set(error, EINVAL,
			"%s%s = %s: expected lcores below %u, as 1,3-5", where, key, list,
			RTE_MAX_LCORE);
	return 0;
}

/* Those of both are there for workers, whatever EAL has under their numbers. */
static int
take(struct weir_plan *plan, struct weir_error *error)
{
	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++) {
		bool polled = lcore_set_has(&plan->polled, i);
		bool given = lcore_set_has(&plan->given, i);

		if (polled && given)
			return weir_error_set(error, EINVAL,
				"lcore %u is in `polled` and in `run`: expected it in one, for "
				"weir_worker_poll() or for weir_worker_run()",
				i);
		if (polled || given)
			plan->machine->lcores[i].present = true;
	}
	return 0;
}

int
plan_yours(struct weir_plan *plan, const struct weir_plan_conf *conf, struct weir_error *error)
{
	int ret = 0;

	if (conf != NULL && conf->polled != NULL)
		ret = plan_lcores_read("", "polled", conf->polled, &plan->polled, error);
	if (ret == 0 && conf != NULL && conf->run != NULL)
		ret = plan_lcores_read("", "run", conf->run, &plan->given, error);
	return ret == 0 ? take(plan, error) : ret;
}

bool
plan_lcore_chosen(const struct weir_plan *plan, unsigned int lcore)
{
	return plan->machine->lcores[lcore].present &&
		(lcore != plan->machine->main_lcore || lcore_set_has(&plan->polled, lcore) ||
			lcore_set_has(&plan->given, lcore));
}
