/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* All figures as one JSON document. */
#include <stdlib.h>

#include <jansson.h>

#include <rte_errno.h>
#include <rte_version.h>

#include <weir/version.h>

#include "telemetry.h"

/* Digits of a real number that matter. */
#define REAL_DIGITS 6

static json_t *
report_ledger(const struct weir_engine *engine)
{
	struct weir_ledger l = WEIR_LEDGER_INIT;

	weir_ledger_read(engine, &l);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "received", (json_int_t)l.received,
		"created", (json_int_t)l.created, "released", (json_int_t)l.released, "transmitted",
		(json_int_t)l.transmitted, "dropped", (json_int_t)l.dropped, "in_flight",
		(json_int_t)l.in_flight, "unaccounted", (json_int_t)l.unaccounted);
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
		json_object_set_new(drops, reason, json_integer((json_int_t)count));
	}
	return drops;
}

static json_t *
report_ports(const struct weir_engine *engine)
{
	json_t *ports = json_array();
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_port(engine, i, &p) == 0; i++) {
		json_t *missed = p.reports_missed ? json_integer((json_int_t)p.imissed) :
						    json_string("not reported by this driver");

		json_array_append_new(ports,
			json_pack("{s:s, s:i, s:I, s:o, s:I, s:I, s:b}", "name", p.name, "socket",
				p.socket, "ipackets", (json_int_t)p.ipackets, "imissed", missed,
				"ierrors", (json_int_t)p.ierrors, "rx_nombuf",
				(json_int_t)p.rx_nombuf, "gone", p.gone));
	}
	return ports;
}

static json_t *
report_parse(const struct weir_engine *engine)
{
	uint64_t sums[WEIR_VERDICT_MAX] = { 0 };
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	json_t *parse = json_object();

	for (unsigned int i = 0; weir_ledger_worker(engine, i, &w) == 0; i++)
		for (unsigned int v = 0; v < WEIR_VERDICT_MAX; v++)
			sums[v] += w.verdicts[v];
	for (unsigned int v = 0; v < WEIR_VERDICT_MAX; v++)
		json_object_set_new(parse, weir_verdict_name(v), json_integer((json_int_t)sums[v]));
	return parse;
}

/* For a stage's worker, how long things take there. */
static void
report_latency(const struct weir_engine *engine, unsigned int i, json_t *worker)
{
	json_t *latency = json_object();
	struct weir_latency_figures l = WEIR_LATENCY_FIGURES_INIT;

	for (unsigned int k = 0; weir_ledger_latency(engine, i, (enum weir_latency)k, &l) == 0; k++)
		json_object_set_new(latency, weir_latency_name(k),
			json_pack("{s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t)l.count,
				"p50_ns", (json_int_t)l.p50, "p99_ns", (json_int_t)l.p99, "p999_ns",
				(json_int_t)l.p999, "max_ns", (json_int_t)l.max));
	json_object_set_new(worker, "latency", latency);
}

static json_t *
report_worker(const struct weir_worker_figures *w)
{
	return json_pack(
		"{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I}",
		"lcore", (int)w->lcore, "socket", w->socket, "in", (json_int_t)w->in, "out",
		(json_int_t)w->out, "created", (json_int_t)w->created, "released",
		(json_int_t)w->released, "dropped", (json_int_t)w->dropped, "held",
		(json_int_t)w->held, "busy", w->busy, "others", w->others, "idle", w->idle, "spin",
		w->spin, "blocked", w->blocked, "sleep", w->sleep, "pressures",
		(json_int_t)w->pressures, "key_only", (json_int_t)w->key_only);
}

static json_t *
report_nodes(const struct weir_engine *engine)
{
	json_t *nodes = json_array(), *workers = NULL;
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_worker(engine, i, &w) == 0; i++) {
		if (w.index == 0) {
			workers = json_array();
			json_array_append_new(nodes,
				json_pack("{s:s, s:s, s:o}", "name", w.node, "type", w.type,
					"workers", workers));
		}
		json_array_append_new(workers, report_worker(&w));
		report_latency(engine, i, json_array_get(workers, w.index));
	}
	return nodes;
}

static json_t *
report_rings(const struct weir_engine *engine, unsigned int link)
{
	json_t *rings = json_array();
	struct weir_ring_figures r = WEIR_RING_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_ring(engine, i, &r) == 0; i++) {
		if (r.link != link)
			continue;
		json_array_append_new(rings,
			json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:i, s:I, s:I}",
				"producer", (int)r.producer, "consumer", (int)r.consumer, "socket",
				r.socket, "capacity", (int)r.capacity, "enqueued",
				(json_int_t)r.enqueued, "dequeued", (json_int_t)r.dequeued,
				"dropped", (json_int_t)r.dropped, "dropped_inside",
				(json_int_t)r.dropped_inside, "high_water", (int)r.high_water,
				"level", (json_int_t)r.level, "level_most",
				(json_int_t)r.level_most));
	}
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
			json_object_set_new(drops, reason, json_integer((json_int_t)count));
	return drops;
}

static json_t *
report_links(const struct weir_engine *engine)
{
	json_t *links = json_array();
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_link(engine, i, &l) == 0; i++)
		json_array_append_new(links,
			json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "from", l.from, "to", l.to,
				"kind", l.call ? "call" : "ring", "on_full", l.on_full, "rings",
				report_rings(engine, i), "drops", report_link_drops(engine, i)));
	return links;
}

static json_t *
report_lcores(const struct weir_engine *engine)
{
	json_t *lcores = json_array();
	struct weir_lcore_figures l = WEIR_LCORE_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_lcore(engine, i, &l) == 0; i++)
		json_array_append_new(lcores,
			json_pack("{s:i, s:b, s:I, s:I, s:I, s:I}", "lcore", (int)l.lcore, "shared",
				l.shared, "passes", (json_int_t)l.passes, "switches",
				(json_int_t)l.switches, "waited_ns", (json_int_t)l.waited_ns,
				"stolen_ns", (json_int_t)l.stolen_ns));
	return lcores;
}

static json_t *
report_watch(const struct weir_engine *engine)
{
	struct weir_watch_figures w = WEIR_WATCH_FIGURES_INIT;

	weir_ledger_watch(engine, &w);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "stuck_workers", (json_int_t)w.stuck_workers,
		"stuck_lcores", (json_int_t)w.stuck_lcores, "all_blocked",
		(json_int_t)w.all_blocked, "preempted", (json_int_t)w.preempted, "stolen",
		(json_int_t)w.stolen);
}

/* What is missing from a pool at rest is leaked; while the engine runs nobody can tell. */
static json_t *
report_pools(const struct weir_engine *engine)
{
	json_t *pools = json_array();
	struct weir_pool_figures p = WEIR_POOL_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_pool(engine, i, &p) == 0; i++)
		json_array_append_new(pools,
			json_pack("{s:s, s:i, s:i, s:i}", "name", p.name, "socket", p.socket,
				"size", (int)p.mbufs, "leaked",
				engine->stopped ? (int)(p.mbufs - p.available) : 0));
	return pools;
}

char *
weir_report(const struct weir_engine *engine)
{
	json_t *report =
		json_pack("{s:s, s:s, s:s, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}",
			"weir", weir_version(), "dpdk", rte_version() + sizeof("DPDK"), "pipeline",
			weir_engine_name(engine), "elapsed_s", weir_engine_elapsed(engine),
			"ledger", report_ledger(engine), "drops", report_drops(engine), "ports",
			report_ports(engine), "parse", report_parse(engine), "nodes",
			report_nodes(engine), "links", report_links(engine), "pools",
			report_pools(engine), "lcores", report_lcores(engine), "watch",
			report_watch(engine), "flow_seed",
			(json_int_t)weir_ledger_flow_seed(engine));
	char *text = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));

	json_decref(report);
	if (text == NULL)
		rte_errno = ENOMEM;
	return text;
}
