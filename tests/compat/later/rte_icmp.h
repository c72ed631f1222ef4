/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* 24.11: deprecated, which -Werror makes an error. */
#include_next <rte_icmp.h>
#pragma GCC poison RTE_IP_ICMP_ECHO_REPLY RTE_IP_ICMP_ECHO_REQUEST
