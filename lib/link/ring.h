/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Both ends of an SPSC ring of events, each in the memory of its own side. */
#ifndef WEIR_LIB_LINK_RING_H
#define WEIR_LIB_LINK_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_ring.h>

#include <weir/event.h>

#include "stats/stats.h"

struct weir_worker;
struct worker_latency;

/* Priorities of events. */
#define PRIORITIES (WEIR_PRIO_MAX + 1)

/* A stamp is the TSC in units of 256 cycles: 32 bits of it come round after minutes. */
#define STAMP_SHIFT 8

/* Slots of a cache line. */
#define SLOTS_LINE (RTE_CACHE_LINE_SIZE / sizeof(struct weir_event *))

/* What was lost on a ring since that was last told downstream. Nothing is noted unless asked for. */
struct gap {
	uint64_t count;
	uint64_t first; /* TSC when the first was lost */
	uint64_t last;
	uint64_t told; /* TSC of the last marker */
	bool wanted;
};

/*
 * When one event was published: by the producer, on a pass that is timed. It writes the next one
 * once it has seen that the consumer took that event.
 */
struct __rte_cache_aligned ring_probe {
	/* Slot of the event, as heads and tails count; below it 32 bits of the TSC / 16: half a
	 * minute. In one word, so that they are of one event. */
	uint64_t word;
};

/*
 * The producer's end of a ring. Puts are seen by the consumer when they are published. Its first
 * line is what every burst needs.
 */
struct __rte_cache_aligned ring_producer {
	struct rte_ring *ring;
	struct weir_event **slots;
	uint32_t *stamps; /* when each slot was published; NULL: nobody asks */
	uint32_t mask;
	uint32_t capacity;
	uint32_t head;      /* next slot to fill */
	uint32_t began;     /* the first that was */
	uint32_t seen;      /* consumer's tail when it was last read: free room can only grow */
	uint32_t easy;      /* fill up to which what goes in needs no look */
	uint64_t published; /* head as the consumer sees it, which goes on beyond 32 bits */

	struct gap gap;
	struct ring_probe *probe; /* NULL: none */
	uint32_t alarm; /* fill above which the pressure is looked at; UINT32_MAX: never */
	uint32_t high;  /* of fill, in events */
	uint32_t low;
	bool pressed; /* has been above `high`, and not below `low` since */

	/* block_timeout */
	bool open;          /* its consumer took nothing for so long: not waited for */
	uint32_t full_seen; /* consumer's tail when it was first found full */
	uint64_t full_since;
	uint64_t timeout; /* cycles; 0: never */

	uint32_t reserve[PRIORITIES]; /* drop-priority: room that is kept from each */

	/* drop-flow */
	uint32_t seed;
	uint32_t level;     /* flows placed below it are shed */
	uint32_t shed;      /* and those below this, above `high`: as of the last push or tick */
	uint32_t shed_most; /* the greatest that this was */
	uint64_t ticked;
	struct ring_datagrams *datagrams; /* NULL: fragments are shed as other packets are */

	uint64_t dropped[DROP_LINK];
};

#define DATAGRAM_SETS 128u
#define DATAGRAM_WAYS 8u

/*
 * What drop-flow knows of the datagrams whose fragments are under way in a ring: the producer's. Those that
 * were let in have room kept for the rest of them; those that were not are noted until they end.
 */
struct ring_datagrams {
	uint32_t shed[DATAGRAM_SETS][DATAGRAM_WAYS]; /* the latest first; 0: none */
	uint32_t begun;                              /* let in, and not ended */
	uint32_t watched; /* one of which the later fragments are counted; 0: none */
	uint32_t counted; /* so many so far */
	uint32_t most;    /* that one of those had lately */
	uint32_t quiet;   /* ticks since the last fragment; DATAGRAMS_QUIET at most */
	uint32_t ticks;
	bool come; /* there were fragments */
};

/* The consumer's end of a ring. */
struct __rte_cache_aligned ring_consumer {
	struct rte_ring *ring;
	struct weir_event **slots;
	const uint32_t *stamps;
	/* How many of the oldest waiting are to go now: of the link's policy; NULL: none ever. */
	uint32_t (*excess)(struct ring_consumer *consumer);
	uint32_t mask;
	uint32_t began; /* the first slot that was emptied */
	uint32_t seen;  /* producer's head when it was last read */
	uint32_t high_water;
	uint32_t few;   /* the less of high_water and what is copied one by one: see gather.c */
	uint64_t taken; /* next slot to empty, which goes on beyond 32 bits */
	const struct ring_probe *probe; /* NULL: none */
	uint32_t probed;                /* slot of the last one that was read */
	struct gap gap;
	uint32_t high;
	uint32_t low;
	uint32_t deadline;       /* drop-late: in units of stamps */
	enum drop_reason reason; /* for `excess` */
	unsigned int id;         /* which link of the pipeline */
	struct weir_worker *producer;
	bool feedback; /* closes a cycle: what comes here is dropped once nothing else can come */
	uint64_t dropped[DROP_LINK];
};

/* A ring between an application and a worker, as its figures have it. */
struct app_ring {
	const struct ring_producer *producer;
	uint64_t taken;      /* events that were taken out: read before anything else */
	uint64_t refused;    /* that its producer had no room for */
	uint32_t high_water; /* most that its consumer found in it */
	size_t bytes;
	bool opened; /* the application has its end */
};

/* And what one worker has of them, as the plan says. */
struct app_rings {
	unsigned int count; /* 0: none */
	uint32_t capacity;  /* of each, in events */
	size_t bytes;       /* of each */
};

/* Events that were published, and those that were taken out, dropped ones included: any thread. */
static inline uint64_t
ring_enqueued(const struct ring_producer *producer)
{
	return stat_read(&producer->published) - producer->began;
}

static inline uint64_t
ring_taken(const struct ring_consumer *consumer)
{
	return stat_read_acquire(&consumer->taken) - consumer->began;
}

/* The next slot to empty. */
static inline uint32_t
ring_tail(const struct ring_consumer *consumer)
{
	return (uint32_t)consumer->taken;
}

/* Take at most n events out of a ring. */
unsigned int ring_consumer_get(struct ring_consumer *consumer, struct weir_event *events[],
	unsigned int n);

/* Whether something waits in it, for its consumer. */
bool ring_waits(const struct ring_consumer *consumer);

/* Of a ring that is no lane: its room, at least what is known, exact where that is less than wanted. */
uint32_t ring_room(struct ring_producer *producer, uint32_t want);

/* Put as many of the first of n events as there is room for, and publish them; how many. */
uint32_t ring_put(struct ring_producer *producer, struct weir_event *const events[], uint32_t n);

/* Put n events where that said there is room, and publish them. */
void ring_give(struct ring_producer *producer, struct weir_event *const events[], uint32_t n);

/*
 * Events in a ring, from any thread, those not published left out. The consumer's tail is read first:
 * where the producer's is read, it was never behind that. What comes and goes in between counts as
 * waiting, but no more than fits.
 */
static inline uint32_t
ring_count(const struct rte_ring *ring)
{
	uint32_t tail = __atomic_load_n(&ring->cons.tail, __ATOMIC_ACQUIRE);
	uint32_t count = __atomic_load_n(&ring->prod.tail, __ATOMIC_ACQUIRE) - tail;

	return RTE_MIN(count, ring->capacity);
}

/* Have the wait in a ring measured: by the producer's and the consumer's end. */
void ring_probe_init(struct ring_probe *probe, struct ring_producer *producer,
	struct ring_consumer *consumer);
/* Note the wait and the age of a probed event, where it is among these n, which were taken last. */
void ring_probe_note(struct ring_consumer *consumer, struct weir_event *const events[], uint32_t n,
	struct worker_latency *latency);
static inline void
ring_consumer_probe(struct ring_consumer *consumer, struct weir_event *const events[], uint32_t n,
	struct worker_latency *latency)
{
	uint64_t word = __atomic_load_n(&consumer->probe->word, __ATOMIC_RELAXED);

	/* Noted already, but for few passes. */
	if (unlikely((uint32_t)(word >> 32) != consumer->probed))
		ring_probe_note(consumer, events, n, latency);
}

/* Note that n more were lost just now. */
static inline void
gap_note(struct gap *gap, unsigned int n)
{
	if (likely(!gap->wanted))
		return;
	gap->last = rte_rdtsc();
	if (gap->count == 0)
		gap->first = gap->last;
	gap->count += n;
}

#endif /* WEIR_LIB_LINK_RING_H */
