/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * size: structs that may grow begin with their size.
 *
 * A later weir appends to them what is new. `size` tells how large the caller's is, as its headers
 * had it: nobody writes beyond it, nor takes for given what lies there. So a program goes on
 * with a library that has more to say, and gets what it knows of.
 *
 *     struct weir_ledger ledger = WEIR_LEDGER_INIT;
 */
#ifndef WEIR_SIZE_H
#define WEIR_SIZE_H

#include <stddef.h>

/**
 * WEIR_SIZED() is a struct of that type with its size, and 0 in all else: an initialiser, and a
 * value to assign. Each such struct has a macro of its own that says so, WEIR_…_INIT.
 */
#ifdef __cplusplus
extern "C++" {
template <typename T>
static inline T
weir_sized(void)
{
	T value = T();

	value.size = sizeof(T);
	return value;
}
}
#define WEIR_SIZED(type) weir_sized<type>()
#else
#define WEIR_SIZED(type) ((type){ .size = sizeof(type) })
#endif

#endif /* WEIR_SIZE_H */
