/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Flows: all that others see of them is public. */
#ifndef WEIR_LIB_FLOW_H
#define WEIR_LIB_FLOW_H

#include <weir/flow.h>

#endif /* WEIR_LIB_FLOW_H */
