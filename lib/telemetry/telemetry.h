/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Showing the engines of the process over DPDK's telemetry socket. */
#ifndef WEIR_LIB_TELEMETRY_H
#define WEIR_LIB_TELEMETRY_H

/*
 * Register the commands, the first time it is called: by whoever makes an engine. No constructor
 * does it, for in a static library nothing would link that in.
 */
void telemetry_register(void);

#endif /* WEIR_LIB_TELEMETRY_H */
