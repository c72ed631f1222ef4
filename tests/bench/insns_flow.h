/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Cases of bench_insns that have a file of their own. */
#ifndef WEIR_BENCH_INSNS_FLOW_H
#define WEIR_BENCH_INSNS_FLOW_H

void count_flows(void);

#endif /* WEIR_BENCH_INSNS_FLOW_H */
