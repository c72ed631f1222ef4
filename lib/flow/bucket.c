/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Where records lie in buckets. One whose two buckets are full has another of those 16 move to its own
 * second place: half of all places are free, so one move is enough but for hashes that meet.
 */
#include "flow_private.h"

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
	struct flow_bucket *first = &table->buckets[place.first], *other;
	int slot = slot_of(first, place.tag, index);

	if (likely(slot >= 0)) {
		first->tags[slot] = 0;
		return;
	}
	other = &table->buckets[flow_other(table, place.first, place.tag)];
	slot = slot_of(other, place.tag, index);
	other->tags[slot] = 0;
	first->spilled--;
}

static bool
put_in(struct weir_flow_table *table, uint32_t bucket, uint16_t tag, uint32_t index)
{
	struct flow_bucket *to = &table->buckets[bucket];
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
	struct flow_bucket *from = &table->buckets[bucket];

	for (unsigned int slot = 0; slot < BUCKET_SLOTS; slot++) {
		uint16_t tag = from->tags[slot];
		uint32_t other = flow_other(table, bucket, tag), index = from->index[slot];

		if (other == bucket || !put_in(table, other, tag, index))
			continue;
		from->tags[slot] = 0;
		if (flow_place(table, flow_at(table, index)->hash).first == bucket)
			from->spilled++;
		else
			table->buckets[other].spilled--;
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
	if (bucket_match(&table->buckets[buckets[1]], 0) == 0 && !make_room(table, buckets[0]) &&
		!make_room(table, buckets[1]) &&
		(table->on_full != WEIR_FLOW_EVICT || !flow_evict_of(table, buckets)))
		return false;
	if (put_in(table, buckets[0], place->tag, index))
		return true;
	table->buckets[buckets[0]].spilled += buckets[0] != buckets[1];
	return put_in(table, buckets[1], place->tag, index);
}
