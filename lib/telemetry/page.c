/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include <weir/figures.h>

#include "event/compat.h"
#include "page.h"

/* Bytes of a reply, less those of the command's name around it and of `next` behind it. */
#define REPLY_BYTES (16 * 1024 - 128)
/* Keys of a dict, less `next`. */
#define REPLY_KEYS (RTE_TEL_MAX_DICT_ENTRIES - 1)
/* What JSON puts around a key: quotes, a colon, and the comma before. */
#define AROUND_KEY 4

struct dict
dict_start(struct rte_tel_data *data)
{
	struct dict dict = { .data = data, .bytes = sizeof("{}") - 1 };

	dict.error = data == NULL ? -ENOMEM : rte_tel_data_start_dict(data);
	return dict;
}

struct dict
dict_new(void)
{
	return dict_start(rte_tel_data_alloc());
}

/* Count what was added, or keep why it was not. */
static void
dict_count(struct dict *dict, int error, size_t key, size_t value)
{
	dict->error = error;
	dict->bytes += key + AROUND_KEY + value;
	dict->keys++;
}

void
dict_number(struct dict *dict, const char *key, uint64_t value)
{
	if (dict->error == 0)
		dict_count(dict, rte_tel_data_add_dict_uint(dict->data, key, value), strlen(key),
			(size_t)snprintf(NULL, 0, "%" PRIu64, value));
}

void
dict_integer(struct dict *dict, const char *key, int value)
{
	if (dict->error == 0)
		dict_count(dict, rte_tel_data_add_dict_int(dict->data, key, value), strlen(key),
			(size_t)snprintf(NULL, 0, "%d", value));
}

/* Bytes of a text in JSON, quotes included, if all that could be escaped is. */
static size_t
text_bytes(const char *text)
{
	size_t bytes = 2;

	for (; *text != '\0'; text++)
		bytes += *text == '"' || *text == '\\' || *text < ' ' ? 2 : 1;
	return bytes;
}

void
dict_text(struct dict *dict, const char *key, const char *value)
{
	if (dict->error == 0)
		dict_count(dict, rte_tel_data_add_dict_string(dict->data, key, value), strlen(key),
			text_bytes(value));
}

static void
dict_value(struct dict *dict, const char *key, const struct weir_value *value, double scale)
{
	switch (value->type) {
	case WEIR_VALUE_NUMBER:
		dict_number(dict, key, value->number);
		break;
	case WEIR_VALUE_INTEGER:
		dict_integer(dict, key, (int)value->integer);
		break;
	case WEIR_VALUE_REAL:
		dict_number(dict, key, (uint64_t)(value->real * scale + 0.5));
		break;
	case WEIR_VALUE_FLAG:
		dict_number(dict, key, value->flag);
		break;
	case WEIR_VALUE_TEXT:
		dict_text(dict, key, value->text);
		break;
	}
}

static bool
is_given(const struct weir_figure *figure, enum dict_figures which)
{
	bool adds = figure->kind == WEIR_FIGURE_COUNTER || figure->kind == WEIR_FIGURE_GAUGE;

	return which == DICT_SUMS ? adds : figure->kind != WEIR_FIGURE_LABEL;
}

void
dict_figures(struct dict *dict, const char *prefix, unsigned int noun, const void *figures,
	enum dict_figures which)
{
	const struct weir_figure *figure;
	struct weir_value value;
	char key[KEY_SIZE];

	for (unsigned int i = 0; (figure = weir_figure(noun, i)) != NULL; i++) {
		/* Telemetry has no fractions. */
		bool share = figure->unit == WEIR_UNIT_SHARE;

		if (!is_given(figure, which) || weir_figure_value(figure, figures, &value) != 0)
			continue;
		snprintf(key, sizeof(key), "%s%s%s", prefix, figure->name, share ? "_percent" : "");
		dict_value(dict, key, &value, share ? 100.0 : 1.0);
	}
}

bool
page_wants(struct page *page)
{
	if (page->ended || page->reply->error != 0)
		return false;
	return page->seen++ >= page->from;
}

/* Whether an entry still fits; if not, the reply says where to go on: at this one. */
static bool
page_fits(struct page *page, size_t key, size_t value)
{
	struct dict *reply = page->reply;

	page->ended =
		reply->bytes + key + AROUND_KEY + value > REPLY_BYTES || reply->keys >= REPLY_KEYS;
	if (page->ended)
		dict_number(reply, "next", page->seen - 1);
	return !page->ended;
}

void
page_dict(struct page *page, const char *key, struct dict *entry)
{
	struct dict *reply = page->reply;

	if (entry->error == 0 && page_fits(page, strlen(key), entry->bytes)) {
		dict_count(reply, rte_tel_data_add_dict_container(reply->data, key, entry->data, 0),
			strlen(key), entry->bytes);
		if (reply->error == 0)
			return;
	}
	if (reply->error == 0)
		reply->error = entry->error;
	rte_tel_data_free(entry->data);
}

void
page_text(struct page *page, const char *key, const char *value)
{
	if (page_fits(page, strlen(key), text_bytes(value)))
		dict_text(page->reply, key, value);
}

int
page_end(const struct page *page)
{
	if (page->reply->error != 0)
		return page->reply->error;
	return page->from > 0 && page->seen <= page->from ? -ENOENT : 0;
}
