/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What differs between the DPDK releases that weir builds with: 22.11 and newer LTS. */
#ifndef WEIR_COMPAT_H
#define WEIR_COMPAT_H

#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(23, 11, 0, 0)
#define rte_tel_data_add_dict_uint rte_tel_data_add_dict_u64
#endif

#endif /* WEIR_COMPAT_H */
