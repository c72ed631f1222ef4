/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Words and lists. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "pipeline_private.h"

size_t
text_add(char *buf, size_t size, size_t at, const char *format, ...)
{
	va_list args;
	int n;

	if (at >= size)
		return at;
	va_start(args, format);
	n = vsnprintf(buf + at, size - at, format, args);
	va_end(args);
	return n < 0 ? at : at + (size_t)n;
}

size_t
words_join(char *buf, size_t size, const char *const *words)
{
	size_t at = 0;

	buf[0] = '\0';
	for (; words != NULL && *words != NULL; words++) {
		const char *gap = words[1] != NULL ? ", " : " or ";

		at = text_add(buf, size, at, "%s%s", at == 0 ? "" : gap, *words);
	}
	return at;
}

bool
span_copy(struct span span, char *buf, size_t size)
{
	if (span.len == 0 || span.len >= size)
		return false;
	memcpy(buf, span.text, span.len);
	buf[span.len] = '\0';
	return true;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

const char *
list_next(const char *list, struct span *item)
{
	const char *comma = strchr(list, ',');
	const char *end = comma != NULL ? comma : list + strlen(list);

	while (list < end && is_space(*list))
		list++;
	while (end > list && is_space(end[-1]))
		end--;
	item->text = list;
	item->len = (size_t)(end - list);
	return comma != NULL ? comma + 1 : NULL;
}

const char *
word_next(const char *text, struct span *word)
{
	while (is_space(*text))
		text++;
	word->text = text;
	while (*text != '\0' && !is_space(*text))
		text++;
	word->len = (size_t)(text - word->text);
	return text;
}

bool
name_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < WEIR_NAME_SIZE &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
		len;
}

int
endpoint_parse(struct span span, char node[WEIR_NAME_SIZE], char output[WEIR_NAME_SIZE])
{
	const char *dot = memchr(span.text, '.', span.len);
	struct span name = { span.text, dot != NULL ? (size_t)(dot - span.text) : span.len };
	struct span rest = { NULL, 0 };

	output[0] = '\0';
	if (!span_copy(name, node, WEIR_NAME_SIZE) || !name_valid(node))
		return -EINVAL;
	if (dot == NULL)
		return 0;
	rest.text = dot + 1;
	rest.len = span.len - name.len - 1;
	return span_copy(rest, output, WEIR_NAME_SIZE) && name_valid(output) ? 0 : -EINVAL;
}

/* What can be dropped besides the packets of one verdict. */
static const struct {
	const char *name;
	struct drops drops;
} drop_words[] = {
	{ "malformed", { (1u << WEIR_VERDICT_MAX) - 1 - (1u << WEIR_VERDICT_OK), 0 } },
	{ "truncated", { 0, WEIR_EVENT_TRUNCATED } },
	{ "bad_checksum", { 0, WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM } },
	{ "bad_l3_checksum", { 0, WEIR_EVENT_BAD_L3_CKSUM } },
	{ "bad_l4_checksum", { 0, WEIR_EVENT_BAD_L4_CKSUM } },
};

const char *
drops_word(unsigned int i)
{
	return i < RTE_DIM(drop_words) ? drop_words[i].name : NULL;
}

static bool
is_word(struct span item, const char *name)
{
	return strlen(name) == item.len && memcmp(name, item.text, item.len) == 0;
}

/* One item; false: there is none of that name. What is well formed cannot be dropped. */
static bool
drops_add(struct span item, struct drops *drops)
{
	const char *name;

	for (unsigned int i = 0; i < RTE_DIM(drop_words); i++)
		if (is_word(item, drop_words[i].name)) {
			drops->verdicts |= drop_words[i].drops.verdicts;
			drops->flags |= drop_words[i].drops.flags;
			return true;
		}
	for (unsigned int i = WEIR_VERDICT_OK + 1; (name = weir_verdict_name(i)) != NULL; i++)
		if (is_word(item, name)) {
			drops->verdicts |= UINT32_C(1) << i;
			return true;
		}
	return false;
}

int
drops_parse(const char *list, struct drops *drops, struct span *bad)
{
	struct span item;

	*drops = (struct drops){ 0 };
	while (list != NULL) {
		list = list_next(list, &item);
		if (drops_add(item, drops))
			continue;
		if (bad != NULL)
			*bad = item;
		return -EINVAL;
	}
	return 0;
}

/* The port that an item is; 0: none. */
static uint16_t
port_parse(struct span item)
{
	uint32_t port = 0;

	for (size_t i = 0; i < item.len; i++) {
		if (item.text[i] < '0' || item.text[i] > '9')
			return 0;
		port = port * 10 + (uint32_t)(item.text[i] - '0');
		if (port > UINT16_MAX)
			return 0;
	}
	return (uint16_t)port;
}

const char *
vxlan_ports_parse(const char *list, struct weir_vxlan_ports *ports, struct span *bad)
{
	uint16_t numbers[WEIR_VXLAN_PORTS_MAX];
	unsigned int n = 0;

	while (list != NULL) {
		list = list_next(list, bad);
		if (n == RTE_DIM(numbers))
			return "one too many";
		numbers[n] = port_parse(*bad);
		if (numbers[n] == 0)
			return "no port";
		for (unsigned int i = 0; i < n; i++)
			if (numbers[i] == numbers[n])
				return "there already";
		if (weir_vxlan_ports_init(ports, numbers, ++n) != 0)
			return "another tunnel's";
	}
	return NULL;
}

/* The digits of an lcore at *text; -EINVAL: none, or no lcore's. */
static int
lcore_parse(const char **text, const char *end, unsigned int *lcore)
{
	const char *start = *text;

	for (*lcore = 0; *text < end && **text >= '0' && **text <= '9'; (*text)++) {
		*lcore = *lcore * 10 + (unsigned int)(**text - '0');
		if (*lcore >= RTE_MAX_LCORE)
			return -EINVAL;
	}
	return *text == start ? -EINVAL : 0;
}

static int
lcores_add(struct lcore_set *set, struct span item)
{
	const char *at = item.text, *end = item.text + item.len;
	unsigned int first, last;

	if (lcore_parse(&at, end, &first) != 0)
		return -EINVAL;
	last = first;
	if (at < end && *at == '-') {
		at++;
		if (lcore_parse(&at, end, &last) != 0)
			return -EINVAL;
	}
	if (at != end || last < first)
		return -EINVAL;
	for (; first <= last; first++)
		set->bits[first / 64] |= UINT64_C(1) << (first % 64);
	return 0;
}

int
lcore_set_parse(const char *text, struct lcore_set *set)
{
	struct span item;

	memset(set, 0, sizeof(*set));
	while (text != NULL) {
		text = list_next(text, &item);
		if (lcores_add(set, item) != 0) {
			memset(set, 0, sizeof(*set));
			return -EINVAL;
		}
	}
	return 0;
}
