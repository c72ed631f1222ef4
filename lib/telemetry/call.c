/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

int
call_number(const char *text, unsigned int *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || value > UINT_MAX)
		return -EINVAL;
	*number = (unsigned int)value;
	return 0;
}

/* Copy a field and go on behind its comma; to NULL behind the last. */
static int
field_take(const char **at, char *field, size_t size)
{
	size_t n;

	if (*at == NULL)
		return 0;
	n = strcspn(*at, ",");
	if (n >= size)
		return -EINVAL;
	memcpy(field, *at, n);
	field[n] = '\0';
	*at = (*at)[n] == ',' ? *at + n + 1 : NULL;
	return 0;
}

int
call_read(struct call *call, const char *params, unsigned int fields)
{
	char from[WEIR_NAME_SIZE] = "";
	int ret;

	if (params != NULL && *params != '\0' && params[strlen(params) - 1] == ',')
		return -EINVAL;
	ret = field_take(&params, call->engine, sizeof(call->engine));
	if (ret == 0 && fields & CALL_ITEM)
		ret = field_take(&params, call->field, sizeof(call->field));
	if (ret == 0 && fields & CALL_FROM)
		ret = field_take(&params, from, sizeof(from));
	if (ret == 0 && from[0] != '\0')
		ret = call_number(from, &call->from);
	if (call->field[0] != '\0')
		call->item = call->field;
	return params != NULL ? -EINVAL : ret;
}

static bool
call_matches(const struct weir_engine *engine, const struct call *call)
{
	return call->engine[0] == '\0' || strcmp(call->engine, weir_engine_name(engine)) == 0;
}

static int
call_count(struct weir_engine *engine, void *arg)
{
	struct call *call = arg;

	call->found += call_matches(engine, call);
	return 0;
}

static int
call_visit(struct weir_engine *engine, void *arg)
{
	struct call *call = arg;

	return call_matches(engine, call) ? call->answer(engine, call) : 0;
}

int
call_make(struct call *call, struct rte_tel_data *reply)
{
	engine_each(call_count, call);
	if (call->found != 1)
		return call->found == 0 ? -ENOENT : -EINVAL;
	call->reply = dict_start(reply);
	return engine_each(call_visit, call);
}
