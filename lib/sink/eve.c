/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* eve: events as lines of JSON, with the names that Suricata's EVE gives them. */
#include <limits.h>

#include <rte_cycles.h>

#include "sink_private.h"

/* Seconds without a byte written after which a drain gives up. */
#define DRAIN_STALL_S 1

struct eve_state {
	struct writer writer;
	struct eve_format format;
	uint64_t drain_tail;  /* how far the writer was when it was last seen to move, */
	uint64_t drain_since; /* and when that was; 0: not draining */
};

static int
eve_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error __rte_unused)
{
	needs->memory = writer_memory(((const struct eve_conf *)conf)->buffer);
	return 0;
}

static int
eve_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	const struct eve_conf *given = conf;
	struct eve_state *eve = state;

	eve_format_init(&eve->format);
	return writer_start(&eve->writer, worker, given->path, given->buffer, error);
}

static void
eve_put(struct eve_state *eve, struct weir_event *const events[], uint16_t n)
{
	struct writer *writer = &eve->writer;
	uint64_t offset = __atomic_load_n(&writer->offset, __ATOMIC_RELAXED);

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
	weir_forward(worker, 0, events, fit);
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

/* A reader that takes nothing for so long holds up the end of a run no longer. */
static unsigned int
eve_drain(struct weir_worker *worker __rte_unused, void *state, unsigned int room __rte_unused)
{
	struct eve_state *eve = state;
	uint64_t tail = __atomic_load_n(&eve->writer.tail, __ATOMIC_RELAXED);
	uint64_t now = rte_rdtsc();

	if (writer_dead(&eve->writer) || writer_idle(&eve->writer))
		return 0;
	if (eve->drain_since == 0 || tail != eve->drain_tail) {
		eve->drain_since = now;
		eve->drain_tail = tail;
	}
	return now - eve->drain_since < DRAIN_STALL_S * rte_get_tsc_hz();
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
eve_fini(struct weir_worker *worker __rte_unused, void *state)
{
	struct eve_state *eve = state;

	writer_stop(&eve->writer);
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
		.help = "bytes of lines that each worker keeps for a slow reader; a power of two" },
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
	.drain = eve_drain,
	.fini = eve_fini,
	.needs = eve_needs,
	.pending = eve_pending,
};
