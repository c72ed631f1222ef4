/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What can be set of a running engine. */
#include <rte_cycles.h>

#include "loop_private.h"

static uint64_t
cycles_of(uint64_t ns)
{
	return (uint64_t)((double)ns * (double)rte_get_tsc_hz() / NS_PER_S);
}

void
link_settings_of(const struct weir_pipeline *pipeline, const struct link_conf *conf,
	struct link_settings *settings)
{
	uint32_t capacity = (uint32_t)conf->ring, burst = (uint32_t)pipeline->conf.burst;
	/* What comes until the policy has acted finds room: a burst above `high`, where it can. */
	uint32_t most = capacity >= 2 * burst ? capacity - burst : capacity;
	uint32_t high = RTE_MAX(RTE_MIN((uint32_t)(conf->high * capacity), most), 2u);
	uint32_t low = (uint32_t)(conf->low * capacity);

	*settings = (struct link_settings){
		.policy = link_policy((enum weir_on_full)conf->on_full),
		.high = high,
		/* What is empty is below it. */
		.low = RTE_MAX(RTE_MIN(low, high - 1), 1u),
		.timeout = cycles_of(conf->block_timeout),
		.deadline = cycles_of(conf->deadline),
		.gap_markers = conf->gap_markers != 0,
		.linger = (uint32_t)conf->linger,
	};
	for (unsigned int i = 0; i < PRIORITIES; i++)
		settings->reserve[i] = (uint32_t)(conf->reserve[i] * capacity);
}

static void
seat_apply(const struct seat *seat, const struct settings *settings, uint64_t since)
{
	void (*set)(struct weir_worker *, void *, const void *) =
		seat->node->source ? seat->node->source_ops->set : seat->node->stage_ops->set;
	const struct weir_pipeline *pipeline = settings->pipeline;
	struct weir_worker *worker = seat->worker;
	struct link_settings link;

	for (uint16_t o = 0; o < worker->output_count; o++)
		for (uint16_t l = 0; l < worker->outputs[o].link_count; l++) {
			struct out_link *out = &worker->outputs[o].links[l];

			if (settings->links[out->id] <= since)
				continue;
			link_settings_of(pipeline, &pipeline->links[out->id].conf, &link);
			out_link_set(worker, out, &link);
		}
	for (uint16_t i = 0; i < worker->input_count; i++) {
		unsigned int id = worker->inputs[i].id;

		if (settings->links[id] <= since)
			continue;
		link_settings_of(pipeline, &pipeline->links[id].conf, &link);
		ring_consumer_set(&worker->inputs[i], &link);
	}
	if (settings->nodes[seat->plan->node] > since && set != NULL)
		set(worker, worker->state, pipeline->nodes[seat->plan->node].type_conf);
}

/* Between two passes: whatever a loop's workers see of it, they see all of it. */
static void
loop_apply(struct loop *loop, const struct settings *settings)
{
	const struct loop_waits *waits = &settings->waits[loop->index];

	for (unsigned int i = 0; i < loop->seat_count; i++)
		seat_apply(loop->seats[i], settings, loop->version);
	/* A worker's gates are also on links of those that it calls, which are in this loop too. */
	for (unsigned int i = 0; i < loop->seat_count; i++)
		worker_settle(loop->seats[i]->worker);
	if (settings->waits_version > loop->version) {
		/* What it armed it disarms. */
		waiter_reset(&loop->idle);
		loop_waits_take(loop, waits);
	}
}

/*
 * Take the newest settings and say so, then look whether they still are the newest: if so, who
 * replaces them after that sees that they are held, and does not free them (see set.c).
 */
static const struct settings *
settings_hold(struct loop *loop)
{
	const struct settings *settings,
		*now = __atomic_load_n(&loop->control->settings, __ATOMIC_ACQUIRE);

	do {
		settings = now;
		__atomic_store_n(&loop->holds, settings, __ATOMIC_SEQ_CST);
		now = __atomic_load_n(&loop->control->settings, __ATOMIC_SEQ_CST);
	} while (now != settings);
	return settings;
}

void
loop_settings(struct loop *loop)
{
	const struct settings *settings;

	/* Not by the address: that of freed settings may come again. */
	if (likely(__atomic_load_n(&loop->control->version, __ATOMIC_ACQUIRE) <= loop->version))
		return;
	settings = settings_hold(loop);
	loop_apply(loop, settings);
	__atomic_store_n(&loop->version, settings->version, __ATOMIC_RELEASE);
	__atomic_store_n(&loop->holds, NULL, __ATOMIC_RELEASE);
}
