/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What somebody may have meant by a word that nobody knows. */
#ifndef WEIR_LIB_NEAREST_H
#define WEIR_LIB_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;
	const char *best; /* NULL: nothing is near */
	unsigned int distance;
};

void nearest_init(struct nearest *nearest, const char *word);
void nearest_try(struct nearest *nearest, const char *candidate);
/* "; did you mean 'best'?", or "", into buf, which is returned. */
const char *nearest_text(const struct nearest *nearest, char *buf, size_t size);

#endif /* WEIR_LIB_NEAREST_H */
