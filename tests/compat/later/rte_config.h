/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Packages of distributions have 256 lcores where DPDK's own default is 128. */
#include_next <rte_config.h>
#undef RTE_MAX_LCORE
#define RTE_MAX_LCORE 256
