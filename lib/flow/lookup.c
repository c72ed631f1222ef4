/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Looking up a burst, in steps that each fetch what the next one reads some packets later: buckets, records,
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
 * Whether a packet goes against a flow's key, if it is of that flow: by the first port it can be but one, unless
 * both ports are alike. No branch hangs on it, which none could foretell.
 */
static inline bool
flow_turned(const struct weir_flow *flow, const struct weir_key *key)
{
	return flow->key.sport != key->sport;
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
	unsigned int turn = flow_turned(flow, key) ? KEY_ENDS_AT : 0;

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
		index = flow_evict(table);
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
seek_bucket(const struct weir_flow_table *table, const struct weir_flow_burst *burst,
	struct seeks *seeks, unsigned int i)
{
	struct flow_place place = flow_place(table, flow_hash(burst->hashes[i], burst->extras[i]));

	seeks->firsts[i] = bucket_at(table, place.first);
	seeks->marks[i] = place.mark;
	rte_prefetch0(seeks->firsts[i]);
}

/* In the place of a flow that may be meant, where there is none: like no key. */
static struct weir_flow nobody = { .key.zero = UINT16_MAX };

/* Behind what was not found in its first bucket. */
static __rte_noinline void
seek_further(const struct weir_flow_table *table, const struct seeks *seeks, unsigned int i)
{
	struct flow_place place = seek_place(table, seeks, i);

	if (table->free_count > 0)
		rte_prefetch0(bucket_at(table, group_of(table, place.first)));
	if (seeks->firsts[i]->spilled != 0)
		rte_prefetch0(bucket_at(table, flow_other(table, place.first, flow_tag(&place))));
}

/* The first flow that may be meant in a packet's first bucket. */
static inline void
seek_record(const struct weir_flow_table *table, struct weir_flow_burst *burst,
	const struct seeks *seeks, unsigned int i)
{
	struct weir_flow *flow = &nobody;
	uint32_t index;

	if (likely(bucket_first(seeks->firsts[i], seeks->marks[i], &index))) {
		flow = flow_at(table, index);
		rte_prefetch0(flow);
	} else {
		seek_further(table, seeks, i);
	}
	burst->flows[i] = flow;
}

static inline void
record_fetch(const struct weir_flow_table *table, uint32_t index)
{
	rte_prefetch0(flow_at(table, index));
	rte_prefetch0((const uint8_t *)flow_at(table, index) + RTE_CACHE_LINE_SIZE);
}

/* The record that a new flow would take. */
static void
room_fetch(const struct weir_flow_table *table, uint32_t bucket)
{
	uint32_t head = group_of(table, bucket), free = bucket_at(table, head)->free;

	if (free != 0)
		record_fetch(table, group_record(table, head, (uint32_t)__builtin_ctz(free)));
}

/* Of a packet that is not of the flow that may be meant: where its own may lie, or would if it is new. */
static __rte_noinline void
seek_rest(const struct weir_flow_table *table, const struct seeks *seeks, unsigned int i)
{
	struct flow_place place = seek_place(table, seeks, i);
	uint32_t index;

	if (table->free_count > 0)
		room_fetch(table, place.first);
	if (seeks->firsts[i]->spilled != 0 &&
		bucket_first(bucket_at(table, flow_other(table, place.first, flow_tag(&place))),
			place.mark, &index))
		record_fetch(table, index);
}

/* What is known of the packets of a burst, bit i for packet i. */
struct sought {
	uint64_t left; /* not of the flow that may be meant */
	uint64_t reversed;
};

/* Whether a packet is of the flow that may be meant: what its user writes then lies in the lines behind. */
static inline void
seek_key(const struct weir_flow_table *table, struct weir_flow_burst *burst,
	const struct seeks *seeks, struct sought *sought, unsigned int lines, unsigned int i)
{
	const struct weir_flow *flow = burst->flows[i];
	const struct weir_key *key = burst->keys[i];
	uint64_t turned = flow_turned(flow, key);

	for (unsigned int line = 1; line < lines; line++)
		rte_prefetch0((const uint8_t *)flow + line * RTE_CACHE_LINE_SIZE);
	sought->reversed |= turned << i;
	if (likely(same_turned(flow, key, burst->extras[i], (unsigned int)turned * KEY_ENDS_AT)))
		return;
	if (key->sport == key->dport && same_reversed(flow, key, burst->extras[i])) {
		sought->reversed |= UINT64_C(1) << i;
		return;
	}
	sought->left |= UINT64_C(1) << i;
	burst->flows[i] = NULL;
	seek_rest(table, seeks, i);
}

/*
 * A packet's key is compared half a burst behind the fetching of its record: what is fetched at once is no more
 * than a core can wait for, and it computes meanwhile.
 */
static __rte_always_inline struct sought
seek(const struct weir_flow_table *table, struct weir_flow_burst *burst, struct seeks *seeks,
	const unsigned int lines)
{
	unsigned int n = burst->n, ahead = n / 2;
	struct sought sought = { 0, 0 };

	for (unsigned int i = 0; i < n; i++)
		seek_bucket(table, burst, seeks, i);
	for (unsigned int i = 0; i < ahead; i++)
		seek_record(table, burst, seeks, i);
	for (unsigned int i = ahead; i < n; i++) {
		seek_record(table, burst, seeks, i);
		seek_key(table, burst, seeks, &sought, lines, i - ahead);
	}
	for (unsigned int i = n - ahead; i < n; i++)
		seek_key(table, burst, seeks, &sought, lines, i);
	return sought;
}

void
weir_flow_lookup(struct weir_flow_table *table, struct weir_flow_burst *burst)
{
	struct sought sought;
	struct seeks seeks;
	uint64_t left;

	if (table->record_lines == 2)
		sought = seek(table, burst, &seeks, 2);
	else
		sought = seek(table, burst, &seeks, 3);
	left = sought.left;
	burst->created = 0;
	burst->reversed = sought.reversed & ~left;
	if (likely(left == 0))
		return;
	table->stamp++;
	table->at_hand = burst;
	if (table->free_count == table->capacity)
		table->cursor = (table->now != 0 ? table->now : burst->now) >> STEP_SHIFT;
	for (; left != 0; left &= left - 1)
		seek_on(table, burst, &seeks, (unsigned int)__builtin_ctzll(left));
	table->at_hand = NULL;
	stat_add(&table->stats.created, (uint64_t)__builtin_popcountll(burst->created));
}
