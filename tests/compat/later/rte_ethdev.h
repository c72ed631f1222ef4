/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* 25.11: the counters of queues are in the xstats alone. */
#include_next <rte_ethdev.h>
#pragma GCC poison q_ipackets q_opackets q_ibytes q_obytes q_errors RTE_ETHDEV_QUEUE_STAT_CNTRS
