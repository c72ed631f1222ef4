/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * ledger: the figures that must balance: every event in has exactly one way out.
 *
 *     received + created = released + transmitted + ejected + dropped + in_flight     whole engine
 *     in + created       = out + released + dropped + held                            each worker
 *     enqueued           = dequeued + dropped_inside + count                          each ring
 *     enqueued           = dequeued + count                                           each end
 *
 * Dropped inside is what was lost after it was put in a ring: the oldest, the late, and what a stop
 * found there when its time was up. It counts as come in, and as dropped, at the consumer.
 *
 * Reading takes no lock and stops nothing; any thread may read, at any time. Figures of a running
 * engine are each exact but not of one instant; at rest they balance to the unit.
 *
 * The structs of figures begin with their size, which the caller sets by their WEIR_…_INIT. A
 * reader writes no more than that, and keeps it: one such struct does for many calls. A size
 * without room for the first figure is -EINVAL with every reader here, as is no engine.
 */
#ifndef WEIR_LEDGER_H
#define WEIR_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/event.h>
#include <weir/export.h>
#include <weir/size.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_engine;

/** Bytes of the name of a link's producing end, the final NUL included. */
#define WEIR_FROM_SIZE 48

/** Bytes of a seed as a text, the final NUL included. */
#define WEIR_SEED_SIZE 20

/** What is said of an engine as a whole. */
struct weir_engine_figures {
	size_t size;          /**< of the struct, as its caller has it */
	const char *weir;     /**< weir's version */
	const char *dpdk;     /**< DPDK's version */
	const char *pipeline; /**< name of the pipeline, and so of the engine */
	double elapsed;       /**< from start to now or to stop, s */
	uint32_t flow_seed;   /**< of weir_flow_place() in this engine */
	/** Of the flow hash, as 0x and 16 digits: JSON's numbers have 53 bits for many readers. */
	char hash_seed[WEIR_SEED_SIZE];
};
/** Empty figures, for the reader. */
#define WEIR_ENGINE_FIGURES_INIT WEIR_SIZED(struct weir_engine_figures)

/** The ledger of an engine, in events. */
struct weir_ledger {
	size_t size;          /**< of the struct, as its caller has it */
	uint64_t received;    /**< taken in by sources, and handed in to those of type inject */
	uint64_t created;     /**< made inside: copies, and what stages make */
	uint64_t released;    /**< ended, done with */
	uint64_t transmitted; /**< left through a port */
	uint64_t dropped;     /**< ended for a reason */
	uint64_t in_flight;   /**< in rings, those of inject and eject included, in hand or held */
	int64_t unaccounted;  /**< at rest, what the others do not explain; 0 while running */
	uint64_t ejected;     /**< handed over to the application */
};
/** An empty ledger, for the reader. */
#define WEIR_LEDGER_INIT WEIR_SIZED(struct weir_ledger)

/** What is said of a node as a whole: its figures are the sums of its workers'. */
struct weir_node_figures {
	size_t size;          /**< of the struct, as its caller has it */
	const char *name;     /**< of the source or stage */
	const char *type;     /**< type of that */
	unsigned int workers; /**< how many it has */
	unsigned int first;   /**< which of all workers is its first; the others follow */
	bool progresses;      /**< whether `progress` is known */
	double progress;      /**< share of the bytes of its files that a source has read, 0 to 1 */
};
/** Empty figures, for the reader. */
#define WEIR_NODE_FIGURES_INIT WEIR_SIZED(struct weir_node_figures)

/**
 * The figures of a worker, in events; and where its time goes, in shares of the engine's time on
 * its lcore. Once the engine is started busy, others, idle, spin, blocked and sleep sum to 1. The
 * time that an application spends between two weir_worker_poll() is idle.
 */
struct weir_worker_figures {
	size_t size;             /**< of the struct, as its caller has it */
	const char *node;        /**< name of its source or stage */
	const char *type;        /**< type of that */
	unsigned int node_index; /**< which node, from 0 */
	unsigned int index;      /**< which worker of the node, from 0 */
	unsigned int lcore;      /**< where it runs */
	int socket;              /**< and on which socket */
	bool source;             /**< whether the node is a source */
	uint64_t in;             /**< taken in */
	uint64_t out;            /**< passed on, transmitted and ejected ones included */
	uint64_t created;        /**< made */
	uint64_t released;       /**< ended, done with */
	uint64_t transmitted;    /**< left through a port */
	uint64_t dropped;        /**< ended for a reason, here or on an outgoing link */
	uint64_t held;           /**< kept for later */
	double busy;             /**< share of its lcore's time that it worked, 0 to 1 */
	uint64_t verdicts[WEIR_VERDICTS_ROOM]; /**< packets parsed, by verdict; sources only */
	double others;                         /**< its lcore worked, but for other workers */
	double idle;                           /**< looked for work and found none */
	double spin;                           /**< waited for work, on its CPU */
	double blocked;     /**< had work and no room for it, the wait for room included */
	double sleep;       /**< waited for work, its CPU given to the kernel */
	uint64_t pressures; /**< times that links behind it pressed; counted where it listens */
	uint64_t key_only;  /**< packets parsed no further than their key; sources only */
	uint64_t truncated; /**< packets whose IP length goes beyond their frame; sources only */
	uint64_t no_length; /**< packets whose IP header says no length; sources only */
	uint64_t bad_l3_checksum; /**< packets with a wrong IPv4 checksum; sources only */
	uint64_t bad_l4_checksum; /**< packets with a wrong checksum of L4; sources only */
	uint64_t ejected;         /**< handed over to the application, as far as it has seen that */
};
/** Empty figures, for the reader. */
#define WEIR_WORKER_FIGURES_INIT WEIR_SIZED(struct weir_worker_figures)

/** The figures of one ring of a link. A pair of workers joined by a call has none. */
struct weir_ring_figures {
	size_t size;               /**< of the struct, as its caller has it */
	char from[WEIR_FROM_SIZE]; /**< producer's node, with .OUTPUT where it has several */
	const char *to;            /**< consumer's node */
	unsigned int link;         /**< which link, from 0 */
	unsigned int producer;     /**< index of the producing worker in its node */
	unsigned int consumer;     /**< index of the consuming worker in its node */
	int socket;                /**< where its memory is */
	uint32_t capacity;         /**< events it can hold */
	uint32_t count;            /**< events in it now */
	uint32_t high_water;       /**< most events that its consumer found in it */
	uint64_t enqueued;         /**< put in */
	uint64_t dequeued;         /**< taken out */
	uint64_t dropped_inside;   /**< of `dropped`, what was lost after it was put in */
	uint64_t dropped;          /**< lost here */
	uint32_t level;      /**< drop-flow: flows are shed whose weir_flow_place() is below it */
	uint32_t level_most; /**< the greatest that it was: flows from there on were never shed */
};
/** Empty figures, for the reader. */
#define WEIR_RING_FIGURES_INIT WEIR_SIZED(struct weir_ring_figures)

/** The figures of a link. */
struct weir_link_figures {
	size_t size;               /**< of the struct, as its caller has it */
	char from[WEIR_FROM_SIZE]; /**< producer's node, with .OUTPUT where it has several */
	const char *to;            /**< consumer's node */
	const char *on_full;       /**< the drop policy's name, as it was set last */
	bool call;                 /**< whether every pair of workers is joined by a call */
	unsigned int rings;        /**< how many rings it has */
	uint32_t count;            /**< events in its rings now */
	uint32_t capacity;         /**< events that its rings can hold */
	uint64_t dropped;          /**< lost on it */
	const char *kind;          /**< "call" where every pair is joined by one, else "ring" */
	double fill;               /**< how full its rings are now, together, 0 to 1 */
	double peak;               /**< how full the fullest of its rings ever was, 0 to 1 */
};
/** Empty figures, for the reader. */
#define WEIR_LINK_FIGURES_INIT WEIR_SIZED(struct weir_link_figures)

/** The figures of an ethdev port, from its driver. */
struct weir_port_figures {
	size_t size;         /**< of the struct, as its caller has it */
	char name[64];       /**< device name */
	uint16_t port;       /**< DPDK's port id */
	int socket;          /**< NUMA socket, -1 where there is none */
	uint64_t ipackets;   /**< packets received */
	uint64_t imissed;    /**< packets the NIC dropped: no free descriptor */
	uint64_t ierrors;    /**< packets received with an error */
	uint64_t rx_nombuf;  /**< allocations of mbufs that failed */
	uint64_t opackets;   /**< packets sent */
	bool reports_missed; /**< whether the driver counts what it missed */
	bool gone; /**< whether the device, or the kernel's interface under it, went away; the counts
		    * are then the last that were read */
	const char *link;     /**< "up" or "down", as it was seen last; weir_engine_watch() looks */
	uint64_t link_downs;  /**< times that it was seen to have gone down, or to be so at first */
	uint64_t oerrors;     /**< packets that it took but did not send, as its driver tells */
	uint32_t speed;       /**< of the link, in Mbit/s */
	bool reports_link;    /**< whether the driver tells how its link is */
	bool reports_speed;   /**< whether it tells how fast that is now, and its duplex */
	uint64_t received;    /**< packets that its source took, those of the ledger */
	uint64_t transmitted; /**< packets that stages gave it, those of the ledger */
	uint64_t left;        /**< packets that waited in its RX queues when it was stopped */
	/** ipackets - received - left: at rest, of a port that is received from, is not adopted and never
	 * went away. Not 0 where packets came in while it was being stopped, or where its driver counts otherwise. */
	int64_t unexplained;
	bool reports_unexplained; /**< whether that is known */
	uint32_t rules;     /**< rules in the device that keep out what `match` does not ask for */
	uint64_t returns;   /**< times that it came back after it went away */
	const char *duplex; /**< of the link: "full" or "half" */
	bool autoneg;       /**< both ends agreed on speed and duplex; else they are set */
};
/** Empty figures, for the reader. */
#define WEIR_PORT_FIGURES_INIT WEIR_SIZED(struct weir_port_figures)

/** A queue of a port, and the worker that has it. */
struct weir_queue_figures {
	size_t size;             /**< of the struct, as its caller has it */
	char port[64];           /**< device name */
	const char *direction;   /**< "rx" or "tx" */
	uint16_t queue;          /**< number of the queue */
	const char *node;        /**< source or stage of the worker */
	unsigned int worker;     /**< and which of its workers, from 0 */
	uint64_t events;         /**< that the worker took from it, or gave it */
	uint64_t packets;        /**< that its driver counts, by its xstats */
	bool reports_packets;    /**< whether the driver counts each queue */
	unsigned int port_index; /**< which of the engine's ports, from 0 */
};
/** Empty figures, for the reader. */
#define WEIR_QUEUE_FIGURES_INIT WEIR_SIZED(struct weir_queue_figures)

/**
 * The flows of a worker whose stage follows them: `flow`, or one that WEIR_FLOW_STAGE() made. As of its last
 * look at the clock, which comes every 256 passes or so, and once it has drained.
 */
struct weir_flow_figures {
	size_t size;            /**< of the struct, as its caller has it */
	const char *node;       /**< its stage */
	unsigned int worker;    /**< and which of its workers, from 0 */
	uint64_t capacity;      /**< flows that there is room for */
	uint64_t flows;         /**< that there are */
	double load;            /**< share of the capacity that they are */
	uint64_t created;       /**< that began */
	uint64_t ended_idle;    /**< that ended for enum weir_flow_reason */
	uint64_t ended_fin;     /**< likewise */
	uint64_t ended_rst;     /**< likewise */
	uint64_t ended_active;  /**< likewise */
	uint64_t ended_evicted; /**< likewise */
	uint64_t ended_drain;   /**< likewise */
	uint64_t refused;       /**< packets without a flow, since there was no room for one */
	uint64_t keyless;       /**< packets without a flow, since they have no key */
	uint64_t told;          /**< events that tell of flows */
	uint64_t late_ns;       /**< most that an end by idleness was late */
	uint64_t backward;      /**< packets whose time lay before that of one before them */
	uint64_t far;           /**< packets whose time lay more than an hour off */
};
/** Empty figures, for the reader. */
#define WEIR_FLOW_FIGURES_INIT WEIR_SIZED(struct weir_flow_figures)

/**
 * The figures of a ring between the application and a worker: of a producer of an inject source, or of a
 * worker of an eject stage with `mode = ring`. enqueued = dequeued + count.
 */
struct weir_end_figures {
	size_t size;      /**< of the struct, as its caller has it */
	const char *node; /**< its source or stage */
	const char
		*type; /**< type of that: "inject", by which the application puts in, or "eject" */
	unsigned int worker; /**< and which of its workers, from 0 */
	unsigned int end;    /**< which producer of the worker, from 0; of eject 0 */
	int socket;          /**< where its memory is */
	bool opened;         /**< whether the application has opened it */
	uint32_t capacity;   /**< events and packets that it can hold */
	uint32_t count;      /**< in it now */
	uint32_t high_water; /**< most that who takes out of it found in it */
	double fill;         /**< how full it is now, 0 to 1 */
	uint64_t enqueued;   /**< put in */
	uint64_t dequeued;   /**< taken out */
	uint64_t
		refused; /**< given to inject, which had no room for them: each as often as it was */
	uint64_t bytes;  /**< that it takes, with what both sides keep of it */
};
/** Empty figures, for the reader. */
#define WEIR_END_FIGURES_INIT WEIR_SIZED(struct weir_end_figures)

/** How often weir_engine_watch() saw what it looks for; 0 where it is not called. */
struct weir_watch_figures {
	size_t size;            /**< of the struct, as its caller has it */
	uint64_t stuck_workers; /**< a worker with events waiting did not move for `stall_ms` */
	uint64_t stuck_lcores;  /**< an lcore made no pass for `stall_ms` */
	uint64_t all_blocked;   /**< no worker moved for 500 ms though events waited */
	uint64_t preempted;     /**< a second in which an lcore with a CPU of its own lost more than
				 * 5 % of it, most of that to other threads */
	uint64_t stolen;        /**< as `preempted`, most of it to the hypervisor */
};
/** Empty figures, for the reader. */
#define WEIR_WATCH_FIGURES_INIT WEIR_SIZED(struct weir_watch_figures)

/** The figures of an lcore; what it lost is counted from when it was first watched. */
struct weir_lcore_figures {
	size_t size;        /**< of the struct, as its caller has it */
	unsigned int lcore; /**< which one */
	bool launched;      /**< whether weir's own loop has a thread there, launched or run */
	bool shared;        /**< whether it has less than a CPU of its own */
	uint64_t passes;    /**< over its workers */
	uint64_t switches;  /**< times that another thread was given its CPU */
	uint64_t waited_ns; /**< time that it could have run but another thread did, ns */
	uint64_t stolen_ns; /**< time that the hypervisor took of its CPU, ns; of several CPUs, in
			     * the mean */
	const char *how; /**< "launched", "polled" or "run": by whom its workers are, see plan.h */
};
/** Empty figures, for the reader. */
#define WEIR_LCORE_FIGURES_INIT WEIR_SIZED(struct weir_lcore_figures)

/** The figures of a pool. */
struct weir_pool_figures {
	size_t size;        /**< of the struct, as its caller has it */
	const char *name;   /**< mempool name */
	int socket;         /**< where its memory is */
	uint32_t mbufs;     /**< how many it has */
	uint32_t available; /**< mbufs that are free now */
	uint32_t leaked;    /**< mbufs that a stop did not bring back; 0 while the engine runs */
	uint32_t kept; /**< mbufs that drivers kept at a stop, as they do: net_af_xdp; not leaked */
	/** Mbufs that are with the application after a stop, and not leaked: those that are not back, less the
	 * events that the ledger misses, and no more than went into what was ejected, and than TX queues of
	 * adopted ports have descriptors. Where a source is of type inject nobody knows in whose mbuf a missing
	 * event was: it is then counted here. */
	uint64_t lent;
};
/** Empty figures, for the reader. */
#define WEIR_POOL_FIGURES_INIT WEIR_SIZED(struct weir_pool_figures)

/**
 * Where an object of the engine's memory is to be, and where the kernel says that its pages are. Up to 256
 * pages of each piece are looked at, spread over it; a page that nothing has touched is nowhere.
 */
struct weir_memory_figures {
	size_t size;   /**< of the struct, as its caller has it */
	char name[64]; /**< whose: a pool's name, "busy[0]", "lcore 1" */
	const char
		*kind; /**< "pool", "worker" (with its state), "rings" (that end at it), "stack" */
	int socket;    /**< planned */
	int actual;    /**< socket of most of its pages; -1: not known */
	double elsewhere; /**< share of its pages that are not on the planned one, 0 to 1 */
	uint64_t bytes;   /**< of it; 0: a stack of an lcore that weir does not run, or no rings */
	bool reports_actual; /**< whether the kernel says where it is */
};
/** Empty figures, for the reader. */
#define WEIR_MEMORY_FIGURES_INIT WEIR_SIZED(struct weir_memory_figures)

/** weir_ledger_read() reads the ledger, sinks before sources. @return 0, or -EINVAL for its size */
WEIR_API int weir_ledger_read(const struct weir_engine *engine, struct weir_ledger *ledger);

/** weir_ledger_engine() reads what is said of the engine. @return 0, or -EINVAL for its size */
WEIR_API int weir_ledger_engine(const struct weir_engine *engine,
	struct weir_engine_figures *figures);

/** weir_ledger_node() reads node i. @return 0, or -ENOENT beyond the last */
WEIR_API int weir_ledger_node(const struct weir_engine *engine, unsigned int i,
	struct weir_node_figures *figures);

/** weir_ledger_worker() reads worker i. @return 0, or -ENOENT beyond the last */
WEIR_API int weir_ledger_worker(const struct weir_engine *engine, unsigned int i,
	struct weir_worker_figures *figures);

/**
 * What is measured of how long things take: at the stages' workers, on about one pass of an lcore
 * in 64. Not of what is left when the engine drains.
 *
 * At a worker behind rings, wait and age are of the same events: one of what the producer of a ring
 * publishes on such a pass; those that say no arrival, as what stages make may, have a wait alone.
 */
enum weir_latency {
	WEIR_LATENCY_WAIT = 0, /**< an event's wait in a ring, from its publication to its taking */
	WEIR_LATENCY_SERVICE,  /**< process() for each event of a burst, with all that it calls */
	WEIR_LATENCY_AGE,      /**< from an event's arrival (its `tsc`) to process() */
	WEIR_LATENCY_MAX       /**< number of them */
};

/** How long something takes, in ns, to 1 part in 16. All 0 where nothing was measured. */
struct weir_latency_figures {
	size_t size;    /**< of the struct, as its caller has it */
	uint64_t count; /**< measurements */
	uint64_t p50;   /**< half of them are not longer */
	uint64_t p99;   /**< 99 of a hundred are not */
	uint64_t p999;  /**< 999 of a thousand are not */
	uint64_t max;   /**< none is */
};
/** Empty figures, for the reader. */
#define WEIR_LATENCY_FIGURES_INIT WEIR_SIZED(struct weir_latency_figures)

/**
 * weir_ledger_latency() reads how long things take at worker i.
 *
 * @return 0; -ENOENT beyond the last worker or kind; -ENODATA: the worker is a source's
 */
WEIR_API int weir_ledger_latency(const struct weir_engine *engine, unsigned int i,
	enum weir_latency latency, struct weir_latency_figures *figures);

/** Short name of a latency ("wait", "service", "age"), the key in reports; NULL beyond the last. */
WEIR_API const char *weir_latency_name(unsigned int latency);

/** weir_ledger_link() reads link i. @return 0, or -ENOENT beyond the last */
WEIR_API int weir_ledger_link(const struct weir_engine *engine, unsigned int i,
	struct weir_link_figures *figures);

/**
 * weir_ledger_link_drop() reads what was lost on a link for reason i of those that links have: its
 * name and how many. Reasons that never struck are listed too.
 *
 * @return 0, or -ENOENT beyond the last link or reason
 */
WEIR_API int weir_ledger_link_drop(const struct weir_engine *engine, unsigned int link,
	unsigned int i, const char **reason, uint64_t *count);

/** weir_ledger_flow_seed() gives the seed of weir_flow_place() in this engine. */
WEIR_API uint32_t weir_ledger_flow_seed(const struct weir_engine *engine);

/** weir_ledger_ring() reads ring i of the engine. @return 0, or -ENOENT beyond the last */
WEIR_API int weir_ledger_ring(const struct weir_engine *engine, unsigned int i,
	struct weir_ring_figures *figures);

/** weir_ledger_port() reads port i of the engine. @return 0, or -ENOENT beyond the last */
WEIR_API int weir_ledger_port(const struct weir_engine *engine, unsigned int i,
	struct weir_port_figures *figures);

/**
 * weir_ledger_queue() reads queue i of those that the engine's workers have, in the order of the workers;
 * its driver is asked.
 *
 * @return 0, or -ENOENT beyond the last
 */
WEIR_API int weir_ledger_queue(const struct weir_engine *engine, unsigned int i,
	struct weir_queue_figures *figures);

/**
 * weir_ledger_flows() reads the i-th of the workers that follow flows, in the order of the workers.
 *
 * @return 0, or -ENOENT beyond the last
 */
WEIR_API int weir_ledger_flows(const struct weir_engine *engine, unsigned int i,
	struct weir_flow_figures *figures);

/**
 * weir_ledger_end() reads the i-th of the rings to and from the application, in the order of the workers.
 *
 * @return 0, or -ENOENT beyond the last
 */
WEIR_API int weir_ledger_end(const struct weir_engine *engine, unsigned int i,
	struct weir_end_figures *figures);

/** weir_ledger_lcore() reads the i-th lcore of the engine. @return 0, or -ENOENT beyond the last */
WEIR_API int weir_ledger_lcore(const struct weir_engine *engine, unsigned int i,
	struct weir_lcore_figures *figures);

/** weir_ledger_watch() reads what the watchdog has counted. @return 0, or -EINVAL for its size */
WEIR_API int weir_ledger_watch(const struct weir_engine *engine,
	struct weir_watch_figures *figures);

/** weir_ledger_pool() reads pool i of the engine. @return 0, or -ENOENT beyond the last */
WEIR_API int weir_ledger_pool(const struct weir_engine *engine, unsigned int i,
	struct weir_pool_figures *figures);

/**
 * weir_ledger_memory() asks the kernel where object i of the engine's memory is: a system call for each
 * piece of it.
 *
 * @return 0, or -ENOENT beyond the last
 */
WEIR_API int weir_ledger_memory(const struct weir_engine *engine, unsigned int i,
	struct weir_memory_figures *figures);

/**
 * weir_ledger_drop() reads drop reason i: its name and how many were lost for it. Reasons that
 * never struck are listed too.
 *
 * @return 0, or -ENOENT beyond the last
 */
WEIR_API int weir_ledger_drop(const struct weir_engine *engine, unsigned int i, const char **reason,
	uint64_t *count);

/**
 * weir_report() writes all figures as one JSON document, as the README describes.
 *
 * @return a string for free(); NULL with rte_errno ENOMEM, or EINVAL: no engine
 */
WEIR_API char *weir_report(const struct weir_engine *engine);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_LEDGER_H */
