/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_common.h>

#include "app.h"
#include "columns.h"

/* A node, and the sum of its workers' figures. */
struct node_row {
	struct weir_node_figures node;
	struct weir_worker_figures sum;
};

struct table {
	struct weir_engine *engine;
	FILE *out;          /* NULL: nothing is shown */
	bool redraws;       /* a terminal: each live table takes the place of the last */
	unsigned int nodes; /* rows of `now` and `was` */
	unsigned int ports; /* rows of `ports_was` */
	struct node_row *now;
	struct node_row *was; /* at the last live table; zeros before the first */
	struct weir_port_figures *ports_was;
	unsigned int flows; /* rows of `flows_was` */
	struct weir_flow_figures *flows_was;
	double at; /* seconds of the engine at the last live table */
};

static const struct column node_columns[] = {
	{ "type", WEIR_NOUN_NODE, "type", -8, false, NULL },
	{ "n", WEIR_NOUN_NODE, "workers", 3, false, NULL },
	{ "in", WEIR_NOUN_WORKER, "in", 14, true, NULL },
	{ "out", WEIR_NOUN_WORKER, "out", 14, true, NULL },
	{ "drops", WEIR_NOUN_WORKER, "dropped", 12, true, NULL },
	{ "busy", WEIR_NOUN_WORKER, "busy", 5, false, NULL },
	{ "blocked", WEIR_NOUN_WORKER, "blocked", 7, false, NULL },
	{ "sleep", WEIR_NOUN_WORKER, "sleep", 5, false, NULL },
};
static const struct columns nodes = { "node", 16, node_columns, RTE_DIM(node_columns) };

static const struct column link_columns[] = {
	{ "on_full", WEIR_NOUN_LINK, "on_full", -12, false, NULL },
	{ "rings", WEIR_NOUN_LINK, "rings", 6, false, "call" },
	{ "capacity", WEIR_NOUN_LINK, "capacity", 8, false, "" },
	{ "fill", WEIR_NOUN_LINK, "fill", 6, false, "" },
	{ "peak", WEIR_NOUN_LINK, "peak", 6, false, "" },
	{ "drops", WEIR_NOUN_LINK, "dropped", 12, false, NULL },
};
static const struct columns links = { "link", 25, link_columns, RTE_DIM(link_columns) };

static const struct column port_columns[] = {
	{ "rx", WEIR_NOUN_PORT, "ipackets", 14, true, NULL },
	{ "missed", WEIR_NOUN_PORT, "imissed", 14, true, NULL },
	{ "errors", WEIR_NOUN_PORT, "ierrors", 9, false, NULL },
	{ "no mbuf", WEIR_NOUN_PORT, "rx_nombuf", 9, false, NULL },
	{ "tx", WEIR_NOUN_PORT, "opackets", 14, false, NULL },
	{ "link", WEIR_NOUN_PORT, "link", 5, false, NULL },
};
static const struct columns ports = { "port", 25, port_columns, RTE_DIM(port_columns) };

static const struct column flow_columns[] = {
	{ "now", WEIR_NOUN_FLOW, "flows", 10, false, NULL },
	{ "load", WEIR_NOUN_FLOW, "load", 5, false, NULL },
	{ "new", WEIR_NOUN_FLOW, "created", 12, true, NULL },
	{ "idle", WEIR_NOUN_FLOW, "ended_idle", 10, false, NULL },
	{ "fin", WEIR_NOUN_FLOW, "ended_fin", 10, false, NULL },
	{ "rst", WEIR_NOUN_FLOW, "ended_rst", 10, false, NULL },
	{ "evicted", WEIR_NOUN_FLOW, "ended_evicted", 10, false, NULL },
	{ "refused", WEIR_NOUN_FLOW, "refused", 10, false, NULL },
	{ "late ns", WEIR_NOUN_FLOW, "late_ns", 10, false, NULL },
};
static const struct columns flows = { "flows", 16, flow_columns, RTE_DIM(flow_columns) };

static unsigned int
count_nodes(const struct weir_engine *engine)
{
	struct weir_node_figures node = WEIR_NODE_FIGURES_INIT;
	unsigned int count = 0;

	while (weir_ledger_node(engine, count, &node) == 0)
		count++;
	return count;
}

static unsigned int
count_ports(const struct weir_engine *engine)
{
	struct weir_port_figures port = WEIR_PORT_FIGURES_INIT;
	unsigned int count = 0;

	while (weir_ledger_port(engine, count, &port) == 0)
		count++;
	return count;
}

static unsigned int
count_flows(const struct weir_engine *engine)
{
	struct weir_flow_figures flow = WEIR_FLOW_FIGURES_INIT;
	unsigned int count = 0;

	while (weir_ledger_flows(engine, count, &flow) == 0)
		count++;
	return count;
}

/* Nothing was shown before. */
static void
forget(struct table *table)
{
	for (unsigned int i = 0; i < table->nodes; i++)
		table->was[i].sum = WEIR_WORKER_FIGURES_INIT;
	for (unsigned int i = 0; i < table->ports; i++)
		table->ports_was[i] = WEIR_PORT_FIGURES_INIT;
	for (unsigned int i = 0; i < table->flows; i++)
		table->flows_was[i] = WEIR_FLOW_FIGURES_INIT;
}

struct table *
table_create(struct weir_engine *engine, FILE *out)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->engine = engine;
	table->out = out;
	table->redraws = out != NULL && isatty(fileno(out));
	table->nodes = count_nodes(engine);
	table->ports = count_ports(engine);
	table->now = calloc(table->nodes + 1, sizeof(*table->now));
	table->was = calloc(table->nodes + 1, sizeof(*table->was));
	table->ports_was = calloc(table->ports + 1, sizeof(*table->ports_was));
	table->flows = count_flows(engine);
	table->flows_was = calloc(table->flows + 1, sizeof(*table->flows_was));
	if (table->now == NULL || table->was == NULL || table->ports_was == NULL ||
		table->flows_was == NULL) {
		table_free(table);
		return NULL;
	}
	forget(table);
	return table;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	free(table->now);
	free(table->was);
	free(table->ports_was);
	free(table->flows_was);
	free(table);
}

static void
sum_nodes(struct table *table)
{
	struct weir_worker_figures worker = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; i < table->nodes; i++) {
		struct node_row *row = &table->now[i];

		row->node = WEIR_NODE_FIGURES_INIT;
		row->sum = WEIR_WORKER_FIGURES_INIT;
		weir_ledger_node(table->engine, i, &row->node);
		for (unsigned int w = 0; w < row->node.workers; w++)
			if (weir_ledger_worker(table->engine, row->node.first + w, &worker) == 0)
				weir_figures_add(WEIR_NOUN_WORKER, &row->sum, &worker);
	}
}

static void
show_nodes(const struct table *table, double seconds)
{
	columns_headings(&nodes, table->out);
	for (unsigned int i = 0; i < table->nodes; i++) {
		const struct node_row *now = &table->now[i];
		const struct row row = {
			.title = now->node.name,
			.now = { [WEIR_NOUN_NODE] = &now->node, [WEIR_NOUN_WORKER] = &now->sum },
			.was = { [WEIR_NOUN_WORKER] = &table->was[i].sum },
			.seconds = seconds,
			.workers = now->node.workers,
		};

		columns_row(&nodes, &row, table->out);
		fputc('\n', table->out);
	}
	for (unsigned int i = 0; i < table->nodes; i++)
		if (table->now[i].node.progresses)
			fprintf(table->out, "%s has read %.1f%% of its files\n",
				table->now[i].node.name, 100 * table->now[i].node.progress);
}

static void
show_links(const struct table *table)
{
	struct weir_link_figures link = WEIR_LINK_FIGURES_INIT;
	char title[80];

	for (unsigned int i = 0; weir_ledger_link(table->engine, i, &link) == 0; i++) {
		const struct row row = {
			.title = title,
			.now = { [WEIR_NOUN_LINK] = &link },
			.call = link.call,
		};

		if (i == 0)
			columns_headings(&links, table->out);
		snprintf(title, sizeof(title), "%s > %s", link.from, link.to);
		columns_row(&links, &row, table->out);
		fputc('\n', table->out);
	}
}

static void
show_ports(const struct table *table, double seconds)
{
	struct weir_port_figures port = WEIR_PORT_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_port(table->engine, i, &port) == 0; i++) {
		const struct row row = {
			.title = port.name,
			.now = { [WEIR_NOUN_PORT] = &port },
			.was = { [WEIR_NOUN_PORT] = &table->ports_was[i] },
			.seconds = seconds,
		};

		if (i == 0)
			columns_headings(&ports, table->out);
		columns_row(&ports, &row, table->out);
		fputs(port.gone ? "  gone\n" : "\n", table->out);
		table->ports_was[i] = port;
	}
}

static void
show_flows(struct table *table, double seconds)
{
	struct weir_flow_figures flow = WEIR_FLOW_FIGURES_INIT;
	char title[80];

	for (unsigned int i = 0; weir_ledger_flows(table->engine, i, &flow) == 0; i++) {
		const struct row row = {
			.title = title,
			.now = { [WEIR_NOUN_FLOW] = &flow },
			.was = { [WEIR_NOUN_FLOW] = &table->flows_was[i] },
			.seconds = seconds,
		};

		if (i == 0)
			columns_headings(&flows, table->out);
		snprintf(title, sizeof(title), "%s[%u]", flow.node, flow.worker);
		columns_row(&flows, &row, table->out);
		fputc('\n', table->out);
		table->flows_was[i] = flow;
	}
}

static void
show_figures(struct table *table, double seconds)
{
	sum_nodes(table);
	show_nodes(table, seconds);
	show_links(table);
	show_ports(table, seconds);
	show_flows(table, seconds);
}

static void
show_drops(const struct table *table)
{
	const char *reason;
	uint64_t count;

	for (unsigned int i = 0; weir_ledger_drop(table->engine, i, &reason, &count) == 0; i++) {
		if (count != 0)
			fprintf(table->out, "dropped as %-14s %14" PRIu64 "\n", reason, count);
	}
}

static void
show_malformed(const struct table *table)
{
	uint64_t verdicts[WEIR_VERDICT_MAX] = { 0 };
	struct weir_worker_figures worker = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_worker(table->engine, i, &worker) == 0; i++) {
		for (unsigned int j = 0; j < WEIR_VERDICT_MAX; j++)
			verdicts[j] += worker.verdicts[j];
	}
	for (unsigned int j = WEIR_VERDICT_OK + 1; j < WEIR_VERDICT_MAX; j++) {
		if (verdicts[j] != 0)
			fprintf(table->out, "malformed: %-14s %14" PRIu64 "\n",
				weir_verdict_name(j), verdicts[j]);
	}
}

static void
show_pools(const struct table *table)
{
	struct weir_pool_figures pool = WEIR_POOL_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_pool(table->engine, i, &pool) == 0; i++) {
		fprintf(table->out, "pool %s: socket %d, %" PRIu32 " mbufs, ", pool.name,
			pool.socket, pool.mbufs);
		if (pool.kept > 0)
			fprintf(table->out, "%" PRIu32 " kept by drivers, ", pool.kept);
		if (pool.lent > 0)
			fprintf(table->out, "%" PRIu64 " lent, ", pool.lent);
		fprintf(table->out, "%" PRIu32 " leaked\n", pool.leaked);
	}
}

/* What the ledger cannot have: it was lost before it came in. */
static void
show_lost(const struct table *table)
{
	struct weir_port_figures port = WEIR_PORT_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_port(table->engine, i, &port) == 0; i++)
		if (port.imissed + port.ierrors + port.rx_nombuf + port.left > 0)
			fprintf(table->out,
				"lost before weir: port %s: %" PRIu64 " imissed, %" PRIu64
				" ierrors, %" PRIu64 " rx_nombuf, %" PRIu64 " left\n",
				port.name, port.imissed, port.ierrors, port.rx_nombuf, port.left);
}

static void
show_ledger(const struct table *table)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(table->engine, &ledger);
	fprintf(table->out,
		"ledger  received %" PRIu64 " + created %" PRIu64 " = released %" PRIu64
		" + transmitted %" PRIu64,
		ledger.received, ledger.created, ledger.released, ledger.transmitted);
	/* Only by a stage type that was loaded: the command itself takes nothing. */
	if (ledger.ejected > 0)
		fprintf(table->out, " + ejected %" PRIu64, ledger.ejected);
	fprintf(table->out,
		" + dropped %" PRIu64 " + in_flight %" PRIu64 "; unaccounted %" PRId64 "\n",
		ledger.dropped, ledger.in_flight, ledger.unaccounted);
}

void
table_live(struct table *table)
{
	double at = weir_engine_elapsed(table->engine);
	struct node_row *spare;

	if (table->out == NULL)
		return;
	if (table->redraws)
		fputs("\033[H\033[J", table->out);
	fprintf(table->out, "%s  %.1f s\n", weir_engine_name(table->engine), at);
	show_figures(table, at - table->at);
	fputc('\n', table->out);
	fflush(table->out);
	spare = table->was;
	table->was = table->now;
	table->now = spare;
	table->at = at;
}

void
table_summary(struct table *table)
{
	double at = weir_engine_elapsed(table->engine);

	if (table->out == NULL)
		return;
	/* Rates over the whole run. */
	forget(table);
	fprintf(table->out, "%s  %.3f s in all\n", weir_engine_name(table->engine), at);
	show_figures(table, at);
	show_drops(table);
	show_malformed(table);
	show_pools(table);
	show_lost(table);
	show_ledger(table);
	fflush(table->out);
}
