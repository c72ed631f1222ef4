/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * error: what went wrong, where, and how to mend it, for a person to read.
 *
 * Functions that can fail for more reasons than an errno can tell take a `struct weir_error *`,
 * which may be NULL, and fill it only when they fail.
 *
 * Thread-safety: a struct weir_error belongs to its caller.
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <weir/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of an error's text, its final NUL included. */
#define WEIR_ERROR_TEXT 512

/** Failures that an engine keeps: see weir_engine_failure(). */
#define WEIR_FAILURES_MAX 16

/** An error. */
struct weir_error {
	/** Positive errno: EINVAL when what was asked is wrong, another when the machine lacks it. */
	int code;
	/** One line without a newline: what, where, what was expected, how to mend it. */
	char text[WEIR_ERROR_TEXT];
};

/**
 * weir_error_set() fills an error.
 *
 * @param error   the error to fill, or NULL
 * @param code    positive errno
 * @param format  as for printf()
 * @return -code, to be returned; rte_errno is set to code
 */
WEIR_API int weir_error_set(struct weir_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif /* WEIR_ERROR_H */
