/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What is near to a word. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "nearest.h"

/* Longer words are near to nothing. */
#define WORD_MAX 64

static unsigned int
least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits that make one word of the other: insert, delete, change, exchange two neighbours. */
static unsigned int
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int rows[3][WORD_MAX + 1];
	unsigned int *before = rows[0], *last = rows[1], *now = rows[2], *free;

	for (size_t j = 0; j <= b_len; j++)
		last[j] = (unsigned int)j;
	for (size_t i = 1; i <= a_len; i++) {
		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = least(last[j] + 1, now[j - 1] + 1,
				last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		free = before;
		before = last;
		last = now;
		now = free;
	}
	return last[b_len];
}

void
nearest_init(struct nearest *nearest, const char *word)
{
	nearest->word = word;
	nearest->best = NULL;
	nearest->distance = UINT32_MAX;
}

void
nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t a = strlen(nearest->word), b = strlen(candidate);
	size_t longer = a > b ? a : b;
	unsigned int d;

	if (a == 0 || b == 0 || longer > WORD_MAX)
		return;
	d = distance(nearest->word, a, candidate, b);
	/* One edit for each three letters, or it is another word. */
	if (d * 3 > longer || d >= nearest->distance)
		return;
	nearest->best = candidate;
	nearest->distance = d;
}

const char *
nearest_text(const struct nearest *nearest, char *buf, size_t size)
{
	buf[0] = '\0';
	if (nearest->best != NULL)
		snprintf(buf, size, "; did you mean '%s'?", nearest->best);
	return buf;
}
