/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of the command share. */
#ifndef WEIR_APP_H
#define WEIR_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

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
/* The table of figures, in Markdown. */
void list_figures(FILE *out);

/* standard.c: the standard descriptors are there, before anything else is opened. */
void standard_open(void);

/* hint.c: say that EAL does not start, why, and what would help. */
void complain_of_eal(int code, int argc, char **argv);
bool has_argument(int argc, char **argv, const char *argument);

/* rundir.c: when the process ends, EAL's run directory goes, if it is this process's own: once EAL
 * has started, and after it has ended well. */
void rundir_before_eal(void);
void rundir_own(void);
void rundir_after_eal(void);

/* Where the main thread is: there it may stay, in what does not return. */
enum guard_place {
	GUARD_FREE,  /* in the command itself */
	GUARD_EAL,   /* while EAL sets up its devices */
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
FILE *report_open(const char *path);
/* Writes the JSON document and closes the file. */
int report_write(const struct weir_engine *engine, FILE *file, const char *path);
/* How many mbufs the pools miss. */
uint64_t report_leaked(const struct weir_engine *engine);

/* main.c: a line on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* WEIR_APP_H */
