/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <string.h>

#include "columns.h"

#define RATE_WIDTH 8

/* Figures as a person reads them: 1.25M. */
struct text {
	char buf[24];
};

static struct text
rate_text(uint64_t now, uint64_t was, double seconds)
{
	double rate = seconds > 0 ? (double)(now - was) / seconds : 0;
	struct text text;

	if (rate >= 1e6)
		snprintf(text.buf, sizeof(text.buf), "%.2fM", rate / 1e6);
	else if (rate >= 1e4)
		snprintf(text.buf, sizeof(text.buf), "%.1fk", rate / 1e3);
	else
		snprintf(text.buf, sizeof(text.buf), "%.0f", rate);
	return text;
}

void
columns_headings(const struct columns *columns, FILE *out)
{
	char rate[32];

	fprintf(out, "%-*s", columns->width, columns->heading);
	for (unsigned int i = 0; i < columns->count; i++) {
		const struct column *column = &columns->columns[i];

		fprintf(out, " %*s", column->width, column->heading);
		snprintf(rate, sizeof(rate), "%s/s", column->heading);
		if (column->rate)
			fprintf(out, " %*s", RATE_WIDTH, rate);
	}
	fputc('\n', out);
}

static const struct weir_figure *
column_figure(const struct column *column)
{
	const struct weir_figure *figure;

	for (unsigned int i = 0; (figure = weir_figure(column->noun, i)) != NULL; i++)
		if (strcmp(figure->name, column->figure) == 0)
			break;
	return figure;
}

static void
show_value(const struct column *column, const struct row *row, const struct weir_value *value,
	FILE *out)
{
	switch (value->type) {
	case WEIR_VALUE_NUMBER:
		fprintf(out, " %*" PRIu64, column->width, value->number);
		break;
	case WEIR_VALUE_INTEGER:
		fprintf(out, " %*" PRId64, column->width, value->integer);
		break;
	case WEIR_VALUE_REAL:
		fprintf(out, " %*.0f%%", column->width - 1,
			100 * value->real / (row->workers > 0 ? row->workers : 1));
		break;
	case WEIR_VALUE_FLAG:
		fprintf(out, " %*s", column->width, value->flag ? "yes" : "no");
		break;
	case WEIR_VALUE_TEXT:
		fprintf(out, " %*s", column->width, value->text);
		break;
	}
}

static void
show_rate(const struct weir_figure *figure, const struct row *row, const struct column *column,
	uint64_t now, FILE *out)
{
	struct weir_value was = { .number = 0 };

	weir_figure_value(figure, row->was[column->noun], &was);
	fprintf(out, " %*s", RATE_WIDTH, rate_text(now, was.number, row->seconds).buf);
}

static void
show_column(const struct column *column, const struct row *row, FILE *out)
{
	const struct weir_figure *figure = column_figure(column);
	struct weir_value value;

	if (row->call && column->call != NULL) {
		fprintf(out, " %*s", column->width, column->call);
	} else if (figure == NULL ||
		weir_figure_value(figure, row->now[column->noun], &value) != 0) {
		fprintf(out, " %*s", column->width + (column->rate ? 1 + RATE_WIDTH : 0), "-");
	} else {
		show_value(column, row, &value, out);
		if (column->rate)
			show_rate(figure, row, column, value.number, out);
	}
}

void
columns_row(const struct columns *columns, const struct row *row, FILE *out)
{
	fprintf(out, "%-*s", columns->width, row->title);
	for (unsigned int i = 0; i < columns->count; i++)
		show_column(&columns->columns[i], row, out);
}
