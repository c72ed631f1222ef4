/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Workers and what joins them: rings, calls, outputs, and the waiting of who has nothing to do.
 *
 * Cache lines: a struct weir_worker with its outputs and inputs is written by its own lcore only.
 * The producer's end of a ring is in the producer's memory, the consumer's end in the consumer's;
 * they meet in the rte_ring alone, whose slots and tails are all that crosses cores.
 */
#ifndef WEIR_LIB_LINK_H
#define WEIR_LIB_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_ring.h>

#include <weir/link.h>
#include <weir/stage.h>

#include "event/event.h"
#include "stats/stats.h"

/* Most events moved at once: the limit of the pipeline's `burst`. */
#define BURST_MAX 256

/* Priorities of events. */
#define PRIORITIES (WEIR_PRIO_MAX + 1)

/* A stamp is the TSC in units of 256 cycles: 32 bits of it come round after minutes. */
#define STAMP_SHIFT 8

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
	uint32_t published; /* head as the consumer sees it */
	uint32_t seen;      /* consumer's tail when it was last read: free room can only grow */
	uint32_t alarm;     /* fill above which the pressure is looked at; UINT32_MAX: never */
	uint64_t enqueued;

	struct gap gap;
	struct ring_probe *probe; /* NULL: none */
	uint32_t high;            /* of fill, in events */
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

	uint64_t dropped[DROP_LINK];
};

/* The consumer's end of a ring. */
struct __rte_cache_aligned ring_consumer {
	struct rte_ring *ring;
	struct weir_event **slots;
	const uint32_t *stamps;
	/* How many of the oldest waiting are to go now: of the link's policy; NULL: none ever. */
	uint32_t (*excess)(struct ring_consumer *consumer);
	uint32_t mask;
	uint32_t tail; /* next slot to empty */
	uint32_t seen; /* producer's head when it was last read */
	uint32_t high_water;
	uint64_t dequeued;
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

/* One (producer worker, consumer worker) pair of a link: a ring, or a call. */
struct __rte_cache_aligned lane {
	struct ring_producer ring; /* ring.ring is NULL for a call */
	struct weir_worker *consumer;
	bool direct;                /* a call may pass the producer's array on */
	struct weir_event **staged; /* calls: what waits for the end of the pass */
	uint16_t staged_count;
	uint16_t staged_size;
};

/* Events that a policy looks at together. */
#define ADMIT_MAX 64

/*
 * What a drop policy is: one unit a policy. All but the names may be left out. What a policy admits
 * but the ring has no room for is lost too, for `full`.
 */
struct link_policy {
	const char *name;
	bool lossless;         /* room is reserved before the producer pulls */
	enum drop_reason full; /* for what finds no room in the ring */
	enum drop_reason shed; /* for what the policy drops */
	/* Producer: which of n events, ADMIT_MAX at most, may go in: a bit each. */
	uint64_t (
		*admit)(struct ring_producer *ring, struct weir_event *const events[], uint16_t n);
	/* Producer: once in a while. */
	void (*tick)(struct ring_producer *ring, uint64_t now);
	/* Consumer: see struct ring_consumer. */
	uint32_t (*excess)(struct ring_consumer *consumer);
};

extern const struct link_policy policy_block;
extern const struct link_policy policy_drop_newest;
extern const struct link_policy policy_drop_oldest;
extern const struct link_policy policy_drop_priority;
extern const struct link_policy policy_drop_flow;
extern const struct link_policy policy_drop_late;

/* What can be said of a link's rings while they run. */
struct link_settings {
	const struct link_policy *policy;
	uint32_t high; /* of fill, in events: 1 <= low < high <= capacity */
	uint32_t low;
	uint64_t timeout; /* cycles; 0: never */
	uint32_t reserve[PRIORITIES];
	uint64_t deadline; /* cycles */
	bool gap_markers;
};

/* A link as one of its producers sees it. */
struct out_link {
	/* Give n events to the lanes: chosen by the spread, the policy and the number of lanes. */
	void (*push)(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
		uint16_t n);
	struct lane *lanes;
	uint16_t lane_count;
	uint16_t turn;   /* next lane of a round-robin */
	unsigned int id; /* which link of the pipeline */
	const struct link_policy *policy;
	enum weir_spread spread;
	/* Lane of each bucket of a flow spread, WEIR_BUCKETS: one table for all producers of the link
	 * on a socket, so that it stays in the cache. */
	const uint8_t *buckets;
};

/* An output of a worker's node: all its links get every event. */
struct output {
	struct out_link *links;
	uint16_t link_count;
	uint16_t receivers; /* holders that each event gets: lanes of copy links, 1 for others */
};

/* A worker that may let go of events it holds when it is given others. */
struct holder {
	const struct worker_stats *stats; /* how many it holds */
	uint32_t most;                    /* that it lets go of at once */
	uint32_t times;                   /* most events that arrive at the gate for one of them */
};

/* Room that a worker needs downstream before it pulls: on a ring, or in a stage reached by calls. */
struct gate {
	struct ring_producer *ring;   /* NULL: the stage */
	const struct out_link *link;  /* of the ring: it counts while its policy is lossless */
	struct weir_worker *stage;    /* whose room() is asked */
	const struct holder *holders; /* on the way there, the worker itself first, if it is one */
	uint32_t times;               /* most events that arrive there for one pulled */
	uint16_t holder_count;
	uint16_t own; /* 1: the worker itself is one */
};

/* How long things take, in cycles. Written by the worker's lcore only. */
struct worker_latency {
	struct histogram wait;    /* in rings, of events that come to it */
	struct histogram service; /* in process(), for each event, with what it calls */
	struct histogram age;     /* from arrival to process(), of those whose wait was noted; of
				     one behind no ring, on passes that are timed */
};

/* What the workers of one lcore share to tell where its time goes. */
struct lcore_sample {
	uint64_t nested; /* cycles spent in workers that the timed one called */
};

/* How far a source has come in what it reads, in bytes; any thread reads it. */
struct source_progress {
	uint64_t done;
	uint64_t all; /* 0: nobody knows */
};

/* One instance of a source or stage. */
struct __rte_cache_aligned weir_worker {
	/* The stage's process(), or on a pass that is timed what measures it; NULL for a source. */
	void (*process)(struct weir_worker *worker, void *state, struct weir_event *events[],
		uint16_t n);
	/* A source's, or NULL for a stage: make at most n events. */
	uint16_t (*poll)(struct weir_worker *worker, void *state, struct weir_event *events[],
		uint16_t n);
	unsigned int (*room)(struct weir_worker *worker, void *state);
	unsigned int (*tick)(struct weir_worker *worker, void *state, unsigned int room);
	unsigned int (*drain)(struct weir_worker *worker, void *state, unsigned int room);
	void *state;
	struct worker_stats *stats;
	struct output *outputs;
	struct gate *gates; /* those that count first; its own room() before all others */
	struct ring_consumer *inputs;
	uint16_t output_count;
	uint16_t gate_count;
	uint16_t input_count;
	uint16_t burst;
	struct lcore_sample *sample;
	/* The stage's process() while `process` is what measures it. */
	void (*untimed)(struct weir_worker *worker, void *state, struct weir_event *events[],
		uint16_t n);
	struct worker_latency *latency; /* NULL: not measured */
	bool unpublished; /* an output has puts or staged events that wait for the pass's end */

	/* Told when a link behind it goes above `high`, and when all are below `low`; or NULL. */
	void (*pressure)(struct weir_worker *worker, void *state, bool on);
	struct holder *holders;       /* of all its gates */
	struct weir_worker **callers; /* who reach it by calls: it presses on them too */
	uint16_t caller_count;
	uint16_t gates_all; /* those that do not count now included */
	uint32_t pressed;   /* rings and called workers that press on it */
	uint64_t pressures; /* times that it came under pressure */

	/* What it is, for init() and for figures. */
	const char *name; /* of its node */
	const char *type;
	unsigned int index;
	unsigned int count; /* workers of its node */
	unsigned int lcore;
	int socket;
	uint16_t port; /* RTE_MAX_ETHPORTS: none */
	uint16_t queue;
	bool port_gone;           /* set by the control side: leave the port alone */
	uint8_t tunnel;           /* a source's enum weir_parse_tunnel */
	uint8_t under_pressure;   /* a source's enum weir_parse_depth under pressure */
	struct rte_mempool *pool; /* for the packets that a source makes or receives */
	const uint64_t *verdicts; /* a source's counts by verdict, or NULL */
	const uint64_t *key_only; /* a source's count of packets parsed key-only, or NULL */
	const struct source_progress *progress; /* a source's, or NULL */
	/* Of the hashes of a source's events. */
	const struct weir_hash_key *hash_key;
	struct failures *failures; /* the engine's */
	uint32_t exhausted; /* a source's: it has nothing more, for ever; any thread reads it */
};

/* The source's lcore: nothing will come any more. Whoever sees it sees all that came before. */
static inline void
worker_exhausted(struct weir_worker *worker)
{
	if (!worker->exhausted)
		__atomic_store_n(&worker->exhausted, 1, __ATOMIC_RELEASE);
}

/* Whether the device of the worker's port went away. */
static inline bool
worker_port_gone(const struct weir_worker *worker)
{
	return __atomic_load_n(&worker->port_gone, __ATOMIC_RELAXED);
}

/* Most events that arrive at a gate besides: held by the holders on the way, but the first few. */
static inline uint32_t
gate_held(const struct gate *gate, uint16_t first)
{
	uint32_t n = 0;

	for (uint16_t i = first; i < gate->holder_count; i++) {
		const struct holder *holder = &gate->holders[i];

		n += (uint32_t)RTE_MIN(stat_read(&holder->stats->held), holder->most) *
			holder->times;
	}
	return n;
}

/* The unit of a policy; never NULL for a policy of weir/link.h other than auto. */
const struct link_policy *link_policy(enum weir_on_full on_full);

/* Set up both ends of an SPSC ring. */
void ring_producer_init(struct ring_producer *producer, struct rte_ring *ring);
void ring_consumer_init(struct ring_consumer *consumer, struct rte_ring *ring,
	struct weir_worker *producer);

/* Share the buckets of a flow spread among lanes, 256 at most. */
void spread_buckets(uint8_t buckets[WEIR_BUCKETS], uint16_t lanes);

/* The link is made: its lanes are there, rings among them, and its buckets. Settings come next. */
void out_link_init(struct out_link *link, enum weir_spread spread);

/* What the settings are at each end of a link's rings: by the lcore of that end, or before it runs. */
void out_link_set(struct weir_worker *worker, struct out_link *link,
	const struct link_settings *settings);
void ring_consumer_set(struct ring_consumer *consumer, const struct link_settings *settings);

/* Those of a worker's gates that count, by the policies of their links, first. */
void worker_gates_sort(struct weir_worker *worker);

/*
 * Look at the rings behind a worker: pressure that is over, ticks of policies, gaps to tell of.
 * Between passes, when its lcore has nothing in hand.
 */
void worker_look(struct weir_worker *worker, uint64_t now);

/* Make an event that `more` further holders get read-only: for copies. */
void event_share(struct weir_event *event, uint16_t more);

/* Free events lost on a link or by a worker, counted under a reason. */
void worker_drop(struct weir_worker *worker, unsigned int reason, struct weir_event *events[],
	unsigned int n);

/* On a pass that is timed, before it publishes: have the waits of what it forwarded measured. */
void worker_probe(struct weir_worker *worker);

/* Let consumers see what the worker forwarded: at the end of each of its passes. */
void worker_publish(struct weir_worker *worker);

/* Hand events to a worker: count, process, publish. For calls and for the engine. */
void worker_process(struct weir_worker *worker, struct weir_event *events[], uint16_t n);

/*
 * Whether its process() is timed: on one pass in many. It is exchanged for one that measures, so
 * that the other passes need not ask.
 */
void worker_time(struct weir_worker *worker, bool on);

/* Note the time since `start` as the worker's, but for what of it was in workers that it called. */
void worker_sample(struct weir_worker *worker, uint64_t start, uint64_t nested_before);

/* Most events, up to `want`, that the worker may pull so that all it forwards finds room. */
unsigned int worker_room(const struct weir_worker *worker, unsigned int want);

/* Most events, up to a burst, that it may let go of now, whatever it can take itself. */
unsigned int worker_room_out(const struct weir_worker *worker);

/* Whether what it forwards comes to a ring, over calls too. */
bool worker_reaches_ring(const struct weir_worker *worker);

/* Take at most n events out of a ring. */
unsigned int ring_consumer_get(struct ring_consumer *consumer, struct weir_event *events[],
	unsigned int n);

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
void ring_consumer_probe(struct ring_consumer *consumer, struct weir_event *const events[],
	uint32_t n, struct worker_latency *latency);

/* Drop at most n of the oldest in a ring, counted as come in at its consumer; how many those were. */
unsigned int ring_consumer_lose(struct ring_consumer *consumer, struct weir_worker *worker,
	enum drop_reason reason, unsigned int n);

/* Drop what the link's policy has its consumer drop. */
void ring_consumer_shed(struct ring_consumer *consumer, struct weir_worker *worker);

/* Tell the worker of what was lost at its end of the ring; whether it was told: takes room for 1. */
bool ring_consumer_mark(struct ring_consumer *consumer, struct weir_worker *worker);

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

/*
 * An event that tells of a gap, which is closed by that: counted as created by the worker. NULL:
 * the last one was told less than a millisecond ago, or there is no mbuf for it.
 */
struct weir_event *gap_event(struct weir_worker *worker, struct gap *gap, unsigned int link);

/* What `monitor` watches for a write: the one input of an lcore. */
struct wait_watch {
	const struct ring_consumer *ring; /* its producer's tail; NULL: the queue below */
	uint16_t port;
	uint16_t queue;
};

/* Whether this CPU and its DPDK can watch memory, and can pause until a given time. */
void wait_power(bool *monitor, bool *pause);
/* Whether it can be watched: rings always, a queue where its driver tells what to watch. */
bool wait_watchable(const struct wait_watch *watch);

/* RX queues whose interrupts wake an lcore. */
struct wait_queues;
/* NULL: no memory, or no file descriptor. */
struct wait_queues *wait_queues_create(unsigned int max);
/* Add a queue of a started port; 0, or -errno: it has no interrupts to wait for. */
int wait_queues_add(struct wait_queues *queues, uint16_t port, uint16_t queue);
/* Before the ports stop; NULL is nothing. */
void wait_queues_free(struct wait_queues *queues);

/* How one waits, and how long it has by now. */
struct waiter {
	enum weir_wait how; /* not auto */
	bool armed;         /* interrupt: they are on, and the queues are to be looked at again */
	uint32_t sleep_ms;  /* interrupt: longest sleep for one; 0: it may not be so long */
	uint64_t min_ns;    /* exponential and interrupt: first wait */
	uint64_t max_ns;    /* longest wait; interrupt: of those before it sleeps */
	uint64_t now_ns;    /* the next wait */
	uint64_t eager;     /* cycles without work below which it looks again at once */
	const struct wait_watch *watch; /* monitor; NULL: nothing, only pause */
	struct wait_queues *queues;     /* interrupt */
};

/* Monitor with nothing to watch, and interrupt without queues, until these are set. */
/* Have this thread's sleeps last no longer than asked by more than ns; what that was before. */
int waiter_slack(int ns);

void waiter_init(struct waiter *waiter, enum weir_wait how, uint64_t min_ns, uint64_t max_ns);
/* No wait is to be longer, before the first one. */
void waiter_bound(struct waiter *waiter, uint64_t ns);
/* Wait once. On an EAL thread only. */
void waiter_wait(struct waiter *waiter);
/* Sleep once for as long as one may, whatever the policy. */
void waiter_nap(const struct waiter *waiter);
/* No wait is longer, ns. */
uint64_t waiter_longest(const struct waiter *waiter);
/* Whether the next wait gives the CPU to the kernel. */
bool waiter_sleeps(const struct waiter *waiter);
/* Work was done: the next wait is the shortest again. */
void waiter_reset(struct waiter *waiter);
/* The more patient of two ways to wait gives way; positive: a is more patient than b. */
int wait_compare(enum weir_wait a, enum weir_wait b);

#endif /* WEIR_LIB_LINK_H */
