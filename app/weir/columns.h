/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Figures in columns: which of them a table shows, and how wide; what they are the library tells. */
#ifndef WEIR_COLUMNS_H
#define WEIR_COLUMNS_H

#include <stdbool.h>
#include <stdio.h>

#include <weir/weir.h>

struct column {
	const char *heading;
	enum weir_noun noun;
	const char *figure;
	int width;
	bool rate;        /* beside it, how fast it grows */
	const char *call; /* what stands there for a call, which has no ring; NULL: as for a ring */
};

struct columns {
	const char *heading; /* of the titles */
	int width;
	const struct column *columns;
	unsigned int count;
};

/* What one row shows: the figures of each noun that its columns have. */
struct row {
	const char *title;
	const void *now[WEIR_NOUN_MAX];
	const void *was[WEIR_NOUN_MAX]; /* `seconds` ago, for rates */
	double seconds;
	unsigned int workers; /* that shares were added up over; shown is their mean */
	bool call;
};

void columns_headings(const struct columns *columns, FILE *out);
/* Without the end of the line. */
void columns_row(const struct columns *columns, const struct row *row, FILE *out);

#endif /* WEIR_COLUMNS_H */
