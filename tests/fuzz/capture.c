/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Any bytes as a capture: nothing is read beyond them, each step goes forward, and in pieces the same
 * is read as at once, up to the same wrong byte. The first byte chooses the pieces. Captures make
 * good seeds.
 */
#include <stddef.h>
#include <stdint.h>

#include "unit/source/captures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_walk(const uint8_t *data, size_t size, size_t more, struct captures_read *read)
{
	const char *wrong = captures_walk(data, size, more, read);

	if (wrong == NULL)
		return;
	fprintf(stderr, "wrong: %s\n", wrong);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct captures_read whole, pieces;

	if (size < 1)
		return -1;
	fuzz_walk(data + 1, size - 1, size, &whole);
	fuzz_walk(data + 1, size - 1, data[0], &pieces);
	if (whole.records != pieces.records || whole.sum != pieces.sum ||
		whole.wrong != pieces.wrong || whole.offset != pieces.offset)
		abort();
	return 0;
}
