/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder share. */
#ifndef WEIR_ENGINE_PRIVATE_H
#define WEIR_ENGINE_PRIVATE_H

#include <rte_malloc.h>

#include "engine.h"
#include "event/compat.h"

/* What is said of NULL. */
#define NO_ENGINE "expected an engine"

/* list.c: the engines of the process by their names, which differ; shown once they are made. */
int engine_list(struct weir_engine *engine, struct weir_error *error);
void engine_show(struct weir_engine *engine);
/* Whether its ports may be looked for. */
void engine_search(struct weir_engine *engine, bool on);
void engine_unlist(struct weir_engine *engine);

/* onlookers.c: tell those who look on. */
int engine_tell_made(struct weir_engine *engine, struct weir_error *error);
void engine_tell_unmade(struct weir_engine *engine);
int engine_tell_port(const struct port_state *port);
void engine_tell_port_over(const struct port_state *port);
void engine_tell_returned(struct weir_engine *engine);
void engine_tell_stopped(struct weir_engine *engine);

/* slow.c: what the calling thread is in, for a thread that logs it where that does not return soon. */
struct slow {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	control_thread thread;
	bool runs;
	bool over;
	unsigned int turn;
	const char *engine;
	char doing[160]; /* "": nothing that may take long */
};

void slow_begin(struct slow *slow, const struct weir_engine *engine);
/* From now on it is in that: named as the subject of "has not returned". */
void slow_at(struct slow *slow, const char *format, ...) __rte_format_printf(2, 3);
void slow_end(struct slow *slow);

/* Zeroed memory for what a worker writes: lines that nobody else does. rte_zmalloc_socket() gives NULL
 * for nothing too, which is none here. */
static inline void *
lines_alloc(size_t count, size_t size, int socket)
{
	return rte_zmalloc_socket("weir", RTE_MAX(count * size, (size_t)1), RTE_CACHE_LINE_SIZE,
		socket);
}

/* Whether the worker of a seat polls the port, or sends on it. */
static inline bool
port_has(const struct port_state *port, const struct seat *seat)
{
	return seat->plan->port == (unsigned int)(port - port->engine->ports);
}

static inline const struct weir_pipeline *
pipeline_of(const struct weir_engine *engine)
{
	return engine->plan->pipeline;
}

/* join.c: what joins the workers, which are there; 0 or -ENOMEM, undone by pairs_unjoin() before them. */
int pairs_join(struct weir_engine *engine);
void pairs_unjoin(struct weir_engine *engine);

/* build.c: rings, workers, and how they are joined. Undone by engine_unbuild(). */
int engine_build(struct weir_engine *engine, struct weir_error *error);
void engine_unbuild(struct weir_engine *engine);

/* loops.c: every worker into the loop of its lcore, downstream first; and how the loops wait. */
int engine_loops_create(struct weir_engine *engine, struct weir_error *error);
void engine_loops_free(struct weir_engine *engine);
int engine_waits(struct weir_engine *engine, struct weir_error *error);
void engine_waits_end(struct weir_engine *engine);
/* No loop is woken by a port any more, nor looks at what would wake it; and those of its workers are again. */
void engine_loops_leave(const struct port_state *port);
void engine_loops_return(const struct port_state *port);
/* Wait until the lcores have returned, or until a TSC; how many have not. */
unsigned int engine_loops_join(struct weir_engine *engine, uint64_t deadline);
/* By when they have, once they are told to return at once, unless something does not. */
uint64_t engine_grace_end(const struct weir_engine *engine);
/* Whether stop gave up the lcore that a seat is on. */
bool engine_seat_out(const struct weir_engine *engine, const struct seat *seat);

/* workers.c: the source's or stage's own set-up of every worker; its end, of either kind, of those
 * whose lcore has returned, consumers first. */
int engine_workers_init(struct weir_engine *engine, struct slow *slow, struct weir_error *error);
void engine_workers_fini(struct weir_engine *engine, bool sources, struct slow *slow);
/* What is left of them when the time is up: dropped; how many events. */
unsigned int engine_workers_abandon(struct weir_engine *engine);

/* eject.c: once it has stopped, what is known of mbufs of its own pools that are missing. */
void engine_lent_look(struct weir_engine *engine);

/* set.c: nothing can be set any more; and what was set is freed, when no loop runs. */
void engine_settings_free(struct weir_engine *engine);

/* pools.c */
int engine_pools_create(struct weir_engine *engine, struct weir_error *error);
unsigned int engine_pools_free(struct weir_engine *engine);
struct rte_mempool *engine_pool(const struct weir_engine *engine, int socket);
/* The pools must have left, once the ports have what they take, what the plan promises: 0, or -ENOMEM
 * with `error`. */
int engine_pools_check(const struct weir_engine *engine, struct weir_error *error);
void engine_pools_flush(const struct weir_engine *engine);
/* Mbufs that are not in the pools: all; and those of them that are leaked, once it has stopped. */
unsigned int engine_pools_out(const struct weir_engine *engine);
unsigned int engine_pools_missing(const struct weir_engine *engine);
/* Whether every mbuf is back, which may take a moment. */
bool engine_pools_full(const struct weir_engine *engine);

/*
 * memory.c: whether what is there, or the stacks of the lcores that run, is where the plan says: 0; -ENOMEM
 * with `error` where the pipeline is strict, else it is logged.
 */
int engine_memory_check(const struct weir_engine *engine, bool stacks, struct weir_error *error);

/* port_frames.c: have the workers that send on a port know what it never takes. */
void port_frames_look(const struct port_state *port);

/* port_gone.c: as engine_ports_let_go(), where somebody tells what takes long; and wait until who told that
 * ports are gone has returned. */
void ports_let_go(struct weir_engine *engine, struct slow *slow);
void ports_await_calls(const struct weir_engine *engine);

/* port_link.c: which interface of the kernel is under a port, if any; and how its link is. */
void port_link_init(struct port_state *port);
/* Whether there is an interface again by the name of the one that is gone, of a device in software. */
bool port_interface_back(const struct port_state *port);
/* port_link.c: log that it is up, if it is; and wait for all links that are down, as their sources say, or
 * until a stop is asked for. */
void port_link_tell(const struct port_state *port);
void engine_links_wait(struct weir_engine *engine);

/* port_back.c: what is known of its device, by which it is known again. */
void port_device(struct port_state *port);

/*
 * port_adopt.c: take a port as the application has set it up: 0, or -errno with `error`; have its driver free
 * what was sent; and what of weir's pools may still be in such ports then.
 */
int port_adopt(struct port_state *port, struct weir_error *error);
void port_give_back(const struct port_state *port);
uint64_t engine_sent_most(const struct weir_engine *engine);
/* Before the first lcore runs: whether those ports run, from when on their counts are the engine's. */
int engine_adopted_begin(struct weir_engine *engine, struct weir_error *error);
/* ports.c: set up and start a port with what the plan has for it: 0, or -errno with `error`. */
int port_begin(struct port_state *port, struct weir_error *error);
/* ports.c: have a port that runs filter and spread as its source says: 0, or -errno; then it is to be stopped. */
int port_complete(const struct port_state *port, struct weir_error *error);
/* ports.c: port_changed(), under the lock of the port. */
void port_changed_locked(struct port_state *port, enum weir_port_what what, uint32_t speed);
/* The control side is at the device until port_release(), or false: it is gone. */
bool port_claim(struct port_state *port);
void port_release(struct port_state *port);
/* Add what a count has grown by since it was seen last. */
bool port_counts_read(uint16_t id, struct port_counts *counts);
void port_count_since(uint64_t now, uint64_t *seen, uint64_t *sum);
/* queues.c: which queues of a port that is set up are counted: 0, or -ENOMEM; and what they counted. */
int port_queues_init(struct port_state *port);
void port_queues_since(struct port_state *port);
int engine_ports_start(struct weir_engine *engine, struct slow *slow, struct weir_error *error);
/* The ports are set up: who tells that one is gone need not wait for that any more. */
void engine_ports_ready(struct weir_engine *engine);
/* All but those that an lcore uses which has not returned. */
void engine_ports_stop(struct weir_engine *engine, struct slow *slow);
/* A port is closed: its driver may be one that never gives back what it has. */
void port_keeps(struct weir_engine *engine, unsigned int port);
/* After they were stopped. */
void engine_ports_free(struct weir_engine *engine);

#endif /* WEIR_ENGINE_PRIVATE_H */
