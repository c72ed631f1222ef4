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
#include "parse/parse.h"

/* Fewest packets that vector code of drivers gives. */
#define POLL_LEAST 8

/* What an ethdev source has of its own. */
struct ethdev_conf {
	uint64_t promiscuous;
	uint64_t mtu; /* 0: the port's */
};

/* A source type. Call order for each worker: init; poll; fini. */
struct source_ops {
	struct weir_source_type type; /* name, help, its own parameters */
	size_t conf_size;             /* of the struct that its parameters fill */
	size_t state_size;            /* of each worker, zeroed before init */
	uint16_t least;   /* poll() may give nothing for fewer, POLL_LEAST at most; 0: any */
	bool single;      /* one worker does all: `queues` is 1 */
	bool threaded;    /* a thread of its own makes what it gives */
	uint32_t longest; /* bytes of a packet that it makes a chain of; 0: one mbuf */
	uint32_t chained; /* the same, of a driver that makes chains unasked */
	/* As a stage's, of a port whose driver makes chains unasked: events that there are mbufs for. */
	unsigned int (*room)(struct weir_worker *worker, void *state);
	/* As a stage's; NULL: nothing to check. */
	int (*check)(const char *node, const void *conf, struct weir_error *error);
	/* Bytes that init takes from EAL, for each worker; NULL: none. */
	size_t (*memory)(const void *conf);
	/* worker: stats, lcore, socket, pool, port, queue, tunnel, under_pressure, hash_key, index,
	 * count. */
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

/* A free producer of an inject source's worker; NULL: all are taken. */
struct weir_inject *inject_claim(void *state);

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
	bool scatter;   /* it is to make chains */
	bool receives;  /* else its RX queues are spare ones all */
	bool promiscuous;
	bool interrupts;                  /* RX queues are to raise interrupts where they can */
	struct rte_mempool *const *pools; /* of each RX queue */
};

/*
 * Bytes of a frame that an mbuf must have room for where the driver of a port gives no chains and no
 * more than that; 0: it is the MTU that says so. And where in a frame it cuts what is longer.
 */
uint32_t port_room(const struct rte_eth_dev_info *info);
uint32_t port_cut(const struct rte_eth_dev_info *info);

/*
 * Configure a port and set up its queues; then start it: 0, or -errno with `error`. -EBUSY: it runs
 * already. What a port lacks (RSS, offloads) is logged once and done without.
 */
int port_set_up(const struct port_conf *conf, struct weir_error *error);
int port_start(const struct port_conf *conf, struct weir_error *error);
/*
 * Stop a port whose first rx_queues are polled no more: its driver gives back the mbufs of its
 * queues, or will when it is closed.
 */
void port_stop(uint16_t id, uint16_t rx_queues);

#endif /* WEIR_LIB_SOURCE_H */
