/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* 25.11: as a stub for what the compiler is to see; nothing is linked with it. */
#include_next <rte_version.h>
#undef RTE_VERSION
#define RTE_VERSION RTE_VERSION_NUM(25, 11, 0, 0)
