/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What carries a sink's lines to a file, by a thread of its own, so that the data path makes no
 * syscall.
 */
#ifndef WEIR_WRITER_H
#define WEIR_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "file.h"
#include "sink.h"

/* Bytes that must be free where a line is made: no line is longer. */
#define WRITER_LINE_MAX 2048

/*
 * A ring of bytes between the worker and its writer thread, and the way from TSC to wall clock,
 * which the thread keeps right. Lines lie in the ring whole: behind its end is room for one that
 * begins before it, and the part behind the end is then copied to the front.
 */
struct writer {
	/* Set up at start. */
	char *bytes;
	uint64_t size;         /* a power of two */
	uint64_t ns_per_cycle; /* times 2^32 */
	struct weir_worker *worker;
	const char *path;
	struct file *file;
	control_thread thread;

	/* The worker's. */
	uint64_t head __rte_cache_aligned; /* of the next line */
	uint64_t seen;                     /* tail when it was last read */
	uint64_t published;                /* head as the thread sees it */

	/* The thread's: up to where the lines are done with, and how many those are. */
	uint64_t tail __rte_cache_aligned;
	uint64_t written;   /* lines in the file */
	uint64_t lost;      /* lines that could not be written */
	uint32_t served;    /* how often the file had been opened anew when it was last written */
	int trouble;        /* errno of what may pass, as a full disk, or 0 */
	uint64_t since;     /* TSC of its begin, */
	uint64_t told;      /* and when one was last told of; 0: never */
	uint64_t unrotated; /* when it was last told that a rotation failed; 0: never */

	/* The thread's too, but seldom written, and read for every burst. */
	uint64_t offset __rte_cache_aligned; /* of the wall clock to the TSC, ns */
	int dead;                            /* errno that ended the writing, or 0 */
	bool stop;                           /* for the thread: end, whatever is left */
};

/* Bytes that a writer takes from EAL for a ring of at least `buffer`. */
size_t writer_memory(uint64_t buffer);

/* Open the file and start the thread. 0, or -errno with `error` and nothing left behind. */
int writer_start(struct writer *writer, struct weir_worker *worker, const char *path,
	uint64_t buffer, const struct rotation *rotation, struct weir_error *error);

/*
 * Write what can be written without waiting, end the thread and close the file. `written` and
 * `lost` stay as they are then, and `trouble` as the reason why lines are left.
 */
void writer_stop(struct writer *writer);

/* Lines that surely fit; the thread's tail is read only where fewer than `want` do. */
static inline uint64_t
writer_room(struct writer *writer, uint64_t want)
{
	uint64_t room = (writer->size - (writer->head - writer->seen)) / WRITER_LINE_MAX;

	if (room < want) {
		writer->seen = __atomic_load_n(&writer->tail, __ATOMIC_ACQUIRE);
		room = (writer->size - (writer->head - writer->seen)) / WRITER_LINE_MAX;
	}
	return room;
}

static inline bool
writer_dead(const struct writer *writer)
{
	return __atomic_load_n(&writer->dead, __ATOMIC_RELAXED) != 0;
}

/* Where the next line goes. */
static inline char *
writer_at(struct writer *writer)
{
	return writer->bytes + (writer->head & (writer->size - 1));
}

/* A line of `len` bytes was written at writer_at(). */
static inline void
writer_put(struct writer *writer, size_t len)
{
	uint64_t to_end = writer->size - (writer->head & (writer->size - 1));

	if (unlikely(len > to_end))
		memcpy(writer->bytes, writer->bytes + writer->size, len - to_end);
	writer->head += len;
}

/* Let the thread see what was put. */
static inline void
writer_publish(struct writer *writer)
{
	__atomic_store_n(&writer->published, writer->head, __ATOMIC_RELEASE);
}

__extension__ typedef unsigned __int128 writer_u128;

/* Nanoseconds of a TSC reading, from a beginning that writer.offset knows. */
static inline uint64_t
writer_tsc_ns(const struct writer *writer, uint64_t tsc)
{
	return (uint64_t)(((writer_u128)tsc * writer->ns_per_cycle) >> 32);
}

#endif /* WEIR_WRITER_H */
