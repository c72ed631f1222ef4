/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Of what lengths a frame must be for a port to take it: said by the control side, asked by lcores. */
#ifndef WEIR_LINK_FRAMES_H
#define WEIR_LINK_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

struct frame_lengths {
	uint32_t shortest;
	uint32_t longest; /* 0: any length is taken */
	uint32_t longest_tagged;
};

static inline void
frame_lengths_set(struct frame_lengths *lengths, uint32_t shortest, uint32_t longest,
	uint32_t longest_tagged)
{
	__atomic_store_n(&lengths->shortest, shortest, __ATOMIC_RELAXED);
	__atomic_store_n(&lengths->longest_tagged, longest_tagged, __ATOMIC_RELAXED);
	__atomic_store_n(&lengths->longest, longest, __ATOMIC_RELAXED);
}

/* Whether a frame is ever taken; `tagged`: its first type is that of a VLAN tag, 0x8100. */
static inline bool
frame_fits(const struct frame_lengths *lengths, uint32_t length, bool tagged)
{
	uint32_t longest = __atomic_load_n(&lengths->longest, __ATOMIC_RELAXED);

	if (longest == 0)
		return true;
	if (tagged)
		longest = __atomic_load_n(&lengths->longest_tagged, __ATOMIC_RELAXED);
	return length >= __atomic_load_n(&lengths->shortest, __ATOMIC_RELAXED) && length <= longest;
}

#endif /* WEIR_LINK_FRAMES_H */
