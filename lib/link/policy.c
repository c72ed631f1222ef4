/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "link.h"

static const struct link_policy policies[] = {
	[WEIR_ON_FULL_BLOCK] = {
		.name = "block",
		.lossless = true,
		.reason = DROP_OVERRUN,
	},
	[WEIR_ON_FULL_DROP_NEWEST] = {
		.name = "drop-newest",
		.lossless = false,
		.reason = DROP_RING_FULL,
	},
};

const struct link_policy *
link_policy(enum weir_on_full on_full)
{
	return &policies[on_full];
}
