/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Reading the figures, from any thread, without stopping anything. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_version.h>

#include <weir/version.h>

#include "flow/flow.h"
#include "watch_private.h"

static_assert(WEIR_FROM_SIZE == LINK_FROM_SIZE, "one size for a link's name");
static_assert(WEIR_VERDICT_MAX <= WEIR_VERDICTS_ROOM, "room for every verdict");

static const struct weir_pipeline *
pipeline_of(const struct weir_engine *engine)
{
	return engine->plan->pipeline;
}

static void
ledger_add_ways_out(const struct worker_stats *stats, struct weir_ledger *ledger)
{
	ledger->released += stat_read_acquire(&stats->released);
	ledger->transmitted += stat_read_acquire(&stats->transmitted);
	ledger->ejected += stat_read_acquire(&stats->ejected);
	ledger->dropped += worker_stats_dropped(stats);
}

/* What is in rings or held: exact at rest. */
static uint64_t
in_flight_counted(const struct weir_engine *engine)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < engine->joint_count; i++)
		n += ring_count(engine->joints[i].ring);
	for (unsigned int i = 0; i < engine->seat_count; i++)
		n += stat_read(&engine->seats[i].worker->stats->held) +
			seat_injected(&engine->seats[i]);
	return n;
}

/*
 * Ways out before ways in, and downstream before upstream: what ends while this reads was counted
 * in before, so that nothing is ever seen to leave that has not come.
 */
static void
ledger_fill(const struct weir_engine *engine, struct weir_ledger *ledger)
{
	const struct weir_pipeline *pipeline = pipeline_of(engine);
	bool at_rest = engine_at_rest(engine);

	for (unsigned int i = pipeline->node_count; i-- > 0;) {
		unsigned int node = pipeline->order[i];
		unsigned int first = plan_first_worker(engine->plan, node);

		for (unsigned int w = 0; w < pipeline->nodes[node].conf.workers; w++)
			ledger_add_ways_out(engine->seats[first + w].worker->stats, ledger);
	}
	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct worker_stats *stats = engine->seats[i].worker->stats;

		ledger->created += stat_read(&stats->created);
		if (engine->seats[i].node->source)
			ledger->received += seat_received(&engine->seats[i]);
	}
	ledger->in_flight = ledger->received + ledger->created - ledger->released -
		ledger->transmitted - ledger->ejected - ledger->dropped;
	/* A stage may tell of what it made after it sent that on. */
	if (!at_rest && (int64_t)ledger->in_flight < 0)
		ledger->in_flight = 0;
	if (at_rest) {
		uint64_t counted = in_flight_counted(engine);

		ledger->unaccounted = (int64_t)(ledger->in_flight - counted);
		ledger->in_flight = counted;
	}
}

int
weir_ledger_read(const struct weir_engine *engine, struct weir_ledger *ledger)
{
	struct weir_ledger full = WEIR_LEDGER_INIT;

	if (engine == NULL)
		return -EINVAL;
	ledger_fill(engine, &full);
	return SIZED_GIVE(ledger, &full, received);
}

int
weir_ledger_engine(const struct weir_engine *engine, struct weir_engine_figures *figures)
{
	struct weir_engine_figures full;

	if (engine == NULL)
		return -EINVAL;
	full = (struct weir_engine_figures){
		.weir = weir_version(),
		.dpdk = rte_version() + sizeof("DPDK"),
		.pipeline = weir_engine_name(engine),
		.elapsed = weir_engine_elapsed(engine),
		.flow_seed = engine->flow_seed,
	};
	snprintf(full.hash_seed, sizeof(full.hash_seed), "0x%016" PRIx64,
		weir_engine_hash_key(engine)->seed);
	return SIZED_GIVE(figures, &full, weir);
}

/* How far a source has come: its workers together, where all know what there is. */
static void
node_progress(const struct weir_engine *engine, struct weir_node_figures *full)
{
	double done = 0, all = 0;

	for (unsigned int w = full->first; w < full->first + full->workers; w++) {
		const struct source_progress *progress = engine->seats[w].worker->progress;

		if (progress == NULL || progress->all == 0)
			return;
		done += (double)progress->done(progress);
		all += (double)progress->all;
	}
	full->progresses = true;
	full->progress = done < all ? done / all : 1;
}

int
weir_ledger_node(const struct weir_engine *engine, unsigned int i,
	struct weir_node_figures *figures)
{
	struct weir_node_figures full;
	const struct node *node;

	if (engine == NULL)
		return -EINVAL;
	if (i >= pipeline_of(engine)->node_count)
		return -ENOENT;
	node = &pipeline_of(engine)->nodes[i];
	full = (struct weir_node_figures){
		.name = node->name,
		.workers = node->conf.workers,
		.first = plan_first_worker(engine->plan, i),
	};
	full.type = engine->seats[full.first].worker->type;
	node_progress(engine, &full);
	return SIZED_GIVE(figures, &full, name);
}

static void
worker_parsed(const struct weir_parse_burst *parsed, struct weir_worker_figures *full)
{
	full->key_only = stat_read(&parsed->key_only);
	full->truncated = stat_read(&parsed->truncated);
	full->no_length = stat_read(&parsed->no_length);
	full->bad_l3_checksum = stat_read(&parsed->bad_l3_checksum);
	full->bad_l4_checksum = stat_read(&parsed->bad_l4_checksum);
	for (unsigned int v = 0; v < WEIR_VERDICT_MAX; v++)
		full->verdicts[v] = stat_read(&parsed->verdicts[v]);
}

int
weir_ledger_worker(const struct weir_engine *engine, unsigned int i,
	struct weir_worker_figures *figures)
{
	struct weir_worker_figures full;
	const struct seat *seat;
	const struct worker_stats *stats;

	if (engine == NULL)
		return -EINVAL;
	if (i >= engine->seat_count)
		return -ENOENT;
	seat = &engine->seats[i];
	stats = seat->worker->stats;
	full = (struct weir_worker_figures){
		.node = seat->node->name,
		.type = seat->worker->type,
		.node_index = seat->plan->node,
		.index = seat->plan->index,
		.lcore = seat->plan->lcore,
		.socket = seat->plan->socket,
		.source = seat->node->source,
		.in = stat_read(&stats->in),
		.out = stat_read(&stats->out),
		.created = stat_read(&stats->created),
		.released = stat_read(&stats->released),
		.transmitted = stat_read(&stats->transmitted),
		.ejected = stat_read(&stats->ejected),
		.dropped = worker_stats_dropped(stats),
		.held = stat_read(&stats->held),
	};
	worker_times(engine, seat, &full);
	full.pressures = stat_read(&seat->worker->pressures);
	if (seat->worker->parsed != NULL)
		worker_parsed(seat->worker->parsed, &full);
	return SIZED_GIVE(figures, &full, node);
}

/* Lost on a ring for a reason, at either end. */
static uint64_t
joint_lost(const struct joint *joint, unsigned int reason)
{
	return stat_read(&joint->lane->ring.dropped[reason]) +
		stat_read(&joint->consumer->dropped[reason]);
}

static void
joint_dropped(const struct joint *joint, struct weir_ring_figures *figures)
{
	for (unsigned int i = 0; i < DROP_LINK; i++) {
		figures->dropped += stat_read(&joint->lane->ring.dropped[i]);
		figures->dropped_inside += stat_read_acquire(&joint->consumer->dropped[i]);
	}
	figures->dropped += figures->dropped_inside;
}

int
weir_ledger_ring(const struct weir_engine *engine, unsigned int i,
	struct weir_ring_figures *figures)
{
	struct weir_ring_figures full;
	uint64_t taken;
	const struct joint *joint;
	const struct plan_worker *producer, *consumer;

	if (engine == NULL)
		return -EINVAL;
	if (i >= engine->joint_count)
		return -ENOENT;
	joint = &engine->joints[i];
	producer = &engine->plan->workers[joint->pair->producer];
	consumer = &engine->plan->workers[joint->pair->consumer];
	full = (struct weir_ring_figures){
		.link = joint->pair->link,
		.to = pipeline_of(engine)->nodes[consumer->node].name,
		.producer = producer->index,
		.consumer = consumer->index,
		.socket = consumer->socket,
		.capacity = joint->ring->capacity,
		.high_water = __atomic_load_n(&joint->consumer->high_water, __ATOMIC_RELAXED),
		.level = __atomic_load_n(&joint->lane->ring.shed, __ATOMIC_RELAXED),
		.level_most = __atomic_load_n(&joint->lane->ring.shed_most, __ATOMIC_RELAXED),
	};
	/* Out before in: nobody reads of more out than in. */
	taken = ring_taken(joint->consumer);
	joint_dropped(joint, &full);
	full.dequeued = taken - RTE_MIN(taken, full.dropped_inside);
	full.count = ring_count(joint->ring);
	full.enqueued = ring_enqueued(&joint->lane->ring);
	pipeline_from(pipeline_of(engine), &pipeline_of(engine)->links[joint->pair->link],
		full.from);
	return SIZED_GIVE(figures, &full, from);
}

static void
link_add_ring(struct weir_link_figures *figures, const struct joint *joint)
{
	uint32_t high = __atomic_load_n(&joint->consumer->high_water, __ATOMIC_RELAXED);

	figures->rings++;
	figures->count += ring_count(joint->ring);
	figures->capacity += joint->ring->capacity;
	figures->peak = RTE_MAX(figures->peak, (double)high / joint->ring->capacity);
	for (unsigned int i = 0; i < DROP_LINK; i++)
		figures->dropped += joint_lost(joint, i);
}

int
weir_ledger_link(const struct weir_engine *engine, unsigned int i,
	struct weir_link_figures *figures)
{
	struct weir_link_figures full;
	const struct link *link;

	if (engine == NULL)
		return -EINVAL;
	if (i >= pipeline_of(engine)->link_count)
		return -ENOENT;
	link = &pipeline_of(engine)->links[i];
	full = (struct weir_link_figures){
		.to = pipeline_of(engine)->nodes[link->to].name,
		.on_full = __atomic_load_n(&engine->policies[i], __ATOMIC_RELAXED)->name,
	};
	pipeline_from(pipeline_of(engine), link, full.from);
	for (unsigned int j = 0; j < engine->joint_count; j++) {
		const struct joint *joint = &engine->joints[j];

		if (joint->pair->link != i)
			continue;
		link_add_ring(&full, joint);
	}
	full.call = full.rings == 0;
	full.kind = full.call ? "call" : "ring";
	if (!full.call)
		full.fill = (double)full.count / full.capacity;
	return SIZED_GIVE(figures, &full, from);
}

int
weir_ledger_link_drop(const struct weir_engine *engine, unsigned int link, unsigned int i,
	const char **reason, uint64_t *count)
{
	if (engine == NULL || reason == NULL || count == NULL)
		return -EINVAL;
	if (link >= pipeline_of(engine)->link_count || i >= DROP_LINK)
		return -ENOENT;
	*reason = drop_reason_name(i);
	*count = 0;
	for (unsigned int j = 0; j < engine->joint_count; j++)
		if (engine->joints[j].pair->link == link)
			*count += joint_lost(&engine->joints[j], i);
	return 0;
}

uint32_t
weir_ledger_flow_seed(const struct weir_engine *engine)
{
	return engine != NULL ? engine->flow_seed : 0;
}

int
weir_ledger_pool(const struct weir_engine *engine, unsigned int i,
	struct weir_pool_figures *figures)
{
	struct weir_pool_figures full;
	struct pool_missing missing;
	const struct rte_mempool *pool;

	if (engine == NULL)
		return -EINVAL;
	if (i >= engine->pool_count)
		return -ENOENT;
	pool = engine->pools[i].pool;
	full = (struct weir_pool_figures){
		.name = pool->name,
		.socket = engine->pools[i].plan->socket,
		.mbufs = pool->size,
		.available = rte_mempool_avail_count(pool),
	};
	/* What is missing at rest is leaked; while the engine runs nobody can tell. */
	if (engine_stopped(engine)) {
		missing = pool_missing(engine, &engine->pools[i]);
		full.leaked = missing.leaked;
		full.kept = missing.kept;
		full.lent = missing.lent;
	}
	return SIZED_GIVE(figures, &full, name);
}

int
weir_ledger_flows(const struct weir_engine *engine, unsigned int i,
	struct weir_flow_figures *figures)
{
	struct weir_flow_figures full;

	if (engine == NULL)
		return -EINVAL;
	for (unsigned int s = 0; s < engine->seat_count; s++)
		if (flow_figures(engine->seats[s].worker, &full) && i-- == 0)
			return SIZED_GIVE(figures, &full, node);
	return -ENOENT;
}

/* The stage type that has the i-th of all own reasons, and which of its reasons that is. */
static const struct weir_stage_ops *
stage_reason(const struct weir_engine *engine, unsigned int i, unsigned int *reason)
{
	const struct weir_pipeline *pipeline = pipeline_of(engine);

	for (unsigned int n = 0; n < pipeline->node_count; n++) {
		const struct weir_stage_ops *ops = pipeline->nodes[n].stage_ops;
		bool seen = ops == NULL || ops->reasons == NULL;

		for (unsigned int m = 0; !seen && m < n; m++)
			seen = pipeline->nodes[m].stage_ops == ops;
		for (unsigned int r = 0; !seen && ops->reasons[r] != NULL; r++)
			if (i-- == 0) {
				*reason = DROP_STAGE + r;
				return ops;
			}
	}
	return NULL;
}

int
weir_ledger_drop(const struct weir_engine *engine, unsigned int i, const char **reason,
	uint64_t *count)
{
	const struct weir_stage_ops *ops = NULL;
	unsigned int index = i;

	if (engine == NULL || reason == NULL || count == NULL)
		return -EINVAL;
	if (i >= DROP_STAGE) {
		ops = stage_reason(engine, i - DROP_STAGE, &index);
		if (ops == NULL)
			return -ENOENT;
	}
	*reason = ops != NULL ? ops->reasons[index - DROP_STAGE] : drop_reason_name(index);
	*count = 0;
	for (unsigned int s = 0; s < engine->seat_count; s++)
		if (ops == NULL || engine->seats[s].node->stage_ops == ops)
			*count += stat_read(&engine->seats[s].worker->stats->dropped[index]);
	return 0;
}
