/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The watchdog: lcores whose threads lose their CPU, by what the kernel counts: the time that a
 * thread could have run but another did, how often its CPU was taken from it, and what a hypervisor
 * took of the CPU itself. What a kernel does not tell counts as nothing.
 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include "watch_private.h"

/* One lcore is looked at so often, and each at a call of its own. */
#define LOOK_MS 1000
/* More than that of its time lost: worth a line. */
#define LOST_PERCENT 5
#define LINE_MAX_BYTES 512
/* What could not be read. */
#define UNKNOWN UINT64_MAX

/* Time that the thread waited in a run queue. */
static uint64_t
thread_waited(pid_t tid)
{
	uint64_t ran, waited;
	char path[64];
	FILE *file;
	int n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", (int)tid);
	file = fopen(path, "r");
	if (file == NULL)
		return UNKNOWN;
	n = fscanf(file, "%" SCNu64 " %" SCNu64, &ran, &waited);
	fclose(file);
	return n == 2 ? waited : UNKNOWN;
}

static uint64_t
thread_switches(pid_t tid)
{
	char path[64], line[LINE_MAX_BYTES];
	uint64_t switches = UNKNOWN;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)tid);
	file = fopen(path, "r");
	if (file == NULL)
		return UNKNOWN;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "nonvoluntary_ctxt_switches: %" SCNu64, &switches) == 1)
			break;
	fclose(file);
	return switches;
}

/* Stolen from the CPUs that a thread may run on: where there are several, in the mean. */
static uint64_t
cpus_stolen(const rte_cpuset_t *cpus)
{
	uint64_t ticks = 0, stolen;
	unsigned int cpu, n = 0;
	char line[LINE_MAX_BYTES];
	FILE *file = fopen("/proc/stat", "r");

	if (file == NULL)
		return UNKNOWN;
	while (fgets(line, sizeof(line), file) != NULL && strncmp(line, "cpu", 3) == 0)
		if (sscanf(line, "cpu%u %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &cpu, &stolen) ==
				2 &&
			cpu < CPU_SETSIZE && CPU_ISSET(cpu, cpus)) {
			ticks += stolen;
			n++;
		}
	fclose(file);
	return n == 0 ? UNKNOWN : ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK)) / n;
}

static void
loss_read(pid_t tid, struct cpu_loss *loss)
{
	rte_cpuset_t cpus;

	/* Of the thread itself: that of an lcore that the application runs may have no number with EAL. */
	if (sched_getaffinity(tid, sizeof(cpus), &cpus) != 0)
		CPU_ZERO(&cpus);
	*loss = (struct cpu_loss){
		.switches = thread_switches(tid),
		.waited_ns = thread_waited(tid),
		.stolen_ns = cpus_stolen(&cpus),
	};
}

/* What was added since the last look, if both could be read; some counts now and then go back. */
static uint64_t
lost_since(uint64_t *last, uint64_t now)
{
	uint64_t before = *last;

	if (now == UNKNOWN)
		return 0;
	*last = now;
	return before == UNKNOWN || now < before ? 0 : now - before;
}

/* Count what was lost since the last look; the first only sets what is compared with. */
static struct cpu_loss
loop_look(struct loop_seen *seen, pid_t tid, uint64_t now)
{
	struct cpu_loss *last = &seen->lost_all;
	struct cpu_loss all, since;

	loss_read(tid, &all);
	if (seen->lost_at == 0)
		*last = (struct cpu_loss){ UNKNOWN, UNKNOWN, UNKNOWN };
	since = (struct cpu_loss){
		.switches = lost_since(&last->switches, all.switches),
		.waited_ns = lost_since(&last->waited_ns, all.waited_ns),
		.stolen_ns = lost_since(&last->stolen_ns, all.stolen_ns),
	};
	seen->lost_at = now;
	stat_add(&seen->lost.switches, since.switches);
	stat_add(&seen->lost.waited_ns, since.waited_ns);
	stat_add(&seen->lost.stolen_ns, since.stolen_ns);
	return since;
}

static void
loop_report(struct weir_engine *engine, const struct loop *loop, const struct cpu_loss *lost,
	uint64_t ms, uint64_t now)
{
	bool stolen = lost->stolen_ns > lost->waited_ns;

	if (!watch_note(engine, stolen ? WATCH_STOLEN : WATCH_PREEMPTED, now))
		return;
	watch_log("'%s': lcore %u lost its CPU in the last %" PRIu64 " ms: %" PRIu64
		  " ms to other threads, which took it %" PRIu64 " times, and %" PRIu64
		  " ms stolen by the hypervisor; %s\n",
		weir_engine_name(engine), loop->lcore, ms, lost->waited_ns / (NS_PER_S / MS_PER_S),
		lost->switches, lost->stolen_ns / (NS_PER_S / MS_PER_S),
		stolen ? "give the machine CPUs of its own" :
			 "keep others off its CPU by isolcpus= and nohz_full= of the kernel, or "
			 "choose another by --lcores");
}

static void
loop_watch(struct weir_engine *engine, const struct loop *loop, pid_t tid, uint64_t now)
{
	struct loop_seen *seen = &engine->watch->loops[loop->index];
	uint64_t before = seen->lost_at;
	struct cpu_loss lost = loop_look(seen, tid, now);
	uint64_t ms = (now - before) / (rte_get_tsc_hz() / MS_PER_S);

	if (before == 0 || lcore_set_has(&engine->plan->shared, loop->lcore))
		return;
	if (lost.waited_ns + lost.stolen_ns > ms * (NS_PER_S / MS_PER_S) * LOST_PERCENT / 100)
		loop_report(engine, loop, &lost, ms, now);
}

/* Of the loops that have a thread the one not looked at for longest, and its thread; NULL: there is none. */
static const struct loop *
loop_due(const struct weir_engine *engine, pid_t *tid)
{
	const struct loop_seen *seen = engine->watch->loops;
	const struct loop *due = NULL;

	for (unsigned int i = 0; i < engine->loop_count; i++) {
		const struct loop *loop = &engine->loops[i];
		pid_t its = __atomic_load_n(&loop->tid, __ATOMIC_RELAXED);

		if (loop_held(loop) && its != 0 &&
			(due == NULL || seen[i].lost_at < seen[due->index].lost_at)) {
			due = loop;
			*tid = its;
		}
	}
	return due;
}

/* Files are read for one lcore at a time, and seldom. */
void
watch_lost(struct weir_engine *engine, uint64_t now)
{
	pid_t tid = 0;
	const struct loop *due = loop_due(engine, &tid);
	uint64_t at;

	if (due == NULL)
		return;
	at = engine->watch->loops[due->index].lost_at;
	if (at == 0 || now - at >= LOOK_MS * (rte_get_tsc_hz() / MS_PER_S))
		loop_watch(engine, due, tid, now);
}

void
watch_lost_last(struct weir_engine *engine)
{
	uint64_t now = rte_rdtsc();

	for (unsigned int i = 0; i < engine->loop_count; i++) {
		struct loop_seen *seen = &engine->watch->loops[i];

		if (seen->lost_at != 0)
			loop_look(seen, engine->loops[i].tid, now);
	}
}
