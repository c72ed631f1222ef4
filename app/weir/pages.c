/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * pages TEMPLATE: the template on stdout, in which each line @WORD@ has become what the tables of the command
 * and the library say: its options, and the keys of a pipeline file. Runs while weir is built.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "app.h"
#include "options.h"

void
complain(const char *format, ...)
{
	va_list list;

	fputs("pages: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

/* Text as it stands, also where roff has another meaning for a character. */
static void
roff(FILE *out, const char *text)
{
	static const struct {
		char plain;
		const char *escape;
	} escapes[] = { { '\\', "\\e" }, { '-', "\\-" }, { '\'', "\\(aq" }, { '`', "\\(ga" },
		{ '^', "\\(ha" }, { '~', "\\(ti" } };
	unsigned int i;

	for (; *text != '\0'; text++) {
		for (i = 0; i < RTE_DIM(escapes) && escapes[i].plain != *text; i++)
			;
		if (i < RTE_DIM(escapes))
			fputs(escapes[i].escape, out);
		else
			fputc(*text, out);
	}
}

/* In a font, as \fB. */
static void
roff_as(FILE *out, char font, const char *text)
{
	fprintf(out, "\\f%c", font);
	roff(out, text);
	fputs("\\fR", out);
}

static void
man_options(FILE *out)
{
	const struct option_row *row;

	for (unsigned int i = 0; (row = option_at(i)) != NULL; i++) {
		fputs(".TP\n", out);
		if (row->letter != 0)
			fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
		fputs("\\fB\\-\\-", out);
		roff(out, row->name);
		fputs("\\fR", out);
		if (row->argument != NULL) {
			fputs(row->argument[0] == '[' ? "" : " ", out);
			roff_as(out, 'I', row->argument);
		}
		fputc('\n', out);
		roff(out, row->help);
		fputc('\n', out);
	}
}

/* How its value reads; for free(), NULL: no memory. */
static char *
type_text(const struct weir_param *param)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (memory == NULL)
		return NULL;
	list_type(memory, param);
	fclose(memory);
	return text;
}

static void
man_key(FILE *out, const struct weir_param *param)
{
	char *type = type_text(param);

	fputs(".TP\n", out);
	roff_as(out, 'B', param->name);
	fputs(" = ", out);
	if (param->def != NULL && param->def[0] != '\0')
		roff_as(out, 'I', param->def);
	else
		roff(out, param->def == NULL ? "(required)" : "(unset)");
	fputc('\n', out);
	roff(out, param->help);
	fputs(" (", out);
	roff(out, type != NULL ? type : "");
	fputs(param->live ? "; live)\n" : ")\n", out);
	free(type);
}

static void
man_keys(FILE *out, const struct weir_param *param)
{
	for (; param != NULL && param->name != NULL; param++)
		man_key(out, param);
}

static void
man_type(FILE *out, const char *name, const char *help)
{
	fputs(".SS \"type = ", out);
	roff(out, name);
	fputs("\"\n", out);
	roff(out, help != NULL ? help : "");
	fputs(".\n", out);
}

static void
man_stages(FILE *out)
{
	const struct weir_stage_ops *ops = NULL;

	while ((ops = weir_stage_next(ops)) != NULL) {
		man_type(out, ops->name, ops->help);
		if (ops->outputs != NULL && ops->outputs[0] != NULL)
			fputs("Outputs:", out);
		for (unsigned int i = 0; ops->outputs != NULL && ops->outputs[i] != NULL; i++) {
			fputs(i > 0 ? ", " : " ", out);
			roff_as(out, 'B', ops->outputs[i]);
		}
		if (ops->outputs != NULL && ops->outputs[0] != NULL)
			fputs(".\n", out);
		man_keys(out, ops->params);
	}
}

static void
man_sources(FILE *out)
{
	const struct weir_source_type *type;

	for (unsigned int i = 0; (type = weir_source_type(i)) != NULL; i++) {
		man_type(out, type->name, type->help);
		man_keys(out, type->params);
	}
}

/* What stands in the head of a section behind its kind. */
static const char *
section_name(const char *kind)
{
	static const struct {
		const char *kind, *name;
	} named[] = { { "source", " NAME" }, { "stage", " NAME" }, { "link", " FROM TO" } };

	for (unsigned int i = 0; i < RTE_DIM(named); i++) {
		if (strcmp(named[i].kind, kind) == 0)
			return named[i].name;
	}
	return "";
}

static void
man_sections(FILE *out)
{
	for (unsigned int i = 0; list_kinds[i] != NULL; i++) {
		fprintf(out, ".SS \"[%s%s]\"\n", list_kinds[i], section_name(list_kinds[i]));
		man_keys(out, weir_section_params(list_kinds[i]));
	}
}

/* For a shell: `option NAME LETTER alone|run ARGUMENT`, with a - for what there is not. */
static void
shell_options(FILE *out)
{
	const struct option_row *row;

	for (unsigned int i = 0; (row = option_at(i)) != NULL; i++)
		fprintf(out, "option --%s -%c %s %s\n", row->name,
			row->letter != 0 ? row->letter : '-', row->alone ? "alone" : "run",
			row->argument != NULL ? row->argument : "-");
}

/* The names of all types of sources or stages. */
static void
shell_types(FILE *out, const char *kind)
{
	const struct weir_stage_ops *ops = NULL;
	const struct weir_source_type *type;

	if (strcmp(kind, "stage") == 0)
		while ((ops = weir_stage_next(ops)) != NULL)
			fprintf(out, "%s|", ops->name);
	else
		for (unsigned int i = 0; (type = weir_source_type(i)) != NULL; i++)
			fprintf(out, "%s|", type->name);
}

/* `KIND KEY VALUES`, where KIND is that of a section, or stage:TYPE, source:TYPE. */
static void
shell_keys(FILE *out, const char *kind, const char *type, const struct weir_param *param)
{
	for (; param != NULL && param->name != NULL; param++) {
		fprintf(out, "%s%s%s %s ", kind, type != NULL ? ":" : "", type != NULL ? type : "",
			param->name);
		if (strcmp(param->name, "type") == 0)
			shell_types(out, kind);
		if (param->type == WEIR_PARAM_BOOL)
			fputs("on|off", out);
		for (unsigned int i = 0; param->values != NULL && param->values[i] != NULL; i++)
			fprintf(out, "%s%s", i > 0 ? "|" : "", param->values[i]);
		fputc('\n', out);
	}
}

static void
shell_tables(FILE *out)
{
	const struct weir_stage_ops *ops = NULL;
	const struct weir_source_type *type;

	shell_options(out);
	for (unsigned int i = 0; list_kinds[i] != NULL; i++)
		shell_keys(out, list_kinds[i], NULL, weir_section_params(list_kinds[i]));
	while ((ops = weir_stage_next(ops)) != NULL)
		shell_keys(out, "stage", ops->name, ops->params);
	for (unsigned int i = 0; (type = weir_source_type(i)) != NULL; i++)
		shell_keys(out, "source", type->name, type->params);
}

static const struct {
	const char *word;
	void (*print)(FILE *out);
} words[] = {
	{ "@options@\n", man_options },
	{ "@sections@\n", man_sections },
	{ "@stages@\n", man_stages },
	{ "@sources@\n", man_sources },
	{ "@tables@\n", shell_tables },
};

static bool
fill(FILE *out, const char *line)
{
	for (unsigned int i = 0; i < RTE_DIM(words); i++) {
		if (strcmp(line, words[i].word) != 0)
			continue;
		words[i].print(out);
		return true;
	}
	return false;
}

int
main(int argc, char **argv)
{
	FILE *template = argc == 2 ? fopen(argv[1], "r") : NULL;
	char *line = NULL;
	size_t size = 0;
	int status = EXIT_SUCCESS;

	if (template == NULL) {
		complain("expected: pages TEMPLATE, a file that can be read");
		return EXIT_FAILURE;
	}
	while (status == EXIT_SUCCESS && getline(&line, &size, template) > 0) {
		if (fill(stdout, line))
			continue;
		if (line[0] == '@') {
			complain("%s: nobody knows %s", argv[1], line);
			status = EXIT_FAILURE;
		}
		fputs(line, stdout);
	}
	free(line);
	fclose(template);
	return fflush(stdout) != 0 || ferror(stdout) ? EXIT_FAILURE : status;
}
