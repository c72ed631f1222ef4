/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A thread beside the main one, which may be in a driver or a stage that does not return: it says
 * where, and ends the process once that was asked to end.
 */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_ethdev.h>

#include "app.h"

#define LOOK_MS 100
/* s; the main thread was not seen for so long: it is told where it is, */
#define TELL_S 5.0
/* and, after one signal or the end of the run, it is waited for no longer. */
#define ASKED_S 10.0
#define TEXT_SIZE 512

/* Where the main thread may stay. */
struct place {
	const char *what;
	bool told;      /* said after a while; but who reads a table may take as long as he likes */
	bool due;       /* left there once the run is to end; but not he, nor what frees memory */
	double once_s;  /* so long is waited for it after a signal, or the end of the run, */
	double twice_s; /* and after a second signal */
	void (*add)(char *text, size_t size);
};

static struct {
	pthread_mutex_t lock;
	enum guard_place at;
	uint64_t beats;
	double due; /* when the run is to end; 0: nobody knows */
	/* What was asked of EAL, and what is named: the engine and the lcore that main polls. */
	int argc;
	char **argv;
	const struct weir_engine *engine;
	unsigned int lcore;
	struct weir_engine *starts;
} guard = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list list;

	va_start(list, format);
	vsnprintf(text + used, size - used, format, list);
	va_end(list);
}

/* The device of an option of EAL that gives one, up to its arguments; NULL: it gives none. */
static const char *
device_of(int *i, char name[RTE_ETH_NAME_MAX_LEN])
{
	static const char *const options[] = { "--vdev", "--allow", "-a" };
	const char *argument = guard.argv[*i], *device = NULL;

	for (unsigned int k = 0; device == NULL && k < RTE_DIM(options); k++) {
		size_t n = strlen(options[k]);

		if (strncmp(argument, options[k], n) != 0)
			continue;
		if (argument[n] == '\0' && *i + 1 < guard.argc)
			device = guard.argv[++*i];
		else if (argument[n] == '=' || options[k][1] != '-')
			device = argument + n + (argument[n] == '=');
	}
	if (device != NULL)
		snprintf(name, RTE_ETH_NAME_MAX_LEN, "%.*s", (int)strcspn(device, ","), device);
	return device;
}

/* EAL has no port yet for these of its devices; they are set up in the order in which they stand. */
static void
add_devices(char *text, size_t size)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	const char *joint = ": of its devices there are not yet ", *device;
	uint16_t port;

	for (int i = 1; i < guard.argc; i++) {
		device = device_of(&i, name);
		if (device == NULL || rte_eth_dev_get_port_by_name(name, &port) == 0)
			continue;
		append(text, size, "%s%s", joint, device);
		joint = "; ";
	}
}

static bool
has_in_hand(const struct weir_worker_figures *w)
{
	return (int64_t)(w->in + w->created - w->out - w->released - w->dropped - w->held) > 0;
}

/* Of the workers there those with events in hand; where none has any, the sources. */
static void
add_workers(char *text, size_t size)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	const char *joint = " from ";
	bool any = false;

	for (unsigned int i = 0; weir_ledger_worker(guard.engine, i, &w) == 0; i++)
		any |= w.lcore == guard.lcore && has_in_hand(&w);
	for (unsigned int i = 0; weir_ledger_worker(guard.engine, i, &w) == 0; i++) {
		if (w.lcore != guard.lcore || (any ? !has_in_hand(&w) : !w.source))
			continue;
		append(text, size, "%s%s[%u] (%s)", joint, w.node, w.index, w.type);
		joint = ", ";
	}
}

static const struct place places[] = {
	[GUARD_FREE] = { NULL, false, false, 0, 0, NULL },
	[GUARD_EAL] = { "EAL's set-up", true, false, ASKED_S, 0, add_devices },
	/* Nothing runs yet, and nobody waits for what is in hand. */
	[GUARD_CHECK] = { "the check of the pipeline, where libpcap compiles `match`,", true, false,
		0, 0, NULL },
	[GUARD_SETUP] = { "the set-up of ports and stages", true, false, ASKED_S, 0, NULL },
	[GUARD_POLL] = { "the main lcore", true, true, ASKED_S, 1, add_workers },
	[GUARD_WATCH] = { "a driver that is asked for its counts", true, true, ASKED_S, 1, NULL },
	[GUARD_TABLE] = { "the writing of tables and reports", false, false, ASKED_S, 1, NULL },
	[GUARD_STOP] = { "the stop of ports and stages", true, true, ASKED_S, 5, NULL },
	[GUARD_END] = { "EAL's end", true, false, ASKED_S, 1, NULL },
};

/* Past stdio, whose locks the main thread may have; and not to one who does not read. */
static void
tell(const char *text)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&fd, 1, 0) > 0 && write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void
name(const struct place *place, char text[TEXT_SIZE])
{
	text[0] = '\0';
	append(text, TEXT_SIZE, "weir: %s has not returned", place->what);
	if (place->add != NULL)
		place->add(text, TEXT_SIZE);
}

/* Whether the process is to end, though the main thread was not seen for so long. */
static bool
is_over(const struct place *place, double silent, double now)
{
	unsigned int signals = run_signals();
	bool due = place->due && guard.due > 0 && now >= guard.due;

	if (signals >= 2)
		return silent >= place->twice_s;
	return (signals == 1 || due) && silent >= place->once_s;
}

/* The main thread was not seen since. Holds the lock. */
static void
look(double since, bool *told)
{
	const struct place *place = &places[guard.at];
	double now = clock_s(), silent = now - since;
	char text[TEXT_SIZE];

	if (guard.at == GUARD_FREE)
		return;
	if (is_over(place, silent, now)) {
		name(place, text);
		append(text, TEXT_SIZE - 1, ": it is left there");
		strcat(text, "\n");
		tell(text);
		_exit(STATUS_FAILED);
	}
	if (!place->told || *told || silent < TELL_S)
		return;
	*told = true;
	name(place, text);
	append(text, TEXT_SIZE - 1, ", for %g s; a %ssignal ends weir", TELL_S,
		place->once_s > 0 ? "second " : "");
	strcat(text, "\n");
	tell(text);
}

static void *
guard_main(void *arg)
{
	const struct timespec wait = { .tv_nsec = LOOK_MS * 1000000L };
	double since = clock_s();
	uint64_t seen = 0;
	bool told = false;

	(void)arg;
	for (;;) {
		nanosleep(&wait, NULL);
		pthread_mutex_lock(&guard.lock);
		if (guard.beats != seen) {
			seen = guard.beats;
			since = clock_s();
			told = false;
		} else {
			look(since, &told);
		}
		if (guard.starts != NULL && run_signals() > 0)
			weir_engine_stop_request(guard.starts);
		pthread_mutex_unlock(&guard.lock);
	}
	return NULL;
}

void
guard_start(int argc, char **argv)
{
	sigset_t all, before;
	pthread_t thread;

	guard.argc = argc;
	guard.argv = argv;
	/* Signals are for the others. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, guard_main, NULL) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
guard_at(enum guard_place at)
{
	pthread_mutex_lock(&guard.lock);
	guard.at = at;
	guard.beats++;
	pthread_mutex_unlock(&guard.lock);
}

void
guard_run(const struct weir_engine *engine, unsigned int lcore, double due)
{
	pthread_mutex_lock(&guard.lock);
	guard.engine = engine;
	guard.lcore = lcore;
	guard.due = due;
	pthread_mutex_unlock(&guard.lock);
}

void
guard_starts(struct weir_engine *engine)
{
	pthread_mutex_lock(&guard.lock);
	guard.starts = engine;
	pthread_mutex_unlock(&guard.lock);
}
