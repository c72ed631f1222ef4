/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Showing the figures: as a report, and over DPDK's telemetry socket. */
#ifndef WEIR_LIB_TELEMETRY_H
#define WEIR_LIB_TELEMETRY_H

#include "watch/watch.h"

/* Has the commands there once an engine is made. */
extern const struct engine_onlooker telemetry_onlooker;

#endif /* WEIR_LIB_TELEMETRY_H */
