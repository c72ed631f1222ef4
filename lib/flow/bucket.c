/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Where records lie in buckets. One whose two buckets are full has another of those 16 move to its own
 * second place: half of all places are free, so one move is enough but for hashes that meet.
 */
#include "flow_private.h"

/* Groups that have records are in a list, the latest that got one first. */
static void
group_open(struct weir_flow_table *table, uint32_t group)
{
	struct flow_bucket *head = bucket_at(table, group);

	head->prev = FLOW_NONE;
	head->next = table->open;
	if (table->open != FLOW_NONE)
		bucket_at(table, table->open)->prev = group;
	table->open = group;
}

static void
group_close(struct weir_flow_table *table, const struct flow_bucket *head)
{
	if (head->next != FLOW_NONE)
		bucket_at(table, head->next)->prev = head->prev;
	if (head->prev != FLOW_NONE)
		bucket_at(table, head->prev)->next = head->next;
	else
		table->open = head->next;
}

uint32_t
record_take(struct weir_flow_table *table, uint32_t bucket)
{
	struct flow_bucket *head = bucket_at(table, group_of(table, bucket));
	uint32_t slot;

	if (unlikely(head->free == 0)) {
		bucket = table->open;
		head = bucket_at(table, bucket);
	}
	slot = (uint32_t)__builtin_ctz(head->free);
	head->free &= head->free - 1;
	if (head->free == 0)
		group_close(table, head);
	table->free_count--;
	return group_line(table, bucket / table->group_lines,
		table->records_at + slot * table->record_lines);
}

void
record_give(struct weir_flow_table *table, uint32_t index)
{
	uint32_t group, line = line_in(table, index, &group);
	uint32_t slot = (line - table->records_at) / table->record_lines;
	struct flow_bucket *head = bucket_at(table, group_line(table, group, 0));

	if (head->free == 0)
		group_open(table, group_line(table, group, 0));
	head->free |= UINT32_C(1) << slot;
	table->free_count++;
}

static int
slot_of(const struct flow_bucket *bucket, uint16_t tag, uint32_t index)
{
	unsigned int match = bucket_match(bucket, tag);

	for (; match != 0; match &= match - 1)
		if (bucket->index[__builtin_ctz(match)] == index)
			return __builtin_ctz(match);
	return -1;
}

void
bucket_take(struct weir_flow_table *table, uint32_t hash, uint32_t index)
{
	struct flow_place place = flow_place(table, hash);
	struct flow_bucket *first = bucket_at(table, place.first), *other;
	int slot = slot_of(first, place.tag, index);

	if (likely(slot >= 0)) {
		first->tags[slot] = 0;
		return;
	}
	other = bucket_at(table, flow_other(table, place.first, place.tag));
	slot = slot_of(other, place.tag, index);
	other->tags[slot] = 0;
	first->spilled--;
}

static bool
put_in(struct weir_flow_table *table, uint32_t bucket, uint16_t tag, uint32_t index)
{
	struct flow_bucket *to = bucket_at(table, bucket);
	unsigned int free = bucket_match(to, 0), slot;

	if (free == 0)
		return false;
	slot = (unsigned int)__builtin_ctz(free);
	to->tags[slot] = tag;
	to->index[slot] = index;
	return true;
}

/* Have one that lies in a bucket move to where it may lie as well. */
static bool
make_room(struct weir_flow_table *table, uint32_t bucket)
{
	struct flow_bucket *from = bucket_at(table, bucket);

	for (unsigned int slot = 0; slot < BUCKET_SLOTS; slot++) {
		uint16_t tag = from->tags[slot];
		uint32_t other = flow_other(table, bucket, tag), index = from->index[slot];

		if (other == bucket || !put_in(table, other, tag, index))
			continue;
		from->tags[slot] = 0;
		if (flow_place(table, flow_at(table, index)->hash).first == bucket)
			from->spilled++;
		else
			bucket_at(table, other)->spilled--;
		return true;
	}
	return false;
}

bool
bucket_put(struct weir_flow_table *table, const struct flow_place *place, uint32_t index)
{
	uint32_t buckets[2] = { place->first, flow_other(table, place->first, place->tag) };

	if (likely(put_in(table, buckets[0], place->tag, index)))
		return true;
	if (bucket_match(bucket_at(table, buckets[1]), 0) == 0 && !make_room(table, buckets[0]) &&
		!make_room(table, buckets[1])) {
		flow_hold(table);
		if (table->on_full != WEIR_FLOW_EVICT || !flow_evict_of(table, buckets))
			return false;
	}
	if (put_in(table, buckets[0], place->tag, index))
		return true;
	bucket_at(table, buckets[0])->spilled += buckets[0] != buckets[1];
	return put_in(table, buckets[1], place->tag, index);
}
