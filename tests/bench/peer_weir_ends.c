/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* weir inside an application that has port, pool and both loops: inject, stages of type count, eject. */
#include <stdio.h>

#include <rte_ethdev.h>

#include <weir/weir.h>

#include "bench.h"
#include "peers.h"

static struct {
	struct weir_engine *engine;
	struct weir_inject *inject;
	struct weir_eject *eject;
} ends;

static int
give(void *arg)
{
	struct rte_mbuf *mbufs[RIG_BURST];
	uint16_t n = 0, taken = 0;

	(void)arg;
	/* Of a burst that was not taken whole the rest comes first. */
	while (!rig_stopping() || taken < n) {
		if (taken == n) {
			n = rte_eth_rx_burst(rig.port, 0, mbufs, RIG_BURST);
			rig.sent += n;
			taken = 0;
		}
		taken += weir_inject_packets(ends.inject, mbufs + taken, n - taken);
		weir_worker_poll(ends.engine, LCORE_A);
	}
	rig_end_sources();
	weir_engine_stop_request(ends.engine);
	while (weir_worker_poll(ends.engine, LCORE_A) >= 0)
		;
	return 0;
}

static int
take(void *arg)
{
	struct weir_event *events[RIG_BURST];
	struct rte_mbuf *mbufs[RIG_BURST];

	(void)arg;
	while (!rig_finished()) {
		uint16_t n = weir_eject_events(ends.eject, events, RIG_BURST);

		for (uint16_t i = 0; i < n; i++)
			mbufs[i] = weir_event_mbuf(events[i]);
		rig_handle(&rig.after[0], mbufs, n);
		weir_events_free(events, n);
		if (n > 0)
			__atomic_store_n(&rig.consumed, rig.consumed + n, __ATOMIC_RELEASE);
	}
	return 0;
}

/* From `in` through stages s0, s1 … to the last, which ejects. */
static struct weir_pipeline *
describe(void)
{
	struct weir_error error;
	struct weir_pipeline *pipeline = weir_pipeline_create("bench", &error);
	char from[8] = "in", to[8], section[24];

	if (pipeline == NULL)
		bench_die("%s", error.text);
	weir_set(pipeline, "source in", "type", "inject");
	for (unsigned int s = 0; s <= rig.now.before; s++) {
		snprintf(to, sizeof(to), "s%u", s);
		snprintf(section, sizeof(section), "stage %s", to);
		weir_set(pipeline, section, "type", s == rig.now.before ? "eject" : "count");
		weir_set(pipeline, section, "input", "%s", from);
		snprintf(section, sizeof(section), "link %s %s", from, to);
		weir_set(pipeline, section, "on_full", "block");
		snprintf(from, sizeof(from), "s%u", s);
	}
	if (weir_pipeline_check(pipeline, &error) != 0)
		bench_die("%s", error.text);
	return pipeline;
}

void
weir_ends_run(const void *how, double figures[])
{
	struct weir_pipeline *pipeline = describe();
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	struct weir_plan_conf conf;
	struct weir_error error;
	struct weir_plan *plan;
	char lcore[8], stage[8];

	(void)how;
	weir_plan_conf_init(&conf);
	snprintf(lcore, sizeof(lcore), "%d", LCORE_A);
	snprintf(stage, sizeof(stage), "s%u", rig.now.before);
	conf.lcores = lcore;
	plan = weir_plan_create(pipeline, &conf, &error);
	ends.engine = plan == NULL ? NULL : weir_engine_create(plan, NULL, &error);
	if (ends.engine == NULL ||
		(ends.inject = weir_inject_open(ends.engine, "in", &error)) == NULL ||
		(ends.eject = weir_eject_open(ends.engine, stage, 0, &error)) == NULL)
		bench_die("%s", error.text);
	figures[0] = rig_run(give, take, RIG_RAW, false);
	weir_engine_stop(ends.engine, RIG_END_MS);
	weir_ledger_read(ends.engine, &ledger);
	if (ledger.unaccounted != 0 || ledger.received != ledger.ejected)
		bench_die("not all that came in was ejected");
	weir_engine_destroy(ends.engine);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}
