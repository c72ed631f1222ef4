/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder share. */
#ifndef WEIR_SOURCE_PRIVATE_H
#define WEIR_SOURCE_PRIVATE_H

#include "source.h"

/* port_found.c: what is configured so is known by port_find() as weir's own. */
void port_mark_own(struct rte_eth_conf *eth);

/* Whether net_af_packet works with the arguments that it has: 0, or -EINVAL with `error`. */
int packet_check(const char *name, const struct rte_eth_dev_info *info, struct weir_error *error);
/* Say what net_af_packet does to frames, and what to give it; nothing of other drivers. */
void packet_warn(const char *name, const struct rte_eth_dev_info *info);

/* null.c: bytes of net_null's frames, 0 of other drivers; whether its mbufs have room for them: 0, or -EINVAL. */
uint32_t null_size(const struct rte_eth_dev_info *info);
int null_check(const struct port_conf *conf, const struct rte_eth_dev_info *info,
	struct weir_error *error);

/*
 * port_rules.c: rules for what is asked of a port. Isolate it before it is configured; have the driver look
 * at the rules once its queues are there; make them once it runs: 0, or -errno with `error` where it cannot
 * go back to letting everything in. Then unmake them, and when it is stopped, let everything in.
 */
void port_rules_begin(const struct port_conf *conf, struct port_rules *rules);
void port_rules_check(const struct port_conf *conf, struct port_rules *rules);
int port_rules_make(const struct port_conf *conf, struct port_rules *rules,
	struct weir_error *error);
void port_rules_unmake(uint16_t id, struct port_rules *rules);
void port_rules_end(uint16_t id, struct port_rules *rules);
/* port_rss.c: how a port is asked to spread. */
void port_rss_conf(const struct port_conf *conf, struct rte_eth_rss_conf *rss);

/* Bursts of which nothing matches that a poll takes, before others have their turn. */
#define MATCH_BURSTS 8

/* source.c: keep of a burst what matches; the rest is freed, and counted as come in and dropped. */
uint16_t source_match(struct weir_worker *worker, const struct match *match,
	struct rte_mbuf *mbufs[], uint16_t n);
/* Count what came in and does not match. */
void source_unmatched(struct weir_worker *worker, uint64_t n);
/* Compile the expression of a source, "" to NULL: 0, or -errno with `error`. */
int source_match_compile(const char *node, const char *expression, struct match_program **program,
	struct weir_error *error);
/* What a worker runs of it: 0, or -ENOMEM with `error`. */
int source_match_create(const struct weir_worker *worker, const struct match_program *program,
	struct match **match, struct weir_error *error);

/* Most addresses of the key `mac`. */
#define PORT_MACS_MAX 64

/* Addresses of a list into `macs`, unless that is NULL: how many; -EINVAL: it is none. */
int port_macs(const char *text, struct rte_ether_addr macs[PORT_MACS_MAX]);

/* port_rss.c: spread by RSS as the plan has it; and over all queues, by the table of a port that runs. */
void port_rss(const struct port_conf *conf, struct rte_eth_conf *eth);
void port_reta(const struct port_conf *conf);
/* port_filter.c: what frames come in, and pause frames. 0, or -errno with `error`. */
int port_filter(const struct port_conf *conf, struct weir_error *error);
/* And before it stops: addresses of the file would stay for who has it next. */
void port_forget(uint16_t id, const struct ethdev_conf *keys);

/* Fixed point of a clock's rate. */
#define WIRE_CLOCK_SHIFT 32

/*
 * What a source parses with: its worker's queue or index, tunnels and hash key. The worker's figures
 * point into it.
 */
void source_parse_init(struct weir_worker *worker, uint16_t port, uint16_t queue,
	struct weir_parse_burst *parse);

/* From ticks to ns since 1970: a line with a bend, so that no time goes back where the rate changes. */
struct wire_rate {
	uint64_t base_ticks;
	uint64_t base_ns;
	uint64_t mult;   /* ns for each tick from the base on, times 2^WIRE_CLOCK_SHIFT */
	uint64_t before; /* and before it */
};

/* A port's clock and the machine's, read together. */
struct clock_reading {
	uint64_t ticks;
	uint64_t steady_ns; /* of CLOCK_MONOTONIC */
	uint64_t wall_ns;   /* of CLOCK_REALTIME */
};

/* How the driver's RX timestamps become ns since 1970. */
struct wire_clock {
	int offset;    /* of the mbuf's field; negative: the driver gives none */
	uint64_t flag; /* set where the field is filled */
	/* The control side writes the one that does not hold, and has it hold by the version. */
	struct wire_rate rates[2];
	uint32_t version; /* rates[version & 1] holds */

	/* The control side's. */
	bool learns;                      /* the rate is not known for good */
	uint64_t learnt_tsc;              /* when that was last tried */
	int64_t wall_ns;                  /* of the wall clock to the steady one */
	struct clock_reading since, next; /* the rate is learnt since then; since when it will be */
};

/*
 * Of a port that was asked for timestamps, or gives them unasked; of others the clock is none. -ENOTSUP:
 * it was asked, and gives none that could be put to time.
 */
int wire_clock_init(uint16_t port, bool asked, struct wire_clock *clock);

/* The one rate of a clock that is what it is said to be, from that base on. */
void wire_clock_set(struct wire_clock *clock, uint64_t ticks, uint64_t ns, uint64_t mult);

/*
 * Learn what a reading says: the rate, over a minute or two, and where the clock stands, which is put
 * right within a second. By how many ns the wall clock has stepped: 0 nearly always.
 */
int64_t wire_clock_learn(struct wire_clock *clock, const struct clock_reading *now);

/* The control side, now and then: read the port's clock, once a second, and learn from it. */
void wire_clock_watch(struct wire_clock *clock, uint16_t port);

/* Set `wire_ns`, and that it is known, of the events of a burst; clock->offset is not negative. */
void wire_clock_stamp(const struct wire_clock *clock, struct rte_mbuf *const mbufs[], uint16_t n);

#endif /* WEIR_SOURCE_PRIVATE_H */
