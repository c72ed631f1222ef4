/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Who is told of an engine's life, in this order when it begins. */
#include "telemetry.h"

const struct engine_onlooker *const engine_onlookers[] = {
	&watch_onlooker,
	&telemetry_onlooker,
	NULL,
};
