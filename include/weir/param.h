/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * param: the typed table of what can be set on a source, a stage, a link or a pipeline.
 *
 * One table is the source for the names, types, ranges, defaults and help of a section: the
 * builder, the pipeline file and the help texts read it.
 */
#ifndef WEIR_PARAM_H
#define WEIR_PARAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The type of a parameter: how its text reads, and what it is in its struct. */
enum weir_param_type {
	WEIR_PARAM_UINT = 1, /**< number, also 0x…; uint64_t */
	WEIR_PARAM_SIZE,     /**< number, also with k, M or G (1024s), as 1.5k; uint64_t */
	WEIR_PARAM_DURATION, /**< time with ns, us, ms, s, m or h, or 0; uint64_t nanoseconds */
	WEIR_PARAM_RATE,     /**< events a second, also with k, M or G (1000s); uint64_t */
	WEIR_PARAM_SHARE,    /**< 0% to 100%; double 0 to 1; its range is in percent */
	WEIR_PARAM_REAL,     /**< number with a fraction; double */
	WEIR_PARAM_BOOL,     /**< on, off; uint64_t 1 or 0 */
	WEIR_PARAM_ENUM,     /**< one of `values`; uint64_t, its index */
	WEIR_PARAM_STRING,   /**< any text; const char * that the pipeline owns */
	WEIR_PARAM_LCORES,   /**< lcores, as 1,3-5; const char *, checked for its form */
};

/** One parameter. A table of them ends with one whose name is NULL. */
struct weir_param {
	const char *name;          /**< the key, lower case */
	enum weir_param_type type; /**< how it reads */
	size_t offset;             /**< where it is in the struct, of the type's C type */
	uint64_t min;              /**< least value of a number, in the type's unit */
	uint64_t max;              /**< greatest value of a number; 0: no bound */
	const char *def;           /**< default as text; NULL: must be given; "": unset, 0 */
	/** Names of an ENUM, ending with NULL. For a number: words that may stand instead of it, for
	 * 0, 1 and so on, whatever its range (as `auto`); NULL: none. */
	const char *const *values;
	const char *help;    /**< one line: what it does, its unit */
	uint8_t live;        /**< 1: may be set while an engine runs; not of a text or lcores */
	uint8_t reserved[7]; /**< 0: what is added later may come to lie here */
};

#ifdef __cplusplus
}
#endif

#endif /* WEIR_PARAM_H */
