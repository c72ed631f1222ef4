/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* eve: events as lines of JSON, with the names that Suricata's EVE gives them. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "sink_private.h"

struct eve_state {
	struct writer writer;
	struct eve_format format;
	uint64_t written; /* of the writer's lines, those that are told of */
	uint64_t lost;
};

/* What can be told of a rotation before the file is looked at. */
static int
rotation_check(const struct eve_conf *conf, struct weir_error *error)
{
	const struct rotation *rotation = &conf->rotation;

	if (rotation->size != 0 && rotation->size < ROTATE_SIZE_MIN)
		return weir_error_set(error, EINVAL,
			"rotate_size = %" PRIu64 ": less than %dk; 0: never", rotation->size,
			ROTATE_SIZE_MIN >> 10);
	if (rotation->period != 0 && rotation->period < ROTATE_PERIOD_MIN)
		return weir_error_set(error, EINVAL,
			"rotate_time = %" PRIu64 "ns: less than 1s; 0: never", rotation->period);
	if ((rotation->size != 0 || rotation->period != 0) && strcmp(conf->path, "-") == 0)
		return weir_error_set(error, EINVAL,
			"%s: standard output cannot be rotated; give `path = FILE`",
			rotation->size != 0 ? "rotate_size" : "rotate_time");
	return 0;
}

static int
eve_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	const struct eve_conf *given = conf;

	needs->memory = writer_memory(given->buffer);
	return rotation_check(given, error);
}

static int
eve_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	const struct eve_conf *given = conf;
	struct eve_state *eve = state;

	eve_format_init(&eve->format);
	eve->format.community = given->community_id;
	return writer_start(&eve->writer, worker, given->path, given->buffer, &given->rotation,
		error);
}

static void
eve_put(struct eve_state *eve, struct weir_event *const events[], uint16_t n)
{
	struct writer *writer = &eve->writer;
	uint64_t offset = __atomic_load_n(&writer->offset, __ATOMIC_RELAXED);

	eve_format_look(&eve->format);
	for (uint16_t i = 0; i < n; i++) {
		const struct weir_event *event = events[i];
		char *at = writer_at(writer);
		uint64_t ns = event->flags & WEIR_EVENT_WIRE_TIME ?
			event->wire_ns :
			writer_tsc_ns(writer, event->tsc) + offset;

		writer_put(writer, (size_t)(eve_format_line(&eve->format, event, ns, at) - at));
	}
	writer_publish(writer);
}

/*
 * The event of a line is done with, or goes on, but is held until the line is written: for the
 * ledger, which is to name what was not. Where it goes on the line is one more. Its mbuf is not kept.
 */
static void
eve_hold(struct weir_worker *worker, struct weir_event *events[], uint16_t n)
{
	if (worker->outputs[0].link_count > 0) {
		weir_created(worker, n);
		weir_forward(worker, 0, events, n);
	} else {
		events_free(events, n);
	}
	weir_hold(worker, n);
}

/* Lines that were held are lost. */
static void
eve_lose(struct weir_worker *worker, unsigned int reason, uint64_t n)
{
	stat_sub(&worker->stats->held, n);
	stat_add_release(&worker->stats->dropped[reason], n);
}

/* Tell the ledger what became of lines that are held; of how many. */
static unsigned int
eve_settle(struct weir_worker *worker, struct eve_state *eve)
{
	uint64_t written = __atomic_load_n(&eve->writer.written, __ATOMIC_ACQUIRE) - eve->written;
	uint64_t lost = __atomic_load_n(&eve->writer.lost, __ATOMIC_ACQUIRE) - eve->lost;

	if (written > 0) {
		stat_sub(&worker->stats->held, written);
		stat_add_release(&worker->stats->released, written);
	}
	if (unlikely(lost > 0))
		eve_lose(worker, DROP_STAGE + EVE_WRITE_FAILED, lost);
	eve->written += written;
	eve->lost += lost;
	return (unsigned int)(written + lost);
}

static void
eve_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct eve_state *eve = state;
	uint16_t fit;

	if (unlikely(writer_dead(&eve->writer))) {
		weir_drop(worker, EVE_WRITE_FAILED, events, n);
		return;
	}
	fit = (uint16_t)RTE_MIN(writer_room(&eve->writer, n), n);
	eve_put(eve, events, fit);
	eve_hold(worker, events, fit);
	if (unlikely(fit < n))
		weir_drop(worker, EVE_BUFFER_FULL, events + fit, n - fit);
}

/* A dead sink takes everything: it drops it, rather than stall its link for ever. */
static unsigned int
eve_room(struct weir_worker *worker, void *state)
{
	struct eve_state *eve = state;

	if (unlikely(writer_dead(&eve->writer)))
		return UINT_MAX;
	return (unsigned int)writer_room(&eve->writer, weir_worker_burst(worker));
}

static unsigned int
eve_tick(struct weir_worker *worker, void *state, unsigned int room __rte_unused)
{
	return worker->stats->held > 0 ? eve_settle(worker, state) : 0;
}

/* What is held says how many lines wait; for how long they may is for who stops the engine. */
static unsigned int
eve_drain(struct weir_worker *worker, void *state, unsigned int room __rte_unused)
{
	eve_settle(worker, state);
	return (unsigned int)RTE_MIN(worker->stats->held, UINT_MAX);
}

/* Lines that were not written in the end. */
static void
eve_abandon(struct weir_worker *worker, const struct writer *writer, uint64_t n)
{
	bool failed = writer->trouble != 0;

	eve_lose(worker, failed ? DROP_STAGE + EVE_WRITE_FAILED : DROP_DRAIN_ABANDONED, n);
	weir_worker_fail(worker, failed ? writer->trouble : ETIMEDOUT,
		"stage '%s' worker %u: %" PRIu64 " lines were not written to '%s': %s",
		weir_worker_name(worker), weir_worker_index(worker), n, writer->path,
		failed ? strerror(writer->trouble) : "its reader did not take them in time");
}

static bool
eve_pending(const struct weir_worker *worker __rte_unused, const void *state)
{
	const struct writer *writer = &((const struct eve_state *)state)->writer;

	return !writer_dead(writer) &&
		__atomic_load_n(&writer->tail, __ATOMIC_RELAXED) !=
		__atomic_load_n(&writer->published, __ATOMIC_RELAXED);
}

static void
eve_fini(struct weir_worker *worker, void *state)
{
	struct eve_state *eve = state;

	writer_stop(&eve->writer);
	eve_settle(worker, eve);
	if (worker->stats->held > 0)
		eve_abandon(worker, &eve->writer, worker->stats->held);
	if (worker->stats->dropped[DROP_STAGE + EVE_BUFFER_FULL] > 0)
		weir_worker_fail(worker, ENOBUFS,
			"stage '%s' worker %u: %" PRIu64 " events came though its buffer was full",
			weir_worker_name(worker), weir_worker_index(worker),
			worker->stats->dropped[DROP_STAGE + EVE_BUFFER_FULL]);
}

/* All workers have one file: the first has it opened anew. */
static int
eve_reopen(struct weir_worker *worker, void *state)
{
	struct eve_state *eve = state;

	if (strcmp(eve->writer.path, "-") == 0)
		return -ENOENT;
	return weir_worker_index(worker) == 0 ? file_ask(eve->writer.file) : 0;
}

static const struct weir_param eve_params[] = {
	{ .name = "path",
		.type = WEIR_PARAM_STRING,
		.offset = offsetof(struct eve_conf, path),
		.def = "-",
		.help = "file to write, emptied first; -: standard output" },
	{ .name = "buffer",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct eve_conf, buffer),
		.min = 64 << 10,
		.max = 1 << 30,
		.def = "1M",
		.help = "bytes of lines that each worker keeps for a slow reader; rounded up to a power of two" },
	{ .name = "rotate_size",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct eve_conf, rotation.size),
		.def = "0",
		.help = "bytes of a full file, which becomes PATH.20260101T120000, in UTC: 64k or more; 0: never" },
	{ .name = "rotate_time",
		.type = WEIR_PARAM_DURATION,
		.offset = offsetof(struct eve_conf, rotation.period),
		.def = "0",
		.help = "a file is full, too, at multiples of it since 1970, in UTC: 1s or more; 0: never" },
	{ .name = "community_id",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct eve_conf, community_id),
		.def = "on",
		.help = "flows have the id by which other tools know them, of version 1 and seed 0" },
	{ .name = NULL },
};

static const char *const eve_reasons[] = {
	[EVE_WRITE_FAILED] = "write_failed",
	[EVE_BUFFER_FULL] = "buffer_full",
	NULL,
};

const struct weir_stage_ops stage_eve = {
	WEIR_STAGE_OPS,
	.name = "eve",
	.help = "write events as lines of JSON, as Suricata's EVE",
	.params = eve_params,
	.conf_size = sizeof(struct eve_conf),
	.state_size = sizeof(struct eve_state),
	.reasons = eve_reasons,
	.init = eve_init,
	.process = eve_process,
	.room = eve_room,
	.tick = eve_tick,
	.drain = eve_drain,
	.fini = eve_fini,
	.needs = eve_needs,
	.pending = eve_pending,
	.reopen = eve_reopen,
};
