/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* 25.11: gone. */
#include_next <rte_lcore.h>
#pragma GCC poison rte_ctrl_thread_create rte_thread_setname
