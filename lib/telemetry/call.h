/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a command was asked: fields that commas part.
 *
 *     [ENGINE[,ITEM][,FROM]]
 *
 * Each has its place, so that a node called 48 is no FROM. One before others may be empty, which is as if
 * it were left out: `,,48` and `tap,,48` have no ITEM. One too many is an error, and so is an empty
 * last one: who meant to name something is not told of everything.
 */
#ifndef WEIR_TELEMETRY_CALL_H
#define WEIR_TELEMETRY_CALL_H

#include <stdbool.h>

#include <rte_telemetry.h>

#include "page.h"
#include "telemetry.h"

/* Which fields a command has, besides ENGINE. */
enum call_fields {
	CALL_ITEM = 1 << 0,
	CALL_FROM = 1 << 1,
};

struct call {
	char engine[WEIR_NAME_SIZE]; /* empty: the only one */
	char field[WEIR_NAME_SIZE];  /* ITEM; empty: none */
	const char *item;            /* ITEM, or SECTION.KEY=VALUE; NULL: none */
	unsigned int from;           /* FROM: number of the first entry of a list */
	struct dict reply;
	int (*answer)(struct weir_engine *engine, struct call *call);
	unsigned int found; /* engines that match */
};

/* Read a number, digits alone: 0, or -EINVAL. */
int call_number(const char *text, unsigned int *number);

/*
 * Read the fields into a call that is zeroed: 0, or -EINVAL for one too many, too long, an empty last
 * one, or a FROM that is no number.
 */
int call_read(struct call *call, const char *params, unsigned int fields);

/*
 * Let `answer` fill the reply, a dict, for the one engine that is meant. -ENOENT: there is none; -EINVAL:
 * several could be meant; or what it returned.
 */
int call_make(struct call *call, struct rte_tel_data *reply);

#endif /* WEIR_TELEMETRY_CALL_H */
