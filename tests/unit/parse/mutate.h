/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Frames with something wrong in them, at random. */
#ifndef WEIR_PARSE_MUTATE_H
#define WEIR_PARSE_MUTATE_H

#include "testing.h"

#include "frames.h"

/* Change up to four bytes, most of them in the headers, and cut the end off now and then. */
static inline uint32_t
mutate(struct frame *f, uint64_t *seed)
{
	uint32_t len = frame_len(f), n = (uint32_t)(testing_random(seed) % 5), at;

	for (; n > 0; n--) {
		at = (uint32_t)(testing_random(seed) % len);
		if (testing_random(seed) % 2)
			frame_bytes(f)[at] = (uint8_t)testing_random(seed);
		else
			frame_bytes(f)[at] ^= (uint8_t)(1u << testing_random(seed) % 8);
	}
	if (testing_random(seed) % 4 == 0)
		len = (uint32_t)(testing_random(seed) % (len + 1));
	return len;
}

#endif /* WEIR_PARSE_MUTATE_H */
