/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of the command share. */
#ifndef WEIR_APP_H
#define WEIR_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <weir/weir.h>

/* Exit status of the command. */
enum status {
	STATUS_OK = 0,      /* ran, drained and balanced */
	STATUS_FAILED = 1,  /* failed while running, or does not balance */
	STATUS_USAGE = 2,   /* the command line or the pipeline file is wrong */
	STATUS_MACHINE = 3, /* the machine lacks what was asked */
};

/* Where tables go. */
enum tables { TABLES_AUTO, TABLES_STDOUT, TABLES_STDERR, TABLES_NONE };

/* The command line behind `--`. */
struct options {
	const char *config;
	const char **sets; /* SECTION.KEY=VALUE, in the order given */
	unsigned int set_count;
	bool check;
	bool preflight;
	bool plan;
	enum weir_plan_format plan_format;
	double duration;      /* s; 0: no end */
	uint64_t max_packets; /* 0: no end */
	double idle;          /* s without a packet that end the run; 0: none do */
	double period;        /* s between live tables; 0: none */
	const char *report;   /* NULL: none; "-": stdout */
	enum tables tables;
	bool list_stages;
	bool list_figures;
	bool version;
	bool help;
};

/* options.c */
int options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);
void options_help(FILE *out);
/* Whether every argument is an option that answers without a pipeline. */
bool options_answer_alone(int argc, char **argv);

/* list.c: the types of stages and sources, and the keys of all sections. */
void list_stages(FILE *out);
/* The kinds of sections, up to NULL; and how the value of a key reads, with its range. */
extern const char *const list_kinds[];
void list_type(FILE *out, const struct weir_param *param);
/* The table of figures, in Markdown. */
void list_figures(FILE *out);

/* standard.c: the standard descriptors are there, before anything else is opened. */
void standard_open(void);
/* The process's own descriptor of a file, `first` or above; -1: it has none. */
int own_fd(const struct stat *file, int first);

/* hint.c: say that EAL does not start, why, and what would help. */
void complain_of_eal(int code, int argc, char **argv);
bool has_argument(int argc, char **argv, const char *argument);

/* preflight.c: EAL's arguments for a look at the machine alone, for free(), and how many they are; NULL:
 * no memory. */
char **preflight_eal(int *argc, char **argv);
/* Print what the machine lacks; argv is what EAL is given for a run. Returns the exit status. */
int preflight(const struct weir_pipeline *pipeline, int argc, char **argv);

/* rundir.c: when the process ends, EAL's run directory goes, if it is this process's own: once EAL
 * has started, and after it has ended well. */
void rundir_before_eal(void);
void rundir_own(void);
void rundir_after_eal(void);

/* Where the main thread is: there it may stay, in what does not return. */
enum guard_place {
	GUARD_FREE,  /* in the command itself */
	GUARD_EAL,   /* while EAL sets up its devices */
	GUARD_CHECK, /* while a pipeline is checked, and libpcap compiles what it asks for */
	GUARD_SETUP, /* while ports are looked at, and an engine sets up them and its stages */
	GUARD_POLL,  /* while it makes a pass over the workers of its lcore */
	GUARD_WATCH, /* while it looks after the engine */
	GUARD_TABLE, /* while it writes a table */
	GUARD_STOP,  /* while an engine stops */
	GUARD_END,   /* while EAL ends its devices */
};

/* guard.c: a thread that ends the process where the main one does not; with what EAL was given. */
void guard_start(int argc, char **argv);
/* The main thread: from now on it is there, and was seen. */
void guard_at(enum guard_place at);
/* What is named, from now on: the engine and the lcore that the main thread polls; and when the run
 * is to end, by clock_s(), 0: it does not say. NULL: no engine is there any more. */
void guard_run(const struct weir_engine *engine, unsigned int lcore, double due);

/* An engine that is being started, NULL: none is any more: a signal ends what it waits for. */
void guard_starts(struct weir_engine *engine);

/* capture.c: captures from outside, from EAL's start to its end; and of whose lcores they may be. */
void capture_open(void);
void capture_of(const struct weir_engine *which);
void capture_close(void);

/* notify.c: a service manager is told, where there is one, that weir runs, is alive and ends. */
void notify_open(void);
void notify_ready(void);
/* Alive is who passes on every lcore that it runs, or drains. */
void notify_alive(const struct weir_engine *engine, bool draining);
void notify_stopping(void);

/* run.c */
void run_catch_signals(void);
/* How many came. */
unsigned int run_signals(void);
/* Seconds that only go forward. */
double clock_s(void);
int run_engine(struct weir_engine *engine, const struct options *options, FILE *tables);

/* table.c: the figures for a person. */
struct table;
struct table *table_create(struct weir_engine *engine, FILE *out);
void table_free(struct table *table);
void table_live(struct table *table);
void table_summary(struct table *table);

/* report.c */
/* Whether the file is not one that the run reads or writes itself; says which. */
bool report_is_apart(const char *path);
FILE *report_open(const char *path);
/* Writes the JSON document and closes the file. */
int report_write(const struct weir_engine *engine, FILE *file, const char *path);
/* How many mbufs the pools miss. */
uint64_t report_leaked(const struct weir_engine *engine);

/* main.c: a line on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* WEIR_APP_H */
