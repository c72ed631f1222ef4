/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The pipeline file, read by libinih; a caller of weir_pipeline_set().
 *
 * libinih gets the file line by line, each looked at before: it has no line numbers for its
 * handler, cuts long section names, splits long lines, takes `:` for `=` and an indented line for
 * the value's continuation, ignores what stands behind `]`, and says nothing of an empty section.
 * Some of that can be set, but for the whole process, which is not a library's to do.
 *
 * A value that goes on in further lines is put together here: libinih takes lines of some length, and would
 * have an indented `key = value` go on with the value before it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>
#include <rte_errno.h>

#include "pipeline_private.h"

/* Beyond any pipeline; /dev/zero and the like end here. */
#define FILE_MAX (256 * 1024)

/* Longer lines are none of libinih's, whose own limit may be less. */
#define LINE_SIZE 256
/* What is no key often is the rest of a value. */
#define EXPECTED_KEY \
	"expected KEY = VALUE; a value goes on in the next line where its own ends with \\"

struct reader {
	struct weir_pipeline *pipeline;
	const char *at;
	const char *end;
	char section[TITLE_SIZE]; /* "": none yet */
	bool waiting;             /* libinih has a line that should come back as key and value */
	char key[LINE_SIZE];      /* whose value goes on, */
	unsigned int key_line;
	char *value; /* and that so far; NULL: none does */
	size_t value_len;
	int rc;
	struct weir_error *error;
};

static int
line_error(struct reader *reader, const char *what)
{
	const struct weir_pipeline *pipeline = reader->pipeline;

	if (reader->section[0] == '\0')
		return pipeline_error(pipeline, NULL, pipeline->priv->line, reader->error, "%s",
			what);
	return pipeline_error(pipeline, NULL, pipeline->priv->line, reader->error, "[%s] %s",
		reader->section, what);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_comment(char c)
{
	return c == ';' || c == '#';
}

/* Cut the next line off the text, without the space around it. */
static void
line_cut(struct reader *reader, struct span *line)
{
	const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	const char *from = reader->at, *to = newline != NULL ? newline : reader->end;

	reader->at = newline != NULL ? newline + 1 : reader->end;
	if (to > from && to[-1] == '\r')
		to--;
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	line->text = from;
	line->len = (size_t)(to - from);
}

/* A line is text: what is no such byte would end a string, or garble a terminal. */
static int
line_bytes(struct reader *reader, struct span line)
{
	char what[64];

	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.text[i];

		if ((c >= ' ' && c != 0x7f) || c == '\t')
			continue;
		snprintf(what, sizeof(what), "byte 0x%02x: expected text", c);
		return line_error(reader, what);
	}
	return 0;
}

/* "[…]", with nothing but a comment behind it. */
static int
line_header(struct reader *reader, struct span line)
{
	const char *close = memchr(line.text, ']', line.len), *rest;
	struct span name;
	char text[2 * TITLE_SIZE];

	reader->section[0] = '\0';
	if (close == NULL)
		return line_error(reader, "expected ] at the end of the section's name");
	for (rest = close + 1; rest < line.text + line.len && is_blank(*rest); rest++)
		;
	if (rest < line.text + line.len && !is_comment(*rest))
		return line_error(reader, "expected nothing behind ]");
	name.text = line.text + 1;
	name.len = (size_t)(close - name.text);
	if (!span_copy(name, text, sizeof(text)))
		return line_error(reader, "expected a section's name between [ and ]");
	return section_header(reader->pipeline, text, reader->section, reader->error);
}

static void
span_trim(struct span *span)
{
	while (span->len > 0 && is_blank(span->text[0])) {
		span->text++;
		span->len--;
	}
	while (span->len > 0 && is_blank(span->text[span->len - 1]))
		span->len--;
}

/* Cut a part of a value at its comment, and the sign behind which it goes on; whether it has that. */
static bool
part_cut(struct span *part)
{
	bool on;

	for (size_t i = 0; i < part->len; i++)
		if (part->text[i] == ';' && (i == 0 || is_blank(part->text[i - 1])))
			part->len = i;
	span_trim(part);
	on = part->len > 0 && part->text[part->len - 1] == '\\';
	part->len -= on;
	span_trim(part);
	return on;
}

static int
value_add(struct reader *reader, struct span part)
{
	size_t len = reader->value_len + (reader->value_len > 0 && part.len > 0);
	char *value = realloc(reader->value, len + part.len + 1);

	if (value == NULL)
		return no_memory(reader->error);
	if (len > reader->value_len)
		value[reader->value_len] = ' ';
	memcpy(value + len, part.text, part.len);
	reader->value = value;
	reader->value_len = len + part.len;
	value[reader->value_len] = '\0';
	return 0;
}

/* Of all its lines the key is in the first. */
static int
value_end(struct reader *reader)
{
	struct pipeline_private *priv = reader->pipeline->priv;
	unsigned int line = priv->line;
	struct value_lines *values =
		realloc(priv->values, (priv->value_count + 1) * sizeof(*values));
	int rc;

	if (values == NULL)
		return no_memory(reader->error);
	priv->values = values;
	values[priv->value_count++] = (struct value_lines){ reader->key_line, line };
	priv->line = reader->key_line;
	rc = weir_pipeline_set(reader->pipeline, reader->section, reader->key, reader->value,
		reader->error);
	priv->line = line;
	free(reader->value);
	reader->value = NULL;
	reader->value_len = 0;
	return rc;
}

/* A further line of a value. */
static int
value_line(struct reader *reader, struct span line)
{
	bool on = part_cut(&line);
	int rc = value_add(reader, line);

	return rc != 0 || on ? rc : value_end(reader);
}

static int
line_key(struct reader *reader, struct span line)
{
	const char *sign = memchr(line.text, '=', line.len);
	struct span key, part;
	const char *colon = memchr(line.text, ':', line.len);

	if (reader->section[0] == '\0')
		return line_error(reader,
			"a key before any section: expected [pipeline], [pool], "
			"[source NAME], [stage NAME] or [link FROM TO]");
	if (sign == NULL || (colon != NULL && colon < sign))
		return line_error(reader, EXPECTED_KEY);
	key = (struct span){ line.text, (size_t)(sign - line.text) };
	part = (struct span){ sign + 1, line.len - key.len - 1 };
	if (!part_cut(&part)) {
		reader->waiting = true;
		return 0;
	}
	span_trim(&key);
	if (!span_copy(key, reader->key, sizeof(reader->key)))
		return line_error(reader, EXPECTED_KEY);
	reader->key_line = reader->pipeline->priv->line;
	return value_add(reader, part);
}

/* Look at a line before libinih does, and give it to it; comments only as an empty line. */
static int
line_give(struct reader *reader, char *str, size_t size, struct span line)
{
	char what[128];
	int rc;

	str[0] = '\0';
	if ((line.len == 0 && reader->value == NULL) || (line.len > 0 && is_comment(line.text[0])))
		return 0;
	rc = line_bytes(reader, line);
	if (rc != 0)
		return rc;
	if (line.len >= RTE_MIN(size, (size_t)LINE_SIZE)) {
		snprintf(what, sizeof(what),
			"the line has more than %zu characters: end it with \\, and go on with the value "
			"in the next",
			RTE_MIN(size, (size_t)LINE_SIZE) - 1);
		return line_error(reader, what);
	}
	if (reader->value != NULL)
		return value_line(reader, line);
	rc = line.text[0] == '[' ? line_header(reader, line) : line_key(reader, line);
	/* What goes on is not for libinih. */
	if (rc == 0 && reader->value == NULL)
		span_copy(line, str, size);
	return rc;
}

/* libinih asks for a line: fgets() as it were. */
static char *
reader_line(char *str, int num, void *stream)
{
	struct reader *reader = stream;
	struct span line;

	if (reader->rc == 0 && reader->waiting)
		reader->rc = line_error(reader, EXPECTED_KEY);
	if (reader->rc == 0 && reader->at == reader->end && reader->value != NULL)
		reader->rc = line_error(reader,
			"the file ends where a value goes on: expected the rest behind \\");
	if (reader->rc != 0 || reader->at == reader->end)
		return NULL;
	reader->pipeline->priv->line++;
	line_cut(reader, &line);
	reader->rc = line_give(reader, str, (size_t)num, line);
	return reader->rc == 0 ? str : NULL;
}

/* libinih found a key; its section is not asked: libinih cuts long names. */
static int
reader_key(void *user, const char *section, const char *key, const char *value)
{
	struct reader *reader = user;

	(void)section;
	reader->waiting = false;
	if (key == NULL || value == NULL)
		reader->rc = line_error(reader, EXPECTED_KEY);
	else
		reader->rc = weir_pipeline_set(reader->pipeline, reader->section, key, value,
			reader->error);
	return reader->rc == 0;
}

static int
reader_run(struct weir_pipeline *pipeline, const char *text, size_t len, struct weir_error *error)
{
	struct reader reader = {
		.pipeline = pipeline,
		.at = text,
		.end = text + len,
		.error = error,
	};
	int rc;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		reader.at += 3;
	rc = ini_parse_stream(reader_line, &reader, reader_key, &reader);
	if (reader.rc == 0 && rc == -2)
		reader.rc = no_memory(error);
	else if (reader.rc == 0 && rc != 0)
		reader.rc = line_error(&reader, EXPECTED_KEY);
	free(reader.value);
	pipeline->priv->line = 0;
	return reader.rc;
}

/* A pipeline without a name gets its file's, as far as that makes one. */
static struct weir_pipeline *
file_pipeline(const char *path, struct weir_error *error)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	struct span stem = { base, strcspn(base, ".") };
	char name[WEIR_NAME_SIZE];

	if (!span_copy(stem, name, sizeof(name)) || !name_valid(name))
		strcpy(name, "weir");
	return weir_pipeline_create(name, error);
}

struct weir_pipeline *
pipeline_load_text(const char *name, const char *text, size_t len, struct weir_error *error)
{
	struct weir_pipeline *pipeline = file_pipeline(name, error);
	int rc;

	if (pipeline == NULL)
		return NULL;
	pipeline->priv->file = strdup(name);
	rc = pipeline->priv->file != NULL ? reader_run(pipeline, text, len, error) :
					    no_memory(error);
	if (rc != 0) {
		weir_pipeline_free(pipeline);
		rte_errno = -rc;
		return NULL;
	}
	return pipeline;
}

static int
file_error(const char *path, int code, struct weir_error *error)
{
	return weir_error_set(error, code, "%.255s: %s", path, rte_strerror(code));
}

/* The whole of a file. *len is FILE_MAX + 1 where there is more. */
static int
file_read(const char *path, char *text, size_t *len, struct weir_error *error)
{
	FILE *file = fopen(path, "rbe");
	int code;

	if (file == NULL)
		return file_error(path, errno, error);
	errno = 0;
	*len = fread(text, 1, FILE_MAX + 1, file);
	code = ferror(file) ? errno : 0;
	fclose(file);
	return code != 0 ? file_error(path, code, error) : 0;
}

struct weir_pipeline *
weir_pipeline_load(const char *path, struct weir_error *error)
{
	struct weir_pipeline *pipeline = NULL;
	size_t len = 0;
	char *text;

	if (path == NULL) {
		weir_error_set(error, EINVAL, "expected a file's path");
		return NULL;
	}
	text = malloc(FILE_MAX + 1);
	if (text == NULL)
		no_memory(error);
	else if (file_read(path, text, &len, error) == 0) {
		if (len > FILE_MAX)
			weir_error_set(error, EINVAL, "%.255s: has more than %d bytes", path,
				FILE_MAX);
		else
			pipeline = pipeline_load_text(path, text, len, error);
	}
	free(text);
	return pipeline;
}
