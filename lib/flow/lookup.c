/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Looking up a burst, in steps that each fetch for all packets what the next one reads: buckets, records,
 * keys. What is not found is put in behind that, packet by packet.
 */
#include "flow_private.h"

/* Where a key has the parts that are compared: by 16 bytes, its two ends, then ports and what is alike. */
#define KEY_ENDS_AT 16
#define KEY_TAIL_AT 32

static_assert(offsetof(struct weir_key, dst) == KEY_ENDS_AT &&
		offsetof(struct weir_key, sport) == KEY_TAIL_AT &&
		sizeof(struct weir_key) == KEY_TAIL_AT + sizeof(uint64_t) &&
		offsetof(struct weir_flow, extra) == sizeof(struct weir_key),
	"a key and what else tells a flow apart are compared as three times 16 bytes");

enum direction { DIRECTION_KEY = 0, DIRECTION_REVERSED = KEY_ENDS_AT, DIRECTION_NONE = 1 };

/* Whether a packet is of a flow, if its ends are exchanged (turn 16) or not (0). */
#ifdef __SSE4_1__
static inline bool
same_turned(const struct weir_flow *flow, const struct weir_key *key, uint64_t extra,
	unsigned int turn)
{
	/* Ports stay, or are exchanged. */
	static const uint8_t orders[32] __rte_aligned(16) = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
		12, 13, 14, 15, 2, 3, 0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	const uint8_t *own = (const uint8_t *)&flow->key, *its = (const uint8_t *)key;
	__m128i tail = _mm_insert_epi64(_mm_loadl_epi64((const __m128i *)(its + KEY_TAIL_AT)),
		(long long)extra, 1);
	__m128i differ;

	tail = _mm_shuffle_epi8(tail, _mm_load_si128((const __m128i *)(orders + turn)));
	differ = _mm_xor_si128(tail, _mm_load_si128((const __m128i *)(own + KEY_TAIL_AT)));
	differ = _mm_or_si128(differ,
		_mm_xor_si128(_mm_loadu_si128((const __m128i *)(its + turn)),
			_mm_load_si128((const __m128i *)own)));
	differ = _mm_or_si128(differ,
		_mm_xor_si128(_mm_loadu_si128((const __m128i *)(its + (turn ^ KEY_ENDS_AT))),
			_mm_load_si128((const __m128i *)(own + KEY_ENDS_AT))));
	return _mm_testz_si128(differ, differ);
}
#else
static inline bool
same_turned(const struct weir_flow *flow, const struct weir_key *key, uint64_t extra,
	unsigned int turn)
{
	const uint8_t *own = (const uint8_t *)&flow->key, *its = (const uint8_t *)key;
	uint32_t ports;

	memcpy(&ports, its + KEY_TAIL_AT, sizeof(ports));
	ports = ports << turn | ports >> (32 - turn) % 32;
	return flow->extra == extra && memcmp(own + KEY_TAIL_AT, &ports, sizeof(ports)) == 0 &&
		memcmp(own + KEY_TAIL_AT + 4, its + KEY_TAIL_AT + 4, 4) == 0 &&
		memcmp(own, its + turn, KEY_ENDS_AT) == 0 &&
		memcmp(own + KEY_ENDS_AT, its + (turn ^ KEY_ENDS_AT), KEY_ENDS_AT) == 0;
}
#endif

/*
 * The direction in which a packet is of a flow, if it is: by the first port it can be but one, unless both
 * ports are alike. No branch hangs on it, which none could foretell.
 */
static inline unsigned int
flow_turn(const struct weir_flow *flow, const struct weir_key *key)
{
	return flow->key.sport != key->sport ? KEY_ENDS_AT : 0;
}

/* Both ports are alike: it may still be the other one. */
static __rte_noinline bool
same_reversed(const struct weir_flow *flow, const struct weir_key *key, uint64_t extra)
{
	return same_turned(flow, key, extra, KEY_ENDS_AT);
}

/* Whether a packet is of a flow, and in which direction. */
static inline enum direction
flow_is(const struct weir_flow *flow, const struct weir_key *key, uint64_t extra)
{
	unsigned int turn = flow_turn(flow, key);

	if (same_turned(flow, key, extra, turn))
		return (enum direction)turn;
	return key->sport == key->dport && same_reversed(flow, key, extra) ? DIRECTION_REVERSED :
									     DIRECTION_NONE;
}

/* What is known of a burst on the way: the first bucket of each packet, and its mark. */
struct seeks {
	const struct flow_bucket *firsts[WEIR_FLOW_BURST];
	uint32_t marks[WEIR_FLOW_BURST];
};

static inline struct flow_place
seek_place(const struct weir_flow_table *table, const struct seeks *seeks, unsigned int i)
{
	size_t bytes = (size_t)((const uint8_t *)seeks->firsts[i] - table->groups);

	return (struct flow_place){ .first = (uint32_t)(bytes / RTE_CACHE_LINE_SIZE),
		.mark = seeks->marks[i] };
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
find(const struct weir_flow_table *table, const struct flow_place *place,
	const struct weir_key *key, uint64_t extra, struct weir_flow **flow)
{
	const struct flow_bucket *bucket = bucket_at(table, place->first);
	enum direction direction = find_in(table, bucket, flow_tag(place), key, extra, flow);

	if (direction != DIRECTION_NONE || bucket->spilled == 0)
		return direction;
	bucket = bucket_at(table, flow_other(table, place->first, flow_tag(place)));
	return find_in(table, bucket, flow_tag(place), key, extra, flow);
}

void
flow_hold(struct weir_flow_table *table)
{
	const struct weir_flow_burst *burst = table->at_hand;

	for (unsigned int i = 0; burst != NULL && i < burst->n; i++)
		if (burst->flows[i] != NULL)
			burst->flows[i]->stamp = table->stamp;
	table->at_hand = NULL;
}

/* A record ends behind what is rounded up. */
static inline void
user_clear(const struct weir_flow_table *table, struct weir_flow *flow)
{
	uint8_t *user = weir_flow_user(flow);

	for (uint32_t at = 0; at < table->user_size; at += 16)
		memset(user + at, 0, 16);
}

static struct weir_flow *
insert(struct weir_flow_table *table, const struct flow_place *place,
	const struct weir_flow_burst *burst, unsigned int i)
{
	struct weir_flow *flow;
	uint32_t index;

	if (table->free_count > 0) {
		index = record_take(table, place->first);
	} else {
		flow_hold(table);
		if (table->on_full != WEIR_FLOW_EVICT)
			return NULL;
		index = flow_evict(table, place->first);
		if (unlikely(index == FLOW_NONE))
			return NULL;
	}
	if (!bucket_put(table, place, index)) {
		record_give(table, index);
		return NULL;
	}
	flow = flow_at(table, index);
	flow->key = *burst->keys[i];
	flow->extra = burst->extras[i];
	flow->last = burst->now;
	flow->hash = flow_hash(burst->hashes[i], burst->extras[i]);
	flow->life = burst->lives[i];
	user_clear(table, flow);
	wheel_arm(table, flow);
	return flow;
}

/* A packet that was not found at once: in its second bucket, of a flow of this burst, or new. */
static __rte_noinline void
seek_on(struct weir_flow_table *table, struct weir_flow_burst *burst, const struct seeks *seeks,
	unsigned int i)
{
	struct flow_place place = seek_place(table, seeks, i);
	struct weir_flow *flow;
	enum direction direction = find(table, &place, burst->keys[i], burst->extras[i], &flow);

	if (direction == DIRECTION_NONE) {
		flow = insert(table, &place, burst, i);
		if (flow == NULL) {
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
	struct seeks *seeks)
{
	for (unsigned int i = 0; i < burst->n; i++) {
		struct flow_place place =
			flow_place(table, flow_hash(burst->hashes[i], burst->extras[i]));

		seeks->firsts[i] = bucket_at(table, place.first);
		seeks->marks[i] = place.mark;
		rte_prefetch0(seeks->firsts[i]);
	}
}

/* In the place of a flow that may be meant, where there is none: like no key. */
static struct weir_flow nobody = { .key.zero = UINT16_MAX };

/* Behind what was not found in its first bucket. */
static __rte_noinline void
seek_further(const struct weir_flow_table *table, const struct seeks *seeks, unsigned int i)
{
	struct flow_place place = seek_place(table, seeks, i);

	rte_prefetch0(bucket_at(table, group_of(table, place.first)));
	if (seeks->firsts[i]->spilled != 0)
		rte_prefetch0(bucket_at(table, flow_other(table, place.first, flow_tag(&place))));
}

/* The first flow that may be meant in a packet's first bucket. */
static inline void
seek_records(const struct weir_flow_table *table, struct weir_flow_burst *burst,
	const struct seeks *seeks)
{
	for (unsigned int i = 0; i < burst->n; i++) {
		struct weir_flow *flow = &nobody;
		uint32_t index;

		if (likely(bucket_first(seeks->firsts[i], seeks->marks[i], &index))) {
			flow = flow_at(table, index);
			rte_prefetch0(flow);
			rte_prefetch0((uint8_t *)flow + RTE_CACHE_LINE_SIZE);
		} else {
			seek_further(table, seeks, i);
		}
		burst->flows[i] = flow;
	}
}

/* Which packets are of the flow that may be meant: the others are left, bit i for packet i. */
static inline uint64_t
seek_keys(struct weir_flow_burst *burst)
{
	uint64_t left = 0, reversed = 0;

	for (unsigned int i = 0; i < burst->n; i++) {
		const struct weir_flow *flow = burst->flows[i];
		const struct weir_key *key = burst->keys[i];
		unsigned int turn = flow_turn(flow, key);

		/* Its bit goes up by the lower end, and comes down to that of packet i. */
		reversed |= turn / KEY_ENDS_AT;
		reversed = reversed >> 1 | reversed << 63;
		if (likely(same_turned(flow, key, burst->extras[i], turn)))
			continue;
		if (key->sport == key->dport && same_reversed(flow, key, burst->extras[i])) {
			reversed |= UINT64_C(1) << 63;
			continue;
		}
		left |= UINT64_C(1) << i;
		burst->flows[i] = NULL;
	}
	burst->reversed = burst->n > 0 ? reversed >> (64 - burst->n) & ~left : 0;
	return left;
}

/* Where a new flow would lie. */
static void
seek_rooms(const struct weir_flow_table *table, const struct seeks *seeks, uint64_t left)
{
	for (; left != 0; left &= left - 1) {
		struct flow_place place =
			seek_place(table, seeks, (unsigned int)__builtin_ctzll(left));
		uint32_t head = group_of(table, place.first);
		uint32_t free = bucket_at(table, head)->free;
		const uint8_t *record;

		if (free == 0)
			continue;
		record = (const uint8_t *)flow_at(table,
			group_record(table, head, (uint32_t)__builtin_ctz(free)));
		rte_prefetch0(record);
		rte_prefetch0(record + RTE_CACHE_LINE_SIZE);
	}
}

void
weir_flow_lookup(struct weir_flow_table *table, struct weir_flow_burst *burst)
{
	struct seeks seeks;
	uint64_t left;

	burst->created = 0;
	seek_buckets(table, burst, &seeks);
	seek_records(table, burst, &seeks);
	left = seek_keys(burst);
	if (likely(left == 0))
		return;
	table->stamp++;
	table->at_hand = burst;
	if (table->free_count == table->capacity)
		table->cursor = (table->now != 0 ? table->now : burst->now) >> STEP_SHIFT;
	seek_rooms(table, &seeks, left);
	for (; left != 0; left &= left - 1)
		seek_on(table, burst, &seeks, (unsigned int)__builtin_ctzll(left));
	table->at_hand = NULL;
	stat_add(&table->stats.created, (uint64_t)__builtin_popcountll(burst->created));
}
