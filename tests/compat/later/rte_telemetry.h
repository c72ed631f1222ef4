/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* 23.11: by another name; 25.11: the old names are gone. */
#include_next <rte_telemetry.h>
#pragma GCC poison rte_tel_data_add_array_u64 rte_tel_data_add_dict_u64

#ifndef LATER_TELEMETRY_H
#define LATER_TELEMETRY_H
int rte_tel_data_add_array_uint(struct rte_tel_data *data, uint64_t value);
int rte_tel_data_add_dict_uint(struct rte_tel_data *data, const char *name, uint64_t value);
#endif
