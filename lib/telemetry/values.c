/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Reading and adding up figures by their rows. */
#include <errno.h>
#include <string.h>

#include <weir/figures.h>

/* Bytes of a value by its type; of a text in the struct itself its end is there, too. */
static size_t
type_size(enum weir_figure_type type)
{
	switch (type) {
	case WEIR_FIGURE_U64:
	case WEIR_FIGURE_I64:
		return sizeof(uint64_t);
	case WEIR_FIGURE_U32:
	case WEIR_FIGURE_I32:
		return sizeof(uint32_t);
	case WEIR_FIGURE_U16:
		return sizeof(uint16_t);
	case WEIR_FIGURE_DOUBLE:
		return sizeof(double);
	case WEIR_FIGURE_BOOL:
		return sizeof(bool);
	case WEIR_FIGURE_STRING:
		return sizeof(const char *);
	case WEIR_FIGURE_CHARS:
		return 1;
	}
	return 0;
}

static bool
has_room(const void *figures, size_t offset, size_t bytes)
{
	return offset + bytes <= *(const size_t *)figures;
}

static bool
is_known(const struct weir_figure *figure, const char *figures)
{
	return figure->known == 0 ||
		(has_room(figures, figure->known, sizeof(bool)) &&
			*(const bool *)(figures + figure->known));
}

static struct weir_value
number_of(uint64_t number)
{
	return (struct weir_value){ .type = WEIR_VALUE_NUMBER, .number = number };
}

static struct weir_value
integer_of(int64_t integer)
{
	return (struct weir_value){ .type = WEIR_VALUE_INTEGER, .integer = integer };
}

static struct weir_value
text_of(const char *text)
{
	return (struct weir_value){ .type = WEIR_VALUE_TEXT, .text = text };
}

static struct weir_value
value_at(enum weir_figure_type type, const void *at)
{
	switch (type) {
	case WEIR_FIGURE_U64:
		return number_of(*(const uint64_t *)at);
	case WEIR_FIGURE_U32:
		return number_of(*(const uint32_t *)at);
	case WEIR_FIGURE_U16:
		return number_of(*(const uint16_t *)at);
	case WEIR_FIGURE_I64:
		return integer_of(*(const int64_t *)at);
	case WEIR_FIGURE_I32:
		return integer_of(*(const int *)at);
	case WEIR_FIGURE_DOUBLE:
		return (struct weir_value){ .type = WEIR_VALUE_REAL, .real = *(const double *)at };
	case WEIR_FIGURE_BOOL:
		return (struct weir_value){ .type = WEIR_VALUE_FLAG, .flag = *(const bool *)at };
	case WEIR_FIGURE_STRING:
		return text_of(*(const char *const *)at);
	case WEIR_FIGURE_CHARS:
		return text_of(at);
	}
	return text_of("");
}

int
weir_figure_value(const struct weir_figure *figure, const void *figures, struct weir_value *value)
{
	if (figure == NULL || figures == NULL || value == NULL)
		return -EINVAL;
	if (!has_room(figures, figure->offset, type_size(figure->type)) ||
		!is_known(figure, figures))
		return -ENODATA;
	*value = value_at(figure->type, (const char *)figures + figure->offset);
	return 0;
}

static void
add_at(enum weir_figure_type type, void *sum, const void *at)
{
	switch (type) {
	case WEIR_FIGURE_U64:
		*(uint64_t *)sum += *(const uint64_t *)at;
		break;
	case WEIR_FIGURE_I64:
		*(int64_t *)sum += *(const int64_t *)at;
		break;
	case WEIR_FIGURE_U32:
		*(uint32_t *)sum += *(const uint32_t *)at;
		break;
	case WEIR_FIGURE_DOUBLE:
		*(double *)sum += *(const double *)at;
		break;
	default:
		break;
	}
}

int
weir_figures_add(unsigned int noun, void *sum, const void *figures)
{
	const struct weir_figure *figure;

	if (noun >= WEIR_NOUN_MAX)
		return -ENOENT;
	if (sum == NULL || figures == NULL)
		return -EINVAL;
	for (unsigned int i = 0; (figure = weir_figure(noun, i)) != NULL; i++) {
		size_t bytes = type_size(figure->type);
		bool adds =
			figure->kind == WEIR_FIGURE_COUNTER || figure->kind == WEIR_FIGURE_GAUGE;

		if (adds && has_room(sum, figure->offset, bytes) &&
			has_room(figures, figure->offset, bytes))
			add_at(figure->type, (char *)sum + figure->offset,
				(const char *)figures + figure->offset);
	}
	return 0;
}

int
weir_figures_read(const struct weir_engine *engine, unsigned int noun, unsigned int i,
	void *figures)
{
	if (noun < WEIR_NOUN_MAX && engine == NULL)
		return -EINVAL;
	switch (noun) {
	case WEIR_NOUN_ENGINE:
		return i == 0 ? weir_ledger_engine(engine, figures) : -ENOENT;
	case WEIR_NOUN_LEDGER:
		return i == 0 ? weir_ledger_read(engine, figures) : -ENOENT;
	case WEIR_NOUN_NODE:
		return weir_ledger_node(engine, i, figures);
	case WEIR_NOUN_WORKER:
		return weir_ledger_worker(engine, i, figures);
	case WEIR_NOUN_LATENCY:
		return weir_ledger_latency(engine, i / WEIR_LATENCY_MAX,
			(enum weir_latency)(i % WEIR_LATENCY_MAX), figures);
	case WEIR_NOUN_LINK:
		return weir_ledger_link(engine, i, figures);
	case WEIR_NOUN_RING:
		return weir_ledger_ring(engine, i, figures);
	case WEIR_NOUN_PORT:
		return weir_ledger_port(engine, i, figures);
	case WEIR_NOUN_POOL:
		return weir_ledger_pool(engine, i, figures);
	case WEIR_NOUN_LCORE:
		return weir_ledger_lcore(engine, i, figures);
	case WEIR_NOUN_WATCH:
		return i == 0 ? weir_ledger_watch(engine, figures) : -ENOENT;
	case WEIR_NOUN_QUEUE:
		return weir_ledger_queue(engine, i, figures);
	case WEIR_NOUN_FLOW:
		return weir_ledger_flows(engine, i, figures);
	case WEIR_NOUN_END:
		return weir_ledger_end(engine, i, figures);
	case WEIR_NOUN_MEMORY:
		return weir_ledger_memory(engine, i, figures);
	}
	return -ENOENT;
}
