/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preflight.h"
#include "sysfs.h"

/* Processes on a worker's CPU that are told of. */
#define GUESTS_MAX 4

/* CPUs, and who is looked for there. */
struct look {
	struct preflight *preflight;
	rte_cpuset_t cpus; /* that workers run on */
	rte_cpuset_t rest; /* the others that there are */
	unsigned int guests;
};

static void
find_cpus(struct look *look, const struct weir_plan *plan)
{
	char line[SYSFS_PATH];

	CPU_ZERO(&look->cpus);
	for (unsigned int i = 0; i < plan->lcore_count; i++)
		CPU_OR(&look->cpus, &look->cpus,
			&plan->machine->lcores[plan->lcores[i].lcore].cpus);
	sysfs_line(look->preflight->root, line, sizeof(line), "/sys/devices/system/cpu/online");
	sysfs_cpus(line, &look->rest);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &look->cpus))
			CPU_CLR(i, &look->rest);
}

static void
take_away(rte_cpuset_t *cpus, const char *list)
{
	rte_cpuset_t other;

	sysfs_cpus(list, &other);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &other))
			CPU_CLR(i, cpus);
}

/* Without a CPU for all else there is nobody to keep away. */
static void
look_isolated(const struct look *look)
{
	char isolated[SYSFS_PATH], full[SYSFS_PATH], list[SYSFS_CPUS_TEXT], command[512], text[256];
	rte_cpuset_t shared = look->cpus, ticking = look->cpus;

	if (CPU_COUNT(&look->rest) == 0)
		return;
	sysfs_line(look->preflight->root, isolated, sizeof(isolated),
		"/sys/devices/system/cpu/isolated");
	sysfs_line(look->preflight->root, full, sizeof(full), "/sys/devices/system/cpu/nohz_full");
	take_away(&shared, isolated);
	take_away(&ticking, full);
	if (CPU_COUNT(&shared) == 0 && CPU_COUNT(&ticking) == 0)
		return;
	snprintf(text, sizeof(text), "the kernel runs other %s on CPUs of workers: %s",
		CPU_COUNT(&shared) > 0 ? "threads" : "ticks",
		sysfs_cpus_text(CPU_COUNT(&shared) > 0 ? &shared : &ticking, list));
	sysfs_cpus_text(&look->cpus, list);
	snprintf(command, sizeof(command), "isolcpus=%s nohz_full=%s rcu_nocbs=%s", list, list,
		list);
	preflight_tell(look->preflight, false, WEIR_MEND_KERNEL, "lcores", text, command);
}

/* The CPUs whose clock goes up and down, where the kernel says how. */
static void
look_governor(const struct look *look)
{
	char line[64], numbers[SYSFS_PATH] = "", text[192], command[SYSFS_PATH + 128];
	size_t used = 0;

	for (int i = 0; i < CPU_SETSIZE && used + 8 < sizeof(numbers); i++)
		if (CPU_ISSET(i, &look->cpus) &&
			sysfs_line(look->preflight->root, line, sizeof(line),
				"/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", i) &&
			strcmp(line, "performance") != 0)
			used += (size_t)snprintf(numbers + used, sizeof(numbers) - used, " %d", i);
	if (used == 0)
		return;
	snprintf(text, sizeof(text),
		"the clock of CPUs of workers follows their load, as their governor says:%.64s",
		numbers);
	snprintf(command, sizeof(command),
		"for i in%s; do echo performance "
		">/sys/devices/system/cpu/cpu$i/cpufreq/scaling_governor; done",
		numbers);
	preflight_tell(look->preflight, false, WEIR_MEND_SAFE, "lcores", text, command);
}

/* CPUs that a process may run on; none where it is the kernel's own, or gone. */
static void
allowed(const char *root, const char *pid, rte_cpuset_t *cpus)
{
	char path[SYSFS_PATH], line[512];
	bool user = false;
	FILE *file;

	CPU_ZERO(cpus);
	snprintf(path, sizeof(path), "%s/proc/%s/status", root, pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		user |= strncmp(line, "VmSize:", 7) == 0;
		if (user && strncmp(line, "Cpus_allowed_list:", 18) == 0)
			sysfs_cpus(line + 18 + strspn(line + 18, " \t"), cpus);
	}
	if (file != NULL)
		fclose(file);
}

/* Bound there on purpose: what may run anywhere is what isolcpus= is for. */
static bool
look_guest(const char *name, void *arg)
{
	struct look *look = arg;
	const char *root = look->preflight->root;
	char comm[64], text[192], command[SYSFS_CPUS_TEXT + 64], list[SYSFS_CPUS_TEXT];
	rte_cpuset_t cpus, both, left;
	long pid = strtol(name, NULL, 10);

	if (pid <= 0 || pid == (long)getpid())
		return false;
	allowed(root, name, &cpus);
	CPU_AND(&both, &cpus, &look->cpus);
	CPU_AND(&left, &cpus, &look->rest);
	if (CPU_COUNT(&both) == 0 || CPU_EQUAL(&left, &look->rest))
		return false;
	sysfs_line(root, comm, sizeof(comm), "/proc/%s/comm", name);
	snprintf(text, sizeof(text), "process %ld (%s) is bound to CPUs of workers: %.64s", pid,
		comm, sysfs_cpus_text(&both, list));
	snprintf(command, sizeof(command), "taskset -apc %s %ld",
		sysfs_cpus_text(&look->rest, list), pid);
	preflight_tell(look->preflight, false, WEIR_MEND_RUN, "lcores", text, command);
	return ++look->guests == GUESTS_MAX;
}

void
preflight_lcores(struct preflight *preflight, const struct weir_plan *plan)
{
	struct look look = { .preflight = preflight };

	find_cpus(&look, plan);
	look_isolated(&look);
	look_governor(&look);
	if (CPU_COUNT(&look.rest) > 0)
		sysfs_each(preflight->root, "/proc", look_guest, &look);
}
