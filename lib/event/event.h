/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What flows, for the folders that build on it. */
#ifndef WEIR_LIB_EVENT_H
#define WEIR_LIB_EVENT_H

#include <weir/event.h>

#include "compat.h"

/*
 * Give n events back to their pools: runs of pristine events of one pool in one bulk put that
 * leaves the mbufs' own lines where they are, the rest through rte_pktmbuf_free().
 */
void events_free(struct weir_event *const events[], unsigned int n);

#endif /* WEIR_LIB_EVENT_H */
