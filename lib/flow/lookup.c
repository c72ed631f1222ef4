/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Looking up a burst, in steps that each fetch for all packets what the next one reads: buckets, records,
 * keys. What is not found is put in behind that, packet by packet.
 */
#include "flow_private.h"

/* The last 8 bytes of a key: ports, and what both directions have alike. */
#define KEY_TAIL_AT 32

static_assert(offsetof(struct weir_key, sport) == KEY_TAIL_AT && sizeof(struct weir_key) == 40,
	"a key is compared by words");

/* What is known of one packet on the way. */
struct seek {
	struct flow_place place;
	uint32_t hash;
	struct weir_flow *flow; /* the first that may be meant; NULL: none in its first bucket */
};

enum direction { DIRECTION_NONE, DIRECTION_KEY, DIRECTION_REVERSED };

/* The tail of a key with both ports exchanged. */
static inline uint64_t
tail_reversed(uint64_t tail)
{
	uint32_t ports;

	memcpy(&ports, &tail, sizeof(ports));
	ports = ports << 16 | ports >> 16;
	memcpy(&tail, &ports, sizeof(ports));
	return tail;
}

#ifdef __SSE2__
static inline bool
same16(__m128i a, __m128i b, __m128i c, __m128i d)
{
	__m128i same = _mm_and_si128(_mm_cmpeq_epi8(a, b), _mm_cmpeq_epi8(c, d));

	return _mm_movemask_epi8(same) == 0xffff;
}

static inline bool
same_ends(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d)
{
	return same16(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b),
		_mm_loadu_si128((const __m128i *)c), _mm_loadu_si128((const __m128i *)d));
}
#else
static inline bool
same_ends(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d)
{
	return memcmp(a, b, 16) == 0 && memcmp(c, d, 16) == 0;
}
#endif

/* Whether a packet is of a flow, and in which direction. */
static inline enum direction
flow_is(const struct weir_flow *flow, const struct weir_key *key, uint64_t extra)
{
	uint64_t tail, own;

	memcpy(&tail, &key->sport, sizeof(tail));
	memcpy(&own, &flow->key.sport, sizeof(own));
	if (flow->extra != extra)
		return DIRECTION_NONE;
	if (own == tail && same_ends(flow->key.src, key->src, flow->key.dst, key->dst))
		return DIRECTION_KEY;
	if (own == tail_reversed(tail) &&
		same_ends(flow->key.src, key->dst, flow->key.dst, key->src))
		return DIRECTION_REVERSED;
	return DIRECTION_NONE;
}

static inline enum direction
find_in(const struct weir_flow_table *table, const struct flow_bucket *bucket, uint16_t tag,
	const struct weir_key *key, uint64_t extra, struct weir_flow **flow)
{
	unsigned int match = bucket_match(bucket, tag);
	enum direction direction;

	for (; match != 0; match &= match - 1) {
		*flow = flow_at(table, bucket->index[__builtin_ctz(match)]);
		direction = flow_is(*flow, key, extra);
		if (direction != DIRECTION_NONE)
			return direction;
	}
	return DIRECTION_NONE;
}

/* All that a packet's flow may lie in. */
static enum direction
find(const struct weir_flow_table *table, const struct seek *seek, const struct weir_key *key,
	uint64_t extra, struct weir_flow **flow)
{
	const struct flow_bucket *bucket = &table->buckets[seek->place.first];
	enum direction direction = find_in(table, bucket, seek->place.tag, key, extra, flow);

	if (direction != DIRECTION_NONE || bucket->spilled == 0)
		return direction;
	bucket = &table->buckets[flow_other(table, seek->place.first, seek->place.tag)];
	return find_in(table, bucket, seek->place.tag, key, extra, flow);
}

static struct weir_flow *
insert(struct weir_flow_table *table, const struct seek *seek, const struct weir_flow_burst *burst,
	unsigned int i)
{
	struct weir_flow *flow;
	uint32_t index;

	if (table->free_count == 0 && (table->on_full != WEIR_FLOW_EVICT || !flow_evict(table)))
		return NULL;
	index = table->free[--table->free_count];
	if (!bucket_put(table, &seek->place, index)) {
		table->free[table->free_count++] = index;
		return NULL;
	}
	flow = flow_at(table, index);
	flow->key = *burst->keys[i];
	flow->extra = burst->extras[i];
	flow->last = burst->now;
	flow->hash = seek->hash;
	flow->life = burst->lives[i];
	memset(weir_flow_user(flow), 0, table->user_size);
	wheel_arm(table, flow);
	return flow;
}

/* A packet that was not found at once: in its second bucket, of a flow of this burst, or new. */
static __rte_noinline void
seek_on(struct weir_flow_table *table, const struct seek *seek, struct weir_flow_burst *burst,
	unsigned int i)
{
	struct weir_flow *flow;
	enum direction direction = find(table, seek, burst->keys[i], burst->extras[i], &flow);

	if (direction == DIRECTION_NONE) {
		flow = insert(table, seek, burst, i);
		if (flow == NULL) {
			burst->flows[i] = NULL;
			stat_add(&table->stats.refused, 1);
			return;
		}
		burst->created |= UINT64_C(1) << i;
	}
	flow->stamp = table->stamp;
	burst->flows[i] = flow;
	if (direction == DIRECTION_REVERSED)
		burst->reversed |= UINT64_C(1) << i;
}

static inline void
seek_buckets(const struct weir_flow_table *table, const struct weir_flow_burst *burst,
	struct seek seeks[])
{
	for (unsigned int i = 0; i < burst->n; i++) {
		seeks[i].hash = flow_hash(burst->hashes[i], burst->extras[i]);
		seeks[i].place = flow_place(table, seeks[i].hash);
		rte_prefetch0(&table->buckets[seeks[i].place.first]);
	}
}

static inline void
seek_records(const struct weir_flow_table *table, const struct weir_flow_burst *burst,
	struct seek seeks[])
{
	uint32_t fresh = table->free_count;

	for (unsigned int i = 0; i < burst->n; i++) {
		const struct flow_place *place = &seeks[i].place;
		const struct flow_bucket *bucket = &table->buckets[place->first];
		unsigned int match = bucket_match(bucket, place->tag);

		seeks[i].flow = NULL;
		if (likely(match != 0)) {
			seeks[i].flow = flow_at(table, bucket->index[__builtin_ctz(match)]);
			rte_prefetch0(seeks[i].flow);
			rte_prefetch0((uint8_t *)seeks[i].flow + RTE_CACHE_LINE_SIZE);
			continue;
		}
		if (bucket->spilled != 0)
			rte_prefetch0(&table->buckets[flow_other(table, place->first, place->tag)]);
		else if (fresh > 0)
			rte_prefetch0(flow_at(table, table->free[--fresh]));
	}
}

/* Which packets are of the flow that may be meant: the others are left, bit i for packet i. */
static inline uint64_t
seek_keys(struct weir_flow_table *table, struct weir_flow_burst *burst, const struct seek seeks[])
{
	uint64_t left = 0, reversed = 0;

	for (unsigned int i = 0; i < burst->n; i++) {
		struct weir_flow *flow = seeks[i].flow;
		enum direction direction = DIRECTION_NONE;

		if (likely(flow != NULL))
			direction = flow_is(flow, burst->keys[i], burst->extras[i]);
		if (unlikely(direction == DIRECTION_NONE)) {
			left |= UINT64_C(1) << i;
			continue;
		}
		flow->stamp = table->stamp;
		burst->flows[i] = flow;
		reversed |= (uint64_t)(direction == DIRECTION_REVERSED) << i;
	}
	burst->reversed = reversed;
	return left;
}

void
weir_flow_lookup(struct weir_flow_table *table, struct weir_flow_burst *burst)
{
	struct seek seeks[WEIR_FLOW_BURST];
	uint64_t left;

	table->stamp++;
	burst->created = 0;
	if (table->free_count == table->capacity)
		table->cursor = burst->now >> STEP_SHIFT;
	seek_buckets(table, burst, seeks);
	seek_records(table, burst, seeks);
	for (left = seek_keys(table, burst, seeks); left != 0; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(left);

		seek_on(table, &seeks[i], burst, i);
	}
	stat_add(&table->stats.created, (uint64_t)__builtin_popcountll(burst->created));
}
