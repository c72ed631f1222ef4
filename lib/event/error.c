/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <stdarg.h>
#include <stdio.h>

#include <rte_errno.h>

#include <weir/error.h>

/* Texts quote what a file or a user says: an error stays one line that a terminal may show. */
static void
text_clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

int
weir_error_set(struct weir_error *error, int code, const char *format, ...)
{
	va_list args;

	if (error != NULL) {
		error->code = code;
		va_start(args, format);
		if (vsnprintf(error->text, sizeof(error->text), format, args) < 0)
			error->text[0] = '\0';
		va_end(args);
		text_clean(error->text);
	}
	rte_errno = code;
	return -code;
}
