/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * mystage: a stage type in a shared object. `sample` sends one event in `every` to its output
 * `picked` and the others to `rest`.
 *
 *     cc -shared -fPIC -o libmystage.so mystage.c $(pkg-config --cflags --libs weir)
 *     weir -d ./libmystage.so -- -c FILE
 *
 * with, in FILE:
 *
 *     [stage pick]
 *     type  = sample
 *     input = wan
 *     every = 100
 *
 *     [stage look]
 *     type  = eve
 *     input = pick.picked
 *
 * A type that holds events, takes memory by its parameters, or needs its tick() within a time says so
 * in needs(): see weir/stage.h. This one has `state_size`, and that is all that it needs.
 */
#include <weir/stage.h>

enum { PICKED, REST };

struct sample_conf {
	uint64_t every;
};

/* Of one worker: no other thread reads or writes it. */
struct sample_state {
	uint64_t every;
	uint64_t seen;
};

static const struct weir_param sample_params[] = {
	{ .name = "every",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct sample_conf, every),
		.min = 1,
		.max = UINT32_MAX,
		.def = "10",
		.help = "one event in so many is picked" },
	{ .name = NULL },
};

static int
sample_init(struct weir_worker *worker __rte_unused, const void *conf, void *state,
	struct weir_error *error __rte_unused)
{
	const struct sample_conf *sample_conf = conf;
	struct sample_state *sample = state;

	sample->every = sample_conf->every;
	return 0;
}

/* Passes the events on in order, in runs as long as they come. */
static void
sample_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct sample_state *sample = state;
	uint16_t first = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (++sample->seen % sample->every != 0)
			continue;
		weir_forward(worker, REST, &events[first], i - first);
		weir_forward(worker, PICKED, &events[i], 1);
		first = i + 1;
	}
	weir_forward(worker, REST, &events[first], n - first);
}

static const struct weir_stage_ops sample_ops = {
	WEIR_STAGE_OPS,
	.name = "sample",
	.help = "sends one event in `every` to `picked`, the others to `rest`",
	.params = sample_params,
	.conf_size = sizeof(struct sample_conf),
	.state_size = sizeof(struct sample_state),
	.outputs = (const char *const[]){ "picked", "rest", NULL },
	.init = sample_init,
	.process = sample_process,
	.keeps_hash = 1,
};

WEIR_STAGE_REGISTER(sample_ops)
