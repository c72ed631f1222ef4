/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

/* What is remembered of a node, to tell rates; and the sum over its workers. */
struct node_row {
	const char *name;
	const char *type;
	unsigned int workers;
	uint64_t in;
	uint64_t out;
	uint64_t dropped;
	double busy; /* of its workers together, each 0 to 1; and so on */
	double blocked;
	double sleep;
};

struct port_row {
	uint64_t ipackets;
	uint64_t imissed;
};

struct table {
	struct weir_engine *engine;
	FILE *out;          /* NULL: nothing is shown */
	bool redraws;       /* a terminal: each live table takes the place of the last */
	unsigned int nodes; /* rows of `now` and `was` */
	unsigned int ports; /* rows of `ports_was` */
	struct node_row *now;
	struct node_row *was; /* at the last live table; zeros before the first */
	struct port_row *ports_was;
	double at; /* seconds of the engine at the last live table */
};

/* Figures as a person reads them: 1.25M. */
struct text {
	char buf[24];
};

static struct text
rate_text(uint64_t now, uint64_t was, double seconds)
{
	double rate = seconds > 0 ? (double)(now - was) / seconds : 0;
	struct text text;

	if (rate >= 1e6)
		snprintf(text.buf, sizeof(text.buf), "%.2fM", rate / 1e6);
	else if (rate >= 1e4)
		snprintf(text.buf, sizeof(text.buf), "%.1fk", rate / 1e3);
	else
		snprintf(text.buf, sizeof(text.buf), "%.0f", rate);
	return text;
}

static unsigned int
count_nodes(const struct weir_engine *engine)
{
	struct weir_worker_figures worker = WEIR_WORKER_FIGURES_INIT;
	unsigned int nodes = 0;

	for (unsigned int i = 0; weir_ledger_worker(engine, i, &worker) == 0; i++) {
		if (worker.node_index >= nodes)
			nodes = worker.node_index + 1;
	}
	return nodes;
}

static unsigned int
count_ports(const struct weir_engine *engine)
{
	struct weir_port_figures port = WEIR_PORT_FIGURES_INIT;
	unsigned int ports = 0;

	while (weir_ledger_port(engine, ports, &port) == 0)
		ports++;
	return ports;
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
	if (table->now != NULL && table->was != NULL && table->ports_was != NULL)
		return table;
	table_free(table);
	return NULL;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	free(table->now);
	free(table->was);
	free(table->ports_was);
	free(table);
}

static void
sum_nodes(struct table *table)
{
	struct weir_worker_figures worker = WEIR_WORKER_FIGURES_INIT;

	memset(table->now, 0, table->nodes * sizeof(*table->now));
	for (unsigned int i = 0; weir_ledger_worker(table->engine, i, &worker) == 0; i++) {
		struct node_row *row = &table->now[worker.node_index];

		row->name = worker.node;
		row->type = worker.type;
		row->workers++;
		row->in += worker.in;
		row->out += worker.out;
		row->dropped += worker.dropped;
		row->busy += worker.busy;
		row->blocked += worker.blocked;
		row->sleep += worker.sleep;
	}
}

/* A time of a node's workers together, as their mean. */
static double
share_percent(double sum, const struct node_row *row)
{
	return row->workers > 0 ? 100 * sum / row->workers : 0;
}

static void
show_nodes(const struct table *table, double seconds)
{
	fprintf(table->out, "%-16s %-8s %3s %14s %8s %14s %8s %12s %8s %5s %7s %5s\n", "node",
		"type", "n", "in", "in/s", "out", "out/s", "drops", "drops/s", "busy", "blocked",
		"sleep");
	for (unsigned int i = 0; i < table->nodes; i++) {
		const struct node_row *now = &table->now[i];
		const struct node_row *was = &table->was[i];

		fprintf(table->out,
			"%-16s %-8s %3u %14" PRIu64 " %8s %14" PRIu64 " %8s %12" PRIu64
			" %8s %4.0f%% %6.0f%% %4.0f%%\n",
			now->name, now->type, now->workers, now->in,
			rate_text(now->in, was->in, seconds).buf, now->out,
			rate_text(now->out, was->out, seconds).buf, now->dropped,
			rate_text(now->dropped, was->dropped, seconds).buf,
			share_percent(now->busy, now), share_percent(now->blocked, now),
			share_percent(now->sleep, now));
	}
}

/* How full the fullest ring of a link ever was. */
static double
link_peak(const struct weir_engine *engine, unsigned int link)
{
	struct weir_ring_figures ring = WEIR_RING_FIGURES_INIT;
	double peak = 0;

	for (unsigned int i = 0; weir_ledger_ring(engine, i, &ring) == 0; i++) {
		double share = (double)ring.high_water / ring.capacity;

		if (ring.link == link && share > peak)
			peak = share;
	}
	return peak;
}

static void
show_links(const struct table *table)
{
	struct weir_link_figures link = WEIR_LINK_FIGURES_INIT;
	char name[80];

	for (unsigned int i = 0; weir_ledger_link(table->engine, i, &link) == 0; i++) {
		if (i == 0)
			fprintf(table->out, "%-25s %-12s %6s %8s %6s %6s %12s\n", "link", "on_full",
				"rings", "capacity", "fill", "peak", "drops");
		snprintf(name, sizeof(name), "%s > %s", link.from, link.to);
		fprintf(table->out, "%-25s %-12s ", name, link.on_full);
		if (link.call) {
			fprintf(table->out, "%6s %8s %6s %6s %12" PRIu64 "\n", "call", "", "", "",
				link.dropped);
			continue;
		}
		fprintf(table->out, "%6u %8u %5.0f%% %5.0f%% %12" PRIu64 "\n", link.rings,
			link.capacity, 100.0 * link.count / link.capacity,
			100 * link_peak(table->engine, i), link.dropped);
	}
}

static void
show_ports(const struct table *table, double seconds)
{
	struct weir_port_figures port = WEIR_PORT_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_port(table->engine, i, &port) == 0; i++) {
		struct port_row *was = &table->ports_was[i];

		if (i == 0)
			fprintf(table->out, "%-25s %14s %8s %14s %8s %9s %9s %14s\n", "port", "rx",
				"rx/s", "missed", "missed/s", "errors", "no mbuf", "tx");
		fprintf(table->out, "%-25s %14" PRIu64 " %8s ", port.name, port.ipackets,
			rate_text(port.ipackets, was->ipackets, seconds).buf);
		if (port.reports_missed)
			fprintf(table->out, "%14" PRIu64 " %8s ", port.imissed,
				rate_text(port.imissed, was->imissed, seconds).buf);
		else
			fprintf(table->out, "%23s ", "not reported");
		fprintf(table->out, "%9" PRIu64 " %9" PRIu64 " %14" PRIu64 "%s\n", port.ierrors,
			port.rx_nombuf, port.opackets, port.gone ? "  gone" : "");
		was->ipackets = port.ipackets;
		was->imissed = port.imissed;
	}
}

static void
show_figures(struct table *table, double seconds)
{
	sum_nodes(table);
	show_nodes(table, seconds);
	show_links(table);
	show_ports(table, seconds);
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

	for (unsigned int i = 0; weir_ledger_pool(table->engine, i, &pool) == 0; i++)
		fprintf(table->out, "pool %s: socket %d, %" PRIu32 " mbufs, %" PRIu32 " leaked\n",
			pool.name, pool.socket, pool.mbufs, pool.mbufs - pool.available);
}

static void
show_ledger(const struct table *table)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(table->engine, &ledger);
	fprintf(table->out,
		"ledger  received %" PRIu64 " + created %" PRIu64 " = released %" PRIu64
		" + transmitted %" PRIu64 " + dropped %" PRIu64 " + in_flight %" PRIu64
		"; unaccounted %" PRId64 "\n",
		ledger.received, ledger.created, ledger.released, ledger.transmitted,
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
	memset(table->was, 0, table->nodes * sizeof(*table->was));
	memset(table->ports_was, 0, table->ports * sizeof(*table->ports_was));
	fprintf(table->out, "%s  %.3f s in all\n", weir_engine_name(table->engine), at);
	show_figures(table, at);
	show_drops(table);
	show_malformed(table);
	show_pools(table);
	show_ledger(table);
	fflush(table->out);
}
