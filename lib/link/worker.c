/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A worker's events: how they come, and the ways out that a stage may give them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_log.h>

#include "link_private.h"

#ifdef WEIR_CHECKS
RTE_LOG_REGISTER(logtype_checks, lib.weir.stage, NOTICE);

/* What the worker was given and has not accounted for; negative: more ways out than events. */
static int64_t
worker_in_hand(const struct weir_worker *worker)
{
	const struct worker_stats *s = worker->stats;

	return (int64_t)(s->in + s->created - s->out - s->released - s->held -
		worker_stats_dropped(s));
}

static void
worker_check(const struct weir_worker *worker, int64_t before, uint16_t n)
{
	int64_t lost = worker_in_hand(worker) - before;

	if (lost != 0)
		rte_log(RTE_LOG_CRIT, (uint32_t)logtype_checks,
			"stage '%s' (%s) %s %lld of %u events\n", worker->name, worker->type,
			lost > 0 ? "lost" : "doubled", (long long)llabs(lost), n);
}

/* A type that promises to keep hashes must, or events go to a worker that they do not belong to. */
static void
hashes_check(const struct weir_worker *worker, const struct out_link *link,
	struct weir_event *const events[], uint16_t n)
{
	unsigned int strayed = 0;

	for (uint16_t i = 0; link->stride > 1 && i < n; i++)
		strayed += events[i]->type != WEIR_EVENT_GAP &&
			weir_flow_bucket(events[i]->hash) % link->stride !=
				worker->index % link->stride;
	if (strayed > 0)
		rte_log(RTE_LOG_CRIT, (uint32_t)logtype_checks,
			"stage '%s' (%s) keeps_hash, but forwards %u of %u events with a hash that "
			"came to another worker\n",
			worker->name, worker->type, strayed, n);
}
#else
static inline int64_t
worker_in_hand(const struct weir_worker *worker)
{
	(void)worker;
	return 0;
}

static inline void
worker_check(const struct weir_worker *worker, int64_t before, uint16_t n)
{
	(void)worker;
	(void)before;
	(void)n;
}

static inline void
hashes_check(const struct weir_worker *worker, const struct out_link *link,
	struct weir_event *const events[], uint16_t n)
{
	(void)worker;
	(void)link;
	(void)events;
	(void)n;
}
#endif

void
worker_process(struct weir_worker *worker, struct weir_event *events[], uint16_t n)
{
	while (n > 0) {
		uint16_t k = RTE_MIN(n, worker->burst);
		int64_t before = worker_in_hand(worker);

		stat_add(&worker->stats->in, k);
		worker->process(worker, worker->state, events, k);
		worker_check(worker, before, k);
		events += k;
		n -= k;
	}
	worker_publish(worker);
}

void
worker_sample(struct weir_worker *worker, uint64_t start, uint64_t nested_before)
{
	struct lcore_sample *sample = worker->sample;
	uint64_t span = rte_rdtsc() - start;

	stat_add(&worker->stats->cycles, span - RTE_MIN(span, sample->nested));
	sample->nested = nested_before + span;
}

/*
 * Of a burst of n that process() was given at `start`; `came`: the arrival of the first, 0: unknown.
 * Behind a ring the age is noted with the wait.
 */
static void
latency_note(const struct weir_worker *worker, uint64_t came, uint64_t start, uint16_t n)
{
	histogram_add(&worker->latency->service, (rte_rdtsc() - start) / n);
	if (worker->input_count == 0 && came <= start && came != 0)
		histogram_add(&worker->latency->age, start - came);
}

/*
 * As the stage's process(), and how long that takes, and how old what it gets is. What it forwards
 * is published here, so that this is time of its own too.
 */
static void
process_timed(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	uint64_t start = rte_rdtsc(), nested = worker->sample->nested, came = events[0]->tsc;
	bool gap = events[0]->type == WEIR_EVENT_GAP;

	worker->sample->nested = 0;
	worker->untimed(worker, state, events, n);
	if (worker->latency != NULL && !gap)
		latency_note(worker, came, start, n);
	worker_probe(worker);
	worker_publish(worker);
	worker_sample(worker, start, nested);
}

void
worker_time(struct weir_worker *worker, bool on)
{
	if (worker->process == NULL)
		return;
	if (worker->process != process_timed)
		worker->untimed = worker->process;
	worker->process = on ? process_timed : worker->untimed;
}

void
worker_drop(struct weir_worker *worker, unsigned int reason, struct weir_event *events[],
	unsigned int n)
{
	stat_add_release(&worker->stats->dropped[reason], n);
	events_free(events, n);
}

void
event_share(struct weir_event *event, uint16_t more)
{
	if (!(event->flags & WEIR_EVENT_SHARED))
		event->flags = (event->flags & ~WEIR_EVENT_PRISTINE) | WEIR_EVENT_SHARED;
	rte_pktmbuf_refcnt_update(weir_event_mbuf(event), (int16_t)more);
}

/* Every receiver but the first gets an event that was not there before. */
static void
output_share(struct weir_worker *worker, const struct output *output,
	struct weir_event *const events[], uint16_t n)
{
	uint16_t more = output->receivers - 1;

	for (uint16_t i = 0; i < n; i++)
		event_share(events[i], more);
	stat_add(&worker->stats->created, (uint64_t)n * more);
}

void
weir_forward(struct weir_worker *worker, uint16_t output, struct weir_event *events[], uint16_t n)
{
	struct output *out = &worker->outputs[output];

	if (output >= worker->output_count || out->link_count == 0) {
		weir_release(worker, events, n);
		return;
	}
	if (out->receivers > 1)
		output_share(worker, out, events, n);
	for (uint16_t i = 0; i < out->link_count; i++) {
		hashes_check(worker, &out->links[i], events, n);
		out->links[i].push(worker, &out->links[i], events, n);
	}
}

void
weir_release(struct weir_worker *worker, struct weir_event *events[], uint16_t n)
{
	stat_add_release(&worker->stats->released, n);
	events_free(events, n);
}

void
weir_drop(struct weir_worker *worker, uint16_t reason, struct weir_event *events[], uint16_t n)
{
	worker_drop(worker, DROP_STAGE + RTE_MIN(reason, (uint16_t)(WEIR_MAX_REASONS - 1)), events,
		n);
}

void
weir_created(struct weir_worker *worker, uint16_t n)
{
	stat_add(&worker->stats->created, n);
}

void
weir_hold(struct weir_worker *worker, uint16_t n)
{
	stat_add(&worker->stats->held, n);
}

void
weir_unhold(struct weir_worker *worker, uint16_t n)
{
	stat_sub(&worker->stats->held, n);
}

void
weir_abandon(struct weir_worker *worker, struct weir_event *events[], uint16_t n)
{
	weir_unhold(worker, n);
	worker_drop(worker, DROP_DRAIN_ABANDONED, events, n);
}

void
weir_transmitted(struct weir_worker *worker, uint16_t n)
{
	stat_add(&worker->stats->out, n);
	stat_add_release(&worker->stats->transmitted, n);
}

void
weir_ejected(struct weir_worker *worker, uint16_t n)
{
	stat_add(&worker->stats->out, n);
	stat_add_release(&worker->stats->ejected, n);
}

bool
worker_reaches_ring(const struct weir_worker *worker)
{
	for (uint16_t o = 0; o < worker->output_count; o++)
		for (uint16_t l = 0; l < worker->outputs[o].link_count; l++) {
			const struct out_link *link = &worker->outputs[o].links[l];

			for (uint16_t i = 0; i < link->lane_count; i++)
				if (link->lanes[i].ring.ring != NULL ||
					link->lanes[i].consumer->hands_over ||
					worker_reaches_ring(link->lanes[i].consumer))
					return true;
		}
	return false;
}

const char *
weir_worker_name(const struct weir_worker *worker)
{
	return worker->name;
}

unsigned int
weir_worker_index(const struct weir_worker *worker)
{
	return worker->index;
}

unsigned int
weir_worker_count(const struct weir_worker *worker)
{
	return worker->count;
}

unsigned int
weir_worker_lcore(const struct weir_worker *worker)
{
	return worker->lcore;
}

int
weir_worker_socket(const struct weir_worker *worker)
{
	return worker->socket;
}

uint16_t
weir_worker_burst(const struct weir_worker *worker)
{
	return worker->burst;
}

int
weir_worker_queue(const struct weir_worker *worker, uint16_t *port, uint16_t *queue)
{
	if (worker->port >= RTE_MAX_ETHPORTS)
		return -ENODEV;
	*port = worker->port;
	*queue = worker->queue;
	return 0;
}

void
weir_worker_fail(struct weir_worker *worker, int code, const char *format, ...)
{
	struct weir_error error = { .code = code };
	va_list list;

	va_start(list, format);
	vsnprintf(error.text, sizeof(error.text), format, list);
	va_end(list);
	failures_add(worker->failures, &error);
}
