/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Bytes to event, for the folders that build on it. */
#ifndef WEIR_LIB_PARSE_H
#define WEIR_LIB_PARSE_H

#include <weir/parse.h>

#endif /* WEIR_LIB_PARSE_H */
