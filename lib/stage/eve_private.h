/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * eve in three parts: eve.c is the stage, eve_json.c makes lines of events, eve_writer.c carries
 * lines to the file by a thread of its own, so that the data path makes no syscall.
 */
#ifndef WEIR_EVE_PRIVATE_H
#define WEIR_EVE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ethdev.h>

#include "stage.h"
#include "stage_private.h"

/*
 * Bytes that must be free where a line is made: the longest line is some 800, and short texts are
 * copied with what lies behind them.
 */
#define EVE_LINE_MAX 1024

/* Bytes copied at once. */
#define EVE_COPY 32

/* A short text, copied whole and cut to its length. */
struct eve_text {
	uint8_t len;
	char text[31];
};

/* The name of a port as JSON: each byte of it may become six. */
struct eve_iface {
	uint16_t len;
	char text[RTE_ALIGN_CEIL(RTE_ETH_NAME_MAX_LEN * 6 + 14, EVE_COPY)];
};

/* What lines have in common, made once. */
struct eve_format {
	uint64_t second; /* since 1970, that `stamp` says */
	char stamp[36];  /* how a line begins, up to the point before the microseconds */
	struct eve_text proto[UINT8_MAX + 1];
	struct eve_text verdict[WEIR_VERDICT_MAX];
	struct eve_text tunnel[WEIR_TUNNEL_MAX];
	struct eve_iface ifaces[RTE_MAX_ETHPORTS];
};

void eve_format_init(struct eve_format *format);

/*
 * Write the line of an event, its newline included, where EVE_LINE_MAX bytes are free. `ns` is its
 * time since 1970. Returns the end of the line.
 */
char *eve_format_line(struct eve_format *format, const struct weir_event *event, uint64_t ns,
	char *at);

/* The texts of an iface's name and of an address, as in lines; the end of what was written. */
void eve_iface_init(struct eve_iface *iface, const char *name);
char *eve_put_ipv6(char *at, const uint8_t address[16]);

/*
 * A ring of bytes between the worker and its writer thread, and the way from TSC to wall clock,
 * which the thread keeps right. Lines lie in the ring whole: behind its end is room for one that
 * begins before it, and the part behind the end is then copied to the front.
 */
struct eve_writer {
	/* Set up at start. */
	char *bytes;
	uint64_t size;         /* a power of two */
	uint64_t ns_per_cycle; /* times 2^32 */
	const struct weir_worker *worker;
	const char *path;
	control_thread thread;
	int fd;
	bool regular; /* a file: writes to it don't wait for anybody */

	/* The worker's. */
	uint64_t head __rte_cache_aligned; /* of the next line */
	uint64_t seen;                     /* tail when it was last read */
	uint64_t published;                /* head as the thread sees it */

	/* The thread's: what was written to the file. */
	uint64_t tail __rte_cache_aligned;

	/* The thread's too, but seldom written, and read for every burst. */
	uint64_t offset __rte_cache_aligned; /* of the wall clock to the TSC, ns */
	int dead;                            /* errno that ended the writing, or 0 */
	bool stop;                           /* for the thread: end, whatever is left */
};

/* Open the file and start the thread. 0, or -errno with `error` and nothing left behind. */
int eve_writer_start(struct eve_writer *writer, const struct weir_worker *worker,
	const struct eve_conf *conf, struct weir_error *error);

/* End the thread and close the file; what was not written is lost. */
void eve_writer_stop(struct eve_writer *writer);

/* Lines that surely fit; the thread's tail is read only where fewer than `want` do. */
static inline uint64_t
eve_writer_room(struct eve_writer *writer, uint64_t want)
{
	uint64_t room = (writer->size - (writer->head - writer->seen)) / EVE_LINE_MAX;

	if (room < want) {
		writer->seen = __atomic_load_n(&writer->tail, __ATOMIC_ACQUIRE);
		room = (writer->size - (writer->head - writer->seen)) / EVE_LINE_MAX;
	}
	return room;
}

static inline bool
eve_writer_dead(const struct eve_writer *writer)
{
	return __atomic_load_n(&writer->dead, __ATOMIC_RELAXED) != 0;
}

/* Whether all lines are in the file. */
static inline bool
eve_writer_idle(const struct eve_writer *writer)
{
	return __atomic_load_n(&writer->tail, __ATOMIC_ACQUIRE) == writer->head;
}

/* Where the next line goes. */
static inline char *
eve_writer_at(struct eve_writer *writer)
{
	return writer->bytes + (writer->head & (writer->size - 1));
}

/* A line of `len` bytes was written at eve_writer_at(). */
static inline void
eve_writer_put(struct eve_writer *writer, size_t len)
{
	uint64_t to_end = writer->size - (writer->head & (writer->size - 1));

	if (unlikely(len > to_end))
		memcpy(writer->bytes, writer->bytes + writer->size, len - to_end);
	writer->head += len;
}

/* Let the thread see what was put. */
static inline void
eve_writer_publish(struct eve_writer *writer)
{
	__atomic_store_n(&writer->published, writer->head, __ATOMIC_RELEASE);
}

__extension__ typedef unsigned __int128 eve_u128;

/* Nanoseconds of a TSC reading, from a beginning that eve_writer.offset knows. */
static inline uint64_t
eve_tsc_ns(const struct eve_writer *writer, uint64_t tsc)
{
	return (uint64_t)(((eve_u128)tsc * writer->ns_per_cycle) >> 32);
}

#endif /* WEIR_EVE_PRIVATE_H */
