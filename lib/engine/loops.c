/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The loops of an engine, all together. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_malloc.h>

#include "engine_private.h"

/* How often is looked whether the lcores have returned. */
#define LOOK_US 100
/* How long lcores may take for their pass, besides waits, once told to return at once. */
#define GRACE_S 1
/* How long EAL may take, once a loop has returned, to have its lcore free for others. */
#define FREE_MS 100

struct loop *
engine_loop(const struct weir_engine *engine, unsigned int lcore)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		if (engine->loops[i].lcore == lcore)
			return &engine->loops[i];
	return NULL;
}

const char *
engine_seat_text(const struct weir_engine *engine, const struct seat *seat,
	char text[SEAT_TEXT_SIZE])
{
	const struct weir_worker *worker = seat->worker;
	const struct plan_port *port;

	if (seat->plan->port == UINT_MAX) {
		snprintf(text, SEAT_TEXT_SIZE, "%s[%u] (%s)", worker->name, worker->index,
			worker->type);
		return text;
	}
	port = &engine->plan->ports[seat->plan->port];
	snprintf(text, SEAT_TEXT_SIZE, "%s[%u] (%s, port %s, driver %s)", worker->name,
		worker->index, worker->type, port->name, port->driver);
	return text;
}

static int
loop_add(struct weir_engine *engine, struct seat *seat)
{
	struct loop *loop = engine_loop(engine, seat->plan->lcore);

	if (loop == NULL) {
		loop = &engine->loops[engine->loop_count];
		loop_init(loop, engine->plan, engine->control, engine->loop_count++,
			seat->plan->lcore);
		loop->seats = calloc(engine->seat_count, sizeof(*loop->seats));
		if (loop->seats == NULL)
			return -ENOMEM;
	}
	loop->seats[loop->seat_count++] = seat;
	seat->worker->sample = &loop->sample;
	return 0;
}

int
engine_loops_create(struct weir_engine *engine, struct weir_error *error)
{
	const struct weir_plan *plan = engine->plan;
	int rc = 0;

	/* On any socket: a loop's own lines are few and stay in its lcore's cache. */
	engine->loops = rte_zmalloc("weir", engine->seat_count * sizeof(*engine->loops),
		RTE_CACHE_LINE_SIZE);
	if (engine->loops == NULL)
		rc = -ENOMEM;
	for (unsigned int i = plan->pipeline->node_count; rc == 0 && i-- > 0;) {
		unsigned int node = plan->pipeline->order[i];
		unsigned int first = plan_first_worker(plan, node);

		for (unsigned int w = 0; rc == 0 && w < plan->pipeline->nodes[node].conf.workers;
			w++)
			rc = loop_add(engine, &engine->seats[first + w]);
	}
	return rc == 0 ? 0 : weir_error_set(error, ENOMEM, "no memory for the lcores' loops");
}

void
engine_loops_free(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++) {
		loop_waits_free(&engine->loops[i]);
		free(engine->loops[i].seats);
	}
	rte_free(engine->loops);
}

int
engine_waits(struct weir_engine *engine, struct weir_error *error)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < engine->loop_count; i++)
		rc = loop_waits_init(&engine->loops[i]);
	return rc == 0 ? 0 : weir_error_set(error, -rc, "no memory for interrupts");
}

/* One that was given up may wait still: when it is back this comes by again. */
void
engine_waits_end(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		if (!loop_held(&engine->loops[i]))
			loop_waits_end(&engine->loops[i]);
}

static void
loops_each(const struct port_state *port,
	void (*visit)(struct loop *loop, const struct weir_worker *worker))
{
	const struct weir_engine *engine = port->engine;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];

		if (port_has(port, seat))
			visit(engine_loop(engine, seat->plan->lcore), seat->worker);
	}
}

void
engine_loops_leave(const struct port_state *port)
{
	loops_each(port, loop_port_leave);
}

void
engine_loops_return(const struct port_state *port)
{
	loops_each(port, loop_port_join);
}

uint64_t
engine_longest_wait(const struct weir_engine *engine)
{
	uint64_t longest = 0;

	for (unsigned int i = 0; i < engine->loop_count; i++)
		longest = RTE_MAX(longest, stat_read(&engine->loops[i].longest));
	return longest;
}

/*
 * It will be free within a moment: who stops an engine may start another one there. Where it is not, another
 * engine, or the application, has launched something there already since the loop returned.
 */
static void
lcore_await_free(unsigned int lcore)
{
	uint64_t deadline = rte_rdtsc() + FREE_MS * (rte_get_tsc_hz() / MS_PER_S);

	while (rte_eal_get_lcore_state(lcore) != WAIT && rte_rdtsc() < deadline)
		usleep(LOOK_US);
}

unsigned int
engine_loops_join(struct weir_engine *engine, uint64_t deadline)
{
	unsigned int out = 0;

	for (unsigned int i = 0; i < engine->loop_count; i++) {
		struct loop *loop = &engine->loops[i];

		if (!loop_held(loop))
			continue;
		while (!__atomic_load_n(&loop->left, __ATOMIC_ACQUIRE) && rte_rdtsc() < deadline)
			usleep(LOOK_US);
		if (__atomic_load_n(&loop->left, __ATOMIC_ACQUIRE)) {
			if (loop_holder(loop) == HOLDER_LAUNCHED)
				lcore_await_free(loop->lcore);
			/* Who sees this sees that it has finished. */
			__atomic_store_n(&loop->holder, HOLDER_NOBODY, __ATOMIC_RELEASE);
		} else {
			out++;
		}
	}
	return out;
}

uint64_t
engine_grace_end(const struct weir_engine *engine)
{
	return rte_rdtsc() + GRACE_S * rte_get_tsc_hz() + engine_longest_wait(engine);
}

/* What is held after engine_loops_join() has not returned. */
bool
engine_seat_out(const struct weir_engine *engine, const struct seat *seat)
{
	return engine->out > 0 && loop_held(engine_loop(engine, seat->plan->lcore));
}

uint64_t
engine_cycles(const struct weir_engine *engine)
{
	uint64_t start = stat_read(&engine->start_tsc);

	if (start == 0)
		return 0;
	return (engine_stopped(engine) ? engine->stop_tsc : rte_rdtsc()) - start;
}
