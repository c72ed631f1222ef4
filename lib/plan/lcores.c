/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The lcores that have workers: what comes in there, and how long one may look away from it. */

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan_private.h"

/* Mbit/s where nobody knows; bits of the shortest frame on the wire, with preamble and gap. */
#define SPEED_USUAL 10000
#define FRAME_BITS (84 * 8)

const char *
plan_time_text(uint64_t ns, char buf[TIME_TEXT_SIZE])
{
	static const struct {
		double ns;
		const char *unit;
	} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } };
	unsigned int i = 0;

	while (i < RTE_DIM(units) - 1 && (double)ns < units[i].ns)
		i++;
	snprintf(buf, TIME_TEXT_SIZE, "%.3g%s", (double)ns / units[i].ns, units[i].unit);
	return buf;
}

const struct plan_lcore *
plan_lcore(const struct weir_plan *plan, unsigned int lcore)
{
	unsigned int i = 0;

	while (i < plan->lcore_count && plan->lcores[i].lcore != lcore)
		i++;
	return i < plan->lcore_count ? &plan->lcores[i] : NULL;
}

uint32_t
plan_port_speed(const struct weir_plan *plan, const struct plan_port *port)
{
	const struct machine *machine = plan->machine;
	unsigned int i;

	for (i = 0; i < machine->port_count; i++)
		if (machine->ports[i].id == port->id && machine->ports[i].speed != 0)
			return machine->ports[i].speed;
	return SPEED_USUAL;
}

/* Half of what an RX ring holds at line rate, in ns: 1000 times bits / (Mbit/s). */
static uint64_t
port_bound(const struct weir_plan *plan, const struct plan_port *port)
{
	uint64_t bits = (uint64_t)port->rx_descriptors * FRAME_BITS;
	uint64_t ns = bits * 1000 / plan_port_speed(plan, port) / 2;

	return RTE_MAX(ns, UINT64_C(1));
}

static struct plan_lcore *
lcore_of(struct weir_plan *plan, const struct plan_worker *worker)
{
	return (struct plan_lcore *)(uintptr_t)plan_lcore(plan, worker->lcore);
}

uint64_t
plan_longest(const struct plan_lcore *lcore)
{
	uint64_t ring = lcore->bound_ns != 0 ? lcore->bound_ns : UINT64_MAX;
	uint64_t tick = lcore->tick_ns != 0 ? lcore->tick_ns : UINT64_MAX;

	return RTE_MIN(ring, tick);
}

static void
count_stage(struct weir_plan *plan, const struct plan_worker *worker)
{
	uint64_t interval = plan_node(plan, worker)->needs.tick_interval;
	struct plan_lcore *lcore = lcore_of(plan, worker);

	if (interval != 0 && (lcore->tick_ns == 0 || interval < lcore->tick_ns)) {
		lcore->tick_ns = interval;
		lcore->tick_node = worker->node;
	}
}

static void
count_source(struct weir_plan *plan, const struct plan_worker *worker)
{
	struct plan_lcore *lcore = lcore_of(plan, worker);
	uint64_t bound;

	if (worker->port >= plan->port_count) {
		lcore->made++;
		lcore->threaded += plan_node(plan, worker)->source_ops->threaded;
		return;
	}
	lcore->rx_queues++;
	bound = port_bound(plan, &plan->ports[worker->port]);
	if (lcore->bound_ns == 0 || bound < lcore->bound_ns) {
		lcore->bound_ns = bound;
		lcore->bound_port = worker->port;
	}
}

static enum plan_runs
runs(const struct weir_plan *plan, unsigned int lcore)
{
	if (lcore_set_has(&plan->given, lcore))
		return RUNS_GIVEN;
	return lcore_set_has(&plan->polled, lcore) || lcore == plan->machine->main_lcore ?
		RUNS_POLLED :
		RUNS_LAUNCHED;
}

int
plan_lcores(struct weir_plan *plan, struct weir_error *error)
{
	bool used[RTE_MAX_LCORE] = { false };
	unsigned int i;

	plan->lcores = calloc(plan->worker_count, sizeof(*plan->lcores));
	if (plan->lcores == NULL)
		return plan_no_memory(error);
	for (i = 0; i < plan->worker_count; i++)
		used[plan->workers[i].lcore] = true;
	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (used[i])
			plan->lcores[plan->lcore_count++] = (struct plan_lcore){ .lcore = i,
				.runs = runs(plan, i),
				.bound_port = UINT_MAX };
	for (i = 0; i < plan->worker_count; i++)
		if (plan_node(plan, &plan->workers[i])->source)
			count_source(plan, &plan->workers[i]);
		else
			count_stage(plan, &plan->workers[i]);
	for (i = 0; i < plan->pair_count; i++)
		if (!plan->pairs[i].call)
			lcore_of(plan, &plan->workers[plan->pairs[i].consumer])->rings++;
	return 0;
}
