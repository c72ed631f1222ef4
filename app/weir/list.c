/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "app.h"

const char *const list_kinds[] = { "pipeline", "pool", "source", "stage", "link", NULL };

struct unit {
	uint64_t factor;
	const char *name;
};

static const struct unit size_units[] = { { 1 << 30, "G" }, { 1 << 20, "M" }, { 1 << 10, "k" } };
static const struct unit rate_units[] = { { 1000000000, "G" }, { 1000000, "M" }, { 1000, "k" } };
static const struct unit time_units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" },
	{ 1, "ns" } };

static void
print_in(FILE *out, uint64_t value, const struct unit *units, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (value == 0 || value % units[i].factor != 0)
			continue;
		fprintf(out, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
		return;
	}
	fprintf(out, "%" PRIu64, value);
}

static void
print_number(FILE *out, enum weir_param_type type, uint64_t value)
{
	if (type == WEIR_PARAM_SIZE)
		print_in(out, value, size_units, RTE_DIM(size_units));
	else if (type == WEIR_PARAM_RATE)
		print_in(out, value, rate_units, RTE_DIM(rate_units));
	else if (type == WEIR_PARAM_DURATION)
		print_in(out, value, time_units, RTE_DIM(time_units));
	else
		fprintf(out, "%" PRIu64, value);
}

static void
print_range(FILE *out, const struct weir_param *param)
{
	if (param->min == 0 && param->max == 0)
		return;
	fputs(", ", out);
	print_number(out, param->type, param->min);
	if (param->max == 0) {
		fputs(" or more", out);
		return;
	}
	fputs(" to ", out);
	print_number(out, param->type, param->max);
}

void
list_type(FILE *out, const struct weir_param *param)
{
	static const char *const names[] = {
		[WEIR_PARAM_UINT] = "number",
		[WEIR_PARAM_SIZE] = "size",
		[WEIR_PARAM_DURATION] = "duration",
		[WEIR_PARAM_RATE] = "rate",
		[WEIR_PARAM_SHARE] = "share",
		[WEIR_PARAM_REAL] = "number with a fraction",
		[WEIR_PARAM_BOOL] = "on|off",
		[WEIR_PARAM_STRING] = "text",
		[WEIR_PARAM_LCORES] = "lcores",
	};

	for (unsigned int i = 0; param->values != NULL && param->values[i] != NULL; i++)
		fprintf(out, "%s%s", i > 0 ? "|" : "", param->values[i]);
	if (param->type == WEIR_PARAM_ENUM)
		return;
	/* A word instead of a number, as in `size = auto`. */
	fprintf(out, "%s%s", param->values != NULL ? " or " : "", names[param->type]);
	print_range(out, param);
}

static void
print_params(FILE *out, const struct weir_param *param)
{
	for (; param != NULL && param->name != NULL; param++) {
		const char *def = param->def == NULL ? "(required)" : param->def;

		fprintf(out, "    %-14s = %-12s  %s (", param->name, def, param->help);
		list_type(out, param);
		fputs(param->live ? "; live)\n" : ")\n", out);
	}
}

static void
list_stage(FILE *out, const struct weir_stage_ops *ops)
{
	fprintf(out, "  %s: %s\n", ops->name, ops->help != NULL ? ops->help : "");
	print_params(out, ops->params);
	if (ops->outputs == NULL || ops->outputs[0] == NULL)
		return;
	fputs("    outputs:", out);
	for (unsigned int i = 0; ops->outputs[i] != NULL; i++)
		fprintf(out, " %s", ops->outputs[i]);
	fputc('\n', out);
}

void
list_stages(FILE *out)
{
	const struct weir_stage_ops *ops = NULL;
	const struct weir_source_type *type;

	fputs("types of [stage NAME], each with its own keys, their defaults and types\n"
	      "(live: may also be set while weir runs, by telemetry)\n",
		out);
	while ((ops = weir_stage_next(ops)) != NULL)
		list_stage(out, ops);
	fputs("\ntypes of [source NAME]\n", out);
	for (unsigned int i = 0; (type = weir_source_type(i)) != NULL; i++) {
		fprintf(out, "  %s: %s\n", type->name, type->help);
		print_params(out, type->params);
	}
	fputs("\nkeys that every section of a kind has\n", out);
	for (unsigned int i = 0; list_kinds[i] != NULL; i++) {
		fprintf(out, "  %s\n", list_kinds[i]);
		print_params(out, weir_section_params(list_kinds[i]));
	}
}

void
list_figures(FILE *out)
{
	const struct weir_figure *figure;

	fputs("| of | figure | kind | unit | what it is |\n| --- | --- | --- | --- | --- |\n", out);
	for (unsigned int noun = 0; noun < WEIR_NOUN_MAX; noun++) {
		for (unsigned int i = 0; (figure = weir_figure(noun, i)) != NULL; i++) {
			if (figure->kind == WEIR_FIGURE_LABEL)
				continue;
			fprintf(out, "| %s | `%s` | %s | %s | %s |\n", weir_noun_name(noun),
				figure->name, weir_figure_kind_name(figure->kind),
				weir_unit_name(figure->unit), figure->help);
		}
	}
}
