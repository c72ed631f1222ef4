/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Stage types that the pipeline's tests name: one for each thing that a type can say. */
#ifndef WEIR_TEST_TYPES_H
#define WEIR_TEST_TYPES_H

#include <errno.h>
#include <string.h>

#include <weir/weir.h>

struct types_conf {
	uint64_t uint, size, duration, rate, flag, word;
	double share, real;
	const char *text, *lcores;
};

static const char *const types_words[] = { "red", "green", "blue", NULL };
static const char *const types_auto[] = { "auto", "none", NULL };

#define TYPES_ROW(key, kind, member, least, most, text, words) \
	{ \
		.name = key, .type = WEIR_PARAM_##kind, \
		.offset = offsetof(struct types_conf, member), .min = least, .max = most, \
		.def = text, .values = words, .help = "test" \
	}

static const struct weir_param types_params[] = {
	TYPES_ROW("t.uint", UINT, uint, 1, 1000, "7", NULL),
	TYPES_ROW("t.size", SIZE, size, 8, 1 << 20, "auto", types_auto),
	TYPES_ROW("t.duration", DURATION, duration, 0, 2000000000, "1.5us", NULL),
	TYPES_ROW("t.rate", RATE, rate, 0, 0, "14.88M", NULL),
	TYPES_ROW("t.share", SHARE, share, 0, 0, "75%", NULL),
	TYPES_ROW("t.real", REAL, real, 0, 2, "0.99", NULL),
	TYPES_ROW("t.flag", BOOL, flag, 0, 0, "on", NULL),
	TYPES_ROW("t.word", ENUM, word, 0, 0, "green", types_words),
	TYPES_ROW("t.text", STRING, text, 0, 0, "hello", NULL),
	TYPES_ROW("t.lcores", LCORES, lcores, 0, 0, "", NULL),
	{ .name = NULL },
};

static const struct weir_param types_need_params[] = {
	TYPES_ROW("needed", UINT, uint, 0, 0, NULL, NULL),
	{ .name = NULL },
};

static const struct weir_param types_bad_params[] = {
	TYPES_ROW("bad", UINT, uint, 5, 0, "4", NULL),
	{ .name = NULL },
};

/* What `t.size` and `t.uint` say of a worker; t.uint = 13 is refused, 17 with nothing said. */
static int
types_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	const struct types_conf *given = (const struct types_conf *)conf;

	if (given->uint == 13)
		return weir_error_set(error, EINVAL, "t.uint = 13: expected another");
	if (given->uint == 17)
		return -EINVAL;
	needs->held = (uint32_t)given->uint;
	needs->fanout = given->word == 2 ? 3 : 0;
	needs->memory = given->flag ? 0 : SIZE_MAX;
	needs->tick_interval = given->rate;
	return 0;
}

static unsigned int
types_tick(struct weir_worker *worker, void *state, unsigned int room)
{
	(void)worker;
	(void)state;
	(void)room;
	return 0;
}

static const char *const types_fork_outputs[] = { "match", "other", NULL };
static const char *const types_no_outputs[] = { NULL };

static void
types_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	weir_release(worker, events, n);
}

static const struct weir_stage_ops types_ops[] = {
	{ WEIR_STAGE_OPS, .name = "t_all", .params = types_params,
		.conf_size = sizeof(struct types_conf), .process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_need", .params = types_need_params,
		.conf_size = sizeof(struct types_conf), .process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_bad", .params = types_bad_params,
		.conf_size = sizeof(struct types_conf), .process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_pass", .process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_fork", .outputs = types_fork_outputs,
		.process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_sink", .outputs = types_no_outputs, .process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_write", .writes = 1, .process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_many", .max_fanout = 100, .process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_held", .max_held = 99, .max_fanout = 11,
		.process = types_process },
	{ WEIR_STAGE_OPS, .name = "t_needs", .params = types_params,
		.conf_size = sizeof(struct types_conf), .max_held = 5, .max_fanout = 7,
		.state_size = 300, .process = types_process, .tick = types_tick,
		.needs = types_needs },
	{ WEIR_STAGE_OPS, .name = "t_tickless", .params = types_params,
		.conf_size = sizeof(struct types_conf), .process = types_process,
		.needs = types_needs },
};

static inline void
types_register(void)
{
	for (unsigned int i = 0; i < sizeof(types_ops) / sizeof(types_ops[0]); i++)
		weir_stage_register(&types_ops[i]);
}

#endif /* WEIR_TEST_TYPES_H */
