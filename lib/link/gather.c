/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a pass takes out of the rings that end at a worker: one burst of all of them. Each input is
 * looked at in turn, so that what a full burst leaves comes first in the next.
 */
#include "link_private.h"

/* What is dropped at the ring counts as come in, but did not come to the stage. */
static void
input_shed(struct weir_worker *worker, struct ring_consumer *input)
{
	uint64_t in = worker->stats->in;

	if (input->excess != NULL)
		ring_consumer_shed(input, worker);
	worker->shed += worker->stats->in - in;
}

/* Let an input's policy look at what waits, and tell of what was lost there; how many that took. */
static __rte_noinline unsigned int
input_attend(struct weir_worker *worker, struct ring_consumer *input)
{
	unsigned int marked = 0;

	input_shed(worker, input);
	if (input->gap.count > 0 && ring_consumer_mark(input, worker))
		marked = 1;
	return marked;
}

/* The input that is looked at first in the next pass. */
static inline void
turn_set(struct weir_worker *worker, const struct ring_consumer *next)
{
	unsigned int turn = (unsigned int)(next - worker->inputs);

	worker->turn = (uint16_t)(turn == worker->input_count ? 0 : turn);
}

/* Events that are copied one by one. */
#define FEW 8

/* Else what `few` says may not be so any more. */
static __rte_noinline unsigned int
input_get_many(struct ring_consumer *input, struct weir_event *events[], unsigned int n,
	uint32_t seen)
{
	n = consumer_get_seen(input, events, n, seen);
	input->few = RTE_MIN(input->high_water, (uint32_t)FEW);
	return n;
}

/* What each of many inputs usually has: few, and all of them are taken. */
static inline unsigned int
input_get(struct ring_consumer *input, struct weir_event *events[], unsigned int n, uint32_t seen)
{
	uint64_t taken = input->taken;
	uint32_t waiting = seen - (uint32_t)taken, at = (uint32_t)taken & input->mask, i = 0;
	struct weir_event **slots = input->slots + at;

	if (unlikely(waiting > n || waiting > input->few || at + waiting - 1 > input->mask))
		return input_get_many(input, events, n, seen);
	NO_UNROLL
	do {
		slot_take(slots + i, events + i);
	} while (++i < waiting);
	input->seen = seen;
	consumer_took(input, taken + waiting);
	return waiting;
}

/*
 * Each input in turn, from worker->turn on to the end and from the first on to there, until the
 * burst is full. Whoever filled it comes first once more, unless all of it was its own.
 */
static unsigned int
inputs_gather(struct weir_worker *worker, struct weir_event *events[], unsigned int n)
{
	struct ring_consumer *turn = worker->inputs + worker->turn, *input = turn;
	struct ring_consumer *to = worker->inputs + worker->input_count;
	unsigned int left = n;

	for (;;) {
		for (; input != to; input++) {
			uint32_t seen = __atomic_load_n(&input->ring->prod.tail, __ATOMIC_ACQUIRE);
			unsigned int k;

			if (seen == ring_tail(input))
				continue;
			k = input_get(input, events, left, seen);
			events += k;
			left -= k;
			if (left == 0) {
				turn_set(worker, k == n ? input + 1 : input);
				return n;
			}
		}
		if (to == turn)
			break;
		input = worker->inputs;
		to = turn;
	}
	turn_set(worker, turn + 1);
	return n - left;
}

/* Of several inputs each is probed less often, all of them as often as one. */
static __rte_noinline unsigned int
gather_several(struct weir_worker *worker, struct weir_event *events[], unsigned int n)
{
	struct ring_consumer *probed = worker->inputs + worker->turn;
	uint64_t before = probed->taken;

	n = inputs_gather(worker, events, n);
	if (WEIR_SAMPLING)
		ring_consumer_probe(probed, events, (uint32_t)(probed->taken - before),
			worker->latency);
	return n;
}

/* As that, where some inputs are more than a ring to take from. */
static __rte_noinline unsigned int
gather_attended(struct weir_worker *worker, struct weir_event *events[], unsigned int n)
{
	unsigned int left = n, got = 0, k;

	for (uint16_t i = 0; i < worker->input_count && left > 0; i++) {
		struct ring_consumer *input = &worker->inputs[worker->turn];

		left -= input_attend(worker, input);
		if (left == 0)
			break;
		k = consumer_get(input, events + got, left);
		if (WEIR_SAMPLING && k > 0)
			ring_consumer_probe(input, events + got, k, worker->latency);
		got += k;
		left -= k;
		if (left > 0 || k == n)
			turn_set(worker, input + 1);
	}
	return got;
}

unsigned int
worker_gather(struct weir_worker *worker, struct weir_event *events[], unsigned int n)
{
	if (unlikely(worker->attends))
		return gather_attended(worker, events, n);
	if (worker->input_count > 1)
		return gather_several(worker, events, n);
	n = consumer_get(worker->inputs, events, n);
	if (WEIR_SAMPLING)
		ring_consumer_probe(worker->inputs, events, n, worker->latency);
	return n;
}

bool
worker_waits(struct weir_worker *worker)
{
	bool waits = false;

	for (uint16_t i = 0; i < worker->input_count && (worker->attends || !waits); i++) {
		/* Also where there is no room for what is left: what waits gets old. */
		if (unlikely(worker->attends))
			input_shed(worker, &worker->inputs[i]);
		waits |= consumer_waits(&worker->inputs[i]);
	}
	return waits;
}
