/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "app.h"
#include "options.h"

static int
read_number(const char *text, double min, double max, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || !isfinite(*value))
		return -EINVAL;
	return *value >= min && *value <= max ? 0 : -EINVAL;
}

static int
read_seconds(const char *what, const char *text, double *value)
{
	if (read_number(text, 0.001, 1e9, value) == 0)
		return 0;
	complain("%s takes seconds, 0.001 to 1000000000, not '%s'", what, text);
	return -EINVAL;
}

static int
read_count(const char *what, const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *value >= 1 &&
		*value <= max)
		return 0;
	complain("%s takes a whole number, 1 to %llu, not '%s'", what, (unsigned long long)max,
		text);
	return -EINVAL;
}

static int
check_path(const char *what, const char *path)
{
	if (path[0] != '\0')
		return 0;
	complain("%s takes a file's path, not ''", what);
	return -EINVAL;
}

static int
set_config(struct options *options, const char *argument)
{
	if (options->config != NULL) {
		complain("--config is given twice: '%s' and '%s'", options->config, argument);
		return -EINVAL;
	}
	options->config = argument;
	return check_path("--config", argument);
}

static int
set_set(struct options *options, const char *argument)
{
	const char **sets;

	sets = realloc(options->sets, (options->set_count + 1) * sizeof(*sets));
	if (sets == NULL)
		return -ENOMEM;
	sets[options->set_count++] = argument;
	options->sets = sets;
	return 0;
}

static int
set_check(struct options *options, const char *argument __rte_unused)
{
	options->check = true;
	return 0;
}

static int
set_preflight(struct options *options, const char *argument __rte_unused)
{
	options->preflight = true;
	return 0;
}

static int
set_plan(struct options *options, const char *argument)
{
	static const char *const formats[] = {
		[WEIR_PLAN_TEXT] = "text",
		[WEIR_PLAN_DOT] = "dot",
		[WEIR_PLAN_JSON] = "json",
	};

	options->plan = true;
	if (argument == NULL)
		return 0;
	for (unsigned int i = 0; i < RTE_DIM(formats); i++) {
		if (strcmp(argument, formats[i]) != 0)
			continue;
		options->plan_format = (enum weir_plan_format)i;
		return 0;
	}
	complain("--plan takes text, dot or json, not '%s'", argument);
	return -EINVAL;
}

static int
set_duration(struct options *options, const char *argument)
{
	return read_seconds("--duration", argument, &options->duration);
}

static int
set_max_packets(struct options *options, const char *argument)
{
	return read_count("--max-packets", argument, INT64_MAX, &options->max_packets);
}

static int
set_idle(struct options *options, const char *argument)
{
	uint64_t ms;
	int ret = read_count("--exit-when-idle", argument, UINT32_MAX, &ms);

	options->idle = (double)ms / 1000;
	return ret;
}

static int
set_period(struct options *options, const char *argument)
{
	return read_seconds("--stats-period", argument, &options->period);
}

static int
set_report(struct options *options, const char *argument)
{
	options->report = argument;
	return check_path("--report", argument);
}

static int
set_tables(struct options *options, const char *argument)
{
	static const char *const places[] = {
		[TABLES_STDOUT] = "stdout",
		[TABLES_STDERR] = "stderr",
		[TABLES_NONE] = "none",
	};

	for (unsigned int i = TABLES_STDOUT; i < RTE_DIM(places); i++) {
		if (strcmp(argument, places[i]) != 0)
			continue;
		options->tables = (enum tables)i;
		return 0;
	}
	complain("--tables takes stdout, stderr or none, not '%s'", argument);
	return -EINVAL;
}

static int
set_list_stages(struct options *options, const char *argument __rte_unused)
{
	options->list_stages = true;
	return 0;
}

static int
set_list_figures(struct options *options, const char *argument __rte_unused)
{
	options->list_figures = true;
	return 0;
}

static int
set_version(struct options *options, const char *argument __rte_unused)
{
	options->version = true;
	return 0;
}

static int
set_help(struct options *options, const char *argument __rte_unused)
{
	options->help = true;
	return 0;
}

/* It feeds getopt_long(), the help text, the pages of the manual and what a shell completes. */
static const struct option_row rows[] = {
	{ "config", 'c', "FILE", set_config, false, "the pipeline file" },
	{ "set", 's', "SECTION.KEY=VALUE", set_set, false,
		"set a key as if the file said so; may be repeated" },
	{ "check", 0, NULL, set_check, false, "check the pipeline, then exit" },
	{ "plan", 0, "[=text|dot|json]", set_plan, false,
		"print where everything goes and what it takes, then exit" },
	{ "preflight", 0, NULL, set_preflight, false,
		"print what the machine lacks and what mends it, a line each, then exit" },
	{ "duration", 't', "S", set_duration, false, "stop after so many seconds" },
	{ "max-packets", 'n', "N", set_max_packets, false, "stop after so many packets" },
	{ "exit-when-idle", 0, "MS", set_idle, false,
		"stop when for so many milliseconds nothing came in and nothing waited anywhere" },
	{ "stats-period", 'i', "S", set_period, false,
		"show the live table every so many seconds" },
	{ "report", 'r', "FILE", set_report, false,
		"write the figures as JSON at the end; - is stdout" },
	{ "tables", 0, "stdout|stderr|none", set_tables, false,
		"where tables go; stdout, or stderr with --report -" },
	{ "list-stages", 0, NULL, set_list_stages, true,
		"list the types of stages and sources and all keys, then exit" },
	{ "list-figures", 0, NULL, set_list_figures, true,
		"list all figures of the report and of telemetry, then exit" },
	{ "version", 'V', NULL, set_version, true, "print the version, then exit" },
	{ "help", 'h', NULL, set_help, true, "print this, then exit" },
};

#define ROWS RTE_DIM(rows)
/* What getopt_long() returns for row 0; above any letter. */
#define FIRST 256

const struct option_row *
option_at(unsigned int i)
{
	return i < ROWS ? &rows[i] : NULL;
}

static int
row_has_arg(const struct option_row *row)
{
	if (row->argument == NULL)
		return no_argument;
	return row->argument[0] == '[' ? optional_argument : required_argument;
}

static void
fill_getopt(struct option longs[ROWS + 1], char shorts[2 * ROWS + 2])
{
	/* Messages are our own; a missing argument is told from an unknown option. */
	*shorts++ = ':';
	for (unsigned int i = 0; i < ROWS; i++) {
		longs[i] = (struct option){ rows[i].name, row_has_arg(&rows[i]), NULL,
			FIRST + (int)i };
		if (rows[i].letter == 0)
			continue;
		*shorts++ = rows[i].letter;
		if (rows[i].argument != NULL)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[ROWS] = (struct option){ 0 };
}

static const struct option_row *
find_row(int value)
{
	if (value >= FIRST)
		return &rows[value - FIRST];
	for (unsigned int i = 0; i < ROWS; i++) {
		if (rows[i].letter != 0 && rows[i].letter == value)
			return &rows[i];
	}
	return NULL;
}

static int
refuse(int value, const char *given)
{
	const struct option_row *row = find_row(optopt);

	if (value == ':')
		complain("option '%s' takes an argument: %s", given, row->argument);
	else if (row != NULL)
		complain("option '%s' takes no argument", given);
	else if (optopt != 0 && strncmp(given, "--", 2) != 0)
		complain(
			"unknown option '-%c'; --help lists those there are, and EAL's go before the `--`",
			optopt);
	else
		complain(
			"unknown option '%s'; --help lists those there are, and EAL's go before the `--`",
			given);
	return -EINVAL;
}

/* Each of these prints something else, and exits. */
static int
check_modes(const struct options *options)
{
	const struct {
		bool given;
		const char *name;
	} modes[] = {
		{ options->check, "--check" },
		{ options->plan, "--plan" },
		{ options->preflight, "--preflight" },
		{ options->list_stages, "--list-stages" },
		{ options->list_figures, "--list-figures" },
	};
	const char *first = NULL;

	for (unsigned int i = 0; i < RTE_DIM(modes); i++) {
		if (modes[i].given && first != NULL) {
			complain("%s and %s: each of them prints, then exits: give one", first,
				modes[i].name);
			return -EINVAL;
		}
		first = modes[i].given ? modes[i].name : first;
	}
	return 0;
}

int
options_read(struct options *options, int argc, char **argv)
{
	struct option longs[ROWS + 1];
	char shorts[2 * ROWS + 2];
	int value;

	memset(options, 0, sizeof(*options));
	fill_getopt(longs, shorts);
	opterr = 0;
	optind = 1;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return refuse(value, argv[optind - 1]);
		if (find_row(value)->set(options, optarg) != 0)
			return -EINVAL;
	}
	if (optind < argc) {
		complain("'%s' is not an option; a pipeline file is given by -c FILE",
			argv[optind]);
		return -EINVAL;
	}
	return check_modes(options);
}

void
options_free(struct options *options)
{
	free(options->sets);
}

static bool
row_matches(const struct option_row *row, const char *argument)
{
	const char letter[] = { '-', row->letter, '\0' };

	if (strncmp(argument, "--", 2) == 0)
		return strcmp(argument + 2, row->name) == 0;
	return row->letter != 0 && strcmp(argument, letter) == 0;
}

bool
options_answer_alone(int argc, char **argv)
{
	unsigned int matches = 0;

	for (int i = 1; i < argc; i++) {
		for (unsigned int j = 0; j < ROWS; j++)
			matches += rows[j].alone && row_matches(&rows[j], argv[i]);
	}
	return argc > 1 && matches == (unsigned int)argc - 1;
}

static void
print_row(FILE *out, const struct option_row *row)
{
	char left[64];
	const char *joint = row->argument == NULL ? "" : row->argument[0] == '[' ? "" : " ";

	snprintf(left, sizeof(left), "%s%c%s--%s%s%s", row->letter ? "-" : " ",
		row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name, joint,
		row->argument != NULL ? row->argument : "");
	fprintf(out, "  %-34s %s\n", left, row->help);
}

void
options_help(FILE *out)
{
	fputs("usage: weir [EAL options] -- -c FILE [options]\n"
	      "\n"
	      "Runs the pipeline of FILE on EAL's lcores until a signal or an option ends it.\n"
	      "\n",
		out);
	for (unsigned int i = 0; i < ROWS; i++)
		print_row(out, &rows[i]);
	fputs("\n"
	      "EAL options go before the `--`; `weir --help --` lists them.\n"
	      "SIGINT and SIGTERM drain and report; a second one stops at once; the third ends the\n"
	      "process.\n"
	      "Exit status: 0 fine and balanced; 1 failed while running, or the ledger does not\n"
	      "balance; 2 bad usage or pipeline file; 3 the machine lacks what was asked.\n",
		out);
}
