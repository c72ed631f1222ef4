/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the tests of eve's lines share: a line, read back by a JSON parser. */
#ifndef WEIR_TEST_EVE_JSON_H
#define WEIR_TEST_EVE_JSON_H

#include <jansson.h>

#include "stage/rig.h"

#include "sink/sink_private.h"

static struct eve_format format;

/* The line of an event, without its newline, in a buffer that shows what was written beyond. */
static inline const char *
line_of(const struct weir_event *event, uint64_t ns)
{
	static char line[WRITER_LINE_MAX + 1];
	char *end;

	memset(line, 0x55, sizeof(line));
	end = eve_format_line(&format, event, ns, line);
	assert_true(end <= line + WRITER_LINE_MAX);
	assert_int_equal(line[WRITER_LINE_MAX], 0x55);
	assert_int_equal(end[-1], '\n');
	end[-1] = '\0';
	assert_null(strchr(line, '\n'));
	return line;
}

static inline json_t *
parsed(const struct weir_event *event, uint64_t ns)
{
	json_error_t error;
	json_t *json = json_loads(line_of(event, ns), JSON_REJECT_DUPLICATES, &error);

	if (json == NULL)
		fail_msg("%s: %s", error.text, line_of(event, ns));
	return json;
}

static inline void
is_text(const json_t *json, const char *key, const char *expect)
{
	const char *text = json_string_value(json_object_get(json, key));

	if (expect == NULL) {
		assert_null(json_object_get(json, key));
		return;
	}
	assert_non_null(text);
	assert_string_equal(text, expect);
}

/* A number, or no such key for -1. */
static inline void
is_number(const json_t *json, const char *key, int64_t expect)
{
	const json_t *number = json_object_get(json, key);

	if (expect < 0) {
		assert_null(number);
		return;
	}
	assert_true(json_is_integer(number));
	assert_int_equal(json_integer_value(number), expect);
}

#endif /* WEIR_TEST_EVE_JSON_H */
