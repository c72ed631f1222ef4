/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* drop-newest: what does not fit is lost. */
#include "link.h"

const struct link_policy policy_drop_newest = {
	.name = "drop-newest",
	.full = DROP_RING_FULL,
};
