/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The table of figures: its form, and reading and adding up by it. */
#include "engine/rig.h"

#include <ctype.h>

/* The longest key that telemetry's values may have behind what is put before it. */
#define NAME_MAX_LEN 32

static const size_t sizes[WEIR_NOUN_MAX] = {
	[WEIR_NOUN_ENGINE] = sizeof(struct weir_engine_figures),
	[WEIR_NOUN_LEDGER] = sizeof(struct weir_ledger),
	[WEIR_NOUN_NODE] = sizeof(struct weir_node_figures),
	[WEIR_NOUN_WORKER] = sizeof(struct weir_worker_figures),
	[WEIR_NOUN_LATENCY] = sizeof(struct weir_latency_figures),
	[WEIR_NOUN_LINK] = sizeof(struct weir_link_figures),
	[WEIR_NOUN_RING] = sizeof(struct weir_ring_figures),
	[WEIR_NOUN_PORT] = sizeof(struct weir_port_figures),
	[WEIR_NOUN_POOL] = sizeof(struct weir_pool_figures),
	[WEIR_NOUN_LCORE] = sizeof(struct weir_lcore_figures),
	[WEIR_NOUN_WATCH] = sizeof(struct weir_watch_figures),
	[WEIR_NOUN_MEMORY] = sizeof(struct weir_memory_figures),
	[WEIR_NOUN_QUEUE] = sizeof(struct weir_queue_figures),
	[WEIR_NOUN_FLOW] = sizeof(struct weir_flow_figures),
	[WEIR_NOUN_END] = sizeof(struct weir_end_figures),
};

static void
test_refusals(void **state)
{
	struct weir_worker_figures worker = WEIR_WORKER_FIGURES_INIT;
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	struct rig rig;

	(void)state;
	assert_null(weir_figure(WEIR_NOUN_MAX, 0));
	assert_null(weir_figure(UINT_MAX, 0));
	assert_null(weir_figure(WEIR_NOUN_LEDGER, UINT_MAX));
	assert_null(weir_noun_name(WEIR_NOUN_MAX));
	assert_null(weir_figure_kind_name(WEIR_FIGURE_KIND_MAX));
	assert_null(weir_unit_name(WEIR_UNIT_MAX));
	assert_int_equal(weir_figures_add(WEIR_NOUN_MAX, &worker, &worker), -ENOENT);
	rig_make(&rig, "figures", "0", 0,
		SECTIONS("source gen: type=synth", "stage end: type=t_pass; input=gen"));
	assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_MAX, 0, &ledger), -ENOENT);
	assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_LEDGER, 1, &ledger), -ENOENT);
	assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_ENGINE, 1, &ledger), -ENOENT);
	assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_WATCH, 1, &ledger), -ENOENT);
	assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_WORKER, 2, &worker), -ENOENT);
	/* A source has no latencies; then come the stage's; then none. */
	for (unsigned int i = 0; i < 3 * WEIR_LATENCY_MAX; i++)
		assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_LATENCY, i, &ledger),
			i < WEIR_LATENCY_MAX             ? -ENODATA :
				i < 2 * WEIR_LATENCY_MAX ? 0 :
							   -ENOENT);
	worker.size = sizeof(size_t);
	assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_WORKER, 0, &worker), -EINVAL);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
row_is_fine(unsigned int noun, const struct weir_figure *figure)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	assert_int_equal(strspn(figure->name, letters), strlen(figure->name));
	assert_in_range(strlen(figure->name), 1, NAME_MAX_LEN);
	/* It stands in a table of Markdown, and in a comment of one line. */
	assert_null(strpbrk(figure->help, "|\n"));
	assert_true(strlen(figure->help) > 0);
	assert_non_null(weir_figure_kind_name(figure->kind));
	assert_non_null(weir_unit_name(figure->unit));
	assert_in_range(figure->offset, sizeof(size_t), sizes[noun] - 1);
	assert_int_equal(figure->known != 0, figure->unknown != NULL);
	/* What is a number that grows or changes says of what. */
	if (figure->kind == WEIR_FIGURE_COUNTER)
		assert_int_not_equal(figure->unit, WEIR_UNIT_NONE);
	if (figure->unit == WEIR_UNIT_SHARE)
		assert_int_equal(figure->type, WEIR_FIGURE_DOUBLE);
}

static void
test_table(void **state)
{
	const struct weir_figure *figure, *other;

	(void)state;
	for (unsigned int noun = 0; noun < WEIR_NOUN_MAX; noun++) {
		assert_non_null(weir_noun_name(noun));
		assert_non_null(weir_figure(noun, 0));
		for (unsigned int i = 0; (figure = weir_figure(noun, i)) != NULL; i++) {
			row_is_fine(noun, figure);
			for (unsigned int j = 0; j < i; j++) {
				other = weir_figure(noun, j);
				assert_string_not_equal(figure->name, other->name);
				assert_int_not_equal(figure->offset, other->offset);
			}
		}
	}
}

/* One member of each type, and one that hangs on a flag. */
struct sample {
	size_t size;
	uint64_t u64;
	int64_t i64;
	uint32_t u32;
	int i32;
	uint16_t u16;
	double real;
	bool flag;
	const char *text;
	char chars[8];
};

static struct weir_figure
sample_figure(enum weir_figure_type type, size_t offset)
{
	return (struct weir_figure){ .name = "sample", .type = type, .offset = offset };
}

static struct weir_value
sample_value(const struct sample *sample, enum weir_figure_type type, size_t offset)
{
	struct weir_figure figure = sample_figure(type, offset);
	struct weir_value value;

	assert_int_equal(weir_figure_value(&figure, sample, &value), 0);
	return value;
}

static void
test_values(void **state)
{
	struct sample s = { sizeof(s), UINT64_MAX, INT64_MIN, UINT32_MAX, INT_MIN, UINT16_MAX, 0.5,
		true, "text", "chars" };
	struct weir_value v;

	(void)state;
	v = sample_value(&s, WEIR_FIGURE_U64, offsetof(struct sample, u64));
	assert_true(v.type == WEIR_VALUE_NUMBER && v.number == UINT64_MAX);
	v = sample_value(&s, WEIR_FIGURE_I64, offsetof(struct sample, i64));
	assert_true(v.type == WEIR_VALUE_INTEGER && v.integer == INT64_MIN);
	v = sample_value(&s, WEIR_FIGURE_U32, offsetof(struct sample, u32));
	assert_true(v.type == WEIR_VALUE_NUMBER && v.number == UINT32_MAX);
	v = sample_value(&s, WEIR_FIGURE_I32, offsetof(struct sample, i32));
	assert_true(v.type == WEIR_VALUE_INTEGER && v.integer == INT_MIN);
	v = sample_value(&s, WEIR_FIGURE_U16, offsetof(struct sample, u16));
	assert_true(v.type == WEIR_VALUE_NUMBER && v.number == UINT16_MAX);
	v = sample_value(&s, WEIR_FIGURE_DOUBLE, offsetof(struct sample, real));
	assert_true(v.type == WEIR_VALUE_REAL && v.real > 0.4 && v.real < 0.6);
	v = sample_value(&s, WEIR_FIGURE_BOOL, offsetof(struct sample, flag));
	assert_true(v.type == WEIR_VALUE_FLAG && v.flag);
	v = sample_value(&s, WEIR_FIGURE_STRING, offsetof(struct sample, text));
	assert_int_equal(v.type, WEIR_VALUE_TEXT);
	assert_string_equal(v.text, "text");
	v = sample_value(&s, WEIR_FIGURE_CHARS, offsetof(struct sample, chars));
	assert_int_equal(v.type, WEIR_VALUE_TEXT);
	assert_string_equal(v.text, "chars");
}

/* Not known, by its flag; or beyond what a caller with an older header has. */
static void
test_unknown(void **state)
{
	struct sample s = { .size = sizeof(s), .u64 = 1, .flag = false };
	struct weir_figure figure = sample_figure(WEIR_FIGURE_U64, offsetof(struct sample, u64));
	struct weir_value value;

	(void)state;
	figure.known = offsetof(struct sample, flag);
	assert_int_equal(weir_figure_value(&figure, &s, &value), -ENODATA);
	s.flag = true;
	assert_int_equal(weir_figure_value(&figure, &s, &value), 0);
	s.size = offsetof(struct sample, flag);
	assert_int_equal(weir_figure_value(&figure, &s, &value), -ENODATA);
	figure.known = 0;
	s.size = offsetof(struct sample, i64);
	assert_int_equal(weir_figure_value(&figure, &s, &value), 0);
	s.size--;
	assert_int_equal(weir_figure_value(&figure, &s, &value), -ENODATA);
}

static void
test_add(void **state)
{
	struct weir_worker_figures sum = WEIR_WORKER_FIGURES_INIT, one = WEIR_WORKER_FIGURES_INIT;

	(void)state;
	sum.node = one.node = "node";
	one.lcore = 3;
	one.index = 2;
	one.in = 5;
	one.held = 7;
	one.busy = 0.25;
	one.key_only = 9;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(weir_figures_add(WEIR_NOUN_WORKER, &sum, &one), 0);
	assert_int_equal(sum.in, 15);
	assert_int_equal(sum.held, 21);
	assert_true(sum.busy > 0.74 && sum.busy < 0.76);
	assert_int_equal(sum.key_only, 27);
	assert_int_equal(sum.lcore, 0);
	assert_int_equal(sum.index, 0);
	/* Neither beyond the one's size nor the sum's. */
	one.size = offsetof(struct weir_worker_figures, key_only);
	weir_figures_add(WEIR_NOUN_WORKER, &sum, &one);
	assert_int_equal(sum.key_only, 27);
	one.size = sizeof(one);
	sum.size = offsetof(struct weir_worker_figures, key_only);
	weir_figures_add(WEIR_NOUN_WORKER, &sum, &one);
	assert_int_equal(sum.key_only, 27);
	assert_int_equal(sum.in, 25);
}

/* The generic reader gives what the ledger's own do. */
static void
test_read(void **state)
{
	struct weir_node_figures node = WEIR_NODE_FIGURES_INIT;
	struct weir_worker_figures worker = WEIR_WORKER_FIGURES_INIT;
	struct weir_engine_figures engine = WEIR_ENGINE_FIGURES_INIT;
	struct rig rig;
	unsigned int workers = 0;

	(void)state;
	rig_make(&rig, "figures", "0", 1000,
		SECTIONS("source gen: type=synth", "stage a: type=t_pass; input=gen; workers=3",
			"stage end: type=t_pass; input=a"));
	rig_wait(&rig, 1000);
	rig_stop(&rig);
	assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_ENGINE, 0, &engine), 0);
	assert_string_equal(engine.pipeline, "figures");
	assert_string_equal(engine.weir, weir_version());
	assert_int_equal(engine.flow_seed, weir_ledger_flow_seed(rig.engine));
	for (unsigned int i = 0; weir_figures_read(rig.engine, WEIR_NOUN_NODE, i, &node) == 0;
		i++) {
		assert_int_equal(node.first, workers);
		for (unsigned int w = 0; w < node.workers; w++) {
			assert_int_equal(weir_figures_read(rig.engine, WEIR_NOUN_WORKER,
						 node.first + w, &worker),
				0);
			assert_string_equal(worker.node, node.name);
			assert_string_equal(worker.type, node.type);
			assert_int_equal(worker.node_index, i);
			assert_int_equal(worker.index, w);
		}
		workers += node.workers;
	}
	assert_int_equal(workers, 5);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_read),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
