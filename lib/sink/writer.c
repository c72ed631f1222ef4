/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The thread that carries lines to the file. It alone may wait for the reader of the file, or for
 * room on its disk: then the ring fills, the worker's room falls, and the link's policy says what
 * happens.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include "writer.h"

RTE_LOG_REGISTER(logtype_sink, lib.weir.sink, NOTICE)
#define SINK_LOG(level, writer, format, ...) \
	rte_log(RTE_LOG_##level, (uint32_t)logtype_sink, "stage '%s' worker %u: " format "\n", \
		weir_worker_name((writer)->worker), weir_worker_index((writer)->worker), \
		__VA_ARGS__)

/*
 * How long the thread sleeps where it can do nothing: from the first time on, and at most, for want
 * of lines and for want of room.
 */
#define SLEEP_MIN_NS 50000L
#define SLEEP_MAX_NS 1000000L
#define SLEEP_ROOM_NS 10000000L
/* How long it waits for a reader before it looks whether it should stop. */
#define POLL_MS 10

static_assert(WRITER_LINE_MAX <= PIPE_BUF, "a chunk holds a line");

static uint64_t
wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/*
 * Read both clocks together. The thread may lose its CPU in between, so the closest of some
 * readings is taken.
 */
static void
clock_set(struct writer *writer)
{
	uint64_t best = UINT64_MAX, offset = 0;

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t before = rte_rdtsc();
		uint64_t wall = wall_ns();
		uint64_t took = rte_rdtsc() - before;

		if (took < best) {
			best = took;
			offset = wall - writer_tsc_ns(writer, before + took / 2);
		}
	}
	__atomic_store_n(&writer->offset, offset, __ATOMIC_RELAXED);
}

/* The ring's [tail, tail + n). */
static void
writer_parts(const struct writer *writer, size_t n, struct iovec parts[2])
{
	size_t at = writer->tail & (writer->size - 1);
	size_t first = RTE_MIN(n, writer->size - at);

	parts[0] = (struct iovec){ .iov_base = writer->bytes + at, .iov_len = first };
	parts[1] = (struct iovec){ .iov_base = writer->bytes, .iov_len = n - first };
}

/* What is written at once: of `pending` bytes whole lines. */
static void
writer_chunk(const struct writer *writer, size_t pending, struct iovec parts[2])
{
	size_t chunk = file_chunk(writer->file);

	writer_parts(writer, RTE_MIN(pending, chunk), parts);
	if (pending > chunk)
		writer_parts(writer, lines_end(parts, chunk), parts);
}

/* The first n bytes of the ring are done with, and the lines that end in them counted. */
static void
writer_move(struct writer *writer, size_t n, uint64_t *lines)
{
	struct iovec parts[2];

	if (n == 0)
		return;
	writer_parts(writer, n, parts);
	__atomic_store_n(lines, *lines + lines_count(parts, n), __ATOMIC_RELEASE);
	__atomic_store_n(&writer->tail, writer->tail + n, __ATOMIC_RELEASE);
}

static size_t
writer_pending(const struct writer *writer)
{
	return (size_t)(__atomic_load_n(&writer->published, __ATOMIC_ACQUIRE) - writer->tail);
}

/*
 * No more can be written. The worker may put some further lines before it sees that: they are lost
 * when the thread comes by them.
 */
static void
writer_die(struct writer *writer, int code)
{
	uint64_t before = writer->lost;

	__atomic_store_n(&writer->dead, code, __ATOMIC_RELEASE);
	file_forget(writer->file, writer);
	writer_move(writer, writer_pending(writer), &writer->lost);
	weir_worker_fail(writer->worker, code,
		"stage '%s' worker %u: cannot write '%s': %s; %" PRIu64
		" lines are lost, and events are dropped as write_failed from now on",
		weir_worker_name(writer->worker), weir_worker_index(writer->worker), writer->path,
		strerror(code), writer->lost - before);
}

/* What may pass is told once a second at most. */
static void
writer_trouble(struct writer *writer, int code)
{
	uint64_t now = rte_rdtsc();

	if (writer->trouble == 0)
		writer->since = now;
	if (writer->trouble == 0 && (writer->told == 0 || now - writer->told > rte_get_tsc_hz())) {
		SINK_LOG(WARNING, writer, "cannot write '%s': %s; its lines wait until it can",
			writer->path, strerror(code));
		writer->told = now;
	}
	writer->trouble = code;
}

static void
writer_recover(struct writer *writer)
{
	if (likely(writer->trouble == 0))
		return;
	if (writer->told >= writer->since)
		SINK_LOG(NOTICE, writer, "'%s' is written again after %.3f s", writer->path,
			(double)(rte_rdtsc() - writer->since) / (double)rte_get_tsc_hz());
	writer->trouble = 0;
}

/* What the system said of a write; whether to go on at once. */
static bool
writer_judge(struct writer *writer, size_t wrote, int code)
{
	switch (code) {
	case 0:
		writer_recover(writer);
		return true;
	case EAGAIN:
		return wrote > 0;
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
	case ENOBUFS:
		writer_trouble(writer, code);
		return false;
	default:
		writer_die(writer, code);
		return true;
	}
}

/* Write one chunk of what there is; false: there was nothing, or it has to wait. */
static bool
writer_write(struct writer *writer)
{
	bool stop = __atomic_load_n(&writer->stop, __ATOMIC_RELAXED);
	size_t pending = writer_pending(writer), wrote;
	struct iovec parts[2];
	int code;

	if (pending == 0)
		return false;
	if (writer_dead(writer)) {
		writer_move(writer, pending, &writer->lost);
		return true;
	}
	if (!file_writable(writer->file, stop ? 0 : POLL_MS))
		return false;
	writer_chunk(writer, pending, parts);
	wrote = file_write(writer->file, writer, parts, &code);
	writer_move(writer, wrote, &writer->written);
	return writer_judge(writer, wrote, code);
}

/* A full file that goes on: told once a second at most. */
static void
writer_unrotated(struct writer *writer, int code)
{
	uint64_t now;

	if (likely(code == 0))
		return;
	now = rte_rdtsc();
	if (writer->unrotated != 0 && now - writer->unrotated < rte_get_tsc_hz())
		return;
	SINK_LOG(ERR, writer, "cannot rotate '%s': %s; it goes on as it was", writer->path,
		strerror(code));
	writer->unrotated = now;
}

static void
writer_unclosed(struct writer *writer, int code)
{
	if (code != 0)
		weir_worker_fail(writer->worker, code,
			"stage '%s' worker %u: closing '%s': %s; what was written last may be lost",
			weir_worker_name(writer->worker), weir_worker_index(writer->worker),
			writer->path, strerror(code));
}

/*
 * Open the file anew where that was asked for, and hear how it is rotated. Where it was opened anew
 * after the writing had ended, that begins again.
 */
static void
writer_serve(struct writer *writer)
{
	int rc = file_serve(writer->file);
	uint32_t served;

	if (rc < 0)
		SINK_LOG(ERR, writer, "cannot open '%s' anew: %s; it goes on where it was",
			writer->path, strerror(-rc));
	if (rc > 0)
		SINK_LOG(NOTICE, writer, "'%s' was opened anew", writer->path);
	writer_unrotated(writer, file_unrotated(writer->file));
	writer_unclosed(writer, file_unclosed(writer->file));
	served = file_served(writer->file);
	if (likely(served == writer->served))
		return;
	writer->served = served;
	__atomic_store_n(&writer->dead, 0, __ATOMIC_RELEASE);
}

/*
 * Signals are the application's, and none of them is for this thread: not those it handles, and not
 * SIGPIPE and SIGXFSZ, which would end the process where a write should just fail.
 */
static void
writer_shield(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static control_thread_result
writer_main(void *arg)
{
	struct timespec wait = { .tv_nsec = SLEEP_MIN_NS };
	struct writer *writer = arg;
	uint64_t set = rte_rdtsc();

	writer_shield();
	while (!__atomic_load_n(&writer->stop, __ATOMIC_RELAXED)) {
		/* The clocks drift apart by some us in a second. */
		if (rte_rdtsc() - set > rte_get_tsc_hz()) {
			clock_set(writer);
			set = rte_rdtsc();
		}
		writer_serve(writer);
		if (writer_write(writer)) {
			wait.tv_nsec = SLEEP_MIN_NS;
		} else {
			nanosleep(&wait, NULL);
			wait.tv_nsec = RTE_MIN(2 * wait.tv_nsec,
				writer->trouble != 0 ? SLEEP_ROOM_NS : SLEEP_MAX_NS);
		}
	}
	while (writer_write(writer))
		;
	return 0;
}

size_t
writer_memory(uint64_t buffer)
{
	return rte_align64pow2(buffer) + WRITER_LINE_MAX;
}

int
writer_start(struct writer *writer, struct weir_worker *worker, const char *path, uint64_t buffer,
	const struct rotation *rotation, struct weir_error *error)
{
	const char *node = weir_worker_name(worker);
	int ret;

	writer->worker = worker;
	writer->path = path;
	writer->size = rte_align64pow2(buffer);
	writer->ns_per_cycle = ((uint64_t)NS_PER_S << 32) / rte_get_tsc_hz();
	/* Several workers append to one file; the first empties it. */
	writer->file = file_open(node, path, weir_worker_index(worker) == 0, rotation, error);
	if (writer->file == NULL)
		return -error->code;
	writer->served = file_served(writer->file);
	writer->bytes = rte_malloc_socket("weir_writer", writer_memory(buffer), RTE_CACHE_LINE_SIZE,
		weir_worker_socket(worker));
	if (writer->bytes == NULL) {
		ret = weir_error_set(error, ENOMEM,
			"[stage %s] no memory for a buffer of %" PRIu64 " bytes on socket %d", node,
			writer->size, weir_worker_socket(worker));
		goto close_file;
	}
	clock_set(writer);
	ret = control_thread_create(&writer->thread, "weir-writer", writer_main, writer);
	if (ret != 0) {
		ret = weir_error_set(error, -ret, "[stage %s] cannot start its writer: %s", node,
			strerror(-ret));
		goto free_bytes;
	}
	return 0;

free_bytes:
	rte_free(writer->bytes);
close_file:
	file_close(writer->file);
	return ret;
}

void
writer_stop(struct writer *writer)
{
	__atomic_store_n(&writer->stop, true, __ATOMIC_RELAXED);
	control_thread_join(writer->thread);
	file_forget(writer->file, writer);
	writer_unclosed(writer, file_unclosed(writer->file));
	writer_unclosed(writer, file_close(writer->file));
	rte_free(writer->bytes);
}
