/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The parameters of synth that are text: lists of what:weight with commas. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "synth_private.h"

#define WORD_SIZE 16

/* One item of a list. */
struct item {
	char word[WORD_SIZE];
	unsigned long weight; /* 1 where none is given */
};

static const char *
skip_space(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* A decimal number of at most six digits; NULL: there is none. */
static const char *
read_number(const char *at, unsigned long *value)
{
	char *end;

	if (!isdigit((unsigned char)*at))
		return NULL;
	*value = strtoul(at, &end, 10);
	return end - at <= 6 ? end : NULL;
}

/* Read WORD or WORD:WEIGHT and what ends it; NULL: it is none. */
static const char *
read_item(const char *at, struct item *item)
{
	size_t n = 0;

	at = skip_space(at);
	while (isalnum((unsigned char)at[n]))
		n++;
	if (n == 0 || n >= sizeof(item->word))
		return NULL;
	memcpy(item->word, at, n);
	item->word[n] = '\0';
	item->weight = 1;
	at = skip_space(at + n);
	if (*at == ':') {
		at = read_number(skip_space(at + 1), &item->weight);
		if (at == NULL)
			return NULL;
		at = skip_space(at);
	}
	if (*at == ',')
		return at + 1;
	return *at == '\0' ? at : NULL;
}

/* Add a size as often as its weight says. */
static int
add_size(struct synth *s, const struct item *item)
{
	unsigned long size = 0, i;
	const char *end = read_number(item->word, &size);

	if (end == NULL || *end != '\0' || size < SYNTH_MIN_FRAME || size > SYNTH_MAX_FRAME)
		return -EINVAL;
	if (item->weight == 0 || item->weight > SYNTH_MAX_WEIGHT - s->size_count)
		return -EINVAL;
	for (i = 0; i < item->weight; i++)
		s->sizes[s->size_count++] = (uint16_t)size;
	return 0;
}

int
synth_sizes_parse(struct synth *s, const char *source, const char *text, struct weir_error *error)
{
	const char *at = strcmp(text, "imix") == 0 ? "60:7,590:4,1514:1" : text;
	struct item item;

	s->size_count = 0;
	do {
		at = read_item(at, &item);
		if (at == NULL || add_size(s, &item) < 0)
			return weir_error_set(error, EINVAL,
				"[source %s] sizes = %s: expected imix, a frame size from %u to %u, or a "
				"list of SIZE:WEIGHT as 60:7,590:4,1514:1, whose weights add up to no "
				"more than %u",
				source, text, SYNTH_MIN_FRAME, SYNTH_MAX_FRAME, SYNTH_MAX_WEIGHT);
	} while (*at != '\0' || at[-1] == ',');
	return 0;
}

/* Set the weight of a protocol that has none yet. */
static int
add_proto(double mix[SYNTH_PROTOS], const struct item *item)
{
	static const char *const names[SYNTH_PROTOS] = {
		[SYNTH_TCP] = "tcp",
		[SYNTH_UDP] = "udp",
		[SYNTH_ICMP] = "icmp",
	};
	unsigned int i;

	for (i = 0; i < SYNTH_PROTOS; i++) {
		if (strcmp(item->word, names[i]) != 0)
			continue;
		if (mix[i] >= 0)
			return -EINVAL;
		mix[i] = (double)item->weight;
		return 0;
	}
	return -EINVAL;
}

/* Weights to shares; false: there is nothing to share. */
static bool
mix_to_shares(double mix[SYNTH_PROTOS])
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < SYNTH_PROTOS; i++) {
		mix[i] = RTE_MAX(mix[i], 0.0);
		sum += mix[i];
	}
	for (i = 0; sum > 0 && i < SYNTH_PROTOS; i++)
		mix[i] /= sum;
	return sum > 0;
}

int
synth_mix_parse(struct synth *s, const char *source, const char *text, struct weir_error *error)
{
	const char *at = text;
	struct item item;
	unsigned int i;

	for (i = 0; i < SYNTH_PROTOS; i++)
		s->mix[i] = -1;
	do {
		at = read_item(at, &item);
		if (at == NULL || add_proto(s->mix, &item) < 0)
			goto fail;
	} while (*at != '\0' || at[-1] == ',');
	if (mix_to_shares(s->mix))
		return 0;
fail:
	return weir_error_set(error, EINVAL,
		"[source %s] mix = %s: expected a list of PROTOCOL:WEIGHT as tcp:80,udp:18,icmp:2, of "
		"tcp, udp and icmp, each once, not all 0",
		source, text);
}
