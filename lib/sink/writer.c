/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The thread that carries lines to the file. It alone may wait for the reader of the file: then
 * the ring fills, the worker's room falls, and the link's policy says what happens.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include "writer.h"

RTE_LOG_REGISTER(logtype_sink, lib.weir.sink, NOTICE)

/*
 * Most bytes of one write. Others' bytes cannot come in between: a file has a lock, anything else
 * may promise no more than a pipe does, PIPE_BUF.
 */
#define CHUNK_FILE (128 << 10)
/* How long the thread sleeps for want of lines: from the first time on, and at most. */
#define SLEEP_MIN_NS 50000L
#define SLEEP_MAX_NS 1000000L
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

/* The last byte of the ring's [tail, tail + n) that ends a line, as a length from tail. */
static size_t
whole_lines(const struct writer *writer, size_t n)
{
	size_t at = writer->tail & (writer->size - 1);
	size_t first = RTE_MIN(n, writer->size - at);
	const char *end = memrchr(writer->bytes, '\n', n - first);

	if (end != NULL)
		return first + (size_t)(end - writer->bytes) + 1;
	end = memrchr(writer->bytes + at, '\n', first);
	return end != NULL ? (size_t)(end - (writer->bytes + at)) + 1 : n;
}

static ssize_t
write_some(const struct writer *writer, size_t n)
{
	size_t at = writer->tail & (writer->size - 1);
	size_t first = RTE_MIN(n, writer->size - at);
	const struct iovec parts[2] = {
		{ .iov_base = writer->bytes + at, .iov_len = first },
		{ .iov_base = writer->bytes, .iov_len = n - first },
	};

	return writev(writer->fd, parts, first < n ? 2 : 1);
}

/* Whether a write would not wait; a file's never does. Waits for that, but not for long. */
static bool
writable(const struct writer *writer)
{
	struct pollfd fd = { .fd = writer->fd, .events = POLLOUT };

	return writer->regular || poll(&fd, 1, POLL_MS) > 0;
}

static void
writer_die(struct writer *writer, int code, uint64_t lost)
{
	__atomic_store_n(&writer->dead, code, __ATOMIC_RELEASE);
	rte_log(RTE_LOG_ERR, (uint32_t)logtype_sink,
		"stage '%s' worker %u: cannot write '%s': %s; %" PRIu64
		" bytes are lost, and events are dropped as write_failed from now on\n",
		weir_worker_name(writer->worker), weir_worker_index(writer->worker), writer->path,
		strerror(code), lost);
}

/* Write one chunk of what there is; false: there was nothing, or no more will be written. */
static bool
writer_write(struct writer *writer)
{
	uint64_t pending = __atomic_load_n(&writer->published, __ATOMIC_ACQUIRE) - writer->tail;
	size_t chunk = writer->regular ? CHUNK_FILE : PIPE_BUF;
	ssize_t wrote;

	if (pending == 0)
		return false;
	if (!writable(writer))
		return true;
	wrote = write_some(writer, pending > chunk ? whole_lines(writer, chunk) : (size_t)pending);
	if (wrote >= 0) {
		__atomic_store_n(&writer->tail, writer->tail + (uint64_t)wrote, __ATOMIC_RELEASE);
		return true;
	}
	if (errno == EAGAIN || errno == EINTR)
		return true;
	writer_die(writer, errno, pending);
	return false;
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
	while (!writer_dead(writer) && !__atomic_load_n(&writer->stop, __ATOMIC_RELAXED)) {
		/* The clocks drift apart by some us in a second. */
		if (rte_rdtsc() - set > rte_get_tsc_hz()) {
			clock_set(writer);
			set = rte_rdtsc();
		}
		if (writer_write(writer)) {
			wait.tv_nsec = SLEEP_MIN_NS;
		} else {
			nanosleep(&wait, NULL);
			wait.tv_nsec = RTE_MIN(2 * wait.tv_nsec, SLEEP_MAX_NS);
		}
	}
	return 0;
}

/*
 * Standard output. A file shares its position with whoever else writes there. Anything else may
 * make a write wait, and is opened anew so that this can be turned off for us alone.
 */
static int
stdout_open(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) == 0 && !S_ISREG(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/*
 * Open the file: its descriptor, or -errno. Several workers append to one file; the first empties
 * it. A FIFO that nobody reads is refused rather than waited for.
 */
static int
writer_open(struct writer *writer, bool truncate)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;

	if (strcmp(writer->path, "-") == 0)
		writer->fd = stdout_open();
	else
		writer->fd = open(writer->path, flags | (truncate ? O_TRUNC : 0), 0644);
	if (writer->fd < 0)
		return -errno;
	writer->regular = fstat(writer->fd, &st) == 0 && S_ISREG(st.st_mode);
	return 0;
}

size_t
writer_memory(uint64_t buffer)
{
	return rte_align64pow2(buffer) + WRITER_LINE_MAX;
}

int
writer_start(struct writer *writer, const struct weir_worker *worker, const char *path,
	uint64_t buffer, struct weir_error *error)
{
	const char *node = weir_worker_name(worker);
	int ret;

	writer->worker = worker;
	writer->path = path;
	writer->size = rte_align64pow2(buffer);
	writer->ns_per_cycle = ((uint64_t)NS_PER_S << 32) / rte_get_tsc_hz();
	ret = writer_open(writer, weir_worker_index(worker) == 0);
	if (ret != 0)
		return weir_error_set(error, -ret, "[stage %s] cannot open path '%s': %s", node,
			path, strerror(-ret));
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
	close(writer->fd);
	return ret;
}

void
writer_stop(struct writer *writer)
{
	__atomic_store_n(&writer->stop, true, __ATOMIC_RELAXED);
	control_thread_join(writer->thread);
	if (!writer_dead(writer) && !writer_idle(writer))
		rte_log(RTE_LOG_WARNING, (uint32_t)logtype_sink,
			"stage '%s' worker %u: %" PRIu64 " bytes not written to '%s'\n",
			weir_worker_name(writer->worker), weir_worker_index(writer->worker),
			writer->head - writer->tail, writer->path);
	rte_free(writer->bytes);
	close(writer->fd);
}
