/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A table: buckets of one cache line say by 16 bits of the hash which records may be meant; records have
 * the keys. A flow lies in the bucket that its hash says, or, where that was full, in one that follows from
 * the first and the tag. There are twice as many places in buckets as records, so few lie in their second one,
 * and a bucket knows whether any of its own do: most look-ups read one bucket and one line of a record,
 * whether the flow is there or not.
 *
 * Buckets and records lie in groups of a page of 4 KB where they fit, and a flow takes a record of its
 * bucket's group while that has one: what costs most in a large table is not lines but pages, each of which
 * has to be translated. That holds with hugepages, too, where a host gives a guest small ones. A flow for which
 * another one ends takes that one's record, which is at hand.
 *
 * Places of both are numbers of cache lines from the first group.
 *
 * Every flow hangs in one of two wheels, at the step by which it may have ended. What lives on is found
 * there later than armed, and is hung up anew: so a packet touches no wheel.
 */
#ifndef WEIR_FLOW_PRIVATE_H
#define WEIR_FLOW_PRIVATE_H

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#ifdef __SSE2__
#include <rte_vect.h>
#endif

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "event/event.h"
#include "stats/stats.h"

#include "flow.h"

#define BUCKET_SLOTS 8
/* Of a group: most buckets, a power of two, and records for so many. */
#define GROUP_BUCKETS_MAX 8u
#define GROUP_RECORDS(buckets) (((buckets)*7 + 1) / 2)
#define GROUP_BYTES 4096u
/* One record in so many is more than the table's flows: so that most groups have one left. */
#define RECORDS_SPARE 32
#define FLOW_NONE UINT32_MAX
/* The life of what is free. */
#define LIFE_FREE UINT8_MAX

#define STEP_SHIFT 28
#define WHEEL_SLOTS 4096u
#define WHEEL_MASK (WHEEL_SLOTS - 1)

static_assert(WHEEL_SLOTS == 64 * 64, "a bit of one word for each word of bits");
/* Records that are looked at for one that is to be evicted. */
#define VICTIMS_TRIED 16
/* So many ends ahead a flow that may be evicted is fetched, and half as many ahead its bucket. */
#define VICTIMS_AHEAD 16u

struct __rte_cache_aligned flow_bucket {
	uint16_t tags[BUCKET_SLOTS]; /* 0: free */
	uint32_t index[BUCKET_SLOTS];
	uint32_t spilled; /* flows whose first bucket this is, and that lie in their second one */
	/* Of the first bucket of a group: */
	uint32_t free; /* bit i: record i is */
};

static_assert(sizeof(struct flow_bucket) == RTE_CACHE_LINE_SIZE, "a bucket is a cache line");

/* Words for so many bits. */
#define BITS_WORDS(bits) (((bits) + 63) / 64)

/* Lists by the step at which a flow may have ended, in the order in which they were hung up. */
struct flow_wheel {
	uint64_t words; /* bit i: occupied[i] has any */
	uint64_t occupied[WHEEL_SLOTS / 64];
	uint32_t latest[VICTIMS_AHEAD]; /* that were hung up: from `turn` on, the oldest first */
	uint32_t turn;
	uint32_t heads[WHEEL_SLOTS];
	uint32_t tails[WHEEL_SLOTS];
};

struct weir_flow_table {
	uint8_t *groups;
	uint64_t *open;       /* bit i: group i has a record */
	uint64_t *open_words; /* bit i: open[i] has any */
	uint32_t group_count;
	uint32_t group_lines;
	uint32_t group_buckets;
	uint32_t group_turns; /* bits of a line that its group's number turns */
	uint32_t records_at;  /* line of a group */
	uint32_t record_lines;
	uint64_t group_inverse; /* 2^64 / group_lines */
	uint64_t record_inverse;
	uint32_t capacity;
	uint32_t user_size;
	struct flow_wheel *wheels[2]; /* of lives that are not embryonic, and that are */
	uint64_t idle[WEIR_FLOW_LIVES];
	uint8_t ends[WEIR_FLOW_LIVES];
	uint16_t embryonic;
	uint8_t on_full;
	void (*on_end)(void *arg, struct weir_flow *flow, enum weir_flow_reason reason);
	void *arg;

	uint32_t free_count __rte_cache_aligned; /* flows that there is room for */
	uint32_t open_at;                        /* word of open_words that had any */
	uint32_t drained;                        /* records that weir_flow_drain() has looked at */
	uint64_t cursor;                         /* the last step of which nothing is left */
	uint64_t now;                            /* ns, the latest that was told */
	uint64_t disbelieved; /* ns, the latest that was and is not so any more; 0: none */
	uint32_t victims[VICTIMS_AHEAD / 2]; /* flows whose buckets are to be fetched */
	uint32_t victim;
	uint16_t stamp;                        /* of the burst at hand */
	const struct weir_flow_burst *at_hand; /* whose flows are not stamped yet; NULL: none */
	struct weir_flow_stats stats;
};

static inline struct weir_flow *
flow_at(const struct weir_flow_table *table, uint32_t index)
{
	return (struct weir_flow *)(table->groups + (size_t)index * RTE_CACHE_LINE_SIZE);
}

static inline uint32_t
flow_index(const struct weir_flow_table *table, const struct weir_flow *flow)
{
	return (uint32_t)((size_t)((const uint8_t *)flow - table->groups) / RTE_CACHE_LINE_SIZE);
}

static inline struct flow_bucket *
bucket_at(const struct weir_flow_table *table, uint32_t bucket)
{
	return (struct flow_bucket *)(table->groups + (size_t)bucket * RTE_CACHE_LINE_SIZE);
}

/* A line of a group. In pages these are exchanged by eights, lest the buckets of all lie in few cache sets. */
static inline uint32_t
group_line(const struct weir_flow_table *table, uint32_t group, uint32_t line)
{
	return group * table->group_lines + (line ^ (group * 8 & table->group_turns));
}

/* n / d, of d's inverse, which is 2^64 / d rounded up: exact for all of 32 bits but 1. */
static inline uint32_t
divide(uint32_t n, uint64_t inverse)
{
	__extension__ typedef unsigned __int128 wide;

	return (uint32_t)(((wide)n * inverse) >> 64);
}

/* Which of its group a line is: the other way round. */
static inline uint32_t
line_in(const struct weir_flow_table *table, uint32_t line, uint32_t *group)
{
	*group = divide(line, table->group_inverse);
	return (line - *group * table->group_lines) ^ (*group * 8 & table->group_turns);
}

/* The first bucket of the group that a bucket is of. In pages that are exchanged, there are most of them. */
static inline uint32_t
group_of(const struct weir_flow_table *table, uint32_t bucket)
{
	if (likely(table->group_turns != 0))
		return bucket & ~(GROUP_BUCKETS_MAX - 1);
	return divide(bucket, table->group_inverse) * table->group_lines;
}

/* Record i of a group, by its first bucket: which is exchanged as its records are. */
static inline uint32_t
group_record(const struct weir_flow_table *table, uint32_t head, uint32_t i)
{
	uint32_t turn = head & table->group_turns;

	return head - turn + ((table->records_at + i * table->record_lines) ^ turn);
}

/* Record i of all. */
static inline uint32_t
record_line(const struct weir_flow_table *table, uint32_t i)
{
	uint32_t each = GROUP_RECORDS(table->group_buckets);

	return group_line(table, i / each, table->records_at + i % each * table->record_lines);
}

/* Which of all a flow's record is. */
static inline uint32_t
record_number(const struct weir_flow_table *table, const struct weir_flow *flow)
{
	uint32_t group, line = line_in(table, flow_index(table, flow), &group);

	return group * GROUP_RECORDS(table->group_buckets) +
		divide(line - table->records_at, table->record_inverse);
}

/* Where a flow lies. */
struct flow_place {
	uint32_t first; /* bucket */
	uint32_t mark;  /* the upper half is the tag */
};

static inline uint16_t
flow_tag(const struct flow_place *place)
{
	return (uint16_t)(place->mark >> 16);
}

/*
 * Of the hash times 2^64 / phi (Knuth, The Art of Computer Programming 3, 6.4) the upper half says the
 * bucket, and bits of the lower one the tag: other bits than those that spread flows over workers alike.
 */
static inline struct flow_place
flow_place(const struct weir_flow_table *table, uint32_t hash)
{
	uint64_t mixed = hash * UINT64_C(0x9e3779b97f4a7c15);
	uint64_t group = (mixed >> 32) * table->group_count;
	uint32_t bucket = (uint32_t)(group >> 29), first;

	/* The bucket of all, if each group has 8: in pages its lower bits are the line, as it is exchanged. */
	if (likely(table->group_turns != 0))
		first = (bucket & ~(GROUP_BUCKETS_MAX - 1)) * 8 + (bucket & 63);
	else
		first = group_line(table, (uint32_t)(group >> 32),
			bucket & (table->group_buckets - 1));
	return (struct flow_place){
		.first = first,
		.mark = (uint32_t)mixed | UINT32_C(1) << 16,
	};
}

/* The other of a flow's two buckets: of either it gives the other. */
static inline uint32_t
flow_other(const struct weir_flow_table *table, uint32_t bucket, uint16_t tag)
{
	uint32_t all = table->group_count * table->group_buckets;
	uint32_t sum = (uint32_t)((tag * UINT32_C(0x9e3779b1) * (uint64_t)all) >> 32);
	uint32_t group, number = line_in(table, bucket, &group);

	number += group * table->group_buckets;
	number = sum >= number ? sum - number : sum + all - number;
	return group_line(table, number / table->group_buckets, number % table->group_buckets);
}

/* Bit i: slot i has this tag. */
static inline unsigned int
bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
#ifdef __SSE2__
	__m128i equal = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)bucket->tags),
		_mm_set1_epi16((short)tag));

	return (unsigned int)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
#else
	unsigned int match = 0;

	for (unsigned int i = 0; i < BUCKET_SLOTS; i++)
		match |= (unsigned int)(bucket->tags[i] == tag) << i;
	return match;
#endif
}

/*
 * The lowest bit of those that are set, of which there is one. Of DPDK's flags compilers choose BSF, which
 * takes several times as long on some CPUs; those without TZCNT take that for BSF.
 */
static inline size_t
bit_lowest(unsigned int bits)
{
#ifdef RTE_ARCH_X86_64
	size_t lowest;

	__asm__("rep bsf %1, %k0" : "=r"(lowest) : "r"(bits) : "cc");
	return lowest;
#else
	return (size_t)(unsigned int)__builtin_ctz(bits);
#endif
}

/* The first slot that has the tag of a mark, in index; false: none. */
static inline bool
bucket_first(const struct flow_bucket *bucket, uint32_t mark, uint32_t *index)
{
#ifdef __SSSE3__
	/* Two bits for each slot, so two bytes of an index for each bit. */
	__m128i tags = _mm_shuffle_epi8(_mm_cvtsi32_si128((int)mark), _mm_set1_epi16(0x0302));
	__m128i equal = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)bucket->tags), tags);
	unsigned int match = (unsigned int)_mm_movemask_epi8(equal);

	if (unlikely(match == 0))
		return false;
	memcpy(index, (const uint8_t *)bucket->index + 2 * bit_lowest(match), sizeof(*index));
#else
	unsigned int match = bucket_match(bucket, (uint16_t)(mark >> 16));

	if (unlikely(match == 0))
		return false;
	*index = bucket->index[__builtin_ctz(match)];
#endif
	return true;
}

/* What else tells flows apart is a part of the hash. */
static inline uint32_t
flow_hash(uint32_t hash, uint64_t extra)
{
	return hash ^ (uint32_t)((extra * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static inline struct flow_wheel *
flow_wheel(const struct weir_flow_table *table, uint8_t life)
{
	return table->wheels[table->embryonic >> life & 1];
}

/* The ns at which a flow ends if it has no packet; UINT64_MAX: never. */
static inline uint64_t
flow_deadline(const struct weir_flow_table *table, const struct weir_flow *flow)
{
	uint64_t idle = table->idle[flow->life];

	return idle == 0 || flow->last > UINT64_MAX - idle ? UINT64_MAX : flow->last + idle;
}

/* wheel.c: hang a flow up, by its deadline; take it down. */
void wheel_arm(struct weir_flow_table *table, struct weir_flow *flow);
void wheel_disarm(struct weir_flow_table *table, struct weir_flow *flow);
/* The step by which it may have ended, within a turn of the wheel. */
uint64_t wheel_step(const struct weir_flow_table *table, const struct weir_flow *flow);
/*
 * Steps from the cursor to the next one with flows, more than `steps`; WHEEL_SLOTS or more: there is none within a
 * turn.
 */
uint32_t wheel_next(const struct weir_flow_table *table, const struct flow_wheel *wheel,
	uint32_t steps);

/* table.c: records that a table has: some more than flows. */
uint32_t records_count(const struct weir_flow_conf *conf);

/* bucket.c: take a record, of a bucket's group if it has one, while free_count is not 0; give it back. */
uint32_t record_take(struct weir_flow_table *table, uint32_t bucket);
void record_give(struct weir_flow_table *table, uint32_t index);
/* Put a record where it may be found, though another flow ends for it. False: no room. */
bool bucket_put(struct weir_flow_table *table, const struct flow_place *place, uint32_t index);
/* Take it away. */
void bucket_take(struct weir_flow_table *table, uint32_t hash, uint32_t index);

/* lookup.c: what the burst at hand has found is not to end for the rest of it. */
void flow_hold(struct weir_flow_table *table);

/* end.c: end a flow, and have its record free. */
void flow_end(struct weir_flow_table *table, struct weir_flow *flow, enum weir_flow_reason reason);
/* End the flow that matters least, and is not of the burst at hand: its record. FLOW_NONE: there is none. */
uint32_t flow_evict(struct weir_flow_table *table);
/* Likewise of those in two buckets that are full. */
bool flow_evict_of(struct weir_flow_table *table, const uint32_t buckets[2]);

#endif /* WEIR_FLOW_PRIVATE_H */
