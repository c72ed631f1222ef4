/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "app.h"

/* Seconds between two pieces of control work, at most. */
#define TURN_S 0.001
#define REST_S 0.005
#define WATCH_S 0.01
/* Seconds that workers may take to drain. */
#define DRAIN_S 10.0

struct run {
	struct weir_engine *engine;
	const struct options *options;
	struct table *table;
	unsigned int lcore; /* the main one */
	bool polls;         /* workers are placed on it */
	bool ran;           /* else the machine did not let it */
	double started;
	double watched;
	double shown;
	uint64_t ended; /* events, when it was looked last whether some did */
	bool draining;
	bool idled; /* it ended because nothing came */
};

static unsigned int signals;
static volatile sig_atomic_t hung_up;
static bool stays; /* a closed terminal does not end it: nohup */

/* On any thread, on several at a time. */
static void
on_signal(int number)
{
	if (__atomic_add_fetch(&signals, 1, __ATOMIC_RELAXED) < 3)
		return;
	/* Somebody means it: whatever hangs, the third one ends the process, as if nobody caught it. */
	signal(number, SIG_DFL);
	raise(number);
}

unsigned int
run_signals(void)
{
	return __atomic_load_n(&signals, __ATOMIC_RELAXED);
}

static void
on_hang_up(int number)
{
	(void)number;
	hung_up = 1;
}

static void
run_catch_hang_up(void)
{
	struct sigaction action = { .sa_handler = on_hang_up, .sa_flags = SA_RESTART }, before;

	sigaction(SIGHUP, &action, &before);
	stays = before.sa_handler == SIG_IGN;
}

void
run_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	run_catch_hang_up();
	/* A reader that went away must not end a run: writing then fails, and says so. */
	signal(SIGPIPE, SIG_IGN);
}

double
clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
rest(void)
{
	const struct timespec time = { .tv_nsec = (long)(REST_S * 1e9) };

	nanosleep(&time, NULL);
}

/* Work on the main lcore for a while; where there was nothing to do, let others have its CPU. */
static void
poll_main(const struct run *run)
{
	uint64_t end = rte_rdtsc() + (uint64_t)((double)rte_get_tsc_hz() * TURN_S);
	bool worked = false;

	do {
		int n = weir_worker_poll(run->engine, run->lcore);

		if (n < 0)
			break;
		if (n == 0)
			rte_pause();
		worked |= n > 0;
	} while (rte_rdtsc() < end);
	if (!worked)
		sched_yield();
}

/*
 * After log rotation files are to be opened anew. Where there are none, a terminal was closed: the run
 * ends as by SIGTERM.
 */
static void
look_hung_up(struct run *run)
{
	if (!hung_up)
		return;
	hung_up = 0;
	if (weir_engine_reopen(run->engine) == 0 && !stays) {
		complain("SIGHUP, and no sink writes a file by its path: draining");
		raise(SIGTERM);
	}
}

static void
turn(struct run *run)
{
	double now;

	look_hung_up(run);
	if (run->polls && !weir_engine_drained(run->engine)) {
		guard_at(GUARD_POLL);
		poll_main(run);
		guard_at(GUARD_FREE);
	} else {
		rest();
	}
	now = clock_s();
	if (now - run->watched >= WATCH_S) {
		guard_at(GUARD_WATCH);
		weir_engine_watch(run->engine);
		guard_at(GUARD_FREE);
		notify_alive(run->engine, run->draining);
		run->watched = now;
	}
	if (run->options->period > 0 && now - run->shown >= run->options->period) {
		guard_at(GUARD_TABLE);
		table_live(run->table);
		guard_at(GUARD_FREE);
		run->shown += run->options->period;
	}
}

/* Packets that came in and were not asked for. */
static uint64_t
unmatched(const struct weir_engine *engine)
{
	const char *reason;
	uint64_t count;

	for (unsigned int i = 0; weir_ledger_drop(engine, i, &reason, &count) == 0; i++)
		if (strcmp(reason, "unmatched") == 0)
			return count;
	return 0;
}

/* Whether one of the options, a signal, or the engine itself ends the run. */
static bool
ended(struct run *run)
{
	const struct options *options = run->options;
	double now = clock_s();
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	if (run_signals() > 0 || weir_engine_drained(run->engine) ||
		weir_engine_exhausted(run->engine))
		return true;
	if (options->duration > 0 && now - run->started >= options->duration)
		return true;
	if (options->idle > 0 && weir_engine_idle(run->engine) >= options->idle) {
		run->idled = true;
		return true;
	}
	if (options->max_packets == 0)
		return false;
	weir_ledger_read(run->engine, &ledger);
	return ledger.received >= options->max_packets + unmatched(run->engine);
}

/* Whether events have ended since this was asked last. */
static bool
moves(struct run *run)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	uint64_t before = run->ended;

	weir_ledger_read(run->engine, &ledger);
	run->ended = ledger.released + ledger.transmitted + ledger.ejected + ledger.dropped;
	return run->ended != before;
}

/*
 * Drain; a further signal, or too long a wait, abandons what is left. Where files have come to their
 * end nobody is in a hurry: while something moves it is waited for.
 */
static int
drain(struct run *run)
{
	const unsigned int at_once = run_signals() > 0 ? 2 : 1;
	const bool patient = run_signals() == 0 && weir_engine_exhausted(run->engine);
	double end = clock_s() + DRAIN_S;
	bool asked;
	int ret;

	notify_stopping();
	run->draining = true;
	guard_run(run->engine, run->lcore, clock_s());
	weir_engine_stop_request(run->engine);
	while (!weir_engine_drained(run->engine) && run_signals() < at_once && clock_s() < end) {
		turn(run);
		if (patient && moves(run))
			end = clock_s() + DRAIN_S;
	}
	asked = run_signals() >= at_once;
	guard_at(GUARD_STOP);
	ret = weir_engine_stop(run->engine, weir_engine_drained(run->engine) ? 1000 : 0);
	guard_at(GUARD_FREE);
	if (!weir_engine_drained(run->engine)) {
		complain("an lcore does not return (its node is named above); what it has is left "
			 "in flight");
		return -ETIMEDOUT;
	}
	if (ret == 0 || asked)
		return 0;
	complain("workers did not drain within %g s; what was left is dropped as drain_abandoned",
		DRAIN_S);
	return -ETIMEDOUT;
}

static int
balance(const struct weir_engine *engine)
{
	uint64_t leaked = report_leaked(engine);
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(engine, &ledger);
	if (ledger.unaccounted != 0 || ledger.in_flight != 0)
		complain("the ledger does not balance: %" PRId64 " unaccounted, %" PRIu64
			 " in flight",
			ledger.unaccounted, ledger.in_flight);
	if (leaked != 0)
		complain("%" PRIu64 " mbufs did not come back to their pools", leaked);
	return ledger.unaccounted != 0 || ledger.in_flight != 0 || leaked != 0 ? -EPROTO : 0;
}

/* Of what goes to standard output it is looked at once all else is written. */
static int
written(FILE *tables)
{
	if (tables == NULL || tables == stdout || (fflush(tables) == 0 && !ferror(tables)))
		return 0;
	complain("cannot write to stderr");
	return -EIO;
}

/* What was lost at the edges, said once more: the log may be long. */
static int
failures(struct weir_engine *engine)
{
	struct weir_error error;
	unsigned int i;

	for (i = 0; weir_engine_failure(engine, i, &error) == 0; i++)
		complain("%s", error.text);
	return i > 0 ? -EIO : 0;
}

/* A port that is away gives nothing: that the run is over nobody knows then. */
static int
away(const struct run *run)
{
	struct weir_port_figures port = WEIR_PORT_FIGURES_INIT;
	int ret = 0;

	for (unsigned int i = 0; run->idled && weir_ledger_port(run->engine, i, &port) == 0; i++) {
		if (!port.gone)
			continue;
		complain("nothing came any more, but port %s is gone: that is no idleness",
			port.name);
		ret = -ENODEV;
	}
	return ret;
}

static int
run_until_end(struct run *run)
{
	struct weir_error error;
	int rc;

	guard_starts(run->engine);
	rc = weir_engine_start(run->engine, &error);
	guard_starts(NULL);
	if (rc != 0) {
		complain("%s", error.text);
		weir_engine_stop(run->engine, 0);
		return -error.code;
	}
	run->ran = true;
	run->polls = weir_engine_polled(run->engine, run->lcore);
	run->started = run->watched = run->shown = clock_s();
	guard_run(run->engine, run->lcore,
		run->options->duration > 0 ? run->started + run->options->duration : 0);
	notify_ready();
	capture_of(run->engine);
	while (!ended(run))
		turn(run);
	rc = away(run);
	rc |= drain(run);
	capture_of(NULL);
	return rc;
}

int
run_engine(struct weir_engine *engine, const struct options *options, FILE *tables)
{
	struct run run = { .engine = engine, .options = options, .lcore = rte_get_main_lcore() };
	FILE *report = NULL;
	int ret;

	if (options->report != NULL && !report_is_apart(options->report))
		return STATUS_USAGE;
	if (options->report != NULL && (report = report_open(options->report)) == NULL)
		return STATUS_FAILED;
	run.table = table_create(engine, tables);
	if (run.table == NULL) {
		complain("not enough memory for the tables");
		return STATUS_MACHINE;
	}
	ret = run_until_end(&run);
	guard_at(GUARD_TABLE);
	if (report != NULL)
		ret |= report_write(engine, report, options->report);
	table_summary(run.table);
	table_free(run.table);
	ret |= written(tables);
	ret |= balance(engine);
	ret |= failures(engine);
	guard_at(GUARD_FREE);
	if (!run.ran)
		return STATUS_MACHINE;
	return ret == 0 ? STATUS_OK : STATUS_FAILED;
}
