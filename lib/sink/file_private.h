/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the two halves of a file know: file.c opens, rotates and closes it, file_write.c writes. */
#ifndef WEIR_SINK_FILE_PRIVATE_H
#define WEIR_SINK_FILE_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "file.h"

struct file {
	struct file *next;
	unsigned int users;
	char *path; /* NULL: standard output */

	pthread_mutex_t lock;
	int fd; /* the same number for as long as the file is open */
	dev_t device;
	ino_t inode;
	mode_t kind; /* S_IFREG and so on; any thread may read it */
	bool append;
	const void *torn; /* who has written the begin of a line last; NULL: none */

	uint32_t asked;  /* times that it was asked to be opened anew, */
	uint32_t served; /* those that were answered, */
	uint32_t opened; /* and those of them that it could be opened, or was rotated */

	struct rotation rotation;
	uint64_t limit; /* bytes beyond which no line goes; 0: none */
	uint64_t due;   /* ns since 1970 when it is full, however few it has; 0: never */
	struct rotated rotated;
	int unrotated; /* what is to be told: why it could not be rotated last, */
	int unclosed;  /* and what was wrong at last with one that is no more written */
};

static inline bool
file_is(const struct file *file, mode_t kind)
{
	return __atomic_load_n(&file->kind, __ATOMIC_RELAXED) == kind;
}

/* Where the next byte goes; -1: that is not known. */
off_t file_end(const struct file *file);

/*
 * The file is full: it is closed under another name, and the path opened anew. Where that fails it goes on,
 * for as much and as long as a file does. Under its lock, and not in the middle of a line.
 */
void file_rotate(struct file *file);

#endif /* WEIR_SINK_FILE_PRIVATE_H */
