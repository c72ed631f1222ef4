/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Whoever waits for a driver or a stage that does not return cannot say so. A thread beside does,
 * once for each that takes long.
 */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <rte_log.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_slow, lib.weir.engine.slow, NOTICE);

/* s; after so many it is told. */
#define SLOW_S 5

/* Until the turn is over, or it is told: whether it took that long. Holds the lock. */
static bool
turn_is_slow(struct slow *slow, unsigned int turn)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SLOW_S;
	while (rc == 0 && !slow->over && slow->turn == turn)
		rc = pthread_cond_timedwait(&slow->changed, &slow->lock, &until);
	return !slow->over && slow->turn == turn && slow->doing[0] != '\0';
}

static control_thread_result
slow_main(void *arg)
{
	struct slow *slow = arg;
	sigset_t all;

	/* Signals are the application's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_mutex_lock(&slow->lock);
	while (!slow->over) {
		unsigned int turn = slow->turn;

		if (turn_is_slow(slow, turn))
			rte_log(RTE_LOG_WARNING, (uint32_t)logtype_slow,
				"'%s': %s has not returned for %u s\n", slow->engine, slow->doing,
				SLOW_S);
		while (!slow->over && slow->turn == turn)
			pthread_cond_wait(&slow->changed, &slow->lock);
	}
	pthread_mutex_unlock(&slow->lock);
	return 0;
}

void
slow_begin(struct slow *slow, const struct weir_engine *engine)
{
	pthread_condattr_t attr;

	*slow = (struct slow){ .engine = weir_engine_name(engine) };
	pthread_mutex_init(&slow->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&slow->changed, &attr);
	pthread_condattr_destroy(&attr);
	/* Without it nothing is told, and all goes on. */
	slow->runs = control_thread_create(&slow->thread, "weir-slow", slow_main, slow) == 0;
}

void
slow_at(struct slow *slow, const char *format, ...)
{
	va_list list;

	pthread_mutex_lock(&slow->lock);
	va_start(list, format);
	vsnprintf(slow->doing, sizeof(slow->doing), format, list);
	va_end(list);
	slow->turn++;
	pthread_cond_signal(&slow->changed);
	pthread_mutex_unlock(&slow->lock);
}

void
slow_end(struct slow *slow)
{
	pthread_mutex_lock(&slow->lock);
	slow->over = true;
	pthread_cond_signal(&slow->changed);
	pthread_mutex_unlock(&slow->lock);
	if (slow->runs)
		control_thread_join(slow->thread);
	pthread_cond_destroy(&slow->changed);
	pthread_mutex_destroy(&slow->lock);
}
