/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How flows end: asked for, or so that others find room. */
#include "flow_private.h"

/* End a flow: its record is nobody's then. */
static inline void
end(struct weir_flow_table *table, struct weir_flow *flow, uint32_t index,
	enum weir_flow_reason reason)
{
	if (table->on_end != NULL)
		table->on_end(table->arg, flow, reason);
	stat_add(&table->stats.ended[reason], 1);
	wheel_disarm(table, flow);
	bucket_take(table, flow->hash, index);
	flow->life = LIFE_FREE;
}

void
flow_end(struct weir_flow_table *table, struct weir_flow *flow, enum weir_flow_reason reason)
{
	uint32_t index = flow_index(table, flow);

	end(table, flow, index, reason);
	record_give(table, index);
}

void
weir_flow_end(struct weir_flow_table *table, struct weir_flow *flow, enum weir_flow_reason reason)
{
	flow_end(table, flow, reason);
}

void
weir_flow_renew(struct weir_flow_table *table, struct weir_flow *flow, enum weir_flow_reason reason,
	uint64_t now)
{
	if (table->on_end != NULL)
		table->on_end(table->arg, flow, reason);
	stat_add(&table->stats.ended[reason], 1);
	stat_add(&table->stats.created, 1);
	wheel_disarm(table, flow);
	flow->life = 0;
	flow->last = now;
	memset(weir_flow_user(flow), 0, table->user_size);
	wheel_arm(table, flow);
}

/* Whether the packets at hand need it. */
static bool
at_hand(const struct weir_flow_table *table, const struct weir_flow *flow)
{
	return flow->stamp == table->stamp;
}

/*
 * Of a step of a wheel, the first flow that has had no packet since it was hung up there. Those that have are
 * hung up anew: `tries` of them at most, and one less for each. Those at hand are left where they are.
 */
static struct weir_flow *
victim_at(struct weir_flow_table *table, const struct flow_wheel *wheel, uint32_t steps,
	unsigned int *tries)
{
	uint32_t index = wheel->heads[(table->cursor + steps) & WHEEL_MASK];

	while (index != FLOW_NONE && *tries > 0) {
		struct weir_flow *flow = flow_at(table, index);
		bool stays = (uint32_t)wheel_step(table, flow) == flow->due;

		index = flow->next;
		if (index != FLOW_NONE)
			rte_prefetch0(flow_at(table, index));
		if (likely(stays && !at_hand(table, flow)))
			return flow;
		if (stays)
			continue;
		wheel_disarm(table, flow);
		wheel_arm(table, flow);
		--*tries;
	}
	return NULL;
}

/* Of a wheel, what would end soonest, and is not at hand. */
static struct weir_flow *
victim_of(struct weir_flow_table *table, const struct flow_wheel *wheel)
{
	unsigned int tries = VICTIMS_TRIED;
	struct weir_flow *flow = NULL;
	uint32_t steps = 0;

	while (flow == NULL && tries > 0 && wheel->words != 0) {
		steps = wheel_next(table, wheel, steps);
		if (steps >= WHEEL_SLOTS)
			return NULL;
		flow = victim_at(table, wheel, steps, &tries);
	}
	return flow;
}

/*
 * What ends with those that are evicted behind this one: their records, and of others, whose records were
 * fetched before, their buckets.
 */
static void
victims_fetch(struct weir_flow_table *table, const struct weir_flow *flow)
{
	uint32_t *soon = &table->victims[table->victim++ % RTE_DIM(table->victims)];
	const uint8_t *ahead = (const uint8_t *)flow_at(table, flow->ahead);

	rte_prefetch0(ahead);
	rte_prefetch0(ahead + RTE_CACHE_LINE_SIZE);
	rte_prefetch0(bucket_at(table, flow_place(table, flow_at(table, *soon)->hash).first));
	*soon = flow->ahead;
}

uint32_t
flow_evict(struct weir_flow_table *table)
{
	struct weir_flow *flow = victim_of(table, table->wheels[1]);
	uint32_t index;

	if (flow == NULL)
		flow = victim_of(table, table->wheels[0]);
	if (flow == NULL)
		return FLOW_NONE;
	index = flow_index(table, flow);
	victims_fetch(table, flow);
	end(table, flow, index, WEIR_FLOW_EVICTED);
	return index;
}

/* Whether a flow matters less than another: NULL matters most. */
static bool
matters_less(const struct weir_flow_table *table, const struct weir_flow *flow,
	const struct weir_flow *other)
{
	bool embryonic = table->embryonic >> flow->life & 1;

	if (other == NULL)
		return true;
	if (embryonic != (table->embryonic >> other->life & 1))
		return embryonic;
	return flow_deadline(table, flow) < flow_deadline(table, other);
}

bool
flow_evict_of(struct weir_flow_table *table, const uint32_t buckets[2])
{
	struct weir_flow *victim = NULL;

	for (unsigned int i = 0; i < 2 * BUCKET_SLOTS; i++) {
		const struct flow_bucket *bucket = bucket_at(table, buckets[i / BUCKET_SLOTS]);
		struct weir_flow *flow = flow_at(table, bucket->index[i % BUCKET_SLOTS]);

		if (!at_hand(table, flow) && matters_less(table, flow, victim))
			victim = flow;
	}
	if (victim != NULL)
		flow_end(table, victim, WEIR_FLOW_EVICTED);
	return victim != NULL;
}

unsigned int
weir_flow_drain(struct weir_flow_table *table, unsigned int most)
{
	uint32_t left = table->capacity - table->free_count;
	uint32_t all = table->group_count * GROUP_RECORDS(table->group_buckets);

	for (; left > 0 && most > 0; table->drained++) {
		struct weir_flow *flow = flow_at(table, record_line(table, table->drained % all));

		if (flow->life == LIFE_FREE)
			continue;
		flow_end(table, flow, WEIR_FLOW_DRAIN);
		left--;
		most--;
	}
	return left;
}
