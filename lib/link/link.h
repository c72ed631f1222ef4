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
#include "frames.h"
#include "ring.h"
#include "wait.h"

/* Most events moved at once: the limit of the pipeline's `burst`. */
#define BURST_MAX 256

/* Most lanes of a link from one producer. */
#define LANES_MAX 256

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
	/* Producer: the fill up to which all may go in, whoever they are; NULL: where there is room. */
	uint32_t (*easy)(const struct ring_producer *ring);
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
	uint32_t linger; /* passes */
};

/* A link as one of its producers sees it. */
struct out_link {
	/* Give n events to the lanes: chosen by the spread, the policy and the number of lanes. */
	void (*push)(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
		uint16_t n);
	struct lane *lanes;
	uint16_t lane_count;
	uint16_t turn;                 /* next lane of a round-robin */
	unsigned int id;               /* which link of the pipeline */
	struct out_link *next_written; /* of its worker's */
	bool listed;                   /* among those */
	const struct link_policy *policy;
	enum weir_spread spread;
	uint32_t linger; /* passes that less than a line of slots may wait for more; 0: none */
	uint32_t waited; /* passes since the oldest of what lingers was put */
	bool marks;      /* a lane may have a gap to tell of */
	bool plain; /* all lanes are rings, and nobody wants more of them than that they be seen */
	/* Lanes that hold what is not published, a bit each: puts and staged events. */
	uint64_t written[LANES_MAX / 64];
	/* Lane of each bucket of a flow spread, WEIR_BUCKETS: one table for all producers of the link
	 * on a socket, so that it stays in the cache. */
	const uint8_t *buckets;
	/* Worker i has lanes to those consumers of which the index is i modulo this, and only events of
	 * such buckets; 1: to all. */
	uint16_t stride;
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
	uint8_t own; /* 1: the worker itself is one */
	bool alone; /* nobody else fills it, and nothing held comes on top: see `easy` of its ring */
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
	uint64_t all; /* 0: nobody knows */
	/* Of that, where it is: what was read ahead has not come in yet. */
	uint64_t (*done)(const struct source_progress *progress);
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
	/* Those that count first: of these its own room() before all others, and those that are to
	 * be asked each time before those that are alone. */
	struct gate *gates;
	struct ring_consumer *inputs;
	uint16_t output_count;
	uint16_t gate_count;
	uint16_t gates_asked; /* of those, each time */
	uint16_t input_count;
	uint16_t burst;
	struct out_link *written; /* links with something that waits to be published, a list */
	uint16_t turn;            /* the input that is looked at first in the next pass */
	bool attends;      /* an input has a policy that looks at what waits, or a gap to tell of */
	bool lingers;      /* a link of its outputs may keep back what it was given */
	uint16_t tightest; /* of the gates that are alone, the one that had the least room */
	bool tight;        /* one of them may have less room than for a burst */
	struct lcore_sample *sample;
	/* The stage's process() while `process` is what measures it. */
	void (*untimed)(struct weir_worker *worker, void *state, struct weir_event *events[],
		uint16_t n);
	struct worker_latency *latency; /* NULL: not measured */
	uint64_t shed; /* of what came in, what was dropped before it came to the stage */

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
	bool hands_over; /* gives its events to a thread that is not its lcore's: as a ring does */
	bool port_gone;  /* set by the control side: leave the port alone */
	uint8_t tunnel;  /* a source's enum weir_parse_tunnel */
	uint8_t fragments;                     /* a source's enum weir_parse_fragments */
	uint8_t checksum;                      /* a source's enum weir_parse_checksum */
	uint8_t under_pressure;                /* a source's enum weir_parse_depth under pressure */
	struct rte_mempool *pool;              /* for the packets that a source makes or receives */
	const struct weir_parse_burst *parsed; /* a source's counts of what it parsed, or NULL */
	const struct source_progress *progress; /* a source's, or NULL */
	/* Of the hashes of a source's events. */
	const struct weir_hash_key *hash_key;
	struct weir_vxlan_ports *vxlan_ports; /* a source's own; NULL: the usual ones */
	struct failures *failures;            /* the engine's */
	uint32_t sifted;    /* a source's: since it was looked at packets came that nobody wants */
	uint32_t exhausted; /* a source's: it has nothing more, for ever; any thread reads it */
	struct frame_lengths takes; /* its port, of what is sent */
	struct port_changes
		*changes; /* of its port, that a source is to tell of; NULL: it is not */
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
	return __atomic_load_n(&worker->port_gone, __ATOMIC_ACQUIRE);
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

/*
 * Share the buckets of a flow spread among a stage's workers, 256 at most, of which a producer has
 * lanes to every stride-th: it only has events of their buckets.
 */
void spread_buckets(uint8_t buckets[WEIR_BUCKETS], uint16_t workers, uint16_t stride);

/* The link is made: its lanes are there, rings among them, and its buckets. Settings come next. */
void out_link_init(struct out_link *link, enum weir_spread spread);

/* What the settings are at each end of a link's rings: by the lcore of that end, or before it runs. */
void out_link_set(struct weir_worker *worker, struct out_link *link,
	const struct link_settings *settings);
void ring_consumer_set(struct ring_consumer *consumer, const struct link_settings *settings);

/*
 * What follows for a worker from the settings of its links: which of its gates count; and how far a ring
 * is easy to fill: up to a burst less than full where room is reserved in it, else as far as its
 * policy lets in all that comes.
 */
void worker_settle(struct weir_worker *worker);

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

/*
 * Let consumers see what the worker forwarded: at the end of each of its passes. What a link has
 * linger stays back until a line of its slots is full; worker_linger() ends that.
 */
void worker_publish(struct weir_worker *worker);

/* Once a pass, where it lingers: whether something moved in it, else nothing is waited for. */
void worker_linger(struct weir_worker *worker, bool moved);

/* Publish all, whatever lingers. */
void worker_flush(struct weir_worker *worker);

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
unsigned int worker_room_ask(struct weir_worker *worker, unsigned int want);
static inline unsigned int
worker_room(struct weir_worker *worker, unsigned int want)
{
	if (likely(worker->gates_asked == 0 && !worker->tight && want <= worker->burst) &&
		!fault_hit(FAULT_RING_FULL))
		return want;
	return worker_room_ask(worker, want);
}

/* Most events, up to a burst, that it may let go of now, whatever it can take itself. */
unsigned int worker_room_out(struct weir_worker *worker);

/* Whether what it forwards comes to a ring, or to another thread, over calls too. */
bool worker_reaches_ring(const struct weir_worker *worker);

/*
 * Take at most n > 0 events, up to a burst, out of the rings that end at a worker: into `events`, in whose
 * count are none that it told of gaps by. Where the burst is full, the next pass begins with the input
 * that filled it, or behind it where the whole burst was its own: a burst that waits at an input
 * waits for two of the worker's for each of its inputs at most.
 */
unsigned int worker_gather(struct weir_worker *worker, struct weir_event *events[], unsigned int n);

/* Where there is no room for any: drop what a policy drops; whether anything waits. */
bool worker_waits(struct weir_worker *worker);

/* Drop at most n of the oldest in a ring, counted as come in at its consumer; how many those were. */
unsigned int ring_consumer_lose(struct ring_consumer *consumer, struct weir_worker *worker,
	enum drop_reason reason, unsigned int n);

/* Drop what the link's policy has its consumer drop. */
void ring_consumer_shed(struct ring_consumer *consumer, struct weir_worker *worker);

/* Tell the worker of what was lost at its end of the ring; whether it was told: takes room for 1. */
bool ring_consumer_mark(struct ring_consumer *consumer, struct weir_worker *worker);

/*
 * An event that tells of a gap, which is closed by that: counted as created by the worker. NULL:
 * the last one was told less than a millisecond ago, or there is no mbuf for it.
 */
struct weir_event *gap_event(struct weir_worker *worker, struct gap *gap, unsigned int link);

#endif /* WEIR_LIB_LINK_H */
