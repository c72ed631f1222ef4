/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * All figures as one JSON document, as the table has them.
 *
 * What cannot be allocated is NULL, and so is all that it would be a part of: a document is whole, or
 * there is none.
 */
#include <stdlib.h>

#include <jansson.h>

#include <rte_errno.h>

#include "telemetry_private.h"

/* Digits of a real number that matter. */
#define REAL_DIGITS 6

/* Put a value into an object, which takes it over. NULL, with all freed, where either is. */
static json_t *
put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *
append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) == 0)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *
value_json(const struct weir_value *value)
{
	switch (value->type) {
	case WEIR_VALUE_NUMBER:
		return json_integer((json_int_t)value->number);
	case WEIR_VALUE_INTEGER:
		return json_integer((json_int_t)value->integer);
	case WEIR_VALUE_REAL:
		return json_real(value->real);
	case WEIR_VALUE_FLAG:
		return json_boolean(value->flag);
	case WEIR_VALUE_TEXT:
		return json_string(value->text);
	}
	return NULL;
}

/* Whether a figure stands in an object of its noun's: not where the object's place says it. */
static bool
is_inside(const struct weir_figure *figure)
{
	return figure->kind != WEIR_FIGURE_LABEL && figure->kind != WEIR_FIGURE_LENGTH;
}

/* The figures of one of a noun. */
static json_t *
report_one(unsigned int noun, const union figures *figures)
{
	json_t *one = json_object();
	const struct weir_figure *figure;
	struct weir_value value;

	for (unsigned int i = 0; (figure = weir_figure(noun, i)) != NULL; i++) {
		if (!is_inside(figure))
			continue;
		if (weir_figure_value(figure, figures, &value) == 0)
			one = put(one, figure->name, value_json(&value));
		else
			one = put(one, figure->name, json_string(figure->unknown));
	}
	return one;
}

static json_t *
report_noun(const struct weir_engine *engine, unsigned int noun)
{
	union figures figures = FIGURES_INIT;

	weir_figures_read(engine, noun, 0, &figures);
	return report_one(noun, &figures);
}

/* All of a noun. */
static json_t *
report_list(const struct weir_engine *engine, unsigned int noun)
{
	union figures figures = FIGURES_INIT;
	json_t *list = json_array();

	for (unsigned int i = 0; weir_figures_read(engine, noun, i, &figures) == 0; i++)
		list = append(list, report_one(noun, &figures));
	return list;
}

static json_t *
report_drops(const struct weir_engine *engine)
{
	json_t *drops = json_object();
	const char *reason;
	uint64_t count;

	for (unsigned int i = 0; weir_ledger_drop(engine, i, &reason, &count) == 0; i++) {
		json_t *have = json_object_get(drops, reason);

		/* Two stage types may have a reason of one name. */
		count += have != NULL ? (uint64_t)json_integer_value(have) : 0;
		drops = put(drops, reason, json_integer((json_int_t)count));
	}
	return drops;
}

static json_t *
report_parse(const struct weir_engine *engine)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	uint64_t sums[WEIR_VERDICT_MAX] = { 0 };
	json_t *parse = json_object();

	for (unsigned int i = 0; weir_ledger_worker(engine, i, &w) == 0; i++)
		for (unsigned int v = 0; v < WEIR_VERDICT_MAX; v++)
			sums[v] += w.verdicts[v];
	for (unsigned int v = 0; v < WEIR_VERDICT_MAX; v++)
		parse = put(parse, weir_verdict_name(v), json_integer((json_int_t)sums[v]));
	return parse;
}

/* How long things take at worker i; empty of a source's. */
static json_t *
report_latency(const struct weir_engine *engine, unsigned int i)
{
	union figures figures = FIGURES_INIT;
	json_t *latency = json_object();

	for (unsigned int k = 0; k < WEIR_LATENCY_MAX; k++)
		if (weir_figures_read(engine, WEIR_NOUN_LATENCY, i * WEIR_LATENCY_MAX + k,
			    &figures) == 0)
			latency = put(latency, weir_latency_name(k),
				report_one(WEIR_NOUN_LATENCY, &figures));
	return latency;
}

static json_t *
report_workers(const struct weir_engine *engine, const struct weir_node_figures *node)
{
	union figures figures = FIGURES_INIT;
	json_t *workers = json_array();

	for (unsigned int i = node->first; i < node->first + node->workers; i++) {
		weir_figures_read(engine, WEIR_NOUN_WORKER, i, &figures);
		workers = append(workers,
			put(report_one(WEIR_NOUN_WORKER, &figures), "latency",
				report_latency(engine, i)));
	}
	return workers;
}

static json_t *
report_nodes(const struct weir_engine *engine)
{
	union figures figures = FIGURES_INIT;
	json_t *nodes = json_array();

	for (unsigned int i = 0; weir_figures_read(engine, WEIR_NOUN_NODE, i, &figures) == 0; i++)
		nodes = append(nodes,
			put(report_one(WEIR_NOUN_NODE, &figures), "workers",
				report_workers(engine, &figures.node)));
	return nodes;
}

static json_t *
report_rings(const struct weir_engine *engine, unsigned int link)
{
	union figures figures = FIGURES_INIT;
	json_t *rings = json_array();

	for (unsigned int i = 0; weir_figures_read(engine, WEIR_NOUN_RING, i, &figures) == 0; i++)
		if (figures.ring.link == link)
			rings = append(rings, report_one(WEIR_NOUN_RING, &figures));
	return rings;
}

static json_t *
report_link_drops(const struct weir_engine *engine, unsigned int link)
{
	json_t *drops = json_object();
	const char *reason;
	uint64_t count;

	for (unsigned int i = 0; weir_ledger_link_drop(engine, link, i, &reason, &count) == 0; i++)
		if (count > 0)
			drops = put(drops, reason, json_integer((json_int_t)count));
	return drops;
}

static json_t *
report_links(const struct weir_engine *engine)
{
	union figures figures = FIGURES_INIT;
	json_t *links = json_array();

	for (unsigned int i = 0; weir_figures_read(engine, WEIR_NOUN_LINK, i, &figures) == 0; i++) {
		json_t *link = report_one(WEIR_NOUN_LINK, &figures);

		link = put(link, "rings", report_rings(engine, i));
		links = append(links, put(link, "drops", report_link_drops(engine, i)));
	}
	return links;
}

static json_t *
report_engine(const struct weir_engine *engine)
{
	json_t *report = report_noun(engine, WEIR_NOUN_ENGINE);

	report = put(report, "ledger", report_noun(engine, WEIR_NOUN_LEDGER));
	report = put(report, "drops", report_drops(engine));
	report = put(report, "ports", report_list(engine, WEIR_NOUN_PORT));
	report = put(report, "queues", report_list(engine, WEIR_NOUN_QUEUE));
	report = put(report, "parse", report_parse(engine));
	report = put(report, "nodes", report_nodes(engine));
	report = put(report, "links", report_links(engine));
	report = put(report, "ends", report_list(engine, WEIR_NOUN_END));
	report = put(report, "pools", report_list(engine, WEIR_NOUN_POOL));
	report = put(report, "flows", report_list(engine, WEIR_NOUN_FLOW));
	report = put(report, "lcores", report_list(engine, WEIR_NOUN_LCORE));
	report = put(report, "memory", report_list(engine, WEIR_NOUN_MEMORY));
	return put(report, "watch", report_noun(engine, WEIR_NOUN_WATCH));
}

char *
weir_report(const struct weir_engine *engine)
{
	json_t *report;
	char *text;

	if (engine == NULL) {
		rte_errno = EINVAL;
		return NULL;
	}
	report = report_engine(engine);
	text = report == NULL ?
		NULL :
		json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
	json_decref(report);
	if (text == NULL)
		rte_errno = ENOMEM;
	return text;
}
