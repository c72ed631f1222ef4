/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The watchdog: an engine in which nothing moves though events wait, and who waits for whom. */
#include <rte_cycles.h>

#include "watch_private.h"

/* For so long nothing has moved. */
#define BLOCKED_MS 500
/* Pairs that are told of at once. */
#define PAIRS_MAX 16

/* Anything that any worker did to an event: it changes, or nothing has happened. */
uint64_t
watch_progress(const struct weir_engine *engine)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct worker_stats *stats = engine->seats[i].worker->stats;

		sum += stat_read(&stats->in) + stat_read(&stats->created) + stat_read(&stats->out) +
			stat_read(&stats->released) + worker_stats_dropped(stats);
	}
	return sum;
}

/* Events in a ring, or an lcore with work and no room. */
static bool
events_wait(const struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->joint_count; i++) {
		const struct joint *joint = &engine->joints[i];

		if (ring_count(joint->ring) > 0 &&
			!__atomic_load_n(&engine->seats[joint->pair->consumer].done,
				__ATOMIC_ACQUIRE))
			return true;
	}
	for (unsigned int i = 0; i < engine->loop_count; i++)
		if (__atomic_load_n(&engine->loops[i].state, __ATOMIC_RELAXED) == LCORE_BLOCKED)
			return true;
	return false;
}

static const struct plan_worker *
gate_consumer(const struct weir_engine *engine, const struct gate *gate)
{
	const struct joint *joint = engine->joints;

	while (&joint->lane->ring != gate->ring)
		joint++;
	return &engine->plan->workers[joint->pair->consumer];
}

/* Whether the gate's ring is waited for, by the policy that was set last. */
static bool
gate_lossless(const struct weir_engine *engine, const struct gate *gate)
{
	return __atomic_load_n(&engine->policies[gate->link->id], __ATOMIC_RELAXED)->lossless;
}

/* The ring of a gate has no room for what becomes of one event: a line; how many that were. */
static unsigned int
ring_gate_report(const struct weir_engine *engine, const struct seat *seat, const struct gate *gate)
{
	unsigned int count = ring_count(gate->ring->ring);
	const struct plan_worker *to;

	if (gate->ring->capacity - count >= gate->times + gate_held(gate, 0) ||
		!gate_lossless(engine, gate))
		return 0;
	to = gate_consumer(engine, gate);
	watch_log("'%s': %s[%u] waits for %s[%u] (ring %u/%u)\n", weir_engine_name(engine),
		seat->node->name, seat->plan->index, engine->plan->pipeline->nodes[to->node].name,
		to->index, count, gate->ring->capacity);
	return 1;
}

/* A stage is not asked for its room from here; one that holds events may have none. */
static unsigned int
stage_gate_report(const struct weir_engine *engine, const struct seat *seat,
	const struct gate *gate)
{
	const struct weir_worker *stage = gate->stage;
	uint64_t held = stat_read(&stage->stats->held);

	if (stage == seat->worker && seat->node->source) {
		watch_log("'%s': %s[%u] may wait for mbufs of its pool (%u free)\n",
			weir_engine_name(engine), stage->name, stage->index,
			rte_mempool_avail_count(stage->pool));
		return 1;
	}
	if (held == 0)
		return 0;
	if (stage == seat->worker) {
		watch_log("'%s': %s[%u] has no room (holds %" PRIu64
			  "): where it writes or sends to takes no more\n",
			weir_engine_name(engine), stage->name, stage->index, held);
		return 1;
	}
	watch_log("'%s': %s[%u] waits for %s[%u] (holds %" PRIu64 ")\n", weir_engine_name(engine),
		seat->node->name, seat->plan->index, stage->name, stage->index, held);
	return 1;
}

/* Whom a worker waits for. */
static unsigned int
seat_report(const struct weir_engine *engine, const struct seat *seat, unsigned int most)
{
	unsigned int lines = 0;

	for (unsigned int i = 0; i < seat->gate_count && lines < most; i++) {
		const struct gate *gate = &seat->gates[i];

		lines += gate->ring != NULL ? ring_gate_report(engine, seat, gate) :
					      stage_gate_report(engine, seat, gate);
	}
	return lines;
}

/* Nobody waits for room: whose events lie there, each ring a line. */
static void
inputs_report(const struct weir_engine *engine)
{
	unsigned int lines = 0;

	for (unsigned int i = 0; i < engine->joint_count && lines < PAIRS_MAX; i++) {
		const struct joint *joint = &engine->joints[i];
		const struct seat *seat = &engine->seats[joint->pair->consumer];
		unsigned int count = ring_count(joint->ring);

		if (count == 0 || __atomic_load_n(&seat->done, __ATOMIC_ACQUIRE))
			continue;
		watch_log("'%s': %s[%u] does not take %u events that wait for it (lcore %u)\n",
			weir_engine_name(engine), seat->node->name, seat->plan->index, count,
			seat->plan->lcore);
		lines++;
	}
}

static void
engine_report(const struct weir_engine *engine)
{
	unsigned int lines = 0;

	watch_log("'%s': nothing has moved for %u ms though events wait\n",
		weir_engine_name(engine), BLOCKED_MS);
	for (unsigned int i = 0; i < engine->seat_count && lines < PAIRS_MAX; i++)
		lines += seat_report(engine, &engine->seats[i], PAIRS_MAX - lines);
	if (lines == 0)
		inputs_report(engine);
}

void
watch_blocked(struct weir_engine *engine, uint64_t now)
{
	struct watch *watch = engine->watch;
	uint64_t progress = watch_progress(engine);

	if (progress != watch->progress || watch->progress_at == 0 || !events_wait(engine)) {
		watch->progress = progress;
		watch->progress_at = now;
		watch->blocked = false;
		return;
	}
	if (watch->blocked ||
		now - watch->progress_at <
			BLOCKED_MS * (rte_get_tsc_hz() / MS_PER_S) + engine_longest_wait(engine))
		return;
	watch->blocked = true;
	if (watch_note(engine, WATCH_ALL_BLOCKED, now))
		engine_report(engine);
}
