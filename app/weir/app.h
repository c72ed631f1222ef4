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

/* run.c */
void run_catch_signals(void);
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
