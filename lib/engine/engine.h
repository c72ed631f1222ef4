/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The plan, running: what an engine is made of, for the rooms that look on.
 *
 * All of it is the control side's: written before the first lcore runs and after the last has
 * returned, but for what says otherwise.
 */
#ifndef WEIR_LIB_ENGINE_H
#define WEIR_LIB_ENGINE_H

#include <net/if.h>
#include <pthread.h>
#include <sys/queue.h>

#include <rte_ethdev.h>
#include <rte_spinlock.h>

#include <weir/engine.h>
#include <weir/ledger.h>

#include "loop/loop.h"

/* A ring of a link, and both its ends. */
struct joint {
	struct rte_ring *ring;
	const struct plan_pair *pair;
	struct lane *lane;
	struct ring_consumer *consumer;
	struct ring_probe *probe;
};

/* What a driver counts, and what is found in its queues at the end. */
struct port_counts {
	uint64_t ipackets;
	uint64_t imissed;
	uint64_t ierrors;
	uint64_t rx_nombuf;
	uint64_t opackets;
	uint64_t oerrors;
	uint64_t obytes;
	uint64_t left; /* packets that waited in RX queues when it was stopped */
};

/* What is known of a port's link. */
enum link_state {
	LINK_UNKNOWN,
	LINK_UP,
	LINK_DOWN,
	LINK_GONE, /* the kernel's interface under the port is not there any more */
};

struct port_link {
	enum link_state state;
	uint32_t speed; /* Mbit/s; 0: not known, nor is what follows */
	bool half_duplex;
	bool autoneg;             /* speed and duplex are what both ends agreed on */
	bool looked;              /* since it was started, by who watches */
	uint64_t downs;           /* times that it was then seen to be up no more, or not yet */
	unsigned int index;       /* of the kernel's interface under the port; 0: none */
	char interface[IFNAMSIZ]; /* its name, as it was last; "": none */
};

/* What a driver counts of a queue. */
struct queue_count {
	bool known;
	uint64_t id;      /* of its xstat */
	uint64_t seen;    /* what that said last */
	uint64_t packets; /* since the engine was made, when it was last read */
};

struct port_state {
	struct weir_engine *engine;
	const struct plan_port *plan;
	uint16_t id; /* that DPDK gave it: another than in the plan, perhaps, once it came back */
	rte_spinlock_t lock; /* the control side's alone: who asks the driver while it goes away */
	struct port_counts seen;    /* what the driver said last: it may have counted before us */
	struct port_counts last;    /* since the engine was made, when they were last read */
	struct queue_count *queues; /* RX queues that are polled, then TX queues */
	struct port_link link;      /* as it was last, when it was looked at */
	uint32_t took;              /* mbufs that the driver took when it was set up and started, */
	uint32_t back;              /* and that it gave back when it was stopped */
	struct port_rules rules;    /* by which it keeps out what is not asked for */
	bool listened;              /* who looks on was told of it, and not yet that it is over */
	bool started;
	bool stopped;
	bool closed;    /* after it was stopped */
	bool gone;      /* the device went away */
	bool let_go;    /* and was closed here, or by others: nothing is left to be done */
	bool told_gone; /* by its source; until that tells that it is back */
	char device[RTE_ETH_NAME_MAX_LEN]; /* as its bus names it; "": not known */
	char bus[16];                      /* its device's, */
	char driver[64];     /* and of the kernel the driver that lends it; "": none */
	char *args;          /* that it was given to EAL with; NULL: none */
	bool absent;         /* it was seen to be away since, */
	uint64_t let_go_tsc; /* which may have been too short to see */
	uint64_t returns;
	uint32_t busy;  /* the control side sets it up, or stops or closes it, at this moment */
	uint32_t calls; /* of what is done when it goes away, at this moment: the engine stays */
};

struct pool_state {
	const struct plan_pool *plan;
	struct rte_mempool *pool;
	uint32_t kept; /* mbufs at most that drivers never give back */
};

/* One piece of memory for the rings of a consumer: they take no memzones, of which EAL has few. */
struct ring_zone {
	char *base;
	size_t used;
};

struct watch;

struct weir_engine {
	const struct weir_plan *plan;
	struct weir_engine_conf conf;
	unsigned int id;
	struct control *control;
	struct seat *seats; /* as the plan's workers */
	unsigned int seat_count;
	struct loop *loops;
	unsigned int loop_count;
	struct ring_zone *zones; /* of each seat: where the rings are that end there */
	struct joint *joints;
	unsigned int joint_count;
	const struct link_policy **policies; /* of each link, as it was set last */
	uint8_t **buckets; /* of each link, for each socket; NULL: no producer there */
	uint32_t *least;   /* for each link: what its rings must hold where it is lossless */
	struct settings *settings; /* the newest, and older ones behind; NULL: none */
	pthread_mutex_t setting;   /* held by who sets; never by a worker */
	uint32_t flow_seed;        /* of drop-flow */
	struct weir_hash_key hash_key;
	struct failures failures; /* any thread */
	struct port_state *ports;
	unsigned int port_count;
	struct pool_state *pools;
	unsigned int pool_count;
	/* Under the lock of the engines' list: its ports may be looked for, and it is made. */
	bool searched;
	bool ready;
	bool started; /* any thread may read it: what is to be launched is */
	bool stop_asked;
	bool stopped; /* any thread may read it, and `stop_tsc` then, */
	bool at_rest; /* and this: stopped, and no lcore is out, so that no figure changes */
	bool timed_out;
	/* Once it has stopped: mbufs of its pools that the application may have at most; and events that are
	 * known to be lost, so that it has not those. */
	uint64_t lent_most;
	uint64_t lost;
	bool gave_up;       /* a stop did not wait for lcores any longer: then, or now, */
	unsigned int out;   /* so many have not returned */
	uint64_t start_tsc; /* 0: not started */
	uint64_t stop_tsc;
	struct watch *watch; /* what the watchdog keeps of it */
	TAILQ_ENTRY(weir_engine) next;
};

/*
 * Who looks on from a room above, and is told of an engine's life by the thread that calls. Any may
 * be NULL. The table, which ends with NULL, is the one thing here that a room above defines: a
 * constructor there would not be linked in from a static library.
 */
struct engine_onlooker {
	/* It is made but for its ports: 0; or -errno with `error`, and nothing is undone for it. */
	int (*made)(struct weir_engine *engine, struct weir_error *error);
	void (*unmade)(struct weir_engine *engine);
	/* Before one of its ports is set up: 0, or -errno. */
	int (*port)(const struct port_state *port);
	/* Once it is done with a port: of one that is the application's nothing may stay registered. */
	void (*port_over)(const struct port_state *port);
	/* Its lcores have returned, or were given up. */
	void (*returned)(struct weir_engine *engine);
	/* It is at rest: nothing is counted any more by those that have returned. */
	void (*stopped)(struct weir_engine *engine);
};

extern const struct engine_onlooker *const engine_onlookers[];

/* list.c: visit every engine of the process that is made, under the lock of their list; stop where
 * visit() is not 0. The other visits all whose ports may be looked for. */
int engine_each(int (*visit)(struct weir_engine *engine, void *arg), void *arg);
int engine_search_each(int (*visit)(struct weir_engine *engine, void *arg), void *arg);

/* loops.c: the loop of an lcore, or NULL. */
struct loop *engine_loop(const struct weir_engine *engine, unsigned int lcore);
/* Cycles that may pass between two passes, of the loop that waits longest. */
uint64_t engine_longest_wait(const struct weir_engine *engine);
/* Cycles since start, until stop. */
uint64_t engine_cycles(const struct weir_engine *engine);

/* A worker as a line names it, "busy[0] (work)", with its port and driver where it has one; into
 * `text`, which is returned. */
#define SEAT_TEXT_SIZE 192
const char *engine_seat_text(const struct weir_engine *engine, const struct seat *seat,
	char text[SEAT_TEXT_SIZE]);

/* ports.c: counts since the engine was made; of a port that is gone, those that were last read. */
void engine_port_counts(struct port_state *port, struct port_counts *counts);
/* queues.c: packets of a queue, likewise; false: its driver does not tell. */
bool engine_queue_packets(struct port_state *port, bool receives, uint16_t queue,
	uint64_t *packets);
/* The control side, now and then: what sources have to look after at their ports. */
void engine_ports_watch(struct weir_engine *engine);
/* port_link.c: look at the link of a port, and give what is known of it; of a port that is gone or stopped
 * what was known last. The other only gives it. */
void engine_port_look(struct port_state *port, struct port_link *link);
void engine_port_link(struct port_state *port, struct port_link *link);
/* port_link.c: speed and duplex of a link that is up as the end of a message, or "", into text. */
#define PORT_LINK_TEXT_SIZE 64
const char *engine_port_link_text(const struct port_link *link, char text[PORT_LINK_TEXT_SIZE]);
/* Mbufs of a pool that are not there. */
struct pool_missing {
	uint32_t kept;   /* by drivers, */
	uint32_t lent;   /* with the application, */
	uint32_t leaked; /* and lost by the engine */
};

/* pools.c: after a stop, what is missing of a pool. */
struct pool_missing pool_missing(const struct weir_engine *engine, const struct pool_state *pool);
/* The port is gone from now on; whether it was not before, nor stopped. */
bool port_mark(struct port_state *port);

/* ports.c: have the source of a port, where it is to, tell of what happened to it. */
void port_changed(struct port_state *port, enum weir_port_what what, uint32_t speed);

/* port_gone.c: have the workers of a port leave it; and whether their lcores have finished the passes that
 * they were in, which takes two passes, or which lcore has not. Of any thread. */
void port_leave(struct port_state *port);
bool port_left(const struct port_state *port, unsigned int *lcore);
/* port_gone.c: the same where the interface of the kernel under a port is no more; by who watches. */
void port_forsake(struct port_state *port);
/* The control side, now and then: close ports that are gone, and let go of their devices, where that was
 * asked for. */
void engine_ports_let_go(struct weir_engine *engine);
/* port_back.c: take up those that came back, likewise. And the driver of the kernel that a PCI device has,
 * into `driver`; false, and "": none. */
void engine_ports_take_up(struct weir_engine *engine);
bool device_driver(const char *device, char *driver, size_t size);

/* Of any thread: it was started, and that did not fail. */
static inline bool
engine_started(const struct weir_engine *engine)
{
	return __atomic_load_n(&engine->started, __ATOMIC_ACQUIRE);
}

static inline void
engine_set_started(struct weir_engine *engine)
{
	__atomic_store_n(&engine->started, true, __ATOMIC_RELEASE);
}

/* Of any thread: a stop is over; and no lcore is left that it did not wait for any longer. */
static inline bool
engine_stopped(const struct weir_engine *engine)
{
	return __atomic_load_n(&engine->stopped, __ATOMIC_ACQUIRE);
}

static inline bool
engine_at_rest(const struct weir_engine *engine)
{
	return __atomic_load_n(&engine->at_rest, __ATOMIC_ACQUIRE);
}

#endif /* WEIR_LIB_ENGINE_H */
