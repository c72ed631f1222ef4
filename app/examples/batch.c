/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * batch: a stage type that holds events, and so has needs. It lets them go `most` at once, or when the first
 * of them has waited for `delay`, whichever is first.
 *
 *     cc -shared -fPIC -o libbatch.so batch.c $(pkg-config --cflags --libs weir)
 *     weir -d ./libbatch.so -- -c FILE
 *
 * with, in FILE:
 *
 *     [stage gather]
 *     type  = batch
 *     input = wan
 *     most  = 64
 *     delay = 100us
 *
 * `weir … --plan` shows what it takes: `held` in its pool, and its state. While you write such a stage run it
 * with a weir that was built with -Dchecks=true. Were one event of a batch forgotten, its log would say
 * "stage 'gather' (batch) lost 1 of 32 events", at the call that lost it.
 */
#include <string.h>

#include <rte_cycles.h>

#include <weir/stage.h>

struct batch_conf {
	uint64_t most;
	uint64_t delay; /* ns */
};

/* Of one worker; behind it are `most` places, as needs() asks for. */
struct batch_state {
	uint64_t delay; /* TSC cycles */
	uint64_t since; /* TSC at which the first of them came */
	uint16_t most;
	uint16_t count;
	struct weir_event *events[];
};

static const struct weir_param batch_params[] = {
	{ .name = "most",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct batch_conf, most),
		.min = 1,
		.max = 1024,
		.def = "64",
		.help = "events that go at once" },
	{ .name = "delay",
		.type = WEIR_PARAM_DURATION,
		.offset = offsetof(struct batch_conf, delay),
		.min = 1000,
		.max = 1000000000,
		.def = "100us",
		.help = "how long the first of them waits at most" },
	{ .name = NULL },
};

/* What one worker takes with these parameters: the plan counts it, and has tick() called in time. */
static int
batch_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error __rte_unused)
{
	const struct batch_conf *batch = conf;

	needs->held = (uint32_t)batch->most;
	needs->let_go = (uint32_t)batch->most;
	needs->state = sizeof(struct batch_state) + batch->most * sizeof(struct weir_event *);
	needs->tick_interval = batch->delay;
	return 0;
}

static int
batch_init(struct weir_worker *worker __rte_unused, const void *conf, void *state,
	struct weir_error *error __rte_unused)
{
	const struct batch_conf *batch_conf = conf;
	struct batch_state *batch = state;

	batch->most = (uint16_t)batch_conf->most;
	batch->delay = (uint64_t)((double)batch_conf->delay * (double)rte_get_tsc_hz() / 1e9);
	return 0;
}

/* Lets the first n go that it holds. */
static void
batch_go(struct weir_worker *worker, struct batch_state *batch, uint16_t n)
{
	weir_unhold(worker, n);
	weir_forward(worker, 0, batch->events, n);
	batch->count = (uint16_t)(batch->count - n);
	memmove(batch->events, &batch->events[n], batch->count * sizeof(batch->events[0]));
}

static void
batch_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct batch_state *batch = state;

	for (uint16_t done = 0, k; done < n; done = (uint16_t)(done + k)) {
		k = RTE_MIN((uint16_t)(n - done), (uint16_t)(batch->most - batch->count));
		if (batch->count == 0)
			batch->since = rte_rdtsc();
		memcpy(&batch->events[batch->count], &events[done], k * sizeof(events[0]));
		batch->count = (uint16_t)(batch->count + k);
		weir_hold(worker, k);
		if (batch->count == batch->most)
			batch_go(worker, batch, batch->most);
	}
}

/* Called every `delay` or more often: no more may go than there is room for. */
static unsigned int
batch_tick(struct weir_worker *worker, void *state, unsigned int room)
{
	struct batch_state *batch = state;
	uint16_t n = (uint16_t)RTE_MIN((unsigned int)batch->count, room);

	if (n == 0 || rte_rdtsc() - batch->since < batch->delay)
		return 0;
	batch_go(worker, batch, n);
	return n;
}

/* The engine stops: nothing waits any more. */
static unsigned int
batch_drain(struct weir_worker *worker, void *state, unsigned int room)
{
	struct batch_state *batch = state;

	if (batch->count > 0 && room > 0)
		batch_go(worker, batch, (uint16_t)RTE_MIN((unsigned int)batch->count, room));
	return batch->count;
}

/* What the stop had no time for. */
static void
batch_fini(struct weir_worker *worker, void *state)
{
	struct batch_state *batch = state;

	weir_abandon(worker, batch->events, batch->count);
}

static const struct weir_stage_ops batch_ops = {
	WEIR_STAGE_OPS,
	.name = "batch",
	.help = "holds events, and lets them go together",
	.params = batch_params,
	.conf_size = sizeof(struct batch_conf),
	.init = batch_init,
	.process = batch_process,
	.tick = batch_tick,
	.drain = batch_drain,
	.fini = batch_fini,
	.needs = batch_needs,
	.keeps_hash = 1,
};

WEIR_STAGE_REGISTER(batch_ops)
