/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A file that takes whole lines of several threads, each of which may wait. Who opens what is open
 * already shares it, so that no line comes between the halves of another.
 *
 * Thread-safety: all but file_close() may be called by any thread at any time.
 */
#ifndef WEIR_SINK_FILE_H
#define WEIR_SINK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <weir/error.h>

#include "rotate.h"

struct file;

/*
 * Open for appending: a path, emptied first with `truncate`, or "-", standard output. A FIFO that
 * nobody reads is refused rather than waited for, and so is what cannot be written; with a rotation
 * all that is no regular file, and what is open already with another one. NULL with `error`, which
 * names the stage.
 */
struct file *file_open(const char *stage, const char *path, bool truncate,
	const struct rotation *rotation, struct weir_error *error);

/* One of those who opened it is done. 0, or what the system says at last: a positive errno. */
int file_close(struct file *file);

/* Most bytes of one write; a line is shorter. */
size_t file_chunk(const struct file *file);

/* Whether a write would not wait; waits for that, but no longer than so many ms. */
bool file_writable(const struct file *file, int ms);

/*
 * Write lines, or what is left of one and lines behind it, without waiting for a reader. How many
 * bytes were written: with less than all `code` says why, as a positive errno, EAGAIN where it would
 * wait, or where `who` has to wait for another's line to be whole; it is 0 with all, and where the rest
 * goes into the next file. What was written
 * ends in a whole line wherever the file can be cut there. If not, the rest of that line is what must
 * come next from the same `who`.
 */
size_t file_write(struct file *file, const void *who, const struct iovec parts[2], int *code);

/* The rest of a line that `who` has begun will not come. */
void file_forget(struct file *file, const void *who);

/* Have it opened anew by its path, by the next who serves that: 0; -ENOENT: it has none. */
int file_ask(struct file *file);

/*
 * Open it anew if that was asked for, or rotate it if it is time, and a line is not half written: 1: it was
 * opened anew as asked; 0; -errno: that failed.
 */
int file_serve(struct file *file);

/* Why a rotation failed, once: a positive errno. 0: none did since. The file goes on as it was. */
int file_unrotated(struct file *file);

/* Likewise, what the system said at last of a file that is no longer written: its end may be lost. */
int file_unclosed(struct file *file);

/* How often it was opened anew. */
uint32_t file_served(const struct file *file);

/* Of the first n bytes, how many are whole lines. */
size_t lines_end(const struct iovec parts[2], size_t n);

/* How many lines end in the first n bytes. */
uint64_t lines_count(const struct iovec parts[2], size_t n);

#endif /* WEIR_SINK_FILE_H */
