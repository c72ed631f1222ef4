/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The two ends of the ring. `mark` tells the events apart and counts what is offered; `sink` works
 * for a fixed time on each event and counts what arrived. What they write into an event:
 *
 *   user[0]  TSC just before the push
 *   user[1]  slot of the flow << 32 | number within the flow, of the events counted
 *   user[2]  number of the burst << 16 | events of the top class in it << 8 | counted
 */
#include <rte_cycles.h>

#include "overload.h"

#define TOP WEIR_PRIO_MAX
/* Share of the flows that are of the top class, of 2^32: 10 %. */
#define TOP_BELOW 429496730u
/* Places of flows among the classes: not those of drop-flow. */
#define CLASS_SEED 0x5eedu

/* Who takes that much longer than it should was not on its CPU. */
#define OFF_CPU_NS 1000
/* Between two bursts, where the engine may have had some hundred events to free, */
#define BREAK_NS 5000
/* and where nothing was waiting: a default `idle` waits for 50 us at most. */
#define IDLE_NS 60000

struct run run;
static uint64_t off_cpu, long_break, long_idle;

static uint8_t
class_of(uint32_t hash)
{
	uint32_t place = weir_flow_place(hash, CLASS_SEED);

	return place < TOP_BELOW ? TOP : (uint8_t)(place % TOP);
}

static struct mark_flow *
flow_of(struct mark *mark, uint32_t hash)
{
	uint32_t i = hash % SLOTS;

	while (mark->flow[i].used && mark->flow[i].hash != hash)
		i = (i + 1) % SLOTS;
	if (!mark->flow[i].used) {
		if (++mark->flows > SLOTS / 2)
			die("mark", "more flows than it was made for");
		mark->flow[i] = (struct mark_flow){
			.hash = hash,
			.prio = class_of(hash),
			.used = true,
		};
	}
	return &mark->flow[i];
}

/* The level moves on this lcore, between bursts: what is read here is what the push goes by. */
static void
mark_level(struct mark *mark)
{
	struct weir_ring_figures ring = WEIR_RING_FIGURES_INIT;

	if (weir_ledger_ring(run.engine, run.ring, &ring) == 0 && ring.level > mark->level_max)
		mark->level_max = ring.level;
}

static void
mark_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	bool counted = __atomic_load_n(&run.phase, __ATOMIC_RELAXED) == PHASE_COUNT;
	struct mark *mark = &run.mark;
	uint64_t word, tsc;
	uint8_t top = 0;

	(void)state;
	if (counted && run.levels)
		mark_level(mark);
	for (uint16_t i = 0; i < n; i++) {
		struct mark_flow *flow = flow_of(mark, events[i]->hash);

		events[i]->prio = flow->prio;
		events[i]->user[1] = (uint64_t)(flow - mark->flow) << 32 | flow->offered;
		top += flow->prio == TOP;
		flow->offered += counted;
		mark->offered[flow->prio] += counted;
	}
	word = ++mark->burst << 16 | (uint64_t)top << 8 | counted;
	tsc = rte_rdtsc();
	for (uint16_t i = 0; i < n; i++) {
		events[i]->user[0] = tsc;
		events[i]->user[2] = word;
	}
	weir_forward(worker, 0, events, n);
	/* The engine's own stamps come after ours: a break between is not its events' waiting. */
	if (counted && rte_rdtsc() - tsc > off_cpu)
		mark->held_burst[mark->held++ % NOTED_MAX] = mark->burst;
}

static bool
is_counted(const struct weir_event *event)
{
	return (event->user[2] & 0xff) != 0;
}

static unsigned int
bucket_of(uint64_t cycles)
{
	unsigned int power;

	if (cycles < 32)
		return (unsigned int)cycles;
	power = 63 - (unsigned int)__builtin_clzll(cycles);
	return (power - 4) * 32 + (unsigned int)(cycles >> (power - 5)) % 32;
}

double
bucket_value(unsigned int bucket)
{
	unsigned int power = bucket / 32 + 4;

	if (bucket < 32)
		return bucket;
	return (double)(UINT64_C(32) + bucket % 32) * (double)(UINT64_C(1) << (power - 5)) +
		(double)(UINT64_C(1) << (power - 5)) / 2;
}

void
sink_close_burst(struct sink *sink)
{
	sink->unfair += sink->now.low > 0 && sink->now.top < sink->now.top_offered;
	sink->now = (struct sink_burst){ 0 };
}

static void
sink_burst(struct sink *sink, const struct weir_event *event)
{
	uint64_t number = event->user[2] >> 16;

	if (number != sink->now.number) {
		sink_close_burst(sink);
		sink->now.number = number;
		sink->now.top_offered = (uint8_t)(event->user[2] >> 8);
	}
	if (event->prio == TOP)
		sink->now.top++;
	else
		sink->now.low++;
}

static void
sink_flow(struct sink *sink, uint64_t word)
{
	struct sink_flow *flow = &sink->flow[word >> 32];
	uint32_t number = (uint32_t)word;

	flow->delivered++;
	sink->disorder += number < flow->next;
	flow->gaps += number > flow->next;
	flow->next = number + 1;
}

/* Longer than it may: `off` cycles of its burst's time were interruptions. */
static void
sink_late(struct sink *sink, const struct weir_event *event, uint64_t wait, uint64_t off)
{
	uint64_t by = wait - run.bound;

	sink->late++;
	sink->late_most = RTE_MAX(sink->late_most, by);
	if (by <= off)
		return;
	sink->overdue_burst[sink->overdue % NOTED_MAX] = event->user[2] >> 16;
	sink->overdue_by[sink->overdue++ % NOTED_MAX] = by - off;
}

static void
sink_take(struct sink *sink, const struct weir_event *event, uint64_t now, uint64_t off)
{
	uint64_t wait = now - event->user[0];

	if (!is_counted(event))
		return;
	sink->delivered[event->prio]++;
	sink->waits[bucket_of(wait)]++;
	sink_burst(sink, event);
	sink_flow(sink, event->user[1]);
	if (run.bound > 0 && wait > run.bound)
		sink_late(sink, event, wait, off);
}

static uint64_t
sink_interrupted(struct sink *sink, uint64_t cycles)
{
	if (!sink->counts)
		return cycles;
	sink->interruptions++;
	sink->interrupted += cycles;
	sink->interrupted_most = RTE_MAX(sink->interrupted_most, cycles);
	return cycles;
}

/* Cycles for which events waited before their burst began, and nobody worked on others. */
static uint64_t
sink_break(struct sink *sink, uint64_t stamp, uint64_t now)
{
	bool idle = stamp > sink->ended;
	uint64_t cycles = now - RTE_MAX(stamp, sink->ended);

	if (cycles <= (idle ? long_idle : long_break))
		return 0;
	return sink_interrupted(sink, cycles);
}

/*
 * An event's turn begins where that of the one before it has ended, so that no cycle of a burst is
 * overlooked: who is interrupted in its turn, exceeds it.
 */
static void
sink_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct sink *sink = &run.sink;
	uint64_t now = rte_rdtsc(), off, end;

	(void)state;
	sink->counts = is_counted(events[0]);
	off = sink_break(sink, events[0]->user[0], now);
	for (uint16_t i = 0; i < n; i++) {
		sink_take(sink, events[i], now, off);
		do
			end = rte_rdtsc();
		while (end - now < run.cost);
		if (end - now - run.cost > off_cpu)
			off += sink_interrupted(sink, end - now - run.cost);
		now = end;
	}
	__atomic_store_n(&sink->taken, sink->taken + n, __ATOMIC_RELAXED);
	sink->ended = now;
	weir_release(worker, events, n);
}

static const char *const no_outputs[] = { NULL };

static const struct weir_stage_ops stages[] = {
	{ WEIR_STAGE_OPS, .name = "mark",
		.help = "gives flows a priority and events a number, counts what is offered",
		.process = mark_process, .writes = 1 },
	{ WEIR_STAGE_OPS, .name = "sink",
		.help = "works for a fixed time on each event, counts what arrives",
		.process = sink_process, .outputs = no_outputs },
};

void
stages_register(void)
{
	off_cpu = rte_get_tsc_hz() * OFF_CPU_NS / 1000000000;
	long_break = rte_get_tsc_hz() * BREAK_NS / 1000000000;
	long_idle = rte_get_tsc_hz() * IDLE_NS / 1000000000;
	for (unsigned int i = 0; i < RTE_DIM(stages); i++)
		if (weir_stage_register(&stages[i]) != 0)
			die("stage", stages[i].name);
}
