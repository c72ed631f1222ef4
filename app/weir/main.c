/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_version.h>

#include "app.h"

void
complain(const char *format, ...)
{
	va_list list;

	fflush(stdout);
	fputs("weir: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

static int
status_of(const struct weir_error *error)
{
	return error->code == EINVAL ? STATUS_USAGE : STATUS_MACHINE;
}

/* Says what went wrong; returns the status for it. */
static int
fail(const struct weir_error *error)
{
	complain("%s", error->text);
	return status_of(error);
}

/*
 * An lcore runs that nobody can end, and may come back at any time: the process ends under it, with
 * all that it uses in place. A driver may read with stdio: of that file it has the lock.
 */
static void
end_process(int status)
{
	fflush(stdout);
	_exit(status);
}

/* Whether anything can come in: what an application hands in this command has not. */
static bool
has_source(const struct weir_engine *engine)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	bool has = false;

	for (unsigned int i = 0; !has && weir_ledger_worker(engine, i, &w) == 0; i++)
		has = w.source && strcmp(w.type, "inject") != 0;
	if (!has)
		complain(
			"all sources are of type inject, for an application that embeds weir: this "
			"command hands in nothing; --check and --plan look at such a file");
	return has;
}

/* Whether all that comes out goes somewhere: what an application takes nobody does in this command. */
static bool
has_takers(const struct weir_engine *engine)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_worker(engine, i, &w) == 0; i++)
		if (strcmp(w.type, "eject") == 0) {
			complain(
				"stage '%s' is of type eject, for an application that embeds weir: "
				"this command takes nothing; --check and --plan look at such a "
				"file",
				w.node);
			return false;
		}
	return true;
}

static int
run_plan(const struct weir_plan *plan, const struct options *options, FILE *tables)
{
	struct weir_engine_conf conf;
	struct weir_engine *engine;
	struct weir_error error;
	unsigned int leaked;
	int status;

	weir_engine_conf_init(&conf);
	conf.max_events = options->max_packets;
	conf.hotplug = 1;
	guard_at(GUARD_SETUP);
	engine = weir_engine_create(plan, &conf, &error);
	guard_at(GUARD_FREE);
	if (engine == NULL)
		return fail(&error);
	status = has_source(engine) && has_takers(engine) ? run_engine(engine, options, tables) :
							    STATUS_USAGE;
	guard_run(NULL, 0, clock_s());
	guard_at(GUARD_STOP);
	weir_engine_stop(engine, 0);
	if (!weir_engine_drained(engine))
		end_process(STATUS_FAILED);
	leaked = weir_engine_destroy(engine);
	guard_at(GUARD_FREE);
	/* Where they leaked before the end, that was said and told in the status. */
	if (leaked == 0 || status != STATUS_OK)
		return status;
	complain("%u mbufs did not come back to their pools", leaked);
	return STATUS_FAILED;
}

static int
show_plan(const struct weir_plan *plan, enum weir_plan_format format)
{
	char *text = weir_plan_show(plan, format);

	if (text == NULL) {
		complain("cannot show the plan: %s", rte_strerror(rte_errno));
		return STATUS_FAILED;
	}
	fputs(text, stdout);
	free(text);
	return STATUS_OK;
}

static FILE *
tables_of(const struct options *options)
{
	bool report_on_stdout = options->report != NULL && strcmp(options->report, "-") == 0;

	if (options->tables == TABLES_NONE)
		return NULL;
	if (options->tables == TABLES_AUTO)
		return report_on_stdout ? stderr : stdout;
	return options->tables == TABLES_STDERR ? stderr : stdout;
}

static int
place(const struct weir_pipeline *pipeline, const struct options *options)
{
	struct weir_plan *plan;
	struct weir_error error;
	int status;

	guard_at(GUARD_SETUP);
	plan = weir_plan_create(pipeline, NULL, &error);
	guard_at(GUARD_FREE);
	if (plan == NULL)
		return fail(&error);
	if (options->plan)
		status = show_plan(plan, options->plan_format);
	else
		status = run_plan(plan, options, tables_of(options));
	weir_plan_free(plan);
	return status;
}

static int
prepare(struct weir_pipeline *pipeline, const struct options *options)
{
	struct weir_error error;
	int rc;

	for (unsigned int i = 0; i < options->set_count; i++) {
		if (weir_pipeline_set_text(pipeline, options->sets[i], &error) == 0)
			continue;
		complain("--set %s: %s", options->sets[i], error.text);
		return status_of(&error);
	}
	guard_at(GUARD_CHECK);
	rc = weir_pipeline_check(pipeline, &error);
	guard_at(GUARD_FREE);
	return rc == 0 ? STATUS_OK : fail(&error);
}

static int
serve_pipeline(const struct options *options, int argc, char **argv)
{
	struct weir_pipeline *pipeline;
	struct weir_error error;
	int status;

	pipeline = weir_pipeline_load(options->config, &error);
	if (pipeline == NULL) {
		complain("%s", error.text);
		return error.code == ENOMEM ? STATUS_MACHINE : STATUS_USAGE;
	}
	status = prepare(pipeline, options);
	if (status == STATUS_OK && options->check)
		printf("%s: pipeline %s is fine\n", options->config, weir_pipeline_name(pipeline));
	else if (status == STATUS_OK && options->preflight)
		status = preflight(pipeline, argc, argv);
	else if (status == STATUS_OK)
		status = place(pipeline, options);
	weir_pipeline_free(pipeline);
	return status;
}

/*
 * A device may have others below it (net_failsafe), which are removed with it: before EAL goes
 * through the list of all, or it crashes.
 */
static void
end_eal(void)
{
	uint16_t id;

	guard_at(GUARD_END);
	capture_close();
	RTE_ETH_FOREACH_DEV (id)
		rte_eth_dev_close(id);
	rte_eal_cleanup();
	guard_at(GUARD_FREE);
	rundir_after_eal();
}

/* What EAL is given while it starts; NULL where it does not. */
static struct {
	int argc;
	char **argv;
} starting;

/*
 * Where EAL has no memory for its own on the socket of the main lcore it panics instead of failing. That
 * calls abort() in the main thread, outside of any lock of stdio.
 */
static void
on_panic(int number __rte_unused)
{
	complain_of_eal(ENOMEM, starting.argc, starting.argv);
	_exit(STATUS_MACHINE);
}

/* From 25.11 on EAL ends the process itself, with a status of its own, where an option is none that it knows. */
static void
on_end(int status, void *arg __rte_unused)
{
	if (starting.argv == NULL || status == EXIT_SUCCESS)
		return;
	complain_of_eal(EINVAL, starting.argc, starting.argv);
	_exit(STATUS_MACHINE);
}

/* `own` is for EAL, which sorts it, and puts the program's name over an argument. */
static int
start_eal_with(int argc, char **argv, char **own)
{
	int used;

	memcpy(own, argv, (size_t)argc * sizeof(*own));
	rundir_before_eal();
	starting.argc = argc;
	starting.argv = argv;
	signal(SIGABRT, on_panic);
	on_exit(on_end, NULL);
	guard_at(GUARD_EAL);
	used = rte_eal_init(argc, own);
	guard_at(GUARD_FREE);
	signal(SIGABRT, SIG_DFL);
	starting.argv = NULL;
	if (used < 0) {
		complain_of_eal(rte_errno, argc, argv);
		return STATUS_MACHINE;
	}
	rundir_own();
	capture_open();
	if (used < argc - 1) {
		complain("'%s' is not an EAL option", own[used + 1]);
		end_eal();
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

static int
start_eal(int argc, char **argv)
{
	char **own = calloc((size_t)argc + 1, sizeof(*own));
	int status;

	if (own == NULL) {
		complain("no memory for the command line");
		return STATUS_MACHINE;
	}
	status = start_eal_with(argc, argv, own);
	free(own);
	return status;
}

/* On its lcores, but with nothing else of what it was given. */
static int
start_eal_apart(int argc, char **argv)
{
	char **own = preflight_eal(&argc, argv);
	int status;

	if (own == NULL) {
		complain("no memory for the command line");
		return STATUS_MACHINE;
	}
	status = start_eal(argc, own);
	free(own);
	return status;
}

/* Whether EAL is told to load a shared object, which may bring stage types. */
static bool
loads_plugin(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "-d", 2) == 0 || strncmp(argv[i], "--driver-path", 13) == 0)
			return true;
	}
	return false;
}

static int
serve(const struct options *options, int argc, char **argv)
{
	bool describes = options->list_stages || options->check;
	bool eal = !describes || loads_plugin(argc, argv);
	int status = STATUS_OK;

	if (eal)
		status = options->preflight ? start_eal_apart(argc, argv) : start_eal(argc, argv);
	if (status != STATUS_OK)
		return status;
	if (options->list_stages)
		list_stages(stdout);
	else
		status = serve_pipeline(options, argc, argv);
	if (eal)
		end_eal();
	return status;
}

static int
answer(const struct options *options, int eal_argc, char **eal_argv)
{
	if (options->help) {
		options_help(stdout);
		return STATUS_OK;
	}
	if (options->version) {
		printf("weir %s, %s\n", weir_version(), rte_version());
		return STATUS_OK;
	}
	if (options->list_figures) {
		list_figures(stdout);
		return STATUS_OK;
	}
	if (has_argument(eal_argc, eal_argv, "-h") || has_argument(eal_argc, eal_argv, "--help"))
		return start_eal(eal_argc, eal_argv); /* which prints its own, and exits */
	if (options->config == NULL && !options->list_stages) {
		complain("no pipeline file: give one behind `--` by -c FILE");
		return STATUS_USAGE;
	}
	return serve(options, eal_argc, eal_argv);
}

/* Index of the `--` between EAL's options and ours; argc where there is none. */
static int
find_split(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
	}
	return i;
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	int split = find_split(argc, argv);
	int status = STATUS_USAGE;

	standard_open();
	run_catch_signals();
	notify_open();
	if (options_answer_alone(argc, argv))
		split = 0;
	if (split == argc)
		complain("no options of weir: put them behind `--`, as in "
			 "`weir [EAL options] -- -c FILE`; `weir --help` lists them");
	else if (options_read(&options, argc - split, argv + split) == 0) {
		guard_start(RTE_MAX(split, 1), argv);
		status = answer(&options, RTE_MAX(split, 1), argv);
	}
	options_free(&options);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_OK) {
		complain("cannot write to stdout");
		status = STATUS_FAILED;
	}
	return status;
}
