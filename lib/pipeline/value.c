/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* One value of a parameter table, to and from text. */
#include <errno.h>
#include <string.h>

#include "pipeline_private.h"

/* Digits behind the point. */
#define FRACTION_MAX 9

struct unit {
	const char *name;
	uint64_t times;
};

static const struct unit plain_units[] = { { "", 1 }, { NULL, 0 } };
static const struct unit size_units[] = {
	{ "G", 1 << 30 },
	{ "M", 1 << 20 },
	{ "k", 1 << 10 },
	{ "", 1 },
	{ NULL, 0 },
};
/* A time is written out in the first of these that it is a whole number of: in no more than seconds. */
static const struct unit duration_units[] = {
	{ "s", 1000000000 },
	{ "ms", 1000000 },
	{ "us", 1000 },
	{ "ns", 1 },
	{ "m", 60 * UINT64_C(1000000000) },
	{ "h", 3600 * UINT64_C(1000000000) },
	{ NULL, 0 },
};
static const struct unit rate_units[] = {
	{ "G", 1000000000 },
	{ "M", 1000000 },
	{ "k", 1000 },
	{ "", 1 },
	{ NULL, 0 },
};
static const struct unit share_units[] = { { "%", 1 }, { NULL, 0 } };

static const char *const bool_names[] = { "off", "on", NULL };

/* A number as written: whole + fraction / scale. */
struct decimal {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale;
};

static const struct unit *
type_units(enum weir_param_type type)
{
	switch (type) {
	case WEIR_PARAM_SIZE:
		return size_units;
	case WEIR_PARAM_DURATION:
		return duration_units;
	case WEIR_PARAM_RATE:
		return rate_units;
	case WEIR_PARAM_SHARE:
		return share_units;
	default:
		return plain_units;
	}
}

static bool
type_is_real(enum weir_param_type type)
{
	return type == WEIR_PARAM_SHARE || type == WEIR_PARAM_REAL;
}

static bool
type_is_number(enum weir_param_type type)
{
	return type >= WEIR_PARAM_UINT && type <= WEIR_PARAM_REAL;
}

static int
digit_value(char c, unsigned int base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The digits at *text, at least one and no more than fit. */
static int
digits_parse(const char **text, unsigned int base, uint64_t *value)
{
	const char *start = *text;
	int digit;

	*value = 0;
	for (; (digit = digit_value(**text, base)) >= 0; (*text)++)
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
			__builtin_add_overflow(*value, (uint64_t)digit, value))
			return -ERANGE;
	return *text == start ? -EINVAL : 0;
}

/* Without strtod(): that one follows the application's locale. */
static int
decimal_parse(const char **text, struct decimal *decimal)
{
	const char *point;
	int rc = digits_parse(text, 10, &decimal->whole);

	decimal->fraction = 0;
	decimal->scale = 1;
	if (rc != 0 || **text != '.')
		return rc;
	point = ++*text;
	rc = digits_parse(text, 10, &decimal->fraction);
	if (rc != 0 || *text - point > FRACTION_MAX)
		return -EINVAL;
	for (; point < *text; point++)
		decimal->scale *= 10;
	return 0;
}

/* Times a unit; what is no whole number then is refused, not rounded. */
static int
decimal_scale(const struct decimal *decimal, uint64_t times, uint64_t *value)
{
	uint64_t part;

	if (__builtin_mul_overflow(decimal->fraction, times, &part) || part % decimal->scale != 0)
		return -EINVAL;
	if (__builtin_mul_overflow(decimal->whole, times, value) ||
		__builtin_add_overflow(*value, part / decimal->scale, value))
		return -EINVAL;
	return 0;
}

static int
in_range(const struct weir_param *param, uint64_t value)
{
	return value >= param->min && (param->max == 0 || value <= param->max) ? 0 : -EINVAL;
}

static int
integer_parse(const struct weir_param *param, const char *text, union param_value *value)
{
	const struct unit *unit = type_units(param->type);
	struct decimal decimal;

	if (param->type == WEIR_PARAM_UINT && text[0] == '0' && (text[1] | 0x20) == 'x') {
		text += 2;
		if (digits_parse(&text, 16, &value->number) != 0 || *text != '\0')
			return -EINVAL;
		return in_range(param, value->number);
	}
	if (decimal_parse(&text, &decimal) != 0)
		return -EINVAL;
	if (*text == '\0' && decimal.whole == 0 && decimal.fraction == 0)
		value->number = 0;
	else {
		while (unit->name != NULL && strcmp(unit->name, text) != 0)
			unit++;
		if (unit->name == NULL || decimal_scale(&decimal, unit->times, &value->number) != 0)
			return -EINVAL;
	}
	return in_range(param, value->number);
}

static int
real_parse(const struct weir_param *param, const char *text, union param_value *value)
{
	double least = (double)param->min, most = (double)param->max;
	bool share = param->type == WEIR_PARAM_SHARE;
	struct decimal decimal;
	double real;

	if (decimal_parse(&text, &decimal) != 0 || strcmp(text, share ? "%" : "") != 0)
		return -EINVAL;
	real = (double)decimal.whole + (double)decimal.fraction / (double)decimal.scale;
	if (share && param->max == 0)
		most = 100;
	if (real < least || (most > 0 && real > most))
		return -EINVAL;
	value->real = share ? real / 100 : real;
	return 0;
}

/* Index of a word; -EINVAL where it is none of them. */
static int
word_parse(const char *const *words, const char *text, uint64_t *index)
{
	for (*index = 0; words != NULL && words[*index] != NULL; (*index)++)
		if (strcmp(words[*index], text) == 0)
			return 0;
	return -EINVAL;
}

static int
number_parse(const struct weir_param *param, const char *text, union param_value *value)
{
	uint64_t index;

	if (word_parse(param->values, text, &index) == 0) {
		if (type_is_real(param->type))
			value->real = (double)index;
		else
			value->number = index;
		return 0;
	}
	if (type_is_real(param->type))
		return real_parse(param, text, value);
	return integer_parse(param, text, value);
}

const struct weir_param *
param_find(const struct weir_param *params, const char *key)
{
	for (; params != NULL && params->name != NULL; params++)
		if (strcmp(params->name, key) == 0)
			return params;
	return NULL;
}

int
param_parse(const struct weir_param *param, const char *text, union param_value *value)
{
	struct lcore_set set;

	if (text[0] == '\0')
		return -EINVAL;
	switch (param->type) {
	case WEIR_PARAM_BOOL:
		return word_parse(bool_names, text, &value->number);
	case WEIR_PARAM_ENUM:
		return word_parse(param->values, text, &value->number);
	case WEIR_PARAM_LCORES:
		value->text = text;
		return lcore_set_parse(text, &set);
	case WEIR_PARAM_STRING:
		value->text = text;
		return 0;
	default:
		return type_is_number(param->type) ? number_parse(param, text, value) : -EINVAL;
	}
}

void
param_store(const struct weir_param *param, const union param_value *value, void *conf)
{
	void *at = (char *)conf + param->offset;

	if (param->type == WEIR_PARAM_STRING || param->type == WEIR_PARAM_LCORES)
		memcpy(at, &value->text, sizeof(value->text));
	else if (type_is_real(param->type))
		memcpy(at, &value->real, sizeof(value->real));
	else
		memcpy(at, &value->number, sizeof(value->number));
}

int
params_default(const struct weir_param *params, void *conf, const char **bad)
{
	for (; params != NULL && params->name != NULL; params++) {
		const char *def = params->def != NULL ? params->def : "";
		union param_value value = { .number = 0 };

		if (params->type == WEIR_PARAM_STRING || params->type == WEIR_PARAM_LCORES)
			value.text = def;
		else if (def[0] != '\0' && param_parse(params, def, &value) != 0) {
			*bad = params->name;
			return -EINVAL;
		}
		param_store(params, &value, conf);
	}
	return 0;
}

static size_t
number_add(char *buf, size_t size, size_t at, enum weir_param_type type, uint64_t number)
{
	const struct unit *unit = type_units(type);

	if (number == 0 && type == WEIR_PARAM_DURATION)
		return text_add(buf, size, at, "0");
	while (number % unit->times != 0 || (number == 0 && unit->times != 1))
		unit++;
	return text_add(buf, size, at, "%llu%s", (unsigned long long)(number / unit->times),
		unit->name);
}

static const char *
number_kind(enum weir_param_type type)
{
	switch (type) {
	case WEIR_PARAM_SIZE:
		return "a number, also with k, M or G (1024s)";
	case WEIR_PARAM_DURATION:
		return "a time with ns, us, ms, s, m or h";
	case WEIR_PARAM_RATE:
		return "events a second, also with k, M or G (1000s)";
	case WEIR_PARAM_SHARE:
		return "a share with %";
	case WEIR_PARAM_REAL:
		return "a number";
	default:
		return "a whole number";
	}
}

static void
number_expected(const struct weir_param *param, char *buf, size_t size)
{
	uint64_t max = param->max == 0 && param->type == WEIR_PARAM_SHARE ? 100 : param->max;
	size_t at = 0;

	for (const char *const *word = param->values; word != NULL && *word != NULL; word++)
		at = text_add(buf, size, at, "%s or ", *word);
	at = text_add(buf, size, at, "%s", number_kind(param->type));
	if (param->min != 0 || max != 0) {
		at = text_add(buf, size, at, max != 0 ? ", from " : ", at least ");
		at = number_add(buf, size, at, param->type, param->min);
	}
	if (max != 0) {
		at = text_add(buf, size, at, " to ");
		number_add(buf, size, at, param->type, max);
	}
}

const char *
param_expected(const struct weir_param *param, char *buf, size_t size)
{
	switch (param->type) {
	case WEIR_PARAM_BOOL:
		text_add(buf, size, 0, "on or off");
		break;
	case WEIR_PARAM_ENUM:
		words_join(buf, size, param->values);
		break;
	case WEIR_PARAM_LCORES:
		text_add(buf, size, 0, "lcores below %d, as 1,3-5", RTE_MAX_LCORE);
		break;
	case WEIR_PARAM_STRING:
		text_add(buf, size, 0, "a text");
		break;
	default:
		number_expected(param, buf, size);
	}
	return buf;
}
