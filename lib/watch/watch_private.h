/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder share: the watchdog's memory of an engine, and how it tells. */
#ifndef WEIR_WATCH_PRIVATE_H
#define WEIR_WATCH_PRIVATE_H

#include "watch.h"

/* What the kernel says that a thread lost of its CPU. */
struct cpu_loss {
	uint64_t switches;  /* its CPU was given to another thread */
	uint64_t waited_ns; /* it could have run, but another did */
	uint64_t stolen_ns; /* its CPU was not there: the hypervisor's doing */
};

/* Of a loop, as it was seen last. */
struct loop_seen {
	uint64_t passes;
	uint64_t at;
	bool stalled;
	struct cpu_loss lost;     /* since it was first looked at; any thread may read it */
	struct cpu_loss lost_all; /* of the thread, when it was last looked at */
	uint64_t lost_at;         /* TSC of that; 0: never */
	uint64_t idle_passes;     /* at the last look whether the engine is idle, */
	uint64_t idle_at;         /* and when they were first so many */
};

/* Of a worker. */
struct seat_seen {
	uint64_t in;
	uint64_t at;
	bool stalled;
};

/* Of a link's losses, as they were announced. */
struct link_seen {
	uint64_t lost[DROP_LINK];
	uint64_t at; /* TSC; 0: never */
};

/* What a port can lose before a source has it. */
enum port_loss { PORT_IMISSED, PORT_IERRORS, PORT_RX_NOMBUF, PORT_LEFT, PORT_LOSSES };

/* Of a port. */
struct port_seen {
	uint64_t count[PORT_LOSSES]; /* its driver's, when they were last read */
	uint64_t lost[PORT_LOSSES];  /* since the engine was made, */
	uint64_t told[PORT_LOSSES];  /* and of that what was announced, */
	uint64_t total[PORT_LOSSES]; /* and at the end */
	uint64_t at;                 /* TSC of the last announcement; 0: never */
	bool failed[PORT_LOSSES];    /* it was told as a failure */
	enum link_state link;        /* as it was told */
	bool silent;                 /* it was told that it raises no interrupts */
	uint64_t unsent;             /* what it took but did not send, */
	uint64_t unsent_told;        /* of that what was announced, */
	uint64_t unsent_at;          /* and the TSC of the last announcement; 0: never */
	bool unsent_last;            /* it was told at the end */
	uint64_t sent;               /* what it says that it sent */
};

/* What the watchdog sees, by kind. */
enum watch_kind {
	WATCH_STUCK_WORKER,
	WATCH_STUCK_LCORE,
	WATCH_ALL_BLOCKED,
	WATCH_PREEMPTED,
	WATCH_STOLEN,
	WATCH_KINDS
};

/* Written by who calls weir_engine_watch(), which is one thread at a time. */
struct watch {
	uint64_t counts[WATCH_KINDS];    /* any thread may read them */
	uint64_t logged_at[WATCH_KINDS]; /* TSC; 0: never */
	struct loop_seen *loops;         /* as the engine's, and the same for */
	struct seat_seen *seats;
	struct link_seen *links;
	struct port_seen *ports;
	uint64_t progress; /* of all workers together, and since when it is that */
	uint64_t progress_at;
	bool blocked;
	uint64_t called_at; /* TSC of the last call; 0: none */
	uint64_t gap;       /* cycles between the last two */
	uint64_t ports_at;  /* when the ports' counts were last read */
	uint64_t looked_at; /* when their links were last looked at; 0: never */
	uint32_t changes;   /* of links that drivers had told then */

	/* Written by who calls weir_engine_idle(), which is the same. */
	uint64_t idle;          /* cycles that count as idle */
	uint64_t idle_at;       /* TSC of the last look; 0: none */
	uint64_t idle_progress; /* of all workers together then */
};

/* note.c: count an event; whether it may be logged. */
bool watch_note(struct weir_engine *engine, enum watch_kind kind, uint64_t now);
void watch_log(const char *format, ...) __rte_format_printf(1, 2);

/* announce.c: tell the log of what links lose; `last`: the engine is at rest. */
void watch_announce(struct weir_engine *engine, bool last);

/* losses.c: whether the driver counts what it missed, which is said at start where it does not. */
bool port_counts_missed(const struct plan_port *port);
void watch_losses_begin(const struct port_state *port);
/* Tell of what ports lose before a source has it; `last`: the engine is at rest. */
void watch_losses(struct weir_engine *engine, uint64_t now, bool last);

/* unsent.c: tell of what a port took but did not send, by what was seen of it last. */
void watch_unsent(struct weir_engine *engine, unsigned int port, uint64_t now, bool last);

/* written.c: at the end, once: whether the capture files of a port have what it sent. */
void watch_written(struct weir_engine *engine, unsigned int port);

/* stuck.c: lcores and workers that stand still; how many. */
unsigned int watch_stuck(struct weir_engine *engine, uint64_t now);
void watch_stuck_afresh(struct weir_engine *engine);

/* blocked.c: an engine that stands still; and what changes whenever anything moves. */
uint64_t watch_progress(const struct weir_engine *engine);
void watch_blocked(struct weir_engine *engine, uint64_t now);

/* lost.c: threads that lose their CPU; at the end, whatever the time. */
void watch_lost(struct weir_engine *engine, uint64_t now);
void watch_lost_last(struct weir_engine *engine);

/* gone.c: have it told when a port goes away; and what is done when a device does. */
int watch_port(const struct port_state *port);
/* Of one that is the application's nothing stays registered, once no engine has it. */
void watch_port_over(const struct port_state *port);
void watch_device_gone(const char *device);

/* device.c: have it told when a device goes away, while there are engines. 0, or -errno. */
int watch_devices(void);
void watch_devices_end(void);

/* port_link.c: have it told when a port's link changes; look at all links, once a second or so; and tell
 * at the end. */
int watch_port_link(const struct port_state *port);
/* -EAGAIN: it is being told, right now. */
int watch_port_link_over(const struct port_state *port);
void watch_ports(struct weir_engine *engine, uint64_t now);
void watch_ports_last(struct weir_engine *engine);

/* silent.c: tell of ports whose interrupts are waited for, and never come. */
void watch_silent(struct weir_engine *engine);

/* times.c: fill the shares of its time into a worker's figures. */
void worker_times(const struct weir_engine *engine, const struct seat *seat,
	struct weir_worker_figures *figures);

/* ends.c: what came in to a source, what it was handed in included; and what of that it has not taken yet. */
uint64_t seat_received(const struct seat *seat);
uint64_t seat_injected(const struct seat *seat);

#endif /* WEIR_WATCH_PRIVATE_H */
