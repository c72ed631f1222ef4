/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Where records lie in buckets. One whose two buckets are full has another of those 16 move to its own
 * second place: half of all places are free, so one move is enough but for hashes that meet.
 */
#include "flow_private.h"

static void
group_open(struct weir_flow_table *table, uint32_t group)
{
	table->open[group / 64] |= UINT64_C(1) << group % 64;
	table->open_words[group / 4096] |= UINT64_C(1) << group / 64 % 64;
}

static void
group_close(struct weir_flow_table *table, uint32_t group)
{
	table->open[group / 64] &= ~(UINT64_C(1) << group % 64);
	if (table->open[group / 64] == 0)
		table->open_words[group / 4096] &= ~(UINT64_C(1) << group / 64 % 64);
}

/* One that has a record: there is one, since there are more records than flows. */
static uint32_t
group_any(struct weir_flow_table *table)
{
	uint32_t words = BITS_WORDS(BITS_WORDS(table->group_count)), word;

	while (table->open_words[table->open_at] == 0)
		table->open_at = table->open_at + 1 < words ? table->open_at + 1 : 0;
	word = table->open_at * 64 + (uint32_t)__builtin_ctzll(table->open_words[table->open_at]);
	return word * 64 + (uint32_t)__builtin_ctzll(table->open[word]);
}

uint32_t
record_take(struct weir_flow_table *table, uint32_t bucket)
{
	uint32_t line = group_of(table, bucket), slot;
	struct flow_bucket *head = bucket_at(table, line);

	if (unlikely(head->free == 0)) {
		line = group_line(table, group_any(table), 0);
		head = bucket_at(table, line);
	}
	slot = (uint32_t)__builtin_ctz(head->free);
	head->free &= head->free - 1;
	if (head->free == 0)
		group_close(table, divide(line, table->group_inverse));
	table->free_count--;
	return group_record(table, line, slot);
}

void
record_give(struct weir_flow_table *table, uint32_t index)
{
	uint32_t group, line = line_in(table, index, &group);
	uint32_t slot = divide(line - table->records_at, table->record_inverse);
	struct flow_bucket *head = bucket_at(table, group_line(table, group, 0));

	if (head->free == 0)
		group_open(table, group);
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
	int slot = slot_of(first, flow_tag(&place), index);

	if (likely(slot >= 0)) {
		first->tags[slot] = 0;
		return;
	}
	other = bucket_at(table, flow_other(table, place.first, flow_tag(&place)));
	slot = slot_of(other, flow_tag(&place), index);
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

/* Its first bucket is full. */
static __rte_noinline bool
put_further(struct weir_flow_table *table, const struct flow_place *place, uint32_t index)
{
	uint32_t buckets[2] = { place->first, flow_other(table, place->first, flow_tag(place)) };

	if (bucket_match(bucket_at(table, buckets[1]), 0) == 0 && !make_room(table, buckets[0]) &&
		!make_room(table, buckets[1])) {
		flow_hold(table);
		if (table->on_full != WEIR_FLOW_EVICT || !flow_evict_of(table, buckets))
			return false;
	}
	if (put_in(table, buckets[0], flow_tag(place), index))
		return true;
	bucket_at(table, buckets[0])->spilled += buckets[0] != buckets[1];
	return put_in(table, buckets[1], flow_tag(place), index);
}

bool
bucket_put(struct weir_flow_table *table, const struct flow_place *place, uint32_t index)
{
	return likely(put_in(table, place->first, flow_tag(place), index)) ||
		put_further(table, place, index);
}
