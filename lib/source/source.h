/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Where events come from. */
#ifndef WEIR_LIB_SOURCE_H
#define WEIR_LIB_SOURCE_H

#include <rte_ethdev.h>

#include <weir/error.h>
#include <weir/param.h>
#include <weir/pipeline.h>
#include <weir/source.h>

#include "link/link.h"
#include "match/match.h"
#include "parse/parse.h"

/* Fewest packets that vector code of drivers gives. */
#define POLL_LEAST 8

/* What a port is to do: not, or by all means, or as it can. */
enum port_choice { PORT_OFF, PORT_ON, PORT_AUTO };

/* What spreads packets over the queues of a port. */
enum port_rss { PORT_RSS_OFF, PORT_RSS_IP, PORT_RSS_L4, PORT_RSS_AUTO };

/*
 * The key `checksum` of any source: the first as enum weir_parse_checksum has them; the others are a
 * port's, which is to look at all of them by all means, or as it can.
 */
enum source_checksum { CHECKSUM_PORT, CHECKSUM_OFF, CHECKSUM_VERIFY, CHECKSUM_ON, CHECKSUM_AUTO };

/* The key `flow_control`: as the port has it, or enum rte_eth_fc_mode and one. */
#define PORT_FLOW_KEEP 0

/* What an ethdev source has of its own. */
struct ethdev_conf {
	uint64_t promiscuous; /* enum port_choice */
	uint64_t mtu;         /* 0: the port's */
	uint64_t rss;         /* enum port_rss */
	uint64_t vlan_strip;
	uint64_t timestamp;
	uint64_t rx_drop;      /* enum port_choice */
	uint64_t flow_control; /* see PORT_FLOW_KEEP */
	uint64_t allmulticast;
	const char *mac;      /* addresses as given, or "" */
	uint64_t link_wait;   /* ns */
	const char *match;    /* packets that are asked for, a pcap expression; "": all */
	uint64_t match_rules; /* what the port can do of it, it does */
	uint64_t port_events;
	uint64_t adopt;       /* the application has set the port up, and keeps it */
	uint64_t queue_first; /* of that, the first queue that is polled */
	struct match_program
		*program; /* of `match`, by compile(); NULL: all packets are asked for */
};

/* What happened to a port, for its source to tell: written by the control side, one at a time. */
#define PORT_CHANGES 32
struct port_changes {
	uint32_t put;
	uint32_t told; /* written by the worker */
	struct weir_port_change change[PORT_CHANGES];
	uint16_t port[PORT_CHANGES]; /* the id that it had then */
};

/* The control side: nothing where so many wait already. */
void port_changes_put(struct port_changes *changes, uint16_t port, enum weir_port_what what,
	uint32_t speed);
/*
 * The worker: an event that tells of the first that was not told, counted as created. NULL: there is none,
 * or no mbuf.
 */
struct weir_event *port_event(struct weir_worker *worker);

/* A source type. Call order for each worker: init; poll; fini. */
struct source_ops {
	struct weir_source_type type; /* name, help, its own parameters */
	size_t conf_size;             /* of the struct that its parameters fill */
	size_t state_size;            /* of each worker, zeroed before init */
	uint16_t least;   /* poll() may give nothing for fewer, POLL_LEAST at most; 0: any */
	bool single;      /* one worker does all: `queues` is 1 */
	bool threaded;    /* a thread of its own makes what it gives */
	bool foreign;     /* what it gives has mbufs that others made: it takes none of the pool */
	bool checked;     /* a port may have looked at checksums of its packets, and told them so */
	uint32_t longest; /* bytes of a packet that it makes a chain of; 0: one mbuf */
	uint32_t chained; /* the same, of a driver that makes chains unasked */
	/* As a stage's, of a port whose driver makes chains unasked: events that there are mbufs for. */
	unsigned int (*room)(struct weir_worker *worker, void *state);
	/* As a stage's; NULL: nothing to check. */
	int (*check)(const char *node, const void *conf, struct weir_error *error);
	/*
	 * After check(): make what all workers share, into `conf`, which takes long; undone by discard(). NULL:
	 * there is nothing.
	 */
	int (*compile)(const char *node, void *conf, struct weir_error *error);
	void (*discard)(void *conf);
	/* Bytes that init takes from EAL, for each worker; NULL: none. */
	size_t (*memory)(const void *conf);
	/* worker: stats, lcore, socket, pool, port, queue, tunnel, fragments, under_pressure, hash_key,
	 * vxlan_ports, index, count. */
	int (*init)(struct weir_worker *worker, const void *conf, void *state,
		struct weir_error *error);
	/* Make at most n events; count nothing: the engine does. */
	uint16_t (*poll)(struct weir_worker *worker, void *state, struct weir_event *events[],
		uint16_t n);
	/* The engine stops: take nothing new; how many events poll() still has to give. NULL: 0. */
	unsigned int (*drain)(struct weir_worker *worker, void *state);
	/* What is behind it is too full, or is no more: parse less, or all. NULL: nothing to shed. */
	void (*pressure)(struct weir_worker *worker, void *state, bool on);
	/* As a stage's: a live parameter was set; `rate`, say. NULL where none is live. */
	void (*set)(struct weir_worker *worker, void *state, const void *conf);
	/* The control side, now and then, while the worker's port is there; NULL: nothing to do. */
	void (*watch)(struct weir_worker *worker, void *state);
	/* The control side, while the worker leaves its port alone: that came back, as worker->port. */
	void (*back)(struct weir_worker *worker, void *state);
	/* Undo init; NULL: nothing. */
	void (*fini)(struct weir_worker *worker, void *state);
	/* As a stage's: something waits here that poll() has not given yet. NULL: never. */
	bool (*pending)(const struct weir_worker *worker, const void *state);
};

extern const struct source_ops source_ethdev;
extern const struct source_ops source_synth;
extern const struct source_ops source_inject;
extern const struct source_ops source_pcap;

/* By index, NULL beyond the last; and by name, NULL where there is none. */
const struct source_ops *source_ops(unsigned int index);
const struct source_ops *source_find(const char *name);

/* Of an inject source's worker: how many producers it has; and the nth, where those before are open and it
 * is not, which opens it. NULL: it is not so. Any thread. */
unsigned int inject_producers(const void *state);
struct weir_inject *inject_claim(void *state, unsigned int nth);
/* What a worker has of rings, as the plan says; and the i-th, as it is now. False: it has none, or no more. */
bool inject_rings(const struct source_ops *ops, const void *conf, struct app_rings *rings);
bool inject_ring(const void *state, unsigned int i, struct app_ring *ring);

/* What a port is asked for besides its queues: by the plan, of what it offers. */
struct port_setup {
	uint64_t rx_offloads; /* RTE_ETH_RX_OFFLOAD_* */
	uint64_t tx_offloads; /* RTE_ETH_TX_OFFLOAD_* */
	uint64_t rss;         /* RTE_ETH_RSS_*; 0: none */
	uint8_t rss_key;      /* bytes of the symmetric key that it is given; 0: it keeps its own */
	uint16_t reta;        /* entries of its RETA, to be spread over the queues; 0: as it is */
};

/* Bytes of the longest RSS key of the drivers that DPDK has. */
#define PORT_RSS_KEY_MAX 64

/* Whether a driver gives RX timestamps unasked. */
bool port_stamps_unasked(const char *driver);

/* A port to be set up: by the plan, with the pool of the worker of each RX queue. */
struct port_conf {
	uint16_t id;
	const char *name;
	int socket;
	uint16_t rx_queues; /* those that are polled come first, then spare ones */
	uint16_t tx_queues;
	uint16_t rx_descriptors;
	uint16_t tx_descriptors;
	const char *driver;
	uint16_t mtu;
	bool mtu_given; /* to be set: else it is what the port has */
	const struct port_setup *setup;
	const struct ethdev_conf *keys; /* of the source; NULL: its RX queues are spare ones all */
	bool interrupts;                /* RX queues are to raise interrupts where they can */
	struct rte_mempool *const *pools; /* of each RX queue */
	const char *match; /* what of this it can do, it does; NULL: nothing is asked */
};

/*
 * The value of the n-th argument NAME=VALUE that a port was made with, from 0 on, into `value`, cut to
 * its size; false, and "": there is none.
 */
bool port_arg(const struct rte_eth_dev_info *info, const char *name, unsigned int n, char *value,
	size_t size);

/*
 * Bytes of a frame that an mbuf must have room for where the driver of a port gives no chains and no
 * more than that; 0: it is the MTU that says so. And where in a frame it cuts what is longer.
 */
uint32_t port_room(const struct rte_eth_dev_info *info);
uint32_t port_cut(const struct rte_eth_dev_info *info);

/* Rules of one kind that a driver refuses: how many, and of the first, what it said. */
struct port_refusal {
	unsigned int count;
	struct match_rule rule;
	char message[128];
};

/* The rules by which a port keeps out what its source does not ask for. */
struct port_rules {
	struct match_rules match; /* what it is asked for, as its driver takes it */
	struct rte_flow *flows[MATCH_RULES_MAX];
	uint32_t
		count; /* of these, also after the stop, for any thread; 0: it lets everything in */
	bool isolated; /* it lets in only what rules say */
	struct port_refusal refused;   /* others that say more took their place */
	struct port_refusal fragments; /* nothing did */
	struct port_refusal last;      /* the one for which there are no rules at all */
};

/* What somebody has made of a port; all is 0 where nobody has. */
struct port_found {
	bool configured;
	bool own;  /* it was weir that did so last */
	bool runs; /* it was started since */
	uint16_t rx_queues;
	uint16_t tx_queues;
	uint64_t rx_offloads; /* RTE_ETH_RX_OFFLOAD_*, those that are on */
	uint64_t tx_offloads;
	uint64_t rss; /* RTE_ETH_RSS_*; 0: it does not spread so */
};

void port_find(uint16_t id, struct port_found *found);
/* 0; or -EBUSY with `error`: somebody else has configured it, which is not undone without a word. */
int port_is_free(uint16_t id, const char *name, struct weir_error *error);

/* A queue of a port that is configured, as far as its driver tells. */
struct port_queue_found {
	uint16_t descriptors;           /* 0: not told */
	const struct rte_mempool *pool; /* of an RX queue; NULL: not told */
};

void port_queue_find(uint16_t id, bool receives, uint16_t queue, struct port_queue_found *found);

/*
 * Configure a port and set up its queues; start it; then have it filter and spread as is said, which
 * some drivers take only from a port that runs: 0, or -errno with `error`. -EBUSY: it is somebody else's. What
 * a port lacks is logged once and done without, but for what the file asks for by all means: -ENOTSUP.
 * `rules` is zeroed before the first, and goes with the port to its stop.
 */
int port_set_up(const struct port_conf *conf, struct port_rules *rules, struct weir_error *error);
int port_start(const struct port_conf *conf, struct port_rules *rules, struct weir_error *error);
int port_apply(const struct port_conf *conf, struct weir_error *error);
/*
 * Free what waits in the first rx_queues of a port, which are polled no more: it never came in, and
 * some drivers (net_ring) keep it for ever otherwise. How many packets that were.
 */
unsigned int port_drain(uint16_t id, const char *driver, uint16_t rx_queues);
/*
 * Stop a port, which no longer takes frames for the addresses of `keys`, if those are not NULL. Its driver
 * gives back the mbufs of its queues, or will when it is closed.
 */
void port_stop(uint16_t id, const struct ethdev_conf *keys, struct port_rules *rules);

#endif /* WEIR_LIB_SOURCE_H */
