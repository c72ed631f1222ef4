/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * block: nothing is lost. The producer does not pull what it could not place; see worker_room().
 */
#include "link.h"

const struct link_policy policy_block = {
	.name = "block",
	.lossless = true,
	.full = DROP_OVERRUN,
};
