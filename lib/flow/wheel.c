/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Ageing: the wheels, and what is taken from them as time goes on. */
#include "flow_private.h"

uint64_t
wheel_step(const struct weir_flow_table *table, const struct weir_flow *flow)
{
	uint64_t deadline = flow_deadline(table, flow), last = table->cursor + WHEEL_SLOTS - 1;
	uint64_t step = (deadline >> STEP_SHIFT) + 1;

	return RTE_MIN(RTE_MAX(step, table->cursor + 1), last);
}

/* What is hung up is ahead of another: what that says is a hint, and true while none of them moves. */
static inline void
wheel_follow(const struct weir_flow_table *table, struct flow_wheel *wheel, uint32_t index)
{
	uint32_t *latest = &wheel->latest[wheel->turn++ % VICTIMS_AHEAD];

	if (likely(*latest != FLOW_NONE))
		flow_at(table, *latest)->ahead = index;
	*latest = index;
}

void
wheel_arm(struct weir_flow_table *table, struct weir_flow *flow)
{
	struct flow_wheel *wheel = flow_wheel(table, flow->life);
	uint32_t index = flow_index(table, flow), slot, tail;

	flow->due = (uint32_t)wheel_step(table, flow);
	slot = flow->due & WHEEL_MASK;
	tail = wheel->tails[slot];
	flow->next = FLOW_NONE;
	flow->prev = tail;
	wheel->tails[slot] = index;
	wheel_follow(table, wheel, index);
	if (tail != FLOW_NONE) {
		flow_at(table, tail)->next = index;
		return;
	}
	wheel->heads[slot] = index;
	wheel->occupied[slot / 64] |= UINT64_C(1) << slot % 64;
	wheel->words |= UINT64_C(1) << slot / 64;
}

void
wheel_disarm(struct weir_flow_table *table, struct weir_flow *flow)
{
	struct flow_wheel *wheel = flow_wheel(table, flow->life);
	uint32_t slot = flow->due & WHEEL_MASK;

	if (flow->prev != FLOW_NONE)
		flow_at(table, flow->prev)->next = flow->next;
	else
		wheel->heads[slot] = flow->next;
	if (flow->next != FLOW_NONE)
		flow_at(table, flow->next)->prev = flow->prev;
	else
		wheel->tails[slot] = flow->prev;
	if (wheel->heads[slot] != FLOW_NONE)
		return;
	wheel->occupied[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	if (wheel->occupied[slot / 64] == 0)
		wheel->words &= ~(UINT64_C(1) << slot / 64);
}

uint32_t
wheel_next(const struct weir_flow_table *table, const struct flow_wheel *wheel, uint32_t steps)
{
	uint32_t slot = (uint32_t)(table->cursor + steps + 1) & WHEEL_MASK, word = slot / 64;
	uint64_t bits = wheel->occupied[word] & UINT64_MAX << slot % 64, words;

	if (bits == 0) {
		/* The words behind it come first, its own slots before that one last. */
		word = (word + 1) % 64;
		words = wheel->words >> word | wheel->words << (64 - word) % 64;
		if (words == 0)
			return WHEEL_SLOTS;
		word = (word + (uint32_t)__builtin_ctzll(words)) % 64;
		bits = wheel->occupied[word];
	}
	return steps + ((word * 64 + (uint32_t)__builtin_ctzll(bits) - slot) & WHEEL_MASK) + 1;
}

/* The next flow that hangs at a step up to this one; NULL: there is none, and that is the cursor now. */
static struct weir_flow *
wheel_due(struct weir_flow_table *table, uint64_t step)
{
	uint32_t steps[2] = { wheel_next(table, table->wheels[0], 0),
		wheel_next(table, table->wheels[1], 0) };
	const struct flow_wheel *wheel = table->wheels[steps[1] < steps[0]];
	uint32_t first = RTE_MIN(steps[0], steps[1]);

	if (first == WHEEL_SLOTS || table->cursor + first > step) {
		table->cursor = step;
		return NULL;
	}
	table->cursor += first - 1;
	return flow_at(table, wheel->heads[(table->cursor + 1) & WHEEL_MASK]);
}

/* Where time has gone on by turns of the wheel, all that hangs there is due: leave turns out. */
static void
wheel_skip(struct weir_flow_table *table, uint64_t step)
{
	uint64_t turns = (step - table->cursor) / WHEEL_SLOTS;

	if (turns > 1)
		table->cursor += (turns - 1) * WHEEL_SLOTS;
}

static void
late(struct weir_flow_table *table, uint64_t ns)
{
	if (ns > table->stats.late_ns)
		stat_add(&table->stats.late_ns, ns - table->stats.late_ns);
}

unsigned int
weir_flow_expire(struct weir_flow_table *table, uint64_t now, unsigned int most)
{
	unsigned int touched = 0;
	struct weir_flow *flow;
	uint64_t deadline, step;

	table->now = RTE_MAX(table->now, now);
	step = table->now >> STEP_SHIFT;
	if (step <= table->cursor)
		return 0;
	wheel_skip(table, step);
	for (; touched < most && (flow = wheel_due(table, step)) != NULL; touched++) {
		if (flow->next != FLOW_NONE)
			rte_prefetch0(flow_at(table, flow->next));
		/* A time that was taken back. What lies beyond may yet come to be believed. */
		if (unlikely(flow->last > table->now && flow->last <= table->disbelieved))
			flow->last = table->now;
		deadline = flow_deadline(table, flow);
		if (table->now > deadline) {
			late(table, table->now - deadline);
			flow_end(table, flow, table->ends[flow->life]);
			continue;
		}
		wheel_disarm(table, flow);
		wheel_arm(table, flow);
	}
	stat_add(&table->stats.touched, touched);
	return touched;
}

/* What hangs at steps of another time is found within a turn of the wheel, and hung up anew. */
void
weir_flow_rewind(struct weir_flow_table *table, uint64_t now)
{
	table->disbelieved = RTE_MAX(table->disbelieved, table->now);
	table->now = now;
	table->cursor = now >> STEP_SHIFT;
}

bool
weir_flow_overdue(const struct weir_flow_table *table, const struct weir_flow *flow, uint64_t now)
{
	return now > flow_deadline(table, flow);
}

void
weir_flow_set_life(struct weir_flow_table *table, struct weir_flow *flow, uint8_t life)
{
	bool moves = flow_wheel(table, flow->life) != flow_wheel(table, life);
	uint8_t before = flow->life;

	flow->life = life;
	if (!moves && (int32_t)((uint32_t)wheel_step(table, flow) - flow->due) >= 0)
		return;
	flow->life = before;
	wheel_disarm(table, flow);
	flow->life = life;
	wheel_arm(table, flow);
}
