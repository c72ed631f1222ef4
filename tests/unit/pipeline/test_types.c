/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Registration of stage types: what is refused and how that is told, and tables of other versions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "testing.h"

#include <rte_log.h>

#include "types.h"

static const char *const nine[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL };

static const struct weir_param live_params[] = {
	{ .name = "live", .type = WEIR_PARAM_UINT, .def = "0", .live = 1 },
	{ .name = NULL },
};

static const struct weir_param text_params[] = {
	{ .name = "text", .type = WEIR_PARAM_STRING, .def = "", .live = 1 },
	{ .name = NULL },
};

static const struct weir_param lcores_params[] = {
	{ .name = "lcores", .type = WEIR_PARAM_LCORES, .def = "", .live = 1 },
	{ .name = NULL },
};

/* Of headers to come. */
struct new_ops {
	struct weir_stage_ops ops;
	void *more;
};

struct new_param {
	struct weir_param param;
	uint64_t more;
};

static void
types_set(struct weir_worker *worker, void *state, const void *conf)
{
	(void)worker;
	(void)state;
	(void)conf;
}

/* What is registered, and the line that the log has of it: "" where it has none. */
static int
registered(const struct weir_stage_ops *ops, char line[256])
{
	FILE *stream;
	int rc;

	memset(line, 0, 256);
	stream = fmemopen(line, 256, "w");
	assert_non_null(stream);
	rte_openlog_stream(stream);
	rc = weir_stage_register(ops);
	rte_openlog_stream(NULL);
	fclose(stream);
	return rc;
}

static void
refused(const struct weir_stage_ops *ops, int code, const char *expected)
{
	char line[256];

	assert_int_equal(registered(ops, line), code);
	if (strcmp(line, expected) != 0)
		fail_msg("'%s', not '%s'", line, expected);
}

static void
accepted(const struct weir_stage_ops *ops)
{
	char line[256];

	assert_int_equal(registered(ops, line), 0);
	assert_string_equal(line, "");
}

#define NAMED .name = "bad", .process = types_process
#define TYPE WEIR_STAGE_OPS, NAMED
#define PARAM_SIZE(bytes) .size = sizeof(struct weir_stage_ops), .param_size = (bytes)
#define NOT "stage type 'bad' is not registered: "
#define NAMELESS "stage type '?' is not registered: "

static void
test_refused(void **state)
{
	static const struct {
		struct weir_stage_ops ops;
		int code;
		const char *line;
	} rows[] = {
		{ { .name = "bad", .process = types_process }, -EINVAL,
			NAMELESS "its table does not begin with WEIR_STAGE_OPS\n" },
		{ { NAMED, .size = offsetof(struct weir_stage_ops, process) }, -EINVAL,
			NAMELESS "its table does not begin with WEIR_STAGE_OPS\n" },
		/* No compiler ends a struct within a pointer. */
		{ { NAMED, .size = offsetof(struct weir_stage_ops, room) + 4 }, -EINVAL,
			NAMELESS "its table does not begin with WEIR_STAGE_OPS\n" },
		/* Of headers without a size, which begin with the name. */
		{ { NAMED, .size = UINT64_C(0x7f0000001000) }, -EINVAL,
			NAMELESS "its table does not begin with WEIR_STAGE_OPS\n" },
		{ { PARAM_SIZE(0), NAMED, .params = live_params, .conf_size = 8 }, -EINVAL,
			NOT "its table does not begin with WEIR_STAGE_OPS\n" },
		{ { PARAM_SIZE(8), NAMED, .params = live_params, .conf_size = 8 }, -EINVAL,
			NOT "its table does not begin with WEIR_STAGE_OPS\n" },
		{ { PARAM_SIZE(sizeof(struct weir_param) + 1), NAMED, .params = live_params,
			  .conf_size = 8 },
			-EINVAL, NOT "its table does not begin with WEIR_STAGE_OPS\n" },
		{ { WEIR_STAGE_OPS, .process = types_process }, -EINVAL,
			NAMELESS "it has no name\n" },
		{ { WEIR_STAGE_OPS, .name = "", .process = types_process }, -EINVAL,
			NAMELESS "it has no name\n" },
		{ { WEIR_STAGE_OPS, .name = "bad" }, -EINVAL, NOT "it has no process()\n" },
		{ { TYPE, .params = live_params, .set = types_set }, -EINVAL,
			NOT "it has params, but no conf_size\n" },
		{ { TYPE, .outputs = nine }, -EINVAL, NOT "it has more than 8 outputs\n" },
		{ { TYPE, .reasons = nine }, -EINVAL, NOT "it has more than 8 reasons\n" },
		{ { TYPE, .params = live_params, .conf_size = 8 }, -EINVAL,
			NOT "a parameter is live, but there is no set()\n" },
		{ { TYPE, .params = text_params, .conf_size = 8, .set = types_set }, -EINVAL,
			NOT "a parameter is live, but a text\n" },
		{ { TYPE, .params = lcores_params, .conf_size = 8, .set = types_set }, -EINVAL,
			NOT "a parameter is live, but a text\n" },
		{ { WEIR_STAGE_OPS, .name = "count", .process = types_process }, -EEXIST,
			"stage type 'count' is not registered: there is a type of that name "
			"already\n" },
	};

	(void)state;
	refused(NULL, -EINVAL, NAMELESS "there is no table\n");
	for (unsigned int i = 0; i < RTE_DIM(rows); i++)
		refused(&rows[i].ops, rows[i].code, rows[i].line);
	assert_null(weir_stage_find("bad"));
}

/* A longer table is right for as long as it asks for nothing that is not known here. */
static void
test_newer(void **state)
{
	static const struct new_param params[] = {
		{ .param = { .name = "first", .type = WEIR_PARAM_UINT, .def = "1" } },
		{ .param = { .name = "second", .type = WEIR_PARAM_UINT, .def = "2" }, .more = 1 },
		{ .param = { .name = NULL } },
	};
	struct new_param own[RTE_DIM(params)];
	struct new_ops newer = {
		.ops = { .size = sizeof(newer),
			.param_size = sizeof(struct new_param),
			.name = "newer",
			.process = types_process,
			.params = &own[0].param,
			.conf_size = 8 },
		.more = own,
	};
	const struct weir_stage_ops *ops;

	(void)state;
	memcpy(own, params, sizeof(own));
	refused(&newer.ops, -E2BIG,
		"stage type 'newer' is not registered: it was built against newer headers, and "
		"uses what this libweir does not know\n");
	newer.more = NULL;
	refused(&newer.ops, -E2BIG,
		"stage type 'newer' is not registered: it was built against newer headers, and a "
		"parameter of its says what this libweir does not know\n");
	own[1].more = 0;
	accepted(&newer.ops);
	ops = weir_stage_find("newer");
	assert_non_null(ops);
	assert_int_equal(ops->size, sizeof(*ops));
	assert_int_equal(ops->param_size, sizeof(*ops->params));
	assert_string_equal(ops->params[0].name, "first");
	assert_string_equal(ops->params[1].name, "second");
	assert_null(ops->params[2].name);
}

/* A shorter table: what lies behind it is not read. */
static void
test_older(void **state)
{
	static const size_t sizes[] = { offsetof(struct weir_stage_ops, room),
		offsetof(struct weir_stage_ops, set), offsetof(struct weir_stage_ops, needs),
		offsetof(struct weir_stage_ops, pending) };
	static const char *const names[] = { "older", "oldish", "old", "late" };
	struct weir_stage_ops table;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		const struct weir_stage_ops *ops;

		memset(&table, 0xff, sizeof(table));
		memset(&table, 0, sizes[i]);
		table.size = sizes[i];
		table.name = names[i];
		table.process = types_process;
		accepted(&table);
		ops = weir_stage_find(names[i]);
		assert_non_null(ops);
		assert_int_equal(ops->size, sizeof(*ops));
		assert_true(ops->process == types_process);
		assert_null(ops->room);
		assert_null(ops->set);
		assert_null(ops->needs);
		assert_null(ops->pending);
	}
}

/* The table and its parameters may go. */
static void
test_copied(void **state)
{
	struct weir_param params[RTE_DIM(live_params)];
	struct weir_stage_ops table = { WEIR_STAGE_OPS, .name = "copied", .params = params,
		.conf_size = 8, .process = types_process, .set = types_set };
	const struct weir_stage_ops *ops, *last = NULL;

	(void)state;
	memcpy(params, live_params, sizeof(params));
	accepted(&table);
	memset(&table, 0, sizeof(table));
	memset(params, 0, sizeof(params));
	ops = weir_stage_find("copied");
	assert_non_null(ops);
	assert_ptr_not_equal(ops, &table);
	assert_string_equal(ops->params[0].name, "live");
	assert_true(ops->set == types_set);
	for (const struct weir_stage_ops *o = NULL; (o = weir_stage_next(o)) != NULL;) {
		assert_int_equal(o->size, sizeof(*o));
		assert_int_equal(o->param_size, sizeof(*o->params));
		last = o;
	}
	assert_ptr_equal(last, ops);
	assert_null(weir_stage_next(&table));
}

/* The last test: there is room for no more. */
static void
test_full(void **state)
{
	static char names[64][16];
	unsigned int n = 0, i = 0;

	(void)state;
	for (const struct weir_stage_ops *o = NULL; (o = weir_stage_next(o)) != NULL;)
		n++;
	for (; n + i < 64; i++) {
		struct weir_stage_ops ops = { WEIR_STAGE_OPS, .name = names[i],
			.process = types_process };

		snprintf(names[i], sizeof(names[i]), "t%u", i);
		accepted(&ops);
	}
	refused(&(struct weir_stage_ops){ TYPE }, -ENOSPC, NOT "there are 64 types already\n");
	assert_string_equal(weir_stage_find("t0")->name, "t0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_copied),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
