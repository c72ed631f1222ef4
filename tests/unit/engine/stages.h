/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Stage types for the tests of the engine, each with one habit that is hard to serve. */
#ifndef WEIR_ENGINE_STAGES_H
#define WEIR_ENGINE_STAGES_H

#include <unistd.h>

#include <rte_common.h>

#include <weir/stage.h>

#define HOLD_MAX 256
/* More than any pipeline here makes of one event. */
#define TIGHT_ROOM UINT64_C(300)

/* What is seen by workers on any lcore, where cmocka's asserts may not be used. */
static struct {
	uint32_t disorder; /* events that `t_order` saw out of order */
	uint32_t too_long; /* bursts beyond the worker's, or beyond what it had room for */
	uint32_t inits;    /* of `t_fail` */
	uint32_t finis;
	uint32_t stuck;   /* workers of `t_stick` that do not return */
	uint32_t let_go;  /* they may */
	uint32_t strayed; /* events that came to a worker of `t_share` whose bucket is another's */
} seen;

static inline void
seen_add(uint32_t *count)
{
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

static inline uint32_t
seen_read(const uint32_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

/* The one parameter that each of these has. */
struct stages_conf {
	uint64_t value;
};

/* The bound of each kind of state. */
struct stages_state {
	uint64_t value;
	uint64_t count;
	uint64_t last[8];
	struct weir_event *held[HOLD_MAX];
	uint16_t held_count;
};

static const struct weir_param stages_params[] = {
	{ .name = "value",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct stages_conf, value),
		.def = "0",
		.help = "what the type makes of it" },
	{ .name = NULL },
};

static inline int
stages_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	(void)worker;
	(void)error;
	((struct stages_state *)state)->value = ((const struct stages_conf *)conf)->value;
	return 0;
}

/* t_pass: passes on, and looks that bursts are no longer than they may be. */
static inline void
pass_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	if (n == 0 || n > weir_worker_burst(worker))
		seen_add(&seen.too_long);
	weir_forward(worker, 0, events, n);
}

/* t_fan: makes three of one, which share the packet. */
static inline void
fan_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct weir_event *copies[BURST_MAX];

	(void)state;
	for (uint16_t i = 0; i < n; i++)
		event_share(events[i], 2);
	weir_created(worker, (uint16_t)(2 * n));
	for (unsigned int k = 0; k < 3; k++) {
		memcpy(copies, events, n * sizeof(*events));
		weir_forward(worker, 0, copies, n);
	}
}

/* t_filter: by the lowest bit of the hash, to `match` or `rest`, one at a time. */
static inline void
filter_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	for (uint16_t i = 0; i < n; i++)
		weir_forward(worker, events[i]->hash & 1, &events[i], 1);
}

/* t_again: each event goes round once, by way of `again`. */
static inline void
again_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t output = events[i]->prio != 0;

		events[i]->prio = 0;
		weir_forward(worker, output, &events[i], 1);
	}
}

/* t_hold: keeps what comes, and lets go in tick() and drain() only. */
static inline void
hold_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	if (n > HOLD_MAX - s->held_count) {
		seen_add(&seen.too_long);
		weir_release(worker, events, n);
		return;
	}
	for (uint16_t i = 0; i < n; i++)
		s->held[s->held_count++] = events[i];
	weir_hold(worker, n);
}

/* Nothing of that from process(). */
static inline int
hold_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	(void)conf;
	(void)error;
	needs->let_go = 0;
	return 0;
}

static inline unsigned int
hold_room(struct weir_worker *worker, void *state)
{
	(void)worker;
	return HOLD_MAX - ((struct stages_state *)state)->held_count;
}

static inline unsigned int
hold_let_go(struct weir_worker *worker, void *state, unsigned int room)
{
	struct stages_state *s = state;
	uint16_t n = (uint16_t)RTE_MIN(room, s->held_count);

	weir_unhold(worker, n);
	weir_forward(worker, 0, s->held, n);
	s->held_count -= n;
	for (uint16_t i = 0; i < s->held_count; i++)
		s->held[i] = s->held[i + n];
	return n;
}

static inline unsigned int
hold_drain(struct weir_worker *worker, void *state, unsigned int room)
{
	hold_let_go(worker, state, room);
	return ((struct stages_state *)state)->held_count;
}

static inline void
hold_fini(struct weir_worker *worker, void *state)
{
	struct stages_state *s = state;

	weir_abandon(worker, s->held, s->held_count);
}

/* t_tight: takes TIGHT_ROOM events between two ticks, and passes them on. */
static inline unsigned int
tight_room(struct weir_worker *worker, void *state)
{
	(void)worker;
	return (unsigned int)(TIGHT_ROOM - ((struct stages_state *)state)->count);
}

static inline void
tight_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	if (n > TIGHT_ROOM - s->count)
		seen_add(&seen.too_long);
	s->count = RTE_MIN(s->count + n, TIGHT_ROOM);
	weir_forward(worker, 0, events, n);
}

static inline unsigned int
tight_tick(struct weir_worker *worker, void *state, unsigned int room)
{
	(void)worker;
	(void)room;
	((struct stages_state *)state)->count = 0;
	return 0;
}

/* t_shut: has no room until it was asked `value` times, and then little. */
static inline unsigned int
shut_room(struct weir_worker *worker, void *state)
{
	struct stages_state *s = state;

	(void)worker;
	return s->count++ < s->value ? 0 : 1 + (unsigned int)(s->count * 7 % 400);
}

/* t_slow: takes `value` microseconds for a burst. */
static inline void
slow_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	usleep((useconds_t)((struct stages_state *)state)->value);
	weir_forward(worker, 0, events, n);
}

/* t_stall: sleeps `value` milliseconds, once. */
static inline void
stall_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	if (s->count++ == 0)
		usleep((useconds_t)s->value * 1000);
	weir_forward(worker, 0, events, n);
}

static inline void
stick(void)
{
	seen_add(&seen.stuck);
	while (!seen_read(&seen.let_go))
		usleep(1000);
}

/* t_stick: does not return until it is let go; where `value` is 1, from tick(). */
static inline void
stick_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	if (((struct stages_state *)state)->value == 0)
		stick();
	weir_forward(worker, 0, events, n);
}

static inline unsigned int
stick_tick(struct weir_worker *worker, void *state, unsigned int room)
{
	(void)worker;
	(void)room;
	if (((struct stages_state *)state)->value == 1)
		stick();
	return 0;
}

/* t_fail: init() fails for worker `value`. */
static inline int
fail_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	const struct stages_conf *c = conf;

	(void)state;
	if (weir_worker_index(worker) == c->value)
		return weir_error_set(error, EPERM, "worker %u will not", (unsigned int)c->value);
	seen_add(&seen.inits);
	return 0;
}

static inline void
fail_fini(struct weir_worker *worker, void *state)
{
	(void)worker;
	(void)state;
	seen_add(&seen.finis);
}

/* t_mute: init() fails without a word. */
static inline int
mute_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	(void)worker;
	(void)conf;
	(void)state;
	(void)error;
	return -ENOSPC;
}

/* t_reason: a third of the events for each of two reasons. */
static inline void
reason_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	for (uint16_t i = 0; i < n; i++) {
		uint16_t way = (uint16_t)(s->count++ % 3);

		if (way == 2)
			weir_forward(worker, 0, &events[i], 1);
		else
			weir_drop(worker, way, &events[i], 1);
	}
}

/* t_stamp: numbers the events. */
static inline void
stamp_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	for (uint16_t i = 0; i < n; i++) {
		events[i]->user[0] = ++s->count;
		events[i]->user[1] = 0;
	}
	weir_forward(worker, 0, events, n);
}

/* t_order: the numbers in user[0] ascend, for each producer in user[1]. */
static inline void
order_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	for (uint16_t i = 0; i < n; i++) {
		uint64_t *last = &s->last[events[i]->user[1] % RTE_DIM(s->last)];

		if (events[i]->user[0] <= *last)
			seen_add(&seen.disorder);
		*last = events[i]->user[0];
	}
	weir_forward(worker, 0, events, n);
}

/* t_share: looks that each event is of a bucket of the worker's, and keeps its hash. */
static inline void
share_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	unsigned int workers = weir_worker_count(worker);

	(void)state;
	for (uint16_t i = 0; i < n; i++)
		if (weir_flow_bucket(events[i]->hash) % workers != weir_worker_index(worker))
			seen_add(&seen.strayed);
	weir_forward(worker, 0, events, n);
}

/* t_rehash: says that it keeps hashes, and does not. */
static inline void
rehash_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	for (uint16_t i = 0; i < n; i++)
		events[i]->hash += UINT32_C(1) << 20;
	weir_forward(worker, 0, events, n);
}

/* t_lose: forgets `value` events. */
static inline void
lose_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct stages_state *s = state;

	for (uint16_t i = 0; i < n; i++)
		if (s->count++ >= s->value)
			weir_forward(worker, 0, &events[i], 1);
}

#define STAGES_TYPE(type, what) \
	WEIR_STAGE_OPS, .name = type, .help = what, .params = stages_params, \
			.conf_size = sizeof(struct stages_conf), \
			.state_size = sizeof(struct stages_state)

static const char *const filter_outputs[] = { "match", "rest", NULL };
static const char *const again_outputs[] = { "out", "again", NULL };
static const char *const reason_reasons[] = { "too_red", "too_blue", NULL };

static const struct weir_stage_ops stages_ops[] = {
	{ STAGES_TYPE("t_pass", "passes on"), .init = stages_init, .process = pass_process },
	{ STAGES_TYPE("t_filter", "by hash"), .outputs = filter_outputs, .init = stages_init,
		.process = filter_process },
	{ STAGES_TYPE("t_again", "goes round once"), .outputs = again_outputs, .writes = 1,
		.init = stages_init, .process = again_process },
	{ STAGES_TYPE("t_hold", "holds"), .max_held = HOLD_MAX, .init = stages_init,
		.process = hold_process, .room = hold_room, .tick = hold_let_go,
		.drain = hold_drain, .fini = hold_fini, .needs = hold_needs },
	{ STAGES_TYPE("t_tight", "has little room"), .init = stages_init, .process = tight_process,
		.room = tight_room, .tick = tight_tick },
	{ STAGES_TYPE("t_shut", "has no room for a while"), .init = stages_init,
		.process = pass_process, .room = shut_room },
	{ STAGES_TYPE("t_fan", "makes three of one"), .max_fanout = 3, .init = stages_init,
		.process = fan_process },
	{ STAGES_TYPE("t_slow", "is slow"), .init = stages_init, .process = slow_process },
	{ STAGES_TYPE("t_stall", "sleeps once"), .init = stages_init, .process = stall_process },
	{ STAGES_TYPE("t_stick", "does not return"), .init = stages_init, .process = stick_process,
		.tick = stick_tick },
	{ STAGES_TYPE("t_fail", "does not start"), .init = fail_init, .process = pass_process,
		.fini = fail_fini },
	{ STAGES_TYPE("t_mute", "does not start either"), .init = mute_init,
		.process = pass_process },
	{ STAGES_TYPE("t_reason", "has reasons of its own"), .reasons = reason_reasons,
		.init = stages_init, .process = reason_process },
	{ STAGES_TYPE("t_stamp", "numbers events"), .writes = 1, .init = stages_init,
		.process = stamp_process },
	{ STAGES_TYPE("t_order", "looks at numbers"), .init = stages_init,
		.process = order_process },
	{ STAGES_TYPE("t_share", "looks at buckets"), .init = stages_init, .process = share_process,
		.keeps_hash = 1 },
	{ STAGES_TYPE("t_rehash", "is wrong"), .writes = 1, .init = stages_init,
		.process = rehash_process, .keeps_hash = 1 },
	{ STAGES_TYPE("t_lose", "is wrong"), .init = stages_init, .process = lose_process },
	{ WEIR_STAGE_OPS, .name = "t_bare", .help = "has no parameters and no state",
		.process = pass_process },
};

static inline void
stages_register(void)
{
	for (unsigned int i = 0; i < RTE_DIM(stages_ops); i++)
		if (weir_stage_register(&stages_ops[i]) != 0)
			abort();
}

#endif /* WEIR_ENGINE_STAGES_H */
