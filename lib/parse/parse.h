/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Bytes to event, for the folders that build on it. */
#ifndef WEIR_LIB_PARSE_H
#define WEIR_LIB_PARSE_H

#include <weir/parse.h>

/*
 * The symmetric flow hash of a key: that of the key with both ends exchanged is the same. What
 * weir_parse() puts into an event is this of its key. All 32 bits are of use.
 */
uint32_t key_hash(const struct weir_key *key);

#endif /* WEIR_LIB_PARSE_H */
