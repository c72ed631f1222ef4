/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * flow: what the packets of one key, both directions, have in common, in a table of one worker's.
 *
 * A table takes all of its memory when it is made, on one socket: buckets of one cache line, records, and
 * the wheels by which they age. Packets are looked up a burst at a time, and what is not found is put in on
 * the same pass; each record has room behind it for what its user keeps.
 *
 * Ages go by the time that the table is told, in ns: wire time, so that a replayed capture ages as it did
 * live. What is idle for longer than its life allows ends by weir_flow_expire(), which touches no more
 * records than it was asked to. Every end has one reason, told by `on_end`.
 *
 * Thread-safety: a table belongs to one thread at a time. weir_flow_stats() may be called by any other
 * beside it: figures are whole each, and may be of different moments.
 */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include <weir/error.h>
#include <weir/event.h>
#include <weir/export.h>
#include <weir/size.h>
#include <weir/stage.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most packets that are looked up at once. */
#define WEIR_FLOW_BURST 64
/** Most flows of one table. */
#define WEIR_FLOW_CAPACITY_MAX (1u << 28)
/** Lives of a table: so many time-outs. */
#define WEIR_FLOW_LIVES 16
/** Bytes of a user's that fit into a record of two cache lines; each 64 more are another line. */
#define WEIR_FLOW_USER_SMALL 48
/** Most bytes of a user's in a record. */
#define WEIR_FLOW_USER_MAX 4096
/** ns between two steps of the wheels: an end is late by no more than that and by what was left over. */
#define WEIR_FLOW_STEP_NS (UINT64_C(1) << 28)

/** Why a flow ended. */
enum weir_flow_reason {
	WEIR_FLOW_IDLE = 0, /**< no packet for as long as its life says */
	WEIR_FLOW_FIN,      /**< both sides closed it */
	WEIR_FLOW_RST,      /**< one side reset it */
	WEIR_FLOW_ACTIVE,   /**< it lasted for as long as one may */
	WEIR_FLOW_EVICTED,  /**< the table was full, and it mattered least */
	WEIR_FLOW_DRAIN,    /**< the table ends */
	WEIR_FLOW_REASONS   /**< number of reasons */
};

/** Entries of an array by reason: a later weir may have more of them. */
#define WEIR_FLOW_REASONS_ROOM 16

/** What a new flow finds whose table is full. */
enum weir_flow_full {
	/** One that matters less ends for it: of a life that is embryonic before others, and of these what
	 * would end soonest. A flow of the burst at hand never does: then the new one is refused. */
	WEIR_FLOW_EVICT = 0,
	WEIR_FLOW_REFUSE /**< no flow: what is there stays */
};

/**
 * A flow, as its table has it: two cache lines with what a user keeps, or more. The first line is all that
 * looking up reads, and it is not written for a flow that is found: what changes with each packet lies in
 * the second. Nothing is ever added to it: what a user keeps lies right behind.
 */
struct __rte_cache_aligned weir_flow {
	struct weir_key key; /**< of the packet that made it */
	uint64_t extra;      /**< what else tells it apart: see struct weir_flow_burst */
	uint32_t hash;       /**< the table's own */
	uint32_t ahead;      /**< the table's own */
	uint32_t next;       /**< the table's own */
	uint32_t prev;       /**< the table's own */
	uint64_t last;       /**< ns: the user writes the time of its latest packet here */
	uint32_t due;        /**< the table's own */
	uint8_t life;        /**< see weir_flow_set_life() */
	uint8_t reserved;    /**< 0 */
	uint16_t stamp;      /**< the table's own */
};

/** What the user keeps with a flow: `user_size` bytes, 0 in a new one. */
static inline void *
weir_flow_user(struct weir_flow *flow)
{
	return (uint8_t *)flow + offsetof(struct weir_flow, stamp) + sizeof(uint16_t);
}

struct weir_flow_table;

/** What a table is made of. */
struct weir_flow_conf {
	size_t size;        /**< sizeof(struct weir_flow_conf) */
	const char *name;   /**< of its memory and in errors, need not be unique; NULL: "flows" */
	uint32_t capacity;  /**< flows, 1 to WEIR_FLOW_CAPACITY_MAX */
	uint32_t user_size; /**< bytes of the user's in each, 0 to WEIR_FLOW_USER_MAX */
	int socket;         /**< NUMA socket, or SOCKET_ID_ANY */
	uint8_t on_full;    /**< enum weir_flow_full */
	uint8_t reserved;   /**< 0 */
	uint16_t embryonic; /**< lives that are: bit i for life i */
	/** ns without a packet after which a flow of that life ends; 0: never. */
	uint64_t idle[WEIR_FLOW_LIVES];
	/** Why a flow of that life ends then, enum weir_flow_reason. */
	uint8_t ends[WEIR_FLOW_LIVES];
	/**
	 * A flow ends, whatever the reason: it may be read until this returns, and is no more then. It
	 * calls nothing of its table. NULL: not told.
	 */
	void (*on_end)(void *arg, struct weir_flow *flow, enum weir_flow_reason reason);
	void *arg; /**< for on_end() */
};

/** A conf with its size, and 0 in all else. */
#define WEIR_FLOW_CONF_INIT WEIR_SIZED(struct weir_flow_conf)

/**
 * A burst that is looked up. The key's direction does not matter; where the same ends have several flows,
 * as in several VLANs, `extra` tells them apart: it is compared, and is part of the hash.
 */
struct weir_flow_burst {
	size_t size;                                  /**< sizeof(struct weir_flow_burst) */
	uint64_t now;                                 /**< ns: the time of new flows */
	uint16_t n;                                   /**< packets, 0 to WEIR_FLOW_BURST */
	const struct weir_key *keys[WEIR_FLOW_BURST]; /**< in: of each packet */
	uint32_t hashes[WEIR_FLOW_BURST];             /**< in: symmetric, as weir_key_hash() */
	uint64_t extras[WEIR_FLOW_BURST];             /**< in: 0 where there is nothing else */
	uint8_t lives[WEIR_FLOW_BURST];               /**< in: of a flow that a packet makes */
	struct weir_flow *flows[WEIR_FLOW_BURST];     /**< out: NULL where it was refused */
	uint64_t created;                             /**< out: bit i: packet i made its flow */
	uint64_t reversed; /**< out: bit i: packet i goes against the key of its flow */
};

/** A burst with its size, and 0 in all else. One that is used again needs only what is in. */
#define WEIR_FLOW_BURST_INIT WEIR_SIZED(struct weir_flow_burst)

/** Figures of a table. Since it was made, but for `flows`. */
struct weir_flow_stats {
	size_t size;      /**< sizeof(struct weir_flow_stats) */
	uint64_t flows;   /**< that there are */
	uint64_t created; /**< that were made */
	uint64_t refused; /**< packets without a flow, since there was no room for one */
	uint64_t late_ns; /**< most that an end by idleness was late */
	uint64_t touched; /**< records that weir_flow_expire() looked at */
	uint64_t ended[WEIR_FLOW_REASONS_ROOM]; /**< by enum weir_flow_reason */
};

/** Figures with their size, and 0 in all else. */
#define WEIR_FLOW_STATS_INIT WEIR_SIZED(struct weir_flow_stats)

/** weir_flow_memory() gives the bytes of EAL's memory that a table takes; 0: a conf that is refused. */
WEIR_API size_t weir_flow_memory(const struct weir_flow_conf *conf);

/**
 * weir_flow_table_create() makes a table.
 *
 * @return the table; NULL with `error` and rte_errno: EINVAL: a value is out of range, `conf` does not
 *   begin with its size, or rte_eal_init() was not called yet; E2BIG: it is of newer headers, and asks for what this library does not know;
 *   ENOMEM
 */
WEIR_API struct weir_flow_table *weir_flow_table_create(const struct weir_flow_conf *conf,
	struct weir_error *error);

/** weir_flow_table_free() lets a table go; flows that it has are not told of. NULL is nothing. */
WEIR_API void weir_flow_table_free(struct weir_flow_table *table);

/**
 * weir_flow_lookup() finds the flows of a burst, in the order of its packets, and makes those that there are
 * none of: of the life that is given, with `last` of `now`.
 */
WEIR_API void weir_flow_lookup(struct weir_flow_table *table, struct weir_flow_burst *burst);

/** weir_flow_set_life() gives a flow another life, 0 to WEIR_FLOW_LIVES - 1, and so another time-out. */
WEIR_API void weir_flow_set_life(struct weir_flow_table *table, struct weir_flow *flow,
	uint8_t life);

/**
 * weir_flow_renew() ends a flow, and has another one of the same key begin in its place: of life 0, with 0 in
 * what the user keeps. So a packet that belongs to no flow that went before has one of its own, and what
 * weir_flow_lookup() said of other packets holds. Not from on_end().
 *
 * @param now  ns: `last` of the new one
 */
WEIR_API void weir_flow_renew(struct weir_flow_table *table, struct weir_flow *flow,
	enum weir_flow_reason reason, uint64_t now);

/**
 * weir_flow_overdue() tells whether a packet of that time came too late for a flow, which weir_flow_expire()
 * has only not come to: who renews it then has flows that do not depend on how far that got.
 */
WEIR_API bool weir_flow_overdue(const struct weir_flow_table *table, const struct weir_flow *flow,
	uint64_t now);

/** weir_flow_end() ends a flow, which is no more then. Not from on_end(). */
WEIR_API void weir_flow_end(struct weir_flow_table *table, struct weir_flow *flow,
	enum weir_flow_reason reason);

/**
 * weir_flow_expire() ends what is idle for too long, in the order of its time-outs to a step.
 *
 * @param now   ns; a time before the latest one that it was given changes nothing
 * @param most  records that are touched, 1 or more; what is left over is late, and comes first next time
 * @return records touched: fewer than `most` where nothing was left over
 */
WEIR_API unsigned int weir_flow_expire(struct weir_flow_table *table, uint64_t now,
	unsigned int most);

/**
 * weir_flow_rewind() sets the time of a table back, or on, without an end: where what it was told was wrong. Flows
 * that were seen since count as seen then, once weir_flow_expire() comes by them; not those that were seen
 * later than the time that is taken back.
 *
 * @param now  ns
 */
WEIR_API void weir_flow_rewind(struct weir_flow_table *table, uint64_t now);

/**
 * weir_flow_drain() ends flows for WEIR_FLOW_DRAIN, in no order, `most` of them or fewer.
 *
 * @return flows that are left
 */
WEIR_API unsigned int weir_flow_drain(struct weir_flow_table *table, unsigned int most);

/**
 * weir_flow_stats() reads figures: no more of them than `stats->size` has.
 *
 * @return 0; -EINVAL: no table, or `stats` does not begin with its size
 */
WEIR_API int weir_flow_stats(const struct weir_flow_table *table, struct weir_flow_stats *stats);

/** @name The stage `flow`, and stages made of it
 * @{
 */

/** What is known of a flow: of TCP by its handshake and its end, of others by who has sent. */
enum weir_flow_state {
	/** TCP: no handshake was seen through; others: one side alone has sent. */
	WEIR_FLOW_STATE_NEW = 0,
	/** TCP: SYN, answer and its acknowledgement, or both sides in one that was under way; others: both
	 * sides have sent. */
	WEIR_FLOW_STATE_ESTABLISHED,
	WEIR_FLOW_STATE_CLOSING, /**< TCP: one side has sent its FIN */
	WEIR_FLOW_STATE_CLOSED,  /**< TCP: both have */
	WEIR_FLOW_STATE_RESET,   /**< TCP: one side has sent a RST */
	WEIR_FLOW_STATES         /**< number of states */
};

/** The sides of a flow. */
enum weir_flow_side_of {
	/** Who sent the SYN; where a SYN-ACK came first, whom it went to; else who sent the first packet. */
	WEIR_FLOW_CLIENT = 0,
	WEIR_FLOW_SERVER,
	WEIR_FLOW_SIDES /**< number of sides */
};

/** What one side of a flow has sent. */
struct weir_flow_side {
	uint64_t packets; /**< how many */
	uint64_t bytes;   /**< of frames, as long as they were on the wire */
	uint64_t payload; /**< bytes of L4 payload, by the headers */
	uint64_t first;   /**< ns since 1970, of its first packet; 0: it has sent none */
	uint64_t last;    /**< ns since 1970: the latest of its packets */
	/** TCP segments all of whose bytes had been seen, while nothing was missing. */
	uint32_t retransmitted;
	/** TCP segments that came behind later ones, while something was missing. */
	uint32_t out_of_order;
	/** Times that TCP bytes were missing, for which no segment came later. */
	uint32_t lost;
	uint8_t tcp_flags;   /**< of all its packets, or-ed */
	uint8_t ttl;         /**< TTL or hop limit of its first packet; 0: not known */
	uint8_t reserved[2]; /**< 0 */
};

/** @name Flags of a record
 * @{
 */
/** TCP whose SYN was not seen: its client is a guess. */
#define WEIR_FLOW_MIDSTREAM (1u << 0)
/** `rtt_ns` is known. */
#define WEIR_FLOW_RTT (1u << 1)
/** ICMP errors: `quoted` is the key of the packet that the first of them tells of. */
#define WEIR_FLOW_QUOTED (1u << 2)
/** `icmp_type` and `icmp_code` are those of its first packet. */
#define WEIR_FLOW_ICMP (1u << 3)
/** @} */

/** Most of a count that a record has for a side: of segments. More are not counted. */
#define WEIR_FLOW_COUNT_MAX UINT16_MAX

/**
 * What is told of a flow: a copy of its own, which lies behind an event without a packet. Of that event
 * `type` says what happened, `key` goes from the client to the server, `wire_ns` is when it happened, and
 * VLAN, tunnel and port are those of the flow's first packet.
 */
struct weir_flow_record {
	size_t size; /**< sizeof(struct weir_flow_record), of the library */
	uint64_t
		id; /**< the same in all that is told of a flow; unlike in others, as far as 64 bits go */
	uint64_t start; /**< ns since 1970: its first packet */
	uint64_t end;   /**< ns since 1970: the latest of its packets */
	struct weir_flow_side sides[WEIR_FLOW_SIDES]; /**< of the client, and of the server */
	struct weir_key quoted;                       /**< see WEIR_FLOW_QUOTED */
	/** TCP: ns from the SYN to what acknowledges its answer; UINT32_MAX: that, or more. */
	uint32_t rtt_ns;
	uint8_t state;       /**< enum weir_flow_state */
	uint8_t reason;      /**< enum weir_flow_reason; valid in WEIR_EVENT_FLOW_END */
	uint8_t flags;       /**< WEIR_FLOW_… */
	uint8_t icmp_type;   /**< see WEIR_FLOW_ICMP */
	uint8_t icmp_code;   /**< see WEIR_FLOW_ICMP */
	uint8_t reserved[7]; /**< 0 */
};

/** The record of an event of one of the types WEIR_EVENT_FLOW_…, or of weir_flow_tell(). */
static inline const struct weir_flow_record *
weir_event_flow(const struct weir_event *event)
{
	return (const struct weir_flow_record *)(event + 1);
}

/** Short name of a reason ("idle" …); NULL beyond the last. */
WEIR_API const char *weir_flow_reason_name(unsigned int reason);

/** Short name of a state ("new" …); NULL beyond the last. */
WEIR_API const char *weir_flow_state_name(unsigned int state);

/**
 * A state machine over flows: what a stage type made by WEIR_FLOW_STAGE() calls besides what `flow` does, of
 * which it has all parameters, outputs and events. Each may be left out. They are called on the worker's
 * lcore, for each packet in its order once the flow has counted it: on_new(), on_state(), and for a run of
 * packets of one flow on_packets() behind those of its last. They call nothing of the flow's table; events
 * stay the stage's. Of flows that a stop did not wait for, on_end() is called by who stops the engine; nothing
 * is sent then.
 *
 * `user` is what the type keeps with each flow: `user_size` bytes, 0 in a new one.
 */
struct weir_flow_ops {
	size_t size;        /**< sizeof(struct weir_flow_ops) */
	const char *name;   /**< as of struct weir_stage_ops */
	const char *help;   /**< likewise */
	uint32_t user_size; /**< bytes with each flow, up to WEIR_FLOW_OPS_USER_MAX */
	uint16_t tells;     /**< most calls of weir_flow_tell() for one packet, or one end */
	uint16_t reserved;  /**< 0 */
	size_t worker_size; /**< bytes with each worker, 0 at first: weir_flow_worker() */
	/** A packet made a flow. */
	void (*on_new)(struct weir_worker *worker, struct weir_flow *flow, void *user,
		const struct weir_event *event);
	/** A run of packets of one flow, in their order. */
	void (*on_packets)(struct weir_worker *worker, struct weir_flow *flow, void *user,
		struct weir_event *const events[], uint16_t n);
	/** Its state is another. */
	void (*on_state)(struct weir_worker *worker, struct weir_flow *flow, void *user,
		enum weir_flow_state old, enum weir_flow_state state);
	/** It ends: it is no more when this returns. Of every flow, for one reason. */
	void (*on_end)(struct weir_worker *worker, struct weir_flow *flow, void *user,
		enum weir_flow_reason reason);
};

/** A state machine with its size, and 0 in all else. */
#define WEIR_FLOW_OPS_INIT WEIR_SIZED(struct weir_flow_ops)

/** Most bytes that a state machine keeps with a flow. */
#define WEIR_FLOW_OPS_USER_MAX 2048

/** weir_flow_worker() gives what a state machine keeps with a worker: `worker_size` bytes. */
WEIR_API void *weir_flow_worker(const struct weir_worker *worker);

/** weir_flow_read() says what is known of a flow, in a state machine's calls; no more of it than
 * `record->size` has. @return 0; -EINVAL: `record` does not begin with its size */
WEIR_API int weir_flow_read(const struct weir_worker *worker, const struct weir_flow *flow,
	struct weir_flow_record *record);

/**
 * weir_flow_tell() sends an event of a type of the application's own to the output `flows`, with the record of
 * a flow: in a state machine's calls, and no more often than its `tells` says.
 *
 * @param type  WEIR_EVENT_USER or more
 * @return 0; -EINVAL: another type; -ENOBUFS: more often than that
 */
WEIR_API int weir_flow_tell(struct weir_worker *worker, const struct weir_flow *flow, uint8_t type);

/**
 * weir_flow_stage() fills all of a stage type of flows but its init() and needs(): WEIR_FLOW_STAGE(). Of ops
 * that do not begin with their size, or ask for what this library does not know, it has no name, and
 * weir_stage_register() refuses it.
 */
WEIR_API void weir_flow_stage(const struct weir_flow_ops *ops, struct weir_stage_ops *stage);

/** weir_flow_stage_init() is init() of a stage type of flows: WEIR_FLOW_STAGE(). */
WEIR_API int weir_flow_stage_init(const struct weir_flow_ops *ops, struct weir_worker *worker,
	const void *conf, void *state, struct weir_error *error);

/** weir_flow_stage_needs() is needs() of a stage type of flows: WEIR_FLOW_STAGE(). */
WEIR_API int weir_flow_stage_needs(const struct weir_flow_ops *ops, const void *conf,
	struct weir_stage_needs *needs, struct weir_error *error);

/** WEIR_FLOW_STAGE() registers a stage type made of a struct weir_flow_ops, as WEIR_STAGE_REGISTER() does. */
#define WEIR_FLOW_STAGE(ops) \
	static int weir_flow_init_##ops(struct weir_worker *worker, const void *conf, void *state, \
		struct weir_error *error) \
	{ \
		return weir_flow_stage_init(&ops, worker, conf, state, error); \
	} \
	static int weir_flow_needs_##ops(const void *conf, struct weir_stage_needs *needs, \
		struct weir_error *error) \
	{ \
		return weir_flow_stage_needs(&ops, conf, needs, error); \
	} \
	RTE_INIT(weir_flow_register_##ops) \
	{ \
		struct weir_stage_ops stage = { WEIR_STAGE_OPS }; \
\
		weir_flow_stage(&ops, &stage); \
		stage.init = weir_flow_init_##ops; \
		stage.needs = weir_flow_needs_##ops; \
		weir_stage_register(&stage); \
	}
/** @} */

#ifdef __cplusplus
}
#endif

#endif /* WEIR_FLOW_H */
