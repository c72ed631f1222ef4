/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Names that full files get. */
#ifndef WEIR_SINK_ROTATE_H
#define WEIR_SINK_ROTATE_H

#include <stdint.h>
#include <sys/types.h>

/* Least values of what is not 0. */
#define ROTATE_SIZE_MIN (64 << 10)
#define ROTATE_PERIOD_MIN 1000000000

/* When a file is full. */
struct rotation {
	uint64_t size;   /* bytes; 0: never */
	uint64_t period; /* ns, at its multiples since 1970; 0: never */
};

/* The name given last, so that the next one of that second need not be looked for. */
struct rotated {
	uint64_t second; /* since 1970 */
	uint32_t number;
};

/*
 * Give a file a name that says when: PATH.20260101T120000, with .1 and so on behind it where there is one of
 * that name, which stays. Where another file has the path by now, or none, nothing is done. 0, or -errno.
 */
int rotate_away(const char *path, dev_t device, ino_t inode, uint64_t second, struct rotated *last);

#endif /* WEIR_SINK_ROTATE_H */
